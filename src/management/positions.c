/* positions.c: lists narrowed by distance (A19, doc/adr/163): what a phone says of where it is becomes, at once, which
 * terminals it is near to; that is kept for minutes, and the position itself nowhere.
 *
 *  N1  A terminal whose role says `near` has a visit on its list when the role admits it and the visit's phone is near
 *      to it; or when nobody knows where the phone is and the role says to include such visits.
 *  N2  Near means: within the role's distance; and whoever was near already stays so up to a quarter farther, so that
 *      lists do not flap at the edge.
 *  N3  What follows from a position ends TB_POSITION_LIFE after it was told, with booking.due.
 *  N4  Distance narrows lists and nothing else: the third authentication does not ask for it. */
#include "management/service.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/secret.h>

#define METRES_PER_DEGREE 111319.5
#define EARTH 6371008.8 /* mean radius, metres */
#define RADIANS 0.017453292519943295
#define STAYS 1.25          /* N2 */
#define ACCURACY_MOST 100.0 /* of a phone that says how sure it is; beyond it is no position */

/* ---- where terminals are ---- */

static int number_of(const tb_facts *attributes, const char *name, double *out)
{
    const tb_fact *fact = tb_facts_get(attributes, name);
    char *end = NULL;
    if (fact && fact->kind == TB_FACT_INT) {
        *out = (double)fact->number;
        return 1;
    }
    *out = fact && fact->kind == TB_FACT_TEXT ? strtod(fact->text, &end) : 0;
    return end && end != fact->text && !*end && isfinite(*out);
}

static int is_good(const tb_position *p)
{
    if (!isfinite(p->a) || !isfinite(p->b))
        return 0;
    return p->kind == TB_POSITION_GLOBE ? fabs(p->a) <= 90 && fabs(p->b) <= 180 : fabs(p->a) < 1e7 && fabs(p->b) < 1e7;
}

void tb_terminal_place(const tb_facts *attributes, tb_position *out)
{
    *out = (tb_position){.kind = TB_POSITION_NONE};
    if (number_of(attributes, "latitude", &out->a) && number_of(attributes, "longitude", &out->b))
        out->kind = TB_POSITION_GLOBE;
    else if (number_of(attributes, "x", &out->a) && number_of(attributes, "y", &out->b))
        out->kind = TB_POSITION_SITE;
    if (out->kind != TB_POSITION_NONE && !is_good(out))
        *out = (tb_position){.kind = TB_POSITION_NONE};
}

double tb_position_distance(const tb_position *p, const tb_position *q)
{
    if (p->kind != TB_POSITION_GLOBE)
        return hypot(p->a - q->a, p->b - q->b);
    double north = sin((p->a - q->a) * RADIANS / 2), east = sin((p->b - q->b) * RADIANS / 2);
    double h = north * north + cos(p->a * RADIANS) * cos(q->a * RADIANS) * east * east; /* haversine */
    return 2 * EARTH * asin(fmin(1, sqrt(h)));
}

/* The other terminals' kind of position. */
static tb_position_kind kind_in_use(const tb_management *m)
{
    for (size_t i = 0; i < m->terminal_count; i++)
        if (m->terminals[i]->view.near > 0 && m->terminals[i]->place.kind != TB_POSITION_NONE)
            return m->terminals[i]->place.kind;
    return TB_POSITION_NONE;
}

tb_status tb_terminal_place_check(const tb_management *m, const tb_role_view *view, const tb_facts *attributes,
                                  tb_error *why)
{
    tb_position place;
    tb_terminal_place(attributes, &place);
    if (!(view->near > 0))
        return TB_OK;
    if (place.kind == TB_POSITION_NONE)
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "the lists of the role '%s' are narrowed by distance: give the touchpoint's attributes latitude "
                       "and longitude, or x and y in metres",
                       view->name);
    tb_position_kind others = kind_in_use(m);
    if (others != TB_POSITION_NONE && others != place.kind)
        return tb_fail(why, TB_INVALID_ARGUMENT, "the other touchpoints are placed by %s: give the same",
                       others == TB_POSITION_GLOBE ? "latitude and longitude" : "x and y");
    return TB_OK;
}

/* ---- cells: which terminals may be near at all ---- */

static void plane(const tb_management *m, const tb_position *p, double *x, double *y)
{
    int globe = p->kind == TB_POSITION_GLOBE;
    *x = globe ? p->b * METRES_PER_DEGREE * m->cell_scale : p->a;
    *y = globe ? p->a * METRES_PER_DEGREE : p->b;
}

static void cell_of(const tb_management *m, const tb_position *p, int64_t *cx, int64_t *cy)
{
    double x, y;
    plane(m, p, &x, &y);
    *cx = (int64_t)floor(x / m->cell_size);
    *cy = (int64_t)floor(y / m->cell_size);
}

static int by_cell(const void *a, const void *b)
{
    const tb_cell *p = a, *q = b;
    return p->x != q->x ? (p->x > q->x) - (p->x < q->x) : (p->y > q->y) - (p->y < q->y);
}

/* Made anew when a terminal came. Cells are wide enough that what is near lies in the nine around a position; half as
 * much again is for the plane's error far from where it touches the globe. */
