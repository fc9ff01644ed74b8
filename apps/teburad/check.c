/* check.c: `teburad check`: recomputes every list from nothing and compares, in the databases of a service that is
 * stopped or by asking one that runs. Changes nothing. */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <tebura/bytes.h>
#include <tebura/secret.h>

#include "http_client.h"
#include "look.h"

#define CHECK_SECONDS 3600

static const char help[] =
    "usage: teburad check --data DIR --site NAME --profile FILE [--models FILE] [--database URL] [--database-file F] [--json]\n"
    "       teburad check --url URL --token-file FILE [--json]\n"
    "\n"
    "Recomputes every list from nothing and compares it with what is there, and the ledger and what is kept of whom.\n"
    "The first form opens the databases of a service that is stopped (PostgreSQL: it may run), the second asks one that\n"
    "runs, which goes on meanwhile. Nothing is changed. Visits that the clock is about to change are counted as due.\n"
    "\n"
    "Exit codes: 0 equal, 1 differences, 64 wrong command line, else as teburad management.\n";

json_t *json_of_check(const tb_check_report *report)
{
    char id[TB_ID_TEXT_SIZE];
    json_t *list = json_array(), *all;
    for (uint64_t i = 0; list && i < report->differences && i < TB_DIFFERENCES_MAX; i++) {
        const tb_difference *one = &report->first[i];
        json_t *json = json_pack("{s:s}", "what", one->what);
        if (json && !tb_id_is_zero(one->visit))
            (void)json_object_set_new(json, "visit", json_string(tb_id_text(one->visit, id)));
        if (json && one->touchpoint[0])
            (void)json_object_set_new(json, "touchpoint", json_string(one->touchpoint));
        if (!json || json_array_append_new(list, json) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    all = json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:o}", "equal", report->differences == 0, "visits",
                    (json_int_t)report->visits, "due", (json_int_t)report->due, "lists", (json_int_t)report->lists,
                    "entries", (json_int_t)report->entries, "different", (json_int_t)report->differences, "differences",
                    list);
    if (all && report->differences)
        (void)json_object_set_new(all, "difference", json_string(report->first[0].what));
    return all;
}

static int usage(const char *sentence)
{
    fprintf(stderr, "teburad: %s; see teburad check --help\n", sentence);
    return EX_USAGE;
}

static long long number_of(const json_t *report, const char *name)
{
    return (long long)json_integer_value(json_object_get(report, name));
}

static void print_text(const json_t *report)
{
    size_t i;
    json_t *one;
    printf("%lld visits compared on %lld lists with %lld entries", number_of(report, "visits"),
           number_of(report, "lists"), number_of(report, "entries"));
    if (number_of(report, "due"))
        printf(", %lld more wait for the clock", number_of(report, "due"));
    if (json_is_true(json_object_get(report, "equal"))) {
        printf(": all is as the rules say\n");
        return;
    }
    printf(": %lld differences\n", number_of(report, "different"));
    json_array_foreach(json_object_get(report, "differences"), i, one)
    {
        const char *visit = json_string_value(json_object_get(one, "visit")),
                   *touchpoint = json_string_value(json_object_get(one, "touchpoint"));
        printf("  %s%s%s%s%s\n", visit ? visit : "", touchpoint ? " at " : "", touchpoint ? touchpoint : "",
               visit || touchpoint ? ": " : "", json_string_value(json_object_get(one, "what")));
    }
    if ((size_t)number_of(report, "different") > json_array_size(json_object_get(report, "differences")))
        printf("  ...\n");
}

static int tell(const json_t *report, int as_json)
{
    if (as_json)
        (void)(json_dumpf(report, stdout, JSON_COMPACT) == 0 && putchar('\n'));
    else
        print_text(report);
    if (fflush(stdout) != 0)
        return EX_IOERR;
    return json_is_true(json_object_get(report, "equal")) ? EX_OK : 1;
}

static int check_data(const teburad_options *options, int as_json)
{
    teburad *service = NULL;
    tb_error why = {0};
    tb_check_report report;
    int code;
    tb_status status = teburad_look(options, &service, &why);
    if (status == TB_OK)
        status = tb_management_compare(service->management, &report, &why);
    json_t *json = status == TB_OK ? json_of_check(&report) : NULL;
    if (status == TB_OK && !json)
        status = TB_NO_MEMORY;
    code = status == TB_OK ? tell(json, as_json) : teburad_failed(status, &why);
    json_decref(json);
    teburad_stop(&service);
    return code;
}

static int check_url(const char *url, const char *token_file, int as_json)
{
    http_client *client = NULL;
    http_reply reply = {0};
    tb_bytes text = {0};
    char token[256] = "";
    tb_error why = {0};
    int code;
    tb_status status = tb_file_read(token_file, sizeof token - 1, &text, &why);
    if (status == TB_OK) {
        memcpy(token, text.data, text.size);
        token[strcspn(token, "\r\n")] = '\0';
        status = http_client_new(url, token, &client);
    }
    if (status == TB_OK)
        status = http_call(client, "POST", "/api/v1/check", NULL, CHECK_SECONDS, &reply, &why);
    if (status != TB_OK && reply.http == 401)
        status = TB_UNAUTHORISED; /* the token is wrong */
    code = status == TB_OK ? tell(reply.body, as_json) : teburad_failed(status, &why);
    tb_wipe(token, sizeof token);
    tb_bytes_free(&text);
    http_reply_free(&reply);
    http_client_free(&client);
    return code;
}

int teburad_check(int argc, char **argv)
{
    static const struct option known[] = {TEBURAD_SITE_OPTIONS,
                                          {"url", required_argument, NULL, 'u'},
                                          {"token-file", required_argument, NULL, 't'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    teburad_options options = {.examine = 1, .utc_offset_minutes = tb_clock_offset()};
    const char *url = NULL, *token_file = NULL;
    int as_json = 0;
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        if (teburad_site_option(&options, c, optarg))
            continue;
        if (c == 'u')
            url = optarg;
        else if (c == 't')
            token_file = optarg;
        else if (c == 'j')
            as_json = 1;
        else if (c == 'h')
            return fputs(help, stdout) >= 0 ? EX_OK : EX_IOERR;
        else
            return usage("an option is not known or lacks its value");
    }
    if (optind < argc)
        return usage("there are more words than expected");
    if (url && (options.data || options.site || options.profile))
        return usage("--url asks a service that runs, --data opens databases: give one of them");
    if (url)
        return token_file ? check_url(url, token_file, as_json) : usage("--url needs --token-file");
    if (!options.data || !options.site || !options.profile)
        return usage("--data, --site and --profile are needed, or --url");
    return check_data(&options, as_json);
}
