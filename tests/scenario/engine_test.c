/* Stories about the engine: the real engine and store, a simulated world, a virtual clock. */
#include "world.h"

#include <stdio.h>

#include "policy/policy.h"

static const char *const pipeline = "apiVersion: heddle.dev/v1\n"
                                    "kind: Pipeline\n"
                                    "metadata: {name: shop}\n"
                                    "spec:\n"
                                    "  stages:\n"
                                    "    - name: dev\n"
                                    "      targets: [{cluster: dev, path: clusters/dev}]\n"
                                    "      automatic: true\n"
                                    "    - name: staging\n"
                                    "      from: [dev]\n"
                                    "      targets: [{cluster: staging, path: clusters/staging}]\n"
                                    "      automatic: true\n"
                                    "      gates: [{soak: 10s}]\n"
                                    "    - name: prod\n"
                                    "      from: [staging]\n"
                                    "      targets:\n"
                                    "        - {cluster: prod-eu, path: clusters/prod-eu}\n"
                                    "        - {cluster: prod-us, path: clusters/prod-us}\n"
                                    "      waves: [[prod-eu], [prod-us]]\n"
                                    "      gates: [{approval: {count: 1}}]\n";

static const char *const cells =
    "dev/cart dev/orders dev/web staging/cart staging/orders staging/web "
    "prod-eu/cart prod-eu/orders prod-eu/web prod-us/cart prod-us/orders prod-us/web";

#define CHART "chart-redis"
static const char *const charts =
    "dev/" CHART " staging/" CHART " prod-eu/" CHART " prod-us/" CHART;
static const char *const cells_and_charts =
    "dev/cart dev/" CHART " dev/orders dev/web staging/cart staging/" CHART " staging/orders "
    "staging/web prod-eu/cart prod-eu/" CHART " prod-eu/orders prod-eu/web prod-us/cart "
    "prod-us/" CHART " prod-us/orders prod-us/web";

static void begin(struct world *world)
{
    world_init(world, pipeline, cells, 1);
    world_push_image(world, "cart", "1.0.0");
    world_push_image(world, "orders", "1.0.0");
    world_push_image(world, "web", "1.0.0");
    world_advance(world, 3000);
    assert_int_equal(world->pushes, 0);
}

static int64_t submit(struct world *world, const char *to, const char *const *names, size_t count)
{
    struct promote_request request = {.workloads = names,
                                      .workload_count = count,
                                      .actor = "ada",
                                      .reason = "",
                                      .request_key = ""};
    snprintf(request.to, sizeof(request.to), "%s", to);
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world->engine, &request, &id, &err), err);
    return id;
}

static void a_new_version_reaches_dev_then_staging_after_its_soak(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 1000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.1.0");
    world_advance(&world, 5000);
    assert_string_equal(world_running(&world, "dev", "cart"), "1.1.0");
    assert_string_equal(world_git_tag(&world, "staging", "cart"), "1.0.0");
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *waiting = world_last_release(&world, "staging", arena);
    assert_int_equal(waiting->phase, RELEASE_QUEUED);
    world_advance(&world, 15000);
    assert_string_equal(world_running(&world, "staging", "cart"), "1.1.0");
    assert_string_equal(world_git_tag(&world, "prod-eu", "cart"), "1.0.0");
    assert_int_equal(world.pushes, 2);
    world_done(&world);
}

static void a_chart_moves_within_its_major_version_until_a_person_takes_the_next(void **state)
{
    (void)state;
    static const char *const names[] = {CHART};
    struct world world;
    world_init(&world, pipeline, charts, 1);
    world_push_image(&world, CHART, "1.0.0");
    world_push_image(&world, CHART, "2.0.0");
    world_advance(&world, 10000);
    assert_int_equal(world.pushes, 0);
    world_push_image(&world, CHART, "1.1.0");
    world_advance(&world, 30000);
    assert_string_equal(world_running(&world, "dev", CHART), "1.1.0");
    assert_string_equal(world_running(&world, "staging", CHART), "1.1.0");
    int64_t id = submit(&world, "dev", names, COUNT_OF(names));
    assert_int_equal(world_finish(&world, id, 30000), RELEASE_DONE);
    assert_string_equal(world_running(&world, "dev", CHART), "2.0.0");
    /* What dev runs is read about already. */
    world_advance(&world, 30000);
    assert_string_equal(world_running(&world, "staging", CHART), "2.0.0");
    world_done(&world);
}

static void a_release_is_not_done_before_its_pods_run_the_digest(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.rollout_ms = 30000;
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 20000);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = world_last_release(&world, "dev", arena);
    assert_int_equal(release->phase, RELEASE_ROLLING_OUT);
    assert_int_equal(world_finish(&world, release->id, 20000), RELEASE_DONE);
    world_done(&world);
}

