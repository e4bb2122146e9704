#include "registry/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/json.h"
#include "crypto/crypto.h"
#include "registry/challenge.h"
#include "registry/helper.h"

#define QUESTION_TIMEOUT_MS 30000
#define QUESTION_LEAST_MS 10 /* in less, no registry answers */
#define TOKEN_ANSWER_BYTES_MAX (64U << 10)
#define URL_BYTES_MAX 8192
#define FORM_BYTES_MAX 65536 /* identity tokens are of some kilobytes, and escaped here */
#define ACCESS_KEY_BYTES (2 * IMAGE_REPOSITORY_BYTES + PLACE_BASE_BYTES + 8)
#define ACCESSES_MAX 10000 /* more repositories than one server has; then all ask again */
#define SHOWN_BYTES 120    /* of a stranger's words, before escaping */
#define SHOWN_ESCAPED_BYTES 480U

/*
 * What a registry accepted for one repository.  Tokens are kept without looking at when they end:
 * the registry says so by a 401, which costs one question more and needs no clock.
 */
struct access {
    bool is_basic;
    char *token; /* of a bearer */
};

static void access_free(struct access **access)
{
    if (*access && (*access)->token) {
        crypto_wipe((*access)->token, strlen((*access)->token));
        free((*access)->token);
    }
    xfree(access);
}

void registry_forget_accesses(struct registry *registry)
{
    MAP_EACH (slot, &registry->accesses) {
        struct access *access = slot->value;
        access_free(&access);
    }
    map_done(&registry->accesses);
    registry->accesses = (struct map){0};
}

/* ---- who we are ---- */

static const struct credential *credential_for(const struct registry *registry,
                                               const struct place *place)
{
    const struct credential *helped = map_get(&registry->helped, place->known_as);
    return helped ? helped : credentials_find(&registry->credentials, place->known_as, place->name);
}

static void credential_free(struct credential *credential)
{
    if (credential) {
        credential_done(credential);
        free(credential);
    }
}

void registry_forget_helped(struct registry *registry)
{
    MAP_EACH (slot, &registry->helped) {
        credential_free(slot->value);
    }
    map_done(&registry->helped);
}

/* What a helper gave may have run out: each refusal asks it anew. */
static bool ask_helper(struct registry *registry, const struct place *place, struct err *err)
{
    const char *name = credentials_helper(&registry->credentials, place->known_as, place->name);
    struct credential *given = name ? xcalloc(1, sizeof(*given)) : NULL;
    if (name && !helper_ask(name, place->known_as, given, err)) {
        free(given);
        return false;
    }
    if (name) {
        credential_free(map_set(&registry->helped, place->known_as, given));
    }
    return true;
}

/* "as "ci" of /etc/heddle/config.json", or that there is no credential. */
static void describe_credential(const struct registry *registry, const struct place *place,
                                struct str *out)
{
    const struct credential *credential = credential_for(registry, place);
    const char *file = registry->credentials.file;
    if (credential && credential->basic) {
        str_addf(out, "as user \"%.*s\" of %s", (int)strcspn(credential->basic, ":"),
                 credential->basic, file);
    } else if (credential && credential->identity_token) {
        str_addf(out, "%s gives an identity token for it, which only a token server takes", file);
    } else if (credential) {
        str_addf(out, "the credential for it in %s was not used: %s", file, credential->remedy);
    } else if (file) {
        str_addf(out, "%s holds no credential for %s", file, place->known_as);
    } else {
        str_add(out, "asked without a credential, since no config.json is given");
    }
}

static void add_registrys_words(const struct http_result *result, struct str *out)
{
    struct err ignored = {0};
    AUTO_JSON *body = json_parse(str_slice(&result->body), &ignored);
    const json_t *first = json_array_get(json_array_at(body, "errors"), 0);
    char words[SHOWN_BYTES];
    text_copy_cut(words, sizeof(words), json_text_at(first, "message", ""));
    if (words[0]) {
        str_add(out, ": ");
        escape_terminal(out, words);
    }
}

static enum err_kind kind_of_status(int status)
{
    static const struct {
        int status;
        enum err_kind kind;
    } kinds[] = {{401, ERR_UNKNOWN_WHO}, {403, ERR_DENIED}, {404, ERR_NOT_FOUND}, {429, ERR_BUSY}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].status == status) {
            return kinds[i].kind;
        }
    }
    return ERR_UNAVAILABLE;
}

