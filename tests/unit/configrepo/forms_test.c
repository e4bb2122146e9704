/* Versions beyond image fields and images: entries, as releases see and change them. */
#include "world.h"

#define RELEASE                                                                                    \
    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: web\n"           \
    "  namespace: shop\nspec:\n  chart:\n    spec: {chart: web, version: 1.x}\n  values:\n"

static const struct place *place_at(const struct scan *scan, const char *workload,
                                    const char *container)
{
    const struct scan_workload *found = scan_find(scan, workload);
    for (size_t i = 0; found && i < found->place_count; i++) {
        if (strcmp(found->places[i].container, container) == 0) {
            return &found->places[i];
        }
    }
    fail_msg("%s has no %s", workload, container);
    return NULL;
}

static struct version_change change_of(const char *path, const char *workload,
                                       const char *container, const char *tag)
{
    struct version_change change = change_to(path, workload, tag);
    change.container = container;
    return change;
}

static void helm_values_of_a_release_are_places(void **state)
{
    struct world *world = *state;
    FILES(world, {"dev/web.yaml", RELEASE "    image: {repository: ghcr.io/acme/web, tag: 1.0}\n"
                                          "    metrics:\n      image: quay.io/acme/exporter:v3\n"
                                          "    cache:\n      image: redis\n"});
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan_find(scan, "web")->kind, WORKLOAD_HELM_RELEASE);
    assert_string_equal(scan_find(scan, "web")->namespace, "shop");
    assert_int_equal(scan_find(scan, "web")->place_count, 2); /* an image without version is none */
    expect_image(place_at(scan, "web", "image"), "ghcr.io/acme/web:1.0");
    expect_image(place_at(scan, "web", "metrics.image"), "quay.io/acme/exporter:v3");
    assert_int_equal(place_at(scan, "web", "image")->form, LOCATE_VALUES);
    assert_int_equal(place_at(scan, "web", "image")->line, 10);

    struct version_change change = change_of("dev", "web", "image", "1.10");
    change.to.digest[0] = '\0';
    expect_edit(world, change, "dev/web.yaml",
                RELEASE "    image: {repository: ghcr.io/acme/web, tag: \"1.10\"}\n"
                        "    metrics:\n      image: quay.io/acme/exporter:v3\n"
                        "    cache:\n      image: redis\n");
}

static void a_digest_goes_where_the_chart_reads_it(void **state)
{
    struct world *world = *state;
    static const char *const values[][2] = {
        {"    image:\n      repository: acme/web\n      tag: 1.0\n      digest: " OLD_DIGEST "\n",
         "    image:\n      repository: acme/web\n      tag: \"2\"\n      digest: " NEW_DIGEST
         "\n"},
        {"    image:\n      repository: acme/web\n      tag: 1.0@" OLD_DIGEST "\n",
         "    image:\n      repository: acme/web\n      tag: 2@" NEW_DIGEST "\n"},
        {"    image: acme/web:1.0 # keep\n", "    image: acme/web:2@" NEW_DIGEST " # keep\n"},
    };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        FILES(world, {"dev/web.yaml", arena_printf(world->arena, RELEASE "%s", values[i][0])});
        expect_edit(world, change_of("dev", "web", "image", "2"), "dev/web.yaml",
                    arena_printf(world->arena, RELEASE "%s", values[i][1]));
    }
}

static void kinds_of_others_are_workloads_by_their_shape(void **state)
{
    struct world *world = *state;
    static const char spec[] = "spec:\n  template:\n    spec:\n      containers:\n"
                               "      - {name: main, image: 'app:1'}\n";
    FILES(world,
          {"dev/rollout.yaml",
           arena_printf(world->arena,
                        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\n%s",
                        spec)},
          {"dev/knative.yaml",
           "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: b}\nspec:\n"
           "  template:\n    spec:\n      containers:\n      - image: app:1\n"},
          {"dev/training.yaml",
           "apiVersion: kubeflow.org/v1\nkind: PyTorchJob\nmetadata: {name: c}\nspec:\n"
           "  pytorchReplicaSpecs:\n"
           "    Master: {template: {spec: {containers: [{name: main, image: 'app:1'}]}}}\n"
           "    Worker: {template: {spec: {containers: [{name: main, image: 'app:2'}]}}}\n"},
          {"dev/service.yaml",
           "apiVersion: v1\nkind: Service\nmetadata: {name: d}\nspec: {ports: []}\n"},
          {"dev/kustomization.yaml",
           "resources: [rollout.yaml, knative.yaml, training.yaml, service.yaml]\n"});
    const struct scan *scan = scan_of(world, "dev");
    assert_int_equal(scan->workload_count, 3);
    assert_int_equal(scan_find(scan, "a")->kind, WORKLOAD_ROLLOUT);
    assert_int_equal(scan_find(scan, "b")->kind, WORKLOAD_KNATIVE_SERVICE);
    assert_int_equal(scan_find(scan, "c")->kind, WORKLOAD_CUSTOM);
    expect_image(place_at(scan, "b", "user-container"), "app:1");
    expect_image(place_at(scan, "c", "main"), "app:1");
    expect_image(place_at(scan, "c", "main[2]"), "app:2");
}

