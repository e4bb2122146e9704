/*
 * survey: one commit and the paths of all targets, and a walk through one of them.
 *
 * A walk does to each workload's images what kustomize would do, in its order, and remembers
 * which scalar had the last word.
 */
#pragma once

#include "base/vec.h"
#include "configrepo/tree.h"
#include "locate/locate.h"

#define WALK_DEPTH_MAX 32             /* kustomizations over kustomizations */
#define WALK_KUSTOMIZATIONS_MAX 10000 /* of one target */

/* A target's path that reads a file. */
struct user {
    const char *path;
    struct user *next;
};

/* The fields that heddle.yaml names. */
struct field_list {
    const struct image_field *items;
    size_t count;
};

struct configrepo_survey {
    struct arena *arena;
    struct commit_tree *tree;
    struct field_list fields; /* the caller's */
    struct chart_renderer charts;
    bool is_skimming;   /* who reads what is all that is wanted */
    bool has_named;     /* survey_add_named() was done */
    const char **paths; /* whose users are known */
    size_t path_count;
    struct table users; /* file → struct user */
};

/* Where a version stands.  `at` NULL: what stands there is no image. */
struct written {
    const char *file;
    struct slice text; /* the whole file */
    const struct locate_place *at;
};

/* A file of a chart's values, the one with the last word first. */
struct chart_file {
    const char *path;
    struct slice text;
    struct yaml_node *root;
    const struct chart_file *below;
};

/* An image in the values of a chart. */
struct chart_value {
    const char *path;                /* of its keys: "redis.image" */
    struct written said;             /* where the last word stands */
    const struct locate_place *base; /* that it is a patch of; NULL: it says all of it */
    const struct chart_file *files;  /* of its chart */
};

/* What a chart makes of its values. */
struct chart_origin {
    const struct chart_value *value; /* NULL: it is not known which one it is */
    const char *trouble;             /* why not */
};

/* One container's image on its way through the kustomizations. */
struct slot {
    const char *container;
    const struct yaml_node *field;                /* the manifest's scalar, or its mapping */
    bool is_field;                                /* kustomize's images: applies to it */
    bool is_shared;                               /* aliases make more of its container */
    struct written own;                           /* in the manifest */
    struct written last;                          /* where the last word stands */
    const char *name, *tag, *digest;              /* as they are now; "" when absent */
    const struct manifest_kustomization *by;      /* whose images: has the last word, or NULL */
    const struct manifest_image *entry;           /* the entry of `by` that has it */
    const struct manifest_kustomization *said_in; /* whose entry or patch has it; NULL: none */
    const struct manifest_kustomization *renamed_by, *suffixed_by, *patched_by;
    const struct manifest_image *renaming, *suffixing;
    const struct chart_origin *origin; /* NULL: no chart makes it */
    const struct item *holder; /* of a chart: the object that has its version; NULL: its own */
    const char *note;          /* what else people should know of it, or NULL */
};

struct file_name {
    const char *path;
    struct file_name *next;
};

/* A kustomization that an item goes through, and what it is called there: a patch names it so. */
struct passage {
    const struct manifest_kustomization *through;
    const char *name, *namespace;
    struct passage *next; /* the one below it */
};

