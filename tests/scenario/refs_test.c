/* Stories about stages on several branches, of several repositories: a queue for each, and each
   wave one commit on one of them. */
#include "world.h"

#include <stdio.h>

static const char *const pipeline =
    "apiVersion: heddle.dev/v1\n"
    "kind: Pipeline\n"
    "metadata: {name: shop}\n"
    "spec:\n"
    "  stages:\n"
    "    - name: dev\n"
    "      targets: [{cluster: dev, path: clusters/dev}]\n"
    "      automatic: true\n"
    "    - name: staging\n"
    "      from: [dev]\n"
    "      targets: [{cluster: staging, path: clusters/staging, branch: env/staging}]\n"
    "      automatic: true\n"
    "    - name: prod\n"
    "      from: [staging]\n"
    "      targets:\n"
    "        - {cluster: prod-eu, path: clusters/prod-eu, branch: env/prod}\n"
    "        - {cluster: prod-us, path: clusters/prod-us, repository: us, branch: main}\n"
    "      waves: [[prod-eu], [prod-us]]\n";

static const char *const cells = "dev/cart dev/web staging/cart staging/web "
                                 "prod-eu/cart prod-eu/web prod-us/cart prod-us/web";

static const char *const both[] = {"cart", "web"};

static void push_all(struct world *world, const char *tag)
{
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        world_push_image(world, both[i], tag);
    }
}

static void begin(struct world *world, uint64_t seed)
{
    world_init(world, pipeline, cells, seed);
    push_all(world, "1.0.0");
    world_advance(world, 3000);
    assert_int_equal(world->pushes, 0);
    assert_int_equal(world->ref_count, 4);
}

static int64_t submit(struct world *world, const char *to)
{
    struct promote_request request = {.workloads = both,
                                      .workload_count = COUNT_OF(both),
                                      .actor = "ada",
                                      .reason = "",
                                      .request_key = ""};
    snprintf(request.to, sizeof(request.to), "%s", to);
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_submit(world->engine, &request, &id, &err), err);
    return id;
}

static int64_t roll_back(struct world *world, int64_t release)
{
    struct rollback_request request = {
        .release = release, .actor = "ada", .reason = "it is bad", .request_key = ""};
    int64_t id = 0;
    struct err err = {0};
    ASSERT_OK(promote_rollback(world->engine, &request, &id, &err), err);
    return id;
}

static const char *why_of(struct world *world, int64_t id)
{
    const struct release *release = promote_active(world->engine, id);
    assert_non_null(release);
    return release->why;
}

/* Everything of a version in dev and staging, and the release that brought it to prod. */
static int64_t promote_all(struct world *world, const char *tag)
{
    push_all(world, tag);
    world_advance(world, 30000);
    int64_t id = submit(world, "prod");
    assert_int_equal(world_finish(world, id, 60000), RELEASE_DONE);
    return id;
}

