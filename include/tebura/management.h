/* management.h: the management service without network: everything that teburad does, as calls. HTTP routes and the bus
 * are thin layers over it. All calls are safe from any thread (one writer at a time inside).
 *
 * Invariants
 *  I1  Membership of every list, visit, booking status, ledger and outbox change in one transaction over both
 *      databases, or not at all.
 *  I2  A list entry exists exactly when the role's requirements hold and now lies in [delivery, until).
 *  I3  An event, a request and a payment are applied once per id, however often they arrive.
 *  I4  No biometric data of a person without consent is in any database, list or log.
 *  I5  Templates rest only under the person's own key; destroying that key ends them wherever it is not kept too.
 *  I6  A visit that ended (departed without a rule that keeps it, entered, deleted) has no row in the visitor database
 *      and an outbox row for every list it was on. */
#ifndef TEBURA_MANAGEMENT_H
#define TEBURA_MANAGEMENT_H

#include <tebura/crypto.h>
#include <tebura/flight_information.h>
#include <tebura/matcher.h>
#include <tebura/message.h>
#include <tebura/payment.h>

typedef struct tb_management tb_management;

typedef struct tb_management_options {
    const char *directory;     /* central.db, visitor.db, master.key live here; made 0700 when absent */
    const char *database;      /* NULL: those files; else PostgreSQL's address (store/db.h), and only the key is here */
    const char *site;          /* [a-z0-9_]{1,24} */
    const tb_profile *profile; /* outlives the service */
    uint32_t model;
    int dimension;
    tb_calibration calibration;
    const tb_model *former; /* models whose templates are still recognised (doc/adr/029); copied */
    int former_count;
    const tb_provider *provider;   /* NULL: the simulated one */
    tb_time (*now)(void *context); /* NULL: tb_clock_now; tests set it */
    void *now_context;
    /* With `now`: the clock that cannot jump, and `now` is watched as the machine's is; NULL: `now` may do as it
     * likes. */
    int64_t (*uptime)(void *context);
    int examine;            /* to look and change nothing: no migration, nothing made, every change is TB_FORBIDDEN */
    int accept_clock;       /* the machine's clock is right, however long ago the last start was */
    tb_time code_life;      /* of a registration code; 0: a day */
    int utc_offset_minutes; /* of the site's clock: decides which day it is for documents */
    int follow_local_time;  /* it is this machine's, asked anew each time: summer time may begin while it runs */
} tb_management_options;

/* Migrates, rebuilds the in-memory gallery of visitors. TB_DB_LOCKED, TB_DB_NEWER, TB_DB_KEY, TB_DB_CORRUPT,
 * TB_DISK_FULL, TB_FORBIDDEN ...; with `database` also what tb_db_open says. */
tb_status tb_management_open(const tb_management_options *options, tb_management **out, tb_error *why) TB_MUST_CHECK;
void tb_management_free(tb_management **management);
tb_key tb_management_public_key(const tb_management *management);
/* A secret from which whatever else has to be signed for this site is derived (trust.h); the same at every server of
 * the site. Wipe it. */
tb_key tb_management_trust_key(const tb_management *management);
/* Returns when nobody else held the service any more: for a watchdog. */
void tb_management_alive(tb_management *management);
/* Does the database answer? Asks it, and never waits for others who are asking it. */
int tb_management_reaches_database(tb_management *management);

/* ---- another master key ---- */
typedef struct tb_rotation_options {
    const char *directory, *database; /* as above */
    /* Somebody may have the old key: also what signs for the broker and for TLS, and what finds people, is made anew.
     * Terminals are given new credentials when they ask (tb_management_seal_renewal). Without it none notices
     * anything. */
    int leaked;
    /* May be NULL. `of` 0: nothing to count. */
    void (*progress)(void *context, const char *step, uint64_t done, uint64_t of);
    void *context;
} tb_rotation_options;
typedef struct tb_rotation {
    int finished;  /* an earlier run had been cut short when all was done but the last moves: they are done now */
    int old_roots; /* the old key alone still signs for the broker and for TLS: made before this release; see leaked */
    uint64_t people, templates, documents, instruments;
    uint64_t damaged; /* what did not open before and does not now */
    uint64_t terminals;
} tb_rotation;
/* Puts a new master key into `directory`, and everything that rests under the old one under the new one. No service may
 * run on these databases: TB_DB_LOCKED. Cut short at any moment it leaves a site that opens, with one key or the other,
 * and can be run again. With files there has to be room for a second copy of them. TB_NOT_FOUND: no site here;
 * TB_DB_KEY: master.key is not theirs; TB_CONFLICT, TB_DB_NEWER: another program's schema; what opening says. */
