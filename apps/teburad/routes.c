/* routes.c: the table of routes; api/openapi.yaml describes each, and a test holds the two against each other. */
#include "routes.h"

#define ROOT "/api/v1"

const tb_http_route teburad_routes[] = {
    {"GET", ROOT "/health", TB_HTTP_OPEN, 0, get_health},
    {"GET", ROOT "/site", TB_HTTP_OPEN, 0, get_site},
    {"GET", ROOT "/counts", 0, 0, get_counts},
    {"POST", ROOT "/check", 0, 0, post_check},
    {"POST", ROOT "/backups", 0, 0, post_backup},
    {"GET", ROOT "/flights", 0, 0, get_flights},
    {"PUT", ROOT "/flights/{number}/{date}", 0, 0, put_flight},
    {"POST", ROOT "/flights/{number}/{date}/departed", 0, 0, post_departed},
    {"POST", ROOT "/flight-changes", TB_HTTP_RAW, (size_t)8 << 20, post_flight_changes},
    {"GET", ROOT "/people", 0, 0, get_people},
    {"DELETE", ROOT "/people/{id}", 0, 0, delete_person},
    {"DELETE", ROOT "/people/{id}/consent", 0, 0, delete_consent},
    {"PUT", ROOT "/people/{id}/consents/{name}", 0, 0, put_further_consent},
    {"DELETE", ROOT "/people/{id}/consents/{name}", 0, 0, delete_further_consent},
    {"POST", ROOT "/people/{id}/instruments", 0, 0, post_instrument},
    {"GET", ROOT "/people/{id}/journey", 0, 0, get_journey},
    {"GET", ROOT "/people/{id}/templates", 0, 0, get_templates},
    {"POST", ROOT "/items", 0, 0, post_item},
    {"POST", ROOT "/checkins", 0, 0, post_checkin},
    {"POST", ROOT "/visits", 0, 0, post_visit},
    {"GET", ROOT "/occasions", 0, 0, get_occasions},
    {"PUT", ROOT "/occasions/{id}", 0, 0, put_occasion},
    {"DELETE", ROOT "/occasions/{id}", 0, 0, delete_occasion},
    {"DELETE", ROOT "/visits/{id}", 0, 0, delete_visit},
    {"POST", ROOT "/visits/{id}/position-token", 0, 0, post_position_token},
    {"POST", ROOT "/visits/{id}/position", TB_HTTP_OPEN, 4096, post_position}, /* by the visit's own token */
    {"GET", ROOT "/models", 0, 0, get_models},
    {"DELETE", ROOT "/models/{model}", 0, 0, delete_model},
    {"GET", ROOT "/touchpoints", 0, 0, get_touchpoints},
    {"POST", ROOT "/touchpoints", 0, 0, post_touchpoint},
    {"POST", ROOT "/touchpoints/{id}/code", 0, 0, post_code},
    {"POST", ROOT "/registrations", TB_HTTP_OPEN, 4096, post_registration},
    {"GET", ROOT "/passages", 0, 0, get_passages},
    {"GET", "/metrics", TB_HTTP_READER, 0, get_metrics},
    {"POST", ROOT "/clock/accept", 0, 0, post_clock_accept},
    {"GET", ROOT "/quarantine", 0, 0, get_quarantine},
    {"POST", ROOT "/quarantine/{id}/retry", 0, 0, post_quarantine_retry},
    {"DELETE", ROOT "/quarantine/{id}", 0, 0, delete_quarantine},
    {"GET", ROOT "/stream", TB_HTTP_TOKEN_QUERY, 0, get_stream},
};
const size_t teburad_route_count = sizeof teburad_routes / sizeof *teburad_routes;
