/* zone.c: capture zone and tracks. */
#include "terminal/zone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#define TRACKS TB_ZONE_TRACKS
#define SIDE 16
#define CHIP (SIDE * SIDE)
#define OVERLAP 0.25f
#define LENIENT_LIKENESS 0.5f /* while a head turns: whoever asked for it compares templates at the end */
#define LENIENT_MISSED 6
#define MISSED_MOST 2 /* pictures in which the detector may overlook a face before it counts as gone */

struct track {
    uint32_t number; /* 0: free */
    tb_box box;
    int seen, missed, moved;
    float chip[CHIP]; /* zero mean, unit length */
};

struct tb_zone {
    tb_zone_options options;
    struct track *tracks; /* TRACKS of them, secret memory */
    uint32_t last, focus, lenient;
};

tb_status tb_zone_new(const tb_zone_options *options, tb_zone **out)
{
    *out = NULL;
    tb_zone *zone = calloc(1, sizeof *zone);
    if (!zone)
        return TB_NO_MEMORY;
    if (options)
        zone->options = *options;
    tb_zone_options *o = &zone->options;
    if (o->right <= o->left || o->bottom <= o->top)
        o->left = 0.1f, o->top = 0.05f, o->right = 0.9f, o->bottom = 0.95f;
    o->eye_distance = o->eye_distance > 0 ? o->eye_distance : 0.045f;
    o->steady = o->steady > 0 ? o->steady : 2;
    o->likeness = o->likeness > 0 ? o->likeness : 0.9f;
    zone->tracks = tb_secret_alloc(TRACKS * sizeof *zone->tracks);
    if (!zone->tracks) {
        free(zone);
        return TB_NO_MEMORY;
    }
    *out = zone;
    return TB_OK;
}

void tb_zone_free(tb_zone **zone)
{
    if (!*zone)
        return;
    tb_secret_free((*zone)->tracks);
    free(*zone);
    *zone = NULL;
}

void tb_zone_clear(tb_zone *zone)
{
    tb_wipe(zone->tracks, TRACKS * sizeof *zone->tracks);
}

static tb_point mean_of(const tb_face *face, int first, int count)
{
    tb_point sum = {0, 0};
    for (int i = first; i < first + count; i++) {
        sum.x += face->landmarks[i].x / (float)count;
        sum.y += face->landmarks[i].y / (float)count;
    }
    return sum;
}

void tb_zone_eyes(const tb_face *face, tb_point eyes[2])
{
    if (face->has_landmarks) { /* iBUG 300-W: 36..41 and 42..47 */
        eyes[0] = mean_of(face, 36, 6);
        eyes[1] = mean_of(face, 42, 6);
        return;
    }
    eyes[0] = (tb_point){face->box.x + 0.3f * face->box.width, face->box.y + 0.4f * face->box.height};
    eyes[1] = (tb_point){face->box.x + 0.7f * face->box.width, eyes[0].y};
}

static float grey_at(const tb_image *image, float x, float y)
{
    int column = (int)x, row = (int)y;
    column = column < 0 ? 0 : column >= image->width ? image->width - 1 : column;
    row = row < 0 ? 0 : row >= image->height ? image->height - 1 : row;
    const uint8_t *at = image->data + 3 * ((size_t)row * (size_t)image->width + (size_t)column);
    return 0.299f * at[0] + 0.587f * at[1] + 0.114f * at[2];
}

