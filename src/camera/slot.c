/* slot.c: the newest picture between the thread that makes them and the one that reads. */
#include "camera/kind.h"

#include <assert.h>
#include <time.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

tb_status camera_gate_init(camera_gate *gate)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return TB_NO_MEMORY;
    tb_status status = TB_NO_MEMORY;
    if (pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&gate->changed, &attributes) != 0)
        goto out;
    if (pthread_mutex_init(&gate->mutex, NULL) != 0)
        pthread_cond_destroy(&gate->changed);
    else
        status = TB_OK;
out:
    pthread_condattr_destroy(&attributes);
    return status;
}

void camera_gate_destroy(camera_gate *gate)
{
    pthread_mutex_destroy(&gate->mutex);
    pthread_cond_destroy(&gate->changed);
}

int camera_gate_wait(camera_gate *gate, int64_t until)
{
    if (tb_clock_monotonic() >= until)
        return 0;
    struct timespec at = {.tv_sec = (time_t)(until / TB_SECOND), .tv_nsec = (long)(until % TB_SECOND) * 1000};
    (void)pthread_cond_timedwait(&gate->changed, &gate->mutex, &at);
    return 1;
}

int64_t camera_deadline(int wait_ms)
{
    return tb_clock_monotonic() + (wait_ms > 0 ? (int64_t)wait_ms * 1000 : 0);
}

tb_status camera_slot_init(camera_slot *slot)
{
    *slot = (camera_slot){0};
    return camera_gate_init(&slot->gate);
}

void camera_slot_destroy(camera_slot *slot)
{
    tb_frame_free(&slot->newest);
    camera_gate_destroy(&slot->gate);
}

void camera_slot_put(camera_slot *slot, tb_image *image)
{
    assert(image->data);
    pthread_mutex_lock(&slot->gate.mutex);
    tb_frame_free(&slot->newest);
    slot->newest = (tb_frame){.image = *image, .taken = tb_clock_monotonic(), .number = ++slot->number};
    *image = (tb_image){0};
    slot->fault = TB_OK;
    pthread_cond_broadcast(&slot->gate.changed);
    pthread_mutex_unlock(&slot->gate.mutex);
}

void camera_slot_fail(camera_slot *slot, const tb_error *why)
{
    assert(why->status != TB_OK);
    pthread_mutex_lock(&slot->gate.mutex);
    slot->fault = why->status;
    slot->why = *why;
    pthread_cond_broadcast(&slot->gate.changed);
    pthread_mutex_unlock(&slot->gate.mutex);
}

tb_status camera_slot_take(camera_slot *slot, int wait_ms, tb_frame *out, tb_error *why)
{
    int64_t deadline = camera_deadline(wait_ms);
    pthread_mutex_lock(&slot->gate.mutex);
    tb_status before =
        slot->fault; /* a fault that the reader may know already: give the device its time to come back */
    while (!slot->newest.image.data && (slot->fault == TB_OK || slot->fault == before))
        if (!camera_gate_wait(&slot->gate, deadline))
            break;
    tb_status status = TB_OK;
    if (slot->newest.image.data) {
        *out = slot->newest;
        slot->newest = (tb_frame){0};
    } else if (slot->fault != TB_OK) {
        status = slot->fault;
        if (why)
            *why = slot->why;
    } else {
        status = TB_TIMEOUT;
    }
    pthread_mutex_unlock(&slot->gate.mutex);
    return status;
}
