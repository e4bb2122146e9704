/* A GitHub App shows who it is by its key, and gets a token for one repository. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "crypto/crypto.h"
#include "forge/internal.h"
#include "http/client.h"

#define KEY_BYTES_MAX 32768
#define ADDRESS_BYTES_MAX 4096
#define JWT_BYTES_MAX 8192
#define TIMEOUT_MS 20000
#define ANSWER_BYTES_MAX (1U << 20)
/* GitHub takes ten minutes at most, and its clock may be behind ours. */
#define JWT_BEFORE_S 60
#define JWT_AFTER_S 540

struct talk {
    const struct forge_app *app;
    struct forge_place place;
    struct str jwt;
    struct http_client *client;
};

static void add_part(json_t *take_part, struct str *out)
{
    char *text = json_text(take_part);
    crypto_base64url(slice_of(text), out);
    json_decref(take_part);
    free(text);
}

/* A JSON Web Token (RFC 7519) that says which App asks. */
static bool add_jwt(const struct forge_app *app, int64_t now_ms, struct str *out, struct err *err)
{
    AUTO_STR(key, KEY_BYTES_MAX);
    AUTO_STR(signature, 2048);
    long long now_s = (long long)(now_ms / 1000);
    add_part(json_pack("{s:s, s:s}", "alg", "RS256", "typ", "JWT"), out);
    str_add_char(out, '.');
    add_part(json_pack("{s:I, s:I, s:s}", "iat", (json_int_t)(now_s - JWT_BEFORE_S), "exp",
                       (json_int_t)(now_s + JWT_AFTER_S), "iss", app->id),
             out);
    bool signs = file_read(app->key_file, &key, err) &&
                 crypto_sign_rs256(str_slice(&key), str_slice(out), &signature, err);
    if (key.text) {
        crypto_wipe(key.text, key.length);
    }
    if (!signs) {
        return err_wrap(err, "--github-app-key-file %.200s", app->key_file);
    }
    str_add_char(out, '.');
    crypto_base64url(str_slice(&signature), out);
    return true;
}

static bool refuse(const struct http_result *result, const char *what, struct err *err)
{
    enum err_kind kind = result->status == 401   ? ERR_UNKNOWN_WHO
                         : result->status == 403 ? ERR_DENIED
                         : result->status == 404 ? ERR_NOT_FOUND
                         : result->status == 429 ? ERR_BUSY
                                                 : ERR_UNAVAILABLE;
    AUTO_STR(words, sizeof(err->text) - 1);
    str_addf(&words, "GitHub answers %d to %s", result->status, what);
    forge_add_words(str_slice(&result->body), &words);
    str_add(&words, kind == ERR_UNKNOWN_WHO ? "; are --github-app-id and its key those of one App?"
                    : kind == ERR_NOT_FOUND ? "; install the App for the repository"
                                            : "");
    return err_set(err, kind, "%s", words.text);
}

static json_t *ask(const struct talk *talk, const char *method, const char *url, const char *what,
                   json_t *take_body, struct err *err)
{
    static const struct http_header accept = {"Accept", "application/vnd.github+json"};
    AUTO_JSON *body = take_body;
    AUTO(xfree) char *text = body ? json_text(body) : NULL;
    struct http_call call = {.method = method,
                             .url = url,
                             .headers = &accept,
                             .header_count = 1,
                             .bearer = talk->jwt.text,
                             .body = slice_of(text ? text : ""),
                             .timeout_ms = TIMEOUT_MS,
                             .body_bytes_max = ANSWER_BYTES_MAX};
    AUTO(http_result_done) struct http_result result = {0};
    if (!http_perform(talk->client, &call, &result, err)) {
        err_wrap(err, "%s", talk->place.host);
        return NULL;
    }
    if (result.status < 200 || result.status > 299) {
        refuse(&result, what, err);
        return NULL;
    }
    return json_parse(str_slice(&result.body), err);
}

static bool find_installation(const struct talk *talk, const char *root, int64_t *out,
                              struct err *err)
{
    AUTO_STR(url, ADDRESS_BYTES_MAX);
    str_addf(&url, "%s/installation", root);
    AUTO_JSON *answer = ask(talk, "GET", url.text, "which installation it is", NULL, err);
    *out = json_integer_value(json_object_get(answer, "id"));
    return *out > 0 ||
           (answer && err_set(err, ERR_UNAVAILABLE, "GitHub's answer names no installation"));
}

/* The token may do no more than is needed, and only in this repository. */
static json_t *wish(const struct talk *talk)
{
    const char *slash = strrchr(talk->place.path, '/');
    return json_pack("{s:[s]}", "repositories", slash ? slash + 1 : talk->place.path);
}

static bool ask_token(const struct talk *talk, struct str *out, struct err *err)
{
    int64_t installation = 0;
    AUTO_STR(root, ADDRESS_BYTES_MAX);
    AUTO_STR(url, ADDRESS_BYTES_MAX);
    if (!forge_github.root(&talk->place, &root) || root.failed) {
        return err_set(err, ERR_INVALID, "\"%.120s\" has not the shape of a repository of GitHub",
                       talk->place.path);
    }
    if (!find_installation(talk, root.text, &installation, err)) {
        return false;
    }
    const char *repos = strstr(root.text, "/repos/");
    str_addf(&url, "%.*s/app/installations/%lld/access_tokens", (int)(repos - root.text), root.text,
             (long long)installation);
    AUTO_JSON *answer = ask(talk, "POST", url.text, "a token for it", wish(talk), err);
    const char *token = json_text_at(answer, "token", "");
    str_add(out, token);
    return token[0] || (answer && err_set(err, ERR_UNAVAILABLE, "GitHub's answer has no token"));
}

bool forge_app_token(const struct forge_app *app, int64_t now_ms, struct str *out, struct err *err)
{
    struct talk talk = {.app = app};
    if (!forge_place_read(app->repository, app->url, &talk.place, err)) {
        return false;
    }
    str_init(&talk.jwt, JWT_BYTES_MAX);
    talk.client = http_client_new("heddle/" HEDDLE_VERSION);
    bool done = add_jwt(app, now_ms, &talk.jwt, err) && ask_token(&talk, out, err);
    http_client_free(&talk.client);
    str_done(&talk.jwt);
    return done || err_wrap(err, "the token of GitHub App %.40s", app->id);
}
