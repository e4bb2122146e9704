/* Which signatures are checked, how often, and what is told of them. */
#include "../testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../registry/program.h"
#include "../registry/script.h"
#include "base/file.h"
#include "count.h"
#include "discover/discover.h"
#include "policy/policy.h"

#define POLL_MS (INT64_C(24) * 3600000) /* a clock that stands still has no other polls */
#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define HEAD "HEAD /v2/shop/cart/manifests/"
#define DIGEST(digest)                                                                             \
    .status = "200 OK", .headers = "Docker-Content-Digest: " digest "\r\n", .body = ""

/* 1.0.0 is a, 1.1.0 is b, 1.2.0 is c. */
static struct script_rule rules[] = {
    {.when = "GET /v2/shop/cart/tags/list",
     .status = "200 OK",
     .headers = "",
     .body = "{\"tags\": [\"1.0.0\", \"1.1.0\", \"1.2.0\", \"latest\"]}"},
    {.when = HEAD "1.0.0 ", DIGEST(DIGEST_A)},
    {.when = HEAD "1.1.0 ", DIGEST(DIGEST_B)},
    {.when = HEAD "1.2.0 ", DIGEST(DIGEST_C)},
};

static const struct signature_rule by_mail = {.key = "",
                                              .identity = "release@example.org",
                                              .identity_pattern = "",
                                              .issuer = "https://accounts.example.org"};
static const struct signature_rule by_other = {.key = "",
                                               .identity = "other@example.org",
                                               .identity_pattern = "",
                                               .issuer = "https://accounts.example.org"};
static const struct version_rule mailed = {.images = "**", .signature = &by_mail};
static const struct version_rule other = {.images = "**", .signature = &by_other};
static const struct version_rule loose = {.images = "**"};

/* A discover, a scripted registry, a cosign for which only the digests in a file are signed, and a
   clock that only the test moves. */
struct bench {
    struct script script;
    struct program cosign;
    struct loop *loop;
    struct discover *discover;
    struct env env;
    int64_t mono_ms;
    char cart[64];
    char signed_file[64], asked_file[64];
    int listings;
    int signatures;  /* callbacks so far */
    struct str told; /* "c bad, b good": of each callback */
};

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
    (void)context;
    memset(out, 0, length);
}

static void on_versions(void *context, const char *repository, const struct version_row *rows,
                        size_t count)
{
    (void)repository;
    (void)rows;
    assert_int_equal(count, 4);
    ((struct bench *)context)->listings++;
}

static void on_signature(void *context, const char *repository, const char *digest,
                         const char *rule, const struct signature_verdict *verdict)
{
    static const char *const words[] = {"unchecked", "good", "bad"};
    struct bench *bench = context;
    assert_string_equal(repository, bench->cart);
    assert_int_equal(strlen(rule), SHA256_HEX_BYTES - 1);
    str_addf(&bench->told, "%s%.1s %s", bench->told.length ? ", " : "", digest + strlen("sha256:"),
             words[verdict->state]);
    bench->signatures++;
}

static void on_error(void *context, const char *repository, const struct err *err,
                     int64_t retry_at_ms)
{
    (void)context;
    (void)retry_at_ms;
    fail_msg("%s: %s", repository, err->text);
}

static void bench_reopen(struct bench *bench)
{
    struct err err = {0};
    discover_free(&bench->discover);
    const struct discover_options options = {.loop = bench->loop,
                                             .env = &bench->env,
                                             .poll_ms = POLL_MS,
                                             .on_versions = on_versions,
                                             .on_signature = on_signature,
                                             .on_error = on_error,
                                             .context = bench};
    ASSERT_OK(discover_new(&options, &bench->discover, &err), err);
}

static void set_file(const char *file, const char *text)
{
    struct err err = {0};
    ASSERT_OK(file_replace(file, slice_of(text), 0600, &err), err);
}

static void bench_start(struct bench *bench)
{
    AUTO_STR(script, 1024);
    *bench = (struct bench){.mono_ms = 1000};
    bench->env = (struct env){bench_now_ms, bench_mono_ms, not_random, bench};
    str_init(&bench->told, 1000);
    snprintf(bench->signed_file, sizeof(bench->signed_file), "/tmp/heddle-signed-%d",
             (int)getpid());
    snprintf(bench->asked_file, sizeof(bench->asked_file), "/tmp/heddle-asked-%d", (int)getpid());
    set_file(bench->signed_file, "");
    set_file(bench->asked_file, "");
    str_addf(&script,
             "#!/bin/sh\nfor image in \"$@\"; do :; done\n"
             "echo \"${image#*@sha256:}\" | cut -c1 >> %s\n"
             "grep -q \"${image#*@}\" %s && exit 0\n"
             "echo 'Error: no signatures found' >&2\nexit 10\n",
             bench->asked_file, bench->signed_file);
    program_begin(&bench->cosign, "cosign", script.text);
    script_start(&bench->script, rules, COUNT_OF(rules));
    snprintf(bench->cart, sizeof(bench->cart), "127.0.0.1:%d/shop/cart", bench->script.port);
    bench->loop = loop_new();
    bench_reopen(bench);
}

