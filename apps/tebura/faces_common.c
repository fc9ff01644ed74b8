/* faces_common.c: see faces_common.h. */
#include "faces_common.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int default_folder(char *out, size_t size)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int used = data && *data ? snprintf(out, size, "%s/tebura", data)
                             : snprintf(out, size, "%s/.local/share/tebura", home ? home : ".");
    return used > 0 && (size_t)used < size;
}

static tb_status set_path(char *to, const char *option, const char *value, tb_error *why)
{
    if (strlen(value) >= FACES_PATH_SIZE)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the path after %s is too long", option);
    memcpy(to, value, strlen(value) + 1);
    return TB_OK;
}

/* Which commands an option is for; one that would do nothing is refused. */
static int takes(const char *command, const char *option)
{
    if (strcmp(option, "--json") == 0)
        return 1;
    if (strcmp(option, "--strict") == 0)
        return strcmp(command, "enrol") == 0;
    if (strcmp(option, "--components") == 0)
        return strcmp(command, "faces") == 0;
    int identify = strcmp(command, "identify") == 0;
    if (strcmp(option, "--all-faces") == 0 || strcmp(option, "--fpir") == 0)
        return identify;
    return (identify || strcmp(command, "enrol") == 0) &&
           (strcmp(option, "--gallery") == 0 || strcmp(option, "--key") == 0);
}

static const char *wanted(const char *command)
{
    if (strcmp(command, "verify") == 0)
        return "two pictures";
    return strcmp(command, "enrol") == 0 ? "a name and 1 to 5 pictures" : "one picture";
}

/* One option at argv[*at]; moves *at over its value. */
static tb_status parse_option(int argc, char **argv, int *at, faces_arguments *out, tb_error *why)
{
    const char *option = argv[*at];
    if (!takes(out->command, option))
        return tb_fail(why, TB_INVALID_ARGUMENT, "there is no option %.60s; see tebura %s --help", option,
                       out->command);
    if (strcmp(option, "--json") == 0) {
        out->json = 1;
        return TB_OK;
    }
    if (strcmp(option, "--all-faces") == 0) {
        out->all_faces = 1;
        return TB_OK;
    }
    if (strcmp(option, "--strict") == 0) {
        out->strict = 1;
        return TB_OK;
    }
    if (strcmp(option, "--components") == 0) {
        out->components = 1;
        return TB_OK;
    }
    if (*at + 1 >= argc)
        return tb_fail(why, TB_INVALID_ARGUMENT, "%s wants a value; see tebura %s --help", option, out->command);
    const char *value = argv[++*at];
    if (strcmp(option, "--gallery") == 0)
        return set_path(out->gallery, option, value, why);
    if (strcmp(option, "--key") == 0)
        return set_path(out->key, option, value, why);
    char *end;
    out->fpir = strtod(value, &end);
    if (end == value || *end || !(out->fpir >= 1e-9 && out->fpir <= 0.5))
        return tb_fail(why, TB_INVALID_ARGUMENT, "--fpir wants a rate from 1e-9 to 0.5");
    return TB_OK;
}

static tb_status fill_defaults(faces_arguments *out, tb_error *why)
{
    char folder[FACES_PATH_SIZE - 32];
    if (!default_folder(folder, sizeof folder))
        return tb_fail(why, TB_INVALID_ARGUMENT, "the path of the data folder is too long: use --gallery and --key");
    out->gallery_is_named = out->gallery[0] != '\0';
    if (!out->gallery_is_named)
        snprintf(out->gallery, sizeof out->gallery, "%s/gallery.tebura", folder);
    if (!out->key[0])
        snprintf(out->key, sizeof out->key, "%s/gallery.key", folder);
    return TB_OK;
}

tb_status faces_parse(int argc, char **argv, int least, int most, faces_arguments *out, tb_error *why)
{
    *out = (faces_arguments){.command = argv[0], .fpir = TB_DEFAULT_FPIR};
    tb_status status = TB_OK;
    int only_words = 0;
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) /* a fault before it is told as JSON too */
        out->json |= strcmp(argv[i], "--json") == 0;
    for (int i = 1; i < argc && status == TB_OK; i++) {
        if (!only_words && strcmp(argv[i], "--") == 0)
            only_words = 1;
        else if (!only_words && argv[i][0] == '-' && argv[i][1])
            status = parse_option(argc, argv, &i, out, why);
        else if (out->count == most || out->count == FACES_WORDS_MAX)
            status =
                tb_fail(why, TB_INVALID_ARGUMENT, "'%.60s' is one word too many: %s wants %s; see tebura %s --help",
                        argv[i], out->command, wanted(out->command), out->command);
        else
            out->words[out->count++] = argv[i];
    }
    if (status == TB_OK && out->count < least)
        status = tb_fail(why, TB_INVALID_ARGUMENT, "something is missing: %s wants %s; see tebura %s --help",
                         out->command, wanted(out->command), out->command);
    return status == TB_OK ? fill_defaults(out, why) : status;
}

tb_status faces_capture(tb_engine *engine, const char *path, tb_capture *capture, tb_error *why)
{
    tb_image image;
    tb_status status = tb_image_read(path, &image, why);
    if (status != TB_OK)
        return status;
    status = tb_engine_capture(engine, &image, 0, capture);
    if (status != TB_OK)
        (void)tb_fail(why, status, "%.150s: %s", path, tb_status_sentence(status));
    tb_image_free(&image);
    return status;
}

int faces_fail(const faces_arguments *arguments, tb_status status, tb_error *why)
{
    if (!arguments->json)
        return app_fail(arguments->command, status, why);
    const char *sentence = why->text[0] ? why->text : tb_status_sentence(status);
    faces_print_json(json_pack("{s:{s:s,s:s}}", "error", "status", tb_status_name(status), "message", sentence));
    return APP_ERROR;
}

void faces_print_json(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    puts(text ? text : "{\"error\":{\"status\":\"NO_MEMORY\",\"message\":\"out of memory\"}}");
    free(text);
    json_decref(object);
}

json_t *faces_number(double value, int digits)
{
    double scale = pow(10, digits);
    return json_real(round(value * scale) / scale);
}

void faces_warn_provisional(const tb_engine *engine)
{
    if (tb_engine_is_provisional(engine))
        fprintf(
            stderr,
            "tebura: note: thresholds come from a small set of photographs (calibration: provisional in the manifest); "
            "measure with your own cameras and people (tebura calibrate) before you rely on them\n");
}
