/* image.h: pictures as rows of RGB in secret memory, read from JPEG, PNG and PNM. */
#ifndef TEBURA_IMAGE_H
#define TEBURA_IMAGE_H

#include <tebura/bytes.h>

#define TB_IMAGE_MAX_BYTES (64u << 20)  /* encoded */
#define TB_IMAGE_MAX_PIXELS (64u << 20) /* decoded: 64 megapixels */

/* Row-major RGB, 8 bits a channel, no padding: pixel (x, y) starts at data[3 * (y * width + x)].
 * Invariant: width >= 1, height >= 1, data is from tb_secret_alloc. */
typedef struct tb_image {
    int width, height;
    uint8_t *data;
} tb_image;

/* Zeroed picture. TB_INVALID_ARGUMENT (a side < 1), TB_TOO_LARGE, TB_NO_MEMORY. */
tb_status tb_image_new(int width, int height, tb_image *out) TB_MUST_CHECK;
void tb_image_free(tb_image *image); /* wipes; zeroes the struct */
tb_status tb_image_copy(const tb_image *from, tb_image *out) TB_MUST_CHECK;

/* Decodes JPEG (grey, YCbCr, CMYK; EXIF orientation applied), PNG (8/16 bit, grey, palette, alpha over white) or PNM
 * (P5, P6 of 8 bits), told apart by content, never by name. The size is checked before memory is taken.
 * TB_UNSUPPORTED (no picture of these kinds), TB_TRUNCATED, TB_MALFORMED, TB_TOO_LARGE, TB_NO_MEMORY; `why` says
 * more. */
tb_status tb_image_decode(tb_span encoded, tb_image *out, tb_error *why) TB_MUST_CHECK;
/* file + decode; `why` names the path */
tb_status tb_image_read(const char *path, tb_image *out, tb_error *why) TB_MUST_CHECK;
/* quality 1..100. `out` is appended to. */
tb_status tb_image_encode_jpeg(const tb_image *image, int quality, tb_bytes *out) TB_MUST_CHECK;

typedef struct tb_box {
    float x, y, width, height; /* pixels, top left corner and size; may reach outside the picture */
} tb_box;

/* Area average when shrinking, bilinear when enlarging. */
tb_status tb_image_resize(const tb_image *from, int width, int height, tb_image *out) TB_MUST_CHECK;
/* Pixels outside the picture repeat its border. */
tb_status tb_image_crop(const tb_image *from, tb_box box, tb_image *out) TB_MUST_CHECK;

/* x' = a*x - b*y + tx, y' = b*x + a*y + ty: a similarity (rotation, uniform scale, shift). */
typedef struct tb_similarity {
    float a, b, tx, ty;
} tb_similarity;
typedef struct tb_point {
    float x, y;
} tb_point;
/* Least squares over n >= 2 points (Umeyama 1991 without reflection). TB_INVALID_ARGUMENT when the points coincide. */
tb_status tb_similarity_fit(const tb_point *from, const tb_point *to, int n, tb_similarity *out) TB_MUST_CHECK;
/* out(x, y) = from(inverse(x, y)) where `map` takes `from` to `out`; averages the area when it
 * shrinks, cubic when it grows. */
tb_status tb_image_warp(const tb_image *from, tb_similarity map, int width, int height, tb_image *out) TB_MUST_CHECK;

#endif
