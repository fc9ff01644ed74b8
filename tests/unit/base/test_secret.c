/* Secret memory is zeroed, aligned, counted, and freed whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <tebura/secret.h>

static void is_zeroed_aligned_and_counted(void **state)
{
    (void)state;
    size_t before = tb_secret_held();
    uint8_t *secret = tb_secret_alloc(10000);
    assert_non_null(secret);
    assert_int_equal((uintptr_t)secret % 64, 0);
    for (size_t i = 0; i < 10000; i++)
        assert_int_equal(secret[i], 0);
    assert_int_equal(tb_secret_held(), before + 10000);
    memset(secret, 7, 10000);
    tb_secret_free(secret);
    assert_int_equal(tb_secret_held(), before);
    tb_secret_free(NULL);
}

static void large_ones_are_as_others_and_begin_at_a_large_page(void **state)
{
    (void)state;
    size_t before = tb_secret_held(), large = (size_t)1 << 21, sizes[] = {large - 64, large - 63, 3 * large + 100};
    for (size_t i = 0; i < 3; i++) {
        uint8_t *secret = tb_secret_alloc(sizes[i]);
        assert_non_null(secret);
        assert_int_equal((uintptr_t)secret % large, 64);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_true(secret[at] == 0);
        memset(secret, 7, sizes[i]);
        assert_int_equal(tb_secret_held(), before + sizes[i]);
        tb_secret_free(secret);
        assert_int_equal(tb_secret_held(), before);
    }
}

static void refuses_what_cannot_be(void **state)
{
    (void)state;
    assert_null(tb_secret_alloc(SIZE_MAX));
    assert_null(tb_secret_alloc(SIZE_MAX - 5000));
}

static void wipes(void **state)
{
    (void)state;
    uint8_t memory[100], zero[100] = {0};
    memset(memory, 9, sizeof memory);
    tb_wipe(memory, sizeof memory);
    assert_memory_equal(memory, zero, sizeof memory);
    tb_wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_zeroed_aligned_and_counted),
        cmocka_unit_test(large_ones_are_as_others_and_begin_at_a_large_page),
        cmocka_unit_test(refuses_what_cannot_be),
        cmocka_unit_test(wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
