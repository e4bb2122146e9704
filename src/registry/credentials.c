#include "registry/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "crypto/crypto.h"

#define BASIC_BYTES_MAX 8192
#define HELPER_NAME_MAX 100

static const char identity_token_remedy[] =
    "it is an identity token, and the registry asks for a password; log in with one";
static const char empty_remedy[] =
    "the entry is empty; log in again, or write \"auth\": base64 of user:password";

/* "https://ghcr.io/v1/" → "ghcr.io"; Docker Hub's old name → the one that images use. */
static char *scope_of(const char *key)
{
    static const char *const endings[] = {"/", "/v1", "/v2"};
    const char *start = strstr(key, "://");
    char *scope = xstrdup(start ? start + 3 : key);
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        size_t length = strlen(scope);
        size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(scope + length - ending, endings[i]) == 0) {
            scope[length - ending] = '\0';
        }
    }
    if (strcmp(scope, "index.docker.io") == 0 || strcmp(scope, "registry-1.docker.io") == 0) {
        memcpy(scope, "docker.io", sizeof("docker.io")); /* shorter than both */
    }
    return scope;
}

/* "auth" is base64 of user:password; "username" and "password" may stand beside or instead of it.
 */
static bool basic_of(const json_t *entry, struct str *out, struct err *err)
{
    const char *auth = json_text_at(entry, "auth", "");
    const char *user = json_text_at(entry, "username", "");
    if (auth[0]) {
        if (!crypto_unbase64(slice_of(auth), out, err)) {
            return false;
        }
    } else if (user[0]) {
        str_addf(out, "%s:%s", user, json_text_at(entry, "password", ""));
    }
    /* A password may have lines: Google's keys are JSON. */
    bool is_whole = strlen(out->text) == out->length && !out->failed &&
                    (out->length == 0 || (strchr(out->text, ':') &&
                                          strcspn(out->text, "\r\n") > strcspn(out->text, ":")));
    return is_whole || err_set(err, ERR_INVALID, "\"auth\" is not base64 of user:password");
}

static bool read_entry(const char *key, const json_t *entry, struct credential *out,
                       struct err *err)
{
    AUTO_STR(basic, BASIC_BYTES_MAX);
    bool is_read = basic_of(entry, &basic, err);
    if (is_read) {
        out->scope = scope_of(key);
        const char *token = json_text_at(entry, "identitytoken", "");
        out->remedy = token[0] ? identity_token_remedy : empty_remedy;
        out->identity_token = token[0] ? xstrdup(token) : NULL;
        out->basic = basic.length > 0 && !token[0] ? xstrdup(basic.text) : NULL;
    }
    crypto_wipe(basic.text, basic.length);
    return is_read;
}

static bool read_entries(struct credentials *credentials, json_t *auths, struct err *err)
{
    const char *key = NULL;
    json_t *entry = NULL;
    if (json_object_size(auths) > CREDENTIALS_MAX) {
        return err_set(err, ERR_INVALID, "more than %d entries in \"auths\"", CREDENTIALS_MAX);
    }
    credentials->items = xcalloc(json_object_size(auths), sizeof(*credentials->items));
    json_object_foreach (auths, key, entry) {
        if (!read_entry(key, entry, &credentials->items[credentials->count], err)) {
            return err_wrap(err, "entry \"%s\"", key);
        }
        credentials->count++;
    }
    return true;
}

/* It becomes a part of a program's name. */
static bool is_helper_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t length = strlen(name);
    return length > 0 && length <= HELPER_NAME_MAX && strspn(name, letters) == length;
}

static bool add_helper(struct credentials *credentials, const char *host, const json_t *name,
                       struct err *err)
{
    const char *text = json_is_string(name) ? json_string_value(name) : "";
    if (!is_helper_name(text)) {
        return err_set(err, ERR_INVALID,
                       "the helper%s%s is not named by letters, digits, \".\", \"_\" and \"-\"",
                       host ? " of " : "", host ? host : "");
    }
    struct credential_helper *helper = &credentials->helpers[credentials->helper_count++];
    helper->host = host ? scope_of(host) : NULL;
    helper->name = xstrdup(text);
    return true;
}

