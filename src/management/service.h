/* service.h: what the files of the management service share: the state, the lock, one change (transaction and what
 * follows it).
 *
 * Everything below is called with the mutex held, unless it says otherwise. A change is
 *
 *     status = tb_change_begin(m);
 *     if (status == TB_OK) {
 *         status = ...;
 *         status = tb_change_end(m, status);   // commits when TB_OK, else rolls back; memory follows the databases
 *     }
 */
#ifndef MANAGEMENT_SERVICE_H
#define MANAGEMENT_SERVICE_H

#include <pthread.h>
#include <stdatomic.h>

#include <tebura/gallery.h>
#include <tebura/management.h>
#include <tebura/profile.h>

#include "management/ahead.h"
#include "management/lists.h"
#include "management/marks.h"
#include "management/metrics.h"
#include "management/site_time.h"
#include "store/migration.h"
#include "store/store.h"
#include "store/watch.h"

#define TB_SITE_SIZE 25
/* after the announced departure, without a word that the aircraft has left (doc/adr/061) */
#define TB_DEPARTURE_GRACE (2 * TB_HOUR)
#define TB_PAYMENT_PATIENCE (2 * TB_MINUTE) /* after that a payment that hangs is reversed (doc/adr/062) */
#define TB_CHECKIN_HORIZON (48 * TB_HOUR)   /* a boarding pass for later than that is for another day */
#define TB_TERMINAL_SILENT (15 * TB_SECOND) /* terminals are heard of once a second */
#define TB_REQUEST_AGE (10 * TB_MINUTE)     /* a question of another time than that is not answered */
/* An event's time is its terminal's. More than that ahead of ours, or older than the oldest, and it is replaced by
 * ours; more than TB_EVENT_LATE old, and it is counted. */
#define TB_EVENT_AHEAD TB_MINUTE
#define TB_EVENT_LATE TB_DAY
#define TB_EVENT_OLDEST (400 * TB_DAY)
#define TB_QUARANTINE_MAX 10000
#define TB_QUARANTINE_SHARE 200 /* of one touchpoint: a terminal that is broken leaves room for the others */
#define TB_SUBJECT_ROOM 192
#define TB_SALE_MAX INT64_C(10000000) /* minor units: no till of ours sells more at once */

typedef struct tb_keys { /* keyring.h; in secret memory */
    tb_key wrap;         /* wraps the people's own keys */
    tb_key document;     /* seals passport numbers */
    tb_key find;         /* keys the hashes that find them */
    tb_key token;        /* seals providers' tokens */
    tb_key trust;        /* whoever signs for the broker and for TLS is derived from it */
    tb_key_pair own;     /* the server's, for terminals */
    tb_key salt;         /* of marks; random at each start */
} tb_keys;

typedef struct tb_report_run { /* of numbers of events, without a gap; reports.c */
    uint64_t since, from, to;  /* to 0: none */
} tb_report_run;

typedef struct tb_tries { /* tries.c */
    int count;            /* not forgiven yet */
    int64_t at;           /* monotonic */
} tb_tries;

/* A terminal as the service keeps it in memory; the database holds the same (sequence: of the last commit). */
struct tb_terminal { /* in secret memory */
    tb_touchpoint row;
    const tb_role *role; /* NULL: the profile has lost it; its list is empty */
    tb_role_view view;
    uint64_t committed; /* sequence in the database; row.sequence runs ahead inside a change */
    uint64_t forgotten; /* row.forgotten as it will be after this change (forget.c) */
    tb_position place;  /* of its attributes */
    int tag;            /* of those whom it serves now, when the server matches for it; -1 none (tags.c) */
    /* what it seals for us, what we seal for it; derived once: X25519 would be most of an event's cost */
    tb_key from, to;
    tb_tries tries;         /* references that led nowhere */
    tb_tries looks;         /* among people who are no visitors (central.c) */
    tb_group *group;        /* lists.h; NULL: it has no list */
    tb_published published; /* marks.h */
    tb_report_run run;      /* of this change; to be written before its end */
    /* scratch of recompute: in round `round`, `old` is the place of the entry that a visit has here */
    uint64_t round;
    size_t old;
    uint64_t heard;   /* sequence and committed are the database's as of then (S2) */
    int64_t heard_at; /* monotonic time of the last heartbeat; 0: none since the start */
};

