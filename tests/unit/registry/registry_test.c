#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "program.h"
#include "registry/registry.h"
#include "script.h"

#define LIST "GET /v2/shop/cart/tags/list?n=1000 "
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BASIC_CI "Authorization: Basic Y2k6c2VjcmV0" /* ci:secret */

/* One registry under test, its scripted server, and a config.json when one is given, in which PORT
   stands for the server's. */
struct bench {
    struct script script;
    struct registry *registry;
    char repository[64];
    char config_file[64];
};

static void bench_start(struct bench *bench, struct script_rule *rules, size_t count,
                        const char *config)
{
    struct err err = {0};
    *bench = (struct bench){0};
    script_start(&bench->script, rules, count);
    snprintf(bench->repository, sizeof(bench->repository), "127.0.0.1:%d/shop/cart",
             bench->script.port);
    struct registry_options options = {0};
    if (config) {
        AUTO_STR(text, 4096);
        const char *port = strstr(config, "PORT");
        const char *rest = port ? port + strlen("PORT") : config;
        if (port) {
            str_add_bytes(&text, config, (size_t)(port - config));
            str_addf(&text, "%d", bench->script.port);
        }
        str_add(&text, rest);
        snprintf(bench->config_file, sizeof(bench->config_file), "/tmp/heddle-config-%d.json",
                 (int)getpid());
        ASSERT_OK(file_replace(bench->config_file, str_slice(&text), 0600, &err), err);
        options.config_file = bench->config_file;
    }
    ASSERT_OK(registry_new(&options, &bench->registry, &err), err);
}

static void bench_stop(struct bench *bench)
{
    registry_free(&bench->registry);
    script_stop(&bench->script);
    if (bench->config_file[0]) {
        unlink(bench->config_file);
    }
}

static void expect_tags(struct bench *bench, const char *wanted)
{
    AUTO(registry_tags_done) struct registry_tags tags = {0};
    struct err err = {0};
    ASSERT_OK(registry_list_tags(bench->registry, bench->repository, &tags, NULL, &err), err);
    AUTO_STR(got, 4096);
    for (size_t i = 0; i < tags.count; i++) {
        str_addf(&got, "%s%s", i ? " " : "", tags.tags[i]);
    }
    assert_string_equal(got.text, wanted);
}

static void expect_no_tags(struct bench *bench, enum err_kind kind, const char *says)
{
    struct registry_tags tags = {0};
    struct err err = {0};
    ASSERT_FAILS(registry_list_tags(bench->registry, bench->repository, &tags, NULL, &err), err,
                 kind, says);
    assert_int_equal(tags.count, 0);
    assert_null(tags.tags);
}

static void pages_are_followed_to_the_end(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST,
         .status = "200 OK",
         .headers = "Link: </v2/shop/cart/tags/list?n=1000&last=b>; rel=\"next\"\r\n",
         .body = "{\"name\": \"shop/cart\", \"tags\": [\"a\", \"b\"]}"},
        {.when = "GET /v2/shop/cart/tags/list?n=1000&last=b ",
         .status = "200 OK",
         .headers = "Link: <?n=1000&last=c>; rel=next\r\n",
         .body = "{\"tags\": [\"b\", \"c\", \"no tag!\"]}"},
        {.when = "GET /v2/shop/cart/tags/list?n=1000&last=c ",
         .status = "200 OK",
         .headers = "",
         .body = "{\"tags\": null}"},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules), NULL);
    expect_tags(&bench, "a b c");
    bench_stop(&bench);
}

