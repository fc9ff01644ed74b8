/* camera_pushed.c: pictures that somebody brings, one at a time: a browser page with the visitor's own webcam. */
#include "camera/kind.h"

#include <stdlib.h>

/* A webcam's frame, not a panorama: what is larger has another purpose. */
#define PUSHED_MAX_BYTES (8u << 20)

static tb_status pushed_open(const char *place, void **device, tb_error *why)
{
    if (*place)
        return tb_fail(why, TB_INVALID_ARGUMENT, "nothing may follow after pushed:");
    camera_slot *slot = malloc(sizeof *slot);
    if (!slot)
        return tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    tb_status status = camera_slot_init(slot);
    if (status != TB_OK) {
        free(slot);
        return tb_fail(why, status, "no memory for a camera");
    }
    *device = slot;
    return TB_OK;
}

static void pushed_close(void *device)
{
    camera_slot_destroy(device);
    free(device);
}

static tb_status pushed_next(void *device, int wait_ms, tb_frame *out, tb_error *why)
{
    return camera_slot_take(device, wait_ms, out, why);
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
        camera_slot_put(device, &image);
    return status;
}

const camera_kind camera_pushed = {
    .prefix = "pushed:", .open = pushed_open, .close = pushed_close, .next = pushed_next, .push = pushed_push};
