/* main.c: finds the command in the table and runs it. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
} commands[] = {
#define ROW(name, summary) {#name, summary, command_##name},
    TEBURA_COMMANDS(ROW)
#undef ROW
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *to)
{
    fprintf(to, "Tebura: pass gates, pay and collect by face alone.\n\nusage: tebura COMMAND [ARGUMENT...]\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\n  --help     this text        --version  the version\n");
}

static int run(const char *name, int argc, char **argv)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc, argv);
    fprintf(stderr, "tebura: there is no command '%s'; see tebura --help\n", name);
    return APP_ERROR;
}

int command_help(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "help") == 0 || app_wants_help(argc, argv)) {
        print_usage(stdout);
        return APP_YES;
    }
    char *arguments[] = {argv[1], (char *)"--help", NULL};
    return run(argv[1], 2, arguments);
}

int app_wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    return 0;
}

int app_help(const char *text)
{
    fputs(text, stdout);
    return APP_YES;
}

int app_fail(const char *command, tb_status status, const tb_error *why)
{
    const char *sentence = why && why->text[0] ? why->text : tb_status_sentence(status);
    fprintf(stderr, "tebura %s: %s (%s)\n", command, sentence, tb_status_name(status));
    return APP_ERROR;
}

tb_status app_can_write(const char *path, tb_error *why)
{
    char trial[4096];
    if (snprintf(trial, sizeof trial, "%s.trial.%ld", path, (long)getpid()) >= (int)sizeof trial)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the path %.100s... is too long", path);
    int fd = open(trial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return tb_fail(why, TB_IO, "%.160s cannot be written: %s", path, strerror(errno));
    (void)close(fd);
    (void)unlink(trial);
    return TB_OK;
}

/* What was printed and did not arrive (a full disk, a closed output) must not end as "done". */
static int ended(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "tebura: standard output could not be written: %s\n", strerror(errno));
    return APP_ERROR;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return APP_ERROR;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return ended(APP_YES);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tebura %s\n", TEBURA_VERSION);
        return ended(APP_YES);
    }
    return ended(run(argv[1], argc - 1, argv + 1));
}
