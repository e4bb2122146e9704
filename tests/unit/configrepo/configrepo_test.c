#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "world.h"

/* ---- scanning ---- */

static void a_plain_folder_shows_its_workloads(void **state)
{
    struct world *world = *state;
    FILES(
        world, {"dev/web.yaml", deployment(world, "web", "shop/web:1.0")},
        {"dev/sub/all.yml",
         arena_printf(world->arena, "%s---\n# only a comment\n---\n%s",
                      workload_text(world, "StatefulSet", "db", "127.0.0.1:5000/pg@" OLD_DIGEST),
                      workload_text(world, "DaemonSet", "agent", "agent"))},
        {"dev/service.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"},
        {"dev/cron.json",
         "{\"apiVersion\": \"batch/v1\", \"kind\": \"CronJob\", \"metadata\": {\"name\": \"tidy\", "
         "\"namespace\": \"ops\"}, \"spec\": {\"jobTemplate\": {\"spec\": {\"template\": "
         "{\"spec\": "
         "{\"containers\": [{\"name\": \"main\", \"image\": \"tidy:2\"}]}}}}}}\n"},
        {"dev/README.md", "image: no\n"}, {"other/x.yaml", deployment(world, "x", "x:1")});
    const struct scan *scan = scan_of(world, "dev");
    assert_null(scan->problems);
    assert_int_equal(scan->workload_count, 4);
    static const char *const names[] = {"agent", "db", "tidy", "web"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_string_equal(scan->workloads[i].name, names[i]);
    }
    expect_image(place_of(scan, "agent"), "agent");
    expect_image(place_of(scan, "db"), "127.0.0.1:5000/pg@" OLD_DIGEST);
    expect_image(place_of(scan, "web"), "shop/web:1.0");
    assert_int_equal(place_of(scan, "web")->line, 10);
    assert_string_equal(place_of(scan, "web")->file, "dev/web.yaml");
    assert_string_equal(scan_find(scan, "tidy")->namespace, "ops");
    assert_int_equal(scan_find(scan, "tidy")->kind, WORKLOAD_CRON_JOB);
    assert_null(place_of(scan, "web")->blocked);
    assert_null(scan_find(scan, "x"));
    assert_string_equal(scan->path, "dev");
    assert_string_equal(scan->commit, world->head);
}

static void init_containers_have_places_too(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"dev/a.yaml",
           "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n"
           "    spec:\n      initContainers:\n      - {name: migrate, image: 'app:1'}\n"
           "      containers:\n      - {name: main, image: 'app:1'}\n      - {name: proxy}\n"});
    const struct scan_workload *workload = scan_find(scan_of(world, "dev"), "a");
    assert_int_equal(workload->place_count, 2);
    assert_string_equal(workload->places[0].container, "migrate");
    assert_string_equal(workload->places[1].container, "main");
}

static void a_missing_path_is_not_found(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "a:1")});
    static const struct {
        const char *path;
        enum err_kind kind;
    } cases[] = {{"gone", ERR_NOT_FOUND},
                 {"dev/gone/deeper", ERR_NOT_FOUND},
                 {"dev/a.yaml", ERR_REFUSED},
                 {"../dev", ERR_INVALID}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scan *scan = NULL;
        struct err err = {0};
        ASSERT_FAILS(scan_try(world, cases[i].path, NULL, 0, &scan, &err), err, cases[i].kind, "");
    }
}

static void a_broken_file_does_not_hide_the_others(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/bad.yaml", "a: [1\nb: 2\n"}, {"dev/binary.yaml", "a\x01\x02z"},
          {"dev/good.yaml", deployment(world, "good", "good:1")});
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan->workload_count, 1);
    expect_problem(scan, "dev/bad.yaml", 2, "line 2");
    expect_problem(scan, "dev/binary.yaml", 1, "");
}

static void the_last_images_entry_that_gives_a_version_is_the_place(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/cart.yaml", deployment(world, "cart", "cart")},
          {"base/kustomization.yaml",
           "resources: [cart.yaml]\n"
           "images:\n- {name: cart, newName: ghcr.io/acme/cart, newTag: '1'}\n"},
          {"dev/kustomization.yaml", "namespace: shop\nnamePrefix: my-\nresources:\n- ../base\n"
                                     "images:\n- name: ghcr.io/acme/cart\n  newTag: v2\n"
                                     "- name: ghcr.io/acme/cart\n  newName: mirror.test/cart\n"
                                     "- name: cart\n  newTag: never\n"});
    const struct scan *scan = scan_of(world, "dev");
    assert_null(scan->problems);
    const struct scan_workload *cart = scan_find(scan, "my-cart");
    assert_non_null(cart);
    assert_string_equal(cart->namespace, "shop");
    assert_string_equal(cart->file, "base/cart.yaml");
    expect_image(&cart->places[0], "mirror.test/cart:v2");
    assert_int_equal(cart->places[0].form, LOCATE_KUSTOMIZE);
    assert_string_equal(cart->places[0].file, "dev/kustomization.yaml");
    assert_int_equal(cart->places[0].line, 7);
    assert_null(cart->places[0].blocked);
    assert_int_equal(cart->file_count, 3);
    assert_string_equal(cart->files[0], "base/cart.yaml");
    assert_string_equal(cart->files[1], "base/kustomization.yaml");
    assert_string_equal(cart->files[2], "dev/kustomization.yaml");
}