static void prod_waits_for_someone_else_and_goes_wave_by_wave(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "cart", "1.1.0");
    world_push_image(&world, "orders", "1.2.0");
    world_push_image(&world, "web", "1.3.0");
    world_advance(&world, 60000);
    int pushes = world.pushes;
    int commits = world_count_trailer(&world, "Heddle-Workloads: cart, orders, web");
    static const char *const names[] = {"cart", "orders", "web"};
    int64_t id = submit(&world, "prod", names, 3);
    world_advance(&world, 20000);
    const struct release *release = promote_active(world.engine, id);
    assert_int_equal(release->phase, RELEASE_NEEDS_APPROVAL);
    struct err err = {0};
    ASSERT_FAILS(promote_approve(world.engine, id, "ada", NULL, "", &err), err, ERR_REFUSED,
                 "someone else must approve");
    ASSERT_OK(promote_approve(world.engine, id, "mia", release->plan_digest, "ok", &err), err);
    world_advance(&world, 1500);
    assert_string_equal(world_git_tag(&world, "prod-eu", "web"), "1.3.0");
    assert_string_equal(world_git_tag(&world, "prod-us", "web"), "1.0.0");
    assert_int_equal(world_finish(&world, id, 60000), RELEASE_DONE);
    assert_string_equal(world_running(&world, "prod-us", "orders"), "1.2.0");
    assert_int_equal(world.pushes - pushes, 2);
    assert_int_equal(world_count_trailer(&world, "Heddle-Workloads: cart, orders, web") - commits,
                     2);
    world_done(&world);
}

static void a_plan_that_changed_is_refused(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 30000);
    static const char *const names[] = {"cart"};
    struct promote_request request = {
        .to = "prod", .workloads = names, .workload_count = 1, .actor = "ada", .request_key = ""};
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan plan;
    struct err err = {0};
    ASSERT_OK(promote_plan(world.engine, &request, arena, &plan, &err), err);
    char digest[65];
    snprintf(digest, sizeof(digest), "%s", plan.digest);
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 60000);
    request.plan_digest = digest;
    int64_t id = 0;
    ASSERT_FAILS(promote_submit(world.engine, &request, &id, &err), err, ERR_REFUSED,
                 "has changed");
    world_done(&world);
}

/* A reader sees the newest words; the release's patience does not begin anew with each of them. */
static void what_is_not_healthy_is_said_in_one_sentence(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "cart", "bad-1");
    static const char *const names[] = {"cart"};
    struct promote_request request = {.to = "dev",
                                      .workloads = names,
                                      .workload_count = 1,
                                      .version = "bad-1",
                                      .actor = "ada",
                                      .reason = "",
                                      .request_key = ""};
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world.engine, &request, &id, &err), err);
    world_advance(&world, 10000);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct plan plan = {0};
    request.version = NULL;
    snprintf(request.to, sizeof(request.to), "staging");
    ASSERT_OK(promote_plan(world.engine, &request, arena, &plan, &err), err);
    assert_int_equal(plan.skip_count, 1);
    assert_string_equal(plan.skips[0].reason, "bad-1 is not healthy in dev: cart exits with code 1 "
                                              "(0 restarts).");
    world_done(&world);
}

static void more_restarts_are_told_and_are_no_progress(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    static const char *const names[] = {"cart"};
    world_push_image(&world, "cart", "bad-2");
    struct promote_request request = {.to = "dev",
                                      .workloads = names,
                                      .workload_count = 1,
                                      .version = "bad-2",
                                      .actor = "ada",
                                      .request_key = ""};
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world.engine, &request, &id, &err), err);
    world_advance(&world, 8000);
    int64_t stuck_ms = promote_active(world.engine, id)->items[0].since_ms;
    world.restarts = 5;
    world_advance(&world, 1000);
    assert_non_null(strstr(promote_active(world.engine, id)->why, "(5 restarts)"));
    const int64_t patience_ms = 60000; /* unless told otherwise */
    for (int64_t waited = 0; waited < patience_ms; waited += 1000) {
        world.restarts++;
        world_advance(&world, 1000);
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *over = NULL;
    ASSERT_OK(store_release_get(world.store, id, arena, &over, &err), err);
    assert_int_equal(over->phase, RELEASE_FAILED);
    assert_non_null(strstr(over->why, over->items[0].diagnosis.what));
    assert_in_range(over->finished_ms - stuck_ms, patience_ms, patience_ms + 3000);
    world_done(&world);
}