typedef struct tb_cell { /* positions.c */
    int64_t x, y;
    tb_terminal *terminal;
} tb_cell;
typedef struct tb_nearness { /* of one visit */
    int known;               /* where its phone is */
    tb_time until;
    size_t rows, count, capacity;
    char (*touchpoints)[TB_TOUCHPOINT_SIZE];
} tb_nearness;

#define TB_TAGS_MAX 63
typedef struct tb_visit_tag {
    tb_id visit;
    uint64_t tags;
} tb_visit_tag;

#define TB_SOURCES 64
typedef struct tb_source { /* of registrations with a wrong code */
    char name[64];
    int wrong;
    tb_time since;
} tb_source;

struct tb_management {
    tb_source sources[TB_SOURCES];
    tb_time code_life;
    char site[TB_SITE_SIZE];
    const tb_profile *profile;
    tb_model models[TB_MODELS_MAX]; /* the one in force first, then former ones that are still recognised */
    int model_count, utc_offset_minutes, follow_local_time;
    const tb_provider *provider;
    tb_time (*now)(void *context);
    void *now_context;

    pthread_mutex_t mutex;
    pthread_cond_t changed; /* after every commit */
    /* The publisher goes first (doc/adr/063): a commit that it waits for is followed by its reading of the outbox, not
     * by the next commit, whose syncs it would wait for as well. */
    pthread_cond_t was_read;
    atomic_int readers; /* in tb_management_outbox_wait or _outbox */
    int reader_first;   /* others wait for it, TB_READER_PATIENCE at most: it may have been told to stop */
    tb_db *db;
    tb_keys *keys;
    tb_matcher *matcher; /* of visitors; follows the databases after commit; searched without the mutex */
    int looking;         /* somebody is looked for among people who are no visitors (central.c) */
    int gallery_stale;   /* it could not follow: rebuilt before it is used again */
    /* sorted: visitors that are not in it: no template of a model served here, or none that can be read */
    tb_ids foreign;
    int stopping;

    tb_terminal **terminals;
    size_t terminal_count, terminal_capacity;
    tb_lists lists;

    int filling;      /* a new terminal's list is made: nothing of it waits */
    int near_roles;   /* some role narrows its lists by distance */
    tb_nearness near; /* scratch of recompute: of the visit that is looked at */
    tb_cell *cells;   /* the terminals of such roles */
    size_t cell_count, cells_of;
    double cell_size, cell_scale;
    tb_terminal *tagged[TB_TAGS_MAX]; /* one terminal for each tag that is in use */
    int tag_count;
    tb_visit_tag *retagged; /* by this change */
    size_t retagged_count, retagged_capacity;
    tb_ids touched;      /* visits of this change whose rows in the gallery have to follow; some of them twice */
    tb_terminal **moved; /* terminals whose sequence this change has raised */
    size_t moved_count, moved_capacity;
    tb_terminal **reporters; /* with a run */
    size_t reporter_count, reporter_capacity;
    uint64_t round;    /* of recompute */
    tb_entry_row *old; /* scratch of recompute: the entries that a visit has */
    size_t old_count, old_capacity;
    tb_ahead ahead;
    int wrote_outbox, wrote_passage;
    uint64_t ended; /* counts the visits that ended */
    /* Every start numbers lists from the clock on (in ms: no list changes that often for long). A database restored
     * from a backup would else give out numbers again that terminals have seen, and they would take what is new for
     * old. */
    uint64_t sequence_floor;
    int outbox_waiting; /* rows are there, as far as memory knows */
    int64_t outbox_end; /* and none after this one; INT64_MAX: not known */
    /* Rows up to `outbox_done` are published. They are removed with the next change, which costs no commit of its own;
     * published again after a crash, their sequence numbers tell the terminals that they know them (ADR 003). */
    _Atomic int64_t outbox_done; /* without the mutex: it must not wait for a commit */
    int64_t outbox_removed;
    /* shared.c: several servers on one database */
    tb_db_watch *watch;     /* NULL: files of our own */
    int64_t seen;           /* the last change that memory has followed */
    uint8_t keys_mark[32];  /* tb_keyring_mark of the keys that memory holds */
    uint64_t heard;         /* counts what others have changed */
    atomic_int unreached;   /* the database did not answer when it was asked how it is */
    int distrust;           /* a commit of ours may have taken place without our hearing of it */
    tb_status hold_status;  /* of tb_service_lock_to_change */
    int held;               /* by it, and nothing was changed yet */
    int64_t outbox_given;   /* the last row that was given to the publisher */
    uint64_t outbox_tenure; /* tb_management_leads, when rows were last given */
    tb_time whole_at;       /* then all that was committed had been given; 0: K2 of marks.h */
    uint64_t marking;       /* counts up whenever what is published is not known any more (K2) */
    int64_t marks_due;      /* none before; monotonic */
    tb_time forget_due;     /* not before that is anything looked for again that nobody needs */
    tb_metrics metrics;
    tb_site_time *time;               /* what tb_service_now goes by */
    int64_t (*uptime)(void *context); /* the options' */
    tb_time clock_stored;
    int examine; /* the options' */
    /* Monotonic times, 0: none. Of the oldest change that the publisher has not taken; of the oldest that it has taken
     * and the broker not acknowledged, and where that batch ends. */
    int64_t outbox_since;
    _Atomic int64_t batch_since, batch_end;
    uint64_t flight_changes[TB_CHANGE_OUTCOMES]; /* by outcome, since the start */
};

