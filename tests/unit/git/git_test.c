#include <glob.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "remote.h"

static int setup(void **state)
{
    struct remote *remote = xcalloc(1, sizeof(*remote));
    remote_init(remote);
    *state = remote;
    return 0;
}

static int teardown(void **state)
{
    remote_done(*state);
    free(*state);
    return 0;
}

/* ---- reading ---- */

static void a_fetch_brings_the_branch_and_its_files(void **state)
{
    struct remote *remote = *state;
    const char *tip =
        REMOTE_COMMIT(remote, "main", {"a.yaml", "one\n"}, {"clusters/dev/b c.yaml", "two\n"});
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    assert_string_equal(head, tip);
    mirror_expect_file(git, head, "a.yaml", "one\n");
    mirror_expect_file(git, head, "clusters/dev/b c.yaml", "two\n");

    tip = REMOTE_COMMIT(remote, "main", {"a.yaml", "three\n"});
    bool rewritten = true;
    struct err err = {0};
    ASSERT_OK(git_fetch(git, head, &rewritten, &err), err);
    assert_false(rewritten);
    assert_string_equal(head, tip);
    mirror_expect_file(git, head, "a.yaml", "three\n");
    ASSERT_OK(git_head(git, "main", head, &err), err);
    assert_string_equal(head, tip);
}

static void an_empty_repository_or_missing_branch_is_not_found(void **state)
{
    struct remote *remote = *state;
    AUTO(git_close) struct git *git = remote_open(remote);
    char head[GIT_OID_BYTES];
    bool rewritten;
    struct err err = {0};
    ASSERT_FAILS(git_fetch(git, head, &rewritten, &err), err, ERR_NOT_FOUND, "refs/heads/main");
    REMOTE_COMMIT(remote, "other", {"a", "1"});
    ASSERT_FAILS(git_fetch(git, head, &rewritten, &err), err, ERR_NOT_FOUND, "refs/heads/main");
    ASSERT_FAILS(git_head(git, "main", head, &err), err, ERR_NOT_FOUND, "not fetched yet");
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    ASSERT_OK(git_fetch(git, head, &rewritten, &err), err);
}

static void a_missing_repository_is_not_found(void **state)
{
    struct remote *remote = *state;
    struct git_options options = {
        .folder = remote->mirror, .url = "/nonexistent/heddle.git", .branch = "main"};
    AUTO(git_close) struct git *git = NULL;
    char head[GIT_OID_BYTES];
    bool rewritten;
    struct err err = {0};
    ASSERT_OK(git_open(&options, &git, &err), err);
    ASSERT_FAILS(git_fetch(git, head, &rewritten, &err), err, ERR_NOT_FOUND, "does not");
}

static void a_folder_is_listed_with_kinds_and_in_order(void **state)
{
    struct remote *remote = *state;
    remote_import(remote,
                  slice_of("blob\nmark :1\ndata 1\nx\n"
                           "commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n"
                           "M 100644 :1 dir/a/inner\nM 100644 :1 dir/a-b\n"
                           "M 100755 :1 dir/run\nM 120000 :1 dir/link\n"
                           "M 160000 1111111111111111111111111111111111111111 dir/sub\n\n"));
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    struct git_listing listing;
    struct err err = {0};
    ASSERT_OK(git_list(git, head, "dir", false, remote->arena, &listing, &err), err);
    static const struct {
        const char *path;
        enum git_entry_kind kind;
    } wanted[] = {{"dir/a", GIT_FOLDER},
                  {"dir/a-b", GIT_FILE},
                  {"dir/link", GIT_LINK},
                  {"dir/run", GIT_FILE},
                  {"dir/sub", GIT_SUBMODULE}};
    assert_int_equal(listing.count, COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_string_equal(listing.entries[i].path, wanted[i].path);
        assert_int_equal(listing.entries[i].kind, wanted[i].kind);
        assert_int_equal(listing.entries[i].is_executable, i == 3);
    }
    ASSERT_OK(git_list(git, head, "", true, remote->arena, &listing, &err), err);
    assert_int_equal(listing.count, 5);
    assert_string_equal(listing.entries[0].path, "dir/a-b");
    assert_string_equal(listing.entries[1].path, "dir/a/inner");
    ASSERT_FAILS(git_list(git, head, "gone", false, remote->arena, &listing, &err), err,
                 ERR_NOT_FOUND, "gone");
    ASSERT_FAILS(git_list(git, head, "dir/run", false, remote->arena, &listing, &err), err,
                 ERR_INVALID, "not a folder");
}

static void links_and_submodules_are_not_followed(void **state)
{
    struct remote *remote = *state;
    remote_import(remote, slice_of("commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n"
                                   "M 120000 inline out\ndata 11\n/etc/passwd\n"
                                   "M 120000 inline up\ndata 5\n../..\n"
                                   "M 160000 1111111111111111111111111111111111111111 sub\n\n"));
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    AUTO_STR(bytes, 1000);
    struct err err = {0};
    ASSERT_FAILS(git_read_path(git, head, "out", &bytes, &err), err, ERR_REFUSED, "link");
    ASSERT_FAILS(git_read_path(git, head, "sub", &bytes, &err), err, ERR_REFUSED, "submodule");
    ASSERT_FAILS(git_read_path(git, head, "up/etc/passwd", &bytes, &err), err, ERR_NOT_FOUND,
                 "does not exist");
    assert_string_equal(bytes.text, "");

    char oid[GIT_OID_BYTES];
    struct git_change changes[] = {{"out", slice_of("x")}, {"up/new", slice_of("x")}};
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        struct git_commit commit = mirror_edit_of(head, &changes[i]);
        ASSERT_FAILS(git_commit(git, &commit, oid, &err), err, ERR_REFUSED, "cannot be written");
    }
}

