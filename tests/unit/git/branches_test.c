/* Several watched branches of one repository: one mirror, one connection, and each for itself. */
#include "remote.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

static int begin(void **state)
{
    struct remote *remote = xcalloc(1, sizeof(*remote));
    remote_init(remote);
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    REMOTE_COMMIT(remote, "env/dev", {"a", "2"});
    REMOTE_COMMIT(remote, "env/prod", {"a", "3"});
    *state = remote;
    return 0;
}

static int end(void **state)
{
    remote_done(*state);
    xfree(state);
    return 0;
}

static void fetch(struct git *git, struct git_branch *branches, size_t count)
{
    struct err err = {0};
    ASSERT_OK(git_fetch_branches(git, branches, count, &err), err);
}

static void expect_there(struct remote *remote, const struct git_branch *branch)
{
    ASSERT_OK(branch->err.kind == ERR_NONE, branch->err);
    assert_string_equal(branch->head, REMOTE_GIT(remote, "rev-parse", branch->name));
}

static size_t count_calls(const char *log, const char *word)
{
    AUTO_STR(text, 1U << 16);
    struct err err = {0};
    ASSERT_OK(file_read(log, &text, &err), err);
    size_t count = 0;
    for (const char *at = strstr(text.text, word); at; at = strstr(at + 1, word)) {
        count++;
    }
    return count;
}

static void all_branches_come_by_one_fetch_into_one_mirror(void **state)
{
    struct remote *remote = *state;
    char *path = xstrdup(getenv("PATH"));
    const char *log = remote_spy_on_git(remote);
    AUTO(git_close) struct git *git = remote_open(remote);
    struct git_branch branches[] = {{.name = "main"}, {.name = "env/dev"}, {.name = "env/prod"}};
    fetch(git, branches, COUNT_OF(branches));
    for (size_t i = 0; i < COUNT_OF(branches); i++) {
        expect_there(remote, &branches[i]);
        assert_false(branches[i].is_rewritten);
    }
    assert_int_equal(count_calls(log, " fetch "), 1);
    assert_int_equal(count_calls(log, " ls-remote "), 0);
    setenv("PATH", path, 1);
    free(path);
}

static void a_branch_that_is_missing_keeps_nobody_from_the_others(void **state)
{
    struct remote *remote = *state;
    AUTO(git_close) struct git *git = remote_open(remote);
    struct git_branch branches[] = {
        {.name = "main"}, {.name = "env/gone"}, {.name = "env/prod"}, {.name = "prod"}};
    fetch(git, branches, COUNT_OF(branches));
    expect_there(remote, &branches[0]);
    expect_there(remote, &branches[2]);
    for (size_t i = 1; i < COUNT_OF(branches); i += 2) {
        assert_int_equal(branches[i].err.kind, ERR_NOT_FOUND);
        assert_non_null(strstr(branches[i].err.text, "has no branch"));
        assert_string_equal(branches[i].head, "");
    }
    /* What was there once is still known. */
    char prod[GIT_OID_BYTES];
    snprintf(prod, sizeof(prod), "%s", branches[2].head);
    REMOTE_GIT(remote, "update-ref", "-d", "refs/heads/env/prod");
    fetch(git, branches, COUNT_OF(branches));
    assert_int_equal(branches[2].err.kind, ERR_NOT_FOUND);
    assert_string_equal(branches[2].head, prod);
}

static void nothing_that_is_there_is_an_error(void **state)
{
    struct remote *remote = *state;
    AUTO(git_close) struct git *git = remote_open(remote);
    struct git_branch branches[] = {{.name = "x"}, {.name = "y"}};
    struct err err = {0};
    ASSERT_FAILS(git_fetch_branches(git, branches, COUNT_OF(branches), &err), err, ERR_NOT_FOUND,
                 "refs/heads/x");
}

