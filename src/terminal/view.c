/* view.c: what the local interface shows: a value that the machine's thread publishes and everybody else copies. It
 * holds words and counts, never a picture or a template. */
#include "terminal/doors.h"
#include "terminal/terminal_private.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#include "terminal/age.h"

tb_status tb_view_init(tb_terminal *t)
{
    t->view = tb_secret_alloc(sizeof *t->view); /* holds names */
    t->fresh = tb_secret_alloc(sizeof *t->fresh);
    t->number = 1;
    return t->view && t->fresh ? TB_OK : TB_NO_MEMORY;
}

void tb_view_end(tb_terminal *t)
{
    tb_secret_free(t->view);
    tb_secret_free(t->fresh);
}

static void say_stale(tb_terminal *t, const tb_view *view, tb_screen *screen)
{
    tb_age_text text;
    tb_age_say(view->fresh_at, tb_site_clock_now(t->clock), tb_terminal_offset(t), &text);
    screen->tone = TB_TONE_RETRY;
    snprintf(screen->en, sizeof screen->en,
             "This terminal's list is too old (%s). Please use another one, or ask a member of staff.", text.en);
    snprintf(screen->ja, sizeof screen->ja,
             "この端末の名簿は古くなっています（%s）。ほかの端末をご利用いただくか、係員にお声がけください。", text.ja);
}

static void screen_of(tb_terminal *t, tb_view *view)
{
    if (view->registered) {
        tb_screen_of(&t->machine, t->options.profile, tb_terminal_offset(t), &view->screen);
        tb_doors_screen(t, &view->doors, t->machine.phase, &view->screen);
    } else {
        memset(&view->screen, 0, sizeof view->screen);
        view->screen.tone = TB_TONE_RETRY;
        snprintf(view->screen.en, sizeof view->screen.en, "%s",
                 view->ended ? "This terminal is out of service. Please use another one."
                             : "This terminal is waiting for its server. Please use another one.");
        snprintf(view->screen.ja, sizeof view->screen.ja, "%s",
                 view->ended ? "この端末は使用できません。ほかの端末をご利用ください。"
                             : "この端末は準備中です。ほかの端末をご利用ください。");
        if (view->ended)
            tb_doors_screen(t, &view->doors, TB_PHASE_IDLE, &view->screen);
    }
    /* what can only ask is told apart from what would say no: before anybody stands there in vain (A17) */
    if (view->registered && t->role.match_at_server && !view->connected && t->machine.phase <= TB_PHASE_CAPTURING) {
        view->screen.tone = TB_TONE_RETRY;
        tb_screen_reason(t->options.profile, "offline", &view->screen);
    }
    if (view->registered && t->machine.phase == TB_PHASE_IDLE && view->stale &&
        !(t->role.asks_server && view->connected))
        say_stale(t, view, &view->screen);
    /* where nobody pushes pictures yet, the screen still says what to do: the page is where they will come from */
    if (view->registered && t->machine.phase == TB_PHASE_IDLE && view->camera_status != TB_OK &&
        view->camera_status != TB_CAMERA_SILENT) {
        view->screen.tone = TB_TONE_RETRY;
        snprintf(view->screen.en, sizeof view->screen.en,
                 "The camera of this terminal does not work. Please use another one.");
        snprintf(view->screen.ja, sizeof view->screen.ja, "%s", "カメラが使えません。ほかの端末をご利用ください。");
    }
}

