/* central.c: where the server matches and no visitor was found: whoever has agreed and is no visitor yet is told why
 * (A17, doc/adr/160). A reason and nothing else: no entry, no admission, no name and no visit.
 *
 * C1  No template is kept: those of one page of people rest sealed in memory, one person's at a time is opened,
 *     compared
 *     and wiped. The mutex is held for the reading of a page only.
 * C2  One look at a time, so many of each terminal (tries.c), none longer than whoever stands there waits: strangers in
 *     front of a camera cost no more than that.
 * C3  Whoever is found is judged again under the mutex: who has withdrawn or was erased meanwhile is unknown. */
#include "management/service.h"

#include <stdlib.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define LONGEST (3 * TB_SECOND)

typedef struct look {
    tb_template *probes, *stored; /* secret memory */
    int count;
    int64_t until; /* monotonic */
    tb_compared compared[TB_MODELS_MAX];
    tb_sealed_page page;
} look;

/* ---- whether ---- */

static int begin(tb_management *m, const tb_request *request)
{
    int begun = 0;
    tb_service_lock(m);
    tb_terminal *terminal = tb_terminal_find(m, request->touchpoint);
    if (m->looking)
        tb_metric_add(&m->metrics, TB_METRIC_CENTRAL_BUSY, 1);
    else if (!terminal || !tb_looks_take(terminal))
        tb_metric_add(&m->metrics, TB_METRIC_CENTRAL_TOO_MANY, 1);
    else
        begun = m->looking = 1;
    tb_service_unlock(m);
    return begun;
}

/* ---- the search, without the mutex ---- */

static const tb_template *probe_of(const look *l, uint32_t model)
{
    for (int i = 0; i < l->count; i++)
        if (l->probes[i].model == model)
            return &l->probes[i];
    return NULL;
}

static void compare(const tb_management *m, look *l, tb_id person, const tb_custody *custody)
{
    for (int g = 0; g < m->model_count; g++) {
        const tb_template *probe = probe_of(l, m->models[g].id);
        for (int i = 0; i < custody->count && probe; i++) {
            float score;
            if (custody->rows[i].model == probe->model &&
                tb_template_decode(tb_bytes_span(&custody->encoded[i]), probe->model, l->stored) == TB_OK &&
                tb_template_compare(l->stored, probe, &score) == TB_OK)
                tb_compared_note(&l->compared[g], person, score);
        }
    }
    tb_wipe(l->stored, sizeof *l->stored);
}

static tb_status compare_page(const tb_management *m, look *l)
{
    tb_status status = TB_OK;
    for (size_t i = 0; i < l->page.count && status == TB_OK; i++) {
        tb_custody custody;
        tb_status opened = tb_custody_unseal(m, &l->page.people[i], &custody);
        if (opened == TB_OK)
            compare(m, l, l->page.people[i].id, &custody);
        else if (opened == TB_NO_MEMORY) /* what is damaged is one person's trouble */
            status = opened;
        tb_custody_free(&custody);
    }
    return status;
}

/* TB_TIMEOUT: it is not worth it any more. */
static tb_status compare_all(tb_management *m, look *l)
{
    tb_status status = TB_OK;
    tb_id after = {{0}};
    do {
        tb_service_lock(m);
        status = m->stopping || tb_clock_monotonic() > l->until ? TB_TIMEOUT : tb_service_refresh(m);
        if (status == TB_OK)
            status = tb_sealed_page_read(m->db, after, &l->page);
        tb_service_unlock(m);
        after = l->page.last;
        if (status == TB_OK)
            status = compare_page(m, l);
        tb_sealed_page_free(&l->page);
    } while (status == TB_OK && !tb_id_is_zero(after));
    return status;
}

