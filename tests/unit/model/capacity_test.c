#include "../testing.h"

#include <string.h>

#include "model/capacity.h"

/* ---- quantities ---- */

static void quantities_are_read_as_kubernetes_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t milli;
    } cases[] = {
        {"0", 0},
        {"2", 2000},
        {"500m", 500},
        {"1.5", 1500},
        {".5", 500},
        {"+1", 1000},
        {"2e3", 2000000},
        {"2E3", 2000000},
        {"1P", INT64_C(1000000000000000000)},
        {"5e-1", 500},
        {"64Mi", INT64_C(67108864000)},
        {"1.5Gi", INT64_C(1610612736000)},
        {"128974848000m", INT64_C(128974848000)},
        {"129e6", INT64_C(129000000000)},
        {"100k", INT64_C(100000000)},
        {"1", 1000},
        /* What is finer than a thousandth is rounded up. */
        {"1n", 1},
        {"156340123n", 157},
        {"1500u", 2},
        {"0.0001", 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t milli = -1;
        if (!quantity_parse(cases[i].text, &milli) || milli != cases[i].milli) {
            fail_msg("%s is %lld, not %lld", cases[i].text, (long long)milli,
                     (long long)cases[i].milli);
        }
    }
}

static void what_is_no_quantity_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "-1",
                                        "m",
                                        "1.2.3",
                                        "1 m",
                                        "1mm",
                                        "one",
                                        "1e",
                                        "1e99",
                                        "99Ei",
                                        "1E",
                                        "1KI",
                                        "0x10",
                                        "1Mi ",
                                        "NaN",
                                        "inf",
                                        "1e3Mi5",
                                        "9999999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        int64_t milli = 0;
        if (quantity_parse(texts[i], &milli)) {
            fail_msg("\"%s\" was taken for %lld", texts[i], (long long)milli);
        }
    }
}

/* ---- pods ---- */

