/* requests.c: a sealed question of a terminal, a sealed answer. */
#include "management/service.h"

#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

/* Only what had an effect is remembered by its id: a question that was refused or failed could be recorded on its way
 * and asked once more on another day, when nobody stands there. */
static int is_of_now(tb_management *m, const tb_request *request)
{
    tb_time now = tb_service_now(m);
    return request->at > now - TB_REQUEST_AGE && request->at < now + TB_REQUEST_AGE;
}

static tb_status answer_request(tb_management *m, const tb_request *request, tb_answer *answer)
{
    switch (request->kind) {
    case TB_REQUEST_IDENTIFY:
        return tb_service_identify(m, request, answer);
    case TB_REQUEST_CHECKIN:
        return tb_management_checkin(m, request, answer);
    case TB_REQUEST_PAY:
        return tb_service_pay(m, request, answer);
    case TB_REQUEST_TEMPLATE:
        return tb_service_offer(m, request, answer);
    }
    return tb_answer_failed(answer, request, TB_UNSUPPORTED);
}

static tb_status reply_to(const char *subject, const tb_key *key, const tb_answer *answer, tb_bytes *reply)
{
    tb_bytes plain = {0};
    tb_status status = tb_answer_encode(answer, &plain);
    if (status == TB_OK)
        status = tb_seal(key, tb_span_text(subject), tb_bytes_span(&plain), reply);
    tb_bytes_free(&plain);
    return status;
}

/* Five results of each kind stand one after the other in metrics.def. */
static void count(tb_management *m, const tb_request *request, const tb_answer *answer)
{
    tb_metric_add(&m->metrics,
                  (tb_metric)(TB_METRIC_IDENTIFY_ADMIT + 5 * (request->kind - TB_REQUEST_IDENTIFY) +
                              (answer->verdict - TB_ANSWER_ADMIT)),
                  1);
}
_Static_assert(TB_METRIC_TEMPLATE_FAILED - TB_METRIC_IDENTIFY_ADMIT ==
                   5 * (TB_REQUEST_TEMPLATE - TB_REQUEST_IDENTIFY) + TB_ANSWER_FAILED - TB_ANSWER_ADMIT,
               "every kind of request has its five results");

tb_status tb_management_request(tb_management *m, const char *subject, tb_span sealed, tb_bytes *reply)
{
    char id[TB_TOUCHPOINT_SIZE];
    tb_key from = {{0}}, to = {{0}};
    tb_bytes plain = {0};
    tb_request request = {0};
    tb_answer answer = {0};
    tb_status status = tb_terminal_of_subject(m, subject, id, &from, &to);
    if (status == TB_OK)
        status = tb_open(&from, tb_span_text(subject), sealed, &plain);
    if (status == TB_OK)
        status = tb_request_decode(tb_bytes_span(&plain), &request, NULL);
    if (status == TB_OK && strcmp(request.touchpoint, id) != 0)
        status = TB_FORBIDDEN;
    if (status == TB_OK && !is_of_now(m, &request)) {
        tb_log(TB_LOG_WARNING, "management",
               "a request of %s bears another time: recorded and repeated, or its clock is wrong", id);
        status = TB_CONFLICT;
    }
    if (status == TB_OK) {
        /* a failure is in the answer, and the terminal hears it */
        tb_status outcome = answer_request(m, &request, &answer);
        if (outcome != TB_OK)
            tb_log(TB_LOG_WARNING, "management", "a request of %s failed: %s", id, tb_status_sentence(outcome));
        count(m, &request, &answer);
        status = reply_to(subject, &to, &answer, reply);
    } else {
        tb_metric_add(&m->metrics, TB_METRIC_REQUESTS_DROPPED, 1);
        tb_log(TB_LOG_WARNING, "management", "a request on %.120s was dropped: %s", subject,
               tb_status_sentence(status));
    }
    tb_request_free(&request);
    tb_bytes_free(&plain);
    tb_wipe(&answer, sizeof answer); /* names */
    tb_wipe(&from, sizeof from);
    tb_wipe(&to, sizeof to);
    return status;
}
