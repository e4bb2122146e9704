#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>

#include "../registry/script.h"
#include "count.h"
#include "crypto/crypto.h"
#include "discover/discover.h"

#define POLL_MS 60000
#define ROWS_KEPT 3
#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define LIST_CART "GET /v2/shop/cart/tags/list"
#define LIST_WEB "GET /v2/shop/web/tags/list"
#define HEAD_CART "HEAD /v2/shop/cart/manifests/"
#define TAGS(list) .status = "200 OK", .headers = "", .body = "{\"tags\": [" list "]}"
#define DIGEST(digest)                                                                             \
    .status = "200 OK", .headers = "Docker-Content-Digest: " digest "\r\n", .body = ""

/* A discover with a scripted registry and a clock that only the test moves. */
struct bench {
    struct script script;
    struct loop *loop;
    struct discover *discover;
    struct env env;
    int64_t mono_ms;
    int chance; /* every byte of what is drawn by chance */
    char cart[64], web[64];
    int listings, errors, digests; /* callbacks so far */
    int requests;                  /* as count_requests() has found */
    char listing[1024];            /* of the last: "tag=digest's first letter", sorted */
    struct err error;
    int64_t retry_at_ms;
    char digest[IMAGE_DIGEST_BYTES];
    int64_t job_ms, requests_per_hour;
    bool frees_itself; /* in the next callback */
    bool keeps_rows;   /* of the listings, sorted */
    struct {
        struct version_row row;
        char tag[IMAGE_TAG_BYTES], digest[IMAGE_DIGEST_BYTES], platforms[64];
    } rows[ROWS_KEPT];
};

static const struct version_rule semver = {
    .images = "**", .policy = POLICY_SEMVER, .range = "", .tags = ""};

static int64_t bench_now_ms(void *context)
{
    return 1795341785000 + ((struct bench *)context)->mono_ms;
}

static int64_t bench_mono_ms(void *context)
{
    return ((struct bench *)context)->mono_ms;
}

static void not_random(void *context, void *out, size_t length)
{
    memset(out, ((struct bench *)context)->chance, length);
}

static int by_tag(const void *left, const void *right)
{
    const struct version_row *a = left;
    const struct version_row *b = right;
    return strcmp(a->tag, b->tag);
}

static void on_versions(void *context, const char *repository, const struct version_row *rows,
                        size_t count)
{
    struct bench *bench = context;
    struct version_row *sorted = xcalloc(count, sizeof(*rows));
    memcpy(sorted, rows, count * sizeof(*rows));
    qsort(sorted, count, sizeof(*rows), by_tag);
    AUTO_STR(text, sizeof(bench->listing) - 1);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(sorted[i].repository, repository);
        assert_true(sorted[i].seen_ms > 0);
        str_addf(&text, "%s%s=%.1s", i ? " " : "", sorted[i].tag,
                 sorted[i].digest[0] ? sorted[i].digest + strlen("sha256:") : "");
    }
    for (size_t i = 0; bench->keeps_rows && i < count && i < ROWS_KEPT; i++) {
        bench->rows[i].row = sorted[i];
        text_copy_cut(bench->rows[i].tag, sizeof(bench->rows[i].tag), sorted[i].tag);
        text_copy_cut(bench->rows[i].digest, sizeof(bench->rows[i].digest), sorted[i].digest);
        text_copy_cut(bench->rows[i].platforms, sizeof(bench->rows[i].platforms),
                      sorted[i].platforms ? sorted[i].platforms : "");
    }
    free(sorted);
    text_copy_cut(bench->listing, sizeof(bench->listing), text.text);
    bench->listings++;
    if (bench->frees_itself) {
        discover_free(&bench->discover);
    }
}

static void on_error(void *context, const char *repository, const struct err *err,
                     int64_t retry_at_ms)
{
    struct bench *bench = context;
    assert_non_null(strstr(repository, "/shop/"));
    bench->error = *err;
    bench->retry_at_ms = retry_at_ms;
    bench->errors++;
}

static void on_digest(void *context, const char *digest, const struct err *err)
{
    struct bench *bench = context;
    text_copy_cut(bench->digest, sizeof(bench->digest), digest);
    bench->error = *err;
    bench->digests++;
}

