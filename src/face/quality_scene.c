/* quality_scene.c: where the face stands in the picture, how large it is, and what is behind it. */
#include "face/quality.h"

#include <math.h>

static int is_outside(tb_point point, const tb_image *image)
{
    return point.x < 0 || point.y < 0 || point.x > (float)(image->width - 1) || point.y > (float)(image->height - 1);
}

/* Brows, eyes, nose and mouth must be in the picture; of the jaw some may be missing, as on tight portraits. */
static float share_in_picture(const tb_face *face, const tb_image *image)
{
    enum { JAW = 17 };
    int jaw = 0, inner = 0;
    for (int i = 0; i < TB_LANDMARKS; i++)
        *(i < JAW ? &jaw : &inner) += is_outside(face->landmarks[i], image);
    return inner ? 0 : 1 - (float)jaw / JAW;
}

/* Luminance of the picture at a place given in eye distances from the middle of the eyes, a little blurred so that
 * noise and grain do not count. NaN outside the picture. */
static float look_at(const tb_quality_view *view, float u, float v)
{
    const tb_image *image = view->picture;
    float a = view->map.a, b = view->map.b, norm = a * a + b * b, sum = 0;
    for (int i = 0; i < 9; i++) {
        float x = TB_PORTRAIT_EYE_X + TB_PORTRAIT_EYES * (u + 0.06f * (float)(i % 3 - 1)) - view->map.tx;
        float y = TB_PORTRAIT_EYE_Y + TB_PORTRAIT_EYES * (v + 0.06f * (float)(i / 3 - 1)) - view->map.ty;
        tb_point at = {(a * x + b * y) / norm, (a * y - b * x) / norm};
        if (is_outside(at, image))
            return NAN;
        sum += tb_luminance(tb_pixel(image, (int)at.x, (int)at.y)) / 9;
    }
    return sum;
}

/* How much luminance changes from place to place beside the head: from 2 to 3.2 eye distances to either side, from
 * above the brows down to the mouth. NaN when hardly any of it is in the picture. */
static float background_step(const tb_quality_view *view)
{
    enum { COLUMNS = 8, ROWS = 16 };
    static const float step = 0.16f;
    double sum = 0;
    int count = 0;
    for (int side = -1; side <= 1; side += 2) {
        float above[COLUMNS];
        for (int row = 0; row < ROWS; row++) {
            float before = NAN;
            for (int column = 0; column < COLUMNS; column++) {
                float u = (float)side * (2 + step * (float)column), v = -1.4f + step * (float)row;
                float here = look_at(view, u, v), upper = row ? above[column] : NAN;
                if (!isnan(here) && !isnan(before) && !isnan(upper)) {
                    sum += hypot((double)here - before, (double)here - upper);
                    count++;
                }
                above[column] = before = here;
            }
        }
    }
    return count >= COLUMNS * ROWS / 4 ? (float)(sum / count) : NAN;
}

void tb_quality_scene(const tb_quality_view *view, tb_quality *out)
{
    out->native[TB_QUALITY_FACE_IN_PICTURE] = share_in_picture(view->face, view->picture);
    out->native[TB_QUALITY_EYE_DISTANCE] = out->eye_distance;
    out->native[TB_QUALITY_HEAD_SIZE] = out->eye_distance / (float)view->picture->width;
    out->native[TB_QUALITY_BACKGROUND] = background_step(view);
}
