/* Sessions of browsers.  The cookie is "<name>.<secret>": the name finds the session and stays,
 * the secret proves it and changes.  The store knows neither, only their hashes. */
#include <string.h>

#include "auth/internal.h"
#include "crypto/crypto.h"

#define NAME_CHARACTERS 22   /* 62^22 > 2^128 */
#define SECRET_CHARACTERS 43 /* 62^43 > 2^256 */
/* When a session was last used is not worth a write per request. */
#define USED_STEP_MS 60000

/* ---- the cookie's two parts ---- */

static bool split(const char *cookie, struct slice *out_name, struct slice *out_secret)
{
    if (strlen(cookie) != AUTH_COOKIE_BYTES - 1 || cookie[NAME_CHARACTERS] != '.') {
        return false;
    }
    *out_name = (struct slice){cookie, NAME_CHARACTERS};
    *out_secret = (struct slice){cookie + NAME_CHARACTERS + 1, SECRET_CHARACTERS};
    return true;
}

/* A new secret behind the name that is there already. */
static void renew_secret(char cookie[static AUTH_COOKIE_BYTES], char out_hash[static 65])
{
    _Static_assert(NAME_CHARACTERS + 1 + SECRET_CHARACTERS + 1 == AUTH_COOKIE_BYTES, "no room");
    cookie[NAME_CHARACTERS] = '.';
    crypto_random_text(cookie + NAME_CHARACTERS + 1, SECRET_CHARACTERS);
    crypto_sha256_hex(slice_of(cookie + NAME_CHARACTERS + 1), out_hash);
}

void auth_session_csrf(const char *cookie, char out[static AUTH_CSRF_BYTES])
{
    struct slice name = {0};
    struct slice secret = {0};
    out[0] = '\0';
    if (split(cookie, &name, &secret)) {
        crypto_hmac_sha256_hex(name, slice_of("heddle csrf"), out);
    }
}

/* ---- opening ---- */

static void forget_old(struct store *store, int64_t now_ms)
{
    /* Rows that nobody can use any more; a full disk must not keep people from signing in. */
    struct err ignored = {0};
    bool is_forgotten = store_session_forget(store, now_ms - AUTH_SESSION_MS,
                                             now_ms - AUTH_SESSION_IDLE_MS, &ignored);
    (void)is_forgotten;
}

bool auth_session_open(struct store *store, const struct env *env, const char *token,
                       char out_cookie[static AUTH_COOKIE_BYTES], struct principal *out,
                       struct err *err)
{
    struct principal who = {0};
    if (!auth_identify(store, env, token, &who, err)) {
        return false;
    }
    if (who.role == ROLE_AGENT) {
        return err_set(err, ERR_DENIED,
                       "this is the token of an agent; people have their own: ask an admin");
    }
    int64_t now_ms = env_now_ms(env);
    forget_old(store, now_ms);
    struct session_row session = {.token = who.token_id,
                                  .is_confirmed = true,
                                  .created_ms = now_ms,
                                  .rotated_ms = now_ms,
                                  .used_ms = now_ms};
    crypto_random_text(out_cookie, NAME_CHARACTERS);
    crypto_sha256_hex(slice_of(out_cookie), session.name_hash);
    renew_secret(out_cookie, session.secret_hash);
    if (!store_session_insert(store, &session, err)) {
        return false;
    }
    *out = who;
    out->session_id = session.id;
    return true;
}

/* ---- judging: pure ---- */

enum verdict { VERDICT_GOOD, VERDICT_CONFIRM, VERDICT_ROTATE, VERDICT_OVER, VERDICT_COPIED };

static bool is_same(const char *hash, const char *other)
{
    return hash[0] && crypto_equal(slice_of(hash), slice_of(other));
}

