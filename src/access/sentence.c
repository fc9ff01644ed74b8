/* sentence.c: what a person is told: a profile's sentence with its {placeholders} filled. */
#include "access/profile_model.h"

#include <stdio.h>
#include <string.h>

tb_status tb_sentence_pieces(const char *sentence, tb_piece_fn each, void *context)
{
    tb_status status = TB_OK;
    while (*sentence && status == TB_OK) {
        size_t plain = strcspn(sentence, "{}");
        if (plain) {
            status = each(context, 0, tb_span_of(sentence, plain));
            sentence += plain;
            continue;
        }
        size_t name = strspn(sentence + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (*sentence == '}' || sentence[1 + name] != '}' || name == 0 || name >= TB_NAME_SIZE)
            return TB_MALFORMED;
        status = each(context, 1, tb_span_of(sentence + 1, name));
        sentence += name + 2;
    }
    return status;
}

typedef struct filling {
    const tb_facts *facts;
    int64_t offset; /* of local time, microseconds */
    tb_bytes *out;
} filling;

static const tb_fact *fact_of(const tb_facts *facts, tb_span piece)
{
    char name[TB_NAME_SIZE] = "";
    memcpy(name, piece.data, piece.size); /* shorter than the array: tb_sentence_pieces */
    return facts ? tb_facts_get(facts, name) : NULL;
}

static tb_status fill_time(const filling *f, tb_time time)
{
    if (time <= 0 || time == TB_TIME_NEVER)
        return tb_bytes_append(f->out, tb_span_text("?"));
    int64_t minutes = ((time % TB_DAY + f->offset) / TB_MINUTE % 1440 + 1440) % 1440;
    return tb_bytes_print(f->out, "%02d:%02d", (int)(minutes / 60), (int)(minutes % 60));
}

static tb_status fill(void *context, int placeholder, tb_span piece)
{
    const filling *f = context;
    const tb_fact *fact = placeholder ? fact_of(f->facts, piece) : NULL;
    if (!placeholder)
        return tb_bytes_append(f->out, piece);
    if (fact && fact->kind == TB_FACT_TEXT && fact->text[0])
        return tb_bytes_append(f->out, tb_span_text(fact->text));
    if (fact && fact->kind == TB_FACT_TIME)
        return fill_time(f, fact->number);
    if (fact && fact->kind == TB_FACT_INT)
        return tb_bytes_print(f->out, "%lld", (long long)fact->number);
    return tb_bytes_append(f->out, tb_span_text("?"));
}

tb_status tb_profile_sentence(const tb_profile *profile, const char *reason, const char *language,
                              const tb_facts *facts, int utc_offset_minutes, tb_bytes *out)
{
    const tb_reason *found = tb_profile_reason(profile, reason);
    if (!found)
        return TB_NOT_FOUND;
    filling f = {facts, utc_offset_minutes * TB_MINUTE, out};
    size_t before = out->size;
    tb_status status = tb_sentence_pieces(strcmp(language, "ja") == 0 ? found->ja : found->en, fill, &f);
    if (status != TB_OK)
        out->size = before;
    return status;
}

/* ---- the facts that a sentence needs ---- */

typedef struct gathering {
    const tb_facts *visit;
    tb_facts *out;
} gathering;

static tb_status gather(void *context, int placeholder, tb_span piece)
{
    gathering *g = context;
    const tb_fact *fact = placeholder ? fact_of(g->visit, piece) : NULL;
    return fact ? tb_facts_set(g->out, fact) : TB_OK;
}

tb_status tb_role_explain(const tb_role *role, const tb_facts *visit, const tb_verdict *verdict, tb_facts *out)
{
    const tb_reason *reason = tb_profile_reason(role->profile, verdict->reason);
    if (!reason)
        return verdict->reason[0] ? TB_NOT_FOUND : TB_OK;
    gathering g = {visit, out};
    tb_status status = tb_sentence_pieces(reason->en, gather, &g);
    if (status == TB_OK)
        status = tb_sentence_pieces(reason->ja, gather, &g);
    /* In a sentence, {from} and {until} are the window's, never facts of those names. */
    tb_facts_remove(out, "from");
    tb_facts_remove(out, "until");
    if (status == TB_OK && verdict->judgement == TB_EARLY)
        status = tb_facts_set_time(out, "from", verdict->from);
    if (status == TB_OK && verdict->judgement == TB_LATE)
        status = tb_facts_set_time(out, "until", verdict->until);
    return status;
}
