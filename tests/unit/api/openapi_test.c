/* The OpenAPI document, the routes and docs/api.md say the same. */
#include "contract.h"

#include <stdio.h>

#include "base/file.h"
#include "base/map.h"
#include "base/schema.h"

/* Pages are for people and browsers, and no part of the API. */
static bool is_page(const struct http_route *route)
{
    return route->method == HTTP_GET && !contract_operation(route) &&
           strncmp(route->path, "/api/", 5) != 0;
}

static const char *route_text(const struct http_route *route)
{
    static char text[200];
    snprintf(text, sizeof(text), "%s %s", contract_methods[route->method], route->path);
    return text;
}

static void every_route_is_in_the_document_with_its_role(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        const json_t *operation = contract_operation(&api_routes[i]);
        if (is_page(&api_routes[i])) {
            continue;
        }
        const char *wanted = contract_role(api_routes[i].permission);
        if (strcmp(json_text_at(operation, "x-role", "missing"), wanted) != 0 ||
            strcmp(json_text_at(operation, "summary", ""), api_routes[i].summary) != 0) {
            fail_msg("%s: the document says \"%s\" for %s", route_text(&api_routes[i]),
                     json_text_at(operation, "summary", ""), json_text_at(operation, "x-role", ""));
        }
        /* What needs no token says so: the document's own default is a token. */
        bool is_public = api_routes[i].permission == PERMISSION_PUBLIC;
        assert_int_equal(json_is_array(json_object_get(operation, "security")), is_public);
    }
}

static void every_operation_of_the_document_is_a_route(void **state)
{
    (void)state;
    size_t count = 0;
    const char *path = NULL;
    json_t *operations = NULL;
    json_object_foreach (json_object_get(contract_document(), "paths"), path, operations) {
        count += json_object_size(operations);
    }
    for (size_t i = 0; i < api_route_count; i++) {
        count += is_page(&api_routes[i]);
    }
    assert_int_equal(count, api_route_count);
}

/* ---- parameters ---- */

static bool has_parameter(const json_t *operation, const char *in, const char *name, size_t length)
{
    size_t i = 0;
    const json_t *parameter = NULL;
    json_array_foreach (json_object_get(operation, "parameters"), i, parameter) {
        const char *found = json_text_at(parameter, "name", "");
        if (strcmp(json_text_at(parameter, "in", ""), in) == 0 && strlen(found) == length &&
            strncmp(found, name, length) == 0) {
            return true;
        }
    }
    return false;
}

static size_t count_parameters(const json_t *operation, const char *in)
{
    size_t count = 0;
    size_t i = 0;
    const json_t *parameter = NULL;
    json_array_foreach (json_object_get(operation, "parameters"), i, parameter) {
        count += strcmp(json_text_at(parameter, "in", ""), in) == 0;
    }
    return count;
}

static void the_names_in_a_path_are_its_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        const json_t *operation = contract_operation(&api_routes[i]);
        size_t names = 0;
        if (is_page(&api_routes[i])) {
            continue;
        }
        for (const char *at = strchr(api_routes[i].path, '{'); at; at = strchr(at, '{')) {
            at++;
            names++;
            if (!has_parameter(operation, "path", at, strcspn(at, "}"))) {
                fail_msg("%s: {%s is not described", route_text(&api_routes[i]), at);
            }
        }
        assert_int_equal(names, count_parameters(operation, "path"));
    }
}

static void every_parameter_is_described(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        const json_t *operation = contract_operation(&api_routes[i]);
        size_t n = 0;
        const json_t *parameter = NULL;
        json_array_foreach (json_object_get(operation, "parameters"), n, parameter) {
            const char *in = json_text_at(parameter, "in", "");
            bool is_in_path = strcmp(in, "path") == 0;
            assert_true(is_in_path || strcmp(in, "query") == 0 || strcmp(in, "header") == 0);
            assert_int_equal(json_bool_at(parameter, "required", false), is_in_path);
            assert_true(json_is_object(json_object_get(parameter, "schema")));
        }
    }
}

/* ---- the document itself ---- */

static void it_is_openapi_3_1(void **state)
{
    (void)state;
    const json_t *document = contract_document();
    assert_string_equal(json_text_at(document, "openapi", ""), "3.1.0");
    assert_string_equal(json_text_at(document, "info.title", ""), "heddle");
    assert_string_equal(json_text_at(document, "info.version", ""), "1");
    assert_string_equal(json_text_at(document, "components.securitySchemes.token.scheme", ""),
                        "bearer");
    size_t i = 0;
    const json_t *way = NULL;
    assert_true(json_array_size(json_array_at(document, "security")) > 0);
    json_array_foreach (json_array_at(document, "security"), i, way) {
        const char *name = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)way));
        const json_t *schemes = json_at(document, "components.securitySchemes");
        assert_non_null(json_object_get(schemes, name));
    }
}

static void every_operation_has_a_name_of_its_own_an_answer_and_an_error(void **state)
{
    (void)state;
    struct map names = {0};
    for (size_t i = 0; i < api_route_count; i++) {
        const json_t *operation = contract_operation(&api_routes[i]);
        if (is_page(&api_routes[i])) {
            continue;
        }
        const char *name = json_text_at(operation, "operationId", "");
        assert_true(name[0] != '\0');
        assert_null(map_set(&names, name, (void *)(uintptr_t)1));
        const json_t *responses = json_object_get(operation, "responses");
        assert_int_equal(json_object_size(responses), 2);
        const json_t *error = json_at(responses, "default.content");
        assert_string_equal(
            json_text_at(json_object_get(error, "application/json"), "schema.$ref", ""),
            "#/components/schemas/Error");
    }
    map_done(&names);
}

/* ---- schemas ---- */

