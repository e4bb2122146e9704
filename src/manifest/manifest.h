/*
 * manifest: Kubernetes manifests as they lie in a tree of files.
 *
 * Knows which files make up a target (plain YAML, or a kustomization with its resources and
 * components) and where each object stands.  It does not render (render/) and knows no versions
 * (configrepo/).  Files are untrusted; the tree is read through a callback, so the same code
 * reads a commit, a folder or a test.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "model/kustomization.h"
#include "yaml/yaml.h"

/* A tree of files.  Paths are relative to its root, without "." or ".."; both calls
   give memory of the arena.  ERR_NOT_FOUND for what is missing, ERR_REFUSED for a link. */
struct manifest_entry {
    const char *name; /* without folder */
    bool is_folder;
    const char *oid; /* identity of the content; equal oid, equal content */
};
struct manifest_tree {
    bool (*read)(void *context, const char *path, struct arena *arena, struct slice *out,
                 struct err *err);
    bool (*list)(void *context, const char *folder, struct arena *arena,
                 struct manifest_entry **out, size_t *out_count, struct err *err);
    /* Identity of a file or folder, "" when missing. */
    const char *(*oid)(void *context, const char *path, struct arena *arena);
    void *context;
    struct manifest_memory *memory; /* of what was parsed before, or NULL */
};

/*
 * What was parsed before, by path and identity: a file that another commit has, too, is neither
 * read nor parsed again.  What it gave may be used until it is trimmed or freed.  One thread at a
 * time.
 */
#define MANIFEST_MEMORY_BYTES_MAX ((size_t)64 << 20)
struct manifest_memory *manifest_memory_new(void);
void manifest_memory_free(struct manifest_memory **memory);
/* Forget everything when it has grown beyond the above. */
void manifest_memory_trim(struct manifest_memory *memory);

/* One object of one file. */
struct manifest_object {
    const char *file;
    unsigned line;                                     /* where its document begins */
    struct yaml_node *root;                            /* a mapping with apiVersion and kind */
    struct slice text;                                 /* the whole file, for editing */
    const char *api_version, *kind, *name, *namespace; /* as written; "" when absent */
    struct manifest_object *next;
};

struct manifest_image { /* one entry of a kustomization's images: */
    const char *name;
    struct yaml_node *new_name, *new_tag, *digest, *tag_suffix; /* NULL: absent */
    struct yaml_node *node;
    struct manifest_image *next;
};

/* A kustomization file, as structure.  `unsupported` names the first field that the native
   renderer does not do ("crds"), or NULL. */
struct manifest_kustomization {
    const char *file;   /* "clusters/dev/kustomization.yaml" */
    const char *folder; /* "clusters/dev" */
    struct slice text;
    struct yaml_node *root;
    bool is_component;
    const char **resources; /* resolved to paths from the root of the tree */
    size_t resource_count;
    const char **components;
    size_t component_count;
    struct manifest_image *images;
    const char *unsupported; /* may name a part: "labels.fields" */
    unsigned unsupported_line;
};

/* Do the entries of a folder make it a kustomization? */
bool manifest_has_kustomization(const struct manifest_entry *entries, size_t count);
/* Is this a manifest's name: *.yaml, *.yml or *.json? */
bool manifest_is_file_name(const char *name);
/* Do the entries of a folder make it a Helm chart? */
bool manifest_is_chart(const struct manifest_entry *entries, size_t count);
/* Is a path left out of folders that are read as a whole: a name that begins with '.', heddle's own
   file at the root? */
bool manifest_is_left_out(const char *path);

/* Load the kustomization of a folder; *out is NULL when the folder has none. */
bool manifest_kustomization(const struct manifest_tree *tree, const char *folder,
                            struct arena *arena, struct manifest_kustomization **out,
                            struct err *err) MUST_CHECK;

