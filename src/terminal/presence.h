/* presence.h: a camera that nobody steps up to: it reports who of its list is in its zone, each of several people, and
 * keeps nothing of anybody else (A21).
 *
 *   a face        new -> looked at in good pictures, LOOKS at most -> reported, or left alone until it leaves the zone
 *   a visit       reported -> silent for `every` -> reported again when it is seen again
 *
 * Invariants
 *  C1  A report needs two pictures of one track that each match the same visit, live and beyond threshold and margin.
 *  C2  Two tracks that match one visit are nobody: neither is reported, nor looked at again.
 *  C3  One visit is reported at most once in `every`.
 *  C4  When a picture has been looked at, nothing is left of its faces but the zone's tracks (zone.h) and, of tracks
 *      that matched, which visit. Of whoever matches nobody not even that.
 *  C5  A report that cannot be written (a full disk) is tried again every second, with the time at which the visit was
 *      seen; those behind it wait, in order. Of more than TB_PRESENCE_UNWRITTEN the oldest is lost, and the log says
 *      so.
 * One thread: the engine's. */
#ifndef TERMINAL_PRESENCE_H
#define TERMINAL_PRESENCE_H

#include <tebura/camera.h>

#include "terminal/list.h"
#include "terminal/zone.h"

typedef struct tb_presence tb_presence;

typedef struct tb_presence_options {
    tb_zone_options zone;
    int64_t every; /* microseconds between two reports of one visit */
    double fpir;
    int without_liveness;
} tb_presence_options;

#define TB_PRESENCE_UNWRITTEN 256
/* TB_OK: it is written. Seen `at`. */
typedef tb_status (*tb_presence_fn)(void *context, tb_id visit, tb_time at);

tb_status tb_presence_new(const tb_presence_options *options, tb_engine *engine, tb_presence **out) TB_MUST_CHECK;
void tb_presence_free(tb_presence **presence);
/* One picture: at most one face is made a template of, the one looked at least. `seen` is called for each visit that is
 * reported now, and for those that could not be written before. `now` is the clock of the list's windows; frame->taken
 * counts for `every`. */
tb_status tb_presence_see(tb_presence *presence, const tb_frame *frame, const tb_list *list, tb_time now,
                          tb_presence_fn seen, void *context, tb_zone_view *zone) TB_MUST_CHECK;
void tb_presence_nobody(tb_presence *presence, tb_zone_view *zone); /* no picture came: nobody is there */

#endif
