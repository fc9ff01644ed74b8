/* fuzz_order.c: any bytes as an order of the server: what ends a terminal is read from the network, too. */
#include <tebura/message.h>

#include "again.h"

FUZZ_MESSAGE(order, fuzz_nothing_to_free, 0)
