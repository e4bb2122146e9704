/* schema: is a JSON value what the OpenAPI document says?  Private to api, and to its tests.
 *
 * Knows the keywords of JSON Schema 2020-12 that src/api/openapi.json uses, and no others; a test
 * holds the document to them.
 */
#pragma once

#include "base/json.h"

/* The document's part that a "$ref" of ours points to ("#/components/schemas/Cell"), or NULL. */
const json_t *schema_find(const json_t *document, const char *reference);

/* False when `value` is something else: err says what is wrong, `out_pointer` (RFC 6901) where. */
bool schema_check(const json_t *document, const json_t *schema, const json_t *value,
                  struct str *out_pointer, struct err *err) MUST_CHECK;
