#include "kube/connection.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/file.h"

/* Bound service account tokens last an hour and are renewed long before. */
#define TOKEN_FRESH_MS 60000
#define TOKEN_BYTES_MAX 4096
/* Many requests refused together are one reason to read the file again. */
#define TOKEN_REREAD_MS 1000

bool kube_open(const struct kube_options *options, struct kube **out, struct err *err)
{
    struct kube *kube = xcalloc(1, sizeof(*kube));
    kube->env = options->env;
    kube->client = http_client_new("heddle/" HEDDLE_VERSION);
    if (!kube_config_load(kube, options, err)) {
        kube_close(&kube);
        return false;
    }
    *out = kube;
    return true;
}

void kube_close(struct kube **kube)
{
    if (!*kube) {
        return;
    }
    http_client_free(&(*kube)->client);
    char *texts[] = {(*kube)->server, (*kube)->ca_pem, (*kube)->cert_pem,   (*kube)->key_pem,
                     (*kube)->basic,  (*kube)->token,  (*kube)->token_file, (*kube)->token_before};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        free(texts[i]);
    }
    xfree(kube);
}

const char *kube_server(const struct kube *kube)
{
    return kube->server;
}

void kube_token_refresh(struct kube *kube, bool is_refused)
{
    int64_t now_ms = env_now_mono_ms(kube->env);
    int64_t fresh_ms = is_refused ? TOKEN_REREAD_MS : TOKEN_FRESH_MS;
    if (!kube->token_file || (kube->token && now_ms - kube->token_read_ms < fresh_ms)) {
        return;
    }
    kube->token_read_ms = now_ms;
    /* A file that cannot be read now leaves the old token; the server judges it. */
    AUTO_STR(token, TOKEN_BYTES_MAX);
    struct err ignored = {0};
    if (!file_read_secret(kube->token_file, &token, &ignored) ||
        (kube->token && strcmp(kube->token, token.text) == 0)) {
        return;
    }
    free(kube->token_before);
    kube->token_before = kube->token;
    kube->token = str_take(&token);
}

struct http_call kube_call(struct kube *kube, const char *method, const char *url)
{
    kube_token_refresh(kube, false);
    return (struct http_call){
        .method = method,
        .url = url,
        .bearer = kube->token,
        .basic = kube->basic,
        .tls = &kube->tls,
        .body_bytes_max = KUBE_OBJECT_BYTES_MAX,
    };
}

void kube_list_url(struct str *out, const struct kube *kube, const char *path, const char *selector,
                   const char *page)
{
    str_addf(out, "%s%s?limit=%d", kube->server, path, KUBE_PAGE_ITEMS);
    if (selector) {
        str_add(out, "&labelSelector=");
        escape_url(out, selector);
    }
    if (page && page[0]) {
        str_add(out, "&continue=");
        escape_url(out, page);
    }
}
