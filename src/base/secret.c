/* secret.c: wiped memory.
 *
 * Every block is its own run of locked pages: [header page][data ...]. Locking and keeping out of core dumps are asked
 * for and not insisted on (RLIMIT_MEMLOCK may be small); wiping always happens.
 * I1: `held` is the sum of the sizes of all live blocks. */
#include <tebura/secret.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 64
#define LARGEST ((size_t)1 << 36) /* no secret is larger; also keeps the arithmetic below from wrapping */
#define MAGIC UINT64_C(0x7465627572613031)

struct header {
    uint64_t magic;
    size_t size, mapped;
};
_Static_assert(sizeof(struct header) <= ALIGNMENT, "the header fits before the data");

static atomic_size_t held; /* a counter for tests, not state that anything depends on */

void *tb_secret_alloc(size_t size)
{
    if (size > LARGEST)
        return NULL;
    size_t mapped = (size + ALIGNMENT + 4095) & ~(size_t)4095;
    uint8_t *pages = aligned_alloc(4096, mapped);
    if (!pages)
        return NULL;
    (void)!mlock(pages, mapped);
    (void)!madvise(pages, mapped, MADV_DONTDUMP);
    memset(pages, 0, mapped);
    *(struct header *)(void *)pages = (struct header){MAGIC, size, mapped};
    atomic_fetch_add(&held, size);
    return pages + ALIGNMENT;
}

void tb_secret_free(void *secret)
{
    if (!secret)
        return;
    uint8_t *pages = (uint8_t *)secret - ALIGNMENT;
    struct header header = *(struct header *)(void *)pages;
    assert(header.magic == MAGIC);
    atomic_fetch_sub(&held, header.size);
    tb_wipe(pages, header.mapped);
    (void)!madvise(pages, header.mapped, MADV_DODUMP);
    (void)!munlock(pages, header.mapped);
    free(pages);
}

void tb_wipe(void *memory, size_t size)
{
    if (size)
        explicit_bzero(memory, size);
}

size_t tb_secret_held(void)
{
    return atomic_load(&held);
}
