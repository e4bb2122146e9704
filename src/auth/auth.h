/*
 * auth: who is asking, and may they?
 *
 * Tokens "hdl_<43 characters>" are shown once and kept as SHA-256.  Roles are a ladder for people
 * (read, promote, approve, admin); an agent's token can do nothing but report for its cluster.
 * A browser shows a token once and is given a session: a cookie whose secret changes as it is used.
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
    int64_t session_id; /* of a browser; 0: the token itself was shown */
    char name[ACTOR_BYTES];
    enum role role;
    char cluster[NAME_BYTES]; /* of an agent */
};

struct token_request {
    const char *name;
    enum role role;
    const char *cluster; /* of an agent; NULL for all others */
    int64_t for_ms;      /* 0: until it is revoked */
};

#define AUTH_TOKEN_BYTES 48
/* Make a token; `out_secret` is the only time that it is known. */
bool auth_token_create(struct store *store, const struct env *env,
                       const struct token_request *request,
                       char out_secret[static AUTH_TOKEN_BYTES], struct err *err) MUST_CHECK;
/* The first start: make the token "admin" when there is none at all; *out_created tells. */
bool auth_bootstrap(struct store *store, const struct env *env, bool *out_created,
                    char out_secret[static AUTH_TOKEN_BYTES], struct err *err) MUST_CHECK;
/* Who holds this secret?  ERR_UNKNOWN_WHO, in the same words whether it is unknown, revoked or
   expired. */
bool auth_identify(struct store *store, const struct env *env, const char *secret,
                   struct principal *out, struct err *err) MUST_CHECK;

/* ---- sessions of browsers ---- */

#define AUTH_COOKIE_BYTES 67 /* "<22 characters that stay>.<43 that change>" */
#define AUTH_CSRF_BYTES 65
/* Unused for this long, or open for that long: sign in again. */
#define AUTH_SESSION_IDLE_MS INT64_C(86400000)
#define AUTH_SESSION_MS INT64_C(604800000)
/* A cookie's secret is changed at this age; the one before holds for the requests under way. */
#define AUTH_ROTATE_MS INT64_C(600000)
#define AUTH_ROTATE_GRACE_MS INT64_C(60000)

/* Trade a person's token for a session.  ERR_DENIED for an agent's. */
bool auth_session_open(struct store *store, const struct env *env, const char *token,
                       char out_cookie[static AUTH_COOKIE_BYTES], struct principal *out,
                       struct err *err) MUST_CHECK;
/* Whose cookie is this?  `out_cookie` is "", or what the browser must keep from now on.  A secret
   that was replaced ends the session: somebody has a copy. */
bool auth_session_identify(struct store *store, const struct env *env, const char *cookie,
                           char out_cookie[static AUTH_COOKIE_BYTES], struct principal *out,
                           struct err *err) MUST_CHECK;
/* What a page of ours sends with each write, and no other page can know: made from the part of the
   cookie that stays. */
void auth_session_csrf(const char *cookie, char out[static AUTH_CSRF_BYTES]);
/* Those of a token that are in force. */
bool auth_session_list(struct store *store, const struct env *env, int64_t token_id,
                       struct arena *arena, struct session_list *out, struct err *err) MUST_CHECK;
bool auth_session_close(struct store *store, int64_t session_id, struct err *err) MUST_CHECK;
/* All sessions of a token. */
bool auth_session_close_all(struct store *store, int64_t token_id, int64_t *out_closed,
                            struct err *err) MUST_CHECK;

/* ERR_DENIED names the role that is needed. */
bool auth_require(const struct principal *principal, enum permission permission,
                  struct err *err) MUST_CHECK;

/* ---- webhooks ---- */

/* A header that may prove that a webhook's sender knows the shared secret. */
struct auth_proof {
    const char *header, *prefix;
    enum auth_proof_kind {
        AUTH_HMAC_SHA256, /* hex of the body's, keyed with the secret */
        AUTH_HMAC_SHA1,
        AUTH_SECRET,   /* the secret itself */
        AUTH_PASSWORD, /* the secret as the password of Basic */
    } kind;
};
extern const struct auth_proof auth_proofs[];
extern const size_t auth_proof_count;
/* Does the header's value hold?  Constant time.  An empty secret proves nothing. */
bool auth_proof_holds(const struct auth_proof *proof, const char *secret, struct slice body,
                      const char *value);
/* For senders that can be told an address and nothing else (Docker Hub, Quay, Pub/Sub): is the key
   that ends the address the path's HMAC-SHA256 in hex?  Who reads it in a log can make heddle look,
   and learns nothing of the secret. */
bool auth_key_holds(const char *secret, const char *path, const char *key);