static void paths_that_lead_out_are_refused(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    static const char *const paths[] = {"../a", "x/../a", "./a",  "/a",      "a/",
                                        "x//a", ".git/a", ".GiT", "GIT~1/a", "a\nb"};
    char oids[1][GIT_OID_BYTES];
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        AUTO_STR(bytes, 1000);
        struct err err = {0};
        ASSERT_FAILS(git_read_path(git, head, paths[i], &bytes, &err), err, ERR_INVALID, "path");
        ASSERT_FAILS(git_oids(git, head, &paths[i], 1, oids, &err), err, ERR_INVALID, "path");
        struct git_change change = {paths[i], slice_of("x")};
        struct git_commit commit = mirror_edit_of(head, &change);
        ASSERT_FAILS(git_commit(git, &commit, oids[0], &err), err, ERR_INVALID, "path");
    }
}

static void many_object_ids_are_one_round_trip(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"}, {"dir/b", "2"});
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    enum { COUNT = 3000 };
    const char **paths = arena_alloc(remote->arena, COUNT, sizeof(*paths));
    for (size_t i = 0; i < COUNT; i++) {
        paths[i] = i % 3 == 0 ? "a" : i % 3 == 1 ? "dir/b" : "dir/missing file";
    }
    char(*oids)[GIT_OID_BYTES] = arena_alloc(remote->arena, COUNT, GIT_OID_BYTES);
    struct err err = {0};
    ASSERT_OK(git_oids(git, head, paths, COUNT, oids, &err), err);
    for (size_t i = 3; i < COUNT; i++) {
        assert_string_equal(oids[i], oids[i % 3]);
    }
    assert_string_equal(oids[0], REMOTE_GIT(remote, "rev-parse", "main:a"));
    assert_string_equal(oids[1], REMOTE_GIT(remote, "rev-parse", "main:dir/b"));
    assert_string_equal(oids[2], "");
}

static void a_huge_file_is_refused_and_the_next_one_is_read(void **state)
{
    struct remote *remote = *state;
    AUTO_STR(stream, (size_t)GIT_BLOB_BYTES_MAX + 4096);
    size_t length = GIT_BLOB_BYTES_MAX + 1;
    str_addf(&stream,
             "commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n"
             "M 100644 inline small\ndata 2\nok\nM 100644 inline huge\ndata %zu\n",
             length);
    memset(str_reserve(&stream, length), 'x', length);
    str_grew(&stream, length);
    str_add(&stream, "\n\n");
    remote_import(remote, str_slice(&stream));
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    AUTO_STR(bytes, (size_t)64 << 20);
    struct err err = {0};
    ASSERT_FAILS(git_read_path(git, head, "huge", &bytes, &err), err, ERR_INVALID, "huge");
    mirror_expect_file(git, head, "small", "ok");
}

static void bytes_of_a_binary_file_come_exactly(void **state)
{
    struct remote *remote = *state;
    static const char bytes[] = "\0\x01\n\xff\r\n\0end";
    AUTO_STR(stream, 1000);
    str_addf(&stream,
             "commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n"
             "M 100644 inline bin\ndata %zu\n",
             sizeof(bytes));
    str_add_bytes(&stream, bytes, sizeof(bytes));
    str_add(&stream, "\n\n");
    remote_import(remote, str_slice(&stream));
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    AUTO_STR(read, 1000);
    struct err err = {0};
    ASSERT_OK(git_read_path(git, head, "bin", &read, &err), err);
    assert_int_equal(read.length, sizeof(bytes));
    assert_memory_equal(read.text, bytes, sizeof(bytes));
}

static void revisions_are_resolved_and_odd_ones_refused(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    struct err err = {0};
    ASSERT_OK(git_resolve(git, "main", oid, &err), err);
    assert_string_equal(oid, head);
    char shortened[8];
    text_copy_cut(shortened, sizeof(shortened), head);
    ASSERT_OK(git_resolve(git, shortened, oid, &err), err);
    assert_string_equal(oid, head);
    ASSERT_FAILS(git_resolve(git, "gone", oid, &err), err, ERR_NOT_FOUND, "gone");
    ASSERT_FAILS(git_resolve(git, "-x", oid, &err), err, ERR_INVALID, "revision");
    ASSERT_FAILS(git_resolve(git, "main\ninfo", oid, &err), err, ERR_INVALID, "revision");
}

static void a_sha256_repository_works_too(void **state)
{
    (void)state;
    struct remote remote;
    remote_init_as(&remote, "sha256");
    const char *tip = REMOTE_COMMIT(&remote, "main", {"dir/a", "1"});
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(&remote, head);
    assert_int_equal(strlen(head), 64);
    assert_string_equal(head, tip);
    mirror_expect_file(git, head, "dir/a", "1");
    char oid[GIT_OID_BYTES];
    struct err err = {0};
    mirror_commit(git, head, "dir/a", "2", oid);
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
    assert_string_equal(REMOTE_GIT(&remote, "rev-parse", "main"), oid);
    remote_done(&remote);
}

/* ---- committing ---- */

