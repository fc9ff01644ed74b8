/* camera_av.c: films, cameras on this machine (V4L2) and network cameras (RTSP).
 *
 * A film is decoded when it is asked for: every picture, once. A live source has a thread of its own that keeps only
 * the newest picture. When the source stops, the thread says so, closes it and opens it again after a pause that grows
 * from REOPEN_FIRST to REOPEN_LAST. Freeing the camera ends the thread at its next wait (I2 of av_source.c). */
#include "camera/kind.h"

#include <stdlib.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/log.h>

#include "camera/av_source.h"

#define REOPEN_FIRST (TB_SECOND / 2)
#define REOPEN_LAST (10 * TB_SECOND)

/* ---- film ---- */

struct film {
    av_source *source;
    uint64_t number;
    int ended;
};

static void film_close(void *device)
{
    struct film *film = device;
    av_source_free(&film->source);
    free(film);
}

static tb_status film_open(const char *place, void **device, tb_error *why)
{
    if (!*place)
        return tb_fail(why, TB_INVALID_ARGUMENT, "video: needs the path of a film");
    struct film *film = calloc(1, sizeof *film);
    if (!film)
        return tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    tb_status status = av_source_open(AV_FILM, place, NULL, &film->source, why);
    if (status != TB_OK) {
        free(film);
        return status;
    }
    *device = film;
    return TB_OK;
}

static tb_status film_next(void *device, int wait_ms, tb_frame *out, tb_error *why)
{
    (void)wait_ms; /* a film never makes anyone wait */
    struct film *film = device;
    if (film->ended)
        return tb_fail(why, TB_END_OF_STREAM, "the film is at its end");
    tb_status status = av_source_read(film->source, &out->image, why);
    film->ended = status != TB_OK; /* what comes after a broken place cannot be told from garbage */
    if (status == TB_OK) {
        out->taken = tb_clock_monotonic();
        out->number = ++film->number;
    }
    return status;
}

const camera_kind camera_film = {.prefix = "video:", .open = film_open, .close = film_close, .next = film_next};

/* ---- live ---- */

struct live {
    camera_slot slot;
    av_kind kind;
    char *place;
    av_source *source; /* the thread's; NULL while it is closed */
    atomic_int stop;
    pthread_t thread;
};

/* Reads until something is wrong. Resets *pause as soon as a picture came. */
static tb_status run(struct live *live, int64_t *pause, tb_error *why)
{
    tb_status status = TB_OK;
    if (!live->source)
        status = av_source_open(live->kind, live->place, &live->stop, &live->source, why);
    while (status == TB_OK && !atomic_load(&live->stop)) {
        tb_image image = {0};
        status = av_source_read(live->source, &image, why);
        if (status == TB_OK) {
            camera_slot_put(&live->slot, &image);
            *pause = REOPEN_FIRST;
        }
    }
    av_source_free(&live->source);
    return status;
}

static void *follow(void *context)
{
    struct live *live = context;
    int64_t pause = REOPEN_FIRST;
    while (!atomic_load(&live->stop)) {
        tb_error why = {0};
        tb_status status = run(live, &pause, &why);
        if (status == TB_OK)
            break;                    /* only `stop` ends it without a fault */
        why.status = TB_CAMERA_FAULT; /* whatever it was: while it lasts there are no pictures */
        if (!atomic_load(&live->stop))
            tb_log(TB_LOG_WARNING, "camera", "%s (opened again in %.1f s)", tb_error_text(&why),
                   (double)pause / TB_SECOND);
        camera_slot_fail(&live->slot, &why);
        int64_t until = tb_clock_monotonic() + pause;
        pause = pause * 2 < REOPEN_LAST ? pause * 2 : REOPEN_LAST;
        pthread_mutex_lock(&live->slot.gate.mutex);
        while (!atomic_load(&live->stop) && camera_gate_wait(&live->slot.gate, until))
            ;
        pthread_mutex_unlock(&live->slot.gate.mutex);
    }
    return NULL;
}

static void live_dispose(struct live *live)
{
    av_source_free(&live->source);
    camera_slot_destroy(&live->slot);
    free(live->place);
    free(live);
}

static tb_status live_open(av_kind kind, const char *place, void **device, tb_error *why)
{
    struct live *live = calloc(1, sizeof *live);
    if (!live || camera_slot_init(&live->slot) != TB_OK) {
        free(live);
        return tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    }
    live->kind = kind;
    live->place = strdup(place);
    tb_status status = TB_OK;
    if (!live->place)
        status = tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    if (status == TB_OK)
        status = av_source_open(kind, place, &live->stop, &live->source,
                                why); /* here, so that a wrong address is told at once */
    if (status == TB_OK && pthread_create(&live->thread, NULL, follow, live) != 0)
        status = tb_fail(why, TB_NO_MEMORY, "no thread for a camera");
    if (status != TB_OK)
        live_dispose(live);
    else
        *device = live;
    return status;
}

static void live_close(void *device)
{
    struct live *live = device;
    pthread_mutex_lock(&live->slot.gate.mutex);
    atomic_store(&live->stop, 1);
    pthread_cond_broadcast(&live->slot.gate.changed);
    pthread_mutex_unlock(&live->slot.gate.mutex);
    pthread_join(live->thread, NULL);
    live_dispose(live);
}

static tb_status live_next(void *device, int wait_ms, tb_frame *out, tb_error *why)
{
    return camera_slot_take(&((struct live *)device)->slot, wait_ms, out, why);
}

static tb_status v4l2_open(const char *place, void **device, tb_error *why)
{
    if (*place != '/')
        return tb_fail(why, TB_INVALID_ARGUMENT, "v4l2: needs the path of a device, as in v4l2:/dev/video0");
    return live_open(AV_DEVICE, place, device, why);
}

static tb_status rtsp_open(const char *place, void **device, tb_error *why)
{
    if (!place[strlen("rtsp://")])
        return tb_fail(why, TB_INVALID_ARGUMENT, "rtsp:// needs a host, as in rtsp://camera.example/stream");
    return live_open(AV_NETWORK, place, device, why);
}

static int v4l2_is_program(const char *place)
{
    return camera_device_is_program("/sys/class/video4linux", place);
}

const camera_kind camera_v4l2 = {
    .prefix = "v4l2:", .is_program = v4l2_is_program, .open = v4l2_open, .close = live_close, .next = live_next};
const camera_kind camera_rtsp = {
    .prefix = "rtsp://", .whole_address = 1, .open = rtsp_open, .close = live_close, .next = live_next};