static void a_field_that_heddle_yaml_names_is_a_place(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"dev/kafka.yaml", "apiVersion: kafka.test/v1\nkind: Kafka\nmetadata: {name: k}\nspec:\n"
                             "  broker: {picture: 'acme/kafka:1'}\n"});
    static const char *const paths[] = {"dev"};
    static const struct image_field fields[] = {{"Kafka", "spec.broker.picture"}};
    struct survey_request request = {
        .commit = world->head, .paths = paths, .path_count = 1, .fields = fields, .field_count = 1};
    struct configrepo_survey *survey = NULL;
    struct scan *scan = NULL;
    struct err err = {0};
    ASSERT_OK(configrepo_survey_open(world->git, &request, &survey, &err), err);
    ASSERT_OK(configrepo_survey_scan(survey, "dev", world->arena, &scan, &err), err);
    configrepo_survey_close(&survey);
    expect_image(place_at(scan, "k", "spec.broker.picture"), "acme/kafka:1");
    assert_null(scan_find(scan_of(world, "dev"), "k")); /* without its name, it is any text */

    struct version_change change = change_of("dev", "k", "spec.broker.picture", "2");
    struct commit_request wish = request_for(world, &change, 1);
    wish.fields = fields;
    wish.field_count = 1;
    expect_files(world, &wish, "dev/kafka.yaml",
                 "apiVersion: kafka.test/v1\nkind: Kafka\nmetadata: {name: k}\nspec:\n"
                 "  broker: {picture: 'acme/kafka:2@" NEW_DIGEST "'}\n");
}

/* ---- patches ---- */

static const char base_kustomization[] = "resources: [web.yaml]\n";
static const char overlay[] = "resources: [../base]\npatches:\n- path: web-patch.yaml\n";

static void a_patch_in_a_file_has_the_last_word_and_is_edited(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/web.yaml", RELEASE "    image: {repository: acme/web, tag: v1}\n"},
          {"base/kustomization.yaml", base_kustomization},
          {"dev/web-patch.yaml",
           "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
           "metadata: {name: web, namespace: shop}\nspec:\n  values:\n    image:\n      tag: v2\n"},
          {"dev/kustomization.yaml", overlay},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    static const char *const all[] = {"dev", "prod"};
    const struct place *place = place_of(scan_with(world, "dev", all, 2), "web");
    expect_image(place, "acme/web:v2");
    assert_string_equal(place->file, "dev/web-patch.yaml");
    assert_int_equal(place->line, 7);
    assert_null(place->blocked);
    assert_null(place->note);
    struct version_change change = change_of("dev", "web", "image", "v3");
    change.to.digest[0] = '\0';
    struct commit_request request = request_for(world, &change, 1);
    request.all_paths = all;
    request.all_path_count = 2;
    expect_files(
        world, &request, "dev/web-patch.yaml",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        "metadata: {name: web, namespace: shop}\nspec:\n  values:\n    image:\n      tag: v3\n");
}

