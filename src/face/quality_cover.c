/* quality_cover.c: what hides a face: dark glasses, hair, masks, scarves, hands, hats. The hidden part is compared with
 * the rest of the same face, never with an idea of what skin looks like. */
#include "face/quality.h"

#include <math.h>

/* Landmarks of iBUG 300-W. */
enum { CHIN = 8, BROW_LEFT = 17, BROWS = 10, BRIDGE = 28, NOSE_TIP = 30, LIP_TOP = 62, LIP_BOTTOM = 66, MOUTH = 48 };
enum { MOUTH_POINTS = 20 };

static const float unit = TB_PORTRAIT_EYES; /* one eye distance */

struct tint {
    float luminance, red, green; /* red and green as shares of all light */
    int count;
};

static struct tint tint_of_pixel(const uint8_t *pixel)
{
    float all = (float)(pixel[0] + pixel[1] + pixel[2]) + 24; /* in the dark colour says nothing */
    return (struct tint){tb_luminance(pixel), ((float)pixel[0] + 8) / all, ((float)pixel[1] + 8) / all, 1};
}

static int is_inside(const tb_image *image, int x, int y)
{
    return x >= 0 && y >= 0 && x < image->width && y < image->height;
}

/* Adds the pixels of a disk of the portrait. */
static void add_disk(const tb_image *image, tb_point centre, float radius, struct tint *sum)
{
    for (int y = (int)(centre.y - radius); y <= (int)(centre.y + radius); y++)
        for (int x = (int)(centre.x - radius); x <= (int)(centre.x + radius); x++) {
            if (!is_inside(image, x, y) || hypotf((float)x - centre.x, (float)y - centre.y) > radius)
                continue;
            struct tint tint = tint_of_pixel(tb_pixel(image, x, y));
            sum->luminance += tint.luminance;
            sum->red += tint.red;
            sum->green += tint.green;
            sum->count++;
        }
}

static struct tint mean_tint(struct tint sum)
{
    float count = sum.count > 0 ? (float)sum.count : 1;
    return (struct tint){sum.luminance / count, sum.red / count, sum.green / count, sum.count};
}

static tb_point middle_of(const tb_point *points, int count)
{
    tb_point sum = {0};
    for (int i = 0; i < count; i++) {
        sum.x += points[i].x / (float)count;
        sum.y += points[i].y / (float)count;
    }
    return sum;
}

static tb_point between(tb_point a, tb_point b, float share)
{
    return (tb_point){a.x + share * (b.x - a.x), a.y + share * (b.y - a.y)};
}

/* Where the eyes, the mouth and the cheeks are. */
struct places {
    tb_point eyes[2], mouth, cheeks[2], under_eyes[2], brows;
};

static struct places find_places(const tb_quality_view *view)
{
    const tb_point *p = view->points;
    struct places at = {.eyes = {middle_of(p + 36, 6), middle_of(p + 42, 6)},
                        .mouth = middle_of(p + MOUTH, MOUTH_POINTS),
                        .brows = middle_of(p + BROW_LEFT, BROWS)};
    for (int side = 0; side < 2; side++) {
        at.cheeks[side] = between(at.eyes[side], p[side ? 54 : 48], 0.55f);
        at.under_eyes[side] = (tb_point){at.eyes[side].x, at.eyes[side].y + 0.3f * unit};
    }
    return at;
}

/* The share of an ellipse that `likes` accepts. */
static float share_like(const tb_image *image, tb_point centre, float rx, float ry, struct tint wanted,
                        int (*likes)(struct tint, struct tint))
{
    int count = 0, like = 0;
    for (int y = (int)(centre.y - ry); y <= (int)(centre.y + ry); y++)
        for (int x = (int)(centre.x - rx); x <= (int)(centre.x + rx); x++) {
            float u = ((float)x - centre.x) / rx, v = ((float)y - centre.y) / ry;
            if (!is_inside(image, x, y) || u * u + v * v > 1)
                continue;
            count++;
            like += likes(tint_of_pixel(tb_pixel(image, x, y)), wanted);
        }
    return count ? (float)like / (float)count : 0;
}

