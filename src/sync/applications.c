/*
 * applications: which versions an Application of Argo CD wants.
 *
 * Of each source the chart, the images for kustomize, and what its values say once they are put
 * together: files, then the text or object of values, then parameters.
 */
#include <string.h>

#include "locate/locate.h"
#include "sync/engine.h"
#include "yaml/yaml.h"

#define PATH_DEPTH_MAX 32 /* of a parameter's name */

struct gathering {
    struct arena *arena;
    struct workload_image *out;
    size_t count;
};

static void add(struct gathering *work, const struct locate_place *place, const char *container)
{
    if (work->count < WORKLOAD_IMAGES_MAX) {
        work->count += place_image(place, container, &work->out[work->count]);
    }
}

/* ---- values ---- */

static void merge_text(json_t *values, const struct yaml_node *text, struct arena *arena)
{
    struct yaml_document *document = NULL;
    struct err ignored = {0}; /* Argo CD says it */
    if (text && text->kind == YAML_SCALAR &&
        yaml_parse(arena, (struct slice){text->text, text->text_length}, &document, &ignored) &&
        document && document->root && document->root->kind == YAML_MAPPING) {
        AUTO_JSON *more = yaml_to_json(document->root, &ignored);
        values_merge(values, more);
    }
}

/* "image.tag" as helm's --set takes it; names with more than dots say nothing of images. */
static void set_parameter(json_t *values, const char *name, const char *value)
{
    json_t *mapping = values;
    for (int depth = 0; mapping && depth < PATH_DEPTH_MAX; depth++) {
        size_t length = strcspn(name, ".");
        json_t *below = json_object_getn(mapping, name, length);
        if (strpbrk(name, "[]{}\\,=") || length == 0) {
            return;
        }
        if (!name[length]) {
            json_object_setn_new(mapping, name, length, json_string(value));
            return;
        }
        if (!json_is_object(below)) {
            below = json_object();
            json_object_setn_new(mapping, name, length, below);
        }
        mapping = below;
        name += length + 1;
    }
}

/* On top of what the files say, which is taken. */
static json_t *values_of(json_t *take_files, const struct locate_source *source,
                         struct arena *arena)
{
    struct err ignored = {0};
    const struct yaml_node *object = yaml_at(source->node, "helm.valuesObject");
    const struct yaml_node *list = yaml_at(source->node, "helm.parameters");
    json_t *values = take_files ? take_files : json_object();
    AUTO_JSON *more = object ? yaml_to_json(object, &ignored) : NULL;
    if (!object) {
        merge_text(values, yaml_at(source->node, "helm.values"), arena);
    }
    values_merge(values, more);
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        const char *name = yaml_text(list->items[i], "name");
        const char *value = yaml_text(list->items[i], "value");
        if (name && value) {
            set_parameter(values, name, value);
        }
    }
    return values;
}

static void add_values(struct gathering *work, json_t *take_files,
                       const struct locate_source *source)
{
    struct yaml_document *document = NULL;
    struct err ignored = {0};
    AUTO_JSON *values = values_of(take_files, source, work->arena);
    AUTO(xfree) char *text = json_text(values);
    if (!yaml_parse(work->arena, slice_of(text), &document, &ignored)) {
        return;
    }
    const struct locate_file file = {
        .path = "values.yaml", .text = slice_of(text), .documents = document, .is_values = true};
    const struct locate_place *place = locate_places(&file, work->arena);
    for (; place; place = place->next) {
        if (place->form == LOCATE_VALUES_FILE) {
            add(work, place, arena_printf(work->arena, "%s%s", place->container, source->suffix));
        }
    }
}

/* ---- all of it ---- */

size_t application_images(const struct sync *sync, const struct render_object *application,
                          struct yaml_node *root, struct arena *arena,
                          struct workload_image out[static WORKLOAD_IMAGES_MAX])
{
    struct gathering work = {.arena = arena, .out = out};
    struct locate_source sources[LOCATE_SOURCES_MAX];
    size_t count = locate_sources(root, arena, sources);
    for (size_t i = 0; i < count; i++) {
        const struct locate_place *place = locate_source_places(root, &sources[i], arena);
        for (; place; place = place->next) {
            if (place->form == LOCATE_CHART || !place->keys) { /* values come together below */
                add(&work, place, place->container);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        add_values(&work, revision_values(sync, application, sources[i].path), &sources[i]);
    }
    return work.count;
}
