/* Clusters and tokens. */
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "crypto/crypto.h"

static void reply_token(struct http_exchange *exchange, const char *name, const char *role,
                        const char *secret)
{
    json_t *body = json_object();
    json_put_text(body, "name", name);
    json_put_text(body, "role", role);
    json_put_text(body, "token", secret);
    http_reply_json(exchange, 201, body);
}

void add_cluster(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = http_json_body(exchange);
    if (!body) {
        return;
    }
    const char *name = json_text_at(body, "name", "");
    char secret[AUTH_TOKEN_BYTES];
    struct err err = {0};
    AUTO_STR(token_name, ACTOR_BYTES - 1);
    str_addf(&token_name, "agent %.56s", name);
    if (!name_check("the cluster's name", name, &err) ||
        !store_cluster_put(api->options.store, name, env_now_ms(api->options.env), &err) ||
        !auth_token_create(api->options.store, api->options.env, token_name.text, ROLE_AGENT, name,
                           secret, &err) ||
        !audit(api, asking(exchange)->name, "cluster.add", name, "", &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    reply_token(exchange, name, role_name(ROLE_AGENT), secret);
    crypto_wipe(secret, sizeof(secret));
}

void list_tokens(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    AUTO(arena_free) struct arena *arena = arena_new();
    struct token_list list = {0};
    struct err err = {0};
    if (!store_token_list(api->options.store, arena, &list, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *items = json_array();
    for (size_t i = 0; i < list.count; i++) {
        const struct token_row *token = &list.tokens[i];
        json_t *value = json_object();
        json_put_text(value, "name", token->name);
        json_put_text(value, "role", token->role);
        json_put_text(value, "cluster", token->cluster);
        json_put_time(value, "createdAt", token->created_ms);
        json_put_time(value, "usedAt", token->used_ms);
        json_put_time(value, "revokedAt", token->revoked_ms);
        json_put_time(value, "expiresAt", token->expires_ms);
        json_array_append_new(items, value);
    }
    json_t *body = json_object();
    json_put(body, "items", items);
    http_reply_json(exchange, 200, body);
}

void make_token(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = http_json_body(exchange);
    if (!body) {
        return;
    }
    const char *name = json_text_at(body, "name", "");
    enum role role = role_of(json_text_at(body, "role", ""));
    char secret[AUTH_TOKEN_BYTES];
    struct err err = {0};
    if (role == ROLE_NONE || role == ROLE_AGENT) {
        err_set(&err, ERR_INVALID,
                "\"role\" must be read, promote, approve or admin; agents get theirs by "
                "`heddle cluster add`");
    } else if (name_check("the token's name", name, &err) &&
               auth_token_create(api->options.store, api->options.env, name, role, "", secret,
                                 &err) &&
               audit(api, asking(exchange)->name, "token.create", name, role_name(role), &err)) {
        reply_token(exchange, name, role_name(role), secret);
        crypto_wipe(secret, sizeof(secret));
        return;
    }
    http_reply_error(exchange, &err);
}

void revoke_token(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const char *name = http_path_value(exchange, "name");
    struct err err = {0};
    if (!store_token_revoke(api->options.store, name, env_now_ms(api->options.env), &err) ||
        !audit(api, asking(exchange)->name, "token.revoke", name, "", &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    http_reply_empty(exchange, 204);
}
