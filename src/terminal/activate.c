/* activate.c: registration, and what can only be made when the terminal knows who it is: role, list, link, machine. */
#include "terminal/terminal_private.h"

#include <stdio.h>
#include <string.h>

#include <tebura/log.h>

#include "terminal/doors.h"
#include "terminal/registration.h"

#define INTERLOCK_MOST (15 * TB_MINUTE) /* from the entry to the exit, with whatever an attendant has to see to */
#define GATE_OPEN_MS 2000
#define REGISTER_MS 3000

static void answered(void *context, const tb_answer *answer)
{
    tb_machine_input in = {.kind = TB_INPUT_ANSWER,
                           .about = answer->id,
                           .status = answer->status,
                           .verdict = answer->verdict,
                           .visit = answer->visit,
                           .fields = answer->fields};
    memcpy(in.reason, answer->reason, sizeof in.reason);
    tb_post(context, &in);
}

static void changed(void *context)
{
    tb_post_refresh(context);
}

static void beat(void *context, tb_heartbeat *beat)
{
    tb_terminal *t = context;
    pthread_mutex_lock(&t->view_mutex);
    snprintf(beat->state, sizeof beat->state, "%s", tb_phase_name(t->view->phase));
    beat->decisions = t->view->decisions;
    beat->simulation = t->view->simulation;
    pthread_mutex_unlock(&t->view_mutex);
    snprintf(beat->screen, sizeof beat->screen, "%s", tb_terminal_url(t));
}

static tb_status void_open_payments(tb_terminal *t)
{
    int count = 0;
    tb_status status = tb_edge_store_payments_void(t->store, tb_site_clock_now(t->clock), &count);
    if (count)
        tb_log(TB_LOG_WARNING, "terminal", "%d payment(s) were under way when this terminal stopped: voided", count);
    return status;
}

/* An error when it registers; at later starts the server's models may have changed (X12), so it is only said. */
static tb_status check_model(const tb_terminal *t, tb_error *why)
{
    tb_model models[TB_MODELS_MAX];
    int count = tb_engine_models(t->options.engine, models);
    for (int i = 0; i < count; i++)
        if (models[i].id == t->registration.model)
            return TB_OK;
    return tb_fail(why, TB_OTHER_MODEL, "the server's templates are of model %u, this terminal's network makes %u",
                   t->registration.model, models[0].id);
}

static tb_status open_actuator(tb_terminal *t, int has_interlock)
{
    const tb_doors_listener listener = {.changed = changed, .called = tb_doors_called, .context = t};
    int needs = (t->role.between_face ? TB_INTERLOCK_FACE : 0) | (t->role.between_approval ? TB_INTERLOCK_APPROVAL : 0);
    return has_interlock ? tb_actuator_interlock_simulated(needs, &listener, &t->actuator)
                         : tb_actuator_simulated(GATE_OPEN_MS, &t->actuator);
}

/* Who stands before the entry says nothing about who is between the doors. */
static tb_status check_cameras(const tb_terminal *t, tb_error *why)
{
    if (t->role.between_face && !t->camera_inside)
        return tb_fail(
            why, TB_INVALID_ARGUMENT,
            "role %s asks for the face once more between its doors: give the camera there with --camera-inside",
            t->role.name);
    return TB_OK;
}

tb_status tb_activate(tb_terminal *t, tb_error *why)
{
    const tb_registration *r = &t->registration;
    const tb_role *role = tb_profile_role(t->options.profile, r->role);
    if (!role)
        return tb_fail(why, TB_NOT_FOUND, "the profile has no role %s: give the profile of the server", r->role);
    tb_error other = {0};
    if (check_model(t, &other) != TB_OK)
        tb_log(TB_LOG_WARNING, "terminal", "when this terminal registered, %s", tb_error_text(&other));
    tb_role_view_of(role, &t->role);
    int has_interlock = t->role.actuator && strcmp(t->role.actuator, "interlock") == 0;
    tb_machine_options machine = {.role = t->role, .actuate = has_interlock ? INTERLOCK_MOST : 0};
    tb_machine_init(&machine, &t->machine);
    tb_model models[TB_MODELS_MAX];
    tb_status status = check_cameras(t, why);
    if (status == TB_OK)
        status = tb_list_new(models, tb_engine_models(t->options.engine, models), &t->list);
    if (status == TB_OK)
        status = open_actuator(t, has_interlock);
    if (status == TB_OK)
        status = tb_key_from(&t->keys->private_key, &r->server, t->feed_key);
    tb_link_options link = {.store = t->store,
                            .list = t->list,
                            .registration = r,
                            .keys = t->keys,
                            .answered = answered,
                            .changed = changed,
                            .beat = beat,
                            .ordered = tb_ordered,
                            .renewed = tb_renewed,
                            .server = t->options.server,
                            .context = t,
                            .clock = t->clock,
                            .offline = t->role.match_at_server ? TB_TIME_NEVER : t->role.offline};
    if (status == TB_OK)
        status = tb_link_open(&link, &t->link, why);
    if (status == TB_OK)
        status = void_open_payments(t); /* M5, after the link told the store how to seal; before anybody is served */
    if (status != TB_OK) {              /* it is tried again */
        tb_link_free(&t->link);
        tb_actuator_free(&t->actuator);
        tb_list_free(&t->list);
        return why && why->status ? status : tb_fail(why, status, "%s", tb_status_sentence(status));
    }
    tb_link_wake(t->link);
    pthread_mutex_lock(&t->mutex);
    t->registered = 1;
    pthread_mutex_unlock(&t->mutex);
    tb_log(TB_LOG_INFO, "terminal", "%s is a %s terminal of %s", r->touchpoint, r->role, r->site);
    return TB_OK;
}

tb_status tb_try_registration(tb_terminal *t, tb_error *why)
{
    tb_status status = tb_register_at(t->options.server, t->options.code ? t->options.code : "", t->keys, REGISTER_MS,
                                      &t->registration, why);
    if (status == TB_OK)
        status = check_model(t, why);
    if (status == TB_OK)
        status = tb_edge_store_register(t->store, &t->registration);
    if (status == TB_OK)
        status = tb_activate(t, why);
    return status;
}
