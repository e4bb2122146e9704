#include <string.h>

#include "configrepo/survey.h"

#define REFERENCES_MAX 10000 /* scalars of one kustomization that are looked up as files */

/* A walk at work. */
struct walker {
    struct walk *walk;
    struct arena *arena;
    VEC(struct item) items;
    struct table referenced; /* kustomization file → struct file_name */
    size_t depth, kustomization_count;
};

static void add_problem(struct walker *walker, const char *file, unsigned line, const char *text)
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

static void add_file(struct walker *walker, struct item *item, const char *path)
{
    struct file_name *name = ARENA_NEW(walker->arena, struct file_name);
    name->path = path;
    name->next = item->files;
    item->files = name;
}

/* ---- objects ---- */

static size_t count_containers(const struct yaml_node *pod, const char *list)
{
    const struct yaml_node *containers = pod ? yaml_get(pod, list) : NULL;
    return containers && containers->kind == YAML_SEQUENCE ? containers->item_count : 0;
}

static bool is_shared(const struct yaml_node *node)
{
    return node->is_alias || node->alias_count > 0;
}

static void add_slots(struct walker *walker, struct item *item, const struct yaml_node *pod,
                      const char *list)
{
    size_t count = count_containers(pod, list);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *container = yaml_get(pod, list)->items[i];
        const struct yaml_node *field = yaml_get(container, "image");
        const char *name = yaml_text(container, "name");
        if (field && name) {
            struct slot *slot = &item->slots[item->slot_count++];
            *slot = (struct slot){.container = name, .field = field};
            slot->is_shared = is_shared(yaml_get(pod, list)) || is_shared(container);
            slot_read_image(slot, walker->arena);
        }
    }
}

static void add_object(struct walker *walker, const struct manifest_object *object)
{
    enum workload_kind kind = workload_kind_of(object->api_version, object->kind);
    const struct yaml_node *pod = manifest_pod_spec(object->root);
    if (kind == WORKLOAD_KIND_COUNT || !pod) {
        return;
    }
    if (!object->name[0]) {
        add_problem(walker, object->file, object->line,
                    "a workload without metadata.name cannot be followed; give it one");
        return;
    }
    struct item *item = VEC_ADD(&walker->items);
    item->object = object;
    item->kind = kind;
    item->name = object->name;
    item->namespace = object->namespace;
    item->slots = arena_alloc(walker->arena,
                              count_containers(pod, "containers") +
                                  count_containers(pod, "initContainers") + 1,
                              sizeof(*item->slots));
    add_slots(walker, item, pod, "initContainers");
    add_slots(walker, item, pod, "containers");
    add_file(walker, item, object->file);
}

static void add_objects(struct walker *walker, const struct manifest_object *objects)
{
    for (; objects; objects = objects->next) {
        add_object(walker, objects);
    }
}

/* ---- kustomizations ---- */

/* A file that the scalar names, or NULL.  Generators write "key=path". */
static const char *referenced_file(struct walker *walker, const char *folder, const char *text)
{
    const char *equals = strchr(text, '=');
    const char *path = manifest_path(walker->arena, folder, equals ? equals + 1 : text);
    const struct git_entry *entry =
        path && path[0] ? commit_tree_entry(walker->walk->survey->tree, path) : NULL;
    return entry && entry->kind == GIT_FILE ? path : NULL;
}

static void collect_references(struct walker *walker, const char *folder,
                               const struct yaml_node *node, struct file_name **out, size_t *left)
{
    for (size_t i = 0; i<node->item_count && * left> 0; i++) {
        collect_references(walker, folder, node->items[i], out, left);
    }
    if (node->kind != YAML_SCALAR || *left == 0) {
        return;
    }
    (*left)--;
    bool may_be_path = node->text[0] && node->text_length < PATH_BYTES && !strchr(node->text, '\n');
    const char *path = may_be_path ? referenced_file(walker, folder, node->text) : NULL;
    if (path) {
        struct file_name *name = ARENA_NEW(walker->arena, struct file_name);
        name->path = path;
        name->next = *out;
        *out = name;
    }
}

/* The files beside its resources that a kustomization reads: patches, generators' input. */
static const struct file_name *references_of(struct walker *walker,
                                             const struct manifest_kustomization *kustomization)
{
    static const char *const other_keys[] = {"resources", "bases", "components", "images"};
    void **place = table_place(&walker->referenced, kustomization->file);
    if (*place || !kustomization->root) {
        return *place;
    }
    struct file_name *own = ARENA_NEW(walker->arena, struct file_name);
    own->path = kustomization->file;
    struct file_name *names = own;
    size_t left = REFERENCES_MAX;
    const struct yaml_node *root = kustomization->root;
    for (size_t i = 0; i + 1 < root->item_count; i += 2) {
        bool is_other = false;
        for (size_t n = 0; n < COUNT_OF(other_keys); n++) {
            is_other = is_other || strcmp(root->items[i]->text, other_keys[n]) == 0;
        }
        if (!is_other) {
            collect_references(walker, kustomization->folder, root->items[i + 1], &names, &left);
        }
    }
    *place = names;
    return names;
}

static bool mentions_image(struct slice text)
{
    return memmem(text.bytes, text.length, "image", strlen("image")) != NULL;
}

