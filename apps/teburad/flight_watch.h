/* flight_watch.h: a file, or a folder of files, in which a flight information system writes what it knows. */
#ifndef TEBURA_TEBURAD_FLIGHT_WATCH_H
#define TEBURA_TEBURAD_FLIGHT_WATCH_H

#include "teburad.h"

typedef struct flight_watch flight_watch;

/* Begins to watch; a path that is not there yet is waited for. TB_NO_MEMORY, TB_IO. `service` outlives it. */
tb_status flight_watch_start(teburad *service, const char *path, flight_watch **out, tb_error *why) TB_MUST_CHECK;
void flight_watch_stop(flight_watch **watch);

#endif
