/* scene.c: SIMULATION: re-photography. What a camera would see if the person in a photograph stood before it: nearer or
 * farther, tilted, in other light, never quite still, through a lens and a sensor that are not perfect.
 *
 * I1: a frame is a pure function of the scene (its seed included) and the frame's number: no clock, no other
 * randomness. The steps are those of light: wall and people (placed, swaying), illumination with slow drift of gain and
 * white balance, sensor noise, one JPEG encoding as webcams do it. */
#include "camera/scene.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define GAMMA 2.2f
#define FEATHER                                                                                                        \
    0.05f /* share of a region's side over which it fades into the wall: no hard edge that a detector could see */

/* ---- numbers that look random and never change ---- */

static uint32_t mix(uint32_t a, uint32_t b) /* Wang's hash on two words */
{
    uint32_t x = a * UINT32_C(0x9e3779b1) ^ (b + UINT32_C(0x7f4a7c15));
    x = (x ^ 61) ^ (x >> 16);
    x *= 9;
    x ^= x >> 4;
    x *= UINT32_C(0x27d4eb2d);
    return x ^ (x >> 15);
}

static float unit(uint32_t x) /* 0..1 */
{
    return (float)(x >> 8) * (1.0f / 16777216.0f);
}

/* A slow wave of -1..1 whose period and phase follow from the seed: two sines, so that it does not repeat soon. */
static float sway(uint32_t seed, uint32_t what, uint64_t number)
{
    float t = (float)(number % 100000);
    float phase = 6.2832f * unit(mix(seed, what)), period = 17.0f + 14.0f * unit(mix(seed, what + 100));
    return 0.7f * sinf(6.2832f * t / period + phase) + 0.3f * sinf(6.2832f * t / (period * 0.37f) + 2 * phase);
}

/* ---- checking and preparing ---- */

static int in_range(float value, float low, float high)
{
    return value >= low && value <= high; /* false for NaN */
}

static tb_status fill_person(tb_scene_person *person, int index, tb_error *why)
{
    if (person->distance == 0)
        person->distance = 1;
    if (!person->picture[0] || !memchr(person->picture, 0, sizeof person->picture))
        return tb_fail(why, TB_INVALID_ARGUMENT, "person %d of the scene has no picture", index + 1);
    if (!in_range(person->distance, 0.2f, 20) || !in_range(person->angle, -180, 180))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "person %d of the scene: distance is 0.2 to 20, angle -180 to 180 degrees", index + 1);
    tb_box box = person->region;
    if (box.width == 0)
        return TB_OK;
    if (!in_range(box.width, 8, 16384) || !in_range(box.height, 8, 16384) || !in_range(box.x, -16384, 16384) ||
        !in_range(box.y, -16384, 16384))
        return tb_fail(why, TB_INVALID_ARGUMENT, "person %d of the scene: a region has sides of 8 to 16384 pixels",
                       index + 1);
    return TB_OK;
}

static tb_status fill_scene(tb_scene *scene, tb_error *why)
{
    if (scene->light == 0)
        scene->light = 1;
    if (scene->width == 0 && scene->height == 0)
        scene->width = 640, scene->height = 480;
    if (scene->seed == 0)
        scene->seed = 1;
    if (scene->count < 0 || scene->count > 4)
        return tb_fail(why, TB_INVALID_ARGUMENT, "a scene has 0 to 4 people, not %d", scene->count);
    if (!in_range(scene->light, 0.01f, 8) || !in_range(scene->noise, 0, 80) || scene->jpeg < 0 || scene->jpeg > 100)
        return tb_fail(why, TB_INVALID_ARGUMENT, "a scene's light is 0.01 to 8, noise 0 to 80, jpeg 0 to 100");
    if (scene->width < 64 || scene->width > 4096 || scene->height < 64 || scene->height > 4096)
        return tb_fail(why, TB_INVALID_ARGUMENT, "a scene's frame has sides of 64 to 4096 pixels");
    for (int i = 0; i < scene->count; i++) {
        tb_status status = fill_person(&scene->people[i], i, why);
        if (status != TB_OK)
            return status;
    }
    return TB_OK;
}

static tb_status prepare_person(const tb_scene *scene, int index, scene_stage *stage, tb_error *why)
{
    const tb_scene_person *person = &scene->people[index];
    tb_image photograph = {0}, region = {0};
    tb_status status = tb_image_read(person->picture, &photograph, why);
    if (status != TB_OK)
        return status;
    tb_box box = person->region;
    if (box.width == 0)
        box = (tb_box){0, 0, (float)photograph.width, (float)photograph.height};
    status = tb_image_crop(&photograph, box, &region);
    if (status != TB_OK)
        goto out;
    float across = (float)scene->width / (float)scene->count / (float)region.width;
    float down = (float)scene->height / (float)region.height;
    float scale = fminf(across, down) / person->distance;
    stage->enlarge[index] = fmaxf(scale, 1);
    if (scale < 1) { /* once, by area: the frames then only move it */
        int width = (int)lroundf((float)region.width * scale), height = (int)lroundf((float)region.height * scale);
        status = tb_image_resize(&region, width > 4 ? width : 4, height > 4 ? height : 4, &stage->people[index]);
    } else {
        stage->people[index] = region;
        region = (tb_image){0};
    }
out:
    if (status != TB_OK)
        tb_fail(why, status, "person %d of the scene cannot be cut from the picture: %s", index + 1,
                tb_status_sentence(status));
    tb_image_free(&region);
    tb_image_free(&photograph);
    return status;
}

