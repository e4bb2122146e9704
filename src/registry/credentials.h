/* credentials: who we are at which registry, from Docker's config.json. */
#pragma once

#include "base/err.h"

#define CREDENTIALS_FILE_BYTES_MAX (1U << 20)
#define CREDENTIALS_MAX 1000

struct credential {
    char *scope;        /* "ghcr.io" or "ghcr.io/acme": it counts for all below */
    char *basic;        /* "user:password"; NULL when the entry holds nothing that heddle can use */
    const char *remedy; /* why it is NULL, and what to do */
};

struct credentials {
    char *file; /* where they come from, for errors; NULL: nowhere */
    struct credential *items;
    size_t count;
};

/* Read the file; NULL gives none.  Helpers (credsStore, credHelpers) are refused: they are programs
   of a desktop. */
bool credentials_read(struct credentials *out, const char *file, struct err *err) MUST_CHECK;
void credentials_done(struct credentials *credentials); /* safe on zeroed memory; wipes */
/* The one with the longest scope that holds host/name, or NULL. */
const struct credential *credentials_find(const struct credentials *credentials, const char *host,
                                          const char *name);