static void a_tag_of_an_entry_drops_an_older_digest(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "a:1@" OLD_DIGEST)},
          {"dev/b.yaml", deployment(world, "b", "b:1@" OLD_DIGEST)},
          {"dev/kustomization.yaml",
           "resources: [a.yaml, b.yaml]\nimages:\n- {name: a, newTag: '2'}\n"
           "- {name: b, digest: '" NEW_DIGEST "'}\n"});
    const struct scan *scan = scan_of(world, "dev");
    expect_image(place_of(scan, "a"), "a:2");
    expect_image(place_of(scan, "b"), "b@" NEW_DIGEST);
}

static void a_component_transforms_its_kustomization(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/a.yaml", deployment(world, "a", "a:1")},
          {"parts/kustomization.yaml", "kind: Component\nresources: [b.yaml]\n"
                                       "images: [{name: a, newTag: part}]\n"},
          {"parts/b.yaml", deployment(world, "b", "a:1")},
          {"dev/kustomization.yaml", "resources: [../base/a.yaml]\ncomponents: [../parts]\n"
                                     "namespace: shop\n"});
    const struct scan *scan = scan_of(world, "dev");
    expect_image(place_of(scan, "a"), "a:part");
    expect_image(place_of(scan, "b"), "a:part");
    assert_string_equal(scan_find(scan, "b")->namespace, "shop");
}

static void a_circle_of_kustomizations_ends(void **state)
{
    struct world *world = *state;
    FILES(world, {"a/kustomization.yaml", "resources: [../b]\n"},
          {"b/kustomization.yaml", "resources: [../a]\n"});
    const struct scan *scan = scan_of(world, "a");
    assert_int_equal(scan->workload_count, 0);
    assert_non_null(strstr(scan->problems->text, "circle"));
}

static void a_patch_or_generator_file_counts_among_the_files(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "a:1")},
          {"dev/replicas.yaml", "spec: {replicas: 3}\n"}, {"dev/app.conf", "x=1\n"},
          {"dev/kustomization.yaml", "resources: [a.yaml]\npatches:\n- path: replicas.yaml\n"
                                     "configMapGenerator:\n- name: c\n  files: [conf=app.conf]\n"});
    const struct scan_workload *a = scan_find(scan_of(world, "dev"), "a");
    assert_int_equal(a->file_count, 4);
    assert_string_equal(a->files[1], "dev/app.conf");
    assert_string_equal(a->files[3], "dev/replicas.yaml");
    assert_null(a->places[0].blocked);
}

static void a_link_out_of_the_repository_is_a_problem(void **state)
{
    struct world *world = *state;
    remote_import(&world->remote,
                  slice_of("commit refs/heads/main\ncommitter a <a@b> 1 +0000\ndata 0\n"
                           "M 120000 inline dev/x.yaml\ndata 11\n/etc/passwd\n"
                           "M 120000 inline prod\ndata 3\ndev\n\n"));
    world->git = remote_fetched(&world->remote, world->head);
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan->workload_count, 0);
    expect_problem(scan, "dev/x.yaml", 0, "link");
    struct scan *none = NULL;
    struct err err = {0};
    ASSERT_FAILS(scan_try(world, "prod", NULL, 0, &none, &err), err, ERR_REFUSED,
                 "links are not followed");
}

static void a_resource_outside_of_the_repository_is_a_problem(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/kustomization.yaml", "resources: [../../etc/passwd]\n"});
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan->workload_count, 0);
    assert_non_null(scan->problems);
}

static void two_workloads_of_one_name_are_a_problem_and_not_offered(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "cart", "a:1")},
          {"dev/b.yaml", workload_text(world, "StatefulSet", "cart", "b:1")},
          {"dev/c.yaml", deployment(world, "web", "c:1")});
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan->workload_count, 1);
    assert_null(scan_find(scan, "cart"));
    expect_problem(scan, "dev/b.yaml", 1, "dev/a.yaml");
    expect_refused(world, change_to("dev", "cart", "2"), ERR_REFUSED, "dev/b.yaml");
}