static void a_tag_that_is_listed_twice_counts_once_wherever_it_stands(void **state)
{
    (void)state;
    static const struct {
        const char *body, *wanted;
    } cases[] = {
        {"{\"tags\": [\"a\", \"a\", \"b\", \"b\"]}", "a b"},
        {"{\"tags\": [\"a\", \"b\", \"c\", \"a\", \"b\"]}", "a b c"},
        {"{\"tags\": [\"c\", \"a\", \"b\", \"c\", \"d\", \"a\"]}", "c a b d"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct script_rule rule = {
            .when = LIST, .status = "200 OK", .headers = "", .body = cases[i].body};
        struct bench bench;
        bench_start(&bench, &rule, 1, NULL);
        expect_tags(&bench, cases[i].wanted);
        bench_stop(&bench);
    }
}

/* Each is the one answer to the listing. */
static void a_bad_answer_is_an_error_and_never_a_shorter_list(void **state)
{
    (void)state;
    static const struct {
        struct script_rule rule;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {{.status = "200 OK", .headers = "Content-Type: text/html\r\n", .body = "<html>Log in"},
         ERR_UNAVAILABLE,
         "text/html"},
        {{.status = "200 OK", .headers = "", .body = "{\"tags\": [\"a\", \"b\""},
         ERR_UNAVAILABLE,
         "not a list of tags"},
        {{.status = "200 OK", .headers = "", .body = "{\"tags\": [\"a\"]}", .is_cut = true},
         ERR_UNAVAILABLE,
         "list the tags of"},
        {{.status = "200 OK", .headers = "", .body = "{}"}, ERR_UNAVAILABLE, "not a list of tags"},
        {{.status = "200 OK", .headers = "", .body = "{\"tags\": [\"a\", 7]}"},
         ERR_UNAVAILABLE,
         "not a text"},
        {{.status = "200 OK",
          .body = "{\"tags\": [\"a\"]}",
          .headers = "Link: </v2/shop/cart/tags/list?n=1000>; rel=\"next\"\r\n"},
         ERR_UNAVAILABLE,
         "in a circle"},
        {{.status = "200 OK",
          .body = "{\"tags\": [\"a\"]}",
          .headers = "Link: <http://evil.example/v2/shop/cart/tags/list?last=a>; rel=\"next\"\r\n"},
         ERR_UNAVAILABLE,
         "another host"},
        {{.status = "200 OK",
          .body = "{\"tags\": [\"a\"]}",
          .headers = "Link: </v2/other/tags/list?last=a>; rel=\"next\"\r\n"},
         ERR_UNAVAILABLE,
         "not of this list"},
        {{.status = "200 OK", .body = "{\"tags\": [\"a\"]}", .headers = "Link: next=2\r\n"},
         ERR_UNAVAILABLE,
         "cannot be read"},
        {{.status = "404 Not Found",
          .headers = "",
          .body =
              "{\"errors\": [{\"code\": \"NAME_UNKNOWN\", \"message\": \"no such \\u001b[1m\"}]}"},
         ERR_NOT_FOUND,
         "answers 404: no such \\x1b[1m"},
        {{.status = "500 Oops", .headers = "", .body = ""}, ERR_UNAVAILABLE, "answers 500"},
        {{.status = "403 Forbidden", .headers = "", .body = ""},
         ERR_DENIED,
         "asked without a credential"},
        {{.status = "401 Unauthorized", .headers = "", .body = ""}, ERR_UNKNOWN_WHO, "answers 401"},
        {{.status = "401 Unauthorized",
          .headers = "WWW-Authenticate: Basic realm=\"x\"\r\n",
          .body = ""},
         ERR_UNKNOWN_WHO,
         "asked without a credential"},
        {{.status = "302 Found", .headers = "Location: http://evil.example/\r\n", .body = ""},
         ERR_UNAVAILABLE,
         "a redirect, which is not followed"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct script_rule rule = cases[i].rule;
        struct bench bench;
        rule.when = "GET /v2/shop/cart/tags/list";
        bench_start(&bench, &rule, 1, NULL);
        expect_no_tags(&bench, cases[i].kind, cases[i].says);
        bench_stop(&bench);
    }
}

static void an_error_on_a_later_page_spoils_the_whole_list(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST,
         .status = "200 OK",
         .headers = "Link: </v2/shop/cart/tags/list?last=b>; rel=\"next\"\r\n",
         .body = "{\"tags\": [\"a\", \"b\"]}"},
        {.when = "GET /v2/shop/cart/tags/list?last=b ",
         .status = "503 Later",
         .headers = "",
         .body = ""},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules), NULL);
    expect_no_tags(&bench, ERR_UNAVAILABLE, "answers 503");
    bench_stop(&bench);
}