bool registry_refuse(const struct registry *registry, const struct place *place,
                     const struct http_result *result, int64_t *out_retry_ms, struct err *err)
{
    enum err_kind kind = kind_of_status(result->status);
    AUTO_STR(text, sizeof(err->text));
    str_addf(&text, "%s answers %d", place->host, result->status);
    add_registrys_words(result, &text);
    if (kind == ERR_UNKNOWN_WHO || kind == ERR_DENIED) {
        str_add(&text, "; ");
        describe_credential(registry, place, &text);
    } else if (result->status >= 300 && result->status < 400) {
        str_add(&text, ", a redirect, which is not followed; name the registry by its own host");
    }
    if (out_retry_ms) {
        *out_retry_ms = result->retry_after_ms;
    }
    return err_set(err, kind, "%s", text.text);
}

/* ---- sending ---- */

bool registry_find_time(const struct registry *registry, const struct place *place, int64_t *out_ms,
                        struct err *err)
{
    *out_ms = QUESTION_TIMEOUT_MS;
    if (registry->given_ms == 0) {
        return true;
    }
    int64_t left_ms = registry->end_mono_ms - env_now_mono_ms(env_system());
    if (left_ms < QUESTION_LEAST_MS) {
        return err_set(err, ERR_TIMEOUT,
                       "%s is slow: what is asked of it at one time was not answered within %lld s",
                       place->host, (long long)(registry->given_ms + 999) / 1000);
    }
    *out_ms = left_ms < *out_ms ? left_ms : *out_ms;
    return true;
}

static bool send_call(struct registry *registry, const struct place *place, struct http_call *call,
                      struct http_result *out, struct err *err)
{
    if (!registry_find_time(registry, place, &call->timeout_ms, err)) {
        return false;
    }
    registry->asked++;
    return http_perform(registry->client, call, out, err);
}

/* ---- tokens ---- */

/* A token may be asked for by https anywhere, else only at the registry's own host. */
static bool check_realm(const struct place *place, const char *realm, struct err *err)
{
    struct url_origin token_place;
    struct url_origin own_place;
    char own_url[IMAGE_REPOSITORY_BYTES + 16];
    snprintf(own_url, sizeof(own_url), "http://%s/", place->host);
    bool is_url = url_origin_read(realm, &token_place) && url_origin_read(own_url, &own_place);
    if (is_url && (token_place.is_https ||
                   (place->is_plain && strcasecmp(token_place.host, own_place.host) == 0))) {
        return true;
    }
    AUTO_STR(shown, SHOWN_ESCAPED_BYTES);
    char cut[SHOWN_BYTES];
    text_copy_cut(cut, sizeof(cut), realm);
    escape_terminal(&shown, cut);
    return err_set(err, ERR_UNKNOWN_WHO,
                   "%s sends us for a token to \"%s\", which is neither https nor its own host; no "
                   "credential was sent there",
                   place->host, shown.text);
}

static void add_scope(const struct place *place, const struct challenge *challenge, struct str *out)
{
    char scope[IMAGE_REPOSITORY_BYTES + 32];
    snprintf(scope, sizeof(scope), "repository:%s:pull", place->name);
    str_add(out, "scope=");
    escape_url(out, challenge->scope[0] ? challenge->scope : scope);
    if (challenge->service[0]) {
        str_add(out, "&service=");
        escape_url(out, challenge->service);
    }
}

static void token_url(const struct place *place, const struct challenge *challenge, struct str *out)
{
    str_add(out, challenge->realm);
    str_add(out, strchr(challenge->realm, '?') ? "&" : "?");
    add_scope(place, challenge, out);
}

/* An identity token is changed for one of the usual kind by OAuth 2 (RFC 6749, 6). */
static void token_form(const struct place *place, const struct challenge *challenge,
                       const char *identity_token, struct str *out)
{
    str_add(out, "grant_type=refresh_token&client_id=heddle&");
    add_scope(place, challenge, out);
    str_add(out, "&refresh_token=");
    escape_url(out, identity_token);
}

/* It goes into a header, so it may have only visible characters: a line end would be a header of
   the token server's choice. */