/* Plain, and yet no flat grey: a soft gradient and a fine grain. */
static void paint_wall(uint32_t seed, tb_image *wall)
{
    for (int y = 0; y < wall->height; y++) {
        float height = (float)y / (float)wall->height;
        for (int x = 0; x < wall->width; x++) {
            float side = (float)x / (float)wall->width - 0.5f;
            uint32_t coarse = mix(mix(seed, (uint32_t)x / 5), (uint32_t)y / 3),
                     fine = mix(mix(seed + 7, (uint32_t)x), (uint32_t)y);
            float grey = 178 - 34 * height - 26 * side * side + 5 * unit(coarse) + 3 * unit(fine);
            uint8_t *pixel = wall->data + 3 * ((size_t)y * (size_t)wall->width + (size_t)x);
            pixel[0] = (uint8_t)grey;
            pixel[1] = (uint8_t)(grey - 2);
            pixel[2] = (uint8_t)(grey - 7);
        }
    }
}

static tb_status prepare_wall(scene_stage *stage, tb_error *why)
{
    tb_status status = tb_image_new(stage->scene.width, stage->scene.height, &stage->wall);
    if (status != TB_OK)
        return tb_fail(why, status, "no memory for a scene's frame");
    paint_wall(stage->scene.seed, &stage->wall);
    return TB_OK;
}

tb_status scene_prepare(const tb_scene *scene, scene_stage *out, tb_error *why)
{
    *out = (scene_stage){.scene = *scene};
    tb_status status = fill_scene(&out->scene, why);
    if (status == TB_OK)
        status = prepare_wall(out, why);
    for (int i = 0; status == TB_OK && i < out->scene.count; i++)
        status = prepare_person(&out->scene, i, out, why);
    if (status != TB_OK)
        scene_clear(out);
    return status;
}

void scene_clear(scene_stage *stage)
{
    for (int i = 0; i < 4; i++)
        tb_image_free(&stage->people[i]);
    tb_image_free(&stage->wall);
    *stage = (scene_stage){0};
}

/* ---- taking the picture ---- */

static void blend(uint8_t *pixel, const tb_image *image, float u, float v, float weight)
{
    int x = (int)u, y = (int)v; /* u, v >= 0 here */
    int right = x + 1 < image->width ? 3 : 0;
    size_t below = y + 1 < image->height ? 3 * (size_t)image->width : 0;
    float fx = u - (float)x, fy = v - (float)y;
    const uint8_t *at = image->data + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
    for (int c = 0; c < 3; c++) {
        float top = (float)at[c] + fx * (float)(at[c + right] - at[c]);
        float bottom =
            (float)at[below + (size_t)c] + fx * (float)(at[below + (size_t)(c + right)] - at[below + (size_t)c]);
        float colour = top + fy * (bottom - top);
        pixel[c] = (uint8_t)((float)pixel[c] + weight * (colour - (float)pixel[c]) + 0.5f);
    }
}

struct placement { /* from a pixel of the frame to one of the person's picture */
    float a, b, centre_x, centre_y;
    int left, top, right, bottom; /* the part of the frame that can show it */
};

static struct placement place_person(const scene_stage *stage, int index, uint64_t number)
{
    const tb_scene *scene = &stage->scene;
    const tb_image *image = &stage->people[index];
    uint32_t seed = mix(scene->seed, (uint32_t)index), slot = (uint32_t)scene->width / (uint32_t)scene->count;
    float size = (float)scene->height / 480.0f;
    float scale = stage->enlarge[index] * (1 + 0.008f * sway(seed, 1, number));
    float angle = (scene->people[index].angle + 0.8f * sway(seed, 2, number)) * 0.0174533f;
    struct placement place = {
        .a = cosf(angle) / scale,
        .b = sinf(angle) / scale,
        .centre_x = ((float)index + 0.5f) * (float)slot + 3 * size * sway(seed, 3, number),
        .centre_y = 0.5f * (float)scene->height + 2 * size * sway(seed, 4, number),
    };
    float reach_x =
        0.5f * scale * (fabsf(cosf(angle)) * (float)image->width + fabsf(sinf(angle)) * (float)image->height) + 1;
    float reach_y =
        0.5f * scale * (fabsf(sinf(angle)) * (float)image->width + fabsf(cosf(angle)) * (float)image->height) + 1;
    place.left = (int)fmaxf(place.centre_x - reach_x, 0);
    place.top = (int)fmaxf(place.centre_y - reach_y, 0);
    place.right = (int)fminf(place.centre_x + reach_x, (float)scene->width);
    place.bottom = (int)fminf(place.centre_y + reach_y, (float)scene->height);
    return place;
}

