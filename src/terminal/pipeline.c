/* pipeline.c: the thread of camera and engine: one picture at a time, the newest; what it finds goes into the
 * mailbox's slots. */
#include "terminal/terminal_private.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define WAIT_MS 100
/* at least, between pictures while nothing changes: who waits leaves the processor to others */
#define REST (80 * (TB_SECOND / 1000))
#define NOBODY_AFTER (400 * (TB_SECOND / 1000)) /* without a picture */

struct pipeline {
    tb_terminal *terminal;
    tb_camera *camera; /* the one that is looked through now */
    tb_capturer *capturer;
    tb_template *document; /* of the passport's picture; secret memory */
    tb_status document_status;
    int has_document;
    uint64_t ticket;
    int64_t last_picture;
    int said_nobody, armed;
    tb_zone_view zone;          /* of the last picture */
    int calm;                   /* it showed nothing new */
    int models;                 /* of the engine */
    tb_liveness_progress asked; /* as told last */
    tb_presence *presence;      /* where the role is such a camera: made when it is registered */
};

static void say_camera(tb_terminal *t, tb_status status, const char *text)
{
    pthread_mutex_lock(&t->mutex);
    if (status != t->camera_status || strcmp(t->camera_text, text) != 0) {
        snprintf(t->camera_text, sizeof t->camera_text, "%s", text);
        t->camera_status = status;
        t->refresh = 1;
        pthread_cond_signal(&t->wake);
    }
    pthread_mutex_unlock(&t->mutex);
}

static void forget_document(struct pipeline *p)
{
    tb_wipe(p->document, sizeof *p->document);
    p->has_document = 0;
}

static void post_zone(tb_terminal *t, const tb_zone_view *zone)
{
    pthread_mutex_lock(&t->mutex);
    t->zone = *zone;
    t->zone_new = 1;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->mutex);
}

/* The other camera sees other people, or nobody. */
static void look_through(struct pipeline *p, tb_camera *camera)
{
    tb_zone_view nobody;
    if (!camera || camera == p->camera)
        return;
    p->camera = camera;
    tb_capturer_nobody(p->capturer, &nobody);
    p->zone = nobody;
    post_zone(p->terminal, &nobody);
}

/* Takes what the machine ordered: begin a burst, or give it up. 1 when the terminal goes on. */
static int take_order(struct pipeline *p)
{
    tb_terminal *t = p->terminal;
    tb_image page = {0};
    pthread_mutex_lock(&t->mutex);
    int stopping = t->stopping, is_new = t->order.is_new, arm = t->order.arm, inside = t->order.inside;
    uint64_t ticket = t->order.ticket;
    uint32_t focus = t->order.focus;
    if (is_new) {
        page = t->order.page;
        t->order.page = (tb_image){0};
        t->order.is_new = 0;
    }
    pthread_mutex_unlock(&t->mutex);
    if (is_new && !stopping) {
        forget_document(p);
        p->asked = (tb_liveness_progress){0};
        look_through(p, inside ? t->camera_inside : t->camera);
        /* Who is simulated by a photograph cannot answer; the screen says that the camera is a simulation. Between two
         * doors nobody is asked again. */
        tb_capturer_challenge(p->capturer,
                              inside || tb_camera_is_simulation(t->camera) ? TB_CHALLENGE_NEVER : t->role.challenge);
        tb_capturer_focus(p->capturer, arm ? focus : 0);
        if (arm)
            tb_capturer_arm(p->capturer);
        else
            tb_capturer_disarm(p->capturer);
        p->armed = arm;
        p->ticket = ticket;
        if (arm && page.data) {
            p->document_status = tb_capture_document(t->options.engine, &page, p->document);
            p->has_document = 1;
        }
    }
    tb_image_free(&page);
    return !stopping;
}

