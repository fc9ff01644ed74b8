/* message.h: everything that travels between terminals and the management server, as structs and as CBOR (RFC 8949,
 * deterministic, integer keys; unknown keys are ignored, so that newer peers can say more). Pure: sealing is crypto's.
 *
 *   feed      server -> one terminal   KV bucket "feed_<site>", key "<touchpoint>.<visit hex>", sealed
 *                                  mark: key "<touchpoint>.<32 zeros>", sealed
 *   event     terminal -> server       stream "EVENTS_<site>", subject "tb.<site>.event.<touchpoint>", sealed, msg id
 *   = event id
 *   request   terminal <-> server      subject "tb.<site>.ask.<touchpoint>", sealed both ways
 *   status    terminal -> server       subject "tb.<site>.status.<touchpoint>", plain (holds counts only)
 *
 * Sealed bytes are tb_seal_to(sender private, receiver public) with `about` = the subject (feed: the key).
 *
 * Under key 0 every message has the format's version (1), under key 1 its kind. Encoders append to `out`;
 * TB_INVALID_ARGUMENT when the struct breaks what its comments say, TB_NO_MEMORY; `out` is then as before. Decoders
 * overwrite `out` (they do not free what it held) and check everything: TB_TRUNCATED, TB_MALFORMED, TB_UNSUPPORTED
 * (another version; a kind, verdict or type of fact that is not known), TB_TOO_LARGE (over 64 KiB), TB_NO_MEMORY;
 * `out` is then empty and `why` names the field, never its value. Equal structs are equal bytes, whatever the order of
 * their facts. Any thread. */
#ifndef TEBURA_MESSAGE_H
#define TEBURA_MESSAGE_H

#include <tebura/crypto.h>
#include <tebura/facts.h>
#include <tebura/profile.h>
#include <tebura/template.h>

#define TB_TOUCHPOINT_SIZE 33 /* [a-z0-9-]{1,32} and NUL */
#define TB_ENTRY_TEMPLATES_MAX (TB_MODELS_MAX * TB_TEMPLATES_MAX)

#define TB_REFERENCE_HASH_SIZE 16
/* One visit on one touchpoint's list. */
typedef struct tb_entry {
    uint64_t sequence; /* the terminal's own, rising; a gap: something was missed, or the server has started anew */
    tb_id visit;
    int present;                                /* 0: taken off the list; the rest is then empty */
    tb_time from, until;                        /* 0 <= from <= until, until > 0 */
    int template_count;                         /* from 1 when present; of each model 5 at most */
    tb_bytes templates[TB_ENTRY_TEMPLATES_MAX]; /* as tb_template_encode writes them; owned */
    tb_facts fields;                            /* the role's projection */
    /* what its person holds, where the role reads it: tb_reference_hash; all zero for none */
    uint8_t reference[TB_REFERENCE_HASH_SIZE];
} tb_entry;
/* By `feed`, the key that seals this terminal's entries (tb_key_to, tb_key_from): lists of two terminals cannot be laid
 * side by side, and nobody without the terminal's own key can try codes out on one. TB_CRYPTO */
tb_status tb_reference_hash(const tb_key *feed, const char *reference,
                            uint8_t out[TB_REFERENCE_HASH_SIZE]) TB_MUST_CHECK;
tb_status tb_entry_encode(const tb_entry *entry, tb_bytes *out) TB_MUST_CHECK;
/* free with tb_entry_free also after failure */
tb_status tb_entry_decode(tb_span bytes, tb_entry *out, tb_error *why) TB_MUST_CHECK;
void tb_entry_free(tb_entry *entry);

/* The server's word, from time to time: "at `at` your list was whole up to `sequence`". A terminal whose list is then
 * another has missed something, whatever the broker says; one that hears no such word is stale. */
