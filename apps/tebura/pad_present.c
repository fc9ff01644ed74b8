/* pad_present.c: one presentation before a session, as a terminal holds one. */
#include "pad.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/camera.h>
#include <tebura/clock.h>
#include <tebura/secret.h>

#define PASSIVE_EVERY 5 /* pictures: a terminal looks at a burst, not at every one */

struct present {
    tb_engine *engine;
    tb_liveness *session;
    int seen, faces, good; /* pictures; with one face; good enough for a burst */
    int refused;           /* the session would not take one */
};

/* Who stands before the camera: large, and in the middle. */
static const tb_face *candidate(const tb_face *faces, int count, const tb_image *image)
{
    const tb_face *best = NULL;
    float most = 0;
    for (int i = 0; i < count; i++) {
        float x = faces[i].box.x + faces[i].box.width / 2, middle = (float)image->width / 2;
        float worth = faces[i].box.width * (1 - fabsf(x - middle) / middle);
        if (worth > most) {
            most = worth;
            best = &faces[i];
        }
    }
    return best;
}

/* The passive network looks at pictures that are good enough, as the terminal's capture does. */
static tb_status look_closely(struct present *p, const tb_image *image, const tb_face *face, int active)
{
    tb_quality quality;
    float live = 0;
    if (active)
        return TB_OK; /* a turned head is no picture for this network */
    tb_status status = tb_engine_quality(p->engine, image, face, &quality);
    if (status != TB_OK || quality.advice != TB_OK)
        return status;
    if (p->good++ % PASSIVE_EVERY != 0)
        return TB_OK;
    status = tb_engine_liveness(p->engine, image, face, &live);
    if (status == TB_OK)
        status = tb_liveness_passive(p->session, live);
    return status;
}

static tb_status see(struct present *p, const tb_image *image, int64_t taken, int active)
{
    tb_face faces[TB_FACES_MAX];
    tb_pose pose;
    float open[2];
    tb_liveness_seen seen = {0};
    int count = 0;
    tb_status status = tb_engine_detect(p->engine, image, faces, &count);
    const tb_face *face = status == TB_OK ? candidate(faces, count, image) : NULL;
    p->seen++;
    if (!face)
        return status;
    p->faces++;
    tb_liveness_frame frame = {.image = image, .face = face, .taken = taken};
    if (active) {
        status = tb_engine_pose(p->engine, image, face, &pose);
        if (status == TB_OK)
            status = tb_engine_eyes(p->engine, image, face, open);
        frame.pose = &pose;
        frame.open = open;
    }
    if (status == TB_OK)
        status = tb_liveness_see(p->session, &frame, &seen);
    if (status == TB_OK && seen.is_new)
        status = look_closely(p, image, face, active);
    tb_wipe(faces, sizeof faces);
    return status;
}

static void judge(const struct present *p, pad_stage stage, pad_result *out)
{
    float threshold = tb_engine_calibration(p->engine)->liveness;
    tb_liveness_verdict *verdict = &out->verdict[stage];
    tb_liveness_judge(p->session, threshold, verdict);
    out->has[stage] = 1;
    out->live[stage] = verdict->status == TB_OK;
    out->has[PAD_PASSIVE] = 1;
    if (stage == PAD_COMBINED) {
        out->verdict[PAD_PASSIVE] = *verdict;
        out->live[PAD_PASSIVE] = verdict->looked_at > 0 && verdict->passive >= threshold;
    }
}

/* Two things that exclude each other, in an order of the seed's; who answers from a film answers them the other way
 * round. */
static void draw(uint32_t seed, attack_kind kind, tb_challenge asked[2], attack_clip *clip)
{
    uint8_t random[16];
    for (uint32_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)((seed + 1) * 2654435761u >> (i % 4 * 8)) ^ (uint8_t)(i * 37);
    tb_challenge_draw(random, 2, asked);
    int film = kind == ATTACK_SCREEN_FILM || kind == ATTACK_INJECTED_FILM;
    clip->answers[0] = asked[film ? 1 : 0];
    clip->answers[1] = asked[film ? 0 : 1];
    clip->answer_count = 2;
}

tb_status pad_present(tb_engine *engine, const attack_subject *subject, attack_kind kind, uint32_t seed, int pictures,
                      int with_active, pad_result *out)
{
    struct present p = {.engine = engine};
    attack_clip clip = {.subject = subject, .kind = kind, .seed = seed};
    tb_challenge asked[2];
    int all = pictures;
    memset(out, 0, sizeof *out);
    if (with_active) {
        draw(seed, kind, asked, &clip);
        clip.asked_at = (uint64_t)pictures + 5; /* time to read what is asked */
        all += 5 + 2 * ATTACK_ANSWER + 4;
    }
    tb_status status = tb_liveness_new(NULL, &p.session);
    for (int i = 0; status == TB_OK && i < all; i++) {
        tb_image image = {0};
        status = attack_picture(&clip, (uint64_t)i, &image);
        if (status == TB_OK && i == pictures) {
            judge(&p, PAD_COMBINED, out);
            status = tb_liveness_ask(p.session, asked, 2);
        }
        if (status == TB_OK)
            status = see(&p, &image, (int64_t)(i + 1) * TB_SECOND / ATTACK_RATE, i >= pictures);
        tb_image_free(&image);
    }
    if (status == TB_OK)
        judge(&p, with_active ? PAD_ACTIVE : PAD_COMBINED, out);
    out->responded = 2 * p.faces >= p.seen;
    tb_liveness_free(&p.session);
    return status;
}

tb_status pad_present_clip(tb_engine *engine, const char *path, int rate, pad_result *out, tb_error *why)
{
    struct present p = {.engine = engine};
    tb_camera *camera = NULL;
    char address[PAD_PATH_SIZE + 8] = "video:";
    memset(out, 0, sizeof *out);
    strncat(address, path, PAD_PATH_SIZE);
    tb_status status = tb_liveness_new(NULL, &p.session);
    if (status == TB_OK)
        status = tb_camera_open(address, &camera, why);
    while (status == TB_OK) {
        tb_frame frame = {0};
        status = tb_camera_next(camera, 0, &frame);
        if (status == TB_OK)
            status = see(&p, &frame.image, (int64_t)frame.number * TB_SECOND / rate, 0);
        tb_frame_free(&frame);
    }
    if (status == TB_END_OF_STREAM && p.seen > 0)
        status = TB_OK;
    else if (camera && tb_camera_why(camera)->status != TB_OK && why)
        *why = *tb_camera_why(camera);
    if (status == TB_OK)
        judge(&p, PAD_COMBINED, out);
    out->responded = p.good > 0 || 2 * p.faces >= p.seen;
    tb_camera_free(&camera);
    tb_liveness_free(&p.session);
    return status;
}