static void a_page_has_a_ceiling(void **state)
{
    (void)state;
    AUTO_STR(body, 4U << 20);
    str_add(&body, "{\"tags\": [\"first\"");
    while (body.length <= REGISTRY_PAGE_BYTES_MAX) {
        str_addf(&body, ", \"tag-%zu\"", body.length);
    }
    str_add(&body, "]}");
    struct script_rule rule = {.when = LIST, .status = "200 OK", .headers = "", .body = body.text};
    struct bench bench;
    bench_start(&bench, &rule, 1, NULL);
    struct registry_tags tags = {0};
    struct err err = {0};
    assert_false(registry_list_tags(bench.registry, bench.repository, &tags, NULL, &err));
    assert_int_equal(tags.count, 0);
    bench_stop(&bench);
}

static void a_registry_that_asks_to_wait_is_heard(void **state)
{
    (void)state;
    struct script_rule rule = {.when = LIST,
                               .status = "429 Too Many Requests",
                               .headers = "Retry-After: 7\r\n",
                               .body = ""};
    struct bench bench;
    bench_start(&bench, &rule, 1, NULL);
    struct registry_tags tags = {0};
    struct err err = {0};
    int64_t retry_ms = 0;
    ASSERT_FAILS(registry_list_tags(bench.registry, bench.repository, &tags, &retry_ms, &err), err,
                 ERR_BUSY, "answers 429");
    assert_int_equal(retry_ms, 7000);
    bench_stop(&bench);
}

/* ---- who we are ---- */

#define CONFIG_CI "{\"auths\": {\"127.0.0.1:PORT\": {\"auth\": \"Y2k6c2VjcmV0\"}}}"

static void basic_credentials_are_shown_only_when_asked_for(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST,
         .with = BASIC_CI,
         .status = "200 OK",
         .headers = "",
         .body = "{\"tags\": [\"a\"]}"},
        {.when = LIST,
         .status = "401 Unauthorized",
         .headers = "WWW-Authenticate: Basic realm=\"registry\"\r\n",
         .body = ""},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules), CONFIG_CI);
    expect_tags(&bench, "a");
    assert_int_equal(script_count(&bench.script, "GET /v2/"), 2);
    assert_int_equal(script_count(&bench.script, "Basic Y2k6"), 1);
    /* The second time it is shown at once. */
    expect_tags(&bench, "a");
    assert_int_equal(script_count(&bench.script, "GET /v2/"), 3);
    bench_stop(&bench);
}

static void a_refused_credential_is_named_without_its_secret(void **state)
{
    (void)state;
    struct script_rule rule = {.when = LIST,
                               .status = "401 Unauthorized",
                               .headers = "WWW-Authenticate: Basic realm=\"registry\"\r\n",
                               .body = ""};
    struct bench bench;
    bench_start(&bench, &rule, 1, CONFIG_CI);
    struct registry_tags tags = {0};
    struct err err = {0};
    ASSERT_FAILS(registry_list_tags(bench.registry, bench.repository, &tags, NULL, &err), err,
                 ERR_UNKNOWN_WHO, "as user \"ci\" of /tmp/heddle-config-");
    assert_null(strstr(err.text, "secret"));
    assert_null(strstr(err.text, "Y2k6"));
    bench_stop(&bench);
}

