/* Looks at several branches, of two real repositories: each for itself. */
#include "look_scene.h"

#include <stdlib.h>

#define HEAD "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n  stages:\n"
#define DEV "    - {name: dev, targets: [{cluster: dev, path: clusters/dev}]}\n"

static const char branches[] =
    HEAD DEV "    - {name: staging, from: [dev],"
             " targets: [{cluster: staging, path: app, branch: env/staging}]}\n"
             "    - {name: prod, from: [staging],"
             " targets: [{cluster: prod, path: app, branch: env/prod}]}\n";

static const char repositories[] =
    HEAD DEV "    - {name: prod, from: [dev], targets: [{cluster: prod, path: app,"
             " repository: infra}]}\n";

static const char *commit_to(struct scene *scene, struct remote *remote, const char *branch,
                             const char *image)
{
    return remote_commit(
        remote, branch,
        &(const struct remote_file){"app/cart.yaml", scene_manifest(scene, "cart", image)}, 1);
}

/* All three branches, looked at. */
static struct scene *with_branches(void **state)
{
    struct scene *scene = *state;
    commit_to(scene, &scene->remote, "env/staging", "shop/cart:1.0.0");
    commit_to(scene, &scene->remote, "env/prod", "shop/cart:1.0.0");
    COMMIT(scene, {"heddle.yaml", branches});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene->view->pipeline_problem, "");
    assert_int_equal(scene->view->ref_count, 3);
    return scene;
}

static const char *tag_of(const struct scene *scene, const char *cluster)
{
    const struct target_view *target = scene_target(scene, cluster);
    ASSERT_OK(target->scan, ((struct err){.text = "no scan"}));
    return scan_find(target->scan, "cart")->places[0].image.tag;
}

static void each_branch_has_its_own_head_history_and_scan(void **state)
{
    struct scene *scene = with_branches(state);
    assert_string_equal(scene->view->refs[0].branch, "main");
    assert_string_equal(scene_target(scene, "staging")->ref->branch, "env/staging");
    assert_int_equal(scene_target(scene, "staging")->ref->history_count, 1);
    assert_int_equal(scene_target(scene, "dev")->ref->history_count, 2);
    const char *tip = commit_to(scene, &scene->remote, "env/prod", "shop/cart:1.1.0");
    const struct scan *staging = scene_scan(scene, "staging");
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene_target(scene, "prod")->ref->head, tip);
    assert_string_equal(tag_of(scene, "prod"), "1.1.0");
    assert_string_equal(tag_of(scene, "staging"), "1.0.0");
    assert_ptr_equal(scene_scan(scene, "staging"), staging);
    assert_int_equal(scene_look(scene), SAME);
}

static void a_persons_commit_is_told_on_its_branch_also_after_a_restart(void **state)
{
    struct scene *scene = with_branches(state);
    const char *tip = commit_to(scene, &scene->remote, "env/prod", "shop/cart:1.1.0");
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    const struct foreign_change *change = scene_change(scene);
    assert_string_equal(change->commit, tip);
    assert_string_equal(change->target, "prod");
    assert_int_equal(scene_look(scene), SAME);
}

/* A heddle that knew one branch kept its head alone. */
static void the_head_that_an_older_heddle_stored_is_counted_from(void **state)
{
    struct scene *scene = *state;
    struct err err = {0};
    assert_int_equal(scene_look(scene), NEW);
    ASSERT_OK(store_setting_put(scene->store, "git.head", scene->view->refs[0].head, &err), err);
    seen_heads_done(&scene->seen);
    seen_heads_load(scene->store, "main", &scene->seen);
    git_view_free(&scene->view);
    COMMIT(scene, {"clusters/prod/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.1.0")});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene_change(scene)->target, "prod");
}

