/* The manifest: the one that ships is good, and every slip in one is refused with the place named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tebura/decision.h>

#include "face/network.h"
#include "manifests.h"

static tb_bytes shipped(void)
{
    tb_bytes yaml = {0};
    tb_error why = {0};
    assert_int_equal(tb_file_read(TEBURA_SOURCE_DIR "/models/manifest.yaml", 1 << 20, &yaml, &why), TB_OK);
    return yaml;
}

/* Where the fitted tail, without any bound, has this false match rate (generalised Pareto distribution). */
static double found_at(const tb_manifest *manifest, double rate)
{
    double shape = manifest->calibration.tail.shape, scale = manifest->calibration.tail.scale;
    return manifest->calibration.tail.start +
           scale / shape * (pow(rate / manifest->calibration.tail.fraction, -shape) - 1);
}

static void the_one_that_ships(void **state)
{
    (void)state;
    tb_bytes yaml = shipped();
    tb_manifest manifest;
    tb_error why = {0};
    assert_int_equal(tb_manifest_parse(tb_bytes_span(&yaml), &manifest, &why), TB_OK);
    assert_int_equal(manifest.embed.model, 2276117023u);
    assert_int_equal(manifest.embed.dimension, 512);
    assert_int_equal(manifest.liveness.network.input.order, TB_BGR);
    assert_true(fabsf(manifest.embed.points[9] - 92.2041f) < 1e-4f);
    const tb_calibration *numbers = &manifest.calibration.numbers;
    /* The bound lies above what was found, not absurdly far, and grows with the list. */
    for (size_t rows = 1; rows <= 10000; rows *= 10) {
        double rate = 1e-3 / (double)rows;
        float threshold = tb_decision_threshold(numbers, rows, 1e-3);
        assert_true(threshold > found_at(&manifest, rate) && threshold < found_at(&manifest, rate) + 0.2);
        assert_true(threshold > tb_decision_threshold(numbers, rows, 2e-3));
    }
    assert_true(tb_calibration_fmr(numbers, numbers->verification) < 2e-3);
    assert_true(manifest.calibration.provisional);
    assert_int_equal(manifest.calibration.measured.people, 32);
    assert_true(manifest.calibration.measured.impostor > 19000 && manifest.calibration.genuine_count == 5);
    assert_true(manifest.calibration.tail.shape <= 0 && manifest.calibration.tail.shape >= -0.5);
    tb_bytes_free(&yaml);
}

/* The shipped text with one piece replaced. */
static tb_status parse_changed(const char *from, const char *to, tb_error *why)
{
    tb_bytes yaml = shipped(), changed = {0};
    assert_int_equal(tb_bytes_append(&yaml, tb_span_of("", 1)), TB_OK);
    char *place = strstr((char *)yaml.data, from);
    assert_non_null(place);
    assert_int_equal(tb_bytes_append(&changed, tb_span_of(yaml.data, (size_t)(place - (char *)yaml.data))), TB_OK);
    assert_int_equal(tb_bytes_append(&changed, tb_span_text(to)), TB_OK);
    assert_int_equal(tb_bytes_append(&changed, tb_span_text(place + strlen(from))), TB_OK);
    tb_manifest manifest;
    *why = (tb_error){0};
    tb_status status = tb_manifest_parse(tb_bytes_span(&changed), &manifest, why);
    tb_bytes_free(&yaml);
    tb_bytes_free(&changed);
    return status;
}

