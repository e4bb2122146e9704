/* Looks at a real repository: what is new, who did it, and what may go on. */
#include "look_scene.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what is seen ---- */

static void the_first_look_sees_all_and_takes_nothing_for_news(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene->view->pipeline->name, "shop");
    assert_string_equal(scene->view->pipeline_problem, "");
    assert_int_equal(scene->view->target_count, 2);
    assert_int_equal(scene_scan(scene, "dev")->workload_count, 2);
    assert_int_equal(scene_scan(scene, "prod")->workload_count, 1);
    assert_int_equal(scene->view->change_count, 0);
    assert_int_equal(scene->view->refs[0].history_count, 1);
    assert_false(scene->view->refs[0].is_rewritten);
}

static void a_look_at_the_same_commit_makes_nothing(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    const struct git_view *view = scene->view;
    assert_int_equal(scene_look(scene), SAME);
    assert_ptr_equal(scene->view, view);
}

static void a_persons_commit_says_who_moved_what_where(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    const char *commit = COMMIT(
        scene, {"clusters/prod/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.1.0")});
    assert_int_equal(scene_look(scene), NEW);
    const struct foreign_change *change = scene_change(scene);
    assert_string_equal(change->commit, commit);
    assert_string_equal(change->author, "ada");
    assert_string_equal(change->subject, "edit");
    assert_string_equal(change->stage, "prod");
    assert_string_equal(change->target, "prod");
    assert_string_equal(change->workload, "cart");
    assert_int_equal(change->image_count, 1);
    assert_string_equal(change->images[0].from.tag, "1.0.0");
    assert_string_equal(change->images[0].to.tag, "1.1.0");
    assert_int_equal(scene_look(scene), SAME);
}

static void a_commit_without_a_version_moves_none(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    const char *text = arena_printf(scene->remote.arena, "%s# a note\n",
                                    scene_manifest(scene, "web", "shop/web:1.0.0"));
    COMMIT(scene, {"clusters/dev/web.yaml", text});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene_change(scene)->workload, "web");
    assert_int_equal(scene_change(scene)->image_count, 0);
}

static void commits_of_several_looks_ago_are_not_lost_over_a_restart(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    COMMIT(scene, {"clusters/dev/web.yaml", scene_manifest(scene, "web", "shop/web:1.1.0")});
    COMMIT(scene, {"clusters/prod/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.1.0")});
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_int_equal(scene->view->change_count, 2);
}

static void our_own_commit_is_no_news(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    AUTO_STR(stream, 10000);
    const char *text = scene_manifest(scene, "cart", "shop/cart:1.1.0");
    static const char message[] = "cart 1.1.0 to dev\n\nHeddle-Release: R-1\n";
    str_addf(&stream,
             "commit refs/heads/main\ncommitter heddle <heddle@test> 1700001000 +0000\n"
             "data %zu\n%sfrom refs/heads/main^0\nM 100644 inline clusters/dev/cart.yaml\n"
             "data %zu\n%s\n",
             strlen(message), message, strlen(text), text);
    remote_import(&scene->remote, str_slice(&stream));
    assert_int_equal(scene_look(scene), NEW);
    assert_int_equal(scene->view->change_count, 0);
    assert_string_equal(scan_find(scene_scan(scene, "dev"), "cart")->places[0].image.tag, "1.1.0");
}

static void names_of_strangers_may_be_any_bytes(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    AUTO_STR(stream, 10000);
    const char *text = scene_manifest(scene, "cart", "shop/cart:1.1.0");
    static const char message[] = "\xff\xfe\x1b[31m and so on\n";
    str_addf(&stream,
             "commit refs/heads/main\nauthor J\xf6rg \x07 <j@test> 1700001000 +0000\n"
             "committer J\xf6rg <j@test> 1700001000 +0000\n"
             "data %zu\n%sfrom refs/heads/main^0\nM 100644 inline clusters/dev/cart.yaml\n"
             "data %zu\n%s\n",
             strlen(message), message, strlen(text), text);
    remote_import(&scene->remote, str_slice(&stream));
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene_change(scene)->workload, "cart");
}

