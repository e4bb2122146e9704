#include "fixture.h"

#include "base/str.h"
#include "store/internal.h"

/* Every table, index and trigger as SQL, and the version. */
static void describe_schema(struct db *db, struct str *out)
{
    struct err err = {0};
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    ASSERT_OK(db_query(db,
                       "SELECT sql, 0 FROM sqlite_schema WHERE sql IS NOT NULL"
                       " UNION ALL SELECT 'version', user_version FROM pragma_user_version"
                       " ORDER BY 1",
                       &rows, &err),
              err);
    while (db_next(rows, &err)) {
        str_addf(out, "%s %lld\n", db_text(rows, 0), (long long)db_int(rows, 1));
    }
    assert_int_equal(err.kind, ERR_NONE);
    assert_false(out->failed);
}

static void describe_newest(struct str *out)
{
    struct err err = {0};
    AUTO(db_close) struct db *db = NULL;
    ASSERT_OK(db_open(":memory:", &db, &err), err);
    ASSERT_OK(migrations_run(db, migrations_newest(), &err), err);
    describe_schema(db, out);
}

static void every_earlier_version_becomes_the_newest_one(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO_STR(newest, 65536);
    describe_newest(&newest);
    for (int64_t from = 0; from <= migrations_newest(); from++) {
        AUTO(db_close) struct db *db = NULL;
        AUTO_STR(found, 65536);
        ASSERT_OK(db_open(":memory:", &db, &err), err);
        ASSERT_OK(migrations_run(db, from, &err), err);
        ASSERT_OK(migrations_run(db, migrations_newest(), &err), err);
        describe_schema(db, &found);
        assert_string_equal(found.text, newest.text);
    }
}

static void opening_again_changes_nothing_and_keeps_the_rows(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    for (int64_t i = 1; i <= 3; i++) {
        AUTO(store_close) struct store *store = NULL;
        ASSERT_OK(store_open(file_path, &store, &err), err);
        assert_int_equal(release_stored(store, arena)->id, i);
    }
}

/* A number that was shown to people once must never name another release. */
static void the_number_of_a_release_is_never_used_again(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO(store_close) struct store *store = NULL;
    ASSERT_OK(store_open(file_path, &store, &err), err);
    assert_int_equal(release_stored(store, arena)->id, 1);
    assert_int_equal(release_stored(store, arena)->id, 2);
    store_close(&store);
    poison("DELETE FROM release_item; DELETE FROM release;");
    ASSERT_OK(store_open(file_path, &store, &err), err);
    assert_int_equal(release_stored(store, arena)->id, 3);
}

static void a_file_that_is_not_ours_to_use_is_refused_and_left_alone(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *part;
    } cases[] = {
        {"PRAGMA application_id = 1751475308; PRAGMA user_version = 9999",
         "start the newer heddle"},
        {"PRAGMA application_id = 1751475308; PRAGMA user_version = -1", "not heddle's"},
        {"PRAGMA application_id = 1751475308; PRAGMA user_version = 0", "not heddle's"},
        {"PRAGMA application_id = 7; PRAGMA user_version = 1", "not heddle's"},
        {"CREATE TABLE release (title TEXT)", "not heddle's"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        struct store *store = NULL;
        AUTO_STR(before, 65536);
        AUTO_STR(after, 65536);
        assert_int_equal(folder_is_made(NULL), 0);
        poison(cases[i].sql);
        AUTO(db_close) struct db *db = NULL;
        ASSERT_OK(db_open(file_path, &db, &err), err);
        describe_schema(db, &before);
        db_close(&db);
        ASSERT_FAILS(store_open(file_path, &store, &err), err, ERR_INVALID, cases[i].part);
        assert_null(store);
        ASSERT_OK(db_open(file_path, &db, &err), err);
        describe_schema(db, &after);
        assert_string_equal(after.text, before.text);
        db_close(&db);
        assert_int_equal(folder_is_removed(NULL), 0);
    }
}

static void a_migration_that_fails_leaves_the_version_before_it(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO_STR(newest, 65536);
    AUTO_STR(found, 65536);
    AUTO(db_close) struct db *db = NULL;
    ASSERT_OK(db_open(":memory:", &db, &err), err);
    describe_schema(db, &newest);
    ASSERT_OK(db_script(db, "PRAGMA max_page_count = 5", &err), err);
    ASSERT_FAILS(migrations_run(db, migrations_newest(), &err), err, ERR_UNAVAILABLE,
                 "migrate the database to version 1");
    describe_schema(db, &found);
    assert_string_equal(found.text, newest.text);
    /* With room again, it goes on by itself. */
    ASSERT_OK(db_script(db, "PRAGMA max_page_count = 100000", &err), err);
    ASSERT_OK(migrations_run(db, migrations_newest(), &err), err);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_is_made, folder_is_removed)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_earlier_version_becomes_the_newest_one),
        WITH_FOLDER(opening_again_changes_nothing_and_keeps_the_rows),
        WITH_FOLDER(the_number_of_a_release_is_never_used_again),
        cmocka_unit_test(a_file_that_is_not_ours_to_use_is_refused_and_left_alone),
        cmocka_unit_test(a_migration_that_fails_leaves_the_version_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
