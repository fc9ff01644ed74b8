/* bench_feed.c: the feed of a whole site: a thousand terminals, fifty thousand visits, the real teburad with its broker
 * and databases. Passages to presence on lists, whole lists after a cut, events applied durably, what a change costs,
 * bytes and memory, beside the floors of broker and commits. Tables on standard error, JSON on standard output. */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed/feed.h"

static const char help[] =
    "usage: tebura bench feed [--quick] [--terminals N] [--few N] [--visits N] [--members N] [--rates N,...]\n"
    "                         [--seconds N] [--events N] [--database URL] [--folder DIR] [--svg FILE] [--figures FILE]\n"
    "                         [--only PART]\n\n"
    "A site made for measuring: real teburad, nats-server and databases; terminals in this process, each the terminals' own\n"
    "code with its own keys, store, list and connection; only camera, screen and door are missing. Full runs take some\n"
    "eight minutes and 4 GiB. What was measured before something went wrong is kept.\n\n"
    "  --quick        few terminals and visits, seconds\n"
    "  --terminals N  8 to 2000 (1000)\n"
    "  --few N        of them that are connected at first, for one run without the others' work (111; 0: none)\n"
    "  --visits N     200 to 200000 (50000)\n"
    "  --members N    of them on the list of one terminal, the lounge, from the beginning (10000)\n"
    "  --rates N,...  passages a second (10,100,500)\n"
    "  --seconds N    at each rate (20)\n"
    "  --events N     that are applied at once (10000)\n"
    "  --database URL an empty PostgreSQL database instead of files; without a password in it (PGPASSFILE)\n"
    "  --folder DIR   the disk that the server's files shall lie on (/tmp, or $TMPDIR)\n"
    "  --svg FILE     draw the curves\n"
    "  --figures FILE write them down after each part\n"
    "  --only PART    live (through the programs), herd (of these only whole lists and all at once), cost or floor\n";

static const char *only;
static feed_bench bench = {.options = {.terminals = 1000,
                                       .few = 111,
                                       .visits = 50000,
                                       .members = 10000,
                                       .rates = {10, 100, 500},
                                       .rate_count = 3,
                                       .seconds = 15,
                                       .events = 10000,
                                       .folder = "/tmp"}};
static json_t *figures; /* so far */

static int wrong(const char *what)
{
    fprintf(stderr, "bench_feed: %s; see tebura bench feed --help\n", what);
    return 2;
}

static int read_number(const char *text, int least, int most, int *out)
{
    char *end = NULL;
    long value = text ? strtol(text, &end, 10) : 0;
    *out = (int)value;
    return end && end != text && !*end && value >= least && value <= most;
}

static int read_rates(const char *text, feed_options *o)
{
    char copy[64], *rest = copy;
    snprintf(copy, sizeof copy, "%s", text ? text : "");
    o->rate_count = 0;
    for (char *one; (one = strsep(&rest, ","));)
        if (o->rate_count == 8 || !read_number(one, 1, 2000, &o->rates[o->rate_count++]))
            return 0;
    return 1;
}

static void be_quick(feed_options *o)
{
    o->quick = 1;
    o->terminals = 24;
    o->few = 12;
    o->visits = 400;
    o->members = 100;
    o->rates[0] = 50;
    o->rate_count = 1;
    o->seconds = 2;
    o->events = 100;
}

static const char **place_of_text(feed_options *o, const char *name)
{
    const struct {
        const char *name, **place;
    } texts[] = {{"--svg", &o->svg},
                 {"--figures", &o->figures},
                 {"--folder", &o->folder},
                 {"--database", &o->database},
                 {"--only", &only}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0)
            return texts[i].place;
    return NULL;
}

static int is_part(const char *name)
{
    static const char *const parts[] = {"live", "herd", "cost", "floor"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(name, parts[i]) == 0)
            return 1;
    return 0;
}

