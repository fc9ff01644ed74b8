/* capture.c: bursts. */
#include "terminal/capture.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/crypto.h>
#include <tebura/decision.h>
#include <tebura/secret.h>

#define BURST_MOST 7
#define BURST_LEAST 2
#define CHALLENGES 2                /* of five, in any order: 20 ways */
#define ANSWERER_FMR 0.01           /* between answers faces are compared in poorer pictures than at the end */
#define AHEAD_AGAIN (4 * TB_SECOND) /* time to look into the camera after the last answer */

struct tb_capturer {
    tb_capture_options options;
    tb_engine *engine;
    tb_zone *zone;
    int armed;
    int64_t begun;
    uint32_t track;        /* whose burst this is */
    int seen, count, good; /* pictures looked at; taken; of them without any advice */
    tb_liveness *liveness;
    uint32_t watched; /* whose track it knows */
    uint32_t focus;   /* whose burst is wanted, whoever stands beside them; 0: of whoever is there alone */
    tb_image best;    /* the picture kept */
    tb_face face;     /* in it */
    uint8_t quality;
    tb_challenge_when when;
    int asking;       /* a challenge is under way; the burst is over, its best picture kept */
    int checked;      /* before which request, from 1, the face was last found to be the burst's; 0 none */
    int64_t answered; /* when everything was; 0 not yet */
    tb_status advice; /* why the last picture was not good enough */
};

tb_status tb_capturer_new(const tb_capture_options *options, tb_engine *engine, tb_capturer **out)
{
    *out = NULL;
    tb_capturer *capturer = calloc(1, sizeof *capturer);
    if (!capturer)
        return TB_NO_MEMORY;
    capturer->options = *options;
    capturer->engine = engine;
    tb_capture_options *o = &capturer->options;
    o->burst = o->burst < 1 ? 3 : o->burst > BURST_MOST ? BURST_MOST : o->burst;
    o->patience = o->patience > 0 ? o->patience : 3 * TB_SECOND / 2;
    o->turned_quality = o->turned_quality > 0 ? o->turned_quality : 50;
    tb_status status = tb_zone_new(&options->zone, &capturer->zone);
    if (status == TB_OK)
        status =
            tb_liveness_new(&(tb_liveness_options){.simulation = o->simulation, .virtual_device = o->virtual_device},
                            &capturer->liveness);
    if (status != TB_OK)
        tb_capturer_free(&capturer);
    *out = capturer;
    return status;
}

void tb_capturer_free(tb_capturer **capturer)
{
    if (!*capturer)
        return;
    tb_capturer_disarm(*capturer);
    tb_zone_free(&(*capturer)->zone);
    tb_liveness_free(&(*capturer)->liveness);
    free(*capturer);
    *capturer = NULL;
}

static void restart(tb_capturer *capturer)
{
    tb_image_free(&capturer->best);
    tb_wipe(&capturer->face, sizeof capturer->face);
    if (capturer->liveness)
        tb_liveness_again(capturer->liveness);
    capturer->count = capturer->good = 0;
    capturer->asking = 0;
    capturer->checked = 0;
    capturer->answered = 0;
    if (capturer->zone)
        tb_zone_lenient(capturer->zone, 0);
    capturer->quality = 0;
    capturer->track = 0;
}

void tb_capturer_disarm(tb_capturer *capturer)
{
    restart(capturer);
    capturer->armed = 0;
}

void tb_capturer_arm(tb_capturer *capturer)
{
    restart(capturer);
    capturer->armed = 1;
    capturer->begun = 0;
    capturer->seen = 0;
    capturer->advice = TB_OK;
}

void tb_capturer_challenge(tb_capturer *capturer, tb_challenge_when when)
{
    capturer->when = when;
}

void tb_capturer_focus(tb_capturer *capturer, uint32_t track)
{
    capturer->focus = track;
    tb_zone_focus(capturer->zone, track);
}

