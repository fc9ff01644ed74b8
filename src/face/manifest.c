/* manifest.c: the manifest by schema, then by sense: a number that would make nonsense later is refused here. */
#include "face/manifest.h"

#include <cyaml/cyaml.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1 };

#define STRING(key, type, member) CYAML_FIELD_STRING(key, CYAML_FLAG_DEFAULT, type, member, 1)
#define FLOAT(key, type, member) CYAML_FIELD_FLOAT(key, CYAML_FLAG_DEFAULT, type, member)
#define UINT(key, type, member) CYAML_FIELD_UINT(key, CYAML_FLAG_DEFAULT, type, member)
#define MAPPING(key, type, member, fields) CYAML_FIELD_MAPPING(key, CYAML_FLAG_DEFAULT, type, member, fields)

static const cyaml_strval_t orders[] = {{"rgb", TB_RGB}, {"bgr", TB_BGR}, {"grey", TB_GREY}};

static const cyaml_schema_field_t input_fields[] = {
    UINT("width", tb_network_input, width),
    UINT("height", tb_network_input, height),
    CYAML_FIELD_ENUM("order", CYAML_FLAG_STRICT, tb_network_input, order, orders, CYAML_ARRAY_LEN(orders)),
    FLOAT("mean", tb_network_input, mean),
    FLOAT("divisor", tb_network_input, divisor),
    CYAML_FIELD_END};

static const cyaml_schema_field_t network_fields[] = {STRING("file", tb_network_entry, file),
                                                      STRING("sha256", tb_network_entry, sha256),
                                                      STRING("source", tb_network_entry, source),
                                                      STRING("licence", tb_network_entry, licence),
                                                      MAPPING("input", tb_network_entry, input, input_fields),
                                                      CYAML_FIELD_END};

#define NETWORK(type) MAPPING("network", struct type, network, network_fields)

static const cyaml_schema_field_t detect_fields[] = {NETWORK(tb_detect_entry),
                                                     FLOAT("threshold", struct tb_detect_entry, threshold),
                                                     FLOAT("overlap", struct tb_detect_entry, overlap),
                                                     FLOAT("shrink", struct tb_detect_entry, shrink), CYAML_FIELD_END};

static const cyaml_schema_field_t landmarks_fields[] = {NETWORK(tb_landmarks_entry), CYAML_FIELD_END};

static const cyaml_schema_value_t coordinate = {CYAML_VALUE_FLOAT(CYAML_FLAG_DEFAULT, float)};
static const cyaml_schema_field_t embed_fields[] = {
    NETWORK(tb_embed_entry),
    UINT("model", struct tb_embed_entry, model),
    UINT("dimension", struct tb_embed_entry, dimension),
    CYAML_FIELD_SEQUENCE_FIXED("points", CYAML_FLAG_DEFAULT, struct tb_embed_entry, points, &coordinate, 10),
    CYAML_FIELD_UINT("mirror", CYAML_FLAG_OPTIONAL, struct tb_embed_entry, mirror),
    CYAML_FIELD_END};

static const cyaml_schema_field_t liveness_fields[] = {
    NETWORK(tb_liveness_entry), UINT("live", struct tb_liveness_entry, live),
    FLOAT("margin", struct tb_liveness_entry, margin), CYAML_FIELD_END};

static const cyaml_schema_field_t pose_fields[] = {
    NETWORK(tb_pose_entry), FLOAT("margin", struct tb_pose_entry, margin),
    CYAML_FIELD_SEQUENCE_FIXED("degrees", CYAML_FLAG_DEFAULT, struct tb_pose_entry, degrees, &coordinate, 3),
    CYAML_FIELD_END};

static const cyaml_schema_field_t eyes_fields[] = {NETWORK(tb_eyes_entry), UINT("open", struct tb_eyes_entry, open),
                                                   FLOAT("margin", struct tb_eyes_entry, margin), CYAML_FIELD_END};

static const cyaml_schema_field_t knot_fields[] = {FLOAT("fmr", tb_knot, fmr), FLOAT("similarity", tb_knot, similarity),
                                                   CYAML_FIELD_END};
