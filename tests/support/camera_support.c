/* camera_support.c: see the header. */
#include "camera_support.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void must(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "camera_support: %s failed\n", what);
        abort();
    }
}

void test_folder_make(char out[TEST_PATH])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, TEST_PATH, "%s/tebura-camera-XXXXXX", base && *base ? base : "/tmp");
    must(mkdtemp(out) != NULL, "mkdtemp");
}

void test_path(char out[TEST_PATH], const char *folder, const char *name)
{
    must(snprintf(out, TEST_PATH, "%s/%s", folder, name) < TEST_PATH, "a path");
}

void test_folder_remove(const char *folder)
{
    DIR *dir = opendir(folder);
    must(dir != NULL, "opendir");
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[TEST_PATH + 256];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path); /* fails for . and .. */
    }
    closedir(dir);
    must(rmdir(folder) == 0, "rmdir");
}

tb_image test_image_plain(int width, int height, uint8_t red, uint8_t green, uint8_t blue)
{
    tb_image image;
    must(tb_image_new(width, height, &image) == TB_OK, "tb_image_new");
    test_image_fill(&image, 0, 0, width, height, red, green, blue);
    return image;
}

void test_image_fill(tb_image *image, int x, int y, int width, int height, uint8_t red, uint8_t green, uint8_t blue)
{
    for (int row = y; row < y + height; row++)
        for (int column = x; column < x + width; column++) {
            uint8_t *pixel = image->data + 3 * ((size_t)row * (size_t)image->width + (size_t)column);
            pixel[0] = red;
            pixel[1] = green;
            pixel[2] = blue;
        }
}

void test_image_write(const tb_image *image, const char *path)
{
    tb_bytes encoded = {0};
    must(tb_image_encode_jpeg(image, 95, &encoded) == TB_OK, "tb_image_encode_jpeg");
    must(tb_file_write(path, tb_bytes_span(&encoded), NULL) == TB_OK, "tb_file_write");
    tb_bytes_free(&encoded);
}

double test_image_mean(const tb_image *image, int x, int y, int width, int height, int channel)
{
    double sum = 0;
    for (int row = y; row < y + height; row++)
        for (int column = x; column < x + width; column++)
            sum += image->data[3 * ((size_t)row * (size_t)image->width + (size_t)column) + (size_t)channel];
    return sum / width / height;
}