static void bench_reopen(struct bench *bench)
{
    struct err err = {0};
    discover_free(&bench->discover);
    struct discover_options options = {.loop = bench->loop,
                                       .env = &bench->env,
                                       .poll_ms = POLL_MS,
                                       .job_ms = bench->job_ms,
                                       .requests_per_hour = bench->requests_per_hour,
                                       .on_versions = on_versions,
                                       .on_error = on_error,
                                       .context = bench};
    ASSERT_OK(discover_new(&options, &bench->discover, &err), err);
}

static void bench_start(struct bench *bench, struct script_rule *rules, size_t count)
{
    *bench = (struct bench){.mono_ms = 1000};
    bench->env = (struct env){bench_now_ms, bench_mono_ms, not_random, bench};
    script_start(&bench->script, rules, count);
    snprintf(bench->cart, sizeof(bench->cart), "127.0.0.1:%d/shop/cart", bench->script.port);
    snprintf(bench->web, sizeof(bench->web), "127.0.0.1:%d/shop/web", bench->script.port);
    bench->loop = loop_new();
    bench_reopen(bench);
}

static void bench_stop(struct bench *bench)
{
    discover_free(&bench->discover);
    loop_free(&bench->loop);
    script_stop(&bench->script);
}

static void watch(struct bench *bench, const char *first, const char *second)
{
    struct discover_repository repositories[2] = {{first, &semver}, {second, &semver}};
    discover_set_repositories(bench->discover, repositories, second ? 2 : 1);
}

static void advance(struct bench *bench, int64_t ms)
{
    bench->mono_ms += ms;
    discover_run_due(bench->discover);
}

static bool is_polling(const struct bench *bench, const char *repository)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct discover_status *rows = NULL;
    size_t count = discover_state(bench->discover, arena, &rows);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].repository, repository) == 0) {
            return rows[i].is_polling;
        }
    }
    fail_msg("%s is not watched", repository);
    return false;
}

/* Let a poll end that reports nothing. */
static void finish_poll(struct bench *bench, const char *repository)
{
    int idle = 0;
    for (int64_t tries = 0; tries < PATIENCE_MS && !idle; tries++) {
        int one = 1;
        await_count(bench->loop, &one, 1);
        idle = !is_polling(bench, repository);
    }
    assert_true(idle);
}

static void a_new_repository_is_listed_with_the_digests_that_count(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\", \"latest\", \"1.1.0\"")},
        {.when = HEAD_CART "1.0.0 ", DIGEST(DIGEST_A)},
        {.when = HEAD_CART "1.1.0 ", DIGEST(DIGEST_B)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    assert_string_equal(bench.listing, "1.0.0=a 1.1.0=b latest=");
    assert_int_equal(script_count(&bench.script, "manifests/latest"), 0);
    bench_stop(&bench);
}

static void an_equal_listing_is_not_told_again_and_costs_one_question(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\"")},
        {.when = HEAD_CART "1.0.0 ", DIGEST(DIGEST_A)},
        {.when = HEAD_CART "1.1.0 ", DIGEST(DIGEST_B), .times = 1},
        {.when = HEAD_CART "1.1.0 ", DIGEST(DIGEST_C)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    assert_string_equal(bench.listing, "1.0.0=a 1.1.0=b");
    advance(&bench, POLL_MS - POLL_MS / 10 - 1);
    assert_false(is_polling(&bench, bench.cart));
    advance(&bench, 1);
    assert_true(is_polling(&bench, bench.cart));
    finish_poll(&bench, bench.cart);
    for (int turn = 2; turn < DISCOVER_TURNS; turn++) {
        advance(&bench, POLL_MS);
        finish_poll(&bench, bench.cart);
    }
    assert_int_equal(bench.listings, 1);
    assert_int_equal(script_count(&bench.script, HEAD_CART), 2);
    assert_int_equal(script_count(&bench.script, LIST_CART), DISCOVER_TURNS);
    /* The tenth time it is asked whether the newest has moved, and nothing else. */
    advance(&bench, POLL_MS);
    await_count(bench.loop, &bench.listings, 2);
    assert_string_equal(bench.listing, "1.0.0=a 1.1.0=c");
    assert_int_equal(script_count(&bench.script, HEAD_CART), 3);
    assert_int_equal(script_count(&bench.script, LIST_CART), DISCOVER_TURNS);
    bench_stop(&bench);
}