tb_status tb_management_rotate_key(const tb_rotation_options *options, tb_rotation *out, tb_error *why) TB_MUST_CHECK;

/* Callbacks (`each`) run while the service is held: they must not call it. */

/* ---- flights, people, what they own ---- */
typedef struct tb_flight {
    char id[32]; /* "NH105/2026-11-21": carrier+number/scheduled day of departure; never changes */
    char from[4], to[4], gate[8];
    tb_time boarding, departure; /* as they are expected now; departure: when it left, once it has */
    int departed, cancelled;
    tb_time std, etd, atd, sta, eta, ata; /* scheduled, estimated, actual; 0: not known */
    tb_flight_status status;
} tb_flight;
/* When it is expected to arrive, or did; 0: not known. */
tb_time tb_flight_arrival(const tb_flight *flight);
/* New or changed by the operator: lists follow. Of the further times only what is not 0 counts. TB_INVALID_ARGUMENT;
 * TB_CONFLICT: it has departed. */
tb_status tb_management_flight_put(tb_management *m, const tb_flight *flight, tb_error *why) TB_MUST_CHECK;

/* ---- what a flight information source says (A4) ---- */
typedef enum tb_flight_outcome {
    TB_CHANGE_APPLIED = 1, /* lists have followed */
    TB_CHANGE_UNCHANGED,   /* it was so already */
    TB_CHANGE_REPEATED,    /* this message of this source was taken before */
    TB_CHANGE_OUTDATED,    /* something newer is known about all that it says */
    TB_CHANGE_REFUSED,     /* `why` says the reason; the others are not disturbed */
    TB_CHANGE_OUTCOMES
} tb_flight_outcome;
const char *tb_flight_outcome_name(tb_flight_outcome outcome); /* "applied" ... */
typedef struct tb_flight_answer {
    tb_flight_outcome outcome;
    tb_error why;
} tb_flight_answer;
/* Each by itself, in order, all in one transaction: another status than TB_OK means that nothing was applied (disk
 * full, out of memory ...): tell them again. A change without a time counts as said now; about each field the newest
 * word counts, whatever order they arrive in. Without a departure that is known a new flight is refused; boarding that
 * nobody tells is half an hour before departure, and moves with it. A flight that has departed takes what concerns its
 * arrival only. */
tb_status tb_management_flight_changes(tb_management *m, const tb_flight_change *changes, size_t count,
                                       tb_flight_answer *answers) TB_MUST_CHECK;
/* Counts lines or items that were refused before they were changes. */
void tb_management_flight_changes_refused(tb_management *m, uint64_t count);
tb_status tb_management_flight_departed(tb_management *m, const char *flight, tb_error *why) TB_MUST_CHECK; /* A14 */
typedef tb_status (*tb_flight_fn)(void *context, const tb_flight *flight);
tb_status tb_management_flights(tb_management *m, tb_flight_fn each, void *context) TB_MUST_CHECK;

/* ---- occasions: what many visits share: an event, a train, a day of an exhibition ---- */
#define TB_OCCASION_SIZE 64
typedef struct tb_occasion {
    char id[TB_OCCASION_SIZE]; /* letters, digits and . _ - */
    tb_facts facts;            /* those that the profile declares `of: occasion` */
    uint64_t visits;           /* that name it */
} tb_occasion;
/* New or changed: the lists of exactly the visits that name it follow, in the same transaction. `facts` are all of its
 * facts from now on. TB_INVALID_ARGUMENT: a fact that is not an occasion's, times out of order; TB_CONFLICT: a visit
 * that names it would have no end any more. */
tb_status tb_management_occasion_put(tb_management *m, const char *id, const tb_facts *facts,
                                     tb_error *why) TB_MUST_CHECK;
typedef tb_status (*tb_occasion_fn)(void *context, const tb_occasion *occasion);
tb_status tb_management_occasions(tb_management *m, tb_occasion_fn each, void *context) TB_MUST_CHECK;
/* TB_NOT_FOUND; TB_CONFLICT: visits name it. */
tb_status tb_management_occasion_remove(tb_management *m, const char *id, tb_error *why) TB_MUST_CHECK;

