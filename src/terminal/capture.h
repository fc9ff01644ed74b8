/* capture.h: from pictures to one good template of the one person in the zone. Pictures are skipped, never queued:
 * each call looks at one, and keeps at most one (the best of the burst so far).
 *
 * A burst takes `burst` pictures that are good enough; the best of them gives the template; a liveness session
 * watches everything that the person before the camera does, and judges at the end (liveness.h). Who does not look
 * straight into the camera within half of `patience` is taken as they are, when everything else is good: the
 * decision's threshold guards against strangers, and a person who walks by should not have to pose (ADR 082). One
 * thread: the engine's. */
#ifndef TERMINAL_CAPTURE_H
#define TERMINAL_CAPTURE_H

#include <tebura/camera.h>
#include <tebura/liveness.h>
#include <tebura/profile.h>

#include "terminal/zone.h"

typedef struct tb_capturer tb_capturer;

typedef struct tb_capture_options {
    tb_zone_options zone;
    int burst;          /* 1..7; 0: 3 */
    int64_t patience;   /* microseconds without a good burst before "try again" is said; 0: 1.5 s */
    int turned_quality; /* least unified quality of a picture whose only fault is the pose; 0: 50 */
    int without_liveness;
    int virtual_device; /* the camera is a program's (tb_camera_is_program): nobody before it is live */
    int simulation;     /* the camera is one: only the passive part of liveness counts (liveness.h) */
} tb_capture_options;

tb_status tb_capturer_new(const tb_capture_options *options, tb_engine *engine, tb_capturer **out) TB_MUST_CHECK;
void tb_capturer_free(tb_capturer **capturer);

/* From the next burst on: when is somebody asked to turn the head, close the eyes ... after it? At first never. Needs
 * an engine with pose and eyes: without them a burst that wants a challenge ends with TB_UNSUPPORTED. */
void tb_capturer_challenge(tb_capturer *capturer, tb_challenge_when when);
/* The burst is of this track (of tb_zone_view), whoever stands beside it; 0: of whoever is there alone. Before
 * arming. */
void tb_capturer_focus(tb_capturer *capturer, uint32_t track);
/* A burst begins with the next picture. */
void tb_capturer_arm(tb_capturer *capturer);
/* No burst any more; what was kept is wiped. */
void tb_capturer_disarm(tb_capturer *capturer);

typedef struct tb_captured {
    int finished;     /* the burst is over: status, and `template` when it is TB_OK */
    tb_status status; /* TB_OK, TB_RETRY_..., TB_INJECTED, TB_MODEL_FAILED, TB_UNSUPPORTED, TB_NO_MEMORY */
    tb_status source; /* also while no burst is wanted: TB_OK, or TB_INJECTED */
    float live;       /* the combined score */
    uint8_t quality;
    int templates;              /* how many were written: one for each model of the engine, with finished and TB_OK */
    tb_liveness_progress asked; /* a challenge under way: what the person is to do now */
} tb_captured;
/* One picture. `template` (secret memory, the caller's, room for as many as the engine has models) is written only with
 * finished and TB_OK. TB_MODEL_FAILED, TB_NO_MEMORY: the picture was not looked at. */
tb_status tb_capturer_see(tb_capturer *capturer, const tb_frame *frame, tb_zone_view *zone, tb_captured *captured,
                          tb_template *template) TB_MUST_CHECK;
/* No picture came: nobody is there. */
void tb_capturer_nobody(tb_capturer *capturer, tb_zone_view *zone);

/* The template of the picture in a passport. TB_RETRY_NO_FACE, TB_RETRY_SEVERAL_FACES ... : the picture cannot be
 * used. */
tb_status tb_capture_document(tb_engine *engine, const tb_image *page, tb_template *out) TB_MUST_CHECK;

#endif
