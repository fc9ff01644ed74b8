/* effects.c: the machine's effects, performed. Everything here runs on the machine's thread and owns the hold. */
#include "terminal/terminal_private.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define WAIT_IDENTIFY_MS 3000
#define WAIT_CHECKIN_MS 6000
#define WAIT_PAY_MS 3000
#define WAIT_OFFER_MS 1000

static void begin_capture(tb_terminal *t)
{
    tb_image page = {0};
    if (t->role.kind == TB_KIND_CHECKIN && !t->role.by_reference && t->hold->page.data &&
        tb_image_copy(&t->hold->page, &page) != TB_OK)
        tb_log(TB_LOG_ERROR, "terminal", "out of memory for the picture of a passport");
    tb_post_order(t, 1, t->machine.ticket, t->role.group ? t->machine.now_serving.track : 0, &page);
}

/* The probe of the model in force, and those of former ones. */
static tb_status fill_probes(const tb_hold *hold, tb_request *request)
{
    tb_status status = hold->probe_count ? tb_template_encode(&hold->probes[0], &request->probe) : TB_INTERNAL;
    for (int i = 1; i < hold->probe_count && status == TB_OK; i++)
        status = tb_template_encode(&hold->probes[i], &request->former[request->former_count++]);
    return status;
}

/* X12, S6: who was recognised beyond doubt and let through: the server may keep what was seen (doc/adr/029). Without
 * liveness a terminal runs with simulated cameras only. When it cannot be sent now, the next passage offers again. */
static void offer(tb_terminal *t)
{
    const tb_transaction *s = &t->machine.now_serving;
    const tb_hold *hold = t->hold;
    if (!t->role.offers_templates || s->inside != TB_INSIDE_NO || s->outcome != TB_OUTCOME_ADMITTED ||
        !hold->probe_count || tb_id_is_zero(hold->certain) || !tb_id_equal(hold->certain, s->visit) ||
        (!hold->by_former && hold->probes[0].quality < TB_OFFER_QUALITY))
        return;
    tb_request *request = tb_secret_alloc(sizeof *request);
    tb_status status = request ? TB_OK : TB_NO_MEMORY;
    if (status == TB_OK) {
        *request = (tb_request){
            .id = tb_id_random(), .kind = TB_REQUEST_TEMPLATE, .at = tb_site_clock_now(t->clock), .visit = s->visit};
        memcpy(request->touchpoint, t->registration.touchpoint, sizeof request->touchpoint);
        status = fill_probes(hold, request);
        if (status == TB_OK)
            status = tb_link_offer(t->link, request, WAIT_OFFER_MS);
        tb_request_free(request);
    }
    tb_secret_free(request);
    if (status != TB_OK && status != TB_BUS_DOWN && status != TB_CONFLICT)
        tb_log(TB_LOG_WARNING, "terminal", "a template could not be offered: %s", tb_status_name(status));
}

static void wipe(tb_terminal *t)
{
    tb_post_order(t, 0, 0, 0, NULL);
    tb_wipe(t->hold->probes, sizeof t->hold->probes);
    t->hold->probe_count = t->hold->matched_document = t->hold->by_former = 0;
    t->hold->certain = (tb_id){{0}};
    t->hold->document_score = 0;
    if (t->machine.now_serving.agreed < 0) /* no consent: the passport's picture goes, too */
        tb_image_free(&t->hold->page);
}

static void forget(tb_terminal *t)
{
    tb_image_free(&t->hold->page);
    tb_wipe(t->hold, sizeof *t->hold);
}

/* What the list says of somebody, for the machine: their visit, and outside of its window the reason. */
static void take_match(tb_terminal *t, const tb_list_match *match, tb_machine_input *in)
{
    in->identity = match->identity;
    in->judgement = match->judgement;
    in->visit = match->visit;
    in->fields = match->fields;
    if (match->identity != TB_THIS_PERSON || match->judgement == TB_ADMIT)
        return;
    const char *reason = match->judgement == TB_EARLY ? t->role.early_reason : t->role.late_reason;
    snprintf(in->reason, sizeof in->reason, "%s", reason && reason[0] ? reason : "not_sure");
    const char *name = match->judgement == TB_EARLY ? "from" : "until"; /* as sentences expect the window's times */
    in->status = tb_facts_set_time(&in->fields, name, match->judgement == TB_EARLY ? match->from : match->until);
}

/* A list of which the server has not said for too long that it is whole is not used: whoever stands there is the
 * server's to know, where the role asks it at all. */
static int list_is_stale(tb_terminal *t, tb_machine_input *in)
{
    tb_link_view link;
    tb_link_look(t->link, &link);
    if (!link.stale)
        return 0;
    in->identity = TB_NOBODY;
    in->status = t->role.asks_server && link.connected ? TB_OK : TB_STALE;
    return 1;
}