static void more_commits_than_are_told_apart_are_one_change(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    AUTO_STR(stream, 1U << 20);
    for (int i = 0; i < 250; i++) {
        const char *text = scene_manifest(
            scene, "cart", arena_printf(scene->remote.arena, "shop/cart:1.0.%d", i + 1));
        str_addf(&stream,
                 "commit refs/heads/main\ncommitter ada <ada@test> %d +0000\ndata 4\nedit\n%s"
                 "M 100644 inline clusters/dev/cart.yaml\ndata %zu\n%s\n",
                 1700001000 + i, i ? "" : "from refs/heads/main^0\n", strlen(text), text);
    }
    remote_import(&scene->remote, str_slice(&stream));
    assert_int_equal(scene_look(scene), NEW);
    assert_int_equal(scene_change(scene)->image_count, 1);
    assert_string_equal(scene_change(scene)->images[0].from.tag, "1.0.0");
    assert_string_equal(scene_change(scene)->images[0].to.tag, "1.0.250");
}

/* ---- what it costs ---- */

static void a_look_scans_what_changed_and_keeps_the_rest(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    const struct scan *dev = scene_scan(scene, "dev");
    const struct scan *prod = scene_scan(scene, "prod");
    COMMIT(scene, {"README.md", "hello\n"}, {"clusters/development/x.yaml", "a: 1\n"});
    assert_int_equal(scene_look(scene), NEW);
    assert_ptr_equal(scene_scan(scene, "dev"), dev);
    assert_ptr_equal(scene_scan(scene, "prod"), prod);
    COMMIT(scene, {"clusters/dev/web.yaml", NULL});
    assert_int_equal(scene_look(scene), NEW);
    assert_ptr_not_equal(scene_scan(scene, "dev"), dev);
    assert_int_equal(scene_scan(scene, "dev")->workload_count, 1);
    assert_ptr_equal(scene_scan(scene, "prod"), prod);
}

static void a_base_that_two_targets_share_is_news_for_both(void **state)
{
    struct scene *scene = *state;
    static const char overlay[] = "resources: [../../base]\n";
    COMMIT(scene, {"base/kustomization.yaml", "resources: [cart.yaml]\n"},
           {"base/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.0.0")},
           {"clusters/dev/kustomization.yaml", overlay}, {"clusters/dev/cart.yaml", NULL},
           {"clusters/dev/web.yaml", NULL}, {"clusters/prod/kustomization.yaml", overlay},
           {"clusters/prod/cart.yaml", NULL});
    assert_int_equal(scene_look(scene), NEW);
    const struct place *place = &scan_find(scene_scan(scene, "prod"), "cart")->places[0];
    assert_non_null(strstr(place->note, "clusters/dev uses base/cart.yaml"));
    const struct scan *dev = scene_scan(scene, "dev");
    COMMIT(scene, {"base/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.1.0")});
    assert_int_equal(scene_look(scene), NEW);
    assert_ptr_not_equal(scene_scan(scene, "dev"), dev);
    assert_int_equal(scene->view->change_count, 2);
    assert_string_equal(scan_find(scene_scan(scene, "prod"), "cart")->places[0].image.tag, "1.1.0");
}

static void another_set_of_targets_is_scanned_anew(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    const struct scan *dev = scene_scan(scene, "dev");
    const char *more = arena_printf(scene->remote.arena,
                                    "%s    - name: edge\n      from: [prod]\n"
                                    "      targets: [{cluster: edge, path: clusters/edge}]\n",
                                    scene_pipeline);
    COMMIT(scene, {"heddle.yaml", more},
           {"clusters/edge/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.0.0")});
    assert_int_equal(scene_look(scene), NEW);
    assert_int_equal(scene->view->target_count, 3);
    assert_ptr_not_equal(scene_scan(scene, "dev"), dev);
    assert_int_equal(scene_scan(scene, "edge")->workload_count, 1);
}

