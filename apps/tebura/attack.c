/* attack.c: SIMULATION: how people, prints and screens move before a camera, and what the picture of each looks like.
 *
 * Light is followed backwards: from a pixel of the frame to the paper or screen (a plane, perhaps bent), from there to
 * the head that was photographed (turned by a rough model of its depth), from there to the photograph. */
#include "attack.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#define RADIAN 0.0174533f
static const float camera_away = 9.5f, neck_behind = 1.2f; /* eye distances: 60 cm; the axis that a head turns about */

const char *attack_name(attack_kind kind)
{
    static const char *const names[] = {
#define NAME(name, text, title) #text,
        ATTACK_TABLE(NAME)
#undef NAME
    };
    return (unsigned)kind < ATTACK_COUNT ? names[kind] : "?";
}

const char *attack_title(attack_kind kind)
{
    static const char *const titles[] = {
#define TITLE(name, text, title) title,
        ATTACK_TABLE(TITLE)
#undef TITLE
    };
    return (unsigned)kind < ATTACK_COUNT ? titles[kind] : "?";
}

/* ---- numbers that look random and never change ---- */

static uint32_t mix(uint32_t a, uint32_t b)
{
    uint32_t x = a * UINT32_C(0x9e3779b1) ^ (b + UINT32_C(0x7f4a7c15));
    x = (x ^ 61) ^ (x >> 16);
    x *= 9;
    x ^= x >> 4;
    x *= UINT32_C(0x27d4eb2d);
    return x ^ (x >> 15);
}

static float unit(uint32_t x)
{
    return (float)(x >> 8) * (1.0f / 16777216.0f);
}

static float wave(uint32_t seed, uint32_t what, float period, float t)
{
    float phase = 6.2832f * unit(mix(seed, what));
    period *= 0.8f + 0.4f * unit(mix(seed, what + 77));
    return 0.75f * sinf(6.2832f * t / period + phase) + 0.25f * sinf(6.2832f * t / (0.43f * period) + 3 * phase);
}

static float ramp(float value, float low, float high)
{
    float share = (value - low) / (high - low);
    return share < 0 ? 0 : share > 1 ? 1 : share * share * (3 - 2 * share);
}

/* ---- a person ---- */

static tb_point mean_of(const tb_point *points, int count)
{
    tb_point sum = {0, 0};
    for (int i = 0; i < count; i++) {
        sum.x += points[i].x / (float)count;
        sum.y += points[i].y / (float)count;
    }
    return sum;
}

/* Rough depths of a head in eye distances: an ellipsoid with a nose. */
static void model(float u, float v, float *depth, float *weight)
{
    float a = u / 1.25f, b = (v - 0.35f) / 1.95f, round = 1 - a * a - b * b;
    float nose = expf(-u * u / 0.045f) * ramp(v, -0.05f, 0.62f) * (1 - ramp(v, 0.62f, 0.85f));
    float chin = 0.12f * expf(-(u * u / 0.15f + (v - 1.7f) * (v - 1.7f) / 0.1f));
    float sockets = -0.12f * expf(-((fabsf(u) - 0.5f) * (fabsf(u) - 0.5f) / 0.06f + v * v / 0.04f));
    *depth = 1.15f * sqrtf(fmaxf(round, 0)) - 1.15f + 0.5f * nose + chin + sockets;
    float outside = u * u / (1.5f * 1.5f) + (v - 0.35f) * (v - 0.35f) / (2.3f * 2.3f);
    *weight = 1 - ramp(outside, 0.9f, 2.4f);
}

