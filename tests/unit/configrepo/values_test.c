/* Versions that HelmReleases take from ConfigMaps, which kustomizations make of files. */
#include "world.h"

#define RELEASE                                                                                    \
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\nspec:\n"    \
    "  chart:\n    spec: {chart: web, sourceRef: {kind: GitRepository, name: git}}\n"
#define TAKES "  valuesFrom:\n    - {kind: ConfigMap, name: web-values}\n"
#define MAKES                                                                                      \
    "resources: [web.yaml]\nconfigMapGenerator:\n- name: web-values\n"                             \
    "  files: [values.yaml=web-values.yaml]\n"
#define OVERLAY(behavior)                                                                          \
    "resources: [../base]\nconfigMapGenerator:\n- name: web-values\n" behavior                     \
    "  files: [values.yaml=own.yaml]\n"

static const char *const both[] = {"dev", "prod"};

static struct version_change to(const char *container, const char *tag)
{
    return change_in("web", container, tag);
}

/* The same, where it takes more than one file. */
static void expect_written(struct world *world, struct version_change change, const char *file,
                           const char *wanted)
{
    struct commit_request request = request_for(world, &change, 1);
    struct draft_commit draft;
    struct err err = {0};
    AUTO_STR(text, 10000);
    request.all_paths = both;
    request.all_path_count = 2;
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, file, &text, &err), err);
    assert_string_equal(text.text, wanted);
}

static void a_file_behind_a_generator_is_a_place(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/web.yaml", RELEASE TAKES}, {"dev/kustomization.yaml", MAKES},
          {"dev/web-values.yaml", "# ours\nimage: {repository: acme/web, tag: v1} # now\n"});
    const struct scan *scan = scan_of(world, "dev");
    const struct place *place = place_of(scan, "web");
    expect_image(place, "acme/web:v1");
    assert_string_equal(place->container, "image");
    assert_string_equal(place->file, "dev/web-values.yaml");
    assert_int_equal(place->line, 2);
    assert_int_equal(place->form, LOCATE_VALUES_FILE);
    assert_null(place->blocked);
    assert_true(scan_reads(scan_find(scan, "web"), "dev/web-values.yaml"));
    expect_edit(world, to("image", "1.10"), "dev/web-values.yaml",
                "# ours\nimage: {repository: acme/web, tag: \"1.10\"} # now\n");
}

static void a_tag_alone_is_of_the_image_that_the_release_names(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/web.yaml", RELEASE TAKES "  values:\n    image: {repository: acme/web}\n"},
          {"dev/kustomization.yaml", MAKES}, {"dev/web-values.yaml", "image:\n  tag: v1\n"});
    expect_image(place_of(scan_of(world, "dev"), "web"), "acme/web:v1");
    expect_edit(world, to("image", "v2"), "dev/web-values.yaml", "image:\n  tag: v2\n");
}

static void the_releases_own_values_have_the_last_word(void **state)
{
    struct world *world = *state;
    static const char *const own[][2] = {
        {"    image: {repository: acme/web, tag: v2}\n",
         "    image: {repository: acme/web, tag: v3}\n"},
        {"    image:\n      tag: v2\n", "    image:\n      tag: v3\n"},
    };
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        const char *before = arena_printf(world->arena, RELEASE TAKES "  values:\n%s", own[i][0]);
        FILES(world, {"dev/web.yaml", before}, {"dev/kustomization.yaml", MAKES},
              {"dev/web-values.yaml", "image: {repository: acme/web, tag: v1}\n"});
        const struct scan *scan = scan_of(world, "dev");
        assert_int_equal(scan_find(scan, "web")->place_count, 1);
        expect_image(place_of(scan, "web"), "acme/web:v2");
        expect_edit(world, to("image", "v3"), "dev/web.yaml",
                    arena_printf(world->arena, RELEASE TAKES "  values:\n%s", own[i][1]));
    }
}

static void the_generator_further_up_says_it(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/web.yaml", RELEASE TAKES}, {"base/kustomization.yaml", MAKES},
          {"base/web-values.yaml", "image: {repository: acme/web, tag: v1}\n"},
          {"dev/kustomization.yaml", OVERLAY("  behavior: replace\n")},
          {"dev/own.yaml", "image: {repository: acme/web, tag: v2}\n"},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    expect_image(place_of(scan_with(world, "dev", both, 2), "web"), "acme/web:v2");
    expect_image(place_of(scan_with(world, "prod", both, 2), "web"), "acme/web:v1");
    expect_changed(world, to("image", "v3"), "dev/own.yaml",
                   "image: {repository: acme/web, tag: v3}\n");
}

