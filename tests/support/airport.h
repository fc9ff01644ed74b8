/* airport.h: an airport in a temporary directory, with terminals that hold real keys, made-up faces and real sealed
 * messages. A header, so that only the programs that need it pay for it. Everything here ends the test on failure. */
#ifndef SUPPORT_AIRPORT_H
#define SUPPORT_AIRPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/document.h>
#include <tebura/management.h>
#include <tebura/profile.h>

#include "database.h"
#include "folder.h"
#include "vectors.h"

#define AIRPORT_DIMENSION 128
#define AIRPORT_HERE __attribute__((unused)) static
enum { KIOSK, DROP, SECURITY, EMIGRATION, SHOP, PICKUP, GATE12, GATE34, AIRPORT_TERMINALS };

typedef struct terminal {
    const char *id, *role, *gate;
    tb_key_pair keys;
    uint64_t number;   /* of its events */
    uint64_t sequence; /* of its feed, as last seen */
    int known;         /* entries on its list */
    tb_id visits[64];
    tb_facts fields[64];
    uint8_t references[64][TB_REFERENCE_HASH_SIZE];
} terminal;

typedef struct traveller {
    const char *surname, *given, *passport, *flight;
    int number; /* seat and face */
    tb_id visit;
} traveller;

typedef struct airport {
    char folder[FOLDER_SIZE];
    tb_profile *profile;
    tb_management *m;
    tb_time now;
    tb_key server;
    const tb_provider *provider;
    uint32_t model; /* in force; 0: VECTORS_MODEL, of AIRPORT_DIMENSION */
    int dimension;
    const tb_calibration *calibration; /* NULL: a made-up one */
    const tb_model *former;            /* and others */
    int former_count;
    uint64_t floor; /* a start numbers lists from here on */
    terminal terminals[AIRPORT_TERMINALS];
} airport;

AIRPORT_HERE tb_time airport_now(void *context)
{
    return ((airport *)context)->now;
}

AIRPORT_HERE tb_time at(const char *clock) /* "09:30" on the day of the tests */
{
    char text[40];
    tb_time time;
    snprintf(text, sizeof text, "2026-11-21T%s:00Z", clock);
    assert_int_equal(tb_time_parse(text, &time), TB_OK);
    return time;
}

AIRPORT_HERE tb_status airport_try_open(airport *a, tb_error *why)
{
    tb_management_options options = {
        .directory = a->folder,
        .database = database_ready_url(a->folder),
        .site = "narita",
        .profile = a->profile,
        .model = a->model ? a->model : VECTORS_MODEL,
        .former = a->former,
        .former_count = a->former_count,
        .dimension = a->dimension ? a->dimension : AIRPORT_DIMENSION,
        .provider = a->provider,
        .now = airport_now,
        .now_context = a,
        .calibration = {.knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f, .verification = 0.4f}};
    if (a->calibration)
        options.calibration = *a->calibration;
    a->floor = (uint64_t)a->now / 1000;
    return tb_management_open(&options, &a->m, why);
}