static void measure(const tb_face *face, attack_subject *out)
{
    const tb_point *p = face->landmarks;
    for (int i = 0; i < 2; i++) {
        const tb_point *eye = p + 36 + 6 * i;
        out->eye[i] = mean_of(eye, 6);
        out->lid[i] = 0.25f * (hypotf(eye[5].x - eye[1].x, eye[5].y - eye[1].y) +
                               hypotf(eye[4].x - eye[2].x, eye[4].y - eye[2].y));
    }
    float dx = out->eye[1].x - out->eye[0].x, dy = out->eye[1].y - out->eye[0].y;
    out->eyes = fmaxf(hypotf(dx, dy), 1);
    out->across = (tb_point){dx / out->eyes, dy / out->eyes};
    out->centre = (tb_point){(out->eye[0].x + out->eye[1].x) / 2, (out->eye[0].y + out->eye[1].y) / 2};
    for (int i = 0; i < 2; i++)
        out->lid[i] = fmaxf(out->lid[i], 0.06f * out->eyes);
}

static tb_box framing(const tb_face *face, int width, int height, const tb_image *photograph)
{
    float side = fmaxf(face->box.width, face->box.height), high = 2.5f * side;
    float wide = high * (float)width / (float)height;
    float shrink = fminf(1, fminf((float)photograph->width / wide, (float)photograph->height / high));
    wide *= shrink;
    high *= shrink;
    float x = face->box.x + face->box.width / 2 - wide / 2, y = face->box.y + face->box.height / 2 - high / 2;
    x = fmaxf(0, fminf(x, (float)photograph->width - wide));
    y = fmaxf(0, fminf(y, (float)photograph->height - high));
    return (tb_box){x, y, wide, high};
}

/* The face nearest to the middle of the picture. */
static const tb_face *in_the_middle(const tb_face *faces, int count, const tb_image *picture)
{
    const tb_face *best = NULL;
    float least = 0.3f * (float)picture->width;
    for (int i = 0; i < count; i++) {
        float away = hypotf(faces[i].box.x + faces[i].box.width / 2 - (float)picture->width / 2,
                            faces[i].box.y + faces[i].box.height / 2 - (float)picture->height / 2);
        if (away < least) {
            least = away;
            best = &faces[i];
        }
    }
    return best;
}

tb_status attack_prepare(tb_engine *engine, const tb_image *photograph, const tb_face *face, int width, int height,
                         attack_subject *out)
{
    tb_image cut = {0};
    tb_face faces[TB_FACES_MAX];
    int count = 0;
    memset(out, 0, sizeof *out);
    tb_status status = tb_image_crop(photograph, framing(face, width, height, photograph), &cut);
    if (status == TB_OK)
        status = tb_image_resize(&cut, width, height, &out->picture);
    tb_image_free(&cut);
    if (status == TB_OK)
        status = tb_engine_detect(engine, &out->picture, faces, &count);
    const tb_face *here = status == TB_OK ? in_the_middle(faces, count, &out->picture) : NULL;
    if (status == TB_OK && !here)
        status = TB_RETRY_NO_FACE;
    size_t pixels = (size_t)width * (size_t)height;
    if (status == TB_OK) {
        measure(here, out);
        out->depth = tb_secret_alloc(2 * pixels * sizeof *out->depth);
        status = out->depth ? TB_OK : TB_NO_MEMORY;
    }
    if (status == TB_OK) {
        out->weight = out->depth + pixels;
        for (size_t i = 0; i < pixels; i++) {
            float dx = (float)(i % (size_t)width) - out->centre.x, dy = (float)(i / (size_t)width) - out->centre.y;
            model((dx * out->across.x + dy * out->across.y) / out->eyes,
                  (dy * out->across.x - dx * out->across.y) / out->eyes, &out->depth[i], &out->weight[i]);
        }
    }
    tb_wipe(faces, sizeof faces);
    if (status != TB_OK)
        attack_clear(out);
    return status;
}

void attack_clear(attack_subject *subject)
{
    tb_image_free(&subject->picture);
    tb_secret_free(subject->depth);
    memset(subject, 0, sizeof *subject);
}

/* ---- movement ---- */