static void a_huge_file_is_a_problem(void **state)
{
    struct world *world = *state;
    size_t length = (16U << 20) + 2;
    char *huge = xcalloc(length, 1);
    memset(huge, '#', length - 1);
    FILES(world, {"dev/huge.yaml", huge}, {"dev/a.yaml", deployment(world, "a", "a:1")});
    free(huge);
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan->workload_count, 1);
    expect_problem(scan, "dev/huge.yaml", 0, "bytes");
}

/* ---- what cannot be edited ---- */

static void a_version_in_a_shared_base_is_overridden_for_one_target(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/cart.yaml", deployment(world, "cart", "ghcr.io/acme/cart:1")},
          {"base/kustomization.yaml", "resources: [cart.yaml]\n"},
          {"dev/kustomization.yaml", "resources: [../base]\n"},
          {"staging/kustomization.yaml", "resources: [../base]\n"});
    static const char *const others[] = {"dev", "staging", "gone"};
    const struct scan *scan = scan_with(world, "dev", others, COUNT_OF(others));
    assert_null(place_of(scan, "cart")->blocked);
    assert_string_equal(place_of(scan, "cart")->note,
                        "dev/kustomization.yaml gets an images: entry for ghcr.io/acme/cart, since "
                        "staging uses base/cart.yaml too");
    struct version_change change = change_to("dev", "cart", "2");
    struct commit_request request = request_for(world, &change, 1);
    request.all_paths = others;
    request.all_path_count = 2;
    expect_files(world, &request, "dev/kustomization.yaml",
                 "resources: [../base]\nimages:\n- name: ghcr.io/acme/cart\n  newTag: \"2\"\n"
                 "  digest: " NEW_DIGEST "\n");

    /* Alone, it may edit its base. */
    assert_null(place_of(scan_with(world, "dev", others, 1), "cart")->note);
}

static void a_shared_version_without_a_kustomization_of_its_own_is_blocked(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/cart.yaml", deployment(world, "cart", "ghcr.io/acme/cart:1")},
          {"base/kustomization.yaml", "resources: [cart.yaml]\n"},
          {"dev/kustomization.yaml", "resources: [../base]\n"},
          {"staging/kustomization.yaml", "resources: [../dev]\n"});
    static const char *const others[] = {"dev", "staging"};
    const struct scan *scan = scan_with(world, "dev", others, COUNT_OF(others));
    expect_blocked(place_of(scan, "cart"), "base/cart.yaml, which staging uses too");
    struct version_change change = change_to("dev", "cart", "2");
    struct commit_request request = request_for(world, &change, 1);
    request.all_paths = others;
    request.all_path_count = COUNT_OF(others);
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_FAILS(commit(world, &request, &draft, &err), err, ERR_REFUSED, "base/cart.yaml");
}

static void the_nearest_kustomization_of_its_own_says_the_version(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/cart.yaml", deployment(world, "cart", "ghcr.io/acme/cart:1")},
          {"base/kustomization.yaml", "resources: [cart.yaml]\n"},
          {"dev/kustomization.yaml", "resources: [apps/cart]\n"},
          {"dev/apps/cart/kustomization.yaml", "resources: [../../../base]\nnamePrefix: my-\n"},
          {"plain/cart/kustomization.yaml", "resources: [../../base]\n"},
          {"staging/kustomization.yaml", "resources: [../base]\n"});
    static const char *const all[] = {"dev", "plain", "staging"};
    struct version_change change = change_to("dev", "my-cart", "2");
    struct commit_request request = request_for(world, &change, 1);
    request.all_paths = all;
    request.all_path_count = COUNT_OF(all);
    expect_files(world, &request, "dev/apps/cart/kustomization.yaml",
                 "resources: [../../../base]\nnamePrefix: my-\nimages:\n"
                 "- name: ghcr.io/acme/cart\n  newTag: \"2\"\n  digest: " NEW_DIGEST "\n");
    /* Folders without one may hold some that have one. */
    change = change_to("plain", "cart", "2");
    expect_files(world, &request, "plain/cart/kustomization.yaml",
                 "resources: [../../base]\nimages:\n"
                 "- name: ghcr.io/acme/cart\n  newTag: \"2\"\n  digest: " NEW_DIGEST "\n");
}

