/* profile_schema.c: the form of a profile file, read by libcyaml. What a schema cannot say is in profile_check.c. */
#include "access/profile_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cyaml/cyaml.h>

const char *const tb_actuator_names[5] = {"", "gate", "detector", "door", "interlock"};

enum { NAME_MAX = TB_NAME_SIZE - 1, WORD_MAX = 60, SENTENCE_MAX = 400, TEXT_MAX = 2000 };
enum { ALWAYS = CYAML_FLAG_POINTER, MAYBE = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL };

#define NAMES(list) (uint32_t)(sizeof list / sizeof *list)

static const cyaml_strval_t types[] = {
    {"bool", TB_VALUE_BOOL}, {"int", TB_VALUE_INT}, {"time", TB_VALUE_TIME}, {"text", TB_VALUE_TEXT}};
static const cyaml_strval_t kinds[] = {
    {"checkin", TB_KIND_CHECKIN}, {"passage", TB_KIND_PASSAGE}, {"counter", TB_KIND_COUNTER},  {"pos", TB_KIND_POS},
    {"pickup", TB_KIND_PICKUP},   {"sign", TB_KIND_SIGN},       {"presence", TB_KIND_PRESENCE}};
static const cyaml_strval_t actuators[] = {{"none", 0}, {"gate", 1}, {"detector", 2}, {"door", 3}, {"interlock", 4}};
static const cyaml_strval_t challenges[] = {{"never", 1 + TB_CHALLENGE_NEVER},
                                            {"when_unsure", 1 + TB_CHALLENGE_WHEN_UNSURE},
                                            {"always", 1 + TB_CHALLENGE_ALWAYS}};
static const cyaml_strval_t matchers[] = {{"terminal", 0}, {"server", 1}};
static const cyaml_strval_t unknowns[] = {{"include", 0}, {"exclude", 1}};
static const cyaml_strval_t groups[] = {
    {"alone", TB_GROUP_ALONE}, {"together", TB_GROUP_TOGETHER}, {"with_children", TB_GROUP_WITH_CHILDREN}};
static const cyaml_strval_t references[] = {
    {"never", TB_REFERENCE_NEVER}, {"when_unsure", TB_REFERENCE_WHEN_UNSURE}, {"always", TB_REFERENCE_ALWAYS}};
static const cyaml_strval_t checks[] = {{"none", TB_CHECK_NONE}, {"luhn", TB_CHECK_LUHN}, {"mod97", TB_CHECK_MOD97}};
static const cyaml_strval_t documents[] = {{"passport", TB_DOCUMENT_PASSPORT},
                                           {"boarding_pass", TB_DOCUMENT_BOARDING_PASS},
                                           {"reference", TB_DOCUMENT_REFERENCE}};
static const cyaml_strval_t databases[] = {{"visitor", 0}, {"none", 1}};
static const cyaml_strval_t owners[] = {{"visit", 0}, {"occasion", 1}};
static const cyaml_strval_t switches[] = {{"on", 1}, {"off", 2}};

static const cyaml_schema_field_t sentence_fields[] = {CYAML_FIELD_STRING_PTR("ja", ALWAYS, tb_texts, ja, 1, TEXT_MAX),
                                                       CYAML_FIELD_STRING_PTR("en", ALWAYS, tb_texts, en, 1, TEXT_MAX),
                                                       CYAML_FIELD_END};

static const cyaml_schema_value_t name = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, NAME_MAX)};

static const cyaml_schema_field_t fact_fields[] = {
    CYAML_FIELD_STRING_PTR("name", ALWAYS, tb_fact_declaration, name, 1, NAME_MAX),
    CYAML_FIELD_ENUM("type", CYAML_FLAG_STRICT, tb_fact_declaration, type, types, NAMES(types)),
    CYAML_FIELD_SEQUENCE("for", MAYBE, tb_fact_declaration, purposes, &name, 0, TB_PURPOSES_MAX),
    CYAML_FIELD_STRING_PTR("after", MAYBE, tb_fact_declaration, after, 1, NAME_MAX),
    CYAML_FIELD_ENUM("of", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, tb_fact_declaration, of, owners, NAMES(owners)),
    CYAML_FIELD_BOOL("sensitive", CYAML_FLAG_OPTIONAL, tb_fact_declaration, sensitive),
    CYAML_FIELD_END};
