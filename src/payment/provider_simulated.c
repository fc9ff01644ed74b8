/* provider_simulated.c: SIMULATION of a payment provider: no money moves. It remembers nothing: the answer follows from
 * the token and the amount alone, so the same payment asked twice is answered the same way, and reversing what was
 * never authorised is as harmless as reversing twice. */
#include <tebura/payment.h>

#include <stdlib.h>
#include <string.h>

static int begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* The N of "limit-N"; -1 when it is no number. */
static int64_t limit_of(const char *token)
{
    const char *digits = token + strlen("limit-");
    size_t length = strspn(digits, "0123456789");
    return length == 0 || length > 15 || digits[length] ? -1 : strtoll(digits, NULL, 10);
}

static tb_status authorise(void *context, tb_id payment, const char *token, int64_t amount, const char *currency)
{
    (void)context;
    if (tb_id_is_zero(payment) || !token || !token[0] || amount <= 0 || amount > TB_AMOUNT_MAX || !currency ||
        strlen(currency) != 3)
        return TB_INVALID_ARGUMENT;
    if (strcmp(token, "declined") == 0 || begins(token, "declined-"))
        return TB_DECLINED;
    if (begins(token, "limit-"))
        return amount <= limit_of(token) ? TB_OK : TB_DECLINED;
    return TB_OK;
}

static tb_status reverse(void *context, tb_id payment)
{
    (void)context;
    return tb_id_is_zero(payment) ? TB_INVALID_ARGUMENT : TB_OK;
}

const tb_provider *tb_provider_simulated(void)
{
    static const tb_provider provider = {
        .name = "simulated", .simulation = 1, .authorise = authorise, .reverse = reverse};
    return &provider;
}
