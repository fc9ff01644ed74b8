/* machine.h: the one state machine of every terminal, as a pure function: state + input + now -> new state + effects.
 *
 * The kind of role (check-in, passage, counter, POS, pick-up) is a parameter. The machine never sees a frame, a
 * template, a document's text or a PIN: those stay with the runtime, which is told by effects when to use and when to
 * wipe them. */
#ifndef TERMINAL_MACHINE_H
#define TERMINAL_MACHINE_H

#include <tebura/decision.h>
#include <tebura/liveness.h>
#include <tebura/message.h>

typedef enum tb_phase {
    TB_PHASE_IDLE,
    TB_PHASE_PRESENT,
    TB_PHASE_CAPTURING,
    TB_PHASE_MATCHING,
    TB_PHASE_ASKING,
    TB_PHASE_DECIDED,
    TB_PHASE_ACTUATING,
    TB_PHASE_REPORTING,
    TB_PHASE_COUNT
} tb_phase;

typedef enum tb_input_kind {
    TB_INPUT_TICK,          /* time passed */
    TB_INPUT_ZONE,          /* who is inside the capture zone now */
    TB_INPUT_CAPTURED,      /* the burst is over: status; `ticket` of the capture */
    TB_INPUT_CHALLENGE,     /* what the person is asked to do now (yes: something); `ticket` of the capture */
    TB_INPUT_MATCHED,       /* identity, judgement, visit, fields; or a failure in status */
    TB_INPUT_ANSWER,        /* the server's answer, or why there is none */
    TB_INPUT_PASSPORT,      /* status of the local check; reason when it is not good */
    TB_INPUT_BOARDING_PASS, /* the same */
    TB_INPUT_CONSENT,       /* yes */
    TB_INPUT_SALE,          /* amount, currency, staff (yes) */
    TB_INPUT_PIN,           /* a PIN was typed; the runtime holds it */
    TB_INPUT_STAFF,         /* yes */
    TB_INPUT_HANDOVER,      /* item */
    TB_INPUT_RECORDED,      /* KEEP_PAYMENT, CLOSE_PAYMENT, VOID_PAYMENT or RECORD is durable (status OK) or failed */
    TB_INPUT_ACTUATED,      /* the actuator did it (status OK) or failed; `ticket` */
    TB_INPUT_RESET,         /* somebody pressed "start again" */
    TB_INPUT_REFERENCE,     /* status of the local check; reason when it is not good */
    TB_INPUT_INSIDE,        /* yes: somebody is alone between two doors, and their face is wanted once more */
    TB_INPUT_COUNT
} tb_input_kind;

typedef enum tb_ask { /* what the terminal waits for from the people before it */
                      TB_ASK_NONE,
                      TB_ASK_PASSPORT,
                      TB_ASK_BOARDING_PASS,
                      TB_ASK_CONSENT,
                      TB_ASK_FACE,
                      TB_ASK_PIN,
                      TB_ASK_STAFF,
                      TB_ASK_AMOUNT,
                      TB_ASK_CHALLENGE,
                      TB_ASK_REFERENCE
} tb_ask;

typedef enum tb_question { /* what it waits for from the server */
                           TB_QUESTION_NONE,
                           TB_QUESTION_IDENTIFY,
                           TB_QUESTION_CHECKIN,
                           TB_QUESTION_PAY
} tb_question;

typedef enum tb_outcome {
    TB_OUTCOME_NONE,
    TB_OUTCOME_ADMITTED,
    TB_OUTCOME_REFUSED,
    TB_OUTCOME_RETRY,
    TB_OUTCOME_WITHOUT_FACE,
    TB_OUTCOME_UNKNOWN,
    TB_OUTCOME_NOT_SURE,
    TB_OUTCOME_FAILED
} tb_outcome;

