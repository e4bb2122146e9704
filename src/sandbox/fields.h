/*
 * fields: which fields of an object somebody owns, and how values are merged by them.
 *
 * A set of fields is kept as Kubernetes writes it in managedFields: "f:name" for a field of an
 * object, "k:{"name":"app"}" for the item of a list with keys, "." for the thing itself, and an
 * empty object for what has no parts of its own.
 */
#pragma once

#include "sandbox/kinds.h"

/* How lists and maps are taken apart. */
enum merge_style {
    MERGE_KEYED,     /* known lists by their keys, as server-side apply and strategic merge do */
    MERGE_CUSTOM,    /* maps only: lists of custom resources are one value */
    MERGE_PATCH,     /* RFC 7396: maps only, null removes */
    MERGE_STRATEGIC, /* as keyed, null removes, keys with '$' are directives and left out */
};

/* All fields of an object that somebody may own: without its name, version and the like. */
json_t *fields_of(const json_t *object, enum merge_style style);
/* Which fields differ: `changed` gets those that are new or have another value, `removed` those
   that are gone.  Both are new sets. */
void fields_compare(const json_t *before, const json_t *after, enum merge_style style,
                    json_t **out_changed, json_t **out_removed);
/* A new value: `live` with the fields of `wanted` laid over it. */
json_t *fields_merge(const json_t *live, const json_t *wanted, enum merge_style style);
/* Remove from `object` the fields of `before` that are neither in `now` nor in `others`. */
void fields_prune(json_t *object, const json_t *before, const json_t *now, const json_t *others,
                  enum merge_style style);

void fields_add(json_t *set, const json_t *more);
void fields_remove(json_t *set, const json_t *less);
bool fields_is_empty(const json_t *set);
/* A new set of what both have. */
json_t *fields_common(const json_t *a, const json_t *b);
/* Call `each` with every field as people write it: .spec.containers[name="app"].image */
void fields_each(const json_t *set, void (*each)(void *context, const char *path), void *context);
/* Only fields of the status, or only others. */
void fields_keep_status(json_t *set, bool is_status);
