/* liveness_session.c: one session: its parts, and how their evidence becomes one score (doc/adr/086). */
#include "face/liveness_session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

#define PASSIVE_MOST 7
#define PASSIVE_CLIP 4.6f /* log-odds of 0.99: the network is never surer than that */
#define ACTIVE_ANSWERED 1.5f
#define ACTIVE_FAILED (-8.0f)
#define PAUSE (2 * TB_SECOND) /* without a picture: it may be anybody now */

struct tb_liveness {
    tb_liveness_options options;
    struct source source;
    struct motion motion;
    struct active active;
    float passive[PASSIVE_MOST]; /* a ring */
    int passive_count;
    int pictures;
    int64_t last;
};

tb_status tb_liveness_new(const tb_liveness_options *options, tb_liveness **out)
{
    *out = NULL;
    tb_liveness *session = tb_secret_alloc(sizeof *session);
    if (!session)
        return TB_NO_MEMORY;
    if (options)
        session->options = *options;
    session->options.limit = session->options.limit > 0 ? session->options.limit : 5 * TB_SECOND;
    tb_liveness_restart(session);
    *out = session;
    return TB_OK;
}

void tb_liveness_free(tb_liveness **session)
{
    if (!*session)
        return;
    tb_secret_free(*session);
    *session = NULL;
}

static void forget_passive(tb_liveness *session)
{
    tb_wipe(session->passive, sizeof session->passive);
    session->passive_count = 0;
}

void tb_liveness_restart(tb_liveness *session)
{
    source_restart(&session->source);
    motion_restart(&session->motion);
    active_restart(&session->active);
    session->pictures = 0;
    session->last = 0;
    forget_passive(session);
}

void tb_liveness_again(tb_liveness *session)
{
    active_restart(&session->active);
    forget_passive(session);
}

/* What was seen so far may have been somebody else: it proves nothing, and what is being asked has failed. */
static void break_off(tb_liveness *session, const char *why)
{
    active_break(&session->active, why);
    forget_passive(session);
    motion_restart(&session->motion);
}

static int is_usable(const tb_liveness *session, const tb_liveness_frame *frame)
{
    if (!frame->image || !frame->image->data || !frame->face || !frame->face->has_landmarks ||
        frame->taken < session->last)
        return 0;
    for (int i = 0; i < TB_LANDMARKS; i++)
        if (!isfinite(frame->face->landmarks[i].x) || !isfinite(frame->face->landmarks[i].y))
            return 0;
    if (frame->pose && !(isfinite(frame->pose->yaw) && isfinite(frame->pose->pitch)))
        return 0;
    if (frame->open && !(isfinite(frame->open[0]) && isfinite(frame->open[1])))
        return 0;
    const tb_box *box = &frame->face->box;
    return box->width >= 1 && box->height >= 1 && isfinite(box->x) && isfinite(box->y) && box->width < 1e6f &&
           box->height < 1e6f;
}

tb_status tb_liveness_see(tb_liveness *session, const tb_liveness_frame *frame, tb_liveness_seen *out)
{
    *out = (tb_liveness_seen){.source = TB_OK};
    if (!is_usable(session, frame)) {
        out->is_broken = 1;
        break_off(session, "a picture could not be used");
        return TB_INVALID_ARGUMENT;
    }
    if (session->pictures && frame->taken - session->last > PAUSE) {
        out->is_broken = 1;
        break_off(session, "no picture for too long");
    }
    session->last = frame->taken;
    session->pictures++;
    source_see(&session->source, frame, &out->is_new);
    if (out->is_new) {
        motion_see(&session->motion, frame);
        if (session->motion.broken) {
            out->is_broken = 1;
            break_off(session, "the face jumped");
            motion_see(&session->motion, frame);
        }
    }
    if (session->options.simulation)
        out->is_new = 1;
    active_see(&session->active, frame, session->options.limit); /* time passes with every picture */
    char why[96];
    float evidence;
    if (!session->options.simulation)
        out->source = source_judge(&session->source, session->options.virtual_device, &evidence, why);
    return TB_OK;
}

tb_status tb_liveness_passive(tb_liveness *session, float live)
{
    if (!(live >= 0 && live <= 1)) { /* not a number is not live */
        forget_passive(session);
        return TB_INVALID_ARGUMENT;
    }
    session->passive[session->passive_count++ % PASSIVE_MOST] = live;
    return TB_OK;
}

