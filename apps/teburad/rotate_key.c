/* rotate_key.c: `teburad rotate-key`: another master key in the place of the one that is there. */
#include "rotate_key.h"

#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <tebura/management.h>
#include <tebura/secret.h>

#include "database.h"
#include "look.h"

static const char help[] =
    "usage: teburad rotate-key --data DIR [--database URL | --database-file F] [--leaked] [--json]\n"
    "\n"
    "Makes a new master key and puts everything that rests under the old one under the new one: the database files, every\n"
    "person's own key and templates, passport numbers, payment tokens, the server's own keys. Every service on these\n"
    "databases has to be stopped. Cut short at any moment it leaves a site that opens; run again, it finishes. With\n"
    "database files there has to be room for a second copy of them beside the first.\n"
    "\n"
    "  --data DIR          the service's; DIR/master.key is replaced\n"
    "  --database URL, --database-file F  as for teburad management\n"
    "  --leaked            somebody may have the old key: also what signs for the broker and for TLS is made anew, and\n"
    "                      what finds people by passport number. Without it no terminal notices anything\n"
    "  --json              the outcome as one line of JSON\n"
    "\n"
    "Save the new key afterwards, in another place than the backups. The old one still opens the backups of before, and\n"
    "nothing else.\n"
    "Exit codes: 0 done, 64 wrong command line, else as teburad management.\n";

static int usage(const char *sentence)
{
    fprintf(stderr, "teburad: %s; see teburad rotate-key --help\n", sentence);
    return EX_USAGE;
}

static void progress(void *context, const char *step, uint64_t done, uint64_t of)
{
    (void)context;
    if (of)
        fprintf(stderr, "\r\033[K%s %" PRIu64 " of %" PRIu64, step, done, of);
    else
        fprintf(stderr, "\r\033[K%s", step);
    fflush(stderr);
}

static void print_text(const tb_rotation_options *options, const tb_rotation *r)
{
    if (r->finished)
        printf("An earlier run had been cut short when all was done but the last moves: they are done now.\n");
    else
        printf("The keys and %" PRIu64 " templates of %" PRIu64 " people, %" PRIu64 " documents and %" PRIu64
               " payment tokens rest under a new master key.\n",
               r->templates, r->people, r->documents, r->instruments);
    if (r->damaged)
        printf("%" PRIu64 " of them did not open before, and do not now.\n", r->damaged);
    printf(
        "Save %s/master.key now, in another place than the backups%s. The old key still opens the backups of before: "
        "keep it\nwith them, and end it when the last of them goes.\n",
        options->directory, options->database ? ", and give it to every server of this database" : "");
    if (r->finished)
        return;
    if (options->leaked)
        printf(
            "The broker's accounts and the authority of TLS are new. The %" PRIu64
            " terminals hear of it from the server and start again by\nthemselves; for brokers of your own run teburad "
            "broker-config again first, and restart them. See \"Keys\" in deploy/README.md.\n",
            r->terminals);
    else if (r->old_roots)
        printf(
            "The terminals go on. This site is older than this command: its first master key still signs for the broker "
            "and for TLS.\nWhere somebody may have it, use --leaked.\n");
    else
        printf("The terminals go on; nothing of theirs has changed.\n");
}

static int print_json(const tb_rotation_options *options, const tb_rotation *r)
{
    json_t *json = json_pack("{s:b, s:b, s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "rotated", 1, "finished_earlier_run",
                             r->finished, "leaked", options->leaked, "old_key_signs", r->old_roots, "people",
                             (json_int_t)r->people, "templates", (json_int_t)r->templates, "documents",
                             (json_int_t)r->documents, "instruments", (json_int_t)r->instruments, "damaged",
                             (json_int_t)r->damaged, "terminals", (json_int_t)r->terminals);
    int printed = json && json_dumpf(json, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF;
    json_decref(json);
    return printed;
}

static int rotate(tb_rotation_options *options, const char *url, const char *file, int as_json)
{
    char *database = NULL;
    int is_screen = isatty(STDERR_FILENO);
    tb_rotation done = {0};
    tb_error why = {0};
    tb_status status = teburad_database(url, file, &database, &why);
    options->database = database;
    options->progress = is_screen ? progress : NULL;
    if (status == TB_OK)
        status = tb_management_rotate_key(options, &done, &why);
    if (is_screen)
        fputs("\r\033[K", stderr);
    int printed = 1;
    if (status == TB_OK && as_json)
        printed = print_json(options, &done);
    else if (status == TB_OK)
        print_text(options, &done);
    tb_secret_free(database);
    if (status != TB_OK)
        return teburad_failed(status, &why);
    return printed && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

int teburad_rotate_key(int argc, char **argv)
{
    static const struct option known[] = {{"data", required_argument, NULL, 'd'},
                                          {"database", required_argument, NULL, 'D'},
                                          {"database-file", required_argument, NULL, 'F'},
                                          {"leaked", no_argument, NULL, 'l'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    tb_rotation_options options = {0};
    const char *url = NULL, *file = NULL;
    int as_json = 0;
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;)
        switch (c) {
        case 'd':
            options.directory = optarg;
            break;
        case 'D':
            url = optarg;
            break;
        case 'F':
            file = optarg;
            break;
        case 'l':
            options.leaked = 1;
            break;
        case 'j':
            as_json = 1;
            break;
        case 'h':
            return fputs(help, stdout) >= 0 ? EX_OK : EX_IOERR;
        default:
            return usage("an option is not known or lacks its value");
        }
    if (optind < argc)
        return usage("there are more words than expected");
    if (!options.directory)
        return usage("--data is needed");
    return rotate(&options, url, file, as_json);
}
