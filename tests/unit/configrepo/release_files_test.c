/* Versions in the files of a chart that lies in the repository, as HelmReleases take them. */
#include "world.h"

#define CHART "apiVersion: v2\nname: shop\nversion: 0.1.0\n"
#define RELEASE(spec, more)                                                                        \
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: shop\nspec:\n"   \
    "  chart:\n    spec:\n      chart: ./charts/shop\n      reconcileStrategy: Revision\n"         \
    "      sourceRef: {kind: GitRepository, name: git}\n" spec more
#define TAKES(files) "      valuesFiles: [" files "]\n"
#define VALUES                                                                                     \
    "image: {repository: acme/shop, tag: ''}\nproxy:\n  image: acme/proxy:1.0\n"                   \
    "redis:\n  replicas: 1\n"
#define BOTH(name) "charts/shop/values.yaml, values/" name ".yaml"

static const char *const both[] = {"dev", "prod"};

static struct version_change to(const char *container, const char *tag)
{
    return change_in("shop", container, tag);
}

static void move_in(struct world *world)
{
    FILES(
        world, {"charts/shop/Chart.yaml", CHART}, {"charts/shop/values.yaml", VALUES},
        {"charts/shop/charts/redis/Chart.yaml", CHART},
        {"charts/shop/charts/redis/values.yaml", "image: {repository: library/redis, tag: '7'}\n"},
        {"values/dev.yaml", "image:\n  tag: 1.4.0 # dev\n"},
        {"values/prod.yaml", "image:\n  tag: 1.3.0\n"},
        {"dev/shop.yaml", RELEASE(TAKES(BOTH("dev")), "")},
        {"prod/shop.yaml", RELEASE(TAKES(BOTH("prod")), "")});
}

static void a_stage_s_own_file_of_values_is_the_place(void **state)
{
    struct world *world = *state;
    move_in(world);
    const struct scan *scan = scan_with(world, "dev", both, 2);
    const struct place *place = place_of(scan, "shop");
    assert_string_equal(place->container, "image");
    expect_image(place, "acme/shop:1.4.0");
    assert_string_equal(place->file, "values/dev.yaml");
    assert_int_equal(place->form, LOCATE_VALUES_FILE);
    assert_null(place->blocked);
    assert_null(place->note);
    expect_image(place_named(scan, "shop", "redis.image"), "library/redis:7");
    const struct scan_workload *shop = scan_find(scan, "shop");
    assert_true(scan_reads(shop, "values/dev.yaml"));
    assert_true(scan_reads(shop, "charts/shop/templates/deployment.yaml"));
    assert_false(scan_reads(shop, "values/prod.yaml"));
    expect_changed(world, to("image", "1.10"), "values/dev.yaml",
                   "image:\n  tag: \"1.10\" # dev\n");
}

static void a_shared_value_goes_into_the_stage_s_own_file(void **state)
{
    struct world *world = *state;
    move_in(world);
    const struct place *place =
        place_named(scan_with(world, "dev", both, 2), "shop", "proxy.image");
    expect_image(place, "acme/proxy:1.0");
    assert_string_equal(place->note,
                        "values/dev.yaml gets a value for proxy.image, since prod uses "
                        "charts/shop/values.yaml too");
    expect_changed(world, to("proxy.image", "2.0"), "values/dev.yaml",
                   "image:\n  tag: 1.4.0 # dev\nproxy:\n  image: acme/proxy:2.0\n");
    expect_changed(world, to("redis.image", "8"), "values/dev.yaml",
                   "image:\n  tag: 1.4.0 # dev\nredis:\n  image:\n    tag: \"8\"\n");
}

static void without_a_file_of_its_own_a_stage_gets_a_patch(void **state)
{
    struct world *world = *state;
    FILES(world, {"charts/shop/Chart.yaml", CHART}, {"charts/shop/values.yaml", VALUES},
          {"base/shop.yaml", RELEASE("", "  values: {image: {tag: 1.4.0}}\n")},
          {"base/kustomization.yaml", "resources: [shop.yaml]\n"},
          {"dev/kustomization.yaml", "resources: [../base]\n"},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    struct version_change change = to("proxy.image", "2.0");
    struct commit_request request = request_for(world, &change, 1);
    struct draft_commit draft;
    struct err err = {0};
    AUTO_STR(text, 10000);
    request.all_paths = both;
    request.all_path_count = 2;
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, "dev/shop-version.yaml", &text, &err), err);
    assert_non_null(
        strstr(text.text, "spec:\n  values:\n    proxy:\n      image: acme/proxy:2.0\n"));
}

