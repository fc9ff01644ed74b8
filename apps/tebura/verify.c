/* verify.c: tebura verify A B: is it the same person? */
#include "faces_common.h"

#include <stdio.h>

#include <tebura/secret.h>

static const char help[] =
    "usage: tebura verify [--json] A B\n\n"
    "Compares the faces in two pictures (JPEG, PNG or PNM) one to one. Each picture shows exactly one person.\n"
    "Prints the similarity (-1 to 1), the threshold of the manifest and the verdict.\n\n"
    "Exit status: 0 the same person, 1 different people, 2 it could not be decided (the sentence says what to do).\n"
    "Pictures are compared as they are: whether a live person stood before the camera is not looked at here.\n";

static int answer(const faces_arguments *arguments, const tb_engine *engine, const tb_capture *a, const tb_capture *b,
                  float score)
{
    float threshold = tb_engine_calibration(engine)->verification;
    int same = score >= threshold;
    if (arguments->json)
        faces_print_json(json_pack("{s:o,s:o,s:b,s:[i,i],s:b}", "score", faces_number(score, 4), "threshold",
                                   faces_number(threshold, 4), "same", same, "quality", (int)a->quality.unified,
                                   (int)b->quality.unified, "provisional", tb_engine_is_provisional(engine)));
    else
        printf("%s: similarity %.3f, threshold %.3f (quality %d and %d of 100)\n",
               same ? "same person" : "different people", score, threshold, a->quality.unified, b->quality.unified);
    if (!arguments->json)
        faces_warn_provisional(engine);
    return same ? APP_YES : APP_NO;
}

int command_verify(int argc, char **argv)
{
    faces_arguments arguments;
    tb_error why = {0};
    tb_engine *engine = NULL;
    float score = 0;
    if (app_wants_help(argc, argv))
        return app_help(help);
    tb_capture *captures = tb_secret_alloc(2 * sizeof *captures);
    tb_status status = faces_parse(argc, argv, 2, 2, &arguments, &why);
    if (status == TB_OK && !captures)
        status = TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_engine_open(&(tb_engine_options){.without_liveness = 1}, &engine, &why);
    for (int i = 0; i < 2 && status == TB_OK; i++)
        status = faces_capture(engine, arguments.words[i], &captures[i], &why);
    if (status == TB_OK)
        status = tb_template_compare(&captures[0].template, &captures[1].template, &score);
    int code = status == TB_OK ? answer(&arguments, engine, &captures[0], &captures[1], score)
                               : faces_fail(&arguments, status, &why);
    tb_secret_free(captures);
    tb_engine_free(&engine);
    return code;
}
