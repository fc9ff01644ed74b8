/* A21 with the real networks: a camera that reports each of several people of its list in its zone, once in a while,
 * and
 * keeps nothing of anybody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tebura/crypto.h>
#include <tebura/secret.h>

#include "party_support.h"
#include "terminal/presence.h"

static void expect(tb_list *list, const world *w, int visit, int face)
{
    static uint64_t sequence = 1;
    tb_entry entry = {.sequence = ++sequence,
                      .visit = visit_of(visit),
                      .present = 1,
                      .until = TB_TIME_NEVER,
                      .template_count = 1,
                      .templates = {w->enrolled[face]}};
    assert_int_equal(tb_list_apply(list, &entry, NULL), TB_OK);
}

/* ---- a camera ---- */

typedef struct reports {
    int count, full;
    tb_id last;
} reports;

static tb_status seen(void *context, tb_id visit, tb_time at)
{
    reports *r = context;
    assert_int_equal(at, TB_DAY);
    if (r->full)
        return TB_DISK_FULL;
    r->count++;
    r->last = visit;
    return TB_OK;
}

static tb_presence *camera_of(world *w)
{
    const tb_presence_options options = {.every = TB_MINUTE, .without_liveness = 1};
    tb_presence *presence;
    assert_int_equal(tb_presence_new(&options, w->engine, &presence), TB_OK);
    return presence;
}

static void watch(world *w, tb_presence *presence, const tb_list *list, int pictures, int64_t *clock, reports *out)
{
    tb_zone_view zone;
    for (int i = 0; i < pictures; i++) {
        tb_frame frame = {.image = render(w), .number = w->number, .taken = *clock += 200000};
        assert_int_equal(tb_presence_see(presence, &frame, list, TB_DAY, seen, out, &zone), TB_OK);
        tb_frame_free(&frame);
    }
}

static void each_of_several_is_reported_once(void **state)
{
    world *w = *state;
    static const int all[] = {0, 1, 2};
    tb_list *list;
    reports r = {0};
    int64_t clock = 0;
    assert_int_equal(tb_list_new(w->models, w->model_count, &list), TB_OK);
    expect(list, w, 0, 0);
    expect(list, w, 1, 1); /* the third is a stranger */
    tb_presence *presence = camera_of(w);
    size_t held = tb_secret_held();
    stand(w, all, 3);
    r.full = 1;
    watch(w, presence, list, 10, &clock, &r);
    assert_int_equal(r.count, 0);
    tb_zone_view zone;
    tb_presence_nobody(presence, &zone); /* they walk on, and one comes back */
    r.full = 0;
    clock += TB_SECOND;
    stand(w, all, 1);
    watch(w, presence, list, 1, &clock, &r);
    assert_int_equal(r.count, 2); /* C5 */
    tb_presence_nobody(presence, &zone);
    stand(w, all, 1);
    watch(w, presence, list, 4, &clock, &r);
    assert_int_equal(r.count, 2); /* C3 */
    tb_presence_nobody(presence, &zone);
    clock += 2 * TB_MINUTE;
    watch(w, presence, list, 4, &clock, &r);
    assert_int_equal(r.count, 3);
    assert_true(tb_id_equal(r.last, visit_of(0)));
    assert_int_equal(tb_secret_held(), held); /* C4 */
    tb_presence_free(&presence);
    tb_list_free(&list);
}

static void nobody_is_guessed(void **state)
{
    world *w = *state;
    static const int same[] = {0, 0};
    tb_list *list;
    reports r = {0};
    int64_t clock = 0;
    assert_int_equal(tb_list_new(w->models, w->model_count, &list), TB_OK);
    expect(list, w, 0, 0);
    tb_presence *presence = camera_of(w);
    stand(w, same, 2); /* C2: two faces, one visit */
    watch(w, presence, list, 8, &clock, &r);
    assert_int_equal(r.count, 0);
    tb_zone_view zone;
    tb_presence_nobody(presence, &zone);
    expect(list, w, 7, 0); /* one face, two visits */
    stand(w, same, 1);
    watch(w, presence, list, 6, &clock, &r);
    assert_int_equal(r.count, 0);
    tb_presence_free(&presence);
    tb_list_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_of_several_is_reported_once),
                                       cmocka_unit_test(nobody_is_guessed)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
