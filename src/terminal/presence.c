/* presence.c: see presence.h. */
#include "terminal/presence.h"

#include <stdlib.h>
#include <string.h>

#include <tebura/log.h>
#include <tebura/secret.h>

#define LOOKS 5 /* at one face, while it stays in the zone */
#define AGAIN TB_SECOND
#define REMEMBERED 1024 /* visits reported lately; of more the oldest may be reported again before its time */

struct looked {
    uint32_t track; /* 0: free */
    int looks, done;
    tb_id visit; /* that the last look matched; zero */
};

struct reported {
    tb_id visit;
    int64_t at;
};

struct unwritten {
    tb_id visit;
    tb_time at;
};

struct tb_presence {
    struct unwritten unwritten[TB_PRESENCE_UNWRITTEN]; /* C5, oldest first */
    size_t unwritten_count;
    int64_t tried;
    tb_presence_options options;
    tb_engine *engine;
    tb_zone *zone;
    int models;
    struct looked looked[TB_ZONE_TRACKS];
    struct reported *reported;
    size_t reported_count, oldest;
};

tb_status tb_presence_new(const tb_presence_options *options, tb_engine *engine, tb_presence **out)
{
    tb_model models[TB_MODELS_MAX];
    *out = NULL;
    tb_presence *presence = calloc(1, sizeof *presence);
    if (!presence)
        return TB_NO_MEMORY;
    presence->options = *options;
    presence->engine = engine;
    presence->models = tb_engine_models(engine, models);
    presence->reported = calloc(REMEMBERED, sizeof *presence->reported);
    tb_status status = presence->reported ? tb_zone_new(&options->zone, &presence->zone) : TB_NO_MEMORY;
    if (status != TB_OK)
        tb_presence_free(&presence);
    *out = presence;
    return status;
}

void tb_presence_free(tb_presence **presence)
{
    if (!*presence)
        return;
    tb_zone_free(&(*presence)->zone);
    free((*presence)->reported);
    free(*presence);
    *presence = NULL;
}

/* ---- who was looked at ---- */

static int is_there(const tb_zone_view *zone, uint32_t track)
{
    for (int i = 0; i < zone->count; i++)
        if (zone->tracks[i] == track)
            return 1;
    return 0;
}

static void forget_who_left(tb_presence *p, const tb_zone_view *zone)
{
    for (int i = 0; i < TB_ZONE_TRACKS; i++)
        if (!is_there(zone, p->looked[i].track))
            p->looked[i] = (struct looked){0};
}

static struct looked *looked_of(tb_presence *p, uint32_t track)
{
    struct looked *unused = NULL;
    for (int i = 0; i < TB_ZONE_TRACKS; i++) {
        if (p->looked[i].track == track)
            return &p->looked[i];
        if (!p->looked[i].track)
            unused = &p->looked[i];
    }
    if (unused) /* there are as many places as tracks */
        unused->track = track;
    return unused;
}

/* The face that was looked at least of those that still count; -1. */
static int choose(tb_presence *p, const tb_zone_view *zone, struct looked **out)
{
    int face = -1;
    *out = NULL;
    for (int i = 0; i < zone->count; i++) {
        struct looked *looked = zone->faces[i] >= 0 ? looked_of(p, zone->tracks[i]) : NULL;
        if (!looked || looked->done || looked->looks >= LOOKS || (*out && (*out)->looks <= looked->looks))
            continue;
        *out = looked;
        face = zone->faces[i];
    }
    return face;
}

/* ---- looking ---- */

/* TB_OK: a template of each model is in `out`. A retry status: this picture of the face is not good enough. */
static tb_status make_templates(tb_presence *p, const tb_frame *frame, const tb_face *face, tb_template *out,
                                int *count)
{
    tb_quality quality;
    float live = 1;
    tb_status status = tb_engine_quality(p->engine, &frame->image, face, &quality);
    if (status != TB_OK || quality.advice != TB_OK)
        return status != TB_OK ? status : quality.advice;
    if (!p->options.without_liveness)
        status = tb_engine_liveness(p->engine, &frame->image, face, &live);
    if (status == TB_OK && !(live >= tb_engine_calibration(p->engine)->liveness))
        status = TB_RETRY_NOT_LIVE;
    return status == TB_OK ? tb_engine_templates(p->engine, &frame->image, face, out, count) : status;
}

