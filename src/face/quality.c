/* quality.c: all measures of a face, put together by the table of quality_rules.c. */
#include "face/quality.h"

#include <assert.h>
#include <math.h>

#include <tebura/secret.h>

static float degrees(float radians)
{
    return radians * 57.29578f;
}

/* The nose's tip lies in front of the plane of eyes and mouth; how far it has moved from its place on the line between
 * them tells how the head is turned. Estimated on the test photographs, in units of the eye distance: it stands out
 * 0.6, its frontal place is 0.53 of the way from the eyes to the mouth, and the mouth is 1.16 away from the eyes. Good
 * to some ten degrees: enough to ask somebody to look straight ahead, not more. */
static const float nose_height = 0.6f, nose_place = 0.53f, mouth_distance = 1.16f;

void tb_face_pose(const tb_face *face, tb_quality *out)
{
    tb_point p[5];
    tb_face_points(face, p);
    float ex = p[1].x - p[0].x, ey = p[1].y - p[0].y, eyes = hypotf(ex, ey);
    tb_point between = {(p[0].x + p[1].x) / 2, (p[0].y + p[1].y) / 2},
             mouth = {(p[3].x + p[4].x) / 2, (p[3].y + p[4].y) / 2};
    float dx = mouth.x - between.x, dy = mouth.y - between.y, down = hypotf(dx, dy);
    out->eye_distance = eyes;
    out->roll = degrees(atan2f(ey, ex));
    out->yaw = out->pitch = 90;
    if (!(down > 0 && eyes > 0))
        return;
    float nx = p[2].x - between.x, ny = p[2].y - between.y;
    float along = (nx * dx + ny * dy) / (down * down), across = (dx * ny - dy * nx) / down;
    /* Both eyes foreshorten with yaw, the way down with pitch: the longer of the two gives the scale. */
    float unit = nose_height * fmaxf(eyes, down / mouth_distance);
    out->yaw = -degrees(asinf(fmaxf(-1, fminf(1, across / unit))));
    out->pitch = degrees(asinf(fmaxf(-1, fminf(1, (along - nose_place) * down / unit))));
}

/* Where the embedding network wants its points, in the portrait: as upright, in another size. */
static tb_status map_to_portrait(const tb_engine *engine, const tb_face *face, tb_similarity *map)
{
    const float *wanted = engine->manifest.embed.points;
    tb_point from[5], to[5];
    float distance = hypotf(wanted[2] - wanted[0], wanted[3] - wanted[1]);
    float scale = TB_PORTRAIT_EYES / fmaxf(distance, 1), x = (wanted[0] + wanted[2]) / 2,
          y = (wanted[1] + wanted[3]) / 2;
    tb_face_points(face, from);
    for (int i = 0; i < 5; i++)
        to[i] = (tb_point){TB_PORTRAIT_EYE_X + scale * (wanted[2 * i] - x),
                           TB_PORTRAIT_EYE_Y + scale * (wanted[2 * i + 1] - y)};
    return tb_similarity_fit(from, to, 5, map);
}

/* The nearest pixel; no library calls, this runs 32,768 times a face. A number out of range (or none) is the border. */
static int clamp(float at, int size)
{
    at += 0.5f;
    return !(at > 0) ? 0 : at >= (float)size ? size - 1 : (int)at;
}

/* Two samples a pixel, averaged: the measures ask for shares and means, not for a picture to look at, and an exact one
 * takes five times as long. */
static void sample_portrait(const tb_image *image, tb_similarity map, tb_image *portrait)
{
    float norm = map.a * map.a + map.b * map.b, c = map.a / norm, s = map.b / norm;
    for (int y = 0; y < TB_PORTRAIT_SIDE; y++)
        for (int x = 0; x < TB_PORTRAIT_SIDE; x++) {
            uint8_t *to = portrait->data + 3 * ((size_t)y * TB_PORTRAIT_SIDE + (size_t)x);
            int sum[3] = {1, 1, 1};
            for (float shift = -0.25f; shift < 0.5f; shift += 0.5f) {
                float px = (float)x + shift - map.tx, py = (float)y + shift - map.ty;
                const uint8_t *from =
                    tb_pixel(image, clamp(c * px + s * py, image->width), clamp(c * py - s * px, image->height));
                sum[0] += from[0];
                sum[1] += from[1];
                sum[2] += from[2];
            }
            for (int k = 0; k < 3; k++)
                to[k] = (uint8_t)(sum[k] / 2);
        }
}

