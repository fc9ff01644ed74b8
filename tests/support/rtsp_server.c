/* rtsp_server.c: see the header. Pictures are encoded and packed by FFmpeg's own MPEG-4 encoder and RTP muxer. */
#include "rtsp_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct rtsp_server {
    int listener, port, pictures, silent;
    atomic_int stop, clients;
    pthread_t thread;
};

static void must(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "rtsp_server: %s failed\n", what);
        abort();
    }
}

static int wait_readable(rtsp_server *server, int socket)
{
    while (!atomic_load(&server->stop)) {
        struct pollfd p = {.fd = socket, .events = POLLIN};
        if (poll(&p, 1, 20) > 0)
            return 1;
    }
    return 0;
}

static int send_all(int socket, const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        ssize_t sent = send(socket, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return 0;
        at += sent;
        size -= (size_t)sent;
    }
    return 1;
}

struct stream {
    int socket, broken;
    AVCodecContext *encoder;
    AVFormatContext *muxer;
};

static int send_packet(void *opaque, uint8_t *data, int size)
{
    struct stream *stream = opaque;
    uint8_t head[4] = {'$', 0, (uint8_t)(size >> 8), (uint8_t)size};
    if (size >= 2 && data[1] >= 200 && data[1] <= 204)
        head[1] = 1; /* RTCP */
    if (!send_all(stream->socket, head, sizeof head) || !send_all(stream->socket, data, (size_t)size))
        stream->broken = 1;
    return size;
}

static void stream_open(struct stream *stream, int socket)
{
    *stream = (struct stream){.socket = socket};
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
    must(codec != NULL, "the MPEG-4 encoder");
    AVCodecContext *encoder = stream->encoder = avcodec_alloc_context3(codec);
    encoder->width = 160;
    encoder->height = 120;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->time_base = (AVRational){1, 25};
    encoder->framerate = (AVRational){25, 1};
    encoder->gop_size = 5;
    encoder->bit_rate = 400000;
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    must(avcodec_open2(encoder, codec, NULL) == 0, "opening the encoder");
    must(avformat_alloc_output_context2(&stream->muxer, NULL, "rtp", NULL) >= 0, "the RTP muxer");
    AVStream *track = avformat_new_stream(stream->muxer, NULL);
    must(track && avcodec_parameters_from_context(track->codecpar, encoder) >= 0, "a track");
    track->time_base = encoder->time_base;
    stream->muxer->pb = avio_alloc_context(av_malloc(1400), 1400, 1, stream, NULL, send_packet, NULL);
    must(stream->muxer->pb != NULL, "an AVIO context");
    stream->muxer->pb->max_packet_size = 1400;
    stream->muxer->packet_size = 1400;
}

static void stream_close(struct stream *stream)
{
    av_freep(&stream->muxer->pb->buffer);
    avio_context_free(&stream->muxer->pb);
    avformat_free_context(stream->muxer);
    avcodec_free_context(&stream->encoder);
}

static void describe(struct stream *stream, char *out, size_t size)
{
    AVFormatContext *muxers[1] = {stream->muxer};
    must(av_sdp_create(muxers, 1, out, (int)size) == 0, "av_sdp_create");
    size_t length = strlen(out);
    snprintf(out + length, size - length, "a=control:track1\r\n");
}