static tb_status make_cells(tb_management *m)
{
    double radius = 0;
    if (m->cells && m->cells_of == m->terminal_count)
        return TB_OK;
    tb_cell *cells = realloc(m->cells, (m->terminal_count ? m->terminal_count : 1) * sizeof *cells);
    if (!cells)
        return TB_NO_MEMORY;
    m->cells = cells;
    m->cell_count = 0;
    m->cell_scale = 1;
    for (size_t i = 0; i < m->terminal_count; i++) {
        const tb_terminal *t = m->terminals[i];
        if (!(t->view.near > 0) || t->place.kind == TB_POSITION_NONE)
            continue;
        radius = fmax(radius, t->view.near);
        if (m->cell_count == 0 && t->place.kind == TB_POSITION_GLOBE)
            m->cell_scale = fmax(0.01, cos(t->place.a * RADIANS));
        m->cells[m->cell_count++].terminal = m->terminals[i];
    }
    m->cell_size = 1.5 * (radius * STAYS + ACCURACY_MOST);
    for (size_t i = 0; i < m->cell_count; i++)
        cell_of(m, &m->cells[i].terminal->place, &m->cells[i].x, &m->cells[i].y);
    qsort(m->cells, m->cell_count, sizeof *m->cells, by_cell);
    m->cells_of = m->terminal_count;
    return TB_OK;
}