static void a_bad_version_is_rolled_back_and_held_until_a_newer_one(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    static const char *const names[] = {"cart"};
    world_push_image(&world, "cart", "bad-2");
    struct promote_request request = {.to = "dev",
                                      .workloads = names,
                                      .workload_count = 1,
                                      .version = "bad-2",
                                      .actor = "ada",
                                      .request_key = ""};
    int64_t bad = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world.engine, &request, &bad, &err), err);
    world_advance(&world, 8000);
    assert_int_equal(promote_active(world.engine, bad)->items[0].state, ITEM_STUCK);

    struct rollback_request back = {
        .stage = "dev", .workload = "cart", .actor = "ada", .reason = "crashes", .request_key = ""};
    int64_t id = 0;
    ASSERT_OK(promote_rollback(world.engine, &back, &id, &err), err);
    assert_int_equal(world_finish(&world, id, 20000), RELEASE_DONE);
    assert_string_equal(world_running(&world, "dev", "cart"), "1.0.0");
    assert_non_null(promote_hold_of(world.engine, "dev", "cart"));
    world_advance(&world, 20000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.0.0");

    int64_t ended = 0;
    ASSERT_OK(promote_resume(world.engine, "dev", "cart", &ended, &err), err);
    assert_int_equal(ended, 1);
    world_done(&world);
}

static void a_rollback_of_a_numbered_version_holds_until_a_newer_number(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 10000);
    struct rollback_request back = {
        .stage = "dev", .workload = "cart", .actor = "ada", .reason = "slow", .request_key = ""};
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_rollback(world.engine, &back, &id, &err), err);
    assert_int_equal(world_finish(&world, id, 20000), RELEASE_DONE);
    world_advance(&world, 30000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.0.0");
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 10000);
    assert_string_equal(world_running(&world, "dev", "cart"), "1.2.0");
    assert_null(promote_hold_of(world.engine, "dev", "cart"));
    world_done(&world);
}

static void a_rollback_to_a_tag_without_digest_ends_when_it_is_healthy(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_person_commits(&world, "dev", "cart", "loose-1");
    world_advance(&world, 10000);
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 10000);
    assert_string_equal(world_running(&world, "dev", "cart"), "1.1.0");
    struct rollback_request back = {.stage = "dev",
                                    .workload = "cart",
                                    .to = "loose-1",
                                    .actor = "ada",
                                    .reason = "slow",
                                    .request_key = ""};
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_rollback(world.engine, &back, &id, &err), err);
    assert_int_equal(world_finish(&world, id, 20000), RELEASE_DONE);
    assert_string_equal(world_running(&world, "dev", "cart"), "loose-1");
    world_done(&world);
}

static void a_tag_in_git_is_proven_by_its_digest_where_the_runtime_tells_it(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.says_tags = true;
    world.is_runtime_silent = true;
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 10000);
    AUTO(arena_free) struct arena *arena = arena_new();
    assert_int_equal(world_last_release(&world, "dev", arena)->phase, RELEASE_DONE);

    world.is_runtime_silent = false;
    world.runs_other_bytes = true;
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 10000);
    const struct release *waiting = world_last_release(&world, "dev", arena);
    assert_int_equal(waiting->phase, RELEASE_ROLLING_OUT);
    assert_non_null(strstr(waiting->why, "the tag has moved"));
    assert_non_null(strstr(waiting->why, "pin: always"));

    world.runs_other_bytes = false;
    assert_int_equal(world_finish(&world, waiting->id, 10000), RELEASE_DONE);
    world_done(&world);
}

static void a_newer_version_takes_the_place_of_a_waiting_one(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 6000);
    AUTO(arena_free) struct arena *arena = arena_new();
    int64_t first = world_last_release(&world, "staging", arena)->id;
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 40000);
    struct release *old = NULL;
    struct err err = {0};
    ASSERT_OK(store_release_get(world.store, first, arena, &old, &err), err);
    assert_int_equal(old->phase, RELEASE_SUPERSEDED);
    assert_true(old->superseded_by > first);
    assert_string_equal(world_running(&world, "staging", "cart"), "1.2.0");
    world_done(&world);
}

static void a_failed_release_can_be_tried_again(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    static const char *const names[] = {"cart"};
    world_push_image(&world, "cart", "bad-9");
    struct promote_request request = {.to = "dev",
                                      .workloads = names,
                                      .workload_count = 1,
                                      .version = "bad-9",
                                      .actor = "ada",
                                      .request_key = ""};
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world.engine, &request, &id, &err), err);
    assert_int_equal(world_finish(&world, id, 120000), RELEASE_FAILED);
    ASSERT_OK(promote_retry(world.engine, id, "ada", &err), err);
    assert_int_equal(promote_active(world.engine, id)->phase, RELEASE_ROLLING_OUT);
    ASSERT_OK(promote_stop(world.engine, id, "ada", "enough", &err), err);
    assert_int_equal(world_finish(&world, id, 1000), RELEASE_STOPPED);
    ASSERT_FAILS(promote_stop(world.engine, id, "ada", "", &err), err, ERR_REFUSED, "is over");
    world_done(&world);
}

