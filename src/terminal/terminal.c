/* terminal.c: putting one terminal together and taking it apart. */
#include "terminal/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#include "terminal/terminal_private.h"

static tb_status open_identity(tb_terminal *t, tb_error *why)
{
    tb_status status = tb_edge_store_open_with(t->options.directory, t->options.key_file, &t->store, why);
    if (status != TB_OK)
        return status;
    tb_clock_memory memory;
    tb_time fresh_at;
    tb_link_recall(t->store, &memory, &fresh_at);
    status = tb_site_clock_new(NULL, &memory, &t->clock);
    if (status != TB_OK)
        return status;
    t->keys = tb_secret_alloc(sizeof *t->keys);
    t->feed_key = tb_secret_alloc(sizeof *t->feed_key);
    status = t->keys && t->feed_key ? tb_edge_store_keys(t->store, t->keys) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_edge_store_registration(t->store, &t->registration);
    if (status == TB_OK)
        return tb_activate(t, why);
    if (status != TB_NOT_FOUND)
        return tb_fail(why, status, "%s: %s", t->options.directory, tb_status_sentence(status));
    if (!t->options.code)
        return tb_fail(why, TB_NOT_FOUND, "%s: this terminal is not registered: give the one-time code with --code",
                       t->options.directory);
    status = tb_try_registration(t, why);
    if (status == TB_BUS_DOWN || status == TB_TIMEOUT) {
        snprintf(t->retry_told, sizeof t->retry_told, "%s", tb_error_text(why));
        tb_log(TB_LOG_WARNING, "terminal", "not registered yet, trying on: %s", t->retry_told);
        if (why)
            *why = (tb_error){0};
        return TB_OK;
    }
    return status;
}

static tb_status start_threads(tb_terminal *t, tb_error *why)
{
    t->machine_runs = pthread_create(&t->machine_thread, NULL, tb_machine_main, t) == 0;
    t->pipeline_runs = pthread_create(&t->pipeline_thread, NULL, tb_pipeline_main, t) == 0;
    return t->machine_runs && t->pipeline_runs ? TB_OK : tb_fail(why, TB_NO_MEMORY, "a thread could not be started");
}

static tb_status open_cameras(tb_terminal *t, tb_error *why)
{
    tb_status status = tb_camera_open(t->options.camera, &t->camera, why);
    if (status == TB_OK && t->options.camera_inside)
        status = tb_camera_open(t->options.camera_inside, &t->camera_inside, why);
    if (status == TB_OK && t->camera_inside &&
        tb_camera_is_simulation(t->camera) != tb_camera_is_simulation(t->camera_inside))
        status = tb_fail(why, TB_INVALID_ARGUMENT,
                         "--camera-inside: a simulated camera beside a real one would pass for it: both, or neither");
    return status;
}

tb_status tb_terminal_open(const tb_terminal_options *options, tb_terminal **out, tb_error *why)
{
    *out = NULL;
    tb_terminal *t = calloc(1, sizeof *t);
    if (!t)
        return tb_fail(why, TB_NO_MEMORY, "out of memory");
    t->options = *options;
    t->calibration = *tb_engine_calibration(options->engine);
    tb_status status = tb_post_init(t), viewed = tb_view_init(t);
    if (status == TB_OK)
        status = viewed;
    if (status == TB_OK)
        status = open_cameras(t, why);
    if (status == TB_OK)
        status = tb_local_api_open(t, why); /* its address is in the first heartbeat */
    if (status == TB_OK)
        status = open_identity(t, why);
    if (status == TB_OK)
        status = start_threads(t, why);
    if (status != TB_OK) {
        tb_terminal_free(&t);
        return why && why->status ? status : tb_fail(why, status, "%s", tb_status_sentence(status));
    }
    *out = t;
    return TB_OK;
}

void tb_terminal_free(tb_terminal **at)
{
    tb_terminal *t = *at;
    if (!t)
        return;
    pthread_mutex_lock(&t->mutex);
    t->stopping = 1;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->mutex);
    if (t->machine_runs)
        pthread_join(t->machine_thread, NULL);
    if (t->pipeline_runs)
        pthread_join(t->pipeline_thread, NULL);
    tb_post_refuse_all(t);
    tb_http_free(&t->http);
    tb_link_free(&t->link);
    tb_actuator_free(&t->actuator);
    tb_camera_free(&t->camera);
    tb_camera_free(&t->camera_inside);
    tb_list_free(&t->list);
    tb_edge_store_free(&t->store);
    tb_site_clock_free(&t->clock);
    tb_secret_free(t->keys);
    tb_secret_free(t->feed_key);
    tb_view_end(t);
    tb_wipe(&t->machine, sizeof t->machine);
    tb_post_end(t);
    free(t);
    *at = NULL;
}

int tb_terminal_offset(const tb_terminal *terminal)
{
    return terminal->options.follow_local_time ? tb_clock_offset() : terminal->options.utc_offset_minutes;
}

const char *tb_terminal_url(const tb_terminal *terminal)
{
    return terminal->url;
}

const char *tb_terminal_token_file(const tb_terminal *terminal)
{
    return terminal->token_file;
}

int tb_terminal_is_registered(tb_terminal *terminal)
{
    pthread_mutex_lock(&terminal->mutex);
    int registered = terminal->registered;
    pthread_mutex_unlock(&terminal->mutex);
    return registered;
}

const char *tb_terminal_touchpoint(tb_terminal *terminal, char *out)
{
    out[0] = '\0';
    if (tb_terminal_is_registered(terminal))
        memcpy(out, terminal->registration.touchpoint, TB_TOUCHPOINT_SIZE);
    return out;
}
