/* finding.c: mistakes in the order of their lines, and the name that somebody meant. */
#include "access/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/text.h"

void tb_findings_free(tb_findings *findings)
{
    free(findings->items);
    *findings = (tb_findings){0};
}

/* What was cut in the middle of a letter stays printable. */
static void mend(char *text)
{
    if (tb_utf8_is_good(tb_span_text(text)))
        return;
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            *text = '?';
}

static int room_for_one(tb_findings *to)
{
    if (to->count < to->capacity)
        return 1;
    size_t grown = to->capacity ? 2 * to->capacity : 8;
    tb_finding *items = realloc(to->items, grown * sizeof *items);
    if (!items) {
        to->no_memory = 1;
        return 0;
    }
    to->items = items;
    to->capacity = grown;
    return 1;
}

void tb_findings_add(tb_findings *to, int line, const char *remedy, const char *format, ...)
{
    tb_finding made = {.line = line};
    va_list args;
    va_start(args, format);
    vsnprintf(made.cause, sizeof made.cause, format, args);
    va_end(args);
    snprintf(made.remedy, sizeof made.remedy, "%s", remedy);
    mend(made.cause);
    mend(made.remedy);
    for (size_t i = 0; i < to->count; i++)
        if (to->items[i].line == line && strcmp(to->items[i].cause, made.cause) == 0)
            return;
    if (to->count == TB_FINDINGS_MAX) {
        to->more++;
        return;
    }
    if (!room_for_one(to))
        return;
    size_t at = to->count++;
    for (; at > 0 && to->items[at - 1].line > line; at--)
        to->items[at] = to->items[at - 1];
    to->items[at] = made;
}

/* Letters to add, drop, change or swap with their neighbour until `a` is `b`; both shorter than TB_NAME_SIZE. */
static int distance(const char *a, const char *b)
{
    int rows[3][TB_NAME_SIZE + 1];
    int *before = rows[0], *last = rows[1], *now = rows[2];
    int length = (int)strlen(b);
    for (int j = 0; j <= length; j++)
        last[j] = before[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        now[0] = i;
        for (int j = 1; j <= length; j++) {
            int best = last[j - 1] + (a[i - 1] != b[j - 1]);
            best = last[j] + 1 < best ? last[j] + 1 : best;
            best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        int *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[length];
}

const char *tb_nearest_name(const char *word, const void *first, size_t count, size_t stride)
{
    const char *nearest = NULL;
    size_t length = strlen(word);
    int least = length < 3 ? 1 : 1 + (int)length / 4; /* more changes than this make another word */
    if (length >= TB_NAME_SIZE)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name = *(char *const *)(const void *)((const char *)first + i * stride);
        int far = strlen(name) < TB_NAME_SIZE ? distance(word, name) : least + 1;
        if (far <= least && (!nearest || far < least)) {
            nearest = name;
            least = far;
        }
    }
    return nearest;
}