/* ---- visits of any site ---- */
typedef struct tb_visit_order {
    const char *reference; /* of the booking or ticket, 1 to 63 characters: the same again changes that visit */
    const char *name;      /* of the person; "" leaves it as it is */
    tb_id person;          /* zero: whose the reference is, else a new one */
    tb_facts facts;        /* all that the site tells of the visit; they replace what it told before */
    const char *occasion;  /* its id; "" or NULL: none */
} tb_visit_order;
typedef struct tb_visit_made {
    tb_id visit, person;
    int created;
} tb_visit_made;
/* Makes or changes a visit; lists follow at once. TB_INVALID_ARGUMENT: a fact that the profile does not declare so,
 * that is the server's own (name, consented, has_instrument, items, item_list, bags), times out of their declared
 * order, no end or one that has passed; what people hold is not of the form that the profile gives. TB_NOT_FOUND: no
 * such person; TB_CONFLICT: the reference is another person's. */
tb_status tb_management_visit_put(tb_management *m, const tb_visit_order *order, tb_visit_made *out,
                                  tb_error *why) TB_MUST_CHECK;
/* Ends it before its time (cancelled); without another open visit the person goes, too. TB_NOT_FOUND. */
tb_status tb_management_visit_end(tb_management *m, tb_id visit, tb_error *why) TB_MUST_CHECK;

/* Check-in (kiosk and desk): parses and judges the documents (expiry, day, same person), makes or finds person and
 * booking, and with consent stores template and consent. Without consent the journey goes on with no biometric row
 * (A2). Online (A3): `consent` of the request is ignored and no template is taken; a terminal adds the face later. An
 * empty `touchpoint` is the desk. A terminal's `consent` 0 (not online) is a no: an earlier yes ends.
 *
 * Without an MRZ, `boarding_pass` is the reference of a visit that tb_management_visit_put has made: its role's rules
 * decide, and with consent the face comes to it; there is no document to compare it with. A visit on a flight is not
 * found that way.
 *
 * What documents or flight forbid is a REFUSE with one of the reasons check_digit, document_expired, person_mismatch,
 * wrong_day, flight_departed, flight_closed, flight_cancelled, other_route; what cannot be read or done is a FAILED.
 * The same status is returned as stands in a FAILED answer, else TB_OK. The same request id again gets the same answer
 * and has no second effect. */
tb_status tb_management_checkin(tb_management *m, const tb_request *request, tb_answer *answer) TB_MUST_CHECK;
/* What an answer is as a status, for HTTP: TB_OK when admitted, TB_DOCUMENT_EXPIRED for document_expired ...,
 * TB_REFUSED else. */
tb_status tb_answer_status(const tb_answer *answer);

/* ---- where people are, for lists narrowed by distance (A19) ---- */
#define TB_POSITION_TOKEN_SIZE 65
#define TB_POSITION_LIFE (5 * TB_MINUTE) /* what follows from a position is kept no longer */
typedef enum tb_position_kind { TB_POSITION_NONE, TB_POSITION_GLOBE, TB_POSITION_SITE } tb_position_kind;
typedef struct tb_position {
    tb_position_kind kind; /* NONE: nobody knows, or does not want to say any more */
    double a, b;           /* latitude and longitude in degrees, or x and y of the site in metres */
    double accuracy;       /* metres; 0: exact */
} tb_position;
/* What the phone of this visit says beside its positions: for the app, which gives it to that phone alone. The same
 * each time; worth nothing when the visit is over. TB_NOT_FOUND; TB_INVALID_ARGUMENT: no role asks for positions. */
tb_status tb_management_position_token(tb_management *m, tb_id visit, char out[TB_POSITION_TOKEN_SIZE],
                                       tb_error *why) TB_MUST_CHECK;
/* Lists follow at once; the position itself is kept nowhere. TB_UNAUTHORISED: not this visit's token, or it is over;
 * TB_INVALID_ARGUMENT: no position, or not of the kind by which this site's touchpoints are placed. */
tb_status tb_management_position_put(tb_management *m, tb_id visit, const char *token, const tb_position *position,
                                     tb_error *why) TB_MUST_CHECK;

