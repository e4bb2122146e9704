/* usage: what metrics-server would say of the simulated nodes and pods.
 *
 * A pod uses a part of what it asks for: which part depends on its images, so that another version
 * needs more or less, and swings a little with time. */
#include <stdio.h>
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"
#include "sandbox/refusal.h"

/* A node's own programs. */
#define NODE_CPU_MILLI 120
#define NODE_MEMORY_BYTES (INT64_C(600) << 20)
/* Of a pod that asks for nothing. */
#define IDLE_CPU_MILLI 15
#define IDLE_MEMORY_BYTES (INT64_C(24) << 20)
/* In percent: the least part of a request, and what images and time add to it. */
#define PART_LEAST 40
#define PART_OF_IMAGE 41
#define PART_OF_TIME 4
#define SWING_MS 20000

static uint64_t hash_of_images(const json_t *pod)
{
    uint64_t hash = HASH64_START;
    size_t i = 0;
    const json_t *container = NULL;
    json_array_foreach (json_array_at(pod, "spec.containers"), i, container) {
        const char *image = json_text_at(container, "image", "");
        hash = hash64(hash, image, strlen(image));
    }
    return hash;
}

static int64_t part_of(int64_t asked, uint64_t hash, int64_t now_ms)
{
    int64_t swing = now_ms / SWING_MS % PART_OF_TIME;
    return asked * (PART_LEAST + (int64_t)(hash % PART_OF_IMAGE) + swing) / 100;
}

static struct resources usage_of(const struct sandbox_cluster *cluster, const json_t *pod)
{
    struct resources asked = resources_of_pod(json_object_get(pod, "spec"));
    uint64_t hash = hash_of_images(pod);
    int64_t now_ms = cluster_now_ms(cluster);
    asked.cpu_milli = asked.cpu_milli ? asked.cpu_milli : IDLE_CPU_MILLI;
    asked.memory_bytes = asked.memory_bytes ? asked.memory_bytes : IDLE_MEMORY_BYTES;
    return (struct resources){part_of(asked.cpu_milli, hash, now_ms),
                              part_of(asked.memory_bytes, hash >> 16, now_ms)};
}

static json_t *usage_to_json(struct resources usage)
{
    char cpu[32];
    char memory[32];
    snprintf(cpu, sizeof(cpu), "%lldn", (long long)usage.cpu_milli * 1000000);
    snprintf(memory, sizeof(memory), "%lldKi", (long long)usage.memory_bytes / 1024);
    return json_pack("{s:s,s:s}", "cpu", cpu, "memory", memory);
}

static json_t *item_new(const struct sandbox_cluster *cluster, const json_t *object)
{
    const char *namespace = simulated_namespace(object);
    json_t *metadata = json_object();
    json_put_text(metadata, "name", object_name(object));
    json_put_text(metadata, "namespace", namespace[0] ? namespace : NULL);
    json_t *item = json_pack("{s:o,s:s}", "metadata", metadata, "window", "15s");
    json_put_time(item, "timestamp", cluster_now_ms(cluster));
    return item;
}

static json_t *pod_item(const struct sandbox_cluster *cluster, const json_t *pod)
{
    const json_t *first = json_array_get(json_array_at(pod, "spec.containers"), 0);
    json_t *item = item_new(cluster, pod);
    json_put(item, "containers",
             json_pack("[{s:s,s:o}]", "name", json_text_at(first, "name", ""), "usage",
                       usage_to_json(usage_of(cluster, pod))));
    return item;
}

static json_t *node_item(const struct sandbox_cluster *cluster, const json_t *node,
                         const struct object_list *pods)
{
    struct resources sum = {NODE_CPU_MILLI, NODE_MEMORY_BYTES};
    for (size_t i = 0; i < pods->items.count; i++) {
        const json_t *pod = pods->items.items[i];
        if (pod_is_ready(pod) &&
            strcmp(json_text_at(pod, "spec.nodeName", ""), object_name(node)) == 0) {
            resources_add(&sum, usage_of(cluster, pod));
        }
    }
    json_t *item = item_new(cluster, node);
    json_put(item, "usage", usage_to_json(sum));
    return item;
}

static json_t *items_of(const struct request *request, bool is_of_nodes)
{
    struct object_list pods;
    struct object_list nodes;
    json_t *items = json_array();
    const struct sandbox_cluster *cluster = request->cluster;
    objects_list(cluster_kind(cluster, "Pod"), is_of_nodes ? "" : request->namespace, &pods);
    objects_list(cluster_kind(cluster, "Node"), "", &nodes);
    for (size_t i = 0; is_of_nodes && i < nodes.items.count; i++) {
        json_array_append_new(items, node_item(cluster, nodes.items.items[i], &pods));
    }
    for (size_t i = 0; !is_of_nodes && i < pods.items.count; i++) {
        if (pod_is_ready(pods.items.items[i])) {
            json_array_append_new(items, pod_item(cluster, pods.items.items[i]));
        }
    }
    objects_list_done(&pods);
    objects_list_done(&nodes);
    return items;
}

void serve_usage(struct request *request)
{
    if (http_method_of(request->exchange) != HTTP_GET || request->name[0] ||
        http_query(request->exchange, "watch")) {
        cluster_refuse(request->exchange,
                       refusal_new(405, "MethodNotAllowed", NULL, NULL,
                                   "the server does not allow this method on the requested "
                                   "resource"));
        return;
    }
    bool is_of_nodes = strcmp(request->kind->plural, "nodes") == 0;
    http_reply_json(request->exchange, 200,
                    json_pack("{s:s,s:s,s:{},s:o}", "kind",
                              is_of_nodes ? "NodeMetricsList" : "PodMetricsList", "apiVersion",
                              "metrics.k8s.io/v1beta1", "metadata", "items",
                              items_of(request, is_of_nodes)));
}
