/*
 * configrepo: the config repository, seen as "which version does which workload have where".
 *
 * Finds the scalar that holds each workload's version (a manifest's image field, or an entry of a
 * kustomization's images:), edits exactly those bytes, and makes one deterministic commit.
 * Also reads heddle.yaml.  Blocking; one thread at a time.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "git/git.h"
#include "locate/locate.h"
#include "manifest/manifest.h"
#include "model/pipeline.h"
#include "model/workload.h"

/* A commit's files as a manifest_tree; reads are remembered in the arena. */
struct manifest_tree configrepo_tree(struct git *git, const char *commit, struct arena *arena);

/* Who renders the charts of a kustomization: YAML of what they make, before the kustomization does
   anything to it.  Called where the survey or the commit is made. */
struct chart_renderer {
    bool (*render)(void *context, const struct manifest_tree *tree, const char *folder,
                   struct arena *arena, struct slice *out, struct err *err);
    void *context;
};

/* ---- what is there ---- */

/* Where one container's version is written.  Kinds without a pod template have no containers:
   "container" is the path of the keys then ("server.image"), and "chart" is a HelmRelease's chart,
   whose version is told as in model/chart.h. */
struct place {
    char container[NAME_BYTES];
    struct image image; /* as the cluster would get it */
    enum locate_form form;
    const char *file;
    unsigned line;
    const char
        *blocked; /* why it cannot be edited for this target alone, with the remedy; NULL: it can */
    const char *note; /* what will be written elsewhere, and why: an override; or where else its
                         versions come from; NULL: nothing */
    bool is_floating; /* of a chart: Flux chooses its version, so no other one is offered */
};

struct scan_workload {
    char name[NAME_BYTES];
    char namespace[NAME_BYTES]; /* "" when Git does not say */
    enum workload_kind kind;
    struct place *places; /* one per container (init containers too) with an image */
    size_t place_count;
    const char *file;
    unsigned line;
    const char **files; /* every file its rendering depends on; of a chart the folder */
    size_t file_count;
};
/* Does its rendering depend on the file? */
bool scan_reads(const struct scan_workload *workload, const char *file);

struct scan {
    char commit[GIT_OID_BYTES];
    char path[PATH_BYTES];
    struct scan_workload *workloads; /* sorted by name */
    size_t workload_count;
    struct manifest_problem *problems; /* "two workloads are called cart: …" is one */
};

/*
 * What was read of a repository before, by git's object ids: another commit costs what it changed.
 * For the thread that has the mirror; some 100 MiB at most between two jobs.
 */
struct configrepo_memory;
struct configrepo_memory *configrepo_memory_new(void);
void configrepo_memory_free(struct configrepo_memory **memory);
/* Forget what is too much.  The calls that take it do so as they begin. */
void configrepo_memory_trim(struct configrepo_memory *memory);

/* The targets of one commit: what they share is read once, and who uses which file is found once.
   It holds the contents of what it read: close it after the scans. */
struct configrepo_survey;
struct survey_request {
    const char *commit;
    const char *const *paths; /* of all targets */
    size_t path_count;
    const struct image_field *fields; /* that heddle.yaml names; they outlive the survey */
    size_t field_count;
    struct configrepo_memory *memory; /* or NULL */
    struct chart_renderer charts;     /* zero: workloads that charts make are a problem, not seen */
};
bool configrepo_survey_open(struct git *git, const struct survey_request *request,
                            struct configrepo_survey **out, struct err *err) MUST_CHECK;
/* What a target's path holds.  In the arena.  A place in a file that another of the survey's paths
   uses as well is `blocked`, or gets an override.  Equal paths do not count as others: clusters
   that sync the same path cannot be told apart. */
bool configrepo_survey_scan(struct configrepo_survey *survey, const char *path, struct arena *arena,
                            struct scan **out, struct err *err) MUST_CHECK;
void configrepo_survey_close(struct configrepo_survey **survey);

const struct scan_workload *scan_find(const struct scan *scan, const char *workload);

/* ---- several of them ---- */

/* One of the repositories that a server works with. */
struct config_repository {
    const char *name;   /* in heddle.yaml; "": the one where heddle.yaml itself stands */
    const char *url;    /* to be shown: it has no credentials */
    const char *branch; /* its own one: that of targets that name none */
    struct git *git;
    struct configrepo_memory *memory; /* of what was read of it; NULL: nothing is kept */
    struct forge *forge;              /* what its Git host is asked by; NULL: there is none */
};
/* NULL: there is none of that name. */
const struct config_repository *config_repository_find(const struct config_repository *all,
                                                       size_t count, const char *name);

/* ---- change it ---- */

struct version_change {
    const char *path; /* the target's */
    const char *workload;
    const char *container;
    struct image from; /* what was there when it was planned; empty when nobody knows */
    struct image to;   /* tag and digest; whether the digest is written is the request's pin */
};

struct draft_commit {
    char oid[GIT_OID_BYTES]; /* equal to `base` when nothing has to change */
    char base[GIT_OID_BYTES];
    size_t edit_count; /* places that change */
};

