/* Clusters and tokens. */
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "crypto/crypto.h"

/* A token that nobody revokes must end some time; an agent's is bound to its cluster and lasts. */
#define TOKEN_MS_DEFAULT (INT64_C(90) * 86400000)
#define ADMIN_LEFT_MS INT64_C(86400000)

static void reply_token(const struct api *api, struct http_exchange *exchange,
                        const struct token_request *token, const char *secret, json_t *take_target)
{
    bool is_of_agent = token->role == ROLE_AGENT;
    json_t *body = json_object();
    json_put_text(body, "name", is_of_agent ? token->cluster : token->name);
    json_put_text(body, "role", role_name(token->role));
    json_put_text(body, "token", secret);
    json_put_time(body, "expiresAt",
                  token->for_ms ? env_now_ms(api->options.env) + token->for_ms : 0);
    if (take_target) {
        json_put(body, "target", take_target);
    }
    http_reply_json(exchange, 201, body);
}

void add_cluster(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    const char *name = json_text_at(body, "name", "");
    char secret[AUTH_TOKEN_BYTES];
    struct err err = {0};
    AUTO_STR(token_name, ACTOR_BYTES - 1);
    str_addf(&token_name, "agent %.56s", name);
    const struct token_request request = {
        .name = token_name.text, .role = ROLE_AGENT, .cluster = name};
    if (!name_check("the cluster's name", name, &err) ||
        !store_cluster_put(api->options.store, name, env_now_ms(api->options.env), &err) ||
        !auth_token_create(api->options.store, api->options.env, &request, secret, &err) ||
        !audit(api, asking(exchange)->name, "cluster.add", name, "", &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    reply_token(api, exchange, &request, secret, view_place(api, name));
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
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    const struct token_request request = {
        .name = json_text_at(body, "name", ""),
        .role = role_of(json_text_at(body, "role", "")),
        .for_ms = json_int_at(body, "forMs", TOKEN_MS_DEFAULT),
    };
    char secret[AUTH_TOKEN_BYTES];
    struct err err = {0};
    if (!name_check("the token's name", request.name, &err) ||
        !auth_token_create(api->options.store, api->options.env, &request, secret, &err) ||
        !audit(api, asking(exchange)->name, "token.create", request.name, role_name(request.role),
               &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    reply_token(api, exchange, &request, secret, NULL);
    crypto_wipe(secret, sizeof(secret));
}

/* Would somebody be left who may make tokens, and has a day to do so? */
static bool check_admin_is_left(struct api *api, const char *revoked, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct token_list list = {0};
    bool is_admin = false;
    bool is_left = false;
    int64_t then_ms = env_now_ms(api->options.env) + ADMIN_LEFT_MS;
    if (!store_token_list(api->options.store, arena, &list, err)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct token_row *token = &list.tokens[i];
        bool is_it = strcmp(token->name, revoked) == 0;
        bool counts = strcmp(token->role, "admin") == 0 && !token->revoked_ms;
        is_admin = is_admin || (counts && is_it);
        is_left =
            is_left || (counts && !is_it && (!token->expires_ms || token->expires_ms > then_ms));
    }
    return !is_admin || is_left ||
           err_set(err, ERR_REFUSED,
                   "\"%.63s\" is the last admin's token that lasts for another day; make one first",
                   revoked);
}

void revoke_token(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const char *name = http_path_value(exchange, "name");
    struct err err = {0};
    if (!check_admin_is_left(api, name, &err) ||
        !store_token_revoke(api->options.store, name, env_now_ms(api->options.env), &err) ||
        !audit(api, asking(exchange)->name, "token.revoke", name, "", &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    end_streams(api);
    http_reply_empty(exchange, 204);
}