static void one_tag_that_is_followed_is_asked_for_alone(void **state)
{
    (void)state;
    static const struct version_rule main_only = {
        .images = "**", .policy = POLICY_DIGEST, .range = "main", .tags = ""};
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\""), .times = 2},
        {.when = LIST_CART, TAGS("\"1.0.0\", \"main\"")},
        {.when = HEAD_CART "main ", DIGEST(DIGEST_A), .times = 2},
        {.when = HEAD_CART "main ", DIGEST(DIGEST_B)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    struct discover_repository cart = {bench.cart, &main_only};
    discover_set_repositories(bench.discover, &cart, 1);
    await_count(bench.loop, &bench.listings, 1);
    assert_string_equal(bench.listing, "1.0.0=");
    /* While there is no such tag it is looked for in the list. */
    advance(&bench, POLL_MS);
    finish_poll(&bench, bench.cart);
    advance(&bench, POLL_MS);
    await_count(bench.loop, &bench.listings, 2);
    assert_string_equal(bench.listing, "1.0.0= main=a");
    advance(&bench, POLL_MS);
    finish_poll(&bench, bench.cart);
    advance(&bench, POLL_MS);
    await_count(bench.loop, &bench.listings, 3);
    assert_string_equal(bench.listing, "1.0.0= main=b");
    assert_int_equal(script_count(&bench.script, LIST_CART), 3);
    assert_int_equal(script_count(&bench.script, HEAD_CART), 3);
    bench_stop(&bench);
}

/* ---- what it costs ---- */

#define MANIFEST_X                                                                                 \
    "{\"schemaVersion\": 2, \"annotations\": {\"org.opencontainers.image.created\":"               \
    " \"2026-03-01T12:00:00Z\"}, \"manifests\": [{\"platform\": {\"os\": \"linux\","               \
    " \"architecture\": \"amd64\"}}]}"
#define MANIFEST_Y                                                                                 \
    "{\"schemaVersion\": 2, \"annotations\": {\"org.opencontainers.image.created\":"               \
    " \"2026-02-01T12:00:00Z\"}, \"manifests\": [{\"platform\": {\"os\": \"linux\","               \
    " \"architecture\": \"arm64\"}}]}"

static void digest_header(const char *body, char out[static 128])
{
    char hex[SHA256_HEX_BYTES];
    crypto_sha256_hex(slice_of(body), hex);
    snprintf(out, 128, "Docker-Content-Digest: sha256:%s\r\n", hex);
}

static void what_an_image_says_is_fetched_once_for_each_digest(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    static const struct version_rule created = {.images = "**", .policy = POLICY_CREATED};
    char x[128];
    char y[128];
    digest_header(MANIFEST_X, x);
    digest_header(MANIFEST_Y, y);
    const char *get = arena_printf(arena, "GET /v2/shop/cart/manifests/%.71s", x + 23);
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"a\", \"b\", \"again-b\"")},
        {.when = HEAD_CART "a ", .status = "200 OK", .headers = x, .body = ""},
        {.when = HEAD_CART, .status = "200 OK", .headers = y, .body = ""},
        {.when = get, .status = "200 OK", .headers = "", .body = MANIFEST_X},
        {.when = "GET /v2/shop/cart/manifests/",
         .status = "200 OK",
         .headers = "",
         .body = MANIFEST_Y},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    bench.keeps_rows = true;
    struct discover_repository cart = {bench.cart, &created};
    discover_set_repositories(bench.discover, &cart, 1);
    await_count(bench.loop, &bench.listings, 1);
    assert_int_equal(script_count(&bench.script, "GET /v2/shop/cart/manifests/"), 2);
    assert_string_equal(bench.rows[0].tag, "a");
    assert_string_equal(bench.rows[0].platforms, "linux/amd64");
    assert_true(bench.rows[0].row.created_ms > bench.rows[1].row.created_ms);
    assert_true(bench.rows[1].row.created_ms > 0);
    assert_int_equal(bench.rows[1].row.created_ms, bench.rows[2].row.created_ms);
    /* Not again for another rule, nor after a restart with what the store has kept. */
    static const struct version_rule arm = {
        .images = "**", .policy = POLICY_NEWEST, .platform = "linux/arm64"};
    struct version_row kept[3];
    for (size_t i = 0; i < COUNT_OF(kept); i++) {
        kept[i] = bench.rows[i].row;
        kept[i].tag = bench.rows[i].tag;
        kept[i].digest = bench.rows[i].digest;
        kept[i].platforms = bench.rows[i].platforms;
    }
    bench_reopen(&bench);
    cart.rule = &arm;
    discover_set_repositories(bench.discover, &cart, 1);
    discover_remember(bench.discover, bench.cart, kept, COUNT_OF(kept));
    await_count(bench.loop, &bench.listings, 2);
    assert_int_equal(script_count(&bench.script, "GET /v2/shop/cart/manifests/"), 2);
    assert_string_equal(bench.rows[0].platforms, "linux/amd64");
    bench_stop(&bench);
}