static enum verdict judge(const struct session_row *session, const char *secret_hash,
                          int64_t now_ms)
{
    int64_t age_ms = now_ms - session->rotated_ms;
    if (now_ms - session->created_ms >= AUTH_SESSION_MS ||
        now_ms - session->used_ms >= AUTH_SESSION_IDLE_MS) {
        return VERDICT_OVER;
    }
    if (is_same(session->secret_hash, secret_hash)) {
        if (!session->is_confirmed) {
            return VERDICT_CONFIRM;
        }
        return age_ms >= AUTH_ROTATE_MS ? VERDICT_ROTATE : VERDICT_GOOD;
    }
    if (!is_same(session->before_hash, secret_hash)) {
        return VERDICT_COPIED;
    }
    if (age_ms < AUTH_ROTATE_GRACE_MS) {
        return VERDICT_GOOD; /* it was under way */
    }
    /* The answer with the new secret was lost, or the new one is in use and this is a copy. */
    return session->is_confirmed ? VERDICT_COPIED : VERDICT_ROTATE;
}

/* ---- identifying ---- */

static bool refuse(struct err *err)
{
    return err_set(err, ERR_UNKNOWN_WHO, "your session is over; sign in again");
}

/* A store that cannot be written must not lock people out: then nothing changes. */
static bool keep(struct store *store, const struct session_row *session)
{
    struct err ignored = {0};
    return store_session_update(store, session, &ignored);
}

static void rotate(struct store *store, struct session_row *session, const char *cookie,
                   const char *secret_hash, int64_t now_ms, char *out_cookie)
{
    char renewed[AUTH_COOKIE_BYTES];
    memcpy(renewed, cookie, NAME_CHARACTERS);
    memcpy(session->before_hash, secret_hash, sizeof(session->before_hash));
    renew_secret(renewed, session->secret_hash);
    session->is_confirmed = false;
    session->rotated_ms = session->used_ms = now_ms;
    if (keep(store, session)) {
        memcpy(out_cookie, renewed, sizeof(renewed));
    }
    crypto_wipe(renewed, sizeof(renewed));
}

static void note_use(struct store *store, struct session_row *session, bool confirm, int64_t now_ms)
{
    if (confirm || now_ms - session->used_ms >= USED_STEP_MS) {
        session->is_confirmed = session->is_confirmed || confirm;
        session->used_ms = now_ms;
        bool is_noted = keep(store, session);
        (void)is_noted;
    }
}

bool auth_session_identify(struct store *store, const struct env *env, const char *cookie,
                           char out_cookie[static AUTH_COOKIE_BYTES], struct principal *out,
                           struct err *err)
{
    struct slice name = {0};
    struct slice secret = {0};
    char hash[SHA256_HEX_BYTES];
    struct session_row session = {0};
    struct token_row token = {0};
    out_cookie[0] = '\0';
    if (!split(cookie, &name, &secret)) {
        return refuse(err);
    }
    crypto_sha256_hex(name, hash);
    if (!store_session_find(store, hash, &session, &token, err)) {
        return err->kind == ERR_NOT_FOUND ? refuse(err) : false;
    }
    int64_t now_ms = env_now_ms(env);
    crypto_sha256_hex(secret, hash);
    enum verdict verdict = judge(&session, hash, now_ms);
    if (verdict >= VERDICT_OVER || !token_is_in_force(&token, now_ms)) {
        return store_session_end(store, session.id, err) && refuse(err);
    }
    if (verdict == VERDICT_ROTATE) {
        rotate(store, &session, cookie, hash, now_ms, out_cookie);
    } else {
        note_use(store, &session, verdict == VERDICT_CONFIRM, now_ms);
    }
    principal_of(&token, out);
    out->session_id = session.id;
    return true;
}

/* ---- listing, closing ---- */

bool auth_session_list(struct store *store, const struct env *env, int64_t token_id,
                       struct arena *arena, struct session_list *out, struct err *err)
{
    forget_old(store, env_now_ms(env));
    return store_session_list(store, token_id, arena, out, err);
}

bool auth_session_close(struct store *store, int64_t session_id, struct err *err)
{
    return store_session_end(store, session_id, err);
}

bool auth_session_close_all(struct store *store, int64_t token_id, int64_t *out_closed,
                            struct err *err)
{
    return store_session_end_all(store, token_id, out_closed, err);
}
