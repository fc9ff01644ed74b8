/* I2: after thousands of changes drawn by chance, over four kinds of site, every list kept step by step is what the
 * rules say of everybody at every terminal, and what the terminals were told. $TEBURA_SEED repeats a run,
 * $TEBURA_ROUNDS makes it longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <tebura/bytes.h>
#include <tebura/crypto.h>

#include "awkward.h"
#include "random_site.h"

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t entries; /* of all four sites */

static void live(const char *name, const char *yaml)
{
    uint64_t random = 0;
    tb_random(&random, sizeof random);
    uint64_t seed = from_environment("TEBURA_SEED", random % 1000000);
    print_message("%s: TEBURA_SEED=%llu\n", name, (unsigned long long)seed);
    random_site_result result = random_site_live(name, yaml, seed, (int)from_environment("TEBURA_ROUNDS", 100));
    print_message("%s: %llu changes, %llu comparisons, %llu entries compared\n", name,
                  (unsigned long long)result.changes, (unsigned long long)result.comparisons,
                  (unsigned long long)result.entries);
    assert_true(result.changes > 200 && result.entries > 0); /* of this site, too */
    entries += result.entries;
}

static void of_file(const char *name)
{
    char path[256];
    tb_bytes yaml = {0};
    tb_error why = {0};
    snprintf(path, sizeof path, TEBURA_SOURCE_DIR "/profiles/%s.yaml", name);
    assert_int_equal(tb_file_read(path, 1 << 20, &yaml, &why), TB_OK);
    assert_int_equal(tb_bytes_append(&yaml, tb_span_of("", 1)), TB_OK);
    live(name, (const char *)yaml.data);
    tb_bytes_free(&yaml);
}

static void an_airport(void **state)
{
    (void)state;
    of_file("airport");
}

static void a_hotel(void **state)
{
    (void)state;
    of_file("hotel");
}

static void an_expo(void **state)
{
    (void)state;
    of_file("expo");
}

static void an_awkward_site(void **state)
{
    (void)state;
    live("awkward", awkward_profile);
    assert_true(entries > 2000); /* chance was kind enough to test something */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_airport), cmocka_unit_test(a_hotel),
                                       cmocka_unit_test(an_expo), cmocka_unit_test(an_awkward_site)};
    return tb_crypto_start() == TB_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
