/*
 * auth: who is asking, and may they?
 *
 * Tokens "hdl_<43 characters>" are shown once and kept as SHA-256.  Roles are a ladder for people
 * (read, promote, approve, admin); an agent's token can do nothing but report for its cluster.
 */
#pragma once

#include "base/clock.h"
#include "store/store.h"

enum permission {
    PERMISSION_UNSET = 0, /* a route without permission is refused at start */
    PERMISSION_PUBLIC,    /* health, and what carries its own signature */
    PERMISSION_VIEW,
    PERMISSION_PROMOTE, /* promote, roll back, hold, stop, retry */
    PERMISSION_APPROVE,
    PERMISSION_ADMIN,
    PERMISSION_REPORT, /* agents only */
};

enum role { ROLE_NONE, ROLE_READ, ROLE_PROMOTE, ROLE_APPROVE, ROLE_ADMIN, ROLE_AGENT };
const char *role_name(enum role role);
enum role role_of(const char *name);                       /* ROLE_NONE when unknown */
bool role_may(enum role role, enum permission permission); /* pure; the whole matrix */

struct principal {
    int64_t token_id;
    char name[ACTOR_BYTES];
    enum role role;
    char cluster[NAME_BYTES]; /* of an agent */
};

#define AUTH_TOKEN_BYTES 48
/* Make a token; `out_secret` is the only time that it is known.  `cluster` is "" but for agents. */
bool auth_token_create(struct store *store, const struct env *env, const char *name, enum role role,
                       const char *cluster, char out_secret[static AUTH_TOKEN_BYTES],
                       struct err *err) MUST_CHECK;
/* The first start: make the token "admin" when there is none at all; *out_created tells. */
bool auth_bootstrap(struct store *store, const struct env *env, bool *out_created,
                    char out_secret[static AUTH_TOKEN_BYTES], struct err *err) MUST_CHECK;
/* Who holds this secret?  ERR_UNKNOWN_WHO, in the same words whether it is unknown, revoked or
   expired. */
bool auth_identify(struct store *store, const struct env *env, const char *secret,
                   struct principal *out, struct err *err) MUST_CHECK;
/* ERR_DENIED names the role that is needed. */
bool auth_require(const struct principal *principal, enum permission permission,
                  struct err *err) MUST_CHECK;
/* Does "sha256=<hex>" sign these bytes with this secret?  Constant time.  An empty secret signs
   nothing. */
bool auth_signature_matches(const char *secret, struct slice body, const char *signature);