/* 0, or the exit code. */
static int read_options(int argc, char **argv, feed_options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        const struct {
            const char *name;
            int *out, least, most;
        } numbers[] = {{"--terminals", &o->terminals, 8, 2000}, {"--few", &o->few, 0, 2000},
                       {"--visits", &o->visits, 200, 200000},   {"--members", &o->members, 1, 200000},
                       {"--seconds", &o->seconds, 1, 600},      {"--events", &o->events, 20, 100000}};
        size_t n = 0;
        while (n < sizeof numbers / sizeof *numbers && strcmp(argv[i], numbers[n].name) != 0)
            n++;
        if (n < sizeof numbers / sizeof *numbers) {
            if (!read_number(value, numbers[n].least, numbers[n].most, numbers[n].out))
                return wrong("a number is missing or out of its range");
            i++;
        } else if (strcmp(argv[i], "--quick") == 0) {
            be_quick(o);
        } else if (strcmp(argv[i], "--rates") == 0) {
            if (!read_rates(value, o))
                return wrong("--rates wants up to eight numbers from 1 to 2000, with commas between");
            i++;
        } else if (value && place_of_text(o, argv[i])) {
            *place_of_text(o, argv[i]) = value;
            i++;
        } else {
            return wrong("no such option, or its value is missing");
        }
    }
    if (only && !is_part(only))
        return wrong("--only wants live, herd, cost or floor");
    if (o->members > o->visits)
        return wrong("there are more members than visits");
    return 0;
}

/* ---- the programs ---- */

pid_t feed_child_of(pid_t parent, const char *name)
{
    DIR *folder = opendir("/proc");
    pid_t found = 0;
    for (struct dirent *item; folder && !found && (item = readdir(folder));) {
        char path[300], program[64] = "";
        int of = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", item->d_name);
        FILE *file = atoi(item->d_name) > 0 ? fopen(path, "re") : NULL;
        if (!file)
            continue;
        if (fscanf(file, "%*d (%63[^)]) %*c %d", program, &of) == 2 && of == parent && strcmp(program, name) == 0)
            found = (pid_t)atoi(item->d_name);
        fclose(file);
    }
    if (folder)
        closedir(folder);
    return found;
}

static void read_token(feed_bench *b, json_t *line, tb_bytes *token)
{
    tb_error why = {0};
    (void)b;
    feed_need(tb_file_read(json_string_value(json_object_get(line, "token_file")), 1000, token, &why), &why,
              "the operator's token");
    feed_need(tb_bytes_append(token, tb_span_of("", 1)), NULL, "memory");
    token->data[strcspn((char *)token->data, "\r\n")] = '\0';
}

static void start_server(feed_bench *b)
{
    char log[300];
    tb_error why = {0};
    tb_bytes token = {0};
    json_t *line = NULL;
    snprintf(log, sizeof log, "%s/teburad.log", b->data);
    const char *argv[] = {"teburad",
                          "management",
                          "--data",
                          b->data,
                          "--site",
                          "bench",
                          "--profile",
                          TEBURA_SOURCE_DIR "/bench/feed/hall.yaml",
                          b->options.database ? "--database" : NULL,
                          b->options.database,
                          NULL};
    feed_need(process_start("teburad", (char **)argv, "teburad", log, &b->server, &why), &why, "teburad");
    feed_need(process_ready(&b->server, 120, &line, &why), &why, "teburad");
    read_token(b, line, &token);
    snprintf(b->url, sizeof b->url, "%s", json_string_value(json_object_get(line, "http")));
    feed_need(http_client_new(b->url, (char *)token.data, &b->http), NULL, "HTTP");
    json_decref(line);
    tb_bytes_free(&token);
    b->broker = feed_child_of(b->server.pid, "nats-server");
    feed_need(b->broker ? TB_OK : TB_NOT_FOUND, NULL, "the broker's process");
}

/* Until the bucket holds every list. */
static void wait_for_feed(feed_bench *b)
{
    for (int i = 0; i < 1200; i++) {
        http_reply reply = {0};
        tb_error why = {0};
        int ready = http_call(b->http, "GET", "/api/v1/health", NULL, 10, &reply, &why) == TB_OK &&
                    json_is_true(json_object_get(reply.body, "bus"));
        http_reply_free(&reply);
        if (ready)
            return;
        usleep(100000);
    }
    feed_need(TB_TIMEOUT, NULL, "the server does not fill the bucket");
}

