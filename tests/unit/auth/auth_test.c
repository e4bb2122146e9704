#include "../testing.h"

#include "auth/auth.h"
#include "crypto/crypto.h"

/* A clock that the tests turn. */
static int64_t now_ms = 1000000;

static int64_t test_now(void *context)
{
    return *(int64_t *)context;
}

static void test_random(void *context, void *out, size_t length)
{
    (void)context;
    memset(out, 7, length);
}

static const struct env env = {test_now, test_now, test_random, &now_ms};

static const struct token_request ada = {.name = "ada", .role = ROLE_READ};
static const struct token_request agent = {
    .name = "agent dev", .role = ROLE_AGENT, .cluster = "dev"};

static int open_store(void **state)
{
    struct err err = {0};
    struct store *store = NULL;
    now_ms = 1000000;
    if (!store_open(":memory:", &store, &err)) {
        return -1;
    }
    *state = store;
    return 0;
}

static int close_store(void **state)
{
    struct store *store = *state;
    store_close(&store);
    return 0;
}

static void the_matrix_of_roles_is_this_one(void **state)
{
    (void)state;
    /* Columns: unset, public, view, promote, approve, admin, report. */
    static const struct {
        enum role role;
        const char *may;
    } rows[] = {
        {ROLE_NONE, ".P....."},    {ROLE_READ, ".PV...."},  {ROLE_PROMOTE, ".PVM..."},
        {ROLE_APPROVE, ".PVMA.."}, {ROLE_ADMIN, ".PVMAX."}, {ROLE_AGENT, ".P....R"},
    };
    static const char letters[] = ".PVMAXR";
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int permission = PERMISSION_UNSET; permission <= PERMISSION_REPORT; permission++) {
            char letter = rows[i].may[permission];
            assert_true(letter == '.' || letter == letters[permission]);
            assert_int_equal(role_may(rows[i].role, (enum permission)permission), letter != '.');
        }
    }
}

static void roles_are_found_by_their_names(void **state)
{
    (void)state;
    for (int role = ROLE_READ; role <= ROLE_AGENT; role++) {
        assert_int_equal(role_of(role_name((enum role)role)), role);
    }
    static const char *const unknown[] = {"", "none", "root", "Admin", "admin "};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        assert_int_equal(role_of(unknown[i]), ROLE_NONE);
    }
}

static void a_denial_names_the_role_that_is_needed(void **state)
{
    (void)state;
    static const struct {
        enum role role;
        enum permission permission;
        const char *needed;
    } cases[] = {
        {ROLE_NONE, PERMISSION_VIEW, "needs read"},
        {ROLE_READ, PERMISSION_PROMOTE, "needs promote"},
        {ROLE_PROMOTE, PERMISSION_APPROVE, "needs approve"},
        {ROLE_APPROVE, PERMISSION_ADMIN, "needs admin"},
        {ROLE_ADMIN, PERMISSION_REPORT, "needs agent"},
        {ROLE_AGENT, PERMISSION_VIEW, "needs read"},
        {ROLE_ADMIN, PERMISSION_UNSET, "nobody has"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct principal person = {.name = "ada", .role = cases[i].role};
        struct err err = {0};
        ASSERT_FAILS(auth_require(&person, cases[i].permission, &err), err, ERR_DENIED,
                     cases[i].needed);
    }
    struct err err = {0};
    struct principal person = {.name = "ada", .role = ROLE_PROMOTE};
    ASSERT_OK(auth_require(&person, PERMISSION_PROMOTE, &err), err);
}

static void a_token_identifies_its_holder(void **state)
{
    struct err err = {0};
    char secret[AUTH_TOKEN_BYTES];
    ASSERT_OK(auth_token_create(*state, &env, &agent, secret, &err), err);
    assert_int_equal(strlen(secret), AUTH_TOKEN_BYTES - 1);
    assert_memory_equal(secret, "hdl_", 4);
    struct principal principal = {0};
    ASSERT_OK(auth_identify(*state, &env, secret, &principal, &err), err);
    assert_string_equal(principal.name, "agent dev");
    assert_string_equal(principal.cluster, "dev");
    assert_int_equal(principal.role, ROLE_AGENT);
}

static void the_store_never_sees_the_secret(void **state)
{
    struct err err = {0};
    char secret[AUTH_TOKEN_BYTES];
    AUTO(arena_free) struct arena *arena = arena_new();
    struct token_list tokens;
    ASSERT_OK(auth_token_create(*state, &env, &ada, secret, &err), err);
    ASSERT_OK(store_token_list(*state, arena, &tokens, &err), err);
    assert_int_equal(tokens.count, 1);
    char hash[SHA256_HEX_BYTES];
    crypto_sha256_hex(slice_of(secret), hash);
    assert_string_equal(tokens.tokens[0].hash, hash);
    assert_null(memmem(&tokens.tokens[0], sizeof(tokens.tokens[0]), secret + 4, 43));
}

static void strangers_all_get_the_same_answer(void **state)
{
    struct err err = {0};
    char secret[AUTH_TOKEN_BYTES];
    ASSERT_OK(auth_token_create(*state, &env, &ada, secret, &err), err);
    ASSERT_OK(store_token_revoke(*state, "ada", now_ms, &err), err);
    struct token_row expired = {.name = "bob", .role = "read", .expires_ms = now_ms};
    crypto_sha256_hex(slice_of("hdl_expired"), expired.hash);
    ASSERT_OK(store_token_insert(*state, &expired, &err), err);
    struct token_row strange = {.name = "eve", .role = "wizard"};
    crypto_sha256_hex(slice_of("hdl_wizard"), strange.hash);
    ASSERT_OK(store_token_insert(*state, &strange, &err), err);

    const char *const secrets[] = {"", "hdl_", "hdl_unknown", secret, "hdl_expired", "hdl_wizard"};
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        struct principal principal = {0};
        ASSERT_FAILS(auth_identify(*state, &env, secrets[i], &principal, &err), err,
                     ERR_UNKNOWN_WHO, "this token is not valid; sign in again with `heddle login`");
        assert_int_equal(principal.role, ROLE_NONE);
    }
}