static void match_list(tb_terminal *t, tb_machine_input *in)
{
    tb_list_match match;
    if (list_is_stale(t, in))
        return;
    in->status = tb_list_identify(t->list, t->role.fpir, t->hold->probes, t->hold->probe_count,
                                  tb_site_clock_now(t->clock), &match);
    if (in->status != TB_OK)
        return;
    if (match.certain && match.judgement == TB_ADMIT) {
        t->hold->certain = match.visit;
        t->hold->by_former = match.by_former;
    }
    take_match(t, &match, in);
}

/* The sentences of these are of every profile that asks for a reference. */
static void match_held(tb_terminal *t, tb_machine_input *in)
{
    uint8_t hash[TB_REFERENCE_HASH_SIZE];
    tb_list_held held;
    if (list_is_stale(t, in)) /* the server compares face and reference as well (tb_service_identify_held) */
        return;
    in->status = tb_reference_hash(t->feed_key, t->hold->reference, hash);
    if (in->status == TB_OK)
        in->status = tb_list_identify_held(t->list, hash, t->hold->probes, t->hold->probe_count,
                                           tb_site_clock_now(t->clock), &held);
    if (in->status != TB_OK)
        return;
    tb_link_view link;
    tb_link_look(t->link, &link);
    int server_knows_more = held.used && t->role.asks_server && link.connected; /* the profile's own reason */
    in->identity = held.named || (held.used && !server_knows_more) ? TB_THIS_PERSON : TB_NOBODY;
    in->judgement = TB_DENY;
    in->visit = held.match.visit;
    if (held.named && held.match.identity == TB_THIS_PERSON)
        take_match(t, &held.match, in);
    else /* of the one nothing is told to the other */
        snprintf(in->reason, sizeof in->reason, "%s",
                 held.named  ? "other_face"
                 : held.used ? "reference_used"
                             : "reference_unknown");
    tb_wipe(&held, sizeof held);
}

void tb_effect_match(tb_terminal *t)
{
    tb_machine_input in = {.kind = TB_INPUT_MATCHED};
    if (!t->hold->probe_count) {
        in.status = TB_INTERNAL;
    } else if (t->role.kind == TB_KIND_CHECKIN && t->role.by_reference) {
        in.identity = TB_THIS_PERSON; /* there is no picture to compare with: the server's rules decide (ADR 053) */
    } else if (t->role.kind == TB_KIND_CHECKIN) {
        int same = t->hold->matched_document && t->hold->document_score >= t->calibration.verification;
        in.identity = same ? TB_THIS_PERSON : TB_NOBODY;
    } else if (t->machine.now_serving.reference) {
        match_held(t, &in);
    } else {
        match_list(t, &in);
    }
    tb_inner_push(t, &in);
}

static tb_status fill_checkin(tb_terminal *t, tb_request *request)
{
    const tb_hold *hold = t->hold;
    request->kind = TB_REQUEST_CHECKIN;
    memcpy(request->mrz, hold->documents.mrz_text, sizeof request->mrz);
    memcpy(request->boarding_pass, hold->documents.bcbp_text, sizeof request->boarding_pass);
    if (t->role.by_reference)
        memcpy(request->boarding_pass, hold->reference, sizeof hold->reference);
    request->consent = t->machine.now_serving.agreed > 0;
    if (!request->consent)
        return TB_OK;
    memcpy(request->also, hold->also, sizeof request->also);
    request->document_score = hold->document_score;
    return fill_probes(hold, request);
}

static tb_status fill(tb_terminal *t, tb_request *request, int *wait_ms)
{
    const tb_transaction *s = &t->machine.now_serving;
    *request = (tb_request){.id = s->request, .at = tb_site_clock_now(t->clock)};
    memcpy(request->touchpoint, t->registration.touchpoint, sizeof request->touchpoint);
    switch (s->question) {
    case TB_QUESTION_IDENTIFY:
        *wait_ms = WAIT_IDENTIFY_MS;
        request->kind = TB_REQUEST_IDENTIFY;
        memcpy(request->reference, t->hold->reference, sizeof request->reference);
        return fill_probes(t->hold, request);
    case TB_QUESTION_CHECKIN:
        *wait_ms = WAIT_CHECKIN_MS;
        return fill_checkin(t, request);
    case TB_QUESTION_PAY:
        *wait_ms = WAIT_PAY_MS;
        request->kind = TB_REQUEST_PAY;
        request->visit = s->visit;
        request->amount = s->amount;
        memcpy(request->currency, s->currency, sizeof request->currency);
        memcpy(request->pin, t->hold->pin, sizeof request->pin);
        memcpy(request->deliver, t->hold->deliver, sizeof request->deliver);
        request->staff_confirmed = s->staff_confirmed;
        return TB_OK;
    case TB_QUESTION_NONE:
        break;
    }
    return TB_INTERNAL;
}

