/* internal: what the files of render share.
 *
 *   render.c     one pass over a target: gather units, look for duplicates
 *   cache.c      units, and what they were made from
 *   build.c      a kustomization, natively; the transformers are in files of their name
 *   identity.c   what an object is and was called; references.c follows names by name_places.c
 *   merge.c      a strategic merge; its lists in merge_lists.c, their keys in merge_keys.c
 *   program.c    a kustomization, by the kustomize program, and helm for its charts.c
 */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "render/render.h"

/* Kustomizations below one another, and how many one target may visit in all: a kustomization
   can gather others twice each, and those again, so that depth alone is no bound. */
#define RENDER_DEPTH_MAX 32
#define RENDER_VISITS_MAX 50000

/* Who an object is.  The namespace is "default" when none is given, and of objects that belong to
   the cluster a word that is no namespace. */
struct identity {
    const char *api_version, *kind, *namespace, *name;
};
/* What it was called before, oldest first. */
struct former {
    const char *kind, *namespace, *name;
    struct former *next;
};
/* What was put before or behind its name, newest first. */
struct affix {
    const char *text;
    struct affix *next;
};
/* How the nulls of an object were written: a merge drops those that are only left blank. */
enum nulls { NULLS_WRITTEN = 1, NULLS_BLANK = 2 };

/* An object while it is being built.  Texts are in the pass's or builder's arena. */
struct draft {
    json_t *json; /* owned by the list */
    const char *file;
    unsigned line; /* 0: not known */
    unsigned nulls;
    struct former *formers;
    struct affix *prefixes, *suffixes;
    bool is_generated; /* by a generator of a kustomization */
    bool needs_hash;   /* its name gets a hash of its content at the end */
};
struct draft_list {
    VEC(struct draft) all;
};
void draft_list_done(struct draft_list *list);
/* Takes the reference to `json`; the new draft is good until the next one is added. */
struct draft *draft_add(struct draft_list *list, json_t *json, const char *file, unsigned line);
void draft_remove(struct draft_list *list, size_t index);

/* A file that a unit was made from: the unit is good as long as the tree says the same identity. */
struct dependency {
    const char *path;
    const char *oid; /* "": it was missing */
};

/* A name that a unit changed, or one that it refers to others by. */
struct unit_name {
    const char *name; /* what it was called, or what it is referred to by */
    const char *key;  /* the same, behind its namespace; "*" of the cluster, "?" of any */
    bool is_far;      /* of any namespace */
    bool is_mapping;  /* referred to together with its namespace; of a change: only that changed */
};

/* What is rendered and remembered as one: a file, a kustomization that changes what it gathers, or
   the list of one that only gathers. */
struct unit {
    struct arena *arena;
    const char *file; /* the kustomization's, or the file itself */
    struct render_object *objects;
    const char **ids; /* of the objects: "group/Kind/namespace/name" */
    size_t count;
    const char **children; /* of one that only gathers: paths */
    size_t child_count;
    struct manifest_problem *problems;
    VEC(struct dependency) dependencies;
    const char *folder;     /* that all of these are below, or NULL */
    const char *folder_oid; /* of when they were last found unchanged */
    VEC(struct unit_name) renamed, references;
    bool is_opaque;    /* the program made it, and may have changed names */
    bool is_used;      /* in this pass: others are dropped at its end */
    bool is_transient; /* made of a failure that may be over next time: good for its pass only */
    unsigned pass;     /* that made it */
};

struct render_cache {
    struct map units; /* what it is and its path → struct unit */
    unsigned pass;    /* counts them */
};

struct unit *unit_new(void);
void unit_free(struct unit **unit);
/* The remembered unit, when everything that it was made from is unchanged. */
struct unit *cache_find(struct render_cache *cache, const struct manifest_tree *tree,
                        const char *key, struct arena *scratch);
void cache_put(struct render_cache *cache, const char *key, struct unit *unit);
/* What a unit was made from is all noted: is it all below its folder? */
void unit_settle(struct unit *unit, const struct manifest_tree *tree, const char *folder);
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
/* Take out what is for tools only. */
void drop_local(struct draft_list *list);
/* Build it natively: objects into `out`; false and err when it cannot be built.  When only the
   program can say what comes out, *beyond is the kustomization whose `unsupported` names why. */
bool build_natively(const struct manifest_tree *tree, struct manifest_kustomization *top,
                    struct arena *arena, struct draft_list *out,
                    const struct manifest_kustomization **beyond, struct err *err) MUST_CHECK;
/* And then, once the names are noted that it changed: follow them, and leave out what is for tools
   only. */
bool settle_names(const struct manifest_tree *tree, struct manifest_kustomization *top,
                  struct arena *arena, struct draft_list *out,
                  const struct manifest_kustomization **beyond, struct err *err) MUST_CHECK;
/* May the kustomization, or one that it is made of, change names in ways that we do not see? */
bool may_rename(const struct manifest_tree *tree, struct manifest_kustomization *top,
                struct arena *arena);
/* Is it one that kustomize takes, whatever it asks for? */
bool check_kustomization(const struct manifest_kustomization *kustomization,
                         struct err *err) MUST_CHECK;
/* The first kustomization that this one is made of and that only the program can build, or NULL. */
bool find_unsupported(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                      struct arena *arena, const struct manifest_kustomization **out,
                      struct err *err) MUST_CHECK;
/* Folders of the charts that a kustomization's helmCharts name; the list's memory is the caller's.
 */
struct chart_list {
    const char **items;
    size_t count, capacity;
};
/* ERR_REFUSED when one is not in the tree. */
bool list_charts(const struct manifest_tree *tree,
                 const struct manifest_kustomization *kustomization, struct arena *arena,
                 struct chart_list *out, struct err *err) MUST_CHECK;
