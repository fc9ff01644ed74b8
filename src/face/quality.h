/* quality.h: the stages of the quality measure, one file for each kind of thing that is looked at. */
#ifndef TEBURA_FACE_QUALITY_H
#define TEBURA_FACE_QUALITY_H

#include "face/engine.h"

/* What the measures look at: never the whole picture. The portrait is the face upright and in one size, with what is
 * round the head: TB_PORTRAIT_SIDE squared, the eyes TB_PORTRAIT_EYES pixels apart, their middle at (64, 60). */
enum { TB_PORTRAIT_EYES = 28, TB_PORTRAIT_EYE_X = 64, TB_PORTRAIT_EYE_Y = 60 };

typedef struct tb_quality_view {
    const tb_image *picture;
    const tb_face *face;
    const tb_image *aligned, *portrait; /* the engine's; aligned: as the embedding network sees it */
    tb_point points[TB_LANDMARKS]; /* in the portrait */
    tb_similarity map;             /* from picture to portrait */
} tb_quality_view;

/* Each writes its components into out->native and leaves the others. */
void tb_quality_light(const tb_quality_view *view, tb_quality *out); /* exposure, contrast, sharpness, colour */
void tb_quality_cover(const tb_quality_view *view, tb_quality *out); /* what hides the face; the mouth */
void tb_quality_scene(const tb_quality_view *view, tb_quality *out); /* place and size in the picture, background */

static inline float tb_luminance(const uint8_t *pixel)
{
    return 0.299f * (float)pixel[0] + 0.587f * (float)pixel[1] + 0.114f * (float)pixel[2];
}

static inline const uint8_t *tb_pixel(const tb_image *image, int x, int y)
{
    return image->data + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
}

#endif
