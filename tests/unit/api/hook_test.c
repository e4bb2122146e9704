/* Hooks of registries and Git hosts: who may call, how often, and how little they can say. */
#include "../server/listener.h"
#include "contract.h"

#include <stdio.h>

#include "crypto/crypto.h"

#define REGISTRY "/hooks/registry"
#define GIT "/hooks/git"

static int open_checked(void **state)
{
    int result = house_open(state);
    if (result == 0) {
        ((struct house *)*state)->on_answer = contract_check;
    }
    return result;
}

static const char *signature_of(struct house *house, const char *secret, const char *body)
{
    char hex[SHA256_HEX_BYTES];
    crypto_hmac_sha256_hex(slice_of(secret), slice_of(body), hex);
    return arena_printf(house->arena, "sha256=%s", hex);
}

static const struct answer *call(struct house *house, const char *path, const char *body,
                                 const char *name, const char *value)
{
    const struct http_header header = {name, value};
    return ASK(house, "POST", path, .token = "", .body = body, .headers = &header,
               .header_count = name ? 1 : 0);
}

static const struct answer *call_signed(struct house *house, const char *path, const char *body)
{
    return call(house, path, body, "X-Hub-Signature-256", signature_of(house, HOOK_SECRET, body));
}

/* ---- who ---- */

static void only_the_right_signature_is_heard(void **state)
{
    struct house *house = *state;
    static const char body[] = "{\"events\": []}";
    const char *good = signature_of(house, HOOK_SECRET, body);
    AUTO_STR(upper, 100);
    for (const char *at = good; *at; at++) {
        bool is_hex = at >= good + 7 && *at >= 'a';
        str_add_char(&upper, (char)(is_hex ? *at - 32 : *at));
    }
    const struct {
        const char *name, *value;
        int status;
    } cases[] = {
        {"X-Hub-Signature-256", good, 202},
        {"Authorization", "Bearer " HOOK_SECRET, 202},
        {"Authorization", "bearer " HOOK_SECRET, 202},
        {NULL, NULL, 401},
        {"X-Hub-Signature-256", "", 401},
        {"X-Hub-Signature-256", "sha256=", 401},
        {"X-Hub-Signature-256", upper.text, 401},
        {"X-Hub-Signature-256", arena_printf(house->arena, "%.70s", good), 401},
        {"X-Hub-Signature-256", arena_printf(house->arena, "%s0", good), 401},
        {"X-Hub-Signature-256", good + strlen("sha256="), 401},
        {"X-Hub-Signature-256", signature_of(house, "another secret", body), 401},
        {"X-Hub-Signature-256", signature_of(house, "", body), 401},
        {"X-Hub-Signature-256", signature_of(house, HOOK_SECRET, "{\"events\": [] }"), 401},
        {"X-Hub-Signature", arena_printf(house->arena, "sha1=%.40s", good + 7), 401},
        {"Authorization", "Bearer ", 401},
        {"Authorization", "Bearer " HOOK_SECRET "x", 401},
        {"Authorization", "Basic " HOOK_SECRET, 401},
        {"Authorization", HOOK_SECRET, 202},
        {"X-Gitlab-Token", HOOK_SECRET, 202},
        {"X-Gitlab-Token", "another", 401},
    };
    static const char *const paths[] = {REGISTRY, GIT};
    for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
        const struct answer *answer =
            call(house, paths[i % 2], body, cases[i / 2].name, cases[i / 2].value);
        if (answer->status != cases[i / 2].status) {
            fail_msg("%s %s: %s: %d", paths[i % 2], cases[i / 2].name ? cases[i / 2].name : "",
                     cases[i / 2].value ? cases[i / 2].value : "", answer->status);
        }
    }
}

static void a_persons_token_is_no_secret_of_hooks(void **state)
{
    struct house *house = *state;
    assert_int_equal(ASK(house, "POST", REGISTRY, .body = "{}")->status, 401);
    assert_int_equal(ASK(house, "POST", GIT, .body = "{}")->status, 401);
}