struct item {
    const struct manifest_object *object;
    enum workload_kind kind;
    const char *name, *namespace;
    bool is_of_chart;                     /* kustomize leaves its namespace as helm gives it */
    bool is_source;                       /* no workload, but where Flux takes charts from */
    bool is_moved;                        /* a patch may say another address of it */
    const struct yaml_node *values_files; /* of a chart, as a patch says it; or NULL */
    const struct manifest_kustomization *values_files_by; /* whose patch may say others, or NULL */
    struct slot *slots;
    size_t slot_count;
    struct passage *passages; /* the last one first */
    struct file_name *files;  /* newest first */
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
struct configrepo_survey *survey_new(struct git *git, const char *commit,
                                     struct configrepo_memory *memory, struct arena *arena);
/* See which files these paths read. */
bool survey_add_users(struct configrepo_survey *survey, const char *const *paths, size_t count,
                      struct err *err) MUST_CHECK;
/* And which ones their objects name: values of charts.  All manifests are read for it, so it is
   done when an object is met that names some, and once. */
bool survey_add_named(struct configrepo_survey *survey, struct err *err) MUST_CHECK;
/* Another target's path that reads the file, or NULL. */
const char *survey_other_user(const struct configrepo_survey *survey, const char *file,
                              const char *path);

/* ---- walk.c ---- */

/* Walk through a target's path, reading by `tree`: the survey's own, or one that hides contents.
   In the survey's arena. */
bool walk_path(struct configrepo_survey *survey, const char *path, const struct manifest_tree *tree,
               struct walk **out, struct err *err) MUST_CHECK;

/* ---- charts.c ---- */

/* Does no file say its version: a chart makes it, nobody knows from what, and nothing after that
   says another one? */
bool slot_is_unplaced(const struct slot *slot);

/* ---- releases.c ---- */

/* Is it a chart's version? */
bool slot_is_chart(const struct slot *slot);
/* Is there a version to promote?  Not in a chart's source, and not in a release whose chart is of
   Git. */
bool item_has_version(const struct item *item);
/* A release of which nothing but its chart has a version: it gives way to a workload of its name.
 */
bool item_is_chart_alone(const struct item *item);
/* Give each HelmRelease the version of its chart, wherever it stands among the walk's objects. */
void walk_resolve_charts(struct walk *walk);
/* The version as Git has it in the slot: with a "+", and without a digest where none can be. */
void slot_write_chart(const struct slot *slot, struct image *version);

/* ---- images.c ---- */

/* Take an image apart as kustomize does, valid or not. */
void slot_read_image(struct slot *slot, struct arena *arena);
/* Run the images: of a kustomization over one container. */
void slot_apply_images(struct slot *slot, const struct manifest_kustomization *kustomization,
                       struct arena *arena);

/* ---- own.c ---- */

/* Must the slot's version be said elsewhere: another target reads the file where it stands, or no
   file says it?  `out` is in the arena. */
bool own_case(const struct walk *walk, const struct item *item, const struct slot *slot,
              struct arena *arena, const struct override_case **out);

/* ---- place.c ---- */

/* Why the version cannot be edited for this target alone; NULL: it can, perhaps by an override. */
const char *slot_blocked(const struct walk *walk, const struct item *item, const struct slot *slot,
                         struct override *out, struct arena *arena);
/* False when its text is no image reference. */
bool slot_image(const struct slot *slot, struct image *out);
unsigned slot_line(const struct slot *slot);

/* ---- scan.c ---- */

bool scan_of_walk(const struct walk *walk, struct arena *arena, struct scan **out,
                  struct err *err) MUST_CHECK;

/* ---- edit.c ---- */

enum edit_kind {
    EDIT_PLACE,       /* another version in a place */
    EDIT_VALUE,       /* one more value in a file of a chart's values */
    EDIT_ENTRY,       /* one more entry of a kustomization's images: */
    EDIT_PATCH_PATH,  /* one more path in a kustomization's patches: */
    EDIT_PATCH_VALUE, /* a value in a patch that is a new file */
};
struct edit {
    enum edit_kind kind;
    const char *file;
    struct slice text;                  /* the whole file; of a new one nothing */
    const struct locate_place *at;      /* by its line and column; of a patch's value: what it
                                           overrides */
    const struct locate_place *patched; /* `at` stands in a patch of this; or NULL */
    const struct override_case *of;     /* that a new patch is for */
    const char *name; /* the image of an entry, the path of a patch or value, or the container */
    const char *tag, *digest;
};
typedef VEC(struct edit) edit_vec;

/* Add one edit; the texts are copied. */
struct edit *edits_add(edit_vec *edits, enum edit_kind kind, const char *file, const char *tag,
                       const char *digest, struct arena *arena);
/* Add those by which an override says this version. */
void edits_add_override(edit_vec *edits, const struct override_case *of,
                        const struct override *override, const char *tag, const char *digest,
                        struct arena *arena);

/* Add the edits that give a container this version.  ERR_REFUSED: why it cannot have it. */
bool edit_slot(const struct walk *walk, const struct item *item, const struct slot *slot,
               const struct image *to, struct arena *arena, edit_vec *edits,
               struct err *err) MUST_CHECK;
/* Sort them by file, each once: one place may serve several workloads, and all must want the same
   of it. */
bool edits_merge(edit_vec *edits, struct err *err) MUST_CHECK;
/* Behind the edits of one file, the first of which is at `at`. */
size_t edits_end(const edit_vec *edits, size_t at);
/* The file with its edits, verified by parsing the result. */
bool edit_file(const struct edit *edits, size_t count, const struct field_list *fields,
               struct arena *arena, struct slice *out, struct err *err) MUST_CHECK;