static const cyaml_schema_value_t fact = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_fact_declaration, fact_fields)};

static const cyaml_schema_field_t requirement_fields[] = {
    CYAML_FIELD_STRING_PTR("that", ALWAYS, tb_requirement, that, 1, TB_EXPRESSION_LENGTH),
    CYAML_FIELD_STRING_PTR("else", ALWAYS, tb_requirement, otherwise, 1, NAME_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t requirement = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_requirement, requirement_fields)};

static const cyaml_schema_field_t window_fields[] = {
    CYAML_FIELD_STRING_PTR("from", MAYBE, tb_window, from, 1, TB_EXPRESSION_LENGTH),
    CYAML_FIELD_STRING_PTR("until", MAYBE, tb_window, until, 1, TB_EXPRESSION_LENGTH),
    CYAML_FIELD_STRING_PTR("early", MAYBE, tb_window, early, 1, NAME_MAX),
    CYAML_FIELD_STRING_PTR("late", MAYBE, tb_window, late, 1, NAME_MAX), CYAML_FIELD_END};

#define RULE_FIELDS(structure)                                                                                         \
    CYAML_FIELD_SEQUENCE_COUNT("requires", MAYBE, structure, rule.requires, rule.requires_count, &requirement, 0,      \
                               TB_REQUIREMENTS_MAX),                                                                   \
        CYAML_FIELD_MAPPING_PTR("window", MAYBE, structure, rule.window, window_fields)

static const cyaml_schema_field_t stage_fields[] = {RULE_FIELDS(tb_stage), CYAML_FIELD_END};
static const cyaml_schema_value_t stage = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_stage, stage_fields)};

static const cyaml_schema_field_t visitors_fields[] = {
    RULE_FIELDS(tb_visitors), CYAML_FIELD_SEQUENCE("then", MAYBE, tb_visitors, then, &stage, 0, TB_STAGES_MAX),
    CYAML_FIELD_ENUM("database", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, tb_visitors, database, databases,
                     NAMES(databases)),
    CYAML_FIELD_END};

static const cyaml_schema_field_t consent_fields[] = {
    CYAML_FIELD_STRING_PTR("name", ALWAYS, tb_further_consent, name, 1, NAME_MAX),
    CYAML_FIELD_STRING_PTR("ja", ALWAYS, tb_further_consent, ja, 1, TEXT_MAX),
    CYAML_FIELD_STRING_PTR("en", ALWAYS, tb_further_consent, en, 1, TEXT_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t further_consent = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_further_consent, consent_fields)};

static const cyaml_schema_field_t retention_fields[] = {
    CYAML_FIELD_STRING_PTR("consent", ALWAYS, tb_retention, consent, 1, NAME_MAX),
    CYAML_FIELD_STRING_PTR("for", ALWAYS, tb_retention, duration, 1, NAME_MAX), CYAML_FIELD_END};

static const cyaml_schema_field_t zone_fields[] = {
    CYAML_FIELD_STRING_PTR("name", ALWAYS, tb_zone, name, 1, NAME_MAX),
    CYAML_FIELD_MAPPING("titles", CYAML_FLAG_DEFAULT, tb_zone, titles, sentence_fields), CYAML_FIELD_END};
static const cyaml_schema_value_t zone = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_zone, zone_fields)};

static const cyaml_schema_field_t match_fields[] = {
    CYAML_FIELD_ENUM("actuate", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, tb_on_match, actuate, actuators,
                     NAMES(actuators)),
    CYAML_FIELD_ENUM("flag", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, tb_on_match, flag, switches, NAMES(switches)),
    CYAML_FIELD_STRING_PTR("status", MAYBE, tb_on_match, status, 1, NAME_MAX),
    CYAML_FIELD_BOOL("deletes_entry", CYAML_FLAG_OPTIONAL, tb_on_match, deletes_entry), CYAML_FIELD_END};

