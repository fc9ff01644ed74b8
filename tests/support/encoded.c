/* encoded.c: see encoded.h. Test code: it aborts where it cannot go on. */
#include "encoded.h"

#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include <tebura/secret.h>

static void need(int condition)
{
    if (!condition)
        abort();
}

tb_image encoded_pattern(int width, int height)
{
    tb_image image;
    need(tb_image_new(width, height, &image) == TB_OK);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            uint8_t *at = image.data + 3 * (y * width + x);
            at[0] = (uint8_t)(255 * x / width);
            at[1] = (uint8_t)(255 * y / height);
            at[2] = (uint8_t)(127 + 100 * sin(x * 0.05) * cos(y * 0.07));
        }
    return image;
}

static void add_exif(tb_bytes *jpeg, int orientation)
{
    uint8_t segment[] = {0xff, 0xe1, 0, 34, 'E', 'x',  'i',  'f', 0, 0, 'M', 'M', 0, 42, 0,
                         0,    0,    8, 0,  1,   0x01, 0x12, 0,   3, 0, 0,   0,   1, 0,  (uint8_t)orientation,
                         0,    0,    0, 0,  0,   0};
    tb_bytes with = {0};
    need(sizeof segment == 36);
    need(tb_bytes_append(&with, tb_span_of(jpeg->data, 2)) == TB_OK);
    need(tb_bytes_append(&with, tb_span_of(segment, sizeof segment)) == TB_OK);
    need(tb_bytes_append(&with, tb_span_of(jpeg->data + 2, jpeg->size - 2)) == TB_OK);
    tb_bytes_free(jpeg);
    *jpeg = with;
}

tb_bytes encoded_jpeg(const tb_image *image, const char *kind, int exif)
{
    size_t pixels = (size_t)image->width * (size_t)image->height;
    uint8_t *inks = malloc(pixels * 4);
    need(inks != NULL);
    for (size_t i = 0; i < pixels; i++) { /* inverted inks as Adobe stores them: no black */
        memcpy(inks + 4 * i, image->data + 3 * i, 3);
        inks[4 * i + 3] = 255;
    }
    int cmyk = strcmp(kind, "cmyk") == 0, grey = strcmp(kind, "grey") == 0;
    tjhandle handle = tjInitCompress();
    unsigned char *out = NULL;
    unsigned long size = 0;
    need(handle && tjCompress2(handle, cmyk ? inks : image->data, image->width, 0, image->height,
                               cmyk ? TJPF_CMYK : TJPF_RGB, &out, &size, grey ? TJSAMP_GRAY : TJSAMP_444, 95,
                               strcmp(kind, "progressive") == 0 ? TJFLAG_PROGRESSIVE : 0) == 0);
    tb_bytes jpeg = {0};
    need(tb_bytes_append(&jpeg, tb_span_of(out, size)) == TB_OK);
    tjFree(out);
    tjDestroy(handle);
    free(inks);
    if (exif)
        add_exif(&jpeg, exif);
    return jpeg;
}

static void append(png_structp png, png_bytep data, size_t size)
{
    need(tb_bytes_append(png_get_io_ptr(png), tb_span_of(data, size)) == TB_OK);
}

static void flush(png_structp png)
{
    (void)png;
}

/* One row in the form asked for; answers nothing, fills `row`. */
static void png_row(const tb_image *image, int y, const char *kind, uint8_t *row)
{
    for (int x = 0; x < image->width; x++) {
        const uint8_t *at = image->data + 3 * (y * image->width + x);
        if (strcmp(kind, "rgb16") == 0)
            for (int c = 0; c < 6; c++)
                row[6 * x + c] = at[c / 2];
        else if (strcmp(kind, "grey") == 0 || strcmp(kind, "palette") == 0)
            row[x] = at[0];
        else if (strcmp(kind, "grey16") == 0)
            row[2 * x] = row[2 * x + 1] = at[0];
        else if (strcmp(kind, "grey1") == 0)
            row[x / 8] = (uint8_t)((x % 8 ? row[x / 8] : 0) | (at[0] > 127) << (7 - x % 8));
        else if (strcmp(kind, "rgba") == 0) {
            memcpy(row + 4 * x, at, 3);
            row[4 * x + 3] = 128;
        } else
            memcpy(row + 3 * x, at, 3);
    }
}

tb_bytes encoded_png(const tb_image *image, const char *kind)
{
    tb_bytes out = {0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    uint8_t *row = malloc((size_t)image->width * 8);
    need(png && info && row && !setjmp(png_jmpbuf(png)));
    png_set_write_fn(png, &out, append, flush);
    int colours = strncmp(kind, "grey", 4) == 0  ? PNG_COLOR_TYPE_GRAY
                  : strcmp(kind, "palette") == 0 ? PNG_COLOR_TYPE_PALETTE
                  : strcmp(kind, "rgba") == 0    ? PNG_COLOR_TYPE_RGBA
                                                 : PNG_COLOR_TYPE_RGB;
    int depth = strstr(kind, "16")           ? 16
                : strcmp(kind, "grey1") == 0 ? 1
                                             : 8,
        interlaced = strcmp(kind, "interlaced") == 0;
    png_set_IHDR(png, info, (unsigned)image->width, (unsigned)image->height, depth, colours,
                 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_color palette[256];
    for (int i = 0; i < 256; i++)
        palette[i] = (png_color){(png_byte)i, (png_byte)(255 - i), 7};
    if (colours == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 256);
    png_write_info(png, info);
    for (int pass = png_set_interlace_handling(png); pass > 0; pass--)
        for (int y = 0; y < image->height; y++) {
            png_row(image, y, kind, row);
            png_write_row(png, row);
        }
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    free(row);
    return out;
}

double encoded_distance(const tb_image *a, const tb_image *b)
{
    if (a->width != b->width || a->height != b->height)
        return 1000;
    double sum = 0;
    size_t samples = (size_t)a->width * (size_t)a->height * 3;
    for (size_t i = 0; i < samples; i++)
        sum += (a->data[i] - b->data[i]) * (a->data[i] - b->data[i]);
    return sqrt(sum / (double)samples);
}
