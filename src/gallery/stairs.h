/* stairs.h: an array that grows by steps, each as long as all before it, so that growing moves nothing: what lies in it
 * keeps its address, and no growth copies. New items are zero. */
#ifndef TEBURA_GALLERY_STAIRS_H
#define TEBURA_GALLERY_STAIRS_H

#include <tebura/status.h>

#include <stddef.h>

enum { TB_STAIRS_FIRST = 6, TB_STAIRS_MOST = 32 }; /* the first step has 2^6 items */

typedef struct tb_stairs {
    size_t item; /* bytes */
    size_t room; /* items */
    void *steps[TB_STAIRS_MOST];
} tb_stairs;

tb_status tb_stairs_reserve(tb_stairs *stairs, size_t items) TB_MUST_CHECK; /* TB_NO_MEMORY: nothing changed */
void tb_stairs_free(tb_stairs *stairs);                                     /* and empty it, `item` stays */

static inline void *tb_stairs_at(const tb_stairs *stairs, size_t index)
{
    size_t shifted = (index >> TB_STAIRS_FIRST) + 1;
    unsigned step = 63u - (unsigned)__builtin_clzll(shifted);
    size_t before = (((size_t)1 << step) - 1) << TB_STAIRS_FIRST;
    return (char *)stairs->steps[step] + (index - before) * stairs->item;
}

#endif
