/* bench_feed.c: from a passage at the entrance to its presence on every list that needs it, through the real teburad
 * and the real broker, on one machine: terminals of this program (own keys, own connections) send sealed passages at a
 * stated rate and receive the entries that follow. Time starts before the event is given to the broker and ends when
 * the last of the lists has its entry; opening the seal is part of it. Table on standard error, one JSON object on
 * standard output. */
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>
#include <tebura/tebura.h>

#include "support/site.h"

enum { LISTS = 5, RATES = 3, PASSAGES = 200, VISITS = RATES * PASSAGES, DIMENSION = 512 };
static const int rates[RATES] = {10, 50, 100};

typedef struct terminal {
    char id[TB_TOUCHPOINT_SIZE];
    tb_key_pair keys;
    tb_key server, to, from; /* directed keys, derived once: X25519 for every message would be the bench's own cost */
    tb_bus *bus;
    tb_bus_subscription *subscription;
    int index;
    struct bench *bench;
} terminal;

typedef struct visitor {
    tb_id id;
    int64_t sent, arrived[LISTS];
} visitor;

typedef struct bench {
    site site;
    char name[TB_NAME_SIZE], nats[128]; /* of the site, of its broker */
    uint32_t model;
    terminal checkin, security, lists[LISTS];
    pthread_mutex_t mutex; /* guards visitors' times */
    visitor visitors[VISITS];
    double checkin_ms[VISITS];
} bench;

static void add_flight(bench *b)
{
    char boarding[TB_TIME_TEXT_SIZE], departure[TB_TIME_TEXT_SIZE], path[64];
    tb_time now = tb_clock_now();
    snprintf(path, sizeof path, "/api/v1/flights/NH105/%.10s", tb_time_text(now, boarding));
    json_decref(site_call(&b->site, "PUT", path,
                          json_pack("{ss ss ss ss ss}", "from", "HND", "to", "LAX", "gate", "12", "boarding",
                                    tb_time_text(now + 10 * TB_MINUTE, boarding), "departure",
                                    tb_time_text(now + 2 * TB_HOUR, departure))));
}

static void register_terminal(bench *b, terminal *t, const char *role, const char *zone)
{
    char hex[2 * TB_KEY_SIZE + 1], code[33];
    tb_error why = {0};
    site_announce(&b->site, t->id, role, zone, code);
    t->keys = tb_key_pair_random();
    tb_hex_encode(tb_span_of(t->keys.public_key.bytes, TB_KEY_SIZE), hex);
    json_t *registered =
        site_call(&b->site, "POST", "/api/v1/registrations", json_pack("{ss ss}", "code", code, "public_key", hex));
    site_need(tb_hex_decode(json_string_value(json_object_get(registered, "server_public_key")), t->server.bytes,
                            TB_KEY_SIZE),
              NULL, "server key");
    snprintf(b->name, sizeof b->name, "%s", json_string_value(json_object_get(registered, "site")));
    snprintf(b->nats, sizeof b->nats, "%s", json_string_value(json_object_get(registered, "nats_url")));
    b->model = (uint32_t)json_integer_value(json_object_get(registered, "model"));
    json_decref(registered);
    site_need(tb_key_to(&t->keys.private_key, &t->server, &t->to), NULL, "key");
    site_need(tb_key_from(&t->keys.private_key, &t->server, &t->from), NULL, "key");
    t->bench = b;
    site_need(tb_bus_open(&(tb_bus_options){.url = b->nats, .name = t->id}, &t->bus, &why), &why, "the broker");
    for (int i = 0; i < 500 && !tb_bus_is_connected(t->bus); i++)
        usleep(10000);
}

static void entry_came(void *context, const tb_delivery *delivery)
{
    terminal *t = context;
    bench *b = t->bench;
    const char *key = strstr(delivery->subject, t->id);
    tb_bytes plain = {0};
    tb_entry entry = {0};
    if (delivery->purge || !key || tb_open(&t->from, tb_span_text(key), delivery->body, &plain) != TB_OK ||
        tb_entry_decode(tb_bytes_span(&plain), &entry, NULL) != TB_OK)
        goto out;
    int64_t now = tb_clock_monotonic();
    pthread_mutex_lock(&b->mutex);
    for (int i = 0; i < VISITS; i++)
        if (tb_id_equal(b->visitors[i].id, entry.visit) && !b->visitors[i].arrived[t->index])
            b->visitors[i].arrived[t->index] = now;
    pthread_mutex_unlock(&b->mutex);
out:
    tb_entry_free(&entry);
    tb_bytes_free(&plain);
}

static void random_template(uint32_t model, tb_template *out)
{
    double sum = 0;
    *out = (tb_template){.model = model, .dimension = DIMENSION, .quality = 80};
    for (int i = 0; i < DIMENSION; i++) {
        out->values[i] = (float)rand() / (float)RAND_MAX - 0.5f; // NOLINT: a bench needs no good randomness
        sum += (double)out->values[i] * out->values[i];
    }
    for (int i = 0; i < DIMENSION; i++)
        out->values[i] /= (float)sqrt(sum);
}

