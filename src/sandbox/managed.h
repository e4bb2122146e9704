/*
 * managed: who owns which field, in metadata.managedFields, and server-side apply.
 */
#pragma once

#include "sandbox/fields.h"

/* Who writes, and how. */
struct writer {
    const char *manager;
    const char *subresource; /* "", "status" or "scale" */
    bool force;              /* of apply: take fields over instead of refusing */
    int64_t now_ms;
};

/* Server-side apply of `wanted` over `live` (NULL: there is none): the new object, before defaults.
   NULL, and a refusal with one cause for each field, when other managers own fields with other
   values.  `style` as for fields. */
json_t *managed_apply(const json_t *live, const json_t *wanted, enum merge_style style,
                      const struct writer *writer, json_t **out_refusal);
/* A create, update or patch has made `next` from `live`: note who owns what now. */
void managed_update(const json_t *live, json_t *next, enum merge_style style,
                    const struct writer *writer);
/* Equal, but for times in managedFields and resourceVersion. */
bool managed_same(const json_t *live, const json_t *next);
