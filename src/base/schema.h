/*
 * schema: is a JSON value what a JSON Schema says?
 *
 * Knows the keywords of JSON Schema 2020-12 that our own documents use (src/api/openapi.json,
 * src/configrepo/pipeline_schema.json), and no others; tests hold the documents to them.
 */
#pragma once

#include "base/json.h"

/* The document's part that a "$ref" of ours points to ("#/components/schemas/Cell"), or NULL. */
const json_t *schema_find(const json_t *document, const char *reference);

/* Does the checker understand this keyword, or does it only explain ("description")? */
bool schema_is_keyword(const char *name);

/* False when `value` is something else: err says what is wrong, `out_pointer` (RFC 6901) where. */
bool schema_check(const json_t *document, const json_t *schema, const json_t *value,
                  struct str *out_pointer, struct err *err) MUST_CHECK;
