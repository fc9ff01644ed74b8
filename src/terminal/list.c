/* list.c: entries in an open-addressed table by visit (visits are random, so their first bytes are the hash). */
#include "terminal/list.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

#define OVER_COUNTS (10 * TB_MINUTE)

struct entry {
    tb_id visit; /* zero: the place is free */
    uint64_t sequence;
    int present, dropped;
    int used; /* dropped here, and nothing has brought it back since */
    int counted; /* the server has it on this list, as far as is known */
    uint32_t generation;
    tb_time from, until;
    tb_bytes fields;                           /* packed */
    uint8_t reference[TB_REFERENCE_HASH_SIZE]; /* also of what is used: to tell them so */
};

struct tb_list {
    pthread_mutex_t mutex;
    tb_matcher *matcher;
    struct entry *entries;
    size_t room, used, present; /* room is a power of two; used counts absent ones too */
    uint64_t sequence;
    uint32_t generation;
    uint64_t version; /* of what is counted */
    struct {
        uint64_t version; /* 0: none */
        tb_key salt;
        tb_list_digest digest;
    } known;
};

tb_status tb_list_new(const tb_model *models, int count, tb_list **out)
{
    *out = NULL;
    tb_list *list = calloc(1, sizeof *list);
    if (!list)
        return TB_NO_MEMORY;
    list->room = 64;
    list->version = 1;
    list->entries = calloc(list->room, sizeof *list->entries);
    tb_status status = list->entries ? tb_matcher_new(models, count, &list->matcher) : TB_NO_MEMORY;
    pthread_mutex_init(&list->mutex, NULL);
    if (status != TB_OK)
        tb_list_free(&list);
    *out = list;
    return status;
}

void tb_list_free(tb_list **list)
{
    if (!*list)
        return;
    for (size_t i = 0; (*list)->entries && i < (*list)->room; i++)
        tb_bytes_free(&(*list)->entries[i].fields);
    tb_matcher_free(&(*list)->matcher);
    pthread_mutex_destroy(&(*list)->mutex);
    free((*list)->entries);
    free(*list);
    *list = NULL;
}

static size_t hash_of(tb_id visit)
{
    size_t hash;
    memcpy(&hash, visit.bytes, sizeof hash);
    return hash;
}

/* The visit's place, or the free one where it would go. */
static struct entry *place_of(const tb_list *list, tb_id visit)
{
    for (size_t i = hash_of(visit);; i++) {
        struct entry *entry = &list->entries[i & (list->room - 1)];
        if (tb_id_is_zero(entry->visit) || tb_id_equal(entry->visit, visit))
            return entry;
    }
}

static struct entry *find(const tb_list *list, tb_id visit)
{
    struct entry *entry = place_of(list, visit);
    return tb_id_is_zero(entry->visit) ? NULL : entry;
}

/* Moves every entry into a table of `room` places. */
static tb_status rebuild(tb_list *list, size_t room)
{
    struct entry *old = list->entries, *fresh = calloc(room, sizeof *fresh);
    if (!fresh)
        return TB_NO_MEMORY;
    size_t old_room = list->room;
    list->entries = fresh;
    list->room = room;
    for (size_t i = 0; i < old_room; i++)
        if (!tb_id_is_zero(old[i].visit))
            *place_of(list, old[i].visit) = old[i];
    free(old);
    return TB_OK;
}

static void erase(tb_list *list, struct entry *entry)
{
    if (entry->present) {
        tb_status status = tb_matcher_remove(list->matcher, entry->visit);
        assert(status == TB_OK); /* L1 */
        (void)status;
        list->present--;
    }
    entry->present = 0;
    tb_bytes_free(&entry->fields);
}

static void count_as(tb_list *list, struct entry *entry, int counted)
{
    entry->counted = counted;
    list->version++;
}

