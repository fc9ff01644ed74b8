/* cost.c: what one visit's change costs the server's processor, over the number of visits and of terminals: a passage
 * that takes one entry away and makes five, applied and sealed by the management library in this thread, files in
 * memory so that the disk does not count. */
#include "feed/feed.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHANGES = 300, SIZES_MAX = 3 };

typedef struct bed {
    feed_options options;
    feed_site site;
    tb_management *m;
    tb_key server;
    tb_key_pair *keys; /* of the entrances */
    char folder[256];
    int next; /* who has not passed yet */
} bed;

static double thread_seconds(void)
{
    struct timespec used;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void open_bed(bed *b, const feed_options *like, int terminals, int most_visits)
{
    *b = (bed){.options = *like};
    b->options.terminals = terminals;
    b->options.visits = most_visits;
    b->options.members = 0;
    b->options.database = NULL; /* by files in memory: the disk and the network do not count */
    feed_site_init(&b->site, &b->options);
    snprintf(b->folder, sizeof b->folder, "%s/tebura-cost-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    feed_need(mkdtemp(b->folder) ? TB_OK : TB_IO, NULL, b->folder);
    b->m = feed_management(&b->site, b->folder);
    b->server = tb_management_public_key(b->m);
    b->keys = calloc((size_t)b->site.entrances, sizeof *b->keys);
    feed_need(b->keys ? TB_OK : TB_NO_MEMORY, NULL, "keys");
    for (int i = 0; i < terminals; i++) {
        char code[33];
        tb_touchpoint about;
        tb_key_pair pair = tb_key_pair_random();
        feed_describe(&b->site, i, &about);
        feed_announce(b->m, &about, &pair, code);
        if (i < b->site.entrances)
            b->keys[i] = pair;
    }
}

static void close_bed(bed *b)
{
    tb_management_free(&b->m);
    tb_profile_free(&b->site.profile);
    process_remove_tree(b->folder);
    free(b->site.visits);
    free(b->keys);
}

static void seal_passage(bed *b, int visit, char subject[64], tb_bytes *body)
{
    tb_bytes plain = {0};
    int entrance = feed_entrance_of(&b->site, visit);
    tb_event event = {.id = tb_id_random(),
                      .number = (uint64_t)visit + 1,
                      .kind = TB_EVENT_PASSAGE,
                      .visit = b->site.visits[visit],
                      .at = tb_clock_now(),
                      .duration = 300000};
    feed_event(&b->site, entrance, &event, subject, &plain);
    feed_need(
        tb_seal_to(&b->keys[entrance].private_key, &b->server, tb_span_text(subject), tb_bytes_span(&plain), body),
        NULL, "seal");
    tb_bytes_free(&plain);
}

static json_t *measure(bed *b, int visits, int changes)
{
    double *apply = calloc((size_t)changes, sizeof *apply), *seal = calloc((size_t)changes, sizeof *seal);
    int entries = 0;
    feed_need(apply && seal ? TB_OK : TB_NO_MEMORY, NULL, "times");
    for (int i = 0; i < changes; i++, b->next++) {
        char subject[64];
        tb_bytes body = {0};
        seal_passage(b, b->next, subject, &body);
        tb_sealed_event event = {subject, tb_bytes_span(&body)};
        double begin = thread_seconds();
        feed_need(tb_management_events(b->m, &event, 1), NULL, "event");
        apply[i] = (thread_seconds() - begin) * 1e6;
        begin = thread_seconds();
        entries += feed_drain(b->m);
        seal[i] = (thread_seconds() - begin) * 1e6;
        tb_bytes_free(&body);
    }
    feed_need(entries == changes * (FEED_DOORS + 1) ? TB_OK : TB_INTERNAL, NULL, "a passage changes six lists");
    spread a = spread_of(apply, changes), s = spread_of(seal, changes);
    fprintf(stderr, "%10d %10d %14.0f %14.0f %14.0f %14.0f\n", visits, b->options.terminals, a.p50, a.p99, s.p50,
            s.p99);
    free(apply);
    free(seal);
    return json_pack("{s:i, s:i, s:o, s:o}", "visits", visits, "terminals", b->options.terminals, "apply_us",
                     spread_json(&a), "seal_us", spread_json(&s));
}

json_t *feed_cost(const feed_options *options)
{
    static const int sizes[2][SIZES_MAX] = {{1000, 10000, 100000}, {100, 400, 0}};
    static const int crowds[2][SIZES_MAX] = {{10, 1000, 0}, {10, 40, 0}};
    json_t *out = json_array();
    int quick = options->quick != 0, changes = quick ? 20 : CHANGES;
    fprintf(stderr, "\nprocessor time of one visit's change, one list loses and five gain an entry\n");
    fprintf(stderr, "%10s %10s %14s %14s %14s %14s\n", "visits", "terminals", "apply us p50", "p99", "seal us p50",
            "p99");
    for (int c = 0; c < SIZES_MAX && crowds[quick][c]; c++) {
        bed b;
        int filled = 0, last = 0;
        for (int v = 0; v < SIZES_MAX && sizes[quick][v]; v++)
            last = sizes[quick][v];
        open_bed(&b, options, crowds[quick][c], last);
        for (int v = 0; v < SIZES_MAX && sizes[quick][v]; v++) {
            feed_fill(&b.site, b.m, filled, sizes[quick][v]);
            filled = sizes[quick][v];
            (void)feed_drain(b.m);
            json_array_append_new(out, measure(&b, filled, changes));
        }
        close_bed(&b);
    }
    return out;
}
