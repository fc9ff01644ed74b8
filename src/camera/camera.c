/* camera.c: which kind an address means, and the calls that go to it. */
#include <tebura/camera.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "camera/kind.h"

struct tb_camera {
    const camera_kind *kind;
    void *device;
    tb_error why; /* of the last tb_camera_next that failed */
    int is_program;
};

static const camera_kind *const kinds[] = {&camera_still, &camera_virtual, &camera_film,
                                           &camera_v4l2,  &camera_rtsp,    &camera_pushed};

static const camera_kind *kind_of(const char *address)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(address, kinds[i]->prefix, strlen(kinds[i]->prefix)) == 0)
            return kinds[i];
    return NULL;
}

tb_status tb_camera_open(const char *address, tb_camera **out, tb_error *why)
{
    *out = NULL;
    const camera_kind *kind = address ? kind_of(address) : NULL;
    if (!kind)
        return tb_fail(
            why, TB_INVALID_ARGUMENT,
            "a camera is one of still:PATH[,PATH...], virtual:, video:PATH, v4l2:/dev/videoN, rtsp://HOST/PATH, pushed:");
    tb_camera *camera = calloc(1, sizeof *camera);
    if (!camera)
        return tb_fail(why, TB_NO_MEMORY, "no memory for a camera");
    camera->kind = kind;
    tb_status status = kind->open(kind->whole_address ? address : address + strlen(kind->prefix), &camera->device, why);
    if (status != TB_OK) {
        free(camera);
        return status;
    }
    camera->is_program = kind->is_program && kind->is_program(address + strlen(kind->prefix));
    *out = camera;
    return TB_OK;
}

void tb_camera_free(tb_camera **camera)
{
    if (!*camera)
        return;
    (*camera)->kind->close((*camera)->device);
    free(*camera);
    *camera = NULL;
}

tb_status tb_camera_next(tb_camera *camera, int wait_ms, tb_frame *out)
{
    *out = (tb_frame){0};
    camera->why = (tb_error){0};
    tb_status status = camera->kind->next(camera->device, wait_ms, out, &camera->why);
    assert((status == TB_OK) == (out->image.data != NULL));
    if (status != TB_OK && camera->why.status != status)
        camera->why = (tb_error){.status = status};
    return status;
}

const tb_error *tb_camera_why(const tb_camera *camera)
{
    return &camera->why;
}

int tb_camera_is_simulation(const tb_camera *camera)
{
    return camera->kind->simulation;
}

int tb_camera_is_program(const tb_camera *camera)
{
    return camera->is_program;
}

tb_status tb_camera_push(tb_camera *camera, tb_span encoded, tb_error *why)
{
    if (!camera->kind->push)
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "this terminal's camera takes no pushed pictures: start it with --camera pushed:");
    return camera->kind->push(camera->device, encoded, why);
}

tb_status tb_camera_scene(tb_camera *camera, const tb_scene *scene, tb_error *why)
{
    if (!camera->kind->scene)
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "this terminal's camera has no scene: start it with --camera virtual:");
    return camera->kind->scene(camera->device, scene, why);
}

void tb_frame_free(tb_frame *frame)
{
    tb_image_free(&frame->image);
    *frame = (tb_frame){0};
}