static void check_lists(feed_bench *b)
{
    for (int i = 0; i < b->crowd.open; i++)
        if (tb_list_count(b->crowd.terminals[i].list) != (size_t)feed_listed(&b->site, i))
            feed_give_up("%s has %zu entries instead of %d", b->crowd.terminals[i].id,
                         tb_list_count(b->crowd.terminals[i].list), feed_listed(&b->site, i));
}

static void make_folders(feed_bench *b)
{
    snprintf(b->data, sizeof b->data, "%.200s/tebura-feed-XXXXXX", b->options.folder);
    snprintf(b->stores, sizeof b->stores, "%s/tebura-crowd-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    feed_need(mkdtemp(b->data) ? TB_OK : TB_IO, NULL, b->data);
    feed_need(mkdtemp(b->stores) ? TB_OK : TB_IO, NULL, b->stores);
}

static double fill(feed_bench *b)
{
    double begin = feed_seconds();
    crowd_prepare(&b->crowd, &b->site, b->stores);
    tb_management *m = feed_management(&b->site, b->data);
    crowd_register(&b->crowd, m);
    feed_fill(&b->site, m, 0, b->options.visits);
    tb_management_free(&m);
    return feed_seconds() - begin;
}

/* Connects the first `upto`, which take their lists. A terminal that has none after a while is started again, and that
 * is told: a run of minutes must not end for one of a thousand. */
static json_t *connect_crowd(feed_bench *b, int upto)
{
    int64_t begin = tb_clock_monotonic();
    int missing = 0, again = 0;
    crowd_connect(&b->crowd, b->url, upto);
    b->next_visit = 0;
    (void)crowd_wait(&b->crowd, 0, 45, "the first lists", &missing);
    if (missing) {
        again = crowd_start_again(&b->crowd);
        fprintf(stderr, "%d terminals had no list after 45 s and were started again\n", again);
        (void)crowd_wait(&b->crowd, 0, 60, "the first lists", &missing);
    }
    feed_need(missing ? TB_TIMEOUT : TB_OK, NULL, "the first lists");
    double seconds = (double)(tb_clock_monotonic() - begin) / 1e6;
    fprintf(stderr, "\n%d terminals had their first lists after %.1f s\n", upto, seconds);
    return json_pack("{s:i, s:f, s:i}", "terminals", upto, "seconds", seconds, "started_again", again);
}

static json_t *prepare(feed_bench *b)
{
    feed_site_init(&b->site, &b->options);
    b->passed = calloc((size_t)b->options.visits, sizeof *b->passed);
    b->has_passed = calloc((size_t)b->options.visits, 1);
    feed_need(b->passed && b->has_passed ? TB_OK : TB_NO_MEMORY, NULL, "visits");
    make_folders(b);
    double filled = fill(b), begin = feed_seconds();
    start_server(b);
    wait_for_feed(b);
    double ready = feed_seconds() - begin;
    fprintf(stderr,
            "%d terminals (%d entrances, a lounge, %d rooms of %d doors) with a list each, %d visits, %d of them "
            "members, %s.\nMade in %.1f s; the server was ready with all lists after %.1f s.\n",
            b->crowd.count, b->site.entrances, b->site.rooms, FEED_DOORS, b->options.visits, b->options.members,
            b->options.database ? "PostgreSQL" : "database files", filled, ready);
    return json_pack("{s:i, s:i, s:i, s:i, s:s, s:f, s:f}", "terminals", b->crowd.count, "visits", b->options.visits,
                     "members", b->options.members, "lists_each", FEED_DOORS, "database",
                     b->options.database ? "postgresql" : "sqlite", "fill_s", filled, "server_ready_s", ready);
}

static json_t *memory(const feed_bench *b)
{
    double server = feed_resident(b->server.pid), broker = feed_resident(b->broker), own = feed_resident(getpid());
    fprintf(stderr, "\nmemory: server %.0f MiB, broker %.0f MiB, %d terminals %.0f MiB (%.2f each)\n", server, broker,
            b->crowd.count, own, own / b->crowd.count);
    return json_pack("{s:f, s:f, s:f}", "server_mib", server, "broker_mib", broker, "terminals_mib", own);
}

/* What nobody does without: at the end every list is what a full recomputation says. */
static void check_server(feed_bench *b)
{
    http_reply reply = {0};
    tb_error why = {0};
    feed_need(http_call(b->http, "POST", "/api/v1/check", NULL, 300, &reply, &why), &why, "the check of all lists");
    http_reply_free(&reply);
}

static int is_alive(const process *p)
{
    return p->pid > 0 && kill(p->pid, 0) == 0;
}

/* Also when something went wrong: the programs we started end with us anyway (their parent-death signal). */
static void clear_away(void)
{
    if (is_alive(&bench.server)) {
        process_ask_to_end(&bench.server);
        process_wait(&bench.server, 20);
    }
    bench.server.pid = 0;
    if (bench.data[0])
        process_remove_tree(bench.data);
    if (bench.stores[0])
        process_remove_tree(bench.stores);
    bench.data[0] = bench.stores[0] = '\0';
}

static void write_down(void)
{
    if (bench.options.figures && json_dump_file(figures, bench.options.figures, JSON_COMPACT | JSON_REAL_PRECISION(6)))
        fprintf(stderr, "bench_feed: %s cannot be written\n", bench.options.figures);
}

static void note(const char *name, json_t *part)
{
    json_object_set_new(figures, name, part);
    write_down();
}

/* 1: all is said. */
static int give_out(void)
{
    write_down();
    json_dumpf(figures, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    putchar('\n');
    return fflush(stdout) == 0 && (!bench.options.svg || feed_draw(bench.options.svg, figures));
}

static void at_end(const char *sentence)
{
    json_object_set_new(figures, "failed", json_string(sentence));
    (void)give_out();
    clear_away();
}

static void measure_passages(feed_bench *b)
{
    int few = b->options.few < b->crowd.count ? b->options.few : 0;
    if (few) {
        json_t *connected = connect_crowd(b, few);
        check_lists(b);
        json_t *idle = feed_idle(b), *passages = feed_passages(b, b->options.rates[b->options.rate_count > 1 ? 1 : 0]);
        note("few", json_pack("{s:o, s:o, s:o}", "connected", connected, "idle", idle, "passages", passages));
    }
    note("connected", connect_crowd(b, b->crowd.count));
    note("idle", feed_idle(b));
    note("passages", feed_passages(b, 0));
    note("removal", feed_removals(b));
}

static void measure_live(feed_bench *b)
{
    int all = !only || strcmp(only, "live") == 0;
    note("site", prepare(b));
    if (all)
        measure_passages(b);
    else
        note("connected", connect_crowd(b, b->crowd.count));
    note("memory", memory(b));
    if (all)
        note("durable", feed_durable(b));
    note("catch_up", feed_catch_up(b));
    note("herd", feed_herd(b));
    check_server(b);
    crowd_free(&b->crowd);
    http_client_free(&b->http);
    clear_away();
}

static int wants(const char *part)
{
    return !only || strcmp(only, part) == 0;
}

static void measure(feed_bench *b)
{
    if (wants("live") || wants("herd"))
        measure_live(b);
    else
        feed_site_init(&b->site, &b->options);
    if (wants("floor")) {
        note("commits", feed_commits(&b->options));
        note("floor", feed_peer(&b->options, &b->site));
    }
    if (wants("live") && wants("floor"))
        note("beside_floor", feed_ratios(json_object_get(figures, "passages"), json_object_get(figures, "floor")));
    if (wants("cost"))
        note("cost", feed_cost(&b->options));
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return 0;
    }
    if (getenv("TMPDIR") && *getenv("TMPDIR"))
        bench.options.folder = getenv("TMPDIR");
    int code = read_options(argc, argv, &bench.options);
    if (code)
        return code;
    (void)setenv("TEBURA_LOG", "error", 0);
    /* Each connection reads the authorities of the machine beside the site's own (libnats): tens of milliseconds, which
     * a terminal spends once, when it starts, and a thousand terminals in one process would spend on our two cores. */
    (void)setenv("SSL_CERT_FILE", "/dev/null", 1);
    (void)setenv("SSL_CERT_DIR", "/nonexistent", 1);
    feed_need(tb_crypto_start(), NULL, "libsodium");
    figures = json_object();
    feed_at_end = at_end;
    measure(&bench);
    tb_profile_free(&bench.site.profile);
    free(bench.site.visits);
    free(bench.passed);
    free(bench.has_passed);
    code = give_out() ? 0 : 2;
    json_decref(figures);
    return code;
}