static void every_wave_is_one_commit_on_the_branch_of_its_targets(void **state)
{
    (void)state;
    struct world world;
    begin(&world, 1);
    int64_t id = promote_all(&world, "1.1.0");
    for (size_t i = 0; i < world.cell_count; i++) {
        assert_string_equal(world.cells[i].running, "1.1.0");
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = NULL;
    struct err err = {0};
    ASSERT_OK(store_release_get(world.store, id, arena, &release, &err), err);
    assert_int_equal(release->wave_count, 2);
    assert_string_equal(release->commits[0],
                        world.commits[world_ref_of(&world, "prod-eu")->head].oid);
    assert_string_equal(release->commits[1],
                        world.commits[world_ref_of(&world, "prod-us")->head].oid);
    assert_int_equal(world.commits[world_ref_of(&world, "prod-eu")->head].parent, 0);
    assert_int_equal(world.commits[world_ref_of(&world, "prod-us")->head].parent, 0);
    world_done(&world);
}

static void a_branch_for_each_stage_has_everything_at_its_root(void **state)
{
    (void)state;
    static const char roots[] =
        "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n  stages:\n"
        "    - name: dev\n      targets: [{cluster: dev, path: .}]\n      automatic: true\n"
        "    - name: staging\n      from: [dev]\n      automatic: true\n"
        "      targets: [{cluster: staging, path: ., branch: env/staging}]\n"
        "    - name: prod\n      from: [staging]\n"
        "      targets: [{cluster: prod, path: ., branch: env/prod}]\n";
    struct world world;
    world_init(&world, roots, "dev/cart dev/web staging/cart staging/web prod/cart prod/web", 1);
    push_all(&world, "1.0.0");
    world_advance(&world, 3000);
    int64_t id = promote_all(&world, "1.1.0");
    for (size_t i = 0; i < world.cell_count; i++) {
        assert_string_equal(world.cells[i].running, "1.1.0");
    }
    assert_int_equal(world_finish(&world, roll_back(&world, id), 60000), RELEASE_DONE);
    assert_string_equal(world_running(&world, "prod", "cart"), "1.0.0");
    assert_string_equal(world_running(&world, "staging", "cart"), "1.1.0");
    world_done(&world);
}

static void what_is_under_way_on_one_branch_keeps_nobody_from_another(void **state)
{
    (void)state;
    struct world world;
    begin(&world, 1);
    promote_all(&world, "1.1.0");
    world_person_commits(&world, "dev", "cart", "1.0.0");
    world_person_commits(&world, "dev", "web", "1.0.0");
    world_person_commits(&world, "prod-eu", "cart", "1.0.0");
    world_advance(&world, 10000);
    submit(&world, "dev");
    submit(&world, "prod");
    assert_int_equal(world.act_count, 2);
    assert_string_equal(world.acts[0]->branch, "main");
    assert_string_equal(world.acts[1]->branch, "env/prod");
    world_advance(&world, 20000);
    assert_string_equal(world_running(&world, "dev", "web"), "1.1.0");
    assert_string_equal(world_running(&world, "prod-eu", "cart"), "1.1.0");
    world_done(&world);
}

static void what_waits_for_its_push_is_no_ground_for_another_branch(void **state)
{
    (void)state;
    struct world world;
    begin(&world, 1);
    promote_all(&world, "1.1.0");
    world_person_commits(&world, "dev", "cart", "1.0.0");
    world_person_commits(&world, "prod-eu", "cart", "1.0.0");
    world_advance(&world, 10000);
    world.is_away = true;
    int64_t first = submit(&world, "dev");
    world_advance(&world, 2000);
    assert_true(promote_active(world.engine, first)->commits[0][0]);
    int64_t second = submit(&world, "prod");
    world_advance(&world, 2000);
    const char *commit = promote_active(world.engine, second)->commits[0];
    int parent = world.commits[world_find_commit(&world, commit)].parent;
    assert_int_equal(parent, world_ref_of(&world, "prod-eu")->head);
    world.is_away = false;
    world_advance(&world, 60000);
    assert_string_equal(world_running(&world, "dev", "cart"), "1.1.0");
    assert_string_equal(world_running(&world, "prod-eu", "cart"), "1.1.0");
    world_done(&world);
}

static void a_rollback_is_in_git_everywhere_before_anything_of_it_is_waited_for(void **state)
{
    (void)state;
    struct world world;
    begin(&world, 1);
    int64_t bad = promote_all(&world, "1.1.0");
    world.rollout_ms = 30000;
    int64_t id = roll_back(&world, bad);
    world_advance(&world, 3000);
    assert_string_equal(world_git_tag(&world, "prod-eu", "cart"), "1.0.0");
    assert_string_equal(world_git_tag(&world, "prod-us", "cart"), "1.0.0");
    assert_string_equal(world_running(&world, "prod-eu", "cart"), "1.1.0");
    assert_int_equal(world_finish(&world, id, 60000), RELEASE_DONE);
    for (size_t i = 4; i < world.cell_count; i++) {
        assert_string_equal(world.cells[i].running, "1.0.0");
    }
    world_done(&world);
}

static void a_rollback_is_over_when_it_runs_on_all_of_its_branches(void **state)
{
    (void)state;
    struct world world;
    begin(&world, 1);
    int64_t bad = promote_all(&world, "1.1.0");
    world.silent = "prod-eu";
    int64_t id = roll_back(&world, bad);
    world_advance(&world, 20000);
    assert_string_equal(world_running(&world, "prod-us", "cart"), "1.0.0");
    assert_non_null(strstr(why_of(&world, id), "prod-eu"));
    world.silent = NULL;
    assert_int_equal(world_finish(&world, id, 60000), RELEASE_DONE);
    assert_string_equal(world_running(&world, "prod-eu", "cart"), "1.0.0");
    world_done(&world);
}

static void a_branch_that_cannot_be_read_stops_its_own_releases_and_says_why(void **state)
{
    (void)state;
    struct world world;
    begin(&world, 1);
    promote_all(&world, "1.1.0");
    struct world_ref *staging = world_ref_of(&world, "staging");
    staging->problem = "the repository has no branch \"env/staging\"";
    world.fetch_wanted = true;
    world_advance(&world, 1000);
    push_all(&world, "1.2.0");
    world_advance(&world, 10000);
    assert_string_equal(world_running(&world, "dev", "cart"), "1.2.0");
    assert_string_equal(world_git_tag(&world, "staging", "cart"), "1.1.0");
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct release *waiting = world_last_release(&world, "staging", arena);
    assert_string_equal(why_of(&world, waiting->id), staging->problem);
    staging->problem = NULL;
    world_advance(&world, 20000);
    assert_string_equal(world_running(&world, "staging", "cart"), "1.2.0");
    world_done(&world);
}

static void
a_rewritten_history_stops_automation_where_its_versions_go_and_nowhere_else(void **state)
{
    (void)state;
    struct world world;
    begin(&world, 1);
    struct world_ref *staging = world_ref_of(&world, "staging");
    staging->is_rewritten = true;
    world.fetch_wanted = true;
    world_advance(&world, 1000);
    push_all(&world, "1.1.0");
    world_advance(&world, 20000);
    assert_string_equal(world_running(&world, "dev", "cart"), "1.1.0");
    assert_string_equal(world_git_tag(&world, "staging", "cart"), "1.0.0");
    const struct git_view *git = promote_git(world.engine);
    assert_null(promote_rewritten(world.engine, pipeline_stage(git->pipeline, "dev")));
    assert_string_equal(
        promote_rewritten(world.engine, pipeline_stage(git->pipeline, "staging"))->branch,
        "env/staging");
    assert_non_null(promote_rewritten(world.engine, pipeline_stage(git->pipeline, "prod")));
    /* A person's wish waits behind it, too. */
    int64_t id = submit(&world, "staging");
    world_advance(&world, 3000);
    assert_non_null(strstr(why_of(&world, id), "history of the branch env/staging was rewritten"));
    staging->is_rewritten = false;
    world.fetch_wanted = true;
    assert_int_equal(world_finish(&world, id, 30000), RELEASE_DONE);
    /* Where the pipeline itself stands, everything waits. */
    world_ref_of(&world, "dev")->is_rewritten = true;
    world.fetch_wanted = true;
    world_advance(&world, 1000);
    git = promote_git(world.engine);
    assert_string_equal(
        promote_rewritten(world.engine, pipeline_stage(git->pipeline, "prod"))->branch, "main");
    world_done(&world);
}

static void commits_of_people_on_two_branches_are_two_releases(void **state)
{
    (void)state;
    struct world world;
    begin(&world, 1);
    world_person_commits(&world, "prod-eu", "cart", NULL);
    world_person_commits(&world, "prod-us", "cart", NULL);
    world_advance(&world, 10000);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_filter filter = {.stage = "prod", .limit = 10};
    struct release_list list = {0};
    struct err err = {0};
    ASSERT_OK(store_release_list(world.store, &filter, arena, &list, &err), err);
    assert_int_equal(list.count, 2);
    for (size_t i = 0; i < list.count; i++) {
        assert_int_equal(list.releases[i]->kind, RELEASE_CONFIG);
        assert_int_equal(list.releases[i]->phase, RELEASE_DONE);
        assert_int_equal(list.releases[i]->item_count, 1);
    }
    world_done(&world);
}

/* A wave was planned as one; then its targets were put on two branches. */
static void a_wave_is_never_split_over_two_branches(void **state)
{
    (void)state;
    static const char head[] = "apiVersion: heddle.dev/v1\nkind: Pipeline\n"
                               "metadata: {name: shop}\nspec:\n  stages:\n    - name: prod\n"
                               "      targets:\n        - {cluster: eu, path: clusters/eu}\n";
    AUTO(arena_free) struct arena *arena = arena_new();
    const char *before =
        arena_printf(arena, "%s        - {cluster: us, path: clusters/us}\n", head);
    const char *after = arena_printf(arena,
                                     "%s        - {cluster: us, path: clusters/us, branch: us}\n"
                                     "      waves: [[eu], [us]]\n",
                                     head);
    struct world world;
    world_init(&world, before, "eu/cart eu/web us/cart us/web", 1);
    push_all(&world, "1.0.0");
    world_advance(&world, 1000);
    push_all(&world, "1.1.0");
    world.is_away = true;
    int64_t id = submit(&world, "prod");
    world_advance(&world, 1000);
    world_set_pipeline(&world, after);
    world_person_commits(&world, "eu", "cart", NULL); /* the commit is made again */
    world.is_away = false;
    assert_int_equal(world_finish(&world, id, 60000), RELEASE_FAILED);
    const struct release *release = world_last_release(&world, "prod", arena);
    struct release *failed = NULL;
    struct err err = {0};
    ASSERT_OK(store_release_get(world.store, id, arena, &failed, &err), err);
    assert_non_null(release);
    assert_non_null(strstr(failed->why, "has us on another branch than the rest of its wave"));
    assert_int_equal(world.pushes, 0);
    world_done(&world);
}

static void check_all(struct world *world, const char *tag, uint64_t seed)
{
    for (size_t i = 0; i < world->cell_count; i++) {
        bool is_prod = strncmp(world->cells[i].cluster, "prod", 4) == 0;
        const char *wanted = is_prod ? tag : "1.1.0";
        if (strcmp(world->cells[i].running, wanted) != 0) {
            fail_msg("seed %llu: %s/%s runs %s", (unsigned long long)seed, world->cells[i].cluster,
                     world->cells[i].workload, world->cells[i].running);
        }
    }
    world_check_history(world, seed);
}

static void run_with_faults(uint64_t seed, struct world_tally *tally)
{
    struct world world;
    begin(&world, seed);
    world.patience.stuck_ms = 600000;
    const struct world_faults faults = {
        .lose_act = 20, .unavailable = 15, .foreign = 10, .kill = 4};
    world.faults = faults;
    push_all(&world, "1.1.0");
    world_advance(&world, 60000);
    int64_t id = submit(&world, "prod");
    enum release_phase phase = world_finish(&world, id, 600000);
    world.faults = (struct world_faults){0};
    world_advance(&world, 30000);
    assert_int_equal(phase, RELEASE_DONE);
    check_all(&world, "1.1.0", seed);
    world.faults = faults;
    phase = world_finish(&world, roll_back(&world, id), 600000);
    world.faults = (struct world_faults){0};
    world_advance(&world, 30000);
    assert_int_equal(phase, RELEASE_DONE);
    check_all(&world, "1.0.0", seed);
    world_survived(&world, tally);
}

static void nothing_is_lost_or_doubled_on_any_branch_whatever_dies(void **state)
{
    (void)state;
    world_each_seed(40, run_with_faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wave_is_one_commit_on_the_branch_of_its_targets),
        cmocka_unit_test(a_branch_for_each_stage_has_everything_at_its_root),
        cmocka_unit_test(what_is_under_way_on_one_branch_keeps_nobody_from_another),
        cmocka_unit_test(what_waits_for_its_push_is_no_ground_for_another_branch),
        cmocka_unit_test(a_rollback_is_in_git_everywhere_before_anything_of_it_is_waited_for),
        cmocka_unit_test(a_rollback_is_over_when_it_runs_on_all_of_its_branches),
        cmocka_unit_test(a_branch_that_cannot_be_read_stops_its_own_releases_and_says_why),
        cmocka_unit_test(
            a_rewritten_history_stops_automation_where_its_versions_go_and_nowhere_else),
        cmocka_unit_test(commits_of_people_on_two_branches_are_two_releases),
        cmocka_unit_test(a_wave_is_never_split_over_two_branches),
        cmocka_unit_test(nothing_is_lost_or_doubled_on_any_branch_whatever_dies),
    };
    return cmocka_run_group_tests_name("refs", tests, NULL, NULL);
}
