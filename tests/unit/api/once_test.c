/* The same request twice, and plans that change between two looks. */
#include "contract.h"

#include <stdio.h>
#include <unistd.h>

static int open_checked(void **state)
{
    int result = house_open(state);
    if (result == 0) {
        ((struct house *)*state)->on_answer = contract_check;
    }
    return result;
}

static const struct answer *post(struct house *house, const char *path, const char *body,
                                 const char *key)
{
    const struct http_header header = {"Idempotency-Key", key};
    return ASK(house, "POST", path, .body = body, .headers = &header, .header_count = 1);
}

static int64_t id_in(const struct answer *answer)
{
    if (answer->status != 201) {
        fail_msg("%d %s", answer->status, answer->raw.body.text);
    }
    return json_int_at(answer->body, "id", 0);
}

static size_t count_releases(struct house *house, const char *kind)
{
    const char *path = arena_printf(house->arena, "/api/v1/releases?kind=%s", kind);
    return json_array_size(json_array_at(house_get(house, path), "items"));
}

/* A version that dev has and prod could get. */
static void offer(struct house *house, const char *tag)
{
    house_push(house, "cart", tag);
    int64_t end_ms = env_now_mono_ms(env_system()) + DEADLINE_MS;
    const char *path = "/api/v1/cells/dev/cart";
    for (;;) {
        house_sync(house, "dev", NULL);
        const json_t *cell = house_get(house, path);
        if (strcmp(json_text_at(cell, "running", ""), tag) == 0 &&
            strcmp(json_text_at(cell, "state", ""), "healthy") == 0) {
            return;
        }
        assert_true(env_now_mono_ms(env_system()) < end_ms);
        usleep(5000);
    }
}

#define TO_PROD "{\"to\": \"prod\", \"from\": \"dev\", \"workloads\": [\"cart\"]}"

static const json_t *plan(struct house *house)
{
    return house_post(house, "/api/v1/plans", TO_PROD);
}

static const char *with_digest(struct house *house, const json_t *planned)
{
    return arena_printf(house->arena,
                        "{\"to\": \"prod\", \"from\": \"dev\", \"workloads\": [\"cart\"], "
                        "\"planDigest\": \"%s\"}",
                        json_text_at(planned, "digest", ""));
}

static void the_same_key_gives_the_same_release_even_when_it_is_over(void **state)
{
    struct house *house = *state;
    offer(house, "1.1.0");
    int64_t first = id_in(post(house, "/api/v1/releases", TO_PROD, "key-1"));
    assert_int_equal(id_in(post(house, "/api/v1/releases", TO_PROD, "key-1")), first);
    house_await(house, arena_printf(house->arena, "/api/v1/releases/%lld", (long long)first),
                "phase", "needs_approval");
    house_post(house, arena_printf(house->arena, "/api/v1/releases/%lld/stop", (long long)first),
               "{\"reason\": \"no\"}");
    const struct answer *again = post(house, "/api/v1/releases", TO_PROD, "key-1");
    assert_int_equal(id_in(again), first);
    assert_string_equal(json_text_at(again->body, "phase", ""), "stopped");
    assert_int_equal(count_releases(house, "promote"), 1);
    /* A restart forgets no key. */
    house_restart(house);
    house_await(house, "/api/v1/pipeline", "name", "shop");
    assert_int_equal(id_in(post(house, "/api/v1/releases", TO_PROD, "key-1")), first);
    assert_true(id_in(post(house, "/api/v1/releases", TO_PROD, "key-2")) > first);
}

static void a_key_is_of_one_person_one_route_and_one_body(void **state)
{
    struct house *house = *state;
    offer(house, "1.1.0");
    int64_t first = id_in(post(house, "/api/v1/releases", TO_PROD, "key-1"));
    const struct answer *other =
        post(house, "/api/v1/releases", "{\"to\": \"prod\", \"from\": \"dev\"}", "key-1");
    assert_int_equal(other->status, 422);
    assert_non_null(strstr(json_text_at(other->body, "error.message", ""), "made R-"));
    const struct http_header header = {"Idempotency-Key", "key-1"};
    const struct answer *of_paul =
        ASK(house, "POST", "/api/v1/releases", .token = house_token(house, "paul", "promote"),
            .body = TO_PROD, .headers = &header, .header_count = 1);
    assert_true(id_in(of_paul) > first);
    assert_string_equal(json_text_at(of_paul->body, "actor", ""), "paul");
}

