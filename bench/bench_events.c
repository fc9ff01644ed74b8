/* bench_events.c: how many events of terminals the server applies durably in a second, in batches as the broker
 * delivers them, and how long a single passage takes to become sealed entries for the next lists. A real data
 * directory on the disk under $TMPDIR or the current directory; every batch is committed with all its syncs. Table on
 * standard error, JSON on standard output. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tebura/document.h>
#include <tebura/management.h>
#include <tebura/profile.h>

enum { VISITORS = 200, TERMINALS = 12, DIMENSION = 512, MODEL = 1, LARGEST = 256 };

typedef struct terminal {
    const char *id, *role, *gate;
    tb_key_pair keys;
    uint64_t number;
} terminal;

static struct bench {
    char folder[256];
    tb_profile *profile;
    tb_management *m;
    tb_key server;
    tb_time now;
    tb_id visits[VISITORS];
    terminal terminals[TERMINALS];
} b = {.terminals = {{.id = "drop-1", .role = "bag_drop"},
                     {.id = "drop-2", .role = "bag_drop"},
                     {.id = "security-1", .role = "security"},
                     {.id = "security-2", .role = "security"},
                     {.id = "emigration-1", .role = "emigration"},
                     {.id = "emigration-2", .role = "emigration"},
                     {.id = "shop-1", .role = "shop"},
                     {.id = "shop-2", .role = "shop"},
                     {.id = "pickup-1", .role = "pickup"},
                     {.id = "gate-11", .role = "boarding", .gate = "11"},
                     {.id = "gate-12", .role = "boarding", .gate = "12"},
                     {.id = "gate-34", .role = "boarding", .gate = "34"}}};

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

static void open_site(void)
{
    tb_bytes yaml = {0};
    tb_error why = {0};
    const char *base = getenv("TMPDIR");
    snprintf(b.folder, sizeof b.folder, "%.200s/tebura-bench-XXXXXX", base && *base ? base : ".");
    if (!mkdtemp(b.folder))
        need(TB_IO, b.folder);
    need(tb_time_parse("2026-11-21T09:30:00Z", &b.now), "time");
    need(tb_file_read(TEBURA_SOURCE_DIR "/profiles/airport.yaml", 1 << 20, &yaml, &why), "profile");
    need(tb_profile_parse(tb_bytes_span(&yaml), "airport.yaml", &b.profile, &why), "profile");
    tb_bytes_free(&yaml);
    tb_management_options options = {
        .directory = b.folder,
        .database = getenv("TEBURA_DATABASE"), /* an empty PostgreSQL database; unset: files */
        .site = "bench",
        .profile = b.profile,
        .model = MODEL,
        .dimension = DIMENSION,
        .calibration = {.knots = 2, .curve = {{1, 0}, {1e-12, 1}}, .margin = 0.05f, .verification = 0.4f},
        .now = fixed_now,
        .now_context = &b.now};
    need(tb_management_open(&options, &b.m, &why), "open");
    b.server = tb_management_public_key(b.m);
}

static void announce(terminal *t)
{
    tb_touchpoint touchpoint = {0}, out;
    char code[33];
    tb_error why;
    snprintf(touchpoint.id, sizeof touchpoint.id, "%s", t->id);
    snprintf(touchpoint.role, sizeof touchpoint.role, "%s", t->role);
    if (t->gate)
        need(tb_facts_set_text(&touchpoint.attributes, "gate", t->gate), "gate");
    t->keys = tb_key_pair_random();
    need(tb_management_touchpoint_add(b.m, &touchpoint, code, &why), "touchpoint");
    need(tb_management_touchpoint_register(b.m, code, &t->keys.public_key, &out, &why), "register");
}