/* Takes an entry out of the table and closes the gap that it leaves in its run. */
static void forget(tb_list *list, struct entry *entry)
{
    erase(list, entry);
    size_t hole = (size_t)(entry - list->entries), mask = list->room - 1;
    for (size_t i = (hole + 1) & mask; !tb_id_is_zero(list->entries[i].visit); i = (i + 1) & mask) {
        size_t home = hash_of(list->entries[i].visit) & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            list->entries[hole] = list->entries[i];
            hole = i;
        }
    }
    list->entries[hole] = (struct entry){0};
    list->used--;
    list->version++;
}

/* ---- changing ---- */

static tb_status apply(tb_list *list, const tb_entry *entry, int *changed)
{
    if (tb_id_is_zero(entry->visit) ||
        (entry->present && (entry->template_count < 1 || entry->template_count > TB_ENTRY_TEMPLATES_MAX)))
        return TB_MALFORMED;
    struct entry *place = find(list, entry->visit);
    if (place && entry->sequence <= place->sequence) { /* L2 */
        place->generation = list->generation;
        return TB_OK;
    }
    if (!place && 4 * (list->used + 1) > 3 * list->room) {
        tb_status status = rebuild(list, 2 * list->room);
        if (status != TB_OK)
            return status;
    }
    uint8_t reference[TB_REFERENCE_HASH_SIZE];
    memcpy(reference, entry->reference, sizeof reference);
    tb_bytes fields = {0};
    tb_status status = entry->present ? tb_facts_pack(&entry->fields, &fields) : TB_OK;
    if (status == TB_OK && entry->present)
        status = tb_matcher_put(list->matcher, entry->visit, entry->templates, entry->template_count);
    if (status != TB_OK) {
        tb_bytes_free(&fields);
        return status;
    }
    if (!place) {
        place = place_of(list, entry->visit);
        place->visit = entry->visit;
        list->used++;
    }
    if (!entry->present)
        erase(list, place);
    else if (!place->present)
        list->present++;
    int used = place->used && !entry->present; /* the server has only heard of it */
    tb_bytes_free(&place->fields);
    if (used)
        memcpy(reference, place->reference, sizeof reference);
    *place = (struct entry){.visit = entry->visit,
                            .sequence = entry->sequence,
                            .present = entry->present,
                            .used = used,
                            .generation = list->generation,
                            /* L4 */
                            .from = entry->from,
                            .until = entry->present ? entry->until : place->until,
                            .fields = fields};
    memcpy(place->reference, reference, sizeof place->reference);
    count_as(list, place, entry->present);
    *changed = 1;
    return TB_OK;
}

tb_status tb_list_apply(tb_list *list, const tb_entry *entry, int *changed)
{
    int ignored;
    changed = changed ? changed : &ignored;
    *changed = 0;
    pthread_mutex_lock(&list->mutex);
    tb_status status = apply(list, entry, changed);
    if (status == TB_OK && entry->sequence > list->sequence)
        list->sequence = entry->sequence;
    assert(tb_matcher_count(list->matcher) == list->present); /* L1 */
    pthread_mutex_unlock(&list->mutex);
    return status;
}

/* The visit's place, made when there is none. */
static tb_status place_for(tb_list *list, tb_id visit, struct entry **out)
{
    tb_status status = TB_OK;
    *out = find(list, visit);
    if (!*out && 4 * (list->used + 1) > 3 * list->room)
        status = rebuild(list, 2 * list->room);
    if (status == TB_OK && !*out) {
        *out = place_of(list, visit);
        **out = (struct entry){.visit = visit, .generation = list->generation};
        list->used++;
    }
    return status;
}

tb_status tb_list_drop(tb_list *list, tb_id visit, uint64_t sequence)
{
    tb_status status = TB_OK;
    pthread_mutex_lock(&list->mutex);
    struct entry *entry = find(list, visit);
    if (!entry && sequence)
        status = place_for(list, visit, &entry);
    if (status == TB_OK && entry) {
        erase(list, entry);
        entry->dropped = entry->used = 1;
        entry->sequence = sequence > entry->sequence ? sequence : entry->sequence;
        count_as(list, entry, 1); /* until the server has heard of it */
    }
    pthread_mutex_unlock(&list->mutex);
    return status;
}

