/* Stories about stages whose versions come in by pull request. */
#include "world.h"

#include <stdio.h>

#define PIPELINE(mode)                                                                             \
    "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n  stages:\n"        \
    "    - name: dev\n      targets: [{cluster: dev, path: clusters/dev}]\n"                       \
    "      automatic: true\n"                                                                      \
    "    - name: prod\n      from: [dev]\n      automatic: true\n"                                 \
    "      targets:\n"                                                                             \
    "        - {cluster: prod-eu, path: clusters/prod-eu}\n"                                       \
    "        - {cluster: prod-us, path: clusters/prod-us}\n"                                       \
    "      waves: [[prod-eu], [prod-us]]\n      pullRequest: " mode "\n"

static const char *const cells = "dev/cart dev/web prod-eu/cart prod-eu/web prod-us/cart "
                                 "prod-us/web";

/* cart 1.1.0 runs in dev, and its release to prod has proposed its first wave. */
static int64_t begin_with(struct world *world, const char *text, uint64_t seed)
{
    world_init(world, text, cells, seed);
    world_push_image(world, "cart", "1.0.0");
    world_push_image(world, "web", "1.0.0");
    world_advance(world, 3000);
    world_push_image(world, "cart", "1.1.0");
    world_advance(world, 20000);
    AUTO(arena_free) struct arena *arena = arena_new();
    return world_last_release(world, "prod", arena)->id;
}

static int64_t begin(struct world *world)
{
    return begin_with(world, PIPELINE("true"), 1);
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("\"%s\" does not say \"%s\"", text, part);
    }
}

static void look_soon(struct world *world)
{
    promote_look_at_pulls(world->engine);
    world_advance(world, 6000);
}

static struct release *stored(struct world *world, int64_t id, struct arena *arena)
{
    struct release *release = NULL;
    struct err err = {0};
    ASSERT_OK(store_release_get(world->store, id, arena, &release, &err), err);
    return release;
}

static void versions_are_proposed_and_wait_with_the_link(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    struct world_pull *pull = world_pull_of(&world, id, 1);
    const struct release *release = promote_active(world.engine, id);
    assert_string_equal(world_git_tag(&world, "prod-eu", "cart"), "1.0.0");
    assert_int_equal(pull->state, PULL_OPEN);
    assert_int_equal(release->phase, RELEASE_COMMITTING);
    assert_says(release->why, "waits for someone to merge it: https://git.example.org");
    assert_says(pull->text, "promote cart to prod");
    assert_says(pull->text, "| cart | prod-eu | `cart` | `1.0.0` | `1.1.0` |");
    assert_says(pull->text, "Asked for by `heddle`");
    pull->approvals = 2;
    pull->checks = PULL_CHECKS_PENDING;
    look_soon(&world);
    assert_says(release->why, "2 approvals, checks pending");
    world_done(&world);
}

static void merge_and_follow(enum world_merge how, bool is_unnamed)
{
    struct world world;
    int64_t id = begin(&world);
    world.host->merges_unnamed = is_unnamed;
    for (int wave = 1; wave <= 2; wave++) {
        struct world_pull *pull = world_pull_of(&world, id, wave);
        assert_true(world_merge(&world, pull, how));
        look_soon(&world);
        world_advance(&world, 20000);
        assert_int_equal(pull->tip, -1);
    }
    assert_int_equal(world_finish(&world, id, 20000), RELEASE_DONE);
    assert_string_equal(world_running(&world, "prod-us", "cart"), "1.1.0");
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = stored(&world, id, arena);
    const char *merged = world.commits[world_pull_of(&world, id, 1)->merged_as].oid;
    assert_string_equal(release->commits[0], merged);
    assert_string_equal(world_statuses(&world, merged), "pending success");
    /* A merge is no person's own change. */
    assert_int_equal(world_last_release(&world, "prod", arena)->id, id);
    world_done(&world);
}

static void a_merge_is_followed_to_the_pods_wave_by_wave(void **state)
{
    (void)state;
    merge_and_follow(WORLD_MERGE_COMMIT, false);
}

static void a_squash_has_another_name_and_is_followed_too(void **state)
{
    (void)state;
    merge_and_follow(WORLD_SQUASH, false);
}

static void a_merge_that_the_host_does_not_name_is_found_by_its_content(void **state)
{
    (void)state;
    merge_and_follow(WORLD_SQUASH, true);
}

static void a_base_that_moved_is_followed_when_the_branch_has_rested(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    struct world_pull *pull = world_pull_of(&world, id, 1);
    world_person_commits(&world, "dev", "web", NULL);
    world_advance(&world, 30000);
    assert_int_equal(pull->pushes, 1);
    world_advance(&world, 300000);
    assert_int_equal(pull->pushes, 2);
    assert_int_equal(world.commits[pull->tip].parent, world.refs[0].head);
    assert_int_equal(world.host->pull_count, 1);
    world_advance(&world, 320000);
    assert_int_equal(pull->pushes, 2);
    world_done(&world);
}