static void an_override_stands_where_it_has_the_last_word(void **state)
{
    struct world *world = *state;
    /* The kustomization in the middle is dev's own, but one above it, that staging reads too, says
       the version after it. */
    FILES(world, {"base/cart.yaml", deployment(world, "cart", "ghcr.io/acme/cart:1")},
          {"base/kustomization.yaml", "resources: [cart.yaml]\n"},
          {"tags/kustomization.yaml",
           "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
           "images: [{name: ghcr.io/acme/cart, newTag: '1'}]\n"},
          {"dev/app/kustomization.yaml", "resources: [../../base]\n"},
          {"dev/kustomization.yaml", "resources: [app]\ncomponents: [../tags]\n"},
          {"staging/kustomization.yaml", "resources: [../base]\ncomponents: [../tags]\n"});
    static const char *const all[] = {"dev", "staging"};
    struct version_change change = change_to("dev", "cart", "2");
    struct commit_request request = request_for(world, &change, 1);
    request.all_paths = all;
    request.all_path_count = COUNT_OF(all);
    expect_files(world, &request, "dev/kustomization.yaml",
                 "resources: [app]\ncomponents: [../tags]\nimages:\n"
                 "- name: ghcr.io/acme/cart\n  newTag: \"2\"\n  digest: " NEW_DIGEST "\n");
}

static void overlapping_plain_folders_block_each_other(void **state)
{
    struct world *world = *state;
    FILES(world, {"all/dev/a.yaml", deployment(world, "a", "a:1")});
    static const char *const others[] = {"all"};
    expect_blocked(place_of(scan_with(world, "all/dev", others, 1), "a"), "all uses too");
}

static void an_overlay_that_another_builds_on_is_shared(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "a")},
          {"dev/kustomization.yaml", "resources: [a.yaml]\nimages: [{name: a, newTag: '1'}]\n"},
          {"prod/kustomization.yaml", "resources: [../dev]\nimages: [{name: a, newTag: '0'}]\n"});
    static const char *const others[] = {"dev", "prod"};
    expect_blocked(place_of(scan_with(world, "dev", others, 2), "a"), "prod uses too");
    assert_null(place_of(scan_with(world, "prod", others, 2), "a")->blocked);
}

static void images_that_cannot_be_edited_in_place_say_why(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *image, *part;
    } cases[] = {
        {"|-\n            app:1\n            b", "several lines"},
        {"\"app\\\n            :1\"", "several lines"},

        {"{{ .Values.image }}", "template"},
        {"'{{ .Values.image }}'", "template"},
        {"registry/{user}/app:1", "template"},
        {"ko://github.com/x/Y", "template"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        FILES(world, {"dev/a.yaml", deployment(world, "a", cases[i].image)});
        const struct place *place = place_of(scan_of(world, "dev"), "a");
        expect_blocked(place, cases[i].part);
        expect_blocked(place, "dev/a.yaml:10");
        expect_refused(world, change_to("dev", "a", "2"), ERR_REFUSED, cases[i].part);
    }
}

#define ALIASED(image)                                                                             \
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, annotations: {image: &i "          \
    "'app:1'}}\nspec: {template: {spec: {containers: [{name: main, image: " image "}]}}}\n"

static void an_alias_gets_a_value_of_its_own(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", ALIASED("*i")});
    expect_edit(world, change_to("dev", "a", "2"), "dev/a.yaml", ALIASED("app:2@" NEW_DIGEST));
}

static void a_block_of_one_line_is_edited_in_place(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", ">-\n            app:1")});
    expect_edit(world, change_to("dev", "a", "2"), "dev/a.yaml",
                deployment(world, "a", ">-\n            app:2@" NEW_DIGEST));
}

static void a_container_that_aliases_repeat_is_blocked(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"dev/a.yaml",
           "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: "
           "{initContainers: &all [{name: main, image: 'app:1'}], containers: *all}}}\n"});
    const struct scan_workload *a = scan_find(scan_of(world, "dev"), "a");
    assert_int_equal(a->place_count, 2);
    expect_blocked(&a->places[0], "aliases");
    expect_blocked(&a->places[1], "aliases");
}

static void an_anchor_is_edited_unless_aliases_follow_it(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "&img app:1")});
    expect_edit(world, change_to("dev", "a", "2"), "dev/a.yaml",
                deployment(world, "a", "&img app:2@" NEW_DIGEST));
    FILES(world, {"dev/a.yaml", deployment(world, "a", "&img app:1\n          tty: *img")});
    expect_blocked(place_of(scan_of(world, "dev"), "a"), "anchor");
}

static void an_encrypted_file_is_blocked(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", arena_printf(world->arena, "%ssops:\n  mac: ENC[x]\n",
                                             deployment(world, "a", "app:1"))});
    expect_blocked(place_of(scan_of(world, "dev"), "a"), "SOPS");
}

