/* quality.h: how usable a picture of a face is, measure by measure, in the terms of ISO/IEC 29794-5, and what the
 * person should do about it. The measures are our own, plain and explainable; a measure of the same name in the
 * standard's reference implementation gives other numbers.
 *
 * Purposes, one table of limits. At a passage (identification) little refuses: a poor picture lowers a similarity and
 * never raises it, and nobody should have to pose. At enrolment more does: what is kept is compared for years. Guidance
 * says the most and refuses nothing: a plain background is nicer, and a fringe or a covering worn for faith is not to
 * be told from a hat. What has no limit only informs. No limit asks about skin: light is judged by what is lost in
 * it. */
#ifndef TEBURA_QUALITY_H
#define TEBURA_QUALITY_H

#include <stdint.h>

#include <tebura/status.h>

typedef enum tb_capture_purpose {
    TB_FOR_IDENTIFICATION, /* refuses what cannot be compared */
    TB_FOR_ENROLMENT,      /* refuses what should not be kept */
    TB_FOR_GUIDANCE,       /* refuses nothing: also says what could be better, while somebody still stands there */
    TB_PURPOSES
} tb_capture_purpose;

/* In the order in which a person is asked to mend them: what makes other measures wrong comes first. */
typedef enum tb_quality_component {
    TB_QUALITY_FACE_IN_PICTURE,  /* share of the face that is not cut off, 0..1 */
    TB_QUALITY_EYE_DISTANCE,     /* pixels between the eye centres */
    TB_QUALITY_HEAD_SIZE,        /* the same, as a share of the picture's width */
    TB_QUALITY_BRIGHTNESS,       /* mean luminance of the inner face, 0..255 */
    TB_QUALITY_UNDER_EXPOSURE,   /* share of the inner face that is black, 0..1 */
    TB_QUALITY_OVER_EXPOSURE,    /* share of the inner face that is white, 0..1 */
    TB_QUALITY_EVENNESS,         /* mean luminance of the darker half of the face over that of the brighter, 0..1 */
    TB_QUALITY_EYES_VISIBLE,     /* share of the eye regions that is not black, hidden or glass, the worse eye, 0..1 */
    TB_QUALITY_MOUTH_VISIBLE,    /* share of the lower face that looks like the rest of the face, 0..1 */
    TB_QUALITY_CONTRAST,         /* standard deviation of luminance of the inner face */
    TB_QUALITY_DYNAMIC_RANGE,    /* entropy of its histogram, bits, 0..8 */
    TB_QUALITY_SHARPNESS,        /* variance of the Laplacian over the variance of the picture, logarithm to base 10 */
    TB_QUALITY_YAW,              /* degrees away from frontal, without sign */
    TB_QUALITY_PITCH,            /* the same */
    TB_QUALITY_ROLL,             /* the same */
    TB_QUALITY_EYES_OPEN,        /* probability, mean of both eyes, 0..1; only with the network (tb_engine_eyes) */
    TB_QUALITY_MOUTH_CLOSED,     /* opening between the lips over the distance from eyes to chin */
    TB_QUALITY_FOREHEAD_VISIBLE, /* share of the forehead that looks like the rest of the face, 0..1: hats, and hair */
    TB_QUALITY_BACKGROUND,       /* mean step of luminance from place to place beside the head; 0 is plain */
    TB_QUALITY_NATURAL_COLOUR,   /* mean difference of the colour channels, 0..255; 0 is a black-and-white picture */
    TB_QUALITY_COMPONENTS
} tb_quality_component;

#define TB_QUALITY_UNKNOWN 255 /* a score that was not measured */

typedef struct tb_quality {
    float native[TB_QUALITY_COMPONENTS];  /* in the unit said above; NaN: not measured (nothing to measure it by) */
    uint8_t score[TB_QUALITY_COMPONENTS]; /* 0..100, more is better; TB_QUALITY_UNKNOWN */
    float eye_distance;                   /* pixels between the eye centres */
    float yaw, pitch, roll; /* degrees with the signs of tb_pose: by its network where that is loaded, else
                                           * from the landmarks' geometry, good to ten degrees */
    uint8_t unified;        /* 0..100: the weighted geometric mean of the scores */
    tb_status advice;       /* tb_quality_advice for identification */
} tb_quality;

/* One side of a measure: `worst` scores 0, `best` 100, straight between (worst > best: less is better). Beyond
 * limit[purpose] the person is told `status`; NaN: never. Not there when `best` is NaN. */
typedef struct tb_quality_side {
    float worst, best, limit[TB_PURPOSES];
    tb_status status;
} tb_quality_side;

typedef struct tb_quality_rule {
    const char *name;          /* as in JSON: "eyes_open" */
    const char *standard;      /* the component of ISO/IEC 29794-5 that it stands for */
    const char *unit;          /* "px", "degrees", "" ... */
    tb_quality_side low, high; /* too little, too much */
    float weight;              /* in the unified score; 0: not in it */
} tb_quality_rule;

/* The table; lives for ever. */
const tb_quality_rule *tb_quality_rule_of(tb_quality_component component);

/* TB_OK, or what the person should mend first for this purpose. */
tb_status tb_quality_advice(const tb_quality *quality, tb_capture_purpose purpose) TB_MUST_CHECK;
/* The same about one component only. */
tb_status tb_quality_judge(const tb_quality *quality, tb_quality_component component,
                           tb_capture_purpose purpose) TB_MUST_CHECK;

#endif
