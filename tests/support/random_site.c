/* random_site.c: see random_site.h. */
#include "random_site.h"

#include "airport.h"
#include <tebura/profile_check.h>

#include "management/service.h"

#define PEOPLE 24
#define TERMINALS 48
#define FLIGHTS 6
#define OCCASIONS 3

typedef struct told { /* what one terminal has been told */
    tb_ids visits;    /* sorted */
} told;

typedef struct world {
    airport a;
    const char *name;
    uint64_t state;
    const char *yaml;
    int has_flights, has_occasions;
    struct {
        char id[TB_TOUCHPOINT_SIZE];
        tb_key_pair keys;
        uint64_t number;
        told told;
    } terminals[TERMINALS];
    int terminal_count;
    char flights[FLIGHTS][32];
    int flight_number;
    tb_ids visits, people; /* ever seen; some are gone */
    random_site_result result;
} world;

/* ---- chance ---- */

static uint64_t draw(world *w)
{
    w->state ^= w->state << 13;
    w->state ^= w->state >> 7;
    w->state ^= w->state << 17;
    return w->state;
}

static int below(world *w, int limit)
{
    return (int)(draw(w) % (uint64_t)limit);
}

static int one_in(world *w, int n)
{
    return below(w, n) == 0;
}

static tb_time between(world *w, tb_time from, tb_time until)
{
    return from + (tb_time)(draw(w) % (uint64_t)(until - from + 1));
}

static const char *word(world *w)
{
    static const char *const words[] = {"1", "2", "3"};
    return words[below(w, 3)];
}

/* What the rules compare this fact with, as a rule; now and then something else. */
static void word_for(world *w, const char *fact, char out[TB_NAME_SIZE])
{
    char pattern[TB_NAME_SIZE + 12];
    int count = 0;
    snprintf(pattern, sizeof pattern, "visit.%s == '", fact);
    snprintf(out, TB_NAME_SIZE, "%s", word(w));
    if (one_in(w, 10))
        return;
    for (const char *at = w->yaml; (at = strstr(at, pattern)); at++) {
        const char *constant = at + strlen(pattern);
        if (one_in(w, ++count)) /* each with the same chance */
            snprintf(out, TB_NAME_SIZE, "%.*s", (int)strcspn(constant, "'"), constant);
    }
}

/* ---- terminals ---- */

static void add_terminal(world *w)
{
    int place = w->terminal_count;
    tb_touchpoint touchpoint = {0}, out;
    tb_role_terms terms;
    tb_role_view view;
    tb_error why = {0};
    char code[33];
    if (place == TERMINALS)
        return;
    const tb_role *role = tb_profile_role_at(w->a.profile, (size_t)below(w, (int)tb_profile_role_count(w->a.profile)));
    tb_role_terms_of(role, &terms);
    tb_role_view_of(role, &view);
    snprintf(touchpoint.id, sizeof touchpoint.id, "t-%d", place);
    snprintf(touchpoint.role, sizeof touchpoint.role, "%s", view.name);
    for (size_t i = 0; i < terms.attributes; i++)
        assert_int_equal(tb_facts_set_text(&touchpoint.attributes, terms.attribute[i], word(w)), TB_OK);
    if (one_in(w, 3)) /* one that no rule asks for */
        assert_int_equal(tb_facts_set_text(&touchpoint.attributes, "colour", word(w)), TB_OK);
    if (tb_management_touchpoint_add(w->a.m, &touchpoint, code, &why) != TB_OK)
        fail_msg("%s", why.text);
    memcpy(w->terminals[place].id, touchpoint.id, sizeof touchpoint.id);
    w->terminals[place].keys = tb_key_pair_random();
    w->terminal_count++;
    if (one_in(w, 8)) /* announced and never seen */
        return;
    if (tb_management_touchpoint_register(w->a.m, code, &w->terminals[place].keys.public_key, &out, &why) != TB_OK)
        fail_msg("%s", why.text);
    w->result.changes++;
}

/* ---- what happens ---- */

/* A time of a visit. Of a `kind` visit they began lately, last long, and those declared first reach furthest, so that
 * something can happen. */
static tb_time draw_time(world *w, size_t index, const tb_fact_terms *fact, const tb_facts *facts, int kind)
{
    tb_time now = w->a.now, earliest = now - TB_HOUR + (tb_time)index * 4 * TB_MINUTE;
    if (*fact->after && tb_facts_get(facts, fact->after))
        return tb_facts_number(facts, fact->after, 0) +
               (kind ? 30 * TB_HOUR - (tb_time)index * TB_HOUR : between(w, 0, 4 * TB_HOUR));
    return kind ? between(w, earliest, earliest + TB_MINUTE) : between(w, now - 24 * TB_HOUR, now + 3 * TB_HOUR);
}

