/* Tokens: how they begin, what they may, how they end, and what ends with them. */
#include "../server/listener.h"
#include "contract.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)

static int open_checked(void **state)
{
    int result = house_open(state);
    if (result == 0) {
        ((struct house *)*state)->on_answer = contract_check;
    }
    return result;
}

static const json_t *row_of(struct house *house, const char *name)
{
    size_t i = 0;
    const json_t *row = NULL;
    const json_t *found = NULL;
    json_array_foreach (json_array_at(house_get(house, "/api/v1/tokens"), "items"), i, row) {
        found = strcmp(json_text_at(row, "name", ""), name) == 0 ? row : found;
    }
    assert_non_null(found);
    return found;
}

static int status_for(struct house *house, const char *token)
{
    return ASK(house, "GET", "/api/v1/whoami", .token = token)->status;
}

static void revoke(struct house *house, const char *name)
{
    const char *path = arena_printf(house->arena, "/api/v1/tokens/%s", name);
    assert_int_equal(ASK(house, "DELETE", path)->status, 204);
}

/* ---- beginning and end ---- */

static void a_token_ends_when_it_said_it_would(void **state)
{
    struct house *house = *state;
    const json_t *made = house_post(house, "/api/v1/tokens",
                                    "{\"name\": \"ci\", \"role\": \"read\", \"forMs\": 60000}");
    const char *token = json_text_at(made, "token", "");
    assert_int_equal(status_for(house, token), 200);
    assert_string_equal(json_text_at(row_of(house, "ci"), "expiresAt", ""),
                        json_text_at(made, "expiresAt", "none"));
    house_pass(house, 50000);
    assert_int_equal(status_for(house, token), 200);
    house_pass(house, 10001);
    assert_int_equal(status_for(house, token), 401);
}

static void a_token_of_a_person_lasts_90_days_unless_told(void **state)
{
    struct house *house = *state;
    const char *token = house_token(house, "ada", "read");
    house_pass(house, 90 * DAY_MS - 60000);
    assert_int_equal(status_for(house, token), 200);
    house_pass(house, 60001);
    assert_int_equal(status_for(house, token), 401);
}

static void an_agents_token_and_the_first_one_last_until_they_are_revoked(void **state)
{
    struct house *house = *state;
    house_pass(house, 3660 * DAY_MS);
    house_sync(house, "dev", NULL);
    assert_null(json_object_get(row_of(house, "agent dev"), "expiresAt"));
    assert_null(json_object_get(row_of(house, "admin"), "expiresAt"));
    revoke(house, "agent%20dev");
    const struct answer *answer = ASK(house, "POST", "/api/v1/agent/report",
                                      .token = house_agent(house, "dev"), .body = "{}");
    assert_int_equal(answer->status, 401);
}

/* Else nobody could make another one. */
static void the_last_admins_token_stays(void **state)
{
    struct house *house = *state;
    const struct ask revoke_admin = {.method = "DELETE", .path = "/api/v1/tokens/admin"};
    const struct answer *refused = house_ask(house, &revoke_admin);
    assert_int_equal(refused->status, 409);
    assert_non_null(
        strstr(json_text_at(refused->body, "error.message", ""), "the last admin's token"));
    house_post(house, "/api/v1/tokens",
               "{\"name\": \"guest\", \"role\": \"admin\", \"forMs\": 60000}");
    assert_int_equal(house_ask(house, &revoke_admin)->status, 409);
    revoke(house, "guest");
    house_post(house, "/api/v1/tokens", "{\"name\": \"mia\", \"role\": \"admin\"}");
    assert_int_equal(house_ask(house, &revoke_admin)->status, 204);
}

static void a_revoked_token_is_over_at_once_and_its_name_is_free(void **state)
{
    struct house *house = *state;
    const char *first = house_token(house, "ada", "read");
    const struct answer *twice =
        ASK(house, "POST", "/api/v1/tokens", .body = "{\"name\": \"ada\", \"role\": \"admin\"}");
    assert_int_equal(twice->status, 409);
    revoke(house, "ada");
    assert_int_equal(status_for(house, first), 401);
    assert_int_equal(ASK(house, "DELETE", "/api/v1/tokens/ada")->status, 404);
    const char *second = house_token(house, "ada", "promote");
    assert_int_equal(status_for(house, second), 200);
    assert_int_equal(status_for(house, first), 401);
}

static void a_list_of_tokens_shows_no_secret(void **state)
{
    struct house *house = *state;
    const char *token = house_token(house, "ada", "read");
    assert_int_equal(status_for(house, token), 200);
    const struct answer *list = ASK(house, "GET", "/api/v1/tokens");
    assert_null(strstr(list->raw.body.text, token));
    assert_null(strstr(list->raw.body.text, "hash"));
    assert_null(strstr(list->raw.body.text, "hdl_"));
    assert_true(json_text_at(row_of(house, "ada"), "usedAt", "")[0] != '\0');
    const struct answer *audit = ASK(house, "GET", "/api/v1/audit");
    assert_null(strstr(audit->raw.body.text, "hdl_"));
    assert_non_null(strstr(audit->raw.body.text, "token.create"));
}

/* ---- agents ---- */

static const struct answer *report_as(struct house *house, const char *cluster, const char *body)
{
    return ASK(house, "POST", "/api/v1/agent/report", .token = house_agent(house, cluster),
               .body = body);
}

