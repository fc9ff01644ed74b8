/* The server's word to each terminal about its list: it is true of what was published, comes only when all of it was,
 * and after another server has published only when the lists were written again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "airport.h"

#define MOST 512

typedef struct bucket { /* what a terminal would see: by terminal and visit */
    struct {
        int terminal;
        tb_id visit;
        uint64_t sequence;
    } values[MOST];
    int count;
} bucket;

static int terminal_of(const airport *a, const char *id)
{
    for (int i = 0; i < AIRPORT_TERMINALS; i++)
        if (strcmp(a->terminals[i].id, id) == 0)
            return i;
    return -1;
}

static tb_bytes opened(airport *a, const tb_outbox_item *item)
{
    char key[80];
    tb_bytes plain = {0};
    snprintf(key, sizeof key, "%s.%s", item->touchpoint, item->visit);
    assert_int_equal(tb_open_from(&a->terminals[terminal_of(a, item->touchpoint)].keys.private_key, &a->server,
                                  tb_span_text(key), tb_bytes_span(&item->sealed), &plain),
                     TB_OK);
    return plain;
}

static void put(airport *a, bucket *b, const tb_outbox_item *item)
{
    tb_bytes plain = opened(a, item);
    tb_entry entry;
    int place = 0, which = terminal_of(a, item->touchpoint);
    assert_int_equal(tb_entry_decode(tb_bytes_span(&plain), &entry, NULL), TB_OK);
    while (place < b->count &&
           (b->values[place].terminal != which || !tb_id_equal(b->values[place].visit, entry.visit)))
        place++;
    if (entry.present) {
        assert_true(place < MOST);
        b->count += place == b->count;
        b->values[place].terminal = which;
        b->values[place].visit = entry.visit;
        b->values[place].sequence = entry.sequence;
    } else if (place < b->count) {
        b->values[place] = b->values[--b->count];
    }
    tb_entry_free(&entry);
    tb_bytes_free(&plain);
}

static void publish(airport *a, bucket *b)
{
    tb_outbox_item items[8];
    int count;
    for (;;) {
        assert_int_equal(tb_management_outbox(a->m, items, 8, &count), TB_OK);
        if (!count)
            return;
        for (int i = 0; i < count; i++) {
            put(a, b, &items[i]);
            tb_bytes_free(&items[i].sealed);
        }
        assert_int_equal(tb_management_outbox_done(a->m, items[count - 1].row), TB_OK);
    }
}

static void is_true(const bucket *b, int which, const tb_mark *mark)
{
    uint8_t digest[TB_MARK_DIGEST_SIZE] = {0};
    uint64_t entries = 0;
    for (int i = 0; i < b->count; i++)
        if (b->values[i].terminal == which) {
            tb_mark_toggle(&mark->salt, b->values[i].visit, b->values[i].sequence, digest);
            entries++;
        }
    assert_int_equal(mark->entries, entries);
    assert_memory_equal(mark->digest, digest, sizeof digest);
}

/* All that are due; how many, and each is true. */
static int marks(airport *a, const bucket *b, uint64_t *echo)
{
    tb_outbox_item items[2 * AIRPORT_TERMINALS];
    int count;
    assert_int_equal(tb_management_marks(a->m, items, 2 * AIRPORT_TERMINALS, &count), TB_OK);
    for (int i = 0; i < count; i++) {
        tb_bytes plain = opened(a, &items[i]);
        tb_mark mark;
        assert_int_equal(tb_mark_decode(tb_bytes_span(&plain), &mark, NULL), TB_OK);
        assert_true(mark.at == a->now);
        is_true(b, terminal_of(a, items[i].touchpoint), &mark);
        if (mark.echo && echo)
            *echo = mark.echo;
        tb_bytes_free(&plain);
        tb_bytes_free(&items[i].sealed);
    }
    return count;
}

static void marks_are_true_of_what_was_published(void **state)
{
    airport *a = *state;
    bucket b = {0};
    traveller ann = {"MORI", "ANN", "TR1000001", FLIGHT, 1, {{0}}},
              ben = {"SATO", "BEN", "TR1000002", FLIGHT, 2, {{0}}};
    assert_int_equal(marks(a, &b, NULL), 0); /* nothing was published */
    assert_int_equal(tb_management_outbox_all(a->m), TB_OK);
    checkin(a, &ann, 1);
    checkin(a, &ben, 1);
    assert_int_equal(marks(a, &b, NULL), 0); /* not all of it is in the bucket */
    airport_beat(a, SHOP, (tb_heartbeat){.at = a->now, .tick = 77});
    publish(a, &b);
    assert_true(b.count > 0);
    uint64_t echo = 0;
    assert_int_equal(marks(a, &b, &echo), AIRPORT_TERMINALS);
    assert_int_equal(echo, 77);
    assert_int_equal(marks(a, &b, NULL), 0); /* they were just told */
}

static void who_takes_over_writes_first(void **state)
{
    airport *a = *state;
    bucket b = {0};
    traveller ann = {"MORI", "ANN", "TR1000001", FLIGHT, 1, {{0}}};
    checkin(a, &ann, 1);
    publish(a, &b); /* and that it is whole is known to nobody: it may be another's bucket */
    assert_int_equal(marks(a, &b, NULL), 0);
    publish(a, &b); /* what was written again */
    assert_int_equal(marks(a, &b, NULL), AIRPORT_TERMINALS);
    tb_management_marks_end(a->m); /* another one leads */
    publish(a, &b);
    assert_int_equal(marks(a, &b, NULL), 0);
    publish(a, &b);
    (void)marks(a, &b, NULL); /* true, as far as any is due */
    airport_check(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(marks_are_true_of_what_was_published, airport_setup, airport_teardown),
        cmocka_unit_test_setup_teardown(who_takes_over_writes_first, airport_setup, airport_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
