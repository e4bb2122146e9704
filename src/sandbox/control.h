/*
 * control: the simulated controllers.
 *
 * Each change of an object marks what it belongs to; marked objects are looked at soon after, once,
 * and brought one step nearer to what is wanted.  Their own writes mark again, so they settle.
 */
#pragma once

#include "base/vec.h"
#include "sandbox/objects.h"

struct marked {
    struct kind *kind;
    char *namespace, *name;
};

/* What the pods on a node ask for together. */
struct node_use {
    int64_t cpu_milli, memory_bytes;
    int pods;
};

struct control {
    struct map is_marked; /* "Kind/namespace/name" */
    VEC(struct marked) queue;
    struct loop_timer *timer;        /* while something is marked */
    struct loop_timer *minute_timer; /* for CronJobs */
    int64_t minute;
    struct map node_uses; /* name of a node → struct node_use */
};

struct sandbox_cluster;

void control_start(struct sandbox_cluster *cluster);
void control_stop(struct sandbox_cluster *cluster);
/* A change has been stored. */
void control_changed(struct sandbox_cluster *cluster, const struct change *change);
/* Look at this object soon. */
void control_note(struct sandbox_cluster *cluster, struct kind *kind, const json_t *object);

/* One step for one object; each in the file of its name. */
void reconcile_deployment(struct sandbox_cluster *cluster, json_t *deployment);
void reconcile_replica_set(struct sandbox_cluster *cluster, json_t *set);
void reconcile_stateful_set(struct sandbox_cluster *cluster, json_t *set);
void reconcile_daemon_set(struct sandbox_cluster *cluster, json_t *set);
void reconcile_job(struct sandbox_cluster *cluster, json_t *job);
void reconcile_cron_job(struct sandbox_cluster *cluster, json_t *cron_job);
/* Give a pod a node, or say why not. */
void schedule_pod(struct sandbox_cluster *cluster, json_t *pod);
/* A pod is on a node: let its life begin. */
void kubelet_adopt(struct sandbox_cluster *cluster, const json_t *pod);