/* The end of a failed release is only told, and stored, when its rollback is. */
static void is_taken_back_already(struct world *world, const struct release *release)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    if (release->phase == RELEASE_FAILED) {
        assert_int_equal(world_last_release(world, "dev", arena)->rollback_of, release->id);
    }
}

static void a_stage_that_says_so_takes_back_what_failed(void **state)
{
    (void)state;
    struct world world;
    world_init(&world,
               "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n"
               "  stages: [{name: dev, onFailure: rollback,"
               " targets: [{cluster: dev, path: clusters/dev}]}]\n",
               "dev/cart", 1);
    world.on_release = is_taken_back_already;
    world_push_image(&world, "cart", "1.0.0");
    world_push_image(&world, "cart", "bad-9");
    world_advance(&world, 3000);
    static const char *const names[] = {"cart"};
    struct promote_request request = {.to = "dev",
                                      .workloads = names,
                                      .workload_count = 1,
                                      .version = "bad-9",
                                      .actor = "ada",
                                      .request_key = ""};
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world.engine, &request, &id, &err), err);
    assert_int_equal(world_finish(&world, id, 120000), RELEASE_FAILED);
    assert_int_equal(world_finish(&world, id + 1, 20000), RELEASE_DONE);
    assert_string_equal(world_running(&world, "dev", "cart"), "1.0.0");
    assert_non_null(promote_hold_of(world.engine, "dev", "cart"));
    ASSERT_FAILS(promote_retry(world.engine, id, "ada", &err), err, ERR_REFUSED, "R-2 came after");
    world_done(&world);
}

static void a_persons_commit_becomes_a_release_of_kind_config(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_person_commits(&world, "staging", "web", NULL);
    world_advance(&world, 10000);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = world_last_release(&world, "staging", arena);
    assert_non_null(release);
    assert_int_equal(release->kind, RELEASE_CONFIG);
    assert_int_equal(release->phase, RELEASE_DONE);
    assert_string_equal(release->items[0].workload, "web");
    world_done(&world);
}

static void a_version_that_a_person_took_back_is_not_pushed_again(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 10000);
    world_person_commits(&world, "dev", "cart", "1.0.0");
    world_advance(&world, 30000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.0.0");
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 10000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.2.0");
    world_done(&world);
}

static void automation_never_moves_backwards(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_person_commits(&world, "dev", "cart", "2.0.0");
    world_advance(&world, 5000);
    world_push_image(&world, "cart", "1.5.0");
    world_advance(&world, 20000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "2.0.0");
    world_done(&world);
}

/* ---- signatures ---- */

static const char *const signed_pipeline =
    "apiVersion: heddle.dev/v1\n"
    "kind: Pipeline\n"
    "metadata: {name: shop}\n"
    "spec:\n"
    "  versions:\n"
    "    - images: r/cart\n"
    "      signed: {identity: ci@example.org, issuer: \"https://example.org\"}\n"
    "  stages:\n"
    "    - name: dev\n"
    "      targets: [{cluster: dev, path: clusters/dev}]\n"
    "      automatic: true\n"
    "    - name: staging\n"
    "      from: [dev]\n"
    "      targets: [{cluster: staging, path: clusters/staging}]\n";

static void find_signature(struct world *world, const char *tag, enum signature_state state,
                           const char *why)
{
    static const struct signature_rule rule = {.key = "",
                                               .identity = "ci@example.org",
                                               .identity_pattern = "",
                                               .issuer = "https://example.org"};
    char id[SHA256_HEX_BYTES];
    char digest[IMAGE_DIGEST_BYTES];
    bool changed = false;
    struct err err = {0};
    policy_signature_id(&rule, id);
    world_digest("cart", tag, digest);
    struct signature_row row = {
        .repository = "r/cart", .digest = digest, .rule = id, .verdict = {.state = state}};
    TEXT_COPY_CUT(row.verdict.why, why);
    ASSERT_OK(store_signature_put(world->store, &row, &changed, &err), err);
    ASSERT_OK(promote_versions_changed(world->engine, "r/cart", &err), err);
}

static void expect_refusal(struct world *world, const char *to, const char *version,
                           const char *says)
{
    struct promote_request request = {.actor = "ada", .reason = "", .request_key = ""};
    struct err err = {0};
    int64_t id = 0;
    snprintf(request.to, sizeof(request.to), "%s", to);
    request.version = version;
    ASSERT_FAILS(promote_submit(world->engine, &request, &id, &err), err, ERR_REFUSED, says);
}

