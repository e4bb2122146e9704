/* Signatures: what the program cosign is told, and what its outcomes mean. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "program.h"
#include "registry/registry.h"

#define DIGEST "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY                                                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8viYUqkgFZ2/x4gINf5CjAZFKDri\n"                           \
    "xXRw6aPiCwoTL3vlmElIZKPiYwNFzzkoVs6SxpFMl8s09MOUf2YYDIfsMQ==\n"                               \
    "-----END PUBLIC KEY-----\n"
#define WORKFLOW "https://github.com/acme/shop/.github/workflows/release.yaml@refs/tags/v1.0.0"
#define ISSUER "https://token.actions.githubusercontent.com"
/* The last of what cosign says after an error. */
#define TWICE(words)                                                                               \
    "cat >&2 <<'END'\nError: " words "\nmain.go:69: error during command execution: " words        \
    "\nEND\n"

static const struct signature_rule by_key = {
    .key = KEY, .identity = "", .identity_pattern = "", .issuer = ""};
static const struct signature_rule by_workflow = {
    .key = "", .identity = WORKFLOW, .identity_pattern = "", .issuer = ISSUER};

static struct registry *open_registry(const char *config_file)
{
    struct registry *registry = NULL;
    struct err err = {0};
    const struct registry_options options = {.config_file = config_file};
    ASSERT_OK(registry_new(&options, &registry, &err), err);
    return registry;
}

static struct signature_verdict verify(const char *script, const struct signature_rule *rule)
{
    struct program cosign;
    struct signature_verdict verdict;
    AUTO(registry_free) struct registry *registry = open_registry(NULL);
    program_begin(&cosign, "cosign", script);
    assert_true(registry_has_cosign());
    registry_verify(registry, "ghcr.io/acme/shop", DIGEST, rule, &verdict);
    program_end(&cosign);
    return verdict;
}

/* Recorded outcomes of cosign. */
static void an_outcome_is_told_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum signature_state state;
        const char *why;
    } cases[] = {
        {"cat >&2 <<'END'\n\nVerification for ghcr.io/acme/shop@" DIGEST " --\n"
         "The following checks were performed on each of these signatures:\n"
         "  - The cosign claims were validated\n"
         "  - Existence of the claims in the transparency log was verified offline\n"
         "  - The signatures were verified against the specified public key\nEND\n"
         "echo '[{\"critical\":{\"identity\":{\"docker-reference\":\"ghcr.io/acme/shop\"},"
         "\"image\":{\"docker-manifest-digest\":\"" DIGEST "\"},"
         "\"type\":\"cosign container image signature\"},\"optional\":null}]'\n",
         SIGNATURE_GOOD, ""},
        {"echo 'WARNING: Skipping tlog verification is an insecure practice that lacks of "
         "transparency and auditability verification for the signature.' >&2\n" TWICE(
             "no signatures found") "exit 10\n",
         SIGNATURE_BAD, "It is not signed (cosign: no signatures found)."},
        {TWICE("no matching signatures: invalid signature when validating ASN.1 encoded "
               "signature") "exit 12\n",
         SIGNATURE_BAD,
         "None of its signatures is the one that the rule asks for (cosign: no matching "
         "signatures: invalid signature when validating ASN.1 encoded signature)."},
        {TWICE("no matching signatures: none of the expected identities matched what was in the "
               "certificate, got subjects [eve@example.org] with issuer " ISSUER) "exit 12\n",
         SIGNATURE_BAD,
         "None of its signatures is the one that the rule asks for (cosign: no matching "
         "signatures: none of the expected identities matched what was in the certificate, got "
         "subjects [eve@example.org] with issuer " ISSUER ")."},
        /* Older ones have one exit code for all. */
        {TWICE("no matching signatures:") "exit 1\n", SIGNATURE_BAD,
         "None of its signatures is the one that the rule asks for (cosign: no matching "
         "signatures:)."},
        {TWICE("no matching signatures: searching log query: Post "
               "\"https://rekor.sigstore.dev/api/v1/log/entries/retrieve\": dial tcp: lookup "
               "rekor.sigstore.dev: no such host") "exit 12\n",
         SIGNATURE_UNCHECKED,
         "Its signature could not be checked (cosign: no matching signatures: searching log query: "
         "Post \"https://rekor.sigstore.dev/api/v1/log/entries/retrieve\": dial tcp: lookup "
         "rekor.sigstore.dev: no such host)."},
        {TWICE("Get \"https://ghcr.io/v2/\": dial tcp: lookup ghcr.io: no such host") "exit 1\n",
         SIGNATURE_UNCHECKED,
         "Its signature could not be checked (cosign: Get \"https://ghcr.io/v2/\": dial tcp: "
         "lookup ghcr.io: no such host)."},
        {TWICE("getting Rekor public keys: updating local metadata and targets: error updating to "
               "TUF remote mirror: tuf: failed to download 10.root.json") "exit 1\n",
         SIGNATURE_UNCHECKED,
         "Its signature could not be checked (cosign: getting Rekor public keys: updating local "
         "metadata and targets: error updating to TUF remote mirror: tuf: failed to download "
         "10.root.json)."},
        {TWICE("unknown flag: --certificate-identity") "exit 1\n", SIGNATURE_UNCHECKED,
         "Its signature could not be checked (cosign: unknown flag: --certificate-identity)."},
        {"printf 'panic\\n\\033[2J\\n' >&2\nexit 2\n", SIGNATURE_UNCHECKED,
         "Its signature could not be checked (cosign: \\x1b[2J)."},
        {"exit 7\n", SIGNATURE_UNCHECKED, "Its signature could not be checked."},
        {"kill -9 $$\n", SIGNATURE_UNCHECKED, "Its signature could not be checked."},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR(script, 8192);
        str_addf(&script, "#!/bin/sh\n%s", cases[i].script);
        struct signature_verdict verdict = verify(script.text, &by_key);
        assert_string_equal(verdict.why, cases[i].why);
        assert_int_equal(verdict.state, cases[i].state);
    }
}