/* Does one of these fields, or a file that it names, speak of an image? */
static bool fields_touch_images(struct walker *walker, const struct manifest_kustomization *k,
                                const char *const *fields, size_t count)
{
    bool has_field = false;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *field = yaml_get(k->root, fields[i]);
        has_field = has_field || field;
        if (field && field->end <= k->text.length &&
            mentions_image(
                (struct slice){k->text.bytes + field->start, field->end - field->start})) {
            return true;
        }
    }
    const struct file_name *name = has_field ? references_of(walker, k) : NULL;
    for (; name; name = name->next) {
        struct slice text = {"", 0};
        struct err err = {0};
        if (strcmp(name->path, k->file) != 0 &&
            commit_tree_read(walker->walk->survey->tree, name->path, &text, &err) &&
            mentions_image(text)) {
            return true;
        }
    }
    return false;
}

static void mark_patched(struct item *item, const struct manifest_kustomization *kustomization)
{
    for (size_t i = 0; i < item->slot_count; i++) {
        item->slots[i].patched_by = kustomization;
    }
}

/* What the kustomization does to the workloads below it; kustomize's order: patches, names,
   images, and what can change everything at the end. */
static void transform(struct walker *walker, const struct manifest_kustomization *kustomization,
                      size_t first)
{
    static const char *const before_images[] = {"patches", "patchesStrategicMerge",
                                                "patchesJson6902"};
    static const char *const after_images[] = {"transformers", "replacements"};
    if (first == walker->items.count) {
        return;
    }
    bool patches_before =
        fields_touch_images(walker, kustomization, before_images, COUNT_OF(before_images));
    bool patches_after =
        fields_touch_images(walker, kustomization, after_images, COUNT_OF(after_images));
    const char *namespace = yaml_text(kustomization->root, "namespace");
    const char *prefix = yaml_text(kustomization->root, "namePrefix");
    const char *suffix = yaml_text(kustomization->root, "nameSuffix");

    for (size_t i = first; i < walker->items.count; i++) {
        struct item *item = &walker->items.items[i];
        item->namespace = namespace && namespace[0] ? namespace : item->namespace;
        if (prefix || suffix) {
            item->name = arena_printf(walker->arena, "%s%s%s", prefix ? prefix : "", item->name,
                                      suffix ? suffix : "");
        }
        if (patches_before) {
            mark_patched(item, kustomization);
        }
        for (size_t n = 0; n < item->slot_count; n++) {
            slot_apply_images(&item->slots[n], kustomization, walker->arena);
        }
        if (patches_after) {
            mark_patched(item, kustomization);
        }
        const struct file_name *name = references_of(walker, kustomization);
        for (; name; name = name->next) {
            add_file(walker, item, name->path);
        }
    }
}

static void note_unseen(struct walker *walker, const struct manifest_kustomization *kustomization)
{
    static const struct {
        const char *field, *remedy;
    } unseen[] = {
        {"bases", "list them under resources"},
        {"helmCharts", "commit the rendered manifests"},
        {"helmChartInflationGenerator", "commit the rendered manifests"},
        {"generators", "commit the rendered manifests"},
    };
    for (size_t i = 0; i < COUNT_OF(unseen); i++) {
        const struct yaml_node *field = yaml_get(kustomization->root, unseen[i].field);
        if (field) {
            add_problem(walker, kustomization->file, field->line,
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
        add_problem(walker, folder, 0, err.text);
    } else if (!kustomization) {
        add_problem(walker, folder, 0, "the folder has no kustomization.yaml");
    } else if (kustomization->is_component != wants_component) {
        add_problem(walker, kustomization->file, 1,
                    wants_component ? "it is listed under components, but its kind is not Component"
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
    add_objects(walker, objects);
}

/* `first`: where the workloads begin that it transforms.  A component's are those of the
   kustomization that it is part of. */
static void accumulate(struct walker *walker, const struct manifest_kustomization *kustomization,
                       size_t first)
{
    if (walker->depth >= WALK_DEPTH_MAX || walker->kustomization_count >= WALK_KUSTOMIZATIONS_MAX) {
        add_problem(walker, kustomization->file, 1,
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
    manifest_folder(&walker->walk->tree, walker->walk->path, walker->arena, &objects,
                    &walker->walk->problems, note_folder, &found);
    add_objects(walker, objects);
    VEC_EACH (const char *, folder, &found.paths) {
        add_folder(walker, *folder, false, walker->items.count);
    }
    VEC_DONE(&found.paths);
}

static void walk_root(struct walker *walker)
{
    struct manifest_kustomization *root = NULL;
    struct err err = {0};
    if (!manifest_kustomization(&walker->walk->tree, walker->walk->path, walker->arena, &root,
                                &err)) {
        add_problem(walker, walker->walk->path, 0, err.text);
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
    const struct git_entry *entry = commit_tree_entry(survey->tree, path);
    if (!entry) {
        return err_set(err, ERR_NOT_FOUND, "the folder \"%.200s\" does not exist", path);
    }
    return entry->kind == GIT_FOLDER ||
           err_set(err, ERR_REFUSED, "\"%.200s\" is not a folder; links are not followed", path);
}

bool walk_path(struct configrepo_survey *survey, const char *path, const struct manifest_tree *tree,
               struct walk **out, struct err *err)
{
    struct walk *walk = ARENA_NEW(survey->arena, struct walk);
    *walk = (struct walk){.survey = survey, .path = path, .tree = *tree};
    struct walker walker = {.walk = walk, .arena = survey->arena};
    table_init(&walker.referenced, survey->arena);

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
    /* Git that stopped answering looks like missing files; that is no picture of the target. */
    if (survey->tree->failure.kind != ERR_NONE) {
        *err = survey->tree->failure;
        return err_wrap(err, "read %.200s", path);
    }
    *out = walk;
    return exists;
}