/* Everything that the measures look at, in the engine's own buffers. */
static tb_status open_view(tb_engine *engine, const tb_image *image, const tb_face *face, tb_quality_view *view)
{
    *view = (tb_quality_view){.picture = image, .face = face, .portrait = &engine->portrait};
    tb_status status = tb_face_align(engine, image, face, &view->aligned);
    if (status == TB_OK)
        status = map_to_portrait(engine, face, &view->map);
    if (status == TB_OK && !(view->map.a * view->map.a + view->map.b * view->map.b > 1e-12f))
        status = TB_INVALID_ARGUMENT;
    if (status == TB_OK)
        sample_portrait(image, view->map, &engine->portrait);
    for (int i = 0; status == TB_OK && i < TB_LANDMARKS; i++) {
        tb_point p = face->landmarks[i];
        view->points[i] = (tb_point){view->map.a * p.x - view->map.b * p.y + view->map.tx,
                                     view->map.b * p.x + view->map.a * p.y + view->map.ty};
    }
    return status;
}

/* The networks know better than geometry; where they are not loaded, geometry it is, and nothing about the eyes. */
static tb_status ask_networks(tb_engine *engine, const tb_image *image, const tb_face *face, tb_quality *out)
{
    tb_pose pose;
    float open[2];
    tb_face_pose(face, out);
    tb_status status = tb_engine_pose(engine, image, face, &pose);
    if (status == TB_OK) {
        out->yaw = pose.yaw;
        out->pitch = pose.pitch;
        out->roll = pose.roll;
    } else if (status != TB_UNSUPPORTED) {
        return status;
    }
    /* Points that fit no face say nothing of where it looks: as good as turned away. */
    out->native[TB_QUALITY_YAW] = face->doubt > TB_DOUBT_MOST ? 90 : fabsf(out->yaw);
    out->native[TB_QUALITY_PITCH] = fabsf(out->pitch);
    out->native[TB_QUALITY_ROLL] = fabsf(out->roll);
    status = tb_engine_eyes(engine, image, face, open);
    if (status == TB_OK)
        out->native[TB_QUALITY_EYES_OPEN] = (open[0] + open[1]) / 2;
    return status == TB_UNSUPPORTED ? TB_OK : status;
}

/* 0 at `worst`, 1 at `best`, straight between. */
static float ramp(float value, const tb_quality_side *side)
{
    float share = (value - side->worst) / (side->best - side->worst);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* A geometric mean: one bad part cannot be made good by the others. */
static void score(tb_quality *out)
{
    double sum = 0, weights = 0;
    for (int i = 0; i < TB_QUALITY_COMPONENTS; i++) {
        const tb_quality_rule *rule = tb_quality_rule_of((tb_quality_component)i);
        float value = out->native[i], share = 1;
        out->score[i] = TB_QUALITY_UNKNOWN;
        if (isnan(value))
            continue;
        if (!isnan(rule->low.best))
            share = fminf(share, ramp(value, &rule->low));
        if (!isnan(rule->high.best))
            share = fminf(share, ramp(value, &rule->high));
        out->score[i] = (uint8_t)lroundf(100 * share);
        sum += (double)rule->weight * log(fmax((double)share, 0.01));
        weights += (double)rule->weight;
    }
    out->unified = (uint8_t)lround(100 * exp(sum / weights));
    assert(out->unified <= 100);
}

tb_status tb_engine_quality(tb_engine *engine, const tb_image *image, const tb_face *face, tb_quality *out)
{
    *out = (tb_quality){.advice = TB_RETRY_NO_FACE};
    for (int i = 0; i < TB_QUALITY_COMPONENTS; i++) {
        out->native[i] = NAN;
        out->score[i] = TB_QUALITY_UNKNOWN;
    }
    if (!face->has_landmarks)
        return TB_INVALID_ARGUMENT;
    tb_quality_view view;
    tb_status status = ask_networks(engine, image, face, out); /* before the view: they wipe the buffers after them */
    if (status == TB_OK)
        status = open_view(engine, image, face, &view);
    if (status == TB_OK) {
        tb_quality_light(&view, out);
        tb_quality_cover(&view, out);
        tb_quality_scene(&view, out);
        score(out);
        out->advice = tb_quality_advice(out, TB_FOR_IDENTIFICATION);
    }
    tb_wipe(&view, sizeof view);
    tb_engine_wipe(engine);
    return status;
}
