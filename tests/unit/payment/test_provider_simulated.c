/* The simulated provider: which tokens it takes, and that asking twice changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tebura/payment.h>

static void answers_by_token_and_amount(void **state)
{
    (void)state;
    static const struct {
        const char *token;
        int64_t amount;
        tb_status status;
    } table[] = {{"tok-1", 500, TB_OK},
                 {"declined", 500, TB_DECLINED},
                 {"declined-card", 1, TB_DECLINED},
                 {"declinedx", 1, TB_OK},
                 {"limit-1000", 1000, TB_OK},
                 {"limit-1000", 1001, TB_DECLINED},
                 {"limit-", 1, TB_DECLINED},
                 {"limit-12x", 1, TB_DECLINED},
                 {"limit-9999999999999999", 1, TB_DECLINED},
                 {"", 1, TB_INVALID_ARGUMENT},
                 {"tok", 0, TB_INVALID_ARGUMENT},
                 {"tok", -1, TB_INVALID_ARGUMENT},
                 {NULL, 1, TB_INVALID_ARGUMENT},
                 {"tok", TB_AMOUNT_MAX + 1, TB_INVALID_ARGUMENT}};
    const tb_provider *provider = tb_provider_simulated();
    tb_id id = tb_id_random();
    assert_int_equal(provider->simulation, 1);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int again = 0; again < 3; again++)
            assert_int_equal(provider->authorise(provider->context, id, table[i].token, table[i].amount, "JPY"),
                             table[i].status);
    assert_int_equal(provider->authorise(provider->context, (tb_id){{0}}, "tok", 1, "JPY"), TB_INVALID_ARGUMENT);
    assert_int_equal(provider->authorise(provider->context, id, "tok", 1, "YEN!"), TB_INVALID_ARGUMENT);
    assert_int_equal(provider->reverse(provider->context, id), TB_OK);
    assert_int_equal(provider->reverse(provider->context, id), TB_OK);
    assert_int_equal(provider->reverse(provider->context, (tb_id){{0}}), TB_INVALID_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_by_token_and_amount)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
