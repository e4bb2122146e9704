#include "../testing.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "db/db.h"

static char folder[64];
static char path[80];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/heddle-db-XXXXXX");
    if (!mkdtemp(folder)) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/test.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    struct err err = {0};
    return file_remove_tree(folder, &err) ? 0 : -1;
}

static struct db *open_with_table(const char *where)
{
    struct err err = {0};
    struct db *db = NULL;
    ASSERT_OK(db_open(where, &db, &err), err);
    ASSERT_OK(db_script(db,
                        "CREATE TABLE IF NOT EXISTS fruit ("
                        "  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, ripe INTEGER"
                        ") STRICT;",
                        &err),
              err);
    return db;
}

static int64_t count_fruit(struct db *db)
{
    struct err err = {0};
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    ASSERT_OK(db_query(db, "SELECT count(*) FROM fruit", &rows, &err), err);
    assert_true(db_next(rows, &err));
    return db_int(rows, 0);
}

static void values_come_back_as_they_were_bound(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(":memory:");
    const char *hostile = "pear'); DROP TABLE fruit; --";
    ASSERT_OK(db_run(db, "INSERT INTO fruit (name, ripe) VALUES (?, ?)", &err, "sb", hostile, true),
              err);
    assert_int_equal(db_last_id(db), 1);
    ASSERT_OK(db_run(db, "INSERT INTO fruit (name, ripe) VALUES (?, ?)", &err, "si",
                     (const char *)NULL, INT64_MIN),
              err);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    ASSERT_OK(db_query(db, "SELECT name, ripe FROM fruit ORDER BY id", &rows, &err), err);
    assert_true(db_next(rows, &err));
    assert_string_equal(db_text(rows, 0), hostile);
    assert_int_equal(db_int(rows, 1), 1);
    assert_true(db_next(rows, &err));
    assert_string_equal(db_text(rows, 0), "");
    assert_true(db_int(rows, 1) == INT64_MIN);
    assert_false(db_next(rows, &err));
    assert_int_equal(err.kind, ERR_NONE);
}

static void a_statement_can_run_again_with_other_values(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(":memory:");
    for (int64_t i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof(name), "n%d", (int)i);
        ASSERT_OK(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", name), err);
    }
    ASSERT_OK(db_run(db, "UPDATE fruit SET ripe = ? WHERE id >= ?", &err, "bi", true, INT64_C(2)),
              err);
    assert_int_equal(db_changes(db), 2);
    assert_int_equal(count_fruit(db), 3);
}

static void a_name_that_is_taken_is_a_conflict(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(":memory:");
    ASSERT_OK(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", "fig"), err);
    ASSERT_FAILS(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", "fig"), err,
                 ERR_CONFLICT, "UNIQUE");
}

static void a_wrong_type_is_refused_by_the_table(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(":memory:");
    ASSERT_FAILS(db_run(db, "INSERT INTO fruit (ripe) VALUES (?)", &err, "s", "very"), err,
                 ERR_INTERNAL, "cannot store TEXT");
}

static void a_reference_to_nothing_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(":memory:");
    ASSERT_OK(db_script(db, "CREATE TABLE seed (fruit INTEGER REFERENCES fruit (id)) STRICT", &err),
              err);
    ASSERT_FAILS(db_run(db, "INSERT INTO seed (fruit) VALUES (?)", &err, "i", INT64_C(7)), err,
                 ERR_NOT_FOUND, "does not exist");
}

