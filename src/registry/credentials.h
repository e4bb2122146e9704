/* credentials: who we are at which registry, from Docker's config.json. */
#pragma once

#include "base/err.h"

#define CREDENTIALS_FILE_BYTES_MAX (1U << 20)
#define CREDENTIALS_MAX 1000

struct credential {
    char *scope; /* "ghcr.io" or "ghcr.io/acme": it counts for all below */
    char *basic; /* "user:password"; NULL when the entry holds nothing that heddle can use */
    char *identity_token; /* instead of it: what a token server takes by OAuth 2; or NULL */
    const char *remedy;   /* why `basic` is NULL, and what to do */
};

/* "ecr-login": the program docker-credential-ecr-login knows who we are at this host. */
struct credential_helper {
    char *host; /* NULL: at all hosts without an entry */
    char *name;
};

struct credentials {
    char *file; /* where they come from, for errors; NULL: nowhere */
    struct credential *items;
    size_t count;
    struct credential_helper *helpers;
    size_t helper_count;
};

/* Read the file; NULL gives none. */
bool credentials_read(struct credentials *out, const char *file, struct err *err) MUST_CHECK;
/* Both are safe on zeroed memory, and wipe. */
void credential_done(struct credential *credential);
void credentials_done(struct credentials *credentials);
/* The one with the longest scope that holds host/name, or NULL. */
const struct credential *credentials_find(const struct credentials *credentials, const char *host,
                                          const char *name);
/* The helper to ask for a host, or NULL: its own, else the one for all when no entry will do. */
const char *credentials_helper(const struct credentials *credentials, const char *host,
                               const char *name);
