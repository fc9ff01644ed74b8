/* secret.h: memory for keys, PINs, templates and frames: locked against swapping where the system allows, kept out of
 * core dumps, wiped when freed. On libsodium's guarded heap for small secrets, on locked pages for pictures. */
#ifndef TEBURA_SECRET_H
#define TEBURA_SECRET_H

#include <stddef.h>

/* Zeroed memory of `size` bytes, 64-byte aligned; NULL when there is none. Any thread. */
void *tb_secret_alloc(size_t size);
/* Wipes and frees; NULL is allowed. `size` is remembered, as in free(). */
void tb_secret_free(void *secret);
/* Wipes memory that is not from tb_secret_alloc (stack, buffers of libraries). Never optimised away. */
void tb_wipe(void *memory, size_t size);
/* Bytes now held by tb_secret_alloc in this process: tests prove with it that nothing stays. */
size_t tb_secret_held(void);

#endif
