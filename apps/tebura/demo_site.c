/* demo_site.c: the programs of the airport: one teburad (which brings its own broker), a tebura-edge for every
 * terminal. */
#include "demo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *id, *role, *gate;
    demo_place place;
} terminals[] = {{"checkin-1", "checkin", NULL, DEMO_CHECKIN},
                 {"checkin-2", "checkin", NULL, DEMO_CHECKIN},
                 {"checkin-3", "checkin", NULL, DEMO_CHECKIN},
                 {"bags-1", "bag_drop", NULL, DEMO_BAGS},
                 {"security-1", "security", NULL, DEMO_SECURITY},
                 {"security-2", "security", NULL, DEMO_SECURITY},
                 {"emigration-1", "emigration", NULL, DEMO_EMIGRATION},
                 {"shop-1", "shop", NULL, DEMO_SHOP},
                 {"pickup-1", "pickup", NULL, DEMO_PICKUP},
                 {"gate-12", "boarding", "12", DEMO_GATE_12},
                 {"gate-15", "boarding", "15", DEMO_GATE_15},
                 /* whose camera is the visitor's own webcam: started when the travellers have gone */
                 {"webcam-checkin", "checkin", NULL, DEMO_CHECKIN},
                 {"webcam-security", "security", NULL, DEMO_SECURITY},
                 {"webcam-shop", "shop", NULL, DEMO_SHOP}};
enum {
    ALL = sizeof terminals / sizeof *terminals,
    WEBCAMS = 3,
    TERMINALS = ALL - WEBCAMS,
    READY_SECONDS = 60,
    END_SECONDS = 10
};

static tb_status text_of(const json_t *line, const char *key, char *out, size_t size, const char *whose, tb_error *why)
{
    const char *value = json_string_value(json_object_get(line, key));
    if (!value || strlen(value) >= size)
        return tb_fail(why, TB_MALFORMED, "the first line of %s has no usable '%s'", whose, key);
    memcpy(out, value, strlen(value) + 1);
    return TB_OK;
}

static tb_status read_token(const json_t *line, const char *whose, char out[160], tb_error *why)
{
    char path[256];
    tb_bytes token = {0};
    tb_status status = text_of(line, "token_file", path, sizeof path, whose, why);
    if (status == TB_OK)
        status = tb_file_read(path, 159, &token, why);
    if (status == TB_OK) {
        memcpy(out, token.data, token.size);
        out[token.size] = '\0';
        out[strcspn(out, " \r\n")] = '\0';
    }
    tb_bytes_free(&token);
    return status;
}

static tb_status server_ready(demo *d, tb_error *why)
{
    json_t *line;
    tb_status status = process_ready(&d->server, READY_SECONDS, &line, why);
    if (status == TB_OK)
        status = text_of(line, "http", d->url, sizeof d->url, "teburad", why);
    if (status == TB_OK)
        status = text_of(line, "https", d->https, sizeof d->https, "teburad", why);
    if (status == TB_OK)
        status = text_of(line, "nats", d->nats, sizeof d->nats, "teburad", why);
    if (status == TB_OK)
        status = read_token(line, "teburad", d->token, why);
    json_decref(line);
    return status == TB_OK ? http_client_new(d->url, d->token, &d->client) : status;
}

static tb_status start_server(demo *d, tb_error *why)
{
    char data[96], log[96];
    snprintf(data, sizeof data, "%s/server", d->directory);
    snprintf(log, sizeof log, "%s/teburad.log", d->directory);
    const char *argv[] = {"teburad",
                          "management",
                          "--data",
                          data,
                          "--site",
                          "airport",
                          "--profile",
                          d->options.profile,
                          "--listen-tls",
                          "127.0.0.1:0",
                          d->options.web ? "--web" : NULL,
                          d->options.web,
                          NULL};
    tb_status status = process_start("teburad", (char *const *)(void *)argv, "teburad", log, &d->server, why);
    return status == TB_OK ? server_ready(d, why) : status;
}

/* ---- terminals ---- */

static tb_status announce(demo *d, int index, tb_error *why)
{
    demo_point *point = &d->points[index];
    http_reply reply;
    json_t *body = json_pack("{s:s, s:s}", "id", terminals[index].id, "role", terminals[index].role);
    if (body && terminals[index].gate &&
        json_object_set_new(body, "attributes", json_pack("{s:s}", "gate", terminals[index].gate)) != 0)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    tb_status status = http_call(d->client, "POST", "/api/v1/touchpoints", body, 20, &reply, why);
    char code[40], authority[80];
    if (status == TB_OK)
        status = text_of(reply.body, "code", code, sizeof code, "the announcement", why);
    if (status == TB_OK)
        status = text_of(reply.body, "authority", authority, sizeof authority, "the announcement", why);
    if (status == TB_OK)
        snprintf(point->code, sizeof point->code, "%s.%s", code, authority);
    json_decref(body);
    http_reply_free(&reply);
    return status;
}

static tb_status start_terminal(demo *d, int index, tb_error *why)
{
    demo_point *point = &d->points[index];
    char data[128], log[128];
    snprintf(point->id, sizeof point->id, "%s", terminals[index].id);
    point->place = terminals[index].place;
    snprintf(data, sizeof data, "%s/%s", d->directory, point->id);
    snprintf(log, sizeof log, "%s/%s.log", d->directory, point->id);
    tb_status status = announce(d, index, why);
    if (status != TB_OK)
        return status;
    const char *argv[] = {"tebura-edge",
                          "--data",
                          data,
                          "--server",
                          d->https,
                          "--origin",
                          d->url,
                          "--code",
                          point->code,
                          "--profile",
                          d->options.profile,
                          "--camera",
                          index < TERMINALS ? "virtual:" : "pushed:",
                          NULL};
    return process_start("tebura-edge", (char *const *)(void *)argv, point->id, log, &point->program, why);
}