static void draw_fact(world *w, size_t index, const tb_fact_terms *fact, int kind, tb_facts *facts)
{
    char text[TB_NAME_SIZE];
    tb_status status = TB_OK;
    if (tb_visit_fact_is_own(fact->name) || one_in(w, 20))
        return;
    word_for(w, fact->name, text);
    if (strcmp(fact->type, "bool") == 0)
        status = tb_facts_set_bool(facts, fact->name, kind || below(w, 2));
    else if (strcmp(fact->type, "int") == 0)
        status = tb_facts_set_int(facts, fact->name, below(w, 4));
    else if (strcmp(fact->type, "text") == 0)
        status = tb_facts_set_text(facts, fact->name, text);
    else
        status = tb_facts_set_time(facts, fact->name, draw_time(w, index, fact, facts, kind));
    assert_int_equal(status, TB_OK);
}

/* What people hold: the visit's reference, or a fact of the profile, of the form that the profile gives. */
static void reference_of(const world *w, int number, char out[TB_REFERENCE_SIZE])
{
    static const struct {
        const char *letters;
        int digits, check_digits, checks;
    } forms[] = {{"R", 1, 1, 1}, {"H", 6, 1, 10}, {"T", 7, 1, 10}, {"ST", 9, 1, 10}, {"EX", 10, 2, 100}};
    char read[TB_REFERENCE_SIZE];
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++)
        for (int check = 0; check < forms[form].checks; check++) {
            snprintf(out, TB_REFERENCE_SIZE, "%s%0*d%0*d", forms[form].letters, forms[form].digits, number,
                     forms[form].check_digits, check);
            tb_status status = tb_profile_reference_read(w->a.profile, out, read);
            if (status == TB_OK || status == TB_UNSUPPORTED)
                return;
        }
    fail_msg("%s: what people hold has another form", w->name);
}

static void put_visit(world *w)
{
    int number = below(w, PEOPLE);
    char reference[TB_REFERENCE_SIZE], held[TB_REFERENCE_SIZE], occasion[8];
    tb_visit_order order = {.reference = reference, .name = "SOMEBODY"};
    tb_visit_made made;
    tb_error why = {0};
    tb_fact_terms fact;
    int kind = !one_in(w, 3);
    snprintf(reference, sizeof reference, "R%d", number);
    reference_of(w, number, held);
    if (!*tb_profile_reference_fact(w->a.profile))
        memcpy(reference, held, sizeof reference);
    snprintf(occasion, sizeof occasion, "O%d", below(w, OCCASIONS));
    if (w->has_occasions && one_in(w, 2))
        order.occasion = occasion;
    for (size_t i = 0; tb_profile_fact_at(w->a.profile, i, &fact); i++)
        if (!(order.occasion && fact.shared))
            draw_fact(w, i, &fact, kind, &order.facts);
    if (*tb_profile_reference_fact(w->a.profile))
        assert_int_equal(tb_facts_set_text(&order.facts, tb_profile_reference_fact(w->a.profile), held), TB_OK);
    if (w->people.count && one_in(w, 3))
        order.person = w->people.items[below(w, (int)w->people.count)];
    tb_status status = tb_management_visit_put(w->a.m, &order, &made, &why);
    if (status == TB_OK) {
        assert_int_equal(tb_ids_put(&w->visits, made.visit), TB_OK);
        assert_int_equal(tb_ids_put(&w->people, made.person), TB_OK);
        w->result.changes++;
    } else if (status != TB_INVALID_ARGUMENT && status != TB_NOT_FOUND && status != TB_CONFLICT) {
        fail_msg("%s", why.text);
    }
}

/* What many visits share moves: all of them follow. */
static void move_occasion(world *w)
{
    char id[8];
    tb_facts facts = {0};
    tb_fact_terms fact;
    tb_error why = {0};
    int kind = !one_in(w, 4);
    if (!w->has_occasions)
        return;
    snprintf(id, sizeof id, "O%d", below(w, OCCASIONS));
    for (size_t i = 0; tb_profile_fact_at(w->a.profile, i, &fact); i++)
        if (fact.shared)
            draw_fact(w, i, &fact, kind, &facts);
    tb_status status = tb_management_occasion_put(w->a.m, id, &facts, &why);
    if (status == TB_OK)
        w->result.changes++;
    else if (status != TB_CONFLICT && status != TB_INVALID_ARGUMENT)
        fail_msg("%s", why.text);
}

