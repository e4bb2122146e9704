/* images: what the simulated registry holds.  Private to registry_host. */
#pragma once

#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "sandbox/registry_host.h"

/* A manifest or a configuration, by its digest. */
struct blob {
    char digest[SANDBOX_DIGEST_BYTES];
    const char *media_type;
    struct str bytes;
};

struct tag {
    char *name;
    const struct blob *manifest; /* NULL: taken away */
    int pushes;
};

struct repository {
    char *name;
    VEC(struct tag) tags; /* by name */
    struct map blobs;     /* digest → struct blob, owned */
};

struct images {
    struct map repositories; /* name → struct repository, owned */
};

void images_done(struct images *images);
struct repository *images_find(const struct images *images, const char *repository);
/* The manifest that the tag names from now on. */
const struct blob *images_push(struct images *images, const char *repository, const char *tag,
                               int64_t created_ms);
struct tag *repository_tag(struct repository *repository, const char *name);