#define TB_READER_PATIENCE 20000 /* us */
void tb_service_lock(tb_management *m);
void tb_service_lock_first(tb_management *m); /* the publisher's: nobody is let go first */
void tb_service_unlock(tb_management *m);
/* For what reads first and changes then: nobody else, on this server or another, writes in between. What goes wrong is
 * told by tb_change_begin. */
void tb_service_lock_to_change(tb_management *m);
void tb_service_unlock_changed(tb_management *m);
tb_time tb_service_now(const tb_management *m); /* clock.c; without the mutex */

tb_status tb_change_begin(tb_management *m) TB_MUST_CHECK;
tb_status tb_change_end(tb_management *m, tb_status status) TB_MUST_CHECK;
tb_status tb_change_touch(tb_management *m, tb_id visit) TB_MUST_CHECK;
tb_status tb_change_number(tb_management *m, tb_terminal *terminal) TB_MUST_CHECK; /* raises its sequence by one */
/* Waits for a commit, at most until the monotonic `deadline` in microseconds. 0 when that has passed. */
int tb_service_wait(tb_management *m, int64_t deadline);

/* ---- tries.c: references are short enough to be guessed, were there no end to it ---- */
#define TB_TRIES_MOST 10
#define TB_TRY_BACK (30 * TB_SECOND)
int tb_tries_are_left(tb_terminal *terminal);
#define TB_LOOKS_MOST 6
#define TB_LOOK_BACK (20 * TB_SECOND)
int tb_looks_take(tb_terminal *terminal); /* 0: none is left */
void tb_tries_count(tb_terminal *terminal);

/* ---- shared.c ---- */
tb_status tb_shared_open(tb_management *m, const char *url, tb_error *why) TB_MUST_CHECK;
/* What memory holds of gallery and terminals follows the others' commits. */
tb_status tb_service_refresh(tb_management *m) TB_MUST_CHECK;
tb_status tb_shared_begin(tb_management *m) TB_MUST_CHECK;                         /* of tb_change_begin */
tb_status tb_shared_note(tb_management *m) TB_MUST_CHECK;                          /* before a commit */
tb_status tb_shared_number(tb_management *m, tb_terminal *terminal) TB_MUST_CHECK; /* S2 */

