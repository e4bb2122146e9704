/* engine: what the files of sync/ share; private to the module. */
#pragma once

#include "base/map.h"
#include "sync/object.h"
#include "sync/sync.h"

/* Sent in one job, so that a change by hand never waits for thousands of others. */
#define APPLY_OBJECTS_MAX 512
/* More put-backs of one object in this time are a fight with another writer. */
#define FIGHT_PUT_BACKS 5
#define FIGHT_MS INT64_C(600000)

struct drift {
    int fixed;
    int64_t fixed_ms;       /* wall */
    char manager[64];       /* of the last change by others */
    char field[PATH_BYTES]; /* that it changed; see struct report_drift */
    bool was_deleted;
    int64_t recent_mono_ms[FIGHT_PUT_BACKS + 1]; /* the last put-backs, a ring */
    bool is_fight;
};

/* One object: wanted, applied and there.  Lives while Git wants it or the cluster has it. */
struct object {
    char *key;
    char *path;       /* in the API; NULL: the cluster does not know the kind */
    char *collection; /* its kind's list over all namespaces, in the same version */
    char *api_version;
    unsigned epoch; /* of the list that last named it */
    unsigned rank;
    const struct render_object *wanted; /* of the current revision; NULL: it has left Git */
    uint64_t applied_hash;              /* of the manifest that was applied last; 0: none */
    struct live applied;                /* as the server answered that */
    struct live live;                   /* as last seen */
    bool is_busy;                       /* in a job under way */
    bool is_leaving;                    /* its deletion was asked for */
    bool is_marked;                     /* of sweeps */
    char *trouble;                      /* why it could not be applied or deleted, or NULL */
    unsigned failures;                  /* in a row */
    int64_t not_before_ms;              /* monotonic; no try before this */
    struct drift *drift;                /* NULL: nobody has changed it yet */
    struct workload *workload;          /* NULL: it runs no containers */
};

/* The part that people look at. */
struct workload {
    struct object *object;
    char *live_text; /* health_trim() of the live object as JSON, or NULL */
    char live_uid[KUBE_UID_BYTES];
    int64_t live_generation;
    char family[KUBE_UID_BYTES];   /* what its objects are found by beside their owner; or "" */
    char *namespace_of_children;   /* when it is not its own; malloc'd, or NULL */
    struct workload_image *images; /* of a kind without pod template; malloc'd, or NULL */
    size_t image_count;
    struct report_workload row; /* its arrays are ours */
    uint64_t row_hash;
    int64_t terminal_since_ms; /* a diagnosis that needs a person has stood since then; 0: none */
    bool is_due;               /* to be judged */
    bool is_changed;           /* not reported yet */
    bool is_judged;
    bool is_use_changed; /* its row's use was not reported yet */
};

/* A ReplicaSet, Job or Pod, as text: parsed JSON would be ten times as large. */
struct child {
    char uid[KUBE_UID_BYTES];
    char owner[KUBE_UID_BYTES];
    bool is_pod;
    char *text;
    unsigned epoch; /* of the list that last named it */
    struct feed *feed;
    struct child *sibling; /* of the same owner */
};

/* One watch: of our own objects of a kind, or of what they make. */
struct feed {
    struct sync *sync;
    char *path;
    bool is_of_children;
    bool is_wanted; /* of the sweep */
    unsigned epoch; /* lists so far */
    char *trouble;  /* why it does not work now, or NULL */
    struct kube_watch *watch;
};

/* What git has shown us: one commit, rendered. */
struct revision {
    char commit[GIT_OID_BYTES];
    struct render_result render;
    struct arena *arena;              /* of the fields */
    const struct image_field *fields; /* that heddle.yaml names */
    size_t field_count;
    const char **chart_values; /* of each object what charts in the repository say to it, as JSON;
                                  or NULL */
};

/* Only the jobs of `git_queue` touch this. */
struct source {
    struct git *git;
    struct render_cache *cache;
    char rendered[GIT_OID_BYTES]; /* what the loop was given last */
};

