/*
 * inspect: a config repository seen offline: every version in it, and which targets use it.
 *
 * For people who have a repository and no server yet, and for CI.  Reads a folder or a commit
 * through a manifest_tree.  Targets are those of heddle.yaml; without one they are guessed from
 * folders and from Flux's and Argo CD's objects, with the evidence for each guess.
 */
#pragma once

#include "configrepo/configrepo.h"
#include "locate/locate.h"
#include "manifest/manifest.h"
#include "model/pipeline.h"

#define INSPECT_FILES_MAX 200000
#define INSPECT_TARGETS_MAX 256

/* A tree over a folder of this machine.  Links are refused, never followed. */
bool inspect_folder(const char *folder, struct arena *arena, struct manifest_tree *out,
                    struct err *err) MUST_CHECK;

struct inspect_target {
    const char *name; /* of the cluster, or of the folder */
    const char *stage;
    const char *path;
    const char *evidence; /* why we believe that it is one, and that it stands where it does */
    bool is_listed;       /* an ApplicationSet says its order */
    size_t number;        /* as it was found */
};

struct inspect_file {
    const char *path;
    const size_t *targets; /* indexes; those that reach the file */
    /* Of each of them: the kustomization that names the file; NULL: none does, "": several do. */
    const char *const *parents;
    size_t target_count;
};

/* What a kustomization takes from elsewhere: what it brings is unknown, and never edited. */
struct inspect_remote {
    const char *file;
    unsigned line;
    const char *url;
    struct inspect_remote *next;
};

struct inspect_place {
    const struct inspect_file *file;
    struct locate_place at; /* without nodes: the file's tree is gone */
    /* Of a tag alone: the place in another file that names the image; NULL: it says all of it. */
    const struct locate_place *base;
    const char *base_file;
};

struct inspection {
    struct inspect_target *targets; /* in the order of their stages */
    size_t target_count;
    size_t elsewhere_count; /* targets of other branches and repositories, which cannot be seen */
    bool is_guessed;
    struct inspect_place *places; /* by file, then by place in it */
    size_t place_count;
    struct inspect_file *files; /* all YAML files, by path */
    size_t file_count;
    struct inspect_remote *remotes;    /* by the kustomizations that targets use */
    struct manifest_problem *problems; /* files that could not be read, and why */
    struct manifest_problem *unknowns; /* what only a cluster, a Git host or a registry knows */
    const struct values_chain *chains; /* private */
    size_t chain_count;
    const struct pipeline *pipeline; /* heddle.yaml; NULL: there is none */
    const struct pipeline_trouble
        *pipeline_troubles; /* of inspect_check(): why it cannot be read */
    size_t pipeline_trouble_count;
};

/* Look at the whole tree.  A file that cannot be read is a problem, never a failure of the rest. */
bool inspect_tree(const struct manifest_tree *tree, struct arena *arena, struct inspection **out,
                  struct err *err) MUST_CHECK;

/* Which image shall get which version, where. */
struct inspect_wish {
    const char *image;        /* the name as it is written, without tag; NULL: any */
    const char *tag, *digest; /* "" for none; a place's old digest then goes */
    const char *workload;     /* "Deployment/cart", or NULL: any */
    const char *target;       /* a target's name, or NULL: every place, whoever uses it */
};

struct inspect_edit {
    const char *file;
    struct slice before, after;
};
struct inspect_refusal {
    const char *file;
    unsigned line, column; /* 0: the whole file */
    const char *reason;
};
struct inspect_outcome {
    size_t place_count;         /* that use the image; 0: nothing does */
    struct inspect_edit *edits; /* by file; nothing is written */
    size_t edit_count;
    struct inspect_refusal *refusals;
    size_t refusal_count;
};

/* Make the edits that fulfil the wish; charts' versions are no images.  Each edit changes the bytes
   of its version and nothing else.  A place that cannot be changed is a refusal, and the others
   still are.  In the arena. */
bool inspect_change(const struct manifest_tree *tree, const struct inspection *inspection,
                    const struct inspect_wish *wish, struct arena *arena,
                    struct inspect_outcome *out, struct err *err) MUST_CHECK;

/* ---- what is wrong with it, or will be ---- */

enum inspect_level { INSPECT_ERROR, INSPECT_WARNING };
struct inspect_rule {
    const char *id; /* "mutable-tag" */
    enum inspect_level level;
    const char *summary;
};
extern const struct inspect_rule inspect_rules[];
extern const size_t inspect_rule_count;

struct inspect_finding {
    const struct inspect_rule *rule;
    const char *file;
    unsigned line, column;        /* from 1; 0: the whole file */
    const char *message, *remedy; /* without end marks; remedy may be "" */
};

/* Look through heddle.yaml and the files that its targets use; without a heddle.yaml, that the
   guessed targets use.  Findings come by file and place, and say each thing once.  In the arena. */
bool inspect_check(const struct manifest_tree *tree, struct arena *arena,
                   struct inspection **out_inspection, struct inspect_finding **out,
                   size_t *out_count, struct err *err) MUST_CHECK;