#define TB_MARK_DIGEST_SIZE 16
typedef struct tb_mark {
    tb_time at;
    uint64_t sequence; /* of the last value before the mark; 0: the list had none since the server began to count */
    uint64_t entries;
    tb_key salt;                         /* of the digest; not known to the broker */
    uint8_t digest[TB_MARK_DIGEST_SIZE]; /* of all entries, each with its sequence: tb_mark_toggle */
    uint64_t echo;                       /* `tick` of the last heartbeat that the server heard, 0 none ... */
    tb_time heard;                       /* ... and when, by its clock; not after `at` */
    uint64_t reported;                   /* all of its events up to this number are in the server's database */
} tb_mark;
tb_status tb_mark_encode(const tb_mark *mark, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_mark_decode(tb_span bytes, tb_mark *out, tb_error *why) TB_MUST_CHECK;
/* Puts an entry into the digest, or takes it out again. Who does not know the salt cannot find entries whose absence
 * the digest would not show. */
void tb_mark_toggle(const tb_key *salt, tb_id visit, uint64_t sequence, uint8_t digest[TB_MARK_DIGEST_SIZE]);

typedef enum tb_event_kind {
    TB_EVENT_PASSAGE = 1,  /* let through; server applies the role's effects */
    TB_EVENT_REFUSAL,      /* turned away, with the reason; no visit when nobody matched */
    TB_EVENT_HANDOVER,     /* item given; facts: item */
    TB_EVENT_PAYMENT_VOID, /* the terminal gave up on a payment it may have sent; facts: payment (hex id) */
    TB_EVENT_SERVED,       /* counter: bag taken, etc. */
    TB_EVENT_PRESENCE,     /* a camera saw this visit in its zone */
    TB_EVENT_ATTENDANT     /* handed over to an attendant, or an alarm; reason; no visit when it is about nobody */
} tb_event_kind;

/* What a terminal did. Applied once by `id`. Never holds a template or a picture. */
typedef struct tb_event {
    tb_id id;
    char touchpoint[TB_TOUCHPOINT_SIZE];
    uint64_t number; /* the terminal's own count, from 1 */
    uint64_t since;  /* the oldest that it still holds, this one at the latest: the server has all before; 0 not said */
    tb_event_kind kind;
    tb_id visit; /* zero when nobody was recognised */
    tb_time at;
    char reason[TB_NAME_SIZE];
    int64_t duration; /* microseconds from face to decision, 0 unknown */
    tb_facts facts;
} tb_event;
tb_status tb_event_encode(const tb_event *event, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_event_decode(tb_span bytes, tb_event *out, tb_error *why) TB_MUST_CHECK;

#define TB_OFFER_QUALITY 60 /* least quality of a template that is kept beside others of its model (S6) */
/* What the server tells one terminal to do: it ends. Sealed to it, again and again until it has happened. */
typedef enum tb_order_kind {
    /* deliver what is in the outbox, then destroy keys, list and files: honest, leaves the service */
    TB_ORDER_WIPE = 1,
    TB_ORDER_REVOKED /* destroy them now: it is not believed any more, whatever it still holds is lost on purpose */
} tb_order_kind;
typedef struct tb_order {
    tb_order_kind kind;
    tb_time at;
} tb_order;
#define TB_STATE_WIPED "wiped" /* `state` of a terminal's last heartbeat of all */
tb_status tb_order_encode(const tb_order *order, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_order_decode(tb_span bytes, tb_order *out, tb_error *why) TB_MUST_CHECK;

typedef enum tb_request_kind {
    TB_REQUEST_IDENTIFY = 1, /* third authentication: `probe` */
    TB_REQUEST_CHECKIN,      /* documents, consent and live template */
    TB_REQUEST_PAY,          /* amount for a matched visit */
    TB_REQUEST_TEMPLATE      /* templates of a visit that was recognised with certainty and let through (X12, S6) */
} tb_request_kind;

typedef struct tb_request {
    tb_id id; /* idempotency: the same id twice gets the same answer and one effect */
    tb_request_kind kind;
    char touchpoint[TB_TOUCHPOINT_SIZE];
    tb_time at;
    /* identify, template; checkin, then only with consent; never when paying: a template as bytes; owned */
    tb_bytes probe;
    /* the same capture, by former models; only beside a probe; owned */
    int former_count;
    tb_bytes former[TB_MODELS_MAX - 1];
    char reference[TB_REFERENCE_SIZE]; /* identify: held beside the face, "" when none; wiped by tb_request_free */
    /* checkin: at least one of the two documents */
    char mrz[96]; /* lines joined by '\n' */
    char boarding_pass[512];
    int consent;          /* 1 only after the person agreed */
    char also[128];       /* names of the profile's further consents that were given, too, separated by spaces */
    float document_score; /* live against passport page, cosine */
    int online;           /* face registered later: booking exists already (A3) */
    /* pay, template */
    tb_id visit;
    /* pay */
    int64_t amount;   /* minor units, > 0 */
    char currency[4]; /* ISO 4217 */
    char pin[16];     /* "" when none; wiped by tb_request_free */
    int staff_confirmed;
    char deliver[64]; /* description of an item to be delivered to the pick-up desk, "" when none */
} tb_request;
tb_status tb_request_encode(const tb_request *request, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_request_decode(tb_span bytes, tb_request *out, tb_error *why) TB_MUST_CHECK;
void tb_request_free(tb_request *request); /* wipes */

typedef enum tb_answer_verdict {
    TB_ANSWER_ADMIT = 1, /* do it: open, take the bag, checked in, paid */
    TB_ANSWER_REFUSE,    /* known, but not here or not now: `reason` */
    TB_ANSWER_UNKNOWN,   /* nobody in the visitor DB */
    TB_ANSWER_NOT_SURE,  /* two candidates too close: second factor or staff */
    TB_ANSWER_FAILED     /* the request could not be carried out: `status` */
} tb_answer_verdict;

typedef struct tb_answer {
    tb_id id; /* the request's */
    /* TB_OK exactly unless verdict is FAILED. Travels by name; one that is not known here is TB_UNSUPPORTED */
    tb_status status;
    tb_answer_verdict verdict;
    char reason[TB_NAME_SIZE]; /* "" when admitted, never "" when refused */
    tb_id visit;               /* zero when unknown */
    tb_facts fields;           /* the role's projection, and what the reason's sentence needs (gate, from ...) */
} tb_answer;
tb_status tb_answer_encode(const tb_answer *answer, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_answer_decode(tb_span bytes, tb_answer *out, tb_error *why) TB_MUST_CHECK;

/* A terminal's heartbeat: counts only, nothing about people. */
typedef struct tb_heartbeat {
    char touchpoint[TB_TOUCHPOINT_SIZE];
    tb_time at;
    uint64_t sequence;  /* last feed sequence applied */
    uint64_t entries;   /* on its list now */
    uint64_t outbox;    /* events not yet acknowledged */
    uint64_t decisions; /* since start */
    char state[TB_NAME_SIZE];
    char screen[96];  /* http://127.0.0.1:port of its local page, "" when none */
    int simulation;   /* its camera is simulated */
    int stale;        /* its list is older than its role allows, and not used */
    uint64_t tick;    /* the terminal's own time since it started, in us and from a random beginning: marks echo it */
    tb_time fresh;    /* its list was whole at this time, by the server's word; 0 never */
    uint64_t refused; /* values of the feed that were left out since the start */
    int64_t clock;    /* ms by which the site's time is ahead of its machine's clock; 0 not known or none */
    int clock_jumped; /* the machine's clock was set while it ran */
} tb_heartbeat;
tb_status tb_heartbeat_encode(const tb_heartbeat *beat, tb_bytes *out) TB_MUST_CHECK;
tb_status tb_heartbeat_decode(tb_span bytes, tb_heartbeat *out, tb_error *why) TB_MUST_CHECK;

#endif
