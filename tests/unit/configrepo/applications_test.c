/* Versions of Argo CD's Applications: of charts, of what they set for them, and of files. */
#include "world.h"

#define APPLICATION(name)                                                                          \
    "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: " name "\nspec:\n"    \
    "  destination: {name: in-cluster, namespace: shop}\n"
#define SOURCE "  source:\n    repoURL: https://charts.example.org/stable\n    chart: api\n"
#define OCI "  source:\n    repoURL: ghcr.io/acme/charts\n    chart: api\n"
#define HELM "    targetRevision: 1.2.3 # the chart\n    helm:\n"
#define PARAMETERS                                                                                 \
    "      parameters:\n        - name: image.repository\n          value: ghcr.io/acme/api\n"     \
    "        - {name: image.tag, value: '%s'} # ours\n"
#define OBJECT                                                                                     \
    "      valuesObject:\n        worker:\n          image: {repository: acme/worker, tag: %s}\n"

static const char *const both[] = {"dev", "prod"};

static struct version_change to(const char *container, const char *tag)
{
    return change_in("api", container, tag);
}

static const char *application(struct world *world, const char *tag, const char *worker)
{
    AUTO_STR(text, 10000);
    str_addf(&text, APPLICATION("api") SOURCE HELM PARAMETERS, tag);
    str_addf(&text, OBJECT, worker);
    return arena_strdup(world->arena, text.text);
}

static void what_it_sets_for_a_chart_is_a_version(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/api.yaml", application(world, "2.0", "3")});
    const struct scan *scan = scan_of(world, "dev");
    const struct scan_workload *api = scan_find(scan, "api");
    assert_non_null(api);
    assert_int_equal(api->kind, WORKLOAD_APPLICATION);
    assert_int_equal(api->place_count, 3);
    assert_string_equal(api->places[2].container, "chart");
    expect_image(place_named(scan, "api", "image"), "ghcr.io/acme/api:2.0");
    expect_image(place_named(scan, "api", "worker.image"), "acme/worker:3");
    const struct place *chart = place_named(scan, "api", "chart");
    assert_string_equal(chart->image.repository, "https://charts.example.org/stable/api");
    assert_string_equal(chart->image.tag, "1.2.3");
    assert_int_equal(chart->form, LOCATE_CHART);
    for (size_t i = 0; i < api->place_count; i++) {
        assert_null(api->places[i].blocked);
        assert_null(api->places[i].note);
    }
    expect_edit(world, to("image", "2.10"), "dev/api.yaml", application(world, "2.10", "3"));
    expect_edit(world, to("worker.image", "v4"), "dev/api.yaml", application(world, "2.0", "v4"));
    AUTO_STR(next, 10000);
    const char *before = application(world, "2.0", "3");
    const char *at = strstr(before, "1.2.3");
    str_addf(&next, "%.*s1.10.0%s", (int)(at - before), before, at + strlen("1.2.3"));
    expect_edit(world, to("chart", "1.10.0"), "dev/api.yaml", next.text);
}

static void a_chart_of_a_registry_is_named_like_an_image(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/api.yaml", APPLICATION("api") OCI "    targetRevision: 1.2.3\n"},
          {"prod/api.yaml", APPLICATION("api") OCI "    targetRevision: 1.*\n"});
    expect_image(place_named(scan_of(world, "dev"), "api", "chart"),
                 "ghcr.io/acme/charts/api:1.2.3");
    const struct place *chosen = place_named(scan_of(world, "prod"), "api", "chart");
    expect_blocked(chosen, "so Argo CD chooses the chart's version");
    assert_true(chosen->is_floating);
}

