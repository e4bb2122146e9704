/* contract: answers of the real server, held against its OpenAPI document. */
#pragma once

#include "../server/house.h"

#include "api/api.h"

/* The document as it lies in the tree; the same one every time. */
const json_t *contract_document(void);
/* The operation of a route: its part of the document, or NULL. */
const json_t *contract_operation(const struct http_route *route);
extern const char *const contract_methods[]; /* "GET", by enum http_method */
/* The role that a permission asks for at least, in the document's words. */
const char *contract_role(int permission);
/* The route that serves a path with its query, or NULL. */
const struct http_route *contract_route(const char *method, const char *path);

/* Fails the test when the status, the type, a field that is missing, of another type or not in the
   document, or a header is not what it says.  To be a house's on_answer. */
void contract_check(struct house *house, const struct ask *ask, const struct answer *answer);
/* The same for a value of one schema: "#/components/schemas/Cell". */
void contract_check_value(const char *reference, const json_t *value);

/* Keep an answer for those who test a client against it: <build>/api-answers/<name>.json, with
   the request that it answered. */
void contract_record_value(const char *name, const json_t *value);
void contract_record(const char *name, const struct ask *ask, const struct answer *answer);