static bool token_is_plain(const char *token)
{
    size_t length = 0;
    while (token[length] > 0x20 && token[length] < 0x7F) {
        length++;
    }
    return length > 0 && length <= REGISTRY_TOKEN_BYTES_MAX && token[length] == '\0';
}

static bool read_token(const struct place *place, const struct http_result *result,
                       char **out_token, struct err *err)
{
    AUTO_JSON *body = json_parse(str_slice(&result->body), err);
    if (!body) {
        return err_set(err, ERR_UNAVAILABLE, "the token server of %s does not answer with JSON",
                       place->host);
    }
    const char *token = json_text_at(body, "token", json_text_at(body, "access_token", ""));
    if (!token_is_plain(token)) {
        return err_set(err, ERR_UNAVAILABLE, "the token server of %s gives no usable token",
                       place->host);
    }
    *out_token = xstrdup(token);
    return true;
}

static bool refuse_length(const struct place *place, struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "the token address of %s is too long", place->host);
}

static bool get_token(struct registry *registry, const struct place *place,
                      const struct challenge *challenge, const struct credential *credential,
                      struct http_result *out, struct err *err)
{
    AUTO_STR(url, URL_BYTES_MAX);
    token_url(place, challenge, &url);
    struct http_call call = {
        .method = "GET",
        .url = url.text,
        .basic = credential ? credential->basic : NULL,
        .body_bytes_max = TOKEN_ANSWER_BYTES_MAX,
    };
    return url.failed ? refuse_length(place, err) : send_call(registry, place, &call, out, err);
}

static bool post_for_token(struct registry *registry, const struct place *place,
                           const struct challenge *challenge, const struct credential *credential,
                           struct http_result *out, struct err *err)
{
    AUTO_STR(form, FORM_BYTES_MAX);
    token_form(place, challenge, credential->identity_token, &form);
    struct http_call call = {
        .method = "POST",
        .url = challenge->realm,
        .body = str_slice(&form),
        .content_type = "application/x-www-form-urlencoded",
        .body_bytes_max = TOKEN_ANSWER_BYTES_MAX,
    };
    bool is_asked =
        form.failed ? refuse_length(place, err) : send_call(registry, place, &call, out, err);
    crypto_wipe(form.text, form.length);
    return is_asked;
}

static bool fetch_token(struct registry *registry, const struct place *place,
                        const struct challenge *challenge, char **out_token, int64_t *out_retry_ms,
                        struct err *err)
{
    if (!check_realm(place, challenge->realm, err)) {
        return false;
    }
    const struct credential *credential = credential_for(registry, place);
    AUTO(http_result_done) struct http_result result = {0};
    bool is_asked = credential && credential->identity_token
                        ? post_for_token(registry, place, challenge, credential, &result, err)
                        : get_token(registry, place, challenge, credential, &result, err);
    if (!is_asked) {
        return err_wrap(err, "token for %s", place->host);
    }
    if (result.status != 200) {
        registry_refuse(registry, place, &result, out_retry_ms, err);
        return err_wrap(err, "token");
    }
    return read_token(place, &result, out_token, err);
}

/* ---- asking ---- */

/* A token for lists alone opens nothing else, so it has a place of its own. */
static void access_key(const struct place *place, bool is_for_lists, char *out, size_t size)
{
    snprintf(out, size, "%s%s/%s%s", place->host, place->base, place->name,
             is_for_lists ? " list" : "");
}

static void remember(struct registry *registry, const struct place *place,
                     const struct challenge *challenge, struct access access)
{
    char key[ACCESS_KEY_BYTES];
    /* Azure's lists want "repository:NAME:metadata_read"; Gitea's "*" is for everything. */
    bool is_for_lists = strchr(challenge->scope, ':') && !strchr(challenge->scope, '*') &&
                        !strstr(challenge->scope, "pull");
    access_key(place, is_for_lists, key, sizeof(key));
    if (registry->accesses.count >= ACCESSES_MAX) {
        registry_forget_accesses(registry);
    }
    struct access *before = map_set(&registry->accesses, key, xmemdup(&access, sizeof(access)));
    access_free(&before);
}

static const struct access *find_access(const struct registry *registry, const struct place *place,
                                        const struct question *question)
{
    char key[ACCESS_KEY_BYTES];
    const struct access *access = NULL;
    if (strncmp(question->path, "/tags/", strlen("/tags/")) == 0) {
        access_key(place, true, key, sizeof(key));
        access = map_get(&registry->accesses, key);
    }
    access_key(place, false, key, sizeof(key));
    return access ? access : map_get(&registry->accesses, key);
}