tb_status tb_list_note_gone(tb_list *list, tb_id visit, uint64_t sequence, tb_time until, int dropped)
{
    struct entry *entry;
    pthread_mutex_lock(&list->mutex);
    tb_status status = place_for(list, visit, &entry);
    if (status == TB_OK && sequence >= entry->sequence) {
        erase(list, entry);
        entry->dropped = dropped;
        entry->sequence = sequence;
        entry->until = until;
        count_as(list, entry, dropped);
    }
    pthread_mutex_unlock(&list->mutex);
    return status;
}

tb_status tb_list_note_unusable(tb_list *list, const tb_entry *from)
{
    struct entry *entry;
    pthread_mutex_lock(&list->mutex);
    tb_status status = place_for(list, from->visit, &entry);
    if (status == TB_OK) {
        entry->generation = list->generation;
        if (from->sequence > list->sequence)
            list->sequence = from->sequence;
    }
    if (status == TB_OK && from->sequence > entry->sequence) {
        erase(list, entry);
        entry->dropped = 0;
        entry->sequence = from->sequence;
        entry->until = from->until;
        count_as(list, entry, 1);
    }
    pthread_mutex_unlock(&list->mutex);
    return status;
}

void tb_list_note_sequence(tb_list *list, uint64_t sequence)
{
    pthread_mutex_lock(&list->mutex);
    if (sequence > list->sequence)
        list->sequence = sequence;
    pthread_mutex_unlock(&list->mutex);
}

void tb_list_snapshot_begin(tb_list *list)
{
    pthread_mutex_lock(&list->mutex);
    list->generation++;
    pthread_mutex_unlock(&list->mutex);
}

/* Calls forget for all that `goes`; the table moves under the walk, so a forgotten place is looked at again. */
static size_t forget_all(tb_list *list, int (*goes)(const tb_list *, const struct entry *, tb_time), tb_time now)
{
    size_t gone = 0;
    for (size_t i = 0; i < list->room;) {
        struct entry *entry = &list->entries[i];
        if (tb_id_is_zero(entry->visit) || !goes(list, entry, now)) {
            i++;
            continue;
        }
        gone += (size_t)entry->present;
        forget(list, entry);
    }
    return gone;
}

/* What a finished snapshot does not name is on no list; its number stays (L4), as high as it can have been. What was
 * only ever a number goes. */
static void take_unnamed(tb_list *list)
{
    for (size_t i = 0; i < list->room; i++) {
        struct entry *entry = &list->entries[i];
        if (tb_id_is_zero(entry->visit) || entry->generation == list->generation)
            continue;
        if (entry->present || entry->dropped)
            entry->sequence = list->sequence > entry->sequence ? list->sequence : entry->sequence;
        erase(list, entry);
        entry->dropped = 0;
        count_as(list, entry, 0);
    }
}

static int is_unnamed_number(const tb_list *list, const struct entry *entry, tb_time now)
{
    (void)now;
    return entry->generation != list->generation && !entry->until;
}

void tb_list_snapshot_end(tb_list *list, int ready)
{
    pthread_mutex_lock(&list->mutex);
    if (ready) { /* L3 */
        take_unnamed(list);
        (void)forget_all(list, is_unnamed_number, 0);
    }
    pthread_mutex_unlock(&list->mutex);
}

static int is_over(const tb_list *list, const struct entry *entry, tb_time now)
{
    (void)list;
    if (entry->present)
        return 0;
    /* never was on this list: nothing older can bring it back */
    if (!entry->dropped && !entry->counted && !entry->until)
        return 1;
    /* L4; the server is given some time to take it off as well (L5) */
    return entry->until != 0 && entry->until <= now && (!entry->counted || entry->until <= now - OVER_COUNTS);
}

size_t tb_list_expire(tb_list *list, tb_time now)
{
    size_t gone = 0;
    pthread_mutex_lock(&list->mutex);
    for (size_t i = 0; i < list->room; i++) {
        struct entry *entry = &list->entries[i];
        if (!entry->present || entry->until > now)
            continue;
        erase(list, entry);
        gone++;
    }
    (void)forget_all(list, is_over, now);
    pthread_mutex_unlock(&list->mutex);
    return gone;
}

