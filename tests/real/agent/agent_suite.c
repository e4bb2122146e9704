/* The agent, as people meet it: they commit, they change the cluster by hand, things break. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "harness.h"
#include "model/report.h"

#define DIGEST_1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define DIGEST_2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define DIGEST_3 "sha256:3333333333333333333333333333333333333333333333333333333333333333"
#define IMAGE(tag, digest) "registry.example.org/shop/web:" tag "@" digest
/* A rollout of simulated pods takes some seconds, on a machine that does other things as well. */
#define ROLLOUT_MS 40000
#define APPLY_MS 10000

#define NAMESPACE_YAML                                                                             \
    "apiVersion: v1\n"                                                                             \
    "kind: Namespace\n"                                                                            \
    "metadata: {name: %NS%}\n"
#define CONFIG_YAML(name, value)                                                                   \
    "apiVersion: v1\n"                                                                             \
    "kind: ConfigMap\n"                                                                            \
    "metadata: {name: " name ", namespace: %NS%}\n"                                                \
    "data: {key: " value "}\n"

static void open_with_namespace(struct world *world, const char *name)
{
    world_open(world, name);
    world_write(world, "namespace.yaml", NAMESPACE_YAML);
}

static const char *config_value(struct world *world, const char *name, char out[static 64])
{
    char rest[128];
    snprintf(rest, sizeof(rest), "configmaps/%s", name);
    AUTO_JSON *object = hand_get(world, "api/v1", rest);
    text_copy_cut(out, 64, json_text_at(object, "data.key", ""));
    return out;
}

struct config {
    const char *name, *value;
};

/* The value of a ConfigMap; "" stands for one that is not there. */
static bool config_is(struct world *world, const void *config)
{
    const struct config *wanted = config;
    char value[64];
    return strcmp(config_value(world, wanted->name, value), wanted->value) == 0;
}

static bool config_is_not(struct world *world, const void *config)
{
    return !config_is(world, config);
}

static const char *running_digest(const struct world *world, const char *name)
{
    const json_t *running = json_array_at(world_workload(world, name), "runningImages");
    return json_text_at(json_array_get(running, 0), "image.digest", "");
}

/* ---- what Git says becomes true ---- */

static void a_commit_becomes_healthy_pods_that_run_its_digest(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "rollout");
    world_write_deployment(&world, "web", 2, IMAGE("1.0.0", DIGEST_1));
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "the commit is applied", is_applied, commit, APPLY_MS);
    eventually(&world, "its pods run", is_healthy, "web", ROLLOUT_MS);
    assert_string_equal(running_digest(&world, "web"), DIGEST_1);
    assert_int_equal(json_int_at(world_workload(&world, "web"), "ready", 0), 2);
    world_close(&world);
}

static bool runs_second(struct world *world, const void *name)
{
    return is_healthy(world, name) && strcmp(running_digest(world, name), DIGEST_2) == 0;
}

static void a_new_image_is_healthy_only_when_it_runs(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "update");
    world_write_deployment(&world, "web", 2, IMAGE("1.0.0", DIGEST_1));
    world_push(&world);
    world_start_agent(&world);
    eventually(&world, "the first image runs", is_healthy, "web", ROLLOUT_MS);
    world_write_deployment(&world, "web", 2, IMAGE("1.1.0", DIGEST_2));
    const char *commit = world_push(&world);
    eventually(&world, "the new commit is applied", is_applied, commit, APPLY_MS);
    /* The harness fails when "healthy" is ever said of an image that does not run. */
    eventually(&world, "the second image runs", runs_second, "web", ROLLOUT_MS);
    world_close(&world);
}

static void a_crashing_image_is_named_within_ten_seconds_while_the_old_pods_serve(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "crash");
    world_write_deployment(&world, "web", 2, IMAGE("1.0.0", DIGEST_1));
    world_push(&world);
    world_start_agent(&world);
    eventually(&world, "the good image runs", is_healthy, "web", ROLLOUT_MS);
    world_write_deployment(&world, "web", 2, IMAGE("bad-2", DIGEST_3));
    world_push(&world);
    eventually(&world, "it is stuck", is_stuck, "web", 15000);
    const json_t *row = world_workload(&world, "web");
    assert_true(json_bool_at(row, "diagnosis.isTerminal", false));
    assert_true(json_text_at(row, "diagnosis.what", "")[0] != '\0');
    assert_int_equal(json_int_at(row, "oldReady", 0), 2);
    print_message("    %s %s\n", json_text_at(row, "diagnosis.what", ""),
                  json_text_at(row, "diagnosis.effect", ""));
    world_close(&world);
}

