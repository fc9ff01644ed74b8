/* broker.h: a nats-server of our own: started, watched over and ended by us, store in the data directory. */
#ifndef TEBURA_TEBURAD_BROKER_H
#define TEBURA_TEBURAD_BROKER_H

#include <tebura/bytes.h>

typedef struct broker broker;

/* Starts it and keeps it running. Its port is chosen once and then kept in DATA/nats.port, because terminals remember
 * the address. `access` is the part of its configuration that says who may do what. TB_NOT_FOUND: no nats-server on
 * this machine. TB_IO, TB_NO_MEMORY ...
 * It speaks TLS only, with the certificate and key in nats.pem and nats.key of that directory. `host`: the address at
 * which it listens, at most 255 characters. */
tb_status broker_start(const char *data, const char *host, tb_span access, broker **out, tb_error *why) TB_MUST_CHECK;
void broker_stop(broker **place);
/* Has it read its certificate anew. */
void broker_reload(broker *b);
const char *broker_url(const broker *b); /* for this machine: "tls://127.0.0.1:port", or of its one address */
int broker_port(const broker *b);
int broker_listens_everywhere(const char *host); /* then others need a name for it */

#endif
