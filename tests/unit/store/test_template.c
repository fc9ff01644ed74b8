/* Rows of templates: what stands beside the sealed bytes, who depends on a model alone, and a database of the first
 * release brought to today. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "database.h"
#include "folder.h"
#include "store/migration.h"
#include "store/store.h"
#include "vectors.h"

static const tb_key central = {{1}}, visitor = {{2}};

typedef struct world {
    char folder[FOLDER_SIZE];
    tb_db *db;
} world;

static int setup(void **state)
{
    static world w;
    tb_error why = {0};
    folder_make(w.folder);
    tb_db_options options = {
        .directory = w.folder, .central = &central, .visitor = &visitor, .url = database_url(w.folder)};
    if (tb_crypto_start() != TB_OK || tb_db_open(&options, &w.db, &why) != TB_OK)
        fail_msg("%s", tb_error_text(&why));
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    tb_db_free(&w->db);
    folder_remove(w->folder);
    return 0;
}

static void ok(tb_status status)
{
    assert_int_equal(status, TB_OK);
}

static void put(tb_db *db, uint32_t who, int slot, uint32_t model, int quality)
{
    tb_template_row row = {
        .slot = slot, .model = model, .quality = quality, .source = TB_TEMPLATE_TOUCHPOINT, .since = 5 + slot};
    ok(tb_template_row_put(db, vectors_id(who), &row, tb_span_text("sealed")));
}

/* What version 0.1.0 wrote: the second step of the schema, columns that know nothing of models. */
static void a_database_of_the_first_release(void **state)
{
    tb_db *db = ((world *)*state)->db;
    tb_id person = vectors_id(1);
    tb_error why;
    tb_template_rows rows;
    tb_ids people = {0};
    const tb_migrations then[] = {{"central", tb_migrations_central.sql, 2}, tb_migrations_visitor};
    ok(tb_migrate(db, then, 2, &why));
    ok(tb_db_run(db, "INSERT INTO central.person (id, name, nationality, created) VALUES ($1, 'N', 'UTO', 1)",
                 TB_VALUES(tb_value_id(&person)), NULL));
    ok(tb_db_run(db, "INSERT INTO central.template (person, slot, sealed, created) VALUES ($1, 0, $2, 77)",
                 TB_VALUES(tb_value_id(&person), tb_value_blob(tb_span_text("old"))), NULL));
    ok(tb_store_migrate(db, &why));
    ok(tb_template_rows_get(db, person, &rows));
    assert_int_equal(rows.count, 1);
    assert_true(rows.rows[0].model == 0 && rows.rows[0].since == 77);
    assert_int_equal(rows.rows[0].source, TB_TEMPLATE_ENROLLED); /* only check-ins made templates then */
    assert_memory_equal(rows.sealed[0].data, "old", 3);
    ok(tb_template_people(db, 0, &people)); /* so the next start finds whom to look at */
    assert_int_equal(people.count, 1);
    rows.rows[0].model = 9;
    rows.rows[0].quality = 60;
    rows.rows[0].modality = TB_MODALITY_FACE;
    ok(tb_template_row_describe(db, person, &rows.rows[0]));
    tb_template_rows_free(&rows);
    ok(tb_template_rows_get(db, person, &rows));
    assert_true(rows.rows[0].model == 9 && rows.rows[0].quality == 60 && rows.rows[0].since == 77);
    assert_memory_equal(rows.sealed[0].data, "old", 3);
    tb_template_rows_free(&rows);
    people.count = 0;
    ok(tb_template_people(db, 0, &people));
    assert_int_equal(people.count, 0);
    tb_ids_free(&people);
}

static void assert_use(tb_db *db, uint32_t model, uint32_t a, uint32_t b, uint64_t people, uint64_t templates,
                       uint64_t only)
{
    const uint32_t others[TB_MODELS_MAX] = {a, b};
    tb_template_use_counts use;
    ok(tb_template_use(db, model, others, &use));
    assert_true(use.people == people && use.templates == templates && use.only == only);
}

static void who_depends_on_a_model_alone(void **state)
{
    tb_db *db = ((world *)*state)->db;
    tb_error why;
    uint32_t models[4];
    int count;
    ok(tb_store_migrate(db, &why));
    assert_use(db, 1, 2, 0, 0, 0, 0);
    for (uint32_t who = 1; who <= 3; who++)
        ok(tb_person_insert(db, vectors_id(who), "N", "UTO", 1));
    put(db, 1, 0, 1, 70);
    put(db, 2, 0, 1, 70);
    put(db, 2, 1, 1, 75);
    put(db, 2, 2, 2, 80);
    put(db, 3, 0, 3, 80); /* of a model that is not served */
    put(db, 3, 1, 1, 80);
    assert_use(db, 1, 2, 0, 3, 4, 2);
    assert_use(db, 1, 2, 3, 3, 4, 1);
    assert_use(db, 2, 1, 0, 1, 1, 0);
    assert_use(db, 2, 0, 0, 1, 1, 1);
    ok(tb_template_models(db, models, 4, &count));
    assert_true(count == 3 && models[0] == 1 && models[1] == 2 && models[2] == 3);
    ok(tb_template_models(db, models, 2, &count));
    assert_int_equal(count, 2);
    ok(tb_template_rows_remove_model(db, 1));
    assert_use(db, 1, 2, 3, 0, 0, 0);
    assert_use(db, 2, 1, 3, 1, 1, 1);
}

static void rows_are_replaced_and_removed(void **state)
{
    tb_db *db = ((world *)*state)->db;
    tb_error why;
    tb_template_rows rows;
    ok(tb_store_migrate(db, &why));
    ok(tb_person_insert(db, vectors_id(1), "N", "UTO", 1));
    for (int slot = 0; slot < TB_ENTRY_TEMPLATES_MAX; slot++)
        put(db, 1, slot, 1 + (uint32_t)slot % 3, 50 + slot);
    put(db, 1, 4, UINT32_MAX, 99); /* over the one that was there */
    ok(tb_template_row_remove(db, vectors_id(1), 7));
    ok(tb_template_row_remove(db, vectors_id(1), 7)); /* nothing to remove is fine */
    ok(tb_template_rows_get(db, vectors_id(1), &rows));
    assert_int_equal(rows.count, TB_ENTRY_TEMPLATES_MAX - 1);
    for (int i = 0; i < rows.count; i++)
        assert_true(rows.rows[i].slot != 7 && (rows.rows[i].slot == 4) == (rows.rows[i].model == UINT32_MAX));
    tb_template_rows_free(&rows);
    ok(tb_template_rows_remove(db, vectors_id(1)));
    ok(tb_template_rows_get(db, vectors_id(1), &rows));
    assert_int_equal(rows.count, 0);
    tb_template_rows_free(&rows);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(a_database_of_the_first_release), TEST(who_depends_on_a_model_alone),
                                       TEST(rows_are_replaced_and_removed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
