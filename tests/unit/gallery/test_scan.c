/* Every variant of the kernel gives the same bits, and the sum that a plain loop in double precision gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <tebura/secret.h>

#include "gallery/scan.h"
#include "vectors.h"

enum { ROWS = 37, STRIDE = 512 };

static void variants_are_equal_to_the_last_bit(void **state)
{
    (void)state;
    float *rows = tb_secret_alloc(ROWS * STRIDE * sizeof *rows), *probe = tb_secret_alloc(STRIDE * sizeof *probe);
    assert_non_null(rows);
    assert_non_null(probe);
    for (uint32_t row = 0; row <= ROWS; row++) {
        tb_template made = vectors_template(row, STRIDE);
        for (int i = 0; i < STRIDE; i++)
            (row < ROWS ? rows + row * STRIDE : probe)[i] = made.values[i];
    }
    tb_scan *variants[3];
    int count = tb_scan_variants(variants);
    float first[ROWS], scores[ROWS];
    for (size_t rows_asked = 0; rows_asked <= ROWS; rows_asked += 1 + rows_asked / 2)
        for (int v = 0; v < count; v++) {
            variants[v](probe, rows, STRIDE, rows_asked, v ? scores : first);
            if (v)
                assert_memory_equal(scores, first, rows_asked * sizeof *scores);
        }
    variants[count - 1](probe, rows, STRIDE, ROWS, scores);
    for (int row = 0; row < ROWS; row++) {
        double sum = 0;
        for (int i = 0; i < STRIDE; i++)
            sum += (double)probe[i] * rows[row * STRIDE + i];
        assert_true(fabs(sum - scores[row]) < 1e-6);
    }
    tb_secret_free(rows);
    tb_secret_free(probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(variants_are_equal_to_the_last_bit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
