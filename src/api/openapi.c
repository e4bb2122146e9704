/* The OpenAPI document: src/api/openapi.json, embedded by the build; a test holds it against the
 * routes. */
#include "api/internal.h"

extern const char api_openapi_json[];
extern const size_t api_openapi_json_bytes;

void show_openapi(struct http_exchange *exchange, void *context)
{
    (void)context;
    http_reply_bytes(exchange, 200, "application/json",
                     (struct slice){api_openapi_json, api_openapi_json_bytes});
}