static void a_token_works_until_the_moment_it_expires(void **state)
{
    struct err err = {0};
    char secret[AUTH_TOKEN_BYTES];
    const struct token_request request = {.name = "ada", .role = ROLE_READ, .for_ms = 1000};
    ASSERT_OK(auth_token_create(*state, &env, &request, secret, &err), err);
    struct principal principal = {0};
    now_ms += 999;
    ASSERT_OK(auth_identify(*state, &env, secret, &principal, &err), err);
    now_ms++;
    assert_false(auth_identify(*state, &env, secret, &principal, &err));
}

#define LONG_NAME "0123456789012345678901234567890123456789012345678901234567890123"

static void a_token_that_makes_no_sense_is_not_made(void **state)
{
    static const struct {
        struct token_request request;
        const char *part;
    } cases[] = {
        {{.name = "", .role = ROLE_READ}, "1 to 63"},
        {{.name = "line\nend", .role = ROLE_READ}, "control"},
        {{.name = LONG_NAME, .role = ROLE_READ}, "1 to 63"},
        {{.name = "ada", .role = ROLE_NONE}, "needs a role"},
        {{.name = "ada", .role = ROLE_ADMIN, .cluster = "dev"}, "names its cluster"},
        {{.name = "agent", .role = ROLE_AGENT}, "names its cluster"},
        {{.name = "agent", .role = ROLE_AGENT, .cluster = LONG_NAME}, "longer than 63"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        char secret[AUTH_TOKEN_BYTES] = "untouched";
        ASSERT_FAILS(auth_token_create(*state, &env, &cases[i].request, secret, &err), err,
                     ERR_INVALID, cases[i].part);
        assert_string_equal(secret, "untouched");
    }
}

static void the_first_start_makes_one_admin_and_the_second_none(void **state)
{
    struct err err = {0};
    char secret[AUTH_TOKEN_BYTES];
    bool created = false;
    ASSERT_OK(auth_bootstrap(*state, &env, &created, secret, &err), err);
    assert_true(created);
    struct principal principal = {0};
    ASSERT_OK(auth_identify(*state, &env, secret, &principal, &err), err);
    assert_int_equal(principal.role, ROLE_ADMIN);
    /* Not even when the only token is revoked: that would be a way in. */
    ASSERT_OK(store_token_revoke(*state, "admin", now_ms, &err), err);
    ASSERT_OK(auth_bootstrap(*state, &env, &created, secret, &err), err);
    assert_false(created);
}

static void a_use_is_noted_at_most_once_a_minute(void **state)
{
    struct err err = {0};
    char secret[AUTH_TOKEN_BYTES];
    static const struct {
        int64_t later_ms, used_ms;
    } cases[] = {{0, 1000000}, {59999, 1000000}, {1, 1060000}, {-500000, 1060000}};
    ASSERT_OK(auth_token_create(*state, &env, &ada, secret, &err), err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct principal principal = {0};
        struct token_list tokens;
        now_ms += cases[i].later_ms;
        ASSERT_OK(auth_identify(*state, &env, secret, &principal, &err), err);
        ASSERT_OK(store_token_list(*state, arena, &tokens, &err), err);
        assert_int_equal(tokens.tokens[0].used_ms, cases[i].used_ms);
    }
}

#define SECRET "It's a Secret to Everybody"
#define BODY "Hello, World!"
/* The example of GitHub's documentation on validating webhook deliveries. */
#define HMAC_SHA256 "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define HMAC_SHA1 "01dc10d0c83e72ed246219cdd91669667fe2ca59"

static bool is_proven(const char *header, const char *value, const char *secret, const char *body)
{
    bool holds = false;
    for (size_t i = 0; i < auth_proof_count; i++) {
        holds = holds || (strcmp(auth_proofs[i].header, header) == 0 &&
                          auth_proof_holds(&auth_proofs[i], secret, slice_of(body), value));
    }
    return holds;
}

static void each_sender_proves_it_in_its_own_header(void **state)
{
    (void)state;
    static const struct {
        const char *header, *value;
        bool holds;
    } cases[] = {
        {"X-Hub-Signature-256", "sha256=" HMAC_SHA256, true},
        {"X-Hub-Signature-256", HMAC_SHA256, false},
        {"X-Hub-Signature-256", "sha256=", false},
        {"X-Hub-Signature-256", SECRET, false},
        {"X-Hub-Signature", "sha256=" HMAC_SHA256, true},
        {"X-Hub-Signature", "sha1=" HMAC_SHA1, false},
        {"X-Gitea-Signature", HMAC_SHA256, true},
        {"X-Gitea-Signature", "", false},
        {"X-JFrog-Event-Auth", HMAC_SHA256, true},
        {"X-JFrog-Event-Auth", SECRET, true},
        {"X-JFrog-Event-Auth", "It's", false},
        {"X-Nexus-Webhook-Signature", HMAC_SHA1, true},
        {"X-Nexus-Webhook-Signature", HMAC_SHA256, false},
        {"X-Gitlab-Token", SECRET, true},
        {"X-Gitlab-Token", HMAC_SHA256, false},
        {"Authorization", "Bearer " SECRET, true},
        {"Authorization", "bearer " SECRET, true},
        {"Authorization", SECRET, true},
        {"Authorization", "Bearer ", false},
        {"Authorization", "", false},
        /* "heddle:" and the secret; then ":" and another; then the secret without a colon. */
        {"Authorization", "Basic aGVkZGxlOkl0J3MgYSBTZWNyZXQgdG8gRXZlcnlib2R5", true},
        {"Authorization", "Basic OmFub3RoZXI=", false},
        {"Authorization", "Basic SXQncyBhIFNlY3JldCB0byBFdmVyeWJvZHk=", false},
        {"Authorization", "Basic %%%", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (is_proven(cases[i].header, cases[i].value, SECRET, BODY) != cases[i].holds) {
            fail_msg("%s: %s", cases[i].header, cases[i].value);
        }
        assert_false(is_proven(cases[i].header, cases[i].value, "a third", "Hello, World?"));
    }
}

static void an_empty_secret_proves_nothing(void **state)
{
    (void)state;
    static const char of_nothing[] =
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    assert_false(is_proven("X-Gitea-Signature", of_nothing, "", ""));
    assert_false(is_proven("X-Gitlab-Token", "", "", ""));
    assert_false(is_proven("Authorization", "Basic Og==", "", ""));
    assert_false(auth_key_holds("", "", of_nothing));
}

static void a_key_is_good_for_its_own_address(void **state)
{
    (void)state;
    char key[SHA256_HEX_BYTES];
    crypto_hmac_sha256_hex(slice_of(SECRET), slice_of("/hooks/registry"), key);
    assert_true(auth_key_holds(SECRET, "/hooks/registry", key));
    assert_false(auth_key_holds(SECRET, "/hooks/git", key));
    assert_false(auth_key_holds("another", "/hooks/registry", key));
    assert_false(auth_key_holds(SECRET, "/hooks/registry", SECRET));
    assert_false(auth_key_holds(SECRET, "/hooks/registry", ""));
}

int main(void)
{
#define WITH_STORE(test) cmocka_unit_test_setup_teardown(test, open_store, close_store)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_of_roles_is_this_one),
        cmocka_unit_test(roles_are_found_by_their_names),
        cmocka_unit_test(a_denial_names_the_role_that_is_needed),
        WITH_STORE(a_token_identifies_its_holder),
        WITH_STORE(the_store_never_sees_the_secret),
        WITH_STORE(strangers_all_get_the_same_answer),
        WITH_STORE(a_token_works_until_the_moment_it_expires),
        WITH_STORE(a_token_that_makes_no_sense_is_not_made),
        WITH_STORE(the_first_start_makes_one_admin_and_the_second_none),
        WITH_STORE(a_use_is_noted_at_most_once_a_minute),
        cmocka_unit_test(each_sender_proves_it_in_its_own_header),
        cmocka_unit_test(an_empty_secret_proves_nothing),
        cmocka_unit_test(a_key_is_good_for_its_own_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
