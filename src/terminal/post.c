/* post.c: the mailbox between the threads, and the machine's thread. Zone and capture are single slots: a newer one
 * replaces an unread one, nothing is queued. */
#include "terminal/doors.h"
#include "terminal/terminal_private.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define INNER_MOST 8
#define TICK (200 * (TB_SECOND / 1000))
#define REGISTRATION_PAUSE (2 * TB_SECOND) /* doubled each time, up to ... */
#define REGISTRATION_PAUSE_MOST (32 * TB_SECOND)

struct timespec tb_monotonic_after(int64_t microseconds)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t nanoseconds = at.tv_nsec + microseconds % TB_SECOND * 1000;
    at.tv_sec += (time_t)(microseconds / TB_SECOND + nanoseconds / 1000000000);
    at.tv_nsec = (long)(nanoseconds % 1000000000);
    return at;
}

static void init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

tb_status tb_post_init(tb_terminal *t)
{
    pthread_mutex_init(&t->mutex, NULL);
    pthread_mutex_init(&t->view_mutex, NULL);
    init_cond(&t->wake);
    init_cond(&t->answered);
    init_cond(&t->view_changed);
    t->last = &t->first;
    snprintf(t->camera_text, sizeof t->camera_text, "starting");
    t->hold = tb_secret_alloc(sizeof *t->hold);
    t->inner = calloc(INNER_MOST, sizeof *t->inner);
    return t->hold && t->inner ? TB_OK : TB_NO_MEMORY;
}

/* What a letter says may name a person. */
static void free_letter(tb_letter *letter)
{
    tb_wipe(letter, sizeof *letter);
    free(letter);
}

void tb_post_end(tb_terminal *t)
{
    while (t->first) {
        tb_letter *letter = t->first;
        t->first = letter->next;
        free_letter(letter); /* nobody waits any more: HTTP has ended */
    }
    tb_image_free(&t->order.page);
    tb_secret_free(t->captured.probe);
    if (t->hold)
        tb_image_free(&t->hold->page);
    tb_secret_free(t->hold);
    free(t->inner);
    pthread_cond_destroy(&t->wake);
    pthread_cond_destroy(&t->answered);
    pthread_cond_destroy(&t->view_changed);
    pthread_mutex_destroy(&t->mutex);
    pthread_mutex_destroy(&t->view_mutex);
}

static void put(tb_terminal *t, tb_letter *letter)
{
    letter->next = NULL;
    *t->last = letter;
    t->last = &letter->next;
    pthread_cond_signal(&t->wake);
}

tb_status tb_post_and_wait(tb_terminal *t, const tb_machine_input *input, tb_payload *payload, tb_error *why)
{
    tb_letter *letter = calloc(1, sizeof *letter);
    if (!letter)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    letter->input = *input;
    letter->payload = payload;
    letter->waited_for = 1;
    pthread_mutex_lock(&t->mutex);
    if (t->stopping)
        letter->done = 1, letter->status = TB_CONFLICT;
    else
        put(t, letter);
    while (!letter->done)
        pthread_cond_wait(&t->answered, &t->mutex);
    pthread_mutex_unlock(&t->mutex);
    tb_status status = letter->status;
    if (status != TB_OK && why)
        *why = letter->why;
    free_letter(letter);
    return status;
}

void tb_post(tb_terminal *t, const tb_machine_input *input)
{
    tb_letter *letter = calloc(1, sizeof *letter);
    if (!letter) {
        tb_log(TB_LOG_ERROR, "terminal", "out of memory: an input is lost, its deadline will end the wait");
        return;
    }
    letter->input = *input;
    pthread_mutex_lock(&t->mutex);
    put(t, letter);
    pthread_mutex_unlock(&t->mutex);
}

void tb_post_refresh(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    t->refresh = 1;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->mutex);
}

void tb_post_order(tb_terminal *t, int arm, uint64_t ticket, uint32_t focus, tb_image *page)
{
    pthread_mutex_lock(&t->mutex);
    tb_image_free(&t->order.page);
    t->order.is_new = 1;
    t->order.arm = arm;
    t->order.ticket = ticket;
    t->order.focus = focus;
    t->order.inside = t->machine.now_serving.inside != TB_INSIDE_NO;
    if (page) {
        t->order.page = *page;
        *page = (tb_image){0};
    }
    if (!arm) { /* what is not read yet is of a burst that was given up (M2) */
        tb_secret_free(t->captured.probe);
        memset(&t->captured, 0, sizeof t->captured);
    }
    pthread_mutex_unlock(&t->mutex);
}