static void kustomizations_that_change_the_version_elsewhere_are_blocked(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *kustomization, *part, *image;
    } cases[] = {
        {"images: [{name: app, newName: mirror.test/app}]\n", "renames the image",
         "mirror.test/app:1"},
        {"images: [{name: app, tagSuffix: -debug}]\n", "tagSuffix", "app:1-debug"},
        {"patches:\n- path: patch.yaml\n", "patch the image", "app:1"},
        {"patches:\n- patch: |-\n    - {op: replace, path: /spec/image, value: x}\n",
         "patch the image", "app:1"},

        {"images:\n- name: app\n  newTag: >-\n    2\n", "several lines", "app:2"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        FILES(world, {"dev/a.yaml", deployment(world, "a", "app:1")},
              {"dev/patch.yaml", "spec: {template: {spec: {containers: [{image: x}]}}}\n"},
              {"dev/kustomization.yaml",
               arena_printf(world->arena, "resources: [a.yaml]\n%s", cases[i].kustomization)});
        const struct place *place = place_of(scan_of(world, "dev"), "a");
        expect_blocked(place, cases[i].part);
        expect_image(place, cases[i].image);
    }
}

static void an_entry_after_a_patch_has_the_last_word(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app:1")},
          {"dev/kustomization.yaml",
           "resources: [a.yaml]\npatches: [{patch: '{image: x}'}]\n"
           "images: [{name: app, newTag: v1, digest: '" OLD_DIGEST "'}]\n"});
    assert_null(place_of(scan_of(world, "dev"), "a")->blocked);
}

/* ---- editing ---- */

static void an_image_field_gets_tag_and_digest_and_keeps_the_rest(void **state)
{
    struct world *world = *state;
    static const char *const images[][2] = {
        {"ghcr.io/acme/app:1.0  # keep me", "ghcr.io/acme/app:2.0@" NEW_DIGEST "  # keep me"},
        {"ghcr.io/acme/app", "ghcr.io/acme/app:2.0@" NEW_DIGEST},
        {"'localhost:5000/app'", "'localhost:5000/app:2.0@" NEW_DIGEST "'"},
        {"\"app:1.0@" OLD_DIGEST "\"", "\"app:2.0@" NEW_DIGEST "\""},
        {"app@" OLD_DIGEST, "app:2.0@" NEW_DIGEST},
    };
    for (size_t i = 0; i < COUNT_OF(images); i++) {
        FILES(world, {"dev/a.yaml", deployment(world, "a", images[i][0])});
        expect_edit(world, change_to("dev", "a", "2.0"), "dev/a.yaml",
                    deployment(world, "a", images[i][1]));
    }
}

static void a_version_without_digest_leaves_no_old_digest(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app:1@" OLD_DIGEST)});
    struct version_change change = change_to("dev", "a", "2");
    change.to.digest[0] = '\0';
    expect_edit(world, change, "dev/a.yaml", deployment(world, "a", "app:2"));
}

static void line_ends_stay_as_they_are(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml",
                  "apiVersion: apps/v1\r\nkind: Deployment\r\nmetadata: {name: a}\r\nspec:\r\n"
                  "  template:\r\n    spec:\r\n      containers:\r\n      - name: main\r\n"
                  "        image: app:1\r\n# the end, without a line end"});
    expect_edit(world, change_to("dev", "a", "2"), "dev/a.yaml",
                "apiVersion: apps/v1\r\nkind: Deployment\r\nmetadata: {name: a}\r\nspec:\r\n"
                "  template:\r\n    spec:\r\n      containers:\r\n      - name: main\r\n"
                "        image: app:2@" NEW_DIGEST "\r\n# the end, without a line end");
}

static void a_kustomize_entry_gets_tag_and_digest(void **state)
{
    struct world *world = *state;
    static const char *const entries[][2] = {
        {"- name: app\n  newTag: v1 # note\n  digest: " OLD_DIGEST "\n",
         "- name: app\n  newTag: v2 # note\n  digest: " NEW_DIGEST "\n"},
        {"- name: app\n  newTag: v1  # note\n",
         "- name: app\n  newTag: v2  # note\n  digest: " NEW_DIGEST "\n"},
        {"  - newTag: \"v1\"\n    name: app\n",
         "  - newTag: \"v2\"\n    digest: " NEW_DIGEST "\n    name: app\n"},
        {"- name: app\r\n  newTag: v1\r\n- name: b\r\n",
         "- name: app\r\n  newTag: v2\r\n  digest: " NEW_DIGEST "\r\n- name: b\r\n"},
        {"- name: app\n  newTag: v1", "- name: app\n  newTag: v2\n  digest: " NEW_DIGEST},
        {"- {name: app, newTag: v1} # note\n",
         "- {name: app, newTag: v2, digest: \"" NEW_DIGEST "\"} # note\n"},
        {"- name: app\n  digest: " OLD_DIGEST "\n",
         "- name: app\n  digest: " NEW_DIGEST "\n  newTag: v2\n"},
        {"- {digest: \"" OLD_DIGEST "\", name: app}\n",
         "- {digest: \"" NEW_DIGEST "\", newTag: \"v2\", name: app}\n"},
    };
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        static const char head[] = "resources: [a.yaml]\nimages:\n";
        FILES(world, {"dev/a.yaml", deployment(world, "a", "app")},
              {"dev/kustomization.yaml", arena_printf(world->arena, "%s%s", head, entries[i][0])});
        expect_edit(world, change_to("dev", "a", "v2"), "dev/kustomization.yaml",
                    arena_printf(world->arena, "%s%s", head, entries[i][1]));
    }
}