static void a_server_without_a_secret_hears_nobody(void **state)
{
    struct house *house = *state;
    house->is_deaf = true;
    house_restart(house);
    static const char *const paths[] = {REGISTRY, GIT};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct answer *answer =
            call(house, paths[i], "{}", "X-Hub-Signature-256", signature_of(house, "", "{}"));
        assert_int_equal(answer->status, 403);
        assert_non_null(
            strstr(json_text_at(answer->body, "error.message", ""), "--hook-secret-file"));
        assert_int_equal(call(house, paths[i], "{}", "Authorization", "Bearer ")->status, 403);
    }
}

/* ---- what ---- */

static void a_hook_of_the_registry_makes_it_be_looked_at(void **state)
{
    struct house *house = *state; /* which looks by itself once an hour */
    house_push(house, "cart", "1.1.0");
    house_await(house, "/api/v1/cells/dev/cart", "version", "1.1.0");
}

static void a_hook_of_git_makes_it_be_looked_at_and_agents_hear_of_it(void **state)
{
    struct house *house = *state;
    struct listener *agent =
        listener_open(house, "/api/v1/agent/commands", house_agent(house, "dev"), NULL);
    const char *commit = REMOTE_COMMIT(&house->remote, "main", {"README.md", "hello\n"});
    assert_int_equal(call_signed(house, GIT, "{\"ref\": \"refs/heads/main\"}")->status, 202);
    house_await(house, "/api/v1/board", "commit", commit);
    size_t from = 0;
    listener_await(agent, &from, "sync", "\"cluster\":\"\"");
    assert_int_equal(ASK(house, "DELETE", "/api/v1/tokens/agent%20dev")->status, 204);
    listener_close(&agent);
}

/* Nothing of it is believed, fetched, called or shown. */
static void whatever_a_hook_says_is_a_hint_at_most(void **state)
{
    struct house *house = *state;
    static const char *const bodies[] = {
        "",
        "x",
        "{",
        "null",
        "[]",
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
        "{\"events\": null}",
        "{\"events\": {}}",
        "{\"events\": [null, 1, \"x\", [], {}]}",
        "{\"events\": [{\"action\": \"push\"}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": null}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": 7, \"tag\": {}}}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": \"../../x\"}}]}",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"tag\": \"$(reboot)\"}}]}",
        "{\"repository\": {\"clone_url\": \"http://169.254.169.254/\", \"links\": {\"clone\": 1}}}",
        "{\"callback_url\": \"http://127.0.0.1:1/\", \"repository\": {\"repo_name\": null}}",
        "{\"ref\": 1, \"after\": \"0000000000000000000000000000000000000000\", \"commits\": null}",
        "{\"repository\": {\"clone_url\": \"file:///etc/passwd\"}}",
        "payload=%7B%7D",
        "{\"events\": [{\"action\": \"push\", \"target\": {\"repository\": \"\xff\xfe\"}}]}",
    };
    static const char *const paths[] = {REGISTRY, GIT};
    for (size_t i = 0; i < COUNT_OF(bodies) * 2; i++) {
        const struct answer *answer = call_signed(house, paths[i % 2], bodies[i / 2]);
        if (answer->status != 202 || json_object_size(answer->body) != 0) {
            fail_msg("%s %s: %d %s", paths[i % 2], bodies[i / 2], answer->status,
                     answer->raw.body.text);
        }
    }
    const json_t *versions = house_get(house, "/api/v1/versions");
    assert_int_equal(json_array_size(json_array_at(versions, "items")), 3);
    const json_t *list = house_get(house, "/api/v1/releases");
    assert_int_equal(json_array_size(json_array_at(list, "items")), 0);
    assert_int_equal(ASK(house, "GET", "/readyz")->status, 200);
}