/* ---- the machine's thread ---- */

void tb_inner_push(tb_terminal *t, const tb_machine_input *input)
{
    assert(t->inner_count < INNER_MOST); /* one effect gives back one input, and a step has few effects that do */
    t->inner[(t->inner_first + t->inner_count++) % INNER_MOST] = *input;
}

static void note_decision(tb_terminal *t, const tb_machine *before)
{
    const tb_transaction *s = &t->machine.now_serving;
    tb_last *last = &t->fresh->last;
    if (t->machine.phase == TB_PHASE_DECIDED && before->phase != TB_PHASE_DECIDED) {
        *last = (tb_last){.is_set = 1,
                          .transaction = s->id,
                          .visit = s->visit,
                          .outcome = s->outcome,
                          .fields = s->fields,
                          .duration = s->duration,
                          .from_server = s->from_server};
        memcpy(last->reason, s->reason, sizeof last->reason);
        if (!last->reason[0] && s->failure != TB_OK)
            snprintf(last->reason, sizeof last->reason, "%.31s", tb_status_name(s->failure));
        t->fresh->decisions++;
    } else if (last->is_set && t->machine.phase == TB_PHASE_REPORTING && before->phase == TB_PHASE_ACTUATING) {
        last->outcome = s->outcome; /* the gate may not have opened */
    } else if (t->machine.phase == TB_PHASE_IDLE && before->phase != TB_PHASE_IDLE) {
        if (t->role.kind == TB_KIND_SIGN) /* S2 */
            memset(&last->visit, 0, sizeof last->visit);
        memset(&last->fields, 0, sizeof last->fields); /* M7: the next person reads nothing about this one */
    }
}

static tb_status one_step(tb_terminal *t, const tb_machine_input *input)
{
    tb_effects effects;
    tb_machine before = t->machine, after;
    tb_machine_input named = *input;
    named.fresh = tb_id_random();
    tb_status status = tb_machine_step(&before, &named, tb_clock_monotonic(), &after, &effects);
    if (status == TB_OK) {
        t->machine = after;
        note_decision(t, &before);
        for (int i = 0; i < effects.count; i++)
            tb_effect_perform(t, effects.kinds[i]);
    }
    tb_wipe(&before, sizeof before);
    tb_wipe(&after, sizeof after);
    tb_wipe(&named, sizeof named);
    return status;
}

/* Steps until nothing more comes back from the effects; DECIDED goes on at once. */
static void settle(tb_terminal *t)
{
    for (;;) {
        if (t->match_due) {
            t->match_due = 0;
            if (t->machine.phase == TB_PHASE_MATCHING || t->machine.now_serving.inside == TB_INSIDE_MATCHING)
                tb_effect_match(t);
        } else if (t->inner_count) {
            tb_machine_input input = t->inner[t->inner_first];
            tb_wipe(&t->inner[t->inner_first], sizeof t->inner[0]); /* an answer names somebody */
            t->inner_first = (t->inner_first + 1) % INNER_MOST;
            t->inner_count--;
            (void)!one_step(t, &input);
            tb_wipe(&input, sizeof input);
        } else if (t->machine.phase == TB_PHASE_DECIDED) {
            tb_view_publish(t);
            (void)!one_step(t, &(tb_machine_input){.kind = TB_INPUT_TICK});
        } else {
            return;
        }
    }
}

/* The documents are judged here, where the other one is known. */
static void judge_documents(tb_terminal *t, tb_letter *letter, tb_documents *judged)
{
    tb_date today = tb_local_date(tb_site_clock_now(t->clock), tb_terminal_offset(t));
    tb_phase phase = t->machine.phase;
    if (phase == TB_PHASE_ASKING)
        *judged = t->hold->documents; /* a new transaction begins with nothing */
    if (letter->input.kind == TB_INPUT_PASSPORT) {
        judged->has_passport = 0;
        letter->input.status =
            tb_documents_passport(judged, letter->payload->text, today, letter->input.reason, &letter->why);
    } else {
        judged->has_pass = 0;
        letter->input.status =
            tb_documents_pass(judged, letter->payload->text, today, letter->input.reason, &letter->why);
    }
}

/* A reference is read by the profile's form; the payload then bears it as it was told to the server. */
static void judge_reference(tb_terminal *t, tb_letter *letter)
{
    char read[TB_REFERENCE_SIZE];
    letter->input.status = tb_profile_reference_read(t->options.profile, letter->payload->text, read);
    snprintf(letter->input.reason, TB_NAME_SIZE, "%s", letter->input.status == TB_OK ? "" : "check_digit");
    tb_wipe(letter->payload->text, sizeof letter->payload->text);
    memcpy(letter->payload->text, read, sizeof read);
    tb_wipe(read, sizeof read);
}

