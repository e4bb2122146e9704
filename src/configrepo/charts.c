/*
 * charts: workloads that a kustomization's charts make, and the values that say their versions.
 *
 * Templates cannot be read, so the charts are rendered, by whoever the survey was given for it.
 * Which value a container's version comes from is found by comparing the two.  That is a guess; a
 * commit proves it, for it renders the charts again and looks at what became of each container.
 */
#include <string.h>

#include "configrepo/walker.h"

#define VALUES_MAX 2000 /* of one kustomization; each is compared with each container */
#define NAMES_SHOWN_MAX 4
#define PATHS_BYTES_MAX 1024 /* cut in the middle of a path, if they are that long */

struct chart_reader {
    struct walker *walker;
    struct chart_file *files; /* of the chart at work; the one with the last word first */
    VEC(struct chart_value) values;
    size_t first; /* of the chart at work */
};

/* ---- values ---- */

static struct chart_value *value_at(struct chart_reader *reader, const char *path)
{
    for (size_t i = reader->first; i < reader->values.count; i++) {
        if (strcmp(reader->values.items[i].path, path) == 0) {
            return &reader->values.items[i];
        }
    }
    return NULL;
}

/* A place under the name that it has in the values of the whole chart. */
static const struct locate_place *named(const struct locate_place *place, const char *path,
                                        struct arena *arena)
{
    struct locate_place *copy = ARENA_NEW(arena, struct locate_place);
    *copy = *place;
    copy->container = path;
    copy->next = NULL;
    return copy;
}

/* A file further up may say a tag alone. */
static void patch_values(struct chart_reader *reader, const struct chart_file *file)
{
    struct arena *arena = reader->walker->arena;
    for (size_t i = reader->first; i < reader->values.count; i++) {
        struct chart_value *value = &reader->values.items[i];
        const struct locate_place *base = named(value->said.at, value->path, arena);
        const struct locate_place *place = locate_patched(base, file->root, arena);
        if (place) {
            value->said = (struct written){file->path, file->text, place};
            value->base = base;
        }
    }
}

static void add_value(struct chart_reader *reader, const struct chart_file *file, const char *path,
                      const struct locate_place *place)
{
    struct chart_value *value = value_at(reader, path);
    if (!value && reader->values.count >= VALUES_MAX) {
        return;
    }
    value = value ? value : VEC_ADD(&reader->values);
    *value = (struct chart_value){.path = path, .said = {file->path, file->text, place}};
}

/* ---- files of values ---- */

/* Read by the walk's tree: it notes who uses the file.  `prefix`: where a chart's own values stand
   among those of the chart that it is part of: "redis.", or "". */
static void add_file(struct chart_reader *reader, const char *path, const char *prefix)
{
    struct walker *walker = reader->walker;
    const struct manifest_tree *tree = &walker->walk->tree;
    struct yaml_document *document = NULL;
    struct slice text = {"", 0};
    struct err ignored = {0}; /* whoever renders it says so */
    if (!path || !tree->read(tree->context, path, walker->arena, &text, &ignored) ||
        !yaml_parse(walker->arena, text, &document, &ignored) || !document || !document->root) {
        return;
    }
    struct chart_file *file = ARENA_NEW(walker->arena, struct chart_file);
    *file = (struct chart_file){path, text, document->root, reader->files};
    if (!prefix[0]) {
        reader->files = file;
        patch_values(reader, file);
    }
    struct locate_file wanted = {
        .path = path, .text = text, .documents = document, .is_values = true};
    for (const struct locate_place *place = locate_places(&wanted, walker->arena); place;
         place = place->next) {
        if (place->form == LOCATE_VALUES_FILE) {
            add_value(reader, file, arena_printf(walker->arena, "%s%s", prefix, place->container),
                      place);
        }
    }
}

static void add_chart(struct chart_reader *reader, const char *folder)
{
    const struct manifest_values *values =
        manifest_chart_values(&reader->walker->walk->tree, folder, reader->walker->arena);
    for (; values; values = values->next) {
        add_file(reader, values->path, values->prefix);
    }
}

static void add_named(struct chart_reader *reader, const char *folder, const char *text)
{
    if (text && text[0]) {
        add_file(reader, manifest_path(reader->walker->arena, folder, text), "");
    }
}