/* ---- reference.c: visits by what their people hold ---- */
typedef struct tb_held_question {
    const char *reference; /* as tb_profile_reference_read reads it */
    const tb_role *role;   /* by whose rules the one that is meant is found (H2) */
    const tb_facts *attributes;
    tb_time now;
} tb_held_question;
typedef struct tb_held {
    tb_booking booking;
    tb_facts facts;
    tb_verdict verdict;
} tb_held;
/* What this visit's people hold, "" for nothing that a terminal could read. */
void tb_visit_reference(const tb_management *m, const tb_booking *booking, char out[TB_REFERENCE_SIZE]);
tb_status tb_visit_hold(tb_management *m, const tb_booking *booking) TB_MUST_CHECK; /* inside a change */
tb_status tb_visit_of_reference(tb_management *m, const tb_held_question *about, tb_held *out) TB_MUST_CHECK;
/* A face and a reference: 1:1 (E3). Takes the mutex itself. */
tb_status tb_service_identify_held(tb_management *m, const tb_request *request, tb_answer *answer) TB_MUST_CHECK;

/* ---- clock.c ---- */
tb_status tb_clock_load(tb_management *m, int accept) TB_MUST_CHECK; /* at the start */
/* Follows a clock that is slewed, and remembers the time. */
tb_status tb_clock_tick(tb_management *m, tb_time now) TB_MUST_CHECK;

/* ---- models.c ---- */
const tb_model *tb_service_model(const tb_management *m, uint32_t id); /* NULL: not served here */
/* The probe and those of former models, each of a model served here, in secret memory (the caller frees it, also after
 * failure). TB_OTHER_MODEL: none is; TB_OTHER_DIMENSION; what tb_template_decode says. */
tb_status tb_request_templates(const tb_management *m, const tb_request *request, tb_template **out,
                               int *count) TB_MUST_CHECK;
void tb_models_warn(tb_management *m); /* people whose models this manifest does not name */

/* ---- terminals.c ---- */
tb_terminal *tb_terminal_find(const tb_management *m, const char *id); /* NULL */
/* Inside a change: takes everything off its list. When that is committed: tb_lists_remove, and nobody comes back. */
tb_status tb_terminal_empty(tb_management *m, tb_terminal *terminal) TB_MUST_CHECK;
tb_status tb_terminals_load(tb_management *m) TB_MUST_CHECK;
tb_status tb_terminal_derive(const tb_management *m, tb_terminal *terminal, const tb_key *public_key) TB_MUST_CHECK;
/* ---- registrations.c ---- */
void tb_code_make(char code[TB_CODE_SIZE], uint8_t hash[32]);
/* Those that another server has announced, registered or revoked. */
tb_status tb_terminals_reload(tb_management *m) TB_MUST_CHECK;
/* Takes the terminal that a subject "...<kind>.<touchpoint>" names, and its keys. TB_UNAUTHORISED: unknown or not
 * registered. Locks. */
tb_status tb_terminal_of_subject(tb_management *m, const char *subject, char id[TB_TOUCHPOINT_SIZE], tb_key *from,
                                 tb_key *to) TB_MUST_CHECK;

/* ---- feed.c ---- */
/* Every entry of its list into the outbox again, inside a change; *count of them. */
tb_status tb_feed_write_list(tb_management *m, tb_terminal *terminal, size_t *count) TB_MUST_CHECK;

/* ---- marks_due.c: marks of all terminals (marks.h) ---- */
void tb_marks_note(tb_management *m, const tb_outbox_row *row, int present);
void tb_marks_begin(tb_management *m);                        /* all lists are being written again */
void tb_marks_heard(tb_management *m, tb_terminal *terminal); /* its heartbeat is in row.last */

/* ---- custody.c: people's keys and templates ---- */
/* makes the key when there is none */
tb_status tb_custody_enrol(tb_management *m, tb_id person, const tb_template *faces, int count) TB_MUST_CHECK;
/* One more, or over the one in `slot` (-1: a free one). TB_NOT_FOUND: the person has no key. */
tb_status tb_custody_put(tb_management *m, tb_id person, int slot, const tb_template *face,
                         tb_template_source source) TB_MUST_CHECK;