static void too_many_tags_to_ask_each_when_it_was_built_are_refused(void **state)
{
    (void)state;
    static const struct version_rule created = {.images = "**", .policy = POLICY_CREATED};
    AUTO_STR(body, 1U << 20);
    for (int i = 0; i <= DISCOVER_CREATED_MAX; i++) {
        str_addf(&body, "%s\"t-%d\"", i ? ", " : "{\"tags\": [", i);
    }
    str_add(&body, "]}");
    struct script_rule rules[] = {
        {.when = LIST_CART, .status = "200 OK", .headers = "", .body = body.text}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    struct discover_repository cart = {bench.cart, &created};
    discover_set_repositories(bench.discover, &cart, 1);
    await_count(bench.loop, &bench.errors, 1);
    assert_non_null(strstr(bench.error.text, "narrow them by the rule's tags"));
    assert_int_equal(script_count(&bench.script, HEAD_CART), 0);
    bench_stop(&bench);
}

#define IMAGES 500

static struct discover_host_status host_of(const struct bench *bench, struct arena *arena)
{
    struct discover_host_status *hosts = NULL;
    assert_int_equal(discover_hosts(bench->discover, arena, &hosts), 1);
    return hosts[0];
}

static void watch_many(struct bench *bench, size_t count)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct discover_repository *many = arena_alloc(arena, count, sizeof(*many));
    for (size_t i = 0; i < count; i++) {
        many[i].repository = arena_printf(arena, "127.0.0.1:%d/shop/%zu", bench->script.port, i);
        many[i].rule = &semver;
    }
    discover_set_repositories(bench->discover, many, count);
}

static void count_requests(void *context)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct bench *bench = context;
    bench->requests = (int)host_of(bench, arena).requests;
}

/* Until so many requests were sent and answered. */
static void finish_requests(struct bench *bench, int requests)
{
    struct loop_timer *timer = loop_timer_start(bench->loop, 0, 1, count_requests, bench);
    await_count(bench->loop, &bench->requests, requests);
    loop_timer_stop(&timer);
}

static void five_hundred_images_at_rest_cost_a_request_each_and_no_manifest(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct script_rule rules[] = {
        {.when = "HEAD /v2/shop/", DIGEST(DIGEST_A)},
        {.when = "GET /v2/shop/", TAGS("\"1.0.0\"")},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    bench.chance = 0x55;
    watch_many(&bench, IMAGES);
    await_count(bench.loop, &bench.listings, IMAGES);
    assert_int_equal(host_of(&bench, arena).requests, 2 * IMAGES);
    for (int round = 1; round <= 2; round++) {
        advance(&bench, POLL_MS + POLL_MS / 10);
        finish_requests(&bench, (2 + round) * IMAGES);
    }
    assert_int_equal(host_of(&bench, arena).requests, 4 * IMAGES);
    assert_int_equal(script_count(&bench.script, "HEAD /v2/"), IMAGES);
    assert_int_equal(script_count(&bench.script, "GET /v2/"), 3 * IMAGES);
    assert_int_equal(script_count(&bench.script, "/tags/list"), 3 * IMAGES);
    bench_stop(&bench);
}

/* 100 an hour are ten at once, and the other ninety at even distances. */
static void no_hour_sees_more_requests_than_the_budget(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct script_rule rules[] = {{.when = "GET /v2/shop/", TAGS("")}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    bench.requests_per_hour = 100;
    bench_reopen(&bench);
    watch_many(&bench, 60);
    finish_requests(&bench, 10);
    assert_true(host_of(&bench, arena).is_spent);
    assert_int_equal(bench.listings, 10);
    /* Each 40 s there is one more. */
    advance(&bench, 39999);
    assert_int_equal(host_of(&bench, arena).requests, 10);
    advance(&bench, 1);
    finish_requests(&bench, 11);
    for (int i = 12; i <= 100; i++) {
        advance(&bench, 40000);
        finish_requests(&bench, i);
    }
    assert_true(bench.mono_ms >= 3600000);
    /* Who waits longest goes first, so all have had their turn. */
    assert_int_equal(bench.listings, 60);
    bench_stop(&bench);
}

static void a_listing_that_could_not_be_kept_is_told_again(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\"")},
        {.when = HEAD_CART "1.0.0 ", DIGEST(DIGEST_A)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    discover_again(bench.discover, bench.cart);
    discover_again(bench.discover, "unknown.example.org/x");
    advance(&bench, POLL_MS);
    await_count(bench.loop, &bench.listings, 2);
    assert_string_equal(bench.listing, "1.0.0=a");
    bench_stop(&bench);
}

static void what_the_store_remembers_is_not_asked_again(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\"")},
        {.when = HEAD_CART "1.1.0 ", DIGEST(DIGEST_B)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    struct version_row rows[] = {{.tag = "1.0.0", .digest = DIGEST_A, .seen_ms = 5},
                                 {.tag = "0.9.0", .digest = DIGEST_C, .seen_ms = 4}};
    discover_remember(bench.discover, bench.cart, rows, COUNT_OF(rows));
    await_count(bench.loop, &bench.listings, 1);
    assert_string_equal(bench.listing, "1.0.0=a 1.1.0=b");
    assert_int_equal(script_count(&bench.script, HEAD_CART "1.0.0"), 0);
    bench_stop(&bench);
}