typedef enum tb_payment_state { /* the row in the store */
                                TB_PAYMENT_NONE,
                                TB_PAYMENT_KEEPING, /* being written: nothing was sent */
                                TB_PAYMENT_OPEN,    /* durable: sent, or about to be sent again with the same id */
                                TB_PAYMENT_CLOSING, /* answered: the row is being removed */
                                TB_PAYMENT_VOIDING  /* given up: the void is being written to the outbox */
} tb_payment_state;

#define TB_ZONE_TRACKS 8
typedef struct tb_zone_view {
    int inside;       /* candidates inside the capture zone */
    uint32_t track;   /* whose, from 1, when `inside` is 1 */
    int steady;       /* has been there for enough frames */
    tb_status advice; /* what somebody just outside could do to count, TB_OK for nothing */
    /* Everybody inside, for roles that look at several at once. `count` below `inside`: some could not be followed. */
    int count, all_steady;
    uint32_t tracks[TB_ZONE_TRACKS];
    int faces[TB_ZONE_TRACKS]; /* of each, its place among the picture's faces; -1: overlooked in this picture */
} tb_zone_view;

typedef struct tb_machine_input {
    tb_input_kind kind;
    tb_id fresh; /* random: names what this step may begin */
    uint64_t ticket;
    tb_status status;
    tb_zone_view zone;
    tb_identity identity;
    tb_judgement judgement;
    tb_answer_verdict verdict;
    tb_id about; /* ANSWER: the request's id */
    tb_id visit;
    char reason[TB_NAME_SIZE];
    int yes;
    tb_challenge challenge; /* TB_CHALLENGE_NONE with yes: look straight ahead first */
    int64_t amount;
    char currency[4];
    char item[64];
    tb_facts fields;
} tb_machine_input;

typedef enum tb_effect_kind {
    TB_EFFECT_CAPTURE, /* begin a burst for `ticket` */
    TB_EFFECT_STOP,    /* end it; what comes later is stale */
    /* the captured template against the list, or 1:1 against the passport or the visit that the reference names;
     * answers MATCHED */
    TB_EFFECT_MATCH,
    TB_EFFECT_WIPE,          /* every frame, template and candidate */
    TB_EFFECT_FORGET,        /* every document, picture, PIN and amount */
    TB_EFFECT_ASK,           /* send the question with id `request`; answers ANSWER */
    TB_EFFECT_KEEP_PAYMENT,  /* make the payment id durable; answers RECORDED */
    TB_EFFECT_CLOSE_PAYMENT, /* remove it; answers RECORDED */
    TB_EFFECT_VOID_PAYMENT,  /* remove it and write the void to the outbox, in one transaction; answers RECORDED */
    /* tb_machine_event into the outbox, and take the entry off the store if `drop`; answers RECORDED */
    TB_EFFECT_RECORD,
    TB_EFFECT_PUBLISH,    /* the outbox has something */
    TB_EFFECT_DROP,       /* take the visit off the list in memory */
    TB_EFFECT_ACTUATE,    /* open; answers ACTUATED with `ticket` */
    TB_EFFECT_TELL_DOORS, /* what is known of whoever is between them: `inside` */
    TB_EFFECT_SHOW        /* what the screen shows changed */
} tb_effect_kind;

#define TB_EFFECTS_MAX 16
typedef struct tb_effects {
    int count;
    tb_effect_kind kinds[TB_EFFECTS_MAX];
} tb_effects;

#define TB_GROUP_MAX TB_ZONE_TRACKS
typedef struct tb_member { /* of a party that is let through together */
    uint32_t track;
    tb_id visit;  /* zero: nobody's face */
    int children; /* without a face, whom this visit names */
} tb_member;

/* Whoever is between two doors, where the role asks for their face once more (machine_inside.c). */
typedef enum tb_inside {
    TB_INSIDE_NO, /* nobody is there, or nothing is asked */
    TB_INSIDE_LOOKING,
    TB_INSIDE_MATCHING,
    TB_INSIDE_ASKING,
    TB_INSIDE_SAME,
    TB_INSIDE_OTHER
} tb_inside;