static void an_agent_reports_for_its_own_cluster_only(void **state)
{
    struct house *house = *state;
    static const char report[] =
        "{\"cluster\": \"prod-eu\", \"session\": \"0123456789abcdef0123456789abcdef\", "
        "\"sequence\": 1000, \"isFull\": true, \"agentVersion\": \"x\", "
        "\"path\": \"clusters/prod-eu\", \"objectCount\": 0, \"workloads\": [], \"problems\": []}";
    const struct answer *answer = report_as(house, "dev", report);
    assert_int_equal(answer->status, 403);
    assert_string_equal(json_text_at(answer->body, "error.message", ""),
                        "this token is for the cluster dev, not for prod-eu");
    const json_t *cluster = house_get(house, "/api/v1/clusters/prod-eu");
    assert_int_equal(json_array_size(json_array_at(cluster, "workloads")), 3);
}

static void a_report_that_makes_no_sense_changes_nothing(void **state)
{
    struct house *house = *state;
    static const char *const reports[] = {
        "{}",
        "{\"cluster\": 7}",
        "{\"cluster\": \"dev\", \"session\": \"x\", \"sequence\": -1, \"workloads\": []}",
        "{\"cluster\": \"dev\", \"session\": \"0123456789abcdef0123456789abcdef\", "
        "\"sequence\": 1000, \"isFull\": true, \"workloads\": [{\"name\": \"../x\"}]}",
        "{\"cluster\": \"dev\", \"session\": \"0123456789abcdef0123456789abcdef\", "
        "\"sequence\": 1000, \"isFull\": true, \"workloads\": \"all\"}",
    };
    for (size_t i = 0; i < COUNT_OF(reports); i++) {
        const struct answer *answer = report_as(house, "dev", reports[i]);
        if (answer->status != 422) {
            fail_msg("%s: %d", reports[i], answer->status);
        }
    }
    const json_t *cluster = house_get(house, "/api/v1/clusters/dev");
    assert_int_equal(json_array_size(json_array_at(cluster, "workloads")), 3);
}

static void two_agents_of_one_name_are_told_and_shown(void **state)
{
    struct house *house = *state;
    static const char report[] =
        "{\"cluster\": \"dev\", \"session\": \"ffffffffffffffffffffffffffffffff\", "
        "\"sequence\": 7, \"isFull\": true, \"agentVersion\": \"x\", \"path\": \"clusters/dev\", "
        "\"objectCount\": 0, \"workloads\": [], \"problems\": []}";
    const struct answer *answer = report_as(house, "dev", report);
    assert_int_equal(answer->status, 409);
    const json_t *cluster = house_get(house, "/api/v1/clusters/dev");
    const json_t *problem = json_array_get(json_array_at(cluster, "problems"), 0);
    assert_non_null(strstr(json_text_at(problem, "text", ""), "Two agents"));
}

/* ---- streams ---- */

static void a_stream_ends_with_its_token_and_the_others_go_on(void **state)
{
    struct house *house = *state;
    struct listener *ada =
        listener_open(house, "/api/v1/events", house_token(house, "ada", "read"), NULL);
    struct listener *bob =
        listener_open(house, "/api/v1/events", house_token(house, "bob", "read"), NULL);
    struct listener *agent =
        listener_open(house, "/api/v1/agent/commands", house_agent(house, "dev"), NULL);
    revoke(house, "ada");
    listener_await_end(ada);
    assert_true(listener_is_open(bob) && listener_is_open(agent));
    revoke(house, "agent%20dev");
    listener_await_end(agent);
    assert_true(listener_is_open(bob));
    /* Bob's is alive, and not only not closed yet. */
    size_t from = 0;
    static const struct trouble rolling = {.workload = "web", .state = WORKLOAD_ROLLING_OUT};
    house_sync(house, "staging", &rolling);
    listener_await(bob, &from, "cell", "\"rolling_out\"");
    revoke(house, "bob");
    listener_await_end(bob);
    listener_close(&ada);
    listener_close(&bob);
    listener_close(&agent);
}

static void a_stream_ends_within_a_minute_of_its_tokens_expiry(void **state)
{
    struct house *house = *state;
    const json_t *made = house_post(house, "/api/v1/tokens",
                                    "{\"name\": \"ci\", \"role\": \"read\", \"forMs\": 60000}");
    struct listener *ci =
        listener_open(house, "/api/v1/events", json_text_at(made, "token", ""), NULL);
    house_pass(house, 120001);
    listener_await_end(ci);
    listener_close(&ci);
}

static void a_restart_revives_no_token(void **state)
{
    struct house *house = *state;
    const char *ada = house_token(house, "ada", "read");
    const char *bob = house_token(house, "bob", "read");
    revoke(house, "ada");
    house_restart(house);
    assert_int_equal(status_for(house, ada), 401);
    assert_int_equal(status_for(house, bob), 200);
}

#define IN_A_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_checked, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOUSE(a_token_ends_when_it_said_it_would),
        IN_A_HOUSE(a_token_of_a_person_lasts_90_days_unless_told),
        IN_A_HOUSE(an_agents_token_and_the_first_one_last_until_they_are_revoked),
        IN_A_HOUSE(the_last_admins_token_stays),
        IN_A_HOUSE(a_revoked_token_is_over_at_once_and_its_name_is_free),
        IN_A_HOUSE(a_list_of_tokens_shows_no_secret),
        IN_A_HOUSE(an_agent_reports_for_its_own_cluster_only),
        IN_A_HOUSE(a_report_that_makes_no_sense_changes_nothing),
        IN_A_HOUSE(two_agents_of_one_name_are_told_and_shown),
        IN_A_HOUSE(a_stream_ends_with_its_token_and_the_others_go_on),
        IN_A_HOUSE(a_stream_ends_within_a_minute_of_its_tokens_expiry),
        IN_A_HOUSE(a_restart_revives_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
