/* layers: all that says values of one chart for one target, in the order in which it is read.
   Private to inspect. */
#pragma once

#include "inspect/internal.h"

#define LAYERS_MAX 1000 /* of one chart */

/* A file of values, or an object that holds some. */
struct values_layer {
    const char *path;   /* of the file */
    const char *prefix; /* where its values stand among those of the chart: "redis.", or "" */
    const char *release, *namespace; /* of the HelmRelease that it holds; NULL: a file of values */
};

/* What a HelmRelease takes values from: "ConfigMap/web-values/values.yaml". */
struct values_source {
    const char *name;
    unsigned line;
};
/* A HelmRelease's object, or a patch of it. */
struct values_release {
    struct values_layer at;
    const struct values_layer *below; /* of its chart */
    size_t below_count;
    VEC(struct values_source) sources; /* in its order */
};
/* "ConfigMap/web-values/values.yaml", and the file that it is made of. */
struct values_made {
    const char *name, *path;
};

/* What is known of one target's charts while its files are visited. */
struct values_notes {
    VEC(struct values_layer) layers; /* of the chart at hand */
    VEC(struct values_release) releases;
    VEC(struct values_made) made;
};
void values_notes_done(struct values_notes *notes);

/* The chart at hand: its subcharts' values, and its own, unless files take the place of them. */
void values_add_chart(struct inspector *inspector, struct values_notes *notes, const char *folder,
                      bool is_replaced);
void values_add_file(struct values_notes *notes, const char *path);
/* It is complete: keep it, when more than one layer says something. */
void values_keep(struct inspector *inspector, struct values_notes *notes, size_t target,
                 bool is_by_kustomize);

/* Flux: an object of a HelmRelease (or a patch of it) takes the layers of the chart at hand; what a
   kustomization makes a ConfigMap or Secret of is found by its name. */
void values_note_release(struct inspector *inspector, struct values_notes *notes, const char *file,
                         const struct yaml_node *root);
void values_note_made(struct inspector *inspector, struct values_notes *notes, const char *kind,
                      const char *name, const char *key, const char *path);
/* The target is visited: let its HelmReleases have their values. */
void values_keep_releases(struct inspector *inspector, struct values_notes *notes, size_t target);

/* What a layer says; many charts may share it. */
struct values_view {
    struct yaml_node *root;      /* of an object the object itself; NULL: it cannot be read */
    struct locate_place *places; /* that say an image, and perhaps its version */
};
/* Reads each layer once, into the arena. */
struct values_reader {
    const struct manifest_tree *tree;
    struct arena *arena;
    struct map documents, views;
};
void values_reader_done(struct values_reader *reader);
const struct values_view *values_view(struct values_reader *reader,
                                      const struct values_layer *layer);
/* The place of a layer as another one of the chart sees it: an object with this root, or, NULL, a
   file. */
const struct locate_place *values_named(const struct locate_place *place,
                                        const struct values_layer *layer,
                                        const struct yaml_node *object, struct arena *arena);
/* Places that say a tag alone, of an image that another layer names. */
void find_partial_places(struct inspector *inspector);
