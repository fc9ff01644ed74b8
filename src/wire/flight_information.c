/* flight_information.c: from records to what they say of a flight. */
#include <tebura/flight_information.h>

#include <stdio.h>
#include <string.h>

#include "wire/records.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *const fields[TB_FLIGHT_FIELDS] = {"from", "to",  "gate", "std",      "etd",   "atd",
                                                     "sta",  "eta", "ata",  "boarding", "status"};
static const char *const statuses[TB_FLIGHT_STATUSES] = {"scheduled", "delayed", "boarding",  "departed",
                                                         "landed",    "arrived", "cancelled", "diverted"};
static const char *const others[] = {"carrier", "flight_number", "suffix", "date", "source", "message", "at"};

const char *tb_flight_field_name(tb_flight_field field)
{
    return (unsigned)field < TB_FLIGHT_FIELDS ? fields[field] : "";
}

const char *tb_flight_status_name(tb_flight_status status)
{
    return (unsigned)status < TB_FLIGHT_STATUSES ? statuses[status] : "";
}

static int is_of(const char *text, const char *set, size_t least, size_t most)
{
    size_t length = strlen(text);
    return length >= least && length <= most && strspn(text, set) == length;
}

/* "" when the record does not say it, or says that there is none. */
static const char *word(const tb_record *record, const char *name)
{
    const tb_record_value *value = tb_record_get(record, name);
    return value ? value->text : "";
}

static tb_status check_names(const tb_record *record, tb_error *why)
{
    for (size_t i = 0; i < record->count; i++) {
        const char *name = record->values[i].name;
        int known = 0;
        for (size_t k = 0; k < TB_FLIGHT_FIELDS && !known; k++)
            known = strcmp(fields[k], name) == 0;
        for (size_t k = 0; k < sizeof others / sizeof *others && !known; k++)
            known = strcmp(others[k], name) == 0;
        if (!known)
            return tb_fail(why, TB_INVALID_ARGUMENT, "there is no field \"%.31s\"", name);
    }
    return TB_OK;
}

static int is_date(const char *text)
{
    int year, month, day, y, m, d, used = 0;
    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10 || text[used] || year < 1970)
        return 0;
    tb_days_date(tb_date_days(year, month, day), &y, &m, &d);
    return y == year && m == month && d == day;
}

static tb_status read_flight(const tb_record *record, tb_flight_change *out, tb_error *why)
{
    const char *carrier = word(record, "carrier"), *number = word(record, "flight_number");
    const char *suffix = word(record, "suffix"), *date = word(record, "date");
    if (!is_of(carrier, UPPER DIGITS, 2, 3))
        return tb_fail(why, TB_INVALID_ARGUMENT, "\"carrier\" has to be two or three capital letters and digits");
    if (!is_of(number, DIGITS, 1, 4))
        return tb_fail(why, TB_INVALID_ARGUMENT, "\"flight_number\" has to be one to four digits");
    if (!is_of(suffix, UPPER, 0, 1))
        return tb_fail(why, TB_INVALID_ARGUMENT, "\"suffix\" has to be one capital letter");
    if (!is_date(date))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "\"date\" has to be the scheduled day of departure, like 2026-11-21: it names the flight");
    while (number[0] == '0' && number[1])
        number++;
    snprintf(out->flight, sizeof out->flight, "%s%s%s/%s", carrier, number, suffix, date);
    return TB_OK;
}

/* RFC 3339 with a zone; seconds may be left out, fractions do not count. */
static tb_status read_time(const char *name, const char *text, tb_time *out, tb_error *why)
{
    char whole[48];
    const size_t length = strlen(text), clock = 16; /* 2026-11-21T18:30 */
    if (length >= clock && length < sizeof whole - 4) {
        const char *zone = text + clock;
        if (*zone == ':')
            zone += 1 + strspn(zone + 1, DIGITS);
        if (*zone == '.')
            zone += 1 + strspn(zone + 1, DIGITS);
        snprintf(whole, sizeof whole, "%.16s%.3s%s", text, text[clock] == ':' ? text + clock : ":00", zone);
        if (tb_time_parse(whole, out) == TB_OK)
            return TB_OK;
        if (!*zone)
            return tb_fail(why, TB_INVALID_ARGUMENT,
                           "\"%s\" has no zone: write 2026-11-21T18:30+09:00 or 2026-11-21T09:30Z", name);
    }
    return tb_fail(why, TB_INVALID_ARGUMENT, "\"%s\" has to be a time with its zone, like 2026-11-21T18:30+09:00",
                   name);
}

