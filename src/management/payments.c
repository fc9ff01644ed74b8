/* payments.c: money moves once per payment id, however often a terminal repeats itself and wherever we are killed
 * (doc/adr/062).
 *
 *              authorise: yes          void event
 *   (none) --> PENDING ------> DONE -------------> REVERSING --> VOIDED
 *     |           |  \-- no --> DECLINED              ^            ^
 *     |           \-------- void, restart ------------/            |
 *     \-------------------- void before it arrived ----------------/
 *
 * P1  A row PENDING is committed before the provider is asked, so that no authorisation is ever forgotten.
 * P2  Transfer, state DONE, item and stored answer are one transaction.
 * P3  From REVERSING on nothing is charged; the provider is told until it says yes.
 * P4  What was refused stays refused under its id. A till asks again when it hears nothing, and believes whichever
 *     answer it gets; a copy that comes late, from a server that was cut off, must not charge what it was told is
 *     not. */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

typedef struct sale {
    const tb_request *request;
    tb_time now;
    tb_booking booking;
    tb_facts facts;
    const tb_terminal *terminal;
    tb_instrument instrument;
    tb_payment payment;
    char token[513];
    int decided; /* `answer` is final */
    int stored;  /* it is known by its id already */
} sale;

static tb_status refuse(sale *s, tb_answer *answer, const char *reason)
{
    s->decided = 1;
    return tb_answer_refused(answer, s->request, s->request->visit, reason);
}

static tb_status check_request(const tb_request *r)
{
    if (tb_id_is_zero(r->id) || r->amount <= 0 || r->amount > TB_SALE_MAX)
        return TB_INVALID_ARGUMENT;
    for (int i = 0; i < 3; i++)
        if (r->currency[i] < 'A' || r->currency[i] > 'Z')
            return TB_INVALID_ARGUMENT;
    if (r->deliver[0] && !tb_description_is_good(r->deliver))
        return TB_INVALID_ARGUMENT;
    return TB_OK;
}

/* May this visit pay here now, and with what? */
static tb_status judge(tb_management *m, sale *s, tb_answer *answer)
{
    s->terminal = tb_terminal_find(m, s->request->touchpoint);
    if (!s->terminal || !s->terminal->role || s->terminal->view.kind != TB_KIND_POS)
        return TB_FORBIDDEN;
    tb_status status = tb_booking_get(m->db, s->request->visit, &s->booking);
    if (status == TB_OK && !s->booking.visiting)
        status = TB_NOT_FOUND;
    if (status == TB_NOT_FOUND) {
        s->decided = 1;
        *answer = (tb_answer){.id = s->request->id, .verdict = TB_ANSWER_UNKNOWN};
        return TB_OK;
    }
    if (status == TB_OK)
        status = tb_visit_facts(m, &s->booking, &s->facts);
    if (status != TB_OK)
        return status;
    tb_verdict verdict = tb_role_judge(s->terminal->role, &s->facts, &s->terminal->row.attributes, s->now);
    if (verdict.judgement != TB_ADMIT)
        return refuse(s, answer, verdict.reason);
    if (tb_facts_number(&s->terminal->row.attributes, "staff_confirms", s->terminal->view.staff_confirms) &&
        !s->request->staff_confirmed)
        return TB_FORBIDDEN;
    status = tb_instrument_first(m->db, s->booking.person, &s->instrument);
    return status == TB_NOT_FOUND ? refuse(s, answer, "no_instrument") : status;
}

/* A PIN that was given has to be right even where the amount needs none: the till asks for one when the face alone was
 * not sure (M4), and an instrument without a PIN cannot confirm that. Counts the attempt before looking at the PIN, so
 * that neither a crash nor two tills at once give extra guesses. Lets go of the mutex while hashing. */
static tb_status check_pin(tb_management *m, sale *s, tb_answer *answer)
{
    int needed = s->terminal->view.step_up_pin && s->terminal->view.step_up_amount > 0 &&
                 s->request->amount > s->terminal->view.step_up_amount;
    if (!s->request->pin[0] && !needed)
        return TB_OK;
    if (!s->request->pin[0] || !s->instrument.pin_hash[0])
        return refuse(s, answer, "pin_wrong");
    if (s->instrument.attempts >= TB_PIN_ATTEMPTS)
        return refuse(s, answer, "pin_locked");
    tb_status status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, tb_instrument_attempts_set(m->db, s->instrument.id, s->instrument.attempts + 1));
    if (status != TB_OK)
        return status;
    tb_service_unlock_changed(m);
    int matches = tb_password_matches(s->instrument.pin_hash, s->request->pin);
    tb_service_lock_to_change(m);
    if (matches)
        return TB_OK;
    return refuse(s, answer, s->instrument.attempts + 1 >= TB_PIN_ATTEMPTS ? "pin_locked" : "pin_wrong");
}

