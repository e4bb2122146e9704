/* walker: a walk at work.  Private to walk.c, objects.c and patches.c. */
#pragma once

#include "configrepo/survey.h"

/* A file that is one key of a ConfigMap or Secret, as a generator makes it. */
struct made_file {
    const struct manifest_kustomization *by;
    const char *name; /* "ConfigMap/web-values/values.yaml" */
    const char *path;
};

struct walker {
    struct walk *walk;
    struct arena *arena;
    VEC(struct item) items;
    struct table referenced; /* kustomization file → struct file_name */
    struct table patches;    /* kustomization file → struct patch */
    VEC(struct made_file) made;
    size_t depth, kustomization_count;
    bool has_named_files; /* of values of charts, which objects of other targets may name, too */
};

void walker_problem(struct walker *walker, const char *file, unsigned line, const char *text);
/* The item depends on the file. */
void walker_add_file(struct walker *walker, struct item *item, const char *path);

/* ---- objects.c ---- */

/* The workloads among them, each with its images, and the sources of Flux's charts. */
void walker_add_objects(struct walker *walker, const struct manifest_object *objects);

/* ---- charts.c ---- */

/* The workloads that the kustomization's charts make. */
void walker_add_charts(struct walker *walker, const struct manifest_kustomization *kustomization);
/* A file of values that somebody takes. */
struct values_source {
    const char *path;
    const char *prefix;  /* where its values stand among those of the chart: "redis.", or "" */
    const char *trouble; /* why its versions are not changed there, or NULL */
};
/* The images in files of values, of which the last one has the last word.  `out_files`: the files
   themselves, from the last one down. */
const struct chart_value *walker_read_values(struct walker *walker,
                                             const struct values_source *sources, size_t count,
                                             const struct chart_file **out_files,
                                             size_t *out_count);

/* ---- values.c ---- */

/* Note what its generators make of files. */
void walker_note_made(struct walker *walker, const struct manifest_kustomization *kustomization);
/* Let the HelmReleases of the walk have what they take from there, and from files of a chart of the
   repository, once all is walked. */
void walker_add_values(struct walker *walker);

/* ---- patches.c ---- */

/* Read them, once, by the walk's tree: who reads a patch uses it. */
void walker_read_patches(struct walker *walker, const struct manifest_kustomization *kustomization);
/* Let the kustomization's patches say other versions of the item.  Where it is not clear what they
   do to its images, they are marked as patched. */
void walker_patch(struct walker *walker, const struct manifest_kustomization *kustomization,
                  struct item *item);
/* Let its patches add images to the values of a HelmRelease that does not name them itself. */
void walker_patch_in(struct walker *walker, const struct manifest_kustomization *kustomization,
                     struct item *item);
/* Do other fields change versions behind our back: transformers, replacements? */
struct hidden {
    bool images, charts;
};
void walker_read_hidden(struct walker *walker, const struct manifest_kustomization *kustomization,
                        struct hidden *out);

/* The files beside its resources that a kustomization reads: patches, generators' input. */
const struct file_name *walker_references(struct walker *walker,
                                          const struct manifest_kustomization *kustomization);