static void a_failing_registry_moves_nothing_and_is_asked_later_and_later(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\""), .times = 1},
        {.when = LIST_CART, .status = "500 Oops", .headers = "", .body = "", .times = 2},
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\", \"1.2.0\"")},
        {.when = HEAD_CART, DIGEST(DIGEST_A)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    advance(&bench, POLL_MS);
    await_count(bench.loop, &bench.errors, 1);
    assert_int_equal(bench.error.kind, ERR_UNAVAILABLE);
    assert_int_equal(bench.retry_at_ms - bench_now_ms(&bench), 500);
    advance(&bench, 499);
    assert_false(is_polling(&bench, bench.cart));
    advance(&bench, 1);
    await_count(bench.loop, &bench.errors, 2);
    assert_int_equal(bench.retry_at_ms - bench_now_ms(&bench), 1000);
    assert_int_equal(bench.listings, 1);
    advance(&bench, 1000);
    await_count(bench.loop, &bench.listings, 2);
    assert_string_equal(bench.listing, "1.0.0=a 1.1.0=a 1.2.0=a");
    bench_stop(&bench);
}

static void a_repository_that_is_not_there_yet_is_asked_at_the_usual_pace(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench, NULL, 0);
    watch(&bench, bench.cart, NULL);
    for (int i = 1; i <= 3; i++) {
        await_count(bench.loop, &bench.errors, i);
        assert_int_equal(bench.error.kind, ERR_NOT_FOUND);
        assert_int_equal(bench.retry_at_ms - bench_now_ms(&bench), POLL_MS - POLL_MS / 10);
        advance(&bench, POLL_MS);
    }
    bench_stop(&bench);
}

static void back_off_ends_at_ten_minutes(void **state)
{
    (void)state;
    struct script_rule rule = {.when = "GET ", .status = "500 Oops", .headers = "", .body = ""};
    struct bench bench;
    bench_start(&bench, &rule, 1);
    bench.chance = 0xFF; /* draws that lie high in the range */
    watch(&bench, bench.cart, NULL);
    for (int i = 1; i <= 15; i++) {
        await_count(bench.loop, &bench.errors, i);
        assert_true(bench.retry_at_ms - bench_now_ms(&bench) <= DISCOVER_RETRY_MS_MAX);
        advance(&bench, DISCOVER_RETRY_MS_MAX);
    }
    assert_true(bench.retry_at_ms - bench_now_ms(&bench) + DISCOVER_RETRY_MS_MAX >=
                DISCOVER_RETRY_MS_MAX / 2);
    bench_stop(&bench);
}

