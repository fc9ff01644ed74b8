/* profile.h: what a kind of site is, as data; and the pure decision who may do what, where, when and why not.
 *
 * A profile (profiles/airport.yaml) names: the visit's facts, its statuses in order, the rule by which visitors are
 * extracted, zones, roles, reasons with their sentences in Japanese and English. A role lists requirements in order;
 * a visit that meets them all, inside the window, is on the touchpoint's list; the first one not met gives the reason
 * that the third authentication answers. So membership and explanation can never contradict each other. */
#ifndef TEBURA_PROFILE_H
#define TEBURA_PROFILE_H

#include <tebura/facts.h>
#include <tebura/bytes.h>

#define TB_NAME_SIZE 32 /* role, zone, status, reason, field: [a-z][a-z0-9_]* */

typedef struct tb_profile tb_profile; /* immutable after parsing: any thread */
typedef struct tb_role tb_role;       /* borrowed from its profile */

/* `yaml` is the file's content; `name` is only for messages. TB_MALFORMED: `why` says line and
 * cause. TB_TOO_LARGE (above 256 KiB), TB_NO_MEMORY. *out is NULL after a failure. */
tb_status tb_profile_parse(tb_span yaml, const char *name, tb_profile **out, tb_error *why) TB_MUST_CHECK;
void tb_profile_free(tb_profile **profile);

const char *tb_profile_name(const tb_profile *profile);
size_t tb_profile_role_count(const tb_profile *profile);
const tb_role *tb_profile_role_at(const tb_profile *profile, size_t index);
const tb_role *tb_profile_role(const tb_profile *profile, const char *name); /* NULL if there is none */
/* Index of a status in the profile's order, -1 if there is none; and back ("" out of range). */
int tb_profile_status(const tb_profile *profile, const char *name);
const char *tb_profile_status_name(const tb_profile *profile, int status);
/* The kind of a fact that the profile declares; TB_FACT_NONE: it does not. */
tb_fact_kind tb_profile_fact_kind(const tb_profile *profile, const char *name);
/* 1 when it is the occasion's that visits share, where a visit names one. */
int tb_profile_fact_is_shared(const tb_profile *profile, const char *name);
/* 1 when a time of `facts` comes before the one that it is declared to come after; *late and *early name them. */
int tb_profile_out_of_order(const tb_profile *profile, const tb_facts *facts, const char **late, const char **early);
int tb_profile_has_reason(const tb_profile *profile, const char *name);
/* The reason told to whoever comes after their visit has ended. */
const char *tb_profile_over_reason(const tb_profile *profile);
/* The purpose and deletion text shown before consent. language "ja", else English. */
const char *tb_profile_consent_text(const tb_profile *profile, const char *language);

/* ---- consents beyond the first one, each asked for itself ---- */
#define TB_CONSENTS_MAX 4
/* The name, "" when there is no such index; a fact of that name (bool) tells whether it holds. */
const char *tb_profile_further_consent(const tb_profile *profile, size_t index);
/* Its text in "ja" or else English; NULL: no such consent. */
const char *tb_profile_further_text(const tb_profile *profile, const char *name, const char *language);
/* 1 when this site has no visitor database: lists come straight from the central one (A22). */
int tb_profile_is_without_visitors(const tb_profile *profile);
/* 1 when visitors may stay by a further rule after the first one has ended. */
int tb_profile_visitors_stay(const tb_profile *profile);
/* The consent with which a person is kept after their last visit, and for how long; NULL: nobody is. */
const char *tb_profile_retention(const tb_profile *profile, tb_time *duration);

typedef enum tb_judgement { TB_ADMIT, TB_EARLY, TB_LATE, TB_DENY } tb_judgement;

typedef struct tb_verdict {
    tb_judgement judgement;
    char reason[TB_NAME_SIZE]; /* "" when admitted */
    tb_time from, until; /* the window [from, until); 0 and TB_TIME_NEVER without one. Also set when early or late */
} tb_verdict;

/* May this visit use this touchpoint at `now`? `visit` holds the profile's facts and always "status" (int) and "flag"
 * (bool); `touchpoint` its attributes. A fact that is absent makes the requirement that names it not met, also under
 * "not" and "or"; so does an unset time (0), an empty text and a value of another kind than declared. A window with an
 * unknown bound denies. Pure. */
tb_verdict tb_role_judge(const tb_role *role, const tb_facts *visit, const tb_facts *touchpoint, tb_time now);
/* Does the person belong into the visitor DB at `now`? Same shape (from/until: when that changes by itself). Of several
 * rules (visitors, then what follows) the first that admits, else the first that will, else the very first. Pure. */
tb_verdict tb_profile_visitor(const tb_profile *profile, const tb_facts *visit, tb_time now);
/* When the entry has to be delivered: verdict.from minus the role's lead, not before 0. */
tb_time tb_role_delivery(const tb_role *role, const tb_verdict *verdict);
/* The facts that the role may see, and no others. */
tb_status tb_role_project(const tb_role *role, const tb_facts *visit, tb_facts *out) TB_MUST_CHECK;
/* Adds to `out` what the sentence of verdict->reason needs and nothing more: the facts that it names, and {from}
 * (early) or {until} (late) as the window's times; facts of the visit by those two names are never used in sentences.
 * Nothing when admitted. TB_NOT_FOUND: the reason is not this profile's. */
tb_status tb_role_explain(const tb_role *role, const tb_facts *visit, const tb_verdict *verdict,
                          tb_facts *out) TB_MUST_CHECK;