static void images_for_kustomize_are_versions(void **state)
{
    struct world *world = *state;
#define KUSTOMIZE(first, second)                                                                   \
    APPLICATION("api")                                                                             \
    "  source:\n    repoURL: https://git.example.org/config.git\n    path: apps/api\n"             \
    "    kustomize:\n      images:\n        - nginx=ghcr.io/acme/nginx:" first "\n"                \
    "        - ghcr.io/acme/api:" second " # second\n"
    FILES(world, {"dev/api.yaml", KUSTOMIZE("1.2", "1.0.0")});
    const struct scan *scan = scan_of(world, "dev");
    expect_image(place_named(scan, "api", "nginx"), "ghcr.io/acme/nginx:1.2");
    expect_image(place_named(scan, "api", "api"), "ghcr.io/acme/api:1.0.0");
    expect_edit(world, to("nginx", "1.3"), "dev/api.yaml", KUSTOMIZE("1.3", "1.0.0"));
    expect_edit(world, to("api", "1.1.0"), "dev/api.yaml", KUSTOMIZE("1.2", "1.1.0"));
}

static void each_of_several_sources_has_its_own(void **state)
{
    struct world *world = *state;
#define SOURCES(first, second)                                                                     \
    APPLICATION("api")                                                                             \
    "  sources:\n    - {repoURL: https://git.example.org/config.git, ref: values}\n"               \
    "    - repoURL: https://charts.example.org\n      chart: api\n"                                \
    "      targetRevision: " first "\n      helm:\n"                                               \
    "        valueFiles: [$values/values/dev.yaml, $other/values/prod.yaml]\n"                     \
    "    - repoURL: https://charts.example.org\n      chart: db\n"                                 \
    "      targetRevision: " second "\n      helm:\n        valuesObject: {image: 'acme/db:1'}\n"
    FILES(world, {"dev/api.yaml", SOURCES("1.0.0", "2.0.0")},
          {"values/dev.yaml", "image: {repository: acme/api, tag: v1}\n"},
          {"values/prod.yaml", "image: {repository: acme/api, tag: v9}\n"});
    const struct scan *scan = scan_of(world, "dev");
    expect_image(place_named(scan, "api", "image"), "acme/api:v1");
    expect_image(place_named(scan, "api", "image[2]"), "acme/db:1");
    assert_string_equal(place_named(scan, "api", "chart")->image.tag, "1.0.0");
    assert_string_equal(place_named(scan, "api", "chart[2]")->image.repository,
                        "https://charts.example.org/db");
    expect_edit(world, to("chart[2]", "2.1.0"), "dev/api.yaml", SOURCES("1.0.0", "2.1.0"));
    expect_edit(world, to("image", "v2"), "values/dev.yaml",
                "image: {repository: acme/api, tag: v2}\n");
}

#define CHART "apiVersion: v2\nname: api\nversion: 0.1.0\n"
#define OF_GIT(name, revision, helm)                                                               \
    APPLICATION(name)                                                                              \
    "  source:\n    repoURL: https://git.example.org/config.git\n    path: charts/api\n"           \
    "    targetRevision: " revision "\n    helm:\n" helm
#define FILE_OF(stage) "      valueFiles: [values-" stage ".yaml]\n"

static void move_in(struct world *world)
{
    FILES(world, {"charts/api/Chart.yaml", CHART},
          {"charts/api/values.yaml",
           "image: {repository: acme/api, tag: ''}\nproxy: {image: 'acme/proxy:1'}\n"},
          {"charts/api/values-dev.yaml", "image:\n  tag: 1.4.0 # dev\n"},
          {"charts/api/values-prod.yaml", "image:\n  tag: 1.3.0\n"},
          {"dev/api.yaml", OF_GIT("api-dev", "HEAD", FILE_OF("dev"))},
          {"prod/api.yaml", OF_GIT("prod-api", "main", FILE_OF("prod"))});
}

