/* broker_config.c: `teburad broker-config`: configurations for one nats-server, or three that are one cluster, that
 * believe this site's accounts and speak TLS with certificates of its authority; to clients and among each other. */
#include "broker_config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

#include "look.h"

#define NODES_MOST 5
#define HOST_SIZE 254
#define PATH_SIZE 3072
#define CERTIFICATE_DAYS 825

static const char help[] =
    "usage: teburad broker-config --data DIR --site NAME --profile FILE --nodes HOST:PORT[,HOST:PORT...] [OPTION...]\n"
    "\n"
    "Writes the configuration of a nats-server of your own, or of three or five that are one cluster: who may do what\n"
    "there (signed accounts, also who is revoked now), TLS with certificates of the site's own authority, JetStream. The\n"
    "service may be told of them by --nats tls://HOST:PORT,... It has to have run once before, and on database files it\n"
    "is stopped while this runs. Nothing is changed there.\n"
    "\n"
    "  --nodes LIST         as servers and terminals reach them: names or addresses; one, three or five\n"
    "  --cluster-port PORT  where they reach each other; 6222 by default, one more for each further node of one host\n"
    "  --out DIR            writes DIR/tebura-N.conf, .pem (certificate) and .key (its key, mode 0600), and\n"
    "                       authority.pem. Without it configurations alone are printed, without certificates\n"
    "  --renew              new certificates alone, into DIR of --out: the configurations there are left as they are\n"
    "  --etc DIR            where these files will lie on the brokers' machines; DIR of --out, else /etc/nats\n"
    "  --store DIR          where the brokers keep what they store; /var/lib/nats by default\n"
    "  --models, --database, --database-file  as for teburad management\n"
    "\n"
    "Certificates last 825 days: run it again with --renew before, and have the brokers read them (nats-server --signal reload).\n"
    "Exit codes: 0 written, 64 wrong command line, else as teburad management.\n";

typedef struct node {
    char host[HOST_SIZE];
    int port, cluster_port;
} node;

typedef struct plan {
    node nodes[NODES_MOST];
    int count, cluster_port;
    const char *out, *etc, *store, *list;
    int renews;           /* certificates alone */
    char here[PATH_SIZE]; /* of --out */
    tb_time now;
} plan;

static int usage(const char *sentence)
{
    fprintf(stderr, "teburad: %s; see teburad broker-config --help\n", sentence);
    return EX_USAGE;
}

static int parse_port(const char *text, int *out)
{
    char *end;
    long port = strtol(text, &end, 10);
    *out = (int)port;
    return *text && !*end && port > 0 && port < 65536;
}

/* Letters are looked at when certificates are made, and here for those that are only printed. */
static int parse_nodes(plan *p)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
    char copy[2048], *rest = copy;
    if (snprintf(copy, sizeof copy, "%s", p->list) >= (int)sizeof copy)
        return 0;
    for (char *one; (one = strsep(&rest, ",")); p->count++) {
        char *host = one, *colon = strrchr(one, ':');
        if (p->count == NODES_MOST || !colon)
            return 0;
        node *n = &p->nodes[p->count];
        *colon = '\0';
        if (*host == '[' && colon[-1] == ']') {
            host++;
            colon[-1] = '\0';
        }
        if (!*host || strspn(host, letters) != strlen(host) || !parse_port(colon + 1, &n->port) ||
            snprintf(n->host, sizeof n->host, "%s", host) >= (int)sizeof n->host)
            return 0;
        n->cluster_port = p->cluster_port;
        for (int i = 0; i < p->count; i++)
            n->cluster_port += strcmp(p->nodes[i].host, n->host) == 0;
        if (n->cluster_port > 65535)
            return 0;
    }
    return p->count == 1 || p->count == 3 || p->count == 5;
}

/* An address is listened on alone; behind a name there may be any of the machine's. */
static const char *listened(const node *n, char out[HOST_SIZE + 2])
{
    uint8_t address[16];
    if (inet_pton(AF_INET6, n->host, address) == 1)
        snprintf(out, HOST_SIZE + 2, "[%s]", n->host);
    else
        snprintf(out, HOST_SIZE + 2, "%s", inet_pton(AF_INET, n->host, address) == 1 ? n->host : "0.0.0.0");
    return out;
}

