/* config: a kubeconfig file, or the service account that every pod is given. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "crypto/crypto.h"
#include "kube/connection.h"
#include "yaml/yaml.h"

#define KUBECONFIG_BYTES_MAX (1U << 20)
#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount/"

static bool read_pem_file(const char *path, char **out, struct err *err)
{
    AUTO_STR(text, KUBECONFIG_BYTES_MAX);
    if (!file_read(path, &text, err)) {
        return false;
    }
    *out = str_take(&text);
    return true;
}

static bool decode_pem(const char *key, const char *base64, char **out, struct err *err)
{
    AUTO_STR(text, KUBECONFIG_BYTES_MAX);
    if (!crypto_unbase64(slice_of(base64), &text, err)) {
        return err_wrap(err, "%s", key);
    }
    *out = str_take(&text);
    return true;
}

/* Relative names stand beside the kubeconfig, as kubectl has it. */
static void beside(struct str *out, const char *kubeconfig, const char *name)
{
    const char *slash = strrchr(kubeconfig, '/');
    if (name[0] != '/' && slash) {
        str_add_bytes(out, kubeconfig, (size_t)(slash - kubeconfig) + 1);
    }
    str_add(out, name);
}

/* A PEM under `key` as the name of a file, or under `key`-data as base64; neither is fine. */
static bool load_pem(const json_t *object, const char *key, const char *kubeconfig, char **out,
                     struct err *err)
{
    char data_key[64];
    snprintf(data_key, sizeof(data_key), "%s-data", key);
    const char *base64 = json_text_at(object, data_key, NULL);
    if (base64) {
        return decode_pem(data_key, base64, out, err);
    }
    const char *name = json_text_at(object, key, NULL);
    if (!name) {
        return true;
    }
    AUTO_STR(path, 4096);
    beside(&path, kubeconfig, name);
    return read_pem_file(path.text, out, err);
}

/* The entry of a list of {"name": …, part: {…}}. */
static const json_t *named(const json_t *config, const char *list, const char *name,
                           const char *part)
{
    const json_t *all = json_array_at(config, list);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *entry = json_array_get(all, i);
        if (strcmp(json_text_at(entry, "name", ""), name) == 0) {
            return json_object_get(entry, part);
        }
    }
    return NULL;
}

static bool set_server(struct kube *kube, const char *server, struct err *err)
{
    if (strncmp(server, "https://", 8) != 0 && strncmp(server, "http://", 7) != 0) {
        return err_set(err, ERR_INVALID, "the server \"%s\" should begin with https://", server);
    }
    kube->server = xstrdup(server);
    size_t length = strlen(kube->server);
    while (length > 0 && kube->server[length - 1] == '/') {
        kube->server[--length] = '\0';
    }
    return true;
}

static bool load_cluster(struct kube *kube, const json_t *cluster, const char *file,
                         struct err *err)
{
    kube->tls.insecure = json_bool_at(cluster, "insecure-skip-tls-verify", false);
    return set_server(kube, json_text_at(cluster, "server", ""), err) &&
           load_pem(cluster, "certificate-authority", file, &kube->ca_pem, err);
}

static bool load_user(struct kube *kube, const json_t *user, const char *file, struct err *err)
{
    if (json_object_get(user, "exec") || json_object_get(user, "auth-provider")) {
        return err_set(err, ERR_INVALID,
                       "its user logs in by another program, which an agent cannot; give it a "
                       "token, a tokenFile or a client certificate");
    }
    const char *token = json_text_at(user, "token", NULL);
    const char *token_file = json_text_at(user, "tokenFile", NULL);
    const char *username = json_text_at(user, "username", NULL);
    if (token_file) {
        AUTO_STR(path, 4096);
        beside(&path, file, token_file);
        kube->token_file = str_take(&path);
    } else if (token) {
        kube->token = xstrdup(token);
    } else if (username) {
        AUTO_STR(basic, 4096);
        str_addf(&basic, "%s:%s", username, json_text_at(user, "password", ""));
        kube->basic = str_take(&basic);
    }
    return load_pem(user, "client-certificate", file, &kube->cert_pem, err) &&
           load_pem(user, "client-key", file, &kube->key_pem, err);
}

static bool load_context(struct kube *kube, const json_t *config,
                         const struct kube_options *options, struct err *err)
{
    const char *name =
        options->context ? options->context : json_text_at(config, "current-context", "");
    const json_t *context = named(config, "contexts", name, "context");
    if (!context) {
        return err_set(err, ERR_INVALID, "it has no context \"%s\"", name);
    }
    const json_t *cluster =
        named(config, "clusters", json_text_at(context, "cluster", ""), "cluster");
    const json_t *user = named(config, "users", json_text_at(context, "user", ""), "user");
    if (!cluster) {
        return err_set(err, ERR_INVALID, "it has no cluster for the context \"%s\"", name);
    }
    return load_cluster(kube, cluster, options->kubeconfig, err) &&
           load_user(kube, user, options->kubeconfig, err);
}

static json_t *parse_kubeconfig(struct slice text, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    if (!yaml_parse(arena, text, &document, err)) {
        return NULL;
    }
    if (!document || !document->root) {
        err_set(err, ERR_INVALID, "it is empty");
        return NULL;
    }
    return yaml_to_json(document->root, err);
}

static bool load_kubeconfig(struct kube *kube, const struct kube_options *options, struct err *err)
{
    AUTO_STR(text, KUBECONFIG_BYTES_MAX);
    if (!file_read(options->kubeconfig, &text, err)) {
        return false;
    }
    AUTO_JSON *config = parse_kubeconfig(str_slice(&text), err);
    return (config && load_context(kube, config, options, err)) ||
           err_wrap(err, "kubeconfig %s", options->kubeconfig);
}

static bool load_service_account(struct kube *kube, struct err *err)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");
    if (!host || !port) {
        return err_set(err, ERR_INVALID,
                       "this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set): name a "
                       "kubeconfig with --kubeconfig");
    }
    AUTO_STR(server, 512);
    str_addf(&server, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
    kube->server = str_take(&server);
    kube->token_file = xstrdup(SERVICE_ACCOUNT "token");
    return read_pem_file(SERVICE_ACCOUNT "ca.crt", &kube->ca_pem, err);
}

bool kube_config_load(struct kube *kube, const struct kube_options *options, struct err *err)
{
    bool loaded =
        options->kubeconfig ? load_kubeconfig(kube, options, err) : load_service_account(kube, err);
    kube->tls.ca_pem = kube->ca_pem;
    kube->tls.cert_pem = kube->cert_pem;
    kube->tls.key_pem = kube->key_pem;
    return loaded;
}
