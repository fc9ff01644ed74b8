/* liveness_motion.c: a plane or a head? A print or a screen that turns, tilts or bends over moves all its points by one
 * homography. A head's nose stands out, eyes and mouth move: what is left after the best homography is large.
 *
 * Landmarks are noisy, so pictures in which the face has the same shape are averaged; the two shapes that differ most
 * (after the best similarity: shift, size, turn in the picture) are compared. Without such a difference nothing can be
 * said: a person who looks straight ahead and a print held still look the same here. */
#include "face/liveness_session.h"

#include <math.h>
#include <string.h>

#include <tebura/clock.h>

/* Eye distances, root mean square over the points. Landmarks of one place scatter by 0.002 to 0.005; prints turned by
 * 20 to 30 degrees change by 0.02 to 0.05 and leave a fifth to a half of it, heads of guessed depth change by 0.05 to
 * 0.11 and leave 0.04 and more (doc/adr/086). */
static const float same_shape = 0.012f;                       /* goes into one average */
static const float bend_least = 0.018f;                       /* a smaller change of shape says nothing */
static const float flat_most = 0.50f;                         /* share of it that no homography explains */
static const float solid_least = 0.034f, solid_share = 0.55f; /* what none explains, and its share */
static const float still_most = 0.004f; /* standard deviation of a face that does not move at all */
#define STILL_TIME (3 * TB_SECOND)
#define STILL_PICTURES 24
#define JUMP 1.0f /* eye distances from one picture to the next */

void motion_restart(struct motion *motion)
{
    memset(motion, 0, sizeof *motion); /* not secret: shapes of the face's outline only, and in wiped memory */
}

/* ---- homography ---- */

/* Solves the 8 normal equations by elimination with pivots; 0 when they are singular. */
static int solve(double a[8][9])
{
    for (int column = 0; column < 8; column++) {
        int pivot = column;
        for (int row = column + 1; row < 8; row++)
            if (fabs(a[row][column]) > fabs(a[pivot][column]))
                pivot = row;
        if (fabs(a[pivot][column]) < 1e-10)
            return 0;
        for (int k = 0; k < 9; k++) {
            double kept = a[column][k];
            a[column][k] = a[pivot][k];
            a[pivot][k] = kept;
        }
        for (int row = 0; row < 8; row++) {
            if (row == column)
                continue;
            double factor = a[row][column] / a[column][column];
            for (int k = column; k < 9; k++)
                a[row][k] -= factor * a[column][k];
        }
    }
    for (int i = 0; i < 8; i++)
        a[i][8] /= a[i][i];
    return 1;
}

static void add_equation(double a[8][9], const double row[8], double value)
{
    for (int i = 0; i < 8; i++) {
        for (int k = 0; k < 8; k++)
            a[i][k] += row[i] * row[k];
        a[i][8] += row[i] * value;
    }
}

float motion_homography_residue(const tb_point *from, const tb_point *to, int count)
{
    double a[8][9] = {{0}}, sum = 0;
    for (int i = 0; i < count; i++) {
        double x = from[i].x, y = from[i].y, u = to[i].x, v = to[i].y;
        const double first[8] = {x, y, 1, 0, 0, 0, -u * x, -u * y}, second[8] = {0, 0, 0, x, y, 1, -v * x, -v * y};
        add_equation(a, first, u);
        add_equation(a, second, v);
    }
    if (count < 5 || !solve(a))
        return NAN;
    for (int i = 0; i < count; i++) {
        double x = from[i].x, y = from[i].y, w = a[6][8] * x + a[7][8] * y + 1;
        double u = (a[0][8] * x + a[1][8] * y + a[2][8]) / w - to[i].x;
        double v = (a[3][8] * x + a[4][8] * y + a[5][8]) / w - to[i].y;
        sum += u * u + v * v;
    }
    double residue = sqrt(sum / count);
    return isfinite(residue) ? (float)residue : NAN;
}

/* ---- shapes ---- */

static float distance(const tb_point *a, const tb_point *b)
{
    float sum = 0;
    for (int i = 0; i < MOTION_POINTS; i++)
        sum += (a[i].x - b[i].x) * (a[i].x - b[i].x) + (a[i].y - b[i].y) * (a[i].y - b[i].y);
    return sqrtf(sum / MOTION_POINTS);
}

static void lay_onto(const tb_point *reference, tb_point *points)
{
    tb_similarity map;
    if (tb_similarity_fit(points, reference, MOTION_POINTS, &map) != TB_OK)
        return;
    for (int i = 0; i < MOTION_POINTS; i++)
        points[i] = (tb_point){map.a * points[i].x - map.b * points[i].y + map.tx,
                               map.b * points[i].x + map.a * points[i].y + map.ty};
}

static void put_shape(struct motion *motion, const tb_point *points)
{
    struct motion_shape *nearest = NULL, *rarest = NULL;
    float least = INFINITY;
    for (int i = 0; i < motion->shape_count; i++) {
        float away = distance(motion->shapes[i].points, points);
        if (away < least) {
            least = away;
            nearest = &motion->shapes[i];
        }
        if (!rarest || motion->shapes[i].count < rarest->count)
            rarest = &motion->shapes[i];
    }
    if (nearest && least < same_shape) {
        motion->scatter += (double)least * least;
        motion->scatter_count++;
        float weight = 1.0f / (float)(nearest->count < 15 ? nearest->count + 1 : 16);
        for (int i = 0; i < MOTION_POINTS; i++) {
            nearest->points[i].x += weight * (points[i].x - nearest->points[i].x);
            nearest->points[i].y += weight * (points[i].y - nearest->points[i].y);
        }
        nearest->count++;
        return;
    }
    struct motion_shape *place = motion->shape_count < MOTION_SHAPES ? &motion->shapes[motion->shape_count++] : rarest;
    memcpy(place->points, points, sizeof place->points);
    place->count = 1;
}

