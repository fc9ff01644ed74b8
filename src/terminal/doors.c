/* doors.c: what an interlock shows, and what may be asked of it over the local interface. */
#include "terminal/doors.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <tebura/log.h>

void tb_doors_look(const tb_actuator *actuator, tb_doors_view *out)
{
    tb_doors now;
    tb_actuator_doors(actuator, &now);
    const tb_interlock *l = &now.interlock;
    memset(out, 0, sizeof *out);
    out->is_there = now.is_there;
    out->state = l->state;
    out->entry_open = l->entry_open;
    out->exit_open = l->exit_open;
    out->sensors = l->sensors;
    out->attention = l->attention;
    out->needs = l->needs;
    out->has = l->has;
    out->cause = l->cause;
}

int tb_doors_want_face(tb_terminal *t)
{
    tb_doors now;
    tb_actuator_doors(t->actuator, &now);
    return now.is_there && now.interlock.state == TB_INTERLOCK_INSIDE && (now.interlock.needs & TB_INTERLOCK_FACE) &&
           t->machine.phase == TB_PHASE_ACTUATING && now.interlock.admitted;
}

/* ---- an attendant is called: the server has to know, also of what happens while it is away ---- */

void tb_doors_called(void *context, uint64_t ticket, tb_interlock_cause cause)
{
    tb_terminal *t = context;
    pthread_mutex_lock(&t->mutex);
    int is_room = t->call_count < TB_CALLS_MAX;
    if (is_room)
        t->calls[t->call_count++] = (tb_call){ticket, cause};
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->mutex);
    tb_log(TB_LOG_WARNING, "doors", "%s: %s%s", cause == TB_INTERLOCK_SEEN_TO ? "an attendant" : "to an attendant",
           tb_interlock_cause_name(cause), is_room ? "" : " (not reported: edge.db could not be written for long)");
}

void tb_doors_tell_calls(tb_terminal *t)
{
    for (;;) {
        pthread_mutex_lock(&t->mutex);
        int count = t->call_count;
        tb_call first = t->calls[0];
        pthread_mutex_unlock(&t->mutex);
        if (!count)
            return;
        tb_event event = {.kind = TB_EVENT_ATTENDANT};
        if (first.ticket && first.ticket == t->opened.ticket)
            event.visit = t->opened.visit;
        snprintf(event.reason, sizeof event.reason, "%s", tb_interlock_cause_name(first.cause));
        if (tb_edge_store_record(t->store, &event, tb_site_clock_now(t->clock), NULL) != TB_OK)
            return; /* again with the next tick */
        pthread_mutex_lock(&t->mutex);
        memmove(t->calls, t->calls + 1, (size_t)--t->call_count * sizeof *t->calls);
        pthread_mutex_unlock(&t->mutex);
        tb_link_wake(t->link);
    }
}

static void say(tb_screen *out, tb_tone tone, const char *en, const char *ja)
{
    out->tone = tone;
    snprintf(out->en, sizeof out->en, "%s", en);
    snprintf(out->ja, sizeof out->ja, "%s", ja);
}

/* Alone between the doors: what is still missing, one thing after the other. */
static void say_inside(const tb_terminal *t, const tb_doors_view *doors, tb_screen *out)
{
    const tb_transaction *s = &t->machine.now_serving;
    if ((doors->needs & ~doors->has & TB_INTERLOCK_FACE) && s->guidance != TB_OK) {
        out->tone = TB_TONE_RETRY;
        tb_screen_status(s->guidance, out);
    } else if (doors->needs & ~doors->has & TB_INTERLOCK_FACE) {
        say(out, TB_TONE_ASK, "Please look into the camera in front of you once more.",
            "もう一度、正面のカメラを見てください。");
    } else {
        say(out, TB_TONE_NEUTRAL, "One moment, please.", "少々お待ちください。");
        tb_screen_reason(t->options.profile, t->role.between_sentence, out);
    }
}