static void only_a_version_with_a_good_signature_goes_anywhere(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, signed_pipeline, "dev/cart staging/cart", 1);
    world_push_image(&world, "cart", "1.0.0");
    world_push_image(&world, "cart", "1.1.0");
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 5000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.0.0");
    find_signature(&world, "1.2.0", SIGNATURE_BAD, "It is not signed.");
    find_signature(&world, "1.1.0", SIGNATURE_GOOD, "");
    world_advance(&world, 20000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.1.0");
    expect_refusal(&world, "dev", "1.2.0", "It is not signed.");
    /* The better one comes when its signature does. */
    find_signature(&world, "1.2.0", SIGNATURE_GOOD, "");
    world_advance(&world, 20000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.2.0");
    world_done(&world);
}

static void what_a_person_put_into_a_stage_is_not_promoted_unsigned(void **state)
{
    (void)state;
    struct world world;
    char digest[IMAGE_DIGEST_BYTES];
    char wanted[IMAGE_TEXT_BYTES];
    world_init(&world, signed_pipeline, "dev/cart staging/cart", 1);
    world_push_image(&world, "cart", "1.0.0");
    world_person_commits(&world, "dev", "cart", "1.3.0-rc.1");
    world_advance(&world, 20000);
    world.wanted_signature[0] = '\0';
    expect_refusal(&world, "staging", NULL, "Its signature is being checked");
    world_digest("cart", "1.3.0-rc.1", digest);
    snprintf(wanted, sizeof(wanted), "r/cart@%s", digest);
    assert_string_equal(world.wanted_signature, wanted);
    find_signature(&world, "1.3.0-rc.1", SIGNATURE_BAD, "None is the right one.");
    expect_refusal(&world, "staging", NULL, "None is the right one.");
    find_signature(&world, "1.3.0-rc.1", SIGNATURE_GOOD, "");
    int64_t id = submit(&world, "staging", NULL, 0);
    assert_int_equal(world_finish(&world, id, 60000), RELEASE_DONE);
    assert_string_equal(world_git_tag(&world, "staging", "cart"), "1.3.0-rc.1");
    world_done(&world);
}

static void the_same_request_twice_is_one_release(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 30000);
    static const char *const names[] = {"cart"};
    struct promote_request request = {.to = "prod",
                                      .workloads = names,
                                      .workload_count = 1,
                                      .actor = "ada",
                                      .request_key = "key-1"};
    int64_t first = 0;
    int64_t second = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world.engine, &request, &first, &err), err);
    ASSERT_OK(promote_submit(world.engine, &request, &second, &err), err);
    assert_int_equal(first, second);
    world_done(&world);
}

/* ---- the commit queue ---- */

static const char *const lone_stage = "apiVersion: heddle.dev/v1\n"
                                      "kind: Pipeline\n"
                                      "metadata: {name: shop}\n"
                                      "spec:\n"
                                      "  stages:\n"
                                      "    - name: dev\n"
                                      "      targets: [{cluster: dev, path: clusters/dev}]\n";

#define CROWD_MAX 40

/* Workloads w00, w01, … in one stage, each with a version 1.1.0 that nobody has asked for. */
static void begin_crowd(struct world *world, size_t count, uint64_t seed)
{
    AUTO_STR(all, 4096);
    for (size_t i = 0; i < count; i++) {
        str_addf(&all, "%sdev/w%02zu", i ? " " : "", i);
    }
    world_init(world, lone_stage, all.text, seed);
    for (size_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "w%02zu", i);
        world_push_image(world, name, "1.0.0");
        world_push_image(world, name, "1.1.0");
    }
    world_advance(world, 3000);
}

/* One release for each of them, at one moment; the id of the first. */
static int64_t submit_crowd(struct world *world, size_t count)
{
    int64_t first = 0;
    for (size_t i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "w%02zu", i);
        const char *const names[] = {name};
        int64_t id = submit(world, "dev", names, 1);
        first = first ? first : id;
    }
    return first;
}

static void releases_that_wait_go_together_in_one_push(void **state)
{
    (void)state;
    struct world world;
    begin_crowd(&world, 6, 1);
    int64_t first = submit_crowd(&world, 6);
    for (int64_t id = first; id < first + 6; id++) {
        assert_int_equal(world_finish(&world, id, 20000), RELEASE_DONE);
        assert_int_equal(world_commits_of(&world, id), 1);
    }
    assert_int_equal(world.pushes, 1);
    world_done(&world);
}

