/* fuzz_request.c: any bytes as a request message. */
#include <tebura/message.h>

#include "again.h"

FUZZ_MESSAGE(request, tb_request_free, 0)
