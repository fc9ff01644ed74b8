/* engine.h: what an engine is made of, and its stages, one file each. */
#ifndef TEBURA_FACE_ENGINE_H
#define TEBURA_FACE_ENGINE_H

#include "face/manifest.h"
#include "face/network.h"

struct tb_engine {
    tb_manifest manifest;
    tb_runtime runtime;
    tb_network detect, landmarks, embed, liveness, pose, eyes;
    int has_liveness, has_pose, has_eyes;
};

/* Fills `faces` with boxes and scores, best first; landmarks follow in the next stage. */
tb_status tb_stage_detect(tb_engine *engine, const tb_image *image, tb_face faces[TB_FACES_MAX],
                          int *count) TB_MUST_CHECK;
tb_status tb_stage_landmarks(tb_engine *engine, const tb_image *image, tb_face *face) TB_MUST_CHECK;

/* The template of a face with landmarks, whose quality has been measured. */
tb_status tb_stage_embed(tb_engine *engine, const tb_image *image, const tb_face *face, uint8_t quality,
                         tb_template *out) TB_MUST_CHECK;

/* Eye centres (left in the picture first), nose's tip, corners of the mouth. */
void tb_face_points(const tb_face *face, tb_point out[5]);
/* The face as the embedding network sees it. The caller frees. */
tb_status tb_face_align(const tb_engine *engine, const tb_image *image, const tb_face *face,
                        tb_image *out) TB_MUST_CHECK;

/* The share of one class among all, 0..1; the expected class, counted from the middle of all. */
float tb_softmax_share(const tb_tensor *output, uint32_t class);
float tb_softmax_expected(const tb_tensor *output);

/* Nothing but geometry: yaw, pitch and roll in degrees, eye distance in pixels. */
void tb_face_pose(const tb_face *face, tb_quality *out);

#endif