static void a_chart_in_the_repository_is_promoted_by_its_files(void **state)
{
    struct world *world = *state;
    move_in(world);
    const struct scan *scan = scan_with(world, "dev", both, 2);
    const struct place *place = place_of(scan, "api");
    assert_string_equal(place->container, "image");
    expect_image(place, "acme/api:1.4.0");
    assert_string_equal(place->file, "charts/api/values-dev.yaml");
    assert_null(place->blocked);
    assert_string_equal(place_named(scan, "api", "proxy.image")->note,
                        "charts/api/values-dev.yaml gets a value for proxy.image, since prod uses "
                        "charts/api/values.yaml too");
    assert_true(scan_reads(scan_find(scan, "api"), "charts/api/templates/api.yaml"));
    expect_image(place_of(scan_with(world, "prod", both, 2), "api"), "acme/api:1.3.0");
    expect_changed(world, to("image", "1.10"), "charts/api/values-dev.yaml",
                   "image:\n  tag: \"1.10\" # dev\n");
    expect_changed(world, to("proxy.image", "2"), "charts/api/values-dev.yaml",
                   "image:\n  tag: 1.4.0 # dev\nproxy:\n  image: acme/proxy:2\n");
}

static void its_own_values_and_then_parameters_have_the_last_word(void **state)
{
    struct world *world = *state;
#define OWN_VALUES(tag)                                                                            \
    OF_GIT("api", "HEAD", FILE_OF("dev") "      valuesObject: {image: {tag: " tag "}}\n")
#define OWN_TAG(tag)                                                                               \
    OF_GIT("api", "HEAD",                                                                          \
           "      valuesObject: {image: {tag: v7}}\n      parameters:\n"                           \
           "        - {name: image.tag, value: " tag "}\n")
    move_in(world);
    FILES(world, {"dev/api.yaml", OWN_VALUES("v7")});
    expect_image(place_named(scan_of(world, "dev"), "api", "image"), "acme/api:v7");
    expect_edit(world, to("image", "v8"), "dev/api.yaml", OWN_VALUES("v8"));
    FILES(world, {"dev/api.yaml", OWN_TAG("v8")});
    expect_image(place_named(scan_of(world, "dev"), "api", "image"), "acme/api:v8");
    expect_edit(world, to("image", "v9"), "dev/api.yaml", OWN_TAG("v9"));
}

static void a_parameter_has_the_word_after_files(void **state)
{
    struct world *world = *state;
#define TAG_ALONE(tag)                                                                             \
    OF_GIT("api", "HEAD",                                                                          \
           FILE_OF("dev") "      parameters:\n        - {name: image.tag, value: " tag             \
                          "} # ours\n")
    move_in(world);
    FILES(world, {"dev/api.yaml", TAG_ALONE("v8")});
    const struct scan *scan = scan_of(world, "dev");
    expect_image(place_named(scan, "api", "image"), "acme/api:v8");
    assert_string_equal(place_named(scan, "api", "image")->file, "dev/api.yaml");
    assert_null(scan->problems);
    expect_edit(world, to("image", "v9"), "dev/api.yaml", TAG_ALONE("v9"));
}

static void what_cannot_be_edited_says_why(void **state)
{
    struct world *world = *state;
    move_in(world);
    FILES(world,
          {"dev/api.yaml", OF_GIT("api", "HEAD", "      values: |\n        image: {tag: v7}\n")});
    expect_image(place_named(scan_of(world, "dev"), "api", "image"), "acme/api:v7");
    expect_blocked(place_named(scan_of(world, "dev"), "api", "image"),
                   "write it as helm.valuesObject");
    FILES(world, {"dev/api.yaml", OF_GIT("api", "v1.2.3", FILE_OF("dev"))});
    expect_blocked(place_named(scan_of(world, "dev"), "api", "image"), "write the branch there");
    FILES(world, {"dev/api.yaml", APPLICATION("api") SOURCE HELM
                  "      parameters: [{name: image.tag, value: v1}]\n"});
    expect_problem(scan_of(world, "dev"), "dev/api.yaml", 1, "add the parameter image.repository");
    FILES(world, {"dev/api.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\n"
                                  "metadata: {name: all}\nspec: {}\n"});
    expect_problem(scan_of(world, "dev"), "dev/api.yaml", 1,
                   "commit an Application for each stage");
}

