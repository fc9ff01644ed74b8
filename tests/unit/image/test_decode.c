/* Decoding: every form gives the same picture; everything damaged gives its status and leaves no pixels behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/image.h>
#include <tebura/secret.h>

#include "encoded.h"

static tb_status decode(tb_span bytes, tb_image *out)
{
    tb_error why = {0};
    tb_status status = tb_image_decode(bytes, out, &why);
    if (status != TB_OK) {
        assert_null(out->data);
        assert_int_equal(why.status, status);
        assert_true(strlen(why.text) > 10);
    }
    return status;
}

static void jpegs_of_every_kind(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_image pattern = encoded_pattern(97, 61), got;
    const char *kinds[] = {"rgb", "grey", "cmyk", "progressive"};
    for (int i = 0; i < 4; i++) {
        tb_bytes jpeg = encoded_jpeg(&pattern, kinds[i], 0);
        assert_int_equal(decode(tb_bytes_span(&jpeg), &got), TB_OK);
        if (i == 1)
            assert_true(got.data[0] == got.data[1] && got.data[1] == got.data[2]);
        else
            assert_true(encoded_distance(&pattern, &got) < 4);
        tb_image_free(&got);
        tb_bytes_free(&jpeg);
    }
    tb_image_free(&pattern);
    assert_int_equal(tb_secret_held(), held);
}

static void pngs_of_every_kind(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_image pattern = encoded_pattern(97, 61), got;
    const char *exact[] = {"rgb", "rgb16", "interlaced"};
    for (int i = 0; i < 3; i++) {
        tb_bytes png = encoded_png(&pattern, exact[i]);
        assert_int_equal(decode(tb_bytes_span(&png), &got), TB_OK);
        assert_true(encoded_distance(&pattern, &got) == 0);
        tb_image_free(&got);
        tb_bytes_free(&png);
    }
    const char *others[] = {"grey", "grey16", "grey1", "palette", "rgba"};
    for (int i = 0; i < 5; i++) {
        tb_bytes png = encoded_png(&pattern, others[i]);
        assert_int_equal(decode(tb_bytes_span(&png), &got), TB_OK);
        const uint8_t *from = pattern.data + 3 * (30 * 97 + 80), *at = got.data + 3 * (30 * 97 + 80);
        uint8_t red = from[0];
        int wanted[5][3] = {
            {red, red, red},
            {red, red, red},
            {255, 255, 255},
            {red, 255 - red, 7},
            {(from[0] * 128 + 255 * 127) / 255, (from[1] * 128 + 255 * 127) / 255, (from[2] * 128 + 255 * 127) / 255}};
        for (int c = 0; c < 3; c++)
            assert_in_range(at[c] + 2, wanted[i][c] + 1, wanted[i][c] + 3);
        tb_image_free(&got);
        tb_bytes_free(&png);
    }
    tb_image_free(&pattern);
    assert_int_equal(tb_secret_held(), held);
}

/* The pattern's red grows to the right and green downwards: where the dark corner lands tells the turn. */
static void exif_turns_the_picture_upright(void **state)
{
    (void)state;
    tb_image pattern = encoded_pattern(96, 64), got;
    static const int corner[9][2] = {{0}, {0, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 0}, {1, 0}, {1, 1}, {0, 1}};
    for (int orientation = 1; orientation <= 8; orientation++) {
        tb_bytes jpeg = encoded_jpeg(&pattern, "rgb", orientation);
        assert_int_equal(decode(tb_bytes_span(&jpeg), &got), TB_OK);
        assert_int_equal(got.width, orientation >= 5 ? 64 : 96);
        assert_int_equal(got.height, orientation >= 5 ? 96 : 64);
        int x = corner[orientation][0] * (got.width - 1), y = corner[orientation][1] * (got.height - 1);
        const uint8_t *dark = got.data + 3 * (y * got.width + x);
        assert_true(dark[0] < 20 && dark[1] < 20);
        /* across: red, or green when swapped */
        const uint8_t *beside = got.data + 3 * (y * got.width + got.width - 1 - x);
        assert_true(orientation >= 5 ? beside[1] > 230 && beside[0] < 20 : beside[0] > 230 && beside[1] < 20);
        tb_image_free(&got);
        tb_bytes_free(&jpeg);
    }
    tb_image_free(&pattern);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    size_t held = tb_secret_held();
    tb_image pattern = encoded_pattern(200, 150), got;
    tb_bytes forms[] = {encoded_jpeg(&pattern, "rgb", 6),  encoded_jpeg(&pattern, "progressive", 0),
                        encoded_jpeg(&pattern, "cmyk", 0), encoded_jpeg(&pattern, "grey", 0),
                        encoded_png(&pattern, "rgb"),      encoded_png(&pattern, "interlaced")};
    for (int i = 0; i < 6; i++) {
        for (size_t cut = 9; cut < forms[i].size; cut += 1 + forms[i].size / 97) {
            tb_status status = decode(tb_span_of(forms[i].data, cut), &got);
            if (status != TB_TRUNCATED)
                print_error("form %d cut at %zu of %zu\n", i, cut, forms[i].size);
            assert_int_equal(status, TB_TRUNCATED);
        }
        assert_int_equal(decode(tb_span_of(forms[i].data, forms[i].size - 2), &got), TB_TRUNCATED);
        tb_bytes_free(&forms[i]);
    }
    tb_image_free(&pattern);
    assert_int_equal(tb_secret_held(), held);
}