static tb_status terminal_ready(demo *d, int index, tb_error *why)
{
    demo_point *point = &d->points[index];
    json_t *line;
    tb_status status = process_ready(&point->program, READY_SECONDS, &line, why);
    if (status == TB_OK)
        status = text_of(line, "screen", point->screen, sizeof point->screen, point->id, why);
    if (status == TB_OK)
        status = read_token(line, point->id, point->token, why);
    if (status == TB_OK && !json_is_true(json_object_get(line, "registered")))
        status =
            tb_fail(why, TB_UNAUTHORISED, "%s could not register at the server; see %s", point->id, point->program.log);
    json_decref(line);
    return status;
}

/* Started by two's, as two cores load the networks of two terminals at a time. */
static tb_status start_terminals(demo *d, int first, int end, tb_error *why)
{
    tb_status status = TB_OK;
    for (int i = first; i <= end && status == TB_OK; i++) {
        if (i < end) {
            pthread_mutex_init(&d->points[i].free, NULL);
            d->point_count = i + 1;
            status = start_terminal(d, i, why);
        }
        if (status == TB_OK && i > first)
            status = terminal_ready(d, i - 1, why);
        if (status == TB_OK && i > first)
            demo_say(d, "  %-15s ready", d->points[i - 1].id);
        if (demo_is_interrupted())
            return tb_fail(why, TB_END_OF_STREAM, "interrupted");
    }
    return status;
}

tb_status demo_site_start(demo *d, tb_error *why)
{
    tb_status status = start_server(d, why);
    if (status != TB_OK)
        return status;
    const char *broker = strchr(d->nats, '@'); /* what stands before it is secret */
    demo_say(d, "  %-15s ready at %s, its broker at %s", "teburad", d->url, broker ? broker + 1 : d->nats);
    return start_terminals(d, 0, TERMINALS, why);
}

tb_status demo_webcams_start(demo *d, tb_error *why)
{
    return start_terminals(d, TERMINALS, ALL, why);
}

void demo_site_end(demo *d)
{
    for (int i = 0; i < d->point_count; i++)
        process_ask_to_end(&d->points[i].program);
    for (int i = 0; i < d->point_count; i++) {
        int ran = d->points[i].program.pid > 0;
        d->ended_badly += ran && !process_wait(&d->points[i].program, END_SECONDS);
        pthread_mutex_destroy(&d->points[i].free);
    }
    process_ask_to_end(&d->server);
    d->ended_badly += d->server.pid > 0 && !process_wait(&d->server, END_SECONDS);
    http_client_free(&d->client);
}

/* ---- flights ---- */

static void plan(demo_flight *flight, const char *number, const char *to, const char *gate, tb_time boarding,
                 tb_time departure)
{
    *flight = (demo_flight){.from = "HND", .boarding = boarding, .departure = departure};
    snprintf(flight->number, sizeof flight->number, "%s", number);
    snprintf(flight->to, sizeof flight->to, "%s", to);
    snprintf(flight->gate, sizeof flight->gate, "%s", gate);
    int64_t days = departure / TB_DAY;
    tb_days_date(days, &flight->date.year, &flight->date.month, &flight->date.day);
    flight->day_of_year = (int)(days - tb_date_days(flight->date.year, 1, 1)) + 1;
}

static tb_status announce_flight(demo *d, const demo_flight *flight, tb_error *why)
{
    char path[96], boarding[TB_TIME_TEXT_SIZE], departure[TB_TIME_TEXT_SIZE];
    http_reply reply;
    snprintf(path, sizeof path, "/api/v1/flights/%s/%04d-%02d-%02d", flight->number, flight->date.year,
             flight->date.month, flight->date.day);
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:s}", "from", flight->from, "to", flight->to, "gate", flight->gate, "boarding",
                  tb_time_text(flight->boarding, boarding), "departure", tb_time_text(flight->departure, departure));
    tb_status status = http_call(d->client, "PUT", path, body, 20, &reply, why);
    json_decref(body);
    http_reply_free(&reply);
    return status;
}

tb_status demo_flights_announce(demo *d, tb_error *why)
{
    tb_time now = tb_clock_now() / TB_MINUTE * TB_MINUTE;
    tb_status status = TB_OK;
    plan(&d->flights[0], "NH106", "LAX", "12", now - 2 * TB_MINUTE, now + 50 * TB_MINUTE);
    plan(&d->flights[1], "BA8", "LHR", "15", now - 1 * TB_MINUTE, now + 55 * TB_MINUTE);
    plan(&d->flights[2], "SQ637", "SIN", "12", now + 10 * TB_HOUR, now + 10 * TB_HOUR + 45 * TB_MINUTE);
    for (int i = 0; i < DEMO_FLIGHTS && status == TB_OK; i++)
        status = announce_flight(d, &d->flights[i], why);
    return status;
}

tb_status demo_flight_departs(demo *d, int index, tb_error *why)
{
    char path[96];
    http_reply reply;
    const demo_flight *flight = &d->flights[index];
    snprintf(path, sizeof path, "/api/v1/flights/%s/%04d-%02d-%02d/departed", flight->number, flight->date.year,
             flight->date.month, flight->date.day);
    tb_status status = http_call(d->client, "POST", path, NULL, 30, &reply, why);
    http_reply_free(&reply);
    return status;
}
