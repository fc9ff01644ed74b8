/* GET /metrics: text that Prometheus can read, numbers that are true, and nothing about anybody. */
#include <ctype.h>

#include "airport.h"
#include "management/metrics.h"

/* ---- a small reader of the format: https://prometheus.io/docs/instrumenting/exposition_formats/ ---- */

#define SAMPLES 256
typedef struct sample {
    char name[64], labels[96];
    double value;
} sample;

static struct {
    sample samples[SAMPLES];
    int count, families;
    char family[96][64], type[96][16];
} page;

static int family_of(const char *name)
{
    for (int i = 0; i < page.families; i++) {
        size_t length = strlen(page.family[i]);
        if (strncmp(page.family[i], name, length) != 0)
            continue;
        if (!name[length])
            return i;
        if (strcmp(page.type[i], "histogram") == 0 &&
            (strcmp(name + length, "_bucket") == 0 || strcmp(name + length, "_sum") == 0 ||
             strcmp(name + length, "_count") == 0))
            return i;
    }
    return -1;
}

static void read_comment(const char *line)
{
    char name[64], rest[200];
    if (sscanf(line, "# HELP %63s %199[^\n]", name, rest) == 2) {
        assert_int_equal(family_of(name), -1); /* once, and before its samples */
        assert_true(isupper((unsigned char)rest[0]) && rest[strlen(rest) - 1] == '.');
        strcpy(page.family[page.families], name);
        return;
    }
    assert_int_equal(sscanf(line, "# TYPE %63s %199s", name, rest), 2);
    assert_string_equal(page.family[page.families], name); /* the HELP just before */
    assert_true(strcmp(rest, "counter") == 0 || strcmp(rest, "gauge") == 0 || strcmp(rest, "histogram") == 0);
    snprintf(page.type[page.families++], 16, "%.15s", rest);
}

static void read_labels(const char *labels)
{
    while (*labels) { /* name="value", joined by commas; no value of ours needs escaping */
        size_t name = strspn(labels, "abcdefghijklmnopqrstuvwxyz_");
        assert_true(name > 0 && strncmp(labels + name, "=\"", 2) == 0);
        labels += name + 2;
        labels += strcspn(labels, "\"\\\n");
        assert_int_equal(*labels, '"');
        labels++;
        if (*labels == ',')
            labels++;
    }
}

static void read_sample(const char *line)
{
    sample *s = &page.samples[page.count];
    const char *at = line + strspn(line, "abcdefghijklmnopqrstuvwxyz_:");
    char *end;
    assert_true(page.count < SAMPLES && at > line && (size_t)(at - line) < sizeof s->name);
    memcpy(s->name, line, (size_t)(at - line));
    if (*at == '{') {
        size_t length = strcspn(at, "}");
        assert_true(length < sizeof s->labels);
        memcpy(s->labels, at + 1, length - 1);
        read_labels(s->labels);
        at += length + 1;
    }
    assert_int_equal(*at, ' ');
    s->value = strtod(at + 1, &end);
    assert_true(end > at + 1 && *end == '\0');
    int family = family_of(s->name);
    assert_int_equal(family, page.families - 1); /* those of one name stand together */
    if (strcmp(page.type[family], "counter") == 0)
        assert_string_equal(s->name + strlen(s->name) - 6, "_total");
    for (int i = 0; i < page.count; i++)
        if (strcmp(page.samples[i].name, s->name) == 0)
            assert_string_not_equal(page.samples[i].labels, s->labels);
    page.count++;
}

static void read_page(char *text)
{
    memset(&page, 0, sizeof page);
    assert_int_equal(text[strlen(text) - 1], '\n');
    for (char *line; (line = strsep(&text, "\n")) && *line;)
        if (*line == '#')
            read_comment(line);
        else
            read_sample(line);
}

static double value_of(const char *name, const char *labels)
{
    for (int i = 0; i < page.count; i++)
        if (strcmp(page.samples[i].name, name) == 0 && strcmp(page.samples[i].labels, labels) == 0)
            return page.samples[i].value;
    fail_msg("there is no %s{%s}", name, labels);
    return 0;
}

static void check_histogram(const char *name)
{
    double last = 0;
    char bucket[80], count[80];
    int buckets = 0;
    snprintf(bucket, sizeof bucket, "%s_bucket", name);
    snprintf(count, sizeof count, "%s_count", name);
    for (int i = 0; i < page.count; i++)
        if (strcmp(page.samples[i].name, bucket) == 0) {
            assert_true(page.samples[i].value >= last);
            last = page.samples[i].value;
            buckets++;
        }
    assert_true(buckets > 5);
    assert_true(value_of(bucket, "le=\"+Inf\"") == value_of(count, ""));
}

