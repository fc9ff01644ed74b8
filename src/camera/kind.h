/* kind.h: what every kind of camera offers, and what they share: the place for the newest picture, and waiting. */
#ifndef TEBURA_CAMERA_KIND_H
#define TEBURA_CAMERA_KIND_H

#include <pthread.h>
#include <tebura/camera.h>

typedef struct camera_kind {
    const char *prefix; /* of the address */
    int simulation;
    int whole_address; /* the prefix is part of what `open` gets (a URL) */
    /* `place` is the address without prefix, "" when nothing follows. */
    int (*is_program)(const char *place); /* NULL: never */
    tb_status (*open)(const char *place, void **device, tb_error *why);
    void (*close)(void *device);
    tb_status (*next)(void *device, int wait_ms, tb_frame *out, tb_error *why);
    tb_status (*push)(void *device, tb_span encoded, tb_error *why);        /* NULL: takes none */
    tb_status (*scene)(void *device, const tb_scene *scene, tb_error *why); /* NULL: has none */
} camera_kind;

extern const camera_kind camera_still, camera_virtual, camera_film, camera_v4l2, camera_rtsp, camera_pushed;

/* `classes`: /sys/class/video4linux. */
int camera_device_is_program(const char *classes, const char *device);

/* Time between two pictures of the simulated cameras: a real one is not faster either, and terminals share a machine.
 */
#define CAMERA_INTERVAL (TB_SECOND / 15)

/* A mutex and a condition whose waits end at times of tb_clock_monotonic(). */
typedef struct camera_gate {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} camera_gate;
tb_status camera_gate_init(camera_gate *gate) TB_MUST_CHECK; /* TB_NO_MEMORY: nothing is held */
void camera_gate_destroy(camera_gate *gate);
/* With the mutex held. 0 when `until` has passed, else 1 (perhaps for nothing: look again). */
int camera_gate_wait(camera_gate *gate, int64_t until);
int64_t camera_deadline(int wait_ms); /* tb_clock_monotonic() + wait_ms; negative waits count as 0 */

/* One picture, always the newest. I1: at most one picture is held, and it is unread. */
typedef struct camera_slot {
    camera_gate gate;
    tb_frame newest; /* image.data NULL: none */
    uint64_t number; /* of the newest picture that ever came */
    tb_status fault; /* TB_OK, or why none comes any more */
    tb_error why;
} camera_slot;
tb_status camera_slot_init(camera_slot *slot) TB_MUST_CHECK;
void camera_slot_destroy(camera_slot *slot);
/* Takes the image (zeroes *image), wipes an unread one, ends a fault. */
void camera_slot_put(camera_slot *slot, tb_image *image);
void camera_slot_fail(camera_slot *slot, const tb_error *why);
/* TB_OK with the picture, the fault once `wait_ms` have passed without one (at once when it is new), or TB_TIMEOUT. */
tb_status camera_slot_take(camera_slot *slot, int wait_ms, tb_frame *out, tb_error *why) TB_MUST_CHECK;

#endif