static void a_pod_asks_for_what_the_scheduler_sets_aside(void **state)
{
    (void)state;
    static const struct {
        const char *what, *spec;
        struct resources asks;
    } cases[] = {
        {"nothing", "{\"containers\":[{\"name\":\"a\"}]}", {0, 0}},
        {"two containers",
         "{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"250m\",\"memory\":\"1Ki\"}}},"
         "{\"resources\":{\"requests\":{\"cpu\":1}}}]}",
         {1250, 1024}},
        {"a limit stands for a request",
         "{\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"100m\"},\"limits\":{\"cpu\":"
         "\"1\","
         "\"memory\":\"2Ki\"}}}]}",
         {100, 2048}},
        {"a large init container",
         "{\"initContainers\":[{\"resources\":{\"requests\":{\"cpu\":\"2\"}}}],"
         "\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"1\",\"memory\":\"1Ki\"}}}]}",
         {2000, 1024}},
        {"a sidecar stays, also beside an init container behind it",
         "{\"initContainers\":[{\"restartPolicy\":\"Always\",\"resources\":{\"requests\":{\"cpu\":"
         "\"100m\"}}},{\"resources\":{\"requests\":{\"cpu\":\"2\"}}}],"
         "\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"1\"}}}]}",
         {2100, 0}},
        {"the pod as a whole",
         "{\"resources\":{\"requests\":{\"cpu\":\"3\"}},"
         "\"containers\":[{\"resources\":{\"requests\":{\"cpu\":\"1\",\"memory\":\"1Ki\"}}}]}",
         {3000, 1024}},
        {"what its sandbox takes",
         "{\"overhead\":{\"cpu\":\"50m\"},\"containers\":[{\"resources\":{\"requests\":{\"cpu\":"
         "\"1\"}}}]}",
         {1050, 0}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err = {0};
        AUTO_JSON *spec = json_parse(slice_of(cases[i].spec), &err);
        struct resources asks = resources_of_pod(spec);
        if (!resources_equal(asks, cases[i].asks)) {
            fail_msg("%s: %lld and %lld", cases[i].what, (long long)asks.cpu_milli,
                     (long long)asks.memory_bytes);
        }
    }
}

static void amounts_are_shown_in_few_digits(void **state)
{
    (void)state;
    static const struct {
        int64_t cpu_milli;
        const char *text;
    } cpus[] = {{0, "0 CPU"},    {5, "0.005 CPU"},   {250, "0.25 CPU"},  {500, "0.5 CPU"},
                {1000, "1 CPU"}, {1254, "1.25 CPU"}, {1255, "1.26 CPU"}, {24000, "24 CPU"}};
    static const struct {
        int64_t bytes;
        const char *text;
    } memories[] = {{0, "0 KiB"},
                    {INT64_C(64) << 20, "64 MiB"},
                    {INT64_C(1536) << 20, "1.5 GiB"},
                    {INT64_C(801) << 20, "801 MiB"},
                    {INT64_C(96) << 30, "96 GiB"}};
    for (size_t i = 0; i < COUNT_OF(cpus); i++) {
        AUTO_STR(text, 64);
        cpu_text(cpus[i].cpu_milli, &text);
        assert_string_equal(text.text, cpus[i].text);
    }
    for (size_t i = 0; i < COUNT_OF(memories); i++) {
        AUTO_STR(text, 64);
        memory_text(memories[i].bytes, &text);
        assert_string_equal(text.text, memories[i].text);
    }
}

/* ---- rooms and usage ---- */

static struct node_room room(const char *name, int64_t cpu_milli, int64_t gib, int64_t pods)
{
    struct node_room made = {.free = {cpu_milli, gib << 30}, .pods = pods};
    TEXT_COPY_CUT(made.name, name);
    return made;
}

static void the_roomiest_nodes_are_kept(void **state)
{
    (void)state;
    struct capacity capacity = {0};
    for (int i = 0; i < CAPACITY_ROOMS_MAX + 10; i++) {
        char name[16];
        snprintf(name, sizeof(name), "node-%02d", i);
        struct node_room one = room(name, 1000 + 100 * (i % 7), 32, 10);
        capacity_add_room(&capacity, &one);
    }
    struct node_room full = room("full", 64000, 256, 0);
    struct node_room large = room("large", 8000, 32, 5);
    struct node_room no_memory = room("no-memory", 64000, 0, 5);
    capacity_add_room(&capacity, &full);
    capacity_add_room(&capacity, &no_memory);
    capacity_add_room(&capacity, &large);
    assert_int_equal(capacity.room_count, CAPACITY_ROOMS_MAX);
    assert_string_equal(capacity.rooms[0].name, "large");
    for (size_t i = 1; i < capacity.room_count; i++) {
        assert_false(room_is_larger(&capacity.rooms[i], &capacity.rooms[i - 1]));
        assert_string_not_equal(capacity.rooms[i].name, "full");
        assert_string_not_equal(capacity.rooms[i].name, "no-memory");
    }
}

static void a_usage_that_only_swings_is_no_news(void **state)
{
    (void)state;
    struct resources shown = {1000, INT64_C(1) << 30};
    struct resources swings = {1090, (INT64_C(1) << 30) - (INT64_C(100) << 20)};
    struct resources grows = {1110, INT64_C(2) << 30};
    usage_settle(shown, &swings);
    usage_settle(shown, &grows);
    assert_true(resources_equal(swings, shown));
    assert_int_equal(grows.cpu_milli, 1110);
    assert_int_equal(grows.memory_bytes, INT64_C(2) << 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantities_are_read_as_kubernetes_writes_them),
        cmocka_unit_test(what_is_no_quantity_is_refused),
        cmocka_unit_test(a_pod_asks_for_what_the_scheduler_sets_aside),
        cmocka_unit_test(amounts_are_shown_in_few_digits),
        cmocka_unit_test(the_roomiest_nodes_are_kept),
        cmocka_unit_test(a_usage_that_only_swings_is_no_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
