/* postgres_connect.c: a connection to PostgreSQL: how it is secured, what is said to people when it cannot be had, and
 * how it comes back.
 *
 * Beyond this machine a connection is encrypted and the server's certificate checked, unless the operator's own address
 * names another sslmode. Passwords are libpq's business (PGPASSFILE, PGPASSWORD, the URL) and appear nowhere. */
#include "store/postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define CONNECT_WAIT (5 * TB_SECOND) /* for all of it: name, network, TLS, password */
#define PAUSE_FIRST (100 * 1000)
#define PAUSE_MOST (2 * TB_SECOND)
#define OPTIONS_MAX 64

/* ---- what is asked for ---- */

typedef struct wanted {
    const char *keys[OPTIONS_MAX], *values[OPTIONS_MAX];
    int count;
} wanted;

static const char *value_of(const wanted *w, const char *key)
{
    for (int i = 0; i < w->count; i++)
        if (strcmp(w->keys[i], key) == 0)
            return w->values[i];
    return NULL;
}

/* What neither the address nor libpq's own environment says. */
static void want(wanted *w, const char *key, const char *environment, const char *value)
{
    if (w->count == OPTIONS_MAX - 1 || value_of(w, key) || (environment && getenv(environment)))
        return;
    w->keys[w->count] = key;
    w->values[w->count++] = value;
}

static int is_here(const char *host)
{
    return !*host || *host == '/' || *host == '@' || strncmp(host, "127.", 4) == 0 || strncmp(host, "::1", 3) == 0 ||
           strncmp(host, "localhost", 9) == 0;
}

/* Every host of a list "a,b,c". */
static int are_here(const char *hosts)
{
    while (hosts && *hosts) {
        if (!is_here(hosts))
            return 0;
        hosts = strchr(hosts, ',');
        hosts = hosts ? hosts + 1 : NULL;
    }
    return 1;
}

static int stays_here(const wanted *w)
{
    const char *host = value_of(w, "host"), *address = value_of(w, "hostaddr");
    if (value_of(w, "service") || (!host && !address && getenv("PGSERVICE")))
        return 0; /* the service's file says where: not looked into, so taken as far away */
    return are_here(host ? host : getenv("PGHOST")) && are_here(address ? address : getenv("PGHOSTADDR"));
}

static void describe(postgres_link *link, const wanted *w)
{
    const char *host = value_of(w, "host"), *port = value_of(w, "port"), *name = value_of(w, "dbname");
    if (!host)
        host = value_of(w, "hostaddr") ? value_of(w, "hostaddr") : getenv("PGHOST");
    snprintf(link->where, sizeof link->where, "%.100s%s%.20s, database %.50s", host ? host : "this machine",
             port ? ":" : "", port ? port : "", name ? name : "of the user's name");
}

static void want_all(wanted *w, const PQconninfoOption *options)
{
    for (; options->keyword; options++)
        if (options->val && w->count < OPTIONS_MAX - 1) {
            w->keys[w->count] = options->keyword;
            w->values[w->count++] = options->val;
        }
    want(w, "application_name", "PGAPPNAME", "teburad");
    want(w, "target_session_attrs", "PGTARGETSESSIONATTRS", "read-write"); /* of several hosts the one that leads */
    want(w, "keepalives_idle", NULL, "5");
    want(w, "keepalives_interval", NULL, "2");
    want(w, "keepalives_count", NULL, "3");
    want(w, "tcp_user_timeout", NULL, "10000");
    want(w, "connect_timeout", "PGCONNECT_TIMEOUT", "3"); /* of each host */
    want(w, "client_encoding", NULL, "UTF8");
    if (!stays_here(w))
        want(w, "sslmode", "PGSSLMODE", "verify-full");
    w->keys[w->count] = w->values[w->count] = NULL;
}

/* ---- what went wrong ---- */

/* One line of libpq's, which holds no password. */
static void first_line(const char *message, char *out, size_t size)
{
    size_t length = strcspn(message, "\n");
    snprintf(out, size, "%.*s", (int)(length < size ? length : size - 1), message);
}