static const cyaml_schema_field_t step_up_fields[] = {
    CYAML_FIELD_BOOL("pin", CYAML_FLAG_OPTIONAL, tb_step_up, pin),
    CYAML_FIELD_INT("amount", CYAML_FLAG_OPTIONAL, tb_step_up, amount), CYAML_FIELD_END};

static const cyaml_schema_value_t document = {CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, int, documents, NAMES(documents))};
static const cyaml_schema_field_t sign_fields[] = {
    CYAML_FIELD_STRING_PTR("person", ALWAYS, tb_sign, person, 1, NAME_MAX),
    CYAML_FIELD_STRING_PTR("others", ALWAYS, tb_sign, others, 1, NAME_MAX),
    CYAML_FIELD_BOOL("beside_others", CYAML_FLAG_OPTIONAL, tb_sign, beside_others), CYAML_FIELD_END};

static const cyaml_schema_field_t between_fields[] = {
    CYAML_FIELD_BOOL("face", CYAML_FLAG_OPTIONAL, tb_between, face),
    CYAML_FIELD_STRING_PTR("approval", MAYBE, tb_between, approval, 1, NAME_MAX), CYAML_FIELD_END};

static const cyaml_schema_field_t role_fields[] = {
    CYAML_FIELD_STRING_PTR("name", ALWAYS, struct tb_role, name, 1, NAME_MAX),
    CYAML_FIELD_STRING_PTR("zone", ALWAYS, struct tb_role, zone, 1, NAME_MAX),
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct tb_role, kind, kinds, NAMES(kinds)),
    CYAML_FIELD_MAPPING("titles", CYAML_FLAG_DEFAULT, struct tb_role, titles, sentence_fields),
    RULE_FIELDS(struct tb_role),
    CYAML_FIELD_STRING_PTR("lead", MAYBE, struct tb_role, lead, 1, NAME_MAX),
    CYAML_FIELD_STRING_PTR("offline", MAYBE, struct tb_role, offline, 1, NAME_MAX),
    CYAML_FIELD_SEQUENCE("sees", MAYBE, struct tb_role, sees, &name, 0, TB_FACTS_MAX),
    CYAML_FIELD_SEQUENCE("for", MAYBE, struct tb_role, purposes, &name, 0, TB_PURPOSES_MAX),
    CYAML_FIELD_MAPPING("on_match", CYAML_FLAG_OPTIONAL, struct tb_role, on_match, match_fields),
    CYAML_FIELD_ENUM("match", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct tb_role, match_at_server, matchers,
                     NAMES(matchers)),
    CYAML_FIELD_ENUM("group", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct tb_role, group, groups, NAMES(groups)),
    CYAML_FIELD_MAPPING_PTR("sign", MAYBE, struct tb_role, sign, sign_fields),
    CYAML_FIELD_MAPPING_PTR("between", MAYBE, struct tb_role, between, between_fields),
    CYAML_FIELD_STRING_PTR("deliver_every", MAYBE, struct tb_role, deliver_every, 1, NAME_MAX),
    CYAML_FIELD_STRING_PTR("near", MAYBE, struct tb_role, near, 1, NAME_MAX),
    CYAML_FIELD_ENUM("without_position", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct tb_role, without_position,
                     unknowns, NAMES(unknowns)),
    CYAML_FIELD_STRING_PTR("report_every", MAYBE, struct tb_role, report_every, 1, NAME_MAX),
    CYAML_FIELD_BOOL("asks_server", CYAML_FLAG_OPTIONAL, struct tb_role, asks_server),
    CYAML_FIELD_BOOL("asks_central", CYAML_FLAG_OPTIONAL, struct tb_role, asks_central),
    CYAML_FIELD_STRING_PTR("unknown", MAYBE, struct tb_role, unknown, 1, NAME_MAX),
    CYAML_FIELD_MAPPING("step_up", CYAML_FLAG_OPTIONAL, struct tb_role, step_up, step_up_fields),
    CYAML_FIELD_ENUM("challenge", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct tb_role, challenge, challenges,
                     NAMES(challenges)),
    CYAML_FIELD_MAPPING_PTR("welcome", MAYBE, struct tb_role, welcome, sentence_fields),
    CYAML_FIELD_SEQUENCE("documents", MAYBE, struct tb_role, documents, &document, 1, 2),
    CYAML_FIELD_ENUM("reference", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct tb_role, reference, references,
                     NAMES(references)),
    CYAML_FIELD_BOOL("staff_confirms", CYAML_FLAG_OPTIONAL, struct tb_role, staff_confirms),
    CYAML_FIELD_BOOL("offers_templates", CYAML_FLAG_OPTIONAL, struct tb_role, offers_templates),
    CYAML_FIELD_FLOAT("fpir", CYAML_FLAG_OPTIONAL, struct tb_role, fpir),
    CYAML_FIELD_END};
