/* fuzz_mark.c: any bytes as a list mark: beside entries, the other thing that a value of the feed may hold. */
#include <tebura/message.h>

#include "again.h"

FUZZ_MESSAGE(mark, fuzz_nothing_to_free, 0)
