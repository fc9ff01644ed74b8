/* fuzz_entry.c: any bytes as an entry message. */
#include <tebura/message.h>

#include "again.h"

FUZZ_MESSAGE(entry, tb_entry_free, 0)