/* Whose picture this may be: who is there alone, or who is wanted; 0 nobody. */
static uint32_t subject_of(const tb_capturer *capturer, const tb_zone_view *zone)
{
    if (!capturer->focus)
        return zone->inside == 1 ? zone->track : 0;
    for (int i = 0; i < zone->count; i++)
        if (zone->tracks[i] == capturer->focus)
            return capturer->focus;
    return 0;
}

/* Whoever is there alone is watched, wanted or not: what they do before the burst counts, too. `is_new`: this is not
 * the picture that came before. */
static tb_status watch(tb_capturer *capturer, const tb_frame *frame, const tb_face *face, const tb_zone_view *zone,
                       tb_captured *captured, int *is_new)
{
    tb_liveness_seen seen = {0};
    tb_pose pose;
    float open[2];
    tb_status status = TB_OK;
    *is_new = 0;
    uint32_t subject = subject_of(capturer, zone);
    if (!subject || subject != capturer->watched)
        tb_liveness_restart(capturer->liveness);
    capturer->watched = subject;
    if (!face)
        return TB_OK;
    tb_liveness_frame looked = {.image = &frame->image, .face = face, .taken = frame->taken};
    if (capturer->asking && !capturer->answered) {
        status = tb_engine_pose(capturer->engine, &frame->image, face, &pose);
        if (status == TB_OK)
            status = tb_engine_eyes(capturer->engine, &frame->image, face, open);
        if (status != TB_OK)
            return status;
        looked.pose = &pose;
        looked.open = open;
    }
    if (tb_liveness_see(capturer->liveness, &looked, &seen) == TB_OK) { /* else it does not count: nothing is taken */
        *is_new = seen.is_new;
        captured->source = seen.source;
    }
    if (seen.is_broken && !capturer->asking) { /* else the challenge has failed */
        restart(capturer);                     /* C1: the picture that is kept was taken of who is judged */
        capturer->begun = 0;
        capturer->seen = 0;
    }
    return TB_OK;
}

/* Judges one picture of the one candidate; keeps it when it is the best so far. */
static tb_status take(tb_capturer *capturer, const tb_frame *frame, const tb_face *face)
{
    tb_quality quality;
    tb_status status = tb_engine_quality(capturer->engine, &frame->image, face, &quality);
    if (status != TB_OK)
        return status;
    capturer->advice = quality.advice;
    int good = quality.advice == TB_OK;
    int only_pose = quality.advice == TB_RETRY_TURNED_AWAY || quality.advice == TB_RETRY_HEAD_TILTED;
    if (!good && (!only_pose || quality.unified < capturer->options.turned_quality))
        return TB_OK;
    float live = 1;
    if (!capturer->options.without_liveness)
        status = tb_engine_liveness(capturer->engine, &frame->image, face, &live);
    if (status == TB_OK)
        status = tb_liveness_passive(capturer->liveness, live);
    if (status != TB_OK)
        return status; /* fails closed: no answer is never "live" */
    if (!capturer->best.data || (good && !capturer->good) ||
        (good == (capturer->good > 0) && quality.unified > capturer->quality)) {
        tb_image copy = {0};
        status = tb_image_copy(&frame->image, &copy);
        if (status != TB_OK)
            return status;
        tb_image_free(&capturer->best);
        capturer->best = copy;
        capturer->face = *face;
        capturer->quality = quality.unified;
    }
    capturer->count++;
    capturer->good += good;
    return TB_OK;
}

static void end(tb_capturer *capturer, tb_captured *captured, tb_status status)
{
    captured->finished = 1;
    captured->status = status;
    tb_capturer_disarm(capturer);
}

/* In an order that nobody knows before. */
static tb_status begin_challenge(tb_capturer *capturer)
{
    tb_challenge order[CHALLENGES];
    uint8_t random[16];
    tb_random(random, sizeof random);
    tb_challenge_draw(random, CHALLENGES, order);
    capturer->asking = 1;
    capturer->checked = 0;
    capturer->answered = 0;
    tb_zone_lenient(capturer->zone, capturer->track);
    return tb_liveness_ask(capturer->liveness, order, CHALLENGES);
}

