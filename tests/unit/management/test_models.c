/* X12 S6: a new model beside the old one: everybody is recognised at every moment, one passage each migrates them, the
 *     old
 * one is retired when nobody is left; good templates from touchpoints are kept, the worst replaced, poison never. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "airport.h"

#include <tebura/secret.h>

#include "management/service.h"
#include "terminal/list.h"

#define OLD VECTORS_MODEL
#define NEW (VECTORS_MODEL + 1)
#define PEOPLE 12
#define CALIBRATION                                                                                                    \
    {                                                                                                                  \
        .knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f, .verification = 0.4f                               \
    }
static const tb_model old_model = {.id = OLD, .dimension = AIRPORT_DIMENSION, .calibration = CALIBRATION};

/* A person as one of the models sees them, `likeness` to how it saw them first. */
static tb_template seen(uint32_t model, int who, float likeness, uint8_t quality)
{
    tb_template first = vectors_template((uint32_t)who + (model == NEW ? 50000 : 0), AIRPORT_DIMENSION);
    tb_template face = likeness < 1 ? vectors_near(&first, likeness, (uint32_t)who + 90000) : first;
    face.model = model;
    face.quality = quality;
    return face;
}

static void add(tb_request *request, const tb_template *face)
{
    tb_bytes *place = request->probe.size ? &request->former[request->former_count++] : &request->probe;
    assert_int_equal(tb_template_encode(face, place), TB_OK);
}

typedef struct crowd {
    traveller people[PEOPLE];
    char passports[PEOPLE][16];
} crowd;

static void arrive(airport *a, crowd *c, int from, int to)
{
    for (int i = from; i < to; i++) {
        snprintf(c->passports[i], sizeof c->passports[i], "M%07d", i);
        c->people[i] = (traveller){"SATO", "MIA", c->passports[i], FLIGHT, i + 1, {{0}}};
        checkin(a, &c->people[i], 1);
    }
}

/* What a terminal that makes templates of both models sends. */
static tb_request capture(airport *a, int which, tb_request_kind kind, const traveller *who, uint8_t quality)
{
    tb_request request = airport_request(a, which, kind);
    tb_template in_force = seen(NEW, who->number, 0.8f, quality), former = seen(OLD, who->number, 0.8f, quality);
    add(&request, &in_force);
    add(&request, &former);
    if (kind == TB_REQUEST_TEMPLATE)
        request.visit = who->visit;
    return request;
}

static void all_are_recognised(airport *a, const crowd *c, int count)
{
    for (int i = 0; i < count; i++) {
        tb_answer answer;
        tb_request request = capture(a, SECURITY, TB_REQUEST_IDENTIFY, &c->people[i], 80);
        assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
        assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
        assert_true(tb_id_equal(answer.visit, c->people[i].visit));
        tb_request_free(&request);
    }
}

static tb_answer offer(airport *a, int which, const traveller *who, uint8_t quality)
{
    tb_answer answer;
    tb_request request = capture(a, which, TB_REQUEST_TEMPLATE, who, quality);
    assert_int_equal(airport_ask(a, which, &request, &answer), TB_OK);
    tb_request_free(&request);
    return answer;
}

typedef struct sums {
    tb_model_use use[8];
    int count;
} sums;

static tb_status note_use(void *context, const tb_model_use *use)
{
    sums *s = context;
    s->use[s->count++] = *use;
    return TB_OK;
}

static sums models_of(airport *a)
{
    sums s = {.count = 0};
    assert_int_equal(tb_management_models(a->m, note_use, &s), TB_OK);
    return s;
}

typedef struct shelf {
    tb_template_summary items[TB_ENTRY_TEMPLATES_MAX];
    int count;
} shelf;

static tb_status note_template(void *context, const tb_template_summary *summary)
{
    shelf *s = context;
    s->items[s->count++] = *summary;
    return TB_OK;
}

static shelf templates_of(airport *a, const traveller *who)
{
    shelf s = {.count = 0};
    tb_error why;
    assert_int_equal(tb_management_templates(a->m, person_of(a, who), note_template, &s, &why), TB_OK);
    return s;
}

