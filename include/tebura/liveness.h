/* liveness.h: presentation-attack detection (ISO/IEC 30107): is a living person before the camera, or a picture, a
 * screen, or a film fed in behind it? One session watches one source of pictures and judges one person at a time.
 *
 * Evidence is kept by part, in log-odds for "live" (0: says nothing), and added up; the sum as a probability is the
 * score, and one threshold decides. What could not be measured counts against, an error is never live.
 *   passive  the network's look at single pictures (tb_engine_liveness): their lower median
 *   motion   68 landmarks over the pictures: a flat thing that turns stays within one homography, a head does not; what
 *            does not move at all is no person
 *   source   the same picture again and again, a film that comes round again, pictures faster than cameras make them,
 *            another form in the middle, black bars, a device that is a program
 *   active   turns, looks up and down and closed eyes in a random order, each within a time
 * doc/adr/086 says where the weights come from. A session keeps numbers, 1,024 grey values of the last face (secret
 * memory) and hashes of pictures; never a picture. Not for several threads. */
#ifndef TEBURA_LIVENESS_H
#define TEBURA_LIVENESS_H

#include <tebura/face.h>

typedef enum tb_liveness_part {
    TB_LIVENESS_PASSIVE,
    TB_LIVENESS_MOTION,
    TB_LIVENESS_SOURCE,
    TB_LIVENESS_ACTIVE,
    TB_LIVENESS_PARTS
} tb_liveness_part;

typedef enum tb_challenge {
    TB_CHALLENGE_NONE,
    TB_CHALLENGE_LEFT, /* the person's own left */
    TB_CHALLENGE_RIGHT,
    TB_CHALLENGE_UP,
    TB_CHALLENGE_DOWN,
    TB_CHALLENGE_EYES, /* closed for a moment: longer than a blink that happens by itself */
    TB_CHALLENGE_COUNT
} tb_challenge;
#define TB_CHALLENGES_MOST 4

typedef struct tb_liveness_options {
    /* The camera is a simulation (tb_camera_is_simulation): motion, source and active are measured and told but do not
     * count, since a re-photographed picture is just what they are there to refuse. Never for a real camera. */
    int simulation;
    int virtual_device; /* the driver of the device is a program's, not a camera's */
    int64_t limit;      /* for one challenge, microseconds; 0: 5 s */
} tb_liveness_options;

typedef struct tb_liveness tb_liveness;

tb_status tb_liveness_new(const tb_liveness_options *options, tb_liveness **out) TB_MUST_CHECK; /* NULL: defaults */
void tb_liveness_free(tb_liveness **session);                                                   /* wipes */
/* Another person: all evidence about the one before is wiped. What is known of the source (hashes) stays. */
void tb_liveness_restart(tb_liveness *session);
/* The passive values and answers so far do not count any more: a new burst of the same person begins. */
void tb_liveness_again(tb_liveness *session);

/* One picture of the person; turn and eyes where they were measured. */
typedef struct tb_liveness_frame {
    const tb_image *image;
    const tb_face *face; /* with landmarks */
    int64_t taken;       /* tb_frame.taken; never goes back */
    const tb_pose *pose; /* of tb_engine_pose; NULL: not measured */
    const float *open;   /* two, of tb_engine_eyes; NULL: not measured */
} tb_liveness_frame;

typedef struct tb_liveness_seen {
    int is_broken;    /* it may be anybody now: evidence before this picture is wiped, so must be what was kept of it */
    int is_new;       /* 0: the same picture as before: it proves nothing and must not be counted by anybody */
    tb_status source; /* TB_OK, or TB_INJECTED: known as soon as it is so, whoever is being looked at */
} tb_liveness_seen;
/* TB_INVALID_ARGUMENT (no landmarks, time goes back, a number that is none): the evidence so far is wiped. */
tb_status tb_liveness_see(tb_liveness *session, const tb_liveness_frame *frame, tb_liveness_seen *out) TB_MUST_CHECK;
/* What tb_engine_liveness said of the picture seen last. TB_INVALID_ARGUMENT: not within 0..1. */
tb_status tb_liveness_passive(tb_liveness *session, float live) TB_MUST_CHECK;

/* Asks `count` (1..TB_CHALLENGES_MOST) different things, in this order, from the next picture on. The caller draws it
 * with tb_challenge_draw. TB_INVALID_ARGUMENT. */
tb_status tb_liveness_ask(tb_liveness *session, const tb_challenge *order, int count) TB_MUST_CHECK;
/* A random order of different challenges. Pure: `random` is from tb_random. */
void tb_challenge_draw(const uint8_t random[16], int count, tb_challenge *order);
const char *tb_challenge_name(tb_challenge challenge); /* "left" ...; "" for none */

typedef enum tb_asked { TB_ASKED_NOTHING, TB_ASKED_WAITING, TB_ASKED_DONE, TB_ASKED_FAILED } tb_asked;
typedef struct tb_liveness_progress {
    tb_asked asked;
    tb_challenge now; /* what is being waited for; TB_CHALLENGE_NONE: first look straight into the camera */
    int answered, count;
} tb_liveness_progress;
tb_liveness_progress tb_liveness_asked(const tb_liveness *session);

typedef enum tb_motion { TB_MOTION_UNKNOWN, TB_MOTION_SOLID, TB_MOTION_FLAT, TB_MOTION_STILL } tb_motion;

/* Numbers for diagnosis. Never pixels. */
typedef struct tb_liveness_verdict {
    float score;      /* 0..1 */
    tb_status status; /* TB_OK: live; TB_RETRY_NOT_LIVE; TB_INJECTED */
    int unsure;       /* between both borders, and nothing was asked yet: a challenge could settle it */
    int measured[TB_LIVENESS_PARTS];
    float evidence[TB_LIVENESS_PARTS]; /* log-odds as counted */
    int pictures, looked_at;           /* seen; of them by the passive network */
    float passive;                     /* lower median */
    tb_motion motion;
    float bend, residue; /* shape change that is no similarity; its share that is no homography (0 flat .. 1) */
    int repeated;        /* pictures equal to the one before, in a row */
    int looped;          /* pictures in a row that came before in the same order */
    char why[96];        /* the source's, or the challenge's, in words; "" */
} tb_liveness_verdict;

/* threshold: tb_calibration.liveness. Nothing seen, nothing measured: not live. */
void tb_liveness_judge(const tb_liveness *session, float threshold, tb_liveness_verdict *out);
/* Scores within these are unsure: log-odds around the threshold's. */
#define TB_LIVENESS_UNSURE 1.5f

const char *tb_liveness_part_name(tb_liveness_part part);
const char *tb_motion_name(tb_motion motion);
/* The same from evidence alone, so that a self-test can leave parts out: score of the first `parts` given. */
float tb_liveness_score(const float evidence[TB_LIVENESS_PARTS], unsigned parts_mask);

#endif