static void finish(tb_capturer *capturer, tb_captured *captured, tb_template *template)
{
    tb_liveness_verdict verdict;
    tb_liveness_judge(capturer->liveness, tb_engine_calibration(capturer->engine)->liveness, &verdict);
    int hopeful = verdict.unsure || verdict.status == TB_OK; /* a challenge does not make up for a plain attack */
    if (!capturer->asking && hopeful &&
        (capturer->when == TB_CHALLENGE_ALWAYS || (capturer->when == TB_CHALLENGE_WHEN_UNSURE && verdict.unsure))) {
        tb_status status = begin_challenge(capturer);
        if (status != TB_OK)
            end(capturer, captured, status);
        return;
    }
    captured->finished = 1;
    captured->live = verdict.score;
    captured->quality = capturer->quality;
    captured->status = verdict.status;
    if (verdict.status == TB_OK)
        captured->status =
            tb_engine_templates(capturer->engine, &capturer->best, &capturer->face, template, &captured->templates);
    tb_capturer_disarm(capturer);
}

/* TB_RETRY_CHALLENGE: this face is not that of the burst. */
static tb_status check_same(tb_capturer *capturer, const tb_frame *frame, const tb_face *face, float least)
{
    float alike = 0;
    tb_template *both = tb_secret_alloc(2 * sizeof *both);
    if (!both)
        return TB_NO_MEMORY;
    tb_status status = tb_engine_template(capturer->engine, &frame->image, face, &both[0]);
    if (status == TB_OK)
        status = tb_engine_template(capturer->engine, &capturer->best, &capturer->face, &both[1]);
    if (status == TB_OK)
        status = tb_template_compare(&both[0], &both[1], &alike);
    tb_secret_free(both);
    return status == TB_OK && !(alike >= least) ? TB_RETRY_CHALLENGE : status;
}

/* Everything was answered: is it still the person of the burst, and still one that looks live? */
static tb_status compare(tb_capturer *capturer, const tb_frame *frame, const tb_face *face, tb_captured *captured,
                         tb_template *template)
{
    tb_quality quality;
    float live = 1;
    tb_status status = tb_engine_quality(capturer->engine, &frame->image, face, &quality);
    if (status != TB_OK || quality.advice != TB_OK)
        return status; /* not straight ahead yet */
    if (!capturer->options.without_liveness)
        status = tb_engine_liveness(capturer->engine, &frame->image, face, &live);
    if (status == TB_OK)
        status = tb_liveness_passive(capturer->liveness, live);
    if (status == TB_OK)
        status = check_same(capturer, frame, face, tb_engine_calibration(capturer->engine)->verification);
    if (status == TB_OK)
        finish(capturer, captured, template);
    else if (status == TB_RETRY_CHALLENGE)
        end(capturer, captured, status);
    return status == TB_RETRY_CHALLENGE ? TB_OK : status;
}

/* Whoever answers is the person of the burst: each time that they look straight ahead before the next request. Else a
 * picture could be shown for the burst and the end, and anybody's face for what is asked between. */
static tb_status check_answerer(tb_capturer *capturer, const tb_frame *frame, const tb_face *face,
                                tb_captured *captured)
{
    int number = captured->asked.answered + 1;
    if (captured->asked.now == TB_CHALLENGE_NONE || capturer->checked == number || !face)
        return TB_OK;
    float least = tb_decision_threshold(tb_engine_calibration(capturer->engine), 1, ANSWERER_FMR);
    tb_status status = check_same(capturer, frame, face, least);
    if (status == TB_OK)
        capturer->checked = number;
    if (status != TB_RETRY_CHALLENGE)
        return status;
    end(capturer, captured, status);
    return TB_OK;
}

static tb_status go_on_asking(tb_capturer *capturer, const tb_frame *frame, const tb_face *face, int is_new,
                              tb_captured *captured, tb_template *template)
{
    captured->asked = tb_liveness_asked(capturer->liveness);
    if (captured->asked.asked == TB_ASKED_FAILED) {
        end(capturer, captured, TB_RETRY_CHALLENGE);
        return TB_OK;
    }
    if (captured->asked.asked != TB_ASKED_DONE)
        return check_answerer(capturer, frame, face, captured);
    capturer->answered = capturer->answered ? capturer->answered : frame->taken;
    if (frame->taken - capturer->answered > AHEAD_AGAIN) {
        end(capturer, captured, TB_RETRY_CHALLENGE);
        return TB_OK;
    }
    return face && is_new ? compare(capturer, frame, face, captured, template) : TB_OK;
}

