/* Outages: people hear that the Git host or a registry cannot be reached, and that it can again. */
#include "../server/listener.h"
#include "contract.h"

#include <stdio.h>

static const json_t *only_outage(struct house *house)
{
    const json_t *items = json_array_at(house_get(house, "/api/v1/outages"), "items");
    assert_int_equal(json_array_size(items), 1);
    return json_array_get(items, 0);
}

static void close_listener(struct house *house, struct listener **listener)
{
    ASK(house, "DELETE", "/api/v1/tokens/ada");
    listener_await_end(*listener);
    listener_close(listener);
}

static void a_repository_that_is_away_is_told_once_and_so_is_its_return(void **state)
{
    struct house *house = *state;
    struct listener *listener =
        listener_open(house, "/api/v1/events", house_token(house, "ada", "read"), NULL);
    size_t from = 0;
    const char *aside = arena_printf(house->arena, "%s.aside", house->remote.url);
    assert_int_equal(rename(house->remote.url, aside), 0);
    house_post(house, "/api/v1/sync", "{}");
    listener_await(listener, &from, "outages", "\"kind\":\"git\"");
    const json_t *outage = only_outage(house);
    assert_string_equal(json_text_at(outage, "name", ""), house->remote.url);
    assert_non_null(strstr(json_text_at(outage, "problem", ""), "does not appear to be a git"));
    const char *since = arena_strdup(house->arena, json_text_at(outage, "since", ""));

    house_post(house, "/api/v1/sync", "{}");
    assert_int_equal(rename(aside, house->remote.url), 0);
    assert_string_equal(json_text_at(only_outage(house), "since", ""), since);
    house_post(house, "/api/v1/sync", "{}");
    listener_await(listener, &from, "outages", "{\"items\":[]}");
    close_listener(house, &listener);
}

static void set_mood(struct house *house, void *context)
{
    sandbox_registry_set_mood(house->registry, *(const enum sandbox_registry_mood *)context);
}

/* The registry is asked at once, whatever it asked for before. */
static void ask_registry(struct house *house, enum sandbox_registry_mood mood)
{
    house_do(house, set_mood, &mood);
    house_pass(house, INT64_C(3600000));
    const struct http_header header = {"Authorization", "Bearer " HOOK_SECRET};
    const struct answer *told =
        ASK(house, "POST", "/hooks/registry", .token = "", .headers = &header, .header_count = 1,
            .body = "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": "
                    "\"shop/cart\", \"tag\": \"1.0.0\"}}]}");
    assert_int_equal(told->status, 202);
}

static void a_registry_that_asks_to_wait_and_one_that_is_down_are_told_apart(void **state)
{
    struct house *house = *state;
    struct listener *listener =
        listener_open(house, "/api/v1/events", house_token(house, "ada", "read"), NULL);
    size_t from = 0;
    ask_registry(house, SANDBOX_REGISTRY_LIMITING);
    listener_await(listener, &from, "outages", "\"until\":\"");
    const json_t *outage = only_outage(house);
    assert_string_equal(json_text_at(outage, "name", ""), house->address);
    assert_string_equal(json_text_at(outage, "problem", ""),
                        "it gets too many requests (429) and has asked to wait");

    ask_registry(house, SANDBOX_REGISTRY_DOWN);
    listener_await(listener, &from, "outages", "503");
    assert_null(json_text_at(only_outage(house), "until", NULL));

    ask_registry(house, SANDBOX_REGISTRY_FINE);
    listener_await(listener, &from, "outages", "{\"items\":[]}");
    close_listener(house, &listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_repository_that_is_away_is_told_once_and_so_is_its_return,
                                        house_open, house_close),
        cmocka_unit_test_setup_teardown(
            a_registry_that_asks_to_wait_and_one_that_is_down_are_told_apart, house_open,
            house_close),
    };
    return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
