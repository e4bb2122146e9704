/* Requests that nobody should send. */
#include "contract.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/schema.h"

static int open_checked(void **state)
{
    int result = house_open(state);
    if (result == 0) {
        ((struct house *)*state)->on_answer = contract_check;
    }
    return result;
}

static void expect_error(const struct ask *ask, const struct answer *answer, int status,
                         const char *pointer, const char *part)
{
    const char *message = json_text_at(answer->body, "error.message", "");
    const char *found = json_text_at(answer->body, "error.pointer", "none");
    if (answer->status != status || strcmp(found, pointer ? pointer : "none") != 0 ||
        !strstr(message, part)) {
        fail_msg("%s %s %s: %d at %s: %s", ask->method, ask->path, ask->body ? ask->body : "",
                 answer->status, found, message);
    }
}

/* ---- every body of the document, broken in every way that the document forbids ---- */

static const char *path_without_names(struct house *house, const char *pattern)
{
    AUTO_STR(path, 300);
    for (const char *at = pattern; *at; at++) {
        if (*at == '{') {
            str_add_char(&path, '1');
            at = strchr(at, '}');
        } else {
            str_add_char(&path, *at);
        }
    }
    return arena_strdup(house->arena, path.text);
}

static const json_t *body_schema(const struct http_route *route)
{
    const json_t *content = json_at(contract_operation(route), "requestBody.content");
    const json_t *schema = json_object_get(json_object_get(content, "application/json"), "schema");
    return schema_find(contract_document(), json_text_at(schema, "$ref", ""));
}

/* A body that fits: the required fields, each with the first value that its schema takes. */
static json_t *good_body(const json_t *schema)
{
    json_t *body = json_object();
    size_t i = 0;
    const json_t *name = NULL;
    json_array_foreach (json_object_get(schema, "required"), i, name) {
        const json_t *field =
            json_object_get(json_object_get(schema, "properties"), json_string_value(name));
        const json_t *choice = json_array_get(json_object_get(field, "enum"), 0);
        bool is_number = strcmp(json_text_at(field, "type", ""), "integer") == 0;
        json_put(body, json_string_value(name),
                 choice ? json_deep_copy(choice)
                        : (is_number ? json_integer(1) : json_string("nowhere")));
    }
    return body;
}

static void expect_refusal(struct house *house, const struct http_route *route, json_t *take_body,
                           const char *name, const char *part)
{
    AUTO_JSON *body = take_body;
    AUTO(xfree) char *text = json_text(body);
    const struct ask ask = {.method = contract_methods[route->method],
                            .path = path_without_names(house, route->path),
                            .body = arena_strdup(house->arena, text)};
    const char *pointer = arena_printf(house->arena, "/%s", name);
    expect_error(&ask, house_ask(house, &ask), 422, pointer, part);
}

static json_t *with(const json_t *schema, const char *name, json_t *take_value)
{
    json_t *body = good_body(schema);
    json_put(body, name, take_value);
    return body;
}

static json_t *without(const json_t *schema, const char *name)
{
    json_t *body = good_body(schema);
    json_object_del(body, name);
    return body;
}

static json_t *long_text(int64_t length)
{
    char *text = xcalloc(1, (size_t)length + 1);
    memset(text, 'x', (size_t)length);
    json_t *value = json_string(text);
    free(text);
    return value;
}

