/* Sessions of browsers: a token is traded for a cookie once, and what it then does must come from a
 * page of ours. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/internal.h"
#include "crypto/crypto.h"

#define COOKIE_NAME "heddle_session"
#define CSRF_HEADER "X-Heddle-CSRF"
#define COOKIE_HEADER_BYTES 512

/* ---- the cookie ---- */

/* Its value among the others of the request; "" when there is none. */
static void read_cookie(const struct http_exchange *exchange, char out[static AUTH_COOKIE_BYTES])
{
    const char *at = http_request_header(exchange, "Cookie");
    const size_t name_length = strlen(COOKIE_NAME);
    out[0] = '\0';
    while (at && *at) {
        at += strspn(at, "; ");
        size_t length = strcspn(at, ";");
        if (strncmp(at, COOKIE_NAME "=", name_length + 1) == 0 &&
            length - name_length - 1 < AUTH_COOKIE_BYTES) {
            snprintf(out, AUTH_COOKIE_BYTES, "%.*s", (int)(length - name_length - 1),
                     at + name_length + 1);
            return;
        }
        at += length;
    }
}

/* A proxy in front of us says how the browser speaks to it; who lies only harms its own cookie. */
static bool is_encrypted(const struct api *api, const struct http_exchange *exchange)
{
    const char *scheme = http_request_header(exchange, "X-Forwarded-Proto");
    return api->options.is_tls || (scheme && strcasecmp(scheme, "https") == 0);
}

static void set_cookie(const struct api *api, struct http_exchange *exchange, const char *value)
{
    AUTO_STR(header, COOKIE_HEADER_BYTES);
    long long age_s = value[0] ? (long long)(AUTH_SESSION_MS / 1000) : 0;
    str_addf(&header, COOKIE_NAME "=%s; Path=%s/; Max-Age=%lld; HttpOnly; SameSite=Strict", value,
             api->options.base_path, age_s);
    str_add(&header, is_encrypted(api, exchange) ? "; Secure" : "");
    http_reply_header(exchange, "Set-Cookie", header.text);
    crypto_wipe(header.text, header.length);
}

/* ---- who is asking ---- */

static bool is_write(const struct http_exchange *exchange)
{
    enum http_method method = http_method_of(exchange);
    return method != HTTP_GET && method != HTTP_HEAD;
}

/* A browser sends the cookie along with what any page makes it ask; only ours knows this. */
static bool check_csrf(const struct http_exchange *exchange, const char *cookie, struct err *err)
{
    const char *given = http_request_header(exchange, CSRF_HEADER);
    char wanted[AUTH_CSRF_BYTES];
    auth_session_csrf(cookie, wanted);
    return (given && crypto_equal(slice_of(given), slice_of(wanted))) ||
           err_set(err, ERR_DENIED,
                   "this did not come from heddle's own page (" CSRF_HEADER "); reload it");
}

bool identify_browser(struct api *api, struct http_exchange *exchange, struct principal *out,
                      struct err *err)
{
    char cookie[AUTH_COOKIE_BYTES];
    char renewed[AUTH_COOKIE_BYTES];
    read_cookie(exchange, cookie);
    if (!cookie[0]) {
        return err_set(err, ERR_UNKNOWN_WHO,
                       "sign in first: send a token as `Authorization: Bearer …` (`heddle login`)");
    }
    if (!auth_session_identify(api->options.store, api->options.env, cookie, renewed, out, err)) {
        return false;
    }
    if (renewed[0]) {
        set_cookie(api, exchange, renewed);
    }
    return !is_write(exchange) || check_csrf(exchange, cookie, err);
}

static void reply_who(struct api *api, struct http_exchange *exchange, int status,
                      const struct principal *who, const char *cookie)
{
    char csrf[AUTH_CSRF_BYTES];
    auth_session_csrf(cookie, csrf);
    json_t *body = json_object();
    json_put_text(body, "name", who->name);
    json_put_text(body, "role", role_name(who->role));
    json_put_text(body, "csrf", csrf[0] ? csrf : NULL);
    json_t *server = json_object();
    json_put_text(server, "version", HEDDLE_VERSION);
    json_put_text(server, "repository", api->options.repositories[0].url);
    json_put_text(server, "branch", api->options.repositories[0].branch);
    json_put(body, "server", server);
    http_reply_json(exchange, status, body);
}

void show_whoami(struct http_exchange *exchange, void *context)
{
    const struct principal *who = asking(exchange);
    char cookie[AUTH_COOKIE_BYTES] = "";
    if (who->session_id) {
        read_cookie(exchange, cookie);
    }
    reply_who(context, exchange, 200, who, cookie);
}

/* ---- in and out ---- */

void sign_in(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    char cookie[AUTH_COOKIE_BYTES];
    struct principal who = {0};
    struct err err = {0};
    if (!auth_session_open(api->options.store, api->options.env, json_text_at(body, "token", ""),
                           cookie, &who, &err) ||
        !audit(api, who.name, "session.open", who.name, http_remote(exchange), &err)) {
        api->refused++;
        http_reply_error(exchange, &err);
        return;
    }
    set_cookie(api, exchange, cookie);
    reply_who(api, exchange, 201, &who, cookie);
    crypto_wipe(cookie, sizeof(cookie));
}

static bool is_same_session(void *context, const void *reader)
{
    return *(int64_t *)context == ((const struct principal *)reader)->session_id;
}

void sign_out(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const struct principal *who = asking(exchange);
    struct err err = {0};
    if (!who->session_id) {
        err_set(&err, ERR_NOT_FOUND, "a token was shown, and no session: there is none to end");
    } else if (auth_session_close(api->options.store, who->session_id, &err)) {
        int64_t session = who->session_id;
        sse_hub_end(api->events, is_same_session, &session);
        set_cookie(api, exchange, "");
        http_reply_empty(exchange, 204);
        return;
    }
    http_reply_error(exchange, &err);
}

void list_sessions(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const struct principal *who = asking(exchange);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct session_list list = {0};
    struct err err = {0};
    if (!auth_session_list(api->options.store, api->options.env, who->token_id, arena, &list,
                           &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < list.count; i++) {
        json_t *value = json_object();
        json_put_time(value, "openedAt", list.sessions[i].created_ms);
        json_put_time(value, "usedAt", list.sessions[i].used_ms);
        json_put_bool(value, "isThis", list.sessions[i].id == who->session_id);
        json_array_append_new(items, value);
    }
    json_t *body = json_object();
    json_put(body, "items", items);
    http_reply_json(exchange, 200, body);
}

static bool is_session_of(void *context, const void *reader)
{
    const struct principal *who = reader;
    return who->session_id != 0 && *(int64_t *)context == who->token_id;
}

void sign_out_everywhere(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const struct principal *who = asking(exchange);
    int64_t token = who->token_id;
    int64_t closed = 0;
    struct err err = {0};
    if (!auth_session_close_all(api->options.store, token, &closed, &err) ||
        !audit(api, who->name, "session.close_all", who->name, "", &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    sse_hub_end(api->events, is_session_of, &token);
    set_cookie(api, exchange, "");
    json_t *body = json_object();
    json_put_int(body, "ended", closed);
    http_reply_json(exchange, 200, body);
}
