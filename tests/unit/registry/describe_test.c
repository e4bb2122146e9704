/* What an image says about itself: index, image, configuration. */
#include "../testing.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "registry/registry.h"
#include "script.h"

#define CREATED "\"org.opencontainers.image.created\": \"2026-03-01T12:00:00Z\""
#define CREATED_MS INT64_C(1772366400000)
#define LATER "2026-04-01T12:00:00.123456789Z" /* of the configuration */
#define LATER_MS INT64_C(1775044800123)
#define TEXT_BYTES 2048

/* A thing in the registry: its bytes, its digest, and the line that asks for it. */
struct thing {
    char text[TEXT_BYTES];
    char digest[IMAGE_DIGEST_BYTES];
    char ask[256];
};

static void make(struct thing *thing, const char *kind, const char *text)
{
    char hex[SHA256_HEX_BYTES];
    text_copy_cut(thing->text, sizeof(thing->text), text);
    crypto_sha256_hex(slice_of(thing->text), hex);
    snprintf(thing->digest, sizeof(thing->digest), "sha256:%s", hex);
    snprintf(thing->ask, sizeof(thing->ask), "GET /v2/shop/cart/%s/%s ", kind, thing->digest);
}

/* An index of two platforms and an attestation, its first image, and that one's configuration. */
struct bench {
    struct thing config, image, index;
    struct script script, other;
    struct registry *registry;
    char repository[64];
    int64_t retry_ms;
};

static void bench_write(struct bench *bench, const char *annotations, const char *config)
{
    AUTO_STR(text, TEXT_BYTES);
    make(&bench->config, "blobs", config);
    str_addf(&text, "{\"schemaVersion\": 2, \"config\": {\"digest\": \"%s\"}}",
             bench->config.digest);
    make(&bench->image, "manifests", text.text);
    str_clear(&text);
    str_addf(&text,
             "{\"schemaVersion\": 2, \"annotations\": {%s}, \"manifests\": ["
             "{\"digest\": \"%s\", \"platform\": {\"os\": \"unknown\", \"architecture\": "
             "\"unknown\"}},"
             "{\"digest\": \"%s\", \"platform\": {\"os\": \"linux\", \"architecture\": \"amd64\"}},"
             "{\"digest\": \"%s\", \"platform\": {\"os\": \"linux\", \"architecture\": \"amd64\"}},"
             "{\"digest\": \"%s\", \"platform\": {\"os\": \"linux\", \"architecture\": \"arm\","
             " \"variant\": \"v7\"}}]}",
             annotations, bench->config.digest, bench->image.digest, bench->config.digest,
             bench->config.digest);
    make(&bench->index, "manifests", text.text);
}

static struct script_rule rule_of(const struct thing *thing)
{
    return (struct script_rule){
        .when = thing->ask, .status = "200 OK", .headers = "", .body = thing->text};
}

static void bench_open(struct bench *bench, struct script_rule *rules, size_t count)
{
    struct err err = {0};
    struct registry_options options = {0};
    script_start(&bench->script, rules, count);
    ASSERT_OK(registry_new(&options, &bench->registry, &err), err);
    snprintf(bench->repository, sizeof(bench->repository), "127.0.0.1:%d/shop/cart",
             bench->script.port);
}

static void bench_close(struct bench *bench)
{
    registry_free(&bench->registry);
    script_stop(&bench->script);
}

#define CONFIG "{\"created\": \"" LATER "\", \"os\": \"linux\", \"architecture\": \"arm64\"}"

static void an_index_that_says_when_it_was_built_is_one_request(void **state)
{
    (void)state;
    struct bench bench = {0};
    struct registry_facts facts;
    struct err err = {0};
    bench_write(&bench, CREATED, CONFIG);
    struct script_rule rules[] = {rule_of(&bench.index)};
    bench_open(&bench, rules, COUNT_OF(rules));
    ASSERT_OK(
        registry_describe(bench.registry, bench.repository, bench.index.digest, &facts, NULL, &err),
        err);
    assert_int_equal(facts.created_ms, CREATED_MS);
    assert_string_equal(facts.platforms, "linux/amd64 linux/arm/v7");
    assert_int_equal(registry_take_asked(bench.registry), 1);
    bench_close(&bench);
}