static void a_conflict_is_resolved_at_once(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    struct world_pull *pull = world_pull_of(&world, id, 1);
    world_person_commits(&world, "prod-eu", "web", NULL);
    pull->is_bad = true;
    assert_false(world_merge(&world, pull, WORLD_MERGE_COMMIT));
    look_soon(&world);
    world_advance(&world, 5000);
    assert_int_equal(pull->pushes, 2);
    assert_true(world_merge(&world, pull, WORLD_MERGE_COMMIT));
    look_soon(&world);
    world_advance(&world, 10000);
    assert_string_equal(world_git_tag(&world, "prod-eu", "cart"), "1.1.0");
    world_done(&world);
}

static void a_persons_version_takes_the_place_of_a_proposal(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    world_person_commits(&world, "prod-eu", "cart", "0.9.0");
    world_person_commits(&world, "prod-us", "cart", "0.9.0");
    world_advance(&world, 10000);
    AUTO(arena_free) struct arena *arena = arena_new();
    assert_string_equal(world_running(&world, "prod-eu", "cart"), "0.9.0");
    assert_int_equal(stored(&world, id, arena)->items[0].state, ITEM_SUPERSEDED);
    assert_int_equal(world_pull_of(&world, id, 1)->state, PULL_CLOSED);
    world_done(&world);
}

static void what_a_newer_release_took_over_leaves_the_proposal(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    static const char *const both[] = {"cart", "web"};
    world_push_image(&world, "web", "1.1.0");
    world_advance(&world, 20000);
    struct promote_request request = {
        .to = "prod", .workloads = both, .workload_count = 2, .actor = "ada", .request_key = ""};
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world.engine, &request, &id, &err), err);
    world_advance(&world, 5000);
    struct world_pull *pull = world_pull_of(&world, id, 1);
    size_t cart = world_cell(&world, "prod-eu", "cart");
    size_t web = world_cell(&world, "prod-eu", "web");
    assert_string_equal(world.commits[pull->tip].tags[cart], "1.1.0");
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 20000);
    assert_int_equal(pull->state, PULL_OPEN);
    assert_string_equal(world.commits[pull->tip].tags[cart], "1.0.0");
    assert_string_equal(world.commits[pull->tip].tags[web], "1.1.0");
    world_done(&world);
}

static void closed_by_hand_stops_the_release_and_retry_opens_a_new_one(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    struct world_pull *closed = world_pull_of(&world, id, 1);
    closed->state = PULL_CLOSED;
    snprintf(closed->who, sizeof(closed->who), "mia");
    look_soon(&world);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = stored(&world, id, arena);
    assert_int_equal(release->phase, RELEASE_STOPPED);
    assert_says(release->why, "mia closed pull request #");
    world_advance(&world, 200000);
    assert_int_equal(world.host->pull_count, 1); /* nobody proposes it again by himself */
    assert_int_equal(closed->tip, -1);
    struct err err = {0};
    ASSERT_OK(promote_retry(world.engine, id, "ada", &err), err);
    world_advance(&world, 5000);
    assert_int_equal(world.host->pull_count, 2);
    assert_true(world_merge(&world, world_pull_of(&world, id, 1), WORLD_SQUASH));
    look_soon(&world);
    world_advance(&world, 10000);
    assert_string_equal(world_running(&world, "prod-eu", "cart"), "1.1.0");
    world_done(&world);
}

static void a_newer_version_closes_the_older_proposal_with_a_word(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    world_push_image(&world, "cart", "1.2.0");
    world_advance(&world, 30000);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct world_pull *old = world_pull_of(&world, id, 1);
    int64_t next = world_last_release(&world, "prod", arena)->id;
    assert_int_equal(stored(&world, id, arena)->phase, RELEASE_SUPERSEDED);
    assert_int_equal(old->state, PULL_CLOSED);
    assert_says(old->word, "took its place");
    assert_int_equal(old->tip, -1);
    assert_int_equal(world_pull_of(&world, next, 1)->state, PULL_OPEN);
    world_done(&world);
}

static void stopped_by_a_person_closes_it_also_after_a_restart(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    struct err err = {0};
    ASSERT_OK(promote_stop(world.engine, id, "ada", "@everyone not *now*", &err), err);
    world_kill(&world);
    world_advance(&world, 3000);
    struct world_pull *pull = world_pull_of(&world, id, 1);
    assert_int_equal(pull->state, PULL_CLOSED);
    assert_says(pull->word, "`Stopped by ada: @everyone not *now*.`");
    world_done(&world);
}