/* Takes `probe`, of `count` models, over. */
static void post_captured(struct pipeline *p, tb_status status, tb_template *probe, int count)
{
    tb_terminal *t = p->terminal;
    float score = 0;
    int by_document = t->role.kind == TB_KIND_CHECKIN && !t->role.by_reference;
    if (status == TB_OK && by_document) { /* the picture of the passport is at fault, not the person: no "try again" */
        if (!p->has_document || p->document_status != TB_OK)
            status = TB_MALFORMED;
        else
            status = tb_template_compare(p->document, probe, &score);
    }
    forget_document(p);
    if (status != TB_OK) {
        tb_secret_free(probe);
        probe = NULL;
    }
    pthread_mutex_lock(&t->mutex);
    if (t->order.is_new) { /* given up meanwhile */
        tb_secret_free(probe);
    } else {
        tb_secret_free(t->captured.probe);
        t->captured.is_new = 1;
        t->captured.ticket = p->ticket;
        t->captured.status = status;
        t->captured.probe = probe;
        t->captured.probe_count = probe ? count : 0;
        t->captured.document_score = score;
        t->captured.has_score = by_document;
        pthread_cond_signal(&t->wake);
    }
    pthread_mutex_unlock(&t->mutex);
}

static void post_challenge(struct pipeline *p, const tb_liveness_progress *asked)
{
    tb_terminal *t = p->terminal;
    int waiting = asked->asked == TB_ASKED_WAITING || asked->asked == TB_ASKED_DONE;
    int was = p->asked.asked == TB_ASKED_WAITING || p->asked.asked == TB_ASKED_DONE;
    if (waiting == was && asked->now == p->asked.now && asked->answered == p->asked.answered)
        return;
    p->asked = *asked;
    pthread_mutex_lock(&t->mutex);
    t->challenge.is_new = 1;
    t->challenge.yes = waiting;
    t->challenge.ticket = p->ticket;
    t->challenge.now = asked->now;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->mutex);
}

static void look(struct pipeline *p, const tb_frame *frame)
{
    tb_zone_view zone;
    tb_captured captured;
    tb_template *probe = tb_secret_alloc((size_t)p->models * sizeof *probe);
    tb_status status = probe ? tb_capturer_see(p->capturer, frame, &zone, &captured, probe) : TB_NO_MEMORY;
    if (status != TB_OK) { /* fails closed: a picture that could not be looked at admits nobody */
        tb_secret_free(probe);
        say_camera(p->terminal, status, tb_status_sentence(status));
        return;
    }
    p->said_nobody = 0;
    p->calm = !p->armed && zone.inside == p->zone.inside && zone.track == p->zone.track &&
              zone.steady == p->zone.steady && zone.all_steady == p->zone.all_steady;
    p->zone = zone;
    post_zone(p->terminal, &zone);
    if (p->armed && !captured.finished)
        post_challenge(p, &captured.asked);
    if (captured.finished) {
        p->armed = 0;
        post_captured(p, captured.status, probe, captured.templates);
    } else {
        tb_secret_free(probe);
    }
    say_camera(p->terminal, captured.source, captured.source == TB_OK ? "ok" : tb_status_sentence(captured.source));
}

/* ---- a camera that reports presence ---- */

