/* subject.c: every subject, stream and bucket name, in one place, made of checked tokens only, so that nobody's name
 * can widen what a subscription or a permission covers. */
#include "bus/bus_private.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int token_is_good(const char *token, const char *alphabet, size_t most)
{
    size_t length = token ? strspn(token, alphabet) : 0;
    return length > 0 && length <= most && token[length] == '\0';
}

int bus_site_is_good(const char *site)
{
    return token_is_good(site, "abcdefghijklmnopqrstuvwxyz0123456789_", 24);
}

static int touchpoint_is_good(const char *touchpoint)
{
    return touchpoint && (strcmp(touchpoint, "*") == 0 || strcmp(touchpoint, ">") == 0 ||
                          token_is_good(touchpoint, "abcdefghijklmnopqrstuvwxyz0123456789-", 32));
}

static int visit_is_good(const char *visit)
{
    return strcmp(visit, "*") == 0 || strcmp(visit, ">") == 0 ||
           (token_is_good(visit, "0123456789abcdef", 32) && strlen(visit) == 32);
}

const char *tb_subject_text(tb_subject kind, const char *site, const char *touchpoint, const char *visit, char *out)
{
    static const char *const words[] = {[TB_SUBJECT_EVENT] = "event",
                                        [TB_SUBJECT_ASK] = "ask",
                                        [TB_SUBJECT_STATUS] = "status",
                                        [TB_SUBJECT_LIST] = "list",
                                        [TB_SUBJECT_ORDER] = "order"};
    out[0] = '\0';
    if (!bus_site_is_good(site) || !touchpoint_is_good(touchpoint) || (visit && !visit_is_good(visit)))
        return out;
    int everything = strcmp(touchpoint, ">") == 0; /* ">" may only stand at the end */
    if (kind != TB_SUBJECT_FEED)
        snprintf(out, TB_SUBJECT_SIZE, "tb.%s.%s.%s", site, words[kind], touchpoint);
    else if (everything && !visit)
        snprintf(out, TB_SUBJECT_SIZE, "$KV.feed_%s.>", site);
    else if (strcmp(touchpoint, "*") == 0)
        snprintf(out, TB_SUBJECT_SIZE, "$KV.feed_%s.*.*.%s", site, visit ? visit : ">");
    else if (!everything)
        snprintf(out, TB_SUBJECT_SIZE, "$KV.feed_%s.%d.%s.%s", site, bus_part_of(touchpoint), touchpoint,
                 visit ? visit : ">");
    return out;
}

int bus_part_of(const char *touchpoint)
{
    uint32_t hash = UINT32_C(2166136261); /* FNV-1a */
    for (const char *at = touchpoint; *at; at++)
        hash = (hash ^ (uint8_t)*at) * UINT32_C(16777619);
    return (int)(hash % BUS_PARTS);
}

const char *tb_subject_key(const char *subject)
{
    static const char prefix[] = "$KV.feed_";
    if (strncmp(subject, prefix, sizeof prefix - 1) != 0)
        return NULL;
    const char *dot = strchr(subject + sizeof prefix - 1, '.'); /* before the part */
    dot = dot ? strchr(dot + 1, '.') : NULL;
    return dot && strchr(dot + 1, '.') ? dot + 1 : NULL;
}

const char *tb_subject_touchpoint(const char *subject)
{
    if (strncmp(subject, "tb.", 3) != 0)
        return NULL;
    const char *dot = strchr(subject + 3, '.');
    dot = dot ? strchr(dot + 1, '.') : NULL;
    return dot && dot[1] && !strchr(dot + 1, '.') ? dot + 1 : NULL;
}

void bus_stream_name(const char *site, char out[BUS_NAME_SIZE])
{
    snprintf(out, BUS_NAME_SIZE, "EVENTS_%s", site);
}

void bus_bucket_name(const char *site, int part, char out[BUS_NAME_SIZE])
{
    snprintf(out, BUS_NAME_SIZE, "KV_feed_%s-%d", site, part); /* no site has a hyphen */
}

void bus_epoch_subject(const char *site, int part, char out[TB_SUBJECT_SIZE])
{
    snprintf(out, TB_SUBJECT_SIZE, "$KV.feed_%s.%d._epoch", site, part); /* no touchpoint has an underscore */
}
