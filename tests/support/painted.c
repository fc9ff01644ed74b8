#include "painted.h"

#include <math.h>

static uint8_t noisy(int value, int x, int y)
{
    uint32_t h = (uint32_t)x * 2654435761u ^ (uint32_t)y * 2246822519u;
    h ^= h >> 15;
    h *= 2246822519u;
    int noise = (int)(h >> 28) - 8;
    value += noise / 2;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void put(tb_image *image, int x, int y, painted_colour colour)
{
    uint8_t *pixel = image->data + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
    pixel[0] = noisy(colour.red, x, y);
    pixel[1] = noisy(colour.green, x, y);
    pixel[2] = noisy(colour.blue, x, y);
}

/* Even-odd rule. */
static int is_in_polygon(const tb_point *points, int count, float x, float y)
{
    int inside = 0;
    for (int i = 0, j = count - 1; i < count; j = i++)
        if ((points[i].y > y) != (points[j].y > y) &&
            x < (points[j].x - points[i].x) * (y - points[i].y) / (points[j].y - points[i].y) + points[i].x)
            inside = !inside;
    return inside;
}

static void fill_polygon(tb_image *image, const tb_point *points, int count, painted_colour colour)
{
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++)
            if (is_in_polygon(points, count, (float)x, (float)y))
                put(image, x, y, colour);
}

void painted_mask(tb_image *image, const tb_face *face, painted_colour colour)
{
    tb_point outline[16];
    for (int i = 0; i < 15; i++)
        outline[i] = face->landmarks[i + 1]; /* the jaw from ear to ear */
    outline[15] = face->landmarks[28];
    fill_polygon(image, outline, 16, colour);
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

void painted_glasses(tb_image *image, const tb_face *face, painted_colour colour)
{
    tb_point eyes[2] = {middle_of(face->landmarks + 36, 6), middle_of(face->landmarks + 42, 6)};
    float distance = hypotf(eyes[1].x - eyes[0].x, eyes[1].y - eyes[0].y);
    for (int side = 0; side < 2; side++) {
        tb_point outline[24];
        for (int i = 0; i < 24; i++)
            outline[i] = (tb_point){eyes[side].x + 0.42f * distance * cosf((float)i * 0.2618f),
                                    eyes[side].y + 0.36f * distance * sinf((float)i * 0.2618f)};
        fill_polygon(image, outline, 24, colour);
    }
}

void painted_hat(tb_image *image, const tb_face *face, painted_colour colour)
{
    const tb_point *p = face->landmarks;
    tb_point eye = middle_of(p + 36, 12), up = {eye.x - p[8].x, eye.y - p[8].y};
    float wider = 0.1f * (p[16].x - p[0].x);
    tb_point outline[4];
    outline[0] = (tb_point){p[0].x - wider, p[19].y};
    outline[3] = (tb_point){p[16].x + wider, p[24].y};
    outline[1] = (tb_point){outline[0].x + up.x, outline[0].y + up.y};
    outline[2] = (tb_point){outline[3].x + up.x, outline[3].y + up.y};
    fill_polygon(image, outline, 4, colour);
}

void painted_light(tb_image *image, const tb_face *face, float factor, int side)
{
    float middle = face ? middle_of(face->landmarks + 36, 12).x : 0;
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            if (side && ((float)x - middle) * (float)side < 0)
                continue;
            uint8_t *pixel = image->data + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
            for (int c = 0; c < 3; c++)
                pixel[c] = (uint8_t)fminf((float)pixel[c] * factor, 255);
        }
}