static void else_its_first_image_speaks_for_it(void **state)
{
    (void)state;
    struct bench bench = {0};
    struct registry_facts facts;
    struct err err = {0};
    bench_write(&bench, "", CONFIG);
    struct script_rule rules[] = {rule_of(&bench.index), rule_of(&bench.image),
                                  rule_of(&bench.config)};
    bench_open(&bench, rules, COUNT_OF(rules));
    ASSERT_OK(
        registry_describe(bench.registry, bench.repository, bench.index.digest, &facts, NULL, &err),
        err);
    assert_int_equal(facts.created_ms, LATER_MS);
    assert_string_equal(facts.platforms, "linux/amd64 linux/arm/v7");
    assert_int_equal(registry_take_asked(bench.registry), 3);
    /* An image without an index is what its configuration says. */
    ASSERT_OK(
        registry_describe(bench.registry, bench.repository, bench.image.digest, &facts, NULL, &err),
        err);
    assert_int_equal(facts.created_ms, LATER_MS);
    assert_string_equal(facts.platforms, "linux/arm64");
    bench_close(&bench);
}

static void expect_nothing_of(const char *config)
{
    struct bench bench = {0};
    struct registry_facts facts;
    struct err err = {0};
    bench_write(&bench, "", config);
    struct script_rule rules[] = {rule_of(&bench.image), rule_of(&bench.config)};
    bench_open(&bench, rules, COUNT_OF(rules));
    ASSERT_OK(
        registry_describe(bench.registry, bench.repository, bench.image.digest, &facts, NULL, &err),
        err);
    assert_int_equal(facts.created_ms, 0);
    assert_string_equal(facts.platforms, "");
    bench_close(&bench);
}

static void who_does_not_say_when_says_nothing(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "{}",
        "[]",
        "not JSON",
        "{\"created\": \"1970-01-01T00:00:00Z\"}",
        "{\"created\": \"0001-01-01T00:00:00Z\", \"os\": \"\", \"architecture\": \"amd64\"}",
        "{\"created\": 7, \"os\": \"linux\\n\", \"architecture\": \"amd64\"}",
    };
    for (size_t i = 0; i < COUNT_OF(configs); i++) {
        expect_nothing_of(configs[i]);
    }
}

static void expect_refusal_of(size_t wrong)
{
    struct bench bench = {0};
    struct registry_facts facts;
    struct err err = {0};
    bench_write(&bench, "", CONFIG);
    struct script_rule rules[] = {rule_of(&bench.index), rule_of(&bench.image),
                                  rule_of(&bench.config)};
    rules[wrong].body = "{\"schemaVersion\": 2, \"created\": \"2030-01-01T00:00:00Z\"}";
    bench_open(&bench, rules, COUNT_OF(rules));
    ASSERT_FAILS(
        registry_describe(bench.registry, bench.repository, bench.index.digest, &facts, NULL, &err),
        err, ERR_UNAVAILABLE, "gives bytes that are not those of sha256:");
    bench_close(&bench);
}

static void bytes_of_another_digest_are_refused_at_each_step(void **state)
{
    (void)state;
    for (size_t wrong = 0; wrong < 3; wrong++) {
        expect_refusal_of(wrong);
    }
}

