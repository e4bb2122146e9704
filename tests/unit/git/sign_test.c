#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "proc/proc.h"
#include "remote.h"

/* A remote, and two people with SSH keys: heddle's, which is trusted, and another. */
struct house {
    struct remote remote;
    const char *own_key, *other_key, *signers, *gnupg;
};

static void run(struct house *house, const char *const *argv)
{
    const char *const env[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C",
                               arena_printf(house->remote.arena, "GNUPGHOME=%s", house->gnupg),
                               NULL};
    struct proc_call call = {.argv = argv, .env = env};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct err err = {0};
    ASSERT_OK(proc_run(&call, &result, &err), err);
    if (result.exit_code != 0) {
        fail_msg("%s: %s", argv[0], result.errors.text);
    }
}

static const char *make_key(struct house *house, const char *name)
{
    const char *path = arena_printf(house->remote.arena, "%s/%s", house->remote.folder, name);
    run(house, (const char *const[]){"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name,
                                     "-f", path, NULL});
    return path;
}

static void trust(struct house *house, const char *key)
{
    AUTO_STR(text, 4096);
    struct err err = {0};
    str_add(&text, "heddle@test ");
    ASSERT_OK(file_read(arena_printf(house->remote.arena, "%s.pub", key), &text, &err), err);
    house->signers = arena_printf(house->remote.arena, "%s/signers", house->remote.folder);
    ASSERT_OK(file_replace(house->signers, str_slice(&text), 0600, &err), err);
}

static int setup(void **state)
{
    struct house *house = xcalloc(1, sizeof(*house));
    remote_init(&house->remote);
    house->gnupg = arena_printf(house->remote.arena, "%s/gnupg", house->remote.folder);
    assert_int_equal(mkdir(house->gnupg, 0700), 0);
    house->own_key = make_key(house, "own");
    house->other_key = make_key(house, "other");
    trust(house, house->own_key);
    REMOTE_COMMIT(&house->remote, "main", {"a.yaml", "one\n"});
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    struct house *house = *state;
    remote_done(&house->remote);
    free(house);
    return 0;
}

static struct git_options options_of(const struct house *house, const char *key)
{
    return (struct git_options){.folder = house->remote.mirror,
                                .url = house->remote.url,
                                .branch = "main",
                                .signing_key_file = key,
                                .allowed_signers_file = house->signers};
}

/* A mirror that signs with a key, fetched. */
static struct git *open_with(const struct git_options *options, char head[static GIT_OID_BYTES])
{
    struct git *git = NULL;
    bool is_rewritten = false;
    struct err err = {0};
    ASSERT_OK(git_open(options, &git, &err), err);
    ASSERT_OK(git_fetch(git, head, &is_rewritten, &err), err);
    return git;
}

static void commit_and_push(struct git *git, const char *text, char head[static GIT_OID_BYTES])
{
    struct git_change change = {"a.yaml", slice_of(text)};
    struct git_commit commit = {.parent = head,
                                .message = "promote cart\n\nHeddle-Release: R-1\n",
                                .author_name = "Ada",
                                .author_email = "ada@test",
                                .when_ms = 1795341785123,
                                .changes = &change,
                                .change_count = 1};
    char made[GIT_OID_BYTES];
    struct err err = {0};
    ASSERT_OK(git_commit(git, &commit, made, &err), err);
    ASSERT_OK(git_push(git, "main", made, head, &err), err);
    TEXT_COPY_CUT(*(char(*)[GIT_OID_BYTES])head, made);
}

static void a_signed_commit_says_what_an_unsigned_one_says(void **state)
{
    struct house *house = *state;
    struct git_options plain = options_of(house, NULL);
    struct git_options signing = options_of(house, house->own_key);
    struct git_change change = {"a.yaml", slice_of("two\n")};
    char head[GIT_OID_BYTES], unsigned_oid[GIT_OID_BYTES], first[GIT_OID_BYTES],
        second[GIT_OID_BYTES];
    struct err err = {0};
    AUTO(git_close) struct git *without = open_with(&plain, head);
    struct git_commit commit = {.parent = head,
                                .message = "promote cart\n\nHeddle-Release: R-1\n",
                                .author_name = "A\nda <x>",
                                .when_ms = 1795341785123,
                                .changes = &change,
                                .change_count = 1};
    ASSERT_OK(git_commit(without, &commit, unsigned_oid, &err), err);
    AUTO(git_close) struct git *with = open_with(&signing, head);
    ASSERT_OK(git_commit(with, &commit, first, &err), err);
    ASSERT_OK(git_commit(with, &commit, second, &err), err);
    assert_string_equal(first, second);
    assert_string_not_equal(first, unsigned_oid);
    const char *format = "--format=%T %P %an %ae %at %cn %ce %ct%n%B";
    assert_string_equal(MIRROR_GIT(&house->remote, "show", "-s", format, first),
                        MIRROR_GIT(&house->remote, "show", "-s", format, unsigned_oid));
}

