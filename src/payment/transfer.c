/* transfer.c: double entry. Invariants of a transfer that passed tb_transfer_check:
 *  T1  its amounts sum to zero (nothing appears or vanishes), none is zero, none is out of +-TB_AMOUNT_MAX
 *  T2  2..TB_POSTINGS_MAX lines, one currency of three capital letters
 *  T3  its id is not zero: an id makes it happen once */
#include <tebura/payment.h>

#include <stdio.h>
#include <string.h>

static int account_is_good(const char *account)
{
    const char *end = memchr(account, '\0', TB_ACCOUNT_SIZE);
    const char *colon = end ? strchr(account, ':') : NULL;
    return colon && colon > account && colon[1];
}

static int currency_is_good(const char currency[4])
{
    for (int i = 0; i < 3; i++)
        if (currency[i] < 'A' || currency[i] > 'Z')
            return 0;
    return currency[3] == '\0';
}

static tb_status check_posting(const tb_transfer *transfer, int index, tb_error *why)
{
    const tb_posting *own = &transfer->postings[index];
    if (!account_is_good(own->account))
        return tb_fail(why, TB_INVALID_ARGUMENT, "line %d of the transfer names no account of the form kind:name",
                       index + 1);
    if (own->amount == 0 || own->amount > TB_AMOUNT_MAX || own->amount < -TB_AMOUNT_MAX)
        return tb_fail(why, TB_INVALID_ARGUMENT, "line %d of the transfer is zero or too large", index + 1);
    return TB_OK;
}

tb_status tb_transfer_check(const tb_transfer *transfer, tb_error *why)
{
    int64_t sum = 0; /* at most 8 * TB_AMOUNT_MAX: no overflow */
    if (tb_id_is_zero(transfer->id))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the transfer has no id");
    if (!currency_is_good(transfer->currency))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the currency is not an ISO 4217 code of three capital letters");
    if (transfer->count < 2 || transfer->count > TB_POSTINGS_MAX)
        return tb_fail(why, TB_INVALID_ARGUMENT, "a transfer has 2 to %d lines, this one %d", TB_POSTINGS_MAX,
                       transfer->count);
    for (int i = 0; i < transfer->count; i++) {
        tb_status status = check_posting(transfer, i, why);
        if (status != TB_OK)
            return status;
        sum += transfer->postings[i].amount;
    }
    return sum == 0 ? TB_OK : tb_fail(why, TB_INVALID_ARGUMENT, "the lines of the transfer do not sum to zero");
}

static void add_line(tb_transfer *transfer, const char *kind, const char *name, int64_t amount)
{
    tb_posting *line = &transfer->postings[transfer->count++];
    int length = snprintf(line->account, sizeof line->account, "%s:%s", kind, name);
    if (length < 0 || (size_t)length >= sizeof line->account || !name[0])
        line->account[0] = '\0'; /* a cut name could be somebody else's: tb_transfer_check refuses the empty one */
    line->amount = amount;
}

tb_status tb_transfer_purchase(tb_id payment, const char *instrument, const char *merchant, const char *provider,
                               int64_t amount, const char *currency, tb_transfer *out)
{
    tb_transfer made = {.id = payment};
    *out = (tb_transfer){0};
    if (amount <= 0 || amount > TB_AMOUNT_MAX || strlen(currency) != 3)
        return TB_INVALID_ARGUMENT;
    memcpy(made.currency, currency, 4);
    add_line(&made, "instrument", instrument, amount);
    add_line(&made, "provider", provider, -amount); /* in and out again: its turnover shows, its balance stays zero */
    add_line(&made, "provider", provider, amount);
    add_line(&made, "merchant", merchant, -amount);
    tb_status status = tb_transfer_check(&made, NULL);
    if (status == TB_OK)
        *out = made;
    return status;
}

tb_status tb_transfer_reverse(const tb_transfer *transfer, tb_id id, tb_transfer *out)
{
    tb_transfer made = *transfer;
    *out = (tb_transfer){0};
    if (tb_transfer_check(transfer, NULL) != TB_OK || tb_id_equal(id, transfer->id))
        return TB_INVALID_ARGUMENT;
    made.id = id;
    for (int i = 0; i < made.count; i++)
        made.postings[i].amount = -made.postings[i].amount;
    tb_status status = tb_transfer_check(&made, NULL);
    if (status == TB_OK)
        *out = made;
    return status;
}
