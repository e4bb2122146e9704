/* Every route, asked by everyone. */
#include "../server/house.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"

/* Who knocks: a person of each role, an agent, and those who have no valid token. */
struct caller {
    const char *who;
    enum role role; /* ROLE_NONE: 401 at every door that is not public */
    const char *token;
};

#define CALLERS_MAX 16
struct street {
    struct house *house;
    struct caller callers[CALLERS_MAX];
    size_t count;
};

static void add(struct street *street, const char *who, enum role role, const char *token)
{
    assert_true(street->count < CALLERS_MAX);
    street->callers[street->count++] = (struct caller){who, role, token};
}

static int open_street(void **state)
{
    struct street *street = xcalloc(1, sizeof(*street));
    if (house_open((void **)&street->house) != 0) {
        return -1;
    }
    struct house *house = street->house;
    const char *revoked = house_token(house, "left", "admin");
    assert_int_equal(ASK(house, "DELETE", "/api/v1/tokens/left")->status, 204);
    add(street, "nobody", ROLE_NONE, "");
    add(street, "garbage", ROLE_NONE, "hdl_garbage");
    add(street, "a cut token", ROLE_NONE,
        arena_printf(house->arena, "%.*s", (int)strlen(house->admin) - 1, house->admin));
    add(street, "a revoked admin", ROLE_NONE, revoked);
    add(street, "an agent", ROLE_AGENT, house_agent(house, "dev"));
    add(street, "a reader", ROLE_READ, house_token(house, "rita", "read"));
    add(street, "a promoter", ROLE_PROMOTE, house_token(house, "paul", "promote"));
    add(street, "an approver", ROLE_APPROVE, house_token(house, "anna", "approve"));
    add(street, "an admin", ROLE_ADMIN, house->admin);
    *state = street;
    return 0;
}

static int close_street(void **state)
{
    struct street *street = *state;
    house_close((void **)&street->house);
    free(street);
    return 0;
}

/* The route's path with names that do not exist: nobody's knocking changes anything. */
static void fill_path(const char *pattern, struct str *out)
{
    for (const char *at = pattern; *at; at++) {
        if (*at == '{') {
            str_add(out, strncmp(at, "{id}", 4) == 0 ? "999999" : "nobody");
            at = strchr(at, '}');
        } else {
            str_add_char(out, *at);
        }
    }
}

static bool end_at_once(void *context, int status, struct slice bytes)
{
    (void)context;
    (void)status;
    (void)bytes;
    return false;
}

static const char *const methods[] = {
    [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_HEAD] = "HEAD"};

/* The status alone; streams, which do not end, are left. */
static int knock(struct house *house, const struct http_route *route, const char *token)
{
    char url[512];
    AUTO_STR(path, 400);
    fill_path(route->path, &path);
    house_url(house, path.text, url);
    int status = 0;
    struct err err = {0};
    const struct http_call call = {.method = methods[route->method],
                                   .url = url,
                                   .bearer = token[0] ? token : NULL,
                                   .body = slice_of(route->method == HTTP_POST ? "{}" : ""),
                                   .timeout_ms = DEADLINE_MS};
    ASSERT_OK(http_perform_stream(house->client, &call, end_at_once, NULL, &status, &err), err);
    return status;
}

static bool is_hook(const struct http_route *route)
{
    return strncmp(route->path, "/hooks/", 7) == 0;
}

/* Who may enter by which permission: public, view, promote, approve, admin, report. */
static bool may_enter(enum role role, int permission)
{
    static const char *const rows[] = {
        [ROLE_NONE] = "P.....",    [ROLE_READ] = "PV....",  [ROLE_PROMOTE] = "PVM...",
        [ROLE_APPROVE] = "PVMA..", [ROLE_ADMIN] = "PVMAX.", [ROLE_AGENT] = "P....R",
    };
    return rows[role][permission - PERMISSION_PUBLIC] != '.';
}