tb_status tb_custody_describe(tb_management *m) TB_MUST_CHECK;              /* at the start */
tb_status tb_custody_destroy(tb_management *m, tb_id person) TB_MUST_CHECK; /* key first (I5) */
typedef struct tb_custody {                                                 /* opened templates */
    int count;
    int damaged; /* further ones, which do not open */
    tb_template_row rows[TB_ENTRY_TEMPLATES_MAX];
    tb_bytes encoded[TB_ENTRY_TEMPLATES_MAX];
} tb_custody;
/* Free also after failure. TB_NOT_FOUND: the person has no key; TB_CRYPTO: that, or every template, does not open. */
tb_status tb_custody_open(tb_management *m, tb_id person, tb_custody *out) TB_MUST_CHECK;
/* The same of rows that were read before, without the mutex. */
tb_status tb_custody_unseal(const tb_management *m, const tb_sealed_person *from, tb_custody *out) TB_MUST_CHECK;
void tb_custody_free(tb_custody *custody);

/* ---- visitors.c: the gallery follows the visitor database ---- */
tb_status tb_visitors_rebuild(tb_management *m) TB_MUST_CHECK;
tb_status tb_visitor_follow(tb_management *m, tb_id visit) TB_MUST_CHECK;
void tb_visitors_follow(tb_management *m); /* what the change touched; on failure the gallery is stale, never wrong */
tb_status tb_visitors_ready(tb_management *m) TB_MUST_CHECK;

/* ---- tags.c: whom the terminals serve now for which the server matches ---- */
void tb_terminal_tag(tb_management *m, tb_terminal *terminal); /* once, before it is among m->terminals */
/* *next: when the clock alone changes them. */
uint64_t tb_visit_tags(const tb_management *m, const tb_facts *facts, tb_time now, tb_time *next);
tb_status tb_change_tags(tb_management *m, tb_id visit, uint64_t tags) TB_MUST_CHECK; /* inside a change */
void tb_tags_follow(tb_management *m);                                                /* after its commit */
tb_status tb_visit_tag_now(tb_management *m, const tb_booking *booking) TB_MUST_CHECK;
/* Inside a change: everybody's, because this terminal is new. */
tb_status tb_visits_tag(tb_management *m, const tb_terminal *terminal) TB_MUST_CHECK;
int tb_tags_are_right(tb_management *m, const tb_booking *booking, const tb_facts *facts, tb_time now, tb_time *next);

typedef enum tb_recompute { TB_RECOMPUTE_CHANGES, TB_RECOMPUTE_RESEND } tb_recompute; /* RESEND: the template changed */
/* ---- later.c: roles whose terminals are told of new entries together ---- */
/* *waits 1: not announced now. Inside a change. */
tb_status tb_later_new(tb_management *m, tb_terminal *terminal, const tb_entry_row *row, int *waits) TB_MUST_CHECK;
/* row NULL: it goes. */
tb_status tb_later_changed(tb_management *m, tb_terminal *terminal, const tb_entry_row *row, tb_id visit,
                           int *waits) TB_MUST_CHECK;
/* 0 while it waits (P4). */
tb_status tb_later_is_told(tb_management *m, const tb_terminal *terminal, tb_id visit, int *told) TB_MUST_CHECK;
tb_status tb_later_tick(tb_management *m, tb_time now, tb_time *next) TB_MUST_CHECK;

/* ---- positions.c: lists narrowed by distance ---- */
void tb_terminal_place(const tb_facts *attributes, tb_position *out);
tb_status tb_terminal_place_check(const tb_management *m, const tb_role_view *view, const tb_facts *attributes,
                                  tb_error *why) TB_MUST_CHECK;
double tb_position_distance(const tb_position *p, const tb_position *q); /* metres; of one kind */
/* What m->near is from then on: of this visit, at this time. */
tb_status tb_near_load(tb_management *m, tb_id visit, tb_time now) TB_MUST_CHECK;
int tb_near_admits(const tb_management *m, const tb_terminal *terminal); /* as far as distance goes */
tb_status tb_near_expire(tb_management *m, tb_id visit) TB_MUST_CHECK;   /* removes what has ended */

/* ---- forget.c: rows that are not needed any more (doc/adr/115) ---- */
/* Of tb_management_tick. *more 1: there is more to do, in a further transaction. */
tb_status tb_forget(tb_management *m, tb_time now, tb_time *next, int *more) TB_MUST_CHECK;
/* Inside a change: the visit is over, and nothing names it any more. */
tb_status tb_visit_forget(tb_management *m, tb_id visit) TB_MUST_CHECK;

