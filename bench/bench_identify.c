/* bench_identify.c: server-side matching (A17): questions of terminals that have no list, answered by the management
 * service: unsealed, searched among those whom the role serves now (or among all visitors, when none of them matches),
 * judged, sealed. Half of the visitors are airside, where the tills are. Asked by as many threads as teburad answers
 * with, each as fast as it can, and by one alone. At last a look among people who are no visitors yet. Without broker
 * and network. Faces are made up. Table on standard error, JSON on standard output. */
#include <ftw.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tebura/document.h>
#include <tebura/management.h>
#include <tebura/profile.h>

enum { DIMENSION = 512, MODEL = 1, BATCH = 256, THREADS_MAX = 16, MANY = 4 };

typedef struct terminal {
    const char *id, *role;
    tb_key_pair keys;
    uint64_t number;
} terminal;

static struct bench {
    char folder[256];
    tb_profile *profile;
    tb_management *m;
    tb_key server;
    tb_time now;
    int visitors;
    tb_id *visits;
    terminal security, emigration, till, shops[2];
} b = {.security = {.id = "security-1", .role = "security"},
       .emigration = {.id = "emigration-1", .role = "emigration"},
       .till = {.id = "till-1", .role = "boarding"},
       .shops = {{.id = "shop-1", .role = "shop"}, {.id = "shop-2", .role = "shop"}}};

static void need(tb_status status, const char *what)
{
    if (status == TB_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, tb_status_sentence(status));
    exit(1);
}

static tb_time fixed_now(void *context)
{
    return *(tb_time *)context;
}

static char *replaced(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from), *changed = at ? malloc(strlen(text) + strlen(to) + 1) : NULL;
    if (!changed)
        need(TB_MALFORMED, "airport.yaml has other roles than this bench knows");
    sprintf(changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return changed;
}

/* The airport, with boarding gates whose people the server matches, and a shop that is told of others why. */
static void read_profile(void)
{
    tb_bytes yaml = {0};
    tb_error why = {0};
    need(tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, &why), "profile");
    need(tb_bytes_append(&yaml, tb_span_of("", 1)), "profile");
    char *text = strdup((char *)yaml.data);
    text = replaced(text, "    lead: 30m\n    for: [greet, guide]\n", "    match: server\n    for: [greet, guide]\n");
    text = replaced(text, "{actuate: gate, status: boarded, deletes_entry: true}", "{actuate: gate, status: boarded}");
    text = replaced(text, "    staff_confirms: false\n",
                    "    staff_confirms: false\n    match: server\n    asks_central: true\n");
    text = replaced(text, "departure - 48h, early", "departure - 24h, early");
    tb_status status = tb_profile_parse(tb_span_text(text), "airport.yaml", &b.profile, &why);
    if (status != TB_OK)
        need(status, tb_error_text(&why));
    free(text);
    tb_bytes_free(&yaml);
}

static void announce(terminal *t)
{
    tb_touchpoint touchpoint = {0}, out;
    char code[33];
    tb_error why;
    snprintf(touchpoint.id, sizeof touchpoint.id, "%s", t->id);
    snprintf(touchpoint.role, sizeof touchpoint.role, "%s", t->role);
    need(tb_facts_set_text(&touchpoint.attributes, t->role == b.shops[0].role ? "shop" : "gate", "12"), "gate");
    t->keys = tb_key_pair_random();
    need(tb_management_touchpoint_add(b.m, &touchpoint, code, &why), "touchpoint");
    need(tb_management_touchpoint_register(b.m, code, &t->keys.public_key, &out, &why), "register");
}

static void open_site(void)
{
    tb_error why = {0};
    const char *base = getenv("TMPDIR");
    snprintf(b.folder, sizeof b.folder, "%.200s/tebura-bench-XXXXXX", base && *base ? base : ".");
    if (!mkdtemp(b.folder))
        need(TB_IO, b.folder);
    need(tb_time_parse("2026-11-21T11:30:00Z", &b.now), "time");
    read_profile();
    tb_management_options options = {
        .directory = b.folder,
        .site = "bench",
        .profile = b.profile,
        .model = MODEL,
        .dimension = DIMENSION,
        .calibration = {.knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f, .verification = 0.4f},
        .now = fixed_now,
        .now_context = &b.now};
    need(tb_management_open(&options, &b.m, &why), "open");
    b.server = tb_management_public_key(b.m);
    tb_flight flight = {.id = "NH105/2026-11-21", .from = "NRT", .to = "LHR", .gate = "12"};
    flight.boarding = b.now;
    flight.departure = b.now + TB_HOUR;
    need(tb_management_flight_put(b.m, &flight, &why), "flight");
    flight = (tb_flight){.id = "NH107/2026-11-23", .from = "NRT", .to = "LHR", .gate = "12"};
    flight.departure = b.now + 40 * TB_HOUR;
    flight.boarding = flight.departure - TB_HOUR;
    need(tb_management_flight_put(b.m, &flight, &why), "flight");
}