static void is_sound(airport *a)
{
    tb_error why = {0};
    if (tb_management_check(a->m, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
}

static void roll_out(airport *a)
{
    a->model = NEW;
    a->former = &old_model;
    a->former_count = 1;
    airport_reopen(a);
}

static void nobody_is_lost_when_the_model_changes(void **state)
{
    airport *a = *state;
    crowd c;
    uint64_t lost;
    tb_error why;
    arrive(a, &c, 0, PEOPLE - 2);
    sums s = models_of(a);
    assert_true(s.count == 1 && s.use[0].model == OLD && s.use[0].in_force && s.use[0].people == PEOPLE - 2);
    roll_out(a);
    is_sound(a);
    arrive(a, &c, PEOPLE - 2, PEOPLE - 1); /* at a kiosk that has not been given the new manifest yet */
    all_are_recognised(a, &c, PEOPLE - 1);
    s = models_of(a);
    assert_true(s.use[0].model == NEW && s.use[0].in_force && s.use[0].people == 0);
    assert_true(s.use[1].model == OLD && !s.use[1].in_force && s.use[1].served && s.use[1].only == PEOPLE - 1);
    assert_int_equal(tb_management_model_retire(a->m, OLD, 0, &lost, &why), TB_CONFLICT);
    assert_int_equal(lost, PEOPLE - 1);
    for (int i = 0; i < PEOPLE - 1; i++) { /* one passage each */
        assert_int_equal(offer(a, SECURITY, &c.people[i], 80).verdict, TB_ANSWER_ADMIT);
        all_are_recognised(a, &c, PEOPLE - 1);
        if (i == PEOPLE / 2) {
            airport_reopen(a);
            all_are_recognised(a, &c, PEOPLE - 1);
        }
    }
    s = models_of(a);
    assert_true(s.use[0].people == PEOPLE - 1 && s.use[1].people == PEOPLE - 1 && s.use[1].only == 0);
    is_sound(a);
    assert_int_equal(tb_management_model_retire(a->m, NEW, 1, &lost, &why), TB_CONFLICT); /* in force */
    assert_int_equal(tb_management_model_retire(a->m, OLD, 0, &lost, &why), TB_OK);
    assert_int_equal(lost, 0);
    assert_int_equal(tb_management_model_retire(a->m, OLD, 0, &lost, &why), TB_NOT_FOUND);
    all_are_recognised(a, &c, PEOPLE - 1);
    a->former_count = 0; /* and the manifest forgets it */
    airport_reopen(a);
    all_are_recognised(a, &c, PEOPLE - 1);
    s = models_of(a);
    assert_true(s.count == 1 && s.use[0].model == NEW && s.use[0].people == PEOPLE - 1);
    is_sound(a);
}

/* The rules' lists carry what each terminal can use: of both models while both are served. */
static tb_entry entry_of(airport *a, int which, tb_id visit)
{
    tb_outbox_item items[64];
    tb_entry found = {0};
    int count = 0;
    assert_int_equal(tb_management_outbox_all(a->m), TB_OK);
    assert_int_equal(tb_management_outbox(a->m, items, 64, &count), TB_OK);
    for (int i = 0; i < count; i++) {
        char key[80], id[TB_ID_TEXT_SIZE];
        tb_bytes plain = {0};
        tb_id_text(visit, id);
        if (strcmp(items[i].touchpoint, a->terminals[which].id) == 0 && strcmp(items[i].visit, id) == 0) {
            snprintf(key, sizeof key, "%s.%s", items[i].touchpoint, items[i].visit);
            assert_int_equal(tb_open_from(&a->terminals[which].keys.private_key, &a->server, tb_span_text(key),
                                          tb_bytes_span(&items[i].sealed), &plain),
                             TB_OK);
            tb_entry_free(&found);
            assert_int_equal(tb_entry_decode(tb_bytes_span(&plain), &found, NULL), TB_OK);
        }
        tb_bytes_free(&plain);
        tb_bytes_free(&items[i].sealed);
    }
    return found;
}

static void lists_carry_both_models(void **state)
{
    airport *a = *state;
    crowd c;
    uint64_t lost;
    tb_error why;
    tb_template head;
    arrive(a, &c, 0, 1);
    roll_out(a);
    tb_entry entry = entry_of(a, SECURITY, c.people[0].visit);
    assert_int_equal(entry.template_count, 1);
    tb_entry_free(&entry);
    assert_int_equal(offer(a, SECURITY, &c.people[0], 80).verdict, TB_ANSWER_ADMIT);
    assert_true(airport_publish(a) > 0); /* lists follow at once */
    entry = entry_of(a, SECURITY, c.people[0].visit);
    assert_int_equal(entry.template_count, 2);
    tb_entry_free(&entry);
    assert_int_equal(tb_management_model_retire(a->m, OLD, 0, &lost, &why), TB_OK);
    entry = entry_of(a, SECURITY, c.people[0].visit);
    assert_int_equal(entry.template_count, 1);
    assert_int_equal(tb_template_head(tb_bytes_span(&entry.templates[0]), &head), TB_OK);
    assert_int_equal(head.model, NEW);
    tb_entry_free(&entry);
}

/* New kiosks send both: who enrols during the change is known to terminals of either kind. */
static void enrolment_while_two_models_are_served(void **state)
{
    airport *a = *state;
    roll_out(a);
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    tb_request request = airport_request(a, KIOSK, TB_REQUEST_CHECKIN);
    tb_template in_force = seen(NEW, 1, 1, 70), former = seen(OLD, 1, 1, 70);
    tb_answer answer;
    documents_of(&mia, &request);
    request.consent = 1;
    request.document_score = 0.8f;
    add(&request, &in_force);
    add(&request, &former);
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    mia.visit = answer.visit;
    shelf s = templates_of(a, &mia);
    assert_int_equal(s.count, 2);
    for (int i = 0; i < 2; i++)
        assert_true(s.items[i].source == TB_TEMPLATE_ENROLLED && s.items[i].quality == 70 &&
                    s.items[i].since == a->now && s.items[i].in_force == (s.items[i].model == NEW));
    tb_answer by_old = identify(a, SECURITY, &former), by_new = identify(a, SECURITY, &in_force);
    assert_true(by_old.verdict == TB_ANSWER_ADMIT && by_new.verdict == TB_ANSWER_ADMIT);
    /* The passport is compared by the probe's own model: one that the server does not know proves nothing. */
    request.id = tb_id_random();
    request.probe.data[4] ^= 0x40;
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.status, TB_OTHER_MODEL);
    tb_request_free(&request);
    is_sound(a);
}

static void good_templates_replace_the_worst(void **state)
{
    airport *a = *state;
    crowd c;
    arrive(a, &c, 0, 1);
    const traveller *mia = &c.people[0];
    static const uint8_t qualities[] = {70, 65, 75, 90};
    airport_flight(a, FLIGHT, "12", a->now + 7 * TB_DAY + 13 * TB_HOUR, a->now + 7 * TB_DAY + 14 * TB_HOUR);
    a->now += 7 * TB_DAY + TB_HOUR * 12;
    tb_time next;
    assert_int_equal(tb_management_tick(a->m, &next), TB_OK);
    for (int i = 0; i < 4; i++, a->now += 10 * TB_MINUTE) { /* four within a day: one is taken */
        tb_answer answer = offer(a, SECURITY, mia, qualities[i]);
        assert_string_equal(answer.reason, i == 0 ? "" : "not_needed");
        assert_int_equal(answer.verdict, i == 0 ? TB_ANSWER_ADMIT : TB_ANSWER_REFUSE);
    }
    assert_int_equal(templates_of(a, mia).count, 2);
    a->now += 25 * TB_HOUR;
    airport_flight(a, FLIGHT, "12", a->now + TB_HOUR, a->now + 2 * TB_HOUR);
    assert_string_equal(offer(a, SECURITY, mia, 59).reason, "not_needed");
    assert_int_equal(templates_of(a, mia).count, 2);
}

/* The same, with the clock of the rows made older: five, then the worst goes, never the enrolled one. */
static void five_and_no_more(void **state)
{
    airport *a = *state;
    static const struct {
        uint8_t quality;
        int kept, count, worst; /* afterwards */
    } days[] = {{70, 1, 2, 70}, {62, 1, 3, 62}, {64, 1, 4, 62}, {90, 1, 5, 62},
                {62, 0, 5, 62}, {63, 1, 5, 63}, {40, 0, 5, 63}, {99, 1, 5, 64}};
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    airport_flight(a, FLIGHT, "12", a->now + 47 * TB_HOUR, a->now + 47 * TB_HOUR + TB_MINUTE);
    checkin(a, &mia, 1);
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        a->now += 25 * TB_HOUR;
        /* the flight is put off again and again */
        airport_flight(a, FLIGHT, "12", a->now + TB_HOUR, a->now + 2 * TB_HOUR);
        tb_answer answer = offer(a, SECURITY, &mia, days[i].quality);
        assert_int_equal(answer.verdict == TB_ANSWER_ADMIT, days[i].kept);
        shelf s = templates_of(a, &mia);
        int worst = 100, enrolled = 0;
        for (int t = 0; t < s.count; t++) {
            enrolled += s.items[t].source == TB_TEMPLATE_ENROLLED;
            if (s.items[t].source == TB_TEMPLATE_TOUCHPOINT && s.items[t].quality < worst)
                worst = s.items[t].quality;
        }
        assert_int_equal(s.count, days[i].count);
        assert_int_equal(enrolled, 1);
        assert_int_equal(worst, days[i].worst);
    }
    checkin(a, &mia, 1); /* who enrols again begins again */
    assert_int_equal(templates_of(a, &mia).count, 1);
    is_sound(a);
}

