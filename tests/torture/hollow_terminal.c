/* hollow_terminal.c: everything of a terminal but eyes and gate: its store, list, outbox and link are those of
 * tebura-edge; who stands before it is told on standard input, and faces are made up (a simulation, for tests only).
 * So a hundred people a minute can pass a terminal that may be killed at any moment.
 *
 * usage: hollow_terminal DIRECTORY SERVER PROFILE [CODE]
 *
 * One command a line, one line of JSON each as the answer, after what it tells is durable:
 *   checkin WHO MRZ|MRZ BOARDING-PASS    {"answer": "admit", "visit": ID}     WHO: number of a made-up face
 *   pass VISIT                           {"event": ID} or {"absent": true}: nobody passes who is not on the list
 *   pay VISIT AMOUNT                     {"payment": ID, "is": "paid" | "declined" | "voided"}
 *   list VISIT...                        {"connected": B, "entries": N, "outbox": N, "on": [VISIT...]}
 * At the start it says {"touchpoint": ID, "voided": N}. The end of the input ends it. */
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/crypto.h>
#include <tebura/profile.h>
#include <tebura/secret.h>

#include "terminal/link.h"
#include "terminal/registration.h"

#define SENDS 3
#define ASK_MS 2000
#define REGISTER_MS 3000
#define WORDS 2048

struct hollow {
    tb_edge_store *store;
    tb_list *list;
    tb_link *link;
    tb_profile *profile;
    tb_role_view role;
    tb_registration registration;
    tb_key_pair keys;
    pthread_mutex_t mutex;
    pthread_cond_t told;
    int answered;
    tb_answer answer;
};

static void answered(void *context, const tb_answer *answer)
{
    struct hollow *h = context;
    pthread_mutex_lock(&h->mutex);
    h->answer = *answer;
    h->answered = 1;
    pthread_cond_signal(&h->told);
    pthread_mutex_unlock(&h->mutex);
}

static void nothing(void *context)
{
    (void)context;
}

static void beat(void *context, tb_heartbeat *beat)
{
    (void)context;
    snprintf(beat->state, sizeof beat->state, "idle");
    beat->simulation = 1;
}

/* Asks and waits: the link calls `answered` exactly once. */
static tb_answer ask(struct hollow *h, tb_request *request)
{
    h->answered = 0;
    if (tb_link_ask(h->link, request, ASK_MS) != TB_OK)
        return (tb_answer){.verdict = TB_ANSWER_FAILED, .status = TB_BUS_DOWN};
    pthread_mutex_lock(&h->mutex);
    while (!h->answered)
        pthread_cond_wait(&h->told, &h->mutex);
    tb_answer answer = h->answer;
    pthread_mutex_unlock(&h->mutex);
    return answer;
}

