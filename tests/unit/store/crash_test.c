#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/internal.h"

#define KILLS 50

/* What the child tells after store_release_update() has returned. */
struct acknowledged {
    int64_t id;
    char why[32];
};

/* Insert, update, tell; until somebody ends it. */
static void write_for_ever(int out)
{
    struct err err = {0};
    struct store *store = NULL;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_made(arena);
    if (!store_open(file_path, &store, &err)) {
        _exit(1);
    }
    for (int i = 0; i < 1000000; i++) {
        struct acknowledged told = {0};
        snprintf(told.why, sizeof(told.why), "Note %d of %d.", i, (int)getpid());
        if (!store_release_insert(store, release, NULL, "", &err)) {
            _exit(2);
        }
        told.id = release->id;
        TEXT_COPY_CUT(release->why, told.why);
        if (!store_release_update(store, release, &err) ||
            write(out, &told, sizeof(told)) != sizeof(told)) {
            _exit(3);
        }
    }
    _exit(4);
}

/* The child is killed after `count` notes and `delay_us` more, so anywhere in a write. */
static size_t run_and_kill(struct acknowledged *notes, size_t count, unsigned delay_us)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        write_for_ever(ends[1]);
    }
    close(ends[1]);
    size_t heard = 0;
    while (heard < count && read(ends[0], &notes[heard], sizeof(*notes)) == sizeof(*notes)) {
        heard++;
    }
    assert_int_equal(heard, count);
    usleep(delay_us);
    kill(child, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(ends[0]);
    return heard;
}

static void check_all(const struct acknowledged *notes, size_t count)
{
    struct err err = {0};
    AUTO(store_close) struct store *store = NULL;
    ASSERT_OK(store_open(file_path, &store, &err), err);
    for (size_t i = 0; i < count; i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct release *release = NULL;
        ASSERT_OK(store_release_get(store, notes[i].id, arena, &release, &err), err);
        assert_string_equal(release->why, notes[i].why);
        assert_int_equal(release->item_count, 2);
    }
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    ASSERT_OK(db_query(store->db, "PRAGMA integrity_check", &rows, &err), err);
    assert_true(db_next(rows, &err));
    assert_string_equal(db_text(rows, 0), "ok");
}

static void a_killed_process_loses_no_row_that_it_acknowledged(void **state)
{
    (void)state;
    static struct acknowledged notes[KILLS * 8];
    size_t count = 0;
    srandom(7); /* the same delays in every run; where they hit still differs */
    for (int i = 0; i < KILLS; i++) {
        count +=
            run_and_kill(&notes[count], 1 + (size_t)(random() % 7), (unsigned)(random() % 3000));
    }
    check_all(notes, count);
}

/* Nothing is left half-written either: a release is there with all of its items, or not at all. */
static void a_killed_process_leaves_no_half_release(void **state)
{
    (void)state;
    static struct acknowledged notes[8];
    struct err err = {0};
    for (unsigned i = 0; i < 10; i++) {
        run_and_kill(notes, 1, i * 150);
    }
    AUTO(store_close) struct store *store = NULL;
    ASSERT_OK(store_open(file_path, &store, &err), err);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    ASSERT_OK(db_query(store->db,
                       "SELECT count(*) FROM release WHERE 2 <>"
                       " (SELECT count(*) FROM release_item WHERE release = release.id)",
                       &rows, &err),
              err);
    assert_true(db_next(rows, &err));
    assert_int_equal(db_int(rows, 0), 0);
}

static void a_full_disk_stops_writes_and_not_reads(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO(store_close) struct store *store = NULL;
    ASSERT_OK(store_open(file_path, &store, &err), err);
    ASSERT_OK(db_script(store->db, "PRAGMA max_page_count = 60", &err), err);
    int64_t last = 0;
    bool is_full = false;
    while (!is_full && last < 1000) {
        struct release *release = release_made(arena);
        is_full = !store_release_insert(store, release, NULL, "", &err);
        last = is_full ? last : release->id;
    }
    assert_true(is_full);
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "free some space"));
    struct release_list active;
    ASSERT_OK(store_release_active(store, arena, &active, &err), err);
    assert_int_equal(active.count, last);
    /* With space again, the next write works, and no number is lost. */
    ASSERT_OK(db_script(store->db, "PRAGMA max_page_count = 100000", &err), err);
    assert_int_equal(release_stored(store, arena)->id, last + 1);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_is_made, folder_is_removed)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_killed_process_loses_no_row_that_it_acknowledged),
        WITH_FOLDER(a_killed_process_leaves_no_half_release),
        WITH_FOLDER(a_full_disk_stops_writes_and_not_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