/* What an answer looks like at `t` of 0..1: there and back. */
static void answer(tb_challenge challenge, float t, attack_pose *pose)
{
    float there = ramp(t, 0.15f, 0.45f) * (1 - ramp(t, 0.7f, 0.95f));
    switch (challenge) {
    case TB_CHALLENGE_LEFT:
        pose->yaw += 32 * there;
        break;
    case TB_CHALLENGE_RIGHT:
        pose->yaw -= 32 * there;
        break;
    case TB_CHALLENGE_UP:
        pose->pitch -= 26 * there;
        break;
    case TB_CHALLENGE_DOWN:
        pose->pitch += 26 * there;
        break;
    case TB_CHALLENGE_EYES:
        pose->closed = fmaxf(pose->closed, ramp(t, 0.15f, 0.25f) * (1 - ramp(t, 0.75f, 0.85f)));
        break;
    default:
        break;
    }
}

static attack_pose head_at(const attack_clip *clip, float t, float lively)
{
    uint32_t seed = clip->seed;
    attack_pose pose = {.yaw = 11 * lively * wave(seed, 1, 31, t),
                        .pitch = 6 * lively * wave(seed, 2, 37, t),
                        .roll = 3 * lively * wave(seed, 3, 53, t),
                        .x = 0.15f * lively * wave(seed, 4, 41, t),
                        .y = 0.08f * lively * wave(seed, 5, 47, t),
                        .scale = 1 + 0.04f * lively * wave(seed, 6, 61, t),
                        .mouth = 0.3f * lively * fmaxf(0, wave(seed, 7, 19, t))};
    float blink = fmodf(t + 40 * unit(mix(seed, 8)), 40);
    pose.closed = blink < 3 ? 1 - fabsf(blink - 1) / 2 : 0;
    return pose;
}

static void answers_at(const attack_clip *clip, uint64_t number, attack_pose *pose)
{
    if (!clip->answer_count || number < clip->asked_at)
        return;
    uint64_t since = number - clip->asked_at, place = since / ATTACK_ANSWER;
    if (place < (uint64_t)clip->answer_count)
        answer(clip->answers[place], (float)(since % ATTACK_ANSWER) / ATTACK_ANSWER, pose);
}

/* Who is asked something holds still but for the answer. */
static float liveliness(const attack_clip *clip, uint64_t number)
{
    return clip->answer_count && number + 4 >= clip->asked_at ? 0.2f : 1;
}

/* ---- light ---- */

static void sample(const tb_image *image, float u, float v, float out[3])
{
    u = fmaxf(0, fminf(u, (float)(image->width - 1)));
    v = fmaxf(0, fminf(v, (float)(image->height - 1)));
    int x = (int)u, y = (int)v, right = x + 1 < image->width ? 3 : 0;
    size_t below = y + 1 < image->height ? 3 * (size_t)image->width : 0;
    float fx = u - (float)x, fy = v - (float)y;
    const uint8_t *at = image->data + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
    for (int c = 0; c < 3; c++) {
        float top = (float)at[c] + fx * (float)(at[c + right] - at[c]);
        const uint8_t *under = at + below;
        out[c] = top + fy * ((float)under[c] + fx * (float)(under[c + right] - under[c]) - top);
    }
}

struct turn { /* sines and cosines of a pose */
    float cy, sy, cp, sp, cr, sr;
};
static struct turn turn_of(const attack_pose *pose)
{
    return (struct turn){cosf(pose->yaw * RADIAN),   sinf(pose->yaw * RADIAN),  cosf(pose->pitch * RADIAN),
                         sinf(pose->pitch * RADIAN), cosf(pose->roll * RADIAN), sinf(pose->roll * RADIAN)};
}

