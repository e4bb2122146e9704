/* Registries that misbehave: each is refused in words, soon, with little memory, and learns nothing
   that is not its own. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "http/gzip.h"
#include "registry/registry.h"
#include "script.h"

#define LIST "GET /v2/shop/cart/tags/list"
#define HEAD "HEAD /v2/shop/cart/manifests/1.0.0 "
#define GET "GET /v2/shop/cart/manifests/1.0.0 "
#define MANIFEST "{\"schemaVersion\": 2}"
#define OTHER_DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SECRET "Y2k6c2VjcmV0" /* ci:secret */
#define BOMB_BYTES (64U << 20)
#define PATIENCE_MS 400
#define BUSY_MACHINE_MS 20000

/* The registry, another server that must hear nothing of it, and a credential for the first. */
struct bench {
    struct script script, other;
    struct script_rule silence;
    struct registry *registry;
    char repository[64];
    char config_file[64];
};

static void bench_start(struct bench *bench, struct script_rule *rules, size_t count)
{
    struct err err = {0};
    *bench = (struct bench){.silence = {.when = "",
                                        .status = "200 OK",
                                        .headers = "",
                                        .body = "{\"tags\": [\"stolen\"], \"token\": \"t\"}"}};
    script_start(&bench->script, rules, count);
    script_start(&bench->other, &bench->silence, 1);
    AUTO_STR(text, 256);
    str_addf(&text, "{\"auths\": {\"127.0.0.1:%d\": {\"auth\": \"" SECRET "\"}}}",
             bench->script.port);
    snprintf(bench->config_file, sizeof(bench->config_file), "/tmp/heddle-rude-%d.json",
             (int)getpid());
    ASSERT_OK(file_replace(bench->config_file, str_slice(&text), 0600, &err), err);
    struct registry_options options = {.config_file = bench->config_file};
    ASSERT_OK(registry_new(&options, &bench->registry, &err), err);
    snprintf(bench->repository, sizeof(bench->repository), "127.0.0.1:%d/shop/cart",
             bench->script.port);
}

static void bench_stop(struct bench *bench)
{
    registry_free(&bench->registry);
    script_stop(&bench->script);
    script_stop(&bench->other);
    unlink(bench->config_file);
}

static void expect_no_tags(struct bench *bench, const char *says)
{
    struct registry_tags tags = {0};
    struct err err = {0};
    assert_false(registry_list_tags(bench->registry, bench->repository, &tags, NULL, &err));
    assert_int_equal(tags.count, 0);
    assert_null(tags.tags);
    if (!strstr(err.text, says)) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, says);
    }
}

static void expect_no_digest(struct bench *bench, const char *says)
{
    char digest[IMAGE_DIGEST_BYTES] = "";
    struct err err = {0};
    assert_false(registry_resolve(bench->registry, bench->repository, "1.0.0", digest, NULL, &err));
    assert_string_equal(digest, "");
    if (!strstr(err.text, says)) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, says);
    }
}

/* ---- half answers ---- */

static void half_an_answer_is_none(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "",
        "HTTP/1.1",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLi",
        "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"tags\": [\"1.0.0\"]}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n13\r\n{\"tags\": [\"1.0.0\"]}\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7f\r\n{\"tags\": [\"1.0.0\"]}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{\"tags\": [\"1.0.0\"]}",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n{\"tags\": [\"1.0.0\"]}",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "SSH-2.0-OpenSSH_10.0\r\n",
        "{\"tags\": [\"1.0.0\"]}",
    };
    for (size_t i = 0; i < COUNT_OF(answers); i++) {
        struct script_rule rule = {.when = "", .raw = answers[i]};
        struct bench bench;
        bench_start(&bench, &rule, 1);
        expect_no_tags(&bench, "list the tags of 127.0.0.1");
        expect_no_digest(&bench, "resolve 127.0.0.1");
        bench_stop(&bench);
    }
}

static void what_is_nested_without_end_is_not_followed_down(void **state)
{
    (void)state;
    AUTO_STR(body, 1U << 20);
    for (size_t i = 0; i < 200000; i++) {
        str_add(&body, i == 0 ? "{\"tags\": " : "[");
    }
    struct script_rule rule = {.when = LIST, .status = "200 OK", .headers = "", .body = body.text};
    struct bench bench;
    bench_start(&bench, &rule, 1);
    expect_no_tags(&bench, "not a list of tags");
    bench_stop(&bench);
}

/* ---- wrong digests ---- */