static void a_rollback_is_made_once_too(void **state)
{
    struct house *house = *state;
    offer(house, "1.1.0");
    static const char body[] = "{\"stage\": \"dev\", \"workload\": \"cart\", \"reason\": \"slow\"}";
    int64_t first = id_in(post(house, "/api/v1/rollbacks", body, "back"));
    house_reach(house, first, "done");
    assert_int_equal(id_in(post(house, "/api/v1/rollbacks", body, "back")), first);
    assert_int_equal(count_releases(house, "rollback"), 1);
}

static void a_key_has_1_to_64_characters(void **state)
{
    struct house *house = *state;
    offer(house, "1.1.0");
    static const char long_key[] =
        "0123456789012345678901234567890123456789012345678901234567890123x";
    assert_int_equal(post(house, "/api/v1/releases", TO_PROD, long_key)->status, 422);
    assert_int_equal(post(house, "/api/v1/releases", TO_PROD, "")->status, 422);
    assert_int_equal(count_releases(house, "promote"), 0);
    assert_int_equal(post(house, "/api/v1/releases", TO_PROD, long_key + 1)->status, 201);
}

static void a_plan_is_carried_out_once(void **state)
{
    struct house *house = *state;
    offer(house, "1.1.0");
    const char *body = with_digest(house, plan(house));
    int64_t first = json_int_at(house_post(house, "/api/v1/releases", body), "id", 0);
    assert_int_equal(json_int_at(house_post(house, "/api/v1/releases", body), "id", 0), first);
    assert_int_equal(id_in(post(house, "/api/v1/releases", body, "a key of its own")), first);
    assert_int_equal(count_releases(house, "promote"), 1);
}

static void expect_changed(struct house *house, const char *body, const char *line)
{
    const struct answer *answer = ASK(house, "POST", "/api/v1/releases", .body = body);
    const char *message = json_text_at(answer->body, "error.message", "");
    assert_int_equal(answer->status, 409);
    assert_string_equal(json_text_at(answer->body, "error.code", ""), "refused");
    if (!strstr(message, line)) {
        fail_msg("\"%s\" does not say \"%s\"", message, line);
    }
    assert_int_equal(count_releases(house, "promote"), 0);
}

static void a_plan_that_has_changed_is_refused_by_its_first_changed_line(void **state)
{
    struct house *house = *state;
    offer(house, "1.1.0");
    const char *body = with_digest(house, plan(house));
    offer(house, "1.2.0");
    expect_changed(house, body, "cart in prod-eu would now get 1.2.0, not 1.1.0");
    /* Someone else moves what the plan would move. */
    body = with_digest(house, plan(house));
    HOUSE_COMMIT(house, {"clusters/prod-us/cart.yaml", house_manifest(house, "cart", "0.9.0")});
    expect_changed(house, body, "cart in prod-us now has 0.9.0, not 1.0.0");
    HOUSE_COMMIT(house, {"clusters/prod-us/cart.yaml", NULL});
    expect_changed(house, body, "cart is no longer changed in prod-us");
    body = with_digest(house, plan(house));
    HOUSE_COMMIT(house, {"clusters/prod-us/cart.yaml", house_manifest(house, "cart", "1.0.0")});
    expect_changed(house, body, "cart is now changed in prod-us, too");
}

static void a_plan_of_before_the_restart_is_refused_without_its_line(void **state)
{
    struct house *house = *state;
    offer(house, "1.1.0");
    const char *body = with_digest(house, plan(house));
    offer(house, "1.2.0");
    house_restart(house);
    house_await(house, "/api/v1/pipeline", "name", "shop");
    expect_changed(house, body, "the plan has changed since you saw it");
}

static void a_commit_that_is_not_in_the_way_changes_no_plan(void **state)
{
    struct house *house = *state;
    offer(house, "1.1.0");
    const char *body = with_digest(house, plan(house));
    HOUSE_COMMIT(house, {"README.md", "hello\n"}, {"clusters/prod-us/web.yaml", NULL});
    assert_int_equal(ASK(house, "POST", "/api/v1/releases", .body = body)->status, 201);
}

#define IN_A_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_checked, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOUSE(the_same_key_gives_the_same_release_even_when_it_is_over),
        IN_A_HOUSE(a_key_is_of_one_person_one_route_and_one_body),
        IN_A_HOUSE(a_rollback_is_made_once_too),
        IN_A_HOUSE(a_key_has_1_to_64_characters),
        IN_A_HOUSE(a_plan_is_carried_out_once),
        IN_A_HOUSE(a_plan_that_has_changed_is_refused_by_its_first_changed_line),
        IN_A_HOUSE(a_plan_of_before_the_restart_is_refused_without_its_line),
        IN_A_HOUSE(a_commit_that_is_not_in_the_way_changes_no_plan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
