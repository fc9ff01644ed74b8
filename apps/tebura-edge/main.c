/* tebura-edge: one terminal of any role. A thin main: options in, one line of JSON out, until a signal comes. */
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <tebura/clock.h>
#include <tebura/crypto.h>
#include <tebura/log.h>

#include "base/supervisor.h"
#include "terminal/terminal.h"

#define PROFILE_LIMIT ((size_t)256 << 10)

struct arguments {
    const char *data, *key, *server, *origin, *code, *profile, *camera, *inside, *listen, *models;
    int without_liveness;
};

static const char usage[] =
    "usage: tebura-edge --data DIR --server URL --profile FILE --camera ADDRESS [--code CODE] [--listen 127.0.0.1:0] [--models FILE]\n"
    "                   [--key FILE] [--without-liveness]\n"
    "\n"
    "One terminal: it keeps its own list, recognises by face, and reports what it did.\n"
    "  --data DIR           keys, list and outbox of this terminal; made when absent\n"
    "  --server URL         of teburad, for the registration: https://HOST:PORT; http://127.0.0.1:PORT on one machine\n"
    "  --origin URL         of the server's pages, where that is another: http://127.0.0.1:PORT\n"
    "  --code CODE[.FINGERPRINT]  one-time code, at the first start only; the fingerprint is the server's certificate authority\n"
    "  --profile FILE       the site's profile, the same as the server's\n"
    "  --camera ADDRESS     virtual: | still:PATH[,PATH...] | pushed: | video:PATH | v4l2:/dev/video0 | rtsp://HOST/PATH\n"
    "  --camera-inside ADDRESS  the second camera, between two doors, where the role asks for the face once more\n"
    "  --key FILE           this terminal's master key, kept apart from its data (default edge.key in DIR); made when absent\n"
    "  --listen ADDRESS     of the local interface; loopback only (default 127.0.0.1:0, a free port)\n"
    "  --models FILE        manifest of the networks\n"
    "  --without-liveness   do not tell photographs from people; for tests with simulated cameras only, others are refused\n"
    "  --help, --version\n"
    "\n"
    "Prints one line of JSON on standard output when it is ready. Exit codes: 0 ended as told, 64 wrong command line, 65 damaged or\n"
    "newer data, 66 a file, the camera or the registration is missing, 70 internal, 75 try again later (locked, disk full, address taken), 77 not\n"
    "permitted (key file, code), 78 key or network is not the one of the data. See tebura-edge(8).\n";

static int parse(int argc, char **argv, struct arguments *out)
{
    static const struct option options[] = {
        {"data", required_argument, NULL, 'd'},       {"key", required_argument, NULL, 'K'},
        {"server", required_argument, NULL, 's'},     {"code", required_argument, NULL, 'c'},
        {"origin", required_argument, NULL, 'o'},     {"profile", required_argument, NULL, 'p'},
        {"camera", required_argument, NULL, 'k'},     {"camera-inside", required_argument, NULL, 'i'},
        {"listen", required_argument, NULL, 'l'},     {"models", required_argument, NULL, 'm'},
        {"without-liveness", no_argument, NULL, 'w'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},          {0}};
    *out = (struct arguments){.listen = "127.0.0.1:0"};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 'd':
            out->data = optarg;
            break;
        case 'K':
            out->key = optarg;
            break;
        case 'o':
            out->origin = optarg;
            break;
        case 's':
            out->server = optarg;
            break;
        case 'c':
            out->code = optarg;
            break;
        case 'p':
            out->profile = optarg;
            break;
        case 'k':
            out->camera = optarg;
            break;
        case 'i':
            out->inside = optarg;
            break;
        case 'l':
            out->listen = optarg;
            break;
        case 'm':
            out->models = optarg;
            break;
        case 'w':
            out->without_liveness = 1;
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        case 'v':
            puts("tebura-edge " TEBURA_VERSION);
            exit(0);
        default:
            return 0;
        }
    if (optind == argc && out->data && out->server && out->profile && out->camera)
        return 1;
    fprintf(stderr, "tebura-edge: %s\n",
            optind < argc ? "there are no arguments beside the options"
                          : "--data, --server, --profile and --camera are needed");
    return 0;
}

static tb_status read_profile(const char *path, tb_profile **out, tb_error *why)
{
    tb_bytes text = {0};
    tb_status status = tb_file_read(path, PROFILE_LIMIT, &text, why);
    if (status == TB_OK)
        status = tb_profile_parse(tb_bytes_span(&text), path, out, why);
    tb_bytes_free(&text);
    return status;
}