typedef struct tb_person_summary {
    tb_id person;
    char name[64];
    char flight[32];
    char status[TB_NAME_SIZE];
    char seat[8];
    char reference[64]; /* of a visit without a flight */
    tb_facts facts;     /* told of such a visit: texts that may be shown for some purpose and are not sensitive */
    int flag, consent, templates, instruments, items_waiting, in_visitor_db, lists;
    tb_id visit;
    tb_time kept_until; /* at most; 0: not kept beyond the visit */
} tb_person_summary;
typedef tb_status (*tb_person_fn)(void *context, const tb_person_summary *person);
/* for the operator's console */
tb_status tb_management_people(tb_management *m, tb_person_fn each, void *context) TB_MUST_CHECK;
/* By passport number (A4) as printed in the MRZ. */
tb_status tb_management_person_find(tb_management *m, const char *passport_number, tb_id *person) TB_MUST_CHECK;
tb_status tb_management_person_delete(tb_management *m, tb_id person, tb_error *why) TB_MUST_CHECK; /* key first (I5) */
/* templates go, lists follow at once */
tb_status tb_management_consent_withdraw(tb_management *m, tb_id person, tb_error *why) TB_MUST_CHECK;
/* One of the profile's further consents is given or withdrawn; lists follow at once. Who is kept by it without a visit
 * is erased when it is withdrawn. TB_NOT_FOUND: no such person or consent; TB_NO_CONSENT: the use of the face was not
 * agreed to at all. */
tb_status tb_management_further_consent(tb_management *m, tb_id person, const char *name, int agreed,
                                        tb_error *why) TB_MUST_CHECK;
/* `pin` may be NULL; `token` is the provider's. */
tb_status tb_management_instrument_add(tb_management *m, tb_id person, const char *kind, const char *token,
                                       const char *pin, tb_id *instrument, tb_error *why) TB_MUST_CHECK;
/* A4, A12 */
tb_status tb_management_item_add(tb_management *m, const char *passport_number, const char *description, tb_id *item,
                                 tb_error *why) TB_MUST_CHECK;

/* ---- templates and the models that made them (X12, S6) ---- */
typedef enum tb_template_source {
    TB_TEMPLATE_ENROLLED = 1, /* at a check-in, verified against a document; never replaced from a touchpoint */
    TB_TEMPLATE_TOUCHPOINT    /* seen again, recognised with certainty */
} tb_template_source;
typedef struct tb_template_summary { /* what a person may know of a template; its bytes are nobody's */
    uint32_t model;
    tb_modality modality;
    int in_force, quality;
    tb_template_source source;
    tb_time since;
} tb_template_summary;
typedef tb_status (*tb_template_fn)(void *context, const tb_template_summary *template);
tb_status tb_management_templates(tb_management *m, tb_id person, tb_template_fn each, void *context,
                                  tb_error *why) TB_MUST_CHECK;
typedef struct tb_model_use {
    uint32_t model;
    int dimension, in_force, served; /* served 0: people have templates of it, but the manifest does not name it */
    uint64_t people, templates;
    uint64_t only; /* people who have no template of another model that is served: lost if this one goes */
} tb_model_use;
typedef tb_status (*tb_model_fn)(void *context, const tb_model_use *use);
tb_status tb_management_models(tb_management *m, tb_model_fn each, void *context) TB_MUST_CHECK;
/* Removes every template of a former model; lists follow. TB_CONFLICT: it is in force, or *lost people would lose their
 * only templates and `lose` is 0; nothing has changed then. TB_NOT_FOUND: nobody has one. */
tb_status tb_management_model_retire(tb_management *m, uint32_t model, int lose, uint64_t *lost,
                                     tb_error *why) TB_MUST_CHECK;

/* ---- touchpoints ---- */
typedef struct tb_touchpoint {
    char id[TB_TOUCHPOINT_SIZE];
    char role[TB_NAME_SIZE];
    char zone[TB_NAME_SIZE];
    tb_facts attributes;
    int registered;
    tb_key public_key;
    int has_broker_key;
    tb_key broker_key;  /* Ed25519: what it signs in to the broker with */
    tb_time code_until; /* while it is not registered */
    int wiping;         /* it was told to deliver what it holds and to wipe itself */
    uint64_t sequence, entries;
    uint64_t forgotten; /* its events up to that number were applied, though nothing names each of them any more */
    tb_heartbeat last;
} tb_touchpoint;
/* `id`, `role`, `attributes` and, when not empty, `zone` count; attribute "staff_confirms" (bool) overrides the role's
 * default at a POS, "shop" (text) names its merchant account. Announces a terminal; `code` (hex, 32 characters + NUL)
 * registers it once. TB_EXISTS; TB_INVALID_ARGUMENT: also where an attribute is absent that the role's rules name. */
