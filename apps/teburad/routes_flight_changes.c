/* routes_flight_changes.c: what a flight information source sends over HTTP, many at once, each answered. */
#include <string.h>

#include "flight_batch.h"
#include "routes.h"

static int type_is_known(const char *type)
{
    static const char *const known[] = {"application/json", "application/x-ndjson", "text/csv"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(type, known[i], strlen(known[i])) == 0 && strchr("; ", type[strlen(known[i])]))
            return 1;
    return 0;
}

static json_t *json_of_item(const flight_item *item)
{
    json_t *json = json_pack("{s:I, s:s}", item->place, (json_int_t)item->number, "outcome",
                             tb_flight_outcome_name(item->answer.outcome));
    int good = json != NULL;
    if (good && item->change.flight[0])
        good = json_object_set_new(json, "flight", json_string(item->change.flight)) == 0;
    if (good && item->change.message[0])
        good = json_object_set_new(json, "message", json_string(item->change.message)) == 0;
    if (good && item->answer.outcome == TB_CHANGE_REFUSED)
        good = json_object_set_new(json, "cause", json_string(item->answer.why.text)) == 0;
    if (good)
        return json;
    json_decref(json);
    return NULL;
}

static json_t *json_of_batch(const flight_batch *batch)
{
    json_int_t counts[TB_CHANGE_OUTCOMES] = {0};
    json_t *results = json_array(), *json = results ? json_object() : NULL;
    int good = json && json_object_set(json, "results", results) == 0;
    for (size_t i = 0; i < batch->count && good; i++) {
        counts[batch->items[i].answer.outcome]++;
        good = json_array_append_new(results, json_of_item(&batch->items[i])) == 0;
    }
    for (int i = TB_CHANGE_APPLIED; i < TB_CHANGE_OUTCOMES && good; i++)
        good = json_object_set_new(json, tb_flight_outcome_name((tb_flight_outcome)i), json_integer(counts[i])) == 0;
    json_decref(results);
    if (good)
        return json;
    json_decref(json);
    return NULL;
}

HANDLER(post_flight_changes)
{
    teburad *s = context;
    flight_batch batch = {0};
    if (!request->body.size)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the body is empty");
    if (!type_is_known(request->content_type))
        return tb_fail(why, TB_UNSUPPORTED,
                       "the content type has to be application/json (an array), application/x-ndjson or text/csv");
    tb_status status = flight_batch_read(request->body, 1, &batch, why);
    if (status == TB_OK)
        status = flight_batch_apply(s, &batch, "", 0);
    if (status == TB_OK)
        status = tb_http_reply_json(reply, 200, json_of_batch(&batch));
    flight_batch_free(&batch);
    return status;
}
