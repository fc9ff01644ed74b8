/* Double entry: what a purchase is, its opposite, and everything that is no transfer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/payment.h>

static const tb_id one = {{1}}, two = {{2}};

static int64_t balance(const tb_transfer *transfer, const char *account)
{
    int64_t sum = 0;
    for (int i = 0; i < transfer->count; i++)
        if (!account || strcmp(transfer->postings[i].account, account) == 0)
            sum += transfer->postings[i].amount;
    return sum;
}

static void a_purchase_moves_what_is_owed(void **state)
{
    (void)state;
    tb_transfer purchase, back;
    tb_error why = {0};
    assert_int_equal(tb_transfer_purchase(one, "abc", "kiosk", "simulated", 1200, "JPY", &purchase), TB_OK);
    assert_int_equal(tb_transfer_check(&purchase, &why), TB_OK);
    assert_string_equal(purchase.currency, "JPY");
    assert_int_equal(balance(&purchase, NULL), 0);
    assert_int_equal(balance(&purchase, "instrument:abc"), 1200);
    assert_int_equal(balance(&purchase, "merchant:kiosk"), -1200);
    assert_int_equal(balance(&purchase, "provider:simulated"), 0);
    assert_int_equal(tb_transfer_reverse(&purchase, two, &back), TB_OK);
    assert_true(tb_id_equal(back.id, two));
    assert_int_equal(tb_transfer_check(&back, NULL), TB_OK);
    assert_int_equal(balance(&back, "instrument:abc"), -1200);
    assert_int_equal(balance(&back, "merchant:kiosk"), 1200);
    assert_int_equal(tb_transfer_reverse(&purchase, one, &back), TB_INVALID_ARGUMENT);
    assert_int_equal(back.count, 0);
}

static void refuses_impossible_purchases(void **state)
{
    (void)state;
    char lengthy[TB_ACCOUNT_SIZE + 1];
    tb_transfer out;
    memset(lengthy, 'x', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    const struct {
        tb_id id;
        const char *instrument, *merchant, *provider, *currency;
        int64_t amount;
    } bad[] = {{{{0}}, "a", "b", "c", "JPY", 1},      {one, "", "b", "c", "JPY", 1},
               {one, "a", "", "c", "JPY", 1},         {one, "a", "b", "", "JPY", 1},
               {one, lengthy, "b", "c", "JPY", 1},    {one, "a", "b", "c", "jpy", 1},
               {one, "a", "b", "c", "JP", 1},         {one, "a", "b", "c", "YENS", 1},
               {one, "a", "b", "c", "JPY", 0},        {one, "a", "b", "c", "JPY", -5},
               {one, "a", "b", "c", "", 1},           {one, "a", "b", "c", "JPY", TB_AMOUNT_MAX + 1},
               {one, "a", "b", "c", "JPY", INT64_MIN}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(tb_transfer_purchase(bad[i].id, bad[i].instrument, bad[i].merchant, bad[i].provider,
                                              bad[i].amount, bad[i].currency, &out),
                         TB_INVALID_ARGUMENT);
        assert_int_equal(out.count, 0);
    }
    assert_int_equal(tb_transfer_purchase(one, "a", "b", "c", TB_AMOUNT_MAX, "EUR", &out), TB_OK);
}

static void names_the_line_that_is_wrong(void **state)
{
    (void)state;
    static const struct {
        int count;
        tb_posting postings[3];
        const char *cause;
    } bad[] = {{0, {{"", 0}}, "2 to 8 lines"},
               {1, {{"a:b", 1}}, "2 to 8 lines"},
               {TB_POSTINGS_MAX + 1, {{"a:b", 1}, {"c:d", -1}}, "2 to 8 lines"},
               {2, {{"a:b", 1}, {"c:d", 1}}, "sum to zero"},
               {2, {{"a:b", 1}, {"c:d", 0}}, "line 2"},
               {2, {{"ab", 1}, {"c:d", -1}}, "line 1"},
               {2, {{":b", 1}, {"c:d", -1}}, "line 1"},
               {2, {{"a:b", 1}, {"c:", -1}}, "line 2"},
               {3, {{"a:b", INT64_MAX}, {"c:d", 1}, {"e:f", INT64_MIN}}, "line 1"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tb_transfer transfer = {.id = one, .currency = "JPY", .count = bad[i].count};
        tb_error why = {0};
        memcpy(transfer.postings, bad[i].postings, sizeof bad[i].postings);
        assert_int_equal(tb_transfer_check(&transfer, &why), TB_INVALID_ARGUMENT);
        assert_non_null(strstr(why.text, bad[i].cause));
    }
    tb_transfer endless = {.id = one, .currency = "JPY", .count = 2, .postings = {{"", 1}, {"c:d", -1}}};
    memset(endless.postings[0].account, ':', TB_ACCOUNT_SIZE); /* no NUL */
    assert_int_equal(tb_transfer_check(&endless, NULL), TB_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_purchase_moves_what_is_owed),
                                       cmocka_unit_test(refuses_impossible_purchases),
                                       cmocka_unit_test(names_the_line_that_is_wrong)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