static void a_namespace_is_made_before_what_is_in_it(void **state)
{
    (void)state;
    struct world world;
    world_open(&world, "order");
    world_write(&world, "a.yaml", CONFIG_YAML("first", "one"));
    world_write(&world, "z.yaml", NAMESPACE_YAML);
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "both are there", is_applied, commit, APPLY_MS);
    assert_true(has_no_problem(&world, NULL));
    world_close(&world);
}

/* ---- what people do to the cluster ---- */

/* Is this change among those that were put back? */
static bool is_told(struct world *world, const void *wanted_drift)
{
    const struct report_drift *wanted = wanted_drift;
    size_t i = 0;
    const json_t *drift = NULL;
    json_array_foreach (json_array_at(world->last, "drifts"), i, drift) {
        if (strcmp(json_text_at(drift, "kind", ""), wanted->kind) == 0 &&
            strcmp(json_text_at(drift, "name", ""), wanted->name) == 0) {
            return strcmp(json_text_at(drift, "field", ""), wanted->field) == 0 &&
                   strcmp(json_text_at(drift, "manager", ""), wanted->manager) == 0 &&
                   json_bool_at(drift, "wasDeleted", false) == wanted->was_deleted;
        }
    }
    return false;
}

static bool is_measured(struct world *world, const void *nothing)
{
    (void)nothing;
    return json_int_at(world->last, "capacity.allocatable.cpuMilli", 0) > 0 ||
           json_array_size(json_array_at(world->last, "uses")) > 0;
}

static void what_nodes_have_and_pods_ask_for_is_told(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "capacity");
    world_write_deployment(&world, "web", 1, IMAGE("1.0.0", DIGEST_1));
    world_push(&world);
    world_start_agent(&world);
    eventually(&world, "the nodes are measured", is_measured, NULL, ROLLOUT_MS);
    world_close(&world);
}

static void a_change_by_hand_is_put_back_and_its_author_named(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "drift");
    world_write_deployment(&world, "web", 1, IMAGE("1.0.0", DIGEST_1));
    world_write(&world, "config.yaml", CONFIG_YAML("settings", "ours"));
    world_push(&world);
    world_start_agent(&world);
    eventually(&world, "it runs", is_healthy, "web", ROLLOUT_MS);

    struct config ours = {"settings", "ours"};
    hand_apply(&world, "api/v1", "configmaps/settings", "intruder",
               "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"settings\"},"
               "\"data\":{\"key\":\"theirs\"}}");
    assert_true(config_is_not(&world, &ours));
    eventually(&world, "the value is ours again", config_is, &ours, 2000);
    struct report_drift value = {
        .kind = "ConfigMap", .name = "settings", .field = "data.key", .manager = "intruder"};
    eventually(&world, "the field is told", is_told, &value, 2000);

    hand_apply(
        &world, "apis/apps/v1", "deployments/web", "intruder",
        "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"web\"},"
        "\"spec\":{\"replicas\":3}}");
    for (int tries = 0; json_int_at(world_workload(&world, "web"), "driftFixed", 0) == 0; tries++) {
        assert_true(tries < 100);
        meanwhile(&world, "pods without a problem in the report vanish", is_stuck, "web", 50);
    }
    assert_string_equal(json_text_at(world_workload(&world, "web"), "driftManager", ""),
                        "intruder");
    AUTO_JSON *live = hand_get(&world, "apis/apps/v1", "deployments/web");
    assert_int_equal(json_int_at(live, "spec.replicas", 0), 1);
    struct report_drift replicas = {
        .kind = "Deployment", .name = "web", .field = "spec.replicas", .manager = "intruder"};
    eventually(&world, "and this field, too", is_told, &replicas, 2000);
    hand_delete(&world, "api/v1", "configmaps/settings");
    struct report_drift deletion = {.kind = "ConfigMap", .name = "settings", .was_deleted = true};
    eventually(&world, "a deletion is told as one", is_told, &deletion, 4000);
    world_close(&world);
}