tb_status tb_liveness_ask(tb_liveness *session, const tb_challenge *order, int count)
{
    if (count < 1 || count > TB_CHALLENGES_MOST)
        return TB_INVALID_ARGUMENT;
    for (int i = 0; i < count; i++) {
        if (order[i] <= TB_CHALLENGE_NONE || order[i] >= TB_CHALLENGE_COUNT)
            return TB_INVALID_ARGUMENT;
        for (int j = 0; j < i; j++)
            if (order[j] == order[i])
                return TB_INVALID_ARGUMENT;
    }
    active_restart(&session->active);
    memcpy(session->active.order, order, (size_t)count * sizeof *order);
    session->active.count = count;
    return TB_OK;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float log_odds(float probability)
{
    float limited = fmaxf(0.01f, fminf(0.99f, probability));
    return logf(limited / (1 - limited));
}

static void judge_passive(const tb_liveness *session, tb_liveness_verdict *out)
{
    float sorted[PASSIVE_MOST];
    int count = session->passive_count < PASSIVE_MOST ? session->passive_count : PASSIVE_MOST;
    out->looked_at = session->passive_count;
    out->measured[TB_LIVENESS_PASSIVE] = count > 0;
    out->evidence[TB_LIVENESS_PASSIVE] = -PASSIVE_CLIP; /* not looked at is not live */
    if (!count)
        return;
    memcpy(sorted, session->passive, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, by_size);
    out->passive = sorted[(count - 1) / 2]; /* of an even number the lower one: when in doubt it is not live */
    out->evidence[TB_LIVENESS_PASSIVE] = log_odds(out->passive);
}

static void judge_active(const tb_liveness *session, tb_liveness_verdict *out)
{
    const struct active *active = &session->active;
    if (!active->count)
        return;
    int answered = !active->failed && active->answered == active->count;
    out->measured[TB_LIVENESS_ACTIVE] = 1;
    out->evidence[TB_LIVENESS_ACTIVE] = answered ? ACTIVE_ANSWERED : ACTIVE_FAILED; /* nor while it is under way */
    if (!answered && !out->why[0])
        snprintf(out->why, sizeof out->why, "%s", active->failed ? active->why : "not everything was answered yet");
}

float tb_liveness_score(const float evidence[TB_LIVENESS_PARTS], unsigned parts_mask)
{
    float sum = 0;
    for (int i = 0; i < TB_LIVENESS_PARTS; i++)
        if (parts_mask & (1u << i))
            sum += evidence[i];
    return 1 / (1 + expf(-sum));
}

void tb_liveness_judge(const tb_liveness *session, float threshold, tb_liveness_verdict *out)
{
    memset(out, 0, sizeof *out);
    out->pictures = session->pictures;
    out->repeated = session->source.same;
    out->looped = session->source.looped;
    judge_passive(session, out);
    struct motion_found motion = motion_judge(&session->motion);
    out->motion = motion.kind;
    out->bend = motion.bend;
    out->residue = motion.residue;
    out->measured[TB_LIVENESS_MOTION] = motion.kind != TB_MOTION_UNKNOWN;
    out->evidence[TB_LIVENESS_MOTION] = motion.evidence;
    tb_status source =
        source_judge(&session->source, session->options.virtual_device, &out->evidence[TB_LIVENESS_SOURCE], out->why);
    out->measured[TB_LIVENESS_SOURCE] = session->pictures > 0;
    judge_active(session, out);
    unsigned all = (1u << TB_LIVENESS_PARTS) - 1, counted = all;
    if (session->options.simulation) {
        counted = 1u << TB_LIVENESS_PASSIVE;
        source = TB_OK;
    }
    out->score = session->pictures ? tb_liveness_score(out->evidence, counted) : 0;
    int live = threshold > 0 && out->score >= threshold; /* not a number is not live */
    out->status = source != TB_OK ? source : live ? TB_OK : TB_RETRY_NOT_LIVE;
    out->unsure = out->status != TB_INJECTED && !session->active.count && out->looked_at > 0 && threshold > 0 &&
                  threshold < 1 && fabsf(log_odds(out->score) - log_odds(threshold)) < TB_LIVENESS_UNSURE;
}

tb_liveness_progress tb_liveness_asked(const tb_liveness *session)
{
    const struct active *active = &session->active;
    tb_liveness_progress progress = {.answered = active->answered, .count = active->count};
    if (!active->count)
        return progress;
    progress.asked = active->failed                      ? TB_ASKED_FAILED
                     : active->answered == active->count ? TB_ASKED_DONE
                                                         : TB_ASKED_WAITING;
    if (progress.asked == TB_ASKED_WAITING && active->ahead)
        progress.now = active->order[active->answered];
    return progress;
}

const char *tb_liveness_part_name(tb_liveness_part part)
{
    static const char *const names[] = {"passive", "motion", "source", "active"};
    return (unsigned)part < TB_LIVENESS_PARTS ? names[part] : "?";
}

const char *tb_motion_name(tb_motion motion)
{
    static const char *const names[] = {"unknown", "solid", "flat", "still"};
    return (unsigned)motion < sizeof names / sizeof *names ? names[motion] : "?";
}