struct schemas {
    struct map used; /* names that something refers to */
};

static void walk(struct schemas *schemas, const json_t *schema);

static void walk_list(struct schemas *schemas, const json_t *list)
{
    size_t i = 0;
    const json_t *schema = NULL;
    json_array_foreach (list, i, schema) {
        walk(schemas, schema);
    }
}

/* A required name that no property has is a typing mistake. */
static void check_required(const json_t *schema)
{
    size_t i = 0;
    const json_t *name = NULL;
    json_array_foreach (json_object_get(schema, "required"), i, name) {
        if (!json_object_get(json_object_get(schema, "properties"), json_string_value(name))) {
            fail_msg("\"%s\" is required and not described", json_string_value(name));
        }
    }
}

static void walk(struct schemas *schemas, const json_t *schema)
{
    const char *name = NULL;
    const json_t *value = NULL;
    json_object_foreach ((json_t *)(uintptr_t)schema, name, value) {
        if (!schema_is_keyword(name)) {
            fail_msg("the checker does not know the keyword \"%s\"", name);
        }
    }
    const char *reference = json_text_at(schema, "$ref", NULL);
    if (reference) {
        if (!schema_find(contract_document(), reference)) {
            fail_msg("there is no %s", reference);
        }
        map_set(&schemas->used, strrchr(reference, '/') + 1, (void *)(uintptr_t)1);
    }
    const char *format = json_text_at(schema, "format", "date-time");
    assert_string_equal(format, "date-time");
    walk_list(schemas, json_object_get(schema, "allOf"));
    walk_list(schemas, json_object_get(schema, "anyOf"));
    if (json_object_get(schema, "items")) {
        walk(schemas, json_object_get(schema, "items"));
    }
    check_required(schema);
    json_object_foreach (json_object_get(schema, "properties"), name, value) {
        walk(schemas, value);
    }
}

static void walk_content(struct schemas *schemas, const json_t *content)
{
    const char *type = NULL;
    const json_t *body = NULL;
    json_object_foreach ((json_t *)(uintptr_t)content, type, body) {
        walk(schemas, json_object_get(body, "schema"));
    }
}

static void walk_operation(struct schemas *schemas, const json_t *operation)
{
    size_t i = 0;
    const json_t *parameter = NULL;
    json_array_foreach (json_object_get(operation, "parameters"), i, parameter) {
        walk(schemas, json_object_get(parameter, "schema"));
    }
    walk_content(schemas, json_at(operation, "requestBody.content"));
    const char *status = NULL;
    const json_t *response = NULL;
    json_object_foreach (json_object_get(operation, "responses"), status, response) {
        walk_content(schemas, json_object_get(response, "content"));
    }
}

static void every_schema_is_used_and_understood(void **state)
{
    (void)state;
    struct schemas schemas = {0};
    const json_t *all = json_at(contract_document(), "components.schemas");
    const char *name = NULL;
    const json_t *schema = NULL;
    for (size_t i = 0; i < api_route_count; i++) {
        walk_operation(&schemas, contract_operation(&api_routes[i]));
    }
    json_object_foreach ((json_t *)(uintptr_t)all, name, schema) {
        walk(&schemas, schema);
    }
    json_object_foreach ((json_t *)(uintptr_t)all, name, schema) {
        /* Events are no answers: docs/api.md names their schemas. */
        bool is_of_events = strncmp(name, "Event", 5) == 0;
        if (!is_of_events && !map_has(&schemas.used, name)) {
            fail_msg("nothing uses the schema %s", name);
        }
    }
    map_done(&schemas.used);
}

/* Bodies that people send are closed; those of programs are not: a newer agent may say more. */
static void a_body_of_a_person_takes_no_unknown_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < api_route_count; i++) {
        const json_t *content = json_at(contract_operation(&api_routes[i]), "requestBody.content");
        const json_t *schema =
            json_object_get(json_object_get(content, "application/json"), "schema");
        bool is_of_a_program = api_routes[i].permission == PERMISSION_REPORT ||
                               api_routes[i].permission == PERMISSION_PUBLIC;
        if (schema && !is_of_a_program) {
            schema = schema_find(contract_document(), json_text_at(schema, "$ref", ""));
            if (!json_is_false(json_object_get(schema, "additionalProperties"))) {
                fail_msg("%s takes unknown fields", route_text(&api_routes[i]));
            }
        }
    }
}

/* ---- the words for people ---- */

static void docs_name_every_route_with_its_role(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO_STR(docs, 1U << 20);
    ASSERT_OK(file_read("docs/api.md", &docs, &err), err);
    for (size_t i = 0; i < api_route_count; i++) {
        const struct http_route *route = &api_routes[i];
        char row[250];
        if (is_page(route)) {
            continue;
        }
        snprintf(row, sizeof(row), "| `%s` | %s |", route_text(route),
                 strncmp(route->path, "/hooks/", 7) == 0 ? "signature"
                                                         : contract_role(route->permission));
        bool is_named = strstr(docs.text, row) != NULL;
        if (!is_named) {
            fail_msg("docs/api.md has no row \"%s\"", row);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_in_the_document_with_its_role),
        cmocka_unit_test(every_operation_of_the_document_is_a_route),
        cmocka_unit_test(the_names_in_a_path_are_its_parameters),
        cmocka_unit_test(every_parameter_is_described),
        cmocka_unit_test(it_is_openapi_3_1),
        cmocka_unit_test(every_operation_has_a_name_of_its_own_an_answer_and_an_error),
        cmocka_unit_test(every_schema_is_used_and_understood),
        cmocka_unit_test(a_body_of_a_person_takes_no_unknown_field),
        cmocka_unit_test(docs_name_every_route_with_its_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
