/*
 * application: the versions of Argo CD's Application, source by source, as the engine knows them.
 *
 * What helm.parameters say has the word after helm.valuesObject, and that after all files.  Both
 * are told under the keys of the value: "image.tag" among the parameters is the tag of "image".
 */
#include <stdio.h>
#include <string.h>

#include "locate/internal.h"
#include "model/chart.h"

#define TEMPLATE "an ApplicationSet fills in the chart's version; write it where that takes it from"
#define VALUES ".helm.valuesObject."

/* ---- sources ---- */

static void add_source(struct locate_source *out, size_t *count, unsigned *named,
                       struct yaml_node *node, const char *path, struct arena *arena)
{
    if (*count == LOCATE_SOURCES_MAX || node->kind != YAML_MAPPING) {
        return;
    }
    bool is_named = yaml_get(node, "chart") || yaml_get(node, "path");
    *named += is_named;
    out[(*count)++] = (struct locate_source){
        .node = node,
        .path = path,
        .suffix = is_named && *named > 1 ? arena_printf(arena, "[%u]", *named) : "",
    };
}

size_t locate_sources(const struct yaml_node *application, struct arena *arena,
                      struct locate_source out[static LOCATE_SOURCES_MAX])
{
    const struct yaml_node *list = yaml_at(application, "spec.sources");
    struct yaml_node *one = yaml_at(application, "spec.source");
    size_t count = 0;
    unsigned named = 0;
    bool is_list = list && list->kind == YAML_SEQUENCE && list->item_count > 0;
    for (size_t i = 0; is_list && i < list->item_count; i++) {
        add_source(out, &count, &named, list->items[i], arena_printf(arena, "spec.sources[%zu]", i),
                   arena);
    }
    if (!is_list && one) { /* with sources, Argo CD does not look at source */
        add_source(out, &count, &named, one, "spec.source", arena);
    }
    return count;
}

const char *locate_source_keys(const struct locate_source *source, const char *path,
                               struct arena *arena)
{
    return arena_printf(arena, "%s" VALUES "%s", source->path, path);
}

const char *locate_source_path(const struct locate_source *source, const struct locate_place *place)
{
    size_t length = strlen(source->path);
    bool is_its = place->keys && strncmp(place->keys, source->path, length) == 0 &&
                  strncmp(place->keys + length, VALUES, strlen(VALUES)) == 0;
    return is_its ? place->keys + length + strlen(VALUES) : NULL;
}

/* ---- parameters ---- */

static const struct yaml_node *parameter(const struct locate_source *source, const char *name)
{
    const struct yaml_node *list = yaml_at(source->node, "helm.parameters");
    const struct yaml_node *found = NULL;
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        bool is_it = strcmp(node_text(yaml_get(list->items[i], "name")), name) == 0 &&
                     scalar_at(list->items[i], "value");
        found = is_it ? list->items[i] : found; /* the last one counts */
    }
    return found;
}

/* Beside or below the image: "image.tag", or "tag" beside "image". */
static const char *name_of(const struct locate_place *place, const char *path, const char *key,
                           struct arena *arena)
{
    const char *dot = strrchr(path, '.');
    int length = place->is_beside ? (dot ? (int)(dot - path) : 0) : (int)strlen(path);
    return arena_printf(arena, "%.*s%s%s", length, path, length ? "." : "", key);
}

static struct locate_place *whole_parameter(const struct locate_place *place,
                                            const struct yaml_node *said, struct arena *arena)
{
    struct yaml_node *value = scalar_at(said, "value");
    struct locate_place *found = place_of_patch(place, value, arena);
    found->whole = value;
    found->whole_skip = 0;
    found->value = value->text;
    found->is_listed = true;
    locate_split(value->text, arena, &found->image, &found->tag, &found->digest);
    return found;
}

