/* list.h: the people who may use this terminal, in memory: windows, projected facts, templates.
 *
 * Invariants
 *  L1  A visit's templates are in the gallery exactly when its entry is `present`; both change under one lock.
 *  L2  An older value (smaller sequence) never overtakes a newer one; what was used up here stays away until the
 *      server says
 *      something newer about it.
 *  L3  Only a snapshot that the server has finished (`ready`) makes absence mean "not on the list".
 *  L4  Of who was taken off, the number stays until the window that was known last has ended: an old value that
 *      somebody
 *      recorded and sends once more does not bring anybody back.
 *  L5  What the server has on this list, as far as is known here, is counted: also what was used up here, what this
 *      terminal cannot use, and for some minutes what is over. Of it the digest is made.
 *
 * Any thread. Templates are in secret memory (gallery's); facts are wiped when an entry goes. */
#ifndef TERMINAL_LIST_H
#define TERMINAL_LIST_H

#include <tebura/matcher.h>
#include <tebura/message.h>

typedef struct tb_list tb_list;

/* `models`: those whose templates this terminal makes, the one in force first (tb_matcher_new). */
tb_status tb_list_new(const tb_model *models, int count, tb_list **out) TB_MUST_CHECK;
void tb_list_free(tb_list **list);

/* Applies one entry of the feed. *changed (may be NULL) 0 when it was older than what is known. On failure nothing
 * changed. */
tb_status tb_list_apply(tb_list *list, const tb_entry *entry, int *changed) TB_MUST_CHECK;
/* The visit was served here: it goes, and only something newer than `sequence` brings it back (0: than what is
 * known). */
tb_status tb_list_drop(tb_list *list, tb_id visit, uint64_t sequence) TB_MUST_CHECK;
/* Taken off (or used up here) at `sequence`, to be remembered until `until` (L4; 0: not known). */
tb_status tb_list_note_gone(tb_list *list, tb_id visit, uint64_t sequence, tb_time until, int dropped) TB_MUST_CHECK;
/* An entry of the server's that this terminal cannot use: nobody is found by it, but it is there (L5). */
tb_status tb_list_note_unusable(tb_list *list, const tb_entry *entry) TB_MUST_CHECK;
void tb_list_note_sequence(tb_list *list, uint64_t sequence); /* from the store: this was seen */
/* Between begin and end every value of the bucket is applied; with `ready` what was not named goes. */
void tb_list_snapshot_begin(tb_list *list);
void tb_list_snapshot_end(tb_list *list, int ready);
/* Takes away what ended by the clock; how many. Called by who applies the feed, never in the middle of a snapshot. */
size_t tb_list_expire(tb_list *list, tb_time now);
void tb_list_clear(tb_list *list);

typedef struct tb_list_digest { /* as in tb_mark */
    uint64_t sequence, entries;
    uint8_t bytes[TB_MARK_DIGEST_SIZE];
} tb_list_digest;
/* Kept until something changes. */
tb_list_digest tb_list_digest_of(tb_list *list, const tb_key *salt);

size_t tb_list_count(const tb_list *list);
uint64_t tb_list_sequence(const tb_list *list); /* the highest seen */
int tb_list_has(const tb_list *list, tb_id visit);
typedef struct tb_list_state { /* what is known of a visit; all zero: nothing */
    uint64_t sequence;
    tb_time until; /* 0: not known */
    int present, dropped, counted;
} tb_list_state;
tb_list_state tb_list_state_of(const tb_list *list, tb_id visit);
uint64_t tb_list_sequence_of(const tb_list *list, tb_id visit); /* of this entry; 0: not on the list */

typedef struct tb_list_match {
    tb_identity identity;
    tb_judgement judgement; /* TB_ADMIT, TB_EARLY, TB_LATE: by the entry's window */
    tb_id visit;            /* the best candidate also when not sure; zero for nobody */
    tb_time from, until;
    tb_facts fields;
    int certain;   /* as in tb_match */
    int by_former; /* not the model in force found them */
} tb_list_match;
/* `probes` as for tb_matcher_identify. First among those whose window is open; when nobody is found there, among all:
 * early or late. */
tb_status tb_list_identify(const tb_list *list, double fpir, const tb_template *probes, int count, tb_time now,
                           tb_list_match *out) TB_MUST_CHECK;

/* What somebody holds and their face: the entry that bears the hash, compared 1:1 (E3). Of several (a season ticket's
 * days) the one that is open now. `used`: its entry was used up here, and nothing newer has come: nobody is compared.
 * Neither named nor used: no entry here bears it. */
typedef struct tb_list_held {
    int named, used;
    tb_list_match match; /* this person or nobody; visit also for nobody */
} tb_list_held;
tb_status tb_list_identify_held(const tb_list *list, const uint8_t hash[TB_REFERENCE_HASH_SIZE],
                                const tb_template *probes, int count, tb_time now, tb_list_held *out) TB_MUST_CHECK;

#endif