static void a_digest_that_is_not_that_of_the_bytes_is_refused(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = HEAD, .status = "405 No", .headers = "", .body = ""},
        {.when = GET,
         .status = "200 OK",
         .headers = "Docker-Content-Digest: " OTHER_DIGEST "\r\n",
         .body = MANIFEST},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    expect_no_digest(&bench, "not those of the digest that it names");
    bench_stop(&bench);
}

/* ---- redirects to other hosts ---- */

static void a_redirect_is_not_followed_and_no_credential_leaves(void **state)
{
    (void)state;
    static const char *const statuses[] = {"301 Moved", "302 Found", "303 See Other",
                                           "307 Temporary Redirect", "308 Permanent Redirect"};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        char location[96] = "";
        struct script_rule rules[] = {
            {.when = "", .with = SECRET, .status = statuses[i], .headers = location, .body = ""},
            {.when = "",
             .status = "401 Unauthorized",
             .headers = "WWW-Authenticate: Basic realm=\"r\"\r\n",
             .body = ""},
        };
        struct bench bench;
        bench_start(&bench, rules, COUNT_OF(rules));
        snprintf(location, sizeof(location), "Location: http://127.0.0.1:%d/v2/\r\n",
                 bench.other.port);
        expect_no_tags(&bench, "a redirect, which is not followed");
        expect_no_digest(&bench, "a redirect, which is not followed");
        assert_int_equal(script_count(&bench.other, "HTTP/1.1"), 0);
        bench_stop(&bench);
    }
}

static void a_token_server_that_redirects_gets_no_credential_elsewhere(void **state)
{
    (void)state;
    char location[96] = "";
    char challenge[128] = "";
    struct script_rule rules[] = {
        {.when = "GET /token", .status = "307 Away", .headers = location, .body = ""},
        {.when = "", .status = "401 Unauthorized", .headers = challenge, .body = ""},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    snprintf(location, sizeof(location), "Location: http://127.0.0.1:%d/token\r\n",
             bench.other.port);
    snprintf(challenge, sizeof(challenge),
             "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\"\r\n", bench.script.port);
    expect_no_tags(&bench, "token: 127.0.0.1");
    assert_int_equal(script_count(&bench.script, SECRET), 1);
    assert_int_equal(script_count(&bench.other, "HTTP/1.1"), 0);
    bench_stop(&bench);
}

static void a_next_page_elsewhere_is_not_fetched(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after; /* of the other server's port */
    } forms[] = {
        {"http://127.0.0.1:", "/v2/shop/cart/tags/list?last=a"},
        {"//127.0.0.1:", "/v2/shop/cart/tags/list?last=a"},
        {"http://u@127.0.0.1:", "/v2/shop/cart/tags/list?last=a"},
        {"", "@evil/v2/shop/cart/tags/list?last=a"},
    };
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        char link[160] = "";
        struct script_rule rule = {
            .when = LIST, .status = "200 OK", .headers = link, .body = "{\"tags\": [\"a\"]}"};
        struct bench bench;
        bench_start(&bench, &rule, 1);
        snprintf(link, sizeof(link), "Link: <%s%d%s>; rel=\"next\"\r\n", forms[i].before,
                 bench.other.port, forms[i].after);
        expect_no_tags(&bench, "next page");
        assert_int_equal(script_count(&bench.other, "HTTP/1.1"), 0);
        bench_stop(&bench);
    }
}

/* ---- without end ---- */

static void pages_without_end_have_an_end(void **state)
{
    (void)state;
    struct script_rule rule = {.when = LIST,
                               .status = "200 OK",
                               .headers = "",
                               .body = "{\"tags\": []}",
                               .is_endless = true};
    struct bench bench;
    bench_start(&bench, &rule, 1);
    expect_no_tags(&bench, "on more than 1000 pages");
    assert_int_equal(registry_take_asked(bench.registry), 1000);
    bench_stop(&bench);
}

static void a_bomb_of_gzip_ends_at_the_ceiling_of_a_page(void **state)
{
    (void)state;
    char *zeros = xcalloc(BOMB_BYTES, 1);
    memset(zeros, ' ', BOMB_BYTES);
    struct slice once = {NULL, 0};
    struct slice twice = {NULL, 0};
    once.bytes = gzip_pack((struct slice){zeros, BOMB_BYTES}, &once.length);
    twice.bytes = gzip_pack(once, &twice.length);
    struct {
        const char *headers;
        struct slice bytes;
    } const bombs[] = {
        {"Content-Encoding: gzip\r\n", once},
        {"Content-Encoding: gzip, gzip\r\n", twice},
    };
    for (size_t i = 0; i < COUNT_OF(bombs); i++) {
        struct script_rule rule = {.when = "GET ",
                                   .status = "200 OK",
                                   .headers = bombs[i].headers,
                                   .bytes = bombs[i].bytes};
        struct bench bench;
        bench_start(&bench, &rule, 1);
        expect_no_tags(&bench, "larger than 1048576 bytes");
        bench_stop(&bench);
    }
    free(zeros);
    free((void *)(uintptr_t)once.bytes);
    free((void *)(uintptr_t)twice.bytes);
}

