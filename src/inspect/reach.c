/*
 * reach: which files each target uses.
 *
 * Follows what the tools would: a folder's kustomization, or its files; every path that a
 * kustomization names; the paths of Flux's Kustomizations and HelmReleases, of Argo CD's
 * Applications and ApplicationSets; a chart in the repository with its values files.
 */
#include <string.h>

#include "inspect/layers.h"

#define VISITS_MAX 100000 /* for each target */
#define CHAIN_MAX 64      /* of files that name one another */

struct reach {
    struct inspector *inspector;
    size_t target;
    bool is_loose;          /* it began with an application that no target holds */
    bool is_by_destination; /* only applications that are meant for the target's cluster */
    bool is_met;            /* there was one */
    const char *parent;     /* the kustomization that names what is visited, or NULL */
    const char *file;       /* in which we are */
    struct map seen;        /* files and folders of this target, by parent */
    struct values_notes notes;
    size_t visits;
    int depth;
};

static void visit(struct reach *reach, const char *path);

static bool is_new(struct reach *reach, const char *path)
{
    const char *key =
        reach->parent ? arena_printf(reach->inspector->arena, "%s:%s", reach->parent, path) : path;
    if (map_has(&reach->seen, key) || reach->visits >= VISITS_MAX) {
        return false;
    }
    map_set(&reach->seen, key, NULL);
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

/* Somebody says that these are values: whatever their names are.  They are a layer of the chart at
   hand. */
static void visit_values_file(struct reach *reach, const char *folder, const char *text)
{
    struct inspector *inspector = reach->inspector;
    /* "$values/path": a file of another source, which is this repository or not ours to see. */
    const char *slash = text[0] == '$' ? strchr(text, '/') : NULL;
    folder = slash ? "" : folder;
    text = slash ? slash + 1 : text;
    const char *path = text[0] ? manifest_path(inspector->arena, folder, text) : NULL;
    if (path && map_has(&inspector->by_path, path)) {
        map_set(&inspector->values_files, path, NULL);
        values_add_file(&reach->notes, path);
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

/* A chart's folder, with what it says itself as the first layers. */
static void visit_chart(struct reach *reach, const char *folder, const char *text, bool is_replaced)
{
    const char *path = text[0] == '/' ? NULL : manifest_path(reach->inspector->arena, folder, text);
    if (path) {
        values_add_chart(reach->inspector, &reach->notes, path, is_replaced);
    }
    visit_from(reach, folder, text);
}

/* Files that it names take the place of the chart's own values. */
static void visit_helm_release(struct reach *reach, const struct yaml_node *root)
{
    const struct yaml_node *spec = yaml_at(root, "spec.chart.spec");
    const struct yaml_node *files = yaml_get(spec, "valuesFiles");
    const char *chart = text_of(yaml_get(spec, "chart"));
    if (strcmp(text_of(yaml_at(spec, "sourceRef.kind")), "GitRepository") == 0) {
        visit_chart(reach, "", chart, files != NULL);
        visit_values(reach, "", files);
    }
    values_note_release(reach->inspector, &reach->notes, reach->file, root);
}

/* A generator's "key=path", or a path whose last part is the key. */
static void visit_made(struct reach *reach, const char *folder, const char *kind,
                       const struct yaml_node *generator)
{
    struct arena *arena = reach->inspector->arena;
    const struct yaml_node *files = yaml_get(generator, "files");
    const char *name = arena_strdup(arena, text_of(yaml_get(generator, "name")));
    for (size_t i = 0; files && files->kind == YAML_SEQUENCE && i < files->item_count; i++) {
        const char *text = text_of(files->items[i]);
        const char *equals = strchr(text, '=');
        const char *slash = strrchr(text, '/');
        const char *key = equals  ? arena_strndup(arena, text, (size_t)(equals - text))
                          : slash ? slash + 1
                                  : text;
        const char *path = manifest_path(arena, folder, equals ? equals + 1 : text);
        if (path && map_has(&reach->inspector->by_path, path)) {
            values_note_made(reach->inspector, &reach->notes, kind, name, key, path);
            visit(reach, path);
        }
    }
}

static void visit_generators(struct reach *reach, const char *folder, const char *kind,
                             const struct yaml_node *generators)
{
    for (size_t i = 0;
         generators && generators->kind == YAML_SEQUENCE && i < generators->item_count; i++) {
        visit_made(reach, folder, kind, generators->items[i]);
    }
}

/* ---- Argo CD ---- */

/* YAML within YAML: every byte of it is Argo CD's to read. */
static void note_values_text(struct reach *reach, const struct yaml_node *source)
{
    const struct yaml_node *text = yaml_at(source, "helm.values");
    bool may_name = text && text->kind == YAML_SCALAR &&
                    (strstr(text->text, "image") || strstr(text->text, "tag:"));
    if (may_name && reach->file) {
        inspector_unknown(reach->inspector, reach->file, text->line,
                          "helm.values is a text: versions in it are not seen, and never edited; "
                          "write it as helm.valuesObject, or in a file of valueFiles");
    }
}

static void visit_source(struct reach *reach, const struct yaml_node *source,
                         const struct parameter *parameters)
{
    const char *path = fill_in(reach->inspector, text_of(yaml_get(source, "path")), parameters);
    const struct yaml_node *files = yaml_at(source, "helm.valueFiles");
    if (path[0]) {
        visit_chart(reach, "", path, false);
    }
    for (size_t i = 0; files && files->kind == YAML_SEQUENCE && i < files->item_count; i++) {
        const char *file = fill_in(reach->inspector, text_of(files->items[i]), parameters);
        if (path[0] || file[0] == '$') {
            visit_values_file(reach, path, file);
        }
    }
    values_keep(reach->inspector, &reach->notes, reach->target, false);
    note_values_text(reach, source);
}

static bool is_for_target(const struct reach *reach, const char *cluster)
{
    return strcmp(reach->inspector->targets.items[reach->target].name, cluster) == 0;
}

static void visit_sources(struct reach *reach, const struct yaml_node *spec,
                          const struct parameter *parameters)
{
    const char *cluster =
        fill_in(reach->inspector, text_of(yaml_at(spec, "destination.name")), parameters);
    bool is_by_destination = reach->is_by_destination;
    if (is_by_destination && !is_for_target(reach, cluster)) {
        return;
    }
    reach->is_met = true;
    reach->is_by_destination = false; /* what it holds is the target's, whatever that is */
    const struct yaml_node *source = yaml_get(spec, "source");
    const struct yaml_node *sources = yaml_get(spec, "sources");
    if (source) {
        visit_source(reach, source, parameters);
    }
    for (size_t i = 0; sources && sources->kind == YAML_SEQUENCE && i < sources->item_count; i++) {
        visit_source(reach, sources->items[i], parameters);
    }
    reach->is_by_destination = is_by_destination;
}

static void visit_application_set(struct reach *reach, const struct yaml_node *root)
{
    const struct yaml_node *spec = yaml_at(root, "spec.template.spec");
    const struct parameter_list *known =
        find_parameters(reach->inspector, reach->file, yaml_at(root, "spec.generators"));
    visit_sources(reach, spec, NULL);
    for (size_t i = 0; i < known->count; i++) {
        visit_sources(reach, spec, known->sets[i]);
    }
}

static void visit_application(struct reach *reach, const struct yaml_node *root)
{
    visit_sources(reach, yaml_get(root, "spec"), NULL);
}

/* ---- files and folders ---- */

/* Several targets may use the kustomization; it is told once. */
static void note_remote(struct reach *reach, const char *file, const struct yaml_node *node)
{
    struct inspector *inspector = reach->inspector;
    const char *key = arena_printf(inspector->arena, "%s:%u", file, node->line);
    if (map_has(&inspector->remotes, key)) {
        return;
    }
    map_set(&inspector->remotes, key, NULL);
    struct inspect_remote *remote = ARENA_NEW(inspector->arena, struct inspect_remote);
    *remote = (struct inspect_remote){
        .file = file, .line = node->line, .url = arena_strdup(inspector->arena, node->text)};
    *inspector->remotes_end = remote;
    inspector->remotes_end = &remote->next;
}

static void note_remotes(struct reach *reach, const char *file, const struct yaml_node *root)
{
    static const char *const keys[] = {"resources", "bases", "components"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct yaml_node *list = yaml_get(root, keys[i]);
        for (size_t n = 0; list && list->kind == YAML_SEQUENCE && n < list->item_count; n++) {
            if (manifest_is_remote(text_of(list->items[n]))) {
                note_remote(reach, file, list->items[n]);
            }
        }
    }
}

/* A chart of helmCharts, which may lie in the repository. */
static void visit_inflated(struct reach *reach, const char *folder, const struct yaml_node *root,
                           const struct yaml_node *chart)
{
    const struct manifest_kustomization kustomization = {
        .folder = folder, .root = (struct yaml_node *)(uintptr_t)root};
    const char *name = text_of(yaml_get(chart, "name"));
    const char *path =
        name[0] ? manifest_chart(&kustomization, chart, name, reach->inspector->arena) : NULL;
    if (path) {
        visit_chart(reach, "", path, false);
    }
    visit_values_file(reach, folder, text_of(yaml_get(chart, "valuesFile")));
    visit_values(reach, folder, yaml_get(chart, "additionalValuesFiles"));
    values_keep(reach->inspector, &reach->notes, reach->target, true);
}

static void visit_kustomization(struct reach *reach, const char *path, const struct yaml_node *root)
{
    const char *folder = folder_of(reach, path);
    const char *parent_before = reach->parent;
    reach->parent = path;
    note_remotes(reach, path, root);
    for (size_t i = 0; root->kind == YAML_MAPPING && i + 1 < root->item_count; i += 2) {
        if (strcmp(text_of(root->items[i]), "helmCharts") != 0) {
            visit_paths(reach, folder, root->items[i + 1], 0);
            continue;
        }
        const struct yaml_node *charts = root->items[i + 1];
        for (size_t n = 0; charts->kind == YAML_SEQUENCE && n < charts->item_count; n++) {
            visit_inflated(reach, folder, root, charts->items[n]);
        }
    }
    visit_generators(reach, folder, "ConfigMap", yaml_get(root, "configMapGenerator"));
    visit_generators(reach, folder, "Secret", yaml_get(root, "secretGenerator"));
    reach->parent = parent_before;
}

static bool is_group(const struct yaml_node *root, const char *group)
{
    return strncmp(text_of(yaml_get(root, "apiVersion")), group, strlen(group)) == 0;
}

/* What an object applies is not rendered by the kustomization that holds the object. */
static void visit_object(struct reach *reach, const struct yaml_node *root)
{
    const char *kind = text_of(yaml_get(root, "kind"));
    const char *parent_before = reach->parent;
    reach->parent = NULL;
    if (is_group(root, "kustomize.toolkit.fluxcd.io/") && strcmp(kind, "Kustomization") == 0) {
        visit_flux(reach, root);
    } else if (is_group(root, "helm.toolkit.fluxcd.io/")) {
        visit_helm_release(reach, root);
    } else if (is_group(root, "argoproj.io/") && strcmp(kind, "Application") == 0) {
        visit_application(reach, root);
    } else if (is_group(root, "argoproj.io/") && strcmp(kind, "ApplicationSet") == 0) {
        visit_application_set(reach, root);
    }
    reach->parent = parent_before;
}

static void note_user(const struct reach *reach, struct found_file *file)
{
    size_t at = 0;
    while (at < file->targets.count && file->targets.items[at] < reach->target) {
        at++;
    }
    if (at < file->targets.count && file->targets.items[at] == reach->target) {
        const char **parent = &file->parents.items[at];
        bool is_same = *parent == reach->parent ||
                       (*parent && reach->parent && strcmp(*parent, reach->parent) == 0);
        *parent = is_same ? *parent : "";
        return;
    }
    (void)VEC_ADD(&file->targets);
    (void)VEC_ADD(&file->parents);
    for (size_t i = file->targets.count - 1; i > at; i--) {
        file->targets.items[i] = file->targets.items[i - 1];
        file->parents.items[i] = file->parents.items[i - 1];
    }
    file->targets.items[at] = reach->target;
    file->parents.items[at] = reach->parent;
}

static void visit_file(struct reach *reach, struct found_file *file)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    struct slice text = {0};
    struct err ignored = {0}; /* find_places() says it, once */
    const char *file_before = reach->file;
    note_user(reach, file);
    if (!inspector_parse(reach->inspector, file->path, arena, &text, &document, &ignored)) {
        return;
    }
    reach->file = file->path;
    for (; document; document = document->next) {
        if (!document->root) {
            continue;
        }
        if (kustomization_is_path(file->path)) {
            visit_kustomization(reach, file->path, document->root);
        } else {
            visit_object(reach, document->root);
        }
    }
    reach->file = file_before;
}

static void visit_all_in(struct reach *reach, const char *folder);

static const char *child(struct reach *reach, const char *folder, const char *name)
{
    return folder[0] ? arena_printf(reach->inspector->arena, "%s/%s", folder, name) : name;
}

/* A kustomization or a chart says what belongs to it; else everything does. */
static void visit_folder(struct reach *reach, const char *folder)
{
    struct inspector *inspector = reach->inspector;
    for (size_t i = 0; i < KUSTOMIZATION_NAMES; i++) {
        const char *path = child(reach, folder, kustomization_names[i]);
        if (map_has(&inspector->by_path, path)) {
            visit(reach, path);
            return;
        }
    }
    if (map_has(&inspector->by_path, child(reach, folder, "Chart.yaml"))) {
        visit(reach, child(reach, folder, "Chart.yaml"));
        visit(reach, child(reach, folder, "values.yaml"));
        visit_all_in(reach, child(reach, folder, "charts"));
        return;
    }
    visit_all_in(reach, folder);
}

static void visit_all_in(struct reach *reach, const char *folder)
{
    struct inspector *inspector = reach->inspector;
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err ignored = {0}; /* find_files() has said it */
    bool is_listed = inspector->tree->list(inspector->tree->context, folder, inspector->arena,
                                           &entries, &count, &ignored);
    for (size_t i = 0; is_listed && i < count; i++) {
        const char *path = child(reach, folder, entries[i].name);
        if (!manifest_is_left_out(path)) {
            visit(reach, path);
        }
    }
}

static void visit(struct reach *reach, const char *path)
{
    struct found_file *file = map_get(&reach->inspector->by_path, path);
    bool is_folder = map_has(&reach->inspector->folders, path);
    bool is_others = reach->is_loose && file && file->is_held;
    if ((!file && !is_folder) || is_others || reach->depth >= CHAIN_MAX || !is_new(reach, path)) {
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

static void reach_end(struct reach *reach)
{
    values_keep_releases(reach->inspector, &reach->notes, reach->target);
    values_notes_done(&reach->notes);
    map_done(&reach->seen);
}

/* An application that no target holds belongs to the target that it names as its destination: the
   one of a cluster from which Argo CD serves others. */
static void visit_by_destination(struct inspector *inspector, struct found_file *file,
                                 const struct yaml_document *documents)
{
    for (size_t i = 0; i < inspector->targets.count; i++) {
        struct reach reach = {.inspector = inspector,
                              .target = i,
                              .is_loose = true,
                              .is_by_destination = true,
                              .file = file->path};
        for (const struct yaml_document *document = documents; document;
             document = document->next) {
            if (document->root && is_group(document->root, "argoproj.io/")) {
                visit_object(&reach, document->root);
            }
        }
        if (reach.is_met) {
            note_user(&reach, file);
        }
        reach_end(&reach);
    }
}

static void find_reach_of_loose(struct inspector *inspector)
{
    VEC_EACH (struct found_file *, file, &inspector->files) {
        (*file)->is_held = (*file)->targets.count > 0;
    }
    for (size_t i = 0; i < inspector->files.count; i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct found_file *file = inspector->files.items[i];
        struct yaml_document *documents = NULL;
        struct slice text = {0};
        struct err ignored = {0}; /* find_places() says it, once */
        if (file->targets.count == 0 &&
            inspector_parse(inspector, file->path, arena, &text, &documents, &ignored)) {
            visit_by_destination(inspector, file, documents);
        }
    }
}

void find_reach(struct inspector *inspector)
{
    for (size_t i = 0; i < inspector->targets.count; i++) {
        struct reach reach = {.inspector = inspector, .target = i};
        const char *folder = path_in_tree(inspector->targets.items[i].path);
        if (folder[0]) {
            visit(&reach, folder);
        } else {
            visit_folder(&reach, folder);
        }
        reach_end(&reach);
    }
    find_reach_of_loose(inspector);
}