static void a_push_takes_so_many_and_the_oldest_first(void **state)
{
    (void)state;
    struct world world;
    begin_crowd(&world, CROWD_MAX, 1);
    int64_t first = submit_crowd(&world, CROWD_MAX);
    while (world.pushes == 0) {
        world_advance(&world, 100);
    }
    assert_int_equal(world_commits_of(&world, first), 1);
    assert_int_equal(world_commits_of(&world, first + 31), 1);
    assert_int_equal(world_commits_of(&world, first + 32), 0);
    assert_int_equal(world_finish(&world, first + CROWD_MAX - 1, 20000), RELEASE_DONE);
    assert_int_equal(world.pushes, 2);
    world_done(&world);
}

static void one_that_cannot_be_committed_keeps_nobody(void **state)
{
    (void)state;
    struct world world;
    begin_crowd(&world, 4, 1);
    snprintf(world.uneditable, sizeof(world.uneditable), "w01");
    int64_t first = submit_crowd(&world, 4);
    for (int64_t id = first; id < first + 4; id++) {
        assert_int_equal(world_finish(&world, id, 20000),
                         id == first + 1 ? RELEASE_FAILED : RELEASE_DONE);
    }
    assert_int_equal(world.pushes, 1);
    assert_string_equal(world_git_tag(&world, "dev", "w01"), "1.0.0");
    world_done(&world);
}

static void one_that_the_git_host_refuses_keeps_nobody(void **state)
{
    (void)state;
    struct world world;
    begin_crowd(&world, 4, 1);
    snprintf(world.unwelcome, sizeof(world.unwelcome), "w01");
    int64_t first = submit_crowd(&world, 4);
    for (int64_t id = first; id < first + 4; id++) {
        bool is_bad = id == first + 1;
        assert_int_equal(world_finish(&world, id, 20000), is_bad ? RELEASE_FAILED : RELEASE_DONE);
        assert_int_equal(world_commits_of(&world, id), is_bad ? 0 : 1);
    }
    assert_string_equal(world_git_tag(&world, "dev", "w01"), "1.0.0");
    world_done(&world);
}

static void one_that_is_stopped_before_the_push_is_not_pushed_with_the_others(void **state)
{
    (void)state;
    struct world world;
    begin_crowd(&world, 4, 1);
    world.is_away = true;
    int64_t first = submit_crowd(&world, 4);
    world_advance(&world, 2000);
    struct err err = {0};
    ASSERT_OK(promote_stop(world.engine, first + 1, "ada", "not that one", &err), err);
    world.is_away = false;
    for (int64_t id = first; id < first + 4; id++) {
        bool is_stopped = id == first + 1;
        assert_int_equal(world_finish(&world, id, 60000),
                         is_stopped ? RELEASE_STOPPED : RELEASE_DONE);
        assert_int_equal(world_commits_of(&world, id), is_stopped ? 0 : 1);
    }
    assert_string_equal(world_git_tag(&world, "dev", "w01"), "1.0.0");
    world_done(&world);
}

/* A chain whose push has begun may be in Git already: nobody joins it, and a lost race makes all of
   it anew. */
static void a_lost_race_is_run_again_with_everybody(void **state)
{
    (void)state;
    struct world world;
    begin_crowd(&world, 4, 1);
    world.is_away = true;
    int64_t first = submit_crowd(&world, 3);
    world_advance(&world, 2000);
    world_person_commits(&world, "dev", "w00", NULL);
    const char *const late[] = {"w03"};
    int64_t last = submit(&world, "dev", late, 1);
    world_advance(&world, 1000);
    assert_non_null(strstr(promote_active(world.engine, last)->why, "is committing first"));
    world.is_away = false;
    for (int64_t id = first; id <= last; id++) {
        assert_int_equal(world_finish(&world, id, 60000), RELEASE_DONE);
        assert_int_equal(world_commits_of(&world, id), 1);
    }
    world_done(&world);
}

/* ---- versions that come together ---- */

static const char *const alone_stage = "apiVersion: heddle.dev/v1\n"
                                       "kind: Pipeline\n"
                                       "metadata: {name: shop}\n"
                                       "spec:\n"
                                       "  stages:\n"
                                       "    - name: dev\n"
                                       "      targets: [{cluster: dev, path: clusters/dev}]\n"
                                       "      automatic: true\n";

static void push_all(struct world *world, const char *tag)
{
    for (size_t i = 0; i < world->cell_count; i++) {
        world_push_image(world, world->cells[i].workload, tag);
    }
}