static void assert_not_kept(airport *a, int which, const tb_request *request, const char *reason)
{
    tb_answer answer;
    assert_int_equal(airport_ask(a, which, request, &answer), TB_OK);
    assert_int_not_equal(answer.verdict, TB_ANSWER_ADMIT);
    assert_string_equal(answer.reason, reason);
    assert_int_equal(models_of(a).use[0].people, 0);
}

static void poison_is_not_taken(void **state)
{
    airport *a = *state;
    crowd c;
    arrive(a, &c, 0, 2);
    roll_out(a);
    traveller *mia = &c.people[0];
    tb_request request = capture(a, SECURITY, TB_REQUEST_TEMPLATE, &c.people[1], 90);
    request.visit = mia->visit; /* somebody else's face under her name */
    assert_not_kept(a, SECURITY, &request, "not_sure");
    tb_request_free(&request);
    request = airport_request(a, SECURITY, TB_REQUEST_TEMPLATE); /* nothing beside it that would prove it */
    tb_template face = seen(NEW, mia->number, 1, 90);
    request.visit = mia->visit;
    add(&request, &face);
    assert_not_kept(a, SECURITY, &request, "not_sure");
    tb_template weak = seen(OLD, mia->number, 0.41f, 90); /* like her, as many are */
    add(&request, &weak);
    assert_not_kept(a, SECURITY, &request, "not_sure");
    tb_request_free(&request);
    request = capture(a, SHOP, TB_REQUEST_TEMPLATE, mia, 90); /* a role that may not */
    assert_not_kept(a, SHOP, &request, "");
    tb_request_free(&request);
    request = capture(a, SECURITY, TB_REQUEST_TEMPLATE, mia, 90);
    request.visit = tb_id_random();
    assert_not_kept(a, SECURITY, &request, "no_consent");
    tb_error why;
    request.visit = mia->visit;
    assert_int_equal(tb_management_consent_withdraw(a->m, person_of(a, mia), &why), TB_OK);
    assert_not_kept(a, SECURITY, &request, "no_consent");
    tb_request_free(&request);
    assert_int_equal(templates_of(a, mia).count, 0);
    is_sound(a);
}

