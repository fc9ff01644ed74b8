/* floor.h: how fast this machine reads: no search of n bytes that reads each of them can take less. */
#ifndef TEBURA_BENCH_FLOOR_H
#define TEBURA_BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>

/* `bytes` of memory, filled, on large pages where the kernel gives them; NULL: no memory. A multiple of 4 KiB is
 * taken. */
void *floor_new(size_t bytes);
void floor_free(void *memory, size_t bytes);
/* The sum of its 64-bit words, by the widest loads of this processor. `bytes` is a multiple of 512. */
uint64_t floor_read(const void *memory, size_t bytes);
const char *floor_kind(void); /* of loads */

#endif
