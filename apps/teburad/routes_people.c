/* routes_people.c: people, their instruments and items, check-in without a face. */
#include <stdlib.h>
#include <string.h>

#include <tebura/document.h>
#include <tebura/secret.h>

#include "routes.h"

#define JOURNEY_MOST 1000

static json_t *json_of_person(const tb_person_summary *p)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:b, s:i, s:i, s:i, s:b, s:i, s:o, s:o}", "id",
                     json_of_id(p->person), "name", p->name, "flight", p->flight, "status", p->status, "seat", p->seat,
                     "reference", p->reference, "facts", json_of_facts(&p->facts), "flag", p->flag != 0, "consent",
                     p->consent != 0, "templates", p->templates, "instruments", p->instruments, "items_waiting",
                     p->items_waiting, "in_visitor_db", p->in_visitor_db != 0, "lists", p->lists, "visit",
                     json_of_id(p->visit), "kept_until", p->kept_until ? json_of_time(p->kept_until) : json_null());
}

typedef struct gathering {
    json_t *people;
    const tb_id *only; /* NULL: everybody */
} gathering;

static tb_status append_person(void *context, const tb_person_summary *person)
{
    gathering *g = context;
    if (g->only && !tb_id_equal(*g->only, person->person))
        return TB_OK;
    return json_array_append_new(g->people, json_of_person(person)) == 0 ? TB_OK : TB_NO_MEMORY;
}

HANDLER(get_people)
{
    teburad *s = context;
    const char *passport = tb_http_query(request, "passport");
    tb_id person;
    tb_status status = TB_OK;
    if (passport && !text_is_of(passport, UPPER DIGITS, 9))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a passport number is 1 to 9 capital letters and digits");
    gathering g = {.people = json_array(), .only = passport ? &person : NULL};
    if (passport)
        status = tb_management_person_find(s->management, passport, &person);
    if (status == TB_OK)
        status = g.people ? tb_management_people(s->management, append_person, &g) : TB_NO_MEMORY;
    if (status == TB_OK || status == TB_NOT_FOUND)
        return tb_http_reply_json(reply, 200, json_pack("{s:o}", "people", g.people));
    json_decref(g.people);
    return status;
}

HANDLER(delete_person)
{
    teburad *s = context;
    tb_id person;
    (void)reply;
    tb_status status = path_id(request, &person, why);
    return status == TB_OK ? tb_management_person_delete(s->management, person, why) : status;
}

HANDLER(delete_consent)
{
    teburad *s = context;
    tb_id person;
    (void)reply;
    tb_status status = path_id(request, &person, why);
    return status == TB_OK ? tb_management_consent_withdraw(s->management, person, why) : status;
}

static tb_status set_further(teburad *s, const tb_http_request *request, int agreed, tb_error *why)
{
    tb_id person;
    tb_status status = path_id(request, &person, why);
    if (status == TB_OK)
        status = tb_management_further_consent(s->management, person, tb_http_param(request, "name"), agreed, why);
    return status;
}

HANDLER(put_further_consent)
{
    (void)reply;
    return set_further(context, request, 1, why);
}

HANDLER(delete_further_consent)
{
    (void)reply;
    return set_further(context, request, 0, why);
}

static tb_status reply_created(tb_http_reply *reply, tb_id id)
{
    return tb_http_reply_json(reply, 201, json_pack("{s:o}", "id", json_of_id(id)));
}

HANDLER(post_instrument)
{
    teburad *s = context;
    tb_id person, instrument;
    char kind[32] = "", token[128] = "", pin[9] = "";
    tb_status status = path_id(request, &person, why);
    if (status == TB_OK)
        status = tb_json_only(request->json, why, "kind", "token", "pin", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "kind", 1, kind, sizeof kind, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "token", 1, token, sizeof token, why);
    if (status == TB_OK)
        status = tb_json_text(request->json, "pin", 0, pin, sizeof pin, why);
    if (status == TB_OK && json_object_get(request->json, "pin") && (!text_is_of(pin, DIGITS, 8) || strlen(pin) < 4))
        status = tb_fail(why, TB_INVALID_ARGUMENT, "a PIN is 4 to 8 digits");
    if (status == TB_OK)
        status =
            tb_management_instrument_add(s->management, person, kind, token, pin[0] ? pin : NULL, &instrument, why);
    tb_wipe(pin, sizeof pin);
    tb_wipe(token, sizeof token);
    return status == TB_OK ? reply_created(reply, instrument) : status;
}

