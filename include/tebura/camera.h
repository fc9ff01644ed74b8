/* camera.h: pictures from wherever they come, one at a time, newest first: a slow reader skips, it never queues.
 *
 * Addresses (tb_camera_open):
 *   still:PATH[,PATH...]   the same pictures for ever, in turn (tests)
 *   virtual:               SIMULATION: re-photographs the scene given by tb_camera_scene
 *   video:PATH             a film file, once
 *   v4l2:/dev/video0       a camera on this machine        (FFmpeg's libavdevice)
 *   rtsp://HOST/PATH       a network camera                (FFmpeg's libavformat)
 *   pushed:                frames given by tb_camera_push  (a browser page) */
#ifndef TEBURA_CAMERA_H
#define TEBURA_CAMERA_H

#include <tebura/image.h>

typedef struct tb_camera tb_camera;

typedef struct tb_frame {
    tb_image image;    /* owned by the frame */
    int64_t taken;     /* tb_clock_monotonic() */
    uint64_t number;   /* counts up from 1; a gap means skipped pictures */
} tb_frame;
void tb_frame_free(tb_frame *frame); /* wipes */

/* TB_INVALID_ARGUMENT (address), TB_NOT_FOUND, TB_CAMERA_FAULT, TB_NO_MEMORY. Opening a device may take seconds. */
tb_status tb_camera_open(const char *address, tb_camera **out, tb_error *why) TB_MUST_CHECK;
void tb_camera_free(tb_camera **camera);
/* Waits at most `wait_ms` for a picture newer than the last one given. TB_TIMEOUT (nobody pushes, empty scene),
 * TB_END_OF_STREAM, TB_CAMERA_FAULT. One reader; pushing and scene changes from any thread. */
tb_status tb_camera_next(tb_camera *camera, int wait_ms, tb_frame *out) TB_MUST_CHECK;
int tb_camera_is_simulation(const tb_camera *camera); /* 1 for virtual: and still: ; shown on every screen */

/* pushed: takes an encoded picture (JPEG or PNG), decodes it, replaces an unread one. TB_INVALID_ARGUMENT for other kinds. */
tb_status tb_camera_push(tb_camera *camera, tb_span encoded, tb_error *why) TB_MUST_CHECK;

/* virtual: who stands before the camera. */
typedef struct tb_scene_person {
    char picture[512];  /* path of a photograph */
    tb_box region;      /* the person's head and shoulders in it, pixels; width 0 = whole picture */
    float distance;     /* 1 = as in the region, 2 = twice as far (half as large) */
    float angle;        /* in-plane rotation, degrees */
} tb_scene_person;
typedef struct tb_scene {
    int count; /* 0..4 people side by side; 0 = nobody there */
    tb_scene_person people[4];
    float light;   /* 1 = as is, 0.5 = half the light */
    float noise;   /* standard deviation, grey levels */
    int jpeg;      /* 0 = none, else quality 1..100 of one encode-decode */
    int width, height; /* of the frame, 0 = 640 x 480 */
    uint32_t seed; /* of noise and of small movements between frames; 0 = 1 */
} tb_scene;
tb_status tb_camera_scene(tb_camera *camera, const tb_scene *scene, tb_error *why) TB_MUST_CHECK;
/* One re-photograph, for tests and passport page simulation. */
tb_status tb_scene_render(const tb_scene *scene, uint64_t number, tb_image *out, tb_error *why) TB_MUST_CHECK;

#endif
