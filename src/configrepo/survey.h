/*
 * survey: one commit and the paths of all targets, and a walk through one of them.
 *
 * A walk does to each workload's images what kustomize would do, in its order, and remembers
 * which scalar had the last word.
 */
#pragma once

#include "base/vec.h"
#include "configrepo/tree.h"

#define WALK_DEPTH_MAX 32             /* kustomizations over kustomizations */
#define WALK_KUSTOMIZATIONS_MAX 10000 /* of one target */

/* A target's path that reads a file. */
struct user {
    const char *path;
    struct user *next;
};

struct configrepo_survey {
    struct arena *arena;
    struct commit_tree *tree;
    struct table users; /* file → struct user */
};

/* One container's image on its way through the kustomizations. */
struct slot {
    const char *container;
    const struct yaml_node *field;           /* the manifest's image */
    bool is_shared;                          /* aliases make more of its container */
    const char *name, *tag, *digest;         /* as they are now; "" when absent */
    const struct manifest_kustomization *by; /* who wrote the version; NULL: the manifest */
    const struct manifest_image *entry;      /* the entry of `by` that did */
    const struct manifest_kustomization *renamed_by, *suffixed_by, *patched_by;
    const struct manifest_image *renaming, *suffixing;
};

struct file_name {
    const char *path;
    struct file_name *next;
};

struct item {
    const struct manifest_object *object;
    enum workload_kind kind;
    const char *name, *namespace;
    struct slot *slots;
    size_t slot_count;
    struct file_name *files; /* newest first */
};

struct walk {
    struct configrepo_survey *survey;
    const char *path;
    struct manifest_tree tree;
    const struct manifest_kustomization *root; /* of the path itself, or NULL */
    struct item *items;                        /* in the order of the files */
    size_t item_count;
    struct manifest_problem *problems;
};

/* ---- survey.c ---- */

/* In the arena, without configrepo_survey_close(); no path uses anything yet. */
struct configrepo_survey *survey_new(struct git *git, const char *commit, struct arena *arena);
/* See which files these paths read. */
bool survey_add_users(struct configrepo_survey *survey, const char *const *paths, size_t count,
                      struct err *err) MUST_CHECK;
/* Another target's path that reads the file, or NULL. */
const char *survey_other_user(const struct configrepo_survey *survey, const char *file,
                              const char *path);

/* ---- walk.c ---- */

/* Walk through a target's path, reading by `tree`: the survey's own, or one that hides contents.
   In the survey's arena. */
bool walk_path(struct configrepo_survey *survey, const char *path, const struct manifest_tree *tree,
               struct walk **out, struct err *err) MUST_CHECK;

/* ---- images.c ---- */

/* Take an image apart as kustomize does, valid or not. */
void slot_read_image(struct slot *slot, struct arena *arena);
/* Run the images: of a kustomization over one container. */
void slot_apply_images(struct slot *slot, const struct manifest_kustomization *kustomization,
                       struct arena *arena);

/* ---- place.c ---- */

/* Why the version cannot be edited for this target alone; NULL: it can. */
const char *slot_blocked(const struct walk *walk, const struct item *item, const struct slot *slot,
                         struct arena *arena);
/* False when its text is no image reference. */
bool slot_image(const struct slot *slot, struct image *out);
const char *slot_file(const struct item *item, const struct slot *slot);

/* ---- scan.c ---- */

bool scan_of_walk(const struct walk *walk, struct arena *arena, struct scan **out,
                  struct err *err) MUST_CHECK;

/* ---- edit.c ---- */

/* One change of a file's bytes: another value for a scalar, or (start == end) new text. */
struct byte_edit {
    const char *file;
    struct slice text; /* the whole file */
    size_t start, end;
    const char *value; /* of the scalar; NULL: an insertion */
    const char *inserted;
    const struct yaml_node *entry; /* where a key is inserted: the images: entry */
    const char *key, *key_value;   /* and what it is */
    const char *before, *after;    /* for people */
};
typedef VEC(struct byte_edit) edit_vec;

/* Add the edits that give a container this version; none when it has it. */
bool edit_slot(const struct item *item, const struct slot *slot, const struct image *to,
               struct arena *arena, edit_vec *edits, struct err *err) MUST_CHECK;
/* The file with its edits, sorted by place; both verified by parsing the result. */
bool edit_file(const struct byte_edit *edits, size_t count, struct arena *arena, struct slice *out,
               struct err *err) MUST_CHECK;