#define TB_CODE_SIZE 33
tb_status tb_management_touchpoint_add(tb_management *m, const tb_touchpoint *touchpoint, char code[TB_CODE_SIZE],
                                       tb_error *why) TB_MUST_CHECK;
/* Another code for a touchpoint that is not registered; the former one is worth nothing from now on. TB_NOT_FOUND;
 * TB_CONFLICT: it is registered. */
tb_status tb_management_touchpoint_code(tb_management *m, const char *id, char code[TB_CODE_SIZE], tb_time *until,
                                        tb_error *why) TB_MUST_CHECK;
/* Of a terminal that brings its code. `source` is where it asks from ("" unknown): after ten wrong codes within ten
 * minutes that source is not heard for ten more. */
typedef struct tb_touchpoint_claim {
    const char *code;
    const tb_key *public_key;
    const tb_key *broker_key; /* NULL: it does not sign in to the broker by itself */
    const char *source;
} tb_touchpoint_claim;
/* Its list is filled. TB_UNAUTHORISED: the code is unknown, has expired, or was used with another key (the same
 * terminal whose answer was lost may ask again); TB_TOO_OFTEN. */
tb_status tb_management_touchpoint_claim(tb_management *m, const tb_touchpoint_claim *claim, tb_touchpoint *out,
                                         tb_error *why) TB_MUST_CHECK;
/* The same without a key for the broker. */
tb_status tb_management_touchpoint_register(tb_management *m, const char *code, const tb_key *public_key,
                                            tb_touchpoint *out, tb_error *why) TB_MUST_CHECK;
typedef tb_status (*tb_touchpoint_fn)(void *context, const tb_touchpoint *touchpoint);
tb_status tb_management_touchpoints(tb_management *m, tb_touchpoint_fn each, void *context) TB_MUST_CHECK;
/* Every key for the broker that is not believed any more. */
typedef tb_status (*tb_revoked_fn)(void *context, const tb_key *broker_key, tb_time at);
tb_status tb_management_revoked(tb_management *m, tb_revoked_fn each, void *context) TB_MUST_CHECK;
/* Not believed any more, in one change: its list is empty, its keys are revoked for ever, its code is worth nothing;
 * the touchpoint stays, and a new code registers another terminal there. `order` gets what tells the terminal so,
 * sealed to it; it can be asked for again (tb_management_standing). TB_NOT_FOUND; TB_CONFLICT: nobody is registered. */
tb_status tb_management_touchpoint_revoke(tb_management *m, const char *id, tb_bytes *order,
                                          tb_error *why) TB_MUST_CHECK;
/* Takes an honest terminal out of service: its list is empty at once; it delivers what it still holds, wipes itself and
 * says so, and is then revoked (tb_management_heartbeat). `order` as above; give it again at every heartbeat. */
tb_status tb_management_touchpoint_wipe(tb_management *m, const char *id, tb_bytes *order, tb_error *why) TB_MUST_CHECK;
/* What a terminal is told that has lost the broker and asks over HTTP: sealed to it about "standing.<touchpoint>",
 * hence readable by nobody else, and from nobody but us. TB_NOT_FOUND: we do not know this key; TB_CONFLICT: all is
 * well, there is no order for it. */
tb_status tb_management_standing(tb_management *m, const tb_key *public_key, tb_bytes *order) TB_MUST_CHECK;
/* The touchpoint at which a terminal with this key is in service. TB_NOT_FOUND */
tb_status tb_management_touchpoint_of_key(tb_management *m, const tb_key *public_key, tb_touchpoint *out) TB_MUST_CHECK;
/* Its registration once more, for itself alone: sealed to its key about "renewal.<touchpoint>". */
tb_status tb_management_seal_renewal(tb_management *m, const tb_touchpoint *touchpoint, tb_span registration,
                                     tb_bytes *sealed) TB_MUST_CHECK;
/* A sealed sign of life. *order gets an order that waits for this terminal (empty: none); *gone 1: it has wiped itself
 * just now, and its keys are revoked. TB_UNAUTHORISED, TB_CRYPTO ...: not from a terminal of ours. */
tb_status tb_management_heartbeat(tb_management *m, const char *subject, tb_span sealed, tb_bytes *order,
                                  int *gone) TB_MUST_CHECK;