static void what_others_pushed_to_the_branch_is_left_and_checked(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    struct world_pull *pull = world_pull_of(&world, id, 1);
    world_person_amends(&world, pull, "prod-eu", "cart", "1.0.5");
    int tip = pull->tip;
    world_person_commits(&world, "dev", "web", NULL);
    world_advance(&world, 320000);
    assert_int_equal(pull->tip, tip);
    assert_true(world_merge(&world, pull, WORLD_SQUASH));
    look_soon(&world);
    AUTO(arena_free) struct arena *arena = arena_new();
    assert_int_equal(world_finish(&world, id, 60000), RELEASE_FAILED);
    assert_says(stored(&world, id, arena)->why, "merged, but");
    world_done(&world);
}

static void the_same_change_by_hand_ends_the_waiting(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin(&world);
    world_person_commits(&world, "prod-eu", "cart", "1.1.0");
    world_advance(&world, 330000);
    struct world_pull *pull = world_pull_of(&world, id, 1);
    assert_int_equal(pull->state, PULL_CLOSED);
    assert_says(pull->word, "nothing of it is left to do");
    assert_string_equal(world_running(&world, "prod-eu", "cart"), "1.1.0");
    assert_int_equal(promote_active(world.engine, id)->wave, 1);
    world_done(&world);
}

static void a_proposal_stands_in_nobodys_way(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "web", "1.1.0");
    world_advance(&world, 10000);
    assert_string_equal(world_running(&world, "dev", "web"), "1.1.0");
    world_done(&world);
}

static void it_is_merged_when_the_host_lets_it(void **state)
{
    (void)state;
    struct world world;
    int64_t id = begin_with(&world, PIPELINE("{merge: true}"), 1);
    struct world_pull *pull = world_pull_of(&world, id, 1);
    world.host->is_strict = true;
    pull->checks = PULL_CHECKS_PENDING;
    world_advance(&world, 200000);
    assert_int_equal(pull->state, PULL_OPEN);
    pull->checks = PULL_CHECKS_PASSED;
    world_advance(&world, 200000);
    assert_says(promote_active(world.engine, id)->why, "not enough approvals");
    pull->approvals = 1;
    world_advance(&world, 200000);
    assert_int_equal(pull->state, PULL_MERGED);
    assert_string_equal(world_running(&world, "prod-eu", "cart"), "1.1.0");
    world_done(&world);
}

static void a_host_that_is_too_busy_is_left_alone_for_as_long_as_it_says(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world.host->busy_until_ms = world.now_ms + 300000;
    look_soon(&world);
    int questions = world.host->questions;
    world_advance(&world, 280000);
    assert_int_equal(world.host->questions, questions);
    world_done(&world);
}

/* dev, and after it two stages in repositories on a host each. */
static const char *const pipeline_of_hosts =
    "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n  stages:\n"
    "    - name: dev\n      targets: [{cluster: dev, path: clusters/dev}]\n"
    "      automatic: true\n"
    "    - name: east\n      from: [dev]\n      automatic: true\n      pullRequest: true\n"
    "      targets: [{cluster: east, path: clusters/east, repository: east, branch: main}]\n"
    "    - name: west\n      from: [dev]\n      automatic: true\n      pullRequest: true\n"
    "      targets: [{cluster: west, path: clusters/west, repository: west, branch: main}]\n";

static int64_t last_of(struct world *world, const char *stage)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    return world_last_release(world, stage, arena)->id;
}

static void expect_statuses(struct world *world, int64_t id, const char *states)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    assert_string_equal(world_statuses(world, stored(world, id, arena)->commits[0]), states);
}

static void a_host_that_is_too_busy_holds_back_only_its_own_repositories(void **state)
{
    (void)state;
    struct world world;
    world_init(&world, pipeline_of_hosts, "dev/cart east/cart west/cart", 1);
    world_push_image(&world, "cart", "1.0.0");
    world_advance(&world, 3000);
    world.host->busy_host = "east";
    world.host->busy_until_ms = world.now_ms + 300000;
    world_push_image(&world, "cart", "1.1.0");
    world_advance(&world, 20000);
    int64_t east = last_of(&world, "east");
    int64_t west = last_of(&world, "west");
    assert_int_equal(world_pull_of(&world, east, 1)->number, 0); /* the branch alone */
    assert_true(world_merge(&world, world_pull_of(&world, west, 1), WORLD_MERGE_COMMIT));
    look_soon(&world);
    assert_int_equal(world_finish(&world, west, 20000), RELEASE_DONE);
    world_advance(&world, 10000);
    expect_statuses(&world, west, "pending success");
    /* And then it is asked again by itself. */
    world_advance(&world, 280000);
    assert_true(world_merge(&world, world_pull_of(&world, east, 1), WORLD_MERGE_COMMIT));
    look_soon(&world);
    assert_int_equal(world_finish(&world, east, 20000), RELEASE_DONE);
    world_advance(&world, 10000);
    expect_statuses(&world, east, "pending success");
    world_done(&world);
}