struct commit_request {
    const char *base; /* the commit it stands on */
    const char *const
        *all_paths; /* every target's path of the pipeline: what no edit may leak into */
    size_t all_path_count;
    const struct image_field *fields; /* that heddle.yaml names */
    size_t field_count;
    struct chart_renderer charts; /* as of the survey that it was planned by */
    enum pin pin;
    const struct version_change *changes;
    size_t change_count;
    const char *message; /* subject, body, trailers */
    const char *author;  /* the person or "heddle" */
    int64_t when_ms;
};
/* Let the request know the pipeline's named fields and its wishes for digests; copied. */
void commit_request_for(struct commit_request *request, const struct pipeline *pipeline,
                        struct arena *arena);
/* Make the commit object (not pushed).  Same request, same oid.  Read back from the new commit,
   exactly the asked containers have another version, in all of `all_paths`.  A version that other
   targets read, too, stays; the target gets an override.  ERR_REFUSED names the
   place that cannot be edited and the remedy; ERR_NOT_FOUND a workload or container that is gone;
   ERR_CONFLICT: the mirror has no such base, fetch and ask again.  `memory` may be NULL. */
bool configrepo_commit(struct git *git, struct configrepo_memory *memory,
                       const struct commit_request *request, struct draft_commit *out,
                       struct err *err) MUST_CHECK;

/* ---- a version of a target's own ---- */

/* A version in a file that several targets read, and that one of them shall have another of. */
struct override_case {
    const struct manifest_tree *tree;
    /* The nearest kustomization behind the version that this target alone reads, or NULL. */
    const struct manifest_kustomization *in;
    const struct locate_place *at; /* in the object itself, or in an images: entry */
    bool takes_entry;              /* kustomize's images: changes it */
    const char *trouble, *because; /* why it is not changed where it stands: "the version is
                                      written in F, which O uses too", "O uses F too" */
    const char *image;             /* its name, as `in` meets it */
    const char *values_path;       /* of a chart's value: its keys */
    const char *values_file;       /* a file of the chart's values that can say it; NULL: none */
    struct slice values_text;
    const char *api_version, *kind, *name, *namespace; /* of the object, as `in` meets it */
};

enum override_kind {
    OVERRIDE_NOT_NEEDED,
    OVERRIDE_ENTRY, /* one more in the kustomization's images: */
    OVERRIDE_PATCH, /* a file of its own, that the kustomization's patches: name */
    OVERRIDE_VALUE, /* one more in a file of a chart's values */
};
/* Set trouble and because of a version in a file that another target reads, too. */
void override_set_shared(struct override_case *out, const char *file, const char *other,
                         struct arena *arena);

struct override {
    enum override_kind kind;
    const struct manifest_kustomization *in; /* the target's own */
    const char *patch;                       /* the file that it gets */
    const char *note;                        /* what happens where, and why; for the plan */
};

/* Can a file of values with this root say another version of what stands at `values_path` of the
   chart's: has it a mapping for it, and nothing of it yet? */
bool override_takes_value(const struct yaml_node *root, const struct locate_place *at,
                          const char *values_path, struct arena *arena);
/* How the target gets its own version, the way kustomize wants it: an entry for a container's
   image, a patch for Helm values.  The reason, with the remedy, when there is no honest place. */
const char *override_choose(const struct override_case *wanted, struct override *out,
                            struct arena *arena);

/* A patch in a file by which the kustomization says the version already. */
struct override_patch {
    const char *file;
    const struct locate_place *at;
};
bool override_find_patch(const struct override_case *wanted, struct arena *arena,
                         struct override_patch *out);

/* What an override, or a patch that is there, shall say. */
struct override_wish {
    const struct override_case *of;
    struct override by;          /* as override_choose() gave it, or not needed: */
    struct override_patch patch; /* as override_find_patch() did */
    const char *tag, *digest;    /* "" for none */
};
struct file_edit {
    const char *file;
    struct slice before, after; /* `before` is empty for a new file */
};
/* The files that fulfil the wishes, each once, read by the cases' tree and verified by parsing what
   comes out.  Nothing is written.  In the arena. */
bool override_write(const struct override_wish *wishes, size_t count, struct arena *arena,
                    struct file_edit **out, size_t *out_count, struct err *err) MUST_CHECK;

/* ---- heddle.yaml ---- */

#define PIPELINE_TROUBLES_MAX 50 /* nobody mends more at once */
struct pipeline_trouble {
    unsigned line, column;
    const char *text; /* with the remedy: "unknown field \"stagse\"; did you mean \"stages\"?" */
};
/* Read and check the pipeline file; false and, in the order of the file, all that is wrong with it
   but for what follows from another error.  In the arena. */
bool configrepo_pipeline_troubles(struct slice text, struct arena *arena, struct pipeline **out,
                                  struct pipeline_trouble **out_troubles,
                                  size_t *out_count) MUST_CHECK;
/* The same, with the first error alone, behind "file:line:column: ", and how many more there are.
 */
bool configrepo_pipeline(struct slice text, const char *file, struct arena *arena,
                         struct pipeline **out, struct err *err) MUST_CHECK;
/* Its JSON Schema (2020-12), for editors.  A test holds it to what configrepo_pipeline() takes. */
extern const char configrepo_pipeline_schema[];
