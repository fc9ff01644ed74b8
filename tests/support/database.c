/* database.c: a private PostgreSQL. */
#include "database.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "port.h"
#include "store/migration.h"

static char home[FOLDER_SIZE]; /* of the server: data, socket, log */
static pid_t server, owner;
static int tcp_port;
static const char *through;

static void give_up(const char *what)
{
    fprintf(stderr, "PostgreSQL for tests: %s: %s\n", what, strerror(errno));
    abort();
}

static void find_program(const char *name, char out[256])
{
    glob_t found;
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0 || !found.gl_pathc)
        give_up("not installed (group test of tools/packages.txt)");
    snprintf(out, 256, "%s/%s", found.gl_pathv[found.gl_pathc - 1], name);
    globfree(&found);
}

static const struct passwd *user(void)
{
    const struct passwd *one = getpwnam("postgres");
    return one ? one : getpwnam("nobody");
}

static void become_user(void)
{
    const struct passwd *one = geteuid() == 0 ? user() : NULL;
    if (geteuid() == 0 && (!one || setgroups(0, NULL) || setgid(one->pw_gid) || setuid(one->pw_uid)))
        _exit(125);
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* an end at once; after setuid, which forgets it */
}

static pid_t launch(const char *const arguments[])
{
    char log[128];
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        give_up("fork");
    if (pid)
        return pid;
    become_user();
    snprintf(log, sizeof log, "%s/log", home);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600), null = open("/dev/null", O_RDONLY);
    if (getppid() != parent || chdir(home) || dup2(null, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        _exit(126);
    execv(arguments[0], (char *const *)arguments);
    _exit(127);
}

static void show_log(void)
{
    char command[160];
    snprintf(command, sizeof command, "tail -20 %s/log >&2", home);
    (void)!system(command);
}

static void make_cluster(void)
{
    char program[256], data[128];
    int result = 0;
    folder_make(home);
    if (geteuid() == 0 && chown(home, user()->pw_uid, user()->pw_gid))
        give_up(home);
    find_program("initdb", program);
    snprintf(data, sizeof data, "%s/data", home);
    const char *const arguments[] = {program, "-D",     data, "-N",   "-A",         "trust",
                                     "-U",    "tebura", "-E", "UTF8", "--locale=C", NULL};
    pid_t pid = launch(arguments);
    if (waitpid(pid, &result, 0) != pid || result) {
        show_log();
        give_up("initdb");
    }
}

static PGconn *connect_as(const char *database)
{
    char text[192];
    snprintf(text, sizeof text, "host=%s port=%d user=tebura dbname=%s", home, tcp_port ? tcp_port : 5432, database);
    return PQconnectdb(text);
}

static void wait_until_it_answers(void)
{
    for (int i = 0; i < 1000; i++) {
        PGconn *connection = connect_as("postgres");
        int good = PQstatus(connection) == CONNECTION_OK;
        PQfinish(connection);
        if (good)
            return;
        if (waitpid(server, NULL, WNOHANG) == server)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    show_log();
    give_up("it does not start");
}

void database_server_start(void)
{
    char program[256], data[128], socket[128], sync[32], port[32];
    find_program("postgres", program);
    snprintf(data, sizeof data, "%s/data", home);
    snprintf(socket, sizeof socket, "unix_socket_directories=%s", home);
    snprintf(sync, sizeof sync, "fsync=%s", getenv("TEBURA_TEST_SYNC") ? "on" : "off");
    snprintf(port, sizeof port, "port=%d", tcp_port ? tcp_port : 5432);
    const char *const arguments[] = {program,
                                     "-D",
                                     data,
                                     "-c",
                                     socket,
                                     "-c",
                                     tcp_port ? "listen_addresses=127.0.0.1" : "listen_addresses=",
                                     "-c",
                                     port,
                                     "-c",
                                     sync,
                                     "-c",
                                     "shared_buffers=32MB",
                                     "-c",
                                     "max_connections=40",
                                     "-c",
                                     "autovacuum=off",
                                     "-c",
                                     "dynamic_shared_memory_type=mmap",
                                     NULL};
    server = launch(arguments);
    wait_until_it_answers();
}

void database_server_stop(int hard)
{
    if (!server)
        return;
    kill(server, hard ? SIGQUIT : SIGINT);
    waitpid(server, NULL, 0);
    server = 0;
}

static void end(void)
{
    if (getpid() != owner) /* a child of the test */
        return;
    database_server_stop(1);
    folder_remove(home);
}

const char *database_server_folder(void)
{
    if (owner)
        return home;
    owner = getpid();
    make_cluster();
    database_server_start();
    atexit(end);
    return home;
}

int database_server_listen(void)
{
    char path[128];
    (void)database_server_folder();
    tcp_port = port_free();
    snprintf(path, sizeof path, "%s/data/pg_hba.conf", home);
    FILE *rules = fopen(path, "w");
    if (!rules ||
        fputs("local all guarded scram-sha-256\nhost all guarded 127.0.0.1/32 scram-sha-256\n"
              "local all all trust\n",
              rules) < 0 ||
        fclose(rules))
        give_up(path);
    return tcp_port;
}

int database_is_postgres(void)
{
    const char *wanted = getenv("TEBURA_TEST_DATABASE");
    return wanted && strcmp(wanted, "postgresql") == 0;
}

/* tebura-XXXXXX, small/... -> a name that needs no quotes but "" */
static void name_of(const char *folder, char out[96])
{
    size_t used = 0;
    for (const char *c = folder; *c && used < 60; c++)
        if ((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'))
            out[used++] = *c;
    out[used] = '\0';
}

static char *ask(const char *database, const char *sql, int may_fail)
{
    static char answer[256];
    PGconn *connection = connect_as(database);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (!may_fail && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s: %s\n", sql, PQerrorMessage(connection));
        abort();
    }
    snprintf(answer, sizeof answer, "%s",
             status == PGRES_TUPLES_OK && PQntuples(result) ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(connection);
    return answer;
}

static const char *url_of(const char *folder, const char *like)
{
    static char url[256];
    char name[96], sql[256];
    name_of(folder, name);
    (void)database_server_folder();
    snprintf(sql, sizeof sql, "SELECT 1 FROM pg_database WHERE datname = '%s'", name);
    if (!*ask("postgres", sql, 0)) {
        snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\" TEMPLATE %s STRATEGY file_copy", name, like);
        (void)ask("postgres", sql, 0);
    }
    snprintf(url, sizeof url, "host=%s port=%d user=tebura dbname=%s", through ? through : home,
             tcp_port ? tcp_port : 5432, name);
    return url;
}

void database_through(const char *host)
{
    through = host;
}

const char *database_postgres_url(const char *folder)
{
    return url_of(folder, "template0");
}

const char *database_ready_url(const char *folder)
{
    static int ready;
    tb_db *db = NULL;
    tb_error why = {0};
    if (!database_is_postgres())
        return NULL;
    if (!ready) {
        tb_db_options options = {.url = url_of("tebura/ready", "template0")};
        if (tb_db_open(&options, &db, &why) != TB_OK || tb_store_migrate(db, &why) != TB_OK)
            give_up(tb_error_text(&why));
        tb_db_free(&db);
        ready = 1;
    }
    return url_of(folder, "teburaready");
}

const char *database_url(const char *folder)
{
    return database_is_postgres() ? database_postgres_url(folder) : NULL;
}

const char *database_ask(const char *folder, const char *sql)
{
    char name[96];
    name_of(folder, name);
    return ask(name, sql, 0);
}

static int each_cell_of(PGconn *connection, const char *table, database_cell_fn cell, void *context)
{
    char sql[160];
    int cells = 0;
    snprintf(sql, sizeof sql, "SELECT * FROM %.140s", table);
    PGresult *rows = PQexecParams(connection, sql, 0, NULL, NULL, NULL, NULL, 1);
    for (int r = 0; r < PQntuples(rows); r++)
        for (int c = 0; c < PQnfields(rows); c++, cells++)
            if (!PQgetisnull(rows, r, c))
                cell(context, table, PQgetvalue(rows, r, c), (size_t)PQgetlength(rows, r, c));
    PQclear(rows);
    return cells;
}

int database_each_cell(const char *folder, database_cell_fn cell, void *context)
{
    char name[96];
    int cells = 0;
    name_of(folder, name);
    PGconn *connection = connect_as(name);
    PGresult *tables = PQexec(connection, "SELECT schemaname || '.' || tablename FROM pg_tables"
                                          " WHERE schemaname IN ('central', 'visitor')");
    for (int t = 0; t < PQntuples(tables); t++)
        cells += each_cell_of(connection, PQgetvalue(tables, t, 0), cell, context);
    PQclear(tables);
    PQfinish(connection);
    return cells;
}

static void replace(const char *what, const char *by)
{
    char sql[320];
    snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS \"%s\"", what);
    (void)ask("postgres", sql, 0);
    snprintf(sql, sizeof sql, "CREATE DATABASE \"%s\" TEMPLATE \"%s\" STRATEGY file_copy", what, by);
    (void)ask("postgres", sql, 0);
}

void database_save(const char *folder)
{
    char name[96], saved[112];
    name_of(folder, name);
    snprintf(saved, sizeof saved, "%s_saved", name);
    replace(saved, name);
}

void database_restore(const char *folder)
{
    char name[96], saved[112];
    name_of(folder, name);
    snprintf(saved, sizeof saved, "%s_saved", name);
    replace(name, saved);
}