static void every_slip_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *says;
        tb_status status;
    } cases[] = {
        {"version: 1", "version: 2", "version 2", TB_UNSUPPORTED},
        {"file: fr_detect.onnx", "file: ../../etc/passwd", "plain file name", TB_MALFORMED},
        {"sha256: 6c02", "sha256: XX02", "hexadecimal", TB_MALFORMED},
        {"width: 320", "width: 0", "width", TB_MALFORMED},
        {"width: 320", "width: -5", "field 'width'", TB_MALFORMED},
        {"divisor: 128}", "divisor: 0}", "divisor", TB_MALFORMED},
        {"divisor: 128}", "divisor: .nan}", "divisor", TB_MALFORMED},
        {"order: bgr", "order: cmyk", "cmyk", TB_MALFORMED},
        {"model: 2276117023", "model: 0", "model", TB_MALFORMED},
        {"dimension: 512", "dimension: 5000", "dimension", TB_MALFORMED},
        {"threshold: 0.65", "threshold: 0", "threshold", TB_MALFORMED},
        {"{fmr: 0.0001,", "{fmr: 0.5,", "fall", TB_MALFORMED},
        {"{fmr: 0.0001,", "{fmr: -1,", "1e-15", TB_MALFORMED},
        {"{fmr: 0.0001,", "{fmr: .nan,", "nan", TB_MALFORMED},
        {"  curve:", "  offset: 4.58\n  curve:", "offset", TB_MALFORMED}, /* the form before */
        {"  curve:", "  genuine: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n  curve:", "", TB_MALFORMED},
        {"open: 1 ", "open: 99 ", "eyes, open", TB_MALFORMED},
        {"margin: 1.6 ", "margin: 0 ", "eyes, open", TB_MALFORMED},
        {"margin: 1.05", "margin: 11", "pose, margin", TB_MALFORMED},
        {"degrees: [-3", "degrees: [0", "pose, degrees", TB_MALFORMED},
        {"degrees: [-3", "degrees: [-3, -3", "", TB_MALFORMED},
        {"liveness: 0.5", "liveness: 0", "liveness", TB_MALFORMED},
        {"  margin: 0.05", "  marjin: 0.05", "marjin", TB_MALFORMED},
        {"  margin: 0.05\n  ver", "  margin: many\n  ver", "many", TB_MALFORMED},
        {"92.2041]", "92.2041, 3]", "", TB_MALFORMED},
        {"calibration:", "calibration: &a *a", "", TB_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tb_error why;
        tb_status status = parse_changed(cases[i].from, cases[i].to, &why);
        if (status != cases[i].status || !strstr(why.text, cases[i].says))
            fail_msg("'%s': %s: %s", cases[i].to, tb_status_name(status), why.text);
    }
    tb_manifest manifest;
    tb_error why = {0};
    assert_int_equal(tb_manifest_parse(tb_span_of("", 0), &manifest, &why), TB_MALFORMED);
    assert_int_equal(tb_manifest_parse(tb_span_text("[1, 2"), &manifest, &why), TB_MALFORMED);
}

/* Pose and eyes may be left out: the rest works as before. */
static void what_may_be_left_out(void **state)
{
    (void)state;
    tb_bytes yaml = shipped();
    assert_int_equal(tb_bytes_append(&yaml, tb_span_of("", 1)), TB_OK);
    char *from = strstr((char *)yaml.data, "\npose:"), *to = strstr((char *)yaml.data, "\ncalibration:");
    assert_true(from && to && from < to);
    memset(from + 1, ' ', (size_t)(to - from - 1));
    from[1] = '#';
    for (char *at = from + 2; at < to - 1; at++)
        *at = '.';
    char folder[] = "/tmp/tebura-manifest-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/manifest.yaml", folder);
    tb_error why = {0};
    assert_int_equal(tb_file_write(path, tb_span_text((char *)yaml.data), &why), TB_OK);
    tb_engine *engine = NULL;
    tb_engine_options options = {
        .manifest = path, .directory = TEBURA_DEPS_DIR "/models", .with_pose = 1, .with_eyes = 1};
    assert_int_equal(tb_engine_open(&options, &engine, &why), TB_OK);
    tb_image image;
    assert_int_equal(tb_image_new(64, 64, &image), TB_OK);
    tb_face face = {.box = {8, 8, 40, 40}, .has_landmarks = 1};
    tb_pose pose;
    float open[2];
    assert_int_equal(tb_engine_pose(engine, &image, &face, &pose), TB_UNSUPPORTED);
    assert_int_equal(tb_engine_eyes(engine, &image, &face, open), TB_UNSUPPORTED);
    tb_image_free(&image);
    tb_engine_free(&engine);
    tb_bytes_free(&yaml);
    unlink(path);
    rmdir(folder);
}

static void a_network_that_is_not_the_one_meant(void **state)
{
    (void)state;
    tb_bytes yaml = shipped(), model = {0};
    tb_manifest manifest;
    tb_error why = {0};
    assert_int_equal(tb_manifest_parse(tb_bytes_span(&yaml), &manifest, &why), TB_OK);
    char folder[] = "/tmp/tebura-models-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    assert_int_equal(tb_manifest_load(&manifest.detect.network, folder, "manifest.yaml", &model, &why),
                     TB_MODEL_MISSING);
    assert_non_null(strstr(why.text, "tools/setup"));
    snprintf(path, sizeof path, "%s/fr_detect.onnx", folder);
    assert_int_equal(tb_file_write(path, tb_span_text("something else"), &why), TB_OK);
    assert_int_equal(tb_manifest_load(&manifest.detect.network, folder, "manifest.yaml", &model, &why),
                     TB_MODEL_MISSING);
    assert_non_null(strstr(why.text, "SHA-256"));
    tb_engine *engine;
    assert_int_equal(tb_engine_open(&(tb_engine_options){.directory = folder}, &engine, &why), TB_MODEL_MISSING);
    assert_null(engine);
    tb_bytes_free(&model);
    tb_bytes_free(&yaml);
    unlink(path);
    rmdir(folder);
}