static void say(json_t *line)
{
    if (!line || json_dumpf(line, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
        exit(1);
    json_decref(line);
}

static const char *verdict_name(tb_answer_verdict verdict)
{
    static const char *const names[] = {"", "admit", "refuse", "unknown", "not_sure", "failed"};
    return names[verdict];
}

/* The same `who` has the same made-up face everywhere: a direction of the server's model. */
static tb_status made_probe(const struct hollow *h, uint32_t who, tb_bytes *out)
{
    tb_template *face = tb_secret_alloc(sizeof *face);
    if (!face)
        return TB_NO_MEMORY;
    uint64_t state = who * UINT64_C(1000003) + 1;
    double sum = 0;
    face->model = h->registration.model;
    face->dimension = (uint16_t)h->registration.dimension;
    face->quality = 80;
    for (int i = 0; i < h->registration.dimension; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        face->values[i] = (float)((double)(state >> 11) / 9007199254740992.0 - 0.5);
        sum += (double)face->values[i] * (double)face->values[i];
    }
    for (int i = 0; i < h->registration.dimension; i++)
        face->values[i] /= (float)sqrt(sum);
    tb_status status = tb_template_encode(face, out);
    tb_secret_free(face);
    return status;
}

static tb_request request_of(const struct hollow *h, tb_request_kind kind)
{
    tb_request request = {.id = tb_id_random(), .kind = kind, .at = tb_clock_now()};
    memcpy(request.touchpoint, h->registration.touchpoint, sizeof request.touchpoint);
    return request;
}

static void checkin(struct hollow *h, char **words, int count)
{
    if (count != 4)
        exit(64);
    tb_request request = request_of(h, TB_REQUEST_CHECKIN);
    char visit[TB_ID_TEXT_SIZE];
    snprintf(request.mrz, sizeof request.mrz, "%s", words[2]);
    for (char *bar = request.mrz; (bar = strchr(bar, '|'));)
        *bar = '\n';
    for (char *c = words[3]; *c; c++)
        if (*c == '_') /* a boarding pass has blanks */
            *c = ' ';
    snprintf(request.boarding_pass, sizeof request.boarding_pass, "%s", words[3]);
    request.consent = 1;
    request.document_score = 0.9f;
    if (made_probe(h, (uint32_t)strtoul(words[1], NULL, 10), &request.probe) != TB_OK)
        exit(70);
    tb_answer answer = ask(h, &request);
    tb_request_free(&request);
    say(json_pack("{s:s, s:s, s:s, s:s}", "answer", verdict_name(answer.verdict), "reason", answer.reason, "status",
                  tb_status_name(answer.status), "visit", tb_id_text(answer.visit, visit)));
}

static tb_id visit_of(const char *text)
{
    tb_id visit;
    if (tb_id_parse(text, &visit) != TB_OK)
        exit(64);
    return visit;
}

static void drop_from_memory(struct hollow *h, tb_id visit)
{
    if (tb_list_drop(h->list, visit, 0) != TB_OK)
        exit(70);
}

static void pass(struct hollow *h, char **words, int count)
{
    if (count != 2)
        exit(64);
    tb_id visit = visit_of(words[1]);
    tb_drop drop = {visit, tb_list_sequence_of(h->list, visit)};
    tb_event event = {.kind = TB_EVENT_PASSAGE, .visit = visit};
    char id[TB_ID_TEXT_SIZE];
    if (!tb_list_has(h->list, visit)) {
        say(json_pack("{s:b}", "absent", 1));
        return;
    }
    tb_status status = tb_edge_store_record(h->store, &event, tb_clock_now(), h->role.deletes_entry ? &drop : NULL);
    if (status != TB_OK) { /* a full disk: the gate stays shut, nothing happened */
        say(json_pack("{s:s}", "failed", tb_status_name(status)));
        return;
    }
    if (h->role.deletes_entry)
        drop_from_memory(h, visit);
    say(json_pack("{s:s}", "event", tb_id_text(event.id, id)));
    tb_link_wake(h->link);
}

/* Until the disk has room again. */
static void a_moment(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
}

static void pay(struct hollow *h, char **words, int count)
{
    if (count != 3)
        exit(64);
    tb_request request = request_of(h, TB_REQUEST_PAY);
    tb_answer answer = {.verdict = TB_ANSWER_FAILED};
    char id[TB_ID_TEXT_SIZE];
    const char *outcome = "voided";
    request.visit = visit_of(words[1]);
    request.amount = strtoll(words[2], NULL, 10);
    request.staff_confirmed = 1;
    memcpy(request.currency, "JPY", 4);
    tb_status kept = tb_edge_store_payment_keep(h->store, request.id, request.visit, tb_clock_now());
    if (kept != TB_OK) { /* a full disk: nothing was sent */
        tb_request_free(&request);
        say(json_pack("{s:s}", "failed", tb_status_name(kept)));
        return;
    }
    for (int i = 0; i < SENDS && answer.verdict == TB_ANSWER_FAILED; i++)
        answer = ask(h, &request);
    if (answer.verdict == TB_ANSWER_FAILED) {
        tb_event event = {.kind = TB_EVENT_PAYMENT_VOID, .visit = request.visit};
        if (tb_facts_set_text(&event.facts, "payment", tb_id_text(request.id, id)) != TB_OK)
            exit(70);
        while (tb_edge_store_payment_void(h->store, request.id, &event, tb_clock_now()) != TB_OK)
            a_moment();
        tb_link_wake(h->link);
    } else {
        outcome = answer.verdict == TB_ANSWER_ADMIT ? "paid" : "declined";
        while (tb_edge_store_payment_close(h->store, request.id) != TB_OK)
            a_moment();
    }
    say(json_pack("{s:s, s:s, s:s}", "payment", tb_id_text(request.id, id), "is", outcome, "reason", answer.reason));
    tb_request_free(&request);
}

static void tell_list(struct hollow *h, char **words, int count)
{
    tb_link_view view;
    json_t *on = json_array();
    tb_link_look(h->link, &view);
    for (int i = 1; i < count; i++)
        if (tb_list_has(h->list, visit_of(words[i])))
            (void)json_array_append_new(on, json_string(words[i]));
    say(json_pack("{s:b, s:I, s:I, s:o}", "connected", view.connected, "entries", (json_int_t)tb_list_count(h->list),
                  "outbox", (json_int_t)tb_edge_store_outbox_count(h->store), "on", on));
}

static void serve(struct hollow *h)
{
    char *line = NULL, *words[WORDS], *rest;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        int count = 0;
        for (char *word = strtok_r(line, " \n", &rest); word && count < WORDS; word = strtok_r(NULL, " \n", &rest))
            words[count++] = word;
        if (!count)
            continue;
        if (strcmp(words[0], "checkin") == 0)
            checkin(h, words, count);
        else if (strcmp(words[0], "pass") == 0)
            pass(h, words, count);
        else if (strcmp(words[0], "pay") == 0)
            pay(h, words, count);
        else if (strcmp(words[0], "list") == 0)
            tell_list(h, words, count);
        else
            exit(64);
    }
    free(line);
}

static tb_status identify(struct hollow *h, const char *server, const char *code, tb_error *why)
{
    tb_status status = tb_edge_store_keys(h->store, &h->keys);
    if (status == TB_OK)
        status = tb_edge_store_registration(h->store, &h->registration);
    if (status != TB_NOT_FOUND)
        return status;
    if (!code)
        return tb_fail(why, TB_NOT_FOUND, "not registered, and no code was given");
    status = tb_register_at(server, code, &h->keys, REGISTER_MS, &h->registration, why);
    return status == TB_OK ? tb_edge_store_register(h->store, &h->registration) : status;
}

static tb_status open_terminal(struct hollow *h, char **arguments, tb_error *why)
{
    tb_bytes yaml = {0};
    tb_status status = tb_edge_store_open(arguments[1], &h->store, why);
    if (status == TB_OK)
        status = identify(h, arguments[2], arguments[4], why);
    if (status == TB_OK)
        status = tb_file_read(arguments[3], (size_t)256 << 10, &yaml, why);
    if (status == TB_OK)
        status = tb_profile_parse(tb_bytes_span(&yaml), arguments[3], &h->profile, why);
    tb_bytes_free(&yaml);
    if (status != TB_OK)
        return status;
    tb_role_view_of(tb_profile_role(h->profile, h->registration.role), &h->role);
    tb_model model = {.id = h->registration.model, .dimension = h->registration.dimension};
    model.calibration = (tb_calibration){
        .knots = 2, .curve = {{1e-3, 0.395f}, {1e-4, 0.44f}}, .margin = 0.05f, .verification = 0.4f, .liveness = 0.5f};
    status = tb_list_new(&model, 1, &h->list);
    tb_link_options link = {h->store, h->list, &h->registration, &h->keys, answered, nothing, beat,
                            h,        NULL,    TB_TIME_NEVER};
    return status == TB_OK ? tb_link_open(&link, &h->link, why) : status;
}

int main(int argc, char **argv)
{
    struct hollow h = {.mutex = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};
    tb_error why = {0};
    int voided = 0;
    if (argc < 4 || argc > 5) {
        fputs("usage: hollow_terminal DIRECTORY SERVER PROFILE [CODE]\n", stderr);
        return 64;
    }
    tb_status status = tb_crypto_start();
    if (status == TB_OK)
        status = open_terminal(&h, argv, &why);
    if (status == TB_OK)
        status = tb_edge_store_payments_void(h.store, tb_clock_now(), &voided);
    if (status == TB_OK) {
        tb_link_wake(h.link);
        say(json_pack("{s:s, s:i}", "touchpoint", h.registration.touchpoint, "voided", voided));
        serve(&h);
    } else {
        fprintf(stderr, "hollow_terminal: %s (%s)\n", tb_error_text(&why), tb_status_name(status));
    }
    tb_link_free(&h.link);
    tb_list_free(&h.list);
    tb_edge_store_free(&h.store);
    tb_profile_free(&h.profile);
    tb_wipe(&h.keys, sizeof h.keys);
    return status == TB_OK ? 0 : 1;
}