static void a_hook_of_more_than_3_mib_is_too_large(void **state)
{
    struct house *house = *state;
    AUTO_STR(body, 4U << 20);
    while (body.length < 3U << 20) {
        str_add(&body, "          123456");
    }
    assert_int_equal(call_signed(house, GIT, body.text)->status, 202);
    str_add(&body, "7");
    assert_int_equal(call_signed(house, REGISTRY, body.text)->status, 413);
    assert_int_equal(call_signed(house, GIT, body.text)->status, 413);
}

/* Docker Hub can be told an address and nothing else. */
static void an_address_with_its_key_is_heard(void **state)
{
    struct house *house = *state;
    char key[SHA256_HEX_BYTES];
    crypto_hmac_sha256_hex(slice_of(HOOK_SECRET), slice_of(REGISTRY), key);
    const char *good = arena_printf(house->arena, REGISTRY "/%s", key);
    const char *elsewhere = arena_printf(house->arena, GIT "/%s", key);
    assert_int_equal(call(house, good, "{}", NULL, NULL)->status, 202);
    assert_int_equal(call(house, elsewhere, "{}", NULL, NULL)->status, 401);
    crypto_hmac_sha256_hex(slice_of("another secret"), slice_of(REGISTRY), key);
    const char *guessed = arena_printf(house->arena, REGISTRY "/%s", key);
    assert_int_equal(call(house, guessed, "{}", NULL, NULL)->status, 401);
}

/* ---- how often ---- */

static void hooks_of_one_source_have_a_measure(void **state)
{
    struct house *house = *state;
    house_stop_clock(house);
    house_pass(house, 60000); /* what came before is paid for */
    int heard = 0;
    int refused = 0;
    const struct answer *last = NULL;
    /* One without the secret costs as much as twenty with it: 48 of 50 leave room for 21. */
    for (int i = 0; i < 48; i++) {
        assert_int_equal(call(house, REGISTRY, "{}", "Authorization", "Bearer no")->status, 401);
    }
    for (int i = 0; i < 30; i++) {
        last = call_signed(house, REGISTRY, "{}");
        heard += last->status == 202;
        refused += last->status == 429;
    }
    assert_int_equal(heard, 21);
    assert_int_equal(refused, 9);
    assert_string_equal(json_text_at(last->body, "error.code", ""), "busy");
    assert_int_equal(last->raw.retry_after_ms, 1000);
    /* People are served as before, and so is the source a little later. */
    assert_int_equal(ASK(house, "GET", "/api/v1/board")->status, 200);
    house_pass(house, 1000);
    assert_int_equal(call_signed(house, GIT, "{}")->status, 202);
}

static void who_guesses_the_secret_is_measured_too(void **state)
{
    struct house *house = *state;
    house_stop_clock(house);
    house_pass(house, 60000);
    int refused = 0;
    for (int i = 0; i < 80; i++) {
        refused += call(house, GIT, "{}", "Authorization", "Bearer guess")->status == 429;
    }
    assert_int_equal(refused, 30);
}

#define IN_A_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_checked, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOUSE(only_the_right_signature_is_heard),
        IN_A_HOUSE(a_persons_token_is_no_secret_of_hooks),
        IN_A_HOUSE(a_server_without_a_secret_hears_nobody),
        IN_A_HOUSE(a_hook_of_the_registry_makes_it_be_looked_at),
        IN_A_HOUSE(a_hook_of_git_makes_it_be_looked_at_and_agents_hear_of_it),
        IN_A_HOUSE(whatever_a_hook_says_is_a_hint_at_most),
        IN_A_HOUSE(a_hook_of_more_than_3_mib_is_too_large),
        IN_A_HOUSE(an_address_with_its_key_is_heard),
        IN_A_HOUSE(hooks_of_one_source_have_a_measure),
        IN_A_HOUSE(who_guesses_the_secret_is_measured_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
