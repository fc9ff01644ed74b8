/* migration_visitor.c: the schema of visitor.db: who is expected here now, the terminals, their lists, the outbox. */
#include "store/migration.h"

static const char lists[] =
    /* id is the booking's. Everything else about a visitor is read through it. */
    "CREATE TABLE visitor.visit (id BLOB NOT NULL PRIMARY KEY, person BLOB NOT NULL, flight TEXT NOT NULL, entered BIGINT NOT NULL);"
    "CREATE INDEX visitor.visit_person ON visit (person);"
    /* public_key NULL: announced and not yet registered. sequence: of the last change of its list. */
    "CREATE TABLE visitor.touchpoint (id TEXT NOT NULL PRIMARY KEY, role TEXT NOT NULL, zone TEXT NOT NULL,"
    "  attributes BLOB NOT NULL, code_hash BLOB NOT NULL UNIQUE, public_key BLOB, sequence BIGINT " TB_NOT_NULL ");"
    /* fields: the projection as the terminal gets it; with the window it tells whether anything changed. */
    "CREATE TABLE visitor.entry (visit BLOB NOT NULL, touchpoint TEXT NOT NULL REFERENCES touchpoint (id),"
    "  valid_from BIGINT " TB_NOT_NULL ", valid_until BIGINT " TB_NOT_NULL ", fields BLOB " TB_NOT_NULL
    ", PRIMARY KEY (visit, touchpoint));"
    "CREATE INDEX visitor.entry_touchpoint ON entry (touchpoint);"
    /* Says which entry changed, not how (doc/adr/003). */
    "CREATE TABLE visitor.outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, touchpoint TEXT NOT NULL, visit BLOB NOT NULL,"
    "  sequence BIGINT NOT NULL);";

static const char *const steps[] = {lists};

const tb_migrations tb_migrations_visitor = {"visitor", steps, sizeof steps / sizeof *steps};