static void give_face(world *w)
{
    tb_request request = {.id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = w->a.now, .consent = 1};
    tb_template face = vectors_template((uint32_t)draw(w), AIRPORT_DIMENSION);
    tb_answer answer;
    char held[TB_REFERENCE_SIZE];
    reference_of(w, below(w, PEOPLE), held);
    snprintf(request.boarding_pass, sizeof request.boarding_pass, "%s", held);
    assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    if (tb_management_checkin(w->a.m, &request, &answer) == TB_OK && answer.verdict == TB_ANSWER_ADMIT)
        w->result.changes++;
    tb_request_free(&request);
}

static tb_id some(world *w, const tb_ids *ids)
{
    return ids->count ? ids->items[below(w, (int)ids->count)] : (tb_id){{0}};
}

static void seal_event(world *w, char subject[64], tb_bytes *body, tb_sealed_event *out)
{
    static const tb_event_kind kinds[] = {TB_EVENT_PASSAGE, TB_EVENT_PASSAGE,  TB_EVENT_PASSAGE,
                                          TB_EVENT_SERVED,  TB_EVENT_HANDOVER, TB_EVENT_REFUSAL};
    int t = below(w, w->terminal_count);
    tb_event event = {.id = tb_id_random(),
                      .number = ++w->terminals[t].number,
                      .kind = kinds[below(w, 6)],
                      .visit = some(w, &w->visits),
                      .at = between(w, w->a.now - TB_HOUR, w->a.now)};
    tb_bytes plain = {0};
    memcpy(event.touchpoint, w->terminals[t].id, sizeof event.touchpoint);
    if (event.kind == TB_EVENT_SERVED)
        assert_int_equal(tb_facts_set_int(&event.facts, "bags", below(w, 3)), TB_OK);
    snprintf(subject, 64, "tb.narita.event.%s", event.touchpoint);
    assert_int_equal(tb_event_encode(&event, &plain), TB_OK);
    assert_int_equal(
        tb_seal_to(&w->terminals[t].keys.private_key, &w->a.server, tb_span_text(subject), tb_bytes_span(&plain), body),
        TB_OK);
    *out = (tb_sealed_event){subject, tb_bytes_span(body)};
    tb_bytes_free(&plain);
}

static void send_events(world *w)
{
    char subjects[8][64];
    tb_bytes bodies[8] = {{0}};
    tb_sealed_event events[8];
    int count = 1 + below(w, 8);
    for (int i = 0; i < count; i++)
        seal_event(w, subjects[i], &bodies[i], &events[i]);
    assert_int_equal(tb_management_events(w->a.m, events, count), TB_OK);
    w->result.changes += (uint64_t)count;
    for (int i = 0; i < count; i++)
        tb_bytes_free(&bodies[i]);
}

static void end_something(world *w)
{
    tb_error why;
    tb_status status = TB_OK;
    switch (below(w, 6)) {
    case 0:
    case 1:
    case 2:
        status = tb_management_visit_end(w->a.m, some(w, &w->visits), &why);
        break;
    case 3:
    case 4:
        status = tb_management_consent_withdraw(w->a.m, some(w, &w->people), &why);
        break;
    default:
        status = tb_management_person_delete(w->a.m, some(w, &w->people), &why);
    }
    if (status == TB_OK)
        w->result.changes++;
    else
        assert_int_equal(status, TB_NOT_FOUND);
}

static void own_something(world *w)
{
    tb_error why;
    tb_id made;
    char passport[16];
    snprintf(passport, sizeof passport, "P%07d", below(w, PEOPLE));
    tb_status status = one_in(w, 2)
                           ? tb_management_item_add(w->a.m, passport, "Hat", &made, &why)
                           : tb_management_instrument_add(w->a.m, some(w, &w->people), "card", "t", NULL, &made, &why);
    if (status == TB_OK)
        w->result.changes++;
    else
        assert_int_equal(status, TB_NOT_FOUND);
}

/* ---- flights ---- */