HANDLER(get_journey)
{
    teburad *s = context;
    tb_id person;
    int count = 0;
    tb_status status = path_id(request, &person, why);
    tb_passage *passages = calloc(JOURNEY_MOST, sizeof *passages);
    if (status == TB_OK)
        status = passages ? tb_management_journey(s->management, person, passages, JOURNEY_MOST, &count) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_http_reply_json(reply, 200, json_pack("{s:o}", "passages", json_of_passages(passages, count)));
    else if (status == TB_NOT_FOUND)
        status = tb_fail(why, status, "there is no such person");
    free(passages);
    return status;
}

HANDLER(post_item)
{
    teburad *s = context;
    char passport[10] = "", description[64] = "";
    tb_id item;
    tb_status status = tb_json_only(request->json, why, "passport", "description", NULL);
    if (status == TB_OK)
        status = tb_json_text(request->json, "passport", 1, passport, sizeof passport, why);
    if (status == TB_OK && !text_is_of(passport, UPPER DIGITS, 9))
        status = tb_fail(why, TB_INVALID_ARGUMENT, "a passport number is 1 to 9 capital letters and digits");
    if (status == TB_OK)
        status = tb_json_text(request->json, "description", 1, description, sizeof description, why);
    if (status == TB_OK)
        status = tb_management_item_add(s->management, passport, description, &item, why);
    return status == TB_OK ? reply_created(reply, item) : status;
}

static tb_status read_checkin(const json_t *body, tb_request *out, tb_error *why)
{
    char channel[8] = "desk";
    tb_status status = tb_json_only(body, why, "mrz", "boarding_pass", "channel", NULL);
    if (status == TB_OK)
        status = tb_json_text(body, "mrz", 1, out->mrz, sizeof out->mrz, why);
    if (status == TB_OK)
        status = tb_json_text(body, "boarding_pass", 1, out->boarding_pass, sizeof out->boarding_pass, why);
    if (status == TB_OK)
        status = tb_json_text(body, "channel", 0, channel, sizeof channel, why);
    out->online = strcmp(channel, "online") == 0;
    if (status == TB_OK && !out->online && strcmp(channel, "desk") != 0)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "the field \"channel\" has to be desk or online");
    return status;
}

/* Which of the two documents it is, and what about it; texts of the parsers hold nothing from the document. */
static tb_status explain_checkin(const tb_request *checkin, tb_status status, tb_error *why)
{
    tb_mrz mrz = {0};
    tb_bcbp pass = {0};
    tb_error about = {0};
    tb_date today;
    tb_days_date(checkin->at / TB_DAY, &today.year, &today.month, &today.day);
    if (why->text[0])
        return status;
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "no flight of this boarding pass leaves from here: announce the flight first");
    if (tb_mrz_parse(tb_span_text(checkin->mrz), today, &mrz, &about) == status)
        *why = about;
    else if (tb_bcbp_parse(tb_span_text(checkin->boarding_pass), today, &pass, &about) == status)
        *why = about;
    if (status == TB_CHECK_DIGIT && about.text[0])
        (void)tb_fail(why, status, "%.150s is wrong: read the document again", about.text);
    tb_wipe(&mrz, sizeof mrz);
    tb_wipe(&pass, sizeof pass);
    return status;
}

HANDLER(post_checkin)
{
    static const char *const verdicts[] = {[TB_ANSWER_ADMIT] = "admit",
                                           [TB_ANSWER_REFUSE] = "refuse",
                                           [TB_ANSWER_UNKNOWN] = "unknown",
                                           [TB_ANSWER_NOT_SURE] = "not_sure"};
    teburad *s = context;
    tb_request checkin = {.kind = TB_REQUEST_CHECKIN, .id = tb_id_random(), .at = tb_clock_now()};
    tb_answer answer = {0};
    tb_status status = read_checkin(request->json, &checkin, why);
    if (status == TB_OK)
        status = tb_management_checkin(s->management, &checkin, &answer);
    if (status == TB_OK)
        status = tb_answer_status(&answer);
    if (status == TB_REFUSED) /* by the rules, which have given their reason: an answer, no error */
        status = TB_OK;
    if (status == TB_OK)
        status = tb_http_reply_json(reply, 200,
                                    json_pack("{s:s, s:s, s:o, s:o}", "verdict", verdicts[answer.verdict], "reason",
                                              answer.reason, "visit", json_of_id(answer.visit), "fields",
                                              json_of_facts(&answer.fields)));
    else
        status = explain_checkin(&checkin, status, why);
    tb_request_free(&checkin);
    return status;
}
