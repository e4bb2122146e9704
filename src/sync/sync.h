/*
 * sync: makes one cluster what one path of a Git repository says, and keeps it so.
 *
 * Fetch → render → compare → apply (server-side) → prune → watch → judge.  All state is owned by
 * the loop; git, rendering and API calls travel to workers as values.  It is level-triggered: each
 * object knows what is wanted, what was applied and what is there, and whatever differs is sent.
 * What it owns is written on the objects themselves (label heddle.dev/cluster, field manager
 * "heddle"); the data folder only holds caches, and may be lost.
 *
 * It knows nothing of the server: agent/ carries its reports there.
 */
#pragma once

#include "git/git.h"
#include "kube/kube.h"
#include "model/report.h"

#define SYNC_LABEL "heddle.dev/cluster"
/* On an object in the cluster: "disabled": never delete it; "true": it may be deleted although its
   kind (Namespace, CustomResourceDefinition, PersistentVolumeClaim) is one that is kept. */
#define SYNC_PRUNE_ANNOTATION "heddle.dev/prune"
/* On any manifest: the number of objects that may be deleted at once, when the guard refuses. */
#define SYNC_ALLOW_PRUNE_ANNOTATION "heddle.dev/allow-prune"

struct sync_options {
    struct loop *loop;
    const struct env *env;
    const char *cluster;       /* the value of the label */
    const char *path;          /* in the repository: "clusters/dev" */
    const char *pipeline_file; /* names fields that hold images; NULL: "heddle.yaml" */
    const char *folder;        /* for the mirror and caches; made when missing */
    struct git_options git;    /* its folder is set by sync */
    struct kube_options kube;
    int64_t interval_ms;              /* between looks at Git; 0: 30 s */
    int64_t capacity_ms;              /* between measurements of nodes and usage; 0: 30 s */
    bool allow_prune_all;             /* switch the guard against mass deletion off */
    void (*on_change)(void *context); /* sync_report() would say something new */
    void *context;
};

struct sync;
/* Copies the options' texts. */
bool sync_start(const struct sync_options *options, struct sync **out, struct err *err) MUST_CHECK;
/* Nothing is called back after this; jobs under way end by themselves on the loop. */
void sync_stop(struct sync **sync);
/* Look at Git now, not at the next interval. */
void sync_look(struct sync *sync);

/* Fill the cluster's part of a report with what has changed since the last call, or with everything
   when `is_full` (or when a workload has left: then out->is_full is set).  False when there is
   nothing new.  Arrays live in the arena. */
bool sync_report(struct sync *sync, bool is_full, struct arena *arena, struct report *out);