/* A template cannot be walked to another face, one offer a day, each close enough to the last: what was enrolled is
 * what counts. */
static void nobody_is_walked_away(void **state)
{
    airport *a = *state;
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    checkin(a, &mia, 1);
    tb_template step = seen(OLD, 1, 1, 90);
    static const char *const reasons[] = {"", "not_sure", "not_sure"};
    for (uint32_t day = 0; day < 3; day++) {
        a->now += 25 * TB_HOUR;
        airport_flight(a, FLIGHT, "12", a->now + TB_HOUR, a->now + 2 * TB_HOUR);
        step = vectors_near(&step, 0.6f, 777 + day);
        step.quality = 90;
        tb_request request = airport_request(a, SECURITY, TB_REQUEST_TEMPLATE);
        tb_answer answer;
        request.visit = mia.visit;
        add(&request, &step);
        assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
        assert_string_equal(answer.reason, reasons[day]);
        tb_request_free(&request);
    }
    assert_int_equal(templates_of(a, &mia).count, 2);
}

/* When the model they were enrolled with is gone, the first one kept of the next is what they are held against. */
static void nor_when_nothing_enrolled_is_left(void **state)
{
    airport *a = *state;
    crowd c;
    uint64_t lost;
    tb_error why;
    arrive(a, &c, 0, 1);
    roll_out(a);
    assert_int_equal(offer(a, SECURITY, &c.people[0], 80).verdict, TB_ANSWER_ADMIT);
    assert_int_equal(tb_management_model_retire(a->m, OLD, 0, &lost, &why), TB_OK);
    tb_template step = seen(NEW, c.people[0].number, 0.8f, 90);
    for (uint32_t day = 0; day < 8; day++) {
        a->now += 25 * TB_HOUR;
        airport_flight(a, FLIGHT, "12", a->now + TB_HOUR, a->now + 2 * TB_HOUR);
        tb_template next = vectors_near(&step, 0.6f, 777 + (day < 6 ? day : 5));
        next.model = NEW;
        next.quality = (uint8_t)(90 + day);
        tb_request request = airport_request(a, SECURITY, TB_REQUEST_TEMPLATE);
        tb_answer answer;
        request.visit = c.people[0].visit;
        add(&request, &next);
        assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
        /* near the first of all: kept; from the seventh day on from where the sixth one left off: not */
        assert_string_equal(answer.reason, day < 6 ? "" : "not_sure");
        if (day == 5)
            step = next;
        tb_request_free(&request);
    }
    shelf s = templates_of(a, &c.people[0]);
    assert_int_equal(s.count, TB_TEMPLATES_MAX);
    int first = 0;
    for (int i = 0; i < s.count; i++)
        first += s.items[i].quality == 80;
    assert_int_equal(first, 1); /* the worst of them, and there to stay */
}

