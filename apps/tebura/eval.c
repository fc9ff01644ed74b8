/* eval.c: tebura eval DIR: how well are people told apart in folders named by identity? */
#include "eval.h"

#include "faces_common.h"

static const char help[] =
    "usage: tebura eval [--table FILE.csv] [--json] [--html FILE] [--lists 5,10,20] [--pictures K] [--fpir RATE]\n"
    "                   [--draws N] [--replicates N] [--seed N] [--threads N] [--held-out] [--splits N] DIR\n\n"
    "Measures how well the networks tell people apart (ISO/IEC 19795-1). DIR holds a folder for each person with\n"
    "pictures in it, or folders of such folders: sets, reported apart and all together. Of a picture with several faces\n"
    "the largest counts. A picture that cannot be read is named, counted and passed over.\n\n"
    "  --table FILE.csv   groups: first line identity,NAME[,NAME...], then a line for each person; error rates by group\n"
    "  --json             one JSON value instead of text\n"
    "  --html FILE        a report with curves as well: one file, opens without a network\n"
    "  --lists N,N,...    sizes of the lists for 1:N (default 5,10,20)\n"
    "  --pictures K       pictures enrolled of each person on a list, 1 to 5 (default 1)\n"
    "  --fpir RATE        the stated rate at which decisions are tried (default 0.001)\n"
    "  --draws N          lists drawn of each size (default 100)\n"
    "  --replicates N     of the bootstrap, which draws people (default 1000)\n"
    "  --seed N           of all chance: the same seed prints the same figures (default 1)\n"
    "  --threads N        0: all processors (default)\n"
    "  --held-out         also: is a stated FPIR kept on people a calibration has not seen? Half of the people calibrate,\n"
    "                     the others are searched; --splits times (default 20)\n\n"
    "Names of files stand in the report; pictures, templates and scores of people do not, but those of the worst pairs.\n\n"
    "Exit status: 0 measured, 2 it could not be done (the sentence says what to do).\n";

static tb_status evaluate(const eval_options *options, tb_error *why)
{
    eval_folder folder = {0};
    eval_measured measured = {0};
    eval_report report = {0};
    tb_status status = options->html ? app_can_write(options->html, why) : TB_OK;
    if (status == TB_OK)
        status = eval_folder_read(options->root, &folder, why);
    if (status == TB_OK)
        status = eval_measure(&folder, options->threads, 0, &measured, why);
    if (status == TB_OK)
        status = eval_report_make(options, &folder, &measured, &report, why);
    if (status == TB_OK && options->html)
        status = eval_write_html(&report, options->html, why);
    if (status == TB_OK && options->json)
        faces_print_json(eval_to_json(&report));
    else if (status == TB_OK)
        eval_print_text(&report);
    eval_report_free(&report);
    eval_measured_free(&measured);
    eval_folder_free(&folder);
    return status;
}

int command_eval(int argc, char **argv)
{
    eval_options options;
    tb_error why = {0};
    if (app_wants_help(argc, argv))
        return app_help(help);
    tb_status status = eval_parse(argc, argv, &options, &why);
    if (status == TB_OK)
        status = evaluate(&options, &why);
    if (status == TB_OK)
        return APP_YES;
    return faces_fail(&(faces_arguments){.command = "eval", .json = options.json}, status, &why);
}
