/*
 * reach: which files each target uses.
 *
 * Follows what the tools would: a folder's kustomization, or its files; every path that a
 * kustomization names; the paths of Flux's Kustomizations and HelmReleases, of Argo CD's
 * Applications and ApplicationSets; a chart in the repository with its values files.
 */
#include <fnmatch.h>
#include <string.h>

#include "inspect/internal.h"

#define VISITS_MAX 100000 /* for each target */
#define CHAIN_MAX 64      /* of files that name one another */

struct reach {
    struct inspector *inspector;
    size_t target;
    struct map seen; /* files and folders of this target */
    size_t visits;
    int depth;
};

static void visit(struct reach *reach, const char *path);

static bool is_new(struct reach *reach, const char *path)
{
    if (map_has(&reach->seen, path) || reach->visits >= VISITS_MAX) {
        return false;
    }
    map_set(&reach->seen, path, NULL);
    reach->visits++;
    return true;
}

static const char *folder_of(struct reach *reach, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_strndup(reach->inspector->arena, path, (size_t)(slash - path)) : "";
}

/* Text that may be a path, as seen from a folder; what is none leads nowhere. */
static void visit_from(struct reach *reach, const char *folder, const char *text)
{
    bool can_be = text[0] && text[0] != '/' && strlen(text) < 1024 && !manifest_is_remote(text);
    const char *path = can_be ? manifest_path(reach->inspector->arena, folder, text) : NULL;
    if (path) {
        visit(reach, path);
    }
}

/* Every scalar below a node that is a path of the repository. */
static void visit_paths(struct reach *reach, const char *folder, const struct yaml_node *node,
                        int depth)
{
    if (node->kind == YAML_SCALAR) {
        visit_from(reach, folder, node->text);
    }
    for (size_t i = 0; depth < INSPECT_DEPTH_MAX && i < node->item_count; i++) {
        bool is_key = node->kind == YAML_MAPPING && i % 2 == 0;
        if (!is_key) {
            visit_paths(reach, folder, node->items[i], depth + 1);
        }
    }
}

/* Somebody says that these are values: whatever their names are. */
static void visit_values_file(struct reach *reach, const char *folder, const char *text)
{
    struct inspector *inspector = reach->inspector;
    const char *path = text[0] ? manifest_path(inspector->arena, folder, text) : NULL;
    if (path && map_has(&inspector->by_path, path)) {
        map_set(&inspector->values_files, path, NULL);
        visit(reach, path);
    }
}

static void visit_values(struct reach *reach, const char *folder, const struct yaml_node *list)
{
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        visit_values_file(reach, folder, text_of(list->items[i]));
    }
}

/* ---- Flux ---- */

static void visit_flux(struct reach *reach, const struct yaml_node *root)
{
    visit_from(reach, "", text_of(yaml_at(root, "spec.path")));
}

static void visit_helm_release(struct reach *reach, const struct yaml_node *root)
{
    const struct yaml_node *spec = yaml_at(root, "spec.chart.spec");
    if (strcmp(text_of(yaml_at(spec, "sourceRef.kind")), "GitRepository") == 0) {
        visit_from(reach, "", text_of(yaml_get(spec, "chart")));
        visit_values(reach, "", yaml_get(spec, "valuesFiles"));
    }
}

/* ---- Argo CD ---- */

static void visit_source(struct reach *reach, const struct yaml_node *source, const char *path)
{
    if (path[0]) {
        visit_from(reach, "", path);
        visit_values(reach, path, yaml_at(source, "helm.valueFiles"));
    }
}

static void visit_sources(struct reach *reach, const struct yaml_node *spec)
{
    const struct yaml_node *source = yaml_get(spec, "source");
    const struct yaml_node *sources = yaml_get(spec, "sources");
    if (source) {
        visit_source(reach, source, text_of(yaml_get(source, "path")));
    }
    for (size_t i = 0; sources && sources->kind == YAML_SEQUENCE && i < sources->item_count; i++) {
        visit_source(reach, sources->items[i], text_of(yaml_get(sources->items[i], "path")));
    }
}

/* The template's path with {{key}} and {{.key}} as an element of a list says. */
static const char *fill_in(struct reach *reach, const char *template,
                           const struct yaml_node *element)
{
    AUTO_STR(path, 1024);
    for (const char *at = template; *at;) {
        const char *end = strncmp(at, "{{", 2) == 0 ? strstr(at, "}}") : NULL;
        if (!end) {
            str_add_char(&path, *at++);
            continue;
        }
        const char *key = at + 2 + strspn(at + 2, " .");
        size_t length = strcspn(key, " }");
        str_add(&path,
                text_of(yaml_get(element, arena_strndup(reach->inspector->arena, key, length))));
        at = end + 2;
    }
    return path.failed ? "" : arena_strdup(reach->inspector->arena, path.text);
}

static void visit_elements(struct reach *reach, const struct yaml_node *source,
                           const struct yaml_node *elements)
{
    const char *template = text_of(yaml_get(source, "path"));
    for (size_t i = 0; elements && elements->kind == YAML_SEQUENCE && i < elements->item_count;
         i++) {
        visit_source(reach, source, fill_in(reach, template, elements->items[i]));
    }
}

