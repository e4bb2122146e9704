#include "cli/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/settings.h"

#define API "/api/v1"
#define URL_BYTES_MAX 8192
#define KEY_RANDOM_BYTES 16
/* A POST with its key may be sent again: three times over two seconds outlast a restart's gap. */
#define TRIES_MAX 3
#define RETRY_DELAY_US 1000000
/* A plan over a large repository takes a while. */
#define CALL_MS 60000

struct remote {
    struct settings settings;
    struct http_client *client;
    struct http_tls tls;
};

void remote_free(struct remote **remote)
{
    if (*remote) {
        http_client_free(&(*remote)->client);
        xfree(remote);
    }
}

static bool open_remote(struct cli *cli, struct err *err)
{
    if (cli->remote) {
        return true;
    }
    struct settings settings;
    if (!settings_read(cli, &settings, err)) {
        return false;
    }
    cli->remote = xcalloc(1, sizeof(*cli->remote));
    cli->remote->settings = settings;
    cli->remote->client = http_client_new("heddle/" HEDDLE_VERSION);
    cli->remote->tls.ca_pem = settings.ca_pem;
    return true;
}

const char *remote_server(struct cli *cli, struct err *err)
{
    return open_remote(cli, err) ? cli->remote->settings.server : NULL;
}

bool remote_prepare(struct cli *cli, const char *path, struct http_call *out, struct err *err)
{
    if (!open_remote(cli, err)) {
        return false;
    }
    *out = (struct http_call){
        .method = "GET",
        .url = arena_printf(cli->arena, "%s" API "%s", cli->remote->settings.server, path),
        .bearer = cli->remote->settings.token,
        .tls = &cli->remote->tls,
        .timeout_ms = CALL_MS,
    };
    return true;
}

bool remote_problem(const struct cli *cli, int status, struct slice body, struct err *err)
{
    const struct settings *settings = &cli->remote->settings;
    if (status == 401) {
        return settings->token ? err_set(err, ERR_UNKNOWN_WHO,
                                         "%s does not know the token in %s; run: heddle "
                                         "login --server %s",
                                         settings->server, settings->token_from, settings->server)
                               : err_set(err, ERR_UNKNOWN_WHO,
                                         "not signed in to %s; run: heddle login --server %s",
                                         settings->server, settings->server);
    }
    struct err ignored = {0};
    AUTO_JSON *answer = json_parse(body, &ignored);
    const char *message = json_text_at(answer, "error.message", NULL);
    if (!message) {
        return err_set(err, status >= 500 ? ERR_UNAVAILABLE : ERR_INTERNAL,
                       "%s answered %d and does not speak heddle's API; is it the right address?",
                       settings->server, status);
    }
    return err_set(err, err_kind_of(json_text_at(answer, "error.code", "internal")), "%s", message);
}

static bool unreachable(const struct cli *cli, struct err *err)
{
    char why[sizeof(err->text)];
    memcpy(why, err->text, sizeof(why));
    /* No answer in time says nothing about a release: it is not the exit code of waiting. */
    enum err_kind kind = err->kind == ERR_TIMEOUT ? ERR_UNAVAILABLE : err->kind;
    return err_set(err, kind, "cannot reach %s (%.300s). Is it running? `heddle doctor` tells more",
                   cli->remote->settings.server, why);
}

static bool perform(struct cli *cli, const struct http_call *call, size_t tries,
                    struct http_result *out, struct err *err)
{
    for (size_t i = 1; !http_perform(cli->remote->client, call, out, err); i++) {
        if (err->kind != ERR_UNAVAILABLE || i >= tries) {
            return unreachable(cli, err);
        }
        usleep(RETRY_DELAY_US);
    }
    if (out->status >= 200 && out->status < 300) {
        return true;
    }
    return remote_problem(cli, out->status, str_slice(&out->body), err);
}

static bool perform_json(struct cli *cli, const struct http_call *call, size_t tries, json_t **out,
                         struct err *err)
{
    AUTO(http_result_done) struct http_result result = {0};
    if (!perform(cli, call, tries, &result, err)) {
        return false;
    }
    *out = result.body.length ? json_parse(str_slice(&result.body), err) : json_object();
    if (!*out) {
        err->kind = ERR_INTERNAL; /* not the user's mistake */
        return err_wrap(err, "the answer of %s", cli->remote->settings.server);
    }
    return true;
}

bool remote_get(struct cli *cli, const char *path, json_t **out, struct err *err)
{
    struct http_call call;
    return remote_prepare(cli, path, &call, err) && perform_json(cli, &call, 1, out, err);
}

bool remote_get_text(struct cli *cli, const char *path, struct str *out, struct err *err)
{
    AUTO(http_result_done) struct http_result result = {0};
    struct http_call call;
    if (!remote_prepare(cli, path, &call, err) || !perform(cli, &call, 1, &result, err)) {
        return false;
    }
    str_add_bytes(out, result.body.text, result.body.length);
    return !out->failed ||
           err_set(err, ERR_INVALID, "the answer is larger than %zu bytes", out->max);
}

static void make_key(const struct cli *cli, char out[static KEY_RANDOM_BYTES * 2 + 1])
{
    unsigned char bytes[KEY_RANDOM_BYTES];
    cli->env->random(cli->env->context, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++) {
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

bool remote_post(struct cli *cli, const char *path, json_t *take_body, json_t **out,
                 struct err *err)
{
    AUTO_JSON *body = take_body;
    AUTO(xfree) char *text = json_text(body);
    char key[KEY_RANDOM_BYTES * 2 + 1];
    struct http_call call;
    make_key(cli, key);
    const struct http_header headers[] = {{"Idempotency-Key", key}};
    if (!remote_prepare(cli, path, &call, err)) {
        return false;
    }
    call.method = "POST";
    call.body = slice_of(text);
    call.headers = headers;
    call.header_count = COUNT_OF(headers);
    return perform_json(cli, &call, TRIES_MAX, out, err);
}

bool remote_delete(struct cli *cli, const char *path, struct err *err)
{
    AUTO_JSON *answer = NULL;
    struct http_call call;
    if (!remote_prepare(cli, path, &call, err)) {
        return false;
    }
    call.method = "DELETE";
    return perform_json(cli, &call, 1, &answer, err);
}

bool remote_probe(struct cli *cli, const char *path, int64_t timeout_ms, struct http_result *out,
                  struct err *err)
{
    struct http_call call;
    if (!remote_prepare(cli, path, &call, err)) {
        return false;
    }
    call.timeout_ms = timeout_ms;
    return http_perform(cli->remote->client, &call, out, err) || unreachable(cli, err);
}
