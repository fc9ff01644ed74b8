/* engine.h: what an engine is made of, and its stages, one file each. */
#ifndef TEBURA_FACE_ENGINE_H
#define TEBURA_FACE_ENGINE_H

#include "face/manifest.h"
#include "face/network.h"

enum { TB_CANDIDATES_MAX = 512, TB_PORTRAIT_SIDE = 128 };

/* Boxes that the detector offers, best first. */
struct tb_candidates {
    int count;
    float scores[TB_CANDIDATES_MAX];
    tb_box boxes[TB_CANDIDATES_MAX];
};

/* Everything that holds pixels, or what follows from them, is taken once and used again; tb_engine_wipe empties it. */
struct tb_engine {
    tb_manifest manifest;
    tb_runtime runtime;
    tb_network detect, landmarks, embed, liveness, pose, eyes;
    tb_network former[TB_MODELS_MAX - 1]; /* of manifest.former_count models beside the one in force */
    int has_liveness, has_pose, has_eyes;
    tb_image aligned;  /* 112 x 112 or what the embedding network takes */
    tb_image portrait; /* what the quality measures look at (face/quality.h) */
    struct tb_candidates candidates;
};

/* Wipes inputs and outputs of every network, the aligned face and what lay in between: every public function that
 * looked at a picture ends with it. */
void tb_engine_wipe(tb_engine *engine);

/* Fills `faces` with boxes and scores, best first; landmarks follow in the next stage. */
tb_status tb_stage_detect(tb_engine *engine, const tb_image *image, tb_face faces[TB_FACES_MAX],
                          int *count) TB_MUST_CHECK;
tb_status tb_stage_landmarks(tb_engine *engine, const tb_image *image, tb_face *face) TB_MUST_CHECK;

/* The template of a face with landmarks, whose quality has been measured. */
tb_status tb_stage_embed(tb_engine *engine, const tb_image *image, const tb_face *face, uint8_t quality,
                         tb_template *out) TB_MUST_CHECK;

/* The same by every model: `out` has room for TB_MODELS_MAX; the one in force first. *count 0 after a failure. */
tb_status tb_stage_embed_all(tb_engine *engine, const tb_image *image, const tb_face *face, uint8_t quality,
                             tb_template *out, int *count) TB_MUST_CHECK;

/* Eye centres (left in the picture first), nose's tip, corners of the mouth. */
void tb_face_points(const tb_face *face, tb_point out[5]);
/* The face as the embedding network sees it: the engine's, until the next call or tb_engine_wipe. */
tb_status tb_face_align(tb_engine *engine, const tb_image *image, const tb_face *face,
                        const tb_image **out) TB_MUST_CHECK;

/* The share of one class among all, 0..1; the expected class, counted from the middle of all. */
float tb_softmax_share(const tb_tensor *output, uint32_t class);
float tb_softmax_expected(const tb_tensor *output);

/* Nothing but geometry: yaw, pitch and roll in degrees, eye distance in pixels. */
void tb_face_pose(const tb_face *face, tb_quality *out);

#endif