static void visit_directories(struct reach *reach, const struct yaml_node *source,
                              const struct yaml_node *directories)
{
    struct inspector *inspector = reach->inspector;
    for (size_t i = 0;
         directories && directories->kind == YAML_SEQUENCE && i < directories->item_count; i++) {
        const char *glob = text_of(yaml_get(directories->items[i], "path"));
        bool is_excluded = strcmp(text_of(yaml_get(directories->items[i], "exclude")), "true") == 0;
        VEC_EACH (const char *, folder, &inspector->folder_list) {
            if (!is_excluded && glob[0] && fnmatch(glob, *folder, FNM_PATHNAME) == 0) {
                visit_source(reach, source, *folder);
            }
        }
    }
}

static void visit_application_set(struct reach *reach, const struct yaml_node *root)
{
    const struct yaml_node *spec = yaml_at(root, "spec.template.spec");
    const struct yaml_node *source = yaml_get(spec, "source");
    const struct yaml_node *generators = yaml_at(root, "spec.generators");
    visit_sources(reach, spec);
    for (size_t i = 0;
         source && generators && generators->kind == YAML_SEQUENCE && i < generators->item_count;
         i++) {
        visit_elements(reach, source, yaml_at(generators->items[i], "list.elements"));
        visit_directories(reach, source, yaml_at(generators->items[i], "git.directories"));
    }
}

/* ---- files and folders ---- */

static void visit_kustomization(struct reach *reach, const char *path, const struct yaml_node *root)
{
    const char *folder = folder_of(reach, path);
    for (size_t i = 0; root->kind == YAML_MAPPING && i + 1 < root->item_count; i += 2) {
        if (strcmp(text_of(root->items[i]), "helmCharts") != 0) {
            visit_paths(reach, folder, root->items[i + 1], 0);
            continue;
        }
        const struct yaml_node *charts = root->items[i + 1];
        for (size_t n = 0; charts->kind == YAML_SEQUENCE && n < charts->item_count; n++) {
            visit_values_file(reach, folder, text_of(yaml_get(charts->items[n], "valuesFile")));
            visit_values(reach, folder, yaml_get(charts->items[n], "additionalValuesFiles"));
        }
    }
}

static bool is_group(const struct yaml_node *root, const char *group)
{
    return strncmp(text_of(yaml_get(root, "apiVersion")), group, strlen(group)) == 0;
}

static void visit_object(struct reach *reach, const struct yaml_node *root)
{
    const char *kind = text_of(yaml_get(root, "kind"));
    if (is_group(root, "kustomize.toolkit.fluxcd.io/") && strcmp(kind, "Kustomization") == 0) {
        visit_flux(reach, root);
    } else if (is_group(root, "helm.toolkit.fluxcd.io/")) {
        visit_helm_release(reach, root);
    } else if (is_group(root, "argoproj.io/") && strcmp(kind, "Application") == 0) {
        visit_sources(reach, yaml_get(root, "spec"));
    } else if (is_group(root, "argoproj.io/") && strcmp(kind, "ApplicationSet") == 0) {
        visit_application_set(reach, root);
    }
}

static bool is_kustomization_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    for (size_t i = 0; i < MANIFEST_KUSTOMIZATION_NAMES; i++) {
        if (strcmp(manifest_kustomization_names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void visit_file(struct reach *reach, struct found_file *file)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    struct slice text = {0};
    struct err ignored = {0}; /* find_places() says it, once */
    *VEC_ADD(&file->targets) = reach->target;
    if (!inspector_parse(reach->inspector, file->path, arena, &text, &document, &ignored)) {
        return;
    }
    for (; document; document = document->next) {
        if (!document->root) {
            continue;
        }
        if (is_kustomization_name(file->path)) {
            visit_kustomization(reach, file->path, document->root);
        } else {
            visit_object(reach, document->root);
        }
    }
}

static const char *child(struct reach *reach, const char *folder, const char *name)
{
    return folder[0] ? arena_printf(reach->inspector->arena, "%s/%s", folder, name) : name;
}

/* A kustomization or a chart says what belongs to it; else everything does. */
static void visit_folder(struct reach *reach, const char *folder)
{
    struct inspector *inspector = reach->inspector;
    for (size_t i = 0; i < MANIFEST_KUSTOMIZATION_NAMES; i++) {
        const char *path = child(reach, folder, manifest_kustomization_names[i]);
        if (map_has(&inspector->by_path, path)) {
            visit(reach, path);
            return;
        }
    }
    if (map_has(&inspector->by_path, child(reach, folder, "Chart.yaml"))) {
        visit(reach, child(reach, folder, "Chart.yaml"));
        visit(reach, child(reach, folder, "values.yaml"));
        return;
    }
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err ignored = {0}; /* find_files() has said it */
    bool is_listed = inspector->tree->list(inspector->tree->context, folder, inspector->arena,
                                           &entries, &count, &ignored);
    for (size_t i = 0; is_listed && i < count; i++) {
        if (entries[i].name[0] != '.') {
            visit(reach, child(reach, folder, entries[i].name));
        }
    }
}

static void visit(struct reach *reach, const char *path)
{
    struct found_file *file = map_get(&reach->inspector->by_path, path);
    bool is_folder = map_has(&reach->inspector->folders, path);
    if ((!file && !is_folder) || reach->depth >= CHAIN_MAX || !is_new(reach, path)) {
        return;
    }
    reach->depth++;
    if (file) {
        visit_file(reach, file);
    } else {
        visit_folder(reach, path);
    }
    reach->depth--;
}

void find_reach(struct inspector *inspector)
{
    for (size_t i = 0; i < inspector->targets.count; i++) {
        struct reach reach = {.inspector = inspector, .target = i};
        visit(&reach, inspector->targets.items[i].path);
        map_done(&reach.seen);
    }
}