static const char *named(const node *n, char out[HOST_SIZE + 2])
{
    snprintf(out, HOST_SIZE + 2, strchr(n->host, ':') ? "[%s]" : "%s", n->host);
    return out;
}

static tb_status print_cluster(const plan *p, int number, tb_bytes *out)
{
    const node *n = &p->nodes[number];
    char host[HOST_SIZE + 2], name[HOST_SIZE + 2];
    tb_status status = tb_bytes_print(out,
                                      "\ncluster {\n  name: \"tebura\"\n  listen: \"%s:%d\"\n"
                                      "  cluster_advertise: \"%s:%d\"\n  routes: [\n",
                                      listened(n, host), n->cluster_port, named(n, name), n->cluster_port);
    for (int i = 0; i < p->count && status == TB_OK; i++)
        if (i != number)
            status = tb_bytes_print(out, "    \"nats-route://%s:%d\"\n", named(&p->nodes[i], name),
                                    p->nodes[i].cluster_port);
    if (status == TB_OK)
        status =
            tb_bytes_print(out,
                           "  ]\n  # both ends show a certificate of the site's authority\n"
                           "  tls {\n    cert_file: \"%1$s/tebura-%2$d.pem\"\n    key_file: \"%1$s/tebura-%2$d.key\"\n"
                           "    ca_file: \"%1$s/authority.pem\"\n    verify: true\n    timeout: 5\n  }\n}\n",
                           p->etc, number + 1);
    return status;
}

static tb_status print_node(teburad *s, const plan *p, int number, tb_bytes *out)
{
    const node *n = &p->nodes[number];
    char host[HOST_SIZE + 2], name[HOST_SIZE + 2], accounts[PATH_SIZE + 64];
    snprintf(accounts, sizeof accounts, "%s/tebura-%d/accounts", p->store, number + 1);
    tb_status status = tb_bytes_print(
        out,
        "# tebura-%1$d.conf: one nats-server of the site \"%2$s\", as teburad broker-config wrote it. Its certificate\n"
        "# lasts %3$d days. No secrets are in here; tebura-%1$d.key is one.\n"
        "server_name: \"tebura-%1$d\"\nlisten: \"%4$s:%5$d\"\nclient_advertise: \"%6$s:%5$d\"\nmax_payload: 131072\n"
        "tls {\n  cert_file: \"%7$s/tebura-%1$d.pem\"\n  key_file: \"%7$s/tebura-%1$d.key\"\n  timeout: 5\n}\n"
        "jetstream {\n  store_dir: \"%8$s/tebura-%1$d\"\n  max_memory_store: 1073741824\n"
        "  max_file_store: 1073741824\n}\n",
        number + 1, s->options.site, CERTIFICATE_DAYS, listened(n, host), n->port, named(n, name), p->etc, p->store);
    if (status == TB_OK)
        status = teburad_access_config(s, accounts, out);
    if (status == TB_OK && p->count > 1)
        status = print_cluster(p, number, out);
    return status;
}

static tb_status write_file(const plan *p, const char *name, tb_span content, tb_error *why)
{
    char path[PATH_SIZE + 64];
    snprintf(path, sizeof path, "%s/%s", p->here, name);
    return tb_file_write(path, content, why);
}

static tb_status write_certificate(teburad *s, const plan *p, int number, tb_error *why)
{
    tb_bytes certificate = {0}, key = {0};
    char name[32];
    tb_key root = tb_management_trust_key(s->management);
    tb_status status =
        tb_tls_certificate(&root, p->nodes[number].host, p->now, CERTIFICATE_DAYS, &certificate, &key, why);
    tb_wipe(&root, sizeof root);
    snprintf(name, sizeof name, "tebura-%d.pem", number + 1);
    if (status == TB_OK)
        status = write_file(p, name, tb_bytes_span(&certificate), why);
    snprintf(name, sizeof name, "tebura-%d.key", number + 1);
    if (status == TB_OK)
        status = write_file(p, name, tb_bytes_span(&key), why);
    tb_bytes_free(&certificate);
    tb_bytes_free(&key);
    return status;
}

