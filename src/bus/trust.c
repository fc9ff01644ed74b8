/* trust.c: the claims. They are written by hand, every text in them being a key or a name of checked letters. */
#include <tebura/trust.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tebura/bus.h>
#include <tebura/secret.h>

#include "bus/bus_private.h"

#define NO_LIMIT "\"subs\":-1,\"data\":-1,\"payload\":-1"
#define TERMINAL_LIMIT "\"subs\":32,\"data\":-1,\"payload\":131072" /* no terminal of ours needs more */

typedef struct pair {
    tb_key seed, public_key;
    char name[TB_NKEY_TEXT_SIZE];
} pair;

struct tb_trust { /* secret memory */
    char site[32];
    pair operator_key, accounts[TB_ACCOUNTS], users[TB_ACCOUNTS]; /* users[TERMINALS] signs the terminals' claims */
};

static tb_status derive(const tb_key *root, uint64_t number, tb_nkey_kind kind, pair *out)
{
    tb_status status = tb_key_derive(root, "tb-trust", number, &out->seed);
    out->public_key = tb_sign_public(&out->seed);
    tb_nkey_text(kind, &out->public_key, out->name);
    return status;
}

tb_status tb_trust_new(const tb_key *root, const char *site, tb_trust **out)
{
    *out = NULL;
    if (!bus_site_is_good(site))
        return TB_INVALID_ARGUMENT;
    tb_trust *trust = tb_secret_alloc(sizeof *trust);
    if (!trust)
        return TB_NO_MEMORY;
    snprintf(trust->site, sizeof trust->site, "%s", site);
    tb_status status = derive(root, 1, TB_NKEY_OPERATOR, &trust->operator_key);
    for (uint64_t i = 0; i < TB_ACCOUNTS && status == TB_OK; i++) {
        status = derive(root, 2 + i, TB_NKEY_ACCOUNT, &trust->accounts[i]);
        if (status == TB_OK)
            status = derive(root, 8 + i, i == TB_ACCOUNT_TERMINALS ? TB_NKEY_ACCOUNT : TB_NKEY_USER, &trust->users[i]);
    }
    if (status != TB_OK)
        tb_trust_free(&trust);
    *out = trust;
    return status;
}

void tb_trust_free(tb_trust **trust)
{
    tb_secret_free(*trust);
    *trust = NULL;
}

const char *tb_trust_account_name(const tb_trust *trust, tb_account account)
{
    return trust->accounts[account].name;
}

/* {"jti": hash of the rest, the rest}, signed. NATS takes two claims of one id for the same. */
static tb_status sign(const pair *by, const tb_bytes *rest, tb_bytes *out)
{
    uint8_t hash[32];
    char text[65];
    tb_bytes claims = {0};
    tb_sha256(tb_bytes_span(rest), hash);
    tb_hex_encode(tb_span_of(hash, sizeof hash), text);
    tb_status status =
        tb_bytes_print(&claims, "{\"jti\":\"%s\",%.*s}", text, (int)rest->size, (const char *)rest->data);
    if (status == TB_OK)
        status = tb_token_sign(&by->seed, tb_bytes_span(&claims), out);
    tb_bytes_free(&claims);
    return status;
}

static tb_status begin(tb_bytes *rest, const pair *by, const char *subject, const char *name, tb_time now)
{
    return tb_bytes_print(rest, "\"iat\":%" PRId64 ",\"iss\":\"%s\",\"name\":\"%s\",\"sub\":\"%s\"", now / TB_SECOND,
                          by->name, name, subject);
}

tb_status tb_trust_operator(const tb_trust *trust, tb_bytes *out)
{
    tb_bytes rest = {0};
    const pair *key = &trust->operator_key;
    tb_status status = begin(&rest, key, key->name, "tebura", TB_SECOND); /* the same ever after */
    if (status == TB_OK)
        status = tb_bytes_print(&rest, ",\"nats\":{\"system_account\":\"%s\",\"type\":\"operator\",\"version\":2}",
                                trust->accounts[TB_ACCOUNT_SYSTEM].name);
    if (status == TB_OK)
        status = sign(key, &rest, out);
    tb_bytes_free(&rest);
    return status;
}