/* What stands in the kustomization itself has the last word; it is not edited there. */
static void drop_inline(struct chart_reader *reader, const struct yaml_node *entry)
{
    struct yaml_node *values = yaml_get(entry, "valuesInline");
    size_t kept = reader->first;
    for (size_t i = reader->first; values && i < reader->values.count; i++) {
        const struct chart_value *value = &reader->values.items[i];
        const struct locate_place *base = named(value->said.at, value->path, reader->walker->arena);
        if (!locate_patched(base, values, reader->walker->arena)) {
            reader->values.items[kept++] = *value;
        }
    }
    reader->values.count = values ? kept : reader->values.count;
}

/* In helm's order: what comes later has the last word. */
static void read_chart(struct chart_reader *reader,
                       const struct manifest_kustomization *kustomization,
                       const struct yaml_node *entry)
{
    struct arena *arena = reader->walker->arena;
    const char *name = yaml_text(entry, "name");
    const char *chart = name ? manifest_chart(kustomization, entry, name, arena) : NULL;
    if (!chart) {
        return;
    }
    reader->first = reader->values.count;
    reader->files = NULL;
    add_chart(reader, chart);
    add_named(reader, kustomization->folder, yaml_text(entry, "valuesFile"));
    const struct yaml_node *more = yaml_get(entry, "additionalValuesFiles");
    for (size_t i = 0; more && more->kind == YAML_SEQUENCE && i < more->item_count; i++) {
        bool is_text = more->items[i]->kind == YAML_SCALAR;
        add_named(reader, kustomization->folder, is_text ? more->items[i]->text : NULL);
    }
    drop_inline(reader, entry);
    for (size_t i = reader->first; i < reader->values.count; i++) {
        reader->values.items[i].files = reader->files;
    }
}

/* ---- which value it is ---- */

static bool says(const struct chart_value *value, const struct slot *slot, bool is_default)
{
    const struct locate_place *at = value->said.at;
    return strcmp(at->image, slot->name) == 0 &&
           strcmp(at->tag, is_default ? "" : slot->tag) == 0 &&
           strcmp(at->digest, is_default ? "" : slot->digest) == 0;
}

/* Is one of the path's keys the container's name, or the end of the workload's: "shop-cart"? */
static bool is_named_so(const char *path, const struct item *item, const struct slot *slot)
{
    size_t name = strlen(item->name);
    while (*path) {
        size_t length = strcspn(path, ".");
        bool is_end = length > 0 && length <= name &&
                      strncmp(item->name + name - length, path, length) == 0 &&
                      (length == name || item->name[name - length - 1] == '-');
        bool is_container =
            strncmp(slot->container, path, length) == 0 && slot->container[length] == '\0';
        if (is_end || is_container) {
            return true;
        }
        path += length + (path[length] == '.');
    }
    return false;
}

/* The values that may be it, as many as there are; by name, when `by_name`. */
struct found {
    const struct chart_value *first;
    size_t count;
    struct str paths;
};

static void find_values(const struct chart_reader *reader, const struct item *item,
                        const struct slot *slot, bool is_default, bool by_name, struct found *out)
{
    out->count = 0;
    str_clear(&out->paths);
    VEC_EACH (struct chart_value, value, &reader->values) {
        if (!says(value, slot, is_default) || (by_name && !is_named_so(value->path, item, slot))) {
            continue;
        }
        out->first = out->count ? out->first : value;
        if (out->count < NAMES_SHOWN_MAX) {
            str_addf(&out->paths, "%s%s", out->count ? ", " : "", value->path);
        }
        out->count++;
    }
}

static const struct chart_value *choose(const struct chart_reader *reader, const struct item *item,
                                        const struct slot *slot, const char **out_trouble)
{
    struct found found = {0};
    str_init(&found.paths, PATHS_BYTES_MAX);
    /* A value without a version stands for the chart's own. */
    find_values(reader, item, slot, false, false, &found);
    bool is_default = found.count == 0;
    if (is_default) {
        find_values(reader, item, slot, true, false, &found);
    }
    *out_trouble = found.count == 0
                       ? arena_printf(reader->walker->arena,
                                      "no value of its chart says the version of %s", slot->name)
                       : arena_printf(reader->walker->arena,
                                      "several values of its chart say the version of %s (%s)",
                                      slot->name, found.paths.text);
    if (found.count > 1) {
        find_values(reader, item, slot, is_default, true, &found);
    }
    str_done(&found.paths);
    return found.count == 1 ? found.first : NULL;
}