static tb_status open_token(tb_management *m, sale *s)
{
    tb_bytes plain = {0};
    tb_status status = tb_open(&m->keys->token, tb_span_of(s->instrument.id.bytes, sizeof s->instrument.id.bytes),
                               tb_bytes_span(&s->instrument.token_sealed), &plain);
    if (status == TB_OK && plain.size >= sizeof s->token)
        status = TB_DB_CORRUPT;
    if (status == TB_OK) {
        memcpy(s->token, plain.data, plain.size);
        s->token[plain.size] = '\0';
    }
    tb_bytes_free(&plain);
    return status;
}

static tb_status write_pending(tb_management *m, sale *s)
{
    const char *shop = tb_facts_text(&s->terminal->row.attributes, "shop");
    s->payment = (tb_payment){.id = s->request->id,
                              .visit = s->request->visit,
                              .instrument = s->instrument.id,
                              .state = TB_PAYMENT_PENDING,
                              .amount = s->request->amount,
                              .at = s->now};
    snprintf(s->payment.touchpoint, sizeof s->payment.touchpoint, "%s", s->request->touchpoint);
    snprintf(s->payment.merchant, sizeof s->payment.merchant, "%.50s", *shop ? shop : s->request->touchpoint);
    snprintf(s->payment.currency, sizeof s->payment.currency, "%s", s->request->currency);
    snprintf(s->payment.deliver, sizeof s->payment.deliver, "%s", s->request->deliver);
    tb_status status = tb_payment_insert(m->db, &s->payment);
    if (status == TB_OK && s->request->pin[0])
        status = tb_instrument_attempts_set(m->db, s->instrument.id, 0);
    return status;
}

/* A payment of this id is there already: the same sale goes on, any other is refused. */
static tb_status resume(tb_management *m, sale *s, tb_answer *answer)
{
    const tb_request *r = s->request;
    if (!tb_id_is_zero(s->payment.visit) &&
        (!tb_id_equal(s->payment.visit, r->visit) || s->payment.amount != r->amount ||
         strcmp(s->payment.currency, r->currency) != 0 || strcmp(s->payment.touchpoint, r->touchpoint) != 0))
        return TB_CONFLICT;
    if (s->payment.state != TB_PAYMENT_PENDING)
        return refuse(s, answer, "declined"); /* voided: what was answered otherwise has been found already */
    tb_status status = tb_instrument_get(m->db, s->payment.instrument, &s->instrument);
    return status == TB_NOT_FOUND ? refuse(s, answer, "declined") : status;
}

/* A new sale, up to its row PENDING. */
static tb_status begin(tb_management *m, sale *s, tb_answer *answer)
{
    tb_status status = judge(m, s, answer);
    if (status == TB_OK && !s->decided)
        status = check_pin(m, s, answer);
    if (status != TB_OK || s->decided)
        return status;
    status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, write_pending(m, s)); /* P1 */
    if (status != TB_EXISTS)
        return status;
    status = tb_payment_get(m->db, s->request->id, &s->payment); /* another thread was here while the PIN was checked */
    tb_instrument_free(&s->instrument);
    return status == TB_OK ? resume(m, s, answer) : status;
}

/* Everything up to the question to the provider. */
static tb_status prepare(tb_management *m, sale *s, tb_answer *answer)
{
    tb_status status = tb_answer_before(m, s->request, answer);
    s->decided = s->stored = status == TB_OK;
    if (status != TB_NOT_FOUND)
        return status;
    status = tb_payment_get(m->db, s->request->id, &s->payment);
    if (status == TB_OK)
        status = resume(m, s, answer);
    else if (status == TB_NOT_FOUND)
        status = begin(m, s, answer);
    return status == TB_OK && !s->decided ? open_token(m, s) : status;
}

