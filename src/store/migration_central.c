/* migration_central.c: the schema of central.db: people, what they own, flights, bookings, money, history.
 * Times are microseconds since 1970, 0 = not yet; identifiers are 16 bytes. */
#include "store/migration.h"

static const char people[] =
    /* What the site itself needs: its name, its sealed key pair. */
    "CREATE TABLE central.site (name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL);"
    /* wrapped_key: the person's own key under the master's; NULL = no consent, hence no template (I4, I5). */
    "CREATE TABLE central.person (id BLOB NOT NULL PRIMARY KEY, name TEXT NOT NULL, nationality TEXT NOT NULL,"
    "  wrapped_key BLOB, created BIGINT NOT NULL);"
    /* The number is sealed; number_hash (keyed) finds it. Two states may issue the same number. */
    "CREATE TABLE central.document (number_hash BLOB NOT NULL, issuer TEXT NOT NULL, kind TEXT NOT NULL,"
    "  person BLOB NOT NULL REFERENCES person (id), number_sealed BLOB NOT NULL, expires BIGINT NOT NULL,"
    "  PRIMARY KEY (number_hash, issuer));"
    "CREATE INDEX central.document_person ON document (person);"
    "CREATE TABLE central.template (person BLOB NOT NULL REFERENCES person (id), slot BIGINT NOT NULL,"
    "  sealed BLOB NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (person, slot));"
    "CREATE TABLE central.consent (person BLOB NOT NULL REFERENCES person (id), given BIGINT NOT NULL,"
    "  withdrawn BIGINT NOT NULL, touchpoint TEXT NOT NULL, text_hash BLOB NOT NULL, PRIMARY KEY (person, given));"
    "CREATE TABLE central.flight (id TEXT NOT NULL PRIMARY KEY, origin TEXT NOT NULL, destination TEXT NOT NULL,"
    "  gate TEXT NOT NULL, boarding BIGINT NOT NULL, departure BIGINT NOT NULL, departed BIGINT NOT NULL,"
    "  cancelled BIGINT NOT NULL);"
    "CREATE INDEX central.flight_open ON flight (departed, departure);"
    /* One booking is one visit and lends it its id. due: when the clock alone changes a list it is on or may be on. */
    "CREATE TABLE central.booking (id BLOB NOT NULL PRIMARY KEY, person BLOB NOT NULL REFERENCES person (id),"
    "  flight TEXT NOT NULL REFERENCES flight (id), pnr TEXT " TB_NOT_NULL ", seat TEXT " TB_NOT_NULL ","
    "  status BIGINT " TB_NOT_NULL ", flag BIGINT " TB_NOT_NULL ", bags BIGINT " TB_NOT_NULL ","
    "  due BIGINT " TB_NOT_NULL ", created BIGINT NOT NULL, UNIQUE (person, flight));"
    "CREATE INDEX central.booking_flight ON booking (flight);"
    "CREATE INDEX central.booking_due ON booking (due);"
    /* Ids of events and requests that were applied; answer: what the request was told, NULL for events and when the
     * person is gone. */
    "CREATE TABLE central.applied (id BLOB NOT NULL PRIMARY KEY, visit BLOB NOT NULL, answer BLOB, at BIGINT NOT NULL);"
    "CREATE INDEX central.applied_visit ON applied (visit);"
    /* History without names: a visit's id leads to nobody once its booking is gone. */
    "CREATE TABLE central.passage (number INTEGER PRIMARY KEY AUTOINCREMENT, at BIGINT NOT NULL, touchpoint TEXT NOT NULL,"
    "  role TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, visit BLOB NOT NULL, duration BIGINT NOT NULL);"
    "CREATE INDEX central.passage_visit ON passage (visit);";