/* What came with the input is kept only after the machine has taken it, and after the effects that forget the last
 * person. */
static void keep_payload(tb_terminal *t, tb_letter *letter, const tb_documents *judged)
{
    tb_hold *hold = t->hold;
    switch (letter->input.kind) {
    case TB_INPUT_PASSPORT:
        tb_image_free(&hold->page);
        hold->page = letter->payload->page;
        letter->payload->page = (tb_image){0};
        hold->documents = *judged;
        break;
    case TB_INPUT_BOARDING_PASS:
        hold->documents = *judged;
        break;
    case TB_INPUT_PIN:
        memcpy(hold->pin, letter->payload->text, sizeof hold->pin);
        hold->pin[sizeof hold->pin - 1] = '\0';
        break;
    case TB_INPUT_REFERENCE:
        memcpy(hold->reference, letter->payload->text, sizeof hold->reference);
        break;
    case TB_INPUT_CONSENT:
        snprintf(hold->also, sizeof hold->also, "%.127s", letter->input.yes ? letter->payload->text : "");
        break;
    case TB_INPUT_SALE:
        memcpy(hold->deliver, letter->payload->deliver, sizeof hold->deliver);
        break;
    default:
        break;
    }
}

static void take_letter(tb_terminal *t, tb_letter *letter)
{
    tb_documents *judged = NULL;
    int is_document = letter->input.kind == TB_INPUT_PASSPORT || letter->input.kind == TB_INPUT_BOARDING_PASS;
    letter->status = TB_OK;
    if (is_document && !(judged = tb_secret_alloc(sizeof *judged))) {
        letter->status = TB_NO_MEMORY;
        return;
    }
    if (is_document)
        judge_documents(t, letter, judged);
    else if (letter->input.kind == TB_INPUT_REFERENCE)
        judge_reference(t, letter);
    t->last_write = TB_OK;
    tb_status status = one_step(t, &letter->input);
    if (status == TB_OK && letter->payload && letter->input.status == TB_OK)
        keep_payload(t, letter, judged);
    settle(t);
    tb_secret_free(judged);
    if (status == TB_OK && letter->input.kind == TB_INPUT_HANDOVER)
        status = t->last_write; /* "handed over" is only answered when it is durable */
    letter->status = status;
    if (status == TB_CONFLICT)
        (void)tb_fail(&letter->why, status, "not now: the terminal is %s", tb_phase_name(t->machine.phase));
    else if (status != TB_OK)
        (void)tb_fail(&letter->why, status, "%s", tb_status_sentence(status));
}

static void unregistered(tb_terminal *t, tb_letter *letter)
{
    letter->status = tb_fail(&letter->why, TB_CONFLICT, "%s",
                             tb_has_ended(t) ? "this terminal is out of service: it was wiped by order of its server"
                                             : "this terminal is not registered yet: its server cannot be reached");
}

/* Takes everything out of the mailbox and feeds it in this order: letters, zone, capture (M1: the zone before the
 * capture). */
static void deliver(tb_terminal *t, int active)
{
    for (;;) {
        pthread_mutex_lock(&t->mutex);
        tb_letter *letter = t->first;
        if (letter && !(t->first = letter->next))
            t->last = &t->first;
        pthread_mutex_unlock(&t->mutex);
        if (!letter)
            return;
        int waited_for = letter->waited_for;
        if (active)
            take_letter(t, letter);
        else
            unregistered(t, letter);
        tb_view_publish(t);
        if (!waited_for) {
            free_letter(letter);
            continue;
        }
        pthread_mutex_lock(&t->mutex);
        letter->done = 1;
        pthread_cond_broadcast(&t->answered);
        pthread_mutex_unlock(&t->mutex);
    }
}

/* What the doors say of whoever is between them: their face is wanted, or not any more. */
static void deliver_doors(tb_terminal *t)
{
    tb_machine_input input = {.kind = TB_INPUT_INSIDE, .yes = tb_doors_want_face(t)};
    tb_doors_tell_calls(t);
    if (input.yes == (t->machine.now_serving.inside != TB_INSIDE_NO))
        return;
    (void)!one_step(t, &input);
    settle(t);
}