static void without_the_program_nothing_is_good_and_the_verdict_says_what_to_do(void **state)
{
    (void)state;
    struct signature_verdict verdict;
    AUTO(registry_free) struct registry *registry = open_registry(NULL);
    char *path = xstrdup(getenv("PATH"));
    setenv("PATH", "/nonexistent:/proc/self", 1);
    assert_false(registry_has_cosign());
    registry_verify(registry, "ghcr.io/acme/shop", DIGEST, &by_key, &verdict);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(verdict.state, SIGNATURE_UNCHECKED);
    assert_string_equal(verdict.why, "Its signature cannot be checked: there is no program cosign "
                                     "in the server's PATH; install it there.");
}

static void the_time_of_a_poll_ends_a_check_too(void **state)
{
    (void)state;
    struct program cosign;
    struct signature_verdict verdict;
    AUTO(registry_free) struct registry *registry = open_registry(NULL);
    program_begin(&cosign, "cosign", "#!/bin/sh\nsleep 60\n");
    registry_give_time(registry, 100);
    registry_verify(registry, "ghcr.io/acme/shop", DIGEST, &by_key, &verdict);
    program_end(&cosign);
    assert_int_equal(verdict.state, SIGNATURE_UNCHECKED);
    assert_non_null(strstr(verdict.why, "Its signature could not be checked (cosign: "));
}

/* ---- what it is told ---- */

/* It says what it was given: its arguments, a line each, the key, and what of ours it can see. */
#define ECHO                                                                                       \
    "#!/bin/sh\n{ for word in \"$@\"; do echo \"$word\"; done\n"                                   \
    "echo \"$HEDDLE_COSIGN_KEY\"; cat \"$DOCKER_CONFIG/config.json\"; echo \"$HEDDLE_TOKEN\"\n"    \
    "echo \"$DOCKER_CONFIG\"; ls \"$DOCKER_CONFIG\"; } > %s 2>&1\n"

struct told {
    char file[64];
    struct str text;
};

static void tell(struct told *told, const char *repository, const struct signature_rule *rule,
                 const char *config_file)
{
    struct program cosign;
    struct signature_verdict verdict;
    struct err err = {0};
    AUTO_STR(script, 4096);
    AUTO(registry_free) struct registry *registry = open_registry(config_file);
    snprintf(told->file, sizeof(told->file), "/tmp/heddle-told-%d", (int)getpid());
    str_init(&told->text, 65536);
    str_addf(&script, ECHO, told->file);
    program_begin(&cosign, "cosign", script.text);
    setenv("HEDDLE_TOKEN", "hdl_secret", 1);
    registry_verify(registry, repository, DIGEST, rule, &verdict);
    unsetenv("HEDDLE_TOKEN");
    program_end(&cosign);
    assert_int_equal(verdict.state, SIGNATURE_GOOD);
    assert_true(registry_take_asked(registry) > 0); /* it is paid for */
    ASSERT_OK(file_read(told->file, &told->text, &err), err);
    unlink(told->file);
}

static void expect_lines(const struct told *told, const char *lines)
{
    if (strncmp(told->text.text, lines, strlen(lines)) != 0) {
        fail_msg("%s\nis not at the start of\n%s", lines, told->text.text);
    }
}

