/* quality_light.c: exposure, its evenness, contrast, sharpness and colour, of the inner face only: hair, hats and what
 * is behind say nothing about it. */
#include "face/quality.h"

#include <math.h>

struct sums {
    double sum, squares, edges, edge_squares, colour, half[2];
    int count, dark, bright, half_count[2], histogram[256];
};

static float at(const tb_image *image, int x, int y)
{
    return tb_luminance(tb_pixel(image, x, y));
}

static void add(struct sums *sums, const tb_image *face, int x, int y)
{
    const uint8_t *pixel = tb_pixel(face, x, y);
    float g = tb_luminance(pixel);
    float edge = 4 * g - at(face, x - 1, y) - at(face, x + 1, y) - at(face, x, y - 1) - at(face, x, y + 1);
    int half = x >= face->width / 2;
    sums->sum += g;
    sums->squares += (double)g * g;
    sums->edges += edge;
    sums->edge_squares += (double)edge * edge;
    sums->dark += g < 20;
    sums->bright += g > 245;
    sums->colour += fabs((double)pixel[0] - pixel[1]) + fabs((double)pixel[1] - pixel[2]);
    sums->half[half] += g;
    sums->half_count[half]++;
    sums->histogram[(int)g]++;
    sums->count++;
}

static double entropy(const struct sums *sums)
{
    double bits = 0;
    for (int i = 0; i < 256; i++)
        if (sums->histogram[i]) {
            double share = (double)sums->histogram[i] / sums->count;
            bits -= share * log2(share);
        }
    return bits;
}

void tb_quality_light(const tb_quality_view *view, tb_quality *out)
{
    const tb_image *face = view->aligned;
    struct sums sums = {0};
    int left = face->width / 5, right = face->width - left, top = face->height / 4,
        bottom = face->height - 1 - face->height / 10;
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            add(&sums, face, x, y);
    double count = sums.count, mean = sums.sum / count, variance = fmax(sums.squares / count - mean * mean, 0);
    double edge = sums.edges / count, edges = sums.edge_squares / count - edge * edge;
    double halves[2] = {sums.half[0] / sums.half_count[0], sums.half[1] / sums.half_count[1]};
    float *native = out->native;
    native[TB_QUALITY_BRIGHTNESS] = (float)mean;
    native[TB_QUALITY_UNDER_EXPOSURE] = (float)(sums.dark / count);
    native[TB_QUALITY_OVER_EXPOSURE] = (float)(sums.bright / count);
    native[TB_QUALITY_EVENNESS] = (float)((fmin(halves[0], halves[1]) + 1) / (fmax(halves[0], halves[1]) + 1));
    native[TB_QUALITY_CONTRAST] = (float)sqrt(variance);
    native[TB_QUALITY_DYNAMIC_RANGE] = (float)entropy(&sums);
    native[TB_QUALITY_SHARPNESS] = log10f((float)(edges / fmax(variance, 25)) + 1e-6f);
    native[TB_QUALITY_NATURAL_COLOUR] = (float)(sums.colour / count / 2);
}
