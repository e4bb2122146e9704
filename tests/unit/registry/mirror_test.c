/* Mirrors are asked before a registry; what they cannot give comes from there. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "registry/registry.h"
#include "script.h"

#define LIST "GET /v2/shop/cart/tags/list?n=1000 "
#define HEAD "HEAD /v2/shop/cart/manifests/1.0.0 "
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TAGS(list) .status = "200 OK", .headers = "", .body = "{\"tags\": [" list "]}"
#define BASIC(text) "Authorization: Basic " text "\r\n"

/* A registry, and a mirror of it that lives at /base. */
struct bench {
    struct script origin, mirror;
    struct registry *registry;
    char repository[64];
    char config_file[64];
};

static void bench_start(struct bench *bench, struct script_rule *origin, size_t origin_count,
                        struct script_rule *mirror, size_t mirror_count)
{
    struct err err = {0};
    AUTO_STR(config, 1000);
    char text[128];
    const char *const mirrors[] = {"ghcr.io=https://elsewhere.example.org", text};
    *bench = (struct bench){0};
    script_start(&bench->origin, origin, origin_count);
    script_start(&bench->mirror, mirror, mirror_count);
    snprintf(text, sizeof(text), "127.0.0.1:%d=http://127.0.0.1:%d/base/", bench->origin.port,
             bench->mirror.port);
    snprintf(bench->repository, sizeof(bench->repository), "127.0.0.1:%d/shop/cart",
             bench->origin.port);
    snprintf(bench->config_file, sizeof(bench->config_file), "/tmp/heddle-mirror-%d",
             (int)getpid());
    str_addf(&config,
             "{\"auths\": {\"127.0.0.1:%d\": {\"auth\": \"Y2k6c2VjcmV0\"},"
             " \"127.0.0.1:%d\": {\"auth\": \"bWlycm9yOng=\"}}}",
             bench->origin.port, bench->mirror.port);
    ASSERT_OK(file_replace(bench->config_file, str_slice(&config), 0600, &err), err);
    const struct registry_options options = {
        .config_file = bench->config_file, .mirrors = mirrors, .mirror_count = 2};
    ASSERT_OK(registry_new(&options, &bench->registry, &err), err);
}

static void bench_stop(struct bench *bench)
{
    registry_free(&bench->registry);
    script_stop(&bench->origin);
    script_stop(&bench->mirror);
    unlink(bench->config_file);
}

static void expect_tags(struct bench *bench, const char *wanted)
{
    AUTO(registry_tags_done) struct registry_tags tags = {0};
    AUTO_STR(text, 1000);
    struct err err = {0};
    int64_t retry_ms = -1;
    ASSERT_OK(registry_list_tags(bench->registry, bench->repository, &tags, &retry_ms, &err), err);
    for (size_t i = 0; i < tags.count; i++) {
        str_addf(&text, "%s%s", i ? " " : "", tags.tags[i]);
    }
    assert_string_equal(text.text, wanted);
    assert_int_equal(retry_ms, 0);
}

/* By a path of its own, with its own credential, and no one else is asked. */
static void a_mirror_answers_for_the_registry(void **state)
{
    (void)state;
    struct script_rule mirror[] = {
        {.when = "GET /base/v2/shop/cart/tags/list?n=1000 ",
         .with = BASIC("bWlycm9yOng="),
         .status = "200 OK",
         .headers = "Link: </base/v2/shop/cart/tags/list?last=a>; rel=\"next\"\r\n",
         .body = "{\"tags\": [\"a\"]}"},
        {.when = "GET /base/v2/shop/cart/tags/list?last=a ",
         .with = BASIC("bWlycm9yOng="),
         TAGS("\"b\"")},
        {.when = "HEAD /base/v2/shop/cart/manifests/1.0.0 ",
         .with = BASIC("bWlycm9yOng="),
         .status = "200 OK",
         .headers = "Docker-Content-Digest: sha256:" HEX "\r\n",
         .body = ""},
        {.when = "GET /base/",
         .status = "401 Unauthorized",
         .headers = "WWW-Authenticate: Basic realm=\"mirror\"\r\n",
         .body = ""},
    };
    struct bench bench;
    char digest[IMAGE_DIGEST_BYTES];
    struct err err = {0};
    bench_start(&bench, NULL, 0, mirror, COUNT_OF(mirror));
    expect_tags(&bench, "a b");
    ASSERT_OK(registry_resolve(bench.registry, bench.repository, "1.0.0", digest, NULL, &err), err);
    assert_string_equal(digest, "sha256:" HEX);
    assert_int_equal(script_count(&bench.origin, "HTTP/1.1"), 0);
    assert_int_equal(script_count(&bench.mirror, "Y2k6c2VjcmV0"), 0);
    bench_stop(&bench);
}

