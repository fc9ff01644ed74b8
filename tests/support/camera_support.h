/* camera_support.h: pictures and folders that the camera tests make for themselves. */
#ifndef TEBURA_TESTS_CAMERA_SUPPORT_H
#define TEBURA_TESTS_CAMERA_SUPPORT_H

#include <tebura/camera.h>

#define TEST_PATH 256
/* A folder under $TMPDIR or /tmp; test_folder_remove removes it with the files in it. */
void test_folder_make(char out[TEST_PATH]);
void test_folder_remove(const char *folder);
void test_path(char out[TEST_PATH], const char *folder, const char *name);

tb_image test_image_plain(int width, int height, uint8_t red, uint8_t green, uint8_t blue);
void test_image_fill(tb_image *image, int x, int y, int width, int height, uint8_t red, uint8_t green, uint8_t blue);
void test_image_write(const tb_image *image, const char *path); /* as JPEG, quality 95 */
/* Mean of one channel over a part of the picture. */
double test_image_mean(const tb_image *image, int x, int y, int width, int height, int channel);

#endif