static void documents(int n, tb_request *request)
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
    snprintf(mrz.number, sizeof mrz.number, "B%07d", n);
    need(tb_mrz_print(&mrz, &text), "MRZ");
    snprintf(request->mrz, sizeof request->mrz, "%.*s", (int)text.size, (char *)text.data);
    text.size = 0;
    snprintf(leg->pnr, sizeof leg->pnr, "ABC123");
    snprintf(leg->from, sizeof leg->from, "NRT");
    snprintf(leg->to, sizeof leg->to, "LHR");
    snprintf(leg->carrier, sizeof leg->carrier, "NH");
    snprintf(leg->flight, sizeof leg->flight, "105");
    snprintf(leg->seat, sizeof leg->seat, "%dA", n % 90 + 1);
    snprintf(leg->sequence, sizeof leg->sequence, "%d", n % 999 + 1);
    leg->day_of_year = 325;
    leg->compartment = 'Y';
    leg->passenger_status = '1';
    need(tb_bcbp_print(&pass, &text), "boarding pass");
    snprintf(request->boarding_pass, sizeof request->boarding_pass, "%.*s", (int)text.size, (char *)text.data);
    tb_bytes_free(&text);
}

static void check_in(int n)
{
    tb_template face = {.model = MODEL, .dimension = DIMENSION, .quality = 80};
    tb_request request = {
        .id = tb_id_random(), .kind = TB_REQUEST_CHECKIN, .at = b.now, .consent = 1, .document_score = 0.9f};
    tb_answer answer;
    face.values[n % DIMENSION] = 1;
    documents(n, &request);
    need(tb_template_encode(&face, &request.probe), "template");
    need(tb_management_checkin(b.m, &request, &answer), "check-in");
    b.visits[n] = answer.visit;
    tb_request_free(&request);
}

static tb_sealed_event sealed(terminal *t, tb_event_kind kind, tb_id visit, char subject[64], tb_bytes *body)
{
    tb_event event = {
        .id = tb_id_random(), .number = ++t->number, .kind = kind, .visit = visit, .at = b.now, .duration = 300000};
    tb_bytes plain = {0};
    snprintf(event.touchpoint, sizeof event.touchpoint, "%s", t->id);
    if (kind == TB_EVENT_SERVED)
        need(tb_facts_set_int(&event.facts, "bags", 1), "facts");
    snprintf(subject, 64, "tb.bench.event.%s", t->id);
    need(tb_event_encode(&event, &plain), "event");
    body->size = 0;
    need(tb_seal_to(&t->keys.private_key, &b.server, tb_span_text(subject), tb_bytes_span(&plain), body), "seal");
    tb_bytes_free(&plain);
    return (tb_sealed_event){subject, tb_bytes_span(body)};
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, c = *(const double *)y;
    return (a > c) - (a < c);
}