/* Whole from there: no page of the mirror's is in it. */
static void what_a_mirror_cannot_give_comes_from_the_registry(void **state)
{
    (void)state;
    static const struct {
        struct script_rule mirror;
        size_t asked; /* of the mirror, for two lists: it rests when it fails, not when it lacks */
    } cases[] = {
        {{.when = "GET /base/", .status = "404 Not Found", .headers = "", .body = ""}, 2},
        {{.when = "GET /base/", .status = "403 Forbidden", .headers = "", .body = ""}, 2},
        {{.when = "GET /base/", .status = "503 Later", .headers = "", .body = ""}, 1},
        {{.when = "GET /base/",
          .status = "429 Too Many Requests",
          .headers = "Retry-After: 7\r\n",
          .body = ""},
         1},
        {{.when = "GET /base/v2/shop/cart/tags/list?n=1000 ",
          .status = "200 OK",
          .headers = "Link: </v2/shop/other/tags/list?last=a>; rel=\"next\"\r\n",
          .body = "{\"tags\": [\"a\"]}"},
         1},
        {{.when = "GET /base/",
          .status = "200 OK",
          .headers = "",
          .body = "{\"tags\": [\"a\"]",
          .is_cut = true},
         1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct script_rule origin[] = {{.when = LIST, TAGS("\"b\"")}};
        struct script_rule mirror = cases[i].mirror;
        struct bench bench;
        bench_start(&bench, origin, COUNT_OF(origin), &mirror, 1);
        expect_tags(&bench, "b");
        expect_tags(&bench, "b");
        assert_int_equal(script_count(&bench.mirror, "GET /base/"), cases[i].asked);
        bench_stop(&bench);
    }
}

static void when_both_fail_both_are_told_and_the_registry_decides(void **state)
{
    (void)state;
    struct script_rule origin[] = {{.when = LIST,
                                    .status = "429 Too Many Requests",
                                    .headers = "Retry-After: 9\r\n",
                                    .body = ""}};
    struct script_rule mirror[] = {
        {.when = "GET /base/", .status = "503 Later", .headers = "", .body = ""}};
    struct bench bench;
    struct registry_tags tags = {0};
    struct err err = {0};
    int64_t retry_ms = 0;
    bench_start(&bench, origin, COUNT_OF(origin), mirror, COUNT_OF(mirror));
    ASSERT_FAILS(registry_list_tags(bench.registry, bench.repository, &tags, &retry_ms, &err), err,
                 ERR_BUSY, "answers 429; before that its mirror: 127.0.0.1:");
    assert_non_null(strstr(err.text, "answers 503"));
    assert_int_equal(retry_ms, 9000);
    bench_stop(&bench);
}

static void what_is_no_mirror_is_refused_at_the_start(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "docker.io",
        "docker.io=",
        "=https://mirror.example.org",
        "docker.io=mirror.example.org",
        "docker.io=ftp://mirror.example.org",
        "docker.io=https://user@mirror.example.org",
        "docker.io=https://mirror.example.org/a b",
        "docker.io=https://mirror.example.org/a?b",
        "docker.io=https://mirror.example.org/../b",
        "docker.io=https://mirror.example.org//",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct registry *registry = NULL;
        struct err err = {0};
        const struct registry_options options = {.mirrors = &bad[i], .mirror_count = 1};
        ASSERT_FAILS(registry_new(&options, &registry, &err), err, ERR_INVALID,
                     "is no mirror; write HOST=URL");
    }
}

static void a_mirror_may_have_a_port_and_a_path(void **state)
{
    (void)state;
    static const char *const good[] = {"docker.io=https://mirror.example.org",
                                       "docker.io=https://mirror.example.org:5000/a/b/",
                                       "localhost:5000=http://[::1]:5001"};
    AUTO(registry_free) struct registry *registry = NULL;
    struct err err = {0};
    const struct registry_options options = {.mirrors = good, .mirror_count = COUNT_OF(good)};
    ASSERT_OK(registry_new(&options, &registry, &err), err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mirror_answers_for_the_registry),
        cmocka_unit_test(what_a_mirror_cannot_give_comes_from_the_registry),
        cmocka_unit_test(when_both_fail_both_are_told_and_the_registry_decides),
        cmocka_unit_test(what_is_no_mirror_is_refused_at_the_start),
        cmocka_unit_test(a_mirror_may_have_a_port_and_a_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
