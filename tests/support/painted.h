/* painted.h: SIMULATION: things that hide a face, painted over a real photograph by its landmarks. Flat colours with
 * the face's own light and a little noise; real masks and glasses have folds, rims and reflections. */
#ifndef TEBURA_TEST_PAINTED_H
#define TEBURA_TEST_PAINTED_H

#include <tebura/face.h>

typedef struct painted_colour {
    uint8_t red, green, blue;
} painted_colour;

/* From the bridge of the nose down to the chin. */
void painted_mask(tb_image *image, const tb_face *face, painted_colour colour);
/* Two round glasses. */
void painted_glasses(tb_image *image, const tb_face *face, painted_colour colour);
/* From the brows upwards. */
void painted_hat(tb_image *image, const tb_face *face, painted_colour colour);
/* Every pixel times `factor`; `side` < 0: only what lies left of the middle of the eyes, > 0: right of it, 0: all,
 * and no face is needed. */
void painted_light(tb_image *image, const tb_face *face, float factor, int side);

#endif