static const cyaml_schema_value_t role = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct tb_role, role_fields)};

static const cyaml_schema_field_t reason_fields[] = {
    CYAML_FIELD_STRING_PTR("name", ALWAYS, tb_reason, name, 1, NAME_MAX),
    CYAML_FIELD_STRING_PTR("ja", ALWAYS, tb_reason, ja, 1, SENTENCE_MAX),
    CYAML_FIELD_STRING_PTR("en", ALWAYS, tb_reason, en, 1, SENTENCE_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t reason = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_reason, reason_fields)};

static const cyaml_schema_field_t word_fields[] = {CYAML_FIELD_STRING_PTR("name", ALWAYS, tb_reason, name, 1, NAME_MAX),
                                                   CYAML_FIELD_STRING_PTR("ja", ALWAYS, tb_reason, ja, 1, WORD_MAX),
                                                   CYAML_FIELD_STRING_PTR("en", ALWAYS, tb_reason, en, 1, WORD_MAX),
                                                   CYAML_FIELD_END};
static const cyaml_schema_value_t word = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_reason, word_fields)};

static const cyaml_schema_field_t purpose_fields[] = {
    CYAML_FIELD_STRING_PTR("name", ALWAYS, tb_purpose, name, 1, NAME_MAX),
    CYAML_FIELD_MAPPING("titles", CYAML_FLAG_DEFAULT, tb_purpose, titles, sentence_fields), CYAML_FIELD_END};
static const cyaml_schema_value_t purpose = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_purpose, purpose_fields)};

static const cyaml_schema_field_t journey_fields[] = {
    CYAML_FIELD_STRING_PTR("name", ALWAYS, tb_journey, name, 1, NAME_MAX),
    CYAML_FIELD_MAPPING("titles", CYAML_FLAG_DEFAULT, tb_journey, titles, sentence_fields),
    CYAML_FIELD_SEQUENCE("steps", ALWAYS, tb_journey, steps, &name, 1, TB_STEPS_MAX), CYAML_FIELD_END};
static const cyaml_schema_value_t journey = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_journey, journey_fields)};

static const cyaml_schema_field_t reference_fields[] = {
    CYAML_FIELD_MAPPING("titles", CYAML_FLAG_DEFAULT, tb_reference_form, titles, sentence_fields),
    CYAML_FIELD_STRING_PTR("pattern", MAYBE, tb_reference_form, pattern, 1, TB_REFERENCE_SIZE - 1),
    CYAML_FIELD_STRING_PTR("fact", MAYBE, tb_reference_form, fact, 1, NAME_MAX),
    CYAML_FIELD_ENUM("check", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, tb_reference_form, check, checks, NAMES(checks)),
    CYAML_FIELD_END};

