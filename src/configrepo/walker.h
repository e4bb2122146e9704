/* walker: a walk at work.  Private to walk.c, objects.c and patches.c. */
#pragma once

#include "configrepo/survey.h"

struct walker {
    struct walk *walk;
    struct arena *arena;
    VEC(struct item) items;
    struct table referenced; /* kustomization file → struct file_name */
    struct table patches;    /* kustomization file → struct patch */
    size_t depth, kustomization_count;
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

/* ---- patches.c ---- */

/* Read them, once, by the walk's tree: who reads a patch uses it. */
void walker_read_patches(struct walker *walker, const struct manifest_kustomization *kustomization);
/* Let the kustomization's patches say other versions of the item.  Where it is not clear what they
   do to its images, they are marked as patched. */
void walker_patch(struct walker *walker, const struct manifest_kustomization *kustomization,
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