void tb_doors_screen(const tb_terminal *t, const tb_doors_view *doors, tb_phase phase, tb_screen *out)
{
    if (!doors->is_there)
        return;
    switch (doors->state) {
    case TB_INTERLOCK_ENTERING:
        say(out, TB_TONE_OK, "Please step in, one person at a time. The door closes behind you.",
            "お一人ずつお入りください。後ろの扉が閉まります。");
        break;
    case TB_INTERLOCK_INSIDE:
        say_inside(t, doors, out);
        break;
    case TB_INTERLOCK_LEAVING:
        say(out, TB_TONE_OK, "Thank you. Please go on.", "ありがとうございます。お進みください。");
        break;
    case TB_INTERLOCK_RETURNING:
        say(out, TB_TONE_REFUSE, "Please step back out by the door behind you and go to the staffed desk.",
            "後ろの扉からお戻りになり、係員のいる窓口へお越しください。");
        break;
    case TB_INTERLOCK_RELEASED:
        say(out, TB_TONE_REFUSE,
            "This gate is stopped. If you are inside, a door opens for you. Staff are on their way.",
            "このゲートは停止しています。中の方には扉が開きます。係員が参ります。");
        break;
    default:
        if (phase == TB_PHASE_ACTUATING)
            say(out, TB_TONE_NEUTRAL, "One moment, please.", "少々お待ちください。");
    }
}

json_t *tb_doors_json(const tb_doors_view *d)
{
    static const char *const looks[] = {"waiting", "looking", "matching", "matching", "same", "other"};
    const char *face = !(d->needs & TB_INTERLOCK_FACE) ? "none"
                       : (d->has & TB_INTERLOCK_FACE)  ? "same"
                                                       : looks[d->inside];
    const char *approval = !(d->needs & TB_INTERLOCK_APPROVAL) ? "none"
                           : (d->has & TB_INTERLOCK_APPROVAL)  ? "given"
                                                               : "waiting";
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:b, s:s, s:b}", "state",
                     tb_interlock_state_name(d->state), "entry", d->sensors.entry_shut ? "shut" : "open", "entry_lock",
                     d->entry_open ? "open" : "locked", "exit", d->sensors.exit_shut ? "shut" : "open", "exit_lock",
                     d->exit_open ? "open" : "locked", "inside", d->sensors.inside, "face", face, "approval", approval,
                     "attention", d->attention, "cause", tb_interlock_cause_name(d->cause), "simulation", 1);
}

/* ---- the local interface ---- */

static tb_status has_doors(tb_terminal *t, tb_error *why)
{
    tb_doors now = {0};
    if (tb_terminal_is_registered(t) || tb_has_ended(t)) /* who is inside when a terminal is wiped has to get out */
        tb_actuator_doors(t->actuator, &now);
    return now.is_there ? TB_OK : tb_fail(why, TB_CONFLICT, "this terminal has no interlock");
}

tb_status tb_doors_post(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    static const struct {
        const char *word;
        tb_interlock_input_kind kind;
    } words[] = {{"accept", TB_INTERLOCK_ACCEPT},
                 {"refuse", TB_INTERLOCK_REFUSE},
                 {"release", TB_INTERLOCK_RELEASE},
                 {"reset", TB_INTERLOCK_RESET}};
    tb_terminal *t = context;
    char word[16] = "";
    (void)reply;
    tb_status status = tb_json_only(request->json, why, "do", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "do", 1, word, sizeof word, why);
    if (status == TB_OK)
        status = has_doors(t, why);
    for (size_t i = 0; status == TB_OK && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].word, word) == 0) {
            status = tb_actuator_ask(t->actuator, words[i].kind);
            return status == TB_OK ? TB_OK : tb_fail(why, status, "not now: see the doors' state");
        }
    return status == TB_OK ? tb_fail(why, TB_INVALID_ARGUMENT, "do: accept, refuse, release or reset") : status;
}

static tb_status read_door(const json_t *body, const char *name, int *shut, tb_error *why)
{
    char word[8] = "";
    tb_status status = tb_json_text(body, name, 1, word, sizeof word, why);
    *shut = strcmp(word, "shut") == 0;
    if (status == TB_OK && !*shut && strcmp(word, "open") != 0)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "%s: open or shut", name);
    return status;
}

tb_status tb_doors_put(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)
{
    tb_terminal *t = context;
    tb_interlock_sensors sensors = {0};
    int64_t inside = 0;
    (void)reply;
    tb_status status = tb_json_only(request->json, why, "entry", "exit", "inside", NULL);
    if (status == TB_OK)
        status = read_door(request->json, "entry", &sensors.entry_shut, why);
    if (status == TB_OK)
        status = read_door(request->json, "exit", &sensors.exit_shut, why);
    if (status == TB_OK)
        status = tb_json_number(request->json, "inside", 1, -1, 9, &inside, why);
    sensors.inside = (int)inside;
    if (status == TB_OK)
        status = has_doors(t, why);
    if (status != TB_OK)
        return status;
    status = tb_actuator_sense(t->actuator, &sensors);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "a simulated door that is locked cannot be opened");
}
