/* The Nth allocation fails while pictures are decoded, turned, resized and warped: an error, nothing left behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tebura/image.h>
#include <tebura/secret.h>

#include "encoded.h"
#include "fault_wrap.h"

static tb_bytes jpeg, cmyk, png;

static tb_status everything(const tb_bytes *encoded)
{
    tb_image image = {0}, small = {0}, crop = {0}, turned = {0};
    tb_bytes out = {0};
    tb_error why = {0};
    tb_status status = tb_image_decode(tb_bytes_span(encoded), &image, &why);
    if (status == TB_OK)
        status = tb_image_resize(&image, 40, 200, &small);
    if (status == TB_OK)
        status = tb_image_crop(&image, (tb_box){-5, -5, 60, 60}, &crop);
    if (status == TB_OK)
        status = tb_image_warp(&image, (tb_similarity){0.2f, 0.1f, 3, 4}, 32, 32, &turned);
    if (status == TB_OK)
        status = tb_image_encode_jpeg(&image, 80, &out);
    tb_bytes_free(&out);
    tb_image_free(&image);
    tb_image_free(&small);
    tb_image_free(&crop);
    tb_image_free(&turned);
    return status;
}

static void loop(const tb_bytes *encoded)
{
    size_t held = tb_secret_held();
    int n = 1;
    for (;; n++) {
        fault_arm(FAULT_MEMORY, n);
        tb_status status = everything(encoded);
        fault_disarm();
        assert_int_equal(tb_secret_held(), held);
        if (!fault_fired()) {
            assert_int_equal(status, TB_OK);
            break;
        }
        assert_int_equal(status, TB_NO_MEMORY);
    }
    assert_true(n > 7); /* there was something to fail */
}

static void each_allocation_fails_once(void **state)
{
    (void)state;
    tb_image pattern = encoded_pattern(150, 120);
    jpeg = encoded_jpeg(&pattern, "rgb", 6);
    cmyk = encoded_jpeg(&pattern, "cmyk", 0);
    png = encoded_png(&pattern, "rgba");
    tb_image_free(&pattern);
    loop(&jpeg);
    loop(&cmyk);
    loop(&png);
    tb_bytes_free(&jpeg);
    tb_bytes_free(&cmyk);
    tb_bytes_free(&png);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_fails_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
