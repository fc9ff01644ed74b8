/* site.c: see site.h. */
#include "site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/bytes.h>

void site_need(tb_status status, const tb_error *why, const char *what)
{
    if (status == TB_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, why && why->text[0] ? why->text : tb_status_sentence(status));
    exit(1); /* the programs we started end with us: their parent-death signal */
}

json_t *site_call(site *s, const char *method, const char *path, json_t *body)
{
    http_reply reply = {0};
    tb_error why = {0};
    site_need(http_call(s->http, method, path, body, 10, &reply, &why), &why, path);
    json_decref(body);
    return reply.body;
}

void site_start(site *s)
{
    char log[96], token_path[256];
    tb_error why = {0};
    tb_bytes token = {0};
    json_t *line = NULL;
    snprintf(s->folder, sizeof s->folder, "/tmp/tebura-bench-XXXXXX");
    if (!mkdtemp(s->folder))
        site_need(TB_IO, NULL, "a temporary folder");
    snprintf(log, sizeof log, "%s/teburad.log", s->folder);
    snprintf(s->profile, sizeof s->profile, "%s/profiles/airport.yaml", TEBURA_SOURCE_DIR);
    const char *argv[] = {"teburad", "management", "--data",   s->folder, "--site",
                          "airport", "--profile",  s->profile, NULL};
    site_need(process_start("teburad", (char **)argv, "teburad", log, &s->server, &why), &why, "teburad");
    site_need(process_ready(&s->server, 20, &line, &why), &why, "teburad");
    snprintf(token_path, sizeof token_path, "%s", json_string_value(json_object_get(line, "token_file")));
    snprintf(s->url, sizeof s->url, "%s", json_string_value(json_object_get(line, "http")));
    site_need(tb_file_read(token_path, 1000, &token, &why), &why, "the operator's token");
    site_need(tb_bytes_append(&token, tb_span_of("", 1)), NULL, "memory");
    token.data[strcspn((char *)token.data, "\r\n")] = '\0';
    site_need(http_client_new(s->url, (char *)token.data, &s->http), NULL, "HTTP");
    tb_bytes_free(&token);
    json_decref(line);
}

void site_stop(site *s)
{
    process_ask_to_end(&s->server);
    process_wait(&s->server, 10);
    http_client_free(&s->http);
    process_remove_tree(s->folder);
}

void site_announce(site *s, const char *id, const char *role, const char *zone, char code[33])
{
    json_t *added =
        site_call(s, "POST", "/api/v1/touchpoints",
                  json_pack("{ss ss ss s{ss}}", "id", id, "role", role, "zone", zone, "attributes", "gate", "12"));
    snprintf(code, 33, "%s", json_string_value(json_object_get(added, "code")));
    json_decref(added);
}

void site_memory(pid_t pid, double *now, double *highest)
{
    char path[64], line[256];
    long kib;
    *now = *highest = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "VmRSS: %ld", &kib) == 1)
            *now = (double)kib / 1024;
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            *highest = (double)kib / 1024;
    }
    if (file)
        fclose(file);
}