static tb_status match(tb_presence *p, const tb_frame *frame, const tb_face *face, const tb_list *list, tb_time now,
                       tb_id *visit)
{
    tb_list_match found;
    int count = 0;
    *visit = (tb_id){{0}};
    tb_template *probes = tb_secret_alloc((size_t)p->models * sizeof *probes);
    tb_status status = probes ? make_templates(p, frame, face, probes, &count) : TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_list_identify(list, p->options.fpir, probes, count, now, &found);
    if (status == TB_OK && found.identity == TB_THIS_PERSON && found.judgement == TB_ADMIT)
        *visit = found.visit;
    tb_secret_free(probes); /* C4 */
    tb_wipe(&found, sizeof found);
    return status;
}

/* C3: 1 when it may be reported at `at`, which is then remembered. */
static int is_due(tb_presence *p, tb_id visit, int64_t at)
{
    for (size_t i = 0; i < p->reported_count; i++)
        if (tb_id_equal(p->reported[i].visit, visit)) {
            if (at - p->reported[i].at < p->options.every)
                return 0;
            p->reported[i].at = at;
            return 1;
        }
    size_t place = p->reported_count < REMEMBERED ? p->reported_count++ : p->oldest++ % REMEMBERED;
    p->reported[place] = (struct reported){visit, at};
    return 1;
}

/* C2 */
static int is_claimed_twice(tb_presence *p, const struct looked *looked)
{
    int twice = 0;
    for (int i = 0; i < TB_ZONE_TRACKS; i++)
        if (&p->looked[i] != looked && tb_id_equal(p->looked[i].visit, looked->visit))
            twice = p->looked[i].done = 1;
    return twice;
}

/* C5 */
static void write_those(tb_presence *p, int64_t taken, tb_presence_fn seen, void *context)
{
    size_t done = 0;
    if (!p->unwritten_count || taken - p->tried < AGAIN)
        return;
    while (done < p->unwritten_count && seen(context, p->unwritten[done].visit, p->unwritten[done].at) == TB_OK)
        done++;
    p->tried = taken;
    p->unwritten_count -= done;
    memmove(p->unwritten, p->unwritten + done, p->unwritten_count * sizeof *p->unwritten);
    if (done && !p->unwritten_count)
        tb_log(TB_LOG_INFO, "terminal", "presences that waited are written");
}

/* Behind those that wait already: in order. */
static void report(tb_presence *p, tb_id visit, tb_time now, tb_presence_fn seen, void *context)
{
    if (!p->unwritten_count && seen(context, visit, now) == TB_OK)
        return;
    if (!p->unwritten_count)
        tb_log(TB_LOG_ERROR, "terminal", "a presence could not be written: it is tried again");
    if (p->unwritten_count == TB_PRESENCE_UNWRITTEN) {
        tb_log(TB_LOG_ERROR, "terminal", "the oldest of %d presences that wait is lost", TB_PRESENCE_UNWRITTEN);
        memmove(p->unwritten, p->unwritten + 1, --p->unwritten_count * sizeof *p->unwritten);
    }
    p->unwritten[p->unwritten_count++] = (struct unwritten){visit, now};
}

/* 1: to be reported. */
static int conclude(tb_presence *p, struct looked *looked, tb_id visit, int64_t at)
{
    int again = !tb_id_is_zero(visit) && tb_id_equal(looked->visit, visit);
    looked->looks++;
    looked->visit = visit;
    if (tb_id_is_zero(visit))
        return 0;
    looked->done = is_claimed_twice(p, looked);
    if (looked->done || !again) /* C1 */
        return 0;
    looked->done = 1;
    return is_due(p, visit, at);
}

tb_status tb_presence_see(tb_presence *p, const tb_frame *frame, const tb_list *list, tb_time now, tb_presence_fn seen,
                          void *context, tb_zone_view *zone)
{
    tb_face faces[TB_FACES_MAX];
    struct looked *looked;
    tb_id visit;
    int count = 0;
    write_those(p, frame->taken, seen, context);
    tb_status status = tb_engine_detect(p->engine, &frame->image, faces, &count);
    if (status != TB_OK)
        return status;
    tb_zone_see(p->zone, &frame->image, faces, count, zone, NULL);
    forget_who_left(p, zone);
    int face = choose(p, zone, &looked);
    if (face >= 0) {
        status = match(p, frame, &faces[face], list, now, &visit);
        if (status == TB_OK && conclude(p, looked, visit, frame->taken))
            report(p, visit, now, seen, context);
        else if (tb_status_is_retry(status))
            status = TB_OK; /* a better picture may come */
    }
    tb_wipe(faces, sizeof faces);
    return status;
}

void tb_presence_nobody(tb_presence *p, tb_zone_view *zone)
{
    *zone = (tb_zone_view){0};
    tb_zone_clear(p->zone);
    memset(p->looked, 0, sizeof p->looked);
}