static void deliver_zone(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    int zone_new = t->zone_new;
    tb_machine_input input = {.kind = TB_INPUT_ZONE, .zone = t->zone};
    t->zone_new = 0;
    if (t->ordered && t->machine.phase == TB_PHASE_IDLE)
        zone_new = 0; /* nobody new is served */
    pthread_mutex_unlock(&t->mutex);
    if (!zone_new)
        return;
    (void)!one_step(t, &input);
    settle(t);
}

static void deliver_challenge(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    int is_new = t->challenge.is_new;
    tb_machine_input input = {.kind = TB_INPUT_CHALLENGE,
                              .ticket = t->challenge.ticket,
                              .yes = t->challenge.yes,
                              .challenge = t->challenge.now};
    t->challenge.is_new = 0;
    pthread_mutex_unlock(&t->mutex);
    if (!is_new)
        return;
    (void)!one_step(t, &input);
    settle(t);
}

static void deliver_capture(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    int is_new = t->captured.is_new;
    tb_machine_input input = {.kind = TB_INPUT_CAPTURED, .status = t->captured.status, .ticket = t->captured.ticket};
    tb_template *probe = t->captured.probe;
    int count = t->captured.probe_count;
    float score = t->captured.document_score;
    int has_score = t->captured.has_score;
    memset(&t->captured, 0, sizeof t->captured);
    pthread_mutex_unlock(&t->mutex);
    int wanted = t->machine.phase == TB_PHASE_CAPTURING || t->machine.now_serving.inside == TB_INSIDE_LOOKING;
    if (is_new && probe && input.ticket == t->machine.ticket && wanted) {
        memcpy(t->hold->probes, probe, (size_t)count * sizeof *probe);
        t->hold->probe_count = count;
        t->hold->document_score = score;
        t->hold->matched_document = has_score;
    }
    tb_secret_free(probe);
    if (!is_new)
        return;
    (void)!one_step(t, &input);
    settle(t);
}

static int wait_for_mail(tb_terminal *t, int active)
{
    int64_t now = tb_clock_monotonic(), wait = TICK;
    if (active && t->machine.deadline < now + wait)
        wait = t->machine.deadline > now ? t->machine.deadline - now : 0;
    struct timespec until = tb_monotonic_after(wait);
    pthread_mutex_lock(&t->mutex);
    while (!t->stopping && !t->first && !t->zone_new && !t->captured.is_new && !t->challenge.is_new && !t->refresh &&
           pthread_cond_timedwait(&t->wake, &t->mutex, &until) != ETIMEDOUT)
        ;
    t->refresh = 0;
    int stopping = t->stopping;
    pthread_mutex_unlock(&t->mutex);
    return !stopping;
}

static int register_when_due(tb_terminal *t)
{
    if (tb_clock_monotonic() < t->retry_at)
        return 0;
    tb_error why = {0};
    tb_status status = tb_try_registration(t, &why);
    t->retry_pause = t->retry_pause ? 2 * t->retry_pause : REGISTRATION_PAUSE;
    if (t->retry_pause > REGISTRATION_PAUSE_MOST)
        t->retry_pause = REGISTRATION_PAUSE_MOST;
    t->retry_at = tb_clock_monotonic() + t->retry_pause;
    if (status != TB_OK && strcmp(tb_error_text(&why), t->retry_told) != 0) { /* once, until it is something else */
        snprintf(t->retry_told, sizeof t->retry_told, "%s", tb_error_text(&why));
        tb_log(TB_LOG_WARNING, "terminal", "not registered yet, trying on: %s", t->retry_told);
    }
    return status == TB_OK;
}

void *tb_machine_main(void *context)
{
    tb_terminal *t = context;
    int active = tb_terminal_is_registered(t);
    tb_view_publish(t);
    while (wait_for_mail(t, active)) {
        if (!active && !tb_has_ended(t))
            active = register_when_due(t);
        deliver(t, active);
        if (active && tb_end_when_ordered(t))
            active = 0;
        if (active)
            tb_restart_when_renewed(t);
        if (active) {
            deliver_doors(t);
            deliver_zone(t);
            deliver_challenge(t);
            deliver_capture(t);
            (void)!one_step(t, &(tb_machine_input){.kind = TB_INPUT_TICK});
            settle(t);
        }
        tb_view_publish(t);
    }
    return NULL;
}

void tb_post_refuse_all(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    for (tb_letter *letter = t->first, *next; letter; letter = next) {
        next = letter->next;
        letter->status = TB_CONFLICT;
        letter->done = 1;
        if (!letter->waited_for)
            free_letter(letter);
    }
    t->first = NULL;
    t->last = &t->first;
    pthread_cond_broadcast(&t->answered);
    pthread_mutex_unlock(&t->mutex);
}
