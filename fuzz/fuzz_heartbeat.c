/* fuzz_heartbeat.c: any bytes as a heartbeat message. */
#include <tebura/message.h>

#include "again.h"

FUZZ_MESSAGE(heartbeat, fuzz_nothing_to_free, 0)
