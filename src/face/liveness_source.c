/* liveness_source.c: do these pictures come from a camera? A sensor never makes the same picture twice, a film comes
 * round again, and a program that feeds pictures in has its own habits.
 *
 * Two pictures that are equal prove nothing by themselves (a slow camera read twice, a stream that skips a still
 * picture): only FROZEN_LEAST of them over FROZEN_TIME do. A whole picture equal to an earlier one with others between
 * them does: noise never repeats. Hashes of pictures are kept across people, 4,096 of them: a film of some minutes. */
#include "face/liveness_session.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <tebura/clock.h>
#include <tebura/secret.h>

#define CHIP_SIDE 32
#define CHIP_SAME 1019 /* of 1,024 values, equal to the last bit: a moving clock in the corner does not hide a still */
#define FROZEN_LEAST 5
#define FROZEN_TIME (TB_SECOND / 2)
#define LOOP_LEAST 2
#define HASTY (4 * (TB_SECOND / 1000)) /* 250 pictures a second */
#define HASTY_LEAST 12
#define RETRACE_NEAR 12 /* pictures: a shorter period is trembling */
#define RETRACE_LEAST 24
#define RETRACE_SAME 0.012f /* eye distances: as near as landmarks of the same film in other noise come */
#define RETRACE_MOVED 0.08f /* somebody who hardly moves, moves as before by chance */
#define GRID_X 64
#define GRID_Y 48

void source_restart(struct source *source)
{
    tb_wipe(source->chip, sizeof source->chip);
    tb_wipe(source->trail, sizeof source->trail);
    memset(source->run, 0, sizeof source->run);
    source->trail_count = 0;
    source->has_chip = 0;
    source->same = source->looped = source->hasty = source->barred = source->pictures = 0;
    source->frozen = source->looping = source->retraced = source->too_fast = source->reformed = 0;
    source->width = source->height = 0;
    source->last = 0;
    source->loop_at = 0;
}

static const uint8_t *pixel_at(const tb_image *image, float x, float y)
{
    int column = (int)fmaxf(0, fminf(x, (float)(image->width - 1)));
    int row = (int)fmaxf(0, fminf(y, (float)(image->height - 1)));
    return image->data + 3 * ((size_t)row * (size_t)image->width + (size_t)column);
}

/* The face's box moves by parts of a pixel even when the picture does not: on a grid of 8 pixels it stays. */
static int take_chip(struct source *source, const tb_image *image, tb_box box)
{
    uint8_t chip[SOURCE_CHIP];
    int equal = 0;
    float x = 8 * floorf(box.x / 8), y = 8 * floorf(box.y / 8);
    float width = 8 * ceilf(box.width / 8), height = 8 * ceilf(box.height / 8);
    for (int i = 0; i < SOURCE_CHIP; i++) {
        float u = ((float)(i % CHIP_SIDE) + 0.5f) / CHIP_SIDE, v = ((float)(i / CHIP_SIDE) + 0.5f) / CHIP_SIDE;
        const uint8_t *at = pixel_at(image, x + u * width, y + v * height);
        chip[i] = (uint8_t)(at[0] + 3 * at[1] + 5 * at[2]); /* a change of any channel changes it */
        equal += chip[i] == source->chip[i];
    }
    memcpy(source->chip, chip, sizeof chip);
    tb_wipe(chip, sizeof chip);
    int same = source->has_chip && equal >= CHIP_SAME;
    source->has_chip = 1;
    return same;
}

/* FNV-1a over a grid of 64 x 48 pixels; 0 is never answered. Also tells whether two opposite sides are bars. */
static uint64_t hash_of(const tb_image *image, int *bars)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    uint8_t low[4] = {255, 255, 255, 255}, high[4] = {0};
    for (int row = 0; row < GRID_Y; row++) {
        int y = (int)((int64_t)row * (image->height - 1) / (GRID_Y - 1));
        for (int column = 0; column < GRID_X; column++) {
            int x = (int)((int64_t)column * (image->width - 1) / (GRID_X - 1));
            const uint8_t *at = image->data + 3 * ((size_t)y * (size_t)image->width + (size_t)x);
            hash = (hash ^ (uint64_t)(at[0] | at[1] << 8 | at[2] << 16)) * UINT64_C(0x100000001b3);
            const int on[4] = {row == 0, row == GRID_Y - 1, column == 0, column == GRID_X - 1};
            for (int side = 0; side < 4; side++)
                if (on[side]) {
                    low[side] = at[1] < low[side] ? at[1] : low[side];
                    high[side] = at[1] > high[side] ? at[1] : high[side];
                }
        }
    }
    int plain[4];
    for (int side = 0; side < 4; side++)
        plain[side] = high[side] - low[side] <= 2 && high[side] < 24; /* black, without any noise */
    *bars = (plain[0] && plain[1]) || (plain[2] && plain[3]);
    return hash ? hash : 1;
}

/* Is this picture the one that followed the one that the last picture was equal to? Else: is it any earlier one? */
static void follow_loop(struct source *source, uint64_t hash)
{
    uint32_t found = 0, count = source->hash_count, room = count < SOURCE_HASHES ? count : SOURCE_HASHES;
    uint32_t next = source->loop_at ? source->loop_at + 1 : 0;
    if (next && next <= count && count - next < SOURCE_HASHES && source->hashes[(next - 1) % SOURCE_HASHES] == hash)
        found = next;
    for (uint32_t back = 0; !found && back < room; back++)
        if (source->hashes[(count - 1 - back) % SOURCE_HASHES] == hash)
            found = count - back;
    source->looped = !found ? 0 : found == next ? source->looped + 1 : 1;
    source->loop_at = found;
    source->looping |= source->looped >= LOOP_LEAST;
    source->hashes[count % SOURCE_HASHES] = hash;
    source->hash_count++;
}

