/* main.c: finds the command in the table and runs it. */
#include "command.h"

#include <stdio.h>
#include <string.h>

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

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return APP_ERROR;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return APP_YES;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("tebura %s\n", TEBURA_VERSION);
        return APP_YES;
    }
    return run(argv[1], argc - 1, argv + 1);
}