static const cyaml_schema_value_t knot = {CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, tb_knot, knot_fields)};

#define MEASURED_UINT(key) CYAML_FIELD_UINT(#key, CYAML_FLAG_DEFAULT, struct tb_calibration_source, key)
static const cyaml_schema_field_t measured_fields[] = {STRING("date", struct tb_calibration_source, date),
                                                       STRING("source", struct tb_calibration_source, source),
                                                       MEASURED_UINT(people),
                                                       MEASURED_UINT(pictures),
                                                       MEASURED_UINT(genuine),
                                                       MEASURED_UINT(impostor),
                                                       CYAML_FIELD_END};

#define TAIL_FLOAT(key) FLOAT(#key, struct tb_calibration_tail, key)
static const cyaml_schema_field_t tail_fields[] = {TAIL_FLOAT(fraction), TAIL_FLOAT(start), TAIL_FLOAT(shape),
                                                   TAIL_FLOAT(scale), CYAML_FIELD_END};

static const cyaml_schema_field_t calibration_fields[] = {
    CYAML_FIELD_BOOL("provisional", CYAML_FLAG_DEFAULT, struct tb_calibration_entry, provisional),
    CYAML_FIELD_MAPPING("measured", CYAML_FLAG_OPTIONAL, struct tb_calibration_entry, measured, measured_fields),
    CYAML_FIELD_SEQUENCE_COUNT("curve", CYAML_FLAG_DEFAULT, struct tb_calibration_entry, numbers.curve, numbers.knots,
                               &knot, 2, TB_KNOTS_MAX),
    CYAML_FIELD_MAPPING("tail", CYAML_FLAG_OPTIONAL, struct tb_calibration_entry, tail, tail_fields),
    CYAML_FIELD_SEQUENCE("genuine", CYAML_FLAG_OPTIONAL, struct tb_calibration_entry, genuine, &coordinate, 0, 8),
    FLOAT("margin", struct tb_calibration_entry, numbers.margin),
    FLOAT("verification", struct tb_calibration_entry, numbers.verification),
    FLOAT("liveness", struct tb_calibration_entry, numbers.liveness),
    CYAML_FIELD_END};

static const cyaml_schema_field_t former_fields[] = {
    MAPPING("embed", struct tb_former_entry, embed, embed_fields),
    MAPPING("calibration", struct tb_former_entry, calibration, calibration_fields), CYAML_FIELD_END};
static const cyaml_schema_value_t former = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct tb_former_entry, former_fields)};

static const cyaml_schema_field_t manifest_fields[] = {
    CYAML_FIELD_SEQUENCE("former", CYAML_FLAG_OPTIONAL, tb_manifest, former, &former, 0, TB_MODELS_MAX - 1),
    UINT("version", tb_manifest, version),
    MAPPING("detect", tb_manifest, detect, detect_fields),
    MAPPING("landmarks", tb_manifest, landmarks, landmarks_fields),
    MAPPING("embed", tb_manifest, embed, embed_fields),
    MAPPING("liveness", tb_manifest, liveness, liveness_fields),
    CYAML_FIELD_MAPPING("pose", CYAML_FLAG_OPTIONAL, tb_manifest, pose, pose_fields),
    CYAML_FIELD_MAPPING("eyes", CYAML_FLAG_OPTIONAL, tb_manifest, eyes, eyes_fields),
    MAPPING("calibration", tb_manifest, calibration, calibration_fields),
    CYAML_FIELD_END};

static const cyaml_schema_value_t manifest_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, tb_manifest, manifest_fields)};

/* ---- sense ---- */