/* The five characters in "FATAL:  28P01: ..." as PQERRORS_VERBOSE writes it in any language. */
static const char *code_in(const char *message)
{
    for (const char *at = strstr(message, ":  "); at; at = strstr(at + 1, ":  "))
        if (strspn(at + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[8] == ':')
            return at + 3;
    return "";
}

static tb_status refused(const postgres_link *link, PGconn *connection, int timed_out, tb_error *why)
{
    char text[120];
    const char *message = timed_out ? "no answer in time" : PQerrorMessage(connection), *code = code_in(message);
    first_line(*code ? code + 7 : message, text, sizeof text);
    if (strncmp(code, "28", 2) == 0 || strstr(message, "no password supplied"))
        return tb_fail(why, TB_UNAUTHORISED,
                       "PostgreSQL at %s: %s: check user, password (PGPASSFILE, --database-file) and pg_hba.conf",
                       link->where, text);
    if (strncmp(code, "3D000", 5) == 0)
        return tb_fail(why, TB_NOT_FOUND, "PostgreSQL at %s: %s: createdb -E UTF8 -T template0 -O USER NAME",
                       link->where, text);
    if (strncmp(code, "42501", 5) == 0)
        return tb_fail(why, TB_FORBIDDEN, "PostgreSQL at %s: %s: GRANT CONNECT, CREATE ON DATABASE", link->where, text);
    if (!*code && (strstr(message, "SSL") || strstr(message, "certificate")))
        return tb_fail(why, TB_UNSUPPORTED,
                       "PostgreSQL at %s: %s: give sslrootcert=FILE, or your own sslmode, in the address", link->where,
                       text);
    return tb_fail(why, TB_DB_GONE, "PostgreSQL at %s cannot be reached: %s: does it run there?", link->where, text);
}

static tb_status code_status(const char *code)
{
    static const struct {
        const char *code;
        tb_status status;
    } table[] = {
        {"08", TB_DB_GONE},      {"57P0", TB_DB_GONE},  {"25P03", TB_DB_GONE},   {"25006", TB_DB_GONE},
        {"53300", TB_DB_GONE},   {"531", TB_DISK_FULL}, {"53", TB_NO_MEMORY},    {"23", TB_EXISTS},
        {"55P03", TB_DB_LOCKED}, {"40", TB_DB_LOCKED},  {"42501", TB_FORBIDDEN}, {"28", TB_UNAUTHORISED},
        {"XX00", TB_DB_CORRUPT}, {"58", TB_IO},         {"22021", TB_MALFORMED}, {"25P02", TB_CONFLICT},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strncmp(code, table[i].code, strlen(table[i].code)) == 0)
            return table[i].status;
    return TB_INTERNAL;
}

tb_status postgres_status(postgres_link *link, const PGresult *result, const char *what)
{
    ExecStatusType kind = PQresultStatus(result);
    if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK)
        return TB_OK;
    const char *code = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *message = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    tb_status status = code ? code_status(code) : TB_DB_GONE;
    if (PQstatus(link->connection) != CONNECTION_OK)
        status = TB_DB_GONE;
    /* Neither quotes a value: those travel beside the text of the statement. */
    if (status != TB_EXISTS)
        tb_log(TB_LOG_WARNING, "store", "%.200s: %s (%s): %.120s", what, tb_status_name(status), code ? code : "-",
               message ? message : "the connection was lost");
    if (status == TB_DB_GONE)
        postgres_link_drop(link);
    return status;
}

/* ---- connecting ---- */

static int wait_for(PGconn *connection, PostgresPollingStatusType step, int64_t deadline)
{
    struct pollfd fd = {.fd = PQsocket(connection), .events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT};
    int64_t left = deadline - tb_clock_monotonic();
    if (left <= 0)
        return 0;
    int ready = poll(&fd, 1, (int)(left / 1000) + 1);
    return ready > 0 || (ready < 0 && errno == EINTR);
}

/* Not PQconnectdb: only this way does a refusal come with its code, whatever language the server speaks. */
static PGconn *connect_to(const wanted *w, int *timed_out)
{
    int64_t deadline = tb_clock_monotonic() + CONNECT_WAIT;
    PGconn *connection = PQconnectStartParams(w->keys, w->values, 0);
    PostgresPollingStatusType step = PGRES_POLLING_WRITING;
    *timed_out = 0;
    if (!connection || PQstatus(connection) == CONNECTION_BAD)
        return connection;
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    while (step != PGRES_POLLING_OK && step != PGRES_POLLING_FAILED && !*timed_out) {
        *timed_out = !wait_for(connection, step, deadline);
        step = PQconnectPoll(connection);
    }
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
    *timed_out &= PQstatus(connection) != CONNECTION_OK;
    return connection;
}

tb_status postgres_exec(postgres_link *link, const char *sql, PGresult **out)
{
    PGresult *result = PQexec(link->connection, sql);
    tb_status status = postgres_status(link, result, sql);
    if (status == TB_OK && out) {
        *out = result;
        return TB_OK;
    }
    PQclear(result);
    return status;
}

/* A writer that hangs, and one behind a cut network, must not hold up the others for ever. */
static const char settings[] = "SET search_path = '';"
                               "SET idle_in_transaction_session_timeout = '30s';"
                               "SET lock_timeout = '10s';"
                               "SET jit = off;"
                               /* Statements that are asked for every event: planned once. Every question has its
                                * index, and a plan that was made while a table was small has to serve it when it is
                                * large (doc/adr/114). */
                               "SET plan_cache_mode = force_generic_plan;"
                               "SET enable_seqscan = off;"
                               "SELECT pg_catalog.set_config('synchronous_commit', 'on', false)"
                               "  WHERE pg_catalog.current_setting('synchronous_commit') = 'off';"
                               "SELECT pid || '/' || backend_start, pg_catalog.current_setting('server_encoding')"
                               "  FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()";