struct sync {
    struct sync_options options;
    struct arena *texts; /* the options' */
    const char *state_file;

    struct loop_queue *git_queue, *kube_queue;
    struct source source;
    struct kube *worker_kube; /* of the kube queue */
    struct kube *loop_kube;   /* of the watches */
    struct kube_types *types; /* NULL until first discovered */
    bool is_inventory_known;  /* everything with our label has been listed once */
    bool is_discovery_due;
    int64_t discovery_not_before_ms;
    int64_t discovered_ms;
    unsigned discovery_failures;

    struct revision *revision, *next_revision; /* NULL: none */
    struct map objects;                        /* key → struct object */
    struct map saved;     /* key → struct saved_object: from the data folder */
    size_t owned_before;  /* objects of ours when the revision came */
    size_t unknown_kinds; /* objects of the revision whose kind the cluster lacks */
    char applied_commit[GIT_OID_BYTES], seen_commit[GIT_OID_BYTES];
    int64_t applied_ms;

    struct map feeds;       /* "own /apis/…" → struct feed */
    struct map children;    /* uid → struct child */
    struct map children_of; /* owner's uid → first struct child */
    struct map workloads;   /* live uid, or family → struct workload */

    char *fetch_trouble, *trust_trouble, *render_trouble, *api_trouble, *history_trouble;
    char prune_trouble[512];
    uint64_t summary_hash;  /* of what was reported last, apart from workloads */
    bool has_lost_workload; /* the next report must be a full one */

    struct capacity *capacity;                     /* NULL: not measured yet */
    bool is_capacity_changed;                      /* not reported yet */
    struct report_drift drifts[REPORT_DRIFTS_MAX]; /* the newest first */
    size_t drift_count;

    struct loop_timer *pump_timer, *judge_timer, *tick_timer, *look_timer, *change_timer;
    struct loop_timer *capacity_timer;
    int64_t pump_at_ms; /* monotonic; of pump_timer */
    unsigned jobs;      /* under way */
    bool is_looking, is_look_due, is_kube_busy, is_state_dirty, is_stopped;
};

int64_t now_mono_ms(const struct sync *sync);
int64_t now_ms(const struct sync *sync);
/* Half to the whole of min(first << (failures - 1), max). */
int64_t backoff_ms(const struct sync *sync, unsigned failures, int64_t first_ms, int64_t max_ms);
/* Set or clear (NULL) a text of trouble, and tell the owner of the sync when it is another one. */
void set_trouble(struct sync *sync, char **trouble, const char *text);
/* Something of the report may be new: tell the owner, once for many. */
void report_change(struct sync *sync);
/* For jobs: count, and free a stopped sync with its last one. */
void job_begin(struct sync *sync);
bool job_end(struct sync *sync); /* false: the sync is gone */

/* look.c */
void look_begin(struct sync *sync);
void revision_free(struct revision **revision);

/* pass.c: the one place that decides what to do next. */
void pass_kick(struct sync *sync, int64_t delay_ms);
bool object_needs_apply(const struct object *object);
bool pass_may_prune(struct sync *sync);

/* objects.c */
/* The kind and the namespace in an object's key. */
struct slice object_kind(const struct object *object);
struct slice object_namespace(const struct object *object);
/* An object of ours that was found in the cluster. */
struct object *object_adopt(struct sync *sync, const struct kube_type *type, const json_t *found);
void object_forget(struct sync *sync, struct object *object);
void objects_bind(struct sync *sync); /* the current revision to the objects */
void object_fail(struct sync *sync, struct object *object, const struct err *err,
                 int64_t retry_after_ms);
void object_succeed(struct sync *sync, struct object *object);

/* discover.c, apply.c, delete.c: jobs of the kube queue. */
void discover_begin(struct sync *sync);
bool apply_begin(struct sync *sync); /* false: there is nothing to send now */
bool delete_begin(struct sync *sync);

