/* stairs.c: see stairs.h. */
#include "gallery/stairs.h"

#include <stdlib.h>

tb_status tb_stairs_reserve(tb_stairs *stairs, size_t items)
{
    for (unsigned step = 0; stairs->room < items; step++) {
        if (step == TB_STAIRS_MOST)
            return TB_TOO_LARGE;
        if (stairs->steps[step])
            continue;
        size_t more = (size_t)1 << (step + TB_STAIRS_FIRST);
        stairs->steps[step] = calloc(more, stairs->item);
        if (!stairs->steps[step])
            return TB_NO_MEMORY;
        stairs->room += more;
    }
    return TB_OK;
}

void tb_stairs_free(tb_stairs *stairs)
{
    for (int step = 0; step < TB_STAIRS_MOST; step++)
        free(stairs->steps[step]);
    *stairs = (tb_stairs){.item = stairs->item};
}