static void bench_stop(struct bench *bench)
{
    discover_free(&bench->discover);
    loop_free(&bench->loop);
    script_stop(&bench->script);
    program_end(&bench->cosign);
    unlink(bench->signed_file);
    unlink(bench->asked_file);
    str_done(&bench->told);
}

static void watch(struct bench *bench, const struct version_rule *rule)
{
    const struct discover_repository cart = {bench->cart, rule};
    discover_set_repositories(bench->discover, &cart, 1);
}

static struct discover_status status_of(const struct bench *bench, struct arena *arena)
{
    struct discover_status *rows = NULL;
    assert_int_equal(discover_state(bench->discover, arena, &rows), 1);
    return rows[0];
}

static int64_t next_in_ms(struct bench *bench)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    return status_of(bench, arena).next_ms - bench_now_ms(bench);
}

/* Let a poll end that tells nothing. */
static void finish_poll(struct bench *bench)
{
    bool is_polling = true;
    for (int tries = 0; tries < PATIENCE_MS && is_polling; tries++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        int one = 1;
        await_count(bench->loop, &one, 1);
        is_polling = status_of(bench, arena).is_polling;
    }
    assert_false(is_polling);
}

static void advance(struct bench *bench, int64_t ms)
{
    bench->mono_ms += ms;
    discover_run_due(bench->discover);
}

static void expect_asked(const struct bench *bench, const char *digests)
{
    struct err err = {0};
    AUTO_STR(asked, 1000);
    AUTO_STR(letters, 1000);
    ASSERT_OK(file_read(bench->asked_file, &asked, &err), err);
    for (size_t i = 0; i < asked.length; i += 2) {
        str_add_char(&letters, asked.text[i]);
    }
    assert_string_equal(letters.text, digests);
}

static void expect_told(struct bench *bench, const char *wanted)
{
    assert_string_equal(bench->told.text, wanted);
    str_clear(&bench->told);
}

static void the_newest_are_checked_until_one_is_good(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    set_file(bench.signed_file, DIGEST_A "\n" DIGEST_B "\n");
    watch(&bench, &mailed);
    await_count(bench.loop, &bench.signatures, 2);
    expect_told(&bench, "c bad, b good");
    expect_asked(&bench, "cb");
    bench_stop(&bench);
}

/* The signature comes after the image, so the first times are near; a good one stays good. */
static void what_is_not_signed_is_checked_later_and_later_and_what_is_never_again(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    set_file(bench.signed_file, DIGEST_B "\n");
    watch(&bench, &mailed);
    await_count(bench.loop, &bench.signatures, 2);
    int64_t wait_ms = DISCOVER_CHECK_MS_FIRST;
    for (int tries = 1; tries < 12; tries++) {
        assert_int_equal(next_in_ms(&bench), wait_ms);
        advance(&bench, wait_ms);
        await_count(bench.loop, &bench.signatures, 2 + tries);
        wait_ms = wait_ms * 2 < DISCOVER_CHECK_MS_MAX ? wait_ms * 2 : DISCOVER_CHECK_MS_MAX;
    }
    expect_asked(&bench, "cbccccccccccc");
    set_file(bench.signed_file, DIGEST_C "\n"); /* and nobody looks at b again */
    str_clear(&bench.told);
    advance(&bench, wait_ms);
    await_count(bench.loop, &bench.signatures, 14);
    expect_told(&bench, "c good");
    assert_true(next_in_ms(&bench) > DISCOVER_CHECK_MS_MAX);
    bench_stop(&bench);
}

static void a_hint_of_the_signature_brings_a_check_at_once(void **state)
{
    (void)state;
    static const char *const tags[] = {"sha256-cccccccccccccccccccccccccccccccccccccccccccccccccccc"
                                       "cccccccccccc.sig",
                                       "sha256-cccccccccccccccccccccccccccccccccccccccccccccccccccc"
                                       "cccccccccccc"};
    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        struct bench bench;
        bench_start(&bench);
        set_file(bench.signed_file, DIGEST_B "\n");
        watch(&bench, &mailed);
        await_count(bench.loop, &bench.signatures, 2);
        expect_told(&bench, "c bad, b good");
        set_file(bench.signed_file, DIGEST_C "\n");
        bench.mono_ms += DISCOVER_HINT_GAP_MS;
        discover_hint(bench.discover, "shop/cart", "latest"); /* brings a poll, but no check */
        finish_poll(&bench);
        expect_asked(&bench, "cb");
        bench.mono_ms += DISCOVER_HINT_GAP_MS;
        discover_hint(bench.discover, "shop/cart", tags[i]);
        await_count(bench.loop, &bench.signatures, 3);
        expect_told(&bench, "c good");
        bench_stop(&bench);
    }
}