static const cyaml_schema_field_t profile_fields[] = {
    CYAML_FIELD_STRING_PTR("name", ALWAYS, tb_profile, name, 1, NAME_MAX),
    CYAML_FIELD_SEQUENCE("purposes", MAYBE, tb_profile, purposes, &purpose, 0, TB_PURPOSES_MAX),
    /* "status" and "flag" are built in and count too */
    CYAML_FIELD_SEQUENCE("facts", ALWAYS, tb_profile, facts, &fact, 0, TB_FACTS_MAX - 2),
    CYAML_FIELD_SEQUENCE("statuses", ALWAYS, tb_profile, statuses, &name, 1, 32),
    CYAML_FIELD_MAPPING("consent", CYAML_FLAG_DEFAULT, tb_profile, consent, sentence_fields),
    CYAML_FIELD_MAPPING_PTR("reference", MAYBE, tb_profile, reference, reference_fields),
    CYAML_FIELD_SEQUENCE("consents", MAYBE, tb_profile, consents, &further_consent, 0, TB_CONSENTS_MAX),
    CYAML_FIELD_MAPPING_PTR("retention", MAYBE, tb_profile, retention, retention_fields),
    CYAML_FIELD_MAPPING("visitors", CYAML_FLAG_DEFAULT, tb_profile, visitors, visitors_fields),
    CYAML_FIELD_SEQUENCE("zones", ALWAYS, tb_profile, zones, &zone, 1, 32),
    CYAML_FIELD_SEQUENCE("roles", ALWAYS, tb_profile, roles, &role, 1, 32),
    CYAML_FIELD_SEQUENCE("reasons", ALWAYS, tb_profile, reasons, &reason, 0, 128),
    CYAML_FIELD_SEQUENCE("words", MAYBE, tb_profile, words, &word, 0, 192),
    CYAML_FIELD_SEQUENCE("journeys", MAYBE, tb_profile, journeys, &journey, 0, 16), CYAML_FIELD_END};
const cyaml_schema_value_t tb_profile_schema = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, tb_profile, profile_fields)};

/* libcyaml reports through a log: the cause first, then a trace from the innermost value outwards. */
typedef struct report {
    char cause[160];
    int line;
    /* the first line of the trace names the last field that was there, not the mapping where one is missing */
    int skip;
} report;

static void note(cyaml_log_t level, void *context, const char *format, va_list args)
{
    report *to = context;
    char text[256];
    (void)level;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    const char *place = strstr(text, "(line: ");
    if (place && strncmp(text, "  in ", 5) == 0) {
        if (to->skip)
            to->skip = 0;
        else if (to->line == 0)
            to->line = atoi(place + strlen("(line: "));
    } else if (!to->cause[0] && !strstr(text, "Backtrace")) {
        const char *start = strncmp(text, "Load: ", 6) == 0 ? text + 6 : text;
        snprintf(to->cause, sizeof to->cause, "%.150s", start);
        to->skip = strncmp(start, "Missing required", 16) == 0;
    }
}

static void *take(void *context, void *memory, size_t size)
{
    (void)context;
    if (size)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

static cyaml_config_t config_for(report *to, int lenient)
{
    return (cyaml_config_t){.log_fn = note,
                            .log_ctx = to,
                            .log_level = CYAML_LOG_ERROR,
                            .mem_fn = take,
                            .flags = CYAML_CFG_NO_ALIAS | (lenient ? CYAML_CFG_IGNORE_UNKNOWN_KEYS : 0)};
}

tb_status tb_profile_load(tb_span yaml, int lenient, tb_profile **out, char *cause, int *line)
{
    report problem = {0};
    cyaml_config_t config = config_for(&problem, lenient);
    *out = NULL;
    cyaml_err_t error = cyaml_load_data(yaml.data, yaml.size, &config, &tb_profile_schema, (cyaml_data_t **)out, NULL);
    if (error == CYAML_OK && *out)
        return TB_OK;
    *line = problem.line > 0 ? problem.line : 1;
    snprintf(cause, 200, "%s", problem.cause[0] ? problem.cause : cyaml_strerror(error));
    return error == CYAML_ERR_OOM ? TB_NO_MEMORY : TB_MALFORMED;
}

void tb_profile_unload(tb_profile *loaded)
{
    report problem = {0};
    cyaml_config_t config = config_for(&problem, 0);
    cyaml_free(&config, &tb_profile_schema, loaded, 0);
}