static tb_status read_airport(const char *name, const char *text, char out[4], tb_error *why)
{
    if (!is_of(text, UPPER, 3, 3))
        return tb_fail(why, TB_INVALID_ARGUMENT, "\"%s\" has to be an airport of three capital letters", name);
    memcpy(out, text, 4);
    return TB_OK;
}

static tb_status read_status(const char *text, tb_flight_status *out, tb_error *why)
{
    for (size_t i = 0; i < TB_FLIGHT_STATUSES; i++)
        if (strcmp(statuses[i], text) == 0) {
            *out = (tb_flight_status)i;
            return TB_OK;
        }
    return tb_fail(why, TB_INVALID_ARGUMENT,
                   "\"status\" has to be scheduled, delayed, boarding, departed, landed, arrived, cancelled or "
                   "diverted");
}

static int may_end(tb_flight_field field) /* what there may be no more */
{
    return field == TB_FLIGHT_GATE || field == TB_FLIGHT_ETD || field == TB_FLIGHT_ETA || field == TB_FLIGHT_BOARDING;
}

static tb_status read_field(const tb_record_value *value, tb_flight_field field, tb_flight_change *out, tb_error *why)
{
    const char *name = fields[field], *text = value->text;
    out->says |= 1u << field;
    if (value->kind == TB_RECORD_NULL)
        return may_end(field) ? TB_OK : tb_fail(why, TB_INVALID_ARGUMENT, "\"%s\" cannot be taken back", name);
    if (field == TB_FLIGHT_FROM)
        return read_airport(name, text, out->from, why);
    if (field == TB_FLIGHT_TO)
        return read_airport(name, text, out->to, why);
    if (field == TB_FLIGHT_STATUS)
        return read_status(text, &out->status, why);
    if (field != TB_FLIGHT_GATE)
        return read_time(name, text, &out->times[field], why);
    if (!is_of(text, UPPER DIGITS, 0, sizeof out->gate - 1))
        return tb_fail(why, TB_INVALID_ARGUMENT, "\"gate\" has to be up to seven capital letters and digits");
    snprintf(out->gate, sizeof out->gate, "%s", text);
    return TB_OK;
}

static tb_status read_origin(const tb_record *record, tb_flight_change *out, tb_error *why)
{
    const char *source = word(record, "source"), *message = word(record, "message"), *at = word(record, "at");
    if (!is_of(source, UPPER DIGITS "abcdefghijklmnopqrstuvwxyz._-", 0, sizeof out->source - 1))
        return tb_fail(why, TB_INVALID_ARGUMENT, "\"source\" has to be up to 31 letters, digits and . _ -");
    if (strlen(message) >= sizeof out->message)
        return tb_fail(why, TB_INVALID_ARGUMENT, "\"message\" has to have up to 63 bytes");
    for (size_t i = 0; message[i]; i++)
        if (message[i] <= ' ' || message[i] > '~')
            return tb_fail(why, TB_INVALID_ARGUMENT, "\"message\" has to be letters, digits and signs without spaces");
    snprintf(out->source, sizeof out->source, "%s", source);
    snprintf(out->message, sizeof out->message, "%s", message);
    return *at ? read_time("at", at, &out->at, why) : TB_OK;
}

static tb_status read_change(const tb_record *record, tb_flight_change *out, tb_error *why)
{
    *out = (tb_flight_change){0};
    tb_status status = check_names(record, why);
    if (status == TB_OK)
        status = read_flight(record, out, why);
    if (status == TB_OK)
        status = read_origin(record, out, why);
    for (int i = 0; i < TB_FLIGHT_FIELDS && status == TB_OK; i++) {
        const tb_record_value *value = tb_record_get(record, fields[i]);
        if (value)
            status = read_field(value, (tb_flight_field)i, out, why);
    }
    if (status == TB_OK && !out->says)
        return tb_fail(why, TB_INVALID_ARGUMENT, "nothing is said about flight %s", out->flight);
    return status;
}

typedef struct reading {
    tb_flight_change_fn each;
    void *context;
} reading;

static tb_status on_record(void *context, const tb_record *record, const tb_error *bad)
{
    const reading *r = context;
    tb_flight_change change;
    tb_error why = {0};
    if (bad)
        return r->each(r->context, record->place, record->number, record->mark, NULL, bad);
    int good = read_change(record, &change, &why) == TB_OK;
    return r->each(r->context, record->place, record->number, record->mark, good ? &change : NULL, good ? NULL : &why);
}

tb_status tb_flight_changes_read(tb_span bytes, int ended, tb_flight_change_fn each, void *context, tb_error *why)
{
    reading r = {each, context};
    return tb_records_read(bytes, ended, on_record, &r, why);
}