static void a_branch_that_is_missing_is_the_problem_of_its_targets_alone(void **state)
{
    struct scene *scene = *state;
    commit_to(scene, &scene->remote, "env/staging", "shop/cart:1.0.0");
    COMMIT(scene, {"heddle.yaml", branches});
    assert_int_equal(scene_look(scene), NEW);
    const struct target_view *prod = scene_target(scene, "prod");
    assert_null(prod->scan);
    assert_string_equal(prod->problem, "the repository has no branch \"env/prod\"");
    assert_string_equal(prod->ref->problem, prod->problem);
    assert_string_equal(tag_of(scene, "staging"), "1.0.0");
    assert_int_equal(scene_look(scene), SAME);
    /* It comes, and is not taken for news. */
    commit_to(scene, &scene->remote, "env/prod", "shop/cart:1.0.0");
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(tag_of(scene, "prod"), "1.0.0");
    assert_int_equal(scene->view->change_count, 0);
}

static void a_branch_that_goes_away_is_shown_as_it_was(void **state)
{
    struct scene *scene = with_branches(state);
    REMOTE_GIT(&scene->remote, "branch", "--quiet", "-m", "env/prod", "elsewhere");
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(tag_of(scene, "prod"), "1.0.0");
    assert_non_null(strstr(scene_target(scene, "prod")->ref->problem, "no branch \"env/prod\""));
    /* What a person did to it before it came back is told. */
    REMOTE_GIT(&scene->remote, "branch", "--quiet", "-m", "elsewhere", "env/prod");
    commit_to(scene, &scene->remote, "env/prod", "shop/cart:1.1.0");
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene_target(scene, "prod")->ref->problem, "");
    assert_string_equal(scene_change(scene)->target, "prod");
}

static void only_the_branch_whose_history_was_rewritten_waits_for_a_person(void **state)
{
    struct scene *scene = with_branches(state);
    REMOTE_GIT(&scene->remote, "update-ref", "refs/heads/env/prod", "refs/heads/env/staging");
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_true(scene_target(scene, "prod")->ref->is_rewritten);
    assert_false(scene_target(scene, "staging")->ref->is_rewritten);
    assert_false(scene->view->refs[0].is_rewritten);
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_true(scene_target(scene, "prod")->ref->is_rewritten);
    assert_int_equal(scene_look_as(scene, true), NEW);
    assert_false(scene_target(scene, "prod")->ref->is_rewritten);
}

static void the_servers_branch_may_be_named_and_is_the_same(void **state)
{
    struct scene *scene = *state;
    static const char named[] = HEAD DEV
        "    - {name: prod, targets: [{cluster: prod, path: clusters/prod, branch: main}]}\n";
    COMMIT(scene, {"heddle.yaml", named});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene->view->pipeline_problem, "");
    assert_int_equal(scene->view->ref_count, 1);
    /* So it does not hide that two clusters have one path. */
    static const char twice[] = HEAD DEV
        "    - {name: prod, targets: [{cluster: prod, path: clusters/dev, branch: main}]}\n";
    COMMIT(scene, {"heddle.yaml", twice});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(
        scene->view->pipeline_problem,
        "heddle.yaml:7:7: path \"clusters/dev\" belongs to cluster \"dev\" already; "
        "give cluster \"prod\" a path of its own");
}

static void branches_of_a_pipeline_that_broke_are_not_forgotten(void **state)
{
    struct scene *scene = with_branches(state);
    COMMIT(scene, {"heddle.yaml", "kind: [\n"});
    free(scene->good_pipeline);
    scene->good_pipeline = NULL;
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_int_equal(scene->view->ref_count, 1);
    commit_to(scene, &scene->remote, "env/prod", "shop/cart:1.1.0");
    COMMIT(scene, {"heddle.yaml", branches});
    assert_int_equal(scene_look(scene), NEW);
    assert_int_equal(scene->view->ref_count, 3);
    assert_string_equal(scene_change(scene)->target, "prod");
}

/* ---- further repositories ---- */