static void a_patch_adds_images_to_the_values_of_a_release(void **state)
{
    struct world *world = *state;
    static const char patch[] = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                                "metadata: {name: web, namespace: shop}\nspec:\n  values:\n"
                                "    image: {repository: acme/web, tag: %s}\n";
    FILES(world, {"base/web.yaml", RELEASE "    replicas: 1\n"},
          {"base/kustomization.yaml", base_kustomization},
          {"dev/web-patch.yaml", arena_printf(world->arena, patch, "v2")},
          {"dev/kustomization.yaml", overlay},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    const struct place *place = place_at(scan_of(world, "dev"), "web", "image");
    expect_image(place, "acme/web:v2");
    assert_string_equal(place->file, "dev/web-patch.yaml");
    assert_null(place->blocked);
    struct version_change change = change_of("dev", "web", "image", "v3");
    change.to.digest[0] = '\0';
    expect_edit(world, change, "dev/web-patch.yaml", arena_printf(world->arena, patch, "v3"));

    FILES(world, {"base/web.yaml", RELEASE "    replicas: 1\n"},
          {"base/kustomization.yaml", base_kustomization},
          {"mid/web-patch.yaml", arena_printf(world->arena, patch, "v2")},
          {"mid/kustomization.yaml", overlay},
          {"dev/web-patch.yaml",
           "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
           "metadata: {name: web, namespace: shop}\nspec: {values: {image: {tag: v5}}}\n"},
          {"dev/kustomization.yaml", "resources: [../mid]\npatches: [{path: web-patch.yaml}]\n"});
    expect_image(place_at(scan_of(world, "dev"), "web", "image"), "acme/web:v5");
}

static void a_patch_of_a_container_is_edited(void **state)
{
    struct world *world = *state;
    static const char patch[] =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"
        "spec: {template: {spec: {containers: [{name: main, image: %s}]}}}\n";
    FILES(world, {"base/web.yaml", deployment(world, "web", "acme/web:v1")},
          {"base/kustomization.yaml", base_kustomization},
          {"dev/web-patch.yaml", arena_printf(world->arena, patch, "'acme/web:v2'")},
          {"dev/kustomization.yaml", overlay});
    expect_image(place_of(scan_of(world, "dev"), "web"), "acme/web:v2");
    expect_edit(world, change_to("dev", "web", "v3"), "dev/web-patch.yaml",
                arena_printf(world->arena, patch, "'acme/web:v3@" NEW_DIGEST "'"));
}

static void a_patch_that_leaves_the_image_alone_blocks_nothing(void **state)
{
    struct world *world = *state;
    static const char *const patches[] = {
        /* of another workload, of another field, by a target that does not fit */
        "- path: other.yaml\n",
        "- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n"
        "    spec: {replicas: 2, template: {metadata: {annotations: {image: none}}}}\n",
        "- target: {kind: StatefulSet}\n  patch: |-\n"
        "    - {op: replace, path: /spec/template/spec/containers/0/image, value: x}\n",
    };
    for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
        FILES(world, {"dev/web.yaml", deployment(world, "web", "acme/web:v1")},
              {"dev/other.yaml", deployment(world, "other", "acme/other:v1")},
              {"dev/kustomization.yaml",
               arena_printf(world->arena, "resources: [web.yaml]\npatches:\n%s", patches[i])});
        const struct place *place = place_of(scan_of(world, "dev"), "web");
        if (place->blocked) {
            fail_msg("patch %zu: %s", i, place->blocked);
        }
        expect_image(place, "acme/web:v1");
    }
}

static void a_patch_whose_effect_is_not_known_blocks(void **state)
{
    struct world *world = *state;
    static const char *const patches[] = {
        "- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n"
        "    spec: {template: {spec: {containers: [{name: main, image: 'acme/web:v2'}]}}}\n",
        "- target: {kind: Deployment, name: w.*|x}\n  path: patch.yaml\n",
        "- target: {kind: Deployment}\n  patch: |-\n"
        "    - {op: replace, path: /spec/template/spec/containers/0/image, value: x}\n",
    };
    for (size_t i = 0; i < sizeof(patches) / sizeof(patches[0]); i++) {
        FILES(world, {"dev/web.yaml", deployment(world, "web", "acme/web:v1")},
              {"dev/patch.yaml", deployment(world, "web", "acme/web:v2")},
              {"dev/kustomization.yaml",
               arena_printf(world->arena, "resources: [web.yaml]\npatches:\n%s", patches[i])});
        expect_blocked(place_of(scan_of(world, "dev"), "web"), "may patch the image");
    }
}

/* ---- overrides ---- */

static void shared_helm_values_are_overridden_by_a_patch(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"base/web.yaml", RELEASE "    image: {repository: acme/web, tag: v1}\n"
                                    "    worker:\n      image: acme/worker:v1\n"},
          {"base/kustomization.yaml", base_kustomization},
          {"dev/kustomization.yaml", "resources:\n  - ../base\n"},
          {"prod/kustomization.yaml", "resources:\n  - ../base\n"});
    static const char *const all[] = {"dev", "prod"};
    const struct place *place = place_at(scan_with(world, "dev", all, 2), "web", "image");
    assert_null(place->blocked);
    assert_string_equal(place->note, "dev/web-version.yaml is added as a patch to "
                                     "dev/kustomization.yaml, since prod uses base/web.yaml too");
    struct version_change changes[] = {change_of("dev", "web", "image", "1.10"),
                                       change_of("dev", "web", "worker.image", "v2")};
    changes[0].to.digest[0] = '\0';
    struct commit_request request = request_for(world, changes, 2);
    request.all_paths = all;
    request.all_path_count = 2;
    struct draft_commit draft;
    struct err err = {0};
    AUTO_STR(patch, 10000);
    AUTO_STR(kustomization, 10000);
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, "dev/web-version.yaml", &patch, &err), err);
    ASSERT_OK(git_read_path(world->git, draft.oid, "dev/kustomization.yaml", &kustomization, &err),
              err);
    assert_string_equal(patch.text,
                        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n"
                        "  name: web\n  namespace: shop\nspec:\n  values:\n    image:\n"
                        "      tag: \"1.10\"\n    worker:\n      image: acme/worker:v2@" NEW_DIGEST
                        "\n");
    assert_string_equal(kustomization.text,
                        "resources:\n  - ../base\npatches:\n  - path: web-version.yaml\n");
}