static void the_same_commit_has_the_same_id_and_moves_no_ref(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1\n"}, {"b", "1\n"});
    char head[GIT_OID_BYTES];
    char first[GIT_OID_BYTES];
    char second[GIT_OID_BYTES];
    char third[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    const char *refs = MIRROR_GIT(remote, "for-each-ref");
    mirror_commit(git, head, "a", "2\n", first);
    mirror_commit(git, head, "a", "2\n", second);
    mirror_commit(git, head, "a", "3\n", third);
    assert_string_equal(first, second);
    assert_string_not_equal(first, third);
    assert_string_equal(MIRROR_GIT(remote, "for-each-ref"), refs);
    mirror_expect_file(git, first, "a", "2\n");
    mirror_expect_file(git, first, "b", "1\n");
    assert_string_equal(
        MIRROR_GIT(remote, "show", "--no-patch", "--format=%an %ae %at|%cn %ce %ct|%P|%B", first),
        arena_printf(remote->arena,
                     "Ada ada@test 1795341785|heddle heddle@localhost 1795341785|%s|"
                     "promote cart\n\nHeddle-Release: R-1\n",
                     head));

    /* Another mirror makes the same one. */
    git_close(&git);
    text_copy_cut(remote->mirror, sizeof(remote->mirror),
                  arena_printf(remote->arena, "%s/second", remote->folder));
    git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2\n", second);
    assert_string_equal(first, second);
}

static void a_commit_keeps_modes_and_odd_names(void **state)
{
    struct remote *remote = *state;
    remote_import(remote,
                  slice_of("commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n"
                           "M 100755 inline bin/run\ndata 1\n1\n"
                           "M 100644 inline \"odd \\\"na\\\\me\\\" \xc3\xa4\"\ndata 1\n1\n\n"));
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    struct git_change changes[] = {{"bin/run", slice_of("2")},
                                   {"odd \"na\\me\" \xc3\xa4", slice_of("2")},
                                   {"new folder/file", slice_of("")}};
    struct git_commit commit = mirror_edit_of(head, changes);
    commit.change_count = COUNT_OF(changes);
    struct err err = {0};
    ASSERT_OK(git_commit(git, &commit, oid, &err), err);
    const char **paths = NULL;
    size_t count = 0;
    ASSERT_OK(git_changed_paths(git, head, oid, remote->arena, &paths, &count, &err), err);
    assert_int_equal(count, 3);
    assert_string_equal(paths[0], "bin/run");
    assert_string_equal(paths[1], "new folder/file");
    assert_string_equal(paths[2], changes[1].path);
    struct git_listing listing;
    ASSERT_OK(git_list(git, oid, "bin", false, remote->arena, &listing, &err), err);
    assert_true(listing.entries[0].is_executable);
}

static void a_forged_author_cannot_add_a_header(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    struct git_change change = {"a", slice_of("2")};
    struct git_commit commit = mirror_edit_of(head, &change);
    commit.author_name = "Eve <eve@x> 1 +0000\nparent 1111";
    commit.author_email = NULL;
    struct err err = {0};
    ASSERT_OK(git_commit(git, &commit, oid, &err), err);
    assert_string_equal(
        MIRROR_GIT(remote, "show", "--no-patch", "--format=%an|%ae|%P", oid),
        arena_printf(remote->arena, "Eve eve@x 1 +0000parent 1111|heddle@localhost|%s", head));
    MIRROR_GIT(remote, "fsck", "--strict", oid);
}

static void a_hundred_files_of_twenty_thousand_are_one_quick_commit(void **state)
{
    struct remote *remote = *state;
    AUTO_STR(stream, (size_t)32 << 20);
    str_add(&stream, "blob\nmark :1\ndata 1\nx\n"
                     "commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n");
    for (int i = 0; i < 20000; i++) {
        str_addf(&stream, "M 100644 :1 apps/%03d/%02d.yaml\n", i / 20, i % 20);
    }
    str_add(&stream, "\n");
    remote_import(remote, str_slice(&stream));
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    struct git_change changes[100];
    for (int i = 0; i < 100; i++) {
        changes[i] = (struct git_change){arena_printf(remote->arena, "apps/%03d/07.yaml", i * 10),
                                         slice_of("y")};
    }
    struct git_commit commit = mirror_edit_of(head, changes);
    commit.change_count = COUNT_OF(changes);
    struct err err = {0};
    int64_t began_ms = env_now_mono_ms(env_system());
    ASSERT_OK(git_commit(git, &commit, oid, &err), err);
    int64_t took_ms = env_now_mono_ms(env_system()) - began_ms;
    print_message("100 of 20,000 files: %lld ms\n", (long long)took_ms);
    assert_true(took_ms < 1000);
    const char **paths = NULL;
    size_t count = 0;
    ASSERT_OK(git_changed_paths(git, head, oid, remote->arena, &paths, &count, &err), err);
    assert_int_equal(count, 100);
}

/* ---- pushing ---- */

static void a_push_moves_the_branch_and_the_mirror_follows(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    char now[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    struct err err = {0};
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
    assert_string_equal(REMOTE_GIT(remote, "rev-parse", "main"), oid);
    ASSERT_OK(git_head(git, "main", now, &err), err);
    assert_string_equal(now, oid);
    /* Its answer may have been lost: the same push again is a success. */
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
}

static void who_pushes_second_gets_a_conflict(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    const char *other = REMOTE_COMMIT(remote, "main", {"b", "1"});
    struct err err = {0};
    ASSERT_FAILS(git_push(git, "main", oid, head, &err), err, ERR_CONFLICT, "moved");
    assert_string_equal(REMOTE_GIT(remote, "rev-parse", "main"), other);

    bool rewritten;
    ASSERT_OK(git_fetch(git, head, &rewritten, &err), err);
    mirror_commit(git, head, "a", "2", oid);
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
    mirror_expect_file(git, oid, "b", "1");
}

static void a_push_whose_answer_was_lost_is_found_under_later_commits(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    char tip[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    struct err err = {0};
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
    const char *later = REMOTE_COMMIT(remote, "main", {"b", "1"});
    bool rewritten;
    ASSERT_OK(git_fetch(git, tip, &rewritten, &err), err);
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
    assert_string_equal(REMOTE_GIT(remote, "rev-parse", "main"), later);
    /* and the mirror does not go back to it */
    ASSERT_OK(git_head(git, "main", tip, &err), err);
    assert_string_equal(tip, later);
}

static void a_commit_beside_the_expected_tip_is_never_forced(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char first[GIT_OID_BYTES];
    char beside[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", first);
    mirror_commit(git, head, "a", "3", beside);
    struct err err = {0};
    ASSERT_OK(git_push(git, "main", first, head, &err), err);
    ASSERT_FAILS(git_push(git, "main", beside, first, &err), err, ERR_CONFLICT,
                 "does not stand on");
    assert_string_equal(REMOTE_GIT(remote, "rev-parse", "main"), first);
}

static void write_hook(struct remote *remote, const char *name, const char *script)
{
    struct err err = {0};
    const char *folder = arena_printf(remote->arena, "%s/hooks", remote->url);
    ASSERT_OK(file_make_folder(folder, &err), err);
    const char *path = arena_printf(remote->arena, "%s/%s", folder, name);
    ASSERT_OK(file_replace(path, slice_of(script), 0755, &err), err);
    assert_int_equal(chmod(path, 0755), 0);
}

static void a_hook_that_says_no_is_refused_in_its_own_words(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    write_hook(remote, "pre-receive", "#!/bin/sh\necho 'only on weekdays \033[31m' >&2\nexit 1\n");
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    struct err err = {0};
    ASSERT_FAILS(git_push(git, "main", oid, head, &err), err, ERR_REFUSED, "only on weekdays");
    assert_null(strchr(err.text, '\033'));
    assert_string_equal(REMOTE_GIT(remote, "rev-parse", "main"), head);
}

static void a_locked_branch_is_tried_again_later(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    struct err err = {0};
    const char *lock = arena_printf(remote->arena, "%s/refs/heads/main.lock", remote->url);
    ASSERT_OK(file_replace(lock, slice_of(""), 0600, &err), err);
    ASSERT_FAILS(git_push(git, "main", oid, head, &err), err, ERR_UNAVAILABLE, "lock");
    assert_int_equal(unlink(lock), 0);
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
}

static void a_remote_that_is_gone_is_no_success(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    const char *away = arena_printf(remote->arena, "%s.away", remote->url);
    assert_int_equal(rename(remote->url, away), 0);
    struct err err = {0};
    ASSERT_FAILS(git_push(git, "main", oid, head, &err), err, ERR_UNAVAILABLE, "does not");
    assert_int_equal(rename(away, remote->url), 0);
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
}

static void a_branch_that_is_gone_is_a_conflict(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    REMOTE_GIT(remote, "update-ref", "-d", "refs/heads/main");
    struct err err = {0};
    ASSERT_FAILS(git_push(git, "main", oid, head, &err), err, ERR_CONFLICT, "gone");
    assert_string_equal(REMOTE_GIT(remote, "for-each-ref"), "");
}

/* The child pushes and is killed with all that it started, earlier each time. */
static void push_and_be_killed(struct remote *remote, const char *text, unsigned after_us)
{
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        char head[GIT_OID_BYTES];
        char oid[GIT_OID_BYTES];
        struct git *git = remote_fetched(remote, head);
        mirror_commit(git, head, "a", text, oid);
        struct err err = {0};
        _exit(git_push(git, "main", oid, head, &err) ? 0 : 1);
    }
    assert_true(child > 0);
    usleep(after_us);
    kill(child, SIGKILL);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void a_killed_push_converges(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "0"});
    struct err err = {0};
    for (int round = 1; round <= 12; round++) {
        const char *text = arena_printf(remote->arena, "%d", round);
        push_and_be_killed(remote, text, (unsigned)(12 - round) * 9000U);
        char head[GIT_OID_BYTES];
        AUTO(git_close) struct git *git = remote_open(remote);
        /* A git child that outlived its parent may still be at work in mirror and remote. */
        int64_t deadline_ms = env_now_mono_ms(env_system()) + 10000;
        bool pushed = false;
        while (!pushed && env_now_mono_ms(env_system()) < deadline_ms) {
            bool rewritten = false;
            char oid[GIT_OID_BYTES];
            if (!git_fetch(git, head, &rewritten, &err)) {
                continue;
            }
            assert_false(rewritten);
            AUTO_STR(now, 100);
            ASSERT_OK(git_read_path(git, head, "a", &now, &err), err);
            if (strcmp(now.text, text) == 0) {
                break;
            }
            mirror_commit(git, head, "a", text, oid);
            pushed = git_push(git, "main", oid, head, &err);
        }
        mirror_expect_file(git, REMOTE_GIT(remote, "rev-parse", "main"), "a", text);
    }
    /* One commit per round, however often it was tried. */
    assert_string_equal(REMOTE_GIT(remote, "rev-list", "--count", "main"), "13");
    REMOTE_GIT(remote, "fsck", "--strict");
}

/* ---- history ---- */

static void rewritten_history_is_noticed_and_the_old_tip_kept(void **state)
{
    struct remote *remote = *state;
    const char *first = REMOTE_COMMIT(remote, "main", {"a", "1"});
    const char *lost = REMOTE_COMMIT(remote, "main", {"a", "2"});
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    REMOTE_GIT(remote, "update-ref", "refs/heads/main", first);
    const char *tip = REMOTE_COMMIT(remote, "main", {"a", "3"});
    bool rewritten = false;
    struct err err = {0};
    ASSERT_OK(git_fetch(git, head, &rewritten, &err), err);
    assert_true(rewritten);
    assert_string_equal(head, tip);
    assert_string_equal(
        MIRROR_GIT(remote, "for-each-ref", "--format=%(objectname)", "refs/heddle/seen"), lost);
    ASSERT_OK(git_fetch(git, head, &rewritten, &err), err);
    assert_false(rewritten);
    ASSERT_OK(git_maintain(git, &err), err);
    mirror_expect_file(git, lost, "a", "2");
}

static void packs_do_not_pile_up(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char waiting[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", waiting);
    assert_int_equal(mirror_count_packs(remote), 1);
    mirror_copy_pack(remote, 60);
    bool rewritten;
    struct err err = {0};
    REMOTE_COMMIT(remote, "main", {"b", "1"});
    ASSERT_OK(git_fetch(git, head, &rewritten, &err), err);
    assert_true(mirror_count_packs(remote) < 10);
    mirror_expect_file(git, head, "b", "1");
    mirror_expect_file(git, waiting, "a", "2");
}

static void maintenance_keeps_commits_that_wait_for_their_push(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    struct err err = {0};
    ASSERT_OK(git_maintain(git, &err), err);
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
}

static void history_is_told_newest_first_with_trailers(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    mirror_commit(git, head, "a", "2", oid);
    struct git_log log;
    struct err err = {0};
    ASSERT_OK(git_log(git, "", oid, 10, remote->arena, &log, &err), err);
    assert_int_equal(log.count, 2);
    assert_string_equal(log.entries[0].oid, oid);
    assert_string_equal(log.entries[0].parent, head);
    assert_string_equal(log.entries[0].author, "Ada");
    assert_string_equal(log.entries[0].subject, "promote cart");
    assert_int_equal(log.entries[0].when_ms, 1795341785000);
    assert_string_equal(git_trailer(remote->arena, log.entries[0].body, "heddle-release"), "R-1");
    assert_string_equal(log.entries[1].parent, "");
    ASSERT_OK(git_log(git, head, oid, 10, remote->arena, &log, &err), err);
    assert_int_equal(log.count, 1);
    ASSERT_OK(git_log(git, oid, oid, 10, remote->arena, &log, &err), err);
    assert_int_equal(log.count, 0);
    ASSERT_OK(git_log(git, "", oid, 1, remote->arena, &log, &err), err);
    assert_int_equal(log.count, 1);
}

static void only_the_last_paragraph_has_trailers(void **state)
{
    struct remote *remote = *state;
    static const char body[] = "Heddle-Release: R-9\n\ntext\n\nOther: x\nHeddle-Release:  R-2 \n\n";
    assert_string_equal(git_trailer(remote->arena, body, "Heddle-Release"), "R-2");
    assert_null(git_trailer(remote->arena, "Heddle-Release: R-9\n\ntext\n", "Heddle-Release"));
    assert_null(git_trailer(remote->arena, "", "Heddle-Release"));
    assert_string_equal(git_trailer(remote->arena, "Empty:\n", "Empty"), "");
}

static void a_diff_is_exact_and_is_cut_with_a_note(void **state)
{
    struct remote *remote = *state;
    const char *from = REMOTE_COMMIT(remote, "main", {"a", "1\n"}, {"b", "1\n"});
    const char *to = REMOTE_COMMIT(remote, "main", {"a", "2\n"}, {"b", "2\n"});
    char head[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    AUTO_STR(diff, 4096);
    struct err err = {0};
    static const char *const only[] = {"b"};
    ASSERT_OK(git_diff(git, from, to, only, 1, &diff, &err), err);
    assert_non_null(strstr(diff.text, "--- a/b\n+++ b/b\n@@ -1 +1 @@\n-1\n+2\n"));
    assert_null(strstr(diff.text, "a/a"));
    AUTO_STR(cut, 100);
    ASSERT_OK(git_diff(git, from, to, NULL, 0, &cut, &err), err);
    assert_non_null(strstr(cut.text, "The rest is not shown"));
    assert_true(cut.length <= 100);
}

/* ---- the mirror ---- */

static void stale_locks_do_not_wedge_the_mirror(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    struct git *git = remote_fetched(remote, head);
    git_close(&git);
    static const char *const locks[] = {"HEAD.lock", "config.lock", "packed-refs.lock",
                                        "refs/heads/main.lock", "refs/heddle/fetched/main.lock"};
    struct err err = {0};
    for (size_t i = 0; i < COUNT_OF(locks); i++) {
        const char *path = arena_printf(remote->arena, "%s/%s", remote->mirror, locks[i]);
        ASSERT_OK(file_replace(path, slice_of(""), 0600, &err), err);
    }
    const char *tip = REMOTE_COMMIT(remote, "main", {"a", "2"});
    git = remote_fetched(remote, head);
    assert_string_equal(head, tip);
    git_close(&git);
}

static void a_broken_mirror_begins_anew(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"}, {"dir/b", "2"});
    char head[GIT_OID_BYTES];
    static const char *const damages[] = {"HEAD", "refs/heads/main", "config", "objects"};
    for (size_t i = 0; i < COUNT_OF(damages); i++) {
        struct git *git = remote_fetched(remote, head);
        git_close(&git);
        const char *path = arena_printf(remote->arena, "%s/%s", remote->mirror, damages[i]);
        struct err err = {0};
        ASSERT_OK(file_remove_tree(path, &err), err);
        if (strcmp(damages[i], "objects") != 0) {
            ASSERT_OK(file_replace(path, slice_of(""), 0600, &err), err);
        }
        git = remote_fetched(remote, head);
        mirror_expect_file(git, head, "dir/b", "2");
        git_close(&git);
    }
}

static void a_lost_object_of_the_tip_is_fetched_again(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"}, {"dir/b", "2"});
    char head[GIT_OID_BYTES];
    struct git *git = remote_fetched(remote, head);
    char pushed[GIT_OID_BYTES];
    struct err err = {0};
    mirror_commit(git, head, "dir/b", "3", pushed); /* few objects: they are loose */
    ASSERT_OK(git_push(git, "main", pushed, head, &err), err);
    git_close(&git);
    const char *oid = REMOTE_GIT(remote, "rev-parse", "main:dir/b");
    const char *file =
        arena_printf(remote->arena, "%s/objects/%.2s/%s", remote->mirror, oid, oid + 2);
    assert_int_equal(unlink(file), 0);
    git = remote_fetched(remote, head);
    mirror_expect_file(git, head, "dir/b", "3");
    git_close(&git);
}

static void a_pack_that_was_cut_short_is_fetched_again(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"}, {"dir/b", "2"});
    char head[GIT_OID_BYTES];
    struct git *git = remote_fetched(remote, head);
    git_close(&git);
    glob_t packs;
    assert_int_equal(glob(arena_printf(remote->arena, "%s/objects/pack/*.pack", remote->mirror), 0,
                          NULL, &packs),
                     0);
    assert_int_equal(truncate(packs.gl_pathv[0], 32), 0);
    globfree(&packs);
    git = remote_fetched(remote, head);
    mirror_expect_file(git, head, "dir/b", "2");
    git_close(&git);
}

static void a_folder_with_other_files_is_never_deleted(void **state)
{
    struct remote *remote = *state;
    struct err err = {0};
    ASSERT_OK(file_make_folder(remote->mirror, &err), err);
    const char *path = arena_printf(remote->arena, "%s/thesis.txt", remote->mirror);
    ASSERT_OK(file_replace(path, slice_of("years of work"), 0600, &err), err);
    struct git_options options = {.folder = remote->mirror, .url = remote->url, .branch = "main"};
    struct git *git = NULL;
    ASSERT_FAILS(git_open(&options, &git, &err), err, ERR_INVALID, "other files");
    assert_int_equal(access(path, F_OK), 0);
}

static void another_url_begins_another_mirror(void **state)
{
    struct remote *remote = *state;
    struct remote second;
    remote_init(&second);
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    const char *tip = REMOTE_COMMIT(&second, "main", {"a", "2"});
    char head[GIT_OID_BYTES];
    struct git *git = remote_fetched(remote, head);
    git_close(&git);
    text_copy_cut(second.mirror, sizeof(second.mirror), remote->mirror);
    git = remote_fetched(&second, head);
    assert_string_equal(head, tip);
    git_close(&git);
    remote_done(&second);
}

static void dangerous_settings_are_refused(void **state)
{
    struct remote *remote = *state;
    static const struct {
        const char *url, *branch;
    } cases[] = {{"ext::sh -c id", "main"},
                 {"--upload-pack=id", "main"},
                 {"ssh://-oProxyCommand=id/x", "main"},
                 {"git://host/x", "main"},
                 {"https://ada:secret@host/x", "main"},
                 {"http://host/\nx", "main"},
                 {"", "main"},
                 {"/x", "-x"},
                 {"/x", "a..b"},
                 {"/x", "@{-1}"},
                 {"/x", "refs/heads/../x"},
                 {"/x", "a b"},
                 {"/x", "x.lock"},
                 {"/x", ""}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct git_options options = {
            .folder = remote->mirror, .url = cases[i].url, .branch = cases[i].branch};
        struct git *git = NULL;
        struct err err = {0};
        ASSERT_FAILS(git_open(&options, &git, &err), err, ERR_INVALID, "");
        assert_null(strstr(err.text, "secret"));
    }
}

static void no_hook_of_the_machine_runs_in_the_mirror(void **state)
{
    struct remote *remote = *state;
    REMOTE_COMMIT(remote, "main", {"a", "1"});
    char head[GIT_OID_BYTES];
    char oid[GIT_OID_BYTES];
    AUTO(git_close) struct git *git = remote_fetched(remote, head);
    const char *trace = arena_printf(remote->arena, "%s/trace", remote->folder);
    const char *hooks = arena_printf(remote->arena, "%s/hooks", remote->mirror);
    const char *script = arena_printf(remote->arena, "#!/bin/sh\ntouch %s\n", trace);
    static const char *const names[] = {"reference-transaction", "pre-push", "post-rewrite"};
    struct err err = {0};
    ASSERT_OK(file_make_folder(hooks, &err), err);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char *path = arena_printf(remote->arena, "%s/%s", hooks, names[i]);
        ASSERT_OK(file_replace(path, slice_of(script), 0755, &err), err);
        assert_int_equal(chmod(path, 0755), 0);
    }
    mirror_commit(git, head, "a", "2", oid);
    ASSERT_OK(git_push(git, "main", oid, head, &err), err);
    assert_int_not_equal(access(trace, F_OK), 0);
}

/* ---- credentials ---- */

/* A server that keeps one request and gives one answer. */
struct web {
    int listener;
    const char *answer;
    char request[4096];
    pthread_t thread;
};

static void *serve_once(void *context)
{
    struct web *web = context;
    int client = accept(web->listener, NULL, NULL);
    size_t length = 0;
    while (client >= 0 && length < sizeof(web->request) - 1 && !strstr(web->request, "\r\n\r\n")) {
        ssize_t got = read(client, web->request + length, sizeof(web->request) - 1 - length);
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    if (write(client, web->answer, strlen(web->answer)) < 0) {
        web->request[0] = '\0';
    }
    close(client);
    return NULL;
}

static void web_start(struct web *web, const char *answer, char *url, size_t url_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    *web =
        (struct web){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .answer = answer};
    assert_int_equal(bind(web->listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(web->listener, 1), 0);
    assert_int_equal(getsockname(web->listener, (struct sockaddr *)&address, &length), 0);
    snprintf(url, url_bytes, "http://127.0.0.1:%d/shop.git", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&web->thread, NULL, serve_once, web), 0);
}

static void web_stop(struct web *web)
{
    pthread_join(web->thread, NULL);
    close(web->listener);
}

static void fetch_fails(const struct git_options *options, enum err_kind kind, const char *part)
{
    AUTO(git_close) struct git *git = NULL;
    char head[GIT_OID_BYTES];
    bool rewritten;
    struct err err = {0};
    ASSERT_OK(git_open(options, &git, &err), err);
    ASSERT_FAILS(git_fetch(git, head, &rewritten, &err), err, kind, part);
    assert_null(strstr(err.text, "s3cret"));
}

/* Whoever may list processes sees their arguments, and often their environment. */
static void expect_in_no_call(struct remote *remote, const char *log, const char *secret)
{
    const char *const files[] = {log, arena_printf(remote->arena, "%s.env", log)};
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        AUTO_STR(text, 1U << 20);
        struct err err = {0};
        ASSERT_OK(file_read(files[i], &text, &err), err);
        assert_true(text.length > 0);
        assert_null(strstr(text.text, secret));
    }
}

static void a_password_goes_in_a_header_and_a_refusal_is_denied(void **state)
{
    struct remote *remote = *state;
    char *path = xstrdup(getenv("PATH"));
    const char *log = remote_spy_on_git(remote);
    const char *file = arena_printf(remote->arena, "%s/password", remote->folder);
    struct err err = {0};
    ASSERT_OK(file_replace(file, slice_of("s3cret\n"), 0600, &err), err);
    char url[64];
    struct web web;
    web_start(&web,
              "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\n"
              "Content-Length: 0\r\nConnection: close\r\n\r\n",
              url, sizeof(url));
    struct git_options options = {.folder = remote->mirror,
                                  .url = url,
                                  .branch = "main",
                                  .username = "ada",
                                  .password_file = file};
    fetch_fails(&options, ERR_DENIED, "");
    web_stop(&web);
    assert_non_null(strstr(web.request, "Authorization: Basic YWRhOnMzY3JldA=="));
    expect_in_no_call(remote, log, "s3cret");
    expect_in_no_call(remote, log, "YWRhOnMzY3JldA");
    setenv("PATH", path, 1);
    free(path);
}

static void a_redirection_is_not_followed(void **state)
{
    struct remote *remote = *state;
    char url[64];
    struct web web;
    web_start(&web,
              "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/x\r\nContent-Length: 0\r\n"
              "Connection: close\r\n\r\n",
              url, sizeof(url));
    struct git_options options = {.folder = remote->mirror, .url = url, .branch = "main"};
    fetch_fails(&options, ERR_INVALID, "301");
    web_stop(&web);
}

static void a_server_that_is_down_is_unavailable(void **state)
{
    struct remote *remote = *state;
    char url[64];
    struct web web;
    web_start(&web, "", url, sizeof(url));
    struct git_options options = {.folder = remote->mirror, .url = url, .branch = "main"};
    fetch_fails(&options, ERR_UNAVAILABLE, "");
    web_stop(&web);
}

/* However long it took to find that out. */
static void a_host_that_is_away_is_told_in_the_same_words_each_time(void **state)
{
    struct remote *remote = *state;
    struct git_options options = {
        .folder = remote->mirror, .url = "http://127.0.0.1:1/shop.git", .branch = "main"};
    fetch_fails(&options, ERR_UNAVAILABLE, "Failed to connect to 127.0.0.1 port 1: ");
}

static void ssh_gets_its_files_and_asks_nobody(void **state)
{
    struct remote *remote = *state;
    const char *bin = arena_printf(remote->arena, "%s/bin", remote->folder);
    const char *script =
        arena_printf(remote->arena,
                     "#!/bin/sh\nfor one; do echo \"<$one>\"; done > %s/args\n"
                     "echo 'ada@host: Permission denied (publickey).' >&2\nexit 255\n",
                     remote->folder);
    const char *ssh = arena_printf(remote->arena, "%s/ssh", bin);
    struct err err = {0};
    ASSERT_OK(file_make_folder(bin, &err), err);
    ASSERT_OK(file_replace(ssh, slice_of(script), 0755, &err), err);
    assert_int_equal(chmod(ssh, 0755), 0);
    char *path = xstrdup(getenv("PATH"));
    setenv("PATH", arena_printf(remote->arena, "%s:%s", bin, path), 1);
    struct git_options options = {.folder = remote->mirror,
                                  .url = "ssh://ada@host/shop.git",
                                  .branch = "main",
                                  .ssh_key_file = "/keys/it's $(id) mine",
                                  .ssh_known_hosts_file = "/keys/known hosts"};
    fetch_fails(&options, ERR_DENIED, "Permission denied");
    setenv("PATH", path, 1);
    free(path);

    AUTO_STR(args, 10000);
    ASSERT_OK(file_read(arena_printf(remote->arena, "%s/args", remote->folder), &args, &err), err);
    static const char *const wanted[] = {"<-oBatchMode=yes>",
                                         "<-F>\n</dev/null>",
                                         "<-oIdentitiesOnly=yes>",
                                         "<-oStrictHostKeyChecking=yes>",
                                         "<-i>\n</keys/it's $(id) mine>",
                                         "<-oUserKnownHostsFile=/keys/known hosts>"};
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        if (!strstr(args.text, wanted[i])) {
            fail_msg("%s is not among:\n%s", wanted[i], args.text);
        }
    }
}

/* As when the machine has no memory left: it may go well the next time. */
static void a_git_that_is_killed_may_be_tried_again(void **state)
{
    struct remote *remote = *state;
    static const char script[] = "#!/bin/sh\ncase \"$*\" in *fast-import*) kill -9 $$ ;; esac\n"
                                 "PATH=${PATH#*:} exec git \"$@\"\n";
    const char *bin = arena_printf(remote->arena, "%s/bin", remote->folder);
    const char *program = arena_printf(remote->arena, "%s/git", bin);
    char *path = xstrdup(getenv("PATH"));
    struct err err = {0};
    char head[GIT_OID_BYTES];
    char made[GIT_OID_BYTES];
    REMOTE_COMMIT(remote, "main", {"cart.yaml", "image: cart:1\n"});
    ASSERT_OK(file_make_folder(bin, &err), err);
    ASSERT_OK(file_replace(program, slice_of(script), 0755, &err), err);
    assert_int_equal(chmod(program, 0755), 0);
    setenv("PATH", arena_printf(remote->arena, "%s:%s", bin, path), 1);
    struct git *git = remote_fetched(remote, head);
    setenv("PATH", path, 1);
    free(path);

    struct git_change change = {"cart.yaml", slice_of("image: cart:2\n")};
    struct git_commit commit = mirror_edit_of(head, &change);
    assert_false(git_commit(git, &commit, made, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.text, "signal 9"));
    git_close(&git);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_fetch_brings_the_branch_and_its_files),
        TEST(an_empty_repository_or_missing_branch_is_not_found),
        TEST(a_missing_repository_is_not_found),
        TEST(a_folder_is_listed_with_kinds_and_in_order),
        TEST(links_and_submodules_are_not_followed),
        TEST(paths_that_lead_out_are_refused),
        TEST(many_object_ids_are_one_round_trip),
        TEST(a_huge_file_is_refused_and_the_next_one_is_read),
        TEST(bytes_of_a_binary_file_come_exactly),
        TEST(revisions_are_resolved_and_odd_ones_refused),
        TEST(a_sha256_repository_works_too),
        TEST(the_same_commit_has_the_same_id_and_moves_no_ref),
        TEST(a_commit_keeps_modes_and_odd_names),
        TEST(a_forged_author_cannot_add_a_header),
        TEST(a_hundred_files_of_twenty_thousand_are_one_quick_commit),
        TEST(a_push_moves_the_branch_and_the_mirror_follows),
        TEST(who_pushes_second_gets_a_conflict),
        TEST(a_push_whose_answer_was_lost_is_found_under_later_commits),
        TEST(a_commit_beside_the_expected_tip_is_never_forced),
        TEST(a_hook_that_says_no_is_refused_in_its_own_words),
        TEST(a_locked_branch_is_tried_again_later),
        TEST(a_remote_that_is_gone_is_no_success),
        TEST(a_branch_that_is_gone_is_a_conflict),
        TEST(a_killed_push_converges),
        TEST(rewritten_history_is_noticed_and_the_old_tip_kept),
        TEST(packs_do_not_pile_up),
        TEST(maintenance_keeps_commits_that_wait_for_their_push),
        TEST(history_is_told_newest_first_with_trailers),
        TEST(only_the_last_paragraph_has_trailers),
        TEST(a_diff_is_exact_and_is_cut_with_a_note),
        TEST(stale_locks_do_not_wedge_the_mirror),
        TEST(a_broken_mirror_begins_anew),
        TEST(a_lost_object_of_the_tip_is_fetched_again),
        TEST(a_pack_that_was_cut_short_is_fetched_again),
        TEST(a_folder_with_other_files_is_never_deleted),
        TEST(another_url_begins_another_mirror),
        TEST(dangerous_settings_are_refused),
        TEST(a_password_goes_in_a_header_and_a_refusal_is_denied),
        TEST(a_redirection_is_not_followed),
        TEST(a_server_that_is_down_is_unavailable),
        TEST(a_host_that_is_away_is_told_in_the_same_words_each_time),
        TEST(ssh_gets_its_files_and_asks_nobody),
        TEST(a_git_that_is_killed_may_be_tried_again),
        TEST(no_hook_of_the_machine_runs_in_the_mirror),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
