/* internal: what the files of locate/ share. */
#pragma once

#include "locate/locate.h"

/* The object that is being looked at, and where its places go. */
struct finder {
    const struct locate_file *file;
    struct arena *arena;
    unsigned document;
    const char *api_version, *kind, *namespace, *name;
    const char *trouble; /* of all places of the document */
    struct locate_place *first;
    struct locate_place **tail;
};

/* A new place at the end of the list, with what the finder knows. */
struct locate_place *finder_add(struct finder *finder, enum locate_form form,
                                enum locate_confidence confidence);
/* A scalar that holds a whole reference from byte `skip` on; NULL when it is no image. */
struct locate_place *finder_add_whole(struct finder *finder, enum locate_form form,
                                      enum locate_confidence confidence, struct yaml_node *node,
                                      size_t skip);
/* Fill in image, tag, digest, value, line and column from the nodes that are set.
   `name` is the image as its other scalars say it. */
void place_read_split(struct locate_place *place, const char *name, const struct yaml_node *parent,
                      struct arena *arena);
const char *node_text(const struct yaml_node *node); /* "" for anything but a scalar */
struct yaml_node *scalar_at(const struct yaml_node *mapping, const char *key);
bool is_reference(const char *text);
/* A plain scalar that YAML reads as something else than text: true, 3, null. */
bool is_text(const struct yaml_node *node);

/* pods.c: containers and image volumes, anywhere in the object. */
void find_pods(struct finder *finder, struct yaml_node *root);
/* values.c: Helm values below a mapping. */
void find_values(struct finder *finder, struct yaml_node *root, enum locate_form form);
/* The same for a mapping that stands at `path`. */
void find_values_at(struct finder *finder, struct yaml_node *root, enum locate_form form,
                    const char *path);
/* charts.c: HelmRelease, HelmChart, OCIRepository, Chart.yaml, kustomize's helmCharts. */
void find_charts(struct finder *finder, struct yaml_node *root);
/* chart.c: the same place as a patch says it, or NULL. */
struct locate_place *chart_patched(const struct locate_place *place, struct yaml_node *root,
                                   struct arena *arena);
/* Why a chart's version is not edited: whoever installs the chart chooses it; NULL: it is one. */
const char *chart_trouble(const struct locate_place *place, const char *who, struct arena *arena);
/* patch.c: the place, shown where the patch stands and without what it says. */
struct locate_place *place_of_patch(const struct locate_place *place, const struct yaml_node *shown,
                                    struct arena *arena);
/* kustomize.c */
void find_kustomize(struct finder *finder, struct yaml_node *root);
/* argocd.c: Application and ApplicationSet. */
void find_argocd(struct finder *finder, struct yaml_node *root);
/* custom.c: fields that the user names. */
void find_custom(struct finder *finder, struct yaml_node *root);
/* markers.c: scalars with Flux's comment {"$imagepolicy": …} behind them.  `first`: the first place
   of this document, or NULL. */
bool markers_are_in(struct slice text);
void find_markers(struct finder *finder, struct yaml_node *root, struct locate_place *first);