/* Samples the face upright, measured by its eyes: 2.4 eye distances wide, from above the brows to below the mouth. */
static void make_chip(const tb_image *image, const tb_face *face, float chip[CHIP])
{
    tb_point eyes[2];
    tb_zone_eyes(face, eyes);
    float ux = eyes[1].x - eyes[0].x, uy = eyes[1].y - eyes[0].y;
    tb_point middle = {(eyes[0].x + eyes[1].x) / 2, (eyes[0].y + eyes[1].y) / 2};
    float mean = 0, length = 0;
    for (int i = 0; i < CHIP; i++) {
        chip[i] = 0;
        for (int sub = 0; sub < 9; sub++) { /* an average over the cell keeps noise out */
            float u = ((float)(i % SIDE) + ((float)(sub % 3) + 0.5f) / 3) / SIDE * 2.4f - 1.2f;
            float v = ((float)(i / SIDE) + ((float)sub / 3 + 0.5f) / 3) / SIDE * 2.4f - 0.8f;
            chip[i] += grey_at(image, middle.x + u * ux - v * uy, middle.y + u * uy + v * ux) / 9;
        }
        mean += chip[i] / CHIP;
    }
    for (int i = 0; i < CHIP; i++) {
        chip[i] -= mean;
        length += chip[i] * chip[i];
    }
    length = sqrtf(length);
    for (int i = 0; i < CHIP; i++)
        chip[i] = length > 0 ? chip[i] / length : 0;
}

static float likeness(const float a[CHIP], const float b[CHIP])
{
    float sum = 0;
    for (int i = 0; i < CHIP; i++)
        sum += a[i] * b[i];
    return sum;
}

static float overlap(tb_box a, tb_box b)
{
    float width = fminf(a.x + a.width, b.x + b.width) - fmaxf(a.x, b.x);
    float height = fminf(a.y + a.height, b.y + b.height) - fmaxf(a.y, b.y);
    if (width <= 0 || height <= 0)
        return 0;
    float both = width * height;
    return both / (a.width * a.height + b.width * b.height - both);
}

static int is_inside(const tb_zone *zone, const tb_image *image, const tb_face *face, tb_status *advice)
{
    const tb_zone_options *o = &zone->options;
    tb_point eyes[2];
    tb_zone_eyes(face, eyes);
    float x = (face->box.x + face->box.width / 2) / (float)image->width,
          y = (face->box.y + face->box.height / 2) / (float)image->height;
    if (x < o->left || x > o->right || y < o->top || y > o->bottom) {
        *advice = *advice == TB_OK ? TB_RETRY_FACE_AT_BORDER : *advice;
        return 0;
    }
    if (hypotf(eyes[1].x - eyes[0].x, eyes[1].y - eyes[0].y) < o->eye_distance * (float)image->width) {
        *advice = TB_RETRY_TOO_FAR;
        return 0;
    }
    return 1;
}

void tb_zone_lenient(tb_zone *zone, uint32_t track)
{
    zone->lenient = track;
}

static int is_lenient(const tb_zone *zone, const struct track *track)
{
    return zone->lenient && track->number == zone->lenient;
}

/* The track that this face goes on with, else a new one. NULL: more faces than tracks. */
static struct track *track_of(tb_zone *zone, const tb_face *face, const float chip[CHIP], const int taken[TRACKS])
{
    struct track *best = NULL, *unused = NULL;
    float most = OVERLAP;
    for (int i = 0; i < TRACKS; i++) {
        struct track *track = &zone->tracks[i];
        float least = is_lenient(zone, track) ? LENIENT_LIKENESS : zone->options.likeness;
        if (!track->number) {
            unused = unused ? unused : track;
        } else if (!taken[i] && overlap(track->box, face->box) >= most && likeness(track->chip, chip) >= least) {
            most = overlap(track->box, face->box);
            best = track;
        }
    }
    if (best || !unused)
        return best;
    memset(unused, 0, sizeof *unused);
    unused->number = ++zone->last ? zone->last : ++zone->last;
    unused->box = face->box;
    return unused;
}

static void follow(struct track *track, const tb_face *face, const float chip[CHIP])
{
    float dx = fabsf(track->box.x - face->box.x), dy = fabsf(track->box.y - face->box.y);
    track->moved = dx > 0.25f * face->box.width || dy > 0.25f * face->box.height;
    track->seen = track->moved ? 1 : track->seen + 1;
    track->missed = 0;
    track->box = face->box;
    memcpy(track->chip, chip, sizeof track->chip);
}

