/*
 * pipeline: the stages, their targets and gates, as heddle.yaml says (configrepo/ reads it).
 *
 * Owned by the arena that it was read into; immutable after that.
 */
#pragma once

#include "model/names.h"
#include "model/signature.h"

/* What the file is called, and where it lies, unless the server is told otherwise. */
#define PIPELINE_FILE "heddle.yaml"
/* The API group of what it says. */
#define PIPELINE_GROUP "heddle.dev/"
/* The source that no stage is: releases say that they come "from" it. */
#define PIPELINE_REGISTRY_NAME "registry"
#define PIPELINE_STAGES_MAX 64
#define PIPELINE_TARGETS_MAX 256
#define PIPELINE_RULES_MAX 256
#define PIPELINE_IMAGE_FIELDS_MAX 256
#define PIPELINE_APPROVALS_MAX 32
#define PIPELINE_SOAK_MS_MAX (INT64_C(30) * 86400000) /* thirty days */

struct target {
    char cluster[NAME_BYTES];    /* also the target's name */
    char path[PATH_BYTES];       /* "clusters/dev", or PATH_ROOT */
    char repository[NAME_BYTES]; /* as the server calls it; "": where heddle.yaml itself stands */
    char branch[BRANCH_BYTES];   /* "": that repository's own */
    unsigned line, column;       /* in the file; 0: it stands in no file */
};

enum policy_kind {
    POLICY_SEMVER,
    POLICY_ALPHABETICAL,
    POLICY_NUMERIC,
    POLICY_NEWEST,
    POLICY_CALENDAR, /* "2026.11.3", "26.04-1": numbers, the year first */
    POLICY_CREATED,  /* the one that was built last */
    POLICY_DIGEST,   /* one tag that moves; its digests are the versions */
};

/* Which tags of which images count as versions; first match wins. */
struct version_rule {
    const char *images; /* glob on the repository; '*' does not cross '/' , '**' does */
    enum policy_kind policy;
    const char *range; /* of semver: ">=1.0.0 <2", "" for any; of digest: the tag */
    /* Regular expressions over the whole tag.  What the first group of `tags` captures is compared
       instead of the tag; "" for any. */
    const char *tags;
    const char *ignore;   /* tags that never count; "" for none */
    const char *platform; /* "linux/arm64": images without it do not count; "" or NULL for any */
    const struct signature_rule *signature; /* images without it do not count; NULL: none needed */
    unsigned line, column;                  /* in the file; 0: it stands in no file */
};

/* How a stage's commits come into the branch: pushed, or by pull requests that people merge, or
   that heddle merges as soon as the Git host lets it. */
enum pull_mode { PULL_MODE_NONE, PULL_MODE_WAIT, PULL_MODE_MERGE };

enum on_failure { ON_FAILURE_STOP, ON_FAILURE_CONTINUE, ON_FAILURE_ROLLBACK };

struct stage {
    char name[NAME_BYTES];
    const char **from; /* names of stages before; none: from the registry */
    size_t from_count;
    struct target *targets;
    size_t target_count;
    size_t *wave_of_target; /* wave number of each target, from 0 */
    size_t wave_count;
    bool automatic;
    int64_t soak_ms;    /* 0: no soak gate */
    unsigned approvals; /* distinct people, never the requester; 0: no approval gate */
    enum on_failure on_failure;
    enum pull_mode pull_mode;
    unsigned line, column; /* in the file; 0: it stands in no file */
};

/* A field that holds an image, beyond those that heddle knows by their shape. */
struct image_field {
    const char *kind; /* of the object: "Kafka" */
    const char *path; /* "spec.kafka.image", "spec.pools[].image" */
};

/* Whether digests are written into Git.  Known and verified they are in any case. */
enum pin {
    PIN_KEEP, /* where one stands already */
    PIN_ALWAYS,
    PIN_NEVER,
};

struct pipeline {
    char name[NAME_BYTES];
    struct stage *stages; /* in file order; every `from` names another one, without cycles */
    size_t stage_count;
    enum pin pin;
    struct version_rule *rules;
    size_t rule_count;
    struct image_field *image_fields;
    size_t image_field_count;
};

/* Is it not on the branch where heddle.yaml itself stands, as far as the file says? */
bool target_is_elsewhere(const struct target *target);
/* Are they on one branch of one repository, as far as the file says? */
bool target_same_ref(const struct target *a, const struct target *b);

const struct stage *pipeline_stage(const struct pipeline *pipeline, const char *name);
/* The stage and target of a cluster, or NULL. */
const struct stage *pipeline_stage_of_cluster(const struct pipeline *pipeline, const char *cluster,
                                              const struct target **out_target);
/* Names, uniqueness, known `from`, no cycle, waves that cover each target once, each
   on one branch.  The error begins
   with "line:column: " when the stage has a line, and says what to write instead; a cycle is
   spelled out: "dev → staging → dev". */
bool pipeline_check(const struct pipeline *pipeline, struct err *err) MUST_CHECK;
/* The same, telling each error that is none because of another one.  `stage` is where it stands, or
   NULL; `text` has no place in it and lives for the call. */
typedef void pipeline_say_fn(void *context, const struct stage *stage, const char *text);
bool pipeline_check_all(const struct pipeline *pipeline, pipeline_say_fn *say,
                        void *context) MUST_CHECK;