static void an_override_is_a_place_of_its_own_from_then_on(void **state)
{
    struct world *world = *state;
    FILES(world, {"base/web.yaml", RELEASE "    image: {repository: acme/web, tag: v1}\n"},
          {"base/kustomization.yaml", base_kustomization},
          {"dev/kustomization.yaml", "resources: [../base]\n"},
          {"prod/kustomization.yaml", "resources: [../base]\n"});
    static const char *const all[] = {"dev", "prod"};
    struct version_change change = change_of("dev", "web", "image", "v2");
    change.to.digest[0] = '\0';
    struct commit_request request = request_for(world, &change, 1);
    request.all_paths = all;
    request.all_path_count = 2;
    struct draft_commit draft;
    struct err err = {0};
    ASSERT_OK(commit(world, &request, &draft, &err), err);
    TEXT_COPY_CUT(world->head, draft.oid);
    const struct place *place = place_of(scan_with(world, "dev", all, 2), "web");
    expect_image(place, "acme/web:v2");
    assert_null(place->note);
    expect_image(place_of(scan_with(world, "prod", all, 2), "web"), "acme/web:v1");
    TEXT_COPY_CUT(change.to.tag, "v3");
    expect_files(world, &request, "dev/web-version.yaml",
                 "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n"
                 "  name: web\n  namespace: shop\nspec:\n  values:\n    image:\n      tag: v3\n");
}

static void a_digest_is_written_where_one_stands_unless_pin_says_otherwise(void **state)
{
    struct world *world = *state;
    static const struct {
        enum pin pin;
        const char *before, *tag, *after;
    } cases[] = {
        {PIN_KEEP, "app:1", "2", "app:2"},
        {PIN_KEEP, "app:1@" OLD_DIGEST, "2", "app:2@" NEW_DIGEST},
        {PIN_KEEP, "app:main", "main", "app:main@" NEW_DIGEST}, /* only it tells that it moved */
        {PIN_ALWAYS, "app:1", "2", "app:2@" NEW_DIGEST},
        {PIN_NEVER, "app:1@" OLD_DIGEST, "2", "app:2"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        FILES(world, {"dev/a.yaml", deployment(world, "a", cases[i].before)});
        struct version_change change = change_to("dev", "a", cases[i].tag);
        struct err err = {0};
        ASSERT_OK(image_parse(cases[i].before, &change.from, &err), err);
        struct commit_request request = request_for(world, &change, 1);
        request.pin = cases[i].pin;
        expect_files(world, &request, "dev/a.yaml", deployment(world, "a", cases[i].after));

        /* Asked again where it was done, there is nothing left to do. */
        struct draft_commit draft;
        FILES(world, {"dev/a.yaml", deployment(world, "a", cases[i].after)});
        request.base = world->head;
        ASSERT_OK(commit(world, &request, &draft, &err), err);
        assert_int_equal(draft.edit_count, 0);
    }
}

static void an_anchor_changes_with_all_images_that_repeat_it(void **state)
{
    struct world *world = *state;
    FILES(world,
          {"dev/web.yaml", RELEASE "    image: {repository: acme/web, tag: &v v1}\n"
                                   "    job:\n      image: {repository: acme/web, tag: *v}\n"});
    assert_null(place_of(scan_of(world, "dev"), "web")->blocked);
    struct version_change changes[] = {change_of("dev", "web", "image", "v2"),
                                       change_of("dev", "web", "job.image", "v2")};
    changes[0].to.digest[0] = changes[1].to.digest[0] = '\0';
    struct commit_request request = request_for(world, changes, 2);
    expect_files(world, &request, "dev/web.yaml",
                 RELEASE "    image: {repository: acme/web, tag: &v v2}\n"
                         "    job:\n      image: {repository: acme/web, tag: *v}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(helm_values_of_a_release_are_places),
        TEST(a_digest_goes_where_the_chart_reads_it),
        TEST(kinds_of_others_are_workloads_by_their_shape),
        TEST(a_field_that_heddle_yaml_names_is_a_place),
        TEST(a_patch_in_a_file_has_the_last_word_and_is_edited),
        TEST(a_patch_adds_images_to_the_values_of_a_release),
        TEST(a_patch_of_a_container_is_edited),
        TEST(a_patch_that_leaves_the_image_alone_blocks_nothing),
        TEST(a_patch_whose_effect_is_not_known_blocks),
        TEST(shared_helm_values_are_overridden_by_a_patch),
        TEST(an_override_is_a_place_of_its_own_from_then_on),
        TEST(a_digest_is_written_where_one_stands_unless_pin_says_otherwise),
        TEST(an_anchor_changes_with_all_images_that_repeat_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