/* Somebody who was seen just now stands in this track's place or looks like it: the same person, turned or moved, or
 * who took their place; no second one. */
static int is_replaced(const tb_zone *zone, const struct track *track, const int taken[TRACKS])
{
    for (int i = 0; i < TRACKS; i++)
        if (taken[i] && (overlap(zone->tracks[i].box, track->box) > 0 ||
                         likeness(zone->tracks[i].chip, track->chip) >= zone->options.likeness))
            return 1;
    return 0;
}

/* Forgets who was overlooked too often; counts those who were overlooked just now as still there. */
static int age_tracks(tb_zone *zone, const int taken[TRACKS], struct track **only, int still[TRACKS])
{
    int waiting = 0;
    for (int i = 0; i < TRACKS; i++) {
        struct track *track = &zone->tracks[i];
        if (!track->number || taken[i])
            continue;
        if (++track->missed > (is_lenient(zone, track) ? LENIENT_MISSED : MISSED_MOST)) {
            tb_wipe(track, sizeof *track);
        } else if (!is_replaced(zone, track, taken)) {
            waiting++;
            *only = track;
            still[i] = 1;
        }
    }
    return waiting;
}

void tb_zone_focus(tb_zone *zone, uint32_t track)
{
    zone->focus = track;
}

/* `faces`: of each track its face in this picture, from 1, 0 none. */
static void list_everybody(const tb_zone *zone, const int faces[TRACKS], const int still[TRACKS], tb_zone_view *out)
{
    out->all_steady = 1;
    for (int i = 0; i < TRACKS; i++) {
        const struct track *track = &zone->tracks[i];
        if (!faces[i] && !still[i])
            continue;
        out->faces[out->count] = faces[i] - 1;
        out->tracks[out->count++] = track->number;
        out->all_steady &= faces[i] && track->seen >= zone->options.steady && !track->moved;
    }
    out->all_steady &= out->count > 0 && out->count == out->inside;
}

static int face_of_focus(const tb_zone *zone, const int faces[TRACKS])
{
    for (int i = 0; i < TRACKS; i++)
        if (zone->tracks[i].number == zone->focus)
            return faces[i] - 1;
    return -1;
}

void tb_zone_see(tb_zone *zone, const tb_image *image, const tb_face *faces, int count, tb_zone_view *out, int *chosen)
{
    int taken[TRACKS] = {0}, still[TRACKS] = {0}, inside = 0, face = -1, ignored;
    struct track *candidate = NULL, *waiting = NULL;
    float fresh[CHIP];
    tb_status advice = TB_OK;
    for (int i = 0; i < count; i++) {
        if (!is_inside(zone, image, &faces[i], &advice))
            continue;
        make_chip(image, &faces[i], fresh);
        struct track *track = track_of(zone, &faces[i], fresh, taken);
        inside++;
        face = i;
        if (!track)
            continue;
        follow(track, &faces[i], fresh);
        taken[track - zone->tracks] = i + 1;
        candidate = track;
    }
    tb_wipe(fresh, sizeof fresh);
    int overlooked = age_tracks(zone, taken, &waiting, still);
    /* Z1: who is overlooked for a moment beside somebody else is still there; the other is not alone yet. */
    int there = inside + overlooked > TB_FACES_MAX ? TB_FACES_MAX : inside + overlooked;
    *out = (tb_zone_view){.inside = inside ? there : 0, .advice = inside ? TB_OK : advice};
    if (out->inside == 1 && candidate) {
        out->track = candidate->number;
        out->steady = candidate->seen >= zone->options.steady && !candidate->moved;
    } else if (inside == 0 && overlooked == 1) { /* one bad picture is no departure */
        out->inside = 1;
        out->track = waiting->number;
    }
    list_everybody(zone, taken, still, out);
    chosen = chosen ? chosen : &ignored;
    *chosen = zone->focus ? face_of_focus(zone, taken) : inside == 1 && out->inside == 1 ? face : -1;
}