static int is_lit(struct tint pixel, struct tint skin)
{
    return pixel.luminance > 0.4f * skin.luminance;
}

static int is_like(struct tint pixel, struct tint skin)
{
    float ratio = (pixel.luminance + 5) / (skin.luminance + 5);
    return hypotf(pixel.red - skin.red, pixel.green - skin.green) < 0.06f && ratio > 0.45f && ratio < 1.7f;
}

static float eyes_visible(const tb_image *image, const struct places *at, const tb_point *points)
{
    struct tint sum = {0};
    add_disk(image, at->cheeks[0], 4, &sum);
    add_disk(image, at->cheeks[1], 4, &sum);
    add_disk(image, points[NOSE_TIP], 3, &sum);
    struct tint skin = mean_tint(sum);
    float radius = 0.32f * unit;
    return fminf(share_like(image, at->eyes[0], radius, radius, skin, is_lit),
                 share_like(image, at->eyes[1], radius, radius, skin, is_lit));
}

/* How much the lips stand out from what is above and below them, as a share of the face's own light. */
static float lip_contrast(const tb_image *image, const struct places *at, float light)
{
    double sum = 0, squares = 0;
    int rows = 0;
    for (int dy = -(int)(0.3f * unit); dy <= (int)(0.3f * unit); dy++, rows++) {
        double row = 0;
        for (int dx = -6; dx <= 6; dx++) {
            int x = (int)at->mouth.x + dx, y = (int)at->mouth.y + dy;
            row += is_inside(image, x, y) ? (double)tb_luminance(tb_pixel(image, x, y)) / 13 : 0;
        }
        sum += row;
        squares += row * row;
    }
    double mean = sum / rows;
    return (float)(sqrt(fmax(squares / rows - mean * mean, 0)) / fmax(light, 10));
}

/* Lips that stand out are seen whatever is round them: a beard is no mask. Where they hardly do, the colour decides. A
 * mask shows no lips (painted ones 0.01, photographs without any 0.05 and more). */
static float mouth_visible(const tb_image *image, const struct places *at, const tb_point *points)
{
    struct tint sum = {0};
    add_disk(image, at->under_eyes[0], 3, &sum);
    add_disk(image, at->under_eyes[1], 3, &sum);
    add_disk(image, points[BRIDGE], 3, &sum);
    struct tint skin = mean_tint(sum);
    float like = share_like(image, at->mouth, 0.6f * unit, 0.5f * unit, skin, is_like);
    float lips = lip_contrast(image, at, skin.luminance);
    float stands_out = fmaxf(0, fminf(1, (lips - 0.03f) / 0.05f)),
          hardly = fmaxf(0, fminf(1, (lips - 0.012f) / 0.018f));
    return hardly * fmaxf(like, stands_out);
}

static float forehead_visible(const tb_image *image, const struct places *at)
{
    struct tint sum = {0};
    add_disk(image, at->cheeks[0], 4, &sum);
    add_disk(image, at->cheeks[1], 4, &sum);
    tb_point centre = {at->brows.x, at->brows.y - 0.45f * unit};
    return share_like(image, centre, 0.6f * unit, 0.22f * unit, mean_tint(sum), is_like);
}

static float mouth_open(const tb_point *points)
{
    tb_point eyes = between(middle_of(points + 36, 6), middle_of(points + 42, 6), 0.5f);
    float down = hypotf(points[CHIN].x - eyes.x, points[CHIN].y - eyes.y);
    float gap = hypotf(points[LIP_TOP].x - points[LIP_BOTTOM].x, points[LIP_TOP].y - points[LIP_BOTTOM].y);
    return down > 1 ? gap / down : NAN;
}

void tb_quality_cover(const tb_quality_view *view, tb_quality *out)
{
    struct places at = find_places(view);
    out->native[TB_QUALITY_EYES_VISIBLE] = eyes_visible(view->portrait, &at, view->points);
    out->native[TB_QUALITY_MOUTH_VISIBLE] = mouth_visible(view->portrait, &at, view->points);
    out->native[TB_QUALITY_FOREHEAD_VISIBLE] = forehead_visible(view->portrait, &at);
    out->native[TB_QUALITY_MOUTH_CLOSED] = mouth_open(view->points);
}