/* Where the point (u, v, depth) of a thing is seen when it is turned about a point `behind` it. */
static tb_point project(const struct turn *turn, const attack_pose *pose, float u, float v, float depth, float behind)
{
    float z = depth + behind;
    float x1 = turn->cy * u + turn->sy * z, z1 = turn->cy * z - turn->sy * u;
    float y2 = turn->cp * v + turn->sp * z1, z2 = turn->cp * z1 - turn->sp * v;
    float near = camera_away / (camera_away - (z2 - behind)) * pose->scale;
    return (tb_point){near * (turn->cr * x1 - turn->sr * y2) + pose->x,
                      near * (turn->sr * x1 + turn->cr * y2) + pose->y};
}

/* The place of the photograph that a turned head shows at (u, v): three steps of a fixed point are within a pixel. */
static tb_point through_head(const attack_subject *s, const attack_pose *pose, const struct turn *turn, float u,
                             float v)
{
    float a = u, b = v;
    for (int i = 0; i < 4; i++) {
        int x = (int)(s->centre.x + s->eyes * (a * s->across.x - b * s->across.y) + 0.5f);
        int y = (int)(s->centre.y + s->eyes * (a * s->across.y + b * s->across.x) + 0.5f);
        x = x < 0 ? 0 : x >= s->picture.width ? s->picture.width - 1 : x;
        y = y < 0 ? 0 : y >= s->picture.height ? s->picture.height - 1 : y;
        size_t at = (size_t)y * (size_t)s->picture.width + (size_t)x;
        tb_point seen = project(turn, pose, a, b, s->depth[at], neck_behind);
        float weight = s->weight[at];
        a += u - (a + weight * (seen.x - a));
        b += v - (b + weight * (seen.y - b));
    }
    return (tb_point){a, b};
}

/* Lids: skin from above the eye is drawn over it; the chin goes down a little. In units of the eye distance. */
static tb_point through_lids(const attack_subject *s, const attack_pose *pose, tb_point at)
{
    for (int i = 0; i < 2 && pose->closed > 0; i++) {
        float du = at.x - (i ? 0.5f : -0.5f), open = 1.25f * s->lid[i] / s->eyes, dv = at.y;
        float aside = expf(-du * du * du * du / 0.012f);
        float share = dv < -open ? 1 - ramp(-dv, open, 2 * open) : 1 - ramp(dv, open, 1.5f * open);
        float skin = -1.6f * open + 0.2f * dv; /* a strip between brow and lid */
        at.y += pose->closed * aside * share * (skin - dv);
    }
    float chin = ramp(at.y, 1.05f, 1.3f) * (1 - ramp(at.y, 1.7f, 2.2f)) * (1 - ramp(fabsf(at.x), 0.6f, 1.1f));
    at.y -= 0.15f * pose->mouth * chin;
    return at;
}

/* ---- paper and glass ---- */

struct sheet {
    float left, right, top, bottom; /* of the picture on it, eye distances from the eyes' middle */
    float border, bent;             /* width of the border; radius of the bend, 0 flat */
    attack_pose pose;
    struct turn turn;
};

/* The plane point seen at (u, v): the projection is undone by Newton-like steps, as above but for a plane it is exact
 * after a few. */
static tb_point through_sheet(const struct sheet *sheet, float u, float v)
{
    float a = u, b = v;
    for (int i = 0; i < 7; i++) {
        float depth = sheet->bent > 0 ? sheet->bent * (cosf(fminf(fabsf(a) / sheet->bent, 1.5f)) - 1) : 0;
        float flat = sheet->bent > 0 ? sheet->bent * sinf(fmaxf(-1.5f, fminf(a / sheet->bent, 1.5f))) : a;
        tb_point seen = project(&sheet->turn, &sheet->pose, flat, b, depth, 0);
        a += 0.9f * (u - seen.x);
        b += 0.9f * (v - seen.y);
    }
    return (tb_point){a, b};
}

/* A wave from a table: halftone and stripes need millions of them. `table` holds one period. */
#define WAVES 1024
static void fill_waves(float table[WAVES])
{
    for (int i = 0; i < WAVES; i++)
        table[i] = sinf(6.2831853f * (float)i / WAVES);
}