static void a_token_is_fetched_kept_and_renewed(void **state)
{
    (void)state;
    char challenge[300];
    struct script_rule rules[] = {
        {.when = "GET /token?scope=repository%3Ashop%2Fcart%3Apull&service=the%20registry ",
         .with = BASIC_CI,
         .status = "200 OK",
         .headers = "",
         .body = "{\"token\": \"t-1\"}",
         .times = 1},
        {.when = "GET /token?",
         .with = BASIC_CI,
         .status = "200 OK",
         .headers = "",
         .body = "{\"access_token\": \"t-2\"}"},
        {.when = LIST,
         .with = "Authorization: Bearer t-1",
         .status = "200 OK",
         .headers = "",
         .body = "{\"tags\": [\"a\"]}",
         .times = 2},
        {.when = LIST,
         .with = "Authorization: Bearer t-2",
         .status = "200 OK",
         .headers = "",
         .body = "{\"tags\": [\"b\"]}"},
        {.when = LIST, .status = "401 Unauthorized", .headers = challenge, .body = ""},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules), CONFIG_CI);
    snprintf(challenge, sizeof(challenge),
             "WWW-Authenticate: Basic realm=\"other way\"\r\n"
             "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\",service=\"the registry\""
             ",error=\"invalid_token\"\r\n"
             "WWW-Authenticate: Basic realm=\"third way\"\r\n",
             bench.script.port);
    expect_tags(&bench, "a");
    expect_tags(&bench, "a");
    assert_int_equal(script_count(&bench.script, "GET /token"), 1);
    expect_tags(&bench, "b"); /* t-1 is over */
    assert_int_equal(script_count(&bench.script, "GET /token"), 2);
    bench_stop(&bench);
}

static void no_credential_goes_to_a_strangers_token_server(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after; /* of the port; none when `after` is NULL */
    } realms[] = {
        {"http://localhost:", "/token"},
        {"http://user@127.0.0.1:", "/token"},
        {"http://127.0.0.1:", "@evil.example/token"},
        {"//127.0.0.1:", "/token"},
        {"http://169.254.169.254/token", NULL},
        {"file:///etc/passwd", NULL},
        {"http://127.0.0.1\\@evil.example/token", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(realms); i++) {
        char challenge[200];
        char port[16];
        struct script_rule rules[] = {
            {.when = "GET /token", .status = "200 OK", .headers = "", .body = "{\"token\": \"t\"}"},
            {.when = LIST, .status = "401 Unauthorized", .headers = challenge, .body = ""},
        };
        struct bench bench;
        bench_start(&bench, rules, COUNT_OF(rules), CONFIG_CI);
        snprintf(port, sizeof(port), "%d", bench.script.port);
        snprintf(challenge, sizeof(challenge), "WWW-Authenticate: Bearer realm=\"%s%s%s\"\r\n",
                 realms[i].before, realms[i].after ? port : "",
                 realms[i].after ? realms[i].after : "");
        expect_no_tags(&bench, ERR_UNKNOWN_WHO, "no credential was sent there");
        assert_int_equal(script_count(&bench.script, "GET /token"), 0);
        assert_int_equal(script_count(&bench.script, "Y2k6"), 0);
        bench_stop(&bench);
    }
}

static void a_token_that_would_break_a_header_is_refused(void **state)
{
    (void)state;
    char challenge[200];
    struct script_rule rules[] = {
        {.when = "GET /token",
         .status = "200 OK",
         .headers = "",
         .body = "{\"token\": \"t\\r\\nX-Evil: 1\"}"},
        {.when = LIST, .status = "401 Unauthorized", .headers = challenge, .body = ""},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules), NULL);
    snprintf(challenge, sizeof(challenge),
             "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\"\r\n", bench.script.port);
    expect_no_tags(&bench, ERR_UNAVAILABLE, "no usable token");
    bench_stop(&bench);
}

static void credentials_that_cannot_be_used_say_why(void **state)
{
    (void)state;
    static const struct {
        const char *config, *says;
    } cases[] = {
        {"{\"credsStore\": \"../evil\"}", "the helper is not named by letters"},
        {"{\"credHelpers\": {\"gcr.io\": \"a b\"}}", "the helper of gcr.io is not named"},
        {"{\"credHelpers\": {\"gcr.io\": 7}}", "the helper of gcr.io is not named"},
        {"{\"auths\": {\"r.io\": {\"auth\": \"!!\"}}}", "entry \"r.io\""},
        {"{\"auths\": {\"r.io\": {\"auth\": \"bm9jb2xvbg==\"}}}", "base64 of user:password"},
        {"[]", "not a JSON object"},
        {"{", "not valid JSON"},
    };
    char file[64];
    snprintf(file, sizeof(file), "/tmp/heddle-config-%d.json", (int)getpid());
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        struct registry *registry = NULL;
        struct registry_options options = {.config_file = file};
        ASSERT_OK(file_replace(file, slice_of(cases[i].config), 0600, &err), err);
        ASSERT_FAILS(registry_new(&options, &registry, &err), err, ERR_INVALID, cases[i].says);
        assert_non_null(strstr(err.text, file));
    }
    unlink(file);
    struct err err = {0};
    struct registry *registry = NULL;
    struct registry_options options = {.config_file = file};
    ASSERT_FAILS(registry_new(&options, &registry, &err), err, ERR_NOT_FOUND, file);
}

