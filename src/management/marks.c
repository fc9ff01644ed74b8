/* marks.c: a set of (visit, sequence) for each terminal, and its digest. */
#include "management/marks.h"

#include <stdlib.h>
#include <string.h>

static size_t hash_of(tb_id visit)
{
    size_t hash;
    memcpy(&hash, visit.bytes, sizeof hash); /* visits are random */
    return hash;
}

static tb_published_entry *place_of(const tb_published *list, tb_id visit)
{
    for (size_t i = hash_of(visit);; i++) {
        tb_published_entry *place = &list->places[i & (list->room - 1)];
        if (tb_id_is_zero(place->visit) || tb_id_equal(place->visit, visit))
            return place;
    }
}

static tb_status grow(tb_published *list)
{
    tb_published old = *list;
    size_t room = old.room ? 2 * old.room : 16;
    tb_published_entry *places = calloc(room, sizeof *places);
    if (!places)
        return TB_NO_MEMORY;
    list->places = places;
    list->room = room;
    for (size_t i = 0; i < old.room; i++)
        if (!tb_id_is_zero(old.places[i].visit))
            *place_of(list, old.places[i].visit) = old.places[i];
    free(old.places);
    return TB_OK;
}

/* Takes it out and closes the gap that it leaves in its run. */
static void take_out(tb_published *list, tb_published_entry *entry)
{
    size_t hole = (size_t)(entry - list->places), mask = list->room - 1;
    for (size_t i = (hole + 1) & mask; !tb_id_is_zero(list->places[i].visit); i = (i + 1) & mask) {
        size_t home = hash_of(list->places[i].visit) & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            list->places[hole] = list->places[i];
            hole = i;
        }
    }
    list->places[hole] = (tb_published_entry){0};
    list->count--;
}

tb_status tb_published_note(tb_published *list, const tb_key *salt, tb_id visit, uint64_t sequence, int present)
{
    if (!list->room || 4 * (list->count + 1) > 3 * list->room) {
        tb_status status = grow(list);
        if (status != TB_OK)
            return status;
    }
    tb_published_entry *place = place_of(list, visit);
    int was = !tb_id_is_zero(place->visit);
    if (was)
        tb_mark_toggle(salt, visit, place->sequence, list->digest);
    if (present) {
        tb_mark_toggle(salt, visit, sequence, list->digest);
        *place = (tb_published_entry){visit, sequence};
        list->count += !was;
    } else if (was) {
        take_out(list, place);
    }
    list->sequence = sequence > list->sequence ? sequence : list->sequence;
    return TB_OK;
}

void tb_published_clear(tb_published *list)
{
    free(list->places);
    *list = (tb_published){.made = list->made, .tick = list->tick, .heard = list->heard};
}

int64_t tb_published_due(const tb_published *list)
{
    return list->made ? list->made + (list->soon ? TB_MARK_SOONEST : TB_MARK_EVERY) : 0;
}

tb_mark tb_published_mark(const tb_published *list, const tb_key *salt, tb_time now)
{
    tb_mark mark = {.at = now, .sequence = list->sequence, .entries = list->count, .salt = *salt};
    memcpy(mark.digest, list->digest, sizeof mark.digest);
    if (list->tick && list->heard > 0 && list->heard <= now) {
        mark.echo = list->tick;
        mark.heard = list->heard;
    }
    return mark;
}