static tb_status write_node(teburad *s, const plan *p, int number, tb_error *why)
{
    tb_bytes text = {0};
    char name[32];
    if (p->renews)
        return write_certificate(s, p, number, why);
    tb_status status = print_node(s, p, number, &text);
    if (status != TB_OK)
        status = tb_fail(why, status, "the broker's configuration: %s", tb_status_sentence(status));
    else if (!p->out)
        status = fwrite(text.data, 1, text.size, stdout) == text.size
                     ? TB_OK
                     : tb_fail(why, TB_IO, "standard output: %s", strerror(errno));
    snprintf(name, sizeof name, "tebura-%d.conf", number + 1);
    if (status == TB_OK && p->out)
        status = write_file(p, name, tb_bytes_span(&text), why);
    if (status == TB_OK && p->out)
        status = write_certificate(s, p, number, why);
    tb_bytes_free(&text);
    return status;
}

static tb_status open_out(plan *p, tb_error *why)
{
    char *here = NULL;
    if (p->out && mkdir(p->out, 0700) != 0 && errno != EEXIST)
        return tb_fail(why, TB_IO, "--out %s: %s", p->out, strerror(errno));
    if (p->out && !(here = realpath(p->out, NULL)))
        return tb_fail(why, TB_IO, "--out %s: %s", p->out, strerror(errno));
    int fits = snprintf(p->here, sizeof p->here, "%s", here ? here : "") < (int)sizeof p->here;
    free(here);
    p->etc = p->etc ? p->etc : p->out ? p->here : "/etc/nats";
    p->store = p->store ? p->store : "/var/lib/nats";
    if (!fits || strlen(p->etc) >= PATH_SIZE || strlen(p->store) >= PATH_SIZE)
        return tb_fail(why, TB_TOO_LARGE, "a folder's name is too long");
    if (strpbrk(p->etc, "\"\n\\") || strpbrk(p->store, "\"\n\\"))
        return tb_fail(why, TB_INVALID_ARGUMENT, "a folder's name holds a quote, a backslash or a line break");
    return TB_OK;
}

static int write_all(const teburad_options *options, plan *p)
{
    teburad *s = NULL;
    tb_error why = {0};
    p->now = tb_clock_now();
    tb_status status = teburad_look(options, &s, &why);
    if (status == TB_OK)
        status = teburad_access_open(s, &why);
    if (status == TB_OK)
        status = teburad_secure_open(s, &why);
    if (status == TB_OK)
        status = open_out(p, &why);
    for (int i = 0; i < p->count && status == TB_OK; i++)
        status = write_node(s, p, i, &why);
    if (status == TB_OK && p->out) /* without its NUL */
        status = write_file(p, "authority.pem", tb_span_of(s->authority.data, s->authority.size - 1), &why);
    teburad_stop(&s);
    if (status == TB_OK)
        return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
    return teburad_failed(status, &why);
}

int teburad_broker_config(int argc, char **argv)
{
    static const struct option known[] = {TEBURAD_SITE_OPTIONS,
                                          {"nodes", required_argument, NULL, 'n'},
                                          {"cluster-port", required_argument, NULL, 'c'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"etc", required_argument, NULL, 'e'},
                                          {"store", required_argument, NULL, 'S'},
                                          {"renew", no_argument, NULL, 'r'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    teburad_options options = {.examine = 1, .utc_offset_minutes = tb_clock_offset()};
    plan p = {.cluster_port = 6222};
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        const char **place = c == 'n' ? &p.list : c == 'o' ? &p.out : c == 'e' ? &p.etc : c == 'S' ? &p.store : NULL;
        if (teburad_site_option(&options, c, optarg))
            continue;
        if (place)
            *place = optarg;
        else if (c == 'r')
            p.renews = 1;
        else if (c == 'h')
            return fputs(help, stdout) >= 0 ? EX_OK : EX_IOERR;
        else if (c != 'c')
            return usage("an option is not known or lacks its value");
        else if (!parse_port(optarg, &p.cluster_port))
            return usage("--cluster-port has to be 1 to 65535");
    }
    if (optind < argc)
        return usage("there are more words than expected");
    if (!options.data || !options.site || !options.profile || !p.list)
        return usage("--data, --site, --profile and --nodes are needed");
    if (p.renews && !p.out)
        return usage("--renew needs --out, where the certificates are");
    if (!parse_nodes(&p))
        return usage("--nodes has to be one, three or five of HOST:PORT, separated by commas");
    return write_all(&options, &p);
}
