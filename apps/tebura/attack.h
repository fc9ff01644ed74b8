/* attack.h: SIMULATION of presentation attacks and of people, made from real photographs, for the self-test and the
 * tests. What it shows is that the checks do what they are there for; it says nothing about any camera, and least of
 * all how often living people are refused: there is no living person in it. */
#ifndef TEBURA_APP_ATTACK_H
#define TEBURA_APP_ATTACK_H

#include <tebura/face.h>
#include <tebura/liveness.h>

/* X(name, what it is, title). BONA_FIDE first. */
#define ATTACK_TABLE(X)                                                                                                \
    X(BONA_FIDE, bona_fide, "a head with depth that sways, blinks, answers")                                           \
    X(PRINT, print, "a print held in the hand, turned and tilted")                                                     \
    X(PRINT_STAND, print_stand, "a print on a stand")                                                                  \
    X(PRINT_BENT, print_bent, "a print bent round, turned")                                                            \
    X(MASK, mask, "a print with holes for the eyes, which blink")                                                      \
    X(SCREEN_PHOTO, screen_photo, "a photograph on a screen, turned and tilted")                                       \
    X(SCREEN_FILM, screen_film, "a film of the head on a screen")                                                      \
    X(INJECTED_STILL, injected_still, "fed in: the same picture again and again")                                      \
    X(INJECTED_LOOP, injected_loop, "fed in: a short film in a loop")                                                  \
    X(INJECTED_NOISY, injected_noisy, "fed in: the loop, encoded anew in other noise")                                 \
    X(INJECTED_FILM, injected_film, "fed in: a long film of the head, other answers")

typedef enum attack_kind {
#define ATTACK_ENUM(name, text, title) ATTACK_##name,
    ATTACK_TABLE(ATTACK_ENUM)
#undef ATTACK_ENUM
        ATTACK_COUNT
} attack_kind;

const char *attack_name(attack_kind kind);
const char *attack_title(attack_kind kind);

/* One photographed person, ready to be shown. */
typedef struct attack_subject {
    tb_image picture; /* the frame that a camera would see: the person in the middle */
    /* per pixel: eye distances towards the camera (0 at the brow); how much it moves with the head */
    float *depth, *weight;
    tb_point centre, across, eye[2]; /* between the eyes; unit vector from eye to eye; in pixels */
    float eyes, lid[2];              /* eye distance, half opening of each eye, pixels */
} attack_subject;

/* Cuts the person out of a photograph so that they fill a frame of `width` x `height` as before a terminal. */
tb_status attack_prepare(tb_engine *engine, const tb_image *photograph, const tb_face *face, int width, int height,
                         attack_subject *out) TB_MUST_CHECK;
void attack_clear(attack_subject *subject); /* wipes */

/* How the head is held. */
typedef struct attack_pose {
    float yaw, pitch, roll; /* degrees, as tb_pose */
    float x, y, scale;      /* shift in eye distances; size */
    float closed, mouth;    /* 0..1 */
} attack_pose;

typedef struct attack_clip {
    const attack_subject *subject;
    attack_kind kind;
    uint32_t seed;
    /* what is answered, from picture `asked_at` on; an attack with a film answers something else than it was asked */
    tb_challenge answers[TB_CHALLENGES_MOST];
    int answer_count;
    uint64_t asked_at;
} attack_clip;
#define ATTACK_RATE 15   /* pictures a second */
#define ATTACK_ANSWER 24 /* pictures that one answer takes */

/* Picture `number` (from 0) of the clip: a pure function of the clip. */
tb_status attack_picture(const attack_clip *clip, uint64_t number, tb_image *out) TB_MUST_CHECK;

#endif
