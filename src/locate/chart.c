/* chart: the chart of Flux's HelmRelease, whichever of its objects holds the version. */
#include <string.h>

#include "locate/internal.h"
#include "model/chart.h"

#define OCI "oci://"

/* Who may hold a version, and where. */
static const struct holder {
    const char *kind, *path;
    const char *tag_key, *digest_key; /* NULL: no digest can be written */
    const char *who;                  /* installs it */
} holders[] = {
    {"HelmRelease", "spec.chart.spec", "version", NULL, "Flux"},
    {"HelmChart", "spec", "version", NULL, "Flux"},
    {"OCIRepository", "spec.ref", "tag", "digest", "Flux"},
    {"Application", "spec.source", "targetRevision", NULL, "Argo CD"},
};

static const struct holder *holder_named(const char *kind)
{
    for (size_t i = 0; i < COUNT_OF(holders); i++) {
        if (strcmp(holders[i].kind, kind) == 0) {
            return &holders[i];
        }
    }
    return NULL;
}

static const struct holder *holder_of(const struct yaml_node *object)
{
    return holder_named(node_text(yaml_get(object, "kind")));
}

const char *locate_chart_path(const char *kind)
{
    const struct holder *holder = holder_named(kind);
    return holder ? holder->path : NULL;
}

bool locate_takes_digest(const struct locate_place *place)
{
    return place->form != LOCATE_CHART || place->digest_key;
}

/* ---- who names whom ---- */

static bool read_reference(const struct yaml_node *node, struct locate_reference *out)
{
    *out = (struct locate_reference){
        .kind = node_text(yaml_get(node, "kind")),
        .namespace = node_text(yaml_get(node, "namespace")),
        .name = node_text(yaml_get(node, "name")),
    };
    return out->name[0] != '\0';
}

bool locate_chart_holder(const struct yaml_node *release, struct locate_reference *out)
{
    return read_reference(yaml_at(release, "spec.chartRef"), out) && holder_named(out->kind);
}

bool locate_chart_source(const struct yaml_node *holder, struct locate_reference *out)
{
    const struct holder *is = holder_of(holder);
    const struct yaml_node *spec = is ? yaml_at(holder, is->path) : NULL;
    return read_reference(yaml_get(spec, "sourceRef"), out) &&
           strcmp(out->kind, "HelmRepository") == 0;
}

/* ---- which chart ---- */

/* What a HelmRepository says, or that it is not in sight. */
static const char *named_by(const struct yaml_node *spec, const struct locate_reference *reference,
                            const struct yaml_node *source, struct arena *arena)
{
    char repository[IMAGE_REPOSITORY_BYTES];
    const char *chart = node_text(yaml_get(spec, "chart"));
    const char *url = node_text(yaml_at(source, "spec.url"));
    if (chart_repository(url, chart, repository, sizeof(repository))) {
        return arena_strdup(arena, repository);
    }
    return arena_printf(arena, "helmrepository://%s/%s", reference->name, chart);
}

/* An artifact is a chart or anything else; who refers to it knows. */
static const char *named_by_url(const struct yaml_node *holder)
{
    const char *url = node_text(yaml_at(holder, "spec.url"));
    return strncmp(url, OCI, strlen(OCI)) == 0 ? url + strlen(OCI) : "";
}

/* ---- which version ---- */

/* A digest says it, whatever else stands there; a range comes before a tag. */
static const char *trouble_of_artifact(const struct locate_place *place,
                                       const struct yaml_node *parent, struct arena *arena)
{
    const char *range = node_text(yaml_get(parent, "semver"));
    if (place->digest_node) {
        return NULL;
    }
    if (range[0]) {
        return arena_printf(arena,
                            "ref.semver \"%s\" lets Flux choose the chart's version; write ref.tag "
                            "with one version instead",
                            range);
    }
    return place->tag[0] ? NULL
                         : "no version of the chart is written, so Flux pulls \"latest\"; write "
                           "the one that is meant, like ref.tag: 1.2.3";
}

const char *chart_trouble(const struct locate_place *place, const char *who, struct arena *arena)
{
    if (!place->tag[0]) {
        return arena_printf(arena,
                            "no version of the chart is written, so %s installs the newest; write "
                            "the one that is meant, like %s: 1.2.3",
                            who, place->tag_key);
    }
    return chart_version_is_exact(place->tag)
               ? NULL
               : arena_printf(arena,
                              "\"%s\" is a range, so %s chooses the chart's version; write one "
                              "version, like 1.2.3",
                              place->tag, who);
}

static const char *trouble_of(const struct locate_place *place, const struct holder *holder,
                              const struct yaml_node *parent, struct arena *arena)
{
    return holder->digest_key ? trouble_of_artifact(place, parent, arena)
                              : chart_trouble(place, holder->who, arena);
}

