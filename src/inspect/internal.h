/* internal: what the files of inspect/ share. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "inspect/inspect.h"

/* Folders below one another: no repository is nested deeper on purpose. */
#define INSPECT_DEPTH_MAX 32

/* layers.h */
struct values_layer;
struct values_chain {
    size_t target;
    const struct values_layer *layers; /* what comes later has the last word */
    size_t count;
    bool is_by_kustomize; /* the kustomization may change the images afterwards */
};

struct found_file {
    const char *path;
    VEC(size_t) targets;       /* that reach it, ascending */
    VEC(const char *) parents; /* of each of them: see inspect_file */
    bool is_held;              /* the folder of a target leads to it */
};

struct inspector {
    const struct manifest_tree *tree;
    struct arena *arena;
    VEC(struct found_file *) files; /* every YAML file, sorted by path */
    struct map by_path;             /* path → struct found_file */
    struct map folders;             /* their paths */
    VEC(const char *) folder_list;  /* sorted as they were met */
    VEC(struct inspect_target) targets;
    VEC(struct inspect_place) places;
    struct map values_files; /* paths that somebody names as a values file */
    VEC(struct values_chain) chains;
    size_t layer_trials;
    struct manifest_problem **problems_end, **unknowns_end;
    struct map unknowns; /* "file:line" of those that are told */
    struct inspect_remote **remotes_end;
    struct map remotes; /* "file:line" of those that are known */
    struct map
        generated; /* "file:line" of an ApplicationSet's generators → struct parameter_list */
    size_t generator_steps;
    struct inspection *result;
    bool is_check; /* a broken heddle.yaml is a finding, and the rest is looked at */
};

void inspector_problem(struct inspector *inspector, const char *file, unsigned line,
                       const char *text);
/* Tell once what cannot be known offline. */
void inspector_unknown(struct inspector *inspector, const char *file, unsigned line,
                       const char *text);
/* Parse a file into the given arena; false when it is no YAML.  `out_documents` may be NULL. */
bool inspector_parse(struct inspector *inspector, const char *path, struct arena *arena,
                     struct slice *out_text, struct yaml_document **out_documents, struct err *err);

/* files.c: find every YAML file and folder. */
bool find_files(struct inspector *inspector, struct err *err);
/* targets.c: from heddle.yaml, or guessed. */
bool find_targets(struct inspector *inspector, struct err *err);
/* guess.c */
void guess_targets(struct inspector *inspector);
/* By the words of its name, from the first stage on. */
#define RANK_UNKNOWN 20
int target_rank(const char *name);
/* order.c: of guessed targets whose names do not tell it, by the versions that were found. */
void order_targets(struct inspector *inspector);
/* reach.c: which files each target uses. */
void find_reach(struct inspector *inspector);
/* generators.c: what an ApplicationSet's generators know of one application each, in the arena.  Of
   a key that stands there twice, the first one counts. */
struct parameter {
    const char *key, *value;
    const struct parameter *next;
};
struct parameter_list {
    const struct parameter **sets;
    size_t count;
};
/* Remembered, since each target asks. */
const struct parameter_list *find_parameters(struct inspector *inspector, const char *file,
                                             const struct yaml_node *generators);
/* A text of a template as the parameters fill it in; "" when they do not say all of it. */
const char *fill_in(struct inspector *inspector, const char *template,
                    const struct parameter *parameters);
/* places.c: every version of every file. */
void find_places(struct inspector *inspector);
/* Add a place that says the version of an image that `base` in another file names, or complete the
   one that is there. */
void places_add_partial(struct inspector *inspector, const char *path,
                        const struct locate_place *found, const struct locate_place *base,
                        const char *base_file);
/* locate's view of a file, with the fields that heddle.yaml names. */
struct locate_file file_to_locate(const struct inspection *inspection, const char *path,
                                  bool is_values);
/* The file of this path, or NULL. */
const struct inspect_file *inspection_file(const struct inspection *inspection, const char *path);
/* override.c: the nearest kustomization above the file that only this target reads, or NULL. */
const struct inspect_file *own_kustomization(const struct inspection *inspection,
                                             const struct inspect_file *file,
                                             const struct inspect_target *target);
/* override.c: can the target say other values than this file of them does, in a file of its own or
   by a kustomization? */
bool values_have_own(const struct inspection *inspection, const struct inspect_file *file,
                     const struct inspect_target *target);
/* All of it.  `is_check` is the inspector's. */
bool inspect_all(const struct manifest_tree *tree, bool is_check, struct arena *arena,
                 struct inspection **out, struct err *err) MUST_CHECK;

static inline const char *text_of(const struct yaml_node *node)
{
    return node && node->kind == YAML_SCALAR ? node->text : "";
}