/* ---- what terminals send: sealed bytes in, sealed bytes out (`subject` is the seal's `about`) ---- */
typedef struct tb_sealed_event {
    const char *subject;
    tb_span body;
} tb_sealed_event;
/* In one transaction. Events of nobody we know, or that do not open, or are signed as another's are logged, counted and
 * dropped; genuine ones that cannot be applied for good are kept in the quarantine, and the others go on. TB_OK: none
 * of them need come again. TB_DISK_FULL, TB_DB_LOCKED ...: deliver all again, what was applied is known by its id. */
tb_status tb_management_events(tb_management *m, const tb_sealed_event *events, int count) TB_MUST_CHECK;
/* Genuine events that could not be applied for good: kept sealed, so that those behind them could go on. */
typedef struct tb_quarantined {
    tb_id id;
    char touchpoint[TB_TOUCHPOINT_SIZE];
    char reason[TB_NAME_SIZE]; /* a status' name */
    tb_time since, tried;
    int tries;
    size_t size; /* of what is kept */
} tb_quarantined;
typedef tb_status (*tb_quarantined_fn)(void *context, const tb_quarantined *event);
tb_status tb_management_quarantine(tb_management *m, tb_quarantined_fn each, void *context) TB_MUST_CHECK;
/* TB_OK: applied, and out of the quarantine. TB_NOT_FOUND; what it failed with again: it stays. */
tb_status tb_management_quarantine_retry(tb_management *m, tb_id id, tb_error *why) TB_MUST_CHECK;
/* Given up for ever. TB_NOT_FOUND. */
tb_status tb_management_quarantine_remove(tb_management *m, tb_id id, tb_error *why) TB_MUST_CHECK;
/* Third authentication, check-in, payment, a template to keep. TB_UNAUTHORISED, TB_CRYPTO ...: no answer, it was not a
 * terminal of ours; TB_CONFLICT: it bears a time that is long gone or to come (recorded and repeated, or a clock is
 * wrong). */
tb_status tb_management_request(tb_management *m, const char *subject, tb_span sealed, tb_bytes *reply) TB_MUST_CHECK;

/* ---- the feed ---- */
typedef struct tb_outbox_item {
    int64_t row;
    char touchpoint[TB_TOUCHPOINT_SIZE];
    char visit[TB_ID_TEXT_SIZE];
    int present;
    tb_bytes sealed;
} tb_outbox_item;
/* Up to `max` oldest items, sealed now from the present state of each entry: a later change is never overtaken by an
 * older value. *count 0 when there is none. Free each item's `sealed`. */
tb_status tb_management_outbox(tb_management *m, tb_outbox_item *items, int max, int *count) TB_MUST_CHECK;
/* Cheap: the rows are not given again; they leave the disk with the next change or tick. */
tb_status tb_management_outbox_done(tb_management *m, int64_t up_to_row) TB_MUST_CHECK;
/* The same for items that were written, where several servers share the database. TB_CONFLICT: another server leads
 * meanwhile, whose newer values ours may have replaced: they are said anew, and this one has to stop publishing. */
tb_status tb_management_outbox_written(tb_management *m, const tb_outbox_item *items, int count) TB_MUST_CHECK;
/* Of several servers on one database one leads: it alone publishes, follows events and calls tick. It may change at any
 * time; another takes over within a second of the leader's end. 0: not this one. Else a number, another one each time
 * that it begins to lead: others may have led in between, and what was begun then has to be begun anew. */
uint64_t tb_management_leads(const tb_management *m);
/* Where several servers share a database: memory follows what the others have done. For servers that nobody asks. */
tb_status tb_management_follow(tb_management *m) TB_MUST_CHECK;
/* Whether this server could do what a leader does (the broker answers it): one that cannot gives way to one that
 * can. */
void tb_management_set_able(tb_management *m, int able);
/* Whether the bucket is known to have been written from this database while this server ran; and that it is. */
int tb_management_knows_feed(const tb_management *m);
void tb_management_feed_is_written(tb_management *m);
/* Writes every entry of every list to the outbox again (broker lost its memory, or another server has published). */
tb_status tb_management_outbox_all(tb_management *m) TB_MUST_CHECK;
/* Marks that are due (tb_mark: the server's word that a list is whole), each for the key of a visit of 32 zeros; `row`
 * is 0, and nothing is to be done afterwards. Called by the publisher when all that it was given is in the bucket.
 * A list that another server has published is written to the outbox again first; its mark comes after that. */