static tb_point mean_of(const tb_point *points, int count)
{
    tb_point sum = {0, 0};
    for (int i = 0; i < count; i++) {
        sum.x += points[i].x / (float)count;
        sum.y += points[i].y / (float)count;
    }
    return sum;
}

static void trail_of(const tb_face *face, float out[SOURCE_NUMBERS])
{
    const tb_point *p = face->landmarks;
    tb_point left = mean_of(p + 36, 6), right = mean_of(p + 42, 6);
    float ex = right.x - left.x, ey = right.y - left.y, eyes = fmaxf(hypotf(ex, ey), 1);
    tb_point middle = {(left.x + right.x) / 2, (left.y + right.y) / 2};
    float ux = ex / eyes, uy = ey / eyes, nx = (p[30].x - middle.x) / eyes, ny = (p[30].y - middle.y) / eyes;
    out[0] = middle.x / eyes;
    out[1] = middle.y / eyes;
    out[2] = 2 * logf(eyes);
    out[3] = atan2f(ey, ex);
    out[4] = nx * ux + ny * uy;
    out[5] = ny * ux - nx * uy;
    out[6] = hypotf(p[66].x - p[62].x, p[66].y - p[62].y) / eyes;
    out[7] = (hypotf(p[41].x - p[37].x, p[41].y - p[37].y) + hypotf(p[47].x - p[43].x, p[47].y - p[43].y)) / eyes;
}

static float range_of(const struct source *source, uint32_t pictures)
{
    float most = 0;
    for (int n = 0; n < SOURCE_NUMBERS; n++) {
        float low = INFINITY, high = -INFINITY;
        for (uint32_t i = 0; i < pictures; i++) {
            float value = source->trail[(source->trail_count - 1 - i) % SOURCE_TRAIL][n];
            low = fminf(low, value);
            high = fmaxf(high, value);
        }
        most = fmaxf(most, high - low);
    }
    return most;
}

/* A film that comes round again in other noise (encoded anew, held before a camera that does not move): every movement
 * is the same as one period ago, for a whole period and RETRACE_LEAST pictures. */
static void follow_trail(struct source *source, const tb_face *face)
{
    float *now = source->trail[source->trail_count % SOURCE_TRAIL];
    trail_of(face, now);
    source->trail_count++;
    for (uint32_t back = RETRACE_NEAR; back < SOURCE_TRAIL && back < source->trail_count; back++) {
        const float *then = source->trail[(source->trail_count - 1 - back) % SOURCE_TRAIL];
        float sum = 0;
        for (int n = 0; n < SOURCE_NUMBERS; n++)
            sum += (now[n] - then[n]) * (now[n] - then[n]);
        if (sum > SOURCE_NUMBERS * RETRACE_SAME * RETRACE_SAME) {
            source->run[back] = 0;
            continue;
        }
        uint32_t run = ++source->run[back];
        if (run >= RETRACE_LEAST && run >= back && run % 4 == 0 && !source->retraced)
            source->retraced = range_of(source, back) > RETRACE_MOVED;
    }
}

void source_see(struct source *source, const tb_liveness_frame *frame, int *is_new)
{
    const tb_image *image = frame->image;
    int bars = 0;
    int same = take_chip(source, image, frame->face->box);
    source->hasty = source->pictures && frame->taken - source->last < HASTY ? source->hasty + 1 : 0;
    source->too_fast |= source->hasty >= HASTY_LEAST;
    source->reformed |= source->pictures && (image->width != source->width || image->height != source->height);
    source->width = image->width;
    source->height = image->height;
    source->pictures++;
    if (same) {
        source->same_since = source->same ? source->same_since : source->last;
        source->same++;
        source->frozen |= source->same >= FROZEN_LEAST && frame->taken - source->same_since >= FROZEN_TIME;
    } else {
        source->same = 0;
        follow_loop(source, hash_of(image, &bars));
        source->barred = bars ? source->barred + 1 : 0;
        follow_trail(source, frame->face);
    }
    source->last = frame->taken;
    *is_new = !same && !source->looped;
}

tb_status source_judge(const struct source *source, int virtual_device, float *evidence, char why[96])
{
    static const float injected = -8, doubtful = -2;
    const char *said = "";
    tb_status status = TB_INJECTED;
    *evidence = injected;
    if (source->frozen) {
        said = "the same picture again and again";
    } else if (source->looping) {
        said = "pictures that came before, in the same order";
    } else if (source->retraced) {
        said = "every movement as one round before";
    } else if (virtual_device) {
        said = "the camera device is a program";
    } else if (source->too_fast) {
        said = "pictures faster than a camera makes them";
    } else {
        status = TB_OK;
        *evidence = source->pictures ? 0 : doubtful;
        if (source->reformed)
            said = "the pictures' size changed while the person stood there";
        else if (source->barred >= 3)
            said = "black bars, as round a film";
        if (said[0])
            *evidence = source->reformed ? 2 * doubtful : doubtful;
    }
    snprintf(why, 96, "%s", said);
    return status;
}
