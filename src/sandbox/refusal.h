/*
 * refusal: the Status object that a Kubernetes API answers when it says no.
 *
 * Functions here that may refuse a request return it, or NULL when all is well: reason, code,
 * causes and wording are what clients take apart, so they are made where the refusal is decided.
 */
#pragma once

#include "sandbox/kinds.h"

/* `kind` and `name` may be NULL; the caller owns the result. */
json_t *refusal_new(int code, const char *reason, const struct kind *kind, const char *name,
                    const char *message);
json_t *refusal_not_found(const struct kind *kind, const char *name);
/* 422 with one cause: "spec.selector", "field is immutable". */
json_t *refusal_invalid(const struct kind *kind, const char *name, const char *field,
                        const json_t *value, const char *detail);
void refusal_add_cause(json_t *refusal, const char *reason, const char *message, const char *field);
int refusal_code(const json_t *refusal);
