/* fuzz_event.c: any bytes as an event message. */
#include <tebura/message.h>

#include "again.h"

FUZZ_MESSAGE(event, fuzz_nothing_to_free, 0)