static void fill(tb_terminal *t, tb_view *view)
{
    pthread_mutex_lock(&t->mutex);
    memcpy(view->camera, t->camera_text, sizeof view->camera);
    view->camera_status = t->camera_status;
    view->registered = t->registered;
    view->ended = t->ended;
    pthread_mutex_unlock(&t->mutex);
    view->simulation = tb_camera_is_simulation(t->camera);
    view->phase = t->machine.phase;
    view->candidates = t->machine.zone.inside;
    view->served = t->machine.served != 0 || t->machine.served_count > 0;
    view->fields = t->machine.now_serving.fields;
    view->reference = t->machine.now_serving.reference;
    view->amount = t->machine.now_serving.amount;
    memcpy(view->currency, t->machine.now_serving.currency, sizeof view->currency);
    if (view->registered) {
        tb_link_view link;
        tb_link_look(t->link, &link);
        tb_clock_view clock;
        tb_site_clock_look(t->clock, &clock);
        view->connected = link.connected;
        view->age = link.age;
        view->fresh_at = link.fresh_at / TB_MINUTE * TB_MINUTE; /* that it is some seconds newer is no news */
        view->stale = link.stale;
        view->refused = link.refused;
        view->clock_by_server = clock.by_server;
        view->clock_jumped = clock.jumped;
        int64_t moved = clock.offset_ms - view->clock_offset_ms;
        if (moved >= 100 || moved <= -100) /* so that drift is no news */
            view->clock_offset_ms = clock.offset_ms;
        view->outbox = tb_edge_store_outbox_count(t->store);
        view->entries = tb_list_count(t->list);
        view->sequence = tb_list_sequence(t->list);
    } else {
        view->age = -1;
        view->fresh_at = 0;
    }
    if (view->registered || view->ended) { /* who is inside when a terminal ends wants to know which door opens */
        view->actuator_open = t->actuator->kind->is_open(t->actuator);
        tb_doors_look(t->actuator, &view->doors);
        view->doors.inside = t->machine.now_serving.inside;
    }
    screen_of(t, view);
}

void tb_view_publish(tb_terminal *t)
{
    fill(t, t->fresh);
    pthread_mutex_lock(&t->view_mutex);
    if (memcmp(t->view, t->fresh, sizeof *t->view) != 0) {
        memcpy(t->view, t->fresh, sizeof *t->view);
        t->number++;
        pthread_cond_broadcast(&t->view_changed);
    }
    pthread_mutex_unlock(&t->view_mutex);
}

uint64_t tb_view_wait(tb_terminal *t, uint64_t after, int wait_ms, tb_view *out)
{
    struct timespec until = tb_monotonic_after((int64_t)wait_ms * 1000);
    pthread_mutex_lock(&t->view_mutex);
    while (t->number <= after && wait_ms > 0 &&
           pthread_cond_timedwait(&t->view_changed, &t->view_mutex, &until) != ETIMEDOUT)
        ;
    memcpy(out, t->view, sizeof *out);
    uint64_t number = t->number;
    pthread_mutex_unlock(&t->view_mutex);
    return number;
}

/* ---- JSON ---- */