static void a_tag_that_looks_like_a_number_stays_a_text(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app")},
          {"dev/kustomization.yaml",
           "resources: [a.yaml]\nimages:\n- name: app\n  newTag: v1\n  digest: " OLD_DIGEST "\n"});
    struct version_change change = change_to("dev", "a", "1.10");
    struct commit_request request = request_for(world, &change, 1);
    struct draft_commit draft;
    struct err err = {0};
    AUTO_STR(bytes, 10000);
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, "dev/kustomization.yaml", &bytes, &err), err);
    assert_true(strstr(bytes.text, "newTag: \"1.10\"") || strstr(bytes.text, "newTag: '1.10'"));
}

static void an_entry_loses_a_digest_that_would_stay_behind(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app")},
          {"dev/kustomization.yaml", "resources: [a.yaml]\nimages:\n- name: app\n  newTag: v1\n"
                                     "  digest: " OLD_DIGEST "\n"});
    struct version_change change = change_to("dev", "a", "v2");
    change.to.digest[0] = '\0';
    expect_edit(world, change, "dev/kustomization.yaml",
                "resources: [a.yaml]\nimages:\n- name: app\n  newTag: v2\n");
}

static void nothing_to_change_gives_the_base(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app:2@" NEW_DIGEST)});
    struct version_change change = change_to("dev", "a", "2");
    struct commit_request request = request_for(world, &change, 1);
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    assert_string_equal(draft.oid, world->head);
    assert_string_equal(draft.base, world->head);
    assert_int_equal(draft.edit_count, 0);
}

static void what_is_gone_is_named(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app:1")});
    expect_refused(world, change_to("dev", "b", "2"), ERR_NOT_FOUND, "dev has no workload b");
    struct version_change change = change_to("dev", "a", "2");
    change.container = "sidecar";
    expect_refused(world, change, ERR_NOT_FOUND, "no container sidecar");
    expect_refused(world, change_to("gone", "a", "2"), ERR_NOT_FOUND, "gone");
}

static void a_base_that_the_mirror_lacks_is_a_conflict(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app:1")});
    struct version_change change = change_to("dev", "a", "2");
    struct commit_request request = request_for(world, &change, 1);
    request.base = "1111111111111111111111111111111111111111";
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_FAILS(commit(world, &request, &draft, &err), err, ERR_CONFLICT, "no commit");
}

static void the_same_request_makes_the_same_commit(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app:1")},
          {"dev/b.yaml", deployment(world, "b", "app:1")});
    struct version_change forth[] = {change_to("dev", "a", "2"), change_to("dev", "b", "3")};
    struct version_change back[] = {change_to("dev", "b", "3"), change_to("dev", "a", "2")};
    struct commit_request first = request_for(world, forth, 2);
    struct commit_request second = request_for(world, back, 2);
    struct draft_commit drafts[2];
    struct err err = {0};
    ASSERT_OK(commit(world, &first, &drafts[0], &err), err);
    ASSERT_OK(commit(world, &second, &drafts[1], &err), err);
    assert_string_equal(drafts[0].oid, drafts[1].oid);
    assert_int_equal(drafts[0].edit_count, 2);
    ASSERT_OK(git_push(world->git, "main", drafts[0].oid, world->head, &err), err);
    assert_string_equal(REMOTE_GIT(&world->remote, "log", "-1", "--format=%an|%cn", "main"),
                        "ada|heddle");
}