/* Applies what a match at this role does to a visit (flag, status; a status never goes back). *changed 0 or 1. */
tb_status tb_role_apply(const tb_role *role, tb_facts *visit, int *changed) TB_MUST_CHECK;

typedef enum tb_kind { /* what the terminal does around the match; the state machine is one, these are its parameters */
                       TB_KIND_CHECKIN, /* documents, consent, live picture, 1:1, send */
                       TB_KIND_PASSAGE, /* match, actuate, report: security, emigration, boarding, doors */
                       TB_KIND_COUNTER, /* match, show fields: bag drop, lounge */
                       TB_KIND_POS,     /* amount, match, confirm, pay */
                       TB_KIND_PICKUP,  /* match, show items, hand over */
                       TB_KIND_SIGN,    /* match, address the person; changes and records nothing */
                       TB_KIND_PRESENCE /* a camera: reports who of its list is in its zone; addresses nobody */
} tb_kind;

/* When somebody is asked to turn the head, look up or down, or close the eyes. */
typedef enum tb_challenge_when { TB_CHALLENGE_NEVER, TB_CHALLENGE_WHEN_UNSURE, TB_CHALLENGE_ALWAYS } tb_challenge_when;

/* Whether a touchpoint lets people through together who came as one party (X10). */
typedef enum tb_group_admission {
    TB_GROUP_ALONE,        /* one at a time */
    TB_GROUP_TOGETHER,     /* each of them recognised, all of one party */
    TB_GROUP_WITH_CHILDREN /* and with them as many as their visits say who have no face here */
} tb_group_admission;

/* When somebody is asked, beside the face, for what the profile calls `reference`: a ticket's code (E3, X3). */
typedef enum tb_reference_when { TB_REFERENCE_NEVER, TB_REFERENCE_WHEN_UNSURE, TB_REFERENCE_ALWAYS } tb_reference_when;

typedef struct tb_role_view { /* the role as a terminal needs it; borrowed strings */
    const char *name, *zone, *title_ja, *title_en;
    tb_kind kind;
    const char *actuator; /* "gate", "detector", "door", "" */
    int deletes_entry;    /* the terminal drops its own entry after the match */
    int asks_server;      /* third authentication when nobody matches */
    int match_at_server;  /* it has no list: the server compares, among those who may use it now */
    int asks_central;     /* and tells who is no visitor yet why; never lets them through */
    double near; /* metres within which a phone has to be for its visit to be on the list; 0: distance does not count */
    int without_position_excluded; /* of whom nobody knows where they are; else they are on it */
    tb_group_admission group;
    const char *unknown_reason;             /* when the server does not know the face either */
    int step_up_pin;                        /* below the margin, or above step_up_amount: ask for a PIN */
    int64_t step_up_amount;                 /* minor units, 0 = never */
    int staff_confirms;                     /* default of the staff confirmation at a POS */
    tb_challenge_when challenge;            /* not said in the profile: when unsure at a POS, never elsewhere */
    tb_time offline;                        /* how old its list may be, by the server's word, before it is not used */
    const char *welcome_ja, *welcome_en;    /* told to whom it admits; "": what its kind says */
    int by_reference;                       /* checks in with a reference instead of passport and boarding pass */
    tb_reference_when reference;            /* of a role that matches: the second factor */
    int offers_templates;                   /* gives the server templates of who was recognised with certainty (S6) */
    const char *sign_person, *sign_others;  /* sentences of a sign: to whom it recognises, to everybody else; else "" */
    int sign_beside_others;                 /* also while somebody else stands beside that person */
    int between_face, between_approval;     /* two doors: what is asked for between them; else 0 */
    const char *between_sentence;           /* reason whose sentence is told while the approval is waited for; "" */
    int64_t deliver_every;                  /* new entries go to the terminals together, that often; 0: each at once */
    int64_t report_every;                   /* of one visit, by a presence camera, at most */
    double fpir;                            /* 0 = TB_DEFAULT_FPIR */
    const char *early_reason, *late_reason; /* of the window; "" when it has no such end */
} tb_role_view;
void tb_role_view_of(const tb_role *role, tb_role_view *out);

/* What people hold: the profile's `reference`. */
#define TB_REFERENCE_SIZE 64
/* Reads what was typed or scanned: capital letters, no blanks where the profile gives a pattern; printable ASCII
 * without blanks where it does not. TB_UNSUPPORTED: this profile knows none; TB_MALFORMED: of another form;
 * TB_CHECK_DIGIT; `out` is then "". Pure. */
tb_status tb_profile_reference_read(const tb_profile *profile, const char *text,
                                    char out[TB_REFERENCE_SIZE]) TB_MUST_CHECK;
/* What it is called; language "ja", else English. "" where there is none. */
const char *tb_profile_reference_title(const tb_profile *profile, const char *language);
/* The fact that holds it; "": a visit's own reference, or none at all. */
const char *tb_profile_reference_fact(const tb_profile *profile);

/* The sentence for a reason with {name} filled from `facts` (times as local hh:mm of `utc_offset_minutes`);
 * unknown names stay visible as "?". `out` is appended to. TB_NOT_FOUND: no such reason; TB_NO_MEMORY. Every reason of
 * every role has both languages (checked by parse). */
tb_status tb_profile_sentence(const tb_profile *profile, const char *reason, const char *language,
                              const tb_facts *facts, int utc_offset_minutes, tb_bytes *out) TB_MUST_CHECK;

#endif
