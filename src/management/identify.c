/* identify.c: the third authentication: nobody on the terminal's own list matched; is it a visitor at all, and why not
 * here? */
#include "management/service.h"

#include <tebura/secret.h>

static tb_status judge(tb_management *m, const tb_request *request, tb_id visit, tb_answer *answer)
{
    tb_booking booking;
    tb_facts facts;
    const tb_terminal *terminal = tb_terminal_find(m, request->touchpoint);
    tb_status status = tb_booking_get(m->db, visit, &booking);
    if (status == TB_OK && !booking.visiting) /* withdrew, for instance: no role has to ask for that again */
        status = TB_NOT_FOUND;
    if (status == TB_OK)
        status = tb_visit_facts(m, &booking, &facts);
    if (status == TB_NOT_FOUND) { /* left between search and judgement */
        *answer = (tb_answer){.id = request->id, .verdict = TB_ANSWER_UNKNOWN};
        return TB_OK;
    }
    if (status != TB_OK || !terminal || !terminal->role)
        return status == TB_OK ? TB_FORBIDDEN : status;
    tb_verdict verdict = tb_role_judge(terminal->role, &facts, &terminal->row.attributes, tb_service_now(m));
    if (verdict.judgement == TB_ADMIT) /* also when the list has not reached the terminal yet (A9) */
        status = tb_answer_admitted(answer, request, visit);
    else
        status = tb_answer_refused(answer, request, visit, verdict.reason);
    if (status == TB_OK && verdict.judgement == TB_ADMIT)
        return tb_role_project(terminal->role, &facts, &answer->fields);
    return status == TB_OK ? tb_role_explain(terminal->role, &facts, &verdict, &answer->fields) : status;
}

static tb_status nobody(tb_management *m, const tb_request *request, tb_identity identity, tb_answer *answer)
{
    const tb_terminal *terminal = tb_terminal_find(m, request->touchpoint);
    const char *reason = identity == TB_NOT_SURE                     ? "not_sure"
                         : terminal && terminal->view.unknown_reason ? terminal->view.unknown_reason
                                                                     : "";
    tb_status status = tb_answer_refused(answer, request, (tb_id){{0}}, reason);
    answer->verdict = identity == TB_NOT_SURE ? TB_ANSWER_NOT_SURE : TB_ANSWER_UNKNOWN;
    return status;
}

/* What a terminal's question is searched with. */
typedef struct question {
    double fpir;
    uint64_t tag; /* those whom it serves now first (A17); 0: all visitors at once */
    int central;  /* then those who are no visitors yet, for the reason */
} question;

/* The search itself runs without the mutex. */
static tb_status search(tb_management *m, const tb_request *request, const question *about, tb_match *match)
{
    tb_template *probes;
    int count;
    const tb_matcher_query narrowed = {.fpir = about->fpir, .all_of = about->tag}, all = {.fpir = about->fpir};
    tb_status status = tb_request_templates(m, request, &probes, &count);
    if (status == TB_OK && about->tag)
        status = tb_matcher_identify_by(m->matcher, probes, count, &narrowed, match);
    if (status == TB_OK && match->identity == TB_NOBODY)
        status = tb_matcher_identify_by(m->matcher, probes, count, &all, match);
    tb_secret_free(probes);
    return status;
}

tb_status tb_service_identify(tb_management *m, const tb_request *request, tb_answer *answer)
{
    if (request->reference[0])
        return tb_service_identify_held(m, request, answer);
    tb_match match = {.identity = TB_NOBODY};
    question about = {.fpir = TB_DEFAULT_FPIR};
    tb_service_lock(m);
    tb_status status = tb_service_refresh(m);
    const tb_terminal *terminal = tb_terminal_find(m, request->touchpoint);
    if (status == TB_OK)
        status = terminal && terminal->role && terminal->view.asks_server ? tb_visitors_ready(m) : TB_FORBIDDEN;
    if (status == TB_OK && terminal->view.fpir > 0)
        about.fpir = terminal->view.fpir;
    if (status == TB_OK && terminal->tag >= 0)
        about.tag = UINT64_C(1) << terminal->tag;
    about.central = status == TB_OK && terminal->view.asks_central;
    tb_service_unlock(m);
    if (status == TB_OK)
        status = search(m, request, &about, &match);
    int told = 0;
    if (status == TB_OK && match.identity == TB_NOBODY && about.central)
        status = tb_service_ask_central(m, request, about.fpir, answer, &told);
    if (status == TB_OK && !told) {
        tb_service_lock(m);
        status = match.identity == TB_THIS_PERSON ? judge(m, request, match.id, answer)
                                                  : nobody(m, request, match.identity, answer);
        tb_service_unlock(m);
    }
    return status == TB_OK ? TB_OK : tb_answer_failed(answer, request, status);
}