static float quick(const float table[WAVES], float x)
{
    return table[(int)(x * (WAVES / 6.2831853f) + 64.0f * WAVES) & (WAVES - 1)];
}

static void wall(float u, float v, uint32_t seed, float out[3])
{
    float grain = 4 * unit(mix(seed, (uint32_t)(int)(u * 25) * 911u + (uint32_t)(int)(v * 25)));
    for (int c = 0; c < 3; c++)
        out[c] = 150 - 12 * v + 6 * u + grain - 5 * (float)c;
}

/* Ink: a black that is grey, a white that is not, and dots whose size is the tone. */
static void as_print(const float *waves, tb_point at, float out[3])
{
    static const float cosine[3] = {0.966f, 0.258f, 0.704f}, sine[3] = {0.257f, 0.966f, 0.710f}; /* of the screens */
    for (int c = 0; c < 3; c++) {
        float x = (at.x * cosine[c] - at.y * sine[c]) * 62, y = (at.x * sine[c] + at.y * cosine[c]) * 62;
        float dots = quick(waves, x) * quick(waves, y);
        out[c] = 42 + 0.66f * out[c] + 9 * dots;
    }
    float grey = (out[0] + out[1] + out[2]) / 3;
    for (int c = 0; c < 3; c++)
        out[c] = grey + 0.8f * (out[c] - grey) + (c == 0 ? 4.0f : c == 2 ? -4.0f : 0.0f);
}

/* Glass: stripes of red, green and blue that beat against the sensor, a bluish white, its refresh, and a lamp in it. */
static void as_screen(const float *waves, tb_point at, float v, uint64_t number, float out[3])
{
    float stripes = at.x * 118, rows = at.y * 118;
    float away = (at.x + 0.9f) * (at.x + 0.9f) / 0.35f + (at.y + 0.7f) * (at.y + 0.7f) / 0.12f;
    float glare = away < 6 ? 70 * expf(-away) : 0;
    float band = 1 + 0.05f * quick(waves, 2.4f * v + 1.9f * (float)(number % 256));
    for (int c = 0; c < 3; c++) {
        float lit = out[c] * (0.72f + 0.28f * out[c] / 255); /* a darker middle: two gammas do not cancel */
        lit *= band * (1 + 0.13f * quick(waves, stripes + 2.0944f * (float)c)) * (1 + 0.06f * quick(waves, rows));
        out[c] = 10 + 0.9f * lit * (c == 2 ? 1.08f : c == 0 ? 0.95f : 1) + glare;
    }
}

static int is_print(attack_kind kind)
{
    return kind == ATTACK_PRINT || kind == ATTACK_PRINT_STAND || kind == ATTACK_PRINT_BENT || kind == ATTACK_MASK;
}

static int is_screen(attack_kind kind)
{
    return kind == ATTACK_SCREEN_PHOTO || kind == ATTACK_SCREEN_FILM;
}

/* How paper or screen are held: a hand moves them, and turns them when something is asked for. */
static struct sheet sheet_at(const attack_clip *clip, uint64_t number)
{
    const attack_subject *s = clip->subject;
    float t = (float)number, lively = clip->kind == ATTACK_PRINT_STAND   ? 0
                                      : clip->kind == ATTACK_SCREEN_FILM ? 0.15f * liveliness(clip, number)
                                                                         : liveliness(clip, number);
    struct sheet sheet = {.left = -s->centre.x / s->eyes,
                          .right = ((float)s->picture.width - s->centre.x) / s->eyes,
                          .top = -s->centre.y / s->eyes,
                          .bottom = ((float)s->picture.height - s->centre.y) / s->eyes,
                          .border = 0.18f,
                          .bent = clip->kind == ATTACK_PRINT_BENT ? 2.6f : 0};
    sheet.pose = (attack_pose){.yaw = 20 * lively * wave(clip->seed, 31, 29, t),
                               .pitch = 12 * lively * wave(clip->seed, 32, 35, t),
                               .roll = 3 * lively * wave(clip->seed, 33, 43, t),
                               .x = 0.15f * lively * wave(clip->seed, 34, 37, t),
                               .y = 0.1f * lively * wave(clip->seed, 35, 49, t),
                               .scale = 0.8f + 0.04f * lively * wave(clip->seed, 36, 57, t)};
    if (clip->kind != ATTACK_SCREEN_FILM && clip->kind != ATTACK_PRINT_STAND)
        answers_at(clip, number, &sheet.pose); /* the only thing that can be done with a still picture */
    sheet.turn = turn_of(&sheet.pose);
    return sheet;
}

