/* site.c: the made-up site: entrances, rooms with several doors, one lounge with many members. */
#include "feed/feed.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tebura/sign.h>

#include "face/manifest.h"
#include "terminal/edge_store.h"
#include "management/service.h"

#define PROFILE TEBURA_SOURCE_DIR "/bench/feed/hall.yaml"

void (*feed_at_end)(const char *sentence);

void feed_give_up(const char *sentence, ...)
{
    char text[400];
    va_list args;
    va_start(args, sentence);
    vsnprintf(text, sizeof text, sentence, args);
    va_end(args);
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
    if (feed_at_end)
        feed_at_end(text);
    _exit(1); /* threads are still at work; programs that were started end with us (their parent-death signal) */
}

void feed_need(tb_status status, const tb_error *why, const char *what)
{
    if (status == TB_OK)
        return;
    feed_give_up("%s: %s", what, why && why->text[0] ? why->text : tb_status_sentence(status));
}

double feed_seconds(void)
{
    return (double)tb_clock_monotonic() / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

spread spread_of(double *values, int count)
{
    if (count == 0)
        return (spread){0};
    qsort(values, (size_t)count, sizeof *values, by_value);
    return (spread){values[count / 2], values[(int)(count * 0.99)], values[count - 1], count};
}

json_t *spread_json(const spread *s)
{
    return json_pack("{s:f, s:f, s:f, s:i}", "p50", s->p50, "p99", s->p99, "max", s->most, "count", s->count);
}

double feed_processor(pid_t pid)
{
    clockid_t clock;
    struct timespec used = {0};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return 0;
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

double feed_resident(pid_t pid)
{
    char path[64];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%*s %ld", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* ---- who is where ---- */

static void read_profile(feed_site *s)
{
    tb_bytes yaml = {0};
    tb_error why = {0};
    feed_need(tb_file_read(PROFILE, 1 << 18, &yaml, &why), &why, "the profile");
    feed_need(tb_profile_parse(tb_bytes_span(&yaml), PROFILE, &s->profile, &why), &why, "the profile");
    tb_bytes_free(&yaml);
}

void feed_site_init(feed_site *s, const feed_options *options)
{
    char found[4096];
    tb_manifest manifest;
    tb_error why = {0};
    int entrances = options->terminals / 100;
    *s = (feed_site){.options = options};
    s->entrances = entrances < 2 ? 2 : entrances > FEED_ENTRANCES_MAX ? FEED_ENTRANCES_MAX : entrances;
    s->rooms = (options->terminals - s->entrances - 1) / FEED_DOORS;
    s->visits = calloc((size_t)options->visits, sizeof *s->visits);
    feed_need(s->rooms > 0 ? TB_OK : TB_INVALID_ARGUMENT, NULL, "at least eight terminals");
    feed_need(s->visits ? TB_OK : TB_NO_MEMORY, NULL, "visits");
    feed_need(tb_manifest_read(NULL, &manifest, found, sizeof found, &why), &why, "the manifest of networks");
    s->model = manifest.embed.model;
    s->dimension = (int)manifest.embed.dimension;
    read_profile(s);
}

int feed_entrance_of(const feed_site *s, int visit)
{
    return visit % s->entrances;
}

int feed_lounge(const feed_site *s)
{
    return s->entrances;
}

static int room_of(const feed_site *s, int visit)
{
    return visit % s->rooms;
}

int feed_door_of(const feed_site *s, int visit, int which)
{
    return s->entrances + 1 + room_of(s, visit) * FEED_DOORS + which;
}

int feed_listed(const feed_site *s, int terminal)
{
    if (terminal == feed_lounge(s))
        return s->options->members;
    int visits = s->options->visits;
    return terminal < s->entrances ? visits / s->entrances + (terminal < visits % s->entrances) : 0;
}

void feed_describe(const feed_site *s, int terminal, tb_touchpoint *out)
{
    const char *role = terminal < s->entrances ? "entrance" : terminal == s->entrances ? "lounge" : "room";
    char value[32];
    int number = terminal < s->entrances    ? terminal
                 : terminal == s->entrances ? 0
                                            : (terminal - s->entrances - 1) / FEED_DOORS;
    *out = (tb_touchpoint){0};
    snprintf(out->id, sizeof out->id, "%s-%d", role, terminal);
    snprintf(out->role, sizeof out->role, "%s", role);
    snprintf(value, sizeof value, "%s%d", role, number);
    feed_need(tb_facts_set_text(&out->attributes, role, value), NULL, "attribute");
}

/* ---- the service, and its people ---- */

tb_management *feed_management(const feed_site *s, const char *folder)
{
    tb_management *m;
    tb_error why = {0};
    tb_management_options options = {
        .directory = folder,
        .database = s->options->database,
        .site = "bench",
        .profile = s->profile,
        .model = s->model,
        .dimension = s->dimension,
        .calibration = {.knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f, .verification = 0.4f}};
    feed_need(tb_management_open(&options, &m, &why), &why, "the management service");
    return m;
}

void feed_announce(tb_management *m, const tb_touchpoint *touchpoint, const tb_key_pair *keys, char code[33])
{
    tb_touchpoint out;
    tb_error why = {0};
    feed_need(tb_management_touchpoint_add(m, touchpoint, code, &why), &why, "a terminal");
    tb_key seed, broker_key;
    feed_need(tb_broker_key(keys, &seed), NULL, "a key for the broker");
    broker_key = tb_sign_public(&seed);
    tb_touchpoint_claim claim = {.code = code, .public_key = &keys->public_key, .broker_key = &broker_key};
    feed_need(tb_management_touchpoint_claim(m, &claim, &out, &why), &why, "a terminal");
}

/* A random direction: faces of different people are nearly orthogonal. */
static void made_face(const feed_site *s, int number, tb_template *out)
{
    uint64_t seed = (uint64_t)number + 1;
    double sum = 0;
    *out = (tb_template){.model = s->model, .dimension = (uint16_t)s->dimension, .quality = 80};
    for (int i = 0; i < s->dimension; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out->values[i] = (float)(int32_t)(seed >> 32) / 2147483648.0f;
        sum += (double)out->values[i] * (double)out->values[i];
    }
    for (int i = 0; i < s->dimension; i++)
        out->values[i] /= sqrtf((float)sum);
}

static void add_visit(feed_site *s, tb_management *m, int number, tb_time now)
{
    char reference[32], value[32];
    tb_error why = {0};
    tb_visit_order order = {.reference = reference, .name = "GUEST MADE-UP"};
    tb_visit_made made;
    snprintf(reference, sizeof reference, "B%07d", number);
    snprintf(value, sizeof value, "entrance%d", feed_entrance_of(s, number));
    feed_need(tb_facts_set_text(&order.facts, "entrance", value), NULL, "fact");
    snprintf(value, sizeof value, "room%d", room_of(s, number));
    feed_need(tb_facts_set_text(&order.facts, "room", value), NULL, "fact");
    if (number < s->options->members)
        feed_need(tb_facts_set_text(&order.facts, "lounge", "lounge0"), NULL, "fact");
    feed_need(tb_facts_set_time(&order.facts, "opens", now - TB_HOUR), NULL, "fact");
    feed_need(tb_facts_set_time(&order.facts, "closes", now + 12 * TB_HOUR), NULL, "fact");
    feed_need(tb_management_visit_put(m, &order, &made, &why), &why, "a visit");
    s->visits[number] = made.visit;
}

static void enrol(const feed_site *s, tb_management *m, int number, tb_time now)
{
    tb_template face;
    tb_request request = {.id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = now, .consent = 1};
    tb_answer answer;
    snprintf(request.boarding_pass, sizeof request.boarding_pass, "B%07d", number);
    made_face(s, number, &face);
    feed_need(tb_template_encode(&face, &request.probe), NULL, "template");
    feed_need(tb_management_checkin(m, &request, &answer), NULL, "check-in");
    feed_need(answer.verdict == TB_ANSWER_ADMIT ? TB_OK : TB_REFUSED, NULL, answer.reason);
    tb_request_free(&request);
}

/* A transaction around many calls: theirs nest in it, and the disk is waited for once. */
void feed_fill(feed_site *s, tb_management *m, int from, int to)
{
    tb_time now = tb_clock_now();
    for (int begin = from; begin < to; begin += 1000) {
        feed_need(tb_db_begin(m->db), NULL, "a transaction");
        for (int i = begin; i < to && i < begin + 1000; i++) {
            add_visit(s, m, i, now);
            enrol(s, m, i, now);
        }
        feed_need(tb_db_commit(m->db), NULL, "a transaction");
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r%d of %d visits\r", begin, to);
    }
}

void feed_event(const feed_site *s, int terminal, tb_event *event, char subject[64], tb_bytes *plain)
{
    tb_touchpoint about;
    feed_describe(s, terminal, &about);
    memcpy(event->touchpoint, about.id, sizeof event->touchpoint);
    snprintf(subject, 64, "tb.bench.event.%s", about.id);
    feed_need(tb_event_encode(event, plain), NULL, "an event");
}

int feed_drain(tb_management *m)
{
    enum { ITEMS = 64 };
    tb_outbox_item items[ITEMS];
    int count, all = 0;
    do {
        feed_need(tb_management_outbox(m, items, ITEMS, &count), NULL, "outbox");
        for (int i = 0; i < count; i++)
            tb_bytes_free(&items[i].sealed);
        if (count)
            feed_need(tb_management_outbox_done(m, items[count - 1].row), NULL, "outbox");
        all += count;
    } while (count);
    return all;
}