static void take_digest(tb_list *list, const tb_key *salt)
{
    tb_list_digest digest = {0};
    for (size_t i = 0; i < list->room; i++)
        if (list->entries[i].counted && !tb_id_is_zero(list->entries[i].visit)) {
            tb_mark_toggle(salt, list->entries[i].visit, list->entries[i].sequence, digest.bytes);
            digest.entries++;
        }
    list->known.version = list->version;
    list->known.salt = *salt;
    list->known.digest = digest;
}

tb_list_digest tb_list_digest_of(tb_list *list, const tb_key *salt)
{
    pthread_mutex_lock(&list->mutex);
    if (!list->known.version || list->known.version != list->version ||
        memcmp(&list->known.salt, salt, sizeof *salt) != 0)
        take_digest(list, salt);
    tb_list_digest digest = list->known.digest;
    digest.sequence = list->sequence;
    pthread_mutex_unlock(&list->mutex);
    return digest;
}

static int all(const tb_list *list, const struct entry *entry, tb_time now)
{
    (void)list, (void)entry, (void)now;
    return 1;
}

void tb_list_clear(tb_list *list)
{
    pthread_mutex_lock(&list->mutex);
    (void)forget_all(list, all, 0);
    pthread_mutex_unlock(&list->mutex);
}

/* ---- reading ---- */

size_t tb_list_count(const tb_list *list)
{
    pthread_mutex_lock((pthread_mutex_t *)&list->mutex);
    size_t count = list->present;
    pthread_mutex_unlock((pthread_mutex_t *)&list->mutex);
    return count;
}

uint64_t tb_list_sequence(const tb_list *list)
{
    pthread_mutex_lock((pthread_mutex_t *)&list->mutex);
    uint64_t sequence = list->sequence;
    pthread_mutex_unlock((pthread_mutex_t *)&list->mutex);
    return sequence;
}

int tb_list_has(const tb_list *list, tb_id visit)
{
    pthread_mutex_lock((pthread_mutex_t *)&list->mutex);
    const struct entry *entry = find(list, visit);
    int has = entry && entry->present;
    pthread_mutex_unlock((pthread_mutex_t *)&list->mutex);
    return has;
}

tb_list_state tb_list_state_of(const tb_list *list, tb_id visit)
{
    pthread_mutex_lock((pthread_mutex_t *)&list->mutex);
    const struct entry *entry = find(list, visit);
    tb_list_state state = {0};
    if (entry)
        state = (tb_list_state){entry->sequence, entry->until, entry->present, entry->dropped, entry->counted};
    pthread_mutex_unlock((pthread_mutex_t *)&list->mutex);
    return state;
}

uint64_t tb_list_sequence_of(const tb_list *list, tb_id visit)
{
    pthread_mutex_lock((pthread_mutex_t *)&list->mutex);
    const struct entry *entry = find(list, visit);
    uint64_t sequence = entry && entry->present ? entry->sequence : 0;
    pthread_mutex_unlock((pthread_mutex_t *)&list->mutex);
    return sequence;
}

struct open_now {
    const tb_list *list;
    tb_time now;
};

static tb_judgement judge(const struct entry *entry, tb_time now)
{
    return now < entry->from ? TB_EARLY : entry->until && now >= entry->until ? TB_LATE : TB_ADMIT;
}

static int is_open(tb_id visit, void *context)
{
    const struct open_now *open = context;
    const struct entry *entry = find(open->list, visit);
    return entry && judge(entry, open->now) == TB_ADMIT;
}

typedef struct question {
    double fpir;
    const tb_template *probes;
    int count;
} question;

static tb_status search(const tb_list *list, const question *about, struct open_now *open, tb_list_match *out)
{
    tb_match match;
    tb_status status = tb_matcher_identify(list->matcher, about->probes, about->count, about->fpir,
                                           open ? is_open : NULL, open, &match);
    out->identity = match.identity;
    out->visit = match.id;
    out->certain = match.certain;
    out->by_former = match.identity != TB_NOBODY && match.model > 0;
    return status;
}

