/* Buffers grow and wipe, hex and ids go both ways, bad text is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tebura/bytes.h>

static void grows_and_keeps_content(void **state)
{
    (void)state;
    tb_bytes bytes = {0};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(tb_bytes_print(&bytes, "%d,", i), TB_OK);
    assert_memory_equal(bytes.data, "0,1,2,3,", 8);
    assert_memory_equal(bytes.data + bytes.size - 8, "998,999,", 8);
    assert_true(bytes.size <= bytes.capacity);
    tb_bytes_free(&bytes);
    assert_null(bytes.data);
    assert_int_equal(bytes.size + bytes.capacity, 0);
}

static void refuses_sizes_that_no_memory_holds(void **state)
{
    (void)state;
    tb_bytes bytes = {0};
    assert_int_equal(tb_bytes_append(&bytes, tb_span_text("x")), TB_OK);
    assert_int_equal(tb_bytes_reserve(&bytes, SIZE_MAX), TB_NO_MEMORY);
    assert_int_equal(tb_bytes_append(&bytes, tb_span_of("y", SIZE_MAX)), TB_NO_MEMORY);
    assert_int_equal(bytes.size, 1);
    assert_int_equal(bytes.data[0], 'x');
    tb_bytes_free(&bytes);
}

static void ids_go_both_ways(void **state)
{
    (void)state;
    char text[TB_ID_TEXT_SIZE];
    tb_id id = tb_id_random(), back;
    assert_false(tb_id_is_zero(id));
    assert_int_equal(tb_id_parse(tb_id_text(id, text), &back), TB_OK);
    assert_true(tb_id_equal(id, back));
    assert_false(tb_id_equal(id, tb_id_random()));
    const char *bad[] = {"", "00", "zz000000000000000000000000000000", "0000000000000000000000000000000",
                         "000000000000000000000000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tb_id_parse(bad[i], &back), TB_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_keeps_content),
        cmocka_unit_test(refuses_sizes_that_no_memory_holds),
        cmocka_unit_test(ids_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
