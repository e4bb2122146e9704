#include "contract.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/schema.h"

#define DOCUMENT_FILE "src/api/openapi.json"

const char *const contract_methods[] = {
    [HTTP_GET] = "GET",     [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",
    [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE", [HTTP_HEAD] = "HEAD",
};

static json_t *document;

static void drop_document(void)
{
    json_drop(&document);
}

const json_t *contract_document(void)
{
    if (!document) {
        struct err err = {0};
        AUTO_STR(text, 1U << 20);
        ASSERT_OK(file_read(DOCUMENT_FILE, &text, &err), err);
        document = json_parse(str_slice(&text), &err);
        ASSERT_OK(document, err);
        atexit(drop_document);
    }
    return document;
}

const json_t *contract_operation(const struct http_route *route)
{
    static const char *const keys[] = {"get", "post", "put", "patch", "delete", "head"};
    const json_t *path =
        json_object_get(json_object_get(contract_document(), "paths"), route->path);
    return json_object_get(path, keys[route->method]);
}

const char *contract_role(int permission)
{
    static const char *const roles[] = {
        [PERMISSION_UNSET] = "nobody",    [PERMISSION_PUBLIC] = "public",
        [PERMISSION_VIEW] = "read",       [PERMISSION_PROMOTE] = "promote",
        [PERMISSION_APPROVE] = "approve", [PERMISSION_ADMIN] = "admin",
        [PERMISSION_REPORT] = "agent",
    };
    return roles[permission];
}

/* ---- which route ---- */

/* Does "/a/{b}" serve "/a/x"?  Counts the literal segments: the most literal route wins. */
static int literal_segments(const char *pattern, const char *path)
{
    int literals = 0;
    while (*pattern == '/' && *path == '/') {
        size_t wanted = strcspn(++pattern, "/");
        size_t given = strcspn(++path, "/?");
        bool is_name = *pattern == '{';
        if (!is_name && (wanted != given || strncmp(pattern, path, given) != 0)) {
            return -1;
        }
        literals += !is_name;
        pattern += wanted;
        path += given;
    }
    return *pattern == '\0' && (*path == '\0' || *path == '?') ? literals : -1;
}

const struct http_route *contract_route(const char *method, const char *path)
{
    const struct http_route *best = NULL;
    int best_literals = -1;
    for (size_t i = 0; i < api_route_count; i++) {
        if (!contract_operation(&api_routes[i])) {
            continue; /* a page */
        }
        int literals = strcmp(contract_methods[api_routes[i].method], method) == 0
                           ? literal_segments(api_routes[i].path, path)
                           : -1;
        if (literals > best_literals) {
            best = &api_routes[i];
            best_literals = literals;
        }
    }
    return best;
}

/* ---- nothing that the document does not know ---- */

static const json_t *target_of(const json_t *schema)
{
    const char *reference = json_text_at(schema, "$ref", NULL);
    return reference ? schema_find(contract_document(), reference) : schema;
}

static const json_t *property_in(const json_t *schema, const char *name);

static const json_t *property_in_any(const json_t *schemas, const char *name)
{
    size_t i = 0;
    const json_t *schema = NULL;
    json_array_foreach (schemas, i, schema) {
        const json_t *found = property_in(schema, name);
        if (found) {
            return found;
        }
    }
    return NULL;
}

static const json_t *property_in(const json_t *schema, const char *name)
{
    schema = target_of(schema);
    const json_t *found = json_object_get(json_object_get(schema, "properties"), name);
    found = found ? found : property_in_any(json_object_get(schema, "allOf"), name);
    return found ? found : property_in_any(json_object_get(schema, "anyOf"), name);
}

static void expect_documented(const json_t *schema, const json_t *value, const char *where)
{
    schema = target_of(schema);
    char place[300];
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (value, i, item) {
        snprintf(place, sizeof(place), "%s/%zu", where, i);
        expect_documented(json_object_get(schema, "items"), item, place);
    }
    const char *name = NULL;
    const json_t *field = NULL;
    json_object_foreach ((json_t *)(uintptr_t)value, name, field) {
        const json_t *described = property_in(schema, name);
        snprintf(place, sizeof(place), "%s/%s", where, name);
        if (!described) {
            fail_msg("%s is not in the document", place);
        }
        expect_documented(described, field, place);
    }
}

static void check_value(const char *what, const json_t *schema, const json_t *value)
{
    struct err err = {0};
    AUTO_STR(pointer, 500);
    if (!schema_check(contract_document(), schema, value, &pointer, &err)) {
        fail_msg("%s %s: %s", what, pointer.text, err.text);
    }
    bool is_anything = strcmp(json_text_at(schema, "type", ""), "object") == 0 &&
                       !json_object_get(schema, "properties");
    if (!is_anything) {
        expect_documented(schema, value, what);
    }
}

void contract_check_value(const char *reference, const json_t *value)
{
    const json_t *schema = schema_find(contract_document(), reference);
    assert_non_null(schema);
    check_value(reference, schema, value);
}

/* ---- answers ---- */

static const json_t *response_of(const json_t *operation, int status)
{
    char key[16];
    snprintf(key, sizeof(key), "%d", status);
    const json_t *responses = json_object_get(operation, "responses");
    const json_t *found = json_object_get(responses, key);
    /* "default" is the error; a success that is not named is a mistake. */
    return found || status < 400 ? found : json_object_get(responses, "default");
}

static void expect_header(const char *what, const struct answer *answer, const char *name,
                          const char *wanted)
{
    AUTO_STR(value, 2000);
    if (!http_result_header(&answer->raw, name, &value) || strcmp(value.text, wanted) != 0) {
        fail_msg("%s: %s is \"%s\" and not \"%s\"", what, name, value.text, wanted);
    }
}

static void check_content(const char *what, const json_t *content, const struct answer *answer)
{
    AUTO_STR(type, 200);
    if (!content) {
        assert_int_equal(answer->raw.body.length, 0);
        return;
    }
    assert_true(http_result_header(&answer->raw, "Content-Type", &type));
    type.text[strcspn(type.text, ";")] = '\0';
    const json_t *described = json_object_get(content, type.text);
    if (!described) {
        fail_msg("%s: %d comes as %s", what, answer->status, type.text);
    }
    if (strcmp(type.text, "application/json") == 0) {
        check_value(what, json_object_get(described, "schema"), answer->body);
    }
}

/* What is nobody's business: paths of this machine, and secrets. */
static void expect_discretion(const struct house *house, const char *what,
                              const struct answer *answer)
{
    const char *const hidden[] = {house->remote.folder, house->admin, HOOK_SECRET, "src/"};
    for (size_t i = 0; i < COUNT_OF(hidden); i++) {
        if (strstr(answer->raw.body.text, hidden[i]) ||
            strstr(answer->raw.headers.text, hidden[i])) {
            fail_msg("%s: the error tells \"%s\": %s", what, hidden[i], answer->raw.body.text);
        }
    }
}

void contract_check(struct house *house, const struct ask *ask, const struct answer *answer)
{
    char what[300];
    if (answer->status >= 400) {
        expect_discretion(house, ask->path, answer);
    }
    snprintf(what, sizeof(what), "%s %s", ask->method, ask->path);
    expect_header(what, answer, "X-Content-Type-Options", "nosniff");
    expect_header(what, answer, "Cache-Control", "no-store");
    expect_header(what, answer, "Content-Security-Policy",
                  "default-src 'none'; frame-ancestors 'none'");
    expect_header(what, answer, "Referrer-Policy", "no-referrer");
    expect_header(what, answer, "X-Frame-Options", "DENY");
    expect_header(what, answer, "Cross-Origin-Resource-Policy", "same-origin");
    const struct http_route *route = contract_route(ask->method, ask->path);
    if (!route) {
        contract_check_value("#/components/schemas/Error", answer->body);
        return;
    }
    const json_t *response = response_of(contract_operation(route), answer->status);
    if (!response) {
        fail_msg("%s: the document knows no answer %d", what, answer->status);
    }
    check_content(what, json_object_get(response, "content"), answer);
}

void contract_record_value(const char *name, const json_t *value)
{
    struct err err = {0};
    AUTO_STR(file, 4096);
    AUTO(xfree) char *text = json_text_pretty(value);
    ASSERT_OK(file_make_folder(ANSWERS_FOLDER, &err), err);
    str_addf(&file, "%s/%s.json", ANSWERS_FOLDER, name);
    ASSERT_OK(file_replace(file.text, slice_of(text), 0644, &err), err);
}

void contract_record(const char *name, const struct ask *ask, const struct answer *answer)
{
    struct err err = {0};
    AUTO_JSON *record = json_object();
    json_t *request = ask->body ? json_parse(slice_of(ask->body), &err) : NULL;
    json_put_text(record, "method", ask->method);
    json_put_text(record, "path", ask->path);
    json_put_text(record, "route", contract_route(ask->method, ask->path)->path);
    if (request) {
        json_put(record, "request", request);
    }
    json_put_int(record, "status", answer->status);
    const struct str *text = &answer->raw.body;
    json_put(record, "body",
             answer->body ? json_incref(answer->body) : json_text_safe(text->text, text->length));
    contract_record_value(name, record);
}
