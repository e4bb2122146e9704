/*
 * locate: every place of a file that names a version, wherever tools keep one.
 *
 * Knows shapes: containers of any kind with a pod template, image volumes, entries of a
 * kustomization, Helm values, chart versions, sources of Argo CD, marked fields, and fields that
 * the user names.  Looks at one file at a time; who uses the file is configrepo's question.  Shapes
 * and their traps are those counted in real repositories.  Pure.
 */
#pragma once

#include "base/arena.h"
#include "base/vec.h"
#include "model/pipeline.h"
#include "yaml/yaml.h"

enum locate_form {
    LOCATE_FIELD,       /* an image field of a pod template, or one that Flux's marker names */
    LOCATE_KUSTOMIZE,   /* an entry of a kustomization's images */
    LOCATE_VALUES,      /* Helm values inside of an object */
    LOCATE_VALUES_FILE, /* a file of Helm values */
    LOCATE_CHART,       /* a chart's version */
    LOCATE_ARGOCD,      /* what an Argo CD Application sets */
    LOCATE_CUSTOM,      /* a field that heddle.yaml names */
    LOCATE_FORM_COUNT,
};
const char *locate_form_name(enum locate_form form); /* "values-file" */

/* How sure we are that it is a version that somebody runs. */
enum locate_confidence { LOCATE_CERTAIN, LOCATE_LIKELY, LOCATE_GUESS };
const char *locate_confidence_name(enum locate_confidence confidence); /* "certain" */

/*
 * One place.  A version stands in one scalar ("repo:tag@digest": `whole`), or in several that
 * belong together: then `tag` and `digest` are the ones to change, and the other parts make the
 * name.
 */
struct locate_place {
    enum locate_form form;
    enum locate_confidence confidence;
    unsigned document;                                 /* from 0, empty documents counted */
    const char *api_version, *kind, *namespace, *name; /* of the object; "" where absent */
    const char
        *container; /* its name; of values and custom fields: the path of the keys; "" for charts */
    const char
        *container_type;      /* "container", "initContainer", "ephemeralContainer", "volume", "" */
    const char *image;        /* the name as it is written here, without tag and digest */
    const char *tag, *digest; /* as they are written; "" when absent */
    const char *value;        /* the text of the scalar that holds the version; "" when absent */
    unsigned line, column;    /* of that scalar, or of its parent */

    struct yaml_node *whole;                  /* NULL: the version is split */
    size_t whole_skip;                        /* bytes of `whole` before the name: "nginx=" */
    struct yaml_node *tag_node, *digest_node; /* NULL: absent; the same when the tag holds both */
    const struct yaml_node *parent;   /* the mapping that a missing tag or digest goes into */
    const char *tag_key, *digest_key; /* the keys that they would get; NULL: none fits */
    bool is_beside;      /* of values: tag and digest stand beside the image's key, not below it */
    const char *trouble; /* why it must not be edited, or NULL */
    bool is_floating;    /* of a chart: Flux or Argo CD chooses its version, as trouble says */
    bool is_listed;      /* of an Application: it stands in a list, which no merge reaches into */
    const char *keys;    /* of an Application: those of the value that it is, or of its source:
                            "spec.source.helm.valuesObject.image"; NULL: it has none */
    bool is_repeated;    /* its value has an anchor, and aliases repeat it */
    struct locate_place *next;
};

struct locate_file {
    const char *path; /* its name decides what a file without kind and apiVersion is */
    struct slice text;
    const struct yaml_document *documents;
    bool is_values;                   /* somebody names it as a values file */
    const struct image_field *fields; /* that heddle.yaml names */
    size_t field_count;
};

/* The places of a file, in the order of the text.  In the arena. */
struct locate_place *locate_places(const struct locate_file *file, struct arena *arena);

/* The places of one object that are images of what it runs, each with a container name of its own;
   the file's documents do not matter.  One without tag and digest may get a version from a patch,
   and else means nothing.  A chart is none of them: see locate_chart().  NULL: it runs nothing that
   we can see. */