/* drift.c */
void drift_note(struct object *object, const json_t *live);
void drift_put_back(struct sync *sync, struct object *object);

/* feeds.c */
void feeds_ensure(struct sync *sync);
/* List a collection of our own once more; not from within a feed's events. */
void feed_renew(struct sync *sync, const char *collection);
void feeds_close(struct sync *sync);

/* children.c */
void child_seen(struct feed *feed, const json_t *object);
void child_gone(struct sync *sync, const char *uid);
void children_sweep(struct feed *feed); /* those that the last list did not name */
void children_drop(struct feed *feed);
/* Those of an owner, in a list. */
struct child *child_first(const struct sync *sync, const char *owner);

/* family.c: "" for kinds whose objects name them as their owner. */
void family_of_workload(enum workload_kind kind, struct slice namespace, const char *name,
                        char out[static KUBE_UID_BYTES]);
void family_of_object(const json_t *object, char out[static KUBE_UID_BYTES]);
/* Where its objects stand, when that is not its own namespace; malloc'd, or NULL. */
char *family_namespace(enum workload_kind kind, const struct render_object *wanted);

struct yaml_node;
/* images.c: of kinds without a pod template.  How many it wants, at most WORKLOAD_IMAGES_MAX. */
size_t object_images(const struct sync *sync, const struct render_object *wanted,
                     struct workload_image out[static WORKLOAD_IMAGES_MAX]);

/* The version that a place says, of a container of that name; false: it says none. */
struct locate_place;
bool place_image(const struct locate_place *place, const char *container,
                 struct workload_image *out);

/* The object of the revision that another one refers to, or NULL. */
struct locate_reference;
const struct render_object *revision_find(const struct sync *sync, const struct render_object *from,
                                          const struct locate_reference *reference);

/* charts.c */
/* Read what charts in the repository say to the revision's objects; for who has the tree. */
struct manifest_tree;
void revision_read_charts(struct revision *revision, const struct manifest_tree *tree);
/* What they say to one of them: to an Application's source by the keys that lead to it, else by "".
   NULL: nothing.  New reference. */
json_t *revision_values(const struct sync *sync, const struct render_object *object,
                        const char *keys);

/* applications.c: `root` is the Application's. */
size_t application_images(const struct sync *sync, const struct render_object *application,
                          struct yaml_node *root, struct arena *arena,
                          struct workload_image out[static WORKLOAD_IMAGES_MAX]);

/* values.c */
/* Helm's way: mappings are merged, anything else is replaced, and null takes away. */
void values_merge(json_t *into, const json_t *from);
/* A HelmRelease with the values that it takes from its chart and from ConfigMaps of the revision
   among its own, as JSON; malloc'd.  NULL: it takes none. */
char *release_with_values(const struct sync *sync, const struct render_object *release);

/* workloads.c */
/* Follow the object when it is a workload, as it is wanted now. */
void workload_bind(struct sync *sync, struct object *object);
void workload_forget(struct sync *sync, struct object *object);
/* A release of which only the chart has a version gives way to a workload of its name, as the
   server's look at Git has it. */
void workloads_drop_doubles(struct sync *sync);
void workload_seen(struct sync *sync, struct workload *workload, const json_t *live);
void workload_gone(struct sync *sync, struct workload *workload);
void workload_due(struct sync *sync, struct workload *workload);
void workload_due_by_uid(struct sync *sync, const char *uid);
void workloads_tick(void *context);

/* capacity.c */
void capacity_start(struct sync *sync);
void capacity_stop(struct sync *sync);
/* What has changed since the last report, or all of it. */
void capacity_report(struct sync *sync, struct arena *arena, struct report *out);

/* state.c */
struct saved_object {
    uint64_t hash;
    struct live applied;
};
void state_load(struct sync *sync);
void state_save(struct sync *sync);
void state_free(struct sync *sync);
