/* fuzz_answer.c: any bytes as an answer message. */
#include <tebura/message.h>

#include "again.h"

/* A status that is not known here is encoded again as "UNSUPPORTED", which may be the longer name. */
FUZZ_MESSAGE(answer, fuzz_nothing_to_free, 16)