/* A touchpoint offers for those on its list and those it has just let through; about all others it learns nothing. */
static void only_of_people_at_that_touchpoint(void **state)
{
    airport *a = *state;
    crowd c;
    arrive(a, &c, 0, 2);
    roll_out(a);
    traveller *mia = &c.people[0], *tom = &c.people[1];
    airport_pass(a, SECURITY, mia->visit);
    airport_pass(a, SECURITY, tom->visit);
    a->now += 5 * TB_MINUTE; /* the event was faster than the offer */
    assert_int_equal(offer(a, SECURITY, mia, 80).verdict, TB_ANSWER_ADMIT);
    a->now += 6 * TB_MINUTE;
    tb_answer answer = offer(a, SECURITY, tom, 80);
    assert_int_equal(answer.verdict, TB_ANSWER_REFUSE);
    assert_string_equal(answer.reason, "not_listed");
    assert_int_equal(templates_of(a, tom).count, 1);
}

/* The same offer twice has one effect; nothing of it stays in memory. */
static void once_and_nothing_stays(void **state)
{
    airport *a = *state;
    crowd c;
    tb_answer first, second;
    arrive(a, &c, 0, 1);
    roll_out(a);
    (void)offer(a, SECURITY, &c.people[0], 30); /* any quality is better than none of that model */
    assert_int_equal(templates_of(a, &c.people[0]).count, 2);
    size_t held = tb_secret_held();
    tb_request request = capture(a, SECURITY, TB_REQUEST_TEMPLATE, &c.people[0], 90);
    a->now += TB_HOUR;
    request.at = a->now;
    assert_int_equal(airport_ask(a, SECURITY, &request, &first), TB_OK);
    assert_int_equal(airport_ask(a, SECURITY, &request, &second), TB_OK);
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(templates_of(a, &c.people[0]).count, 2);
    assert_int_equal(tb_secret_held(), held);
    tb_request_free(&request);
}

/* A retirement that may lose people says how many, and their visits end nowhere: documents take them on. */
static void some_may_be_lost_knowingly(void **state)
{
    airport *a = *state;
    crowd c;
    uint64_t lost;
    tb_error why;
    arrive(a, &c, 0, 3);
    roll_out(a);
    (void)offer(a, SECURITY, &c.people[0], 80);
    assert_int_equal(tb_management_model_retire(a->m, OLD, 1, &lost, &why), TB_OK);
    assert_int_equal(lost, 2);
    all_are_recognised(a, &c, 1);
    tb_answer answer;
    tb_request request = capture(a, SECURITY, TB_REQUEST_IDENTIFY, &c.people[1], 80);
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_UNKNOWN);
    tb_request_free(&request);
    is_sound(a);
    checkin(a, &c.people[1], 1); /* enrols again */
    is_sound(a);
}

