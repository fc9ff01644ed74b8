/* faces.c: tebura faces PICTURE: what the networks see in a picture. */
#include "faces_common.h"

#include <stdio.h>
#include <string.h>

#include <tebura/secret.h>

static const char help[] =
    "usage: tebura faces [--json] PICTURE\n\n"
    "Lists the faces in a picture: box, score of the detector, quality (ISO/IEC 29794-5, a first subset), the\n"
    "probability that a live person stood there (passive, one frame: a hint and no proof), and what the person should\n"
    "mend, if anything.\n\n"
    "Exit status: 0 at least one face, 1 none, 2 it could not be done.\n";

static json_t *describe(const tb_face *face, const tb_quality *quality, float live)
{
    return json_pack("{s:o,s:[o,o,o,o],s:i,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "score", faces_number(face->score, 3),
                     "box", faces_number(face->box.x, 1), faces_number(face->box.y, 1),
                     faces_number(face->box.width, 1), faces_number(face->box.height, 1), "quality",
                     (int)quality->unified, "advice", tb_status_name(quality->advice), "sharpness",
                     faces_number(quality->sharpness, 3), "exposure", faces_number(quality->exposure, 3), "contrast",
                     faces_number(quality->contrast, 3), "eye_distance", faces_number(quality->eye_distance, 1), "yaw",
                     faces_number(quality->yaw, 1), "pitch", faces_number(quality->pitch, 1), "roll",
                     faces_number(quality->roll, 1), "live", faces_number(live, 4));
}

static tb_status look(tb_engine *engine, const faces_arguments *arguments, json_t *list, int *count, tb_error *why)
{
    tb_image image;
    tb_status status = tb_image_read(arguments->words[0], &image, why);
    if (status != TB_OK)
        return status;
    tb_face *faces = tb_secret_alloc(TB_FACES_MAX * sizeof *faces);
    status = faces ? tb_engine_detect(engine, &image, faces, count) : TB_NO_MEMORY;
    for (int i = 0; i < *count && status == TB_OK; i++) {
        tb_quality quality;
        float live = 0;
        status = tb_engine_quality(engine, &image, &faces[i], &quality);
        if (status == TB_OK)
            status = tb_engine_liveness(engine, &image, &faces[i], &live);
        if (status == TB_OK && arguments->json)
            status = json_array_append_new(list, describe(&faces[i], &quality, live)) == 0 ? TB_OK : TB_NO_MEMORY;
        else if (status == TB_OK)
            printf("%2d  box %4.0f,%-4.0f %4.0f x %-4.0f  score %.2f  quality %3d  eyes %3.0f px  "
                   "yaw %+3.0f pitch %+3.0f roll %+3.0f  live %.2f  %s\n",
                   i + 1, faces[i].box.x, faces[i].box.y, faces[i].box.width, faces[i].box.height, faces[i].score,
                   quality.unified, quality.eye_distance, quality.yaw, quality.pitch, quality.roll, live,
                   quality.advice == TB_OK ? "good" : tb_status_sentence(quality.advice));
    }
    if (status == TB_OK && arguments->json)
        faces_print_json(json_pack("{s:i,s:i,s:O}", "width", image.width, "height", image.height, "faces", list));
    else if (status == TB_OK && *count == 0)
        printf("no face\n");
    tb_secret_free(faces);
    tb_image_free(&image);
    return status;
}

int command_faces(int argc, char **argv)
{
    faces_arguments arguments;
    tb_error why = {0};
    tb_engine *engine = NULL;
    int count = 0;
    if (app_wants_help(argc, argv))
        return app_help(help);
    json_t *list = json_array();
    tb_status status = faces_parse(argc, argv, 1, 1, &arguments, &why);
    if (status == TB_OK && !list)
        status = TB_NO_MEMORY;
    if (status == TB_OK)
        status = tb_engine_open(NULL, &engine, &why);
    if (status == TB_OK)
        status = look(engine, &arguments, list, &count, &why);
    int code = status != TB_OK ? faces_fail(&arguments, status, &why) : count ? APP_YES : APP_NO;
    json_decref(list);
    tb_engine_free(&engine);
    return code;
}
