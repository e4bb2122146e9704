/* The OpenAPI document: src/api/openapi.json, embedded by the build; a test holds it against the
 * routes. */
#include <assert.h>

#include "api/internal.h"

extern const char api_openapi_json[];
extern const size_t api_openapi_json_bytes;

json_t *openapi_read(void)
{
    struct err err = {0};
    json_t *document = json_parse((struct slice){api_openapi_json, api_openapi_json_bytes}, &err);
    assert(document); /* it is part of this program */
    return document;
}

void show_openapi(struct http_exchange *exchange, void *context)
{
    (void)context;
    http_reply_bytes(exchange, 200, "application/json",
                     (struct slice){api_openapi_json, api_openapi_json_bytes});
}
