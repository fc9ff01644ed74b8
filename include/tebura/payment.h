/* payment.h: money as double entry behind a provider interface. Pure where it computes; the store keeps it. */
#ifndef TEBURA_PAYMENT_H
#define TEBURA_PAYMENT_H

#include <tebura/bytes.h>

#define TB_ACCOUNT_SIZE 64
#define TB_AMOUNT_MAX                                                                                                  \
    INT64_C(1000000000000) /* minor units, of one line: sums of a whole ledger stay far from overflow */

/* One line of a transfer. Invariant of a transfer: its lines' amounts sum to zero, one currency, none is zero or beyond
 * TB_AMOUNT_MAX, every account has the form kind:name, the id is not zero. */
typedef struct tb_posting {
    char account[TB_ACCOUNT_SIZE]; /* "instrument:<id>", "merchant:<shop>", "provider:<name>" */
    int64_t amount;                /* minor units; positive = debit */
} tb_posting;
#define TB_POSTINGS_MAX 8
typedef struct tb_transfer {
    tb_id id; /* of the payment: posting the same id again changes nothing */
    char currency[4];
    int count;
    tb_posting postings[TB_POSTINGS_MAX];
} tb_transfer;
/* TB_OK or TB_INVALID_ARGUMENT, `why` says which line. */
tb_status tb_transfer_check(const tb_transfer *transfer, tb_error *why) TB_MUST_CHECK;
/* A purchase: the instrument owes, the merchant is owed, through the provider's clearing account
 * (instrument +, provider -, provider +, merchant -). TB_INVALID_ARGUMENT: amount not in 1..TB_AMOUNT_MAX, currency, a
 * name that is empty or too long for an account; *out is then zero. */
tb_status tb_transfer_purchase(tb_id payment, const char *instrument, const char *merchant, const char *provider,
                               int64_t amount, const char *currency, tb_transfer *out) TB_MUST_CHECK;
/* The opposite of a transfer, under an id of its own. TB_INVALID_ARGUMENT: the transfer is not sound, or the id the
 * same. */
tb_status tb_transfer_reverse(const tb_transfer *transfer, tb_id id, tb_transfer *out) TB_MUST_CHECK;

/* A payment provider (card acquirer, wallet). Calls are idempotent by `payment`. */
typedef struct tb_provider {
    const char *name;
    int simulation; /* 1: no money moves; said on every screen */
    /* TB_OK, TB_DECLINED, TB_TIMEOUT, TB_IO, TB_INVALID_ARGUMENT. `token` is what the provider knows the instrument
     * by. */
    tb_status (*authorise)(void *context, tb_id payment, const char *token, int64_t amount, const char *currency);
    tb_status (*reverse)(void *context, tb_id payment);
    void *context;
} tb_provider;
/* SIMULATION: accepts every token but "declined" and those that begin with "declined-"; "limit-N" up to N minor
 * units. */
const tb_provider *tb_provider_simulated(void);

#endif
