/* scheduler: which node a pod goes to. */
#include <string.h>

#include "sandbox/cluster_internal.h"
#include "sandbox/pods.h"

#define REASONS_TEXT_MAX 1024U

/* Why nodes were not fit, and how many of each. */
struct misfits {
    int nodes, cpu, memory, pods, rules, cordoned;
};

static const struct node_use *use_of(const struct sandbox_cluster *cluster, const char *node)
{
    static const struct node_use none = {0};
    const struct node_use *use = map_get(&cluster->control.node_uses, node);
    return use ? use : &none;
}

static int64_t node_pods_max(const json_t *node)
{
    int64_t milli = 0;
    return quantity_parse(json_text_at(node, "status.allocatable.pods", ""), &milli) ? milli / 1000
                                                                                     : 0;
}

static bool fits(const struct sandbox_cluster *cluster, const json_t *node, const json_t *pod,
                 struct misfits *misfits)
{
    const struct node_use *use = use_of(cluster, object_name(node));
    struct node_use asks = pod_asks(pod);
    struct resources has = resources_of(json_at(node, "status.allocatable"));
    bool cpu = use->cpu_milli + asks.cpu_milli <= has.cpu_milli;
    bool memory = use->memory_bytes + asks.memory_bytes <= has.memory_bytes;
    bool room = use->pods + 1 <= node_pods_max(node);
    bool rules = labels_match(json_at(pod, "spec.nodeSelector"), node);
    bool open = !json_bool_at(node, "spec.unschedulable", false);
    misfits->nodes++;
    misfits->cpu += !cpu;
    misfits->memory += !memory;
    misfits->pods += !room;
    misfits->rules += !rules;
    misfits->cordoned += !open;
    return cpu && memory && room && rules && open;
}

static const json_t *choose(const struct sandbox_cluster *cluster, const struct object_list *nodes,
                            const json_t *pod, struct misfits *misfits)
{
    const json_t *best = NULL;
    for (size_t i = 0; i < nodes->items.count; i++) {
        const json_t *node = nodes->items.items[i];
        if (fits(cluster, node, pod, misfits) &&
            (!best ||
             use_of(cluster, object_name(node))->pods < use_of(cluster, object_name(best))->pods)) {
            best = node;
        }
    }
    return best;
}

static void add_reason(struct str *text, int count, const char *reason)
{
    if (count > 0) {
        str_addf(text, "%s%d %s", text->length ? ", " : "", count, reason);
    }
}

/* Worded as kube-scheduler does. */
static void describe(const struct misfits *misfits, struct str *out)
{
    AUTO_STR(reasons, REASONS_TEXT_MAX);
    add_reason(&reasons, misfits->cpu, "Insufficient cpu");
    add_reason(&reasons, misfits->memory, "Insufficient memory");
    add_reason(&reasons, misfits->pods, "Too many pods");
    add_reason(&reasons, misfits->rules, "node(s) didn't match Pod's node affinity/selector");
    add_reason(&reasons, misfits->cordoned, "node(s) were unschedulable");
    str_addf(
        out,
        "0/%d nodes are available: %s. no new claims to deallocate, preemption: 0/%d nodes are "
        "available: %d Preemption is not helpful for scheduling.",
        misfits->nodes, reasons.text, misfits->nodes, misfits->nodes);
}

static void put_scheduled(struct sandbox_cluster *cluster, const json_t *pod, json_t *next,
                          const struct condition *condition)
{
    json_t *conditions = json_array();
    condition_put(conditions, pod, condition, cluster_now_ms(cluster), false);
    json_put(json_object_get(next, "status"), "conditions", conditions);
}

void schedule_pod(struct sandbox_cluster *cluster, json_t *pod)
{
    struct object_list nodes;
    struct misfits misfits = {0};
    objects_list(cluster_kind(cluster, "Node"), "", &nodes);
    const json_t *node = choose(cluster, &nodes, pod, &misfits);
    json_t *next = json_deep_copy(pod);
    if (!json_is_object(json_object_get(next, "status"))) {
        json_put(next, "status", json_pack("{s:s}", "phase", "Pending"));
    }
    if (node) {
        json_put_text(json_object_get(next, "spec"), "nodeName", object_name(node));
        put_scheduled(cluster, pod, next, &(struct condition){"PodScheduled", "True", "", ""});
    } else {
        AUTO_STR(message, (size_t)2 * REASONS_TEXT_MAX);
        describe(&misfits, &message);
        put_scheduled(cluster, pod, next,
                      &(struct condition){"PodScheduled", "False", "Unschedulable", message.text});
    }
    write_own(cluster, cluster_kind(cluster, "Pod"), pod, next);
    objects_list_done(&nodes);
}