/* ---- what passes between the two accounts ---- */

/* %1$s is the site, %2$d a part of the bucket. `share` as exported; a terminal's own part of it is `own`, where
 * {{name()}} is its touchpoint. The last ones are there for each part. */
static const struct passage {
    const char *share, *own;
    int is_stream, streamed, published;
} passages[] = {
    {"tb.%s.event.*", "tb.%s.event.{{name()}}", 0, 0, 1},
    {"tb.%s.ask.*", "tb.%s.ask.{{name()}}", 0, 0, 1},
    {"tb.%s.status.*", "tb.%s.status.{{name()}}", 0, 0, 1},
    {"tb.%s.list.*", "tb.%s.list.{{name()}}", 0, 0, 1},
    {"$KV.feed_%s.>", "$KV.feed_%s.*.{{name()}}.>", 1, 0, 0},
    {"tb.%s.order.*", "tb.%s.order.{{name()}}", 1, 0, 0},
    {"$JS.API.DIRECT.GET.KV_feed_%1$s-%2$d.$KV.feed_%1$s.%2$d._epoch",
     "$JS.API.DIRECT.GET.KV_feed_%1$s-%2$d.$KV.feed_%1$s.%2$d._epoch", 0, 0, 1},
    {"$JS.API.DIRECT.GET.KV_feed_%1$s-%2$d.$KV.feed_%1$s.%2$d.*.00000000000000000000000000000000",
     "$JS.API.DIRECT.GET.KV_feed_%1$s-%2$d.$KV.feed_%1$s.%2$d.{{name()}}.00000000000000000000000000000000", 0, 0, 1},
    {"$JS.API.CONSUMER.MSG.NEXT.KV_feed_%1$s-%2$d.*", "$JS.API.CONSUMER.MSG.NEXT.KV_feed_%1$s-%2$d.{{name()}}", 0, 1,
     1},
};
#define PARTED 3
#define PLAIN (sizeof passages / sizeof *passages - PARTED)
#define PASSAGES (PLAIN + PARTED * BUS_PARTS)

static const struct passage *passage_at(size_t number, int *part)
{
    *part = number < PLAIN ? 0 : (int)((number - PLAIN) % BUS_PARTS);
    return &passages[number < PLAIN ? number : PLAIN + (number - PLAIN) / BUS_PARTS];
}

static const char *fill(const char *form, const char *site, int part, char out[TB_SUBJECT_SIZE])
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* forms of the table above */
#pragma GCC diagnostic ignored "-Wformat-extra-args"
    snprintf(out, TB_SUBJECT_SIZE, form, site, part);
#pragma GCC diagnostic pop
    return out;
}

static tb_status print_exports(const tb_trust *trust, tb_bytes *out)
{
    char subject[TB_SUBJECT_SIZE];
    tb_status status = tb_bytes_print(out, "\"exports\":[");
    for (size_t i = 0; i < PASSAGES && status == TB_OK; i++) {
        int part;
        const struct passage *p = passage_at(i, &part);
        status = tb_bytes_print(out, "%s{\"name\":\"%zu\",\"subject\":\"%s\",\"type\":\"%s\"%s}", i ? "," : "", i,
                                fill(p->share, trust->site, part, subject), p->is_stream ? "stream" : "service",
                                p->is_stream  ? ""
                                : p->streamed ? ",\"response_type\":\"Stream\""
                                              : ",\"response_type\":\"Singleton\"");
    }
    return status == TB_OK ? tb_bytes_print(out, "],") : status;
}

