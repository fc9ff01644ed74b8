/* selftest.c: tebura selftest: checks that show their figures. */
#include "command.h"
#include "selftest.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: tebura selftest pad [OPTION ...]\n\n"
    "  pad   presentation-attack detection: error rates by kind of attack (tebura selftest pad --help)\n\n"
    "Exit status: 0 within the limits given, 1 not, 2 it could not be done.\n";

int command_selftest(int argc, char **argv)
{
    tb_error why = {0};
    if (argc >= 2 && strcmp(argv[1], "pad") == 0)
        return selftest_pad(argc - 1, argv + 1);
    if (argc < 2 || app_wants_help(argc, argv))
        return app_help(help);
    return app_fail(
        "selftest",
        tb_fail(&why, TB_INVALID_ARGUMENT, "there is no self-test '%s'; see tebura selftest --help", argv[1]), &why);
}