static void break_field(struct house *house, const struct http_route *route, const json_t *schema,
                        const char *name, const json_t *field)
{
    expect_refusal(house, route, with(schema, name, json_object()), name, "must be of type");
    expect_refusal(house, route, with(schema, name, json_null()), name, "must be of type");
    expect_refusal(house, route, with(schema, name, json_real(1.5)), name, "must be of type");
    int64_t longest = json_int_at(field, "maxLength", 0);
    if (longest && !json_object_get(field, "enum")) {
        expect_refusal(house, route, with(schema, name, long_text(longest + 1)), name, "more than");
    }
    if (json_int_at(field, "minLength", 0)) {
        expect_refusal(house, route, with(schema, name, json_string("")), name, "empty");
    }
    if (json_object_get(field, "enum")) {
        expect_refusal(house, route, with(schema, name, json_string("agent")), name, "must be");
    }
    if (json_object_get(field, "minimum")) {
        json_int_t less = json_int_at(field, "minimum", 0) - 1;
        expect_refusal(house, route, with(schema, name, json_integer(less)), name, "must be");
    }
    if (json_object_get(field, "maximum")) {
        json_int_t more = json_int_at(field, "maximum", 0) + 1;
        expect_refusal(house, route, with(schema, name, json_integer(more)), name, "must be");
    }
}

static void break_body(struct house *house, const struct http_route *route, const json_t *schema)
{
    expect_refusal(house, route, with(schema, "nonsense", json_true()), "nonsense",
                   "is not known here");
    const char *name = NULL;
    json_t *field = NULL;
    json_object_foreach (json_object_get(schema, "properties"), name, field) {
        break_field(house, route, schema, name, field);
    }
    size_t i = 0;
    const json_t *required = NULL;
    json_array_foreach (json_object_get(schema, "required"), i, required) {
        expect_refusal(house, route, without(schema, json_string_value(required)),
                       json_string_value(required), "is missing");
    }
}

static void a_body_that_the_document_forbids_is_refused_by_its_field(void **state)
{
    size_t count = 0;
    for (size_t i = 0; i < api_route_count; i++) {
        const json_t *schema = body_schema(&api_routes[i]);
        if (schema) {
            break_body(*state, &api_routes[i], schema);
            count++;
        }
    }
    assert_true(count >= 11);
}

static void a_mistyped_list_of_workloads_is_not_all_of_them(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *body, *pointer, *part;
    } cases[] = {
        {"{\"to\": \"dev\", \"workload\": [\"cart\"]}", "/workload", "did you mean \"workloads\"?"},
        {"{\"to\": \"dev\", \"workloads\": \"cart\"}", "/workloads", "must be of type array"},
        {"{\"to\": \"dev\", \"workloads\": [\"cart\", 7]}", "/workloads/1",
         "must be of type string"},
        {"{\"to\": \"dev\", \"a/b~c\": 1}", "/a~1b~0c", "not known"},
    };
    static const char *const paths[] = {"/api/v1/plans", "/api/v1/releases"};
    for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
        const struct ask ask = {.method = "POST", .path = paths[i % 2], .body = cases[i / 2].body};
        expect_error(&ask, house_ask(house, &ask), 422, cases[i / 2].pointer, cases[i / 2].part);
    }
    const json_t *list = house_get(house, "/api/v1/releases");
    assert_int_equal(json_array_size(json_array_at(list, "items")), 0);
}

/* ---- bodies that are no JSON ---- */

static void what_is_no_json_object_is_refused(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *type;
        int status;
    } cases[] = {
        {"", 0, "application/json", 422},
        {"{", 1, "application/json", 422},
        {"[]", 2, "application/json", 422},
        {"null", 4, "application/json", 422},
        {"{\"to\": \"dev\"} x", 15, "application/json", 422},
        {"{\"to\": \"dev\", \"to\": \"prod\"}", 28, "application/json", 422},
        {"{\"to\": \"\xff\xfe\"}", 12, "application/json", 422},
        {"{\"to\": \"\xed\xa0\x80\"}", 13, "application/json", 422},
        {"{\"to\": \"\\u0000\"}", 17, "application/json", 422},
        {"{\"to\": \"a\0b\"}", 13, "application/json", 422},
        {"{\"to\": 1e999}", 13, "application/json", 422},
        {"{\"to\": 99999999999999999999}", 28, "application/json", 422},
        {"{\"to\": \"dev\"}", 13, "text/plain", 422},
        {"to=dev", 6, "application/x-www-form-urlencoded", 422},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct ask ask = {.method = "POST",
                                .path = "/api/v1/plans",
                                .bytes = {cases[i].bytes, cases[i].length},
                                .content_type = cases[i].type};
        const struct answer *answer = house_ask(house, &ask);
        if (answer->status != cases[i].status) {
            fail_msg("%zu: %s: %d %s", i, cases[i].bytes, answer->status, answer->raw.body.text);
        }
    }
}

