#include "fixture.h"

#include "store/internal.h"

static struct pull_request pull_made(int64_t release, int wave)
{
    struct pull_request pull = {.release = release,
                                .wave = wave,
                                .repository = "infra",
                                .into = "env/prod",
                                .branch = "heddle/R-1-1-3f9a2c",
                                .tip = "1f",
                                .base = "3d",
                                .pushed_ms = 77,
                                .items = 2,
                                .is_left = true,
                                .problem = "Gitea answers 405"};
    pull.facts = (struct pull_facts){.number = 7,
                                     .url = "https://git.example.org/7",
                                     .state = PULL_MERGED,
                                     .head = "1f",
                                     .merge_commit = "2e",
                                     .who = "mia",
                                     .approvals = 2,
                                     .objections = 1,
                                     .checks = PULL_CHECKS_FAILED,
                                     .has_conflict = true};
    return pull;
}

static size_t count_pulls(struct store *store, int64_t release, struct pull_list *out,
                          struct arena *arena)
{
    struct err err = {0};
    ASSERT_OK(store_pull_list(store, release, arena, out, &err), err);
    return out->count;
}

static void a_pull_request_comes_back_as_it_was_written(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    struct pull_request written = pull_made(release->id, 1);
    struct pull_list list;
    struct err err = {0};
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(store_pull_put(*state, &written, &err), err);
    }
    assert_int_equal(count_pulls(*state, release->id, &list, arena), 1);
    assert_int_equal(list.pulls[0].items, 2);
    assert_int_equal(list.pulls[0].pushed_ms, 77);
    assert_int_equal(list.pulls[0].wave, 1);
    assert_true(list.pulls[0].is_left);
    assert_false(list.pulls[0].is_settled);
    assert_string_equal(list.pulls[0].repository, "infra");
    assert_string_equal(list.pulls[0].into, "env/prod");
    assert_string_equal(list.pulls[0].branch, written.branch);
    assert_string_equal(list.pulls[0].tip, "1f");
    assert_string_equal(list.pulls[0].base, "3d");
    assert_string_equal(list.pulls[0].problem, "Gitea answers 405");
    assert_memory_equal(&list.pulls[0].facts, &written.facts, sizeof(written.facts));
}

static void those_that_are_settled_of_releases_that_are_over_are_not_loaded(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    struct pull_request pull = pull_made(release->id, 0);
    struct pull_list list;
    struct err err = {0};
    pull.is_settled = true;
    ASSERT_OK(store_pull_put(*state, &pull, &err), err);
    assert_int_equal(count_pulls(*state, 0, &list, arena), 1);
    release->phase = RELEASE_STOPPED;
    ASSERT_OK(store_release_update(*state, release, &err), err);
    assert_int_equal(count_pulls(*state, 0, &list, arena), 0);
    pull.is_settled = false;
    ASSERT_OK(store_pull_put(*state, &pull, &err), err);
    assert_int_equal(count_pulls(*state, 0, &list, arena), 1);
}

static bool next_status(struct store *store, struct commit_status *out)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct commit_status_list list = {0};
    struct err err = {0};
    ASSERT_OK(store_status_list(store, arena, &list, &err), err);
    assert_true(list.count <= 1);
    *out = list.count ? list.statuses[0] : (struct commit_status){0};
    return list.count > 0;
}

static void a_status_waits_until_it_was_sent(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    struct commit_status status = {.release = release->id,
                                   .repository = "infra",
                                   .oid = "1f",
                                   .stage = "prod",
                                   .wanted = "pending"};
    struct commit_status next;
    struct err err = {0};
    ASSERT_OK(store_status_want(*state, &status, &err), err);
    assert_true(next_status(*state, &next));
    assert_string_equal(next.wanted, "pending");
    assert_string_equal(next.stage, "prod");
    assert_string_equal(next.repository, "infra");
    /* What is sent late is not taken for what is wanted by then. */
    TEXT_COPY_CUT(status.wanted, "success");
    ASSERT_OK(store_status_want(*state, &status, &err), err);
    ASSERT_OK(store_status_sent(*state, &next, &err), err);
    assert_true(next_status(*state, &next));
    assert_string_equal(next.wanted, "success");
    ASSERT_OK(store_status_sent(*state, &next, &err), err);
    assert_false(next_status(*state, &next));
    ASSERT_OK(store_status_want(*state, &status, &err), err);
    assert_false(next_status(*state, &next));
    /* Another commit has shown nothing yet. */
    TEXT_COPY_CUT(status.oid, "2e");
    ASSERT_OK(store_status_want(*state, &status, &err), err);
    assert_true(next_status(*state, &next));
}

static void each_repository_has_a_status_that_is_next(void **state)
{
    static const char *const repositories[] = {"infra", "infra", "", "infra", ""};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = release_stored(*state, arena);
    struct commit_status_list list = {0};
    struct err err = {0};
    for (int i = 0; i < (int)COUNT_OF(repositories); i++) {
        struct commit_status status = {
            .release = release->id, .wave = i, .oid = "1f", .stage = "prod", .wanted = "pending"};
        TEXT_COPY_CUT(status.repository, repositories[i]);
        ASSERT_OK(store_status_want(*state, &status, &err), err);
        ASSERT_OK(i > 0 || store_status_sent(*state, &status, &err), err);
    }
    ASSERT_OK(store_status_list(*state, arena, &list, &err), err);
    assert_int_equal(list.count, 2);
    assert_int_equal(list.statuses[0].wave, 1);
    assert_string_equal(list.statuses[0].repository, "infra");
    assert_int_equal(list.statuses[1].wave, 2);
    assert_string_equal(list.statuses[1].repository, "");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, store_in_memory, store_is_closed)
    const struct CMUnitTest tests[] = {
        CASE(a_pull_request_comes_back_as_it_was_written),
        CASE(those_that_are_settled_of_releases_that_are_over_are_not_loaded),
        CASE(a_status_waits_until_it_was_sent),
        CASE(each_repository_has_a_status_that_is_next),
    };
    return cmocka_run_group_tests_name("pull requests in the store", tests, NULL, NULL);
}
