/* sample.h: any part of a picture, in any size and turned in any way, straight to where it is wanted: rows of bytes, or
 * the planes of numbers that a network takes. One mechanism for resizing, cutting out and turning; what it needs in
 * between lies in memory that is used again. */
#ifndef TEBURA_IMAGE_SAMPLE_H
#define TEBURA_IMAGE_SAMPLE_H

#include <tebura/image.h>

/* Secret memory that grows and is used again. Zeroed struct: nothing yet. One thread at a time. */
typedef struct tb_scratch {
    void *memory;
    size_t size, used; /* `used` since the last wipe */
} tb_scratch;
/* `size` bytes, 64-byte aligned, of any content; replaces what was taken before. NULL when there is none. */
void *tb_scratch_take(tb_scratch *scratch, size_t size);
void tb_scratch_wipe(tb_scratch *scratch); /* keeps the memory */
void tb_scratch_free(tb_scratch *scratch);

typedef enum tb_channels { TB_RGB, TB_BGR, TB_GREY } tb_channels;

/* Where samples go. With `pixels`: rows of RGB bytes. With `values`: three planes in `order`, or one of grey, each
 * `plane` numbers long, value = (sample - mean) * factor, not rounded to bytes on the way. Rows are `stride` pixels
 * apart. */
typedef struct tb_sink {
    uint8_t *pixels;
    float *values;
    size_t stride, plane;
    tb_channels order;
    float mean, factor;
} tb_sink;

typedef struct tb_rectangle {
    int x, y, width, height; /* may reach outside the picture: its border is repeated */
} tb_rectangle;

/* The part as `width` x `height` samples: area average along an axis that shrinks, bilinear along one that grows.
 * TB_INVALID_ARGUMENT (a side < 1), TB_TOO_LARGE, TB_NO_MEMORY; nothing is written then. */
tb_status tb_sample_part(const tb_image *from, tb_rectangle part, int width, int height, const tb_sink *to,
                         tb_scratch *scratch) TB_MUST_CHECK;

/* to(x, y) = from(inverse(x, y)) where `map` takes `from` to `to`; averages the area when it shrinks, cubic when it
 * grows. Outside the picture its border is repeated. TB_INVALID_ARGUMENT (not a similarity, a side < 1), TB_TOO_LARGE,
 * TB_NO_MEMORY. */
tb_status tb_sample_warp(const tb_image *from, tb_similarity map, int width, int height, const tb_sink *to,
                         tb_scratch *scratch) TB_MUST_CHECK;

#endif
