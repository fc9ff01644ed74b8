/* command.h: the commands of `tebura`. A new one is a line in TEBURA_COMMANDS and a file apps/tebura/<name>.c with
 * command_<name>() in it. */
#ifndef TEBURA_APP_COMMAND_H
#define TEBURA_APP_COMMAND_H

#include <tebura/status.h>

/* X(name, summary) */
#define TEBURA_COMMANDS(X)                                                                                             \
    X(verify, "are the faces in two pictures the same person?")                                                        \
    X(enrol, "keep the templates of a person in a sealed gallery file")                                                \
    X(identify, "who of the gallery is in a picture, if anybody?")                                                     \
    X(faces, "what is seen in a picture: boxes, quality, liveness")                                                    \
    X(profile, "check a site's profile, and say what each role may see and for how long")                              \
    X(bench, "measure this machine: search, pipeline, messages, programs")                                             \
    X(eval, "how well are people told apart in folders of pictures?")                                                  \
    X(calibrate, "measure the thresholds anew with your own pictures")                                                 \
    X(demo, "an airport on this machine: terminals, travellers, refusals")                                             \
    X(selftest, "error rates of presentation-attack detection")                                                        \
    X(scene, "simulation: a picture as the virtual camera takes it")                                                   \
    X(help, "say what a command does: tebura help COMMAND")

/* argv[0] is the command's own name. Answers the exit code: 0 yes or done, 1 no, 2 it could not be done. A command
 * answers `--help` itself with app_help(). */
#define TEBURA_COMMAND_DECLARE(name, summary) int command_##name(int argc, char **argv);
TEBURA_COMMANDS(TEBURA_COMMAND_DECLARE)
#undef TEBURA_COMMAND_DECLARE

enum { APP_YES = 0, APP_NO = 1, APP_ERROR = 2 };

/* 1 when --help or -h is among the arguments. */
int app_wants_help(int argc, char **argv);
/* Prints the text to standard output; answers APP_YES. */
int app_help(const char *text);
/* "tebura <command>: sentence (status name)" on standard error; answers APP_ERROR. */
int app_fail(const char *command, tb_status status, const tb_error *why);
/* Whether a file can be written at `path`, asked before the minutes whose result goes there. TB_IO when not: `why`
 * names the path and the cause. Leaves nothing behind. */
tb_status app_can_write(const char *path, tb_error *why) TB_MUST_CHECK;

#endif
