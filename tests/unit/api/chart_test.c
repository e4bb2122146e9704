/* A chart's version, and one that a chart's files say, on their way from a registry to the last
   stage, as the whole server lives by it. */
#include "../server/house.h"
#include "contract.h"

#include <unistd.h>

#define PIPELINE                                                                                   \
    "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n  pin: always\n"    \
    "  stages:\n    - name: dev\n      automatic: true\n"                                          \
    "      targets: [{cluster: dev, path: clusters/dev}]\n"                                        \
    "    - name: prod\n      from: [dev]\n"                                                        \
    "      targets: [{cluster: prod-eu, path: clusters/prod-eu}]\n"
#define DEV "/api/v1/cells/dev/pay"
#define PROD "/api/v1/cells/prod/pay"

static int open_checked(void **state)
{
    int result = house_open(state);
    if (result == 0) {
        ((struct house *)*state)->on_answer = contract_check;
    }
    return result;
}

/* `values` stands below spec. */
static const char *release_of(struct house *house, const char *version, const char *values)
{
    return arena_printf(
        house->arena,
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n"
        "metadata: {name: shop, namespace: shop}\nspec: {type: oci, url: 'oci://%s/shop'}\n---\n"
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
        "metadata: {name: pay, namespace: shop}\nspec:\n  chart:\n    spec:\n      chart: pay\n"
        "      version: %s\n      sourceRef: {kind: HelmRepository, name: shop}\n%s",
        house->address, version, values);
}

static void move_in(struct house *house, const char *version, const char *values)
{
    HOUSE_COMMIT(house, {"heddle.yaml", PIPELINE},
                 {"clusters/dev/pay.yaml", release_of(house, version, values)},
                 {"clusters/prod-eu/pay.yaml", release_of(house, version, values)});
    house_sync(house, "dev", NULL);
    house_sync(house, "prod-eu", NULL);
}

static const char *newest_release(struct house *house, const char *stage, int64_t *out_id)
{
    const char *path = arena_printf(house->arena, "/api/v1/releases?stage=%s&workload=pay", stage);
    const json_t *items = json_array_at(house_get(house, path), "items");
    *out_id = json_int_at(json_array_get(items, 0), "id", 0);
    return arena_printf(house->arena, "/api/v1/releases/%lld", (long long)*out_id);
}

static int64_t promote(struct house *house, const char *stage)
{
    const char *wish =
        arena_printf(house->arena, "\"to\": \"%s\", \"workloads\": [\"pay\"]", stage);
    const json_t *plan =
        house_post(house, "/api/v1/plans", arena_printf(house->arena, "{%s}", wish));
    const json_t *made =
        house_post(house, "/api/v1/releases",
                   arena_printf(house->arena, "{%s, \"planDigest\": \"%s\", \"reason\": \"Go\"}",
                                wish, json_text_at(plan, "digest", "")));
    return json_int_at(made, "id", 0);
}

static const char *text_in_git(struct house *house, const char *file)
{
    const char *object = arena_printf(house->arena, "main:%s", file);
    return arena_printf(house->arena, "%s\n", REMOTE_GIT(&house->remote, "show", object));
}

static void a_chart_goes_from_the_registry_to_the_last_stage(void **state)
{
    struct house *house = *state;
    int64_t id = 0;
    move_in(house, "1.0.0", "");
    house_push(house, "pay", "1.0.0");
    house_push(house, "pay", "1.1.0-rc.1"); /* does not count */
    house_push(house, "pay", "1.1.0");
    house_await(house, DEV, "version", "1.1.0");
    assert_true(json_bool_at(house_get(house, DEV), "isChart", false));
    (void)newest_release(house, "dev", &id);
    /* Ready, and with the old chart: Flux has not looked yet. */
    const struct trouble old = {.workload = "pay", .state = WORKLOAD_HEALTHY, .chart = "1.0.0"};
    const json_t *waiting = house_sync_until(house, "dev", &old, id, "rolling_out");
    for (int i = 0; i < 20; i++) {
        house_sync(house, "dev", &old);
        waiting = house_get(house, newest_release(house, "dev", &id));
        assert_string_equal(json_text_at(waiting, "phase", ""), "rolling_out");
        usleep(5000);
    }
    assert_non_null(strstr(json_text_at(waiting, "why", ""), "until chart 1.1.0 is installed"));
    house_sync_until(house, "dev", NULL, id, "done");
    assert_string_equal(text_in_git(house, "clusters/dev/pay.yaml"),
                        release_of(house, "1.1.0", ""));
    house_await(house, PROD, "version", "1.0.0");
    int64_t next = promote(house, "prod");
    house_sync_until(house, "prod-eu", NULL, next, "done");
    assert_string_equal(text_in_git(house, "clusters/prod-eu/pay.yaml"),
                        release_of(house, "1.1.0", ""));
    assert_true(json_is_null(json_object_get(house_get(house, DEV), "next")));
    assert_true(json_is_null(json_object_get(house_get(house, PROD), "next")));
}