/* What belongs to one person, or one party. All zero between two transactions (M7). */
typedef struct tb_transaction {
    tb_id id;
    tb_ask ask;
    tb_question question;
    tb_id request;
    int passport, boarding_pass; /* shown and locally good */
    int reference;               /* shown and locally good */
    tb_time reference_until;     /* so long it waits for its face; 0: it does not */
    int agreed;                  /* consent: 0 not asked yet, 1 yes, -1 no */
    int64_t amount;
    char currency[4];
    int staff_wanted, staff_confirmed, pin_given;
    uint32_t track;     /* who was captured */
    tb_time face_at;    /* first seen inside the zone */
    tb_status guidance; /* TB_RETRY_... shown to the person */
    tb_challenge challenge;
    int challenges_failed;
    int doubtful; /* below the margin: needs a second factor (M4) */
    int settled;  /* identity accepted */
    int from_server;
    tb_outcome outcome;
    tb_status failure; /* with TB_OUTCOME_FAILED and TB_OUTCOME_RETRY */
    char reason[TB_NAME_SIZE];
    tb_id visit;
    tb_facts fields;
    int64_t duration;
    tb_payment_state payment;
    int sends;
    tb_answer_verdict verdict; /* of the payment, while its row is being closed */
    uint32_t handed;           /* bit n: item n of item_list was handed over */
    int handing;               /* item now being recorded, from 1 */
    int recorded;              /* REPORTING: nothing is left to write */
    int pin_tries;
    uint64_t opening; /* ticket of the actuation */
    tb_inside inside;
    int looks;              /* inside, at which nobody could be sure */
    int member_count, told; /* told: whose passages are recorded */
    tb_member members[TB_GROUP_MAX];
    /* of a party: of whom something is known, and what; shown only when they pass alone (G5) */
    uint32_t known_track;
    tb_facts known;
    char party[TB_FACT_TEXT_SIZE];
} tb_transaction;

typedef struct tb_machine_options {
    tb_role_view role;                                                /* its strings outlive the machine */
    tb_time leave, capture, serve, ask, think, dwell, actuate, retry; /* durations; 0 = as in tb_machine_init */
    tb_time pair; /* between the face and the reference that belongs to it */
    int sends;    /* of one payment id before it is voided */
} tb_machine_options;

typedef struct tb_machine {
    tb_machine_options options;
    tb_phase phase;
    tb_time deadline; /* a TICK is wanted then; TB_TIME_NEVER */
    uint64_t ticket;  /* of the last capture or actuation */
    tb_zone_view zone;
    tb_time empty_since; /* 0: somebody is there */
    uint32_t served_group[TB_GROUP_MAX];
    int served_count; /* where parties pass together: nobody new is looked at before these have left */
    uint32_t served;  /* track of the last person, not served again while still standing there; 0 nobody */
    tb_transaction now_serving;
} tb_machine;

void tb_machine_init(const tb_machine_options *options, tb_machine *out);
/* One step. TB_OK; TB_CONFLICT: not expected now, nothing changed; TB_INVALID_ARGUMENT: an amount or item that cannot
 * be. Pure. */
tb_status tb_machine_step(const tb_machine *before, const tb_machine_input *input, tb_time now, tb_machine *after,
                          tb_effects *effects) TB_MUST_CHECK;
/* The event that RECORD or VOID_PAYMENT writes: kind, visit, reason, duration, facts. The rest is the store's. */
tb_status tb_machine_event(const tb_machine *machine, tb_event *out) TB_MUST_CHECK;
/* 1 when the recorded event takes the visit's own entry off this list. */
int tb_machine_drops(const tb_machine *machine);
/* What the terminal waits for from a person: also in idle. */
tb_ask tb_machine_ask(const tb_machine *machine);

const char *tb_phase_name(tb_phase phase);
const char *tb_input_name(tb_input_kind kind);
const char *tb_ask_name(tb_ask ask); /* "" for none */
const char *tb_outcome_name(tb_outcome outcome);

#endif
