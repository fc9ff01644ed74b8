/* camera_pushed.c: pictures that somebody brings, one at a time: a browser page with the visitor's own webcam. */
#include "camera/kind.h"

#include <stdlib.h>

#include <tebura/clock.h>

/* A webcam's frame, not a panorama: what is larger has another purpose. */
#define PUSHED_MAX_BYTES (8u << 20)

struct pushed {
    camera_slot slot;
    int64_t last; /* when the reader got a picture, or the camera was opened */
};

static tb_status pushed_open(const char *place, void **device, tb_error *why)
{
    if (*place)
        return tb_fail(why, TB_INVALID_ARGUMENT, "nothing may follow after pushed:");
    struct pushed *pushed = malloc(sizeof *pushed);
    if (!pushed)
        return tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    tb_status status = camera_slot_init(&pushed->slot);
    if (status != TB_OK) {
        free(pushed);
        return tb_fail(why, status, "no memory for a camera");
    }
    pushed->last = tb_clock_monotonic();
    *device = pushed;
    return TB_OK;
}

static void pushed_close(void *device)
{
    struct pushed *pushed = device;
    camera_slot_destroy(&pushed->slot);
    free(pushed);
}

static tb_status pushed_next(void *device, int wait_ms, tb_frame *out, tb_error *why)
{
    struct pushed *pushed = device;
    tb_status status = camera_slot_take(&pushed->slot, wait_ms, out, why);
    if (status == TB_OK)
        pushed->last = out->taken;
    if (status != TB_TIMEOUT || tb_clock_monotonic() - pushed->last <= TB_CAMERA_PATIENCE)
        return status;
    return tb_fail(why, TB_CAMERA_SILENT, "%s", tb_status_sentence(TB_CAMERA_SILENT));
}

static tb_status pushed_push(void *device, tb_span encoded, tb_error *why)
{
    if (encoded.size > PUSHED_MAX_BYTES)
        return tb_fail(why, TB_TOO_LARGE, "a pushed picture has at most %u bytes, this one %zu", PUSHED_MAX_BYTES,
                       encoded.size);
    tb_image image = {0};
    tb_status status =
        tb_image_decode(encoded, &image, why); /* before the slot is touched: a bad picture costs no good one */
    if (status == TB_OK)
        camera_slot_put(&((struct pushed *)device)->slot, &image);
    return status;
}

const camera_kind camera_pushed = {
    .prefix = "pushed:", .open = pushed_open, .close = pushed_close, .next = pushed_next, .push = pushed_push};