/* A file or document that could not be read: the others still count.  A file has at most
   MANIFEST_PROBLEMS_MAX of them; the rest of such a file is not read. */
#define MANIFEST_PROBLEMS_MAX 20
struct manifest_problem {
    const char *file;
    unsigned line; /* 0: the whole file */
    const char *text;
    struct manifest_problem *next;
};

/* The objects of one file, appended to *objects; kind List is taken apart.  What cannot be
   read becomes a problem, never a failure of the rest. */
void manifest_file(const struct manifest_tree *tree, const char *path, struct arena *arena,
                   struct manifest_object **objects, struct manifest_problem **problems);

/* The same for a file that nobody names, but that lies in a folder.  One that holds only mappings
   and lists without apiVersion and kind, as tools' settings and values do, is no manifest and gives
   nothing.  heddle's own objects are left out. */
void manifest_loose_file(const struct manifest_tree *tree, const char *path, struct arena *arena,
                         struct manifest_object **objects, struct manifest_problem **problems);

/* The same for a text that a program made; `file` is whom the objects are counted to. */
void manifest_text(struct slice text, const char *file, struct arena *arena,
                   struct manifest_object **objects, struct manifest_problem **problems);

/* All manifests of a folder without kustomization, recursively: *.yaml, *.yml, *.json; other files,
   what is left out, and charts below it are passed over.  A folder below that has a
   kustomization is given to `on_kustomization` instead. */
void manifest_folder(const struct manifest_tree *tree, const char *folder, struct arena *arena,
                     struct manifest_object **objects, struct manifest_problem **problems,
                     void (*on_kustomization)(void *context, const char *folder), void *context);

/* Does kustomize take this text for something outside of the repository (https://, git@,
   github.com/…?ref=)?  Such resources are refused. */
bool manifest_is_remote(const char *resource);

/* The folder in which the chart of an entry of helmCharts lies, or would lie once it is fetched:
   kustomize keeps those in a folder of their name and version.  NULL when it leaves the root. */
const char *manifest_chart(const struct manifest_kustomization *kustomization,
                           const struct yaml_node *entry, const char *name, struct arena *arena);

/* A file of a chart's values. */
struct manifest_values {
    const char *path;
    const char *prefix; /* where its values stand among those of the chart: "redis.", or "" */
    bool is_pinned;     /* an Application takes it from another revision */
    struct manifest_values *next; /* that has the word after it */
};
/* What the chart of a folder says itself: its subcharts' values.yaml, then its own; they need not
   be there. */
struct manifest_values *manifest_chart_values(const struct manifest_tree *tree, const char *folder,
                                              struct arena *arena);

/* The chart of a HelmRelease that comes from a GitRepository and lies in the tree. */
struct manifest_release_chart {
    const char *folder;
    struct manifest_values *values; /* in Flux's order, below what the release says itself */
    bool is_followed; /* Flux takes what the files say without another version of the chart */
};
/* False: it has none there.  `files`: its valuesFiles, where something else says them; or NULL. */
bool manifest_release_chart(const struct manifest_tree *tree, const struct yaml_node *release,
                            const struct yaml_node *files, struct arena *arena,
                            struct manifest_release_chart *out);

/* The same for a source of Argo CD's Application: the chart of its folder, with its valueFiles, or
   the valueFiles that a chart of elsewhere takes from the repository.  `folder` NULL: only those.
 */
bool manifest_source_chart(const struct manifest_tree *tree, const struct yaml_node *application,
                           const struct yaml_node *source, struct arena *arena,
                           struct manifest_release_chart *out);

/* Join and normalise: ("clusters/dev", "../../base") → "base".  NULL when it leaves the root. */
const char *manifest_path(struct arena *arena, const char *folder, const char *relative);

/* A workload's pod template inside a manifest, or NULL when the kind has none: Deployment,
   StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod, Argo Rollout, Knative Service. */
struct yaml_node *manifest_pod_spec(const struct yaml_node *root);
