/* Branches of our own in the remote: given, moved sideways and dropped, and never somebody else's.
 */
#include "remote.h"

#define BRANCH "heddle/R-7-1-3f9a2c"

struct house {
    struct remote remote;
    struct git *git;
    char head[GIT_OID_BYTES];
    char first[GIT_OID_BYTES], second[GIT_OID_BYTES]; /* two children of head */
};

static void make(struct house *house, const char *text, char out[static GIT_OID_BYTES])
{
    struct git_change change = {"a", slice_of(text)};
    struct git_commit commit = {.parent = house->head,
                                .message = "promote",
                                .author_name = "ada",
                                .author_email = "ada@shop.example",
                                .when_ms = 1000,
                                .changes = &change,
                                .change_count = 1};
    struct err err = {0};
    ASSERT_OK(git_commit(house->git, &commit, out, &err), err);
}

static int begin(void **state)
{
    struct house *house = xcalloc(1, sizeof(*house));
    remote_init(&house->remote);
    REMOTE_COMMIT(&house->remote, "main", {"a", "1"});
    house->git = remote_fetched(&house->remote, house->head);
    make(house, "2", house->first);
    make(house, "3", house->second);
    *state = house;
    return 0;
}

static int end(void **state)
{
    struct house *house = *state;
    git_close(&house->git);
    remote_done(&house->remote);
    xfree(state);
    return 0;
}

static void a_branch_is_given_and_moved_sideways_as_often_as_one_likes(void **state)
{
    struct house *house = *state;
    struct err err = {0};
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(git_push_branch(house->git, BRANCH, house->first, "", &err), err);
    }
    assert_string_equal(REMOTE_GIT(&house->remote, "rev-parse", BRANCH), house->first);
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(git_push_branch(house->git, BRANCH, house->second, house->first, &err), err);
    }
    assert_string_equal(REMOTE_GIT(&house->remote, "rev-parse", BRANCH), house->second);
    assert_string_equal(REMOTE_GIT(&house->remote, "rev-parse", "main"), house->head);
}

static void what_somebody_else_pushed_there_stays(void **state)
{
    struct house *house = *state;
    struct err err = {0};
    ASSERT_OK(git_push_branch(house->git, BRANCH, house->first, "", &err), err);
    const char *theirs = REMOTE_COMMIT(&house->remote, BRANCH, {"b", "1"});
    ASSERT_FAILS(git_push_branch(house->git, BRANCH, house->second, house->first, &err), err,
                 ERR_CONFLICT, "has moved to");
    err = (struct err){0};
    ASSERT_OK(git_drop_branch(house->git, BRANCH, house->first, &err), err);
    assert_string_equal(REMOTE_GIT(&house->remote, "rev-parse", BRANCH), theirs);
}

static void a_branch_that_was_deleted_is_not_made_again(void **state)
{
    struct house *house = *state;
    struct err err = {0};
    ASSERT_OK(git_push_branch(house->git, BRANCH, house->first, "", &err), err);
    REMOTE_GIT(&house->remote, "branch", "-D", BRANCH);
    ASSERT_FAILS(git_push_branch(house->git, BRANCH, house->second, house->first, &err), err,
                 ERR_CONFLICT, "was deleted");
}

static void a_branch_is_dropped_and_twice_is_once(void **state)
{
    struct house *house = *state;
    struct err err = {0};
    ASSERT_OK(git_push_branch(house->git, BRANCH, house->first, "", &err), err);
    for (int i = 0; i < 2; i++) {
        ASSERT_OK(git_drop_branch(house->git, BRANCH, house->first, &err), err);
    }
    assert_string_equal(REMOTE_GIT(&house->remote, "branch", "--list", BRANCH), "");
}

static void the_watched_branch_is_nobodys_own(void **state)
{
    struct house *house = *state;
    struct err err = {0};
    ASSERT_FAILS(git_push_branch(house->git, "main", house->first, house->head, &err), err,
                 ERR_INVALID, "is a watched branch");
    ASSERT_FAILS(git_drop_branch(house->git, "main", house->head, &err), err, ERR_INVALID,
                 "is a watched branch");
    ASSERT_FAILS(git_push_branch(house->git, BRANCH, "--all", "", &err), err, ERR_INVALID, "");
    ASSERT_FAILS(
        git_push_branch(house->git, BRANCH, "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f", "", &err),
        err, ERR_NOT_FOUND, "the mirror has no commit");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        CASE(a_branch_is_given_and_moved_sideways_as_often_as_one_likes),
        CASE(what_somebody_else_pushed_there_stays),
        CASE(a_branch_that_was_deleted_is_not_made_again),
        CASE(a_branch_is_dropped_and_twice_is_once),
        CASE(the_watched_branch_is_nobodys_own),
    };
    return cmocka_run_group_tests_name("branches", tests, NULL, NULL);
}
