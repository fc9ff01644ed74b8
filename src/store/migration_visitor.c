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

/* broker_key: what the terminal signs in to the broker with. code_until: when its one-time code ends. wiping: it was
 * told to deliver what it holds and to wipe itself. Revoked keys stay, also when the touchpoint is registered anew. */
static const char trust[] =
    "ALTER TABLE visitor.touchpoint ADD COLUMN broker_key BLOB;"
    "ALTER TABLE visitor.touchpoint ADD COLUMN code_until BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE visitor.touchpoint ADD COLUMN wiping BIGINT NOT NULL DEFAULT 0;"
    "CREATE TABLE visitor.revoked (public_key BLOB NOT NULL PRIMARY KEY, touchpoint TEXT NOT NULL, broker_key BLOB,"
    "  at BIGINT NOT NULL);";

/* Where several servers share the database (store/changes.c); empty where one program has its own files. */
static const char shared[] =
    "CREATE TABLE visitor.change (number INTEGER PRIMARY KEY AUTOINCREMENT, program BLOB NOT NULL, what BIGINT NOT NULL,"
    "  visit BLOB NOT NULL);";

/* Which terminals a visit's phone is near to, for minutes (store/near.c). */
static const char near[] =
    "CREATE TABLE visitor.near (visit BLOB NOT NULL, touchpoint TEXT NOT NULL, until BIGINT NOT NULL,"
    " PRIMARY KEY (visit, touchpoint));";

/* New entries that their terminal is not told of yet (store/later.c). */
static const char later[] =
    "CREATE TABLE visitor.later (visit BLOB NOT NULL, touchpoint TEXT NOT NULL, due BIGINT NOT NULL,"
    " PRIMARY KEY (visit, touchpoint));"
    "CREATE INDEX visitor.later_due ON later (due);";

/* reported: all events of this terminal up to that number have been applied or set aside (management/reports.c). */
static const char reports[] = "ALTER TABLE visitor.touchpoint ADD COLUMN reported BIGINT NOT NULL DEFAULT 0;";

/* forgotten: events up to that number were applied, and their rows in central.applied may be gone. since: when this
 * terminal's key was taken. */
static const char lifetimes[] = "ALTER TABLE visitor.touchpoint ADD COLUMN forgotten BIGINT NOT NULL DEFAULT 0;"
                                "ALTER TABLE visitor.touchpoint ADD COLUMN since BIGINT NOT NULL DEFAULT 0;"
                                "UPDATE visitor.touchpoint SET forgotten = reported;"
                                "ALTER TABLE visitor.change ADD COLUMN at BIGINT NOT NULL DEFAULT 0;";

/* What every change writes lies together (doc/adr/117): a visit's entries in one place, without a second tree beside
 * them and without a look at their touchpoints, which are never removed; the numbers of a list apart from all that is
 * said of its touchpoint once. list.sequence: of its last change; reported and
 * forgotten as above. */
static const char together[] =
    "CREATE TABLE visitor.entry_next (visit BLOB NOT NULL, touchpoint TEXT NOT NULL,"
    "  valid_from BIGINT " TB_NOT_NULL ", valid_until BIGINT " TB_NOT_NULL ", fields BLOB " TB_NOT_NULL
    ", PRIMARY KEY (visit, touchpoint)) WITHOUT ROWID;"
    "INSERT INTO visitor.entry_next (visit, touchpoint, valid_from, valid_until, fields)"
    "  SELECT visit, touchpoint, valid_from, valid_until, fields FROM visitor.entry;"
    "DROP TABLE visitor.entry;"
    "ALTER TABLE visitor.entry_next RENAME TO entry;"
    "CREATE INDEX visitor.entry_touchpoint ON entry (touchpoint);"
    "CREATE TABLE visitor.list (touchpoint TEXT NOT NULL PRIMARY KEY, sequence BIGINT " TB_NOT_NULL
    ", reported BIGINT " TB_NOT_NULL ", forgotten BIGINT " TB_NOT_NULL ") WITHOUT ROWID;"
    "INSERT INTO visitor.list (touchpoint, sequence, reported, forgotten)"
    "  SELECT id, sequence, reported, forgotten FROM visitor.touchpoint;"
    "CREATE TABLE visitor.touchpoint_next (id TEXT NOT NULL PRIMARY KEY, role TEXT NOT NULL, zone TEXT NOT NULL,"
    "  attributes BLOB NOT NULL, code_hash BLOB NOT NULL UNIQUE, public_key BLOB, broker_key BLOB,"
    "  code_until BIGINT NOT NULL DEFAULT 0, wiping BIGINT NOT NULL DEFAULT 0,"
    "  since BIGINT NOT NULL DEFAULT 0);"
    "INSERT INTO visitor.touchpoint_next (id, role, zone, attributes, code_hash, public_key, broker_key, code_until,"
    "  wiping, since) SELECT id, role, zone, attributes, code_hash, public_key, broker_key, code_until,"
    "  wiping, since FROM visitor.touchpoint;"
    "DROP TABLE visitor.touchpoint;"
    "ALTER TABLE visitor.touchpoint_next RENAME TO touchpoint;";

static const char *const steps[] = {lists, trust, shared, near, later, reports, lifetimes, together};

const tb_migrations tb_migrations_visitor = {"visitor", steps, sizeof steps / sizeof *steps};