static void what_is_huge_or_deep_is_refused(void **state)
{
    struct house *house = *state;
    AUTO_STR(deep, 300000);
    for (int i = 0; i < 100000; i++) {
        str_add_char(&deep, '[');
    }
    const struct ask nested = {.method = "POST", .path = "/api/v1/plans", .body = deep.text};
    expect_error(&nested, house_ask(house, &nested), 422, NULL, "");
    AUTO_STR(huge, 2U << 20);
    str_add(&huge, "{\"to\": \"dev\", \"workloads\": [\"x\"");
    while (huge.length < (1U << 20)) {
        str_add(&huge, ",\"x\"");
    }
    str_add(&huge, "]}");
    const struct ask large = {.method = "POST", .path = "/api/v1/plans", .body = huge.text};
    assert_int_equal(house_ask(house, &large)->status, 413);
    AUTO_STR(many, 1U << 20);
    str_add(&many, "{\"to\": \"dev\", \"workloads\": [\"x\"");
    for (int i = 0; i < 10000; i++) {
        str_add(&many, ",\"x\"");
    }
    str_add(&many, "]}");
    const struct ask long_list = {.method = "POST", .path = "/api/v1/plans", .body = many.text};
    expect_error(&long_list, house_ask(house, &long_list), 422, "/workloads", "more than 10000");
}

static void a_very_long_name_of_a_field_is_cut_in_the_answer(void **state)
{
    struct house *house = *state;
    AUTO_STR(body, 300000);
    str_add(&body, "{\"to\": \"dev\", \"");
    for (int i = 0; i < 200000; i++) {
        str_add_char(&body, '/');
    }
    str_add(&body, "\": 1}");
    const struct answer *answer = ASK(house, "POST", "/api/v1/plans", .body = body.text);
    assert_int_equal(answer->status, 422);
    assert_true(answer->raw.body.length < 2000);
}

/* ---- paths and queries ---- */

static void an_id_that_is_none_is_not_found(void **state)
{
    struct house *house = *state;
    static const char *const ids[] = {"0",
                                      "-1",
                                      "99999999999999999999",
                                      "9223372036854775808",
                                      "1x",
                                      "R-",
                                      "R-1x",
                                      "x",
                                      "+1",
                                      " 1",
                                      "0x1",
                                      "R-R-1",
                                      "1.0"};
    static const struct {
        const char *method, *tail, *body;
    } routes[] = {{"GET", "", NULL},         {"GET", "/diff", NULL},  {"POST", "/approve", "{}"},
                  {"POST", "/reject", "{}"}, {"POST", "/stop", "{}"}, {"POST", "/retry", NULL}};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        for (size_t n = 0; n < COUNT_OF(routes); n++) {
            AUTO_STR(path, 200);
            str_addf(&path, "/api/v1/releases/%s%s", strcmp(ids[i], " 1") == 0 ? "%201" : ids[i],
                     routes[n].tail);
            const struct ask ask = {
                .method = routes[n].method, .path = path.text, .body = routes[n].body};
            const struct answer *answer = house_ask(house, &ask);
            if (answer->status != 404) {
                fail_msg("%s %s: %d %s", ask.method, ask.path, answer->status,
                         answer->raw.body.text);
            }
        }
    }
}

