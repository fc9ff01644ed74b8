/* secret.c: wiped memory.
 *
 * Every block is its own run of locked pages: [header page][data ...]. Locking and keeping out of core dumps are asked
 * for and not insisted on (RLIMIT_MEMLOCK may be small); wiping always happens. Blocks of 2 MiB or more begin at a
 * multiple of that and ask for pages of that size: what is read from end to end is read faster then (ADR 025).
 * I1: `held` is the sum of the sizes of all live blocks. */
#include <tebura/secret.h>

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT 64
#define PAGE ((size_t)4096)
#define HUGE_PAGE ((size_t)1 << 21)
#define LARGEST ((size_t)1 << 36) /* no secret is larger; also keeps the arithmetic below from wrapping */
#define MAGIC UINT64_C(0x7465627572613031)

struct header {
    uint64_t magic;
    size_t size, mapped;
};
_Static_assert(sizeof(struct header) <= ALIGNMENT, "the header fits before the data");

static atomic_size_t held; /* a counter for tests, not state that anything depends on */

static size_t rounded(size_t size, size_t to)
{
    return (size + to - 1) & ~(to - 1);
}

/* What is behind the last whole huge page of a block stays on small ones, and what is behind `mapped` is never touched:
 * no block takes more memory than it asked for. Said before locking, which makes the pages. */
static uint8_t *take_pages(size_t mapped)
{
    if (mapped < HUGE_PAGE)
        return aligned_alloc(PAGE, mapped);
    uint8_t *pages = aligned_alloc(HUGE_PAGE, rounded(mapped, HUGE_PAGE));
    if (pages)
        (void)!madvise(pages, mapped & ~(HUGE_PAGE - 1), MADV_HUGEPAGE);
    return pages;
}

void *tb_secret_alloc(size_t size)
{
    if (size > LARGEST)
        return NULL;
    size_t mapped = rounded(size + ALIGNMENT, PAGE);
    uint8_t *pages = take_pages(mapped);
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