static void ask(tb_terminal *t)
{
    tb_request *request = tb_secret_alloc(sizeof *request);
    int wait_ms = 0;
    tb_status status = request ? fill(t, request, &wait_ms) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_link_ask(t->link, request, wait_ms);
    if (request)
        tb_request_free(request);
    tb_secret_free(request);
    if (status != TB_OK) {
        tb_log(TB_LOG_WARNING, "terminal", "a question could not be sent: %s", tb_status_name(status));
        tb_machine_input in = {.kind = TB_INPUT_ANSWER,
                               .about = t->machine.now_serving.request,
                               .verdict = TB_ANSWER_FAILED,
                               .status = status};
        tb_inner_push(t, &in);
    }
}

static void written(tb_terminal *t, tb_status status)
{
    tb_machine_input in = {.kind = TB_INPUT_RECORDED, .status = status};
    t->last_write = status;
    if (status != TB_OK)
        tb_log(TB_LOG_ERROR, "terminal", "edge.db could not be written: %s", tb_status_sentence(status));
    tb_inner_push(t, &in);
}

static void record(tb_terminal *t)
{
    tb_event event;
    tb_drop drop = {t->machine.now_serving.visit, tb_list_sequence_of(t->list, t->machine.now_serving.visit)};
    tb_status status = tb_machine_event(&t->machine, &event);
    if (status == TB_OK)
        status = tb_edge_store_record(t->store, &event, tb_site_clock_now(t->clock),
                                      tb_machine_drops(&t->machine) ? &drop : NULL);
    written(t, status);
}

static void void_payment(tb_terminal *t)
{
    tb_event event;
    tb_status status = tb_machine_event(&t->machine, &event);
    if (status == TB_OK)
        status =
            tb_edge_store_payment_void(t->store, t->machine.now_serving.request, &event, tb_site_clock_now(t->clock));
    written(t, status == TB_NOT_FOUND ? TB_OK : status); /* gone already: it was voided (E2) */
}

static void actuated(void *context, uint64_t ticket, tb_status status)
{
    tb_machine_input in = {.kind = TB_INPUT_ACTUATED, .ticket = ticket, .status = status};
    tb_post(context, &in);
}

static void actuate(tb_terminal *t)
{
    t->opened = (tb_opened){t->machine.ticket, t->machine.now_serving.visit};
    tb_status status = tb_actuator_open(t->actuator, t->machine.ticket, actuated, t);
    if (status == TB_OK)
        return;
    tb_machine_input in = {.kind = TB_INPUT_ACTUATED, .ticket = t->machine.ticket, .status = status};
    tb_inner_push(t, &in);
}

static void tell_doors(tb_terminal *t)
{
    tb_inside inside = t->machine.now_serving.inside;
    tb_status status = tb_actuator_ask(t->actuator, inside == TB_INSIDE_SAME    ? TB_INTERLOCK_SAME
                                                    : inside == TB_INSIDE_OTHER ? TB_INTERLOCK_STRANGER
                                                                                : TB_INTERLOCK_DOUBT);
    if (status != TB_OK) /* they are not between the doors any more: INSIDE is on its way */
        tb_log(TB_LOG_INFO, "terminal", "what is known of the person inside came too late for the doors");
}

void tb_effect_perform(tb_terminal *t, tb_effect_kind kind)
{
    const tb_transaction *s = &t->machine.now_serving;
    switch (kind) {
    case TB_EFFECT_CAPTURE:
        begin_capture(t);
        break;
    case TB_EFFECT_STOP:
        tb_post_order(t, 0, 0, 0, NULL);
        break;
    case TB_EFFECT_MATCH:
        t->match_due = 1;
        break;
    case TB_EFFECT_WIPE:
        offer(t);
        wipe(t);
        break;
    case TB_EFFECT_FORGET:
        forget(t);
        break;
    case TB_EFFECT_ASK:
        ask(t);
        break;
    case TB_EFFECT_KEEP_PAYMENT:
        written(t, tb_edge_store_payment_keep(t->store, s->request, s->visit, tb_site_clock_now(t->clock)));
        break;
    case TB_EFFECT_CLOSE_PAYMENT:
        written(t, tb_edge_store_payment_close(t->store, s->request));
        break;
    case TB_EFFECT_VOID_PAYMENT:
        void_payment(t);
        break;
    case TB_EFFECT_RECORD:
        record(t);
        break;
    case TB_EFFECT_PUBLISH:
        tb_link_wake(t->link);
        break;
    case TB_EFFECT_DROP:
        if (tb_list_drop(t->list, s->visit, 0) != TB_OK)
            tb_log(TB_LOG_ERROR, "terminal", "an entry that was used up could not be dropped");
        break;
    case TB_EFFECT_ACTUATE:
        actuate(t);
        break;
    case TB_EFFECT_TELL_DOORS:
        tell_doors(t);
        break;
    case TB_EFFECT_SHOW:
        break; /* the view is published after every step */
    }
}