AIRPORT_HERE void airport_open(airport *a)
{
    tb_error why = {0};
    if (airport_try_open(a, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    a->server = tb_management_public_key(a->m);
}

AIRPORT_HERE void airport_reopen(airport *a)
{
    tb_management_free(&a->m);
    airport_open(a);
}

AIRPORT_HERE void airport_flight(airport *a, const char *id, const char *gate, tb_time boarding, tb_time departure)
{
    tb_flight flight = {.from = "NRT", .to = "LHR", .boarding = boarding, .departure = departure};
    tb_error why = {0};
    snprintf(flight.id, sizeof flight.id, "%s", id);
    snprintf(flight.gate, sizeof flight.gate, "%s", gate);
    if (tb_management_flight_put(a->m, &flight, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
}

#define FLIGHT "NH105/2026-11-21"      /* gate 12, boards 11:30, leaves 12:00 */
#define OTHER_FLIGHT "JL41/2026-11-21" /* gate 34, boards 13:30, leaves 14:00 */

AIRPORT_HERE void airport_flights(airport *a)
{
    airport_flight(a, FLIGHT, "12", at("11:30"), at("12:00"));
    airport_flight(a, OTHER_FLIGHT, "34", at("13:30"), at("14:00"));
}

/* `attribute` NULL: it has none. */
AIRPORT_HERE void airport_terminal(airport *a, int which, const char *attribute, const char *value)
{
    terminal *t = &a->terminals[which];
    tb_touchpoint touchpoint = {0}, out;
    tb_error why = {0};
    char code[33];
    snprintf(touchpoint.id, sizeof touchpoint.id, "%s", t->id);
    snprintf(touchpoint.role, sizeof touchpoint.role, "%s", t->role);
    if (attribute)
        assert_int_equal(tb_facts_set_text(&touchpoint.attributes, attribute, value), TB_OK);
    t->keys = tb_key_pair_random();
    if (tb_management_touchpoint_add(a->m, &touchpoint, code, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    if (tb_management_touchpoint_register(a->m, code, &t->keys.public_key, &out, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
}

AIRPORT_HERE void airport_register(airport *a, int which)
{
    const char *gate = a->terminals[which].gate;
    airport_terminal(a, which, gate ? "gate" : which == SHOP ? "shop" : NULL, gate ? gate : "duty-free");
}

/* A site of profiles/ at 09:30, without terminals. */
AIRPORT_HERE airport *airport_of(const char *profile)
{
    char path[256];
    airport *a = calloc(1, sizeof *a);
    tb_bytes yaml = {0};
    tb_error why = {0};
    assert_non_null(a);
    folder_make(a->folder);
    a->now = at("09:30");
    snprintf(path, sizeof path, TEBURA_SOURCE_DIR "/profiles/%s.yaml", profile);
    if (tb_file_read(path, 1 << 20, &yaml, &why) != TB_OK ||
        tb_profile_parse(tb_bytes_span(&yaml), path, &a->profile, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    tb_bytes_free(&yaml);
    airport_open(a);
    return a;
}

/* The airport at 09:30: two flights, all terminals, nobody there. */
AIRPORT_HERE int airport_setup(void **state)
{
    static const char *const names[AIRPORT_TERMINALS][3] = {
        {"kiosk-1", "checkin", NULL},         {"drop-1", "bag_drop", NULL}, {"security-1", "security", NULL},
        {"emigration-1", "emigration", NULL}, {"shop-1", "shop", NULL},     {"pickup-1", "pickup", NULL},
        {"gate-12", "boarding", "12"},        {"gate-34", "boarding", "34"}};
    airport *a = airport_of("airport");
    airport_flights(a);
    for (int i = 0; i < AIRPORT_TERMINALS; i++) {
        a->terminals[i].id = names[i][0];
        a->terminals[i].role = names[i][1];
        a->terminals[i].gate = names[i][2];
        airport_register(a, i);
    }
    *state = a;
    return 0;
}

AIRPORT_HERE int airport_teardown(void **state)
{
    airport *a = *state;
    tb_management_free(&a->m);
    tb_profile_free(&a->profile);
    folder_remove(a->folder);
    free(a);
    return 0;
}

/* ---- messages ---- */

AIRPORT_HERE tb_sealed_event airport_seal_event(airport *a, int which, const tb_event *event, char subject[128],
                                                tb_bytes *body)
{
    tb_bytes plain = {0};
    snprintf(subject, 128, "tb.narita.event.%s", a->terminals[which].id);
    assert_int_equal(tb_event_encode(event, &plain), TB_OK);
    assert_int_equal(tb_seal_to(&a->terminals[which].keys.private_key, &a->server, tb_span_text(subject),
                                tb_bytes_span(&plain), body),
                     TB_OK);
    tb_bytes_free(&plain);
    return (tb_sealed_event){subject, tb_bytes_span(body)};
}

AIRPORT_HERE tb_event airport_event(airport *a, int which, tb_event_kind kind, tb_id visit)
{
    tb_event event = {
        .id = tb_id_random(), .number = ++a->terminals[which].number, .kind = kind, .visit = visit, .at = a->now};
    snprintf(event.touchpoint, sizeof event.touchpoint, "%s", a->terminals[which].id);
    return event;
}

AIRPORT_HERE tb_status airport_send(airport *a, int which, const tb_event *event)
{
    char subject[128];
    tb_bytes body = {0};
    tb_sealed_event sealed = airport_seal_event(a, which, event, subject, &body);
    tb_status status = tb_management_events(a->m, &sealed, 1);
    tb_bytes_free(&body);
    return status;
}

AIRPORT_HERE void airport_pass(airport *a, int which, tb_id visit)
{
    tb_event event = airport_event(a, which, TB_EVENT_PASSAGE, visit);
    assert_int_equal(airport_send(a, which, &event), TB_OK);
}

AIRPORT_HERE tb_status airport_ask(airport *a, int which, const tb_request *request, tb_answer *answer)
{
    char subject[128];
    tb_bytes plain = {0}, body = {0}, reply = {0};
    snprintf(subject, sizeof subject, "tb.narita.ask.%s", a->terminals[which].id);
    *answer = (tb_answer){0};
    assert_int_equal(tb_request_encode(request, &plain), TB_OK);
    assert_int_equal(tb_seal_to(&a->terminals[which].keys.private_key, &a->server, tb_span_text(subject),
                                tb_bytes_span(&plain), &body),
                     TB_OK);
    tb_status status = tb_management_request(a->m, subject, tb_bytes_span(&body), &reply);
    tb_bytes_free(&plain);
    if (status == TB_OK) {
        assert_int_equal(tb_open_from(&a->terminals[which].keys.private_key, &a->server, tb_span_text(subject),
                                      tb_bytes_span(&reply), &plain),
                         TB_OK);
        assert_int_equal(tb_answer_decode(tb_bytes_span(&plain), answer, NULL), TB_OK);
        assert_true(tb_id_equal(answer->id, request->id));
    }
    tb_bytes_free(&plain);
    tb_bytes_free(&body);
    tb_bytes_free(&reply);
    return status;
}

/* A sign of life of that terminal, sealed as it would be. */
AIRPORT_HERE void airport_beat(airport *a, int which, tb_heartbeat beat)
{
    char subject[128];
    tb_bytes plain = {0}, sealed = {0}, order = {0};
    int gone;
    snprintf(subject, sizeof subject, "tb.narita.status.%s", a->terminals[which].id);
    snprintf(beat.touchpoint, sizeof beat.touchpoint, "%s", a->terminals[which].id);
    assert_int_equal(tb_heartbeat_encode(&beat, &plain), TB_OK);
    assert_int_equal(tb_seal_to(&a->terminals[which].keys.private_key, &a->server, tb_span_text(subject),
                                tb_bytes_span(&plain), &sealed),
                     TB_OK);
    assert_int_equal(tb_management_heartbeat(a->m, subject, tb_bytes_span(&sealed), &order, &gone), TB_OK);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    tb_bytes_free(&order);
}

AIRPORT_HERE tb_request airport_request(airport *a, int which, tb_request_kind kind)
{
    tb_request request = {.id = tb_id_random(), .kind = kind, .at = a->now};
    snprintf(request.touchpoint, sizeof request.touchpoint, "%s", a->terminals[which].id);
    return request;
}

/* ---- travellers ---- */

AIRPORT_HERE tb_template face_of(const traveller *t)
{
    return vectors_template((uint32_t)t->number, AIRPORT_DIMENSION);
}

AIRPORT_HERE void documents_of(const traveller *t, tb_request *request)
{
    tb_mrz mrz = {.lines = 2,
                  .columns = 44,
                  .kind = "P",
                  .issuer = "UTO",
                  .nationality = "UTO",
                  .born = {1990, 1, 2},
                  .expires = {2030, 5, 6},
                  .sex = 'F'};
    tb_bcbp pass = {.legs = 1, .electronic = 1};
    tb_bcbp_leg *leg = &pass.leg[0];
    tb_bytes text = {0};
    int year, month, day, home = strncmp(t->flight, "NH106/", 6) == 0; /* the way back */
    snprintf(mrz.number, sizeof mrz.number, "%s", t->passport);
    snprintf(mrz.surname, sizeof mrz.surname, "%s", t->surname);
    snprintf(mrz.given, sizeof mrz.given, "%s", t->given);
    assert_int_equal(tb_mrz_print(&mrz, &text), TB_OK);
    snprintf(request->mrz, sizeof request->mrz, "%.*s", (int)text.size, (char *)text.data);
    text.size = 0;
    snprintf(pass.name, sizeof pass.name, "%s/%s", t->surname, t->given);
    snprintf(leg->pnr, sizeof leg->pnr, "ABC123");
    snprintf(leg->from, sizeof leg->from, "%s", home ? "LHR" : "NRT");
    snprintf(leg->to, sizeof leg->to, "%s", home ? "NRT" : "LHR");
    snprintf(leg->carrier, sizeof leg->carrier, "%.2s", t->flight);
    snprintf(leg->flight, sizeof leg->flight, "%.*s", (int)strcspn(t->flight + 2, "/"), t->flight + 2);
    assert_int_equal(sscanf(strchr(t->flight, '/'), "/%d-%d-%d", &year, &month, &day), 3);
    leg->day_of_year = (int)(tb_date_days(year, month, day) - tb_date_days(year, 1, 1)) + 1;
    leg->compartment = 'Y';
    snprintf(leg->seat, sizeof leg->seat, "%dA", t->number % 90 + 1);
    snprintf(leg->sequence, sizeof leg->sequence, "%d", t->number % 999 + 1);
    leg->passenger_status = '1';
    assert_int_equal(tb_bcbp_print(&pass, &text), TB_OK);
    snprintf(request->boarding_pass, sizeof request->boarding_pass, "%.*s", (int)text.size, (char *)text.data);
    tb_bytes_free(&text);
}

AIRPORT_HERE tb_request checkin_request(airport *a, const traveller *t, int consent)
{
    tb_request request = airport_request(a, KIOSK, TB_REQUEST_CHECKIN);
    documents_of(t, &request);
    request.consent = consent;
    if (consent) {
        tb_template face = face_of(t);
        request.document_score = 0.8f;
        assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    }
    return request;
}

AIRPORT_HERE void checkin(airport *a, traveller *t, int consent)
{
    tb_answer answer;
    tb_request request = checkin_request(a, t, consent);
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    if (answer.verdict != TB_ANSWER_ADMIT)
        fail_msg("check-in: %s %s", answer.reason, tb_status_sentence(answer.status));
    t->visit = answer.visit;
    tb_request_free(&request);
}

AIRPORT_HERE tb_answer identify(airport *a, int which, const tb_template *face)
{
    tb_answer answer;
    tb_request request = airport_request(a, which, TB_REQUEST_IDENTIFY);
    assert_int_equal(tb_template_encode(face, &request.probe), TB_OK);
    assert_int_equal(airport_ask(a, which, &request, &answer), TB_OK);
    tb_request_free(&request);
    return answer;
}

AIRPORT_HERE tb_id person_of(airport *a, const traveller *t)
{
    tb_id person = {{0}};
    assert_int_equal(tb_management_person_find(a->m, t->passport, &person), TB_OK);
    return person;
}

/* ---- the feed: what every terminal knows after taking what was published ---- */

AIRPORT_HERE int place_of_visit(const terminal *t, tb_id visit)
{
    for (int i = 0; i < t->known; i++)
        if (tb_id_equal(t->visits[i], visit))
            return i;
    return -1;
}

AIRPORT_HERE void take_entry(terminal *t, const tb_entry *entry, uint64_t floor)
{
    int place = place_of_visit(t, entry->visit);
    if (entry->sequence != floor + 1 || t->sequence > floor) /* the first since the server's start */
        assert_int_equal(entry->sequence, t->sequence + 1);  /* no gaps */
    t->sequence = entry->sequence;
    if (entry->present && place < 0)
        place = t->known++;
    if (entry->present) {
        t->visits[place] = entry->visit;
        t->fields[place] = entry->fields;
        memcpy(t->references[place], entry->reference, sizeof t->references[place]);
    } else if (place >= 0) {
        t->visits[place] = t->visits[--t->known];
        t->fields[place] = t->fields[t->known];
        memcpy(t->references[place], t->references[t->known], sizeof t->references[place]);
    }
}

AIRPORT_HERE void take_item(airport *a, const tb_outbox_item *item)
{
    for (int i = 0; i < AIRPORT_TERMINALS; i++) {
        terminal *t = &a->terminals[i];
        if (strcmp(t->id, item->touchpoint) != 0)
            continue;
        char key[80];
        tb_bytes plain = {0};
        tb_entry entry;
        snprintf(key, sizeof key, "%s.%s", item->touchpoint, item->visit);
        if (!item->present && !item->sealed.size) /* nobody is registered there: the bare purge */
            return;
        assert_int_equal(
            tb_open_from(&t->keys.private_key, &a->server, tb_span_text(key), tb_bytes_span(&item->sealed), &plain),
            TB_OK);
        assert_int_equal(tb_entry_decode(tb_bytes_span(&plain), &entry, NULL), TB_OK);
        assert_int_equal(entry.present, item->present);
        take_entry(t, &entry, a->floor);
        tb_entry_free(&entry);
        tb_bytes_free(&plain);
        return;
    }
    fail_msg("an entry for a terminal that does not exist");
}

/* Publishes everything that waits to the terminals; returns how many changes there were. */
AIRPORT_HERE int airport_publish(airport *a)
{
    tb_outbox_item items[7];
    int count, total = 0;
    for (;;) {
        assert_int_equal(tb_management_outbox(a->m, items, 7, &count), TB_OK);
        if (!count)
            return total;
        for (int i = 0; i < count; i++) {
            take_item(a, &items[i]);
            tb_bytes_free(&items[i].sealed);
        }
        assert_int_equal(tb_management_outbox_done(a->m, items[count - 1].row), TB_OK);
        total += count;
    }
}

AIRPORT_HERE int is_on_list(airport *a, int which, tb_id visit)
{
    (void)airport_publish(a);
    return place_of_visit(&a->terminals[which], visit) >= 0;
}

AIRPORT_HERE void airport_clock(airport *a, const char *clock)
{
    tb_time next;
    a->now = at(clock);
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    assert_true(next > a->now);
}

AIRPORT_HERE tb_counts airport_counts(airport *a)
{
    tb_counts counts;
    assert_int_equal(tb_management_counts(a->m, &counts), TB_OK);
    return counts;
}

AIRPORT_HERE void airport_check(airport *a)
{
    tb_error why = {0};
    if (tb_management_check(a->m, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    assert_int_equal(airport_counts(a).ledger_sum, 0);
}

#endif