/* ---- helpers ---- */

#define HELPER "heddle-test"
#define CONFIG_HELPER "{\"credHelpers\": {\"127.0.0.1:PORT\": \"" HELPER "\"}}"

/* It is asked when the registry asks, for this host, and again when what it gave has run out. */
static void a_helper_gives_the_credential(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST,
         .with = BASIC_CI,
         .status = "200 OK",
         .headers = "",
         .body = "{\"tags\": [\"a\"]}",
         .times = 2},
        {.when = LIST,
         .with = "Authorization: Basic Y2k6bGF0ZXI=", /* ci:later */
         .status = "200 OK",
         .headers = "",
         .body = "{\"tags\": [\"b\"]}"},
        {.when = LIST,
         .status = "401 Unauthorized",
         .headers = "WWW-Authenticate: Basic realm=\"registry\"\r\n",
         .body = ""},
    };
    struct program helper;
    program_begin(&helper, "docker-credential-" HELPER,
                  "#!/bin/sh\nread host || true\n"
                  "case $1,$host in get,127.0.0.1:*) ;; *) exit 9 ;; esac\n"
                  "echo \"{\\\"Username\\\": \\\"ci\\\", \\\"Secret\\\": \\\"$SECRET\\\"}\"\n");
    struct bench bench;
    setenv("SECRET", "secret", 1);
    bench_start(&bench, rules, COUNT_OF(rules), CONFIG_HELPER);
    expect_tags(&bench, "a");
    expect_tags(&bench, "a");
    assert_int_equal(script_count(&bench.script, "GET /v2/"), 3);
    setenv("SECRET", "later", 1);
    expect_tags(&bench, "b");
    bench_stop(&bench);
    unsetenv("SECRET");
    program_end(&helper);
}

static void a_helper_that_fails_says_why(void **state)
{
    (void)state;
    static const struct {
        const char *script;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {"#!/bin/sh\necho 'no credentials in \033[2J the cloud' >&2\nexit 1\n", ERR_UNAVAILABLE,
         "docker-credential-heddle-test ended with exit code 1: no credentials in \\x1b[2J the "
         "cloud"},
        {"#!/bin/sh\necho credentials not found in native keychain\nexit 1\n", ERR_UNKNOWN_WHO,
         "the helper knows no credential for it"},
        {"#!/bin/sh\necho '{\"Username\": \"<token>\", \"Secret\": \"x\"}'\n", ERR_UNKNOWN_WHO,
         "an identity token"},
        {"#!/bin/sh\necho nonsense\n", ERR_UNAVAILABLE, "does not answer with a Username"},
        {"#!/bin/sh\necho '{\"Username\": \"a\\r\\nX: y\", \"Secret\": \"x\"}'\n", ERR_UNAVAILABLE,
         "does not answer with a Username"},
        {"#!/no/such/program\n", ERR_UNAVAILABLE, "docker-credential-heddle-test"},
    };
    struct script_rule rule = {.when = LIST,
                               .status = "401 Unauthorized",
                               .headers = "WWW-Authenticate: Basic realm=\"registry\"\r\n",
                               .body = ""};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct program helper;
        struct bench bench;
        program_begin(&helper, "docker-credential-" HELPER, cases[i].script);
        bench_start(&bench, &rule, 1, CONFIG_HELPER);
        expect_no_tags(&bench, cases[i].kind, cases[i].says);
        bench_stop(&bench);
        program_end(&helper);
    }
}

