/* Handlers that change something: releases, holds, syncs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"

#define HOLD_MS_MAX (INT64_C(366) * 86400000)

/* So many digits surely fit. */
#define ID_DIGITS_MAX 18

int64_t release_id_of(const struct http_exchange *exchange)
{
    const char *text = http_path_value(exchange, "id");
    const char *digits = strncmp(text, "R-", 2) == 0 ? text + 2 : text;
    size_t length = strspn(digits, "0123456789");
    bool is_number = length > 0 && length <= ID_DIGITS_MAX && digits[length] == '\0';
    return is_number ? strtoll(digits, NULL, 10) : 0;
}

void reply_release(struct api *api, struct http_exchange *exchange, int status, int64_t id)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *stored = NULL;
    struct err err = {0};
    const struct release *release = promote_active(api->options.engine, id);
    if (!release && store_release_get(api->options.store, id, arena, &stored, &err)) {
        release = stored;
    }
    if (release) {
        http_reply_json(exchange, status, view_release(api, release, RELEASE_WHOLE));
    } else {
        http_reply_error(exchange, &err);
    }
}

/* The act is done; its record, and the release as it now is. */
static void finish(struct api *api, struct http_exchange *exchange, const char *verb, int64_t id,
                   const char *text, int status)
{
    char name[24];
    snprintf(name, sizeof(name), "R-%lld", (long long)id);
    struct err err = {0};
    if (!audit(api, asking(exchange)->name, verb, name, text, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    reply_release(api, exchange, status, id);
}

void make_release(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body || answer_again(api, exchange)) {
        return;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct promote_request request;
    struct err err = {0};
    int64_t id = 0;
    if (!read_promote_request(exchange, body, arena, &request, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    if (answer_same_plan(api, exchange, &request) ||
        resolve_first(api, exchange, &request, make_release)) {
        return;
    }
    if (!check_seen_plan(api, &request, &err) ||
        !promote_submit(api->options.engine, &request, &id, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    finish(api, exchange, "promote", id, request.reason, 201);
}

void approve_release(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    const char *digest = json_text_at(body, "planDigest", "");
    const char *message = json_text_at(body, "message", "");
    struct err err = {0};
    if (!promote_approve(api->options.engine, release_id_of(exchange), asking(exchange)->name,
                         digest[0] ? digest : NULL, message, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    finish(api, exchange, "approve", release_id_of(exchange), message, 200);
}

void reject_release(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    const char *message = json_text_at(body, "message", "");
    struct err err = {0};
    if (!promote_reject(api->options.engine, release_id_of(exchange), asking(exchange)->name,
                        message, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    finish(api, exchange, "reject", release_id_of(exchange), message, 200);
}

void stop_release(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    const char *reason = json_text_at(body, "reason", "");
    struct err err = {0};
    if (!promote_stop(api->options.engine, release_id_of(exchange), asking(exchange)->name, reason,
                      &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    finish(api, exchange, "stop", release_id_of(exchange), reason, 200);
}

void retry_release(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    struct err err = {0};
    if (!promote_retry(api->options.engine, release_id_of(exchange), asking(exchange)->name,
                       &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    finish(api, exchange, "retry", release_id_of(exchange), "", 200);
}

void make_rollback(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body || answer_again(api, exchange)) {
        return;
    }
    const char *to = json_text_at(body, "to", "");
    char key[REQUEST_KEY_BYTES];
    struct rollback_request request = {
        .stage = json_text_at(body, "stage", ""),
        .workload = json_text_at(body, "workload", ""),
        .release = json_int_at(body, "release", 0),
        .to = to[0] ? to : NULL,
        .actor = asking(exchange)->name,
        .reason = json_text_at(body, "reason", ""),
        .request_key = key,
    };
    struct err err = {0};
    int64_t id = 0;
    if (!read_request_key(exchange, key, &err) ||
        !promote_rollback(api->options.engine, &request, &id, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    finish(api, exchange, "rollback", id, request.reason, 201);
}

/* ---- holds ---- */

static bool read_hold(struct api *api, const struct http_exchange *exchange, const json_t *body,
                      struct hold *out, struct err *err)
{
    *out = (struct hold){0};
    int64_t for_ms = json_int_at(body, "forMs", 0);
    const char *reason = json_text_at(body, "reason", "");
    if (!TEXT_COPY(out->stage, json_text_at(body, "stage", "")) ||
        !TEXT_COPY(out->workload, json_text_at(body, "workload", ""))) {
        return err_set(err, ERR_INVALID, "\"stage\" and \"workload\" must be names");
    }
    if (!reason[0]) {
        return err_set(err, ERR_INVALID, "say why it is held: others will ask (-m \"…\")");
    }
    if (for_ms < 0 || for_ms > HOLD_MS_MAX) {
        return err_set(err, ERR_INVALID, "\"forMs\" must be between 0 and a year");
    }
    TEXT_COPY_CUT(out->reason, reason);
    TEXT_COPY_CUT(out->owner, asking(exchange)->name);
    out->expires_ms = for_ms ? env_now_ms(api->options.env) + for_ms : 0;
    return true;
}

static void name_cell(const char *stage, const char *workload, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", stage, workload[0] ? "/" : "", workload);
}

void make_hold(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    struct hold hold;
    struct err err = {0};
    char cell[NAME_BYTES * 2];
    if (!read_hold(api, exchange, body, &hold, &err) ||
        !promote_hold(api->options.engine, &hold, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    name_cell(hold.stage, hold.workload, cell, sizeof(cell));
    if (!audit(api, hold.owner, "hold", cell, hold.reason, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    http_reply_json(exchange, 201, view_hold(&hold));
}

void end_hold(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    const char *stage = json_text_at(body, "stage", "");
    const char *workload = json_text_at(body, "workload", "");
    struct err err = {0};
    int64_t ended = 0;
    char cell[NAME_BYTES * 2];
    name_cell(stage, workload, cell, sizeof(cell));
    if (!promote_resume(api->options.engine, stage, workload, &ended, &err) ||
        !audit(api, asking(exchange)->name, "resume", cell, "", &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *answer = json_object();
    json_put_int(answer, "ended", ended);
    http_reply_json(exchange, 200, answer);
}

void sync_now(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    const char *cluster = json_text_at(body, "cluster", "");
    struct err err = {0};
    if (cluster[0] && !promote_cluster(api->options.engine, cluster)) {
        err_set(&err, ERR_NOT_FOUND, "there is no cluster \"%.63s\"", cluster);
        http_reply_error(exchange, &err);
        return;
    }
    if (!audit(api, asking(exchange)->name, "sync", cluster, "", &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    api->options.fetch_for_person(api->options.context);
    api_tell_agents(api, cluster);
    http_reply_json(exchange, 202, json_object());
}
