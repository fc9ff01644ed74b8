/* faces.c: tebura faces PICTURE: what the networks see in a picture. */
#include "faces_common.h"

#include <stdio.h>
#include <string.h>

#include <tebura/secret.h>

static const char help[] =
    "usage: tebura faces [--components] [--json] PICTURE\n\n"
    "Lists the faces in a picture: box, score of the detector, quality, the probability that a live person stood there\n"
    "(passive, one frame: a hint and no proof), and what the person should mend, if anything, for a passage and for an\n"
    "enrolment.\n\n"
    "  --components  every measure of quality, in the terms of ISO/IEC 29794-5, with its score and what it asks for\n"
    "  --json        all of that as one line of JSON\n\n"
    "Exit status: 0 at least one face, 1 none, 2 it could not be done.\n";

/* What one measure asks of the person: the strictest purpose that it fails is the least serious. */
static tb_status component_advice(const tb_quality *quality, int component, const char **purpose)
{
    static const char *const purposes[TB_PURPOSES] = {"identification", "enrolment", "guidance"};
    for (int i = 0; i < TB_PURPOSES; i++) {
        tb_status status = tb_quality_judge(quality, (tb_quality_component)component, (tb_capture_purpose)i);
        *purpose = purposes[i];
        if (status != TB_OK)
            return status;
    }
    return TB_OK;
}

static json_t *describe_component(const tb_quality *quality, int component)
{
    const tb_quality_rule *rule = tb_quality_rule_of((tb_quality_component)component);
    const char *purpose;
    tb_status status = component_advice(quality, component, &purpose);
    if (quality->score[component] == TB_QUALITY_UNKNOWN)
        return json_pack("{s:s,s:s,s:n}", "name", rule->name, "standard", rule->standard, "value");
    json_t *one = json_pack("{s:s,s:s,s:o,s:s,s:i}", "name", rule->name, "standard", rule->standard, "value",
                            faces_number(quality->native[component], 3), "unit", rule->unit, "score",
                            (int)quality->score[component]);
    if (one && status != TB_OK &&
        (json_object_set_new(one, "advice", json_string(tb_status_name(status))) != 0 ||
         json_object_set_new(one, "refuses", json_string(purpose)) != 0)) {
        json_decref(one);
        return NULL;
    }
    return one;
}

static json_t *describe_components(const tb_quality *quality)
{
    json_t *list = json_array();
    for (int i = 0; list && i < TB_QUALITY_COMPONENTS; i++)
        if (json_array_append_new(list, describe_component(quality, i)) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *describe(const tb_face *face, const tb_quality *quality, float live)
{
    return json_pack("{s:o,s:[o,o,o,o],s:i,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "score", faces_number(face->score, 3),
                     "box", faces_number(face->box.x, 1), faces_number(face->box.y, 1),
                     faces_number(face->box.width, 1), faces_number(face->box.height, 1), "quality",
                     (int)quality->unified, "advice", tb_status_name(quality->advice), "enrolment",
                     tb_status_name(tb_quality_advice(quality, TB_FOR_ENROLMENT)), "guidance",
                     tb_status_name(tb_quality_advice(quality, TB_FOR_GUIDANCE)), "eye_distance",
                     faces_number(quality->eye_distance, 1), "yaw", faces_number(quality->yaw, 1), "pitch",
                     faces_number(quality->pitch, 1), "roll", faces_number(quality->roll, 1), "live",
                     faces_number(live, 4), "components", describe_components(quality));
}

static void print_components(const tb_quality *quality)
{
    printf("      %-17s %8s  %3s  %s\n", "measure", "value", "of 100", "unit of the value; what it asks for");
    for (int i = 0; i < TB_QUALITY_COMPONENTS; i++) {
        const tb_quality_rule *rule = tb_quality_rule_of((tb_quality_component)i);
        const char *purpose;
        tb_status status = component_advice(quality, i, &purpose);
        if (quality->score[i] == TB_QUALITY_UNKNOWN)
            printf("      %-17s        -      (%s: cannot be measured here)\n", rule->name, rule->standard);
        else if (status == TB_OK)
            printf("      %-17s %8.2f  %3d  %s\n", rule->name, quality->native[i], quality->score[i], rule->unit);
        else
            printf("      %-17s %8.2f  %3d  %s; %s: %s\n", rule->name, quality->native[i], quality->score[i],
                   rule->unit, purpose, tb_status_sentence(status));
    }
}

static void print_face(int number, const tb_face *face, const tb_quality *quality, float live, int components)
{
    tb_status enrolment = tb_quality_advice(quality, TB_FOR_ENROLMENT);
    printf("%2d  box %4.0f,%-4.0f %4.0f x %-4.0f  score %.2f  quality %3d  eyes %3.0f px  "
           "yaw %+3.0f pitch %+3.0f roll %+3.0f  live %.2f  %s%s%s\n",
           number, face->box.x, face->box.y, face->box.width, face->box.height, face->score, quality->unified,
           quality->eye_distance, quality->yaw, quality->pitch, quality->roll, live,
           quality->advice == TB_OK ? "good" : tb_status_sentence(quality->advice),
           quality->advice == TB_OK && enrolment != TB_OK ? "; to enrol: " : "",
           quality->advice == TB_OK && enrolment != TB_OK ? tb_status_sentence(enrolment) : "");
    if (components)
        print_components(quality);
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
            print_face(i + 1, &faces[i], &quality, live, arguments->components);
    }
    if (status == TB_OK && arguments->json)
        faces_print_json(json_pack("{s:i,s:i,s:O}", "width", image.width, "height", image.height, "faces", list));
    else if (status == TB_OK && *count == 0)
        printf("no face: is the picture upright, and does a face take up enough of it?\n");
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
        status = tb_engine_open(&(tb_engine_options){.with_pose = 1, .with_eyes = 1}, &engine, &why);
    if (status == TB_OK)
        status = look(engine, &arguments, list, &count, &why);
    int code = status != TB_OK ? faces_fail(&arguments, status, &why) : count ? APP_YES : APP_NO;
    json_decref(list);
    tb_engine_free(&engine);
    return code;
}
