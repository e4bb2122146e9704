/* Plans: what a source offers, and what they show beside their Git diff when asked: impact,
   rendered objects, what stays. */
#include "../server/listener.h"
#include "contract.h"

#define GIB (INT64_C(1) << 30)
#define CART(stage) "clusters/" stage "/cart.yaml"

static int open_checked(void **state)
{
    int result = house_open(state);
    if (result == 0) {
        ((struct house *)*state)->on_answer = contract_check;
    }
    return result;
}

/* A cart that asks for something, and is set up in its own way. */
static const char *cart(struct house *house, const char *tag, int replicas, const char *mode)
{
    return arena_printf(
        house->arena,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: cart\n  namespace: shop\n"
        "spec:\n  replicas: %d\n  template:\n    spec:\n      containers:\n"
        "        - name: cart\n          image: %s/shop/cart:%s\n"
        "          env: [{name: MODE, value: %s}, {name: DB_PASSWORD, value: %s}]\n"
        "          resources: {requests: {cpu: 500m, memory: 1Gi}}\n",
        replicas, house->address, tag, mode, mode);
}

static const json_t *plan(struct house *house, const char *to, const char *with)
{
    char body[256];
    snprintf(body, sizeof(body), "{\"to\": \"%s\", \"workloads\": [\"cart\"], \"with\": [%s]}", to,
             with);
    return house_post(house, "/api/v1/plans", body);
}

static void measure(struct house *house, const char *cluster, int64_t free_milli)
{
    struct capacity capacity = {.nodes = 1,
                                .allocatable = {4000, 16 * GIB},
                                .requested = {4000 - free_milli, 2 * GIB},
                                .pods_max = 110,
                                .pods = 10,
                                .room_count = 1};
    capacity.rooms[0] = (struct node_room){"node-1", {free_milli, 14 * GIB}, 100};
    house_measure(house, cluster, &(struct measured){&capacity, NULL, 0, NULL, 0});
}

/* Git says it already, but nobody knows yet whether it runs. */
static void what_the_source_has_not_applied_is_not_offered(void **state)
{
    struct house *house = *state;
    HOUSE_COMMIT(house, {CART("dev"), house_manifest(house, "cart", "1.1.0")});
    const json_t *skipped = json_array_at(plan(house, "staging", ""), "skipped");
    assert_string_equal(json_text_at(json_array_get(skipped, 0), "reason", ""),
                        "dev has not applied 1.1.0 yet.");
    house_sync(house, "dev", NULL);
    const json_t *items = json_array_at(plan(house, "staging", ""), "items");
    assert_int_equal(json_array_size(items), 1);
}

static void a_plan_shows_only_what_is_asked_for(void **state)
{
    struct house *house = *state;
    house_push(house, "cart", "1.1.0");
    const json_t *bare = plan(house, "dev", "");
    assert_int_equal(json_array_size(json_array_at(bare, "items")), 1);
    assert_null(json_at(bare, "impact"));
    assert_null(json_at(bare, "rendered"));
    assert_null(json_at(bare, "stays"));
}

static bool is_older(const json_t *plan)
{
    const json_t *item = json_array_get(json_array_at(plan, "items"), 0);
    const json_t *change = json_array_get(json_array_at(item, "changes"), 0);
    assert_non_null(change);
    return json_bool_at(change, "isOlder", false);
}

static void a_move_backward_is_told(void **state)
{
    struct house *house = *state;
    house_push(house, "cart", "1.1.0");
    assert_false(is_older(plan(house, "dev", "")));
    HOUSE_COMMIT(house, {CART("dev"), cart(house, "1.1.0", 2, "dev")});
    assert_true(is_older(
        house_post(house, "/api/v1/plans",
                   "{\"to\": \"dev\", \"workloads\": [\"cart\"], \"from\": \"staging\"}")));
}

