/* face.h: from a picture to faces, templates, liveness and quality. Models come from a manifest (models/manifest.yaml):
 * file, source, SHA-256, licence, input, output, calibration; a buyer replaces them without touching code. */
#ifndef TEBURA_FACE_H
#define TEBURA_FACE_H

#include <tebura/image.h>
#include <tebura/quality.h>
#include <tebura/template.h>

#define TB_LANDMARKS 68
#define TB_FACES_MAX 32

typedef struct tb_face {
    tb_box box;
    float score;                      /* detector's, 0..1 */
    tb_point landmarks[TB_LANDMARKS]; /* iBUG 300-W order, pixels of the picture */
    int has_landmarks;
    /* how far the landmarks are from those of the mirrored face, on average, in shares of its side: 0.007 is usual;
     * above TB_DOUBT_MOST they fit no face (one that lies on its side or upside down, most often) */
    float doubt;
} tb_face;
#define TB_DOUBT_MOST 0.025f

typedef struct tb_engine tb_engine;

typedef struct tb_engine_options {
    /* path of the YAML; NULL: $TEBURA_MODELS or models/manifest.yaml of the installation or source tree */
    const char *manifest;
    /* where the network files lie; NULL: as the manifest's own sibling or $TEBURA_DEPS/models */
    const char *directory;
    int threads;          /* of the runtime inside one call; 0 = 1 */
    int without_liveness; /* do not load that network; tb_engine_liveness then answers TB_UNSUPPORTED */
    int with_pose;        /* load the network of tb_engine_pose too, if the manifest has one */
    int with_eyes;        /* the same for tb_engine_eyes */
} tb_engine_options;

/* Loads and verifies every network (SHA-256 against the manifest). TB_MODEL_MISSING, TB_MODEL_FAILED, TB_NO_MEMORY,
 * TB_MALFORMED. */
tb_status tb_engine_open(const tb_engine_options *options, tb_engine **out, tb_error *why) TB_MUST_CHECK;
void tb_engine_free(tb_engine **engine);
uint32_t tb_engine_model(const tb_engine *engine); /* id of the embedding model */

/* One engine serves one thread at a time (its buffers are reused). All pixel data it held is wiped on free. */

/* Faces, best score first, with landmarks. *count is 0..TB_FACES_MAX; no face is TB_OK with *count 0. */
tb_status tb_engine_detect(tb_engine *engine, const tb_image *image, tb_face faces[TB_FACES_MAX],
                           int *count) TB_MUST_CHECK;
/* Every measure of quality.h. TB_INVALID_ARGUMENT: no landmarks. */
tb_status tb_engine_quality(tb_engine *engine, const tb_image *image, const tb_face *face,
                            tb_quality *out) TB_MUST_CHECK;
/* Probability 0..1 that the face is live (not print, not screen), passive, one frame. */
tb_status tb_engine_liveness(tb_engine *engine, const tb_image *image, const tb_face *face, float *live) TB_MUST_CHECK;
tb_status tb_engine_template(tb_engine *engine, const tb_image *image, const tb_face *face,
                             tb_template *out) TB_MUST_CHECK;

/* How the head is turned, degrees; 0 is frontal. Also the signs of tb_quality's angles. */
typedef struct tb_pose {
    float yaw;   /* > 0: to the person's own left, which is the right of the picture (ISO/IEC 39794-5) */
    float pitch; /* > 0: looks down (ISO/IEC 39794-5) */
    float roll;  /* > 0: clockwise in the picture, towards the person's left shoulder */
} tb_pose;
/* By a network of its own. TB_UNSUPPORTED: not asked for in the options, or the manifest has none. TB_INVALID_ARGUMENT:
 * the box is empty. TB_MODEL_FAILED, TB_NO_MEMORY. On failure *out is zeroed. */
tb_status tb_engine_pose(tb_engine *engine, const tb_image *image, const tb_face *face, tb_pose *out) TB_MUST_CHECK;
/* Probability 0..1 that each eye is open; the eye at the left of the picture first. An eye that cannot be seen (hair, a
 * profile, sunglasses) may come out as anything. Statuses as above; TB_INVALID_ARGUMENT: no landmarks. On failure both
 * are 0. */
tb_status tb_engine_eyes(tb_engine *engine, const tb_image *image, const tb_face *face, float open[2]) TB_MUST_CHECK;

/* One by each model (tb_engine_models): the one in force first. `out` has room for as many as there are models; *count
 * is 0 after a failure. */
tb_status tb_engine_templates(tb_engine *engine, const tb_image *image, const tb_face *face,
                              tb_template out[TB_MODELS_MAX], int *count) TB_MUST_CHECK;

/* Everything at once, as enrolment and terminals want it: exactly one face, quality good enough, template.
 * Answers the TB_RETRY_ status that applies. `live` may be NULL (liveness is then not run); with it, a face below the
 * manifest's liveness threshold answers TB_RETRY_NOT_LIVE (fails closed: an error of the network is never "live"). */
typedef struct tb_capture {
    tb_face face;
    tb_quality quality;
    float live;
    tb_template template;
} tb_capture;
tb_status tb_engine_capture(tb_engine *engine, const tb_image *image, int with_liveness, tb_capture *out) TB_MUST_CHECK;

/* A false match rate and the similarity that goes with it: where its upper confidence bound falls to this rate. */
typedef struct tb_knot {
    double fmr;
    float similarity;
} tb_knot;

#define TB_KNOTS_MAX 16
/* Calibration of the embedding model, from the manifest (tebura calibrate writes it).
 * Invariant: 2 to TB_KNOTS_MAX knots; from one to the next fmr falls and similarity rises. Between knots, and beyond
 * the last in the direction of the last two, the logarithm of the rate is a straight line. */
typedef struct tb_calibration {
    tb_knot curve[TB_KNOTS_MAX];
    uint32_t knots;
    float margin;       /* best minus second best below this is "not sure" */
    float verification; /* cosine for 1:1 against a document picture */
    float liveness;     /* probability below which a face is refused */
} tb_calibration;
/* What makes templates: they can be compared when they are of one model. */
typedef struct tb_model {
    uint32_t id; /* never 0 */
    uint16_t dimension;
    uint8_t modality; /* tb_modality */
    tb_calibration calibration;
} tb_model;
/* The model in force first, then those that are still made beside it. How many. */
int tb_engine_models(const tb_engine *engine, tb_model out[TB_MODELS_MAX]);
const tb_calibration *tb_engine_calibration(const tb_engine *engine); /* lives as long as the engine */
/* 1 when the manifest says that its calibration was measured on too few pictures to rely on: programs say so. */
int tb_engine_is_provisional(const tb_engine *engine);

#endif
