/* manifests.c: see manifests.h. Test code: it aborts where it cannot go on. */
#include "manifests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "test support: models/manifest.yaml: %s\n", what);
        abort();
    }
}

/* The lines from "\n<key>:" to the next line that begins in the first column. */
static tb_span block(const char *text, const char *key)
{
    char mark[32];
    snprintf(mark, sizeof mark, "\n%s:", key);
    const char *start = strstr(text, mark);
    need(start != NULL, key);
    const char *end = start + 1;
    do
        end = strchr(end, '\n');
    while (end && (end[1] == ' ' || end[1] == '\n' || end[1] == '#') && *++end);
    return tb_span_of(start + 1, end ? (size_t)(end - start) : strlen(start + 1));
}

static void append(tb_bytes *out, tb_span text)
{
    need(tb_bytes_append(out, text) == TB_OK, "no memory");
}

/* One block, each line further in by `indent`, model and points replaced. */
static void append_changed(tb_bytes *out, tb_span from, int indent, const char *model)
{
    for (size_t at = 0; at < from.size;) {
        const char *line = (const char *)from.data + at, *end = memchr(line, '\n', from.size - at);
        size_t length = end ? (size_t)(end - line) + 1 : from.size - at;
        if (length > 1)
            need(tb_bytes_print(out, "%*s", indent, "") == TB_OK, "no memory");
        if (strncmp(line, "  model:", 8) == 0 && model)
            need(tb_bytes_print(out, "  model: %s\n", model) == TB_OK, "no memory");
        else if (strncmp(line, "  points:", 9) == 0 && model) /* a closer crop, off the middle */
            append(out, tb_span_text("  points: [30.1, 44.2, 80.5, 43.9, 55.1, 73.0, 34.8, 101.5, 76.2, 101.2]\n"));
        else
            append(out, tb_span_of(line, length));
        at += length;
    }
}

void manifests_make(manifests_kind kind, tb_bytes *out)
{
    tb_bytes file = {0};
    tb_error why = {0};
    char old[16];
    snprintf(old, sizeof old, "%u", MANIFESTS_OLD_MODEL);
    need(tb_file_read(TEBURA_SOURCE_DIR "/models/manifest.yaml", 1 << 16, &file, &why) == TB_OK, tb_error_text(&why));
    append(&file, tb_span_of("", 1));
    const char *text = (const char *)file.data;
    tb_span embed = block(text, "embed"), calibration = block(text, "calibration");
    size_t before = (size_t)((const char *)embed.data - text);
    if (kind == MANIFESTS_OLD) {
        append(out, tb_span_of(text, before));
        append_changed(out, embed, 0, old);
        append(out, tb_span_text((const char *)embed.data + embed.size));
    } else {
        append(out, tb_span_text(text));
        append(out, tb_span_text("\nformer:\n  - "));
        tb_bytes entry = {0};
        append_changed(&entry, embed, 4, kind == MANIFESTS_BOTH ? old : NULL);
        append(out, tb_span_of(entry.data + 4, entry.size - 4));
        append_changed(out, calibration, 4, NULL);
        tb_bytes_free(&entry);
    }
    tb_bytes_free(&file);
}

void manifests_write(manifests_kind kind, const char *path)
{
    tb_bytes text = {0};
    tb_error why = {0};
    manifests_make(kind, &text);
    need(tb_file_write(path, tb_bytes_span(&text), &why) == TB_OK, tb_error_text(&why));
    tb_bytes_free(&text);
}