static void move_flight(world *w)
{
    char date[40];
    int place = below(w, FLIGHTS);
    tb_flight flight = {.from = "NRT", .to = "LHR", .cancelled = one_in(w, 12)};
    tb_error why = {0};
    if (!*w->flights[place] || one_in(w, 10)) {
        tb_time_text(w->a.now, date);
        snprintf(w->flights[place], sizeof w->flights[place], "NH%d/%.10s", 100 + w->flight_number++ % 800, date);
    }
    memcpy(flight.id, w->flights[place], sizeof flight.id);
    snprintf(flight.gate, sizeof flight.gate, "%d", below(w, 4)); /* one gate has no terminal */
    flight.boarding = between(w, w->a.now - TB_HOUR, w->a.now + 4 * TB_HOUR);
    flight.departure = flight.boarding + between(w, 0, 2 * TB_HOUR);
    tb_status status = one_in(w, 12) ? tb_management_flight_departed(w->a.m, flight.id, &why)
                                     : tb_management_flight_put(w->a.m, &flight, &why);
    if (status == TB_OK)
        w->result.changes++;
    else if (status != TB_CONFLICT && status != TB_NOT_FOUND)
        fail_msg("%s", why.text);
}

static void fly(world *w)
{
    char passport[16];
    int number = below(w, PEOPLE), place = below(w, FLIGHTS);
    traveller t = {"SATO", "MIA", passport, w->flights[place], number, {{0}}};
    tb_request request = {.id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = w->a.now, .consent = !one_in(w, 6)};
    tb_answer answer;
    tb_id person;
    if (!*w->flights[place])
        return;
    snprintf(passport, sizeof passport, "P%07d", number);
    documents_of(&t, &request);
    if (request.consent) {
        tb_template face = face_of(&t);
        request.document_score = 0.8f;
        assert_int_equal(tb_template_encode(&face, &request.probe), TB_OK);
    }
    if (tb_management_checkin(w->a.m, &request, &answer) == TB_OK && answer.verdict == TB_ANSWER_ADMIT) {
        assert_int_equal(tb_management_person_find(w->a.m, passport, &person), TB_OK);
        assert_int_equal(tb_ids_put(&w->visits, answer.visit), TB_OK);
        assert_int_equal(tb_ids_put(&w->people, person), TB_OK);
        w->result.changes++;
    }
    tb_request_free(&request);
}

static void pass_time(world *w)
{
    tb_time next;
    w->a.now += between(w, 1, one_in(w, 10) ? 3 * TB_HOUR : 15 * TB_MINUTE);
    assert_int_equal(tb_management_tick(w->a.m, &next), TB_OK);
    w->result.changes++;
}

static void happen(world *w)
{
    static void (*const anywhere[])(world *) = {
        put_visit,   put_visit,   put_visit, give_face, give_face,     give_face,     give_face,    send_events,
        send_events, send_events, pass_time, pass_time, own_something, end_something, add_terminal, move_occasion};
    static void (*const flights[])(world *) = {
        move_flight, fly,         fly,       fly,       fly,           put_visit,     give_face,    send_events,
        send_events, send_events, pass_time, pass_time, own_something, end_something, add_terminal, move_flight};
    (w->has_flights ? flights : anywhere)[below(w, 16)](w);
}

/* ---- comparing ---- */

static void differ(world *w, const char *visit, const char *where, const char *what)
{
    fail_msg("%s, seed %llu, after %llu changes: visit %s, %s: %s", w->name, (unsigned long long)w->result.seed,
             (unsigned long long)w->result.changes, visit, where, what);
}

/* What the rules say, in the words of profile.h alone. */
static int belongs(const world *w, const tb_terminal *t, const tb_booking *b, const tb_facts *facts, tb_verdict *out)
{
    tb_verdict visitor = tb_profile_visitor(w->a.profile, facts, w->a.now);
    const tb_role *role = tb_profile_role(w->a.profile, t->row.role);
    tb_role_view view;
    if (visitor.judgement != TB_ADMIT || !b->consented || b->flight.departed || b->flight.cancelled ||
        !t->row.registered)
        return 0;
    tb_role_view_of(role, &view);
    *out = tb_role_judge(role, facts, &t->row.attributes, w->a.now);
    if (view.kind == TB_KIND_CHECKIN || out->from >= out->until)
        return 0;
    return out->judgement == TB_ADMIT || (out->judgement == TB_EARLY && w->a.now >= tb_role_delivery(role, out));
}

