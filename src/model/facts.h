/*
 * facts: what an agent observed of one workload, trimmed to what judges need.
 *
 * health/ extracts and judges them, diagnose/ explains them; a report carries them, the store
 * keeps them with the release, so that every verdict can be recomputed.
 */
#pragma once

#include "model/workload.h"

#define FACTS_PODS_MAX 200 /* new-revision pods kept; more are only counted */
/* Of a kind that makes its pods through other objects: each has to be looked at. */
#define FACTS_FAMILY_PODS_MAX 2000
#define FACTS_CONTAINERS_MAX 16
#define FACTS_MESSAGE_BYTES 256 /* cut, on a character's border */

struct container_facts {
    char name[NAME_BYTES];
    bool is_init;
    bool is_ready;
    bool is_started;
    bool is_running;
    int restarts;
    char waiting_reason[64]; /* state.waiting.reason: "ImagePullBackOff" */
    char waiting_message[FACTS_MESSAGE_BYTES];
    char ended_reason[64];                   /* (last)State.terminated.reason: "OOMKilled" */
    int ended_exit_code;                     /* of the last end; 0 when none */
    bool has_ended;                          /* state.terminated is set now */
    char image[IMAGE_TEXT_BYTES];            /* spec.containers[].image */
    char running_digest[IMAGE_DIGEST_BYTES]; /* from status imageID, or "" */
    char memory_limit[32];                   /* resources.limits.memory, or "" */
};

struct pod_facts {
    char name[128];
    bool is_new; /* of the newest revision */
    bool is_ready;
    bool is_scheduled;
    bool is_ending; /* deletionTimestamp is set */
    char phase[16];
    char reason[64]; /* status.reason: "Evicted" */
    char unscheduled_reason[64];
    char unscheduled_message[FACTS_MESSAGE_BYTES];
    char not_ready_reason[64];
    int64_t created_ms;
    int64_t not_ready_since_ms; /* Ready=False since; 0 when ready or unknown */
    struct container_facts *containers;
    size_t container_count;
};

struct workload_facts {
    char name[NAME_BYTES]; /* stage-independent name = metadata.name */
    char namespace[NAME_BYTES];
    enum workload_kind kind;
    bool exists;
    bool is_paused; /* Deployment.spec.paused, CronJob/Job suspend */
    int64_t generation, observed_generation;
    int wanted, updated, ready, available, total; /* replicas; `updated` of the new revision */
    int old_ready;                                /* pods of older revisions that still serve */
    bool deadline_exceeded;                       /* Progressing=False, ProgressDeadlineExceeded */
    char create_failure[FACTS_MESSAGE_BYTES]; /* ReplicaFailure's message (quota, admission), or ""
                                               */
    bool job_complete, job_failed;
    bool is_family; /* it makes its pods through other objects, and they count by their images */
    bool is_object_ready;   /* condition Ready is True, or it has none */
    bool is_stalled;        /* condition Stalled: its controller has given up */
    char object_reason[64]; /* of Ready=False: "UpgradeFailed"; else "" */
    char object_message[FACTS_MESSAGE_BYTES];
    bool has_chart;     /* of a HelmRelease, beside the images: */
    struct image chart; /* the wanted one; a tag that is no whole version lets Flux choose */
    struct image running_chart;  /* what is installed; tag "": nothing, or not known */
    bool is_chart_behind;        /* one version is wanted, and it is not installed */
    struct workload_image *told; /* what runs, by the object's own word: of an Application, whose
                                    `chart` is the first version that is behind, also an image's */
    size_t told_count;
    struct workload_image *images; /* the wanted ones, from the pod template or the values */
    size_t image_count;
    struct pod_facts *pods; /* new revision first */
    size_t pod_count;
};

/* A judgement in words; see diagnose/. */
struct diagnosis {
    char code[8];                       /* "HD1011"; "" when nothing is wrong */
    bool is_terminal;                   /* will not heal without a person or a commit */
    char what[REASON_BYTES];            /* one sentence */
    char effect[160];                   /* "The old version still serves: 4 of 4 pods." */
    char action[200];                   /* what to do, as a command or a sentence */
    char evidence[FACTS_MESSAGE_BYTES]; /* the field and value it rests on */
};