static void a_target_in_another_repository_is_looked_at_there(void **state)
{
    struct scene *scene = *state;
    scene->known = 2;
    const char *tip = commit_to(scene, &scene->infra, "main", "shop/cart:1.0.0");
    COMMIT(scene, {"heddle.yaml", repositories});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene_target(scene, "prod")->ref->repository, "infra");
    assert_string_equal(scene_target(scene, "prod")->ref->head, tip);
    assert_string_equal(tag_of(scene, "prod"), "1.0.0");
    commit_to(scene, &scene->infra, "main", "shop/cart:1.1.0");
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(tag_of(scene, "prod"), "1.1.0");
    assert_string_equal(scene_change(scene)->target, "prod");
}

static void a_repository_that_cannot_be_reached_stops_no_other(void **state)
{
    struct scene *scene = *state;
    scene->known = 2;
    commit_to(scene, &scene->infra, "main", "shop/cart:1.0.0");
    COMMIT(scene, {"heddle.yaml", repositories});
    assert_int_equal(scene_look(scene), NEW);
    const char *away = arena_printf(scene->infra.arena, "%s-away", scene->infra.url);
    assert_int_equal(rename(scene->infra.url, away), 0);
    COMMIT(scene, {"clusters/dev/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.1.0")});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(tag_of(scene, "dev"), "1.1.0");
    assert_string_equal(tag_of(scene, "prod"), "1.0.0");
    assert_true(scene_target(scene, "prod")->ref->problem[0] != '\0');
    /* It is left alone for a while; a person's wish is asked at once. */
    assert_true(scene->rest_until_ms[1] > env_now_mono_ms(env_system()));
    scene->rest_until_ms[1] = INT64_MAX;
    assert_int_equal(scene_look(scene), SAME);
    assert_int_equal(rename(away, scene->infra.url), 0);
    assert_int_equal(scene_look(scene), SAME);
    assert_int_equal(scene_look_as(scene, true), NEW);
    assert_string_equal(scene_target(scene, "prod")->ref->problem, "");
    assert_int_equal(scene->rest_until_ms[1], 0);
}

static void a_repository_that_the_server_does_not_know_is_said_with_its_place(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    COMMIT(scene, {"heddle.yaml", repositories});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(
        scene->view->pipeline_problem,
        "heddle.yaml:7:43: prod is in the repository \"infra\", and the server knows "
        "none of that name: name it in the file of --repositories");
    assert_int_equal(scene->view->ref_count, 1);
}

static void pull_requests_need_the_git_host_of_their_own_repository(void **state)
{
    struct scene *scene = *state;
    scene->known = 2;
    scene->repositories[0].forge = (struct forge *)scene; /* never asked here */
    commit_to(scene, &scene->infra, "main", "shop/cart:1.0.0");
    static const char text[] =
        HEAD "    - {name: dev, pullRequest: true, targets: [{cluster: dev, path: clusters/dev}]}\n"
             "    - {name: prod, pullRequest: true, targets: [{cluster: prod, path: app,"
             " repository: infra}]}\n";
    COMMIT(scene, {"heddle.yaml", text});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(
        scene->view->pipeline_problem,
        "heddle.yaml:7:7: the stage prod asks for pull requests, and the server knows "
        "no Git host of the repository \"infra\": give it a forge-token-file in the "
        "file of --repositories, or take pullRequest away");
    scene->repositories[0].forge = NULL;
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_branch_has_its_own_head_history_and_scan),
        TEST(a_persons_commit_is_told_on_its_branch_also_after_a_restart),
        TEST(the_head_that_an_older_heddle_stored_is_counted_from),
        TEST(a_branch_that_is_missing_is_the_problem_of_its_targets_alone),
        TEST(a_branch_that_goes_away_is_shown_as_it_was),
        TEST(only_the_branch_whose_history_was_rewritten_waits_for_a_person),
        TEST(the_servers_branch_may_be_named_and_is_the_same),
        TEST(branches_of_a_pipeline_that_broke_are_not_forgotten),
        TEST(a_target_in_another_repository_is_looked_at_there),
        TEST(a_repository_that_cannot_be_reached_stops_no_other),
        TEST(a_repository_that_the_server_does_not_know_is_said_with_its_place),
        TEST(pull_requests_need_the_git_host_of_their_own_repository),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
