/* zone.h: who stands in the capture zone. Faces outside of it do not count; one person is one track as long as they
 * stand there.
 *
 * A track is told apart by place (overlap from picture to picture) and by look (a coarse, normalised chip of 16 x 16
 * grey values of the last picture; far too coarse to recognise anybody by, but it changes when another face is
 * suddenly in the same place). The chip is of the newest picture only, lies in secret memory, and is wiped as soon as
 * the face is gone (ADR 081). A face that the detector overlooks for a picture or two is still there: alone it keeps
 * its track, beside another it keeps that one from being alone. One thread. */
#ifndef TERMINAL_ZONE_H
#define TERMINAL_ZONE_H

#include <tebura/face.h>

#include "terminal/machine.h"

typedef struct tb_zone_options {
    float left, top, right, bottom; /* the central region, shares of the picture's sides; all 0: 0.1, 0.05, 0.9, 0.95 */
    float eye_distance;             /* least distance between the eyes, share of the picture's width; 0: 0.045 */
    int steady;                     /* pictures in a row before somebody is captured; 0: 2 */
    /* least correlation of the chips of one track; 0: 0.9 (measured: same person 0.995, others up to 0.88) */
    float likeness;
} tb_zone_options;

typedef struct tb_zone tb_zone;

tb_status tb_zone_new(const tb_zone_options *options, tb_zone **out) TB_MUST_CHECK; /* NULL: all defaults */
void tb_zone_free(tb_zone **zone);
/* One picture and the faces found in it. `chosen` (may be NULL): index of the only candidate's face, -1 when there is
 * not exactly one (but see tb_zone_focus). */
void tb_zone_see(tb_zone *zone, const tb_image *image, const tb_face *faces, int count, tb_zone_view *out, int *chosen);
/* Whoever has this track was asked to turn the head: they may look less like themselves, or be overlooked, for a
 * moment. The caller makes sure that it is the same person afterwards. 0: nobody. */
void tb_zone_lenient(tb_zone *zone, uint32_t track);
/* `chosen` is this track's face from now on, whoever stands beside it (group admission); 0: the only candidate's. */
void tb_zone_focus(tb_zone *zone, uint32_t track);
/* Nobody is there: everything about everybody is wiped. */
void tb_zone_clear(tb_zone *zone);

/* The centres of both eyes. */
void tb_zone_eyes(const tb_face *face, tb_point eyes[2]);

#endif