static void only_the_branch_that_was_rewritten_is_said_to_be(void **state)
{
    struct remote *remote = *state;
    AUTO(git_close) struct git *git = remote_open(remote);
    struct git_branch branches[] = {{.name = "env/dev"}, {.name = "env/prod"}};
    fetch(git, branches, COUNT_OF(branches));
    char old[GIT_OID_BYTES];
    snprintf(old, sizeof(old), "%s", branches[1].head);
    REMOTE_GIT(remote, "update-ref", "refs/heads/env/prod", branches[0].head);
    REMOTE_COMMIT(remote, "env/dev", {"a", "5"});
    fetch(git, branches, COUNT_OF(branches));
    assert_false(branches[0].is_rewritten);
    assert_true(branches[1].is_rewritten);
    expect_there(remote, &branches[1]);
    assert_string_equal(
        MIRROR_GIT(remote, "rev-parse", arena_printf(remote->arena, "refs/heddle/seen/%s", old)),
        old);
}

/* "env/prod" cannot be where "env" is, and the mirror still has what the remote has no more. */
static void a_branch_takes_the_place_of_one_that_its_name_begins_with(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "stage", {"a", "6"});
    AUTO(git_close) struct git *git = remote_open(remote);
    struct git_branch one[] = {{.name = "main"}, {.name = "stage"}};
    fetch(git, one, COUNT_OF(one));
    REMOTE_GIT(remote, "update-ref", "-d", "refs/heads/stage");
    REMOTE_COMMIT(remote, "stage/eu", {"a", "7"});
    struct git_branch other[] = {{.name = "main"}, {.name = "stage/eu"}};
    fetch(git, other, COUNT_OF(other));
    expect_there(remote, &other[0]);
    expect_there(remote, &other[1]);
}

static void a_push_moves_the_branch_that_is_named_and_no_other(void **state)
{
    struct remote *remote = *state;
    AUTO(git_close) struct git *git = remote_open(remote);
    struct git_branch branches[] = {{.name = "main"}, {.name = "env/prod"}};
    fetch(git, branches, COUNT_OF(branches));
    struct git_change change = {"a", slice_of("8")};
    struct git_commit commit = {.parent = branches[1].head,
                                .message = "promote",
                                .author_name = "ada",
                                .author_email = "ada@shop.example",
                                .when_ms = 1000,
                                .changes = &change,
                                .change_count = 1};
    char made[GIT_OID_BYTES];
    char head[GIT_OID_BYTES];
    struct err err = {0};
    ASSERT_OK(git_commit(git, &commit, made, &err), err);
    ASSERT_FAILS(git_push(git, "main", made, branches[1].head, &err), err, ERR_CONFLICT, "main");
    ASSERT_FAILS(git_push_branch(git, "env/prod", made, branches[1].head, &err), err, ERR_INVALID,
                 "is a watched branch");
    ASSERT_FAILS(git_drop_branch(git, "env/prod", branches[1].head, &err), err, ERR_INVALID,
                 "is a watched branch");
    err = (struct err){0};
    ASSERT_OK(git_push(git, "env/prod", made, branches[1].head, &err), err);
    assert_string_equal(REMOTE_GIT(remote, "rev-parse", "env/prod"), made);
    assert_string_equal(REMOTE_GIT(remote, "rev-parse", "main"), branches[0].head);
    ASSERT_OK(git_head(git, "env/prod", head, &err), err);
    assert_string_equal(head, made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_branches_come_by_one_fetch_into_one_mirror, begin, end),
        cmocka_unit_test_setup_teardown(a_branch_that_is_missing_keeps_nobody_from_the_others,
                                        begin, end),
        cmocka_unit_test_setup_teardown(nothing_that_is_there_is_an_error, begin, end),
        cmocka_unit_test_setup_teardown(only_the_branch_that_was_rewritten_is_said_to_be, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_branch_takes_the_place_of_one_that_its_name_begins_with,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_push_moves_the_branch_that_is_named_and_no_other, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
