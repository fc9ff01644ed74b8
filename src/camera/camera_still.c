/* camera_still.c: SIMULATION: the same pictures for ever, in turn. */
#include "camera/kind.h"

#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>

#define STILLS_MAX 64

struct still {
    camera_gate gate; /* only for waiting */
    int count;
    tb_image images[STILLS_MAX];
    uint64_t number;
    int64_t due;
};

static void still_close(void *device)
{
    struct still *still = device;
    for (int i = 0; i < still->count; i++)
        tb_image_free(&still->images[i]);
    camera_gate_destroy(&still->gate);
    free(still);
}

static tb_status read_all(struct still *still, const char *paths, tb_error *why)
{
    while (*paths) {
        size_t length = strcspn(paths, ",");
        if (length == 0)
            return tb_fail(why, TB_INVALID_ARGUMENT, "an empty path in the list after still:");
        if (still->count == STILLS_MAX)
            return tb_fail(why, TB_INVALID_ARGUMENT, "more than %d pictures after still:", STILLS_MAX);
        char *path = strndup(paths, length);
        if (!path)
            return tb_fail(why, TB_NO_MEMORY, "no memory for a path");
        tb_status status = tb_image_read(path, &still->images[still->count], why);
        free(path);
        if (status != TB_OK)
            return status;
        still->count++;
        paths += length;
        if (*paths == ',' && !*++paths)
            return tb_fail(why, TB_INVALID_ARGUMENT, "an empty path at the end of the list after still:");
    }
    if (still->count == 0)
        return tb_fail(why, TB_INVALID_ARGUMENT, "still: needs at least one path");
    return TB_OK;
}

static tb_status still_open(const char *place, void **device, tb_error *why)
{
    struct still *still = calloc(1, sizeof *still);
    if (!still || camera_gate_init(&still->gate) != TB_OK) {
        free(still);
        return tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    }
    tb_status status = read_all(still, place, why);
    if (status != TB_OK) {
        still_close(still);
        return status;
    }
    *device = still;
    return TB_OK;
}

static tb_status still_next(void *device, int wait_ms, tb_frame *out, tb_error *why)
{
    (void)why;
    struct still *still = device;
    int64_t deadline = camera_deadline(wait_ms);
    if (still->due < deadline)
        deadline = still->due;
    pthread_mutex_lock(&still->gate.mutex);
    while (camera_gate_wait(&still->gate, deadline))
        ;
    pthread_mutex_unlock(&still->gate.mutex);
    if (tb_clock_monotonic() < still->due)
        return TB_TIMEOUT;
    tb_status status = tb_image_copy(&still->images[still->number % (uint64_t)still->count], &out->image);
    if (status != TB_OK)
        return status;
    out->taken = tb_clock_monotonic();
    out->number = ++still->number;
    still->due = out->taken + CAMERA_INTERVAL;
    return TB_OK;
}

const camera_kind camera_still = {
    .prefix = "still:", .simulation = 1, .open = still_open, .close = still_close, .next = still_next};
