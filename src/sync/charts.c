/*
 * charts: what charts that lie in the repository say to the objects of a revision.
 *
 * Nothing in the cluster tells it, but it is read where the revision is: the files are of the same
 * commit.
 */
#include <string.h>

#include "locate/locate.h"
#include "manifest/manifest.h"
#include "sync/engine.h"
#include "yaml/yaml.h"

/* Longer values hold other things than versions; all of a revision stay in memory. */
#define VALUES_BYTES_MAX ((size_t)1 << 20)
#define ALL_BYTES_MAX ((size_t)64 << 20)

struct chart_reader {
    const struct manifest_tree *tree;
    struct arena *arena; /* of the object at work */
    struct revision *revision;
    size_t left;
};

static json_t *read_values(const struct chart_reader *reader, const char *path)
{
    struct yaml_document *document = NULL;
    struct slice text = {0};
    struct err ignored = {0}; /* Flux says it */
    bool is_read =
        reader->tree->read(reader->tree->context, path, reader->arena, &text, &ignored) &&
        yaml_parse(reader->arena, text, &document, &ignored) && document && document->root &&
        document->root->kind == YAML_MAPPING;
    return is_read ? yaml_to_json(document->root, &ignored) : NULL;
}

/* "redis.exporter." → {"redis": {"exporter": values}}; takes the values. */
static json_t *below(const char *prefix, json_t *take_values)
{
    size_t length = strcspn(prefix, ".");
    if (length == 0) {
        return take_values;
    }
    json_t *outer = json_object();
    json_t *inner = below(prefix + length + 1, take_values);
    json_object_setn_new(outer, prefix, length, inner);
    return outer;
}

static json_t *merged(const struct chart_reader *reader, const struct manifest_values *files)
{
    json_t *all = json_object();
    for (; files; files = files->next) {
        json_t *values = read_values(reader, files->path);
        AUTO_JSON *more = values ? below(files->prefix, values) : NULL;
        values_merge(all, more);
    }
    return all;
}

/* Under "KEYS": the object's own values have several places in an Application. */
static void keep(struct chart_reader *reader, json_t *all, const char *keys,
                 const struct manifest_values *files)
{
    AUTO_JSON *values = merged(reader, files);
    json_object_set(all, keys, values);
}

static void read_release(struct chart_reader *reader, const struct yaml_node *root, json_t *all)
{
    struct manifest_release_chart chart;
    if (manifest_release_chart(reader->tree, root, NULL, reader->arena, &chart)) {
        keep(reader, all, "", chart.values);
    }
}

static void read_application(struct chart_reader *reader, const struct yaml_node *root, json_t *all)
{
    struct locate_source sources[LOCATE_SOURCES_MAX];
    size_t count = locate_sources(root, reader->arena, sources);
    for (size_t i = 0; i < count; i++) {
        struct manifest_release_chart chart;
        if (manifest_source_chart(reader->tree, root, sources[i].node, reader->arena, &chart)) {
            keep(reader, all, sources[i].path, chart.values);
        }
    }
}

static void read_object(struct chart_reader *reader, size_t at)
{
    const struct render_object *object = &reader->revision->render.objects[at];
    enum workload_kind kind = workload_kind_of(object->api_version, object->kind);
    struct yaml_document *document = NULL;
    struct err ignored = {0};
    struct slice text = {object->json, object->json_length};
    bool may_have = kind == WORKLOAD_HELM_RELEASE || kind == WORKLOAD_APPLICATION;
    if (!may_have || !yaml_parse(reader->arena, text, &document, &ignored) || !document) {
        return;
    }
    AUTO_JSON *all = json_object();
    if (kind == WORKLOAD_HELM_RELEASE) {
        read_release(reader, document->root, all);
    } else {
        read_application(reader, document->root, all);
    }
    AUTO(xfree) char *json = json_text(all);
    size_t length = strlen(json);
    if (json_object_size(all) > 0 && length <= VALUES_BYTES_MAX && length <= reader->left) {
        reader->left -= length;
        reader->revision->chart_values[at] = arena_strdup(reader->revision->arena, json);
    }
}

void revision_read_charts(struct revision *revision, const struct manifest_tree *tree)
{
    struct chart_reader reader = {.tree = tree, .revision = revision, .left = ALL_BYTES_MAX};
    size_t count = revision->render.count;
    revision->chart_values =
        arena_alloc(revision->arena, count + 1, sizeof(*revision->chart_values));
    for (size_t i = 0; i < count; i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        reader.arena = arena;
        read_object(&reader, i);
    }
}

json_t *revision_values(const struct sync *sync, const struct render_object *object,
                        const char *keys)
{
    const struct revision *revision = sync->revision;
    struct err ignored = {0};
    const char *text = revision && revision->chart_values
                           ? revision->chart_values[object - revision->render.objects]
                           : NULL;
    AUTO_JSON *all = text ? json_parse(slice_of(text), &ignored) : NULL;
    return json_incref(json_object_get(all, keys));
}