static void what_an_allowed_key_signed_is_taken(void **state)
{
    struct house *house = *state;
    struct git_options options = options_of(house, house->own_key);
    char head[GIT_OID_BYTES], signed_head[GIT_OID_BYTES];
    struct err err = {0};
    AUTO(git_close) struct git *git = open_with(&options, head);
    ASSERT_FAILS(git_check_signed(git, head, &err), err, ERR_REFUSED, "it has no signature");
    ASSERT_OK(git_signed_head(git, signed_head, &err), err);
    assert_string_equal(signed_head, "");
    commit_and_push(git, "two\n", head);
    ASSERT_OK(git_check_signed(git, head, &err), err);
    ASSERT_OK(git_signed_head(git, signed_head, &err), err);
    assert_string_equal(signed_head, head);
}

static void another_key_is_not_taken(void **state)
{
    struct house *house = *state;
    struct git_options options = options_of(house, house->other_key);
    char head[GIT_OID_BYTES];
    struct err err = {0};
    AUTO(git_close) struct git *git = open_with(&options, head);
    commit_and_push(git, "two\n", head);
    ASSERT_FAILS(git_check_signed(git, head, &err), err, ERR_REFUSED, "not among those");
}

/* Otherwise the next signed commit would bring in what somebody slipped below it. */
static void an_unsigned_commit_below_a_signed_one_is_found(void **state)
{
    struct house *house = *state;
    struct git_options options = options_of(house, house->own_key);
    char head[GIT_OID_BYTES], good[GIT_OID_BYTES], slipped[GIT_OID_BYTES];
    bool is_rewritten = false;
    struct err err = {0};
    AUTO(git_close) struct git *git = open_with(&options, head);
    commit_and_push(git, "two\n", head);
    ASSERT_OK(git_check_signed(git, head, &err), err);
    TEXT_COPY_CUT(good, head);
    TEXT_COPY_CUT(slipped, REMOTE_COMMIT(&house->remote, "main", {"evil.yaml", "x\n"}));
    ASSERT_OK(git_fetch(git, head, &is_rewritten, &err), err);
    commit_and_push(git, "three\n", head);
    slipped[7] = '\0';
    ASSERT_FAILS(git_check_signed(git, head, &err), err, ERR_REFUSED, slipped);
    ASSERT_OK(git_signed_head(git, head, &err), err);
    assert_string_equal(head, good);
}

static void a_key_that_cannot_sign_is_named(void **state)
{
    struct house *house = *state;
    struct git_options options = options_of(house, "/nonexistent/signing.key");
    struct git_change change = {"a.yaml", slice_of("two\n")};
    char head[GIT_OID_BYTES], made[GIT_OID_BYTES];
    struct err err = {0};
    AUTO(git_close) struct git *git = open_with(&options, head);
    struct git_commit commit = {.parent = head,
                                .message = "promote cart\n",
                                .when_ms = 1795341785123,
                                .changes = &change,
                                .change_count = 1};
    ASSERT_FAILS(git_commit(git, &commit, made, &err), err, ERR_DENIED, "/nonexistent/signing.key");
}

static void openpgp_keys_sign_and_are_trusted_too(void **state)
{
    struct house *house = *state;
    run(house, (const char *const[]){"gpg", "--batch", "--quiet", "--passphrase", "",
                                     "--quick-generate-key", "heddle@test", "ed25519", "sign",
                                     "never", NULL});
    struct git_options options = options_of(house, NULL);
    options.openpgp_key = "heddle@test";
    options.openpgp_folder = house->gnupg;
    char head[GIT_OID_BYTES];
    struct err err = {0};
    AUTO(git_close) struct git *git = open_with(&options, head);
    commit_and_push(git, "two\n", head);
    ASSERT_OK(git_check_signed(git, head, &err), err);
    run(house, (const char *const[]){"gpgconf", "--kill", "all", NULL});

    /* Without the folder nobody knows the key. */
    options.openpgp_folder = NULL;
    AUTO(git_close) struct git *stranger = open_with(&options, head);
    MIRROR_GIT(&house->remote, "update-ref", "-d", "refs/heddle/signed");
    ASSERT_FAILS(git_check_signed(stranger, head, &err), err, ERR_REFUSED, "cannot be checked");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_signed_commit_says_what_an_unsigned_one_says),
        CASE(what_an_allowed_key_signed_is_taken),
        CASE(another_key_is_not_taken),
        CASE(an_unsigned_commit_below_a_signed_one_is_found),
        CASE(a_key_that_cannot_sign_is_named),
        CASE(openpgp_keys_sign_and_are_trusted_too),
    };
    return cmocka_run_group_tests_name("signatures", tests, NULL, NULL);
}
