/* answer.c: answers to requests, and the memory of those that had an effect (I3). */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

tb_status tb_answer_admitted(tb_answer *answer, const tb_request *request, tb_id visit)
{
    *answer = (tb_answer){.id = request->id, .verdict = TB_ANSWER_ADMIT, .visit = visit};
    return TB_OK;
}

tb_status tb_answer_refused(tb_answer *answer, const tb_request *request, tb_id visit, const char *reason)
{
    *answer = (tb_answer){.id = request->id, .verdict = TB_ANSWER_REFUSE, .visit = visit};
    snprintf(answer->reason, sizeof answer->reason, "%s", reason);
    return TB_OK;
}

tb_status tb_answer_failed(tb_answer *answer, const tb_request *request, tb_status status)
{
    *answer = (tb_answer){.id = request->id, .verdict = TB_ANSWER_FAILED, .status = status};
    return status;
}

tb_status tb_answer_before(tb_management *m, const tb_request *request, tb_answer *answer)
{
    tb_bytes stored = {0};
    tb_status status = tb_applied_get(m->db, request->id, request->touchpoint, &stored);
    if (status == TB_FORBIDDEN || (status == TB_OK && !stored.size))
        status = TB_CONFLICT;
    else if (status == TB_OK)
        status = tb_answer_decode(tb_bytes_span(&stored), answer, NULL) == TB_OK ? TB_OK : TB_DB_CORRUPT;
    tb_bytes_free(&stored);
    return status;
}

tb_status tb_answer_remember(tb_management *m, const tb_request *request, const tb_answer *answer, tb_time now)
{
    tb_bytes stored = {0};
    tb_status status = tb_answer_encode(answer, &stored);
    if (status == TB_OK)
        status = tb_applied_add(m->db, answer->id, answer->visit, request->touchpoint, tb_bytes_span(&stored), now);
    tb_bytes_free(&stored);
    return status;
}

tb_status tb_answer_status(const tb_answer *answer)
{
    static const struct {
        const char *reason;
        tb_status status;
    } table[] = {
        {"document_expired", TB_DOCUMENT_EXPIRED},
        {"check_digit", TB_CHECK_DIGIT},
        {"person_mismatch", TB_OTHER_PERSON},
        {"wrong_day", TB_WRONG_DAY},
        {"no_consent", TB_NO_CONSENT},
        {"declined", TB_DECLINED},
        {"pin_wrong", TB_PIN_WRONG},
        {"pin_locked", TB_PIN_LOCKED},
    };
    if (answer->verdict == TB_ANSWER_ADMIT)
        return TB_OK;
    if (answer->verdict == TB_ANSWER_FAILED)
        return answer->status;
    if (answer->verdict == TB_ANSWER_UNKNOWN)
        return TB_NOT_FOUND;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(answer->reason, table[i].reason) == 0)
            return table[i].status;
    return TB_REFUSED;
}