static void whatever_somebody_needs_to_know_is_checked_once(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    set_file(bench.signed_file, DIGEST_C "\n" DIGEST_A "\n");
    watch(&bench, &mailed);
    await_count(bench.loop, &bench.signatures, 1);
    expect_told(&bench, "c good");
    bench.mono_ms += DISCOVER_HINT_GAP_MS;
    discover_want_signature(bench.discover, bench.cart, DIGEST_A);
    discover_want_signature(bench.discover, bench.cart, DIGEST_A);
    discover_want_signature(bench.discover, bench.cart, DIGEST_B);
    discover_want_signature(bench.discover, bench.cart, "sha256:--help");
    discover_want_signature(bench.discover, "127.0.0.1:1/other", DIGEST_A);
    await_count(bench.loop, &bench.signatures, 3);
    expect_told(&bench, "a good, b bad");
    /* Not long ago. */
    discover_want_signature(bench.discover, bench.cart, DIGEST_B);
    finish_poll(&bench);
    expect_asked(&bench, "cab");
    /* Who asks for a good one has not heard of it: it is told, not checked. */
    bench.mono_ms += DISCOVER_HINT_GAP_MS;
    discover_want_signature(bench.discover, bench.cart, DIGEST_A);
    await_count(bench.loop, &bench.signatures, 4);
    expect_told(&bench, "a good");
    expect_asked(&bench, "cab");
    bench_stop(&bench);
}

static void what_is_asked_for_while_a_poll_runs_is_not_lost(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    set_file(bench.signed_file, DIGEST_C "\n" DIGEST_A "\n");
    watch(&bench, &mailed);
    discover_run_due(bench.discover);
    discover_want_signature(bench.discover, bench.cart, DIGEST_A);
    await_count(bench.loop, &bench.signatures, 1);
    advance(&bench, DISCOVER_HINT_GAP_MS);
    await_count(bench.loop, &bench.signatures, 2);
    expect_told(&bench, "c good, a good");
    bench_stop(&bench);
}

static void another_rule_knows_nothing_of_what_the_first_one_found(void **state)
{
    (void)state;
    struct bench bench;
    bench_start(&bench);
    set_file(bench.signed_file, DIGEST_C "\n");
    watch(&bench, &loose);
    await_count(bench.loop, &bench.listings, 1);
    expect_asked(&bench, "");
    bench.mono_ms += DISCOVER_HINT_GAP_MS;
    watch(&bench, &mailed);
    await_count(bench.loop, &bench.signatures, 1);
    bench.mono_ms += DISCOVER_HINT_GAP_MS;
    watch(&bench, &other);
    await_count(bench.loop, &bench.signatures, 2);
    expect_told(&bench, "c good, c good");
    expect_asked(&bench, "cc");
    bench_stop(&bench);
}

static void what_the_store_remembers_is_not_checked_again_by_the_same_rule(void **state)
{
    (void)state;
    struct bench bench;
    char rule[SHA256_HEX_BYTES];
    policy_signature_id(&by_mail, rule);
    const struct version_rule *const asking[] = {&mailed, &other};
    for (size_t i = 0; i < COUNT_OF(asking); i++) {
        bench_start(&bench);
        watch(&bench, asking[i]);
        const struct signature_row row = {.repository = bench.cart,
                                          .digest = DIGEST_C,
                                          .rule = rule,
                                          .verdict = {.state = SIGNATURE_GOOD}};
        discover_remember_signature(bench.discover, &row);
        await_count(bench.loop, &bench.listings, 1);
        finish_poll(&bench);
        expect_asked(&bench, i == 0 ? "" : "cba");
        bench_stop(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_are_checked_until_one_is_good),
        cmocka_unit_test(what_is_not_signed_is_checked_later_and_later_and_what_is_never_again),
        cmocka_unit_test(a_hint_of_the_signature_brings_a_check_at_once),
        cmocka_unit_test(whatever_somebody_needs_to_know_is_checked_once),
        cmocka_unit_test(what_is_asked_for_while_a_poll_runs_is_not_lost),
        cmocka_unit_test(another_rule_knows_nothing_of_what_the_first_one_found),
        cmocka_unit_test(what_the_store_remembers_is_not_checked_again_by_the_same_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