static attack_pose content_at(const attack_clip *clip, uint64_t number)
{
    attack_pose still = {.scale = 1};
    switch (clip->kind) {
    case ATTACK_BONA_FIDE:
    case ATTACK_SCREEN_FILM:
    case ATTACK_INJECTED_FILM:
        still = head_at(clip, (float)number, liveliness(clip, number));
        answers_at(clip, number, &still);
        return still;
    case ATTACK_INJECTED_LOOP:
    case ATTACK_INJECTED_NOISY:
        return head_at(clip, (float)number, 1); /* the number is within the loop already */
    case ATTACK_MASK: {
        attack_pose eyes = head_at(clip, (float)number, 0);
        answers_at(clip, number, &eyes);
        still.closed = eyes.closed;
        return still;
    }
    default:
        return still;
    }
}

static void add_noise(tb_image *image, uint32_t seed, uint64_t number, float deviation)
{
    uint32_t state = mix(seed, (uint32_t)number) | 1;
    size_t size = 3 * (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13; /* Marsaglia's xorshift */
        state ^= state >> 17;
        state ^= state << 5;
        int sum = (int)((state & 255) + (state >> 8 & 255) + (state >> 16 & 255) + (state >> 24)) - 510;
        float value = (float)image->data[i] + deviation / 147.8f * (float)sum + 0.5f;
        image->data[i] = value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
    }
}

/* Where a pixel of the frame leads: the place on the sheet (eye distances) and in the photograph (pixels). Found at
 * every fourth pixel, straight between. */
struct way {
    float sheet_x, sheet_y, x, y;
};
#define STEP 4

struct view { /* of one picture */
    const attack_clip *clip;
    struct sheet sheet;
    attack_pose pose;
    struct turn turn;
    int on_sheet, across; /* ways in a row */
    uint64_t number;
    struct way *ways;
    float waves[WAVES];
};

static struct way way_of(const struct view *view, float x, float y)
{
    const attack_subject *s = view->clip->subject;
    float dx = x - s->centre.x, dy = y - s->centre.y;
    tb_point at = {(dx * s->across.x + dy * s->across.y) / s->eyes, (dy * s->across.x - dx * s->across.y) / s->eyes};
    if (view->on_sheet)
        at = through_sheet(&view->sheet, at.x, at.y);
    struct way way = {.sheet_x = at.x, .sheet_y = at.y};
    at = through_lids(s, &view->pose, through_head(s, &view->pose, &view->turn, at.x, at.y));
    way.x = s->centre.x + s->eyes * (at.x * s->across.x - at.y * s->across.y);
    way.y = s->centre.y + s->eyes * (at.x * s->across.y + at.y * s->across.x);
    return way;
}

static float between(float a, float b, float c, float d, float fx, float fy)
{
    float top = a + fx * (b - a), bottom = c + fx * (d - c);
    return top + fy * (bottom - top);
}

