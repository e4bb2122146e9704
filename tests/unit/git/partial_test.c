/* What is too large to be read stays with a remote that can filter. */
#include "remote.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SMALL_MIRROR_BYTES ((size_t)1 << 20)

static void allow_filter(struct remote *remote)
{
    REMOTE_GIT(remote, "config", "uploadpack.allowFilter", "true");
}

static int begin(void **state)
{
    struct remote *remote = xcalloc(1, sizeof(*remote));
    remote_init(remote);
    AUTO_STR(stream, (size_t)GIT_BLOB_BYTES_MAX + 4096);
    size_t length = GIT_BLOB_BYTES_MAX + 1;
    str_addf(&stream,
             "commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n"
             "M 100644 inline small\ndata 2\nok\nM 100644 inline huge\ndata %zu\n",
             length);
    char *bytes = str_reserve(&stream, length);
    unsigned seed = 1;
    for (size_t i = 0; i < length; i++) { /* that do not compress */
        bytes[i] = (char)(rand_r(&seed) >> 4);
    }
    str_grew(&stream, length);
    str_add(&stream, "\n\n");
    remote_import(remote, str_slice(&stream));
    *state = remote;
    return 0;
}

static int end(void **state)
{
    remote_done(*state);
    free(*state);
    return 0;
}

/* Over git's own protocol: a path would be no remote that can promise. */
static struct git *open_by_url(struct remote *remote)
{
    struct git_options options = {
        .folder = remote->mirror,
        .url = arena_printf(remote->arena, "file://%s", remote->url),
        .branch = "main",
    };
    struct git *git = NULL;
    struct err err = {0};
    ASSERT_OK(git_open(&options, &git, &err), err);
    return git;
}

static void fetch(struct git *git, char head[static GIT_OID_BYTES])
{
    bool rewritten = false;
    struct err err = {0};
    ASSERT_OK(git_fetch(git, head, &rewritten, &err), err);
    assert_false(rewritten);
}

static size_t folder_bytes;

static int add_bytes(const char *path, const struct stat *what, int flag, struct FTW *where)
{
    (void)path;
    (void)where;
    folder_bytes += flag == FTW_F ? (size_t)what->st_size : 0;
    return 0;
}

static size_t mirror_bytes(const struct remote *remote)
{
    folder_bytes = 0;
    assert_int_equal(nftw(remote->mirror, add_bytes, 16, FTW_PHYS), 0);
    return folder_bytes;
}

static void expect_too_large(struct git *git, const char *commit, const char *words)
{
    AUTO_STR(bytes, (size_t)64 << 20);
    struct err err = {0};
    ASSERT_FAILS(git_read_path(git, commit, "huge", &bytes, &err), err, ERR_INVALID, words);
}

static void a_file_too_large_to_be_read_is_not_brought(void **state)
{
    struct remote *remote = *state;
    char head[GIT_OID_BYTES];
    char pushed[GIT_OID_BYTES];
    struct err err = {0};
    allow_filter(remote);
    AUTO(git_close) struct git *git = open_by_url(remote);
    fetch(git, head);
    mirror_expect_file(git, head, "small", "ok");
    expect_too_large(git, head, "larger ones are not read");
    mirror_commit(git, head, "small", "better", pushed);
    ASSERT_OK(git_push(git, "main", pushed, head, &err), err);
    REMOTE_COMMIT(remote, "main", {"other", "1"});
    fetch(git, head);
    mirror_expect_file(git, head, "small", "better");
    mirror_expect_file(git, head, "other", "1");
    assert_true(mirror_bytes(remote) < SMALL_MIRROR_BYTES);
    assert_string_equal(REMOTE_GIT(remote, "cat-file", "-s", "main:huge"), "16777217");
}

static void a_mirror_without_it_is_sound(void **state)
{
    struct remote *remote = *state;
    char head[GIT_OID_BYTES];
    char known[GIT_OID_BYTES];
    struct err err = {0};
    allow_filter(remote);
    struct git *git = open_by_url(remote);
    fetch(git, head);
    git_close(&git);
    git = open_by_url(remote); /* one that is not sound would begin anew, without a head */
    ASSERT_OK(git_head(git, "main", known, &err), err);
    assert_string_equal(known, head);
    git_close(&git);
}

static void a_remote_that_cannot_filter_sends_everything(void **state)
{
    struct remote *remote = *state;
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = open_by_url(remote);
    fetch(git, head);
    mirror_expect_file(git, head, "small", "ok");
    expect_too_large(git, head, "16777217 bytes");
}

static void a_remote_that_refuses_the_filter_is_asked_for_everything(void **state)
{
    struct remote *remote = *state;
    char head[GIT_OID_BYTES];
    allow_filter(remote);
    REMOTE_GIT(remote, "config", "uploadpackfilter.allow", "false");
    AUTO(git_close) struct git *git = open_by_url(remote);
    fetch(git, head);
    mirror_expect_file(git, head, "small", "ok");
    expect_too_large(git, head, "16777217 bytes");
}

/* In a partial clone, git drops nothing that is missing elsewhere, and takes no missing file for
   damage. */
static void packs_are_gathered_and_commits_that_wait_are_kept(void **state)
{
    struct remote *remote = *state;
    char head[GIT_OID_BYTES];
    char waiting[GIT_OID_BYTES];
    struct err err = {0};
    allow_filter(remote);
    struct git *git = open_by_url(remote);
    fetch(git, head);
    mirror_commit(git, head, "small", "waits", waiting);
    mirror_copy_pack(remote, 60);
    REMOTE_COMMIT(remote, "main", {"other", "1"});
    fetch(git, head);
    assert_true(mirror_count_packs(remote) < 10);
    ASSERT_OK(git_maintain(git, &err), err);
    git_close(&git);
    git = open_by_url(remote);
    ASSERT_OK(git_head(git, "main", head, &err), err);
    mirror_expect_file(git, head, "other", "1");
    mirror_expect_file(git, waiting, "small", "waits");
    expect_too_large(git, head, "larger ones are not read");
    assert_true(mirror_bytes(remote) < SMALL_MIRROR_BYTES);
    git_close(&git);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_file_too_large_to_be_read_is_not_brought),
        CASE(a_mirror_without_it_is_sound),
        CASE(a_remote_that_cannot_filter_sends_everything),
        CASE(a_remote_that_refuses_the_filter_is_asked_for_everything),
        CASE(packs_are_gathered_and_commits_that_wait_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