static void other_bad_input(void **state)
{
    (void)state;
    tb_image got;
    static const struct {
        const char *bytes;
        size_t size;
        tb_status status;
    } cases[] = {
        {"", 0, TB_TRUNCATED},
        {"hello, I am no picture", 22, TB_UNSUPPORTED},
        {"GIF89a\1\0\1\0", 10, TB_UNSUPPORTED},
        {"\xff\xd8\xff\xd9", 4, TB_TRUNCATED},
        {"P6 2 2 255\nabc", 14, TB_TRUNCATED},
        {"P6 2 ", 5, TB_TRUNCATED},
        {"P6 0 2 255\n", 11, TB_MALFORMED},
        {"P6 a b 255\n", 11, TB_MALFORMED},
        {"P5 1 1 65535\n12", 15, TB_UNSUPPORTED},
        {"P5 99999999999999999999 1 255\n1", 31, TB_TOO_LARGE},
        {"P6 60000 60000 255\n1", 20, TB_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(decode(tb_span_of(cases[i].bytes, cases[i].size), &got), cases[i].status);
    assert_int_equal(decode(tb_span_of("x", (size_t)TB_IMAGE_MAX_BYTES + 1), &got), TB_TOO_LARGE);
}

/* The header says 65,000 x 65,000: refused by the header alone, whatever follows. */
static void huge_headers_take_no_memory(void **state)
{
    (void)state;
    tb_image pattern = encoded_pattern(16, 16), got;
    tb_bytes jpeg = encoded_jpeg(&pattern, "rgb", 0), png = encoded_png(&pattern, "rgb");
    uint8_t *frame = memmem(jpeg.data, jpeg.size, "\xff\xc0", 2);
    assert_non_null(frame);
    memcpy(frame + 5, "\xfd\xe8\xfd\xe8", 4);
    assert_int_equal(decode(tb_bytes_span(&jpeg), &got), TB_TOO_LARGE);
    memcpy(png.data + 16, "\x7f\xff\xff\xff\x7f\xff\xff\xff", 8);
    assert_int_not_equal(decode(tb_bytes_span(&png), &got), TB_OK); /* its check sum is wrong too */
    tb_bytes_free(&jpeg);
    tb_bytes_free(&png);
    tb_image_free(&pattern);
}

static void damaged_inside(void **state)
{
    (void)state;
    tb_image pattern = encoded_pattern(200, 150), got;
    tb_bytes png = encoded_png(&pattern, "rgb");
    png.data[png.size / 2] ^= 0x55;
    assert_int_equal(decode(tb_bytes_span(&png), &got), TB_MALFORMED);
    tb_bytes_free(&png);
    tb_image_free(&pattern);
}

static void reading_names_the_file(void **state)
{
    (void)state;
    tb_image got;
    tb_error why = {0};
    assert_int_equal(tb_image_read("/nowhere/at/all.jpg", &got, &why), TB_NOT_FOUND);
    assert_non_null(strstr(why.text, "/nowhere/at/all.jpg"));
    char path[] = "/tmp/tebura-image-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "no picture", 10), 10);
    close(fd);
    assert_int_equal(tb_image_read(path, &got, &why), TB_UNSUPPORTED);
    assert_non_null(strstr(why.text, path));
    unlink(path);
}

static void our_own_jpeg_comes_back(void **state)
{
    (void)state;
    tb_image pattern = encoded_pattern(120, 80), got;
    tb_bytes out = {0};
    assert_int_equal(tb_bytes_append(&out, tb_span_text("before")), TB_OK);
    assert_int_equal(tb_image_encode_jpeg(&pattern, 95, &out), TB_OK);
    assert_memory_equal(out.data, "before", 6);
    assert_int_equal(decode(tb_span_of(out.data + 6, out.size - 6), &got), TB_OK);
    assert_true(encoded_distance(&pattern, &got) < 5);
    assert_int_equal(tb_image_encode_jpeg(&pattern, 0, &out), TB_INVALID_ARGUMENT);
    tb_image_free(&got);
    tb_bytes_free(&out);
    tb_image_free(&pattern);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(jpegs_of_every_kind),
                                       cmocka_unit_test(pngs_of_every_kind),
                                       cmocka_unit_test(exif_turns_the_picture_upright),
                                       cmocka_unit_test(every_truncation_is_refused),
                                       cmocka_unit_test(other_bad_input),
                                       cmocka_unit_test(huge_headers_take_no_memory),
                                       cmocka_unit_test(damaged_inside),
                                       cmocka_unit_test(reading_names_the_file),
                                       cmocka_unit_test(our_own_jpeg_comes_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