static tb_status find(tb_management *m, const tb_request *request, double fpir, tb_match *match)
{
    *match = (tb_match){.identity = TB_NOBODY};
    look *l = calloc(1, sizeof *l);
    if (!l)
        return TB_NO_MEMORY;
    l->until = tb_clock_monotonic() + LONGEST;
    l->stored = tb_secret_alloc(sizeof *l->stored);
    tb_status status = l->stored ? tb_request_templates(m, request, &l->probes, &l->count) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = compare_all(m, l);
    if (status == TB_OK)
        tb_matcher_decide(m->matcher, l->compared, fpir, match);
    tb_secret_free(l->probes);
    tb_secret_free(l->stored);
    tb_wipe(l, sizeof *l); /* how much alike people are */
    free(l);
    return status;
}

/* ---- what is told ---- */

static int is_better(const tb_verdict *a, const tb_verdict *b)
{
    int early = a->judgement == TB_EARLY;
    return !b->reason[0] || (early && (b->judgement != TB_EARLY || a->from < b->from));
}

/* The reason of the visit that begins first. None of one that is over, and none to who has withdrawn; who is a visitor
 * by now will be found as one by the next question. */
static tb_status judge(tb_management *m, tb_id person, tb_verdict *out)
{
    tb_ids visits = {0};
    *out = (tb_verdict){.judgement = TB_DENY};
    tb_status status = tb_bookings_of_person(m->db, person, &visits);
    for (size_t i = 0; i < visits.count && status == TB_OK; i++) {
        tb_booking booking;
        tb_facts facts;
        status = tb_booking_get(m->db, visits.items[i], &booking);
        if (status == TB_OK && (booking.visiting || !booking.consented)) {
            out->reason[0] = '\0';
            break;
        }
        if (status != TB_OK || tb_visit_is_over(m, &booking))
            continue;
        status = tb_visit_facts(m, &booking, &facts);
        if (status != TB_OK)
            break;
        tb_verdict verdict = tb_profile_visitor(m->profile, &facts, tb_service_now(m));
        if (verdict.judgement != TB_ADMIT && is_better(&verdict, out))
            *out = verdict;
    }
    tb_ids_free(&visits);
    return status;
}

tb_status tb_central_tell(tb_management *m, const tb_request *request, tb_id person, tb_answer *answer, int *told)
{
    const tb_terminal *terminal = tb_terminal_find(m, request->touchpoint);
    const tb_facts nothing = {0}; /* of the person: the sentence has the window's times alone */
    tb_verdict verdict;
    *told = 0;
    if (!terminal || !terminal->role || !terminal->view.asks_central)
        return TB_FORBIDDEN;
    tb_status status = judge(m, person, &verdict);
    if (status != TB_OK || !verdict.reason[0])
        return status;
    *told = 1;
    status = tb_answer_refused(answer, request, (tb_id){{0}}, verdict.reason);
    return status == TB_OK ? tb_role_explain(terminal->role, &nothing, &verdict, &answer->fields) : status;
}

tb_status tb_service_ask_central(tb_management *m, const tb_request *request, double fpir, tb_answer *answer, int *told)
{
    tb_match match;
    *told = 0;
    if (!begin(m, request))
        return TB_OK;
    tb_status status = find(m, request, fpir, &match);
    tb_service_lock(m);
    m->looking = 0;
    if (status == TB_OK && match.identity == TB_THIS_PERSON)
        status = tb_central_tell(m, request, match.id, answer, told);
    tb_service_unlock(m);
    if (status == TB_TIMEOUT)
        tb_log(TB_LOG_WARNING, "management",
               "a look among people who are no visitors was given up after %d s: too many of them for this server",
               (int)(LONGEST / TB_SECOND));
    tb_metric_add(&m->metrics,
                  status == TB_TIMEOUT ? TB_METRIC_CENTRAL_TOO_LONG
                  : *told              ? TB_METRIC_CENTRAL_TOLD
                                       : TB_METRIC_CENTRAL_NOBODY,
                  1);
    return status == TB_TIMEOUT ? TB_OK : status;
}