static void a_configuration_may_live_elsewhere_but_credentials_stay(void **state)
{
    (void)state;
    struct bench bench = {0};
    struct registry_facts facts;
    struct err err = {0};
    char location[96];
    bench_write(&bench, "", CONFIG);
    struct script_rule away = {
        .when = "GET /blob?key=1 ", .status = "200 OK", .headers = "", .body = bench.config.text};
    script_start(&bench.other, &away, 1);
    snprintf(location, sizeof(location), "Location: http://127.0.0.1:%d/blob?key=1\r\n",
             bench.other.port);
    char challenge[128] = "";
    struct script_rule rules[] = {
        {.when = "GET /token", .status = "200 OK", .headers = "", .body = "{\"token\": \"t-1\"}"},
        {.when = bench.image.ask,
         .with = "Bearer t-1",
         .status = "200 OK",
         .headers = "",
         .body = bench.image.text},
        {.when = bench.config.ask,
         .with = "Bearer t-1",
         .status = "307 Temporary Redirect",
         .headers = location,
         .body = ""},
        {.when = "", .status = "401 Unauthorized", .headers = challenge, .body = ""},
    };
    bench_open(&bench, rules, COUNT_OF(rules));
    snprintf(challenge, sizeof(challenge),
             "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:%d/token\"\r\n", bench.script.port);
    ASSERT_OK(
        registry_describe(bench.registry, bench.repository, bench.image.digest, &facts, NULL, &err),
        err);
    assert_int_equal(facts.created_ms, LATER_MS);
    assert_int_equal(script_count(&bench.other, "GET /blob"), 1);
    assert_int_equal(script_count(&bench.other, "Authorization"), 0);
    bench_close(&bench);
    script_stop(&bench.other);
}

/* The configuration is said to be at `place`; NULL: at the registry, which sends on and on. */
static void expect_no_facts_from(const char *place, const char *says, size_t requests)
{
    struct bench bench = {0};
    struct registry_facts facts;
    struct err err = {0};
    char location[160] = "";
    bench_write(&bench, "", CONFIG);
    struct script_rule rules[] = {
        rule_of(&bench.image),
        {.when = "", .status = "302 Found", .headers = location, .body = ""}};
    bench_open(&bench, rules, COUNT_OF(rules));
    if (place) {
        snprintf(location, sizeof(location), "Location: %s\r\n", place);
    } else {
        snprintf(location, sizeof(location), "Location: http://127.0.0.1:%d/again\r\n",
                 bench.script.port);
    }
    ASSERT_FAILS(
        registry_describe(bench.registry, bench.repository, bench.image.digest, &facts, NULL, &err),
        err, ERR_UNAVAILABLE, says);
    assert_int_equal(registry_take_asked(bench.registry), requests);
    bench_close(&bench);
}

static void a_redirect_is_followed_once_and_only_over_http(void **state)
{
    (void)state;
    static const char *const places[] = {"file:///etc/passwd", "/v2/blob", "gopher://x/",
                                         "http://u@127.0.0.1/"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        expect_no_facts_from(places[i], "not https; it was not followed", 2);
    }
    expect_no_facts_from(NULL, "a redirect, which is not followed", 3);
}

static void what_is_missing_is_not_found(void **state)
{
    (void)state;
    struct bench bench = {0};
    struct registry_facts facts;
    struct err err = {0};
    bench_write(&bench, "", CONFIG);
    struct script_rule rules[] = {rule_of(&bench.index)};
    bench_open(&bench, rules, COUNT_OF(rules));
    ASSERT_FAILS(
        registry_describe(bench.registry, bench.repository, bench.index.digest, &facts, NULL, &err),
        err, ERR_NOT_FOUND, "describe 127.0.0.1");
    ASSERT_FAILS(registry_describe(bench.registry, bench.repository, "latest", &facts, NULL, &err),
                 err, ERR_INVALID, "is not a digest");
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_that_says_when_it_was_built_is_one_request),
        cmocka_unit_test(else_its_first_image_speaks_for_it),
        cmocka_unit_test(who_does_not_say_when_says_nothing),
        cmocka_unit_test(bytes_of_another_digest_are_refused_at_each_step),
        cmocka_unit_test(a_configuration_may_live_elsewhere_but_credentials_stay),
        cmocka_unit_test(a_redirect_is_followed_once_and_only_over_http),
        cmocka_unit_test(what_is_missing_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
