#include "sandbox/cluster.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "sandbox/cluster_internal.h"
#include "sandbox/flux.h"

#define NODES_DEFAULT 3
#define HISTORY_DEFAULT 4096
#define BOOKMARK_MS_DEFAULT 5000
/* A real API server takes 3 MiB. */
#define BODY_BYTES_MAX (3U << 20)

int64_t cluster_now_ms(const struct sandbox_cluster *cluster)
{
    return env_now_ms(cluster->env);
}

int64_t cluster_paced_ms(const struct sandbox_cluster *cluster, int64_t ms)
{
    int64_t paced_ms = (int64_t)((double)ms / cluster->speed);
    return paced_ms > 0 ? paced_ms : 1;
}

uint32_t cluster_random(const struct sandbox_cluster *cluster, uint32_t below)
{
    uint32_t number;
    cluster->env->random(cluster->env->context, &number, sizeof(number));
    return number % below;
}

struct kind *cluster_kind(const struct sandbox_cluster *cluster, const char *kind)
{
    VEC_EACH (struct kind *, candidate, &cluster->kinds.all) {
        if (strcmp((*candidate)->kind, kind) == 0) {
            return *candidate; /* the built-in ones stand first */
        }
    }
    return NULL;
}

static void on_change(void *context, const struct change *change)
{
    struct sandbox_cluster *cluster = context;
    watches_tell(cluster, change);
    control_changed(cluster, change);
}

static void add_namespace(struct sandbox_cluster *cluster, const char *name)
{
    write_own(cluster, cluster_kind(cluster, "Namespace"), NULL,
              json_pack("{s:{s:s}}", "metadata", "name", name));
}

static json_t *node_status(const struct sandbox_cluster *cluster)
{
    json_t *room = json_pack("{s:s,s:s,s:s}", "cpu", "8", "memory", "32Gi", "pods", "110");
    json_t *ready = json_pack("{s:s,s:s,s:s,s:s}", "type", "Ready", "status", "True", "reason",
                              "KubeletReady", "message", "kubelet is posting ready status");
    json_put_time(ready, "lastHeartbeatTime", cluster_now_ms(cluster));
    json_put_time(ready, "lastTransitionTime", cluster_now_ms(cluster));
    return json_pack("{s:O,s:o,s:[o],s:[{s:s,s:s}],s:{s:s,s:s,s:s}}", "capacity", room,
                     "allocatable", room, "conditions", ready, "addresses", "type", "InternalIP",
                     "address", "127.0.0.1", "nodeInfo", "architecture", "amd64", "operatingSystem",
                     "linux", "kubeletVersion", "v1.36.3");
}

static void add_node(struct sandbox_cluster *cluster, int number)
{
    char name[128];
    snprintf(name, sizeof(name), "%s-node-%d", cluster->name, number);
    json_t *labels = json_pack("{s:s,s:s,s:s}", "kubernetes.io/hostname", name,
                               "kubernetes.io/arch", "amd64", "kubernetes.io/os", "linux");
    write_own(cluster, cluster_kind(cluster, "Node"), NULL,
              json_pack("{s:{s:s,s:o},s:{},s:o}", "metadata", "name", name, "labels", labels,
                        "spec", "status", node_status(cluster)));
}

static void populate(struct sandbox_cluster *cluster)
{
    static const char *const namespaces[] = {"default", "kube-node-lease", "kube-public",
                                             "kube-system"};
    for (size_t i = 0; i < COUNT_OF(namespaces); i++) {
        add_namespace(cluster, namespaces[i]);
    }
    for (int i = 1; i <= cluster->node_count; i++) {
        add_node(cluster, i);
    }
}

/* /apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/SUBRESOURCE is the longest path. */
static const char *const paths[] = {
    "/{1}",
    "/{1}/{2}",
    "/{1}/{2}/{3}",
    "/{1}/{2}/{3}/{4}",
    "/{1}/{2}/{3}/{4}/{5}",
    "/{1}/{2}/{3}/{4}/{5}/{6}",
    "/{1}/{2}/{3}/{4}/{5}/{6}/{7}",
    "/{1}/{2}/{3}/{4}/{5}/{6}/{7}/{8}",
};
static const enum http_method methods[] = {HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE};
_Static_assert(COUNT_OF(paths) * COUNT_OF(methods) == CLUSTER_ROUTES, "each path has each method");

/* Kinds come and go with definitions, so that one handler takes all paths apart by itself. */
static bool listen_on(struct sandbox_cluster *cluster, int port, struct err *err)
{
    for (size_t i = 0; i < CLUSTER_ROUTES; i++) {
        cluster->routes[i] = (struct http_route){.method = methods[i % COUNT_OF(methods)],
                                                 .path = paths[i / COUNT_OF(methods)],
                                                 .permission = 1,
                                                 .handle = cluster_handle,
                                                 .summary = "Kubernetes API",
                                                 .body_bytes_max = BODY_BYTES_MAX};
    }
    struct http_server_options options = {.loop = cluster->loop,
                                          .address = "127.0.0.1",
                                          .port = port,
                                          .routes = cluster->routes,
                                          .route_count = CLUSTER_ROUTES,
                                          .authorize = cluster_authorize,
                                          .context = cluster};
    return http_server_start(&options, &cluster->server, err);
}

