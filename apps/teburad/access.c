/* access.c: who may sign in at the broker: our own connections, the broker's configuration, and what it is told when
 * that changes (doc/adr/120). */
#include "teburad.h"

#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define PUSH_WAIT 5000

typedef struct revocations {
    tb_revoked *items;
    size_t count, room;
} revocations;

static tb_status add(void *context, const tb_key *broker_key, tb_time at)
{
    revocations *r = context;
    if (r->count == r->room) {
        size_t room = r->room ? 2 * r->room : 16;
        tb_revoked *items = realloc(r->items, room * sizeof *items);
        if (!items)
            return TB_NO_MEMORY;
        r->items = items;
        r->room = room;
    }
    r->items[r->count++] = (tb_revoked){*broker_key, at};
    return TB_OK;
}

tb_status teburad_access_open(teburad *s, tb_error *why)
{
    tb_key root = tb_management_trust_key(s->management);
    tb_status status = tb_trust_new(&root, s->options.site, &s->trust);
    tb_wipe(&root, sizeof root);
    return status == TB_OK ? TB_OK : tb_fail(why, status, "the broker's accounts: %s", tb_status_sentence(status));
}

tb_status teburad_access_config(teburad *s, const char *directory, tb_bytes *out)
{
    revocations r = {0};
    tb_status status = tb_management_revoked(s->management, add, &r);
    if (status == TB_OK)
        status = tb_trust_broker_config(s->trust, directory, r.items, r.count, tb_clock_now(), out);
    free(r.items);
    return status;
}

/* From the operator's connection, whenever it is made. */
static void on_operator(void *context, int connected)
{
    teburad *s = context;
    pthread_mutex_lock(&s->lock); /* until s->operator_bus is there */
    pthread_mutex_unlock(&s->lock);
    tb_status status = connected ? teburad_access_push(s) : TB_OK;
    if (status == TB_UNSUPPORTED)
        tb_log(TB_LOG_WARNING, "teburad",
               "this broker does not ask terminals who they are: each could read what is meant for others (sealed) and "
               "disturb them; see \"Several servers\" in deploy/README.md");
    else if (status != TB_OK)
        tb_log(TB_LOG_WARNING, "teburad", "the broker was not told who may sign in: %s", tb_status_sentence(status));
}

tb_status teburad_access_connect(teburad *s, tb_account account, tb_bus **out, tb_error *why)
{
    tb_bytes token = {0};
    tb_key seed = {{0}};
    tb_status status = tb_trust_server(s->trust, account, tb_clock_now(), &token, &seed);
    if (status == TB_OK)
        status = tb_bytes_append(&token, tb_span_of("", 1));
    tb_bus_options options = {.url = s->nats_url,
                              .name = account == TB_ACCOUNT_SYSTEM ? "teburad operator" : "teburad",
                              .token = (const char *)token.data,
                              .seed = &seed,
                              .replicas = s->options.replicas,
                              .authority = teburad_secure_authority(s, s->nats_url),
                              .connected = account == TB_ACCOUNT_SYSTEM ? on_operator : teburad_on_connection,
                              .context = s};
    status = status == TB_OK ? tb_bus_open(&options, out, why)
                             : tb_fail(why, status, "the broker's credentials: %s", tb_status_sentence(status));
    tb_wipe(&seed, sizeof seed);
    tb_bytes_free(&token);
    return status;
}

tb_status teburad_access_push(teburad *s)
{
    revocations r = {0};
    tb_status status = tb_management_revoked(s->management, add, &r);
    for (int i = 0; i < TB_ACCOUNTS && status == TB_OK; i++) {
        tb_bytes token = {0};
        status = tb_trust_account(s->trust, (tb_account)i, r.items, r.count, tb_clock_now(), &token);
        if (status == TB_OK)
            status = tb_bytes_append(&token, tb_span_of("", 1));
        if (status == TB_OK)
            status = tb_bus_account_push(s->operator_bus, (const char *)token.data, PUSH_WAIT);
        tb_bytes_free(&token);
    }
    free(r.items);
    return status;
}

void teburad_order(teburad *s, const char *touchpoint, const tb_bytes *order)
{
    char subject[TB_SUBJECT_SIZE];
    tb_subject_text(TB_SUBJECT_ORDER, s->options.site, touchpoint, NULL, subject);
    if (tb_bus_publish(s->bus, subject, tb_bytes_span(order)) == TB_OK)
        (void)!tb_bus_flush(s->bus, 1000); /* before it is cut off */
}

void teburad_cut_off(teburad *s)
{
    tb_status status = teburad_access_push(s);
    if (status != TB_OK && status != TB_UNSUPPORTED)
        tb_log(TB_LOG_WARNING, "teburad",
               "the broker does not know of a revocation yet: %s; nothing that terminal seals "
               "is believed here",
               tb_status_sentence(status));
}