/* ---- visits.c ---- */
/* Facts that the site may tell: declared, of their kind, not the server's own, times in order. */
tb_status tb_facts_check(const tb_management *m, const tb_facts *facts, tb_error *why) TB_MUST_CHECK;
tb_status tb_visit_check_end(tb_management *m, const tb_booking *booking, tb_error *why) TB_MUST_CHECK; /* W1 */
/* The visit is over: without another open one nothing of its person stays that has a name or a face (ADR 061). */
tb_status tb_booking_end(tb_management *m, tb_id visit) TB_MUST_CHECK;
/* What the clock demands of a visit that is due: it is ended or recomputed. */
tb_status tb_visit_due(tb_management *m, tb_id visit) TB_MUST_CHECK;
/* What a change means for a visit: it ends when its flight has left and no rule keeps it, else it is recomputed. */
tb_status tb_visit_follow(tb_management *m, const tb_booking *booking, const tb_facts *facts,
                          tb_recompute how) TB_MUST_CHECK;

/* ---- visit_facts.c ---- */
int tb_visit_fact_is_own(const char *name); /* the server's, never told by the site */
/* Its flight makes it end, or be suspended, whatever the rules say. */
int tb_visit_is_over(const tb_management *m, const tb_booking *booking);
tb_status tb_visit_facts(tb_management *m, const tb_booking *booking, tb_facts *out) TB_MUST_CHECK;
/* The bags have become more since. */
tb_status tb_visit_facts_bags(const tb_management *m, const tb_booking *booking, tb_facts *facts) TB_MUST_CHECK;
/* A camera saw them: facts seen_at and seen_zone, where the profile has them. */
tb_status tb_visit_seen(tb_management *m, tb_booking *booking, tb_time when, const char *zone,
                        tb_facts *facts) TB_MUST_CHECK;
tb_status tb_visit_keep_seen(const tb_facts *before, tb_facts *told) TB_MUST_CHECK; /* when the site tells anew */
/* Takes status, flag and bags back out of facts that a role was applied to. */
void tb_visit_facts_store(const tb_facts *facts, tb_booking *booking);

/* ---- recompute.c ---- */
/* Brings visit row, entries, outbox and due time of one booking to what the rules say now (I1, I2, I6). */
tb_status tb_recompute_visit(tb_management *m, tb_id visit, tb_recompute how) TB_MUST_CHECK;
/* The same where both have been read already: they are what the database holds. */
tb_status tb_recompute_known(tb_management *m, const tb_booking *booking, const tb_facts *facts,
                             tb_recompute how) TB_MUST_CHECK;
/* The entries of a visit, in m->old; their terminals bear the number of m->round and the place there. */
tb_status tb_entries_read(tb_management *m, tb_id visit) TB_MUST_CHECK;
/* Fills the list of a terminal that was added to the lists just now, and has none yet. */
tb_status tb_recompute_terminal(tb_management *m, tb_terminal *terminal) TB_MUST_CHECK;
/* Takes a visit off every list and out of the visitor database, whatever the rules say. */
tb_status tb_visit_end(tb_management *m, tb_id visit) TB_MUST_CHECK;
/* What the rules want for one terminal. *want 1: `row` is the entry. *next: when the clock changes that. */
tb_status tb_entry_wanted(const tb_terminal *terminal, const tb_booking *booking, const tb_facts *facts, tb_time now,
                          tb_entry_row *row, int *want, tb_time *next) TB_MUST_CHECK;
/* One more sequence number of this terminal, and the outbox row that bears it (R2). */
tb_status tb_announce(tb_management *m, tb_terminal *terminal, tb_id visit) TB_MUST_CHECK;
int tb_facts_same(const tb_facts *a, const tb_facts *b); /* names, values and order */
/* Is the booking's person a visitor now? *next as above. */
int tb_visitor_wanted(const tb_management *m, const tb_booking *booking, const tb_facts *facts, tb_time now,
                      tb_time *next);

