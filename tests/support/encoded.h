/* encoded.h: synthetic pictures in every form that the decoder must read, made by the encoders themselves. */
#ifndef TEBURA_TEST_ENCODED_H
#define TEBURA_TEST_ENCODED_H

#include <tebura/image.h>

/* A smooth colour pattern with four different corners. The caller frees. */
tb_image encoded_pattern(int width, int height);
/* kind: "rgb", "grey", "cmyk", "progressive". exif 0 = no EXIF segment, else the orientation written. */
tb_bytes encoded_jpeg(const tb_image *image, const char *kind, int exif);
/* kind: "rgb", "rgb16", "grey", "grey16", "grey1", "palette", "rgba" (alpha 128 everywhere), "interlaced". */
tb_bytes encoded_png(const tb_image *image, const char *kind);
/* Root mean square difference of two pictures of one size; 1000 when the sizes differ. */
double encoded_distance(const tb_image *a, const tb_image *b);

#endif
