/* Which files of the repository say the values of a chart. */
#include <string.h>

#include "manifest/manifest.h"
#include "model/chart.h"

#define SUBCHARTS_DEPTH_MAX 4
#define FILES_MAX 1000 /* of one chart */

struct values_list {
    const struct manifest_tree *tree;
    struct arena *arena;
    struct manifest_values *first, *last, **tail;
    size_t count;
};

static void add(struct values_list *list, const char *path, const char *prefix)
{
    if (!path || list->count >= FILES_MAX) {
        return;
    }
    struct manifest_values *values = ARENA_NEW(list->arena, struct manifest_values);
    *values = (struct manifest_values){path, prefix, false, NULL};
    *list->tail = list->last = values;
    list->tail = &values->next;
    list->count++;
}

static void add_chart(struct values_list *list, const char *folder, const char *prefix, int depth)
{
    const struct manifest_tree *tree = list->tree;
    const char *charts = manifest_path(list->arena, folder, "charts");
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err ignored = {0}; /* most have none */
    bool is_listed = charts && depth < SUBCHARTS_DEPTH_MAX &&
                     tree->list(tree->context, charts, list->arena, &entries, &count, &ignored);
    for (size_t i = 0; is_listed && i < count && list->count < FILES_MAX; i++) {
        const char *below = manifest_path(list->arena, charts, entries[i].name);
        if (below && entries[i].is_folder) {
            add_chart(list, below, arena_printf(list->arena, "%s%s.", prefix, entries[i].name),
                      depth + 1);
        }
    }
    add(list, manifest_path(list->arena, folder, "values.yaml"), prefix);
}

struct manifest_values *manifest_chart_values(const struct manifest_tree *tree, const char *folder,
                                              struct arena *arena)
{
    struct values_list list = {.tree = tree, .arena = arena};
    list.tail = &list.first;
    add_chart(&list, folder, "", 0);
    return list.first;
}

/* ---- Flux ---- */

/* Files that it names take the place of the chart's own, and stand at the root of the source. */
static void replace(struct values_list *list, const struct yaml_node *files)
{
    struct manifest_values **own = &list->first;
    while (*own && (*own)->prefix[0]) {
        own = &(*own)->next;
    }
    *own = NULL;
    list->tail = own;
    for (size_t i = 0; files->kind == YAML_SEQUENCE && i < files->item_count; i++) {
        const struct yaml_node *file = files->items[i];
        add(list, file->kind == YAML_SCALAR ? manifest_path(list->arena, "", file->text) : NULL,
            "");
    }
}

static bool is_text(const struct yaml_node *mapping, const char *key, const char *wanted)
{
    const char *text = yaml_text(mapping, key);
    return text && strcmp(text, wanted) == 0;
}

bool manifest_release_chart(const struct manifest_tree *tree, const struct yaml_node *release,
                            const struct yaml_node *files, struct arena *arena,
                            struct manifest_release_chart *out)
{
    const struct yaml_node *spec = yaml_at(release, "spec.chart.spec");
    files = files ? files : yaml_get(spec, "valuesFiles");
    const char *chart = yaml_text(spec, "chart");
    bool is_of_git = chart && is_text(yaml_get(spec, "sourceRef"), "kind", "GitRepository");
    const char *folder = is_of_git ? manifest_path(arena, "", chart) : NULL;
    const char *file = folder ? manifest_path(arena, folder, "Chart.yaml") : NULL;
    const char *oid = file ? tree->oid(tree->context, file, arena) : "";
    if (!oid[0]) {
        return false;
    }
    struct values_list list = {.tree = tree, .arena = arena};
    list.tail = &list.first;
    add_chart(&list, folder, "", 0);
    if (files) {
        replace(&list, files);
    }
    *out = (struct manifest_release_chart){folder, list.first,
                                           is_text(spec, "reconcileStrategy", "Revision")};
    return true;
}

/* ---- Argo CD ---- */

/* A source of this repository at another revision says other things than our files. */
static bool is_pinned(const struct yaml_node *source)
{
    const char *revision = yaml_text(source, "targetRevision");
    size_t length = revision ? strlen(revision) : 0;
    bool is_hash = length >= 7 && strspn(revision, "0123456789abcdef") == length;
    return length > 0 && (is_hash || chart_version_is_exact(revision) ||
                          strncmp(revision, "refs/tags/", strlen("refs/tags/")) == 0);
}

/* "$values/path" is of another source, that has `ref: values`. */
static const struct yaml_node *source_of(const struct yaml_node *application,
                                         const struct yaml_node *own, const char *file)
{
    const struct yaml_node *list = yaml_at(application, "spec.sources");
    size_t length = strcspn(file, "/");
    for (size_t i = 0; file[0] == '$' && list && i < list->item_count; i++) {
        const char *ref = yaml_text(list->items[i], "ref");
        if (ref && strlen(ref) + 1 == length && strncmp(ref, file + 1, length - 1) == 0) {
            return list->items[i];
        }
    }
    return file[0] == '$' ? NULL : own;
}

static void add_named(struct values_list *list, const struct yaml_node *application,
                      const struct yaml_node *own, const char *folder, const char *file)
{
    const struct yaml_node *source = source_of(application, own, file);
    bool is_from_root = file[0] == '$' || file[0] == '/';
    const char *slash = strchr(file, '/');
    if (!source || !(is_from_root ? slash : folder)) {
        return;
    }
    const char *path = is_from_root ? manifest_path(list->arena, "", slash + 1)
                                    : manifest_path(list->arena, folder, file);
    add(list, path, "");
    if (path && is_pinned(source)) {
        list->last->is_pinned = true;
    }
}

bool manifest_source_chart(const struct manifest_tree *tree, const struct yaml_node *application,
                           const struct yaml_node *source, struct arena *arena,
                           struct manifest_release_chart *out)
{
    const struct yaml_node *files = yaml_at(source, "helm.valueFiles");
    const char *path = yaml_text(source, "path");
    const char *folder = path && path[0] != '/' ? manifest_path(arena, "", path) : NULL;
    const char *file = folder ? manifest_path(arena, folder, "Chart.yaml") : NULL;
    bool has_chart = file && tree->oid(tree->context, file, arena)[0];
    struct values_list list = {.tree = tree, .arena = arena};
    list.tail = &list.first;
    if (has_chart) {
        add_chart(&list, folder, "", 0);
    }
    for (struct manifest_values *at = list.first; at; at = at->next) {
        at->is_pinned = is_pinned(source);
    }
    for (size_t i = 0; files && files->kind == YAML_SEQUENCE && i < files->item_count; i++) {
        if (files->items[i]->kind == YAML_SCALAR) {
            add_named(&list, application, source, has_chart ? folder : NULL, files->items[i]->text);
        }
    }
    *out = (struct manifest_release_chart){has_chart ? folder : NULL, list.first, true};
    return list.first != NULL;
}