static tb_status print_imports(const tb_trust *trust, tb_bytes *out)
{
    char subject[TB_SUBJECT_SIZE];
    tb_status status = tb_bytes_print(out, "\"imports\":[");
    for (size_t i = 0; i < PASSAGES && status == TB_OK; i++) {
        int part;
        const struct passage *p = passage_at(i, &part);
        status = tb_bytes_print(out, "%s{\"name\":\"%zu\",\"subject\":\"%s\",\"account\":\"%s\",\"type\":\"%s\"}",
                                i ? "," : "", i, fill(p->share, trust->site, part, subject),
                                trust->accounts[TB_ACCOUNT_SITE].name, p->is_stream ? "stream" : "service");
    }
    return status == TB_OK ? tb_bytes_print(out, "],") : status;
}

static tb_status print_own(const tb_trust *trust, int published, tb_bytes *out)
{
    char subject[TB_SUBJECT_SIZE];
    const char *comma = "";
    tb_status status = TB_OK;
    for (size_t i = 0; i < PASSAGES && status == TB_OK; i++) {
        int part;
        const struct passage *p = passage_at(i, &part);
        if (p->published != published)
            continue;
        status = tb_bytes_print(out, "%s\"%s\"", comma, fill(p->own, trust->site, part, subject));
        comma = ",";
    }
    return status;
}

/* The terminals sign in by claims of this key, which say nothing but a name. */
static tb_status print_scope(const tb_trust *trust, tb_bytes *out)
{
    tb_status status = tb_bytes_print(out,
                                      "\"signing_keys\":[{\"kind\":\"user_scope\",\"key\":\"%s\",\"role\":\"terminal\","
                                      "\"template\":{\"pub\":{\"allow\":[",
                                      trust->users[TB_ACCOUNT_TERMINALS].name);
    if (status == TB_OK)
        status = print_own(trust, 1, out);
    if (status == TB_OK)
        status = tb_bytes_print(out, "]},\"sub\":{\"allow\":[");
    if (status == TB_OK)
        status = print_own(trust, 0, out);
    return status == TB_OK ? tb_bytes_print(out, ",\"" TB_INBOX_FORM ".>\"]}," TERMINAL_LIMIT "}}],", "{{name()}}")
                           : status;
}

/* For good: NATS compares the moment with that at which the claims were made, by some other server's clock perhaps; and
 * no key of a revoked terminal is ever of use again. */
#define FOR_EVER INT64_C(253402300799) /* the last second of the year 9999 */

static tb_status print_revoked(const tb_revoked *revoked, size_t count, tb_bytes *out)
{
    char name[TB_NKEY_TEXT_SIZE];
    tb_status status = tb_bytes_print(out, "\"revocations\":{");
    for (size_t i = 0; i < count && status == TB_OK; i++)
        status = tb_bytes_print(out, "%s\"%s\":%" PRId64, i ? "," : "",
                                tb_nkey_text(TB_NKEY_USER, &revoked[i].broker_key, name), FOR_EVER);
    return status == TB_OK ? tb_bytes_print(out, "},") : status;
}

tb_status tb_trust_account(const tb_trust *trust, tb_account account, const tb_revoked *revoked, size_t count,
                           tb_time now, tb_bytes *out)
{
    static const char *const names[] = {"system", "site", "terminals"};
    tb_bytes rest = {0};
    const char *jetstream =
        account == TB_ACCOUNT_SITE ? ",\"mem_storage\":-1,\"disk_storage\":-1,\"streams\":-1,\"consumer\":-1" : "";
    tb_status status = begin(&rest, &trust->operator_key, trust->accounts[account].name, names[account], now);
    if (status == TB_OK)
        status = tb_bytes_print(&rest, ",\"nats\":{");
    if (status == TB_OK && account == TB_ACCOUNT_SITE)
        status = print_exports(trust, &rest);
    if (status == TB_OK && account == TB_ACCOUNT_TERMINALS)
        status = print_imports(trust, &rest);
    if (status == TB_OK && account == TB_ACCOUNT_TERMINALS)
        status = print_scope(trust, &rest);
    if (status == TB_OK && account == TB_ACCOUNT_TERMINALS)
        status = print_revoked(revoked, count, &rest);
    if (status == TB_OK)
        status = tb_bytes_print(&rest,
                                "\"limits\":{" NO_LIMIT ",\"imports\":-1,\"exports\":-1,\"wildcards\":true,"
                                "\"conn\":-1,\"leaf\":0%s},\"default_permissions\":{\"pub\":{},\"sub\":{}},"
                                "\"type\":\"account\",\"version\":2}",
                                jetstream);
    if (status == TB_OK)
        status = sign(&trust->operator_key, &rest, out);
    tb_bytes_free(&rest);
    return status;
}

