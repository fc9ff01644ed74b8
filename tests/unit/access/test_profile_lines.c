/* The profiles of the project, each with every seventh line lost, doubled or with a letter changed: sound, or refused
 * with findings that can be shown to a person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <tebura/profile_check.h>

static int lines_of(tb_span text)
{
    int lines = 1;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    return lines;
}

static int examine(tb_span yaml)
{
    tb_profile *profile;
    tb_findings findings = {0};
    tb_error why = {0};
    tb_status status = tb_profile_examine(yaml, &profile, &findings);
    assert_true(status == TB_OK || status == TB_MALFORMED);
    assert_int_equal(status == TB_OK, profile != NULL);
    assert_int_equal(status == TB_OK, findings.count == 0);
    tb_profile_free(&profile);
    for (size_t i = 0; i < findings.count; i++) {
        const tb_finding *f = &findings.items[i];
        assert_true(f->line >= 1 && f->line <= lines_of(yaml));
        assert_true(i == 0 || f[-1].line <= f->line);
        assert_true(f->cause[0] && f->remedy[0]);
    }
    assert_int_equal(tb_profile_parse(yaml, "x", &profile, &why), status); /* the services agree */
    if (status == TB_MALFORMED)
        assert_non_null(strstr(why.text, findings.items[0].cause));
    tb_profile_free(&profile);
    tb_findings_free(&findings);
    return status == TB_OK;
}

typedef struct tally {
    int sound, refused;
} tally;

/* The line [at, end) of `text` replaced by nothing, by itself twice, or with its middle letter changed. */
static void try_line(tb_span text, size_t at, size_t end, tally *counts)
{
    char *changed = malloc(text.size + (end - at));
    assert_non_null(changed);
    for (int how = 0; how < 3; how++) {
        size_t size = 0, copies = how == 0 ? 0 : how == 1 ? 2 : 1;
        memcpy(changed, text.data, at);
        size = at;
        for (size_t i = 0; i < copies; i++, size += end - at)
            memcpy(changed + size, text.data + at, end - at);
        if (how == 2 && end - at > 2)
            changed[at + (end - at) / 2] = 'q';
        memcpy(changed + size, text.data + end, text.size - end);
        size += text.size - end;
        if (examine(tb_span_of(changed, size)))
            counts->sound++;
        else
            counts->refused++;
    }
    free(changed);
}

static void try_profile(const char *name, int from)
{
    char path[256];
    tb_bytes yaml = {0};
    tally counts = {0};
    snprintf(path, sizeof path, TEBURA_SOURCE_DIR "/profiles/%s.yaml", name);
    assert_int_equal(tb_file_read(path, 1 << 20, &yaml, NULL), TB_OK);
    tb_span text = tb_bytes_span(&yaml);
    assert_true(examine(text));
    size_t at = 0;
    for (int line = 0; at < text.size; line++) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.size - at);
        size_t end = newline ? (size_t)(newline - text.data) + 1 : text.size;
        if (line % 7 == from)
            try_line(text, at, end, &counts);
        at = end;
    }
    assert_true(counts.refused > counts.sound / 4 && counts.sound > 10); /* sentences and comments may say anything */
    tb_bytes_free(&yaml);
}

static void broken_profiles_are_told_well(void **state)
{
    static const char *const names[] = {"airport", "hotel", "expo", "stadium", "train"};
    (void)state;
    for (int i = 0; i < 5; i++)
        try_profile(names[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(broken_profiles_are_told_well)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
