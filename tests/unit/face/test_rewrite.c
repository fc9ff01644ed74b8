/* The rewritten networks give what the files give; a damaged file gives a status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#include "face/network.h"
#include "face/rewrite.h"

#define MODEL(name) TEBURA_DEPS_DIR "/models/" name

static tb_bytes read_model(const char *path)
{
    tb_bytes bytes = {0};
    tb_error why = {0};
    assert_int_equal(tb_file_read(path, (size_t)1 << 28, &bytes, &why), TB_OK);
    return bytes;
}

static tb_network open_network(const char *path, tb_network_input input, tb_runtime *runtime, int as_filed)
{
    tb_network_entry entry = {.file = "network", .input = input};
    tb_bytes model = read_model(path);
    tb_network network;
    tb_error why = {0};
    assert_int_equal(tb_runtime_open(1, runtime, &why), TB_OK);
    runtime->as_filed = as_filed;
    assert_int_equal(tb_network_open(runtime, &entry, tb_bytes_span(&model), &network, &why), TB_OK);
    tb_bytes_free(&model);
    return network;
}

/* The largest difference, in shares of the largest output, over inputs of noise. */
static float compare(const char *path, tb_network_input input)
{
    tb_runtime runtimes[2];
    tb_network filed = open_network(path, input, &runtimes[0], 1), fast = open_network(path, input, &runtimes[1], 0);
    uint32_t state = 1;
    float worst = 0, most = 0;
    assert_int_equal(filed.output_count, fast.output_count);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < filed.input.count; i++) {
            state = state * 1664525 + 1013904223;
            float sample = ((float)(state >> 24) - input.mean) / input.divisor;
            filed.input.values[i] = fast.input.values[i] = sample;
        }
        assert_int_equal(tb_network_run(&filed), TB_OK);
        assert_int_equal(tb_network_run(&fast), TB_OK);
        for (size_t k = 0; k < filed.output_count; k++)
            for (size_t i = 0; i < filed.outputs[k].count; i++) {
                most = fmaxf(most, fabsf(filed.outputs[k].values[i]));
                worst = fmaxf(worst, fabsf(filed.outputs[k].values[i] - fast.outputs[k].values[i]));
            }
    }
    tb_network_close(&filed);
    tb_network_close(&fast);
    tb_runtime_close(&runtimes[0]);
    tb_runtime_close(&runtimes[1]);
    assert_true(most > 0);
    return worst / most;
}

static void the_numbers_stay_the_same(void **state)
{
    (void)state;
    tb_network_input embed = {112, 112, TB_RGB, 127.5f, 128}, liveness = {128, 128, TB_BGR, 0, 1};
    assert_true(compare(MODEL("fr_feature.onnx"), embed) < 1e-4f);
    assert_true(compare(MODEL("fr_liveness.onnx"), liveness) < 1e-4f);
}

static int contains(const tb_bytes *bytes, const char *text)
{
    return memmem(bytes->data, bytes->size, text, strlen(text)) != NULL;
}

/* Every activation of these two is said anew; the others have none and are left alone. */
static void what_can_gain_is_rewritten(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        tb_status status;
    } files[] = {{MODEL("fr_feature.onnx"), TB_OK},         {MODEL("fr_liveness.onnx"), TB_OK},
                 {MODEL("fr_detect.onnx"), TB_UNSUPPORTED}, {MODEL("fr_landmark.onnx"), TB_UNSUPPORTED},
                 {MODEL("fr_pose.onnx"), TB_UNSUPPORTED},   {MODEL("fr_eye.onnx"), TB_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tb_bytes model = read_model(files[i].path), out = {0};
        assert_int_equal(tb_network_rewrite(tb_bytes_span(&model), &out), files[i].status);
        if (files[i].status == TB_OK)
            assert_true(contains(&model, "PRelu") && !contains(&out, "PRelu"));
        else
            assert_int_equal(out.size, 0);
        tb_bytes_free(&model);
        tb_bytes_free(&out);
    }
}

/* Files that no exporter writes: sizes that contradict each other, a circle, ways that multiply, names that several
 * have or nobody. Made by hand; the fuzzer starts from them, too. */
static void hostile_files(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        tb_status status;
    } files[] = {{"plain", TB_OK},
                 {"depthwise", TB_OK},
                 {"reads_more", TB_UNSUPPORTED},
                 {"scales_more", TB_UNSUPPORTED},
                 {"circle", TB_UNSUPPORTED},
                 {"thicket", TB_UNSUPPORTED},
                 {"nameless", TB_UNSUPPORTED},
                 {"two_give_it", TB_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/fuzz/corpus/onnx/%s", TEBURA_SOURCE_DIR, files[i].name);
        tb_bytes model = read_model(path), out = {0};
        assert_int_equal(tb_network_rewrite(tb_bytes_span(&model), &out), files[i].status);
        tb_bytes_free(&model);
        tb_bytes_free(&out);
    }
}

/* Cut anywhere, or with bytes changed: a status, no crash, nothing read that is not there (the sanitizers look). */
static void damaged_files(void **state)
{
    (void)state;
    tb_bytes model = read_model(MODEL("fr_landmark.onnx")), live = read_model(MODEL("fr_liveness.onnx")), out = {0};
    for (size_t i = 0; i < 60; i++) {
        size_t size = model.size * i / 60;
        tb_span cut = {memcpy(malloc(size + 1), model.data, size), size};
        tb_status status = tb_network_rewrite(cut, &out);
        assert_true(status == TB_MALFORMED || status == TB_UNSUPPORTED);
        free((void *)cut.data);
    }
    uint32_t random = 7;
    for (int i = 0; i < 150; i++) {
        tb_bytes damaged = {0};
        assert_int_equal(tb_bytes_append(&damaged, tb_bytes_span(&live)), TB_OK);
        for (int k = 0; k < 20; k++) {
            random = random * 1664525 + 1013904223;
            /* the names and sizes lie in the first part of the file, the weights behind */
            damaged.data[(random >> 8) % (i % 2 ? 12000 : damaged.size)] ^= (uint8_t)(1u << (random >> 29));
        }
        tb_status status = tb_network_rewrite(tb_bytes_span(&damaged), &out);
        assert_true(status == TB_OK || status == TB_MALFORMED || status == TB_UNSUPPORTED);
        tb_bytes_free(&damaged);
        tb_bytes_free(&out);
    }
    assert_int_equal(tb_network_rewrite(tb_span_of("", 0), &out), TB_MALFORMED);
    tb_bytes_free(&model);
    tb_bytes_free(&live);
    tb_bytes_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_numbers_stay_the_same),
                                       cmocka_unit_test(what_can_gain_is_rewritten), cmocka_unit_test(damaged_files),
                                       cmocka_unit_test(hostile_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
