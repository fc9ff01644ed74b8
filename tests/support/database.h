/* database.h: the same tests on SQLite and on PostgreSQL. With TEBURA_TEST_DATABASE=postgresql in the environment every
 * test program starts a PostgreSQL of its own (Debian's; over a Unix socket in a folder that nobody else enters, as
 * user postgres where we are root, since it refuses to run as root) and gives each folder of a test a database. It runs
 * without syncs to the disk, which would be most of its time and tell nothing, unless TEBURA_TEST_SYNC is set. It ends
 * with the program, also with one that crashes. */
#ifndef SUPPORT_DATABASE_H
#define SUPPORT_DATABASE_H

#include <stddef.h>
#include <sys/types.h>

int database_is_postgres(void);
/* NULL: SQLite. Else the address of this folder's database, made when it was not there; valid until the next call. */
const char *database_url(const char *folder);
/* The same whatever the environment says. */
const char *database_postgres_url(const char *folder);
/* As database_url, but a database that is made here has today's schema already: the migrations run once for a
 * program. */
const char *database_ready_url(const char *folder);
/* Addresses that are given out from now on name this host (the folder of a relay's socket); NULL: the server itself. */
void database_through(const char *host);
/* A statement outside of what is tested, over a connection of its own, in this folder's database: the first field of
 * the first row, "" without one; static. Aborts when it fails. */
const char *database_ask(const char *folder, const char *sql);
/* Every field of every row of both schemas, as bytes; answers how many. */
typedef void (*database_cell_fn)(void *context, const char *table, const void *data, size_t size);
int database_each_cell(const char *folder, database_cell_fn cell, void *context);
/* A backup, and back to it; nobody may be connected. */
void database_save(const char *folder);
void database_restore(const char *folder);
/* The server itself: gone, and back with everything that was committed. */
void database_server_stop(int hard);
void database_server_start(void);
const char *database_server_folder(void); /* of its socket */
/* From its next start on it also listens on this port of 127.0.0.1, without TLS. User "guarded" needs the password
 * "right" there and here; nobody else needs one. */
int database_server_listen(void);

#endif
