/* main.c: the command line of teburad, its one line on standard output, its signals and its exit codes. */
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <tebura/clock.h>
#include <tebura/log.h>

#include "base/supervisor.h"
#include "broker_config.h"
#include "check.h"
#include "look.h"
#include "rotate_key.h"

static const char help[] =
    "usage: teburad management --data DIR --site NAME --profile FILE [OPTION...]\n"
    "       teburad check ...   is every list what the rules say? See teburad check --help\n"
    "       teburad broker-config ...   configurations for a broker of your own, or three; see its --help\n"
    "       teburad rotate-key ...   another master key; see its --help\n"
    "\n"
    "The management service of a site: people, visits, lists of every terminal, payments; HTTP API, console and\n"
    "touchpoint pages. It ends cleanly on SIGTERM or SIGINT; on SIGHUP it reads its TLS files anew.\n"
    "\n"
    "  --data DIR          databases, keys, the operator's token; made when absent, for this user alone\n"
    "  --database URL      PostgreSQL instead of database files: postgresql://user@host/database (no password here)\n"
    "  --database-file F   a file whose first line is that URL; else $TEBURA_DATABASE. Several servers may share one\n"
    "  --site NAME         the site's name: a-z, 0-9, _, at most 24 characters\n"
    "  --profile FILE      what kind of site this is, e.g. profiles/airport.yaml\n"
    "  --listen HOST:PORT  where to serve HTTP; 127.0.0.1:0, a free port on loopback, by default\n"
    "  --listen-tls HOST:PORT  where to serve HTTPS, for terminals and for other machines; nowhere by default\n"
    "  --tls-names NAMES   further names and addresses of this machine, with commas, for its certificates\n"
    "  --tls-certificate FILE, --tls-key FILE  the operator's own for HTTPS (PEM), instead of the site's authority\n"
    "  --broker-listen HOST  where its own broker listens (TLS); 127.0.0.1 by default\n"
    "  --trust-proxy ADDRESSES  proxies that say whose a connection is, by the PROXY protocol (HAProxy's send-proxy-v2)\n"
    "  --host NAME         behind a proxy: its public name, which requests will bear\n"
    "  --nats URL          a NATS server with JetStream, nats://host:port[,...]; without it one is started and watched over\n"
    "  --replicas N        copies of lists and events on a cluster of NATS servers; three where there are three, else one\n"
    "  --terminal-nats URL the broker as terminals are told to reach it, when that differs: address, account\n"
    "  --web DIR           the built pages (console, touchpoint)\n"
    "  --models FILE       manifest of the networks (calibration); $TEBURA_MODELS or the installation's by default\n"
    "  --flight-information PATH  a file, or a folder of *.csv, *.json, *.ndjson, read whenever it changes\n"
    "  --utc-offset MIN    the site's clock, minutes east of UTC; this machine's by default\n"
    "  --code-hours N      how long a terminal's registration code is good; 24 by default\n"
    "  --accept-clock      the machine's clock is right, although it is more than 72 hours ahead of our last run\n"
    "  --help, --version\n"
    "\n"
    "When it serves it prints one line of JSON: {\"http\": URL, \"token_file\": FILE, \"nats\": URL}.\n"
    "Exit codes: 0 ended as told, 64 wrong command line, 65 damaged or newer data, 66 a file is missing, 70 internal,\n"
    "75 try again later (locked, disk full, address taken), 77 not permitted, 78 configuration, site or key is wrong.\n";

static int usage(const char *sentence)
{
    fprintf(stderr, "teburad: %s; see teburad --help\n", sentence);
    return EX_USAGE;
}

static int parse_offset(const char *text, int *out)
{
    char *end;
    long minutes = strtol(text, &end, 10);
    *out = (int)minutes;
    return *text && !*end && minutes >= -14 * 60 && minutes <= 14 * 60;
}

static int parse_hours(const char *text, int *out)
{
    char *end;
    long hours = strtol(text, &end, 10);
    *out = (int)hours;
    return *text && !*end && hours >= 1 && hours <= 8760;
}

static int parse_replicas(const char *text, int *out)
{
    *out = text[0] - '0';
    return text[0] && !text[1] && *out >= 1 && *out <= 5;
}