static const char money[] =
    "CREATE TABLE central.instrument (id BLOB NOT NULL PRIMARY KEY, person BLOB NOT NULL REFERENCES person (id),"
    "  kind TEXT NOT NULL, token_sealed BLOB NOT NULL, pin_hash TEXT NOT NULL, attempts BIGINT NOT NULL, created BIGINT NOT NULL);"
    "CREATE INDEX central.instrument_person ON instrument (person);"
    "CREATE TABLE central.item (id BLOB NOT NULL PRIMARY KEY, person BLOB NOT NULL REFERENCES person (id),"
    "  description TEXT NOT NULL, payment BLOB NOT NULL, added BIGINT NOT NULL, handed BIGINT NOT NULL);"
    "CREATE INDEX central.item_person ON item (person, handed);"
    /* No reference to a person: the row outlives them. See store/payment.h for the states. */
    "CREATE TABLE central.payment (id BLOB NOT NULL PRIMARY KEY, state BIGINT NOT NULL, visit BLOB NOT NULL,"
    "  instrument BLOB NOT NULL, touchpoint TEXT NOT NULL, merchant TEXT NOT NULL, amount BIGINT NOT NULL, currency TEXT NOT NULL,"
    "  deliver TEXT NOT NULL, at BIGINT NOT NULL);"
    "CREATE INDEX central.payment_state ON payment (state);"
    "CREATE TABLE central.transfer (id BLOB NOT NULL PRIMARY KEY, currency TEXT NOT NULL, at BIGINT NOT NULL);"
    "CREATE TABLE central.posting (transfer BLOB NOT NULL REFERENCES transfer (id), line BIGINT NOT NULL,"
    "  account TEXT NOT NULL, amount BIGINT NOT NULL, PRIMARY KEY (transfer, line));"
    "CREATE INDEX central.posting_account ON posting (account);";

/* What can be said of a template without opening it. Rows of the first release: model 0 until the next start has looked
 * (tb_custody_describe); all of them came from a check-in (source 1). */
static const char models[] = "ALTER TABLE central.template ADD COLUMN model BIGINT NOT NULL DEFAULT 0;"
                             "ALTER TABLE central.template ADD COLUMN modality BIGINT NOT NULL DEFAULT 0;"
                             "ALTER TABLE central.template ADD COLUMN quality BIGINT NOT NULL DEFAULT 0;"
                             "ALTER TABLE central.template ADD COLUMN source BIGINT NOT NULL DEFAULT 1;"
                             "CREATE INDEX central.template_model ON template (model);";

/* A booking without a flight: its reference and the facts that the site tells of it (packed; NULL: none). SQLite cannot
 * take NOT NULL off a column, so the table is made anew; nothing refers to it. */
static const char visits[] =
    "CREATE TABLE central.booking_next (id BLOB NOT NULL PRIMARY KEY, person BLOB NOT NULL REFERENCES person (id),"
    "  flight TEXT REFERENCES flight (id), pnr TEXT " TB_NOT_NULL ", seat TEXT " TB_NOT_NULL ","
    "  status BIGINT " TB_NOT_NULL ", flag BIGINT " TB_NOT_NULL ", bags BIGINT " TB_NOT_NULL ","
    "  due BIGINT " TB_NOT_NULL
    ", created BIGINT NOT NULL, reference TEXT UNIQUE, facts BLOB, UNIQUE (person, flight));"
    "INSERT INTO central.booking_next (id, person, flight, pnr, seat, status, flag, bags, due, created)"
    "  SELECT id, person, flight, pnr, seat, status, flag, bags, due, created FROM central.booking;"
    "DROP TABLE central.booking;"
    "ALTER TABLE central.booking_next RENAME TO booking;"
    "CREATE INDEX central.booking_flight ON booking (flight);"
    "CREATE INDEX central.booking_due ON booking (due);"
    "CREATE INDEX central.booking_person ON booking (person);";

/* Flights as a flight information source tells them: scheduled, estimated and actual times (0: not known; what was
 * known as the departure was the scheduled one), when each field was last said, and which messages were taken. */
