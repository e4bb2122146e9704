/* The objects of one file. */
#include <stdlib.h>
#include <string.h>

#include "manifest/internal.h"
#include "model/pipeline.h"

void manifest_add_problem(struct arena *arena, struct manifest_problem **problems, const char *file,
                          unsigned line, const char *text)
{
    struct manifest_problem **end = problems;
    while (*end) {
        end = &(*end)->next;
    }
    *end = ARENA_NEW(arena, struct manifest_problem);
    (*end)->file = arena_strdup(arena, file);
    (*end)->line = line;
    (*end)->text = arena_strdup(arena, text);
}

/* yaml's errors begin with "line N, column M: ". */
static unsigned line_of(const char *text)
{
    static const char start[] = "line ";
    bool is_told = strncmp(text, start, strlen(start)) == 0;
    return is_told ? (unsigned)strtoul(text + strlen(start), NULL, 10) : 0;
}

struct file_reader {
    const char *path;
    struct slice text;
    struct arena *arena;
    struct manifest_object **tail;
    struct manifest_problem **problems;
    size_t problem_count;
    bool is_manifest; /* something in it may be one */
};

static void report(struct file_reader *reader, unsigned line, const char *text)
{
    manifest_add_problem(reader->arena, reader->problems, reader->path, line, text);
    reader->problem_count++;
}

static const char *text_or_empty(const struct yaml_node *node)
{
    return node && node->kind == YAML_SCALAR ? node->text : "";
}

static void add_object(struct file_reader *reader, struct yaml_node *root)
{
    struct manifest_object *object = ARENA_NEW(reader->arena, struct manifest_object);
    object->file = reader->path;
    object->line = root->line;
    object->root = root;
    object->text = reader->text;
    object->api_version = text_or_empty(yaml_get(root, "apiVersion"));
    object->kind = text_or_empty(yaml_get(root, "kind"));
    object->name = text_or_empty(yaml_at(root, "metadata.name"));
    object->namespace = text_or_empty(yaml_at(root, "metadata.namespace"));
    *reader->tail = object;
    reader->tail = &object->next;
}

static void add_root(struct file_reader *reader, struct yaml_node *root);

/* v1 List and its typed kin ("DeploymentList") hold objects in items. */
static bool add_items(struct file_reader *reader, const struct yaml_node *root)
{
    const char *kind = text_or_empty(yaml_get(root, "kind"));
    size_t length = strlen(kind);
    const struct yaml_node *items = yaml_get(root, "items");
    bool is_list = length >= 4 && strcmp(kind + length - 4, "List") == 0 && items &&
                   items->kind == YAML_SEQUENCE;
    for (size_t i = 0;
         is_list && i < items->item_count && reader->problem_count < MANIFEST_PROBLEMS_MAX; i++) {
        add_root(reader, items->items[i]);
    }
    return is_list;
}

/* Text alone may be an encrypted file, or what stands for one that lies elsewhere. */
static bool may_be_manifest(const struct yaml_node *root)
{
    bool has_mark =
        root->kind == YAML_MAPPING && (yaml_get(root, "apiVersion") || yaml_get(root, "kind"));
    return has_mark || root->kind == YAML_SCALAR;
}

static void add_root(struct file_reader *reader, struct yaml_node *root)
{
    reader->is_manifest = reader->is_manifest || may_be_manifest(root);
    if (root->kind != YAML_MAPPING) {
        report(reader, root->line, "a manifest must be a mapping with apiVersion and kind");
        return;
    }
    if (add_items(reader, root)) {
        return;
    }
    if (!yaml_text(root, "apiVersion") || !yaml_text(root, "kind")) {
        report(reader, root->line,
               "it has no apiVersion and kind; move it elsewhere if it is no manifest");
        return;
    }
    if (!text_or_empty(yaml_at(root, "metadata.name"))[0]) {
        report(reader, root->line,
               "it has no metadata.name (generateName cannot be kept in sync); give it one");
        return;
    }
    add_object(reader, root);
}

static void read_objects(struct file_reader *reader, struct manifest_object **objects)
{
    struct err err = {0};
    struct yaml_document *document = NULL;
    reader->tail = objects;
    while (*reader->tail) {
        reader->tail = &(*reader->tail)->next;
    }
    if (!yaml_parse(reader->arena, reader->text, &document, &err)) {
        report(reader, line_of(err.text), err.text);
        reader->is_manifest = true; /* for all that anybody can tell */
        return;
    }
    for (; document && reader->problem_count < MANIFEST_PROBLEMS_MAX; document = document->next) {
        if (document->root) {
            add_root(reader, document->root);
        }
    }
    reader->is_manifest = reader->is_manifest || document; /* the rest of it could be anything */
}