/* As a release follows its plan: the draft serves again, and is made again when it is gone. */
static void what_was_planned_is_committed_in_other_words(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app:1")});
    struct version_change change = change_to("dev", "a", "2");
    struct commit_request request = request_for(world, &change, 1);
    struct draft_commit drafts[3];
    struct err err = {0};
    ASSERT_OK(commit(world, &request, &drafts[0], &err), err);
    request.message = "other words\n\nHeddle-Release: R-9\n";
    request.author = "mia";
    ASSERT_OK(commit(world, &request, &drafts[1], &err), err);
    MIRROR_GIT(&world->remote, "prune", "--expire=now");
    git_close(&world->git);
    world->git = remote_fetched(&world->remote, world->head);
    ASSERT_OK(commit(world, &request, &drafts[2], &err), err);
    assert_string_not_equal(drafts[0].oid, drafts[1].oid);
    assert_string_equal(drafts[1].oid, drafts[2].oid);
    assert_int_equal(drafts[1].edit_count, 1);
    assert_string_equal(
        MIRROR_GIT(&world->remote, "show", "-s", "--format=%an|%cn|%s", drafts[2].oid),
        "mia|heddle|other words");
    assert_non_null(strstr(MIRROR_GIT(&world->remote, "show", drafts[2].oid), "app:2"));
}

static void one_entry_for_two_workloads_moves_only_both_together(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", deployment(world, "a", "app")},
          {"dev/b.yaml", deployment(world, "b", "app")},
          {"dev/kustomization.yaml", "resources: [a.yaml, b.yaml]\nimages:\n- name: app\n"
                                     "  newTag: v1\n"});
    expect_refused(world, change_to("dev", "a", "v2"), ERR_REFUSED, "b in dev would change too");
    struct version_change changes[] = {change_to("dev", "a", "v2"), change_to("dev", "b", "v2")};
    struct commit_request request = request_for(world, changes, 2);
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    assert_int_equal(draft.edit_count, 1); /* of one entry */
    changes[1] = change_to("dev", "b", "v3");
    ASSERT_FAILS(commit(world, &request, &draft, &err), err, ERR_REFUSED, "want v2 and v3");
}

static void two_targets_are_edited_by_one_commit(void **state)
{
    struct world *world = *state;
    FILES(world, {"eu/a.yaml", deployment(world, "a", "app:1")},
          {"us/a.yaml", deployment(world, "a", "app:1")},
          {"dev/a.yaml", deployment(world, "a", "app:1")});
    static const char *const all[] = {"dev", "eu", "us"};
    struct version_change changes[] = {change_to("eu", "a", "2"), change_to("us", "a", "2")};
    struct commit_request request = request_for(world, changes, 2);
    request.all_paths = all;
    request.all_path_count = COUNT_OF(all);
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    const char **paths = NULL;
    size_t count = 0;
    ASSERT_OK(
        git_changed_paths(world->git, world->head, draft.oid, world->arena, &paths, &count, &err),
        err);
    assert_int_equal(count, 2);
    assert_string_equal(paths[0], "eu/a.yaml");
    assert_string_equal(paths[1], "us/a.yaml");
}

static void a_hundred_workloads_are_one_quick_commit(void **state)
{
    struct world *world = *state;
    enum { COUNT = 100 };
    struct remote_file *files = arena_alloc(world->arena, COUNT * 3, sizeof(*files));
    struct version_change changes[COUNT];
    static const char *const stages[] = {"dev", "staging", "prod"};
    for (int i = 0; i < COUNT * 3; i++) {
        const char *name = arena_printf(world->arena, "app-%d", i / 3);
        files[i].path = arena_printf(world->arena, "%s/%s.yaml", stages[i % 3], name);
        files[i].text = deployment(world, name, "ghcr.io/acme/app:1.0");
        changes[i / 3] = change_to("staging", name, "2.0");
    }
    commit_files(world, files, COUNT * 3);
    struct commit_request request = request_for(world, changes, COUNT);
    request.all_paths = stages;
    request.all_path_count = COUNT_OF(stages);
    struct draft_commit draft;
    struct err err = {0};
    int64_t began_ms = env_now_mono_ms(env_system());
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    int64_t took_ms = env_now_mono_ms(env_system()) - began_ms;
    print_message("100 workloads: %lld ms\n", (long long)took_ms);
    assert_int_equal(draft.edit_count, COUNT);
    assert_true(took_ms < 3000); /* a debug build with sanitizers on a busy machine */
}

static void a_survey_scans_many_targets_alike(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/a.yaml", deployment(world, "a", "app:1")},
          {"dev/kustomization.yaml", "resources: [../base/a.yaml]\n"},
          {"prod/kustomization.yaml", "resources: [../base/a.yaml]\n"});
    static const char *const all[] = {"dev", "prod"};
    struct configrepo_survey *survey = NULL;
    struct scan *scans[2];
    struct err err = {0};
    struct survey_request request = {.commit = world->head, .paths = all, .path_count = 2};
    ASSERT_OK(configrepo_survey_open(world->git, &request, &survey, &err), err);
    for (size_t i = 0; i < 2; i++) {
        ASSERT_OK(configrepo_survey_scan(survey, all[i], world->arena, &scans[i], &err), err);
    }
    configrepo_survey_close(&survey);
    assert_non_null(strstr(place_of(scans[0], "a")->note, "prod uses"));
    assert_non_null(strstr(place_of(scans[1], "a")->note, "dev uses"));
    expect_image(place_of(scans[1], "a"), "app:1");
}