static void headers_without_end_have_a_ceiling(void **state)
{
    (void)state;
    AUTO_STR(headers, 1U << 20);
    while (headers.length < 200000) {
        str_addf(&headers, "X-%zu: %0100d\r\n", headers.length, 1);
    }
    struct script_rule rule = {
        .when = "", .status = "200 OK", .headers = headers.text, .body = "{\"tags\": []}"};
    struct bench bench;
    bench_start(&bench, &rule, 1);
    expect_no_tags(&bench, "larger than");
    bench_stop(&bench);
}

/* ---- slowly ---- */

static void an_answer_in_drips_ends_with_the_time_that_is_given(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST, .status = "200 OK", .headers = "", .body = "{}", .drip_ms = 20},
        {.when = HEAD, .status = "200 OK", .headers = "", .body = "", .drip_ms = 20},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    int64_t began_ms = env_now_mono_ms(env_system());
    registry_give_time(bench.registry, PATIENCE_MS);
    expect_no_tags(&bench, "timed out");
    expect_no_digest(&bench, "is slow: what is asked of it at one time");
    assert_in_range(env_now_mono_ms(env_system()) - began_ms, PATIENCE_MS / 2, BUSY_MACHINE_MS);
    assert_int_equal(registry_take_asked(bench.registry), 1);
    bench_stop(&bench);
}

/* Each page comes at once, or nearly: it is their number that takes the time. */
static void time_is_given_to_all_pages_together(void **state)
{
    (void)state;
    struct script_rule rule = {.when = LIST,
                               .status = "200 OK",
                               .headers = "",
                               .body = "{\"tags\": []}",
                               .is_endless = true,
                               .drip_ms = 1};
    struct bench bench;
    bench_start(&bench, &rule, 1);
    registry_give_time(bench.registry, PATIENCE_MS);
    struct registry_tags tags = {0};
    struct err err = {0};
    assert_false(registry_list_tags(bench.registry, bench.repository, &tags, NULL, &err));
    assert_int_equal(err.kind, ERR_TIMEOUT);
    bench_stop(&bench);
}

/* ---- 429 ---- */

static void expect_wait(const char *headers, int64_t wanted_ms)
{
    struct script_rule rule = {.when = LIST, .status = "429 Later", .headers = headers, .body = ""};
    struct bench bench;
    struct registry_tags tags = {0};
    struct err err = {0};
    int64_t retry_ms = -1;
    bench_start(&bench, &rule, 1);
    ASSERT_FAILS(registry_list_tags(bench.registry, bench.repository, &tags, &retry_ms, &err), err,
                 ERR_BUSY, "answers 429");
    if (retry_ms != wanted_ms) {
        fail_msg("%s: %lld", headers, (long long)retry_ms);
    }
    bench_stop(&bench);
}

static void whatever_a_429_says_of_the_time_it_is_at_most_an_hour(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        int64_t retry_ms;
    } cases[] = {
        {"Retry-After: 7\r\n", 7000},
        {"Retry-After: 99999999\r\n", 3600000},
        {"Retry-After: 99999999999999999999\r\n", 0},
        {"Retry-After: Fri, 31 Dec 2199 23:59:59 GMT\r\n", 3600000},
        {"Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n", 0},
        {"Retry-After: -5\r\n", 0},
        {"Retry-After: soon\r\n", 0},
        {"", 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_wait(cases[i].header, cases[i].retry_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(half_an_answer_is_none),
        cmocka_unit_test(what_is_nested_without_end_is_not_followed_down),
        cmocka_unit_test(a_digest_that_is_not_that_of_the_bytes_is_refused),
        cmocka_unit_test(a_redirect_is_not_followed_and_no_credential_leaves),
        cmocka_unit_test(a_token_server_that_redirects_gets_no_credential_elsewhere),
        cmocka_unit_test(a_next_page_elsewhere_is_not_fetched),
        cmocka_unit_test(pages_without_end_have_an_end),
        cmocka_unit_test(a_bomb_of_gzip_ends_at_the_ceiling_of_a_page),
        cmocka_unit_test(headers_without_end_have_a_ceiling),
        cmocka_unit_test(an_answer_in_drips_ends_with_the_time_that_is_given),
        cmocka_unit_test(time_is_given_to_all_pages_together),
        cmocka_unit_test(whatever_a_429_says_of_the_time_it_is_at_most_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