static void a_digest_that_fails_spoils_the_listing_but_not_what_was_learnt(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\"")},
        {.when = HEAD_CART "1.1.0 ", DIGEST(DIGEST_B)},
        {.when = HEAD_CART "1.0.0 ", .status = "503 Later", .headers = "", .body = "", .times = 1},
        {.when = HEAD_CART "1.0.0 ", DIGEST(DIGEST_A)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.errors, 1);
    assert_int_equal(bench.listings, 0);
    advance(&bench, 500);
    await_count(bench.loop, &bench.listings, 1);
    assert_string_equal(bench.listing, "1.0.0=a 1.1.0=b");
    bench_stop(&bench);
}

static void a_tag_that_vanishes_between_two_questions_is_simply_gone(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\"")},
        {.when = HEAD_CART "1.0.0 ", DIGEST(DIGEST_A)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    assert_string_equal(bench.listing, "1.0.0=a");
    bench_stop(&bench);
}

static void an_emptied_list_is_not_believed(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\""), .times = 1},
        {.when = LIST_CART, TAGS("")},
        {.when = HEAD_CART, DIGEST(DIGEST_A)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    advance(&bench, POLL_MS);
    await_count(bench.loop, &bench.errors, 1);
    assert_non_null(strstr(bench.error.text, "no tags at all, though 1 were known"));
    assert_int_equal(bench.listings, 1);
    bench_stop(&bench);
}

static void a_registry_that_asks_to_wait_is_left_alone_by_all(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART,
         .status = "429 Slow down",
         .headers = "Retry-After: 20\r\n",
         .body = "",
         .times = 1},
        {.when = LIST_WEB, TAGS("")},
        {.when = LIST_CART, TAGS("")},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.errors, 1);
    assert_int_equal(bench.error.kind, ERR_BUSY);
    assert_int_equal(bench.retry_at_ms - bench_now_ms(&bench), 20000);
    watch(&bench, bench.cart, bench.web);
    discover_hint(bench.discover, bench.cart, "1.0.0");
    advance(&bench, 19999);
    assert_false(is_polling(&bench, bench.cart));
    assert_false(is_polling(&bench, bench.web));
    advance(&bench, 1);
    await_count(bench.loop, &bench.listings, 2);
    bench_stop(&bench);
}

/* Many repositories and a 429 each would be a storm of our own. */
static void a_429_without_a_time_makes_all_wait_longer_and_longer(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct script_rule rules[] = {
        {.when = "", .status = "429 Slow down", .headers = "", .body = ""}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    bench.chance = 0;
    watch(&bench, bench.cart, bench.web);
    static const int64_t halves_ms[] = {500, 1000, 2000, 4000};
    for (int i = 0; i < 4; i++) {
        await_count(bench.loop, &bench.errors, i + 1);
        struct discover_host_status host = host_of(&bench, arena);
        assert_int_equal(host.waits_until_ms - bench_now_ms(&bench), halves_ms[i]);
        assert_int_equal(host.requests, i + 1);
        assert_int_equal(host.refusals, i + 1);
        advance(&bench, halves_ms[i] - 1);
        assert_false(is_polling(&bench, bench.cart) || is_polling(&bench, bench.web));
        advance(&bench, 1);
    }
    bench_stop(&bench);
}

static void while_a_registry_waits_a_person_is_told_so_at_once(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART,
         .status = "429 Slow down",
         .headers = "Retry-After: 20\r\n",
         .body = "",
         .times = 1},
        {.when = HEAD_CART "1.0.0 ", DIGEST(DIGEST_A)},
    };
    struct bench bench;
    struct err err = {0};
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.errors, 1);
    ASSERT_OK(discover_resolve(bench.discover, bench.cart, "1.0.0", on_digest, &bench, &err), err);
    await_count(bench.loop, &bench.digests, 1);
    assert_string_equal(bench.digest, "");
    assert_int_equal(bench.error.kind, ERR_BUSY);
    assert_non_null(strstr(bench.error.text, "not to be asked for another 20 s"));
    assert_int_equal(script_count(&bench.script, "HTTP/1.1"), 1);
    bench.mono_ms += 20000;
    ASSERT_OK(discover_resolve(bench.discover, bench.cart, "1.0.0", on_digest, &bench, &err), err);
    await_count(bench.loop, &bench.digests, 2);
    assert_string_equal(bench.digest, DIGEST_A);
    bench_stop(&bench);
}

static void a_registry_that_drips_holds_a_worker_for_the_time_of_a_poll(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\""), .drip_ms = 20},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    bench.job_ms = 300;
    bench_reopen(&bench);
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.errors, 1);
    assert_int_equal(bench.error.kind, ERR_TIMEOUT);
    bench_stop(&bench);
}