/* Reads the page and what it must not say. */
static void look(airport *a, const char *const secrets[], int count)
{
    tb_bytes text = {0};
    assert_int_equal(tb_management_measure(a->m, "1.2.3", &text), TB_OK);
    assert_int_equal(tb_bytes_append(&text, tb_span_of("", 1)), TB_OK);
    for (int i = 0; i < count; i++)
        if (strstr((char *)text.data, secrets[i]))
            fail_msg("the metrics name %s", secrets[i]);
    read_page((char *)text.data);
    tb_bytes_free(&text);
}

static void true_numbers_about_nobody(void **state)
{
    airport *a = *state;
    traveller t = {"SATO", "MIA", "AB1234567", FLIGHT, 1, {{0}}};
    char visit[TB_ID_TEXT_SIZE], person[TB_ID_TEXT_SIZE];
    look(a, NULL, 0);
    assert_true(value_of("tebura_build_info", "version=\"1.2.3\"") == 1);
    assert_true(value_of("tebura_people", "") == 0 && value_of("tebura_outbox_rows", "") == 0);
    checkin(a, &t, 1);
    airport_pass(a, SECURITY, t.visit);
    tb_event again = airport_event(a, DROP, TB_EVENT_SERVED, t.visit);
    for (int i = 0; i < 2; i++)
        assert_int_equal(airport_send(a, DROP, &again), TB_OK);
    tb_template stranger = vectors_template(999, AIRPORT_DIMENSION);
    (void)identify(a, SHOP, &stranger);
    tb_sealed_event rubbish = {"tb.narita.event.security-1", tb_span_of("rubbish", 7)};
    assert_int_equal(tb_management_events(a->m, &rubbish, 1), TB_OK);
    const char *const secrets[] = {"SATO",
                                   "AB1234567",
                                   "security-1",
                                   "drop-1",
                                   "gate-12",
                                   "NH105",
                                   tb_id_text(t.visit, visit),
                                   tb_id_text(person_of(a, &t), person)};
    look(a, secrets, 8);
    assert_true(value_of("tebura_people", "") == 1 && value_of("tebura_visitors", "") == 1);
    assert_true(value_of("tebura_entries", "") == (double)airport_counts(a).entries);
    assert_true(value_of("tebura_outbox_rows", "") > 0 && value_of("tebura_outbox_age_seconds", "") >= 0);
    assert_true(value_of("tebura_events_total", "result=\"applied\"") == 2);
    assert_true(value_of("tebura_events_total", "result=\"repeated\"") == 1);
    assert_true(value_of("tebura_events_refused_total", "reason=\"seal\"") == 1);
    assert_true(value_of("tebura_requests_total", "kind=\"checkin\",result=\"admitted\"") == 1);
    assert_true(value_of("tebura_requests_total", "kind=\"identify\",result=\"unknown\"") == 1);
    assert_true(value_of("tebura_terminals", "state=\"stale\"") == AIRPORT_TERMINALS);
    int published = airport_publish(a);
    airport_beat(a, SHOP, (tb_heartbeat){.at = a->now, .stale = 1, .refused = 3, .clock_jumped = 1});
    look(a, secrets, 8);
    assert_true(value_of("tebura_outbox_rows", "") == 0 && value_of("tebura_outbox_age_seconds", "") == 0);
    assert_true(value_of("tebura_feed_published_total", "") == published);
    assert_true(value_of("tebura_feed_publish_seconds_count", "") >= 1);
    check_histogram("tebura_feed_publish_seconds");
    assert_true(value_of("tebura_terminals", "state=\"connected\"") == 1);
    assert_true(value_of("tebura_lists_stale", "") == 1 && value_of("tebura_feed_refused", "") == 3);
    assert_true(value_of("tebura_terminal_clocks_jumped", "") == 1);
}

static void long_and_short(void **state)
{
    static const int64_t durations[] = {0, 1000, 1001, 49000, 60000, 40000000};
    tb_histogram histogram = {0};
    (void)state;
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        tb_histogram_note(&histogram, durations[i]);
    assert_int_equal(histogram.below[0], 2); /* up to a millisecond, and that one itself */
    assert_int_equal(histogram.below[1], 1);
    assert_int_equal(histogram.below[5], 1);
    assert_int_equal(histogram.below[6], 1);
    assert_int_equal(histogram.below[TB_HISTOGRAM_BOUNDS], 1);
    assert_int_equal(histogram.sum, 40111001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(true_numbers_about_nobody, airport_setup, airport_teardown),
        cmocka_unit_test(long_and_short)};
    return tb_crypto_start() == TB_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