static int all_open(const tb_list *list, tb_time now)
{
    for (size_t i = 0; i < list->room; i++)
        if (list->entries[i].present && judge(&list->entries[i], now) != TB_ADMIT)
            return 0;
    return 1;
}

static tb_status identify(const tb_list *list, const question *about, tb_time now, tb_list_match *out)
{
    struct open_now open = {list, now};
    int everybody = all_open(list, now);
    tb_status status = search(list, about, everybody ? NULL : &open, out);
    if (status == TB_OK && out->identity == TB_NOBODY && !everybody) {
        status = search(list, about, NULL, out);
        if (status == TB_OK && out->identity == TB_NOT_SURE) { /* both are closed to them: the server may know better */
            out->identity = TB_NOBODY;
            memset(&out->visit, 0, sizeof out->visit);
        }
    }
    const struct entry *entry = status == TB_OK && out->identity != TB_NOBODY ? find(list, out->visit) : NULL;
    if (!entry)
        return status;
    out->judgement = judge(entry, now);
    out->from = entry->from;
    out->until = entry->until;
    return tb_facts_unpack(tb_bytes_span(&entry->fields), &out->fields);
}

tb_status tb_list_identify(const tb_list *list, double fpir, const tb_template *probes, int count, tb_time now,
                           tb_list_match *out)
{
    const question about = {fpir > 0 ? fpir : TB_DEFAULT_FPIR, probes, count};
    memset(out, 0, sizeof *out);
    out->identity = TB_NOBODY;
    pthread_mutex_lock((pthread_mutex_t *)&list->mutex);
    tb_status status = identify(list, &about, now, out);
    pthread_mutex_unlock((pthread_mutex_t *)&list->mutex);
    return status;
}

/* ---- what somebody holds ---- */

/* Open now, else present, else used up here. */
static const struct entry *held_entry(const tb_list *list, const uint8_t hash[TB_REFERENCE_HASH_SIZE], tb_time now)
{
    const struct entry *best = NULL;
    int best_rank = 3;
    for (size_t i = 0; i < list->room; i++) {
        const struct entry *entry = &list->entries[i];
        if ((!entry->present && !entry->used) || memcmp(entry->reference, hash, TB_REFERENCE_HASH_SIZE) != 0)
            continue;
        int rank = !entry->present ? 2 : judge(entry, now) != TB_ADMIT;
        if (rank < best_rank)
            best = entry, best_rank = rank;
    }
    return best;
}

static tb_status compare(const tb_list *list, const struct entry *entry, const tb_template *probes, int count,
                         tb_time now, tb_list_match *out)
{
    tb_match match;
    tb_status status = tb_matcher_verify(list->matcher, entry->visit, probes, count, &match);
    out->visit = entry->visit;
    if (status != TB_OK || match.identity != TB_THIS_PERSON)
        return status;
    out->identity = TB_THIS_PERSON;
    out->by_former = match.model > 0;
    out->judgement = judge(entry, now);
    out->from = entry->from;
    out->until = entry->until;
    return tb_facts_unpack(tb_bytes_span(&entry->fields), &out->fields);
}

tb_status tb_list_identify_held(const tb_list *list, const uint8_t hash[TB_REFERENCE_HASH_SIZE],
                                const tb_template *probes, int count, tb_time now, tb_list_held *out)
{
    tb_status status = TB_OK;
    memset(out, 0, sizeof *out);
    out->match.identity = TB_NOBODY;
    pthread_mutex_lock((pthread_mutex_t *)&list->mutex);
    const struct entry *entry = held_entry(list, hash, now);
    if (entry) {
        out->named = entry->present;
        out->used = !entry->present;
        out->match.visit = entry->visit;
    }
    if (out->named)
        status = compare(list, entry, probes, count, now, &out->match);
    pthread_mutex_unlock((pthread_mutex_t *)&list->mutex);
    return status;
}
