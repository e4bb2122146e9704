/* object: one Kubernetes object as wanted, as applied and as it is there.  Pure; private to sync.
 */
#pragma once

#include "kube/kube.h"
#include "render/render.h"

/* What is remembered of an object in the cluster. */
struct live {
    char uid[KUBE_UID_BYTES];
    char version[KUBE_VERSION_BYTES];
    uint64_t fingerprint; /* of everything but status and bookkeeping */
    int64_t generation;
    bool exists;
    bool is_kept; /* heddle.dev/prune: disabled */
    bool may_go;  /* heddle.dev/prune: "true" */
};

/* A hash of what people and controllers want of it: all but status, resourceVersion, generation,
   managedFields and the revision number that the Deployment controller writes. */
uint64_t object_fingerprint(const json_t *object);
void object_view(const json_t *object, struct live *out);
/* Was `a` written after `b`?  Versions are numbers that grow; where they are not, the answer is
   yes, and at worst an object is sent once too often. */
bool object_is_newer(const char *a, const char *b);
/* Was it surely written before? */
bool object_is_older(const char *a, const char *b);
/* Is the cluster's object another one than the one that was applied? */
bool object_has_drifted(const struct live *applied, const struct live *live);

/* Did we apply it, for this cluster?  The label alone is not enough: controllers copy labels. */
bool object_is_ours(const json_t *object, const char *cluster);
/* Who else changed it last: a field manager's name, or "". */
void object_other_manager(const json_t *object, char *out, size_t size);

/* "apps/Deployment/shop/cart": the same object in any version of its API. */
void object_key(struct str *out, const char *api_version, const char *kind, const char *namespace,
                const char *name);
/* What is sent for a rendered object: with our label, without what only the server may say. */
char *object_body(const struct render_object *wanted, const char *cluster, struct err *err);

/* Its place in the order of applying, from 0; deletion goes the other way round. */
#define OBJECT_RANK_COUNT 7
unsigned object_rank(const char *api_version, const char *kind);
#define OBJECT_RANK_DEFINITION 1 /* CustomResourceDefinition: new kinds come with it */
/* Kinds that take others' belongings with them: kept unless an annotation says otherwise. */
bool object_is_precious(const char *key);