static int is_hash(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static int is_within(double value, double low, double high)
{
    return value >= low && value <= high; /* a NaN is not */
}

static const char *check_network(const tb_network_entry *entry)
{
    if (strchr(entry->file, '/') || entry->file[0] == '.')
        return "file: a plain file name is wanted";
    if (!is_hash(entry->sha256))
        return "sha256: 64 lower-case hexadecimal digits are wanted";
    if (!is_within(entry->input.width, 8, 2048) || !is_within(entry->input.height, 8, 2048))
        return "input: width and height of 8 to 2048 are wanted";
    if (!isfinite(entry->input.mean) || !is_within(fabs(entry->input.divisor), 1e-6, 1e6))
        return "input: mean and divisor must be usable numbers";
    return NULL;
}

static const char *check_calibration(const tb_calibration *numbers)
{
    for (uint32_t i = 0; i < numbers->knots; i++) {
        const tb_knot *at = &numbers->curve[i];
        if (!is_within(at->fmr, 1e-15, 1) || !is_within(at->similarity, -1, 1))
            return "curve: fmr of 1e-15 to 1 and similarity of -1 to 1 are wanted";
        if (i && (!(at->fmr <= 0.99 * at[-1].fmr) || !(at->similarity >= at[-1].similarity + 1e-4f)))
            return "curve: from one to the next fmr has to fall and similarity to rise";
    }
    if (!is_within(numbers->margin, 0, 1) || !is_within(numbers->verification, 0, 1))
        return "margin and verification: 0 to 1 is wanted";
    /* At 0 everything would be live: fails closed means that the threshold is always above that. */
    if (!is_within(numbers->liveness, 0.01, 1))
        return "liveness: 0.01 to 1 is wanted";
    return NULL;
}

static const char *check_pose(const struct tb_pose_entry *pose)
{
    if (!pose->network.file[0])
        return NULL;
    if (!is_within(pose->margin, 0.5, 10))
        return "margin: 0.5 to 10 is wanted";
    for (int i = 0; i < 3; i++)
        if (!is_within(fabsf(pose->degrees[i]), 0.1, 90))
            return "degrees: 0.1 to 90 for each bin, or the negative, is wanted";
    return check_network(&pose->network);
}

static const char *check_eyes(const struct tb_eyes_entry *eyes)
{
    if (!eyes->network.file[0])
        return NULL;
    if (eyes->open > 15 || !is_within(eyes->margin, 0.5, 10))
        return "open: 0 to 15, margin: 0.5 to 10 is wanted";
    return check_network(&eyes->network);
}

static const char *check_embed(const struct tb_embed_entry *embed)
{
    if (embed->model == 0)
        return "model: a number other than 0 is wanted";
    if (embed->dimension < 1 || embed->dimension > TB_TEMPLATE_MAX_DIMENSION)
        return "dimension: 1 to 1024 is wanted";
    for (int i = 0; i < 10; i++)
        if (!is_within(embed->points[i], 0, 2048))
            return "points: pixels of the input are wanted";
    return check_network(&embed->network);
}

static const char *check_former(const tb_manifest *manifest)
{
    for (uint32_t i = 0; i < manifest->former_count; i++) {
        const struct tb_former_entry *former_one = &manifest->former[i];
        const char *complaint = check_embed(&former_one->embed);
        if (!complaint)
            complaint = check_calibration(&former_one->calibration.numbers);
        if (complaint)
            return complaint;
        if (former_one->embed.model == manifest->embed.model ||
            (i > 0 && former_one->embed.model == manifest->former[0].embed.model))
            return "model: every model has a number of its own";
    }
    return NULL;
}

static const char *check_stages(const tb_manifest *manifest)
{
    if (!is_within(manifest->detect.threshold, 0.01, 0.999) || !is_within(manifest->detect.overlap, 0, 1))
        return "threshold and overlap: between 0 and 1 is wanted";
    if (!is_within(manifest->detect.shrink, 1, 10))
        return "shrink: 1 to 10 is wanted";
    if (manifest->liveness.live > 15 || !is_within(manifest->liveness.margin, 0.5, 10))
        return "live: 0 to 15, margin: 0.5 to 10 is wanted";
    return NULL;
}

static tb_status check(const tb_manifest *manifest, tb_error *why)
{
    if (manifest->version != VERSION)
        return tb_fail(why, TB_UNSUPPORTED, "the manifest has version %u; this program reads version %d",
                       manifest->version, VERSION);
    const struct {
        const char *stage, *complaint;
    } findings[] = {{"detect", check_network(&manifest->detect.network)},
                    {"landmarks", check_network(&manifest->landmarks.network)},
                    {"embed", check_embed(&manifest->embed)},
                    {"liveness", check_network(&manifest->liveness.network)},
                    {"pose", check_pose(&manifest->pose)},
                    {"eyes", check_eyes(&manifest->eyes)},
                    {"stages", check_stages(manifest)},
                    {"calibration", check_calibration(&manifest->calibration.numbers)},
                    {"former", check_former(manifest)}};
    for (size_t i = 0; i < sizeof findings / sizeof *findings; i++)
        if (findings[i].complaint)
            return tb_fail(why, TB_MALFORMED, "the manifest, %s, %s", findings[i].stage, findings[i].complaint);
    return TB_OK;
}

static tb_model model_of(const struct tb_embed_entry *embed, const struct tb_calibration_entry *calibration)
{
    return (tb_model){.id = embed->model,
                      .dimension = (uint16_t)embed->dimension,
                      .modality = TB_MODALITY_FACE,
                      .calibration = calibration->numbers};
}

int tb_manifest_models(const tb_manifest *manifest, tb_model out[TB_MODELS_MAX])
{
    out[0] = model_of(&manifest->embed, &manifest->calibration);
    for (uint32_t i = 0; i < manifest->former_count; i++)
        out[i + 1] = model_of(&manifest->former[i].embed, &manifest->former[i].calibration);
    return 1 + (int)manifest->former_count;
}

/* ---- reading ---- */

/* libcyaml speaks in several lines: the complaint first, then where it stood, from the inside to the outside. The
 * first of each is kept; `status` counts the places. */
static void keep_first(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
    tb_error *said = context;
    char line[160];
    if (level < CYAML_LOG_ERROR || vsnprintf(line, sizeof line, format, arguments) <= 0)
        return;
    line[strcspn(line, "\n")] = '\0';
    size_t used = strlen(said->text);
    int is_place = strstr(line, "in mapping") != NULL || strstr(line, "in sequence") != NULL;
    if (used == 0)
        snprintf(said->text, sizeof said->text, "%s", line);
    else if (is_place && said->status == TB_OK)
        snprintf(said->text + used, sizeof said->text - used, ", %s", line + strspn(line, " "));
    if (is_place)
        said->status = TB_MALFORMED;
}

static void *allocate(void *context, void *memory, size_t size)
{
    (void)context;
    if (size)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

tb_status tb_manifest_parse(tb_span yaml, tb_manifest *out, tb_error *why)
{
    memset(out, 0, sizeof *out);
    if (yaml.size == 0)
        return tb_fail(why, TB_MALFORMED, "the manifest is empty");
    tb_error said = {0};
    const cyaml_config_t config = {.log_fn = keep_first,
                                   .log_ctx = &said,
                                   .log_level = CYAML_LOG_ERROR,
                                   .mem_fn = allocate,
                                   .flags = CYAML_CFG_NO_ALIAS};
    tb_manifest *loaded = NULL;
    cyaml_err_t error =
        cyaml_load_data(yaml.data, yaml.size, &config, &manifest_schema, (cyaml_data_t **)&loaded, NULL);
    if (error != CYAML_OK)
        return error == CYAML_ERR_OOM ? tb_fail(why, TB_NO_MEMORY, "out of memory while reading the manifest")
                                      : tb_fail(why, TB_MALFORMED, "the manifest: %.230s",
                                                said.text[0] ? said.text : cyaml_strerror(error));
    if (!loaded)
        return tb_fail(why, TB_MALFORMED, "the manifest is empty");
    tb_status status = check(loaded, why);
    if (status == TB_OK)
        *out = *loaded;
    if (cyaml_free(&config, &manifest_schema, loaded, 0) != CYAML_OK && status == TB_OK)
        status = TB_INTERNAL;
    return status;
}