/* The store is for hosts that have no entry of their own. */
static void a_store_is_asked_where_no_entry_will_do(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST,
         .with = BASIC_CI,
         .status = "200 OK",
         .headers = "",
         .body = "{\"tags\": [\"a\"]}"},
        {.when = LIST,
         .status = "401 Unauthorized",
         .headers = "WWW-Authenticate: Basic realm=\"registry\"\r\n",
         .body = ""},
    };
    static const char *const configs[] = {
        "{\"credsStore\": \"" HELPER "\", \"auths\": {\"127.0.0.1:PORT\": {}}}",
        "{\"credsStore\": \"no-such-helper\","
        " \"auths\": {\"127.0.0.1:PORT\": {\"auth\": \"Y2k6c2VjcmV0\"}}}",
    };
    struct program helper;
    program_begin(&helper, "docker-credential-" HELPER,
                  "#!/bin/sh\necho '{\"Username\": \"ci\", \"Secret\": \"secret\"}'\n");
    for (size_t i = 0; i < COUNT_OF(configs); i++) {
        struct bench bench;
        bench_start(&bench, rules, COUNT_OF(rules), configs[i]);
        expect_tags(&bench, "a");
        bench_stop(&bench);
    }
    program_end(&helper);
}

static void an_identity_token_is_not_sent_where_a_password_is_asked_for(void **state)
{
    (void)state;
    struct script_rule rule = {.when = LIST,
                               .status = "401 Unauthorized",
                               .headers = "WWW-Authenticate: Basic realm=\"registry\"\r\n",
                               .body = ""};
    struct bench bench;
    bench_start(&bench, &rule, 1,
                "{\"auths\": {\"http://127.0.0.1:PORT/v1/\": {\"auth\": \"Y2k6c2VjcmV0\","
                " \"identitytoken\": \"xyz\"}}}");
    expect_no_tags(&bench, ERR_UNKNOWN_WHO, "identity token");
    assert_int_equal(script_count(&bench.script, "Y2k6"), 0);
    bench_stop(&bench);
}

/* ---- digests ---- */

#define HEAD "HEAD /v2/shop/cart/manifests/1.0.0 "
#define GET "GET /v2/shop/cart/manifests/1.0.0 "
#define MANIFEST "{\"schemaVersion\": 2}"
#define MANIFEST_DIGEST "sha256:c5d902c53b4afcf32ad746fd9d696431650d3fbe8f7b10ca10519543fefd772c"

static void a_digest_comes_by_head(void **state)
{
    (void)state;
    struct script_rule rule = {.when = HEAD,
                               .with = "Accept: application/vnd.oci.image.index.v1",
                               .status = "200 OK",
                               .headers = "Docker-Content-Digest: sha256:" HEX "\r\n",
                               .body = ""};
    struct bench bench;
    char digest[IMAGE_DIGEST_BYTES];
    struct err err = {0};
    bench_start(&bench, &rule, 1, NULL);
    ASSERT_OK(registry_resolve(bench.registry, bench.repository, "1.0.0", digest, NULL, &err), err);
    assert_string_equal(digest, "sha256:" HEX);
    assert_int_equal(script_count(&bench.script, "GET "), 0);
    bench_stop(&bench);
}

static void without_a_named_digest_the_bytes_decide(void **state)
{
    (void)state;
    struct script_rule heads[] = {
        {.when = HEAD, .status = "200 OK", .headers = "", .body = ""},
        {.when = HEAD, .status = "405 Method Not Allowed", .headers = "", .body = ""},
        {.when = HEAD,
         .status = "200 OK",
         .headers = "Docker-Content-Digest: what\r\n",
         .body = ""},
    };
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct script_rule rules[] = {
            heads[i], {.when = GET, .status = "200 OK", .headers = "", .body = MANIFEST}};
        struct bench bench;
        char digest[IMAGE_DIGEST_BYTES];
        struct err err = {0};
        bench_start(&bench, rules, COUNT_OF(rules), NULL);
        ASSERT_OK(registry_resolve(bench.registry, bench.repository, "1.0.0", digest, NULL, &err),
                  err);
        assert_string_equal(digest, MANIFEST_DIGEST);
        bench_stop(&bench);
    }
}

