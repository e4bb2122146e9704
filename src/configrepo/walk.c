#include <string.h>

#include "configrepo/walker.h"

void walker_problem(struct walker *walker, const char *file, unsigned line, const char *text)
{
    struct manifest_problem *problem = ARENA_NEW(walker->arena, struct manifest_problem);
    problem->file = arena_strdup(walker->arena, file);
    problem->line = line;
    problem->text = arena_strdup(walker->arena, text);
    struct manifest_problem **end = &walker->walk->problems;
    while (*end) {
        end = &(*end)->next;
    }
    *end = problem;
}

void walker_add_file(struct walker *walker, struct item *item, const char *path)
{
    struct file_name *name = ARENA_NEW(walker->arena, struct file_name);
    name->path = path;
    name->next = item->files;
    item->files = name;
}

/* ---- kustomizations ---- */

static void mark_patched(struct item *item, const struct hidden *hidden,
                         const struct manifest_kustomization *kustomization)
{
    for (size_t i = 0; i < item->slot_count; i++) {
        struct slot *slot = &item->slots[i];
        bool is_hidden = slot_is_chart(slot) ? hidden->charts : hidden->images;
        slot->patched_by = is_hidden ? kustomization : slot->patched_by;
    }
}

static void add_passage(struct walker *walker, struct item *item,
                        const struct manifest_kustomization *kustomization)
{
    struct passage *passage = ARENA_NEW(walker->arena, struct passage);
    *passage = (struct passage){kustomization, item->name, item->namespace, item->passages};
    item->passages = passage;
}

/* What the kustomization does to the workloads below it; kustomize's order: patches, names,
   images, and what can change everything at the end. */
static void transform(struct walker *walker, const struct manifest_kustomization *kustomization,
                      size_t first)
{
    walker_read_patches(walker, kustomization);
    if (first == walker->items.count) {
        return;
    }
    struct hidden hidden;
    walker_read_hidden(walker, kustomization, &hidden);
    const char *namespace = yaml_text(kustomization->root, "namespace");
    const char *prefix = yaml_text(kustomization->root, "namePrefix");
    const char *suffix = yaml_text(kustomization->root, "nameSuffix");

    for (size_t i = first; i < walker->items.count; i++) {
        struct item *item = &walker->items.items[i];
        add_passage(walker, item, kustomization);
        bool is_moved = namespace && namespace[0] && !item->is_of_chart;
        item->namespace = is_moved ? namespace : item->namespace;
        walker_patch_in(walker, kustomization, item);
        walker_patch(walker, kustomization, item);
        if (prefix || suffix) {
            item->name = arena_printf(walker->arena, "%s%s%s", prefix ? prefix : "", item->name,
                                      suffix ? suffix : "");
        }
        for (size_t n = 0; n < item->slot_count; n++) {
            slot_apply_images(&item->slots[n], kustomization, walker->arena);
        }
        mark_patched(item, &hidden, kustomization);
        const struct file_name *name = walker_references(walker, kustomization);
        for (; name; name = name->next) {
            walker_add_file(walker, item, name->path);
        }
    }
}

static void note_unseen(struct walker *walker, const struct manifest_kustomization *kustomization)
{
    static const struct {
        const char *field, *remedy;
    } unseen[] = {
        {"helmCharts", "commit the rendered manifests"},
        {"helmChartInflationGenerator", "commit the rendered manifests"},
        {"generators", "commit the rendered manifests"},
    };
    for (size_t i = 0; i < COUNT_OF(unseen); i++) {
        const struct yaml_node *field = yaml_get(kustomization->root, unseen[i].field);
        bool is_chart = strncmp(unseen[i].field, "helm", 4) == 0;
        if (field && !(is_chart && walker->walk->survey->charts.render)) {
            walker_problem(walker, kustomization->file, field->line,
                           arena_printf(walker->arena,
                                        "workloads that come by \"%s\" are not seen; to promote "
                                        "them, %s",
                                        unseen[i].field, unseen[i].remedy));
        }
    }
}

static void accumulate(struct walker *walker, const struct manifest_kustomization *kustomization,
                       size_t first);

static void add_folder(struct walker *walker, const char *folder, bool wants_component,
                       size_t first)
{
    struct manifest_kustomization *kustomization = NULL;
    struct err err = {0};
    if (!manifest_kustomization(&walker->walk->tree, folder, walker->arena, &kustomization, &err)) {
        walker_problem(walker, folder, 0, err.text);
    } else if (!kustomization) {
        walker_problem(walker, folder, 0, "the folder has no kustomization.yaml");
    } else if (kustomization->is_component != wants_component) {
        walker_problem(walker, kustomization->file, 1,
                       wants_component
                           ? "it is listed under components, but its kind is not Component"
                           : "a Component must be listed under components, not resources");
    } else {
        accumulate(walker, kustomization, first);
    }
}