static void versions_that_come_together_are_one_release(void **state)
{
    (void)state;
    struct world world;
    AUTO(arena_free) struct arena *arena = arena_new();
    world_init(&world, alone_stage, "dev/cart dev/orders dev/users dev/web", 1);
    push_all(&world, "1.0.0");
    push_all(&world, "1.1.0");
    world_advance(&world, 10000);
    const struct release *release = world_last_release(&world, "dev", arena);
    assert_int_equal(release->id, 1);
    assert_int_equal(release->phase, RELEASE_DONE);
    assert_int_equal(release->item_count, 4);
    assert_int_equal(world.pushes, 1);
    world_done(&world);
}

/* The first ones do not go before the others are there; and nobody waits for ever. */
static void while_more_are_expected_nothing_goes(void **state)
{
    (void)state;
    struct world world;
    AUTO(arena_free) struct arena *arena = arena_new();
    world_init(&world, alone_stage, "dev/cart dev/orders dev/users dev/web", 1);
    push_all(&world, "1.0.0");
    world_advance(&world, 1000);
    world.versions_until_ms = world.now_ms + 500;
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 400);
    assert_null(world_last_release(&world, "dev", arena));
    world_push_image(&world, "web", "1.1.0");
    world_advance(&world, 200);
    assert_int_equal(world_last_release(&world, "dev", arena)->item_count, 2);
    world_advance(&world, 10000);

    world.versions_until_ms = INT64_MAX;
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 900);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.1.0");
    world_advance(&world, 1000);
    assert_string_equal(world_git_tag(&world, "dev", "cart"), "1.2.0");
    world_done(&world);
}

static void one_of_them_that_cannot_be_committed_goes_alone_the_next_time(void **state)
{
    (void)state;
    struct world world;
    AUTO(arena_free) struct arena *arena = arena_new();
    world_init(&world, alone_stage, "dev/cart dev/orders dev/users dev/web", 1);
    push_all(&world, "1.0.0");
    snprintf(world.uneditable, sizeof(world.uneditable), "orders");
    push_all(&world, "1.1.0");
    world_advance(&world, 20000);
    for (size_t i = 0; i < world.cell_count; i++) {
        bool is_bad = strcmp(world.cells[i].workload, "orders") == 0;
        assert_string_equal(world.cells[i].running, is_bad ? "1.0.0" : "1.1.0");
    }
    /* All together, and then each by itself; no more. */
    assert_int_equal(world_last_release(&world, "dev", arena)->id, 5);
    world_done(&world);
}

static void one_of_them_that_is_stuck_delays_no_other(void **state)
{
    (void)state;
    struct world world;
    AUTO(arena_free) struct arena *arena = arena_new();
    world_init(&world, alone_stage, "dev/cart dev/orders dev/users dev/web", 1);
    push_all(&world, "1.0.0");
    world.stuck_version = "1.1.0";
    snprintf(world.stuck, sizeof(world.stuck), "orders");
    push_all(&world, "1.1.0");
    world_advance(&world, 10000);
    const struct release *release = world_last_release(&world, "dev", arena);
    assert_int_equal(release->phase, RELEASE_ROLLING_OUT);
    for (size_t i = 0; i < release->item_count; i++) {
        bool is_bad = strcmp(release->items[i].workload, "orders") == 0;
        assert_int_equal(release->items[i].state, is_bad ? ITEM_STUCK : ITEM_DONE);
    }
    world_push_image(&world, "orders", "1.1.1");
    world_push_image(&world, "web", "1.1.1");
    world_advance(&world, 20000);
    for (size_t i = 0; i < world.cell_count; i++) {
        const char *name = world.cells[i].workload;
        bool is_new = strcmp(name, "orders") == 0 || strcmp(name, "web") == 0;
        assert_string_equal(world.cells[i].running, is_new ? "1.1.1" : "1.1.0");
    }
    world_done(&world);
}

static void run_with_faults(uint64_t seed, struct world_tally *tally)
{
    struct world world;
    world_init(&world, pipeline, cells_and_charts, seed);
    world.patience.stuck_ms = 600000;
    world.faults =
        (struct world_faults){.lose_act = 20, .unavailable = 15, .foreign = 10, .kill = 4};
    static const char *const workloads[] = {"cart", CHART, "orders", "web"};
    for (size_t i = 0; i < COUNT_OF(workloads); i++) {
        world_push_image(&world, workloads[i], "1.1.0");
        world_advance(&world, 3000);
    }
    world_advance(&world, 60000);
    int64_t id = submit(&world, "prod", workloads, COUNT_OF(workloads));
    world_advance(&world, 1000);
    struct err err = {0};
    ASSERT_OK(promote_approve(world.engine, id, "mia", NULL, "ok", &err), err);
    enum release_phase phase = world_finish(&world, id, 600000);
    world.faults = (struct world_faults){0};
    world_advance(&world, 60000);
    if (phase != RELEASE_DONE) {
        fail_msg("seed %llu: R-%lld is %s", (unsigned long long)seed, (long long)id,
                 release_phase_name(phase));
    }
    for (size_t i = 0; i < world.cell_count; i++) {
        if (strcmp(world.cells[i].running, "1.1.0") != 0) {
            fail_msg("seed %llu: %s/%s runs %s", (unsigned long long)seed, world.cells[i].cluster,
                     world.cells[i].workload, world.cells[i].running);
        }
    }
    world_check_history(&world, seed);
    world_survived(&world, tally);
}