/* Build it by the `kustomize` program, in a private folder and a child with limits; `where`
   is why. */
bool build_by_program(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                      const struct manifest_kustomization *where, struct arena *arena,
                      struct draft_list *out, struct err *err) MUST_CHECK;
/* What its charts alone make, before the kustomization does anything to it. */
bool build_charts(const struct manifest_tree *tree, const struct manifest_kustomization *top,
                  struct arena *arena, struct draft_list *out, struct err *err) MUST_CHECK;

/* A kustomization at work on what it has gathered. */
struct transformation {
    const struct manifest_tree *tree;
    struct arena *arena;
    struct manifest_kustomization *kustomization;
    struct draft_list *list;
    const struct manifest_kustomization **beyond;
};
/* Here only the program knows what comes out: say so, and return false. */
bool leave_to_program(struct transformation *work, const char *field, const struct yaml_node *at,
                      struct err *err);

/* Transformers; each follows one field of the kustomization. */
bool apply_merge_patches(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_patches(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_namespace(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_name_prefix(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_name_suffix(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_labels(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_common_labels(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_common_annotations(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_json_patches(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_replicas(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_images(struct transformation *work, struct err *err) MUST_CHECK;
bool apply_replacements(struct transformation *work, struct err *err) MUST_CHECK;
/* configMapGenerator and secretGenerator. */
bool generate(struct transformation *work, struct err *err) MUST_CHECK;
/* Once, for all that a target's kustomizations have made: hashes into names, and names into what
   refers to them. */
bool add_hashes(struct transformation *work, struct err *err) MUST_CHECK;
bool follow_names(struct transformation *work, struct err *err) MUST_CHECK;
/* Note which names a unit changed and refers to, before they are followed. */
void note_names(struct unit *unit, const struct draft_list *list);
/* Units of one kustomization that only gathers are apart from one another, unless one may refer to
   what another has renamed. */
bool names_cross(const struct unit *const *units, size_t count, struct arena *scratch);

/* ---- identity ---- */

struct identity identity_of(const struct draft *draft);
/* The n-th thing that the draft was called, oldest first; its present identity is the last one.
   False behind that. */
bool identity_at(const struct draft *draft, size_t n, struct identity *out);
bool identity_equals(const struct identity *left, const struct identity *right);
/* Its name, namespace or kind is about to change. */
void remember_identity(struct arena *arena, struct draft *draft);
/* Does one of its identities equal this one? */
bool was_ever(const struct draft *draft, const struct identity *identity);
/* Empty parts of a row mean any; `group` and `version` as in an apiVersion. */
bool identity_is_a(const struct identity *identity, const char *group, const char *version,
                   const char *kind);
/* Every identity only once, as each change of the list must keep it. */
bool check_unique(struct arena *arena, const struct draft_list *list, struct err *err) MUST_CHECK;

/* A file that a field of the kustomization names. */
bool read_named_file(struct transformation *work, const struct yaml_node *at, const char *name,
                     struct slice *out, struct err *err) MUST_CHECK;

/* ---- selecting ---- */

/* A target of patches or replacements: patterns must fit the whole text. */
struct selector {
    const char *group, *version, *kind, *name, *namespace; /* NULL: any */
    const char *labels, *annotations;
};
/* False, and at is told, when only the program can say what is selected. */
bool selector_read(struct transformation *work, const struct yaml_node *node, const char *field,
                   struct selector *out, struct err *err) MUST_CHECK;
bool selector_takes(const struct selector *selector, const struct draft *draft);
bool selector_takes_identity(const struct selector *selector, const struct identity *identity);
bool selector_takes_labels(const struct selector *selector, const struct draft *draft);
/* A regular expression of the plain sort: letters, '.', '*', '+', '?', '|' and escaped marks. */
bool pattern_is_plain(const char *pattern);
bool pattern_fits(const char *pattern, const char *text);

/* ---- patching ---- */

enum outcome { OUTCOME_DONE, OUTCOME_REMOVED, OUTCOME_BEYOND };
/* Merge a strategic patch, which is used up, into an object. */
enum outcome merge_patch(struct draft *draft, json_t *patch);
/* Apply JSON patch operations; anything but success is beyond. */
enum outcome json_patch(json_t **object, const json_t *operations);

/* Put all pairs into the object at a path: dotted keys, "[]" behind one whose items are all meant.
   What is missing on the way is made only when `create`. */
void fields_put(json_t *root, const char *path, bool create, json_t *pairs);
/* Call for each value at a path with '/' between keys; lists on the way are gone through.  False
   when the path meets a plain value: kustomize would fail.  `holder` is the object or list. */
struct field {
    json_t *holder, *value;
    const char *key; /* in an object */
    size_t index;    /* in a list */
};
bool fields_visit(json_t *root, const char *path,
                  bool (*visit)(void *context, const struct field *field), void *context);
void field_set(const struct field *field, json_t *value); /* takes the reference */
/* Is it a mapping with no other keys than these? */
bool has_only_keys(const struct yaml_node *node, const char *const *keys, size_t count);
/* The mapping of texts below a field, as kustomize reads it; NULL and err when it is another. */
json_t *text_pairs(const struct yaml_node *node, const char *what, struct err *err) MUST_CHECK;
/* Group of an apiVersion: "apps" of "apps/v1", "" of "v1". */
struct slice group_of(const char *api_version);
/* Is this kind known to belong to no namespace? */
bool kind_is_of_cluster(const char *api_version, const char *kind);
