/* demo_journey.c: one traveller's way. A step is done as a person would do it: stand before the camera, lay documents
 * on the reader, wait for the screen, go away. Everything passes through the terminal's own local interface
 * (api/edge.yaml). */
#include "demo.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ATTEMPTS = 8, DECISION_SECONDS = 30, SERVER_SECONDS = 40, HANG_MS = 5000 };

typedef struct visit { /* a traveller at a terminal */
    demo_traveller *t;
    const demo_step *step;
    demo_seen *seen;
    demo_point *point;
    http_client *terminal, *server;
    char before[40]; /* the terminal's last transaction when we came */
    int attempt;
} visit;

static void pause_ms(int ms)
{
    for (; ms > 0 && !demo_is_interrupted(); ms -= 50)
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

/* ---- talking to a terminal ---- */

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static tb_status post(visit *v, const char *path, json_t *body, json_t **state)
{
    http_reply reply;
    tb_error why = {0};
    tb_status status = http_call(v->terminal, "POST", path, body, 20, &reply, &why);
    json_decref(body);
    if (status != TB_OK)
        snprintf(v->seen->remark, sizeof v->seen->remark, "%.90s", tb_error_text(&why));
    if (state) {
        *state = reply.body;
        reply.body = NULL;
    }
    http_reply_free(&reply);
    return status;
}

/* Never twice the same picture: another photograph where there is one, a little nearer or farther, tilted otherwise. */
static const demo_view *choose_view(const visit *v, const demo_traveller *who, int *turn)
{
    *turn = who->index * 7 + (int)v->step->place * 5 + v->attempt * 3;
    return &who->face->view[who->face->views == 1 ? 0 : 1 + *turn % (who->face->views - 1)];
}

static json_t *scene_person(const visit *v, const demo_traveller *who)
{
    int turn;
    const demo_view *view = choose_view(v, who, &turn);
    return json_pack("{s:s, s:{s:f, s:f, s:f, s:f}, s:f, s:f}", "picture", view->picture, "region", "x",
                     (double)view->region.x, "y", (double)view->region.y, "width", (double)view->region.width, "height",
                     (double)view->region.height, "distance", (double)view->distance * (0.97 + 0.01 * (turn % 5)),
                     "angle", (double)view->angle + turn % 5 - 2);
}

static tb_status stand(visit *v, const demo_traveller *one, const demo_traveller *other)
{
    int turn = 0, upright = one && !other && choose_view(v, one, &turn)->portrait;
    json_t *people = json_array();
    if (one)
        json_array_append_new(people, scene_person(v, one));
    if (other)
        json_array_append_new(people, scene_person(v, other));
    json_t *scene = json_pack("{s:o, s:f, s:f, s:i, s:i, s:i, s:i}", "people", people, "light",
                              0.94 + 0.015 * (turn % 7), "noise", 1.5 + 0.4 * (turn % 4), "jpeg", 84 + turn % 10,
                              "width", upright ? 480 : 640, "height", upright ? 640 : 480, "seed", 100 + turn);
    http_reply reply;
    tb_error why = {0};
    tb_status status = http_call(v->terminal, "PUT", "/v1/scene", scene, 20, &reply, &why);
    if (status != TB_OK)
        snprintf(v->seen->remark, sizeof v->seen->remark, "%.90s", tb_error_text(&why));
    json_decref(scene);
    http_reply_free(&reply);
    return status;
}

static json_t *state_after(visit *v, int64_t number, int wait)
{
    char path[64];
    http_reply reply;
    tb_error why = {0};
    snprintf(path, sizeof path, "/v1/state?after=%lld&wait=%d", (long long)number, wait);
    if (http_call(v->terminal, "GET", wait ? path : "/v1/state", NULL, wait + 10, &reply, &why) != TB_OK)
        snprintf(v->seen->remark, sizeof v->seen->remark, "%.90s", tb_error_text(&why));
    json_t *state = json_incref(reply.body);
    http_reply_free(&reply);
    return state;
}

static int is_decided(const visit *v, const json_t *state)
{
    const json_t *last = json_object_get(state, "last");
    const char *transaction = text_at(last, "transaction");
    return transaction[0] && strcmp(transaction, v->before) != 0;
}

/* Takes over what the terminal decided. */
static void note_decision(visit *v, const json_t *state)
{
    const json_t *last = json_object_get(state, "last");
    demo_seen *seen = v->seen;
    snprintf(seen->outcome, sizeof seen->outcome, "%s", text_at(last, "outcome"));
    snprintf(seen->reason, sizeof seen->reason, "%s", text_at(last, "reason"));
    snprintf(seen->source, sizeof seen->source, "%s", text_at(last, "source"));
    snprintf(seen->gate, sizeof seen->gate, "%s", text_at(json_object_get(last, "fields"), "gate"));
    seen->duration = json_integer_value(json_object_get(last, "duration_us"));
    snprintf(v->before, sizeof v->before, "%s", text_at(last, "transaction"));
}

/* The state in which the terminal has decided about us; NULL when it did not in time. */
static json_t *wait_for_decision(visit *v, int seconds)
{
    int64_t number = 0;
    for (int64_t deadline = tb_clock_monotonic() + seconds * TB_SECOND;
         tb_clock_monotonic() < deadline && !demo_is_interrupted();) {
        json_t *state = state_after(v, number, number ? 2 : 0);
        if (!state)
            return NULL;
        if (is_decided(v, state))
            return state;
        number = json_integer_value(json_object_get(state, "number"));
        json_decref(state);
    }
    return NULL;
}

/* ---- what is done where ---- */

/* Documents: after each the terminal may have decided already. 1 when it is time to look into the camera. */
static int show_documents(visit *v)
{
    char mrz[100], pass[512], *picture = NULL;
    tb_error why = {0};
    json_t *state = NULL;
    int go_on = 0;
    if (demo_documents(v->t, v->step->act, mrz, pass, &why) != TB_OK ||
        demo_passport_picture(v->t, v->step->act, &picture, &why) != TB_OK) {
        snprintf(v->seen->remark, sizeof v->seen->remark, "%.90s", tb_error_text(&why));
        goto out;
    }
    if (post(v, "/v1/passport", json_pack("{s:s, s:s}", "mrz", mrz, "picture", picture), &state) != TB_OK ||
        is_decided(v, state))
        goto out;
    json_decref(state);
    if (post(v, "/v1/boarding-pass", json_pack("{s:s}", "bcbp", pass), &state) != TB_OK || is_decided(v, state))
        goto out;
    json_decref(state);
    int agree = v->step->act != DEMO_NO_CONSENT;
    go_on = post(v, "/v1/consent", json_pack("{s:b}", "agree", agree), &state) == TB_OK && agree;
out:
    json_decref(state);
    free(picture);
    return go_on;
}

static void sell(visit *v)
{
    json_t *sale = json_pack("{s:i, s:s}", "amount", 800 + 150 * v->t->index, "currency", "JPY");
    if (v->step->act == DEMO_TO_PICKUP)
        json_object_set_new(sale, "deliver", json_string("Green tea, 3 tins"));
    (void)post(v, "/v1/sale", sale, NULL);
}

/* The clerk hands over everything on the screen: "id description; id description". */
static void hand_over(visit *v, const json_t *state)
{
    char list[TB_FACT_TEXT_SIZE], *rest = NULL;
    snprintf(list, sizeof list, "%s", text_at(json_object_get(json_object_get(state, "last"), "fields"), "item_list"));
    int items = 0;
    for (char *item = strtok_r(list, ";", &rest); item; item = strtok_r(NULL, ";", &rest)) {
        item += strspn(item, " ");
        item[strcspn(item, " ")] = '\0';
        items += *item && post(v, "/v1/handover", json_pack("{s:s}", "item", item), NULL) == TB_OK;
    }
    if (items == 0)
        snprintf(v->seen->remark, sizeof v->seen->remark, "nothing could be handed over");
}

static const demo_traveller *companion(const demo_traveller *t)
{
    const demo *d = t->demo;
    return &d->travellers[t->index + 1 < d->traveller_count ? t->index + 1 : 0];
}

/* Waits until `seconds` are over, looking at every state that the terminal shows; stops early when `look` answers 1. */
static int watch(visit *v, int seconds, int (*look)(const visit *v, const json_t *state))
{
    int64_t number = 0;
    int found = 0;
    for (int64_t end = tb_clock_monotonic() + seconds * TB_SECOND;
         !found && tb_clock_monotonic() < end && !demo_is_interrupted();) {
        json_t *state = state_after(v, number, number ? 1 : 0);
        found = state && look(v, state);
        number = json_integer_value(json_object_get(state, "number"));
        json_decref(state);
        if (!state)
            break;
    }
    return found;
}

static int is_idle(const visit *v, const json_t *state)
{
    (void)v;
    return strcmp(text_at(state, "state"), "idle") == 0;
}

static int asks_for_one(const visit *v, const json_t *state)
{
    (void)v;
    const json_t *screen = json_object_get(state, "screen");
    return strcmp(text_at(screen, "tone"), "retry") == 0 &&
           strstr(text_at(screen, "en"), "one person at a time") != NULL;
}

static int asks_server(const visit *v, const json_t *state)
{
    return strcmp(text_at(state, "state"), "asking") == 0 || is_decided(v, state);
}

/* Two people before one camera: nobody may be decided, and the screen has to ask for one at a time. */
static void stand_together(visit *v)
{
    (void)watch(v, 8, is_idle); /* the screen still tells the one before to pass */
    if (stand(v, v->t, companion(v->t)) != TB_OK)
        return;
    int asked = watch(v, 5, asks_for_one);
    int decided = watch(v, 2, is_decided);
    demo_find(v->t->demo, asked && !decided,
              decided ? "somebody was decided"
              : asked ? "asked for one at a time"
                      : "nothing was said",
              "two people before one camera: nobody is decided while both stand there");
}

/* The server stands still from before the terminal asks for the payment until it has asked a second time (it gives up a
 * question after three seconds and repeats it, with the same id, a second later). */
static void pay_while_server_hangs(visit *v)
{
    (void)kill(v->t->demo->server.pid, SIGSTOP);
    (void)stand(v, v->t, NULL);
    (void)watch(v, 15, asks_server);
    pause_ms(HANG_MS);
    (void)kill(v->t->demo->server.pid, SIGCONT);
}

static void come(visit *v)
{
    if (v->step->act == DEMO_TWO_AT_ONCE && v->attempt == 0)
        stand_together(v);
    int to_camera = v->point->place == DEMO_CHECKIN ? show_documents(v) : 1;
    if (v->point->place == DEMO_SHOP)
        sell(v);
    if (v->step->act == DEMO_SERVER_HANGS && v->attempt == 0)
        pay_while_server_hangs(v);
    else if (to_camera)
        (void)stand(v, v->t, NULL);
}

static void go(visit *v)
{
    (void)stand(v, NULL, NULL);
    pause_ms(300); /* so that the camera sees the empty place */
}

/* Comes, waits, goes; again when the screen asked to try again. */
static void use_terminal(visit *v)
{
    for (v->attempt = 0; v->attempt < ATTEMPTS && !demo_is_interrupted(); v->attempt++) {
        v->seen->attempts = v->attempt + 1;
        v->seen->remark[0] = v->seen->reason[0] = '\0';
        snprintf(v->seen->outcome, sizeof v->seen->outcome, "nothing");
        come(v);
        json_t *state = wait_for_decision(v, DECISION_SECONDS + (v->step->act == DEMO_SERVER_HANGS ? 20 : 0));
        if (state)
            note_decision(v, state);
        if (state && v->point->place == DEMO_PICKUP && strcmp(v->seen->outcome, "admitted") == 0)
            hand_over(v, state);
        json_decref(state);
        go(v);
        if (strcmp(v->seen->outcome, "retry") != 0 && strcmp(v->seen->outcome, "nothing") != 0)
            return;
        (void)post(v, "/v1/reset", NULL, NULL);
        pause_ms(900);
    }
}

/* ---- what the server knows ---- */

json_t *demo_person(http_client *server, const demo_traveller *t)
{
    char path[96];
    http_reply reply;
    snprintf(path, sizeof path, "/api/v1/people?passport=%s", t->role->number);
    json_t *person = NULL;
    if (http_call(server, "GET", path, NULL, 20, &reply, NULL) == TB_OK)
        person = json_incref(json_array_get(json_object_get(reply.body, "people"), 0));
    http_reply_free(&reply);
    return person;
}

static int knows(const json_t *person, const demo_step *step)
{
    const char *status = text_at(person, "status");
    switch (step->place) {
    case DEMO_CHECKIN:
        return step->act == DEMO_NO_CONSENT || json_is_true(json_object_get(person, "in_visitor_db"));
    case DEMO_SECURITY:
        return json_is_true(json_object_get(person, "flag"));
    case DEMO_EMIGRATION:
        return strcmp(status, "emigration_passed") == 0;
    case DEMO_GATE_12:
    case DEMO_GATE_15:
        return strcmp(status, "boarded") == 0;
    case DEMO_SHOP:
        return step->act != DEMO_TO_PICKUP || json_integer_value(json_object_get(person, "items_waiting")) > 0;
    case DEMO_PICKUP:
        return json_integer_value(json_object_get(person, "items_waiting")) == 0;
    default:
        return 1;
    }
}

/* People walk from one terminal to the next; what happened is at the server long before. */
static void walk(visit *v)
{
    int64_t deadline = tb_clock_monotonic() + SERVER_SECONDS * TB_SECOND;
    pause_ms(400);
    for (int known = 0; !known && !demo_is_interrupted();) {
        json_t *person = demo_person(v->server, v->t);
        known = person && knows(person, v->step);
        json_decref(person);
        if (!known && tb_clock_monotonic() > deadline) {
            snprintf(v->seen->remark, sizeof v->seen->remark, "the server did not learn of it in %d s", SERVER_SECONDS);
            v->seen->good = 0;
            return;
        }
        if (!known)
            pause_ms(200);
    }
}

/* A means of payment and what was ordered, registered as soon as the server knows the person. */
static void register_belongings(visit *v)
{
    const demo_role *role = v->t->role;
    char path[96];
    http_reply reply;
    json_t *person = role->token || role->item ? demo_person(v->server, v->t) : NULL;
    tb_error why = {0};
    tb_status status = TB_OK;
    if (person && role->token) {
        json_t *card = json_pack("{s:s, s:s}", "kind", "card", "token", role->token);
        snprintf(path, sizeof path, "/api/v1/people/%s/instruments", text_at(person, "id"));
        status = http_call(v->server, "POST", path, card, 20, &reply, &why);
        http_reply_free(&reply);
        json_decref(card);
    }
    if (person && role->item && status == TB_OK) {
        json_t *item = json_pack("{s:s, s:s}", "passport", role->number, "description", role->item);
        status = http_call(v->server, "POST", "/api/v1/items", item, 20, &reply, &why);
        http_reply_free(&reply);
        json_decref(item);
    }
    if (status != TB_OK)
        snprintf(v->seen->remark, sizeof v->seen->remark, "%.90s", tb_error_text(&why));
    json_decref(person);
}

static void look_for_biometrics(visit *v)
{
    json_t *person = demo_person(v->server, v->t);
    int none = person && !json_is_true(json_object_get(person, "consent")) &&
               !json_is_true(json_object_get(person, "in_visitor_db")) &&
               json_integer_value(json_object_get(person, "templates")) == 0 &&
               json_integer_value(json_object_get(person, "lists")) == 0;
    demo_find(v->t->demo, none, none ? "booked, no template, on no list" : "something is kept",
              "%s %s did not agree: checked in, and no biometric data exists", v->t->role->given, v->t->role->surname);
    json_decref(person);
}

/* ---- steps ---- */

static demo_point *queue_up(demo_traveller *t, demo_place place)
{
    demo *d = t->demo;
    demo_point *last = NULL;
    for (int i = 0; i < d->point_count; i++) {
        demo_point *point = &d->points[(i + t->index) % d->point_count];
        if (point->place != place)
            continue;
        if (pthread_mutex_trylock(&point->free) == 0)
            return point;
        last = point;
    }
    if (last)
        pthread_mutex_lock(&last->free);
    return last;
}

static void show(demo_traveller *t, int step, int waiting)
{
    pthread_mutex_lock(&t->demo->lock);
    t->at = step;
    t->waiting = waiting;
    demo_table_step(t->demo, t, step);
    pthread_mutex_unlock(&t->demo->lock);
}

static void judge(visit *v)
{
    demo_seen *seen = v->seen;
    const demo_step *step = v->step;
    seen->good =
        strcmp(seen->outcome, step->outcome) == 0 && (!step->reason || strcmp(seen->reason, step->reason) == 0);
    if (step->reason && strcmp(step->reason, "other_gate") == 0) /* names the right one */
        seen->good = seen->good && strcmp(seen->gate, v->t->demo->flights[v->t->role->flight].gate) == 0;
    if (seen->good && (strcmp(step->outcome, "admitted") == 0 || strcmp(step->outcome, "without_face") == 0)) {
        walk(v);
        if (step->place == DEMO_CHECKIN)
            register_belongings(v);
        if (step->act == DEMO_NO_CONSENT)
            look_for_biometrics(v);
    }
}

static void take_step(demo_traveller *t, int index, http_client *server)
{
    visit v = {.t = t, .step = &t->role->steps[index], .seen = &t->seen[index], .server = server};
    show(t, index, 1);
    v.point = queue_up(t, v.step->place);
    if (!v.point)
        return;
    show(t, index, 0);
    if (http_client_new(v.point->screen, v.point->token, &v.terminal) == TB_OK) {
        json_t *state = state_after(&v, 0, 0);
        snprintf(v.before, sizeof v.before, "%s", text_at(json_object_get(state, "last"), "transaction"));
        json_decref(state);
        use_terminal(&v);
    }
    pthread_mutex_unlock(&v.point->free);
    http_client_free(&v.terminal);
    judge(&v);
    pthread_mutex_lock(&t->demo->lock);
    v.seen->done = 1;
    if (v.step->place == DEMO_SHOP && strcmp(v.seen->outcome, "admitted") == 0)
        t->demo->payments++;
    demo_table_step(t->demo, t, index);
    pthread_mutex_unlock(&t->demo->lock);
}

/* Whoever lets the server stand still waits until nobody else needs it. */
static void wait_for_the_others(demo_traveller *t)
{
    demo *d = t->demo;
    pthread_mutex_lock(&d->lock);
    d->travelling--;
    for (int others = d->travelling; others > 0 && !demo_is_interrupted(); others = d->travelling) {
        pthread_mutex_unlock(&d->lock);
        pause_ms(200);
        pthread_mutex_lock(&d->lock);
    }
    d->travelling++;
    pthread_mutex_unlock(&d->lock);
}

void *demo_travel(void *context)
{
    demo_traveller *t = context;
    http_client *server = NULL;
    pause_ms(150 * t->index); /* they do not all arrive at once */
    if (http_client_new(t->demo->url, t->demo->token, &server) == TB_OK)
        for (int i = 0; i < t->role->step_count && !demo_is_interrupted(); i++) {
            if (t->role->steps[i].act == DEMO_SERVER_HANGS)
                wait_for_the_others(t);
            take_step(t, i, server);
        }
    http_client_free(&server);
    pthread_mutex_lock(&t->demo->lock);
    t->demo->travelling--;
    t->at = t->role->step_count;
    pthread_mutex_unlock(&t->demo->lock);
    return NULL;
}