static void a_release_is_found_by_its_number_and_by_its_name(void **state)
{
    struct house *house = *state;
    house_push(house, "cart", "1.1.0");
    house_await(house, "/api/v1/releases/R-1", "name", "R-1");
    house_await(house, "/api/v1/releases/1", "name", "R-1");
    assert_int_equal(ASK(house, "GET", "/api/v1/releases/R-1/diff")->status, 200);
}

static void a_query_out_of_its_range_is_refused(void **state)
{
    struct house *house = *state;
    static const struct {
        const char *query, *pointer, *part;
    } cases[] = {
        {"releases?limit=0", "?limit", "\"limit\" must be from 1 to 500"},
        {"releases?limit=501", "?limit", "from 1 to 500"},
        {"releases?limit=-1", "?limit", "from 1 to 500"},
        {"releases?limit=1e2", "?limit", "of type integer"},
        {"releases?limit=", "?limit", "of type integer"},
        {"releases?limit", "?limit", "of type integer"},
        {"releases?limit=99999999999999999999", "?limit", "of type integer"},
        {"releases?limit=%201", "?limit", "of type integer"},
        {"releases?limit=10&limit=900", "?limit", "from 1 to 500"},
        {"releases?before=0", "?before", "1 or more"},
        {"releases?since=yesterday", "?since", "2026-11-22T14:03:05Z"},
        {"releases?until=", "?until", "2026-11-22T14:03:05Z"},
        {"releases?text=", "?text", "empty"},
        {"releases?kind=all", "?kind", "promote, auto, rollback or config"},
        {"releases?state=running", "?state", "rolling_out"},
        {"releases?stage=", "?stage", "empty"},
        {"releases?stgae=dev", "?stgae", "no query parameter \"stgae\""},
        {"board?x=1", "?x", "no query parameter"},
        {"versions?workload=", "?workload", "empty"},
        {"audit?limit=1000", "?limit", "from 1 to 500"},
        {"events?since=1", "?since", "no query parameter"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO_STR(path, 200);
        str_addf(&path, "/api/v1/%s", cases[i].query);
        const struct ask ask = {.method = "GET", .path = path.text};
        expect_error(&ask, house_ask(house, &ask), 422, cases[i].pointer, cases[i].part);
    }
    const json_t *list = house_get(house, "/api/v1/releases?since=2026-01-01T00:00:00Z&limit=500");
    assert_int_equal(json_array_size(json_array_at(list, "items")), 0);
}

static void names_of_strangers_are_only_text(void **state)
{
    struct house *house = *state;
    static const char *const paths[] = {
        "/api/v1/cells/dev/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/api/v1/cells/%25s%25n/cart",
        "/api/v1/clusters/%27%20OR%201=1--",
        "/api/v1/clusters/..%2f..%2fetc%2fpasswd",
        "/api/v1/cells/dev/%E2%80%AEtxt",
        "/api/v1/releases/%F0%9F%92%A3",
    };
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const struct answer *answer = ASK(house, "GET", paths[i]);
        /* 400: not even a path. */
        if (answer->status != 404 && answer->status != 400) {
            fail_msg("%s: %d", paths[i], answer->status);
        }
    }
    const struct answer *gone = ASK(house, "DELETE", "/api/v1/tokens/%27%20OR%201=1--");
    assert_int_equal(gone->status, 404);
}

#define IN_A_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_checked, house_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_HOUSE(a_body_that_the_document_forbids_is_refused_by_its_field),
        IN_A_HOUSE(a_mistyped_list_of_workloads_is_not_all_of_them),
        IN_A_HOUSE(what_is_no_json_object_is_refused),
        IN_A_HOUSE(what_is_huge_or_deep_is_refused),
        IN_A_HOUSE(a_very_long_name_of_a_field_is_cut_in_the_answer),
        IN_A_HOUSE(an_id_that_is_none_is_not_found),
        IN_A_HOUSE(a_release_is_found_by_its_number_and_by_its_name),
        IN_A_HOUSE(a_query_out_of_its_range_is_refused),
        IN_A_HOUSE(names_of_strangers_are_only_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
