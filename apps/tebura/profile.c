/* profile.c: tebura profile check|show: what is wrong with a site's profile, all of it; and what a sound one lets each
 * role see and for how long. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>
#include <tebura/bytes.h>
#include <tebura/profile_check.h>

#include "profile_print.h"

static const char help[] =
    "usage: tebura profile check [--json] FILE ...\n"
    "       tebura profile show [--json] FILE\n\n"
    "check   reports everything that is wrong with the profiles, each with file, line, cause and what to do, and prints\n"
    "        for those that are sound what each role may see, of whom, from when and until when\n"
    "show    prints all of one profile: purposes, facts, statuses, journeys, roles, sentences and consent\n\n"
    "  --json  one JSON document on standard output\n\n"
    "Exit status: 0 all are sound, 1 something is wrong with one, 2 it could not be done.\n";

enum { FILES_MAX = 64 };

typedef struct wish {
    int json, show, count;
    const char *files[FILES_MAX];
} wish;

static tb_status understand(int argc, char **argv, wish *out, tb_error *why)
{
    const char *what = argc > 1 ? argv[1] : "";
    *out = (wish){.show = strcmp(what, "show") == 0};
    if (!out->show && strcmp(what, "check") != 0)
        return tb_fail(why, TB_INVALID_ARGUMENT, "say check or show; see tebura profile --help");
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            out->json = 1;
        else if (argv[i][0] == '-')
            return tb_fail(why, TB_INVALID_ARGUMENT, "there is no option %s", argv[i]);
        else if (out->count == FILES_MAX || (out->show && out->count == 1))
            return tb_fail(why, TB_INVALID_ARGUMENT, "one file too many: %s", argv[i]);
        else
            out->files[out->count++] = argv[i];
    }
    return out->count ? TB_OK : tb_fail(why, TB_INVALID_ARGUMENT, "name a profile, such as profiles/airport.yaml");
}

static json_t *json_of_findings(const tb_findings *findings)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < findings->count; i++) {
        const tb_finding *f = &findings->items[i];
        json_t *item = json_pack("{s:i,s:s,s:s}", "line", f->line, "cause", f->cause, "remedy", f->remedy);
        if (json_array_append_new(list, item) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static void print_findings(const char *file, const tb_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        printf("%s:%d: %s\n    %s\n", file, findings->items[i].line, findings->items[i].cause,
               findings->items[i].remedy);
    if (findings->more)
        printf("%s: and %zu more\n", file, findings->more);
    printf("%s: %zu thing%s to mend\n", file, findings->count + findings->more,
           findings->count + findings->more == 1 ? "" : "s");
}

static tb_status tell(const wish *w, const char *file, const tb_profile *profile, const tb_findings *findings,
                      json_t *results)
{
    if (!w->json) {
        if (!profile)
            print_findings(file, findings);
        else if (w->show)
            profile_print_all(profile);
        else
            profile_print_roles(file, profile);
        return TB_OK;
    }
    json_t *described = profile ? profile_to_json(profile) : json_null();
    json_t *item = json_pack("{s:s,s:b,s:o,s:I,s:o}", "file", file, "sound", profile != NULL, "findings",
                             json_of_findings(findings), "more", (json_int_t)findings->more, "profile", described);
    return json_array_append_new(results, item) == 0 ? TB_OK : TB_NO_MEMORY;
}

/* TB_MALFORMED: told. */
static tb_status look_at(const wish *w, const char *file, json_t *results, tb_error *why)
{
    tb_bytes yaml = {0};
    tb_findings findings = {0};
    tb_profile *profile = NULL;
    tb_status status = tb_file_read(file, 1 << 20, &yaml, why);
    if (status != TB_OK)
        return status;
    tb_status sound = tb_profile_examine(tb_bytes_span(&yaml), &profile, &findings);
    if (sound == TB_OK || sound == TB_MALFORMED)
        status = tell(w, file, profile, &findings, results);
    else
        status = sound;
    if (status != TB_OK)
        tb_fail(why, status, "%s: %s", file, tb_status_sentence(status));
    tb_profile_free(&profile);
    tb_findings_free(&findings);
    tb_bytes_free(&yaml);
    return status == TB_OK ? sound : status;
}

/* A file that could not be examined is in the JSON document too. */
static int add_failure(json_t *results, const char *file, tb_status status, const tb_error *why)
{
    return json_array_append_new(results,
                                 json_pack("{s:s,s:b,s:[],s:{s:s,s:s}}", "file", file, "sound", 0, "findings", "error",
                                           "status", tb_status_name(status), "message", tb_error_text(why)));
}

static int print_results(json_t *results)
{
    json_t *document = json_pack("{s:O}", "profiles", results);
    int bad = !document || json_dumpf(document, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF;
    json_decref(document);
    return bad;
}

int command_profile(int argc, char **argv)
{
    wish w;
    tb_error why = {0};
    int answer = APP_YES;
    if (app_wants_help(argc, argv))
        return app_help(help);
    tb_status status = understand(argc, argv, &w, &why);
    if (status != TB_OK)
        return app_fail("profile", status, &why);
    json_t *results = json_array();
    if (!results)
        return app_fail("profile", TB_NO_MEMORY, NULL);
    for (int i = 0; i < w.count; i++) {
        why = (tb_error){0};
        status = look_at(&w, w.files[i], results, &why);
        if (status == TB_MALFORMED && answer == APP_YES)
            answer = APP_NO;
        else if (status != TB_OK && status != TB_MALFORMED) {
            if (w.json && add_failure(results, w.files[i], status, &why) != 0)
                status = TB_NO_MEMORY;
            answer = app_fail("profile", status, &why);
        }
    }
    if (w.json && print_results(results) != 0)
        answer = app_fail("profile", TB_NO_MEMORY, NULL);
    json_decref(results);
    return answer;
}