static void a_deleted_object_comes_back(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "deleted");
    world_write(&world, "config.yaml", CONFIG_YAML("settings", "ours"));
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "it is there", is_applied, commit, APPLY_MS);
    hand_delete(&world, "api/v1", "configmaps/settings");
    struct config ours = {"settings", "ours"};
    eventually(&world, "it is there again", config_is, &ours, 2000);
    world_close(&world);
}

/* ---- what leaves Git ---- */

static void what_leaves_git_is_deleted_and_nothing_else(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "prune");
    world_write(&world, "stay.yaml", CONFIG_YAML("stay", "here"));
    world_write(&world, "leave.yaml", CONFIG_YAML("leave", "here"));
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "both are there", is_applied, commit, APPLY_MS);
    hand_apply(&world, "api/v1", "configmaps/foreign", "somebody",
               "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"foreign\"},"
               "\"data\":{\"key\":\"here\"}}");
    world_remove(&world, "leave.yaml");
    world_remove(&world, "namespace.yaml");
    world_push(&world);
    struct config gone = {"leave", ""}, stay = {"stay", "here"}, foreign = {"foreign", "here"};
    eventually(&world, "one is gone", config_is, &gone, APPLY_MS);
    meanwhile(&world, "others leave with it", config_is_not, &stay, 500);
    assert_true(config_is(&world, &foreign));
    world_close(&world);
}

static void write_twelve(struct world *world)
{
    AUTO_STR(text, 16U << 10);
    for (int i = 0; i < 12; i++) {
        str_addf(&text,
                 "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d, namespace: %%NS%%}\n"
                 "data: {key: here}\n",
                 i);
    }
    world_write(world, "twelve.yaml", text.text);
}

static void a_mass_deletion_waits_until_git_allows_it(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "guard");
    world_write(&world, "stay.yaml", CONFIG_YAML("stay", "here"));
    write_twelve(&world);
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "all are there", is_applied, commit, APPLY_MS);
    world_remove(&world, "twelve.yaml");
    world_push(&world);
    struct wanted_problem refused = {"", "heddle.dev/allow-prune: \"12\""};
    struct config here = {"c0", "here"}, gone = {"c0", ""};
    eventually(&world, "the guard says how to allow it", has_problem, &refused, APPLY_MS);
    meanwhile(&world, "an object leaves without a word", config_is_not, &here, 500);
    world_write(&world, "stay.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: stay\n  namespace: %NS%\n"
                "  annotations: {heddle.dev/allow-prune: \"12\"}\ndata: {key: here}\n");
    world_push(&world);
    eventually(&world, "they leave", config_is, &gone, APPLY_MS);
    world_close(&world);
}

static void an_agent_without_its_data_still_knows_what_it_owns(void **state)
{
    (void)state;
    struct world world;
    char data[512];
    struct err err = {0};
    open_with_namespace(&world, "amnesia");
    world_write(&world, "stay.yaml", CONFIG_YAML("stay", "here"));
    world_write(&world, "leave.yaml", CONFIG_YAML("leave", "here"));
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "both are there", is_applied, commit, APPLY_MS);
    world_stop_agent(&world);
    snprintf(data, sizeof(data), "%s/data", world.folder);
    ASSERT_OK(file_remove_tree(data, &err), err);
    world_remove(&world, "leave.yaml");
    world_push(&world);
    world_start_agent(&world);
    struct config gone = {"leave", ""}, stay = {"stay", "here"};
    eventually(&world, "one is gone", config_is, &gone, APPLY_MS);
    assert_true(config_is(&world, &stay));
    world_close(&world);
}

/* ---- what is wrong in Git ---- */

