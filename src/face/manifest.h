/* manifest.h: what models/manifest.yaml says, as a struct. Every number in it has been checked to be usable. */
#ifndef TEBURA_FACE_MANIFEST_H
#define TEBURA_FACE_MANIFEST_H

#include <tebura/face.h>

#include "image/sample.h"

typedef struct tb_network_input {
    uint32_t width, height;
    tb_channels order;
    float mean, divisor; /* value = (sample - mean) / divisor */
} tb_network_input;

typedef struct tb_network_entry {
    char file[128], sha256[72], source[192], licence[64];
    tb_network_input input;
} tb_network_entry;

typedef struct tb_manifest {
    uint32_t version;
    struct tb_detect_entry {
        tb_network_entry network;
        float threshold, overlap, shrink;
    } detect;
    struct tb_landmarks_entry {
        tb_network_entry network;
    } landmarks;
    struct tb_embed_entry {
        tb_network_entry network;
        uint32_t model, dimension;
        float points[10];
        uint32_t mirror; /* 1: the template is the mean of the face and its mirror image */
    } embed;
    struct tb_liveness_entry {
        tb_network_entry network;
        uint32_t live;
        float margin;
    } liveness;
    /* The next two may be absent: then `file` is "" and what needs them answers TB_UNSUPPORTED. */
    struct tb_pose_entry {
        tb_network_entry network;
        float margin;
        float degrees[3]; /* from one bin to the next, of yaw, pitch and roll; negative turns the sign round */
    } pose;
    struct tb_eyes_entry {
        tb_network_entry network;
        uint32_t open;
        float margin;
    } eyes;
    struct tb_calibration_entry {
        int provisional;
        tb_calibration numbers;
        /* Where it comes from; "" and zeros when the manifest does not say. Nothing is computed from it. */
        struct tb_calibration_source {
            char date[16], source[192];
            uint32_t people, pictures, genuine, impostor;
        } measured;
        struct tb_calibration_tail {
            double fraction, start, shape, scale;
        } tail;
        float genuine[8]; /* quantiles of the genuine scores: 0.1 %, 1 %, 5 %, 25 %, 50 % */
        uint32_t genuine_count;
    } calibration;
    /* Models whose templates are still recognised and made (doc/adr/029); may be absent. Of their calibration
     * everything counts but the liveness. */
    uint32_t former_count;
    struct tb_former_entry {
        struct tb_embed_entry embed;
        struct tb_calibration_entry calibration;
    } former[TB_MODELS_MAX - 1];
} tb_manifest;

/* The model in force first, then former ones. How many. */
int tb_manifest_models(const tb_manifest *manifest, tb_model out[TB_MODELS_MAX]);

/* TB_MALFORMED with the line and the field in `why`, TB_UNSUPPORTED (version), TB_NO_MEMORY. */
tb_status tb_manifest_parse(tb_span yaml, tb_manifest *out, tb_error *why) TB_MUST_CHECK;
/* From `path`, or from where face.h says when NULL. `found` (size bytes) receives the path used. TB_MODEL_MISSING
 * too. */
tb_status tb_manifest_read(const char *path, tb_manifest *out, char *found, size_t size, tb_error *why) TB_MUST_CHECK;
/* The bytes of one network, verified: where `directory` (may be NULL) or the rules of face.h say. `out` is appended to.
 * TB_MODEL_MISSING for an absent file and for one with another hash. */
tb_status tb_manifest_load(const tb_network_entry *entry, const char *directory, const char *manifest_path,
                           tb_bytes *out, tb_error *why) TB_MUST_CHECK;

#endif