static bool read_helpers(struct credentials *credentials, json_t *root, struct err *err)
{
    json_t *hosts = json_object_get(root, "credHelpers");
    const json_t *store = json_object_get(root, "credsStore");
    const char *host = NULL;
    json_t *name = NULL;
    if (json_object_size(hosts) > CREDENTIALS_MAX) {
        return err_set(err, ERR_INVALID, "more than %d entries in \"credHelpers\"",
                       CREDENTIALS_MAX);
    }
    credentials->helpers = xcalloc(json_object_size(hosts) + 1, sizeof(*credentials->helpers));
    json_object_foreach (hosts, host, name) {
        if (!add_helper(credentials, host, name, err)) {
            return false;
        }
    }
    return !store || json_string_length(store) == 0 || add_helper(credentials, NULL, store, err);
}

static bool read_text(struct credentials *credentials, struct slice text, struct err *err)
{
    AUTO_JSON *root = json_parse(text, err);
    if (!root) {
        return err_wrap(err, "%s", credentials->file);
    }
    if (!json_is_object(root)) {
        return err_set(err, ERR_INVALID, "%s: not a JSON object", credentials->file);
    }
    return (read_helpers(credentials, root, err) &&
            read_entries(credentials, json_object_get(root, "auths"), err)) ||
           err_wrap(err, "%s", credentials->file);
}

bool credentials_read(struct credentials *out, const char *file, struct err *err)
{
    *out = (struct credentials){0};
    if (!file) {
        return true;
    }
    AUTO_STR(text, CREDENTIALS_FILE_BYTES_MAX);
    if (!file_read(file, &text, err)) {
        return err_wrap(err, "registry credentials");
    }
    struct credentials read = {.file = xstrdup(file)};
    bool is_read = read_text(&read, str_slice(&text), err);
    crypto_wipe(text.text, text.length);
    if (!is_read) {
        credentials_done(&read);
        return err_wrap(err, "registry credentials");
    }
    *out = read;
    return true;
}

void credential_done(struct credential *credential)
{
    if (credential->basic) {
        crypto_wipe(credential->basic, strlen(credential->basic));
    }
    if (credential->identity_token) {
        crypto_wipe(credential->identity_token, strlen(credential->identity_token));
    }
    free(credential->basic);
    free(credential->identity_token);
    free(credential->scope);
    *credential = (struct credential){0};
}

void credentials_done(struct credentials *credentials)
{
    for (size_t i = 0; i < credentials->count; i++) {
        credential_done(&credentials->items[i]);
    }
    for (size_t i = 0; i < credentials->helper_count; i++) {
        free(credentials->helpers[i].host);
        free(credentials->helpers[i].name);
    }
    free(credentials->helpers);
    free(credentials->items);
    free(credentials->file);
    *credentials = (struct credentials){0};
}

/* Does a scope hold host/name, ending where a part of the path ends? */
static bool scope_holds(const char *scope, const char *host, const char *name)
{
    size_t host_length = strlen(host);
    if (strncmp(scope, host, host_length) != 0) {
        return false;
    }
    const char *rest = scope + host_length;
    if (*rest == '\0') {
        return true;
    }
    const char *part = rest + 1;
    size_t length = strlen(part);
    return *rest == '/' && strlen(name) >= length && memcmp(name, part, length) == 0 &&
           (name[length] == '\0' || name[length] == '/');
}

const struct credential *credentials_find(const struct credentials *credentials, const char *host,
                                          const char *name)
{
    const struct credential *best = NULL;
    for (size_t i = 0; i < credentials->count; i++) {
        const struct credential *item = &credentials->items[i];
        bool is_longer = !best || strlen(item->scope) > strlen(best->scope);
        if (is_longer && scope_holds(item->scope, host, name)) {
            best = item;
        }
    }
    return best;
}

const char *credentials_helper(const struct credentials *credentials, const char *host,
                               const char *name)
{
    const struct credential *entry = credentials_find(credentials, host, name);
    for (size_t i = 0; i < credentials->helper_count; i++) {
        const struct credential_helper *helper = &credentials->helpers[i];
        bool is_meant = helper->host ? strcmp(helper->host, host) == 0
                                     : !entry || (!entry->basic && !entry->identity_token);
        if (is_meant) {
            return helper->name;
        }
    }
    return NULL;
}