struct locate_place *locate_workload(struct yaml_node *root, const struct locate_file *file,
                                     struct arena *arena);

/* ---- the chart of Flux's HelmRelease ---- */

/* An object that another one names. */
struct locate_reference {
    const char *kind, *namespace, *name; /* namespace "": that of the one that names it */
};
/* Where a HelmRelease's chart has its version, when that is not in itself: in an OCIRepository or a
   HelmChart. */
bool locate_chart_holder(const struct yaml_node *release, struct locate_reference *out);
/* The HelmRepository that a HelmRelease or HelmChart takes its chart from. */
bool locate_chart_source(const struct yaml_node *holder, struct locate_reference *out);
/* The version in a HelmRelease, HelmChart or OCIRepository as a place with the container "chart",
   whose image is the chart's repository (model/chart.h), told by the HelmRepository or NULL.  One
   that Flux chooses, by a range or for want of a version, has trouble that says so.  NULL: no
   version is meant, as of a chart that comes from Git. */
struct locate_place *locate_chart(struct yaml_node *holder, const struct yaml_node *source,
                                  struct arena *arena);
/* Can a digest be written beside a chart's version? */
bool locate_takes_digest(const struct locate_place *place);
/* The keys that lead to the mapping that holds a split version of an object, when it is a chart's:
   "spec.chart.spec". */
const char *locate_chart_path(const char *kind);

/* ---- Argo CD's Application ---- */

#define LOCATE_SOURCES_MAX 50
struct locate_source {
    struct yaml_node *node;
    const char *path;   /* the keys that lead to it: "spec.source", "spec.sources[1]" */
    const char *suffix; /* of its containers' names: "", and from the second on "[2]" */
};
/* How many there are, those that are nothing but a name for values files among them. */
size_t locate_sources(const struct yaml_node *application, struct arena *arena,
                      struct locate_source out[static LOCATE_SOURCES_MAX]);
/* What the source says of versions: values and parameters, with the path of their keys as
   container; images for kustomize, with the last part of their name; and "chart", whose image is
   the chart's repository. */
struct locate_place *locate_source_places(struct yaml_node *application,
                                          const struct locate_source *source, struct arena *arena);
/* The keys of a value of the source's chart, and back; NULL: it is none of them. */
const char *locate_source_keys(const struct locate_source *source, const char *path,
                               struct arena *arena);
const char *locate_source_path(const struct locate_source *source,
                               const struct locate_place *place);
/* What the source's parameters say instead of a place with keys; NULL: nothing of it. */
struct locate_place *locate_parameter(const struct locate_place *place,
                                      const struct locate_source *source, struct arena *arena);
/* The path of an image of which the parameters say the tag and not the name, or NULL. */
const char *locate_loose_parameter(const struct locate_source *source, struct arena *arena);

/* The place that an entry of a kustomization's images: is, or NULL. */
struct locate_place *locate_entry(struct yaml_node *entry, struct arena *arena);

/* What a patch of the object says instead of the place; NULL: it says nothing of it.  `root` is the
   patch: an object with less in it, as strategic merges are; of a values file, one above it. */
struct locate_place *locate_patched(const struct locate_place *place, struct yaml_node *root,
                                    struct arena *arena);

/* Do both stand for one place, found in the same text? */
bool locate_is_same(const struct locate_place *a, const struct locate_place *b);

typedef VEC(struct yaml_amendment) locate_amendments;

/* Add the amendments after which the place says this version; none when it does.  `digest` "": an
   old digest goes, since it would still mean the old image.  The reason, without end mark, when the
   place cannot say it; some amendments may have been added then.  They refer to the place's nodes.
 */
const char *locate_amend(const struct locate_place *place, const char *tag, const char *digest,
                         struct arena *arena, locate_amendments *out);

/* "host:5000/app:1.0@sha256:…" taken apart as it is written, valid or not; "" for what is absent.
 */
void locate_split(const char *text, struct arena *arena, const char **out_name,
                  const char **out_tag, const char **out_digest);