static const char flights[] =
    "ALTER TABLE central.flight ADD COLUMN std BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE central.flight ADD COLUMN etd BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE central.flight ADD COLUMN atd BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE central.flight ADD COLUMN sta BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE central.flight ADD COLUMN eta BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE central.flight ADD COLUMN ata BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE central.flight ADD COLUMN status BIGINT NOT NULL DEFAULT 0;"
    "UPDATE central.flight SET std = departure,"
    "  status = CASE WHEN cancelled <> 0 THEN 6 WHEN departed <> 0 THEN 3 ELSE 0 END;"
    "CREATE TABLE central.flight_told (flight TEXT NOT NULL REFERENCES flight (id), field TEXT NOT NULL,"
    "  at BIGINT NOT NULL, PRIMARY KEY (flight, field));"
    "CREATE TABLE central.flight_message (source TEXT NOT NULL, number TEXT NOT NULL, at BIGINT NOT NULL,"
    "  PRIMARY KEY (source, number));"
    "CREATE INDEX central.flight_message_at ON flight_message (at);";

/* Consents that are asked for beside the first one; people who are kept after their visit with one of them. */
static const char further[] =
    "CREATE TABLE central.further_consent (person BLOB NOT NULL REFERENCES person (id), name TEXT NOT NULL,"
    "  given BIGINT NOT NULL, withdrawn BIGINT NOT NULL, touchpoint TEXT NOT NULL, text_hash BLOB NOT NULL,"
    "  PRIMARY KEY (person, name, given));"
    "ALTER TABLE central.person ADD COLUMN kept_until BIGINT NOT NULL DEFAULT 0;"
    "CREATE INDEX central.person_kept ON person (kept_until);";

/* What a visit's people hold, as a keyed hash: one code may be of several visits. */
static const char held[] = "CREATE TABLE central.held (hash BLOB NOT NULL,"
                           "  visit BLOB NOT NULL REFERENCES booking (id), PRIMARY KEY (hash, visit));"
                           "CREATE INDEX central.held_visit ON held (visit);";

/* source: the touchpoint that an id was applied for; NULL in rows of before. Genuine events that could not be applied,
 * sealed as they came: id is the beginning of their SHA-256. */
static const char quarantine[] =
    "ALTER TABLE central.applied ADD COLUMN source TEXT;"
    "CREATE TABLE central.quarantine (id BLOB NOT NULL PRIMARY KEY, touchpoint TEXT NOT NULL, subject TEXT NOT NULL,"
    "  sealed BLOB NOT NULL, reason TEXT NOT NULL, since BIGINT NOT NULL, tried BIGINT NOT NULL, tries BIGINT NOT NULL);"
    "CREATE INDEX central.item_payment ON item (payment);";

/* What many visits share, told once. */
static const char occasions[] =
    "CREATE TABLE central.occasion (id TEXT NOT NULL PRIMARY KEY, facts BLOB NOT NULL, changed BIGINT NOT NULL);"
    "ALTER TABLE central.booking ADD COLUMN occasion TEXT REFERENCES occasion (id);"
    "CREATE INDEX central.booking_occasion ON booking (occasion);"
    /* 1: on lists without a row in the visitor database, which this site does not have */
    "ALTER TABLE central.booking ADD COLUMN listed BIGINT NOT NULL DEFAULT 0;"
    "CREATE INDEX central.booking_listed ON booking (listed);";

/* How long rows stay (doc/adr/115). number: of the terminal's event, 0 a request, -1 a row of before. */
static const char lifetimes[] = "ALTER TABLE central.applied ADD COLUMN number BIGINT NOT NULL DEFAULT -1;"
                                "CREATE INDEX central.applied_at ON applied (at);"
                                "CREATE INDEX central.payment_visit ON payment (visit);"
                                "CREATE INDEX central.quarantine_since ON quarantine (since);"
                                "CREATE INDEX central.occasion_changed ON occasion (changed);";

static const char *const steps[] = {people,  money, models,     visits,    flights,
                                    further, held,  quarantine, occasions, lifetimes};

const tb_migrations tb_migrations_central = {"central", steps, sizeof steps / sizeof *steps};