static struct way way_at(const struct view *view, int x, int y)
{
    const struct way *w = view->ways + (size_t)(y / STEP) * (size_t)view->across + x / STEP, *under = w + view->across;
    float fx = (float)(x % STEP) / STEP, fy = (float)(y % STEP) / STEP;
    return (struct way){between(w[0].sheet_x, w[1].sheet_x, under[0].sheet_x, under[1].sheet_x, fx, fy),
                        between(w[0].sheet_y, w[1].sheet_y, under[0].sheet_y, under[1].sheet_y, fx, fy),
                        between(w[0].x, w[1].x, under[0].x, under[1].x, fx, fy),
                        between(w[0].y, w[1].y, under[0].y, under[1].y, fx, fy)};
}

static void look_at_sheet(const struct view *view, const struct way *way, int x, int y, float out[3])
{
    const attack_clip *clip = view->clip;
    const attack_subject *s = clip->subject;
    const struct sheet *sheet = &view->sheet;
    float beyond = fmaxf(fmaxf(sheet->left - way->sheet_x, way->sheet_x - sheet->right),
                         fmaxf(sheet->top - way->sheet_y, way->sheet_y - sheet->bottom));
    float v = ((float)y - s->centre.y) / s->eyes;
    if (!(beyond < sheet->border)) {
        wall(((float)x - s->centre.x) / s->eyes, v, clip->seed, out);
    } else if (beyond > 0) { /* white paper, or the black rim of a screen */
        for (int c = 0; c < 3; c++)
            out[c] = is_screen(clip->kind) ? 22.0f : 226.0f;
    } else {
        tb_point at = {way->sheet_x, way->sheet_y};
        sample(&s->picture, way->x, way->y, out);
        if (is_screen(clip->kind))
            as_screen(view->waves, at, v, view->number, out);
        else
            as_print(view->waves, at, out);
    }
}

static void paint(const struct view *view, tb_image *out)
{
    for (int y = 0; y < out->height; y++)
        for (int x = 0; x < out->width; x++) {
            float colour[3];
            struct way way = way_at(view, x, y);
            if (view->on_sheet)
                look_at_sheet(view, &way, x, y, colour);
            else
                sample(&view->clip->subject->picture, way.x, way.y, colour);
            uint8_t *pixel = out->data + 3 * ((size_t)y * (size_t)out->width + (size_t)x);
            for (int c = 0; c < 3; c++)
                pixel[c] = (uint8_t)fmaxf(0, fminf(255, colour[c] + 0.5f));
        }
}

static uint64_t recorded_at(const attack_clip *clip, uint64_t number)
{
    enum { LOOP = 14 };
    if (clip->kind == ATTACK_INJECTED_STILL)
        return 0;
    return clip->kind == ATTACK_INJECTED_LOOP || clip->kind == ATTACK_INJECTED_NOISY ? number % LOOP : number;
}

tb_status attack_picture(const attack_clip *clip, uint64_t number, tb_image *out)
{
    const attack_subject *s = clip->subject;
    uint64_t shown = recorded_at(clip, number);
    struct view view = {.clip = clip,
                        .sheet = sheet_at(clip, number),
                        .pose = content_at(clip, shown),
                        .on_sheet = is_print(clip->kind) || is_screen(clip->kind),
                        .across = s->picture.width / STEP + 2,
                        .number = number};
    int down = s->picture.height / STEP + 2;
    tb_status status = tb_image_new(s->picture.width, s->picture.height, out);
    if (status != TB_OK)
        return status;
    view.ways = calloc((size_t)view.across * (size_t)down, sizeof *view.ways);
    if (!view.ways) {
        tb_image_free(out);
        return TB_NO_MEMORY;
    }
    view.turn = turn_of(&view.pose);
    fill_waves(view.waves);
    for (int y = 0; y < down; y++)
        for (int x = 0; x < view.across; x++)
            view.ways[y * view.across + x] = way_of(&view, (float)(x * STEP), (float)(y * STEP));
    paint(&view, out);
    free(view.ways);
    add_noise(out, clip->seed, shown, 1);
    if (clip->kind == ATTACK_INJECTED_NOISY)
        add_noise(out, clip->seed + 1, number, 1.5f);
    return TB_OK;
}
