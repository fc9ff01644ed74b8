/* rtsp_server.h: a network camera for tests: speaks just enough RTSP (RFC 2326, RTP interleaved) on loopback for one
 * client at a time. It can stop in the middle and come back, which a real camera does not do on demand. */
#ifndef TEBURA_TESTS_RTSP_SERVER_H
#define TEBURA_TESTS_RTSP_SERVER_H

typedef struct rtsp_server rtsp_server;

/* Each client gets `pictures` frames (0: without end) of 160 x 120 at about 25 a second, then the connection is cut.
 * Colours by client: the first sees red, the second green, then blue, and so on. With `silent` it accepts and never
 * says anything. */
rtsp_server *rtsp_server_start(int pictures, int silent);
int rtsp_server_port(const rtsp_server *server);
int rtsp_server_clients(rtsp_server *server); /* that came so far */
void rtsp_server_stop(rtsp_server **server);

#endif