tb_status tb_management_marks(tb_management *m, tb_outbox_item *items, int max, int *count) TB_MUST_CHECK;
/* Another server publishes now: what this one knows of the lists counts no more. Cheap. */
void tb_management_marks_end(tb_management *m);
/* Waits until the outbox has something, `wait_ms` at most. */
void tb_management_outbox_wait(tb_management *m, int wait_ms);
/* Does what the clock demands (entries due, windows ended, flights gone); returns when to call again at the latest. */
tb_status tb_management_tick(tb_management *m, tb_time *next) TB_MUST_CHECK;

/* The time that the service goes by: the machine's clock, unless it has jumped (forward or back, by more than 5
 * minutes; at the start by more than 72 hours ahead of the last time that was stored): then the time goes on as
 * before, nothing ends and nobody is erased, until the clock agrees again or the operator says that it is right. */
typedef struct tb_clock_state {
    tb_time now;
    int held;      /* the machine's clock is not believed */
    int64_t ahead; /* its distance from `now` then */
} tb_clock_state;
void tb_management_clock(tb_management *m, tb_clock_state *out);
tb_status tb_management_clock_accept(tb_management *m, tb_error *why) TB_MUST_CHECK;

/* ---- watching (console) ---- */
typedef struct tb_passage {
    uint64_t number;
    tb_time at;
    char touchpoint[TB_TOUCHPOINT_SIZE];
    char role[TB_NAME_SIZE];
    char kind[TB_NAME_SIZE];
    char reason[TB_NAME_SIZE];
    tb_id visit;
    char name[64];
    int64_t duration;
} tb_passage;
/* The passages after `after`, oldest first; at most `max`; waits up to wait_ms when there is none. */
tb_status tb_management_passages(tb_management *m, uint64_t after, int wait_ms, tb_passage *out, int max,
                                 int *count) TB_MUST_CHECK;
tb_status tb_management_journey(tb_management *m, tb_id person, tb_passage *out, int max, int *count) TB_MUST_CHECK;
typedef struct tb_counts {
    uint64_t people, templates, visitors, entries, outbox, payments, payments_voided;
    uint64_t events_applied, events_repeated, events_refused; /* since the start */
    uint64_t flight_changes[TB_CHANGE_OUTCOMES];              /* by outcome, since the start */
    int64_t ledger_sum;                                       /* always 0 */
} tb_counts;
tb_status tb_management_counts(tb_management *m, tb_counts *out) TB_MUST_CHECK;
/* Everything that is counted, as text for Prometheus; what there is is counted now. src/management/metrics.h has the
 * counters for those who add to them. */
tb_status tb_management_measure(tb_management *m, const char *version, tb_bytes *out) TB_MUST_CHECK;
struct tb_metrics *tb_management_metrics(tb_management *m);
/* Recomputes every list from nothing, without the index that finds lists step by step, and compares; I4, I6 and the
 * ledger, too. Changes nothing. A visit that the clock is about to change is counted as due and not compared. Other
 * calls go on meanwhile. TB_OK also with differences. */
#define TB_DIFFERENCES_MAX 20
typedef struct tb_difference {
    tb_id visit; /* zero: of none */
    char touchpoint[TB_TOUCHPOINT_SIZE];
    char what[96];
} tb_difference;
typedef struct tb_check_report {
    uint64_t visits, due, lists, entries, differences;
    tb_difference first[TB_DIFFERENCES_MAX];
} tb_check_report;
tb_status tb_management_compare(tb_management *m, tb_check_report *out, tb_error *why) TB_MUST_CHECK;
/* Does first what the clock demands, then recomputes every list from nothing and compares (I2), and checks I4, I6 and
 * the ledger. TB_OK or TB_INTERNAL with the first difference in `why`. */
tb_status tb_management_check(tb_management *m, tb_error *why) TB_MUST_CHECK;

/* ---- backup ---- */
/* Copies both databases, encrypted, as they are between two changes, into the new folder `folder` (0700): whole and
 * synced, or not at all. The master key is not copied: it belongs elsewhere. Changes wait while the files are read.
 * *bytes (may be NULL) gets the size. TB_EXISTS; TB_UNSUPPORTED (PostgreSQL: pg_dump); TB_DISK_FULL, TB_IO. */
tb_status tb_management_backup(tb_management *m, const char *folder, uint64_t *bytes, tb_error *why) TB_MUST_CHECK;

#endif