struct locate_place *locate_parameter(const struct locate_place *place,
                                      const struct locate_source *source, struct arena *arena)
{
    const char *path = locate_source_path(source, place);
    const struct yaml_node *said = path ? parameter(source, path) : NULL;
    if (!path || place->whole) {
        return said ? whole_parameter(place, said, arena) : NULL;
    }
    const char *key = place->tag_key ? place->tag_key : "tag";
    const struct yaml_node *digest =
        place->digest_key ? parameter(source, name_of(place, path, place->digest_key, arena))
                          : NULL;
    const struct yaml_node *repository =
        place->is_beside ? said : parameter(source, name_of(place, path, "repository", arena));
    said = parameter(source, name_of(place, path, key, arena));
    if (!said && !digest && !repository) {
        return NULL;
    }
    struct yaml_node *tag = said ? scalar_at(said, "value") : NULL;
    const struct yaml_node *shown = said ? said : digest ? digest : repository;
    struct locate_place *found = place_of_patch(place, scalar_at(shown, "value"), arena);
    found->tag_node = tag;
    found->tag_key = "value";
    found->digest_key = NULL;
    found->is_listed = true;
    place_read_split(found, repository ? node_text(yaml_get(repository, "value")) : place->image,
                     shown, arena);
    found->tag = tag ? found->tag : place->tag;
    if (digest || !tag || (place->digest[0] && !found->digest[0])) {
        found->digest = found->digest[0] ? found->digest : place->digest;
        found->trouble = "its parts are written in several places; write repository and tag "
                         "together, among the parameters or in the values";
    }
    return found;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static bool is_known(const struct locate_place *places, const char *keys)
{
    while (places && !(places->keys && strcmp(places->keys, keys) == 0)) {
        places = places->next;
    }
    return places != NULL;
}

/* Images that the parameters name themselves. */
static void find_parameters(struct finder *finder, const struct locate_source *source)
{
    const struct yaml_node *list = yaml_at(source->node, "helm.parameters");
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        const char *name = node_text(yaml_get(list->items[i], "name"));
        struct yaml_node *value = scalar_at(list->items[i], "value");
        bool is_split = ends_with(name, ".repository");
        bool is_whole = !is_split && (ends_with(name, "image") || strcmp(name, "image") == 0) &&
                        value && strpbrk(value->text, ":@") && is_reference(value->text);
        size_t length = strlen(name) - (is_split ? strlen(".repository") : 0);
        const char *path = arena_strndup(finder->arena, name, length);
        const char *keys = locate_source_keys(source, path, finder->arena);
        bool is_new = (is_split || is_whole) && value && !is_known(finder->first, keys);
        if (!is_new ||
            (is_split && !parameter(source, arena_printf(finder->arena, "%s.tag", path)))) {
            continue;
        }
        struct locate_place base = {.form = LOCATE_ARGOCD,
                                    .keys = keys,
                                    .image = value->text,
                                    .tag = "",
                                    .digest = "",
                                    .container = path,
                                    .whole = is_whole ? value : NULL};
        const struct locate_place *found = locate_parameter(&base, source, finder->arena);
        struct locate_place *place = finder_add(finder, LOCATE_ARGOCD, LOCATE_LIKELY);
        struct locate_place blank = *place;
        *place = *found;
        place->confidence = blank.confidence;
        place->document = blank.document;
        place->api_version = blank.api_version;
        place->kind = blank.kind;
        place->namespace = blank.namespace;
        place->name = blank.name;
        place->container_type = "";
        place->trouble = blank.trouble ? blank.trouble : found->trouble;
        place->next = NULL;
    }
}

const char *locate_loose_parameter(const struct locate_source *source, struct arena *arena)
{
    const struct yaml_node *list = yaml_at(source->node, "helm.parameters");
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        const char *name = node_text(yaml_get(list->items[i], "name"));
        size_t length = strlen(name) - (ends_with(name, ".tag") ? strlen(".tag") : 0);
        if (ends_with(name, ".tag") &&
            !parameter(source, arena_printf(arena, "%.*s.repository", (int)length, name))) {
            return arena_strndup(arena, name, length);
        }
    }
    return NULL;
}

/* ---- the other places ---- */