static void write_documents(int n, tb_request *request)
{
    tb_mrz mrz = {.lines = 2,
                  .columns = 44,
                  .kind = "P",
                  .issuer = "UTO",
                  .nationality = "UTO",
                  .surname = "BENCH",
                  .born = {1990, 1, 1},
                  .expires = {2035, 1, 1},
                  .sex = 'X'};
    tb_bcbp pass = {.legs = 1, .electronic = 1};
    tb_bytes text = {0};
    time_t now = time(NULL);
    struct tm today;
    gmtime_r(&now, &today);
    snprintf(mrz.number, sizeof mrz.number, "B%08d", n % 100000000);
    snprintf(mrz.given, sizeof mrz.given, "PERSON%c%c%c", 'A' + n / 676 % 26, 'A' + n / 26 % 26, 'A' + n % 26);
    snprintf(pass.name, sizeof pass.name, "BENCH/%.14s", mrz.given);
    tb_bcbp_leg *leg = &pass.leg[0];
    snprintf(leg->pnr, sizeof leg->pnr, "B%05d", n);
    strcpy(leg->from, "HND");
    strcpy(leg->to, "LAX");
    strcpy(leg->carrier, "NH");
    strcpy(leg->flight, "105");
    leg->day_of_year = today.tm_yday + 1;
    leg->compartment = 'Y';
    snprintf(leg->seat, sizeof leg->seat, "%d%c", 1 + n / 8 % 99, 'A' + n % 8);
    snprintf(leg->sequence, sizeof leg->sequence, "%d", n + 1);
    leg->passenger_status = '1';
    site_need(tb_mrz_print(&mrz, &text), NULL, "MRZ");
    snprintf(request->mrz, sizeof request->mrz, "%.*s", (int)text.size, (char *)text.data);
    text.size = 0;
    site_need(tb_bcbp_print(&pass, &text), NULL, "boarding pass");
    snprintf(request->boarding_pass, sizeof request->boarding_pass, "%.*s", (int)text.size, (char *)text.data);
    tb_bytes_free(&text);
}

static void check_in(bench *b, int n)
{
    terminal *t = &b->checkin;
    char subject[TB_SUBJECT_SIZE];
    tb_bytes plain = {0}, sealed = {0}, reply = {0}, opened = {0};
    tb_answer answer = {0};
    tb_error why = {0};
    tb_request request = {
        .id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = tb_clock_now(), .consent = 1, .document_score = 0.9f};
    tb_template face;
    snprintf(request.touchpoint, sizeof request.touchpoint, "%s", t->id);
    random_template(b->model, &face);
    write_documents(n, &request);
    site_need(tb_template_encode(&face, &request.probe), NULL, "template");
    tb_subject_text(TB_SUBJECT_ASK, b->name, t->id, NULL, subject);
    int64_t begin = tb_clock_monotonic();
    site_need(tb_request_encode(&request, &plain), NULL, "request");
    site_need(tb_seal(&t->to, tb_span_text(subject), tb_bytes_span(&plain), &sealed), NULL, "seal");
    site_need(tb_bus_request(t->bus, subject, tb_bytes_span(&sealed), 10000, &reply), NULL, "check-in");
    site_need(tb_open(&t->from, tb_span_text(subject), tb_bytes_span(&reply), &opened), NULL, "seal");
    site_need(tb_answer_decode(tb_bytes_span(&opened), &answer, &why), &why, "answer");
    if (answer.verdict != TB_ANSWER_ADMIT)
        site_need(answer.status == TB_OK ? TB_REFUSED : answer.status, NULL, answer.reason);
    b->checkin_ms[n] = (double)(tb_clock_monotonic() - begin) / 1000;
    b->visitors[n].id = answer.visit;
    tb_request_free(&request);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    tb_bytes_free(&reply);
    tb_bytes_free(&opened);
}

static void pass(bench *b, int n)
{
    terminal *t = &b->security;
    char subject[TB_SUBJECT_SIZE], id[TB_ID_TEXT_SIZE];
    tb_bytes plain = {0}, sealed = {0};
    tb_event event = {.id = tb_id_random(),
                      .number = (uint64_t)n + 1,
                      .kind = TB_EVENT_PASSAGE,
                      .visit = b->visitors[n].id,
                      .at = tb_clock_now()};
    snprintf(event.touchpoint, sizeof event.touchpoint, "%s", t->id);
    tb_subject_text(TB_SUBJECT_EVENT, b->name, t->id, NULL, subject);
    pthread_mutex_lock(&b->mutex);
    b->visitors[n].sent = tb_clock_monotonic();
    pthread_mutex_unlock(&b->mutex);
    site_need(tb_event_encode(&event, &plain), NULL, "event");
    site_need(tb_seal(&t->to, tb_span_text(subject), tb_bytes_span(&plain), &sealed), NULL, "seal");
    site_need(tb_bus_event_publish(t->bus, subject, tb_id_text(event.id, id), tb_bytes_span(&sealed), 10000), NULL,
              "publish");
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
}