/* False: it could not be read. */
static bool parse_file(const struct manifest_tree *tree, const char *path, struct arena *arena,
                       struct parsed_file *out)
{
    struct file_reader reader = {
        .path = arena_strdup(arena, path), .arena = arena, .problems = &out->problems};
    struct err err = {0};
    out->is_manifest = true;
    if (!tree->read(tree->context, path, arena, &reader.text, &err)) {
        report(&reader, line_of(err.text), err.text);
        return false;
    }
    read_objects(&reader, &out->objects);
    out->is_manifest = reader.is_manifest;
    return true;
}

void manifest_text(struct slice text, const char *file, struct arena *arena,
                   struct manifest_object **objects, struct manifest_problem **problems)
{
    struct file_reader reader = {
        .path = arena_strdup(arena, file), .text = text, .arena = arena, .problems = problems};
    read_objects(&reader, objects);
}

/* Parsed now, or remembered. */
static const struct parsed_file *parsed_of(const struct manifest_tree *tree, const char *path,
                                           struct arena *arena)
{
    struct manifest_memory *memory = tree->memory;
    const char *oid = memory ? tree->oid(tree->context, path, arena) : "";
    struct parsed_file *parsed = oid[0] ? memory_get(memory, path, oid) : NULL;
    if (parsed) {
        return parsed;
    }
    struct arena *lasting = oid[0] ? memory_arena(memory) : arena;
    parsed = ARENA_NEW(lasting, struct parsed_file);
    if (parse_file(tree, path, lasting, parsed) && oid[0]) {
        memory_keep(memory, path, oid, parsed);
    }
    return parsed;
}

static bool is_own(const struct manifest_object *object)
{
    return strncmp(object->api_version, PIPELINE_GROUP, strlen(PIPELINE_GROUP)) == 0;
}

/* A list has its own links: what is remembered stays as it is. */
static void append_copies(const struct parsed_file *parsed, bool with_own, struct arena *arena,
                          struct manifest_object **objects, struct manifest_problem **problems)
{
    while (*objects) {
        objects = &(*objects)->next;
    }
    for (const struct manifest_object *object = parsed->objects; object; object = object->next) {
        if (is_own(object) && !with_own) {
            continue;
        }
        *objects = ARENA_NEW(arena, struct manifest_object);
        **objects = *object;
        (*objects)->next = NULL;
        objects = &(*objects)->next;
    }
    for (const struct manifest_problem *problem = parsed->problems; problem;
         problem = problem->next) {
        manifest_add_problem(arena, problems, problem->file, problem->line, problem->text);
    }
}

void manifest_file(const struct manifest_tree *tree, const char *path, struct arena *arena,
                   struct manifest_object **objects, struct manifest_problem **problems)
{
    append_copies(parsed_of(tree, path, arena), true, arena, objects, problems);
}

void manifest_loose_file(const struct manifest_tree *tree, const char *path, struct arena *arena,
                         struct manifest_object **objects, struct manifest_problem **problems)
{
    const struct parsed_file *parsed = parsed_of(tree, path, arena);
    if (parsed->is_manifest) {
        append_copies(parsed, false, arena, objects, problems);
    }
}

static const struct {
    const char *kind;
    const char *
        group; /* up to the slash, or a version of the core: a Knative Service is no core Service */
    const char *path;
} pod_specs[] = {
    {"Deployment", "apps/", "spec.template.spec"},
    {"StatefulSet", "apps/", "spec.template.spec"},
    {"DaemonSet", "apps/", "spec.template.spec"},
    {"ReplicaSet", "apps/", "spec.template.spec"},
    {"Job", "batch/", "spec.template.spec"},
    {"CronJob", "batch/", "spec.jobTemplate.spec.template.spec"},
    {"Pod", "v1", "spec"},
    {"Rollout", "argoproj.io/", "spec.template.spec"},
    {"Service", "serving.knative.dev/", "spec.template.spec"},
};

struct yaml_node *manifest_pod_spec(const struct yaml_node *root)
{
    const char *kind = text_or_empty(yaml_get(root, "kind"));
    const char *api_version = text_or_empty(yaml_get(root, "apiVersion"));
    const char *slash = strchr(api_version, '/');
    struct slice group = {api_version,
                          slash ? (size_t)(slash + 1 - api_version) : strlen(api_version)};
    for (size_t i = 0; i < COUNT_OF(pod_specs); i++) {
        if (strcmp(pod_specs[i].kind, kind) == 0 && slice_equals(group, pod_specs[i].group)) {
            return yaml_at(root, pod_specs[i].path);
        }
    }
    return NULL;
}