static void place_slot(const struct chart_reader *reader, const struct item *item,
                       struct slot *slot)
{
    struct arena *arena = reader->walker->arena;
    struct chart_origin *origin = ARENA_NEW(arena, struct chart_origin);
    const struct chart_value *value = choose(reader, item, slot, &origin->trouble);
    if (value) {
        struct chart_value *copy = ARENA_NEW(arena, struct chart_value);
        *copy = *value;
        origin->value = copy;
        slot->last = value->said;
    }
    slot->origin = origin;
}

bool slot_is_unplaced(const struct slot *slot)
{
    return slot->origin && !slot->origin->value && slot->last.at == slot->own.at;
}

/* ---- what they make ---- */

static const struct yaml_node *charts_of(const struct manifest_kustomization *kustomization)
{
    const struct yaml_node *charts = yaml_get(kustomization->root, "helmCharts");
    return charts ? charts : yaml_get(kustomization->root, "helmChartInflationGenerator");
}

/* Their own lines are of a text that nobody sees. */
static void add_rendered(const struct chart_reader *reader, struct slice text,
                         const struct manifest_kustomization *kustomization)
{
    struct walker *walker = reader->walker;
    struct manifest_object *objects = NULL;
    size_t first = walker->items.count;
    manifest_text(text, kustomization->file, walker->arena, &objects, &walker->walk->problems);
    for (struct manifest_object *object = objects; object; object = object->next) {
        object->line = charts_of(kustomization)->line;
    }
    walker_add_objects(walker, objects);
    for (size_t i = first; i < walker->items.count; i++) {
        struct item *item = &walker->items.items[i];
        item->is_of_chart = true;
        for (size_t n = 0; n < item->slot_count; n++) {
            place_slot(reader, item, &item->slots[n]);
        }
    }
}

static void render(const struct chart_reader *reader,
                   const struct manifest_kustomization *kustomization)
{
    struct walker *walker = reader->walker;
    const struct configrepo_survey *survey = walker->walk->survey;
    struct slice text = {"", 0};
    struct err err = {0};
    if (survey->is_skimming || !survey->charts.render) {
        return;
    }
    if (survey->charts.render(survey->charts.context, &walker->walk->tree, kustomization->folder,
                              walker->arena, &text, &err)) {
        add_rendered(reader, text, kustomization);
    } else {
        walker_problem(
            walker, kustomization->file, charts_of(kustomization)->line,
            arena_printf(walker->arena, "workloads of its charts are not seen: %s", err.text));
    }
}

void walker_add_charts(struct walker *walker, const struct manifest_kustomization *kustomization)
{
    if (!charts_of(kustomization)) {
        return;
    }
    struct chart_reader reader = {.walker = walker};
    walker->has_named_files = true;
    const struct yaml_node *charts = yaml_get(kustomization->root, "helmCharts");
    for (size_t i = 0; charts && charts->kind == YAML_SEQUENCE && i < charts->item_count; i++) {
        read_chart(&reader, kustomization, charts->items[i]);
    }
    render(&reader, kustomization);
    VEC_DONE(&reader.values);
}

const struct chart_value *walker_read_values(struct walker *walker,
                                             const struct values_source *sources, size_t count,
                                             const struct chart_file **out_files, size_t *out_count)
{
    struct chart_reader reader = {.walker = walker};
    for (size_t i = 0; i < count; i++) {
        add_file(&reader, sources[i].path, sources[i].prefix);
    }
    struct chart_value *values =
        arena_alloc(walker->arena, reader.values.count + 1, sizeof(*values));
    if (reader.values.count) {
        memcpy(values, reader.values.items, reader.values.count * sizeof(*values));
    }
    *out_count = reader.values.count;
    *out_files = reader.files;
    VEC_DONE(&reader.values);
    return values;
}