/* Killed in the middle of the migration, without a chance to clean up: the next start recognises everybody. */
static void killed_in_the_middle(void **state)
{
    airport *a = *state;
    crowd c;
    arrive(a, &c, 0, 6);
    roll_out(a);
    tb_management_free(&a->m);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        tb_error why;
        char byte = 'x';
        if (airport_try_open(a, &why) != TB_OK)
            _exit(1);
        a->server = tb_management_public_key(a->m);
        for (int i = 0; i < 3; i++)
            (void)offer(a, SECURITY, &c.people[i], 80);
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;) /* and on, until it is killed */
            for (int i = 3; i < 6; i++)
                (void)offer(a, SECURITY, &c.people[i], 80);
    }
    char byte;
    int how;
    assert_true(child > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    close(ready[0]);
    close(ready[1]);
    airport_open(a);
    is_sound(a);
    all_are_recognised(a, &c, 6);
    assert_true(models_of(a).use[0].people >= 3);
}

/* U16: a modality that only this test knows, of another dimension, goes through check-in, store, lists, feed and third
 * authentication without a line of the product for it. */
static void another_modality_in_the_same_places(void **state)
{
    airport *a = *state;
    static const tb_model models[2] = {
        {.id = OLD, .dimension = AIRPORT_DIMENSION, .calibration = CALIBRATION},
        {.id = 500, .dimension = 96, .modality = TB_MODALITY_VOICE, .calibration = CALIBRATION}};
    traveller mia = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    tb_template face = seen(OLD, 1, 1, 70), voice = vectors_template(4000, 96), stranger = vectors_template(4001, 96);
    tb_answer answer;
    tb_list *list;
    tb_list_match match;
    voice.model = stranger.model = 500;
    voice.modality = stranger.modality = TB_MODALITY_VOICE;
    a->former = &models[1];
    a->former_count = 1;
    airport_reopen(a);
    tb_request request = airport_request(a, KIOSK, TB_REQUEST_CHECKIN);
    documents_of(&mia, &request);
    request.consent = 1;
    request.document_score = 0.8f;
    add(&request, &face);
    add(&request, &voice);
    assert_int_equal(airport_ask(a, KIOSK, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_ADMIT);
    mia.visit = answer.visit;
    tb_request_free(&request);
    shelf s = templates_of(a, &mia);
    assert_true(s.count == 2 && s.items[1].modality == TB_MODALITY_VOICE && !s.items[1].in_force);
    tb_template heard = vectors_near(&voice, 0.8f, 5);
    heard.model = 500;
    heard.modality = TB_MODALITY_VOICE;
    assert_true(tb_id_equal(identify(a, SECURITY, &heard).visit, mia.visit));
    assert_int_equal(identify(a, SECURITY, &stranger).verdict, TB_ANSWER_UNKNOWN);
    tb_entry entry = entry_of(a, SECURITY, mia.visit);
    assert_int_equal(entry.template_count, 2);
    assert_int_equal(tb_list_new(models, 2, &list), TB_OK);
    assert_int_equal(tb_list_apply(list, &entry, NULL), TB_OK);
    assert_int_equal(tb_list_identify(list, 0, &heard, 1, a->now, &match), TB_OK);
    assert_true(match.identity == TB_THIS_PERSON && tb_id_equal(match.visit, mia.visit));
    heard.modality = TB_MODALITY_IRIS; /* of no model */
    assert_int_equal(tb_list_identify(list, 0, &heard, 1, a->now, &match), TB_OTHER_MODEL);
    tb_list_free(&list);
    tb_entry_free(&entry);
    is_sound(a);
}

/* The first release did not say beside a template whose model it is: the next start looks once. */
static void rows_of_the_first_release(void **state)
{
    airport *a = *state;
    crowd c;
    arrive(a, &c, 0, 3);
    assert_int_equal(tb_db_run(a->m->db, "UPDATE central.template SET model = 0, quality = 0", TB_NO_VALUES, NULL),
                     TB_OK);
    assert_int_equal(templates_of(a, &c.people[0]).items[0].model, 0);
    airport_reopen(a);
    shelf s = templates_of(a, &c.people[0]);
    assert_true(s.count == 1 && s.items[0].model == OLD && s.items[0].quality == 80);
    assert_int_equal(s.items[0].source, TB_TEMPLATE_ENROLLED);
    assert_int_equal(models_of(a).use[0].people, 3);
    is_sound(a);
}

/* A template that does not open is its owner's trouble: the server starts, others are recognised, and so is the owner
 * by another template. An offer is held against all that is stored or not at all. */
static void a_damaged_template_hurts_nobody_else(void **state)
{
    airport *a = *state;
    crowd c;
    uint64_t lost;
    tb_error why;
    arrive(a, &c, 0, 4);
    roll_out(a);
    for (int i = 0; i < 3; i++)
        assert_int_equal(offer(a, SECURITY, &c.people[i], 80).verdict, TB_ANSWER_ADMIT);
    tb_id first = person_of(a, &c.people[0]), last = person_of(a, &c.people[3]);
    assert_int_equal(
        tb_db_run(a->m->db, "UPDATE central.template SET sealed = $3 WHERE person IN ($1, $2) AND slot = 0",
                  TB_VALUES(tb_value_id(&first), tb_value_id(&last), tb_value_blob(tb_span_of("", 1))), NULL),
        TB_OK);
    airport_reopen(a);
    all_are_recognised(a, &c, 3);
    is_sound(a);
    tb_answer answer;
    tb_request request = capture(a, SECURITY, TB_REQUEST_IDENTIFY, &c.people[3], 80);
    assert_int_equal(airport_ask(a, SECURITY, &request, &answer), TB_OK);
    assert_int_equal(answer.verdict, TB_ANSWER_UNKNOWN);
    tb_request_free(&request);
    a->now += 25 * TB_HOUR;
    airport_flight(a, FLIGHT, "12", a->now + TB_HOUR, a->now + 2 * TB_HOUR);
    assert_int_equal(offer(a, SECURITY, &c.people[0], 95).status, TB_CRYPTO);
    /* a row that says no model is none that its owner is recognised by */
    assert_int_equal(tb_db_run(a->m->db, "UPDATE central.template SET model = 0 WHERE person = $1 AND model = $2",
                               TB_VALUES(tb_value_id(&first), tb_value_int(NEW)), NULL),
                     TB_OK);
    assert_int_equal(tb_management_model_retire(a->m, OLD, 0, &lost, &why), TB_CONFLICT);
    assert_int_equal(lost, 2);
    checkin(a, &c.people[3], 1); /* enrols again */
    is_sound(a);
}

/* Fourteen templates of a model that the manifest forgot do not keep their owner from the next one. */
static void the_forgotten_make_room(void **state)
{
    airport *a = *state;
    crowd c;
    arrive(a, &c, 0, 1);
    roll_out(a);
    tb_template forgotten = seen(OLD, 1, 0.8f, 70);
    forgotten.model = 4000;
    for (int i = 1; i < TB_ENTRY_TEMPLATES_MAX; i++)
        assert_int_equal(tb_custody_put(a->m, person_of(a, &c.people[0]), -1, &forgotten, TB_TEMPLATE_TOUCHPOINT),
                         TB_OK);
    shelf s = templates_of(a, &c.people[0]);
    assert_int_equal(s.count, TB_ENTRY_TEMPLATES_MAX);
    assert_int_equal(offer(a, SECURITY, &c.people[0], 80).verdict, TB_ANSWER_ADMIT);
    s = templates_of(a, &c.people[0]);
    int served[2] = {0};
    for (int i = 0; i < s.count; i++) {
        served[0] += s.items[i].model == OLD;
        served[1] += s.items[i].model == NEW;
    }
    assert_true(served[0] == 1 && served[1] == 1);
    assert_int_equal(s.count, TB_ENTRY_TEMPLATES_MAX);
    all_are_recognised(a, &c, 1);
    is_sound(a);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, airport_setup, airport_teardown)
    const struct CMUnitTest tests[] = {TEST(nobody_is_lost_when_the_model_changes),
                                       TEST(lists_carry_both_models),
                                       TEST(enrolment_while_two_models_are_served),
                                       TEST(good_templates_replace_the_worst),
                                       TEST(five_and_no_more),
                                       TEST(poison_is_not_taken),
                                       TEST(nobody_is_walked_away),
                                       TEST(nor_when_nothing_enrolled_is_left),
                                       TEST(only_of_people_at_that_touchpoint),
                                       TEST(once_and_nothing_stays),
                                       TEST(some_may_be_lost_knowingly),
                                       TEST(killed_in_the_middle),
                                       TEST(another_modality_in_the_same_places),
                                       TEST(rows_of_the_first_release),
                                       TEST(a_damaged_template_hurts_nobody_else),
                                       TEST(the_forgotten_make_room)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
