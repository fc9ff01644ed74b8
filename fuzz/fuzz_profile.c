/* Any bytes as a profile: refused with a sentence, or sound enough that every question about it can be asked. */
#include <stdlib.h>
#include <string.h>

#include <tebura/profile.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const tb_profile *profile, const tb_role *role, const tb_facts *visit)
{
    tb_role_view view;
    tb_facts seen, told = {0}, copy = *visit;
    tb_bytes sentence = {0};
    int changed;
    tb_role_view_of(role, &view);
    tb_verdict verdict = tb_role_judge(role, visit, visit, TB_DAY);
    tb_time due = tb_role_delivery(role, &verdict);
    if (verdict.judgement == TB_ADMIT && (verdict.reason[0] || due > TB_DAY))
        abort();
    if (verdict.judgement != TB_ADMIT &&
        tb_profile_sentence(profile, verdict.reason, "ja", visit, 540, &sentence) != TB_OK)
        abort(); /* every reason has its sentences */
    if (tb_role_project(role, visit, &seen) != TB_OK || seen.count > visit->count)
        abort();
    if (tb_role_explain(role, visit, &verdict, &told) != TB_OK || tb_role_apply(role, &copy, &changed) != TB_OK)
        abort();
    tb_bytes_free(&sentence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tb_profile *profile;
    tb_error why = {0};
    tb_facts visit = {0};
    tb_status status = tb_profile_parse(tb_span_of(data, size), "fuzz", &profile, &why);
    if (status != TB_OK) {
        if (profile || !why.text[0])
            abort();
        return 0;
    }
    if (tb_facts_set_int(&visit, "status", 1) != TB_OK || tb_facts_set_bool(&visit, "flag", 1) != TB_OK ||
        tb_facts_set_bool(&visit, "consented", 1) != TB_OK || tb_facts_set_text(&visit, "gate", "12") != TB_OK ||
        tb_facts_set_time(&visit, "boarding", TB_DAY) != TB_OK ||
        tb_facts_set_time(&visit, "departure", 2 * TB_DAY) != TB_OK)
        abort();
    for (size_t i = 0; i < tb_profile_role_count(profile); i++)
        ask(profile, tb_profile_role_at(profile, i), &visit);
    tb_profile_free(&profile);
    return 0;
}
