/* codec.h: one decoder per format, each given bytes that begin with its signature, and what they share. */
#ifndef TEBURA_IMAGE_CODEC_H
#define TEBURA_IMAGE_CODEC_H

#include <tebura/image.h>

/* TB_MALFORMED for a side of 0, TB_TOO_LARGE beyond TB_IMAGE_MAX_PIXELS: called before any memory is taken. */
tb_status tb_check_size(uint64_t width, uint64_t height, tb_error *why) TB_MUST_CHECK;

tb_status tb_decode_jpeg(tb_span encoded, tb_image *out, tb_error *why) TB_MUST_CHECK;
tb_status tb_decode_png(tb_span encoded, tb_image *out, tb_error *why) TB_MUST_CHECK;
tb_status tb_decode_pnm(tb_span encoded, tb_image *out, tb_error *why) TB_MUST_CHECK;

/* What the markers before the first scan of a JPEG say. */
typedef struct tb_jpeg_markers {
    int orientation; /* EXIF tag 0x0112: 1..8; 1 when absent or nonsense */
    int adobe;       /* an APP14 Adobe segment: CMYK is stored inverted */
    int complete;    /* a start of scan was reached: what failed before it is truncation */
} tb_jpeg_markers;
tb_jpeg_markers tb_jpeg_read_markers(tb_span encoded);

/* Turns the picture upright for EXIF orientation 1..8, replacing it. On failure it is unchanged. */
tb_status tb_image_orient(tb_image *image, int orientation) TB_MUST_CHECK;

#endif