static tb_status seen(void *context, tb_id visit, tb_time at)
{
    tb_terminal *t = context;
    tb_event event = {.kind = TB_EVENT_PRESENCE, .visit = visit};
    tb_drop drop = {visit, tb_list_sequence_of(t->list, visit)};
    tb_status status = tb_edge_store_record(t->store, &event, at, t->role.deletes_entry ? &drop : NULL);
    if (status != TB_OK)
        return status;
    if (t->role.deletes_entry && tb_list_drop(t->list, visit, 0) != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal", "who was seen stays on the list until the server says otherwise");
    tb_link_wake(t->link);
    return TB_OK;
}

/* From here to done_looking list, link and store are there. 0: out of service, or not in service yet. */
static int begin_looking(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    t->looking = t->registered;
    int looking = t->looking;
    pthread_mutex_unlock(&t->mutex);
    return looking;
}

static void done_looking(tb_terminal *t)
{
    pthread_mutex_lock(&t->mutex);
    t->looking = 0;
    pthread_cond_broadcast(&t->answered);
    pthread_mutex_unlock(&t->mutex);
}

/* 1 when this terminal is a presence camera. */
static int watches(struct pipeline *p)
{
    tb_terminal *t = p->terminal;
    if (p->presence || !tb_terminal_is_registered(t) || t->role.kind != TB_KIND_PRESENCE)
        return p->presence != NULL;
    const tb_presence_options options = {.zone = t->options.capture.zone,
                                         .every = t->role.report_every,
                                         .fpir = t->role.fpir,
                                         .without_liveness =
                                             t->options.capture.without_liveness && tb_camera_is_simulation(t->camera)};
    tb_status status = tb_presence_new(&options, t->options.engine, &p->presence);
    if (status != TB_OK)
        say_camera(t, status, tb_status_sentence(status));
    return status == TB_OK;
}

static void look_around(struct pipeline *p, const tb_frame *frame)
{
    tb_zone_view zone;
    tb_terminal *t = p->terminal;
    if (!begin_looking(t)) {
        tb_presence_nobody(p->presence, &zone);
        return;
    }
    tb_status status = tb_camera_is_program(t->camera) ? TB_INJECTED : TB_OK; /* whatever it shows */
    tb_link_view link;
    tb_link_look(t->link, &link);
    if (status == TB_OK && link.stale)
        status = TB_STALE;
    if (status == TB_OK)
        status = tb_presence_see(p->presence, frame, t->list, tb_site_clock_now(t->clock), seen, t, &zone);
    done_looking(t);
    say_camera(t, status, status == TB_OK ? "ok" : tb_status_sentence(status));
    if (status != TB_OK)
        return;
    p->said_nobody = 0;
    p->calm = zone.inside == p->zone.inside;
    p->zone = zone;
    post_zone(t, &zone);
}

static void nobody(struct pipeline *p)
{
    tb_zone_view zone;
    if (p->presence)
        tb_presence_nobody(p->presence, &zone);
    tb_capturer_nobody(p->capturer, &zone);
    if (!p->said_nobody)
        post_zone(p->terminal, &zone);
    p->said_nobody = 1;
}

static void one_picture(struct pipeline *p)
{
    tb_frame frame = {0};
    tb_status status = tb_camera_next(p->camera, WAIT_MS, &frame);
    if (status == TB_OK) {
        p->last_picture = tb_clock_monotonic();
        if (watches(p))
            look_around(p, &frame);
        else
            look(p, &frame);
        tb_frame_free(&frame);
        int64_t took = tb_clock_monotonic() - p->last_picture, rest = 2 * took > REST ? 2 * took : REST;
        if (p->calm)
            nanosleep(&(struct timespec){rest / TB_SECOND, rest % TB_SECOND * 1000}, NULL);
        return;
    }
    if (status != TB_TIMEOUT) { /* else: a moment without one; what was said of the camera stays */
        const tb_error *why = tb_camera_why(p->camera);
        say_camera(p->terminal, status, why->status ? tb_error_text(why) : tb_status_sentence(status));
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    }
    if (tb_clock_monotonic() - p->last_picture > NOBODY_AFTER)
        nobody(p);
}

void *tb_pipeline_main(void *context)
{
    tb_terminal *t = context;
    struct pipeline p = {.terminal = t, .camera = t->camera, .document = tb_secret_alloc(sizeof *p.document)};
    tb_model models[TB_MODELS_MAX];
    p.models = tb_engine_models(t->options.engine, models);
    tb_capture_options capture = t->options.capture;
    capture.simulation = tb_camera_is_simulation(t->camera);
    capture.virtual_device =
        tb_camera_is_program(t->camera) || (t->camera_inside && tb_camera_is_program(t->camera_inside));
    capture.without_liveness = capture.without_liveness && capture.simulation; /* whatever the program asked for */
    tb_status status = p.document ? tb_capturer_new(&capture, t->options.engine, &p.capturer) : TB_NO_MEMORY;
    if (status != TB_OK) {
        tb_log(TB_LOG_ERROR, "terminal", "no pictures are looked at: %s", tb_status_sentence(status));
        say_camera(t, status, tb_status_sentence(status));
    } else {
        while (take_order(&p))
            one_picture(&p);
    }
    tb_presence_free(&p.presence);
    tb_capturer_free(&p.capturer);
    tb_secret_free(p.document);
    return NULL;
}