tb_status tb_capturer_see(tb_capturer *capturer, const tb_frame *frame, tb_zone_view *zone, tb_captured *captured,
                          tb_template *template)
{
    tb_face faces[TB_FACES_MAX];
    int count = 0, chosen = -1, is_new = 0;
    *captured = (tb_captured){0};
    tb_status status = tb_engine_detect(capturer->engine, &frame->image, faces, &count);
    if (status != TB_OK)
        return status;
    tb_zone_see(capturer->zone, &frame->image, faces, count, zone, &chosen);
    status = watch(capturer, frame, chosen >= 0 ? &faces[chosen] : NULL, zone, captured, &is_new);
    if (status != TB_OK) { /* only while something is asked */
        end(capturer, captured, status);
        status = TB_OK;
        goto out;
    }
    if (!capturer->armed)
        goto out;
    if (!capturer->begun)
        capturer->begun = frame->taken;
    uint32_t subject = subject_of(capturer, zone);
    if (!subject || (capturer->track && subject != capturer->track))
        restart(capturer);
    capturer->seen++;
    if (capturer->asking && captured->source == TB_OK) {
        status = go_on_asking(capturer, frame, chosen >= 0 ? &faces[chosen] : NULL, is_new, captured, template);
        goto out;
    }
    if (chosen >= 0) {
        capturer->track = subject;
        if (is_new)
            status = take(capturer, frame, &faces[chosen]);
    }
    int64_t waited = frame->taken - capturer->begun;
    int enough = capturer->good >= capturer->options.burst ||
                 (waited >= capturer->options.patience / 2 && capturer->count >= capturer->options.burst) ||
                 (waited >= capturer->options.patience && capturer->count >= BURST_LEAST); /* a slow machine */
    if (status == TB_OK && captured->source != TB_OK) { /* whatever the pictures show: no person is before them */
        end(capturer, captured, captured->source);
    } else if (status == TB_OK && enough) {
        finish(capturer, captured, template);
    } else if (status == TB_OK && waited >= capturer->options.patience && capturer->seen >= capturer->options.burst) {
        end(capturer, captured, capturer->advice == TB_OK ? TB_RETRY_NO_FACE : capturer->advice);
    }
out:
    tb_wipe(faces, sizeof faces);
    return status;
}

void tb_capturer_nobody(tb_capturer *capturer, tb_zone_view *zone)
{
    *zone = (tb_zone_view){0};
    tb_zone_clear(capturer->zone);
    tb_liveness_restart(capturer->liveness);
    capturer->watched = 0;
    restart(capturer);
}

tb_status tb_capture_document(tb_engine *engine, const tb_image *page, tb_template *out)
{
    tb_face faces[TB_FACES_MAX];
    int count = 0;
    tb_status status = tb_engine_detect(engine, page, faces, &count);
    /* A page may show the face a second time, small, as a safeguard: the large one counts. */
    float first = count > 0 ? faces[0].box.width * faces[0].box.height : 0;
    int largest = 0;
    for (int i = 1; status == TB_OK && i < count; i++)
        if (faces[i].box.width * faces[i].box.height > first) {
            first = faces[i].box.width * faces[i].box.height;
            largest = i;
        }
    if (status == TB_OK && count == 0)
        status = TB_RETRY_NO_FACE;
    for (int i = 0; status == TB_OK && i < count; i++)
        if (i != largest && faces[i].box.width * faces[i].box.height > 0.5f * first)
            status = TB_RETRY_SEVERAL_FACES;
    if (status == TB_OK)
        status = tb_engine_template(engine, page, &faces[largest], out);
    tb_wipe(faces, sizeof faces);
    return status;
}
