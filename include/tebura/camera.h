/* camera.h: pictures from wherever they come, one at a time, newest first: a slow reader skips, it never queues.
 * (A film is the exception: every picture of it, in order, as fast as it is asked for.)
 *
 * Addresses (tb_camera_open):
 *   still:PATH[,PATH...]   SIMULATION: the same pictures for ever, in turn (tests)
 *   virtual:               SIMULATION: re-photographs the scene given by tb_camera_scene
 *   video:PATH             a film file, once
 *   v4l2:/dev/video0       a camera on this machine        (FFmpeg's libavdevice)
 *   rtsp://HOST/PATH       a network camera                (FFmpeg's libavformat)
 *   pushed:                frames given by tb_camera_push  (a browser page) */
#ifndef TEBURA_CAMERA_H
#define TEBURA_CAMERA_H

#include <tebura/clock.h>
#include <tebura/image.h>

typedef struct tb_camera tb_camera;

typedef struct tb_frame {
    tb_image image;  /* owned by the frame */
    int64_t taken;   /* tb_clock_monotonic() */
    uint64_t number; /* counts up from 1; a gap means skipped pictures */
} tb_frame;
void tb_frame_free(tb_frame *frame); /* wipes */

/* TB_INVALID_ARGUMENT (address), TB_NOT_FOUND, TB_CAMERA_FAULT, TB_NO_MEMORY. Opening a device may take seconds. */
tb_status tb_camera_open(const char *address, tb_camera **out, tb_error *why) TB_MUST_CHECK;
void tb_camera_free(tb_camera **camera); /* wipes every picture it held */
#define TB_CAMERA_PATIENCE (3 * TB_SECOND)
/* Waits at most `wait_ms` for a picture newer than the last one given. TB_TIMEOUT (none yet; an empty scene,
 * after one picture of the empty place), TB_END_OF_STREAM (film), TB_CAMERA_FAULT (a device that stopped: keep
 * calling, it is opened again with growing pauses). On failure *out is zeroed. One reader; pushing and scene changes
 * from any thread. Where nobody has pushed any for TB_CAMERA_PATIENCE: TB_CAMERA_SILENT. The simulated kinds give at
 * most 15 pictures a second. */
tb_status tb_camera_next(tb_camera *camera, int wait_ms, tb_frame *out) TB_MUST_CHECK;
/* Why the last tb_camera_next failed (never holds a URL's password); for the reader's thread, until its next call. */
const tb_error *tb_camera_why(const tb_camera *camera);
int tb_camera_is_simulation(const tb_camera *camera); /* 1 for virtual: and still: ; shown on every screen */

/* 1 for a v4l2: device that is no hardware (v4l2loopback, vivid): whoever feeds it decides what is seen. */
int tb_camera_is_program(const tb_camera *camera);

/* pushed: takes an encoded picture (JPEG or PNG, 8 MiB at most), decodes it, replaces an unread one.
 * TB_INVALID_ARGUMENT for other kinds; as tb_image_decode, and then an earlier unread picture stays. */
tb_status tb_camera_push(tb_camera *camera, tb_span encoded, tb_error *why) TB_MUST_CHECK;

/* virtual: who stands before the camera. A re-photograph is a photograph: passive liveness looks at 2.7 times the
 * face's box, sees the cut when a region ends inside it, and takes noise for print. With regions of five times the
 * face's box, noise 0 and jpeg 92, 19 of the 20 faces in the demo's pictures that pass by themselves pass
 * re-photographed; a noise of 2 fails a quarter. */
typedef struct tb_scene_person {
    char picture[512]; /* path of a photograph */
    tb_box region;     /* the person's head and shoulders in it, pixels, sides 8..16384; width 0 = whole picture */
    /* 0.2..20; 1 = the region fills the person's share of the frame, 2 = half as large; 0 means 1 */
    float distance;
    float angle; /* in-plane rotation, degrees, -180..180, clockwise */
} tb_scene_person;
typedef struct tb_scene {
    int count; /* 0..4 people side by side; 0 = nobody there */
    tb_scene_person people[4];
    float light;       /* linear: 1 = as is, 0.5 = half the light; 0.01..8, 0 means 1 */
    float noise;       /* standard deviation, grey levels, 0..80 */
    int jpeg;          /* 0 = none, else quality 1..100 of one encode-decode */
    int width, height; /* of the frame, 64..4096; both 0 = 640 x 480 */
    uint32_t seed;     /* of noise and of small movements between frames; 0 = 1 */
} tb_scene;
/* TB_INVALID_ARGUMENT (another kind of camera, a value out of range), or as tb_image_read: the scene before then
 * stays. */
tb_status tb_camera_scene(tb_camera *camera, const tb_scene *scene, tb_error *why) TB_MUST_CHECK;
/* One re-photograph, for tests and passport page simulation: a pure function of scene, photographs and `number`. */
tb_status tb_scene_render(const tb_scene *scene, uint64_t number, tb_image *out, tb_error *why) TB_MUST_CHECK;

#endif