/* What is written in the mapping, or nothing yet. */
static void read_version(struct locate_place *place, const struct holder *holder,
                         const char *repository, const struct yaml_node *parent,
                         struct arena *arena)
{
    place->tag_node = scalar_at(parent, holder->tag_key);
    place->digest_node = holder->digest_key ? scalar_at(parent, holder->digest_key) : NULL;
    place_read_split(place, repository, parent, arena);
    /* An "@" in it joins no digest to it, as it does in charts' values. */
    place->digest_node = holder->digest_key ? scalar_at(parent, holder->digest_key) : NULL;
    place->digest = node_text(place->digest_node);
    place->tag = node_text(place->tag_node);
    place->tag_key = holder->tag_key;
    place->trouble = trouble_of(place, holder, parent, arena);
    place->is_floating = place->trouble != NULL;
    if (place->is_floating && holder->digest_key) {
        place->tag = node_text(yaml_get(parent, "semver")); /* whatever tag stands beside it */
    }
}

struct locate_place *locate_chart(struct yaml_node *holder, const struct yaml_node *source,
                                  struct arena *arena)
{
    const struct holder *is = holder_of(holder);
    const struct yaml_node *parent = is ? yaml_at(holder, is->path) : NULL;
    struct locate_reference reference;
    bool is_of_repository = locate_chart_source(holder, &reference);
    if (is && is->digest_key && !parent) {
        parent = yaml_get(holder, "spec");
    }
    if (!parent || parent->kind != YAML_MAPPING || (!is_of_repository && !is->digest_key)) {
        return NULL;
    }
    const char *repository =
        is_of_repository ? named_by(parent, &reference, source, arena) : named_by_url(holder);
    struct locate_file file = {.path = ""};
    struct finder finder = {.file = &file,
                            .arena = arena,
                            .api_version = node_text(yaml_get(holder, "apiVersion")),
                            .kind = is->kind,
                            .namespace = node_text(yaml_at(holder, "metadata.namespace")),
                            .name = node_text(yaml_at(holder, "metadata.name"))};
    finder.tail = &finder.first;
    struct locate_place *place = finder_add(&finder, LOCATE_CHART, LOCATE_CERTAIN);
    place->container = CHART_CONTAINER;
    place->tag_key = is->tag_key;
    place->digest_key = is->digest_key;
    read_version(place, is, repository, parent, arena);
    if (yaml_is_encrypted(holder)) {
        place->trouble = "the file is encrypted by SOPS";
    }
    return place;
}

/* ---- in a patch ---- */

/* Of the scalars that the patch says, the one to show. */
static const struct yaml_node *shown_of(const struct holder *holder,
                                        const struct yaml_node *mapping)
{
    const char *const keys[] = {holder->tag_key, "digest", "semver"};
    const struct yaml_node *shown = NULL;
    for (size_t i = 0; !shown && i < (holder->digest_key ? COUNT_OF(keys) : 1); i++) {
        shown = scalar_at(mapping, keys[i]);
    }
    return shown;
}

/* What says which chart it is. */
static const struct yaml_node *naming_of(const struct holder *holder, const struct yaml_node *root,
                                         const struct yaml_node *mapping)
{
    const struct yaml_node *chart = yaml_get(mapping, "chart");
    return holder->digest_key ? yaml_at(root, "spec.url")
           : chart            ? chart
                              : yaml_get(mapping, "sourceRef");
}

/* What the patch leaves out stays as it was: a tag, a digest, a range. */
static void complete(struct locate_place *found, const struct locate_place *place)
{
    bool is_split = found->tag_node && place->digest[0] && !found->digest_node;
    found->tag = found->tag_node || found->is_floating ? found->tag : place->tag;
    found->digest = found->digest_node ? found->digest : place->digest;
    if (is_split) {
        found->trouble = "the digest is written elsewhere; write tag and digest together";
    } else if (place->digest_key && !found->digest[0] && place->trouble) {
        found->trouble = place->trouble;
        found->is_floating = place->is_floating;
        found->tag = place->tag;
    }
}

struct locate_place *chart_patched(const struct locate_place *place, struct yaml_node *root,
                                   struct arena *arena)
{
    const struct holder *holder = holder_named(place->kind);
    /* One among several sources is in a list, which patches replace as a whole. */
    bool is_listed = holder && place->keys && strcmp(place->keys, holder->path) != 0;
    holder = is_listed ? NULL : holder;
    const struct yaml_node *mapping = holder ? yaml_at(root, holder->path) : NULL;
    const struct yaml_node *said = holder ? shown_of(holder, mapping) : NULL;
    const struct yaml_node *naming = holder ? naming_of(holder, root, mapping) : NULL;
    if (!said && !naming) {
        return NULL;
    }
    struct locate_place *found = place_of_patch(place, said ? said : naming, arena);
    if (said) {
        read_version(found, holder, place->image, mapping, arena);
    }
    complete(found, place);
    if (naming) {
        found->trouble = "a patch says which chart it is; write its version in one file with that";
    }
    return found;
}