static void a_hint_brings_a_poll_at_once_and_many_bring_one(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\""), .times = 1},
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\", \"1.2.0\"")},
        {.when = HEAD_CART "1.0.0 ", DIGEST(DIGEST_A), .times = 1},
        {.when = HEAD_CART, DIGEST(DIGEST_B)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    assert_string_equal(bench.listing, "1.0.0=a 1.1.0=b");
    bench.mono_ms += 5000;
    discover_hint(bench.discover, "shop/other", "1.0.0");
    assert_false(is_polling(&bench, bench.cart));
    /* The registry calls itself by another name; the path is the same.  An old tag moved. */
    discover_hint(bench.discover, "registry.internal:5000/shop/cart", "1.0.0");
    for (int i = 0; i < 100; i++) {
        discover_hint(bench.discover, "shop/cart", "");
    }
    await_count(bench.loop, &bench.listings, 2);
    assert_string_equal(bench.listing, "1.0.0=b 1.1.0=b");
    assert_int_equal(script_count(&bench.script, LIST_CART), 1);
    /* Those that came while it ran bring one more, a second later; they named no tag. */
    advance(&bench, DISCOVER_HINT_GAP_MS - 1);
    assert_false(is_polling(&bench, bench.cart));
    advance(&bench, 1);
    assert_true(is_polling(&bench, bench.cart));
    await_count(bench.loop, &bench.listings, 3);
    assert_string_equal(bench.listing, "1.0.0=b 1.1.0=b 1.2.0=b");
    assert_int_equal(script_count(&bench.script, LIST_CART), 2);
    advance(&bench, DISCOVER_HINT_GAP_MS);
    assert_false(is_polling(&bench, bench.cart));
    bench_stop(&bench);
}

static void a_hint_that_names_a_tag_asks_for_that_one_only(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = LIST_CART, TAGS("\"1.0.0\", \"1.1.0\"")},
        {.when = HEAD_CART "1.2.0 ", DIGEST(DIGEST_C)},
        {.when = HEAD_CART "1.0.0 ", DIGEST(DIGEST_A)},
        {.when = HEAD_CART "1.1.0 ", DIGEST(DIGEST_B)},
    };
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    assert_int_equal(script_count(&bench.script, "HTTP/1.1"), 3);
    advance(&bench, DISCOVER_HINT_GAP_MS);
    discover_hint(bench.discover, "shop/cart", "1.2.0");
    discover_hint(bench.discover, "shop/cart", "1.2.0");
    await_count(bench.loop, &bench.listings, 2);
    assert_string_equal(bench.listing, "1.0.0=a 1.1.0=b 1.2.0=c");
    assert_int_equal(script_count(&bench.script, "HTTP/1.1"), 4);
    /* What is said and not there leaves no trace, and delays no poll. */
    advance(&bench, DISCOVER_HINT_GAP_MS);
    discover_hint(bench.discover, "shop/cart", "9.9.9");
    assert_true(is_polling(&bench, bench.cart));
    finish_poll(&bench, bench.cart);
    assert_int_equal(bench.listings, 2);
    assert_int_equal(script_count(&bench.script, "HTTP/1.1"), 5);
    advance(&bench, POLL_MS * 11 / 10 - 2 * DISCOVER_HINT_GAP_MS);
    assert_true(is_polling(&bench, bench.cart));
    finish_poll(&bench, bench.cart);
    bench_stop(&bench);
}

static void one_registry_is_asked_one_thing_at_a_time(void **state)
{
    (void)state;
    struct script_rule rules[] = {{.when = LIST_CART, TAGS("")}, {.when = LIST_WEB, TAGS("")}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, bench.web);
    discover_run_due(bench.discover);
    assert_true(is_polling(&bench, bench.cart) != is_polling(&bench, bench.web));
    await_count(bench.loop, &bench.listings, 2);
    bench_stop(&bench);
}