static void a_commit_reads_as_a_tree(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/a.yaml", "x"}, {"dev/sub/b.yaml", "y"});
    struct manifest_tree tree = configrepo_tree(world->git, world->head, world->arena);
    struct slice bytes;
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err err = {0};
    ASSERT_OK(tree.read(tree.context, "dev/sub/b.yaml", world->arena, &bytes, &err), err);
    assert_true(slice_equals(bytes, "y"));
    ASSERT_OK(tree.list(tree.context, "dev", world->arena, &entries, &count, &err), err);
    assert_int_equal(count, 2);
    assert_string_equal(entries[1].name, "sub");
    assert_true(entries[1].is_folder);
    assert_string_equal(tree.oid(tree.context, "dev/a.yaml", world->arena), entries[0].oid);
    assert_string_equal(tree.oid(tree.context, "", world->arena),
                        REMOTE_GIT(&world->remote, "rev-parse", "main^{tree}"));
    assert_string_equal(tree.oid(tree.context, "dev/none", world->arena), "");
    ASSERT_FAILS(tree.read(tree.context, "dev/none", world->arena, &bytes, &err), err,
                 ERR_NOT_FOUND, "dev/none");
    ASSERT_FAILS(tree.read(tree.context, "dev/a.yaml/x", world->arena, &bytes, &err), err,
                 ERR_NOT_FOUND, "");
    ASSERT_FAILS(tree.list(tree.context, "none", world->arena, &entries, &count, &err), err,
                 ERR_NOT_FOUND, "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plain_folder_shows_its_workloads),
        TEST(init_containers_have_places_too),
        TEST(a_missing_path_is_not_found),
        TEST(a_broken_file_does_not_hide_the_others),
        TEST(the_last_images_entry_that_gives_a_version_is_the_place),
        TEST(a_tag_of_an_entry_drops_an_older_digest),
        TEST(a_component_transforms_its_kustomization),
        TEST(a_circle_of_kustomizations_ends),
        TEST(a_patch_or_generator_file_counts_among_the_files),
        TEST(a_link_out_of_the_repository_is_a_problem),
        TEST(a_resource_outside_of_the_repository_is_a_problem),
        TEST(two_workloads_of_one_name_are_a_problem_and_not_offered),
        TEST(a_huge_file_is_a_problem),
        TEST(a_version_in_a_shared_base_is_overridden_for_one_target),
        TEST(a_shared_version_without_a_kustomization_of_its_own_is_blocked),
        TEST(the_nearest_kustomization_of_its_own_says_the_version),
        TEST(an_override_stands_where_it_has_the_last_word),
        TEST(overlapping_plain_folders_block_each_other),
        TEST(an_overlay_that_another_builds_on_is_shared),
        TEST(images_that_cannot_be_edited_in_place_say_why),
        TEST(an_alias_gets_a_value_of_its_own),
        TEST(a_block_of_one_line_is_edited_in_place),
        TEST(a_container_that_aliases_repeat_is_blocked),
        TEST(an_anchor_is_edited_unless_aliases_follow_it),
        TEST(an_encrypted_file_is_blocked),
        TEST(kustomizations_that_change_the_version_elsewhere_are_blocked),
        TEST(an_entry_after_a_patch_has_the_last_word),
        TEST(an_image_field_gets_tag_and_digest_and_keeps_the_rest),
        TEST(a_version_without_digest_leaves_no_old_digest),
        TEST(line_ends_stay_as_they_are),
        TEST(a_kustomize_entry_gets_tag_and_digest),
        TEST(a_tag_that_looks_like_a_number_stays_a_text),
        TEST(an_entry_loses_a_digest_that_would_stay_behind),
        TEST(nothing_to_change_gives_the_base),
        TEST(what_is_gone_is_named),
        TEST(a_base_that_the_mirror_lacks_is_a_conflict),
        TEST(the_same_request_makes_the_same_commit),
        TEST(what_was_planned_is_committed_in_other_words),
        TEST(one_entry_for_two_workloads_moves_only_both_together),
        TEST(two_targets_are_edited_by_one_commit),
        TEST(a_hundred_workloads_are_one_quick_commit),
        TEST(a_survey_scans_many_targets_alike),
        TEST(a_commit_reads_as_a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
