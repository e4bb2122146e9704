/*
 * values: what a HelmRelease wants once Flux has put together what it takes from elsewhere.
 *
 * As Flux does: a chart's own, the sources of spec.valuesFrom in their order, on top of all the
 * release's own values.  Secrets stay out: what they say is not for reports.
 */
#include <string.h>

#include "locate/locate.h"
#include "sync/engine.h"
#include "yaml/yaml.h"

#define DEPTH_MAX 64 /* deeper values say no image that anybody would find */

static void merge(json_t *into, const json_t *from, int depth)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach ((json_t *)(uintptr_t)from, key, value) {
        json_t *there = json_object_get(into, key);
        if (json_is_null(value)) {
            json_object_del(into, key);
        } else if (json_is_object(there) && json_is_object(value) && depth < DEPTH_MAX) {
            merge(there, value, depth + 1);
        } else {
            json_object_set(into, key, value);
        }
    }
}

void values_merge(json_t *into, const json_t *from)
{
    merge(into, from, 0);
}

/* The values in one key of a ConfigMap of the revision; NULL: it is not there, or says none. */
static json_t *read_source(const struct sync *sync, const struct render_object *release,
                           const json_t *source)
{
    const char *name = json_text_at(source, "name", "");
    const char *key = json_text_at(source, "valuesKey", "values.yaml");
    bool is_map = strcmp(json_text_at(source, "kind", ""), "ConfigMap") == 0;
    bool is_one_value = json_object_get(source, "targetPath") != NULL;
    const struct locate_reference reference = {.kind = "ConfigMap", .name = name, .namespace = ""};
    const struct render_object *found =
        is_map && !is_one_value && sync->revision ? revision_find(sync, release, &reference) : NULL;
    struct err ignored = {0};
    AUTO_JSON *map =
        found ? json_parse((struct slice){found->json, found->json_length}, &ignored) : NULL;
    const json_t *text = json_object_get(json_object_get(map, "data"), key);
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    bool is_read =
        json_is_string(text) &&
        yaml_parse(arena, (struct slice){json_string_value(text), json_string_length(text)},
                   &document, &ignored) &&
        document && document->root;
    return is_read ? yaml_to_json(document->root, &ignored) : NULL;
}

char *release_with_values(const struct sync *sync, const struct render_object *release)
{
    struct err ignored = {0};
    AUTO_JSON *values = revision_values(sync, release, "");
    bool takes_more =
        memmem(release->json, release->json_length, "\"valuesFrom\"", strlen("\"valuesFrom\""));
    if (!values && !takes_more) {
        return NULL;
    }
    AUTO_JSON *object = json_parse((struct slice){release->json, release->json_length}, &ignored);
    json_t *spec = json_object_get(object, "spec");
    const json_t *sources = json_object_get(spec, "valuesFrom");
    values = values ? values : json_object();
    for (size_t i = 0; i < json_array_size(sources); i++) {
        AUTO_JSON *more = read_source(sync, release, json_array_get(sources, i));
        values_merge(values, more);
    }
    values_merge(values, json_object_get(spec, "values"));
    if (!json_is_object(spec)) {
        return NULL;
    }
    json_object_set(spec, "values", values);
    return json_text(object);
}
