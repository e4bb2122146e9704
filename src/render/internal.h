/* internal: what the files of render/ share. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "render/render.h"

/* An object while it is being built. */
struct draft {
    json_t *json;     /* owned by the list */
    const char *file; /* in the unit's arena */
    unsigned line;
};
struct draft_list {
    VEC(struct draft) all;
};
void draft_list_done(struct draft_list *list);

/* A file that a unit was made from: the unit is good as long as the tree says the same identity. */
struct dependency {
    const char *path;
    const char *oid;
};

/* What is rendered and remembered as one: a plain file, or a kustomization that changes what it gathers. */
struct unit {
    struct arena *arena;
    struct render_object *objects;
    size_t count;
    struct manifest_problem *problems;
    VEC(struct dependency) dependencies;
    bool is_used; /* in this pass: others are dropped at its end */
};

struct render_cache {
    struct map units; /* path → struct unit */
};

/* One pass over one target. */
struct pass {
    struct render_cache *cache;
    const struct manifest_tree *tree;
    struct arena *arena; /* of the result */
    VEC(struct render_object) objects;
    struct manifest_problem *problems;
    struct map seen;     /* "group/Kind/namespace/name" → struct render_object's index + 1 */
    size_t files_read;
};

struct unit *unit_new(void);
void unit_free(struct unit **unit);
/* The remembered unit of a path, when everything that it was made from is unchanged. */
struct unit *cache_find(struct pass *pass, const char *path);
void cache_put(struct render_cache *cache, const char *path, struct unit *unit);
void cache_drop_unused(struct render_cache *cache);

void add_problem(struct arena *arena, struct manifest_problem **problems, const char *file,
                 unsigned line, const char *text);

/* A manifest_tree that notes what is read through it. */
struct recorder {
    const struct manifest_tree *tree;
    struct unit *unit;
    size_t files_read;
};
struct manifest_tree recorder_tree(struct recorder *recorder);

/* Build a kustomization natively: objects into `out`; false and err when it cannot be built. */
bool build_natively(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                    struct arena *arena, struct draft_list *out, struct err *err) MUST_CHECK;
/* Does anything that this kustomization is made of need the program?  Names the first field. */
bool needs_program(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                   struct arena *arena, const struct manifest_kustomization **out_where,
                   struct err *err);
/* Build it by the `kustomize` program, in a private folder and a child with limits. */
bool build_by_program(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                      const struct manifest_kustomization *where, struct arena *arena,
                      struct draft_list *out, struct err *err) MUST_CHECK;
bool draft_of_node(const struct yaml_node *root, const char *file, struct draft_list *out,
                   struct err *err) MUST_CHECK;

/* Transformers; each follows one field of the kustomization. */
bool apply_namespace(const struct manifest_kustomization *kustomization, struct draft_list *list,
                     struct err *err) MUST_CHECK;
bool apply_labels(const struct manifest_kustomization *kustomization, struct draft_list *list,
                  struct err *err) MUST_CHECK;
void apply_images(const struct manifest_kustomization *kustomization, struct draft_list *list);
bool apply_replicas(const struct manifest_kustomization *kustomization, struct draft_list *list,
                    struct err *err) MUST_CHECK;

/* Put all pairs into the object at a path: dotted keys, "[]" behind one whose items are all meant.  What is
   missing on the way is made only when `create`. */
void fields_put_labels(json_t *root, const char *path, bool create, const json_t *pairs);
/* Is this kind known to belong to no namespace? */
bool kind_is_of_cluster(const char *api_version, const char *kind);
