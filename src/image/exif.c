/* exif.c: the few facts before a JPEG's first scan (ITU-T T.81 B.1, EXIF 2.32 4.6). Every read is bounded. */
#include "image/codec.h"

#include <string.h>

static uint32_t number(const uint8_t *at, int size, int little)
{
    uint32_t value = 0;
    for (int i = 0; i < size; i++)
        value |= (uint32_t)at[i] << 8 * (little ? i : size - 1 - i);
    return value;
}

/* `tiff` is the segment after "Exif\0\0". Only the first directory is read: the orientation lies there. */
static int read_orientation(tb_span tiff)
{
    if (tiff.size < 8)
        return 1;
    int little = memcmp(tiff.data, "II*\0", 4) == 0;
    if (!little && memcmp(tiff.data, "MM\0*", 4) != 0)
        return 1;
    uint32_t at = number(tiff.data + 4, 4, little);
    if (at > tiff.size - 2)
        return 1;
    uint32_t entries = number(tiff.data + at, 2, little);
    at += 2;
    for (; entries > 0 && tiff.size - at >= 12; entries--, at += 12) {
        const uint8_t *entry = tiff.data + at;
        if (number(entry, 2, little) != 0x0112)
            continue;
        uint32_t kind = number(entry + 2, 2, little), value = number(entry + 8, 2, little);
        return kind == 3 && value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

tb_jpeg_markers tb_jpeg_read_markers(tb_span encoded)
{
    tb_jpeg_markers markers = {.orientation = 1};
    size_t at = 2; /* after the start of image */
    while (encoded.size - at >= 4 && encoded.size > at) {
        if (encoded.data[at] != 0xff) {
            at++; /* libjpeg skips garbage between segments, so do we */
            continue;
        }
        uint8_t marker = encoded.data[at + 1];
        if (marker == 0xff || marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
            at += marker == 0xff ? 1 : 2; /* fill bytes and markers without a length */
            continue;
        }
        size_t length = number(encoded.data + at + 2, 2, 0), room = encoded.size - at - 2;
        if (marker == 0xd9 || length < 2 || length > room)
            return markers;
        if (marker == 0xda) {
            markers.complete = 1;
            return markers;
        }
        tb_span body = tb_span_of(encoded.data + at + 4, length - 2);
        if (marker == 0xe1 && body.size > 6 && memcmp(body.data, "Exif\0\0", 6) == 0)
            markers.orientation = read_orientation(tb_span_of(body.data + 6, body.size - 6));
        if (marker == 0xee && body.size >= 5 && memcmp(body.data, "Adobe", 5) == 0)
            markers.adobe = 1;
        at += 2 + length;
    }
    return markers;
}

tb_status tb_image_orient(tb_image *image, int orientation)
{
    if (orientation < 2 || orientation > 8)
        return TB_OK;
    int swapped = orientation >= 5, width = image->width, height = image->height;
    tb_image upright;
    tb_status status = tb_image_new(swapped ? height : width, swapped ? width : height, &upright);
    if (status != TB_OK)
        return status;
    for (int y = 0; y < upright.height; y++) {
        for (int x = 0; x < upright.width; x++) {
            int u = swapped ? y : x, v = swapped ? x : y;
            int across = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
            int down = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
            u = across ? width - 1 - u : u;
            v = down ? height - 1 - v : v;
            memcpy(upright.data + 3 * ((size_t)y * (size_t)upright.width + (size_t)x),
                   image->data + 3 * ((size_t)v * (size_t)width + (size_t)u), 3);
        }
    }
    tb_image_free(image);
    *image = upright;
    return TB_OK;
}