static void impact_says_whether_it_fits(void **state)
{
    struct house *house = *state;
    HOUSE_COMMIT(house, {CART("dev"), cart(house, "1.0.0", 2, "dev")});
    house_sync(house, "dev", NULL);
    house_push(house, "cart", "1.1.0");
    const json_t *impact =
        json_array_get(json_array_at(plan(house, "dev", "\"impact\""), "impact"), 0);
    assert_string_equal(json_text_at(impact, "target", ""), "dev");
    assert_string_equal(json_text_at(impact, "fit", ""), "unknown");
    measure(house, "dev", 1000);
    impact = json_array_get(json_array_at(plan(house, "dev", "\"impact\""), "impact"), 0);
    assert_string_equal(json_text_at(impact, "fit", ""), "fits");
    assert_int_equal(json_int_at(impact, "after.cpuMilli", 0), 1000);
    assert_int_equal(json_int_at(impact, "peak.cpuMilli", 0), 1500);
    measure(house, "dev", 100);
    impact = json_array_get(json_array_at(plan(house, "dev", "\"impact\""), "impact"), 0);
    assert_string_equal(json_text_at(impact, "fit", ""), "too_large");
}

/* Of a release that waits it is what would be; of one that is over, what was. */
static void a_release_tells_its_impact_later_too(void **state)
{
    struct house *house = *state;
    HOUSE_COMMIT(house, {CART("staging"), cart(house, "1.0.0", 2, "quiet")},
                 {CART("dev"), cart(house, "1.1.0", 2, "debug")});
    house_sync(house, "dev", NULL);
    house_sync(house, "staging", NULL);
    measure(house, "staging", 1000);
    const json_t *list = house_get(house, "/api/v1/releases?stage=staging&state=active&kind=auto");
    int64_t id = json_int_at(json_array_get(json_array_at(list, "items"), 0), "id", 0);
    char path[64];
    snprintf(path, sizeof(path), "/api/v1/releases/%lld/impact", (long long)id);
    const json_t *impact = json_array_get(json_array_at(house_get(house, path), "impact"), 0);
    assert_string_equal(json_text_at(impact, "target", ""), "staging");
    assert_string_equal(json_text_at(impact, "fit", ""), "fits");
    assert_int_equal(json_int_at(impact, "after.cpuMilli", 0), 1000);
    house_pass(house, 11000);
    house_reach(house, id, "done");
    impact = json_array_get(json_array_at(house_get(house, path), "impact"), 0);
    assert_int_equal(json_int_at(impact, "after.cpuMilli", 0), 1000);
    assert_int_equal(ASK(house, "GET", "/api/v1/releases/999/impact")->status, 404);
}

static void objects_are_shown_as_they_become(void **state)
{
    struct house *house = *state;
    house_push(house, "cart", "1.1.0");
    const json_t *planned = plan(house, "dev", "\"rendered\"");
    const char *rendered = json_text_at(planned, "rendered", "");
    assert_non_null(strstr(rendered, "dev/Deployment/shop/cart"));
    assert_non_null(strstr(rendered, "/shop/cart:1.0.0"));
    assert_non_null(strstr(rendered, "/shop/cart:1.1.0@sha256:"));
    assert_false(json_bool_at(planned, "isRenderedCut", true));
}

static void settings_that_differ_stay_and_secrets_are_not_told(void **state)
{
    struct house *house = *state;
    HOUSE_COMMIT(house, {CART("dev"), cart(house, "1.1.0", 2, "debug")},
                 {CART("staging"), cart(house, "1.0.0", 4, "quiet")});
    house_sync(house, "dev", NULL);
    house_sync(house, "staging", NULL);
    const json_t *stays = json_array_at(plan(house, "staging", "\"stays\""), "stays");
    char *text = json_dumps(stays, JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(strstr(text, "\"source\":\"debug\""));
    assert_non_null(strstr(text, "\"here\":\"quiet\""));
    assert_non_null(strstr(text, "\"here\":\"4\""));
    assert_non_null(strstr(text, "DB_PASSWORD"));
    assert_non_null(strstr(text, "(hidden)"));
    free(text);
    assert_int_equal(json_array_size(stays), 3);
}

int main(void)
{
#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_checked, house_close)
    const struct CMUnitTest tests[] = {
        IN_HOUSE(what_the_source_has_not_applied_is_not_offered),
        IN_HOUSE(a_plan_shows_only_what_is_asked_for),
        IN_HOUSE(a_move_backward_is_told),
        IN_HOUSE(impact_says_whether_it_fits),
        IN_HOUSE(a_release_tells_its_impact_later_too),
        IN_HOUSE(objects_are_shown_as_they_become),
        IN_HOUSE(settings_that_differ_stay_and_secrets_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