/* Spread evenly over the sphere, the same for the same number. */
static void make_face(uint64_t number, tb_template *out)
{
    double sum = 0;
    uint64_t state = number * UINT64_C(0x9E3779B97F4A7C15) + 1;
    *out = (tb_template){.model = MODEL, .dimension = DIMENSION, .quality = 80};
    for (int i = 0; i < DIMENSION; i++) {
        double normal = -6;
        for (int k = 0; k < 12; k++) {
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
            normal += (double)(state >> 11) / 9007199254740992.0;
        }
        out->values[i] = (float)normal;
        sum += normal * normal;
    }
    for (int i = 0; i < DIMENSION; i++)
        out->values[i] /= (float)sqrt(sum);
}

/* `later`: of the flight whose people are no visitors yet. */
static void documents(int n, int later, tb_request *request)
{
    tb_mrz mrz = {.lines = 2,
                  .columns = 44,
                  .kind = "P",
                  .issuer = "UTO",
                  .nationality = "UTO",
                  .surname = "SATO",
                  .given = "MIA",
                  .born = {1990, 1, 2},
                  .expires = {2030, 5, 6},
                  .sex = 'F'};
    tb_bcbp pass = {.legs = 1, .electronic = 1, .name = "SATO/MIA"};
    tb_bcbp_leg *leg = &pass.leg[0];
    tb_bytes text = {0};
    snprintf(mrz.number, sizeof mrz.number, "%c%07d", later ? 'C' : 'B', n);
    need(tb_mrz_print(&mrz, &text), "MRZ");
    snprintf(request->mrz, sizeof request->mrz, "%.*s", (int)text.size, (char *)text.data);
    text.size = 0;
    snprintf(leg->pnr, sizeof leg->pnr, "ABC123");
    snprintf(leg->from, sizeof leg->from, "NRT");
    snprintf(leg->to, sizeof leg->to, "LHR");
    snprintf(leg->carrier, sizeof leg->carrier, "NH");
    snprintf(leg->flight, sizeof leg->flight, later ? "107" : "105");
    snprintf(leg->seat, sizeof leg->seat, "%dA", n % 90 + 1);
    snprintf(leg->sequence, sizeof leg->sequence, "%d", n % 999 + 1);
    leg->day_of_year = later ? 327 : 325;
    leg->compartment = 'Y';
    leg->passenger_status = '1';
    need(tb_bcbp_print(&pass, &text), "boarding pass");
    snprintf(request->boarding_pass, sizeof request->boarding_pass, "%.*s", (int)text.size, (char *)text.data);
    tb_bytes_free(&text);
}

enum { FIRST_LATER = 10000000 }; /* of their faces */

static tb_id check_in(int n, int later)
{
    tb_template face;
    tb_request request = {
        .id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = b.now, .consent = 1, .document_score = 0.9f};
    tb_answer answer;
    make_face((uint64_t)n + 1 + (later ? FIRST_LATER : 0), &face);
    documents(n, later, &request);
    need(tb_template_encode(&face, &request.probe), "template");
    need(tb_management_checkin(b.m, &request, &answer), "check-in");
    tb_request_free(&request);
    return answer.visit;
}

/* `count` visitors, every second from `first` on. */
static void pass(terminal *t, int first, int count)
{
    tb_sealed_event events[BATCH];
    tb_bytes bodies[BATCH] = {{0}};
    char subject[64];
    snprintf(subject, sizeof subject, "tb.bench.event.%s", t->id);
    for (int i = 0; i < count; i++) {
        tb_event event = {.id = tb_id_random(),
                          .number = ++t->number,
                          .kind = TB_EVENT_PASSAGE,
                          .visit = b.visits[first + 2 * i],
                          .at = b.now};
        tb_bytes plain = {0};
        snprintf(event.touchpoint, sizeof event.touchpoint, "%s", t->id);
        need(tb_event_encode(&event, &plain), "event");
        need(tb_seal_to(&t->keys.private_key, &b.server, tb_span_text(subject), tb_bytes_span(&plain), &bodies[i]),
             "seal");
        events[i] = (tb_sealed_event){subject, tb_bytes_span(&bodies[i])};
        tb_bytes_free(&plain);
    }
    need(tb_management_events(b.m, events, count), "events");
    for (int i = 0; i < count; i++)
        tb_bytes_free(&bodies[i]);
}

