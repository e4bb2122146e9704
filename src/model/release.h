/*
 * release: one executed plan.
 */
#pragma once

#include "base/arena.h"
#include "model/workload.h"

enum release_kind {
    RELEASE_PROMOTE,
    RELEASE_AUTO,
    RELEASE_ROLLBACK,
    RELEASE_CONFIG,
    RELEASE_KIND_COUNT
};
/* Each x_of() gives its enum's COUNT for a name that is not one. */
const char *release_kind_name(enum release_kind kind);
enum release_kind release_kind_of(const char *name);

/* In the order of life; everything from RELEASE_DONE on is final. */
enum release_phase {
    RELEASE_PLANNED,
    RELEASE_NEEDS_APPROVAL,
    RELEASE_QUEUED, /* a gate other than approval, or another release, is before it */
    RELEASE_COMMITTING,
    RELEASE_SYNCING,
    RELEASE_ROLLING_OUT,
    RELEASE_VERIFYING,
    RELEASE_DONE,
    RELEASE_FAILED,
    RELEASE_STOPPED,
    RELEASE_ROLLED_BACK,
    RELEASE_SUPERSEDED,
    RELEASE_PHASE_COUNT,
};
const char *release_phase_name(enum release_phase phase); /* "needs_approval" */
enum release_phase release_phase_of(const char *name);
bool release_is_over(enum release_phase phase);

/* One workload in one target of a release. */
enum item_state {
    ITEM_WAITING,   /* its wave has not begun */
    ITEM_COMMITTED, /* in Git */
    ITEM_SYNCED,    /* the agent has applied that commit */
    ITEM_ROLLING,   /* new pods are coming */
    ITEM_STUCK,     /* as rolling, with a diagnosis that a person must act on */
    ITEM_DONE,      /* the digests run and are ready */
    ITEM_FAILED,
    ITEM_SUPERSEDED,
    ITEM_STOPPED,
    ITEM_STATE_COUNT,
};
const char *item_state_name(enum item_state state);
enum item_state item_state_of(const char *name);

/* A change of one container's image.  `from` may be empty for config releases. */
struct image_change {
    char container[NAME_BYTES];
    struct image from, to;
};

struct release_item {
    int64_t id; /* in the store */
    char workload[NAME_BYTES];
    char target[NAME_BYTES]; /* the cluster */
    int wave;
    enum item_state state;
    int64_t since_ms;
    struct image_change *changes; /* none for a config release */
    size_t change_count;
    int ready, wanted;      /* pods, last reported */
    struct diagnosis_text { /* the diagnosis when stuck or failed */
        char code[8];
        char what[REASON_BYTES];
        char effect[160];
        char action[200];
    } diagnosis;
};

#define RELEASE_WAVES_MAX 64

struct release {
    int64_t id; /* shown as R-<id> */
    enum release_kind kind;
    char stage[NAME_BYTES];
    char from[NAME_BYTES];     /* "registry", a stage, or "" */
    char actor[ACTOR_BYTES];   /* who asked; "heddle" for automation */
    char reason[REASON_BYTES]; /* -m, or "" */
    enum release_phase phase;
    char why[REASON_BYTES]; /* one sentence: what it is doing or waiting for, or how it ended */
    char plan_digest[65];   /* sha256, hex */
    int64_t created_ms, phase_ms, finished_ms;
    int wave, wave_count;                       /* current wave, from 0 */
    char commits[RELEASE_WAVES_MAX][OID_BYTES]; /* one per wave, "" until made */
    bool is_pushed; /* the current wave's commit is in the remote branch */
    int64_t superseded_by, rollback_of;
    struct release_item *items;
    size_t item_count;
};