static void paint_person(const scene_stage *stage, int index, uint64_t number, tb_image *frame)
{
    const tb_image *image = &stage->people[index];
    struct placement place = place_person(stage, index, number);
    float half_width = 0.5f * (float)image->width, half_height = 0.5f * (float)image->height;
    float soft = fmaxf(FEATHER * fminf((float)image->width, (float)image->height), 1);
    for (int y = place.top; y < place.bottom; y++) {
        for (int x = place.left; x < place.right; x++) {
            float dx = (float)x + 0.5f - place.centre_x, dy = (float)y + 0.5f - place.centre_y;
            float u = place.a * dx + place.b * dy + half_width - 0.5f,
                  v = place.a * dy - place.b * dx + half_height - 0.5f;
            float inside = fminf(fminf(u, (float)(image->width - 1) - u), fminf(v, (float)(image->height - 1) - v));
            if (inside >= 0)
                blend(frame->data + 3 * ((size_t)y * (size_t)frame->width + (size_t)x), image, u, v,
                      fminf(inside / soft, 1));
        }
    }
}

/* Light (linear), exposure and white balance that drift by a few per cent, as tables for the three channels. */
static void expose(const scene_stage *stage, uint64_t number, tb_image *frame)
{
    uint32_t seed = stage->scene.seed;
    float gain[3], bend = 1 + 0.02f * sway(seed, 20, number);
    for (uint32_t c = 0; c < 3; c++)
        gain[c] = stage->scene.light * (1 + 0.03f * sway(seed, 21, number)) * (1 + 0.015f * sway(seed, 22 + c, number));
    uint8_t table[3][256];
    for (int c = 0; c < 3; c++)
        for (int i = 0; i < 256; i++)
            table[c][i] = (uint8_t)fminf(255, 255 * powf(powf((float)i / 255, GAMMA) * gain[c], bend / GAMMA) + 0.5f);
    size_t pixels = (size_t)frame->width * (size_t)frame->height;
    for (size_t i = 0; i < 3 * pixels; i += 3)
        for (size_t c = 0; c < 3; c++)
            frame->data[i + c] = table[c][frame->data[i + c]];
}

/* The sum of four uniform bytes is close to a normal distribution (mean 510, standard deviation 147.8): cheap, and
 * without the tails that clipping would cut off anyway. */
static void add_noise(const scene_stage *stage, uint64_t number, tb_image *frame)
{
    float deviation = stage->scene.noise / 147.8f;
    uint32_t state = mix(stage->scene.seed, (uint32_t)number) | 1;
    size_t size = 3 * (size_t)frame->width * (size_t)frame->height;
    for (size_t i = 0; i < size; i++) {
        state ^= state << 13; /* Marsaglia's xorshift */
        state ^= state >> 17;
        state ^= state << 5;
        int sum = (int)((state & 255) + (state >> 8 & 255) + (state >> 16 & 255) + (state >> 24)) - 510;
        float value = (float)frame->data[i] + deviation * (float)sum + 0.5f;
        frame->data[i] = value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)value;
    }
}

static tb_status through_jpeg(int quality, tb_image *frame)
{
    tb_bytes encoded = {0};
    tb_image decoded = {0};
    tb_status status = tb_image_encode_jpeg(frame, quality, &encoded);
    if (status == TB_OK)
        status = tb_image_decode(tb_bytes_span(&encoded), &decoded, NULL);
    tb_bytes_free(&encoded);
    if (status != TB_OK)
        return status;
    tb_image_free(frame);
    *frame = decoded;
    return TB_OK;
}

tb_status scene_photograph(const scene_stage *stage, uint64_t number, tb_image *out)
{
    tb_status status = tb_image_new(stage->scene.width, stage->scene.height, out);
    if (status != TB_OK)
        return status;
    memcpy(out->data, stage->wall.data, 3 * (size_t)out->width * (size_t)out->height);
    for (int i = 0; i < stage->scene.count; i++)
        paint_person(stage, i, number, out);
    expose(stage, number, out);
    if (stage->scene.noise > 0)
        add_noise(stage, number, out);
    if (stage->scene.jpeg > 0)
        status = through_jpeg(stage->scene.jpeg, out);
    if (status != TB_OK)
        tb_image_free(out);
    return status;
}

tb_status tb_scene_render(const tb_scene *scene, uint64_t number, tb_image *out, tb_error *why)
{
    *out = (tb_image){0};
    scene_stage stage;
    tb_status status = scene_prepare(scene, &stage, why);
    if (status != TB_OK)
        return status;
    status = scene_photograph(&stage, number, out);
    scene_clear(&stage);
    if (status != TB_OK)
        return tb_fail(why, status, "the scene cannot be photographed: %s", tb_status_sentence(status));
    return TB_OK;
}