static const struct option known[] = {
    TEBURAD_SITE_OPTIONS,
    {"listen", required_argument, NULL, 'l'},
    {"host", required_argument, NULL, 'H'},
    {"nats", required_argument, NULL, 'n'},
    {"replicas", required_argument, NULL, 'r'},
    {"terminal-nats", required_argument, NULL, 't'},
    {"web", required_argument, NULL, 'w'},
    {"utc-offset", required_argument, NULL, 'u'},
    {"flight-information", required_argument, NULL, 'f'},
    {"code-hours", required_argument, NULL, 'c'},
    {"accept-clock", no_argument, NULL, 'a'},
    {"listen-tls", required_argument, NULL, 'T'},
    {"tls-names", required_argument, NULL, 'N'},
    {"tls-certificate", required_argument, NULL, 'C'},
    {"tls-key", required_argument, NULL, 'K'},
    {"broker-listen", required_argument, NULL, 'B'},
    {"trust-proxy", required_argument, NULL, 'P'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {0},
};

/* 0: it is none of those that only name something. */
static int take_secure(int c, teburad_options *out)
{
    const struct {
        int letter;
        const char **to;
    } names[] = {{'T', &out->listen_tls},      {'N', &out->names},       {'C', &out->certificate},
                 {'K', &out->certificate_key}, {'B', &out->broker_host}, {'P', &out->proxies}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].letter == c) {
            *names[i].to = optarg;
            return 1;
        }
    return 0;
}

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, teburad_options *out)
{
    *out = (teburad_options){.listen = "127.0.0.1:0", .follow_local_time = 1};
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;)
        switch (c) {
        case 'l':
            out->listen = optarg;
            break;
        case 'H':
            out->host = optarg;
            break;
        case 'n':
            out->nats = optarg;
            break;
        case 'r':
            if (!parse_replicas(optarg, &out->replicas))
                return usage("--replicas has to be 1 to 5");
            break;
        case 't':
            out->terminal_nats = optarg;
            break;
        case 'w':
            out->web = optarg;
            break;
        case 'f':
            out->flight_information = optarg;
            break;
        case 'u':
            out->follow_local_time = 0;
            if (!parse_offset(optarg, &out->utc_offset_minutes))
                return usage("--utc-offset has to be minutes, -840 to 840");
            break;
        case 'c':
            if (!parse_hours(optarg, &out->code_hours))
                return usage("--code-hours has to be 1 to 8760");
            break;
        case 'a':
            out->accept_clock = 1;
            break;
        case 'h':
            fputs(help, stdout);
            return EX_OK;
        case 'v':
            printf("teburad %s\n", TEBURA_VERSION);
            return EX_OK;
        default:
            if (teburad_site_option(out, c, optarg) || take_secure(c, out))
                break;
            return usage("an option is not known or lacks its value");
        }
    if (optind >= argc || strcmp(argv[optind], "management") != 0)
        return usage(optind >= argc ? "say what to run: management, check, broker-config or rotate-key"
                                    : "only management, check, broker-config and rotate-key can be run");
    if (optind + 1 < argc)
        return usage("there are more words than expected");
    if (!out->certificate != !out->certificate_key)
        return usage("--tls-certificate and --tls-key go together");
    if (!out->data || !out->site || !out->profile)
        return usage("--data, --site and --profile are needed");
    return -1;
}

/* user:password@ is for the connection, not for whoever reads our output. */
static void without_credentials(const char *urls, char *out)
{
    while (*urls) {
        size_t length = strcspn(urls, ","), scheme = 0;
        const char *at = memchr(urls, '@', length), *start = strstr(urls, "://");
        if (at && start && start < at)
            scheme = (size_t)(start + 3 - urls);
        memcpy(out, urls, scheme);
        out += scheme;
        const char *rest = at ? at + 1 : urls;
        memcpy(out, rest, (size_t)(urls + length - rest));
        out += urls + length - rest;
        urls += length;
        if (*urls)
            *out++ = *urls++;
    }
    *out = '\0';
}

static int print_line(const teburad *service)
{
    char nats[sizeof service->nats_url];
    without_credentials(service->nats_url, nats);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s*, s:s}", "http", tb_http_url(service->http), "token_file",
                             service->token_file, "nats", nats, "https",
                             service->https ? tb_http_url(service->https) : NULL, "authority", service->fingerprint);
    int printed = json && json_dumpf(json, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF && fflush(stdout) == 0;
    json_decref(json);
    return printed;
}

/* Signals that end us, and SIGHUP, are blocked before any thread is made, and taken here. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Returns only when the service can still be held: a lock that nobody gives back ends in a new start. */
static void alive(void *context)
{
    teburad *service = context;
    tb_management_alive(service->management);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "check") == 0)
        return teburad_check(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "broker-config") == 0)
        return teburad_broker_config(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "rotate-key") == 0)
        return teburad_rotate_key(argc - 1, argv + 1);
    teburad_options options;
    int code = read_options(argc, argv, &options);
    if (code >= 0)
        return code;
    sigset_t ending;
    block_signals(&ending);
    teburad *service = NULL;
    tb_error why = {0};
    tb_status status = teburad_start(&options, &service, &why);
    if (status != TB_OK)
        return teburad_failed(status, &why);
    int told = print_line(service);
    if (told) {
        tb_supervisor_tell("READY=1");
        while (tb_supervisor_wait(&ending, alive, service) == SIGHUP)
            atomic_store(&service->reread, 1);
    }
    tb_supervisor_tell("STOPPING=1");
    tb_log(TB_LOG_INFO, "teburad", "ending");
    teburad_stop(&service);
    return told ? EX_OK : EX_IOERR;
}