static json_t *facts_json(const tb_facts *facts)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < facts->count; i++) {
        const tb_fact *fact = &facts->items[i];
        char text[TB_TIME_TEXT_SIZE];
        json_t *value = fact->kind == TB_FACT_TEXT   ? json_string(fact->text)
                        : fact->kind == TB_FACT_BOOL ? json_boolean(fact->number)
                        : fact->kind == TB_FACT_TIME ? json_string(tb_time_text(fact->number, text))
                                                     : json_integer(fact->number);
        if (json_object_set_new(object, fact->name, value) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *last_json(const tb_last *last)
{
    if (!last->is_set)
        return json_null();
    char transaction[TB_ID_TEXT_SIZE], visit[TB_ID_TEXT_SIZE];
    json_t *object = json_pack("{s:s, s:s, s:s, s:o, s:I, s:s}", "transaction",
                               tb_id_text(last->transaction, transaction), "outcome", tb_outcome_name(last->outcome),
                               "reason", last->reason, "fields", facts_json(&last->fields), "duration_us",
                               (json_int_t)last->duration, "source", last->from_server ? "server" : "list");
    if (object && !tb_id_is_zero(last->visit) &&
        json_object_set_new(object, "visit", json_string(tb_id_text(last->visit, visit))) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *screen_json(const tb_screen *screen)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "tone", tb_tone_name(screen->tone), "sound", screen->sound, "en",
                               screen->en, "ja", screen->ja);
    if (object && screen->ask != TB_ASK_NONE &&
        json_object_set_new(object, "ask", json_string(tb_ask_name(screen->ask))) != 0) {
        json_decref(object);
        return NULL;
    }
    if (object && screen->language[0] && json_object_set_new(object, "language", json_string(screen->language)) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *list_json(tb_terminal *t, const tb_view *view)
{
    tb_age_text note;
    char text[TB_TIME_TEXT_SIZE];
    tb_time bound = !view->registered || t->role.offline == TB_TIME_NEVER ? -TB_SECOND : t->role.offline;
    tb_age_say(view->fresh_at, tb_site_clock_now(t->clock), tb_terminal_offset(t), &note);
    return json_pack("{s:I, s:I, s:b, s:I, s:o, s:b, s:I, s:I, s:{s:s, s:s}}", "entries", (json_int_t)view->entries,
                     "sequence", (json_int_t)view->sequence, "connected", view->connected, "age_seconds",
                     (json_int_t)view->age, "as_of",
                     view->fresh_at ? json_string(tb_time_text(view->fresh_at, text)) : json_null(), "stale",
                     view->stale, "offline_seconds", (json_int_t)(bound / TB_SECOND), "refused",
                     (json_int_t)view->refused, "note", "en", note.en, "ja", note.ja);
}

static json_t *clock_json(const tb_view *view)
{
    return json_pack("{s:I, s:b, s:b}", "offset_ms", (json_int_t)view->clock_offset_ms, "by_server",
                     view->clock_by_server, "jumped", view->clock_jumped);
}

static const char *kind_name(tb_kind kind)
{
    static const char *const names[] = {"checkin", "passage", "counter", "pos", "pickup", "sign", "presence"};
    return names[kind];
}

static int takes_reference(const tb_role_view *role)
{
    return role->by_reference || role->reference != TB_REFERENCE_NEVER;
}

/* What this terminal reads beside a face, and whether it has: never the thing itself. */
static int set_reference(const tb_terminal *t, const tb_view *view, json_t *object)
{
    const tb_profile *profile = t->options.profile;
    json_t *reference =
        json_pack("{s:s, s:s, s:b, s:b}", "en", tb_profile_reference_title(profile, "en"), "ja",
                  tb_profile_reference_title(profile, "ja"), "first",
                  t->role.by_reference || t->role.reference == TB_REFERENCE_ALWAYS, "shown", view->reference);
    return json_object_set_new(object, "reference", reference) == 0;
}

json_t *tb_view_json(tb_terminal *t, const tb_view *view, uint64_t number)
{
    const tb_registration *r = &t->registration; /* constant once `registered` is seen */
    const tb_role_view *role = &t->role;
    int known = view->registered;
    json_t *object = json_pack(
        "{s:I, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:b, s:b, s:{s:s, s:b, s:b}, s:s, s:s, s:o, s:o, s:I, s:I, s:i, s:b, s:o, s:o, s:o}",
        "number", (json_int_t)number, "state", tb_phase_name(view->phase), "touchpoint", known ? r->touchpoint : "",
        "role", known ? r->role : "", "kind", known ? kind_name(role->kind) : "", "zone", known ? r->zone : "", "title",
        "en", known ? role->title_en : "", "ja", known ? role->title_ja : "", "registered", known, "simulation",
        view->simulation, "actuator", "name", known && role->actuator ? role->actuator : "", "simulation", 1, "open",
        view->actuator_open, "camera", view->camera, "camera_status", tb_status_name(view->camera_status), "list",
        list_json(t, view), "clock", clock_json(view), "outbox", (json_int_t)view->outbox, "held",
        (json_int_t)(tb_secret_held() - sizeof *view), "candidates", view->candidates, "served", view->served, "screen",
        screen_json(&view->screen), "fields", facts_json(&view->fields), "last", last_json(&view->last));
    if (object && known && takes_reference(role) && !set_reference(t, view, object)) {
        json_decref(object);
        return NULL;
    }
    if (object && view->doors.is_there && json_object_set_new(object, "doors", tb_doors_json(&view->doors)) != 0) {
        json_decref(object);
        return NULL;
    }
    if (object && view->amount > 0 &&
        json_object_set_new(object, "sale",
                            json_pack("{s:I, s:s}", "amount", (json_int_t)view->amount, "currency", view->currency)) !=
            0) {
        json_decref(object);
        return NULL;
    }
    return object;
}