static void compare_visit(world *w, const tb_booking *booking, const tb_facts *facts)
{
    tb_management *m = w->a.m;
    char id[TB_ID_TEXT_SIZE];
    int64_t expected = 0, stored = 0;
    tb_id_text(booking->id, id);
    for (size_t i = 0; i < m->terminal_count; i++) {
        const tb_terminal *t = m->terminals[i];
        tb_entry_row row;
        tb_verdict verdict;
        tb_facts seen;
        tb_status status = tb_entry_row_get(m->db, booking->id, t->row.id, &row);
        if (belongs(w, t, booking, facts, &verdict) != (status == TB_OK))
            differ(w, id, t->row.id, status == TB_OK ? "on the list without right" : "missing on the list");
        if (status != TB_OK)
            continue;
        expected++;
        assert_int_equal(tb_role_project(t->role, facts, &seen), TB_OK);
        if (row.from != verdict.from || row.until != verdict.until || !tb_facts_same(&seen, &row.fields))
            differ(w, id, t->row.id, "the entry is out of date");
    }
    assert_int_equal(tb_entry_count_of_visit(m->db, booking->id, &stored), TB_OK);
    if (stored != expected)
        differ(w, id, "", "on more lists than there are");
    w->result.entries += (uint64_t)expected;
}

static void compare_lists(world *w)
{
    tb_management *m = w->a.m;
    tb_ids bookings = {0};
    assert_int_equal(tb_bookings_all(m->db, &bookings), TB_OK);
    for (size_t i = 0; i < bookings.count; i++) {
        tb_booking booking;
        tb_facts facts;
        assert_int_equal(tb_booking_get(m->db, bookings.items[i], &booking), TB_OK);
        assert_int_equal(tb_visit_facts(m, &booking, &facts), TB_OK);
        compare_visit(w, &booking, &facts);
    }
    tb_ids_free(&bookings);
}

/* What was published is what is there: no change went untold. */
static void compare_told(world *w)
{
    tb_outbox_item items[64];
    int count;
    for (;;) {
        assert_int_equal(tb_management_outbox(w->a.m, items, 64, &count), TB_OK);
        if (!count)
            break;
        for (int i = 0; i < count; i++) {
            tb_id visit;
            told *t = &w->terminals[atoi(items[i].touchpoint + 2)].told;
            assert_int_equal(tb_id_parse(items[i].visit, &visit), TB_OK);
            if (items[i].present)
                assert_int_equal(tb_ids_put(&t->visits, visit), TB_OK);
            else
                tb_ids_take(&t->visits, visit);
            tb_bytes_free(&items[i].sealed);
        }
        assert_int_equal(tb_management_outbox_done(w->a.m, items[count - 1].row), TB_OK);
    }
    for (int i = 0; i < w->terminal_count; i++) {
        tb_ids there = {0};
        assert_int_equal(tb_entries_of_touchpoint(w->a.m->db, w->terminals[i].id, &there), TB_OK);
        tb_ids_sort(&there);
        const tb_ids *visits = &w->terminals[i].told.visits;
        if (there.count != visits->count ||
            (there.count && memcmp(there.items, visits->items, there.count * sizeof *there.items) != 0))
            differ(w, "", w->terminals[i].id, "was told something else than what is on its list");
        tb_ids_free(&there);
    }
}

static void compare(world *w)
{
    tb_error why = {0};
    if (tb_management_check(w->a.m, &why) != TB_OK)
        differ(w, "", "", why.text);
    compare_lists(w);
    compare_told(w);
    w->result.comparisons++;
}

static void begin(world *w, const char *profile, uint64_t seed)
{
    tb_error why = {0};
    w->state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    w->result.seed = seed;
    folder_make(w->a.folder);
    w->a.now = at("09:30");
    if (tb_profile_parse(tb_span_text(profile), w->name, &w->a.profile, &why) != TB_OK)
        fail_msg("%s", why.text);
    w->has_flights = tb_profile_fact_kind(w->a.profile, "flight") == TB_FACT_TEXT;
    tb_fact_terms fact;
    for (size_t i = 0; tb_profile_fact_at(w->a.profile, i, &fact); i++)
        w->has_occasions |= fact.shared;
    airport_open(&w->a);
    for (int i = 0; i < 24; i++)
        add_terminal(w);
    for (int i = 0; i < 5 && w->has_flights; i++)
        move_flight(w);
}

random_site_result random_site_live(const char *name, const char *profile, uint64_t seed, int rounds)
{
    world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->name = name;
    w->yaml = profile;
    begin(w, profile, seed);
    for (int round = 0; round < rounds; round++) {
        for (int i = 1 + below(w, 8); i > 0; i--)
            happen(w);
        if (one_in(w, 40))
            airport_reopen(&w->a);
        compare(w);
    }
    random_site_result result = w->result;
    tb_management_free(&w->a.m);
    tb_profile_free(&w->a.profile);
    folder_remove(w->a.folder);
    for (int i = 0; i < w->terminal_count; i++)
        tb_ids_free(&w->terminals[i].told.visits);
    tb_ids_free(&w->visits);
    tb_ids_free(&w->people);
    free(w);
    return result;
}