static void every_route_opens_to_the_roles_of_its_permission_and_to_no_other(void **state)
{
    struct street *street = *state;
    for (size_t i = 0; i < api_route_count; i++) {
        const struct http_route *route = &api_routes[i];
        if (is_hook(route)) {
            continue; /* it asks for a signature and not for a token */
        }
        for (size_t n = 0; n < street->count; n++) {
            const struct caller *caller = &street->callers[n];
            int status = knock(street->house, route, caller->token);
            bool may = may_enter(caller->role, route->permission);
            int refusal = may ? 0 : caller->role == ROLE_NONE ? 401 : 403;
            bool is_refused = status == 401 || status == 403;
            if (is_refused ? status != refusal : refusal != 0) {
                fail_msg("%s %s by %s: %d", methods[route->method], route->path, caller->who,
                         status);
            }
        }
    }
}

static void a_hook_takes_no_token_for_a_signature(void **state)
{
    struct street *street = *state;
    for (size_t i = 0; i < api_route_count; i++) {
        for (size_t n = 0; is_hook(&api_routes[i]) && n < street->count; n++) {
            int status = knock(street->house, &api_routes[i], street->callers[n].token);
            assert_int_equal(status, 401);
        }
    }
}

static void every_route_has_a_permission_and_a_summary(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        assert_in_range(api_routes[i].permission, PERMISSION_PUBLIC, PERMISSION_REPORT);
        assert_non_null(api_routes[i].handle);
        assert_true(api_routes[i].summary[0] != '\0');
    }
}

static void a_route_without_permission_cannot_be_served(void **state)
{
    (void)state;
    struct http_route routes[64] = {0};
    assert_true(api_route_count <= COUNT_OF(routes));
    struct loop *loop = loop_new();
    for (size_t i = 0; i < api_route_count; i++) {
        memcpy(routes, api_routes, api_route_count * sizeof(*routes));
        routes[i].permission = PERMISSION_UNSET;
        const struct http_server_options options = {.loop = loop,
                                                    .address = "127.0.0.1",
                                                    .routes = routes,
                                                    .route_count = api_route_count,
                                                    .authorize = api_authorize};
        struct http_server *server = NULL;
        struct err err = {0};
        ASSERT_FAILS(http_server_start(&options, &server, &err), err, ERR_INVALID,
                     api_routes[i].path);
    }
    loop_free(&loop);
}

/* What a route must ask for at least, whatever its row says: a change of this list is a change of
   who may do what. */
static void what_changes_something_is_never_open_to_readers(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        const struct http_route *route = &api_routes[i];
        bool only_looks = route->method == HTTP_GET || strcmp(route->path, "/api/v1/plans") == 0;
        /* Whoever may look in signs in with a token, and out of what is their own. */
        bool is_own = strncmp(route->path, "/api/v1/session", 15) == 0;
        if (!only_looks && !is_own && !is_hook(route)) {
            assert_false(role_may(ROLE_NONE, (enum permission)route->permission));
            assert_false(role_may(ROLE_READ, (enum permission)route->permission));
        }
        bool is_of_agents = strncmp(route->path, "/api/v1/agent/", 14) == 0;
        assert_int_equal(is_of_agents, route->permission == PERMISSION_REPORT);
    }
}

static void a_refusal_says_who_is_asking_and_what_it_needs(void **state)
{
    struct street *street = *state;
    const char *rita = street->callers[5].token;
    const struct answer *answer =
        ASK(street->house, "POST", "/api/v1/sync", .token = rita, .body = "{}");
    assert_string_equal(json_text_at(answer->body, "error.code", ""), "denied");
    assert_string_equal(json_text_at(answer->body, "error.message", ""),
                        "rita has the role read, and this needs promote; ask an admin for such a "
                        "token");
    answer = ASK(street->house, "GET", "/api/v1/board", .token = "");
    assert_string_equal(json_text_at(answer->body, "error.code", ""), "unauthenticated");
    AUTO_STR(challenge, 200);
    assert_true(http_result_header(&answer->raw, "WWW-Authenticate", &challenge));
    assert_string_equal(challenge.text, "Bearer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_has_a_permission_and_a_summary),
        cmocka_unit_test(a_route_without_permission_cannot_be_served),
        cmocka_unit_test(what_changes_something_is_never_open_to_readers),
        cmocka_unit_test_setup_teardown(
            every_route_opens_to_the_roles_of_its_permission_and_to_no_other, open_street,
            close_street),
        cmocka_unit_test_setup_teardown(a_hook_takes_no_token_for_a_signature, open_street,
                                        close_street),
        cmocka_unit_test_setup_teardown(a_refusal_says_who_is_asking_and_what_it_needs, open_street,
                                        close_street),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