/* The session that we lost may still hold the writer's lock where the server has not noticed. */
static void end_former(postgres_link *link, const char *former)
{
    if (!*former)
        return;
    PGresult *result = PQexecParams(link->connection,
                                    "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity"
                                    " WHERE pid || '/' || backend_start = $1",
                                    1, NULL, &former, NULL, NULL, 0);
    PQclear(result); /* it is gone, or its own time limit ends it */
}

/* What the server says beside its answers; the status tells what matters. */
static void on_notice(void *context, const PGresult *notice)
{
    (void)context;
    const char *message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    tb_log(TB_LOG_DEBUG, "store", "PostgreSQL: %.160s", message ? message : "");
}

static tb_status settle(postgres_link *link, tb_error *why)
{
    PGresult *result = NULL;
    char former[sizeof link->backend];
    if (PQserverVersion(link->connection) < POSTGRES_OLDEST)
        return tb_fail(why, TB_UNSUPPORTED, "PostgreSQL at %s is older than version 14: upgrade it", link->where);
    memcpy(former, link->backend, sizeof former);
    (void)PQsetNoticeReceiver(link->connection, on_notice, NULL);
    tb_status status = postgres_exec(link, settings, &result);
    if (status != TB_OK)
        return tb_fail(why, status, "PostgreSQL at %s: %s", link->where, tb_status_sentence(status));
    snprintf(link->backend, sizeof link->backend, "%s", PQgetvalue(result, 0, 0));
    if (strcmp(PQgetvalue(result, 0, 1), "UTF8") != 0)
        status =
            tb_fail(why, TB_UNSUPPORTED,
                    "PostgreSQL at %s: the database has the encoding %s: make one with createdb -E UTF8 -T template0",
                    link->where, PQgetvalue(result, 0, 1));
    PQclear(result);
    if (status == TB_OK)
        end_former(link, former);
    return status;
}

static void free_options(PQconninfoOption *options)
{
    for (PQconninfoOption *option = options; option && option->keyword; option++)
        if (option->val && strcmp(option->keyword, "password") == 0)
            tb_wipe(option->val, strlen(option->val));
    PQconninfoFree(options);
}

int tb_db_url_has_password(const char *url)
{
    PQconninfoOption *options = PQconninfoParse(url, NULL);
    int has = 0;
    for (PQconninfoOption *option = options; option && option->keyword; option++)
        has |= option->val && *option->val &&
               (strcmp(option->keyword, "password") == 0 || strcmp(option->keyword, "sslpassword") == 0);
    free_options(options);
    return has;
}

static tb_status connect_once(postgres_link *link, tb_error *why)
{
    wanted w = {0};
    char *mistake = NULL;
    int timed_out;
    PQconninfoOption *options = PQconninfoParse(link->url, &mistake);
    if (!options) { /* libpq's sentence may quote the address: not shown */
        PQfreemem(mistake);
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "the database's address is not formed as postgresql://user@host:port/database?option=value");
    }
    want_all(&w, options);
    describe(link, &w);
    link->connection = connect_to(&w, &timed_out);
    tb_status status = TB_OK;
    if (!link->connection)
        status = tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    else if (PQstatus(link->connection) != CONNECTION_OK)
        status = refused(link, link->connection, timed_out, why);
    else
        status = settle(link, why);
    free_options(options);
    if (status != TB_OK)
        postgres_link_drop(link);
    return status;
}

/* ---- its life ---- */

tb_status postgres_link_open(postgres_link *link, const char *url, tb_error *why)
{
    size_t size = strlen(url) + 1;
    *link = (postgres_link){.url = tb_secret_alloc(size)};
    if (!link->url)
        return tb_fail(why, TB_NO_MEMORY, "%s", tb_status_sentence(TB_NO_MEMORY));
    memcpy(link->url, url, size);
    tb_status status = connect_once(link, why);
    link->session = status == TB_OK;
    return status;
}

void postgres_link_drop(postgres_link *link)
{
    PQfinish(link->connection);
    link->connection = NULL;
}

void postgres_link_close(postgres_link *link)
{
    postgres_link_drop(link);
    tb_secret_free(link->url);
    link->url = NULL;
}

int postgres_link_is_up(const postgres_link *link)
{
    return link->connection && PQstatus(link->connection) == CONNECTION_OK;
}

tb_status postgres_link_revive(postgres_link *link)
{
    tb_error why = {0};
    if (postgres_link_is_up(link))
        return TB_OK;
    if (tb_clock_monotonic() < link->next_try)
        return TB_DB_GONE;
    postgres_link_drop(link);
    if (connect_once(link, &why) == TB_OK) {
        link->session++;
        link->pause = 0;
        tb_log(TB_LOG_INFO, "store", "connected to PostgreSQL at %s again", link->where);
        return TB_OK;
    }
    link->pause = link->pause ? link->pause * 2 : PAUSE_FIRST;
    if (link->pause > PAUSE_MOST)
        link->pause = PAUSE_MOST;
    link->next_try = tb_clock_monotonic() + link->pause;
    tb_log(TB_LOG_WARNING, "store", "%s", tb_error_text(&why));
    return TB_DB_GONE; /* whatever it is, it may be mended while we run */
}