static size_t first_in(const tb_management *m, int64_t x, int64_t y)
{
    size_t low = 0, high = m->cell_count;
    const tb_cell wanted = {x, y, NULL};
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (by_cell(&m->cells[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- what is known of a visit ---- */

static int have(const tb_nearness *n, const char *touchpoint)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->touchpoints[i], touchpoint) == 0)
            return 1;
    return 0;
}

static tb_status add(tb_nearness *n, const char *touchpoint)
{
    if (n->count == n->capacity) {
        size_t grown = n->capacity ? 2 * n->capacity : 16;
        char(*touchpoints)[TB_TOUCHPOINT_SIZE] = realloc(n->touchpoints, grown * sizeof *touchpoints);
        if (!touchpoints)
            return TB_NO_MEMORY;
        n->touchpoints = touchpoints;
        n->capacity = grown;
    }
    strcpy(n->touchpoints[n->count++], touchpoint); /* both are TB_TOUCHPOINT_SIZE */
    return TB_OK;
}

static tb_status note(void *context, const char *touchpoint, tb_time until)
{
    tb_nearness *n = context;
    n->rows++;
    n->until = until;
    if (!touchpoint[0]) {
        n->known = 1;
        return TB_OK;
    }
    return add(n, touchpoint);
}

tb_status tb_near_load(tb_management *m, tb_id visit, tb_time now)
{
    tb_nearness *n = &m->near;
    n->known = 0;
    n->count = n->rows = 0;
    n->until = TB_TIME_NEVER;
    if (!m->near_roles)
        return TB_OK;
    tb_status status = tb_near_rows(m->db, visit, note, n);
    if (status == TB_OK && n->rows && n->until <= now) { /* N3 */
        n->known = 0;
        n->count = 0;
        n->until = TB_TIME_NEVER;
    }
    return status;
}

int tb_near_admits(const tb_management *m, const tb_terminal *terminal)
{
    if (!(terminal->view.near > 0))
        return 1;
    return m->near.known ? have(&m->near, terminal->row.id) : !terminal->view.without_position_excluded; /* N1 */
}

tb_status tb_near_expire(tb_management *m, tb_id visit)
{
    return m->near.rows && !m->near.known ? tb_near_rows_remove(m->db, visit) : TB_OK;
}

/* ---- a position is told ---- */

/* The terminals near to a position; `was`: those it was near to before. */
static tb_status find_near(tb_management *m, const tb_position *position, const tb_nearness *was, tb_nearness *out)
{
    int64_t x, y;
    cell_of(m, position, &x, &y);
    for (int64_t cx = x - 1; cx <= x + 1; cx++)
        for (size_t i = first_in(m, cx, y - 1); i < m->cell_count && m->cells[i].x == cx && m->cells[i].y <= y + 1;
             i++) {
            const tb_terminal *t = m->cells[i].terminal;
            double reach = t->view.near * (have(was, t->row.id) ? STAYS : 1); /* N2 */
            if (tb_position_distance(position, &t->place) - position->accuracy <= reach) {
                tb_status status = add(out, t->row.id);
                if (status != TB_OK)
                    return status;
            }
        }
    return TB_OK;
}

static int is_same(const tb_nearness *a, const tb_nearness *b)
{
    if (!a->known || a->count != b->count)
        return 0;
    for (size_t i = 0; i < b->count; i++)
        if (!have(a, b->touchpoints[i]))
            return 0;
    return 1;
}

static tb_status write_near(tb_management *m, tb_id visit, const tb_nearness *near, tb_time until)
{
    tb_status status = tb_near_rows_remove(m->db, visit);
    if (status == TB_OK)
        status = tb_near_row_put(m->db, visit, "", until);
    for (size_t i = 0; i < near->count && status == TB_OK; i++)
        status = tb_near_row_put(m->db, visit, near->touchpoints[i], until);
    return status;
}

static tb_status tell(tb_management *m, tb_id visit, const tb_position *position)
{
    tb_time now = tb_service_now(m);
    tb_nearness fresh = {.known = 1};
    tb_status status = make_cells(m);
    if (status == TB_OK)
        status = tb_near_load(m, visit, now);
    if (status == TB_OK)
        status = find_near(m, position, &m->near, &fresh);
    int same = is_same(&m->near, &fresh);
    /* told again and again from the same place: nothing is written for minutes */
    if (status == TB_OK && !(same && m->near.until - now > TB_POSITION_LIFE / 2)) {
        status = tb_change_begin(m);
        if (status == TB_OK) {
            status = write_near(m, visit, &fresh, now + TB_POSITION_LIFE);
            if (status == TB_OK && !same)
                status = tb_recompute_visit(m, visit, TB_RECOMPUTE_CHANGES);
            status = tb_change_end(m, status);
        }
    }
    free(fresh.touchpoints);
    return status;
}

static tb_status forget(tb_management *m, tb_id visit)
{
    tb_status status = tb_change_begin(m);
    if (status != TB_OK)
        return status;
    status = tb_near_rows_remove(m->db, visit);
    if (status == TB_OK)
        status = tb_recompute_visit(m, visit, TB_RECOMPUTE_CHANGES);
    return tb_change_end(m, status);
}

/* ---- who may tell ---- */

static void token_of(const tb_management *m, tb_id visit, char out[TB_POSITION_TOKEN_SIZE])
{
    uint8_t text[9 + sizeof visit.bytes], hash[32];
    memcpy(text, "position ", 9);
    memcpy(text + 9, visit.bytes, sizeof visit.bytes);
    tb_keyed_hash(&m->keys->find, tb_span_of(text, sizeof text), hash);
    tb_hex_encode(tb_span_of(hash, sizeof hash), out);
    tb_wipe(hash, sizeof hash);
}

tb_status tb_management_position_token(tb_management *m, tb_id visit, char out[TB_POSITION_TOKEN_SIZE], tb_error *why)
{
    tb_booking booking;
    out[0] = '\0';
    tb_service_lock(m);
    tb_status status = m->near_roles ? tb_booking_get(m->db, visit, &booking) : TB_INVALID_ARGUMENT;
    if (status == TB_OK)
        token_of(m, visit, out);
    tb_service_unlock(m);
    if (status == TB_INVALID_ARGUMENT)
        return tb_fail(why, status, "no role of this site asks where people are");
    if (status == TB_NOT_FOUND)
        return tb_fail(why, status, "there is no such visit");
    return status == TB_OK ? TB_OK : tb_fail(why, status, "%s", tb_status_sentence(status));
}

/* A visit that is over and a wrong token get one answer: nobody learns which visits there are. */
static tb_status may_tell(tb_management *m, tb_id visit, const char *token)
{
    char expected[TB_POSITION_TOKEN_SIZE];
    tb_booking booking;
    token_of(m, visit, expected);
    int good = strlen(token) == strlen(expected) && tb_equal_constant_time(tb_span_text(token), tb_span_text(expected));
    tb_wipe(expected, sizeof expected);
    if (!good || !m->near_roles)
        return TB_UNAUTHORISED;
    tb_status status = tb_booking_get(m->db, visit, &booking);
    return status == TB_NOT_FOUND || (status == TB_OK && !booking.visiting) ? TB_UNAUTHORISED : status;
}

static tb_status check_position(const tb_management *m, const tb_position *position, tb_error *why)
{
    tb_position_kind kind = kind_in_use(m);
    if (!is_good(position) || !(position->accuracy >= 0))
        return tb_fail(why, TB_INVALID_ARGUMENT,
                       "a position is latitude and longitude in degrees, or x and y in metres");
    if (kind != TB_POSITION_NONE && kind != position->kind)
        return tb_fail(why, TB_INVALID_ARGUMENT, "this site's terminals are placed by %s",
                       kind == TB_POSITION_GLOBE ? "latitude and longitude" : "x and y");
    return TB_OK;
}

tb_status tb_management_position_put(tb_management *m, tb_id visit, const char *token, const tb_position *position,
                                     tb_error *why)
{
    tb_service_lock_to_change(m);
    tb_status status = may_tell(m, visit, token);
    if (status == TB_OK && position->kind != TB_POSITION_NONE)
        status = check_position(m, position, why);
    if (status == TB_OK && position->kind != TB_POSITION_NONE && position->accuracy <= ACCURACY_MOST)
        status = tell(m, visit, position);
    else if (status == TB_OK)
        status = forget(m, visit); /* it does not know where it is, or does not want to say any more */
    tb_service_unlock_changed(m);
    if (status == TB_UNAUTHORISED)
        return tb_fail(why, status, "this token is not this visit's, or the visit is over");
    return status == TB_OK || status == TB_INVALID_ARGUMENT ? status
                                                            : tb_fail(why, status, "%s", tb_status_sentence(status));
}
