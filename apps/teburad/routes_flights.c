/* routes_flights.c: flights as the flight information source, or the operator, knows them. */
#include <stdio.h>
#include <string.h>

#include "routes.h"

/* Times that are not known are left out. */
static json_t *json_of_flight(const tb_flight *f)
{
    const struct {
        const char *name;
        tb_time time;
    } times[] = {{"std", f->std}, {"etd", f->etd}, {"atd", f->atd}, {"sta", f->sta}, {"eta", f->eta}, {"ata", f->ata}};
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:s}", "id", f->id, "from", f->from, "to", f->to, "gate",
                  f->gate, "boarding", json_of_time(f->boarding), "departure", json_of_time(f->departure), "departed",
                  f->departed != 0, "cancelled", f->cancelled != 0, "status", tb_flight_status_name(f->status));
    for (size_t i = 0; json && i < sizeof times / sizeof *times; i++)
        if (times[i].time && json_object_set_new(json, times[i].name, json_of_time(times[i].time)) != 0) {
            json_decref(json);
            return NULL;
        }
    return json;
}

static tb_status append_flight(void *context, const tb_flight *flight)
{
    return json_array_append_new(context, json_of_flight(flight)) == 0 ? TB_OK : TB_NO_MEMORY;
}

HANDLER(get_flights)
{
    teburad *s = context;
    (void)request;
    (void)why;
    json_t *flights = json_array();
    tb_status status = flights ? tb_management_flights(s->management, append_flight, flights) : TB_NO_MEMORY;
    if (status == TB_OK)
        return tb_http_reply_json(reply, 200, json_pack("{s:o}", "flights", flights));
    json_decref(flights);
    return status;
}

/* Two characters of the carrier, one to four digits, perhaps a letter. */
static int number_is_good(const char *number)
{
    size_t digits = strlen(number) > 2 ? strspn(number + 2, DIGITS) : 0;
    const char *rest = number + 2 + digits;
    return digits >= 1 && digits <= 4 && strspn(number, UPPER DIGITS) >= 2 && (!*rest || text_is_of(rest, UPPER, 1));
}

static int date_is_good(const char *date)
{
    char midnight[64];
    tb_time time;
    return strlen(date) == 10 && snprintf(midnight, sizeof midnight, "%sT00:00:00Z", date) < (int)sizeof midnight &&
           tb_time_parse(midnight, &time) == TB_OK;
}

static tb_status path_flight(const tb_http_request *request, char id[32], tb_error *why)
{
    const char *number = tb_http_param(request, "number"), *date = tb_http_param(request, "date");
    if (!number_is_good(number) || !date_is_good(date))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a flight is a number like NH105 and a date like 2026-11-21");
    snprintf(id, 32, "%.8s/%.10s", number, date);
    return TB_OK;
}

/* RFC 3339 allows fractions of a second, and browsers write them; flights have none. */
static void drop_fraction(char *text)
{
    char *dot = strchr(text, '.');
    size_t digits = dot ? strspn(dot + 1, DIGITS) : 0;
    if (digits)
        memmove(dot, dot + 1 + digits, strlen(dot + 1 + digits) + 1);
}

static tb_status read_time(const json_t *body, const char *name, tb_time *out, tb_error *why)
{
    char text[64] = "";
    tb_status status = tb_json_text(body, name, 1, text, sizeof text, why);
    drop_fraction(text);
    if (status == TB_OK && tb_time_parse(text, out) != TB_OK)
        status =
            tb_fail(why, TB_INVALID_ARGUMENT, "the field \"%s\" has to be a time like 2026-11-21T18:30:00+09:00", name);
    return status;
}

static tb_status read_flight(const json_t *body, tb_flight *out, tb_error *why)
{
    tb_status status = tb_json_only(body, why, "from", "to", "gate", "boarding", "departure", "cancelled", NULL);
    if (status == TB_OK)
        status = tb_json_text(body, "from", 1, out->from, sizeof out->from, why);
    if (status == TB_OK)
        status = tb_json_text(body, "to", 1, out->to, sizeof out->to, why);
    if (status == TB_OK)
        status = json_object_get(body, "gate") ? tb_json_text(body, "gate", 0, out->gate, sizeof out->gate, why)
                                               : tb_fail(why, TB_INVALID_ARGUMENT, "the field \"gate\" is missing");
    if (status == TB_OK)
        status = read_time(body, "boarding", &out->boarding, why);
    if (status == TB_OK)
        status = read_time(body, "departure", &out->departure, why);
    if (status == TB_OK)
        status = tb_json_bool(body, "cancelled", 0, &out->cancelled, why);
    if (status != TB_OK)
        return status;
    if (!text_is_of(out->from, UPPER, 3) || !text_is_of(out->to, UPPER, 3) || strlen(out->from) != 3 ||
        strlen(out->to) != 3)
        return tb_fail(why, TB_INVALID_ARGUMENT, "an airport is three capital letters");
    if (out->gate[0] && !text_is_of(out->gate, UPPER DIGITS, 7))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a gate is capital letters and digits");
    if (out->boarding > out->departure)
        return tb_fail(why, TB_INVALID_ARGUMENT, "boarding cannot begin after departure");
    return TB_OK;
}

typedef struct flight_search {
    const char *id;
    tb_flight found;
} flight_search;

static tb_status compare_flight(void *context, const tb_flight *flight)
{
    flight_search *s = context;
    if (strcmp(flight->id, s->id) == 0)
        s->found = *flight;
    return TB_OK;
}

static tb_status reply_flight(teburad *s, const char *id, tb_http_reply *reply)
{
    flight_search search = {.id = id};
    tb_status status = tb_management_flights(s->management, compare_flight, &search);
    if (status == TB_OK && !search.found.id[0])
        status = TB_NOT_FOUND;
    return status == TB_OK ? tb_http_reply_json(reply, 200, json_of_flight(&search.found)) : status;
}

HANDLER(put_flight)
{
    teburad *s = context;
    tb_flight flight = {0};
    tb_status status = path_flight(request, flight.id, why);
    if (status == TB_OK)
        status = read_flight(request->json, &flight, why);
    if (status == TB_OK)
        status = tb_management_flight_put(s->management, &flight, why);
    return status == TB_OK ? reply_flight(s, flight.id, reply) : status;
}

HANDLER(post_departed)
{
    teburad *s = context;
    char id[32];
    tb_status status = path_flight(request, id, why);
    if (status == TB_OK)
        status = tb_management_flight_departed(s->management, id, why);
    return status == TB_OK ? reply_flight(s, id, reply) : status;
}