/* ---- what is wrong with it ---- */

static void a_pipeline_that_cannot_be_read_leaves_the_last_good_one(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    COMMIT(scene, {"heddle.yaml", "kind: Pipeline\nspec:\n  stagse: []\n"},
           {"clusters/dev/web.yaml", scene_manifest(scene, "web", "shop/web:1.1.0")});
    assert_int_equal(scene_look(scene), NEW);
    assert_non_null(strstr(scene->view->pipeline_problem, "heddle.yaml:"));
    assert_string_equal(scene->view->pipeline->name, "shop");
    assert_string_equal(scan_find(scene_scan(scene, "dev"), "web")->places[0].image.tag, "1.1.0");
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene->view->pipeline->name, "shop");
    assert_true(scene->view->pipeline_problem[0] != '\0');
    COMMIT(scene, {"heddle.yaml", scene_pipeline});
    assert_int_equal(scene_look(scene), NEW);
    assert_string_equal(scene->view->pipeline_problem, "");
}

static void a_repository_without_a_pipeline_is_told_to_have_one(void **state)
{
    struct scene *scene = *state;
    COMMIT(scene, {"heddle.yaml", NULL});
    assert_int_equal(scene_look(scene), NEW);
    assert_null(scene->view->pipeline);
    assert_int_equal(scene->view->target_count, 0);
    assert_string_equal(scene->view->pipeline_problem,
                        "There is no heddle.yaml in the repository. Write one; docs/guide.md shows "
                        "how.");
}

static void a_pipeline_file_that_is_huge_is_a_problem_and_no_end(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    char *huge = xcalloc(1, (2U << 20) + 1);
    memset(huge, '#', 2U << 20);
    COMMIT(scene, {"heddle.yaml", huge});
    free(huge);
    assert_int_equal(scene_look(scene), NEW);
    assert_true(scene->view->pipeline_problem[0] != '\0');
    assert_string_equal(scene->view->pipeline->name, "shop");
}

static void a_target_that_is_not_there_is_its_own_problem(void **state)
{
    struct scene *scene = *state;
    COMMIT(scene, {"clusters/prod/cart.yaml", NULL});
    assert_int_equal(scene_look(scene), NEW);
    assert_int_equal(scene_scan(scene, "dev")->workload_count, 2);
    const struct target_view *prod = &scene->view->targets[1];
    assert_null(prod->scan);
    assert_non_null(strstr(prod->problem, "clusters/prod"));
}

static void one_broken_file_hides_no_other(void **state)
{
    struct scene *scene = *state;
    COMMIT(scene, {"clusters/dev/broken.yaml", "kind: Deployment\nmetadata: {name: [\n"});
    assert_int_equal(scene_look(scene), NEW);
    const struct scan *dev = scene_scan(scene, "dev");
    assert_int_equal(dev->workload_count, 2);
    assert_string_equal(dev->problems->file, "clusters/dev/broken.yaml");
    assert_true(dev->problems->line > 0);
}

static void a_branch_that_is_gone_fails_and_comes_back(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    const struct git_view *view = scene->view;
    REMOTE_GIT(&scene->remote, "branch", "--quiet", "-m", "main", "elsewhere");
    assert_int_equal(scene_look(scene), FAILED);
    assert_int_equal(scene->err.kind, ERR_NOT_FOUND);
    assert_ptr_equal(scene->view, view);
    REMOTE_GIT(&scene->remote, "branch", "--quiet", "-m", "elsewhere", "main");
    assert_int_equal(scene_look(scene), SAME);
}

/* ---- rewritten history ---- */