static void a_shared_file_is_overridden_in_the_release(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/web.yaml", RELEASE TAKES}, {"base/kustomization.yaml", MAKES},
          {"base/web-values.yaml", "web: {image: 'acme/web:v1'}\n"},
          {"dev/kustomization.yaml", "resources: [../base]\n"},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    const struct place *place = place_of(scan_with(world, "dev", both, 2), "web");
    assert_string_equal(place->note,
                        "dev/web-version.yaml is added as a patch to dev/kustomization.yaml, "
                        "since prod uses base/web-values.yaml too");
    static const char patch[] = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                                "metadata:\n  name: web\nspec:\n  values:\n    web:\n"
                                "      image: acme/web:%s\n";
    expect_written(world, to("web.image", "v2"), "dev/web-version.yaml",
                   arena_printf(world->arena, patch, "v2"));

    FILES(world, {"base/web.yaml", RELEASE TAKES}, {"base/kustomization.yaml", MAKES},
          {"base/web-values.yaml", "web: {image: 'acme/web:v1'}\n"},
          {"dev/web-version.yaml", arena_printf(world->arena, patch, "v2")},
          {"dev/kustomization.yaml", "resources: [../base]\npatches: [{path: web-version.yaml}]\n"},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    place = place_of(scan_with(world, "dev", both, 2), "web");
    expect_image(place, "acme/web:v2");
    assert_null(place->note);
    expect_changed(world, to("web.image", "v3"), "dev/web-version.yaml",
                   arena_printf(world->arena, patch, "v3"));
}

static void a_later_source_of_the_targets_own_takes_the_value(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/web.yaml", RELEASE TAKES "    - {kind: ConfigMap, name: own}\n"},
          {"base/kustomization.yaml", MAKES},
          {"base/web-values.yaml", "web: {image: 'acme/web:v1'}\n"},
          {"dev/kustomization.yaml",
           "resources: [../base]\nconfigMapGenerator: [{name: own, files: [values.yaml]}]\n"},
          {"dev/values.yaml", "replicas: 1\n"},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    expect_changed(world, to("web.image", "v2"), "dev/values.yaml",
                   "replicas: 1\nweb:\n  image: acme/web:v2\n");
}

static void what_becomes_a_secret_is_left_alone(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"dev/web.yaml", RELEASE "  valuesFrom:\n    - {kind: Secret, name: web-values}\n"},
          {"dev/kustomization.yaml",
           "resources: [web.yaml]\nsecretGenerator: [{name: web-values, files: [values.yaml]}]\n"},
          {"dev/values.yaml", "image: {repository: acme/web, tag: v1}\n"});
    expect_blocked(place_of(scan_of(world, "dev"), "web"), "it becomes a Secret");
}

static void a_generator_of_others_is_not_meant(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/kustomization.yaml", "resources: [a, b]\n"},
          {"dev/a/kustomization.yaml", "resources: [web.yaml]\n"},
          {"dev/a/web.yaml", RELEASE TAKES},
          {"dev/b/kustomization.yaml",
           "configMapGenerator: [{name: web-values, files: [values.yaml]}]\n"},
          {"dev/b/values.yaml", "image: {repository: acme/web, tag: v1}\n"});
    assert_null(scan_find(scan_of(world, "dev"), "web"));
}

static void one_value_is_no_file_of_values(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"dev/web.yaml", RELEASE "  valuesFrom:\n    - {kind: ConfigMap, name: web-values, "
                                   "targetPath: image.tag}\n"},
          {"dev/kustomization.yaml", MAKES},
          {"dev/web-values.yaml", "image: {repository: acme/web, tag: v1}\n"});
    assert_null(scan_find(scan_of(world, "dev"), "web"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_behind_a_generator_is_a_place),
        TEST(a_tag_alone_is_of_the_image_that_the_release_names),
        TEST(the_releases_own_values_have_the_last_word),
        TEST(the_generator_further_up_says_it),
        TEST(a_shared_file_is_overridden_in_the_release),
        TEST(a_later_source_of_the_targets_own_takes_the_value),
        TEST(what_becomes_a_secret_is_left_alone),
        TEST(a_generator_of_others_is_not_meant),
        TEST(one_value_is_no_file_of_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
