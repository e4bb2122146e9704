/* connection: where the API server is and how to show who we are; private to kube. */
#pragma once

#include "http/client.h"
#include "kube/kube.h"

/* One answer in memory, or one object of a list or watch: etcd takes 1.5 MiB, the API server 3 MiB.
 */
#define KUBE_OBJECT_BYTES_MAX (4U << 20)
#define KUBE_PAGE_ITEMS 500

struct kube {
    const struct env *env;
    struct http_client *client;
    char *server; /* without '/' at its end */
    char *ca_pem, *cert_pem, *key_pem, *basic;
    struct http_tls tls;
    char *token;           /* or NULL */
    char *token_before;    /* kept because requests under way may still point to it */
    char *token_file;      /* or NULL */
    int64_t token_read_ms; /* monotonic; when the file was last read */
};

/* Fill server and credentials from options->kubeconfig, or from the pod's service account. */
bool kube_config_load(struct kube *kube, const struct kube_options *options,
                      struct err *err) MUST_CHECK;

/* Read the token file if it is older than a minute, or at once when `is_refused`. */
void kube_token_refresh(struct kube *kube, bool is_refused);
/* A call with the credentials of the connection; `url` must outlive it. */
struct http_call kube_call(struct kube *kube, const char *method, const char *url);
/* "https://server/path?limit=500&labelSelector=…&continue=…" */
void kube_list_url(struct str *out, const struct kube *kube, const char *path, const char *selector,
                   const char *page);
