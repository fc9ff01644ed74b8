/* liveness_active.c: challenge and response. Each thing asked for begins with the person looking straight ahead, must
 * be shown within its time and in its turn, and nothing else may be shown instead: a film with another order fails. */
#include "face/liveness_session.h"

#include <math.h>
#include <string.h>

#include <tebura/clock.h>

static const float rest_most = 6, profile_least = 35; /* degrees, before anything was asked */
static const float ahead_most = 12;                   /* degrees from straight ahead, as this person holds the head */
static const float turn_least = 14, nod_least = 11;
static const float other_least = 22; /* clearly something else than what was asked for */
static const float closed = 0.35f, opened = 0.6f;
#define HOLD 2                      /* pictures in a row */
#define CLOSED_TIME (TB_SECOND / 3) /* a blink that happens by itself is shorter */

void active_restart(struct active *active)
{
    memset(active, 0, sizeof *active);
    active->why = "";
}

static int is_under_way(const struct active *active)
{
    return active->count && !active->failed && active->answered < active->count;
}

void active_break(struct active *active, const char *why)
{
    if (!active->count || active->failed)
        return;
    active->failed = 1; /* also when all was answered: by whom? */
    active->why = why;
}

/* What the head does, relative to this person's straight ahead; NONE: nothing clear. */
static tb_challenge pose_of(const struct active *active, const tb_liveness_frame *frame, float turn, float nod)
{
    if (!frame->pose)
        return TB_CHALLENGE_NONE;
    float yaw = frame->pose->yaw - active->yaw, pitch = frame->pose->pitch - active->pitch;
    if (fabsf(yaw) / turn >= fabsf(pitch) / nod)
        return yaw >= turn ? TB_CHALLENGE_LEFT : yaw <= -turn ? TB_CHALLENGE_RIGHT : TB_CHALLENGE_NONE;
    return pitch >= nod ? TB_CHALLENGE_DOWN : pitch <= -nod ? TB_CHALLENGE_UP : TB_CHALLENGE_NONE;
}

/* How a camera hangs and how somebody holds the head differ by more than a nod: straight ahead is what this person does
 * when the asking begins, as long as it is no profile and the head rests. */
static int is_ahead(struct active *active, const tb_liveness_frame *frame)
{
    if (!frame->pose || (frame->open && frame->open[0] < closed && frame->open[1] < closed && active->ahead_count))
        return 0;
    float yaw = frame->pose->yaw, pitch = frame->pose->pitch;
    if (active->ahead_count)
        return fabsf(yaw - active->yaw) < ahead_most && fabsf(pitch - active->pitch) < ahead_most;
    int rests = fabsf(yaw - active->last_yaw) < rest_most && fabsf(pitch - active->last_pitch) < rest_most;
    active->last_yaw = yaw;
    active->last_pitch = pitch;
    return rests && fabsf(yaw) < profile_least && fabsf(pitch) < profile_least;
}

/* Straight ahead between two requests. */
static void wait_ahead(struct active *active, const tb_liveness_frame *frame)
{
    if (!is_ahead(active, frame)) {
        active->held = 0;
        return;
    }
    if (active->answered == 0) {
        active->ahead_count++;
        active->yaw += (frame->pose->yaw - active->yaw) / (float)active->ahead_count;
        active->pitch += (frame->pose->pitch - active->pitch) / (float)active->ahead_count;
    }
    if (++active->held >= HOLD) {
        active->ahead = 1;
        active->held = active->wrong = 0;
        active->closed_at = 0;
    }
}

static int eyes_answer(struct active *active, const tb_liveness_frame *frame)
{
    if (!frame->open)
        return 0;
    float most = fmaxf(frame->open[0], frame->open[1]);
    if (most < closed) {
        active->closed_at = active->closed_at ? active->closed_at : frame->taken;
        active->held++;
        return 0;
    }
    int long_enough = active->closed_at && active->held >= HOLD && frame->taken - active->closed_at >= CLOSED_TIME;
    int reopened = fminf(frame->open[0], frame->open[1]) > opened;
    if (reopened && !long_enough) {
        active->closed_at = 0;
        active->held = 0;
    }
    return reopened && long_enough;
}

static void answered(struct active *active)
{
    active->answered++;
    active->ahead = 0;
    active->since = 0;
    active->held = active->wrong = 0;
    active->closed_at = 0;
}

void active_see(struct active *active, const tb_liveness_frame *frame, int64_t limit)
{
    if (!is_under_way(active))
        return;
    active->since = active->since ? active->since : frame->taken;
    if (frame->taken - active->since > limit) {
        active_break(active, "no answer in time");
        return;
    }
    if (!active->ahead) {
        wait_ahead(active, frame);
        return;
    }
    tb_challenge wanted = active->order[active->answered];
    tb_challenge other = pose_of(active, frame, other_least, other_least);
    if (other != TB_CHALLENGE_NONE && other != wanted)
        active->wrong++;
    else
        active->wrong = 0;
    if (active->wrong >= HOLD) {
        active_break(active, "something else was shown than was asked for");
        return;
    }
    if (wanted == TB_CHALLENGE_EYES) {
        if (eyes_answer(active, frame))
            answered(active);
        return;
    }
    active->held = pose_of(active, frame, turn_least, nod_least) == wanted ? active->held + 1 : 0;
    if (active->held >= HOLD)
        answered(active);
}

void tb_challenge_draw(const uint8_t random[16], int count, tb_challenge *order)
{
    tb_challenge left[TB_CHALLENGE_COUNT - 1];
    int remaining = TB_CHALLENGE_COUNT - 1;
    for (int i = 0; i < remaining; i++)
        left[i] = (tb_challenge)(i + 1);
    for (int i = 0; i < count && remaining > 0; i++) {
        uint32_t word = (uint32_t)random[4 * i] | (uint32_t)random[4 * i + 1] << 8 | (uint32_t)random[4 * i + 2] << 16 |
                        (uint32_t)random[4 * i + 3] << 24;
        int at = (int)(((uint64_t)word * (uint64_t)remaining) >> 32);
        order[i] = left[at];
        left[at] = left[--remaining];
    }
}

const char *tb_challenge_name(tb_challenge challenge)
{
    static const char *const names[] = {"", "left", "right", "up", "down", "eyes"};
    return (unsigned)challenge < TB_CHALLENGE_COUNT ? names[challenge] : "";
}