static void add_resource(struct walker *walker, const char *path)
{
    const struct git_entry *entry = commit_tree_entry(walker->walk->survey->tree, path);
    if (entry && entry->kind == GIT_FOLDER) {
        add_folder(walker, path, false, walker->items.count);
        return;
    }
    struct manifest_object *objects = NULL;
    manifest_file(&walker->walk->tree, path, walker->arena, &objects, &walker->walk->problems);
    walker_add_objects(walker, objects);
}

/* `first`: where the workloads begin that it transforms.  A component's are those of the
   kustomization that it is part of. */
static void accumulate(struct walker *walker, const struct manifest_kustomization *kustomization,
                       size_t first)
{
    if (walker->depth >= WALK_DEPTH_MAX || walker->kustomization_count >= WALK_KUSTOMIZATIONS_MAX) {
        walker_problem(walker, kustomization->file, 1,
                       "the kustomizations are nested too deeply, or in a circle");
        return;
    }
    walker->depth++;
    walker->kustomization_count++;
    note_unseen(walker, kustomization);
    for (size_t i = 0; i < kustomization->resource_count; i++) {
        add_resource(walker, kustomization->resources[i]);
    }
    for (size_t i = 0; i < kustomization->component_count; i++) {
        add_folder(walker, kustomization->components[i], true, first);
    }
    walker_add_charts(walker, kustomization);
    walker_note_made(walker, kustomization);
    transform(walker, kustomization, first);
    walker->depth--;
}

/* ---- a target's path ---- */

struct found_folders {
    struct arena *arena;
    VEC(const char *) paths;
};

static void note_folder(void *context, const char *folder)
{
    struct found_folders *found = context;
    *VEC_ADD(&found->paths) = arena_strdup(found->arena, folder);
}

static void walk_plain_folder(struct walker *walker)
{
    struct found_folders found = {.arena = walker->arena};
    struct manifest_object *objects = NULL;
    manifest_folder(&walker->walk->tree, path_in_tree(walker->walk->path), walker->arena, &objects,
                    &walker->walk->problems, note_folder, &found);
    walker_add_objects(walker, objects);
    VEC_EACH (const char *, folder, &found.paths) {
        add_folder(walker, *folder, false, walker->items.count);
    }
    VEC_DONE(&found.paths);
}

static void walk_root(struct walker *walker)
{
    struct manifest_kustomization *root = NULL;
    struct err err = {0};
    if (!manifest_kustomization(&walker->walk->tree, path_in_tree(walker->walk->path),
                                walker->arena, &root, &err)) {
        walker_problem(walker, walker->walk->path, 0, err.text);
        return;
    }
    walker->walk->root = root;
    if (root) {
        accumulate(walker, root, 0);
    } else {
        walk_plain_folder(walker);
    }
}

static bool check_path(struct configrepo_survey *survey, const char *path, struct err *err)
{
    if (!path_check("target path", path, err)) {
        return false;
    }
    if (!path_in_tree(path)[0]) {
        return true;
    }
    const struct git_entry *entry = commit_tree_entry(survey->tree, path);
    if (!entry) {
        return err_set(err, ERR_NOT_FOUND, "the folder \"%.200s\" does not exist", path);
    }
    return entry->kind == GIT_FOLDER ||
           err_set(err, ERR_REFUSED, "\"%.200s\" is not a folder; links are not followed", path);
}

/* Once nothing is looked for by the names that kustomizations know. */
static void name_items(struct walk *walk)
{
    for (size_t i = 0; i < walk->item_count; i++) {
        struct item *item = &walk->items[i];
        struct slice name = workload_name_in(item->kind, item->name, walk->path);
        item->name = arena_strndup(walk->survey->arena, name.bytes, name.length);
    }
}

bool walk_path(struct configrepo_survey *survey, const char *path, const struct manifest_tree *tree,
               struct walk **out, struct err *err)
{
    struct walk *walk = ARENA_NEW(survey->arena, struct walk);
    *walk = (struct walk){.survey = survey, .path = path, .tree = *tree};
    struct walker walker = {.walk = walk, .arena = survey->arena};
    table_init(&walker.referenced, survey->arena);
    table_init(&walker.patches, survey->arena);

    bool exists = check_path(survey, path, err);
    if (exists) {
        walk_root(&walker);
    }
    walk->item_count = walker.items.count;
    walk->items = arena_alloc(survey->arena, walk->item_count + 1, sizeof(*walk->items));
    if (walk->item_count > 0) {
        memcpy(walk->items, walker.items.items, walk->item_count * sizeof(*walk->items));
    }
    VEC_DONE(&walker.items);
    walk_resolve_charts(walk);
    walker_add_values(&walker);
    VEC_DONE(&walker.made);
    name_items(walk);
    struct err named_err = {0};
    bool knows_users = !walker.has_named_files || survey_add_named(survey, &named_err);
    /* Git that stopped answering looks like missing files; that is no picture of the target. */
    if (survey->tree->failure.kind != ERR_NONE) {
        *err = survey->tree->failure;
        return err_wrap(err, "read %.200s", path);
    }
    if (!knows_users) {
        *err = named_err;
        return false;
    }
    *out = walk;
    return exists;
}
