/* What agents measure, as the API shows it. */
#include "../server/listener.h"
#include "contract.h"

#define DEV "/api/v1/clusters/dev"
#define GIB (INT64_C(1) << 30)

static int open_checked(void **state)
{
    int result = house_open(state);
    if (result == 0) {
        ((struct house *)*state)->on_answer = contract_check;
    }
    return result;
}

static struct capacity measured_capacity(void)
{
    struct capacity capacity = {.nodes = 3,
                                .closed_nodes = 1,
                                .allocatable = {24000, 96 * GIB},
                                .requested = {6000, 20 * GIB},
                                .pods_max = 330,
                                .pods = 40,
                                .used = {2000, 9 * GIB},
                                .room_count = 1};
    capacity.rooms[0] = (struct node_room){"node-2", {7000, 30 * GIB}, 90};
    return capacity;
}

static struct report_use use_of_cart(int64_t cpu_milli)
{
    return (struct report_use){"cart", {2, {50, GIB}, 2, {cpu_milli, GIB}}};
}

static const json_t *workload_in(const json_t *cluster, const char *name)
{
    size_t i = 0;
    const json_t *workload = NULL;
    json_array_foreach (json_array_at(cluster, "workloads"), i, workload) {
        if (strcmp(json_text_at(workload, "name", ""), name) == 0) {
            return workload;
        }
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void a_cluster_shows_what_it_has_and_uses(void **state)
{
    struct house *house = *state;
    struct capacity capacity = measured_capacity();
    struct report_use use = use_of_cart(80);
    assert_null(json_at(house_get(house, DEV), "capacity"));
    house_measure(house, "dev", &(struct measured){&capacity, &use, 1, NULL, 0});
    const json_t *dev = house_get(house, DEV);
    assert_int_equal(json_int_at(dev, "capacity.allocatable.cpuMilli", 0), 24000);
    assert_int_equal(json_int_at(dev, "capacity.requested.pods", 0), 40);
    assert_int_equal(json_int_at(dev, "capacity.closedNodes", 0), 1);
    const json_t *room = json_array_get(json_array_at(dev, "capacity.rooms"), 0);
    assert_string_equal(json_text_at(room, "name", ""), "node-2");
    assert_int_equal(json_int_at(workload_in(dev, "cart"), "use.used.cpuMilli", 0), 80);
    assert_null(json_at(workload_in(dev, "web"), "use"));
}

static void what_was_not_measured_anew_stays(void **state)
{
    struct house *house = *state;
    struct capacity capacity = measured_capacity();
    struct report_use use = use_of_cart(80);
    struct report_use more = use_of_cart(95);
    house_measure(house, "dev", &(struct measured){&capacity, &use, 1, NULL, 0});
    house_beat(house, "dev");
    house_measure(house, "dev", &(struct measured){NULL, &more, 1, NULL, 0});
    /* An agent that starts again reports everything, and has measured nothing yet. */
    house_sync(house, "dev", NULL);
    const json_t *dev = house_get(house, DEV);
    assert_int_equal(json_int_at(dev, "capacity.nodes", 0), 3);
    assert_int_equal(json_int_at(workload_in(dev, "cart"), "use.used.cpuMilli", 0), 95);
}

static void why_nothing_is_known_is_said(void **state)
{
    struct house *house = *state;
    struct capacity unknown = {.unknown = "The agent may not see the nodes."};
    struct capacity no_usage = measured_capacity();
    TEXT_COPY_CUT(no_usage.no_usage, "Install metrics-server to see usage.");
    house_measure(house, "dev", &(struct measured){&unknown, NULL, 0, NULL, 0});
    const json_t *dev = house_get(house, DEV);
    assert_string_equal(json_text_at(dev, "capacity.unknown", ""),
                        "The agent may not see the nodes.");
    assert_null(json_at(dev, "capacity.nodes"));
    house_measure(house, "dev", &(struct measured){&no_usage, NULL, 0, NULL, 0});
    dev = house_get(house, DEV);
    assert_null(json_at(dev, "capacity.used"));
    assert_string_equal(json_text_at(dev, "capacity.noUsage", ""),
                        "Install metrics-server to see usage.");
}

static void what_was_put_back_is_listed(void **state)
{
    struct house *house = *state;
    struct report_drift drifts[] = {
        {"Deployment", "shop", "cart", "spec.replicas", false, "kubectl-scale", house->began_ms},
        {"Service", "shop", "web", "", true, "", house->began_ms - 1000}};
    house_measure(house, "dev", &(struct measured){NULL, NULL, 0, drifts, COUNT_OF(drifts)});
    const json_t *listed = json_array_at(house_get(house, DEV), "drifts");
    assert_int_equal(json_array_size(listed), 2);
    assert_string_equal(json_text_at(json_array_get(listed, 0), "field", ""), "spec.replicas");
    assert_true(json_bool_at(json_array_get(listed, 1), "wasDeleted", false));
    assert_null(json_at(json_array_get(listed, 1), "manager"));
}

int main(void)
{
#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_checked, house_close)
    const struct CMUnitTest tests[] = {
        IN_HOUSE(a_cluster_shows_what_it_has_and_uses),
        IN_HOUSE(what_was_not_measured_anew_stays),
        IN_HOUSE(why_nothing_is_known_is_said),
        IN_HOUSE(what_was_put_back_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
