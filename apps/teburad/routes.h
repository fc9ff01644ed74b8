/* routes.h: every handler of api/openapi.yaml, and what they share. The context of each is the teburad. */
#ifndef TEBURA_TEBURAD_ROUTES_H
#define TEBURA_TEBURAD_ROUTES_H

#include <jansson.h>

#include "teburad.h"

extern const tb_http_route teburad_routes[];
extern const size_t teburad_route_count;

#define HANDLER(name) tb_status name(void *context, const tb_http_request *request, tb_http_reply *reply, tb_error *why)

HANDLER(get_health);
HANDLER(get_site);
HANDLER(get_counts);
HANDLER(post_check);
HANDLER(post_backup);
HANDLER(get_flights);
HANDLER(put_flight);
HANDLER(post_departed);
HANDLER(post_flight_changes);
HANDLER(get_people);
HANDLER(delete_person);
HANDLER(delete_consent);
HANDLER(put_further_consent);
HANDLER(delete_further_consent);
HANDLER(post_instrument);
HANDLER(get_journey);
HANDLER(get_templates);
HANDLER(get_models);
HANDLER(delete_model);
HANDLER(post_item);
HANDLER(post_checkin);
HANDLER(post_visit);
HANDLER(delete_visit);
HANDLER(post_position_token);
HANDLER(post_position);
HANDLER(get_occasions);
HANDLER(put_occasion);
HANDLER(delete_occasion);
HANDLER(get_touchpoints);
HANDLER(post_touchpoint);
HANDLER(get_authority);
HANDLER(post_code);
HANDLER(post_revoke);
HANDLER(post_wipe);
HANDLER(post_standing);
HANDLER(post_registration);
HANDLER(get_passages);
HANDLER(get_stream);
HANDLER(get_metrics);
HANDLER(post_clock_accept);
HANDLER(get_quarantine);
HANDLER(post_quarantine_retry);
HANDLER(delete_quarantine);

/* to_json.c. Each answers a new reference, NULL without memory. */
json_t *json_of_time(tb_time time);
json_t *json_of_id(tb_id id); /* null for the zero id */
json_t *json_of_facts(const tb_facts *facts);
json_t *json_of_passage(const tb_passage *passage);
json_t *json_of_touchpoint(const tb_touchpoint *touchpoint);
json_t *json_of_counts(const tb_counts *counts);
/* {"name": [..]} of passages. */
json_t *json_of_passages(const tb_passage *passages, int count);
/* Reads attributes: texts, whole numbers, booleans. NULL or absent: none. */
tb_status facts_of_json(const json_t *object, tb_facts *out, tb_error *why) TB_MUST_CHECK;
/* {id} of the path. */
tb_status path_id(const tb_http_request *request, tb_id *out, tb_error *why) TB_MUST_CHECK;
/* Text of exactly these characters, 1 to `most` of them. */
int text_is_of(const char *text, const char *alphabet, size_t most);
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define LOWER "abcdefghijklmnopqrstuvwxyz"

#endif