/* The hash is the one in the manifest and the file is no network: the runtime's complaint becomes a sentence. */
static void a_file_that_is_no_network(void **state)
{
    (void)state;
    tb_error why = {0};
    tb_runtime runtime;
    tb_network network;
    tb_network_entry entry = {.file = "x.onnx", .input = {.width = 64, .height = 64, .order = TB_RGB, .divisor = 1}};
    assert_int_equal(tb_runtime_open(1, &runtime, &why), TB_OK);
    assert_int_equal(tb_network_open(&runtime, &entry, tb_span_text("no network"), &network, &why), TB_MODEL_FAILED);
    assert_non_null(strstr(why.text, "x.onnx"));
    tb_network_close(&network); /* of what never opened: allowed */
    tb_runtime_close(&runtime);
}

/* A network whose input has another shape than the manifest says. */
static void a_network_of_another_shape(void **state)
{
    (void)state;
    tb_bytes yaml = shipped(), model = {0};
    tb_manifest manifest;
    tb_error why = {0};
    tb_runtime runtime;
    tb_network network;
    assert_int_equal(tb_manifest_parse(tb_bytes_span(&yaml), &manifest, &why), TB_OK);
    assert_int_equal(
        tb_manifest_load(&manifest.landmarks.network, NULL, TEBURA_SOURCE_DIR "/models/manifest.yaml", &model, &why),
        TB_OK);
    manifest.landmarks.network.input.width = 32;
    assert_int_equal(tb_runtime_open(1, &runtime, &why), TB_OK);
    assert_int_equal(tb_network_open(&runtime, &manifest.landmarks.network, tb_bytes_span(&model), &network, &why),
                     TB_MODEL_FAILED);
    tb_runtime_close(&runtime);
    tb_bytes_free(&model);
    tb_bytes_free(&yaml);
}

/* X12: models that are still recognised beside the one in force. */
static void former_models(void **state)
{
    (void)state;
    static tb_manifest manifest;
    tb_model models[TB_MODELS_MAX];
    tb_bytes yaml = {0};
    tb_error why = {0};
    manifests_make(MANIFESTS_BOTH, &yaml);
    if (tb_manifest_parse(tb_bytes_span(&yaml), &manifest, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    assert_int_equal(manifest.former_count, 1);
    assert_int_equal(tb_manifest_models(&manifest, models), 2);
    assert_int_equal(models[0].id, manifest.embed.model);
    assert_int_equal(models[1].id, MANIFESTS_OLD_MODEL);
    assert_int_equal(models[1].dimension, 512);
    assert_true(models[1].calibration.curve[1].similarity == models[0].calibration.curve[1].similarity);
    assert_true(manifest.former[0].embed.points[0] != manifest.embed.points[0]);
    yaml.size = 0;
    manifests_make(MANIFESTS_OLD, &yaml);
    assert_int_equal(tb_manifest_parse(tb_bytes_span(&yaml), &manifest, &why), TB_OK);
    assert_int_equal(tb_manifest_models(&manifest, models), 1);
    assert_int_equal(models[0].id, MANIFESTS_OLD_MODEL);
    yaml.size = 0;
    manifests_make(MANIFESTS_BOTH_TWICE, &yaml); /* two models with one number */
    assert_int_equal(tb_manifest_parse(tb_bytes_span(&yaml), &manifest, &why), TB_MALFORMED);
    assert_non_null(strstr(tb_error_text(&why), "number of its own"));
    tb_bytes_free(&yaml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(former_models),
                                       cmocka_unit_test(the_one_that_ships),
                                       cmocka_unit_test(every_slip_is_refused),
                                       cmocka_unit_test(what_may_be_left_out),
                                       cmocka_unit_test(a_network_that_is_not_the_one_meant),
                                       cmocka_unit_test(a_file_that_is_no_network),
                                       cmocka_unit_test(a_network_of_another_shape)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