/* ---- people.c ---- */
/* A passport number as its hash key: upper case letters and digits only. */
void tb_number_hash(const tb_key *find, const char *number, uint8_t out[32]);
int tb_description_is_good(const char *description); /* of an item: it stands in lists, so no semicolon */
tb_status tb_person_recompute(tb_management *m, tb_id person, tb_recompute how) TB_MUST_CHECK; /* all their visits */
tb_status tb_person_withdraw(tb_management *m, tb_id person) TB_MUST_CHECK;
/* One of the profile's further consents, which it has. */
tb_status tb_further_give_for(tb_management *m, tb_id person, const char *name, const char *touchpoint) TB_MUST_CHECK;
tb_status tb_person_erase(tb_management *m, tb_id person) TB_MUST_CHECK; /* everything that names them */

/* ---- flights.c ---- */
tb_status tb_flight_close(tb_management *m, tb_flight *flight) TB_MUST_CHECK;      /* it alone, not its visits */
tb_status tb_flight_end(tb_management *m, tb_flight *flight) TB_MUST_CHECK;        /* A14 */
tb_status tb_flight_recompute(tb_management *m, const char *flight) TB_MUST_CHECK; /* its visits, no others */

/* ---- payments.c ---- */
/* Inside a change. A terminal can only void what it has asked for itself. */
tb_status tb_payment_void(tb_management *m, tb_id payment, const char *touchpoint) TB_MUST_CHECK;
/* Tells the provider what has to be reversed; pending ones older than `before` are given up first. Takes the mutex
 * itself. */
tb_status tb_payments_settle(tb_management *m, tb_time before) TB_MUST_CHECK;

/* ---- the requests of terminals; they take the mutex themselves ---- */
tb_status tb_service_identify(tb_management *m, const tb_request *request, tb_answer *answer) TB_MUST_CHECK;
/* central.c. *told 1: `answer` is a reason to somebody who is no visitor; else nothing is known of them. */
tb_status tb_service_ask_central(tb_management *m, const tb_request *request, double fpir, tb_answer *answer,
                                 int *told) TB_MUST_CHECK;
/* Its end, with the mutex held: about the one who was found. */
tb_status tb_central_tell(tb_management *m, const tb_request *request, tb_id person, tb_answer *answer,
                          int *told) TB_MUST_CHECK;
tb_status tb_service_offer(tb_management *m, const tb_request *request, tb_answer *answer) TB_MUST_CHECK;
tb_status tb_service_pay(tb_management *m, const tb_request *request, tb_answer *answer) TB_MUST_CHECK;

/* ---- answer.c ---- */
tb_status tb_answer_admitted(tb_answer *answer, const tb_request *request, tb_id visit);
tb_status tb_answer_refused(tb_answer *answer, const tb_request *request, tb_id visit, const char *reason); /* TB_OK */
tb_status tb_answer_failed(tb_answer *answer, const tb_request *request, tb_status status);                 /* status */
/* A request that was answered before. TB_NOT_FOUND: it was not. TB_CONFLICT: it was, and the person is gone since, or
 * somebody else asked something else under this id. */
tb_status tb_answer_before(tb_management *m, const tb_request *request, tb_answer *answer) TB_MUST_CHECK;
tb_status tb_answer_remember(tb_management *m, const tb_request *request, const tb_answer *answer,
                             tb_time now) TB_MUST_CHECK;

/* ---- events.c, quarantine.c ---- */
/* Trouble of ours that the next try may not meet. What is not known to pass does not hold up the others. */
int tb_status_may_pass(tb_status status);
/* An event of the quarantine: applied, and its row gone, in a change of its own. What went wrong: it stays. */
tb_status tb_events_once_more(tb_management *m, const tb_sealed_event *event, tb_id row) TB_MUST_CHECK;
/* Inside a change. *full: there is no room, or its terminal has had its share: it stays at its terminal, which is not
 * told that it arrived and brings it again. */
tb_status tb_quarantine_keep(tb_management *m, const tb_sealed_event *event, tb_status cause, int *full) TB_MUST_CHECK;

/* ---- passages.c ---- */
tb_status tb_passage_record(tb_management *m, const tb_passage *passage) TB_MUST_CHECK;

#endif