static void grow(int visitors)
{
    b.visits = realloc(b.visits, (size_t)visitors * sizeof *b.visits);
    if (!b.visits)
        need(TB_NO_MEMORY, "visits");
    for (int n = b.visitors; n < visitors; n++) {
        if (isatty(STDERR_FILENO) && n % 500 == 0)
            fprintf(stderr, "\r\033[K%d of %d visitors", n, visitors);
        b.visits[n] = check_in(n, 0);
    }
    for (int n = b.visitors; n < visitors; n += 2 * BATCH) { /* those of even numbers */
        int left = (visitors - n) / 2, count = left < BATCH ? left : BATCH;
        pass(&b.security, n, count);
        pass(&b.emigration, n, count);
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    b.visitors = visitors;
}

/* ---- asking ---- */

typedef struct asker {
    pthread_t thread;
    int first, stride, count, wrong;
    double *times; /* ms */
} asker;

enum { AIRSIDE, LANDSIDE, STRANGER };

/* Eight of ten are served here, one is a visitor who may not pass yet, one is nobody. */
static int who(int question)
{
    return question % 10 == 8 ? LANDSIDE : question % 10 == 9 ? STRANGER : AIRSIDE;
}

/* One question, from seal to seal. */
static tb_answer ask_about(const terminal *t, const tb_template *face, double *ms)
{
    char subject[64];
    tb_request request = {.id = tb_id_random(), .kind = TB_REQUEST_IDENTIFY, .at = b.now};
    tb_answer answer;
    tb_bytes plain = {0}, sealed = {0}, reply = {0}, opened = {0};
    snprintf(subject, sizeof subject, "tb.bench.ask.%s", t->id);
    snprintf(request.touchpoint, sizeof request.touchpoint, "%s", t->id);
    need(tb_template_encode(face, &request.probe), "template");
    need(tb_request_encode(&request, &plain), "request");
    need(tb_seal_to(&t->keys.private_key, &b.server, tb_span_text(subject), tb_bytes_span(&plain), &sealed), "seal");
    int64_t start = tb_clock_monotonic();
    need(tb_management_request(b.m, subject, tb_bytes_span(&sealed), &reply), "ask");
    *ms = (double)(tb_clock_monotonic() - start) / 1e3;
    need(tb_open_from(&t->keys.private_key, &b.server, tb_span_text(subject), tb_bytes_span(&reply), &opened), "open");
    need(tb_answer_decode(tb_bytes_span(&opened), &answer, NULL), "answer");
    tb_request_free(&request);
    tb_bytes_free(&plain);
    tb_bytes_free(&sealed);
    tb_bytes_free(&reply);
    tb_bytes_free(&opened);
    return answer;
}

static void ask(asker *a, int question, double *ms)
{
    static const tb_answer_verdict expected[] = {TB_ANSWER_ADMIT, TB_ANSWER_REFUSE, TB_ANSWER_UNKNOWN};
    tb_template face;
    int kind = who(question), visitor = question * 37 % (b.visitors / 2) * 2 + (kind == LANDSIDE);
    make_face(kind == STRANGER ? (uint64_t)1e9 + (uint64_t)question : (uint64_t)visitor + 1, &face);
    tb_answer answer = ask_about(&b.till, &face, ms);
    a->wrong += answer.verdict != expected[kind] || (kind == AIRSIDE && !tb_id_equal(answer.visit, b.visits[visitor]));
}

static void *run(void *context)
{
    asker *a = context;
    for (int i = 0; i < a->count; i++)
        ask(a, a->first + i * a->stride, &a->times[i]);
    return NULL;
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, c = *(const double *)y;
    return (a > c) - (a < c);
}

static int measure(int threads, int questions, const char *separator)
{
    asker askers[THREADS_MAX] = {0};
    double *times = calloc((size_t)questions, sizeof *times);
    int each = questions / threads, wrong = 0;
    if (!times)
        need(TB_NO_MEMORY, "times");
    int64_t start = tb_clock_monotonic();
    for (int i = 0; i < threads; i++) {
        askers[i] = (asker){.first = i, .stride = threads, .count = each, .times = times + i * each};
        if (pthread_create(&askers[i].thread, NULL, run, &askers[i]) != 0)
            need(TB_NO_MEMORY, "thread");
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(askers[i].thread, NULL);
        wrong += askers[i].wrong;
    }
    double seconds = (double)(tb_clock_monotonic() - start) / 1e6;
    int total = each * threads;
    qsort(times, (size_t)total, sizeof *times, by_value);
    double p50 = times[total / 2], p99 = times[total * 99 / 100];
    fprintf(stderr, "%9d %8d %12.0f %9.2f %9.2f %7d\n", b.visitors, threads, total / seconds, p50, p99, wrong);
    printf("%s{\"visitors\":%d,\"threads\":%d,\"per_second\":%.0f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"wrong\":%d}",
           separator, b.visitors, threads, total / seconds, p50, p99, wrong);
    free(times);
    return wrong;
}

/* ---- people who are no visitors yet ---- */

enum { LOOKS = 6 }; /* what a terminal has at once */

typedef struct bystander { /* asks as fast as it can while others are looked for */
    asker asker;
    atomic_int over;
} bystander;

static void *stand_by(void *context)
{
    bystander *s = context;
    double ms;
    for (int i = 0; !atomic_load(&s->over); i++) {
        ask(&s->asker, i, &ms);
        s->asker.times[0] = ms > s->asker.times[0] ? ms : s->asker.times[0];
        s->asker.count++;
    }
    return NULL;
}

/* `people` who have agreed and are too early are searched for the reason; the last two looks are for strangers. */
static int measure_central(const terminal *shop, int people)
{
    double times[LOOKS], longest = 0;
    bystander other = {.asker = {.times = &longest}};
    int wrong = 0;
    if (pthread_create(&other.asker.thread, NULL, stand_by, &other) != 0)
        need(TB_NO_MEMORY, "thread");
    for (int i = 0; i < LOOKS; i++) {
        tb_template face;
        int known = i < LOOKS - 2;
        make_face(known ? FIRST_LATER + (uint64_t)(i * 997 % people) + 1 : (uint64_t)2e9 + (uint64_t)i, &face);
        tb_answer answer = ask_about(shop, &face, &times[i]);
        wrong += answer.verdict != (known ? TB_ANSWER_REFUSE : TB_ANSWER_UNKNOWN) ||
                 (known && strcmp(answer.reason, "too_early") != 0);
    }
    atomic_store(&other.over, 1);
    pthread_join(other.asker.thread, NULL);
    wrong += other.asker.wrong;
    qsort(times, LOOKS, sizeof *times, by_value);
    fprintf(stderr,
            "%d people who are no visitors yet, beside %d visitors: a look %.0f ms (%.0f to %.0f), %d wrong;"
            " one asker beside it: %d questions, the longest %.2f ms\n",
            people, b.visitors, times[LOOKS / 2], times[0], times[LOOKS - 1], wrong, other.asker.count, longest);
    printf(",{\"people\":%d,\"visitors\":%d,\"p50_ms\":%.1f,\"max_ms\":%.1f,\"beside_questions\":%d,"
           "\"beside_max_ms\":%.2f,\"wrong\":%d}",
           people, b.visitors, times[LOOKS / 2], times[LOOKS - 1], other.asker.count, longest, wrong);
    return wrong;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status, (void)type, (void)walk;
    return remove(path);
}

int main(int argc, char **argv)
{
    int sizes[] = {10000, 50000}, quick = argc > 1 && strcmp(argv[1], "--quick") == 0, wrong = 0;
    if (argc > 1 && !quick) {
        fprintf(stderr, "usage: tebura bench identify [--quick]\n\n"
                        "Server-side matching at 10,000 and 50,000 visitors, and a look among 10,000 people who are\n"
                        "no visitors yet (--quick: at 1,000).\n");
        return strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    if (quick)
        sizes[0] = 1000;
    need(tb_crypto_start(), "crypto");
    open_site();
    announce(&b.security);
    announce(&b.emigration);
    announce(&b.till);
    announce(&b.shops[0]);
    announce(&b.shops[1]);
    fprintf(stderr, "%9s %8s %12s %9s %9s %7s\n", "visitors", "threads", "questions/s", "p50 ms", "p99 ms", "wrong");
    printf("{\"dimension\":%d,\"runs\":[", DIMENSION);
    int people = quick ? 1000 : 10000;
    for (int n = 0; n < people; n++)
        (void)check_in(n, 1);
    for (int i = 0; i < (quick ? 1 : 2); i++) {
        grow(sizes[i]);
        wrong += measure(1, quick ? 200 : 2000, i ? "," : "");
        wrong += measure(MANY, quick ? 400 : 8000, ",");
        wrong += measure_central(&b.shops[i], people);
    }
    printf("]}\n");
    tb_management_free(&b.m);
    tb_profile_free(&b.profile);
    free(b.visits);
    nftw(b.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return wrong != 0;
}
