#include "auth/auth.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "auth/internal.h"
#include "crypto/crypto.h"

#define TOKEN_PREFIX "hdl_"
#define TOKEN_RANDOM_CHARACTERS 43 /* 62^43 > 2^256 */

static const char *const role_names[] = {
    [ROLE_NONE] = "none",       [ROLE_READ] = "read",   [ROLE_PROMOTE] = "promote",
    [ROLE_APPROVE] = "approve", [ROLE_ADMIN] = "admin", [ROLE_AGENT] = "agent",
};

const char *role_name(enum role role)
{
    return role_names[role];
}

enum role role_of(const char *name)
{
    for (size_t i = ROLE_READ; i < COUNT_OF(role_names); i++) {
        if (strcmp(role_names[i], name) == 0) {
            return (enum role)i;
        }
    }
    return ROLE_NONE;
}

/* Rows: who; columns: what.  Nothing is allowed that does not stand here. */
static const bool matrix[ROLE_AGENT + 1][PERMISSION_REPORT + 1] = {
    [ROLE_NONE] = {[PERMISSION_PUBLIC] = true},
    [ROLE_READ] = {[PERMISSION_PUBLIC] = true, [PERMISSION_VIEW] = true},
    [ROLE_PROMOTE] =
        {[PERMISSION_PUBLIC] = true, [PERMISSION_VIEW] = true, [PERMISSION_PROMOTE] = true},
    [ROLE_APPROVE] = {[PERMISSION_PUBLIC] = true,
                      [PERMISSION_VIEW] = true,
                      [PERMISSION_PROMOTE] = true,
                      [PERMISSION_APPROVE] = true},
    [ROLE_ADMIN] = {[PERMISSION_PUBLIC] = true,
                    [PERMISSION_VIEW] = true,
                    [PERMISSION_PROMOTE] = true,
                    [PERMISSION_APPROVE] = true,
                    [PERMISSION_ADMIN] = true},
    [ROLE_AGENT] = {[PERMISSION_PUBLIC] = true, [PERMISSION_REPORT] = true},
};

bool role_may(enum role role, enum permission permission)
{
    assert(role <= ROLE_AGENT && permission <= PERMISSION_REPORT);
    return matrix[role][permission];
}

/* The weakest role that may; nobody may do what has no permission. */
static const char *needed_role(enum permission permission)
{
    for (enum role role = ROLE_NONE; role <= ROLE_AGENT; role++) {
        if (role_may(role, permission)) {
            return role_name(role);
        }
    }
    return "a permission that nobody has";
}

bool auth_require(const struct principal *principal, enum permission permission, struct err *err)
{
    return role_may(principal->role, permission) ||
           err_set(err, ERR_DENIED,
                   "%s has the role %s, and this needs %s; ask an admin for such a token",
                   principal->name[0] ? principal->name : "an unknown caller",
                   role_name(principal->role), needed_role(permission));
}

/* ---- tokens ---- */

/* The name is shown in terminals and in the record of who did what. */
static bool is_printable(const char *name)
{
    for (const char *at = name; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7F) {
            return false;
        }
    }
    return name[0] != '\0';
}

static bool describe_token(const struct token_request *request, struct token_row *row,
                           struct err *err)
{
    const char *cluster = request->cluster ? request->cluster : "";
    if (!is_printable(request->name) || !TEXT_COPY(row->name, request->name)) {
        return err_set(err, ERR_INVALID,
                       "a token's name has 1 to %d characters and no control characters",
                       ACTOR_BYTES - 1);
    }
    if (request->role == ROLE_NONE) {
        return err_set(err, ERR_INVALID, "a token needs a role: read, promote, approve or admin");
    }
    if ((request->role == ROLE_AGENT) != (cluster[0] != '\0')) {
        return err_set(err, ERR_INVALID, "an agent's token names its cluster, and no other does");
    }
    if (!TEXT_COPY(row->cluster, cluster)) {
        return err_set(err, ERR_INVALID, "the cluster's name is longer than %d characters",
                       NAME_BYTES - 1);
    }
    row->expires_ms = request->for_ms ? row->created_ms + request->for_ms : 0;
    return TEXT_COPY(row->role, role_name(request->role));
}

bool auth_token_create(struct store *store, const struct env *env,
                       const struct token_request *request,
                       char out_secret[static AUTH_TOKEN_BYTES], struct err *err)
{
    struct token_row row = {.created_ms = env_now_ms(env)};
    if (!describe_token(request, &row, err)) {
        return false;
    }
    char secret[AUTH_TOKEN_BYTES] = TOKEN_PREFIX;
    crypto_random_text(secret + strlen(TOKEN_PREFIX), TOKEN_RANDOM_CHARACTERS);
    /* 256 random bits need no slow hash: nobody can guess them, only steal them. */
    crypto_sha256_hex(slice_of(secret), row.hash);
    bool is_stored = store_token_insert(store, &row, err);
    if (is_stored) {
        memcpy(out_secret, secret, AUTH_TOKEN_BYTES);
    }
    crypto_wipe(secret, sizeof(secret));
    return is_stored;
}

bool auth_bootstrap(struct store *store, const struct env *env, bool *out_created,
                    char out_secret[static AUTH_TOKEN_BYTES], struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct token_list tokens;
    if (!store_token_list(store, arena, &tokens, err)) {
        return false;
    }
    const struct token_request admin = {.name = "admin", .role = ROLE_ADMIN};
    bool is_first = tokens.count == 0;
    if (is_first && !auth_token_create(store, env, &admin, out_secret, err)) {
        return false;
    }
    *out_created = is_first;
    return true;
}

/* Unknown, revoked, expired or of a role that this program does not know: one and the same answer,
   so that nobody learns which. */
bool token_is_in_force(const struct token_row *token, int64_t now_ms)
{
    return role_of(token->role) != ROLE_NONE &&
           (token->expires_ms == 0 || token->expires_ms > now_ms);
}

void principal_of(const struct token_row *token, struct principal *out)
{
    *out = (struct principal){.token_id = token->id, .role = role_of(token->role)};
    TEXT_COPY_CUT(out->name, token->name);
    TEXT_COPY_CUT(out->cluster, token->cluster);
}

bool auth_identify(struct store *store, const struct env *env, const char *secret,
                   struct principal *out, struct err *err)
{
    char hash[SHA256_HEX_BYTES];
    crypto_sha256_hex(slice_of(secret), hash);
    struct token_row row = {0};
    int64_t now_ms = env_now_ms(env);
    bool found = store_token_find(store, hash, &row, err);
    if (!found && err->kind != ERR_NOT_FOUND) {
        return false;
    }
    if (!found || !token_is_in_force(&row, now_ms)) {
        return err_set(err, ERR_UNKNOWN_WHO,
                       "this token is not valid; sign in again with `heddle login`");
    }
    principal_of(&row, out);
    /* A full disk must not lock people out: when a token was last used is only a hint. */
    struct err ignored = {0};
    bool is_noted = store_token_used(store, row.id, now_ms, &ignored);
    (void)is_noted;
    return true;
}