static void the_release_s_own_values_complete_the_chart_s(void **state)
{
    struct world *world = *state;
    FILES(world, {"charts/shop/Chart.yaml", CHART}, {"charts/shop/values.yaml", VALUES},
          {"dev/shop.yaml", RELEASE("", "  values:\n    image:\n      tag: 1.4.0\n")});
    const struct place *place = place_of(scan_of(world, "dev"), "shop");
    expect_image(place, "acme/shop:1.4.0");
    assert_string_equal(place->file, "dev/shop.yaml");
    expect_edit(world, to("image", "1.5.0"), "dev/shop.yaml",
                RELEASE("", "  values:\n    image:\n      tag: 1.5.0\n"));
}

static void a_patch_says_which_files_are_taken(void **state)
{
    struct world *world = *state;
    static const char patch[] = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                                "metadata: {name: shop}\nspec:\n  chart:\n    spec:\n"
                                "      valuesFiles: [" BOTH("dev") "]\n";
    FILES(world, {"charts/shop/Chart.yaml", CHART}, {"charts/shop/values.yaml", VALUES},
          {"values/dev.yaml", "image: {tag: 1.4.0}\n"}, {"base/shop.yaml", RELEASE("", "")},
          {"base/kustomization.yaml", "resources: [shop.yaml]\n"},
          {"dev/kustomization.yaml", "resources: [../base]\npatches: [{path: files.yaml}]\n"},
          {"dev/files.yaml", patch}, {"prod/kustomization.yaml", "resources: [../base]\n"});
    expect_image(place_named(scan_with(world, "dev", both, 2), "shop", "image"), "acme/shop:1.4.0");
    expect_changed(world, to("image", "1.5.0"), "values/dev.yaml", "image: {tag: 1.5.0}\n");

    FILES(world,
          {"dev/kustomization.yaml",
           "resources: [../base]\npatches:\n- target: {kind: HelmRelease}\n  patch: |-\n"
           "    - {op: add, path: /spec/chart/spec/valuesFiles, value: [values/dev.yaml]}\n"});
    expect_problem(scan_with(world, "dev", both, 2), "dev/kustomization.yaml", 1,
                   "it may patch which valuesFiles shop takes");
}

static void what_flux_does_not_look_at_again_is_not_changed(void **state)
{
    struct world *world = *state;
    FILES(world, {"charts/shop/Chart.yaml", CHART}, {"charts/shop/values.yaml", VALUES},
          {"dev/shop.yaml",
           "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: shop}\n"
           "spec: {chart: {spec: {chart: charts/shop, sourceRef: {kind: GitRepository, name: g}}}, "
           "values: {image: {tag: v1}}}\n"});
    const struct scan *scan = scan_of(world, "dev");
    assert_null(place_named(scan, "shop", "image")->blocked);
    expect_blocked(place_named(scan, "shop", "proxy.image"), "reconcileStrategy: Revision");
}

static void a_chart_of_elsewhere_says_nothing_here(void **state)
{
    struct world *world = *state;
    FILES(world, {"charts/shop/values.yaml", VALUES}, {"dev/shop.yaml", RELEASE("", "")});
    assert_null(scan_find(scan_of(world, "dev"), "shop"));
}

/* What a kustomization's chart reads, and what a HelmRelease of another target reads, too. */
static void users_of_every_kind_are_seen(void **state)
{
    struct world *world = *state;
    FILES(world, {"charts/shop/Chart.yaml", CHART}, {"charts/shop/values.yaml", VALUES},
          {"values/all.yaml", "image: {tag: v1}\n"},
          {"dev/shop.yaml", RELEASE(TAKES(BOTH("all")), "")},
          {"prod/deep/shop.yaml", RELEASE(TAKES(BOTH("all")), "")});
    expect_blocked(place_named(scan_with(world, "dev", both, 2), "shop", "image"),
                   "the version is written in values/all.yaml, which prod uses too");
}

static void keys_without_end_keep_out_nothing_else(void **state)
{
    struct world *world = *state;
    FILES(
        world, {"charts/shop/Chart.yaml", CHART},
        {"charts/shop/values.yaml",
         "image: acme/shop:1\nsome-long-name:\n  another-long-name:\n    and-one-more-long-name:\n"
         "      and-the-last-one: {image: 'acme/deep:1'}\n"},
        {"dev/shop.yaml", RELEASE("", "")});
    const struct scan *scan = scan_of(world, "dev");
    expect_image(place_of(scan, "shop"), "acme/shop:1");
    assert_int_equal(scan_find(scan, "shop")->place_count, 1);
    expect_problem(scan, "charts/shop/values.yaml", 5, "the version of acme/deep is not promoted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_stage_s_own_file_of_values_is_the_place),
        TEST(a_shared_value_goes_into_the_stage_s_own_file),
        TEST(without_a_file_of_its_own_a_stage_gets_a_patch),
        TEST(the_release_s_own_values_complete_the_chart_s),
        TEST(a_patch_says_which_files_are_taken),
        TEST(what_flux_does_not_look_at_again_is_not_changed),
        TEST(a_chart_of_elsewhere_says_nothing_here),
        TEST(users_of_every_kind_are_seen),
        TEST(keys_without_end_keep_out_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
