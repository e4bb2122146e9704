/*
 * workload: something that runs containers, and the states in which people see it.
 */
#pragma once

#include "base/json.h"
#include "model/image.h"
#include "model/names.h"

#define WORKLOAD_IMAGES_MAX 32

enum workload_kind {
    WORKLOAD_DEPLOYMENT,
    WORKLOAD_STATEFUL_SET,
    WORKLOAD_DAEMON_SET,
    WORKLOAD_CRON_JOB,
    WORKLOAD_JOB,
    WORKLOAD_ROLLOUT,         /* of Argo Rollouts */
    WORKLOAD_KNATIVE_SERVICE, /* not the core's Service */
    WORKLOAD_HELM_RELEASE,    /* of Flux */
    WORKLOAD_APPLICATION,     /* of Argo CD */
    WORKLOAD_CUSTOM,          /* any other kind that names images */
    WORKLOAD_KIND_COUNT,
};
const char *workload_kind_name(enum workload_kind kind); /* "Deployment" */
/* WORKLOAD_KIND_COUNT when it is not a workload, or only its content can tell: never
   WORKLOAD_CUSTOM.  apiVersion decides with the kind. */
enum workload_kind workload_kind_of(const char *api_version, const char *kind);
/* The same by the kind alone, as reports and the store write it. */
enum workload_kind workload_kind_named(const char *kind);

/* The name by which stages know the workload: an Application's without that of its target's folder,
   since Argo CD has those of all stages in one namespace: "web-dev" and "dev-web" of clusters/dev
   are "web".  Others keep theirs.  Part of `name`. */
struct slice workload_name_in(enum workload_kind kind, const char *name, const char *path);

/* One container's image. */
struct workload_image {
    char container[NAME_BYTES];
    struct image image;
};

/* What an agent sees of a workload, from worst to best where they are compared. */
enum workload_state {
    WORKLOAD_NO_DATA,     /* nothing was reported yet */
    WORKLOAD_MISSING,     /* in Git, not in the cluster */
    WORKLOAD_FAILED,      /* ended without success */
    WORKLOAD_STUCK,       /* no progress, and a cause that a person must act on */
    WORKLOAD_ROLLING_OUT, /* new pods are coming */
    WORKLOAD_HEALTHY,     /* all new pods run the wanted version and are ready */
    WORKLOAD_STATE_COUNT,
};
const char *workload_state_name(enum workload_state state); /* "rolling_out" */
enum workload_state workload_state_of(const char *name);    /* WORKLOAD_NO_DATA when unknown */
