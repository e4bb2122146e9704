/* Event streams as people and agents get them; tests/unit/http has what any stream does. */
#include "../server/listener.h"
#include "contract.h"

#include <stdio.h>

/* Ends the streams of a token, and lets go of them. */
static void end(struct house *house, const char *name, struct listener **listener)
{
    const char *path = arena_printf(house->arena, "/api/v1/tokens/%s", name);
    ASK(house, "DELETE", path);
    listener_await_end(*listener);
    listener_close(listener);
}

static bool has_type(struct listener *listener, const char *type)
{
    for (size_t i = 0; i < listener_count(listener); i++) {
        if (strcmp(listener_type(listener, i), type) == 0) {
            return true;
        }
    }
    return false;
}

static void who_comes_back_hears_what_they_missed_and_nothing_twice(void **state)
{
    struct house *house = *state;
    const char *token = house_token(house, "ada", "read");
    struct listener *first = listener_open(house, "/api/v1/events", token, NULL);
    size_t from = 0;
    house_push(house, "cart", "1.1.0");
    listener_await(first, &from, "release", "\"syncing\"");
    const char *last_id = arena_strdup(house->arena, listener_id(first, from - 1));
    house_reach(house, 1, "done");
    listener_await(first, &from, "release", "\"done\"");
    struct listener *second = listener_open(house, "/api/v1/events", token, last_id);
    size_t until = 0;
    listener_await(second, &until, "release", "\"done\"");
    for (size_t i = 0; i < until; i++) {
        assert_null(strstr(listener_data(second, i), "\"phase\":\"committing\""));
        assert_string_not_equal(listener_id(second, i), i ? last_id : "");
    }
    assert_string_equal(listener_type(second, 0), "hello");
    assert_false(has_type(second, "reset"));
    end(house, "ada", &first);
    end(house, "ada", &second);
}

static void who_was_away_over_a_restart_must_read_all_again(void **state)
{
    struct house *house = *state;
    const char *token = house_token(house, "ada", "read");
    struct listener *first = listener_open(house, "/api/v1/events", token, NULL);
    const char *last_id = arena_strdup(house->arena, listener_id(first, 0));
    house_restart(house);
    listener_await_end(first);
    listener_close(&first);
    struct listener *second = listener_open(house, "/api/v1/events", token, last_id);
    size_t from = 0;
    listener_await(second, &from, "reset", "{}");
    end(house, "ada", &second);
}

/* All that happened before is told; returns the number of the event to come. */
static size_t settle(struct house *house, struct listener *listener)
{
    static const struct trouble rolling = {.workload = "web", .state = WORKLOAD_ROLLING_OUT};
    static const struct trouble stuck = {.workload = "web", .state = WORKLOAD_STUCK};
    size_t from = listener_count(listener);
    house_sync(house, "staging", &rolling);
    listener_await(listener, &from, "cell", "\"rolling_out\"");
    /* What changed with it may still follow it; what changes now comes after that. */
    house_sync(house, "staging", &stuck);
    listener_await(listener, &from, "cell", "\"stuck\"");
    return from;
}

static void a_heartbeat_is_no_news(void **state)
{
    struct house *house = *state;
    struct listener *ada =
        listener_open(house, "/api/v1/events", house_token(house, "ada", "read"), NULL);
    size_t from = settle(house, ada);
    for (int i = 0; i < 10; i++) {
        house_beat(house, "dev");
    }
    size_t until = settle(house, ada);
    for (size_t i = from; i < until; i++) {
        assert_null(strstr(listener_data(ada, i), "\"cluster\":\"dev\""));
        assert_null(strstr(listener_data(ada, i), "\"name\":\"dev\""));
    }
    end(house, "ada", &ada);
}

static void silence_is_told_and_so_is_its_end(void **state)
{
    struct house *house = *state;
    struct listener *ada =
        listener_open(house, "/api/v1/events", house_token(house, "ada", "read"), NULL);
    size_t from = settle(house, ada);
    house_pass(house, 46000);
    size_t of_cluster = from;
    listener_await(ada, &from, "cell", "\"state\":\"unreachable\"");
    listener_await(ada, &of_cluster, "cluster", "\"isConnected\":false");
    size_t after = from > of_cluster ? from : of_cluster;
    house_beat(house, "prod-eu");
    listener_await(ada, &after, "cluster", "\"isConnected\":true");
    end(house, "ada", &ada);
}

static void an_agent_hears_what_is_for_its_cluster(void **state)
{
    struct house *house = *state;
    struct listener *dev =
        listener_open(house, "/api/v1/agent/commands", house_agent(house, "dev"), NULL);
    struct listener *staging =
        listener_open(house, "/api/v1/agent/commands", house_agent(house, "staging"), NULL);
    house_post(house, "/api/v1/sync", "{\"cluster\": \"dev\"}");
    house_post(house, "/api/v1/sync", "{\"cluster\": \"staging\"}");
    house_post(house, "/api/v1/sync", "{}");
    size_t of_dev = 0;
    size_t of_staging = 0;
    listener_await(dev, &of_dev, "sync", "\"cluster\":\"\"");
    listener_await(staging, &of_staging, "sync", "\"cluster\":\"\"");
    /* hello, its own, and that for all. */
    assert_int_equal(of_dev, 3);
    assert_int_equal(of_staging, 3);
    assert_non_null(strstr(listener_data(dev, 1), "\"dev\""));
    assert_non_null(strstr(listener_data(staging, 1), "\"staging\""));
    end(house, "agent%20dev", &dev);
    end(house, "agent%20staging", &staging);
}

#define IN_A_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_open, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOUSE(who_comes_back_hears_what_they_missed_and_nothing_twice),
        IN_A_HOUSE(who_was_away_over_a_restart_must_read_all_again),
        IN_A_HOUSE(a_heartbeat_is_no_news),
        IN_A_HOUSE(silence_is_told_and_so_is_its_end),
        IN_A_HOUSE(an_agent_hears_what_is_for_its_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
