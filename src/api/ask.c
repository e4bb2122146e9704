/* What is asked, held against the OpenAPI document: no handler sees a body or a query that the
 * document does not describe.  A mistyped "workloads" must not become a promotion of all. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "base/schema.h"

#define POINTER_BYTES_MAX 500

/* The document's words for methods. */
static const char *const method_names[] = {
    [HTTP_GET] = "get",     [HTTP_POST] = "post",     [HTTP_PUT] = "put",
    [HTTP_PATCH] = "patch", [HTTP_DELETE] = "delete", [HTTP_HEAD] = "head",
};

static const json_t *operation_of(const struct api *api, const struct http_exchange *exchange)
{
    const struct http_route *route = http_route_of(exchange);
    const json_t *path = json_object_get(json_object_get(api->document, "paths"), route->path);
    return json_object_get(path, method_names[route->method]);
}

/* ---- the query ---- */

/* Only the digits of a number are one; everything else stays text, and is then of a wrong type. */
static json_t *value_of(const json_t *schema, const char *text)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool is_number = (*text == '-' || (*text >= '0' && *text <= '9')) && *end == '\0' && errno == 0;
    bool wants_number = strcmp(json_text_at(schema, "type", ""), "integer") == 0;
    return wants_number && is_number ? json_integer(number) : json_text_safe(text, strlen(text));
}

static const json_t *parameter_of(const json_t *operation, const char *name)
{
    size_t i = 0;
    const json_t *parameter = NULL;
    json_array_foreach (json_object_get(operation, "parameters"), i, parameter) {
        if (strcmp(json_text_at(parameter, "in", ""), "query") == 0 &&
            strcmp(json_text_at(parameter, "name", ""), name) == 0) {
            return parameter;
        }
    }
    return NULL;
}

static bool check_argument(const struct api *api, const json_t *operation,
                           const struct http_header_text *argument, struct err *err)
{
    const json_t *schema = json_object_get(parameter_of(operation, argument->name), "schema");
    if (!schema) {
        return err_set(err, ERR_INVALID, "there is no query parameter \"%.60s\" here",
                       argument->name);
    }
    AUTO_STR(pointer, POINTER_BYTES_MAX);
    AUTO_JSON *value = value_of(schema, argument->value);
    str_addf(&pointer, "/%s", argument->name); /* for the words of the error */
    return schema_check(api->document, schema, value, &pointer, err);
}

bool check_query(struct api *api, struct http_exchange *exchange)
{
    const json_t *operation = operation_of(api, exchange);
    struct http_header_text argument;
    for (size_t i = 0; operation && http_query_at(exchange, i, &argument); i++) {
        struct err err = {0};
        if (!check_argument(api, operation, &argument, &err)) {
            AUTO_STR(pointer, POINTER_BYTES_MAX);
            str_addf(&pointer, "?%.200s", argument.name);
            http_reply_error_at(exchange, &err, pointer.text);
            return false;
        }
    }
    return true;
}

/* ---- the body ---- */

const json_t *read_body(struct api *api, struct http_exchange *exchange)
{
    const json_t *body = http_json_body(exchange);
    if (!body) {
        return NULL;
    }
    const json_t *content = json_at(operation_of(api, exchange), "requestBody.content");
    const json_t *schema = json_object_get(json_object_get(content, "application/json"), "schema");
    struct err err = {0};
    AUTO_STR(pointer, POINTER_BYTES_MAX);
    if (!schema_check(api->document, schema, body, &pointer, &err)) {
        http_reply_error_at(exchange, &err, pointer.text);
        return NULL;
    }
    return body;
}