static bool perform(struct registry *registry, const struct place *place,
                    const struct question *question, struct http_result *out, struct err *err)
{
    const struct access *access = find_access(registry, place, question);
    const struct credential *credential = credential_for(registry, place);
    const struct http_header accept = {"Accept", question->accept};
    AUTO_STR(url, URL_BYTES_MAX);
    str_addf(&url, "%s://%s%s/v2/%s%s", place->is_plain ? "http" : "https", place->host,
             place->base, place->name, question->path);
    if (url.failed) {
        return err_set(err, ERR_UNAVAILABLE, "the address of a page at %s is too long",
                       place->host);
    }
    struct http_call call = {
        .method = question->method,
        .url = url.text,
        .headers = &accept,
        .header_count = 1,
        .bearer = access ? access->token : NULL,
        .basic = access && access->is_basic && credential ? credential->basic : NULL,
        .body_bytes_max = question->body_bytes_max,
    };
    return send_call(registry, place, &call, out, err);
}

/* After a 401: get what the registry wants.  *out_again tells whether asking again makes sense. */
static bool authenticate(struct registry *registry, const struct place *place,
                         const struct http_result *refusal, bool *out_again, int64_t *out_retry_ms,
                         struct err *err)
{
    struct challenge challenge;
    struct access access = {0};
    if (!ask_helper(registry, place, err)) {
        return false;
    }
    const struct credential *credential = credential_for(registry, place);
    challenge_read(refusal->headers.text ? refusal->headers.text : "", &challenge);
    *out_again = challenge.kind == CHALLENGE_BEARER ||
                 (challenge.kind == CHALLENGE_BASIC && credential && credential->basic);
    if (!*out_again) {
        return true;
    }
    access.is_basic = challenge.kind == CHALLENGE_BASIC;
    if (!access.is_basic &&
        !fetch_token(registry, place, &challenge, &access.token, out_retry_ms, err)) {
        return false;
    }
    remember(registry, place, &challenge, access);
    return true;
}

static char *secret_of(const struct registry *registry, const struct place *place)
{
    const struct credential *helped = map_get(&registry->helped, place->known_as);
    return helped && helped->basic ? xstrdup(helped->basic) : NULL;
}

/* Some say 403 when what the helper gave has run out (ECR: "Your authorization token has expired").
 *out_again: it gives another one now. */
static bool renew_helped(struct registry *registry, const struct place *place, bool *out_again,
                         struct err *err)
{
    char *before = secret_of(registry, place);
    if (!before) {
        return true;
    }
    bool is_asked = ask_helper(registry, place, err);
    char *now = secret_of(registry, place);
    *out_again = is_asked && now && strcmp(before, now) != 0;
    crypto_wipe(before, strlen(before));
    if (now) {
        crypto_wipe(now, strlen(now));
    }
    free(before);
    free(now);
    return is_asked;
}

bool registry_ask(struct registry *registry, const struct place *place,
                  const struct question *question, struct http_result *out, int64_t *out_retry_ms,
                  struct err *err)
{
    if (!perform(registry, place, question, out, err)) {
        return false;
    }
    bool again = false;
    if (out->status == 403 && !renew_helped(registry, place, &again, err)) {
        return false;
    }
    if (out->status != 401 && !again) {
        return true;
    }
    if (out->status == 401 && !authenticate(registry, place, out, &again, out_retry_ms, err)) {
        return false;
    }
    if (!again) {
        return true;
    }
    http_result_done(out);
    *out = (struct http_result){0};
    return perform(registry, place, question, out, err);
}

bool registry_follow(struct registry *registry, const struct place *place, const char *location,
                     size_t body_bytes_max, struct http_result *out, struct err *err)
{
    struct url_origin origin;
    if (!url_origin_read(location, &origin) || (!origin.is_https && !place->is_plain)) {
        return err_set(err, ERR_UNAVAILABLE,
                       "%s keeps a blob at an address that is not https; it was not followed",
                       place->host);
    }
    struct http_call call = {.method = "GET", .url = location, .body_bytes_max = body_bytes_max};
    return send_call(registry, place, &call, out, err);
}