static void a_file_that_cannot_be_read_does_not_stop_the_others(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "broken");
    world_write(&world, "good.yaml", CONFIG_YAML("good", "one"));
    world_push(&world);
    world_start_agent(&world);
    struct config one = {"good", "one"}, two = {"good", "two"};
    eventually(&world, "the first is there", config_is, &one, APPLY_MS);
    world_write(&world, "good.yaml", CONFIG_YAML("good", "two"));
    world_write(&world, "broken.yaml", "apiVersion: v1\nkind: ConfigMap\n  metadata: {name: [\n");
    world_push(&world);
    struct wanted_problem broken = {"broken.yaml", ""};
    eventually(&world, "the good one is applied", config_is, &two, APPLY_MS);
    eventually(&world, "the broken one is named", has_problem, &broken, APPLY_MS);
    world_close(&world);
}

static void a_field_that_cannot_change_is_named_with_its_file(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "immutable");
    world_write_deployment(&world, "web", 1, IMAGE("1.0.0", DIGEST_1));
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "it is there", is_applied, commit, APPLY_MS);
    world_write(&world, "web.yaml",
                "# a comment\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, "
                "namespace: %NS%}\nspec:\n  replicas: 1\n  selector: {matchLabels: {app: other}}\n"
                "  template:\n    metadata: {labels: {app: other}}\n    spec:\n      containers:\n"
                "        - {name: main, image: \"registry.example.org/shop/web:1.0.0\"}\n");
    world_write(&world, "good.yaml", CONFIG_YAML("good", "one"));
    world_push(&world);
    struct wanted_problem fixed = {"web.yaml", "spec.selector: field is immutable"};
    struct config good = {"good", "one"};
    eventually(&world, "the field is named", has_problem, &fixed, APPLY_MS);
    assert_true(config_is(&world, &good));
    world_close(&world);
}

static void an_unknown_kind_is_named_and_waited_for(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "unknown");
    world_write(&world, "thing.yaml",
                "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: it, namespace: %NS%}\n");
    world_push(&world);
    world_start_agent(&world);
    struct wanted_problem unknown = {"thing.yaml", "does not know Thing of example.org/v1"};
    eventually(&world, "the kind is named", has_problem, &unknown, APPLY_MS);
    world_close(&world);
}

/* ---- charts ---- */

#define DEFINITION(group, version, kind, plural)                                                   \
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: "              \
    "{name: " plural "." group "}\nspec:\n  group: " group                                         \
    "\n  scope: Namespaced\n  names: {kind: " kind ", listKind: " kind "List, plural: " plural     \
    ", singular: " plural "x}\n"                                                                   \
    "  versions:\n  - {name: " version                                                             \
    ", served: true, storage: true, subresources: {status: {}}, "                                  \
    "schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: "              \
    "true}}}\n---\n"
#define ARTIFACT(tag)                                                                              \
    "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: web, "         \
    "namespace: %NS%}\nspec: {url: oci://registry.example.org/charts/web, ref: {tag: " tag "}}\n"

static bool runs_chart(struct world *world, const void *version)
{
    const json_t *running = json_array_at(world_workload(world, "web"), "runningImages");
    const json_t *chart = json_array_get(running, 0);
    return is_healthy(world, "web") && strcmp(json_text_at(chart, "container", ""), "chart") == 0 &&
           strcmp(json_text_at(chart, "image.tag", ""), version) == 0;
}

/* The release itself stays as it is: its chart's version stands in another object. */
static void a_chart_is_healthy_when_flux_has_installed_it(void **state)
{
    (void)state;
    struct world world;
    if (!getenv("HEDDLE_TEST_KUBECONFIG")) {
        skip(); /* a bare control plane has no Flux; the sandbox plays one */
    }
    open_with_namespace(&world, "chart");
    world_write(
        &world, "kinds.yaml",
        DEFINITION("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases")
            DEFINITION("source.toolkit.fluxcd.io", "v1", "OCIRepository", "ocirepositories"));
    world_write(&world, "web.yaml",
                "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                "metadata: {name: web, namespace: %NS%}\n"
                "spec: {chartRef: {kind: OCIRepository, name: web}}\n");
    world_write(&world, "source.yaml", ARTIFACT("1.2.3"));
    world_push(&world);
    world_start_agent(&world);
    eventually(&world, "the chart is installed", runs_chart, "1.2.3", ROLLOUT_MS);
    assert_int_equal(json_int_at(world_workload(&world, "web"), "ready", 0), 1);
    world_write(&world, "source.yaml", ARTIFACT("1.3.0"));
    world_push(&world);
    eventually(&world, "the next one is", runs_chart, "1.3.0", ROLLOUT_MS);
    world_write(&world, "source.yaml", ARTIFACT("2.0.0-fail.1"));
    world_push(&world);
    eventually(&world, "a person must look", is_stuck, "web", ROLLOUT_MS);
    const char *what = json_text_at(world_workload(&world, "web"), "diagnosis.what", "");
    assert_non_null(strstr(what, "this chart never works"));
    world_close(&world);
}