static tb_status book(tb_management *m, sale *s, tb_answer *answer)
{
    char instrument[TB_ID_TEXT_SIZE];
    tb_transfer transfer;
    tb_passage passage = {.at = s->now, .visit = s->payment.visit, .kind = "payment"};
    tb_status status =
        tb_transfer_purchase(s->payment.id, tb_id_text(s->payment.instrument, instrument), s->payment.merchant,
                             m->provider->name, s->payment.amount, s->payment.currency, &transfer);
    if (status == TB_OK)
        status = tb_transfer_post(m->db, &transfer, s->now);
    if (status == TB_OK)
        status = tb_payment_state_set(m->db, s->payment.id, TB_PAYMENT_DONE);
    if (status == TB_OK && s->payment.deliver[0])
        status = tb_item_insert(m->db, tb_id_random(), s->booking.person, s->payment.deliver, s->payment.id, s->now);
    if (status == TB_OK)
        status = tb_recompute_visit(m, s->payment.visit, TB_RECOMPUTE_CHANGES);
    snprintf(passage.touchpoint, sizeof passage.touchpoint, "%s", s->payment.touchpoint);
    const tb_terminal *terminal = tb_terminal_find(m, s->payment.touchpoint);
    snprintf(passage.role, sizeof passage.role, "%s", terminal ? terminal->row.role : "");
    if (status == TB_OK)
        status = tb_passage_record(m, &passage);
    if (status == TB_OK)
        status = tb_answer_admitted(answer, s->request, s->payment.visit);
    if (status == TB_OK)
        status = tb_facts_set_int(&answer->fields, "amount", s->payment.amount);
    return status == TB_OK ? tb_answer_remember(m, s->request, answer, s->now) : status; /* P2 */
}

static tb_status end_unpaid(tb_management *m, sale *s, tb_answer *answer, tb_payment_state state)
{
    tb_status status = state == s->payment.state ? TB_OK : tb_payment_state_set(m->db, s->payment.id, state);
    if (status == TB_OK)
        status = refuse(s, answer, "declined");
    return status == TB_OK ? tb_answer_remember(m, s->request, answer, s->now) : status;
}

/* The provider has spoken. Meanwhile the sale may have been voided, or its person have left. */
static tb_status conclude(tb_management *m, sale *s, tb_status authorised, tb_answer *answer)
{
    tb_status status = tb_answer_before(m, s->request, answer);
    if (status != TB_NOT_FOUND)
        return status;
    status = tb_payment_get(m->db, s->request->id, &s->payment);
    if (status != TB_OK)
        return status;
    if (s->payment.state != TB_PAYMENT_PENDING)
        return end_unpaid(m, s, answer, authorised == TB_OK ? TB_PAYMENT_REVERSING : s->payment.state);
    if (authorised == TB_DECLINED)
        return end_unpaid(m, s, answer, TB_PAYMENT_DECLINED);
    status = tb_booking_get(m->db, s->payment.visit, &s->booking);
    if (status == TB_NOT_FOUND)
        return end_unpaid(m, s, answer, TB_PAYMENT_REVERSING);
    return status == TB_OK ? book(m, s, answer) : status;
}

/* P4 */
static tb_status keep_refusal(tb_management *m, const sale *s, const tb_answer *answer)
{
    tb_status status = tb_change_begin(m);
    return status == TB_OK ? tb_change_end(m, tb_answer_remember(m, s->request, answer, s->now)) : status;
}

static tb_status pay(tb_management *m, sale *s, tb_answer *answer)
{
    tb_service_lock_to_change(m);
    tb_status status = prepare(m, s, answer);
    if (status == TB_OK && s->decided && !s->stored)
        status = keep_refusal(m, s, answer);
    tb_service_unlock_changed(m);
    if (status != TB_OK || s->decided)
        return status;
    tb_status authorised =
        m->provider->authorise(m->provider->context, s->request->id, s->token, s->payment.amount, s->payment.currency);
    if (authorised != TB_OK && authorised != TB_DECLINED)
        return authorised; /* stays PENDING: asked again, voided by the terminal, or reversed by tick */
    tb_service_lock(m);
    status = tb_change_begin(m);
    if (status == TB_OK)
        status = tb_change_end(m, conclude(m, s, authorised, answer));
    tb_service_unlock(m);
    return status;
}

tb_status tb_service_pay(tb_management *m, const tb_request *request, tb_answer *answer)
{
    tb_status status = check_request(request);
    sale *s = status == TB_OK ? tb_secret_alloc(sizeof *s) : NULL;
    if (status == TB_OK && !s)
        status = TB_NO_MEMORY;
    if (status == TB_OK) {
        s->request = request;
        s->now = tb_service_now(m);
        status = pay(m, s, answer);
        tb_instrument_free(&s->instrument);
    }
    tb_secret_free(s);
    return status == TB_OK ? TB_OK : tb_answer_failed(answer, request, status);
}

