/* place: where a repository lives: its registry, and mirrors that are asked before it. */
#pragma once

#include "registry/registry.h"

#define PLACE_BASE_BYTES 256

/* Where a repository lives. */
struct place {
    char host[IMAGE_REPOSITORY_BYTES];     /* to speak to: "registry-1.docker.io" */
    char known_as[IMAGE_REPOSITORY_BYTES]; /* in credentials: "docker.io" */
    char base[PLACE_BASE_BYTES];           /* before "/v2/": "/mirror", or "" */
    char name[IMAGE_REPOSITORY_BYTES];     /* "library/nginx" */
    bool is_plain;                         /* HTTP without TLS */
};
bool place_find(const struct registry *registry, const char *repository, struct place *out,
                struct err *err) MUST_CHECK;

/* May plain HTTP be spoken to this host? */
bool place_is_insecure(const struct registry *registry, const char *host);

struct mirror {
    char of[IMAGE_REPOSITORY_BYTES]; /* as images name it: "docker.io" */
    char host[IMAGE_REPOSITORY_BYTES];
    char base[PLACE_BASE_BYTES];
    bool is_plain;
    int64_t rest_mono_ms; /* not asked before */
};
/* Each of "HOST=URL"; free() them. */
bool mirrors_read(const char *const *texts, size_t count, struct mirror **out,
                  struct err *err) MUST_CHECK;

/* Ask at the mirrors of a repository's registry, in order, and then there, until one answers whole.
   The time to wait is the registry's own. */
bool registry_anywhere(struct registry *registry, const char *repository,
                       bool (*ask)(void *context, const struct place *place, int64_t *out_retry_ms,
                                   struct err *err),
                       void *context, int64_t *out_retry_ms, struct err *err) MUST_CHECK;