static void nothing_is_lost_or_doubled_whatever_dies(void **state)
{
    (void)state;
    world_each_seed(40, run_with_faults);
}

static void run_crowd_with_faults(uint64_t seed, struct world_tally *tally)
{
    struct world world;
    const size_t count = 12;
    begin_crowd(&world, count, seed);
    world.patience.stuck_ms = 600000;
    world.faults =
        (struct world_faults){.lose_act = 15, .unavailable = 15, .foreign = 10, .kill = 6};
    int64_t first = submit_crowd(&world, count);
    for (size_t i = 0; i < count; i++) {
        enum release_phase phase = world_finish(&world, first + (int64_t)i, 1200000);
        if (phase != RELEASE_DONE || world_commits_of(&world, first + (int64_t)i) != 1) {
            fail_msg("seed %llu: R-%lld is %s with %d commits", (unsigned long long)seed,
                     (long long)first + (long long)i, release_phase_name(phase),
                     world_commits_of(&world, first + (int64_t)i));
        }
    }
    for (size_t i = 0; i < world.cell_count; i++) {
        assert_string_equal(world.cells[i].running, "1.1.0");
    }
    world_survived(&world, tally);
}

static void nothing_of_a_crowd_is_lost_or_doubled_whatever_dies(void **state)
{
    (void)state;
    world_each_seed(40, run_crowd_with_faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_version_reaches_dev_then_staging_after_its_soak),
        cmocka_unit_test(a_chart_moves_within_its_major_version_until_a_person_takes_the_next),
        cmocka_unit_test(a_release_is_not_done_before_its_pods_run_the_digest),
        cmocka_unit_test(prod_waits_for_someone_else_and_goes_wave_by_wave),
        cmocka_unit_test(a_plan_that_changed_is_refused),
        cmocka_unit_test(what_is_not_healthy_is_said_in_one_sentence),
        cmocka_unit_test(more_restarts_are_told_and_are_no_progress),
        cmocka_unit_test(a_bad_version_is_rolled_back_and_held_until_a_newer_one),
        cmocka_unit_test(a_rollback_of_a_numbered_version_holds_until_a_newer_number),
        cmocka_unit_test(a_rollback_to_a_tag_without_digest_ends_when_it_is_healthy),
        cmocka_unit_test(a_tag_in_git_is_proven_by_its_digest_where_the_runtime_tells_it),
        cmocka_unit_test(a_newer_version_takes_the_place_of_a_waiting_one),
        cmocka_unit_test(a_failed_release_can_be_tried_again),
        cmocka_unit_test(a_stage_that_says_so_takes_back_what_failed),
        cmocka_unit_test(a_persons_commit_becomes_a_release_of_kind_config),
        cmocka_unit_test(a_version_that_a_person_took_back_is_not_pushed_again),
        cmocka_unit_test(automation_never_moves_backwards),
        cmocka_unit_test(only_a_version_with_a_good_signature_goes_anywhere),
        cmocka_unit_test(what_a_person_put_into_a_stage_is_not_promoted_unsigned),
        cmocka_unit_test(the_same_request_twice_is_one_release),
        cmocka_unit_test(releases_that_wait_go_together_in_one_push),
        cmocka_unit_test(a_push_takes_so_many_and_the_oldest_first),
        cmocka_unit_test(one_that_cannot_be_committed_keeps_nobody),
        cmocka_unit_test(one_that_the_git_host_refuses_keeps_nobody),
        cmocka_unit_test(one_that_is_stopped_before_the_push_is_not_pushed_with_the_others),
        cmocka_unit_test(a_lost_race_is_run_again_with_everybody),
        cmocka_unit_test(versions_that_come_together_are_one_release),
        cmocka_unit_test(while_more_are_expected_nothing_goes),
        cmocka_unit_test(one_of_them_that_cannot_be_committed_goes_alone_the_next_time),
        cmocka_unit_test(one_of_them_that_is_stuck_delays_no_other),
        cmocka_unit_test(nothing_is_lost_or_doubled_whatever_dies),
        cmocka_unit_test(nothing_of_a_crowd_is_lost_or_doubled_whatever_dies),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
