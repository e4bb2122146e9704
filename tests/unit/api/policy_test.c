/* Policies as the whole server lives by them. */
#include "../server/listener.h"
#include "contract.h"

#include <unistd.h>

#define CELL "/api/v1/cells/dev/cart"

static int open_checked(void **state)
{
    int result = house_open(state);
    if (result == 0) {
        ((struct house *)*state)->on_answer = contract_check;
    }
    return result;
}

static const char *pipeline_with(struct house *house, const char *rule)
{
    return arena_printf(house->arena,
                        "apiVersion: heddle.dev/v1\nkind: Pipeline\nmetadata: {name: shop}\n"
                        "spec:\n  versions:\n    - {images: '**/cart', %s}\n  stages:\n"
                        "    - name: dev\n      automatic: true\n"
                        "      targets: [{cluster: dev, path: clusters/dev}]\n",
                        rule);
}

/* The digest that Git says. */
static const char *digest_in_git(struct house *house)
{
    const json_t *target = json_array_get(json_array_at(house_get(house, CELL), "targets"), 0);
    return arena_strdup(house->arena, json_text_at(target, "digest", ""));
}

static void await_other_digest(struct house *house, const char *than)
{
    house_await(house, CELL, "version", "main");
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    while (strcmp(digest_in_git(house), than) == 0) {
        if (env_now_mono_ms(env_system()) > end_ms) {
            fail_msg("%s", json_text_at(house_get(house, CELL), "explanation", ""));
        }
        usleep(5000);
    }
}

/* Each new digest of the tag is a version; one that was rolled back stays away until the next. */
static void a_moving_tag_is_followed(void **state)
{
    struct house *house = *state;
    HOUSE_COMMIT(house, {"heddle.yaml", pipeline_with(house, "policy: {digest: main}")},
                 {"clusters/dev/cart.yaml", house_manifest(house, "cart", "main")});
    house_sync(house, "dev", NULL);
    house_push(house, "cart", "main");
    await_other_digest(house, "");
    const char *first = digest_in_git(house);
    const json_t *list = house_get(house, "/api/v1/releases");
    int64_t id = json_int_at(json_array_get(json_array_at(list, "items"), 0), "id", 0);
    house_sync_until(house, "dev", NULL, id, "done");

    house_push(house, "cart", "main");
    await_other_digest(house, first);
    const char *second = digest_in_git(house);
    list = house_get(house, "/api/v1/releases");
    id = json_int_at(json_array_get(json_array_at(list, "items"), 0), "id", 0);
    house_sync_until(house, "dev", NULL, id, "done");

    const json_t *back =
        house_post(house, "/api/v1/rollbacks",
                   "{\"stage\": \"dev\", \"workload\": \"cart\", \"reason\": \"slow\"}");
    house_sync_until(house, "dev", NULL, json_int_at(back, "id", 0), "done");
    assert_string_equal(digest_in_git(house), first);
    house_await(house, CELL, "state", "held");
    house_push(house, "cart", "main");
    await_other_digest(house, first);
    assert_string_not_equal(digest_in_git(house), second);
}

static void builds_are_ordered_by_the_part_that_the_rule_captures(void **state)
{
    struct house *house = *state;
    HOUSE_COMMIT(
        house,
        {"heddle.yaml", pipeline_with(house, "policy: numeric, tags: 'main-[0-9a-f]+-([0-9]+)', "
                                             "ignore: '.*-13'")},
        {"clusters/dev/cart.yaml", house_manifest(house, "cart", "main-ffff-9")});
    house_sync(house, "dev", NULL);
    house_push(house, "cart", "main-eeee-8");
    house_push(house, "cart", "main-0a1b-13");
    house_push(house, "cart", "main-0a1b-12");
    house_await(house, CELL, "version", "main-0a1b-12");
    assert_int_equal(json_int_at(house_get(house, CELL), "behind", -1), 0);

    const json_t *items =
        json_array_at(house_get(house, "/api/v1/versions?workload=cart"), "items");
    static const char *const order[] = {"main-0a1b-12", "main-eeee-8"};
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        assert_string_equal(json_text_at(json_array_get(items, i), "tag", ""), order[i]);
        assert_null(json_at(json_array_get(items, i), "ignoredBecause"));
    }
    const json_t *stages = json_array_at(json_array_get(items, 0), "stages");
    assert_string_equal(json_string_value(json_array_get(stages, 0)), "dev");
    assert_string_equal(json_text_at(json_array_get(items, 2), "ignoredBecause", ""),
                        "It is ignored by .*-13.");
}

#define DAY_MS INT64_C(86400000)

static const json_t *item_of(struct house *house, const char *tag)
{
    size_t i = 0;
    const json_t *item = NULL;
    const json_t *list = house_get(house, "/api/v1/versions?workload=cart");
    json_array_foreach (json_array_at(list, "items"), i, item) {
        if (strcmp(json_text_at(item, "tag", ""), tag) == 0) {
            return item;
        }
    }
    fail_msg("no %s", tag);
    return NULL;
}

/* Pushed last, but built before: it is not the newest. */
static void the_image_that_was_built_last_is_the_newest(void **state)
{
    struct house *house = *state;
    HOUSE_COMMIT(house,
                 {"heddle.yaml", pipeline_with(house, "policy: {created: true}, tags: '[a-z]-.*'")},
                 {"clusters/dev/cart.yaml", house_manifest(house, "cart", "a-1")});
    house_sync(house, "dev", NULL);
    int64_t now_ms = env_now_ms(env_system());
    house_push_created(house, "cart", "a-1", now_ms - 3 * DAY_MS);
    house_push_created(house, "cart", "c-3", now_ms - 1 * DAY_MS);
    house_push_created(house, "cart", "b-2", now_ms - 2 * DAY_MS);
    house_await(house, CELL, "version", "c-3");
    assert_int_equal(json_int_at(house_get(house, CELL), "behind", -1), 0);
    static const char *const order[] = {"c-3", "b-2", "a-1"};
    const json_t *list = house_get(house, "/api/v1/versions?workload=cart");
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        const json_t *item = json_array_get(json_array_at(list, "items"), i);
        assert_string_equal(json_text_at(item, "tag", ""), order[i]);
        assert_string_equal(json_text_at(item, "platforms", ""), "linux/amd64");
        assert_null(json_at(item, "ignoredBecause"));
    }
}

static void an_image_for_another_platform_is_no_version(void **state)
{
    struct house *house = *state;
    HOUSE_COMMIT(house,
                 {"heddle.yaml", pipeline_with(house, "policy: semver, platform: linux/arm64")});
    house_push(house, "cart", "1.1.0");
    house_sync(house, "dev", NULL);
    assert_string_equal(json_text_at(item_of(house, "1.1.0"), "ignoredBecause", ""),
                        "It has no image for linux/arm64, but linux/amd64.");
    assert_string_equal(json_text_at(house_get(house, CELL), "version", ""), "1.0.0");
    HOUSE_COMMIT(house,
                 {"heddle.yaml", pipeline_with(house, "policy: semver, platform: linux/amd64")});
    house_await(house, CELL, "version", "1.1.0");
}

int main(void)
{
#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_checked, house_close)
    const struct CMUnitTest tests[] = {
        IN_HOUSE(a_moving_tag_is_followed),
        IN_HOUSE(builds_are_ordered_by_the_part_that_the_rule_captures),
        IN_HOUSE(the_image_that_was_built_last_is_the_newest),
        IN_HOUSE(an_image_for_another_platform_is_no_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