bool sandbox_cluster_start(const struct sandbox_cluster_options *options,
                           struct sandbox_cluster **out, struct err *err)
{
    struct sandbox_cluster *cluster = xcalloc(1, sizeof(*cluster));
    cluster->loop = options->loop;
    cluster->env = options->env ? options->env : env_system();
    cluster->speed = options->speed > 0 ? options->speed : 1;
    cluster->node_count = options->nodes > 0 ? options->nodes : NODES_DEFAULT;
    cluster->bookmark_ms = options->bookmark_ms > 0 ? options->bookmark_ms : BOOKMARK_MS_DEFAULT;
    cluster->is_open = options->is_open;
    TEXT_COPY_CUT(cluster->name, options->name ? options->name : "sandbox");
    crypto_random_text(cluster->token, sizeof(cluster->token) - 1);
    kinds_init(&cluster->kinds);
    if (options->has_flux) {
        flux_define(&cluster->kinds);
    }
    cluster->objects = objects_new(options->history_max ? options->history_max : HISTORY_DEFAULT,
                                   on_change, cluster);
    cluster->agenda = agenda_new(cluster->loop, cluster->env, cluster);
    control_start(cluster);
    watches_start(cluster);
    populate(cluster);
    if (!listen_on(cluster, options->port, err)) {
        sandbox_cluster_stop(&cluster);
        return err_wrap(err, "simulated cluster %s", options->name ? options->name : "sandbox");
    }
    *out = cluster;
    return true;
}

void sandbox_cluster_stop(struct sandbox_cluster **cluster)
{
    struct sandbox_cluster *gone = *cluster;
    if (!gone) {
        return;
    }
    http_server_stop(&gone->server);
    watches_stop(gone);
    control_stop(gone);
    agenda_free(&gone->agenda);
    objects_free(&gone->objects, &gone->kinds);
    kinds_done(&gone->kinds);
    crypto_wipe(gone->token, sizeof(gone->token));
    xfree(cluster);
}

int sandbox_cluster_port(const struct sandbox_cluster *cluster)
{
    return http_server_port(cluster->server);
}

const char *sandbox_cluster_token(const struct sandbox_cluster *cluster)
{
    return cluster->token;
}

void sandbox_cluster_kubeconfig(const struct sandbox_cluster *cluster, struct str *out)
{
    str_addf(out,
             "apiVersion: v1\n"
             "kind: Config\n"
             "clusters:\n"
             "- name: %s\n"
             "  cluster: {server: \"http://127.0.0.1:%d\"}\n"
             "users:\n"
             "- name: %s\n"
             "  user: {token: \"%s\"}\n"
             "contexts:\n"
             "- name: %s\n"
             "  context: {cluster: %s, user: %s}\n"
             "current-context: %s\n",
             cluster->name, sandbox_cluster_port(cluster), cluster->name, cluster->token,
             cluster->name, cluster->name, cluster->name, cluster->name);
}

const json_t *sandbox_cluster_object(const struct sandbox_cluster *cluster, const char *api_version,
                                     const char *kind, const char *namespace, const char *name)
{
    const struct kind *found = kinds_named(&cluster->kinds, api_version, kind);
    return found ? objects_get(found, namespace, name) : NULL;
}

bool sandbox_cluster_edit(struct sandbox_cluster *cluster, const char *manager, const json_t *patch,
                          struct err *err)
{
    const char *name = object_name(patch);
    struct kind *kind =
        kinds_named(&cluster->kinds, json_text_at(patch, "apiVersion", ""), simulated_kind(patch));
    json_t *live = kind ? objects_get(kind, simulated_namespace(patch), name) : NULL;
    if (!live) {
        return err_set(err, ERR_NOT_FOUND, "no %s %s in the simulated cluster",
                       simulated_kind(patch), name);
    }
    struct writer writer = {
        .manager = manager, .subresource = "", .now_ms = cluster_now_ms(cluster)};
    enum merge_style style = kind_is(kind, KIND_CUSTOM) ? MERGE_CUSTOM : MERGE_STRATEGIC;
    json_t *refusal = NULL;
    json_t *next = fields_merge(live, patch, style);
    managed_update(live, next, kind_is(kind, KIND_CUSTOM) ? MERGE_CUSTOM : MERGE_KEYED, &writer);
    next = write_prepare(cluster, kind, live, next, &refusal);
    if (!next) {
        err_set(err, ERR_INVALID, "%s", json_text_at(refusal, "message", ""));
        json_decref(refusal);
        return false;
    }
    write_store(cluster, kind, live, next);
    return true;
}