static int say_ready(tb_terminal *terminal)
{
    char touchpoint[TB_TOUCHPOINT_SIZE];
    json_t *line = json_pack(
        "{s:s, s:s, s:s, s:b}", "screen", tb_terminal_url(terminal), "token_file", tb_terminal_token_file(terminal),
        "touchpoint", tb_terminal_touchpoint(terminal, touchpoint), "registered", tb_terminal_is_registered(terminal));
    int failed = !line || json_dumpf(line, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0;
    json_decref(line);
    return !failed;
}

/* Returns when nobody holds the terminal's lock for ever. */
static void alive(void *context)
{
    (void)tb_terminal_is_registered(context);
}

static atomic_int starts_again;

/* Whoever watches over us starts us again (Restart=on-failure). */
static void restart(void)
{
    atomic_store(&starts_again, 1);
    kill(getpid(), SIGTERM);
}

static tb_status run(const struct arguments *arguments, const sigset_t *ends, tb_error *why)
{
    tb_profile *profile = NULL;
    tb_engine *engine = NULL;
    tb_terminal *terminal = NULL;
    tb_engine_options engine_options = {.manifest = arguments->models,
                                        .without_liveness = arguments->without_liveness,
                                        .with_pose = 1,  /* challenges */
                                        .with_eyes = 1}; /* of a burst the picture with open eyes; challenges */
    tb_terminal_options options = {.directory = arguments->data,
                                   .key_file = arguments->key,
                                   .server = arguments->server,
                                   .origin = arguments->origin,
                                   .code = arguments->code,
                                   .camera = arguments->camera,
                                   .camera_inside = arguments->inside,
                                   .listen = arguments->listen,
                                   .follow_local_time = 1,
                                   .capture.without_liveness = arguments->without_liveness};
    options.restart = restart;
    tb_status status = tb_terminal_check(&options, why); /* before the seconds that networks take to load */
    if (status == TB_OK)
        status = read_profile(arguments->profile, &profile, why);
    if (status == TB_OK)
        status = tb_engine_open(&engine_options, &engine, why);
    options.profile = profile;
    options.engine = engine;
    if (status == TB_OK)
        status = tb_terminal_open(&options, &terminal, why);
    if (status == TB_OK && !say_ready(terminal))
        status = tb_fail(why, TB_IO, "standard output cannot be written");
    if (status == TB_OK) {
        tb_supervisor_tell("READY=1");
        (void)tb_supervisor_wait(ends, alive, terminal);
    }
    tb_supervisor_tell("STOPPING=1");
    tb_terminal_free(&terminal);
    tb_engine_free(&engine);
    tb_profile_free(&profile);
    return status;
}

/* As teburad's: what whoever starts the terminal can act on. */
static int exit_code(tb_status status)
{
    switch (status) {
    case TB_OK:
        return EX_OK;
    case TB_INVALID_ARGUMENT:
        return EX_USAGE;
    case TB_DB_NEWER:
    case TB_DB_CORRUPT:
        return EX_DATAERR;
    case TB_NOT_FOUND:
    case TB_MODEL_MISSING:
        return EX_NOINPUT;
    case TB_DB_LOCKED:
    case TB_DISK_FULL:
    case TB_EXISTS:
    case TB_NO_MEMORY:
    case TB_IO:
    case TB_CAMERA_FAULT:
        return EX_TEMPFAIL;
    case TB_FORBIDDEN:
    case TB_UNAUTHORISED:
        return EX_NOPERM;
    case TB_DB_KEY:
    case TB_CONFLICT:
    case TB_OTHER_MODEL:
    case TB_MALFORMED:
    case TB_TRUNCATED:
    case TB_UNSUPPORTED:
    case TB_TOO_LARGE:
        return EX_CONFIG;
    default:
        return EX_SOFTWARE;
    }
}

static int is_simulated(const char *camera)
{
    return strncmp(camera, "virtual:", 8) == 0 || strncmp(camera, "still:", 6) == 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!parse(argc, argv, &arguments)) {
        fputs("Try tebura-edge --help.\n", stderr);
        return EX_USAGE;
    }
    if (arguments.without_liveness &&
        !(is_simulated(arguments.camera) && (!arguments.inside || is_simulated(arguments.inside)))) {
        fputs("tebura-edge: --without-liveness is for simulated cameras (virtual:, still:) only\n", stderr);
        return EX_USAGE;
    }
    sigset_t ends; /* blocked in every thread; the main one waits for them */
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    tb_error why = {0};
    tb_status status = tb_crypto_start();
    if (status == TB_OK)
        status = run(&arguments, &ends, &why);
    if (status == TB_OK)
        return atomic_load(&starts_again) ? EX_TEMPFAIL : EX_OK;
    why.status = why.status ? why.status : status;
    fprintf(stderr, "tebura-edge: %s (%s)\n", tb_error_text(&why), tb_status_name(status));
    return exit_code(status);
}
