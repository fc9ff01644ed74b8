/* liveness_session.h: the parts of a session; each is told of every picture and answers evidence. */
#ifndef TEBURA_FACE_LIVENESS_SESSION_H
#define TEBURA_FACE_LIVENESS_SESSION_H

#include <tebura/liveness.h>

/* ---- source: who makes these pictures ---- */

#define SOURCE_CHIP 1024 /* grey values of the face, 32 x 32 */
#define SOURCE_HASHES 4096
#define SOURCE_TRAIL 256
#define SOURCE_NUMBERS 8

struct source {
    uint8_t chip[SOURCE_CHIP]; /* of the last picture */
    int has_chip;
    int width, height;
    int64_t last, same_since;
    int same;                       /* pictures in a row equal to the one before */
    uint64_t hashes[SOURCE_HASHES]; /* of pictures that differed from the one before: a ring; survives a restart */
    uint32_t hash_count;            /* ever */
    uint32_t loop_at;               /* which of them (from 1) the last picture equalled; 0: none */
    int looped;                     /* pictures in a row that came before, in the same order */
    float trail[SOURCE_TRAIL][SOURCE_NUMBERS]; /* where eyes, nose and mouth were: a ring */
    uint16_t run[SOURCE_TRAIL]; /* per distance: pictures in a row that moved as those so many pictures ago */
    uint32_t trail_count;
    int hasty;                                         /* pictures in a row that came faster than a camera makes them */
    int barred;                                        /* pictures with bars of one colour */
    int pictures;                                      /* of this person */
    int frozen, looping, retraced, too_fast, reformed; /* found; they stay until the restart */
};
void source_restart(struct source *source);
void source_see(struct source *source, const tb_liveness_frame *frame, int *is_new);
tb_status source_judge(const struct source *source, int virtual_device, float *evidence, char why[96]);

/* ---- motion: a plane or a head ---- */

#define MOTION_POINTS 51 /* landmarks 17..67: brows, nose, eyes, mouth. The jaw's line slides over the cheek */
#define MOTION_SHAPES 16

struct motion_shape { /* in units of the eye distance, laid onto the first shape; a mean of `count` */
    tb_point points[MOTION_POINTS];
    int count;
};
struct motion {
    struct motion_shape shapes[MOTION_SHAPES];
    int shape_count;
    double scatter; /* sum of squared distances of pictures to their shape */
    int scatter_count;
    int pictures;
    int64_t first, last;
    double origin[4], place[4], place_squares[4]; /* first, sums: eye centre x, y, size (log), turn */
    tb_point last_centre;
    float last_size;
    int broken; /* the face jumped: another one, or a cut */
};
void motion_restart(struct motion *motion);
void motion_see(struct motion *motion, const tb_liveness_frame *frame);
struct motion_found {
    tb_motion kind;
    float bend, residue;
    float evidence;
};
struct motion_found motion_judge(const struct motion *motion);
/* Root mean square distance between `to` and the best homography of `from`; NAN when there is none. */
float motion_homography_residue(const tb_point *from, const tb_point *to, int count);

/* ---- active ---- */

struct active {
    tb_challenge order[TB_CHALLENGES_MOST];
    int count, answered, failed;
    int ahead;         /* looked straight into the camera since the last answer */
    int64_t since;     /* this challenge began; 0: with the next picture */
    int64_t closed_at; /* eyes; 0 open */
    int held, wrong;   /* pictures in a row that answer; that answer something else */
    float yaw, pitch;  /* straight ahead, as this person holds the head */
    float last_yaw, last_pitch;
    int ahead_count;
    int64_t last;
    const char *why;
};
void active_restart(struct active *active);
void active_see(struct active *active, const tb_liveness_frame *frame, int64_t limit);
void active_break(struct active *active, const char *why); /* fails what is under way */

#endif
