/* camera_virtual.c: SIMULATION: a camera before which the scene can be changed at any time. */
#include "camera/kind.h"

#include <stdlib.h>

#include <tebura/clock.h>

#include "camera/scene.h"

struct virtual
{
    camera_gate gate;
    scene_stage stage;
    int empty_shown; /* the empty place was photographed once since the last person left it */
    uint64_t number;
    int64_t due;
};

static tb_status virtual_open(const char *place, void **device, tb_error *why)
{
    if (*place)
        return tb_fail(why, TB_INVALID_ARGUMENT, "nothing may follow after virtual: (the scene is given later)");
    struct virtual *camera = calloc(1, sizeof *camera);
    if (!camera || camera_gate_init(&camera->gate) != TB_OK) {
        free(camera);
        return tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    }
    camera->empty_shown = 1;
    *device = camera;
    return TB_OK;
}

static void virtual_close(void *device)
{
    struct virtual *camera = device;
    scene_clear(&camera->stage);
    camera_gate_destroy(&camera->gate);
    free(camera);
}

static int ready(const struct virtual *camera)
{
    return (camera->stage.scene.count > 0 || !camera->empty_shown) && tb_clock_monotonic() >= camera->due;
}

static tb_status virtual_next(void *device, int wait_ms, tb_frame *out, tb_error *why)
{
    (void)why;
    struct virtual *camera = device;
    int64_t deadline = camera_deadline(wait_ms);
    tb_status status = TB_TIMEOUT;
    pthread_mutex_lock(&camera->gate.mutex);
    while (!ready(camera)) {
        int waiting_for_due = camera->due > tb_clock_monotonic() && camera->due < deadline;
        if (!camera_gate_wait(&camera->gate, waiting_for_due ? camera->due : deadline) && !waiting_for_due)
            goto out;
    }
    status = scene_photograph(&camera->stage, camera->number + 1, &out->image);
    if (status != TB_OK)
        goto out;
    camera->empty_shown = camera->stage.scene.count == 0;
    out->taken = tb_clock_monotonic();
    out->number = ++camera->number;
    camera->due = out->taken + CAMERA_INTERVAL;
out:
    pthread_mutex_unlock(&camera->gate.mutex);
    return status;
}

static tb_status virtual_scene(void *device, const tb_scene *scene, tb_error *why)
{
    struct virtual *camera = device;
    scene_stage stage;
    tb_status status = scene_prepare(scene, &stage, why); /* outside the lock: reading photographs takes its time */
    if (status != TB_OK)
        return status;
    pthread_mutex_lock(&camera->gate.mutex);
    scene_stage old = camera->stage;
    camera->stage = stage;
    if (old.scene.count > 0)
        camera->empty_shown = 0;
    pthread_cond_broadcast(&camera->gate.changed);
    pthread_mutex_unlock(&camera->gate.mutex);
    scene_clear(&old);
    return TB_OK;
}

const camera_kind camera_virtual = {.prefix = "virtual:",
                                    .simulation = 1,
                                    .open = virtual_open,
                                    .close = virtual_close,
                                    .next = virtual_next,
                                    .scene = virtual_scene};