static const char *why_it_waits(struct house *house, const char *tag)
{
    size_t i = 0;
    const json_t *item = NULL;
    const json_t *list = house_get(house, "/api/v1/versions?workload=pay");
    json_array_foreach (json_array_at(list, "items"), i, item) {
        if (strcmp(json_text_at(item, "tag", ""), tag) == 0) {
            return json_text_at(item, "waitsBecause", "");
        }
    }
    fail_msg("no %s", tag);
    return NULL;
}

static void a_chart_of_another_major_version_waits_for_a_person(void **state)
{
    struct house *house = *state;
    static const char why[] = "It is another major version: promote it by hand, or set a policy.";
    int64_t id = 0;
    move_in(house, "1.0.0", "");
    house_push(house, "pay", "2.0.0");
    house_push(house, "pay", "1.1.0");
    house_await(house, DEV, "version", "1.1.0");
    (void)newest_release(house, "dev", &id);
    house_sync_until(house, "dev", NULL, id, "done");
    assert_string_equal(why_it_waits(house, "2.0.0"), why);
    assert_string_equal(why_it_waits(house, "1.1.0"), "");
    const json_t *next = json_object_get(house_get(house, DEV), "next");
    AUTO(xfree) char *told = json_text(next);
    assert_non_null(strstr(told, "2.0.0"));
    assert_non_null(strstr(told, why));
    house_sync_until(house, "dev", NULL, promote(house, "dev"), "done");
    assert_string_equal(json_text_at(house_get(house, DEV), "version", ""), "2.0.0");
    assert_string_equal(why_it_waits(house, "2.0.0"), "");
    house_push(house, "pay", "2.0.1");
    house_await(house, DEV, "version", "2.0.1");
}

static void a_rule_lets_charts_of_any_major_version_in(void **state)
{
    struct house *house = *state;
    move_in(house, "1.0.0", "");
    HOUSE_COMMIT(
        house,
        {"heddle.yaml",
         arena_printf(house->arena, "%s  versions: [{images: '**', policy: semver}]\n", PIPELINE)});
    house_push(house, "pay", "2.0.0");
    house_await(house, DEV, "version", "2.0.0");
}

static void an_image_moves_on_where_flux_chooses_the_chart(void **state)
{
    struct house *house = *state;
    const char *before =
        arena_printf(house->arena, "  values:\n    image: %s/shop/cart:1.0.0\n", house->address);
    move_in(house, "1.x", before);
    house_push(house, "pay", "1.1.0");
    house_push(house, "cart", "1.1.0");
    house_await(house, DEV, "version", "1.1.0");
    assert_false(json_bool_at(house_get(house, DEV), "isChart", false));
    assert_non_null(strstr(text_in_git(house, "clusters/dev/pay.yaml"), "      version: 1.x\n"));
    const json_t *places = json_array_at(house_get(house, DEV), "places");
    assert_int_equal(json_array_size(places), 2);
    assert_string_equal(json_text_at(json_array_get(places, 1), "container", ""), "chart");
    assert_non_null(
        strstr(json_text_at(json_array_get(places, 1), "blocked", ""), "so Flux chooses"));
}