/* ---- undoing ---- */

static tb_id reversal_of(tb_id payment)
{
    uint8_t hash[32], text[7 + 16] = "reverse";
    tb_id id;
    memcpy(text + 7, payment.bytes, 16);
    tb_sha256(tb_span_of(text, sizeof text), hash);
    memcpy(id.bytes, hash, sizeof id.bytes);
    return id;
}

static tb_status reverse_booked(tb_management *m, const tb_payment *payment)
{
    tb_transfer done, back;
    tb_id person;
    tb_status status = tb_transfer_get(m->db, payment->id, &done);
    if (status == TB_OK)
        status = tb_transfer_reverse(&done, reversal_of(payment->id), &back);
    if (status == TB_OK)
        status = tb_transfer_post(m->db, &back, tb_service_now(m));
    if (status != TB_OK)
        return status;
    status = tb_item_of_payment(m->db, payment->id, &person);
    if (status == TB_NOT_FOUND)
        return TB_OK;
    if (status == TB_OK)
        status = tb_items_remove_of_payment(m->db, payment->id);
    return status == TB_OK ? tb_person_recompute(m, person, TB_RECOMPUTE_CHANGES) : status;
}

tb_status tb_payment_void(tb_management *m, tb_id id, const char *touchpoint)
{
    tb_payment payment;
    tb_ahead_drop(m); /* items go with it */
    tb_status status = tb_payment_get(m->db, id, &payment);
    if (status == TB_NOT_FOUND) { /* the void has overtaken the payment: a tombstone refuses it */
        payment = (tb_payment){.id = id, .state = TB_PAYMENT_VOIDED, .at = tb_service_now(m)};
        snprintf(payment.touchpoint, sizeof payment.touchpoint, "%s", touchpoint);
        return tb_payment_insert(m->db, &payment);
    }
    if (status != TB_OK)
        return status;
    if (strcmp(payment.touchpoint, touchpoint) != 0) {
        char text[TB_ID_TEXT_SIZE];
        tb_log(TB_LOG_WARNING, "management", "touchpoint %s may not void payment %s of another", touchpoint,
               tb_id_text(id, text));
        return TB_OK;
    }
    if (payment.state != TB_PAYMENT_PENDING && payment.state != TB_PAYMENT_DONE)
        return TB_OK;
    if (payment.state == TB_PAYMENT_DONE)
        status = reverse_booked(m, &payment);
    return status == TB_OK ? tb_payment_state_set(m->db, id, TB_PAYMENT_REVERSING) : status;
}

static tb_status give_up(tb_management *m, tb_time before)
{
    tb_ids pending = {0};
    tb_status status = tb_payments_in_state(m->db, TB_PAYMENT_PENDING, before, &pending);
    if (status == TB_OK && pending.count) {
        status = tb_change_begin(m);
        if (status == TB_OK) {
            for (size_t i = 0; i < pending.count && status == TB_OK; i++)
                status = tb_payment_state_set(m->db, pending.items[i], TB_PAYMENT_REVERSING);
            status = tb_change_end(m, status);
        }
    }
    tb_ids_free(&pending);
    return status;
}

static tb_status mark_voided(tb_management *m, tb_id id)
{
    tb_payment payment;
    tb_service_lock_to_change(m);
    tb_status status = tb_payment_get(m->db, id, &payment);
    if (status == TB_OK && payment.state == TB_PAYMENT_REVERSING) {
        status = tb_change_begin(m);
        if (status == TB_OK)
            status = tb_change_end(m, tb_payment_state_set(m->db, id, TB_PAYMENT_VOIDED));
    }
    tb_service_unlock_changed(m);
    return status;
}

tb_status tb_payments_settle(tb_management *m, tb_time before)
{
    tb_ids reversing = {0};
    tb_service_lock_to_change(m);
    tb_status status = give_up(m, before);
    if (status == TB_OK)
        status = tb_payments_in_state(m->db, TB_PAYMENT_REVERSING, TB_TIME_NEVER, &reversing);
    tb_service_unlock_changed(m);
    for (size_t i = 0; i < reversing.count; i++) { /* one that the provider does not take holds up no other */
        tb_status one = m->provider->reverse(m->provider->context, reversing.items[i]); /* idempotent: P3 */
        if (one == TB_OK)
            one = mark_voided(m, reversing.items[i]);
        status = status == TB_OK ? one : status;
    }
    tb_ids_free(&reversing);
    return status;
}
