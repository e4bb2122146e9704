/* internal: what the files of render share.
 *
 *   render.c     one pass over a target: gather units, look for duplicates
 *   cache.c      units, and what they were made from
 *   build.c      a kustomization, natively; the transformers are in files of their name
 *   program.c    a kustomization, by the kustomize program
 */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "render/render.h"

/* Kustomizations below one another, and how many one target may visit in all: a kustomization
   can gather others twice each, and those again, so that depth alone is no bound. */
#define RENDER_DEPTH_MAX 32
#define RENDER_VISITS_MAX 50000

/* An object while it is being built. */
struct draft {
    json_t *json;     /* owned by the list */
    const char *file; /* in the pass's or builder's arena */
    unsigned line;    /* 0: not known */
};
struct draft_list {
    VEC(struct draft) all;
};
void draft_list_done(struct draft_list *list);
/* Takes the reference to `json`. */
void draft_add(struct draft_list *list, json_t *json, const char *file, unsigned line);

/* A file that a unit was made from: the unit is good as long as the tree says the same identity. */
struct dependency {
    const char *path;
    const char *oid; /* "": it was missing */
};

/* What is rendered and remembered as one: a file, a kustomization that changes what it gathers, or
   the list of one that only gathers. */
struct unit {
    struct arena *arena;
    const char *file; /* the kustomization's, or the file itself */
    struct render_object *objects;
    size_t count;
    const char **children; /* of one that only gathers: paths */
    size_t child_count;
    struct manifest_problem *problems;
    VEC(struct dependency) dependencies;
    bool is_used;      /* in this pass: others are dropped at its end */
    bool is_transient; /* made of a failure that may be over next time: not remembered */
};

struct render_cache {
    struct map units; /* what it is and its path → struct unit */
};

struct unit *unit_new(void);
void unit_free(struct unit **unit);
/* The remembered unit, when everything that it was made from is unchanged. */
struct unit *cache_find(struct render_cache *cache, const struct manifest_tree *tree,
                        const char *key, struct arena *scratch);
void cache_put(struct render_cache *cache, const char *key, struct unit *unit);
/* Forget what was not found or put since the last call. */
void cache_drop_unused(struct render_cache *cache);

/* A file that is missing, a link or broken is a fact of this commit and may be remembered; a store
   or a program that is away is not. */
bool is_about_files(enum err_kind kind);

/* A manifest_tree that notes in a unit what is read through it. */
struct recorder {
    const struct manifest_tree *tree;
    struct unit *unit;
    struct map noted; /* paths that are in the unit's dependencies */
    size_t files_read;
    struct err failure; /* the first one that says nothing about the files: the store is away */
};
void recorder_done(struct recorder *recorder);
struct manifest_tree recorder_tree(struct recorder *recorder);

/* A problem at the end of a list; returns the new end. */
struct manifest_problem **add_problem(struct arena *arena, struct manifest_problem **end,
                                      const struct manifest_problem *problem);

/* ---- a kustomization ---- */

bool is_folder(const struct manifest_tree *tree, const char *path, struct arena *scratch);
/* The objects of one file of `resources`, as kustomize reads them; false when one cannot be read.
 */
bool read_resource(const struct manifest_tree *tree, const char *path, struct arena *arena,
                   struct draft_list *out, struct err *err) MUST_CHECK;
/* Build it natively: objects into `out`; false and err when it cannot be built. */
bool build_natively(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                    struct arena *arena, struct draft_list *out, struct err *err) MUST_CHECK;
/* The first kustomization that this one is made of and that only the program can build, or NULL. */
bool find_unsupported(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                      struct arena *arena, const struct manifest_kustomization **out,
                      struct err *err) MUST_CHECK;
/* Build it by the `kustomize` program, in a private folder and a child with limits; `where`
   is why. */
bool build_by_program(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                      const struct manifest_kustomization *where, struct arena *arena,
                      struct draft_list *out, struct err *err) MUST_CHECK;

/* Transformers; each follows one field of the kustomization. */
bool apply_namespace(const struct manifest_kustomization *kustomization, struct draft_list *list,
                     struct err *err) MUST_CHECK;
bool apply_labels(const struct manifest_kustomization *kustomization, struct draft_list *list,
                  struct err *err) MUST_CHECK;
bool apply_replicas(const struct manifest_kustomization *kustomization, struct draft_list *list,
                    struct err *err) MUST_CHECK;
bool apply_images(const struct manifest_kustomization *kustomization, struct draft_list *list,
                  struct err *err) MUST_CHECK;

/* Put all pairs into the object at a path: dotted keys, "[]" behind one whose items are all meant.
   What is missing on the way is made only when `create`. */
void fields_put(json_t *root, const char *path, bool create, json_t *pairs);
/* Group of an apiVersion: "apps" of "apps/v1", "" of "v1". */
struct slice group_of(const char *api_version);
/* Is this kind known to belong to no namespace? */
bool kind_is_of_cluster(const char *api_version, const char *kind);