/* Where the face is: for a thing that does not move at all. */
static void note_place(struct motion *motion, tb_point centre, float eyes, float turn)
{
    const double place[4] = {centre.x / eyes, centre.y / eyes, log(eyes), turn};
    for (int i = 0; i < 4; i++) {
        double value = motion->pictures ? place[i] - motion->origin[i] : 0;
        if (!motion->pictures)
            motion->origin[i] = place[i];
        motion->place[i] += value;
        motion->place_squares[i] += value * value;
    }
}

void motion_see(struct motion *motion, const tb_liveness_frame *frame)
{
    const tb_point *p = frame->face->landmarks;
    tb_point points[MOTION_POINTS], left = {0, 0}, right = {0, 0};
    for (int i = 0; i < 6; i++) {
        left.x += p[36 + i].x / 6, left.y += p[36 + i].y / 6;
        right.x += p[42 + i].x / 6, right.y += p[42 + i].y / 6;
    }
    tb_point centre = {(left.x + right.x) / 2, (left.y + right.y) / 2};
    float eyes = fmaxf(hypotf(right.x - left.x, right.y - left.y), 1);
    /* The eyes come closer in the picture when the head turns; the way to the chin does not. */
    float size = fmaxf(eyes, hypotf(p[8].x - centre.x, p[8].y - centre.y) / 2);
    if (motion->pictures) {
        float moved = hypotf(centre.x - motion->last_centre.x, centre.y - motion->last_centre.y) / size;
        float ratio = size / motion->last_size;
        if (moved > JUMP || ratio > 1.6f || ratio < 1 / 1.6f) {
            motion->broken = 1;
            return;
        }
    }
    for (int i = 0; i < MOTION_POINTS; i++)
        points[i] = (tb_point){(p[17 + i].x - centre.x) / size, (p[17 + i].y - centre.y) / size};
    if (motion->shape_count)
        lay_onto(motion->shapes[0].points, points);
    put_shape(motion, points);
    note_place(motion, centre, size, atan2f(right.y - left.y, right.x - left.x));
    motion->first = motion->pictures ? motion->first : frame->taken;
    motion->last = frame->taken;
    motion->last_centre = centre;
    motion->last_size = size;
    motion->pictures++;
}

static int is_still(const struct motion *motion)
{
    if (motion->pictures < STILL_PICTURES || motion->last - motion->first < STILL_TIME)
        return 0;
    for (int i = 0; i < 4; i++) {
        double mean = motion->place[i] / motion->pictures;
        double variance = motion->place_squares[i] / motion->pictures - mean * mean;
        if (variance > (double)still_most * still_most)
            return 0;
    }
    return 1;
}

struct motion_found motion_judge(const struct motion *motion)
{
    /* doc/adr/086. Flat outweighs everything else; too little movement counts a little against. */
    static const float unknown = -0.4f, solid = 0.5f, flat = -6.5f, still = -2;
    struct motion_found found = {.kind = TB_MOTION_UNKNOWN, .evidence = unknown};
    const struct motion_shape *from = NULL, *to = NULL;
    for (int i = 0; i < motion->shape_count; i++)
        for (int j = i + 1; j < motion->shape_count; j++) {
            if (motion->shapes[i].count < 2 || motion->shapes[j].count < 2)
                continue; /* one picture may be a landmark gone astray */
            float away = distance(motion->shapes[i].points, motion->shapes[j].points);
            if (away > found.bend) {
                found.bend = away;
                from = &motion->shapes[i];
                to = &motion->shapes[j];
            }
        }
    if (from && found.bend >= bend_least) {
        float residue = motion_homography_residue(from->points, to->points, MOTION_POINTS);
        /* What noise alone leaves, after averaging: out of both. */
        float noise = motion->scatter_count ? (float)(motion->scatter / motion->scatter_count) : 0;
        noise *= 1.0f / (float)(from->count < 16 ? from->count : 16) + 1.0f / (float)(to->count < 16 ? to->count : 16);
        float whole = found.bend * found.bend - noise, rest = residue * residue - noise * 0.92f;
        found.residue = !(whole > 0) ? 0 : sqrtf(fmaxf(0, rest) / whole);
        if (!isfinite(residue) || !(whole > 0.5f * bend_least * bend_least))
            found.residue = 0; /* no homography at all: nothing speaks for a head */
        else if (found.residue <= flat_most)
            found.kind = TB_MOTION_FLAT;
        else if (found.residue >= solid_share && rest >= solid_least * solid_least)
            found.kind = TB_MOTION_SOLID;
    }
    if (found.kind == TB_MOTION_UNKNOWN && is_still(motion))
        found.kind = TB_MOTION_STILL;
    found.evidence = found.kind == TB_MOTION_FLAT    ? flat
                     : found.kind == TB_MOTION_SOLID ? solid
                     : found.kind == TB_MOTION_STILL ? still
                                                     : unknown;
    return found;
}