static void only_the_outermost_commit_counts(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(":memory:");
    ASSERT_OK(db_begin(db, &err), err);
    ASSERT_OK(db_begin(db, &err), err);
    ASSERT_OK(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", "fig"), err);
    ASSERT_OK(db_commit(db, &err), err);
    db_abort(db);
    assert_int_equal(count_fruit(db), 0);
}

static void a_transaction_with_an_aborted_part_does_not_commit(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(":memory:");
    ASSERT_OK(db_begin(db, &err), err);
    ASSERT_OK(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", "fig"), err);
    ASSERT_OK(db_begin(db, &err), err);
    db_abort(db);
    ASSERT_FAILS(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", "plum"), err,
                 ERR_UNAVAILABLE, "failed before");
    ASSERT_FAILS(db_commit(db, &err), err, ERR_UNAVAILABLE, "failed before");
    assert_int_equal(count_fruit(db), 0);
    /* The next one is a new beginning. */
    ASSERT_OK(db_begin(db, &err), err);
    ASSERT_OK(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", "fig"), err);
    ASSERT_OK(db_commit(db, &err), err);
    assert_int_equal(count_fruit(db), 1);
}

static const char *filling(void)
{
    static char text[4096];
    memset(text, 'x', sizeof(text) - 1);
    return text;
}

/* SQLite undoes the whole transaction on some failures; a write after that must not slip through
   on its own. */
static void a_full_database_undoes_the_transaction_and_says_so(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(path);
    ASSERT_OK(db_script(db, "PRAGMA max_page_count = 16", &err), err);
    ASSERT_OK(db_begin(db, &err), err);
    bool done = true;
    for (int i = 0; done && i < 100; i++) {
        done = db_run(db, "INSERT INTO fruit (name) VALUES (? || ?)", &err, "si", filling(),
                      (int64_t)i);
    }
    assert_false(done);
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "the disk is full; free some space"));
    db_abort(db);
    assert_int_equal(count_fruit(db), 0);
    ASSERT_OK(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", "fig"), err);
}

/* In a child, because the limit stays with the process. */
static int write_under_a_file_size_limit(void)
{
    struct err err = {0};
    struct db *db = open_with_table(path);
    int64_t written = 0;
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {1000000, 1000000};
    setrlimit(RLIMIT_FSIZE, &limit);
    while (written < 1000 &&
           db_run(db, "INSERT INTO fruit (name) VALUES (? || ?)", &err, "si", filling(), written)) {
        written++;
    }
    bool is_told = err.kind == ERR_UNAVAILABLE && strstr(err.text, "free some space");
    bool is_kept = count_fruit(db) == written;
    db_close(&db);
    return is_told && is_kept && written > 10 && written < 1000 ? (int)written : 0;
}

static void a_disk_that_takes_no_more_is_told_and_loses_nothing_acknowledged(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        _exit(write_under_a_file_size_limit());
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_in_range(WEXITSTATUS(status), 10, 255);
    AUTO(db_close) struct db *db = open_with_table(path);
    assert_int_equal(count_fruit(db), WEXITSTATUS(status));
}

static void a_new_file_is_for_its_owner_only(void **state)
{
    (void)state;
    mode_t before = umask(0);
    AUTO(db_close) struct db *db = open_with_table(path);
    umask(before);
    AUTO_STR(wal, 128);
    str_addf(&wal, "%s-wal", path);
    const char *const files[] = {path, wal.text};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        struct stat found;
        assert_int_equal(stat(files[i], &found), 0);
        assert_int_equal(found.st_mode & 0777, 0600);
    }
    assert_int_equal(count_fruit(db), 0);
}

static int64_t synchronous(struct db *db)
{
    struct err err = {0};
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    ASSERT_OK(db_query(db, "SELECT synchronous FROM pragma_synchronous", &rows, &err), err);
    assert_true(db_next(rows, &err));
    return db_int(rows, 0);
}

static void what_waits_for_no_disk_ends_with_its_transaction(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(path);
    ASSERT_OK(db_begin_light(db, &err), err);
    ASSERT_OK(db_run(db, "INSERT INTO fruit (name) VALUES (?)", &err, "s", "plum"), err);
    assert_int_equal(synchronous(db), 1); /* NORMAL */
    ASSERT_OK(db_commit(db, &err), err);
    assert_int_equal(synchronous(db), 2); /* FULL */
    assert_int_equal(count_fruit(db), 1);

    ASSERT_OK(db_begin_light(db, &err), err);
    db_abort(db);
    assert_int_equal(synchronous(db), 2);

    /* A part of what must last lasts. */
    ASSERT_OK(db_begin(db, &err), err);
    ASSERT_OK(db_begin_light(db, &err), err);
    assert_int_equal(synchronous(db), 2);
    ASSERT_OK(db_commit(db, &err), err);
    ASSERT_OK(db_commit(db, &err), err);
}

/* Without these, an answer could outrun the disk, or a row could point to nothing. */
static void the_connection_is_as_strict_as_promised(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(db_close) struct db *db = open_with_table(path);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    ASSERT_OK(db_query(db,
                       "SELECT journal_mode, synchronous, foreign_keys, trusted_schema"
                       " FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys,"
                       " pragma_trusted_schema",
                       &rows, &err),
              err);
    assert_true(db_next(rows, &err));
    assert_string_equal(db_text(rows, 0), "wal");
    assert_int_equal(db_int(rows, 1), 2); /* FULL */
    assert_int_equal(db_int(rows, 2), 1);
    assert_int_equal(db_int(rows, 3), 0);
}

static void a_second_process_is_turned_away(void **state)
{
    (void)state;
    AUTO(db_close) struct db *db = open_with_table(path);
    pid_t child = fork();
    if (child == 0) {
        struct err err = {0};
        struct db *second = NULL;
        bool is_open = db_open(path, &second, &err);
        _exit(!is_open && err.kind == ERR_UNAVAILABLE && strstr(err.text, "running already") ? 0
                                                                                             : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count_fruit(db), 0);
}

static void a_file_that_is_no_database_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    struct db *db = NULL;
    AUTO_STR(junk, 8192);
    while (junk.length < 8000) {
        str_add(&junk, "This is a shopping list. ");
    }
    ASSERT_OK(file_replace(path, str_slice(&junk), 0600, &err), err);
    ASSERT_FAILS(db_open(path, &db, &err), err, ERR_INTERNAL, "not a database");
    assert_null(db);
}

static void a_folder_that_is_missing_is_told_with_its_path(void **state)
{
    (void)state;
    struct err err = {0};
    struct db *db = NULL;
    ASSERT_FAILS(db_open("/nowhere/at/all.db", &db, &err), err, ERR_UNAVAILABLE,
                 "/nowhere/at/all.db");
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_as_they_were_bound),
        cmocka_unit_test(a_statement_can_run_again_with_other_values),
        cmocka_unit_test(a_name_that_is_taken_is_a_conflict),
        cmocka_unit_test(a_wrong_type_is_refused_by_the_table),
        cmocka_unit_test(a_reference_to_nothing_is_refused),
        cmocka_unit_test(only_the_outermost_commit_counts),
        cmocka_unit_test(a_transaction_with_an_aborted_part_does_not_commit),
        WITH_FOLDER(a_full_database_undoes_the_transaction_and_says_so),
        WITH_FOLDER(a_disk_that_takes_no_more_is_told_and_loses_nothing_acknowledged),
        WITH_FOLDER(a_new_file_is_for_its_owner_only),
        WITH_FOLDER(what_waits_for_no_disk_ends_with_its_transaction),
        WITH_FOLDER(the_connection_is_as_strict_as_promised),
        WITH_FOLDER(a_second_process_is_turned_away),
        WITH_FOLDER(a_file_that_is_no_database_is_refused),
        cmocka_unit_test(a_folder_that_is_missing_is_told_with_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
