/* kinds: which resources the API serves. */
#pragma once

#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"

/* jansson's iterators take a changeable object, though they change nothing. */
static inline json_t *json_loose(const json_t *value)
{
    return (json_t *)(uintptr_t)value;
}

enum kind_trait {
    KIND_NAMESPACED = 1,
    KIND_STATUS = 2,     /* has the subresource status */
    KIND_GENERATION = 4, /* counts changes of its spec */
    KIND_SCALE = 8,
    KIND_CUSTOM = 16,   /* of a CustomResourceDefinition */
    KIND_MEASURED = 32, /* computed when it is listed, and never stored */
};

struct kind {
    char group[128]; /* "" for the core */
    char version[32];
    char kind[64];
    char plural[64];
    char singular[64];
    char short_name[16]; /* or "" */
    unsigned traits;
    struct map objects; /* "namespace/name" → json_t, owned by objects.c */
};

/* Pointers to kinds stay valid until kinds_done(). */
struct kinds {
    VEC(struct kind *) all;
};

void kinds_init(struct kinds *kinds); /* with the built-in ones */
void kinds_done(struct kinds *kinds); /* their maps must be empty or already freed */
struct kind *kinds_find(const struct kinds *kinds, const char *group, const char *version,
                        const char *plural);
/* By "apps/v1" or "v1" and "Deployment". */
struct kind *kinds_named(const struct kinds *kinds, const char *api_version, const char *kind);
/* Serve what a CustomResourceDefinition defines; serving it again changes its names. */
void kinds_define(struct kinds *kinds, const json_t *definition);

bool kind_is(const struct kind *kind, unsigned trait);
void kind_api_version(const struct kind *kind, char out[static 160]); /* "apps/v1" */
/* "deployments.apps", or "pods" in the core. */
void kind_resource(const struct kind *kind, char out[static 200]);