static void send_pictures(rtsp_server *server, struct stream *stream, int client)
{
    static const uint8_t colours[3][3] = {{82, 90, 240}, {145, 54, 34}, {41, 240, 110}}; /* red, green, blue as YCbCr */
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    must(frame && packet, "memory");
    frame->width = 160;
    frame->height = 120;
    frame->format = AV_PIX_FMT_YUV420P;
    must(av_frame_get_buffer(frame, 0) == 0 && avformat_write_header(stream->muxer, NULL) >= 0, "starting");
    for (int i = 0; (server->pictures == 0 || i < server->pictures) && !stream->broken && !atomic_load(&server->stop);
         i++) {
        must(av_frame_make_writable(frame) == 0, "a frame");
        for (int plane = 0; plane < 3; plane++)
            memset(frame->data[plane], colours[client % 3][plane], (size_t)frame->linesize[plane] * (plane ? 60 : 120));
        frame->pts = i;
        must(avcodec_send_frame(stream->encoder, frame) == 0, "encoding");
        while (avcodec_receive_packet(stream->encoder, packet) == 0) {
            av_packet_rescale_ts(packet, stream->encoder->time_base, stream->muxer->streams[0]->time_base);
            must(av_write_frame(stream->muxer, packet) >= 0, "packing");
            av_packet_unref(packet);
        }
        (void)poll(NULL, 0, 40);
    }
    (void)av_write_trailer(stream->muxer);
    av_packet_free(&packet);
    av_frame_free(&frame);
}

/* Answers requests until PLAY; 1 then. */
static int converse(rtsp_server *server, struct stream *stream)
{
    char request[4096];
    size_t size = 0;
    while (wait_readable(server, stream->socket)) {
        ssize_t got = recv(stream->socket, request + size, sizeof request - 1 - size, 0);
        if (got <= 0)
            return 0;
        request[size += (size_t)got] = 0;
        if (!strstr(request, "\r\n\r\n"))
            continue;
        const char *sequence = strstr(request, "CSeq:");
        int number = sequence ? atoi(sequence + 5) : 0;
        char body[2048] = "", answer[4096];
        const char *more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n";
        if (strncmp(request, "DESCRIBE", 8) == 0) {
            describe(stream, body, sizeof body);
            more = "Content-Type: application/sdp\r\n";
        } else if (strncmp(request, "SETUP", 5) == 0) {
            more = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n";
        }
        int play = strncmp(request, "PLAY", 4) == 0;
        snprintf(answer, sizeof answer,
                 "RTSP/1.0 200 OK\r\nCSeq: %d\r\nSession: 12345\r\n%sContent-Length: %zu\r\n\r\n%s", number, more,
                 strlen(body), body);
        if (!send_all(stream->socket, answer, strlen(answer)))
            return 0;
        if (play)
            return 1;
        size = 0;
    }
    return 0;
}

static void *serve(void *context)
{
    rtsp_server *server = context;
    while (wait_readable(server, server->listener)) {
        int client = accept(server->listener, NULL, NULL);
        if (client < 0)
            continue;
        int number = atomic_fetch_add(&server->clients, 1);
        if (server->silent) {
            char drain[256];
            while (wait_readable(server, client) && recv(client, drain, sizeof drain, 0) > 0)
                ;
        } else {
            struct stream stream;
            stream_open(&stream, client);
            if (converse(server, &stream))
                send_pictures(server, &stream, number);
            stream_close(&stream);
        }
        close(client);
    }
    return NULL;
}

rtsp_server *rtsp_server_start(int pictures, int silent)
{
    rtsp_server *server = calloc(1, sizeof *server);
    must(server != NULL, "memory");
    server->pictures = pictures;
    server->silent = silent;
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    must(bind(server->listener, (struct sockaddr *)&at, size) == 0 && listen(server->listener, 8) == 0 &&
             getsockname(server->listener, (struct sockaddr *)&at, &size) == 0,
         "listening");
    server->port = ntohs(at.sin_port);
    must(pthread_create(&server->thread, NULL, serve, server) == 0, "a thread");
    return server;
}

int rtsp_server_port(const rtsp_server *server)
{
    return server->port;
}

int rtsp_server_clients(rtsp_server *server)
{
    return atomic_load(&server->clients);
}

void rtsp_server_stop(rtsp_server **server)
{
    atomic_store(&(*server)->stop, 1);
    pthread_join((*server)->thread, NULL);
    close((*server)->listener);
    free(*server);
    *server = NULL;
}
