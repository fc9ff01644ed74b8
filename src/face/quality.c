/* quality.c: a first subset of ISO/IEC 29794-5, from the aligned face and the geometry of the landmarks. */
#include "face/engine.h"

#include <math.h>

#include <tebura/secret.h>

static float degrees(float radians)
{
    return radians * 57.29578f;
}

/* The nose's tip lies in front of the plane of eyes and mouth; how far it has moved from its place on the line between
 * them tells how the head is turned. Estimated on the test photographs, in units of the eye distance: it stands out
 * 0.6, its frontal place is 0.53 of the way from the eyes to the mouth, and the mouth is 1.16 away from the eyes. Good
 * to some ten degrees: enough to ask somebody to look straight ahead, not more. */
static const float nose_height = 0.6f, nose_place = 0.53f, mouth_distance = 1.16f;

void tb_face_pose(const tb_face *face, tb_quality *out)
{
    tb_point p[5];
    tb_face_points(face, p);
    float ex = p[1].x - p[0].x, ey = p[1].y - p[0].y, eyes = hypotf(ex, ey);
    tb_point between = {(p[0].x + p[1].x) / 2, (p[0].y + p[1].y) / 2},
             mouth = {(p[3].x + p[4].x) / 2, (p[3].y + p[4].y) / 2};
    float dx = mouth.x - between.x, dy = mouth.y - between.y, down = hypotf(dx, dy);
    out->eye_distance = eyes;
    out->roll = degrees(atan2f(ey, ex));
    out->yaw = out->pitch = 90;
    if (!(down > 0 && eyes > 0))
        return;
    float nx = p[2].x - between.x, ny = p[2].y - between.y;
    float along = (nx * dx + ny * dy) / (down * down), across = (dx * ny - dy * nx) / down;
    /* Both eyes foreshorten with yaw, the way down with pitch: the longer of the two gives the scale. */
    float unit = nose_height * fmaxf(eyes, down / mouth_distance);
    out->yaw = -degrees(asinf(fmaxf(-1, fminf(1, across / unit))));
    out->pitch = degrees(asinf(fmaxf(-1, fminf(1, (along - nose_place) * down / unit))));
}

struct light {
    float mean, deviation, dark, bright; /* grey levels; shares of pixels below 20 and above 245 */
    float sharpness;                     /* variance of the Laplacian over the variance of the picture */
};

static float grey_at(const tb_image *image, int x, int y)
{
    const uint8_t *at = image->data + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
    return 0.299f * at[0] + 0.587f * at[1] + 0.114f * at[2];
}

/* Looks at the inner face only: hair, hats and what is behind say nothing about it. */
static struct light measure_light(const tb_image *face)
{
    struct light light = {0};
    double sum = 0, squares = 0, edges = 0, edge_squares = 0;
    int count = 0, dark = 0, bright = 0;
    int left = face->width / 5, right = face->width - left, top = face->height / 4,
        bottom = face->height - 1 - face->height / 10;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++, count++) {
            float g = grey_at(face, x, y);
            float edge = 4 * g - grey_at(face, x - 1, y) - grey_at(face, x + 1, y) - grey_at(face, x, y - 1) -
                         grey_at(face, x, y + 1);
            sum += g;
            squares += (double)g * g;
            edges += edge;
            edge_squares += (double)edge * edge;
            dark += g < 20;
            bright += g > 245;
        }
    double mean = sum / count, variance = squares / count - mean * mean;
    light.mean = (float)mean;
    light.deviation = (float)sqrt(fmax(variance, 0));
    light.dark = (float)dark / (float)count;
    light.bright = (float)bright / (float)count;
    light.sharpness = (float)((edge_squares / count - edges / count * (edges / count)) / fmax(variance, 25));
    return light;
}

/* 0 at `low`, 1 at `high`, straight between. */
static float ramp(float value, float low, float high)
{
    float share = (value - low) / (high - low);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

static int is_outside(tb_point point, const tb_image *image)
{
    return point.x < 0 || point.y < 0 || point.x > (float)(image->width - 1) || point.y > (float)(image->height - 1);
}

/* Brows, eyes, nose and mouth must be in the picture; half of the jaw may be missing, as on tight portraits. */
static int is_cut_off(const tb_face *face, const tb_image *image)
{
    enum { JAW = 17 };
    int jaw = 0, inner = 0;
    for (int i = 0; i < TB_LANDMARKS; i++)
        *(i < JAW ? &jaw : &inner) += is_outside(face->landmarks[i], image);
    return inner > 0 || jaw > JAW / 2;
}

/* The first thing that a person should mend. The limits were chosen so that good photographs pass (doc/adr/022). */
static tb_status advise(const tb_quality *quality, struct light light, const tb_face *face, const tb_image *image)
{
    if (is_cut_off(face, image))
        return TB_RETRY_FACE_AT_BORDER;
    if (quality->eye_distance < 20)
        return TB_RETRY_TOO_FAR;
    if (quality->eye_distance > 0.6f * (float)image->width)
        return TB_RETRY_TOO_CLOSE;
    if (fabsf(quality->yaw) > 38 || fabsf(quality->pitch) > 35 || fabsf(quality->roll) > 50)
        return TB_RETRY_TURNED_AWAY;
    if (light.mean < 30 || light.dark > 0.6f)
        return TB_RETRY_TOO_DARK;
    if (light.mean > 225 || light.bright > 0.4f)
        return TB_RETRY_TOO_BRIGHT;
    if (quality->sharpness < 0.45f)
        return TB_RETRY_BLURRED;
    return TB_OK;
}

tb_status tb_engine_quality(tb_engine *engine, const tb_image *image, const tb_face *face, tb_quality *out)
{
    *out = (tb_quality){.advice = TB_RETRY_NO_FACE};
    if (!face->has_landmarks)
        return TB_INVALID_ARGUMENT;
    const tb_image *aligned;
    tb_status status = tb_face_align(engine, image, face, &aligned);
    if (status != TB_OK)
        return status;
    struct light light = measure_light(aligned);
    tb_engine_wipe(engine);
    tb_face_pose(face, out);
    out->sharpness = ramp(log10f(light.sharpness + 1e-6f), -3, -0.5f);
    out->exposure = fminf(ramp(light.mean, 25, 80), 1 - ramp(light.mean, 180, 235)) *
                    (1 - ramp(light.dark + light.bright, 0.1f, 0.7f));
    out->contrast = ramp(light.deviation, 8, 35);
    float frontal = cosf(out->yaw / 57.3f) * cosf(out->pitch / 57.3f), size = ramp(out->eye_distance, 12, 60);
    /* A geometric mean: one bad part cannot be made good by the others. */
    float product = fmaxf(out->sharpness, 0.01f) * fmaxf(out->exposure, 0.01f) * fmaxf(out->contrast, 0.01f) *
                    fmaxf(frontal, 0.01f) * fmaxf(size, 0.01f);
    out->unified = (uint8_t)lroundf(100 * powf(product, 0.2f));
    out->advice = advise(out, light, face, image);
    return TB_OK;
}
