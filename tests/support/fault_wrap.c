/* fault_wrap.c: the __wrap_ side of --wrap. See fault_wrap.h.
 *
 * I1: between two armings of a class, exactly one call is the Nth: the countdown is one atomic subtraction. */
#include "fault_wrap.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nats/nats.h>
#include <libpq-fe.h>
#include <sqlite3.h>

static struct {
    atomic_long left; /* calls until the failing one; 0 and below: it has passed */
    atomic_int armed, forever, code;
} countdown[FAULT_CLASSES];
static atomic_int fired;

static void arm(fault_class which, int n, int forever)
{
    atomic_store(&countdown[which].armed, 0);
    atomic_store(&countdown[which].left, n);
    atomic_store(&countdown[which].forever, forever);
    atomic_store(&fired, 0);
    atomic_store(&countdown[which].armed, 1);
}

void fault_arm(fault_class which, int n)
{
    arm(which, n, 0);
}

void fault_arm_from(fault_class which, int n)
{
    arm(which, n, 1);
}

void fault_answer(fault_class which, int code)
{
    atomic_store(&countdown[which].code, code);
}

void fault_disarm(void)
{
    for (int which = 0; which < FAULT_CLASSES; which++)
        atomic_store(&countdown[which].armed, 0);
}

int fault_fired(void)
{
    return atomic_load(&fired);
}

static int fails(fault_class which)
{
    if (!atomic_load(&countdown[which].armed))
        return 0;
    long left = atomic_fetch_sub(&countdown[which].left, 1);
    if (left > 1 || (left < 1 && !atomic_load(&countdown[which].forever)))
        return 0;
    atomic_fetch_add(&fired, 1);
    return 1;
}

static int answer(fault_class which, int usual)
{
    int code = atomic_load(&countdown[which].code);
    return code ? code : usual;
}

/* WRAP(class, usual answer, type, name, (parameters), (arguments)): what the linker puts in the place of `name`. */
#define WRAP(which, failed, type, name, parameters, arguments)                                                         \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        return fails(which) ? (failed) : __real_##name arguments;                                                      \
    }

#define WRAP_MEMORY(name, parameters, arguments) WRAP(FAULT_MEMORY, NULL, void *, name, parameters, arguments)
WRAP_MEMORY(malloc, (size_t size), (size))
WRAP_MEMORY(calloc, (size_t count, size_t size), (count, size))
WRAP_MEMORY(realloc, (void *old, size_t size), (old, size))
WRAP_MEMORY(aligned_alloc, (size_t alignment, size_t size), (alignment, size))
WRAP(FAULT_MEMORY, NULL, char *, strdup, (const char *text), (text))
WRAP(FAULT_MEMORY, NULL, char *, strndup, (const char *text, size_t size), (text, size))

#define WRAP_DATABASE(name, parameters, arguments)                                                                     \
    WRAP(FAULT_DATABASE, answer(FAULT_DATABASE, SQLITE_IOERR), int, name, parameters, arguments)
WRAP_DATABASE(sqlite3_step, (sqlite3_stmt * statement), (statement))
WRAP_DATABASE(sqlite3_prepare_v2, (sqlite3 * db, const char *sql, int size, sqlite3_stmt **out, const char **rest),
              (db, sql, size, out, rest))
WRAP_DATABASE(sqlite3_exec,
              (sqlite3 * db, const char *sql, int (*each)(void *, int, char **, char **), void *context, char **why),
              (db, sql, each, context, why))

#define WRAP_POSTGRES(type, failed, name, parameters, arguments)                                                       \
    WRAP(FAULT_POSTGRES, failed, type, name, parameters, arguments)
WRAP_POSTGRES(PGconn *, NULL, PQconnectStartParams, (const char *const *keys, const char *const *values, int expand),
              (keys, values, expand))
WRAP_POSTGRES(PGresult *, NULL, PQexec, (PGconn * connection, const char *sql), (connection, sql))
WRAP_POSTGRES(PGresult *, NULL, PQprepare,
              (PGconn * connection, const char *name, const char *sql, int count, const Oid *types),
              (connection, name, sql, count, types))
WRAP_POSTGRES(PGresult *, NULL, PQexecPrepared,
              (PGconn * connection, const char *name, int count, const char *const *values, const int *sizes,
               const int *formats, int format),
              (connection, name, count, values, sizes, formats, format))
WRAP_POSTGRES(PGresult *, NULL, PQexecParams,
              (PGconn * connection, const char *sql, int count, const Oid *types, const char *const *values,
               const int *sizes, const int *formats, int format),
              (connection, sql, count, types, values, sizes, formats, format))
WRAP_POSTGRES(int, 0, PQsendQueryPrepared,
              (PGconn * connection, const char *name, int count, const char *const *values, const int *sizes,
               const int *formats, int format),
              (connection, name, count, values, sizes, formats, format))
WRAP_POSTGRES(int, 0, PQenterPipelineMode, (PGconn * connection), (connection))
WRAP_POSTGRES(int, 0, PQpipelineSync, (PGconn * connection), (connection))

#define WRAP_BUS(name, parameters, arguments)                                                                          \
    WRAP(FAULT_BUS, (natsStatus)answer(FAULT_BUS, NATS_CONNECTION_DISCONNECTED), natsStatus, name, parameters,         \
         arguments)
WRAP_BUS(natsConnection_PublishMsg, (natsConnection * nc, natsMsg *message), (nc, message))
WRAP_BUS(natsConnection_Publish, (natsConnection * nc, const char *subject, const void *data, int size),
         (nc, subject, data, size))
WRAP_BUS(natsConnection_Request,
         (natsMsg * *reply, natsConnection *nc, const char *subject, const void *data, int size, int64_t timeout),
         (reply, nc, subject, data, size, timeout))
WRAP_BUS(natsConnection_RequestMsg, (natsMsg * *reply, natsConnection *nc, natsMsg *message, int64_t timeout),
         (reply, nc, message, timeout))
WRAP_BUS(js_Publish,
         (jsPubAck * *ack, jsCtx *js, const char *subject, const void *data, int size, jsPubOptions *options,
          jsErrCode *code),
         (ack, js, subject, data, size, options, code))
WRAP_BUS(js_PublishMsg, (jsPubAck * *ack, jsCtx *js, natsMsg *message, jsPubOptions *options, jsErrCode *code),
         (ack, js, message, options, code))
WRAP_BUS(natsMsg_Ack, (natsMsg * message, jsOptions *options), (message, options))
WRAP_BUS(kvStore_Put, (uint64_t * revision, kvStore *store, const char *key, const void *data, int size),
         (revision, store, key, data, size))
WRAP_BUS(kvStore_Purge, (kvStore * store, const char *key, kvPurgeOptions *options), (store, key, options))
WRAP_BUS(kvStore_Delete, (kvStore * store, const char *key), (store, key))