static void what_flux_chooses_alone_is_never_on_offer(void **state)
{
    struct house *house = *state;
    move_in(house, "1.x", "");
    house_push(house, "pay", "1.1.0");
    const json_t *cell = house_get(house, DEV);
    assert_string_equal(json_text_at(cell, "version", ""), "1.x");
    assert_true(json_is_null(json_object_get(cell, "next")));
    const json_t *plan =
        house_post(house, "/api/v1/plans", "{\"to\": \"dev\", \"workloads\": [\"pay\"]}");
    const json_t *skip = json_array_get(json_array_at(plan, "skipped"), 0);
    assert_non_null(strstr(json_text_at(skip, "reason", ""), "write one version, like 1.2.3"));
}

/* ---- a chart in the repository ---- */

#define THREE_STAGES                                                                               \
    "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\nspec:\n  pin: always\n"    \
    "  stages:\n    - name: dev\n      automatic: true\n"                                          \
    "      targets: [{cluster: dev, path: clusters/dev}]\n"                                        \
    "    - name: staging\n      from: [dev]\n      automatic: true\n"                              \
    "      targets: [{cluster: staging, path: clusters/staging}]\n"                                \
    "    - name: prod\n      from: [staging]\n"                                                    \
    "      targets: [{cluster: prod-eu, path: clusters/prod-eu}]\n"
#define STAGE_VALUES "pay:\n  tag: %s # of this stage\n"

static const char *release_with(struct house *house, const char *stage)
{
    return arena_printf(house->arena,
                        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\n"
                        "metadata: {name: pay, namespace: shop}\nspec:\n  chart:\n    spec:\n"
                        "      chart: ./charts/pay\n      reconcileStrategy: Revision\n"
                        "      sourceRef: {kind: GitRepository, name: config}\n"
                        "      valuesFiles: [charts/pay/values.yaml, values/%s.yaml]\n",
                        stage);
}

static const char *values_in_git(struct house *house, const char *stage)
{
    return text_in_git(house, arena_printf(house->arena, "values/%s.yaml", stage));
}

static void expect_tag(struct house *house, const char *stage, const char *tag)
{
    const char *begin = arena_printf(house->arena, "pay:\n  tag: %s", tag);
    const char *text = values_in_git(house, stage);
    assert_memory_equal(text, begin, strlen(begin));
    assert_non_null(strstr(text, " # of this stage\n"));
}

static void a_stage_s_own_values_file_says_it_from_dev_to_prod(void **state)
{
    struct house *house = *state;
    static const char *const clusters[] = {"dev", "staging", "prod-eu"};
    int64_t id = 0;
    const char *chart =
        arena_printf(house->arena, "pay: {repository: %s/shop/pay, tag: ''}\n", house->address);
    const char *first = arena_printf(house->arena, STAGE_VALUES, "1.0.0");
    HOUSE_COMMIT(house, {"heddle.yaml", THREE_STAGES},
                 {"charts/pay/Chart.yaml", "apiVersion: v2\nname: pay\nversion: 0.1.0\n"},
                 {"charts/pay/values.yaml", chart}, {"values/dev.yaml", first},
                 {"values/staging.yaml", first}, {"values/prod.yaml", first},
                 {"clusters/dev/pay.yaml", release_with(house, "dev")},
                 {"clusters/staging/pay.yaml", release_with(house, "staging")},
                 {"clusters/prod-eu/pay.yaml", release_with(house, "prod")});
    for (size_t i = 0; i < sizeof(clusters) / sizeof(clusters[0]); i++) {
        house_sync(house, clusters[i], NULL);
    }
    house_push(house, "pay", "1.0.0");
    house_push(house, "pay", "1.1.0");
    house_await(house, DEV, "version", "1.1.0");
    (void)newest_release(house, "dev", &id);
    house_sync_until(house, "dev", NULL, id, "done");
    house_await(house, "/api/v1/cells/staging/pay", "version", "1.1.0");
    (void)newest_release(house, "staging", &id);
    house_sync_until(house, "staging", NULL, id, "done");
    expect_tag(house, "dev", "1.1.0@sha256:");
    expect_tag(house, "staging", "1.1.0@sha256:");
    expect_tag(house, "prod", "1.0.0 ");
    int64_t next = promote(house, "prod");
    house_sync_until(house, "prod-eu", NULL, next, "done");
    assert_string_equal(values_in_git(house, "prod"), values_in_git(house, "dev"));
    assert_string_equal(text_in_git(house, "charts/pay/values.yaml"), chart);
}