/* ---- who is away ---- */

static bool has_posted(struct world *world, const void *nothing)
{
    (void)nothing;
    return world->posts > 0;
}

static void a_server_that_missed_something_is_told_everything(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "full");
    world_write(&world, "config.yaml", CONFIG_YAML("settings", "one"));
    world_push(&world);
    world_start_agent(&world);
    eventually(&world, "a report came", has_posted, NULL, APPLY_MS);
    world.asks_for_full = true;
    world.has_full = false;
    world_write(&world, "config.yaml", CONFIG_YAML("settings", "two"));
    const char *commit = world_push(&world);
    eventually(&world, "the new commit is reported", is_applied, commit, APPLY_MS);
    assert_true(world.has_full);
    assert_false(world.asks_for_full);
    world_close(&world);
}

static void without_a_server_drift_is_still_put_back(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "alone");
    world_write(&world, "config.yaml", CONFIG_YAML("settings", "ours"));
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "it is there", is_applied, commit, APPLY_MS);
    world_stop_server(&world);
    hand_delete(&world, "api/v1", "configmaps/settings");
    struct config ours = {"settings", "ours"};
    eventually(&world, "it is there again", config_is, &ours, 2000);
    world_close(&world);
}

static void without_git_a_restarted_agent_still_puts_drift_back(void **state)
{
    (void)state;
    struct world world;
    open_with_namespace(&world, "nogit");
    world_write(&world, "config.yaml", CONFIG_YAML("settings", "ours"));
    const char *commit = world_push(&world);
    world_start_agent(&world);
    eventually(&world, "it is there", is_applied, commit, APPLY_MS);
    world_stop_agent(&world);
    world_hide_repository(&world, true);
    hand_delete(&world, "api/v1", "configmaps/settings");
    world_start_agent(&world);
    struct config ours = {"settings", "ours"};
    eventually(&world, "it is there again", config_is, &ours, APPLY_MS);
    world_hide_repository(&world, false);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_commit_becomes_healthy_pods_that_run_its_digest),
        cmocka_unit_test(a_new_image_is_healthy_only_when_it_runs),
        cmocka_unit_test(a_crashing_image_is_named_within_ten_seconds_while_the_old_pods_serve),
        cmocka_unit_test(a_namespace_is_made_before_what_is_in_it),
        cmocka_unit_test(what_nodes_have_and_pods_ask_for_is_told),
        cmocka_unit_test(a_change_by_hand_is_put_back_and_its_author_named),
        cmocka_unit_test(a_deleted_object_comes_back),
        cmocka_unit_test(what_leaves_git_is_deleted_and_nothing_else),
        cmocka_unit_test(a_mass_deletion_waits_until_git_allows_it),
        cmocka_unit_test(an_agent_without_its_data_still_knows_what_it_owns),
        cmocka_unit_test(a_file_that_cannot_be_read_does_not_stop_the_others),
        cmocka_unit_test(a_field_that_cannot_change_is_named_with_its_file),
        cmocka_unit_test(an_unknown_kind_is_named_and_waited_for),
        cmocka_unit_test(a_chart_is_healthy_when_flux_has_installed_it),
        cmocka_unit_test(a_server_that_missed_something_is_told_everything),
        cmocka_unit_test(without_a_server_drift_is_still_put_back),
        cmocka_unit_test(without_git_a_restarted_agent_still_puts_drift_back),
    };
    return cmocka_run_group_tests(tests, cluster_start, cluster_stop);
}