/* Waiting costs some looks at first, and one in two minutes later. */
static void waiting_is_cheap(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_advance(&world, 60000);
    int questions = world.host->questions;
    world_advance(&world, 900000);
    assert_in_range(world.host->questions - questions, 6, 12);
    world_done(&world);
}

static void a_storm_of_hooks_is_no_storm_of_questions(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    int questions = world.host->questions;
    for (int i = 0; i < 600; i++) {
        promote_look_at_pulls(world.engine);
        world_advance(&world, 100);
    }
    assert_in_range(world.host->questions - questions, 10, 16);
    world_done(&world);
}

static void a_failure_is_shown_on_the_commit(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    world_push_image(&world, "web", "bad-9");
    static const char *const names[] = {"web"};
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
    world_advance(&world, 5000);
    AUTO(arena_free) struct arena *arena = arena_new();
    assert_string_equal(world_statuses(&world, stored(&world, id, arena)->commits[0]),
                        "pending failure");
    world_done(&world);
}

/* ---- whatever dies ---- */

static void run_with_faults(uint64_t seed, struct world_tally *tally)
{
    struct world world;
    int64_t id = begin_with(&world, PIPELINE("true"), seed);
    world.patience.stuck_ms = 600000;
    world.faults = (struct world_faults){
        .lose_act = 15, .unavailable = 15, .foreign = 5, .kill = 3, .merge = 2};
    enum release_phase phase = world_finish(&world, id, 7200000);
    world.faults = (struct world_faults){0};
    world_advance(&world, 150000);
    if (phase != RELEASE_DONE || strcmp(world_running(&world, "prod-us", "cart"), "1.1.0") != 0) {
        fail_msg("seed %llu: R-%lld is %s", (unsigned long long)seed, (long long)id,
                 release_phase_name(phase));
    }
    /* One pull request for each wave, merged once, and no branch left behind. */
    size_t merged = 0;
    for (size_t i = 0; i < world.host->pull_count; i++) {
        const struct world_pull *pull = &world.host->pulls[i];
        merged += pull->state == PULL_MERGED;
        if (pull->state == PULL_OPEN || pull->tip >= 0) {
            fail_msg("seed %llu: %s is left behind", (unsigned long long)seed, pull->branch);
        }
    }
    if (world.host->pull_count != 2 || merged != 2) {
        fail_msg("seed %llu: %zu pull requests, %zu merged", (unsigned long long)seed,
                 world.host->pull_count, merged);
    }
    world_survived(&world, tally);
}

static void one_pull_request_for_each_wave_whatever_dies(void **state)
{
    (void)state;
    world_each_seed(20, run_with_faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_proposed_and_wait_with_the_link),
        cmocka_unit_test(a_merge_is_followed_to_the_pods_wave_by_wave),
        cmocka_unit_test(a_squash_has_another_name_and_is_followed_too),
        cmocka_unit_test(a_merge_that_the_host_does_not_name_is_found_by_its_content),
        cmocka_unit_test(a_base_that_moved_is_followed_when_the_branch_has_rested),
        cmocka_unit_test(a_conflict_is_resolved_at_once),
        cmocka_unit_test(a_persons_version_takes_the_place_of_a_proposal),
        cmocka_unit_test(what_a_newer_release_took_over_leaves_the_proposal),
        cmocka_unit_test(closed_by_hand_stops_the_release_and_retry_opens_a_new_one),
        cmocka_unit_test(a_newer_version_closes_the_older_proposal_with_a_word),
        cmocka_unit_test(stopped_by_a_person_closes_it_also_after_a_restart),
        cmocka_unit_test(what_others_pushed_to_the_branch_is_left_and_checked),
        cmocka_unit_test(the_same_change_by_hand_ends_the_waiting),
        cmocka_unit_test(a_proposal_stands_in_nobodys_way),
        cmocka_unit_test(it_is_merged_when_the_host_lets_it),
        cmocka_unit_test(a_host_that_is_too_busy_is_left_alone_for_as_long_as_it_says),
        cmocka_unit_test(a_host_that_is_too_busy_holds_back_only_its_own_repositories),
        cmocka_unit_test(waiting_is_cheap),
        cmocka_unit_test(a_storm_of_hooks_is_no_storm_of_questions),
        cmocka_unit_test(a_failure_is_shown_on_the_commit),
        cmocka_unit_test(one_pull_request_for_each_wave_whatever_dies),
    };
    return cmocka_run_group_tests_name("pull requests", tests, NULL, NULL);
}
