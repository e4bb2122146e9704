/*
 * objects: the simulated cluster's memory: objects, their versions, and the last changes.
 *
 * Stored objects are never changed in place: a change is a new value, so watches, lists and
 * history share them.  Each change counts the resource version up by one.
 */
#pragma once

#include "sandbox/kinds.h"

enum change_type { CHANGE_ADDED, CHANGE_MODIFIED, CHANGE_DELETED };

struct change {
    enum change_type type;
    struct kind *kind;
    json_t *before, *after; /* after of a deletion: the last state, with the deletion's version */
    int64_t version;
};

struct objects;
struct objects *objects_new(size_t history_max,
                            void (*on_change)(void *context, const struct change *change),
                            void *context);
void objects_free(struct objects **objects, struct kinds *kinds);

int64_t objects_version(const struct objects *objects);
json_t *objects_get(const struct kind *kind, const char *namespace, const char *name);
/* Create or replace; sets metadata.resourceVersion.  Takes `next`; returns it, borrowed. */
json_t *objects_put(struct objects *objects, struct kind *kind, json_t *take_next);
void objects_remove(struct objects *objects, struct kind *kind, const char *namespace,
                    const char *name);

/* All objects of a kind, of one namespace unless "", by namespace and name; each one with a
   reference. objects_list_done() gives it back. */
struct object_list {
    VEC(json_t *) items;
};
void objects_list(const struct kind *kind, const char *namespace, struct object_list *out);
/* The objects that name this uid as an owner. */
void objects_owned(const struct objects *objects, const char *uid, struct object_list *out);
void objects_list_done(struct object_list *list);

/* Call `each` for all changes after `version`; false when the history does not reach back so far.
 */
bool objects_since(const struct objects *objects, int64_t version,
                   void (*each)(void *context, const struct change *change), void *context);

/* The usual fields, "" when missing. */
const char *object_name(const json_t *object);
const char *simulated_namespace(const json_t *object);
const char *object_uid(const json_t *object);
const char *simulated_kind(const json_t *object);