static void find_values_object(struct finder *finder, const struct locate_source *source)
{
    find_values(finder, yaml_at(source->node, "helm.valuesObject"), LOCATE_ARGOCD);
    struct locate_place **link = &finder->first;
    for (; *link; link = &(*link)->next) {
        struct locate_place *place = *link;
        place->keys = locate_source_keys(source, place->container, finder->arena);
        struct locate_place *said = locate_parameter(place, source, finder->arena);
        if (said) {
            said->next = place->next;
            *link = said;
            finder->tail = said->next ? finder->tail : &said->next;
        }
    }
}

/* "name=repo:tag", or "repo:tag": known by the last part of the name. */
static void find_images(struct finder *finder, const struct locate_source *source)
{
    const struct yaml_node *images = yaml_at(source->node, "kustomize.images");
    for (size_t i = 0; images && images->kind == YAML_SEQUENCE && i < images->item_count; i++) {
        struct yaml_node *image = images->items[i];
        const char *text = node_text(image);
        const char *equals = strchr(text, '=');
        struct locate_place *place = finder_add_whole(finder, LOCATE_ARGOCD, LOCATE_CERTAIN, image,
                                                      equals ? (size_t)(equals + 1 - text) : 0);
        if (place) {
            const char *name =
                equals ? arena_strndup(finder->arena, text, (size_t)(equals - text)) : place->image;
            const char *slash = strrchr(name, '/');
            place->container = slash ? slash + 1 : name;
            place->is_listed = true;
        }
    }
}

/* Of a registry without "oci://", as Argo CD wants it for charts. */
static const char *repository_of(const struct yaml_node *source, struct arena *arena)
{
    char repository[IMAGE_REPOSITORY_BYTES];
    const char *url = node_text(yaml_get(source, "repoURL"));
    const char *chart = node_text(yaml_get(source, "chart"));
    const char *address = strstr(url, "://") ? url : arena_printf(arena, "oci://%s", url);
    return chart_repository(address, chart, repository, sizeof(repository))
               ? arena_strdup(arena, repository)
               : NULL;
}

static void find_chart(struct finder *finder, const struct locate_source *source)
{
    const char *repository =
        yaml_get(source->node, "chart") ? repository_of(source->node, finder->arena) : NULL;
    if (!repository) {
        return;
    }
    struct locate_place *place = finder_add(finder, LOCATE_CHART, LOCATE_CERTAIN);
    const char *trouble = place->trouble;
    place->container = CHART_CONTAINER;
    place->tag_node = scalar_at(source->node, "targetRevision");
    place->tag_key = "targetRevision";
    place->keys = source->path;
    place_read_split(place, repository, source->node, finder->arena);
    place->digest = "";
    place->digest_node = NULL;
    place->tag = node_text(place->tag_node);
    place->trouble = trouble                    ? trouble
                     : strstr(place->tag, "{{") ? TEMPLATE
                                                : chart_trouble(place, "Argo CD", finder->arena);
    place->is_floating = !trouble && place->trouble;
}

struct locate_place *locate_source_places(struct yaml_node *application,
                                          const struct locate_source *source, struct arena *arena)
{
    static const struct locate_file no_file = {.path = ""};
    struct finder finder = {.file = &no_file,
                            .arena = arena,
                            .api_version = node_text(yaml_get(application, "apiVersion")),
                            .kind = node_text(yaml_get(application, "kind")),
                            .namespace = node_text(yaml_at(application, "metadata.namespace")),
                            .name = node_text(yaml_at(application, "metadata.name"))};
    finder.tail = &finder.first;
    finder.trouble = yaml_is_encrypted(application) ? "the file is encrypted by SOPS" : NULL;
    find_values_object(&finder, source);
    find_parameters(&finder, source);
    find_images(&finder, source);
    find_chart(&finder, source);
    for (struct locate_place *place = finder.first; place; place = place->next) {
        place->container = arena_printf(arena, "%s%s", place->container, source->suffix);
    }
    return finder.first;
}