/* ---- Applications of Argo CD ---- */

static const char *application_of(struct house *house, const char *stage, const char *tag)
{
    return arena_printf(house->arena,
                        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
                        "metadata: {name: pay-%s, namespace: argocd}\nspec:\n"
                        "  destination: {name: %s, namespace: shop}\n  source:\n"
                        "    repoURL: %s/charts\n    chart: pay\n    targetRevision: 1.0.0\n"
                        "    helm:\n      valuesObject:\n"
                        "        pay: {repository: %s/shop/pay, tag: %s} # ours\n",
                        stage, stage, house->address, house->address, tag);
}

static void expect_application(struct house *house, const char *stage, const char *begin)
{
    const char *wanted = application_of(house, stage, begin);
    const char *text =
        text_in_git(house, arena_printf(house->arena, "clusters/%s/pay.yaml", stage));
    const char *end = strstr(wanted, "} # ours");
    assert_memory_equal(text, wanted, (size_t)(end - wanted));
    assert_non_null(strstr(text, "} # ours\n"));
}

static void an_application_s_own_values_go_from_dev_to_prod(void **state)
{
    struct house *house = *state;
    static const char *const clusters[] = {"dev", "staging", "prod-eu"};
    int64_t id = 0;
    HOUSE_COMMIT(house, {"heddle.yaml", THREE_STAGES},
                 {"clusters/dev/pay.yaml", application_of(house, "dev", "1.0.0")},
                 {"clusters/staging/pay.yaml", application_of(house, "staging", "1.0.0")},
                 {"clusters/prod-eu/pay.yaml", application_of(house, "prod-eu", "1.0.0")});
    for (size_t i = 0; i < sizeof(clusters) / sizeof(clusters[0]); i++) {
        house_sync(house, clusters[i], NULL);
    }
    house_push(house, "pay", "1.0.0");
    house_push(house, "pay", "1.1.0");
    house_await(house, DEV, "version", "1.1.0");
    const json_t *places = json_array_at(house_get(house, DEV), "places");
    assert_int_equal(json_array_size(places), 2);
    assert_string_equal(json_text_at(json_array_get(places, 1), "container", ""), "chart");
    (void)newest_release(house, "dev", &id);
    house_sync_until(house, "dev", NULL, id, "done");
    house_await(house, "/api/v1/cells/staging/pay", "version", "1.1.0");
    (void)newest_release(house, "staging", &id);
    house_sync_until(house, "staging", NULL, id, "done");
    expect_application(house, "prod-eu", "1.0.0");
    int64_t next = promote(house, "prod");
    house_sync_until(house, "prod-eu", NULL, next, "done");
    for (size_t i = 0; i < sizeof(clusters) / sizeof(clusters[0]); i++) {
        expect_application(house, clusters[i], "1.1.0@sha256:");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_chart_goes_from_the_registry_to_the_last_stage,
                                        open_checked, house_close),
        cmocka_unit_test_setup_teardown(a_chart_of_another_major_version_waits_for_a_person,
                                        open_checked, house_close),
        cmocka_unit_test_setup_teardown(a_rule_lets_charts_of_any_major_version_in, open_checked,
                                        house_close),
        cmocka_unit_test_setup_teardown(an_image_moves_on_where_flux_chooses_the_chart,
                                        open_checked, house_close),
        cmocka_unit_test_setup_teardown(what_flux_chooses_alone_is_never_on_offer, open_checked,
                                        house_close),
        cmocka_unit_test_setup_teardown(a_stage_s_own_values_file_says_it_from_dev_to_prod,
                                        open_checked, house_close),
        cmocka_unit_test_setup_teardown(an_application_s_own_values_go_from_dev_to_prod,
                                        open_checked, house_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
