/* The same request twice makes one release. */
#include <stdio.h>
#include <string.h>

#include "api/internal.h"

#define KEY_LENGTH_MAX 64

/* "<who and key>:<body>", both hashed: keys of different people never meet, and the same key with
   another body is found out. */
bool read_request_key(const struct http_exchange *exchange, char out[static REQUEST_KEY_BYTES],
                      struct err *err)
{
    const char *key = http_request_header(exchange, "Idempotency-Key");
    out[0] = '\0';
    if (!key) {
        return true;
    }
    if (!key[0] || strlen(key) > KEY_LENGTH_MAX) {
        return err_set(err, ERR_INVALID, "Idempotency-Key must have 1 to %d characters",
                       KEY_LENGTH_MAX);
    }
    char sender[SHA256_HEX_BYTES];
    char body[SHA256_HEX_BYTES];
    AUTO_STR(text, 512);
    str_addf(&text, "%s\n%s\n%s", asking(exchange)->name, http_route_of(exchange)->path, key);
    crypto_sha256_hex(str_slice(&text), sender);
    crypto_sha256_hex(http_body_of(exchange), body);
    snprintf(out, REQUEST_KEY_BYTES, "%s:%s", sender, body);
    return true;
}

/* The release that this key made, and the key as a whole. */
static bool find_release(struct api *api, const char *key, char out_key[static REQUEST_KEY_BYTES],
                         int64_t *out_id, struct err *err)
{
    AUTO_STR(found, REQUEST_KEY_BYTES - 1);
    char sender[SHA256_HEX_BYTES];
    snprintf(sender, sizeof(sender), "%s", key);
    if (!store_release_of_key(api->options.store, sender, &found, out_id, err)) {
        return false;
    }
    snprintf(out_key, REQUEST_KEY_BYTES, "%s", found.text);
    return true;
}

bool answer_again(struct api *api, struct http_exchange *exchange)
{
    char key[REQUEST_KEY_BYTES];
    char known[REQUEST_KEY_BYTES];
    struct err err = {0};
    int64_t id = 0;
    if (!read_request_key(exchange, key, &err) ||
        (key[0] && !find_release(api, key, known, &id, &err))) {
        http_reply_error(exchange, &err);
        return true;
    }
    if (id && strcmp(key, known) != 0) {
        err_set(&err, ERR_INVALID,
                "this Idempotency-Key made R-%lld from another body; take a new key",
                (long long)id);
        http_reply_error(exchange, &err);
        return true;
    }
    if (id) {
        reply_release(api, exchange, 201, id);
    }
    return id != 0;
}

bool answer_same_plan(struct api *api, struct http_exchange *exchange,
                      const struct promote_request *request)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_list active = {0};
    struct err err = {0};
    if (!request->plan_digest || !store_release_active(api->options.store, arena, &active, &err)) {
        return false; /* the engine has the last word */
    }
    for (size_t i = 0; i < active.count; i++) {
        const struct release *release = active.releases[i];
        if (release->kind == RELEASE_PROMOTE && strcmp(release->actor, request->actor) == 0 &&
            strcmp(release->plan_digest, request->plan_digest) == 0) {
            reply_release(api, exchange, 201, release->id);
            return true;
        }
    }
    return false;
}