static void a_folder_without_named_images_is_told(void **state)
{
    struct world *world = *state;
#define FOLDER(images)                                                                             \
    APPLICATION("api")                                                                             \
    "  source:\n    repoURL: https://git.example.org/config.git\n    path: ./apps/api\n" images
    FILES(world, {"apps/api/api.yaml", deployment(world, "api", "acme/api:1")},
          {"dev/api.yaml", FOLDER("")},
          {"prod/api.yaml", FOLDER("    kustomize: {images: ['acme/api:2']}\n")});
    expect_problem(scan_of(world, "dev"), "dev/api.yaml", 1,
                   "the versions in apps/api, which the Application api applies, are not followed");
    assert_null(scan_of(world, "prod")->problems);
    expect_image(place_named(scan_of(world, "prod"), "api", "api"), "acme/api:2");
}

static void a_shared_application_gets_a_patch_where_one_reaches(void **state)
{
    struct world *world = *state;
    AUTO_STR(text, 10000);
    struct draft_commit draft;
    struct err err = {0};
    FILES(world, {"base/kustomization.yaml", "resources: [api.yaml]\n"},
          {"base/api.yaml", application(world, "2.0", "3")},
          {"dev/kustomization.yaml", "resources: [../base]\n"},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    const struct scan *scan = scan_with(world, "dev", both, 2);
    expect_blocked(place_named(scan, "api", "image"), "prod uses too");
    struct version_change changes[] = {to("worker.image", "v4"), to("chart", "1.3.0")};
    struct commit_request request = request_for(world, changes, 2);
    request.all_paths = both;
    request.all_path_count = 2;
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, "dev/api-version.yaml", &text, &err), err);
    assert_non_null(strstr(text.text, "spec:\n  source:\n    helm:\n      valuesObject:\n        "
                                      "worker:\n          image:\n            tag: v4\n"));
    str_clear(&text);
    ASSERT_OK(git_read_path(world->git, draft.oid, "dev/api-chart-version.yaml", &text, &err), err);
    assert_non_null(strstr(text.text, "spec:\n  source:\n    targetRevision: 1.3.0\n"));
}

static void a_patch_of_its_lists_is_not_followed(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/kustomization.yaml", "resources: [api.yaml]\n"},
          {"base/api.yaml", application(world, "2.0", "3")},
          {"dev/kustomization.yaml",
           "resources: [../base]\npatches:\n- target: {kind: Application}\n  patch: |-\n"
           "    - {op: replace, path: /spec/source/helm/parameters/1/value, value: '2.1'}\n"},
          {"prod/kustomization.yaml", "resources: [../base]\npatches: [{path: api.yaml}]\n"},
          {"prod/api.yaml", APPLICATION("api") "  source:\n    targetRevision: 1.2.4\n    helm: "
                                               "{parameters: [{name: image.tag, value: v3}]}\n"});
    expect_blocked(place_named(scan_with(world, "dev", both, 2), "api", "image"),
                   "may patch the source of the Application");
    expect_blocked(place_named(scan_with(world, "dev", both, 2), "api", "chart"),
                   "may patch the chart");
    const struct scan *scan = scan_with(world, "prod", both, 2);
    expect_blocked(place_named(scan, "api", "image"), "may patch the source of the Application");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_it_sets_for_a_chart_is_a_version),
        TEST(a_chart_of_a_registry_is_named_like_an_image),
        TEST(images_for_kustomize_are_versions),
        TEST(each_of_several_sources_has_its_own),
        TEST(a_chart_in_the_repository_is_promoted_by_its_files),
        TEST(its_own_values_and_then_parameters_have_the_last_word),
        TEST(a_parameter_has_the_word_after_files),
        TEST(what_cannot_be_edited_says_why),
        TEST(a_folder_without_named_images_is_told),
        TEST(a_shared_application_gets_a_patch_where_one_reaches),
        TEST(a_patch_of_its_lists_is_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
