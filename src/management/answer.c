/* answer.c: answers to requests, and the memory of those that had an effect (I3). */
#include "management/service.h"

#include <stdio.h>
#include <string.h>

#include "management/rotation.h"

#define ASKER 16 /* bytes before a stored answer */

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

/* Who asked what: a stored answer is for the same terminal's same kind of question only. Another one that got hold of
 * an id learns nothing from it. */
static void asker_of(const tb_key *find, tb_request_kind kind, const char *touchpoint, uint8_t out[ASKER])
{
    char text[TB_TOUCHPOINT_SIZE + 16];
    uint8_t hash[32];
    int size = snprintf(text, sizeof text, "%d %s", (int)kind, touchpoint);
    tb_keyed_hash(find, tb_span_of(text, (size_t)size), hash);
    memcpy(out, hash, ASKER);
}

tb_status tb_answer_before(tb_management *m, const tb_request *request, tb_answer *answer)
{
    tb_bytes stored = {0};
    uint8_t asker[ASKER];
    tb_status status = tb_applied_get(m->db, request->id, request->touchpoint, &stored);
    asker_of(&m->keys->find, request->kind, request->touchpoint, asker);
    if (status == TB_FORBIDDEN || (status == TB_OK && stored.size < ASKER)) /* the person is gone since */
        status = TB_CONFLICT;
    else if (status == TB_OK && memcmp(stored.data, asker, ASKER) != 0)
        status = TB_CONFLICT;
    else if (status == TB_OK)
        status = tb_answer_decode(tb_span_of(stored.data + ASKER, stored.size - ASKER), answer, NULL) == TB_OK
                     ? TB_OK
                     : TB_DB_CORRUPT;
    tb_bytes_free(&stored);
    return status;
}

tb_status tb_answer_remember(tb_management *m, const tb_request *request, const tb_answer *answer, tb_time now)
{
    tb_bytes stored = {0};
    uint8_t asker[ASKER];
    asker_of(&m->keys->find, request->kind, request->touchpoint, asker);
    tb_status status = tb_bytes_append(&stored, tb_span_of(asker, sizeof asker));
    if (status == TB_OK)
        status = tb_answer_encode(answer, &stored);
    if (status == TB_OK)
        status = tb_applied_add(m->db, answer->id, answer->visit, request->touchpoint, tb_bytes_span(&stored), now);
    tb_bytes_free(&stored);
    return status;
}

static tb_status rekey(tb_resealing *r, tb_id id)
{
    char source[TB_TOUCHPOINT_SIZE];
    uint8_t asker[ASKER];
    tb_bytes stored = {0};
    tb_status status = tb_applied_read(r->db, id, source, &stored);
    for (int kind = TB_REQUEST_IDENTIFY; kind <= TB_REQUEST_TEMPLATE && status == TB_OK && stored.size >= ASKER;
         kind++) {
        asker_of(&r->from->find, (tb_request_kind)kind, source, asker);
        if (!tb_equal_constant_time(tb_span_of(stored.data, ASKER), tb_span_of(asker, ASKER)))
            continue;
        asker_of(&r->to->find, (tb_request_kind)kind, source, stored.data);
        status = tb_applied_answer_set(r->db, id, tb_bytes_span(&stored));
        break;
    }
    tb_bytes_free(&stored);
    return status;
}

tb_status tb_answers_rekey(tb_resealing *r)
{
    tb_ids ids = {0};
    tb_status status = tb_applied_answered(r->db, &ids);
    for (size_t i = 0; i < ids.count && status == TB_OK; i++)
        status = rekey(r, ids.items[i]);
    tb_ids_free(&ids);
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