static void a_key_goes_by_the_environment(void **state)
{
    (void)state;
    struct told told;
    tell(&told, "ghcr.io/acme/shop", &by_key, NULL);
    expect_lines(&told, "verify\n--output=json\n--key=env://HEDDLE_COSIGN_KEY\n--\n"
                        "ghcr.io/acme/shop@" DIGEST "\n" KEY);
    assert_null(strstr(told.text.text, "hdl_secret"));
    str_done(&told.text);
}

static void a_certificate_is_named_whole_or_by_a_pattern_for_the_whole(void **state)
{
    (void)state;
    struct told told;
    tell(&told, "nginx", &by_workflow, NULL);
    expect_lines(&told, "verify\n--output=json\n--certificate-identity=" WORKFLOW
                        "\n--certificate-oidc-issuer=" ISSUER
                        "\n--\ndocker.io/library/nginx@" DIGEST "\n");
    str_done(&told.text);
    const struct signature_rule pattern = {.key = "",
                                           .identity = "",
                                           .identity_pattern = "--key=x|.*@example[.]org",
                                           .issuer = ISSUER,
                                           .is_unlogged = true};
    tell(&told, "127.0.0.1:5000/shop/cart", &pattern, NULL);
    expect_lines(&told, "verify\n--output=json\n"
                        "--certificate-identity-regexp=^(?:--key=x|.*@example[.]org)$\n"
                        "--certificate-oidc-issuer=" ISSUER "\n--insecure-ignore-tlog=true\n"
                        "--allow-http-registry=true\n--\n127.0.0.1:5000/shop/cart@" DIGEST "\n");
    str_done(&told.text);
}

/* Whatever the file is called; and the folder does not stay. */
static void it_gets_the_credentials_in_a_folder_of_its_own(void **state)
{
    (void)state;
    static const char config[] = "{\"auths\": {\"ghcr.io\": {\"auth\": \"Y2k6c2VjcmV0\"}}}\n";
    char file[64];
    struct told told;
    struct err err = {0};
    snprintf(file, sizeof(file), "/tmp/heddle-dockerconfigjson-%d", (int)getpid());
    ASSERT_OK(file_replace(file, slice_of(config), 0600, &err), err);
    tell(&told, "ghcr.io/acme/shop", &by_workflow, file);
    assert_non_null(strstr(told.text.text, config));
    assert_null(strstr(told.text.text, "--registry"));
    const char *folder = strstr(told.text.text, "/heddle-cosign-");
    assert_non_null(folder);
    while (folder[-1] != '\n') {
        folder--;
    }
    AUTO_STR(path, 4096);
    str_add_bytes(&path, folder, strcspn(folder, "\n"));
    assert_string_equal(folder + path.length, "\nconfig.json\n");
    assert_int_equal(access(path.text, F_OK), -1);
    assert_int_equal(access(file, F_OK), 0);
    unlink(file);
    str_done(&told.text);
}

static void what_is_no_repository_or_digest_never_gets_there(void **state)
{
    (void)state;
    static const struct {
        const char *repository, *digest, *says;
    } cases[] = {
        {"--key=x/y", DIGEST, "could not be checked (cosign: "},
        {"ghcr.io/acme/shop", "sha256:--help", "is not a digest"},
        {"ghcr.io/acme/shop:1.0.0", DIGEST, "is not a repository"},
    };
    struct program cosign;
    AUTO(registry_free) struct registry *registry = open_registry(NULL);
    program_begin(&cosign, "cosign", "#!/bin/sh\nexit 0\n");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct signature_verdict verdict;
        registry_verify(registry, cases[i].repository, cases[i].digest, &by_key, &verdict);
        assert_int_equal(verdict.state, SIGNATURE_UNCHECKED);
        if (!strstr(verdict.why, cases[i].says)) {
            fail_msg("no \"%s\" in \"%s\"", cases[i].says, verdict.why);
        }
    }
    program_end(&cosign);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outcome_is_told_in_words),
        cmocka_unit_test(without_the_program_nothing_is_good_and_the_verdict_says_what_to_do),
        cmocka_unit_test(the_time_of_a_poll_ends_a_check_too),
        cmocka_unit_test(a_key_goes_by_the_environment),
        cmocka_unit_test(a_certificate_is_named_whole_or_by_a_pattern_for_the_whole),
        cmocka_unit_test(it_gets_the_credentials_in_a_folder_of_its_own),
        cmocka_unit_test(what_is_no_repository_or_digest_never_gets_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