static int is_everywhere(bench *b, int n)
{
    int all = 1;
    pthread_mutex_lock(&b->mutex);
    for (int list = 0; list < LISTS; list++)
        all &= b->visitors[n].arrived[list] != 0;
    pthread_mutex_unlock(&b->mutex);
    return all;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static json_t *spread(double *ms, int count)
{
    qsort(ms, (size_t)count, sizeof *ms, by_value);
    return json_pack("{sf sf sf si}", "p50_ms", ms[count / 2], "p99_ms", ms[(int)(count * 0.99)], "max_ms",
                     ms[count - 1], "count", count);
}

static json_t *at_rate(bench *b, int first, int rate)
{
    static double ms[PASSAGES];
    int64_t begin = tb_clock_monotonic();
    int arrived = 0;
    for (int i = 0; i < PASSAGES; i++) {
        int64_t due = begin + (int64_t)i * 1000000 / rate, now = tb_clock_monotonic();
        if (due > now)
            usleep((useconds_t)(due - now));
        pass(b, first + i);
    }
    double took = (double)(tb_clock_monotonic() - begin) / 1e6;
    for (int i = 0; i < PASSAGES; i++) {
        for (int wait = 0; wait < 1000 && !is_everywhere(b, first + i); wait++)
            usleep(10000);
        if (!is_everywhere(b, first + i))
            continue;
        const visitor *v = &b->visitors[first + i];
        int64_t last = v->arrived[0];
        for (int list = 1; list < LISTS; list++)
            last = v->arrived[list] > last ? v->arrived[list] : last;
        ms[arrived++] = (double)(last - v->sent) / 1000;
    }
    if (arrived < PASSAGES)
        site_need(TB_TIMEOUT, NULL, "entries that never came");
    json_t *result = spread(ms, arrived);
    json_object_set_new(result, "rate_wanted", json_integer(rate));
    json_object_set_new(result, "rate_reached", json_real(PASSAGES / took));
    return result;
}

static void close_all(bench *b)
{
    terminal *all[LISTS + 2] = {&b->checkin, &b->security};
    for (int i = 0; i < LISTS; i++)
        all[2 + i] = &b->lists[i];
    for (int i = 0; i < LISTS + 2; i++) {
        tb_bus_subscription_free(&all[i]->subscription);
        tb_bus_free(&all[i]->bus);
    }
    site_stop(&b->site);
}

int main(void)
{
    static bench b; /* large */
    pthread_mutex_init(&b.mutex, NULL);
    site_need(tb_crypto_start(), NULL, "libsodium");
    site_start(&b.site);
    add_flight(&b);
    snprintf(b.checkin.id, sizeof b.checkin.id, "checkin-1");
    snprintf(b.security.id, sizeof b.security.id, "security-1");
    register_terminal(&b, &b.checkin, "checkin", "landside");
    register_terminal(&b, &b.security, "security", "security_area");
    for (int i = 0; i < LISTS; i++) {
        char subject[TB_SUBJECT_SIZE];
        b.lists[i].index = i;
        snprintf(b.lists[i].id, sizeof b.lists[i].id, i < 3 ? "emigration-%d" : "boarding-%d", i + 1);
        register_terminal(&b, &b.lists[i], i < 3 ? "emigration" : "boarding", i < 3 ? "emigration_area" : "airside");
        tb_subject_text(TB_SUBJECT_FEED, b.name, b.lists[i].id, NULL, subject);
        site_need(tb_bus_listen(b.lists[i].bus, subject, entry_came, &b.lists[i], &b.lists[i].subscription), NULL,
                  "feed");
    }
    for (int n = 0; n < VISITS; n++)
        check_in(&b, n);
    json_t *passage = json_array(), *out;
    fprintf(stderr, "passage at the entrance to presence on all of %d lists, %d visits, one server, one broker\n",
            LISTS, VISITS);
    fprintf(stderr, "%10s %10s %10s %10s %10s\n", "rate/s", "reached/s", "p50 ms", "p99 ms", "max ms");
    for (int r = 0; r < RATES; r++) {
        json_t *row = at_rate(&b, r * PASSAGES, rates[r]);
        fprintf(stderr, "%10d %10.1f %10.1f %10.1f %10.1f\n", rates[r],
                json_real_value(json_object_get(row, "rate_reached")), json_real_value(json_object_get(row, "p50_ms")),
                json_real_value(json_object_get(row, "p99_ms")), json_real_value(json_object_get(row, "max_ms")));
        json_array_append_new(passage, row);
    }
    json_t *checkin = spread(b.checkin_ms, VISITS);
    fprintf(stderr, "check-in, request to answer: p50 %.1f ms, p99 %.1f ms\n",
            json_real_value(json_object_get(checkin, "p50_ms")), json_real_value(json_object_get(checkin, "p99_ms")));
    out = json_pack("{si so so}", "lists", LISTS, "passage_to_lists", passage, "checkin", checkin);
    json_dumpf(out, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(out);
    close_all(&b);
    return 0;
}