/* Processor time of this process: tells what the work costs also where the disk or other programs make it wait. */
static double processor_seconds(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

/* Bags taken: each event changes a booking, an entry on two lists, the history and the outbox. */
static void measure_batches(int batch, int total, const char *separator)
{
    static char subjects[LARGEST][64];
    static tb_bytes bodies[LARGEST];
    tb_sealed_event events[LARGEST];
    double *times = calloc((size_t)(total / batch), sizeof *times), sum = 0, work = 0;
    if (!times)
        need(TB_NO_MEMORY, "times");
    for (int done = 0, n = 0; done < total; done += batch, n++) {
        for (int i = 0; i < batch; i++)
            events[i] =
                sealed(&b.terminals[0], TB_EVENT_SERVED, b.visits[(done + i) % VISITORS], subjects[i], &bodies[i]);
        double before = processor_seconds();
        int64_t start = tb_clock_monotonic();
        need(tb_management_events(b.m, events, batch), "events");
        work += processor_seconds() - before;
        times[n] = (double)(tb_clock_monotonic() - start) / 1e3;
        sum += times[n] / 1e3;
    }
    qsort(times, (size_t)(total / batch), sizeof *times, by_value);
    double median = times[total / batch / 2], worst = times[total / batch * 99 / 100];
    fprintf(stderr, "%8d %10d %14.0f %12.2f %12.2f %14.0f\n", batch, total, total / sum, median, worst,
            work * 1e6 / total);
    printf(
        "%s{\"batch\":%d,\"events\":%d,\"per_second\":%.0f,\"median_ms\":%.2f,\"p99_ms\":%.2f,\"processor_us_per_event\":%.0f}",
        separator, batch, total, total / sum, median, worst, work * 1e6 / total);
    free(times);
    for (int i = 0; i < LARGEST; i++)
        tb_bytes_free(&bodies[i]);
}

static int drain(void)
{
    tb_outbox_item items[64];
    int count, total = 0;
    do {
        need(tb_management_outbox(b.m, items, 64, &count), "outbox");
        for (int i = 0; i < count; i++)
            tb_bytes_free(&items[i].sealed);
        if (count)
            need(tb_management_outbox_done(b.m, items[count - 1].row), "outbox");
        total += count;
    } while (count);
    return total;
}

/* From the call with one passage to the sealed changes of every list that it touches, committed. */
static void measure_passages(void)
{
    double times[VISITORS];
    int changes = 0;
    (void)drain();
    for (int n = 0; n < VISITORS; n++) {
        char subject[64];
        tb_bytes body = {0};
        tb_outbox_item items[64];
        int count;
        tb_sealed_event event = sealed(&b.terminals[2], TB_EVENT_PASSAGE, b.visits[n], subject, &body);
        int64_t start = tb_clock_monotonic();
        need(tb_management_events(b.m, &event, 1), "events");
        need(tb_management_outbox(b.m, items, 64, &count), "outbox");
        times[n] = (double)(tb_clock_monotonic() - start) / 1e3;
        for (int i = 0; i < count; i++)
            tb_bytes_free(&items[i].sealed);
        changes += count;
        tb_bytes_free(&body);
        (void)drain();
    }
    qsort(times, VISITORS, sizeof *times, by_value);
    fprintf(
        stderr,
        "one passage to the sealed changes of its %.1f lists: median %.2f ms, p99 %.2f ms (the disk's syncs included)\n",
        (double)changes / VISITORS, times[VISITORS / 2], times[VISITORS * 99 / 100]);
    printf(",\"passage_to_sealed\":{\"lists\":%.1f,\"median_ms\":%.2f,\"p99_ms\":%.2f}", (double)changes / VISITORS,
           times[VISITORS / 2], times[VISITORS * 99 / 100]);
}

static int drop(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about, (void)kind, (void)place;
    return remove(path);
}

int main(void)
{
    tb_flight flight = {.id = "NH105/2026-11-21", .from = "NRT", .to = "LHR", .gate = "12"};
    tb_error why = {0};
    (void)setenv("TEBURA_LOG", "error", 0);
    open_site();
    flight.boarding = b.now + 2 * TB_HOUR;
    flight.departure = b.now + 150 * TB_MINUTE;
    need(tb_management_flight_put(b.m, &flight, &why), "flight");
    for (int i = 0; i < TERMINALS; i++)
        announce(&b.terminals[i]);
    int64_t start = tb_clock_monotonic();
    for (int n = 0; n < VISITORS; n++)
        check_in(n);
    double checkin = (double)(tb_clock_monotonic() - start) / 1e3 / VISITORS;
    fprintf(stderr, "%d visitors, %d terminals; check-in %.2f ms each\n%8s %10s %14s %12s %12s %14s\n", VISITORS,
            TERMINALS, checkin, "batch", "events", "events/second", "median ms", "p99 ms", "processor us");
    printf("{\"visitors\":%d,\"terminals\":%d,\"checkin_ms\":%.2f,\"batches\":[", VISITORS, TERMINALS, checkin);
    measure_batches(1, 200, "");
    measure_batches(10, 2000, ",");
    measure_batches(100, 10000, ",");
    measure_batches(256, 12800, ","); /* what teburad takes at most */
    printf("]");
    measure_passages();
    printf("}\n");
    need(tb_management_check(b.m, &why), tb_error_text(&why));
    tb_management_free(&b.m);
    tb_profile_free(&b.profile);
    (void)nftw(b.folder, drop, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