static void a_manifest_that_lies_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *headers, *body, *says;
    } cases[] = {
        {"Docker-Content-Digest: sha256:" HEX "\r\n", MANIFEST, "not those of the digest"},
        {"Docker-Content-Digest: sha512:" HEX HEX "\r\n", MANIFEST, "sha512"},
        {"Content-Type: text/html\r\n", "<html>", "text/html"},
        {"", "{\"schemaVersion\": 1}", "not an image's manifest"},
        {"", "[]", "not an image's manifest"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct script_rule rules[] = {
            {.when = HEAD, .status = "200 OK", .headers = "", .body = ""},
            {.when = GET, .status = "200 OK", .headers = cases[i].headers, .body = cases[i].body}};
        struct bench bench;
        char digest[IMAGE_DIGEST_BYTES];
        struct err err = {0};
        bench_start(&bench, rules, COUNT_OF(rules), NULL);
        ASSERT_FAILS(
            registry_resolve(bench.registry, bench.repository, "1.0.0", digest, NULL, &err), err,
            ERR_UNAVAILABLE, cases[i].says);
        bench_stop(&bench);
    }
}

static void a_tag_that_vanished_is_not_found(void **state)
{
    (void)state;
    struct bench bench;
    char digest[IMAGE_DIGEST_BYTES];
    struct err err = {0};
    bench_start(&bench, NULL, 0, NULL);
    ASSERT_FAILS(registry_resolve(bench.registry, bench.repository, "1.0.0", digest, NULL, &err),
                 err, ERR_NOT_FOUND, "/shop/cart:1.0.0: the image does not exist");
    ASSERT_FAILS(registry_resolve(bench.registry, bench.repository, "../x", digest, NULL, &err),
                 err, ERR_INVALID, "not a tag");
    ASSERT_FAILS(registry_resolve(bench.registry, "Not/An Image", "1", digest, NULL, &err), err,
                 ERR_INVALID, "not a repository");
    bench_stop(&bench);
}

static void a_registry_that_is_away_is_unavailable(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, NULL, 0, NULL);
    script_stop(&bench.script);
    expect_no_tags(&bench, ERR_UNAVAILABLE, "list the tags of 127.0.0.1:");
    registry_free(&bench.registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_followed_to_the_end),
        cmocka_unit_test(a_tag_that_is_listed_twice_counts_once_wherever_it_stands),
        cmocka_unit_test(a_bad_answer_is_an_error_and_never_a_shorter_list),
        cmocka_unit_test(an_error_on_a_later_page_spoils_the_whole_list),
        cmocka_unit_test(a_page_has_a_ceiling),
        cmocka_unit_test(a_registry_that_asks_to_wait_is_heard),
        cmocka_unit_test(basic_credentials_are_shown_only_when_asked_for),
        cmocka_unit_test(a_refused_credential_is_named_without_its_secret),
        cmocka_unit_test(a_token_is_fetched_kept_and_renewed),
        cmocka_unit_test(no_credential_goes_to_a_strangers_token_server),
        cmocka_unit_test(a_token_that_would_break_a_header_is_refused),
        cmocka_unit_test(credentials_that_cannot_be_used_say_why),
        cmocka_unit_test(a_helper_gives_the_credential),
        cmocka_unit_test(a_helper_that_fails_says_why),
        cmocka_unit_test(a_store_is_asked_where_no_entry_will_do),
        cmocka_unit_test(an_identity_token_is_not_sent_where_a_password_is_asked_for),
        cmocka_unit_test(a_digest_comes_by_head),
        cmocka_unit_test(without_a_named_digest_the_bytes_decide),
        cmocka_unit_test(a_manifest_that_lies_is_refused),
        cmocka_unit_test(a_tag_that_vanished_is_not_found),
        cmocka_unit_test(a_registry_that_is_away_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