static void rewrite(struct scene *scene)
{
    AUTO_STR(stream, 10000);
    const char *text = scene_manifest(scene, "cart", "shop/cart:0.9.0");
    str_addf(&stream,
             "reset refs/heads/main\n"
             "commit refs/heads/main\ncommitter eve <eve@test> 1700002000 +0000\ndata 4\nevil\n"
             "M 100644 inline heddle.yaml\ndata %zu\n%s\n"
             "M 100644 inline clusters/dev/cart.yaml\ndata %zu\n%s\n"
             "M 100644 inline clusters/prod/cart.yaml\ndata %zu\n%s\n",
             strlen(scene_pipeline), scene_pipeline, strlen(text), text, strlen(text), text);
    remote_import(&scene->remote, str_slice(&stream));
}

static void a_rewritten_history_waits_for_a_person(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    rewrite(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_true(scene->view->refs[0].is_rewritten);
    assert_int_equal(scene->view->change_count, 0);
    assert_int_equal(scene_look(scene), SAME);
    /* Nor does another commit on top make it good. */
    COMMIT(scene, {"README.md", "hello\n"});
    assert_int_equal(scene_look(scene), NEW);
    assert_true(scene->view->refs[0].is_rewritten);
    assert_int_equal(scene_look_as(scene, true), NEW);
    assert_false(scene->view->refs[0].is_rewritten);
    assert_int_equal(scene->view->change_count, 0);
    COMMIT(scene, {"clusters/dev/cart.yaml", scene_manifest(scene, "cart", "shop/cart:1.2.0")});
    assert_int_equal(scene_look(scene), NEW);
    assert_false(scene->view->refs[0].is_rewritten);
    assert_string_equal(scene_change(scene)->workload, "cart");
}

static void a_restart_does_not_make_a_rewritten_history_good(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    rewrite(scene);
    assert_int_equal(scene_look(scene), NEW);
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_true(scene->view->refs[0].is_rewritten);
    assert_int_equal(scene_look_as(scene, true), NEW);
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_false(scene->view->refs[0].is_rewritten);
}

static void a_history_rewritten_while_nobody_looked_is_noticed(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    rewrite(scene);
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_true(scene->view->refs[0].is_rewritten);
}

static void a_lost_mirror_does_not_hide_a_rewritten_history(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(scene_look(scene), NEW);
    rewrite(scene);
    git_close(&scene->repositories[0].git);
    TEXT_COPY_CUT(scene->remote.mirror,
                  arena_printf(scene->remote.arena, "%s/mirror-2", scene->remote.folder));
    scene_restart(scene);
    assert_int_equal(scene_look(scene), NEW);
    assert_true(scene->view->refs[0].is_rewritten);
    assert_int_equal(scene_look_as(scene, true), NEW);
    assert_false(scene->view->refs[0].is_rewritten);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_look_sees_all_and_takes_nothing_for_news),
        TEST(a_look_at_the_same_commit_makes_nothing),
        TEST(a_persons_commit_says_who_moved_what_where),
        TEST(a_commit_without_a_version_moves_none),
        TEST(commits_of_several_looks_ago_are_not_lost_over_a_restart),
        TEST(our_own_commit_is_no_news),
        TEST(names_of_strangers_may_be_any_bytes),
        TEST(more_commits_than_are_told_apart_are_one_change),
        TEST(a_look_scans_what_changed_and_keeps_the_rest),
        TEST(a_base_that_two_targets_share_is_news_for_both),
        TEST(another_set_of_targets_is_scanned_anew),
        TEST(a_pipeline_that_cannot_be_read_leaves_the_last_good_one),
        TEST(a_repository_without_a_pipeline_is_told_to_have_one),
        TEST(a_pipeline_file_that_is_huge_is_a_problem_and_no_end),
        TEST(a_target_that_is_not_there_is_its_own_problem),
        TEST(one_broken_file_hides_no_other),
        TEST(a_branch_that_is_gone_fails_and_comes_back),
        TEST(a_rewritten_history_waits_for_a_person),
        TEST(a_restart_does_not_make_a_rewritten_history_good),
        TEST(a_history_rewritten_while_nobody_looked_is_noticed),
        TEST(a_lost_mirror_does_not_hide_a_rewritten_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
