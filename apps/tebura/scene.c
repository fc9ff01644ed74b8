/* scene.c: tebura scene: SIMULATION: one picture as the virtual camera would take it; passport pages of tests are made
 * with it. */
#include "command.h"

#include <stdio.h>
#include <string.h>

#include <tebura/camera.h>

static const char help[] =
    "usage: tebura scene PICTURE X,Y,WIDTH,HEIGHT OUTPUT.jpg\n\n"
    "SIMULATION: re-photographs the part of the picture as the virtual camera does (virtual:, see tebura-edge(8)) and writes a\n"
    "JPEG. 0,0,0,0 is the whole picture.\n\n"
    "Exit status: 0 written, 2 it could not be done.\n";

int command_scene(int argc, char **argv)
{
    tb_scene scene = {.count = 1, .light = 1, .people = {{.distance = 1}}};
    tb_box *region = &scene.people[0].region;
    tb_error why = {0};
    if (app_wants_help(argc, argv))
        return app_help(help);
    char rest;
    if (argc != 4 || strlen(argv[1]) >= sizeof scene.people[0].picture ||
        sscanf(argv[2], "%f,%f,%f,%f%c", &region->x, &region->y, &region->width, &region->height, &rest) != 4)
        return app_fail(
            "scene",
            tb_fail(&why, TB_INVALID_ARGUMENT, "a picture, a box and an output are wanted; see tebura scene --help"),
            &why);
    snprintf(scene.people[0].picture, sizeof scene.people[0].picture, "%s", argv[1]);
    tb_image image = {0};
    tb_bytes encoded = {0};
    tb_status status = tb_scene_render(&scene, 1, &image, &why);
    if (status == TB_OK)
        status = tb_image_encode_jpeg(&image, 92, &encoded);
    if (status == TB_OK)
        status = tb_file_write(argv[3], tb_bytes_span(&encoded), &why);
    tb_image_free(&image);
    tb_bytes_free(&encoded);
    return status == TB_OK ? APP_YES : app_fail("scene", status, &why);
}