tb_status tb_trust_terminal(const tb_trust *trust, const char *touchpoint, const tb_key *broker_key, tb_time now,
                            tb_bytes *out)
{
    char name[TB_NKEY_TEXT_SIZE], subject[TB_SUBJECT_SIZE];
    tb_bytes rest = {0};
    tb_subject_text(TB_SUBJECT_ASK, trust->site, touchpoint, NULL, subject);
    if (!subject[0] || strpbrk(touchpoint, "*>"))
        return TB_INVALID_ARGUMENT;
    tb_nkey_text(TB_NKEY_USER, broker_key, name);
    tb_status status = begin(&rest, &trust->users[TB_ACCOUNT_TERMINALS], name, touchpoint, now);
    if (status == TB_OK)
        status = tb_bytes_print(&rest, ",\"nats\":{\"issuer_account\":\"%s\",\"type\":\"user\",\"version\":2}",
                                trust->accounts[TB_ACCOUNT_TERMINALS].name);
    if (status == TB_OK)
        status = sign(&trust->users[TB_ACCOUNT_TERMINALS], &rest, out);
    tb_bytes_free(&rest);
    return status;
}

tb_status tb_trust_server(const tb_trust *trust, tb_account account, tb_time now, tb_bytes *out, tb_key *seed)
{
    tb_bytes rest = {0};
    if (account == TB_ACCOUNT_TERMINALS)
        return TB_INVALID_ARGUMENT;
    const char *permissions =
        account == TB_ACCOUNT_SYSTEM
            ? "\"pub\":{\"allow\":[\"$SYS.REQ.CLAIMS.UPDATE\"]},\"sub\":{\"allow\":[\"_INBOX.>\"]}"
            : "\"pub\":{},\"sub\":{}";
    tb_status status = begin(&rest, &trust->accounts[account], trust->users[account].name, "teburad", now);
    if (status == TB_OK)
        status = tb_bytes_print(&rest, ",\"nats\":{%s," NO_LIMIT ",\"type\":\"user\",\"version\":2}", permissions);
    if (status == TB_OK)
        status = sign(&trust->accounts[account], &rest, out);
    if (status == TB_OK)
        *seed = trust->users[account].seed;
    tb_bytes_free(&rest);
    return status;
}

tb_status tb_trust_broker_config(const tb_trust *trust, const char *directory, const tb_revoked *revoked, size_t count,
                                 tb_time now, tb_bytes *out)
{
    if (strpbrk(directory, "\"\n\\"))
        return TB_INVALID_ARGUMENT;
    tb_status status = tb_bytes_print(out, "operator: \"");
    if (status == TB_OK)
        status = tb_trust_operator(trust, out);
    if (status == TB_OK)
        status = tb_bytes_print(out,
                                "\"\nsystem_account: \"%s\"\nresolver {\n  type: full\n  dir: \"%s\"\n"
                                "  allow_delete: false\n}\nresolver_preload {\n",
                                trust->accounts[TB_ACCOUNT_SYSTEM].name, directory);
    for (int i = 0; i < TB_ACCOUNTS && status == TB_OK; i++) {
        status = tb_bytes_print(out, "  \"%s\": \"", trust->accounts[i].name);
        if (status == TB_OK)
            status = tb_trust_account(trust, (tb_account)i, revoked, count, now, out);
        if (status == TB_OK)
            status = tb_bytes_print(out, "\"\n");
    }
    return status == TB_OK ? tb_bytes_print(out, "}\n") : status;
}