static void a_person_may_ask_for_any_tag(void **state)
{
    (void)state;
    struct script_rule rules[] = {
        {.when = HEAD_CART "bad-2 ", DIGEST(DIGEST_C)},
    };
    struct bench bench;
    struct err err = {0};
    bench_start(&bench, rules, COUNT_OF(rules));
    ASSERT_OK(discover_resolve(bench.discover, bench.cart, "bad-2", on_digest, &bench, &err), err);
    await_count(bench.loop, &bench.digests, 1);
    assert_string_equal(bench.digest, DIGEST_C);
    assert_int_equal(bench.error.kind, ERR_NONE);
    ASSERT_OK(discover_resolve(bench.discover, bench.cart, "bad-3", on_digest, &bench, &err), err);
    await_count(bench.loop, &bench.digests, 2);
    assert_string_equal(bench.digest, "");
    assert_int_equal(bench.error.kind, ERR_NOT_FOUND);
    bench_stop(&bench);
}

static void a_repository_that_left_the_set_is_not_heard_of_again(void **state)
{
    (void)state;
    struct script_rule rules[] = {{.when = LIST_CART, TAGS("")}, {.when = LIST_WEB, TAGS("")}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, NULL);
    discover_run_due(bench.discover);
    assert_true(is_polling(&bench, bench.cart));
    watch(&bench, bench.web, NULL);
    await_count(bench.loop, &bench.listings, 1);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct discover_status *rows = NULL;
    assert_int_equal(discover_state(bench.discover, arena, &rows), 1);
    assert_string_equal(rows[0].repository, bench.web);
    assert_int_equal(rows[0].ok_ms, bench_now_ms(&bench));
    assert_int_equal(rows[0].next_ms, bench_now_ms(&bench) + POLL_MS - POLL_MS / 10);
    bench_stop(&bench);
}

static void it_may_be_freed_while_it_polls_and_from_its_own_callback(void **state)
{
    (void)state;
    struct script_rule rules[] = {{.when = LIST_CART, TAGS("")}, {.when = LIST_WEB, TAGS("")}};
    struct bench bench;
    bench_start(&bench, rules, COUNT_OF(rules));
    watch(&bench, bench.cart, bench.web);
    discover_run_due(bench.discover);
    bench_stop(&bench);
    assert_int_equal(bench.listings, 0);

    bench_start(&bench, rules, COUNT_OF(rules));
    bench.frees_itself = true;
    watch(&bench, bench.cart, NULL);
    await_count(bench.loop, &bench.listings, 1);
    assert_null(bench.discover);
    bench_stop(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_repository_is_listed_with_the_digests_that_count),
        cmocka_unit_test(an_equal_listing_is_not_told_again_and_costs_one_question),
        cmocka_unit_test(one_tag_that_is_followed_is_asked_for_alone),
        cmocka_unit_test(what_an_image_says_is_fetched_once_for_each_digest),
        cmocka_unit_test(too_many_tags_to_ask_each_when_it_was_built_are_refused),
        cmocka_unit_test(five_hundred_images_at_rest_cost_a_request_each_and_no_manifest),
        cmocka_unit_test(no_hour_sees_more_requests_than_the_budget),
        cmocka_unit_test(a_listing_that_could_not_be_kept_is_told_again),
        cmocka_unit_test(what_the_store_remembers_is_not_asked_again),
        cmocka_unit_test(a_failing_registry_moves_nothing_and_is_asked_later_and_later),
        cmocka_unit_test(a_repository_that_is_not_there_yet_is_asked_at_the_usual_pace),
        cmocka_unit_test(back_off_ends_at_ten_minutes),
        cmocka_unit_test(a_digest_that_fails_spoils_the_listing_but_not_what_was_learnt),
        cmocka_unit_test(a_tag_that_vanishes_between_two_questions_is_simply_gone),
        cmocka_unit_test(an_emptied_list_is_not_believed),
        cmocka_unit_test(a_registry_that_asks_to_wait_is_left_alone_by_all),
        cmocka_unit_test(a_429_without_a_time_makes_all_wait_longer_and_longer),
        cmocka_unit_test(while_a_registry_waits_a_person_is_told_so_at_once),
        cmocka_unit_test(a_registry_that_drips_holds_a_worker_for_the_time_of_a_poll),
        cmocka_unit_test(a_hint_brings_a_poll_at_once_and_many_bring_one),
        cmocka_unit_test(a_hint_that_names_a_tag_asks_for_that_one_only),
        cmocka_unit_test(one_registry_is_asked_one_thing_at_a_time),
        cmocka_unit_test(a_person_may_ask_for_any_tag),
        cmocka_unit_test(a_repository_that_left_the_set_is_not_heard_of_again),
        cmocka_unit_test(it_may_be_freed_while_it_polls_and_from_its_own_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
