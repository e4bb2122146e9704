/*
 * patches: what a kustomization's patches make of images.
 *
 * A strategic merge patch in a file of its own is a place like any other: the version that it gives
 * is read and edited there.  What a patch within the kustomization or a JSON 6902 patch does is not
 * followed: an image that it may touch is marked.
 */
#include <string.h>

#include "configrepo/walker.h"

#define REFERENCES_MAX 10000 /* scalars of one kustomization that are looked up as files */
#define PATCHES_MAX 1000     /* of one kustomization */

/* ---- the files that it names ---- */

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

/* Whatever is in a chart's folder may be a part of it. */
static void add_charts(struct walker *walker, const struct manifest_kustomization *kustomization,
                       struct file_name **out)
{
    const struct yaml_node *charts = yaml_get(kustomization->root, "helmCharts");
    for (size_t i = 0; charts && charts->kind == YAML_SEQUENCE && i < charts->item_count; i++) {
        const char *name = yaml_text(charts->items[i], "name");
        const char *path =
            name ? manifest_chart(kustomization, charts->items[i], name, walker->arena) : NULL;
        if (path) {
            struct file_name *folder = ARENA_NEW(walker->arena, struct file_name);
            *folder = (struct file_name){path, *out};
            *out = folder;
        }
    }
}

const struct file_name *walker_references(struct walker *walker,
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
    add_charts(walker, kustomization, &names);
    *place = names;
    return names;
}

static bool mentions(struct slice text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memmem(text.bytes, text.length, words[i], strlen(words[i]))) {
            return true;
        }
    }
    return false;
}

static bool mentions_image(struct slice text)
{
    static const char *const words[] = {"image"};
    return mentions(text, words, COUNT_OF(words));
}

/* The keys that lead to a version, as patches and as replacements write them. */
static bool mentions_chart(struct slice text)
{
    static const char *const words[] = {"chart/spec",   "chart.spec",  "/spec/version",
                                        "spec.version", "/spec/ref",   "spec.ref",
                                        "/spec/source", "spec.source", "targetRevision"};
    return mentions(text, words, COUNT_OF(words));
}

static bool mentions_slot(struct slice text, const struct slot *slot)
{
    static const char *const sources[] = {"source"};
    bool is_of_source = slot->own.at && slot->own.at->form == LOCATE_ARGOCD;
    return slot_is_chart(slot) ? mentions_chart(text)
           : is_of_source      ? mentions(text, sources, COUNT_OF(sources))
                               : mentions_image(text);
}

/* Does one of these fields, or a file that it names, speak of it? */
static bool fields_touch(struct walker *walker, const struct manifest_kustomization *k,
                         const char *const *fields, size_t count, bool (*speaks)(struct slice text))
{
    bool has_field = false;
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *field = yaml_get(k->root, fields[i]);
        has_field = has_field || field;
        if (field && field->end <= k->text.length &&
            speaks((struct slice){k->text.bytes + field->start, field->end - field->start})) {
            return true;
        }
    }
    const struct file_name *name = has_field ? walker_references(walker, k) : NULL;
    for (; name; name = name->next) {
        struct slice text = {"", 0};
        struct err err = {0};
        if (strcmp(name->path, k->file) != 0 &&
            commit_tree_read(walker->walk->survey->tree, name->path, &text, &err) && speaks(text)) {
            return true;
        }
    }
    return false;
}

static bool has_hidden(struct walker *walker, const struct manifest_kustomization *kustomization,
                       bool (*speaks)(struct slice text))
{
    static const char *const fields[] = {"transformers", "replacements"};
    return fields_touch(walker, kustomization, fields, COUNT_OF(fields), speaks);
}

void walker_read_hidden(struct walker *walker, const struct manifest_kustomization *kustomization,
                        struct hidden *out)
{
    out->images = has_hidden(walker, kustomization, mentions_image);
    out->charts = has_hidden(walker, kustomization, mentions_chart);
}

/* ---- reading patches ---- */

struct patch {
    const char *file;               /* NULL: it stands in the kustomization */
    struct slice text;              /* the whole file, or the patch itself */
    struct yaml_node *root;         /* of a strategic merge; NULL: it is not followed */
    const struct yaml_node *target; /* whom it is for; NULL: whom it names itself */
    struct patch *next;
};

struct patch_reader {
    struct walker *walker;
    const struct manifest_kustomization *kustomization;
    const struct yaml_node *target;
    struct patch **tail;
    size_t count;
};

static void add_patch(struct patch_reader *reader, const char *file, struct slice text,
                      struct yaml_node *root)
{
    struct patch *patch = ARENA_NEW(reader->walker->arena, struct patch);
    *patch = (struct patch){file, text, root, reader->target, NULL};
    *reader->tail = patch;
    reader->tail = &patch->next;
    reader->count++;
}

/* "$patch: delete" and its like ask for more than other values. */
static bool is_followed(const struct patch_reader *reader, const struct yaml_node *root,
                        struct slice text)
{
    bool says_for_whom =
        reader->target || (yaml_text(root, "kind") && yaml_at(root, "metadata.name"));
    return root->kind == YAML_MAPPING && says_for_whom &&
           !memmem(text.bytes, text.length, "$patch", strlen("$patch"));
}

static void read_text(struct patch_reader *reader, const char *file, struct slice text)
{
    struct yaml_document *document = NULL;
    struct err ignored = {0}; /* whoever renders it says so */
    if (!yaml_parse(reader->walker->arena, text, &document, &ignored)) {
        add_patch(reader, file, text, NULL);
        return;
    }
    for (; document && reader->count < PATCHES_MAX; document = document->next) {
        if (document->root) {
            add_patch(reader, file, text,
                      is_followed(reader, document->root, text) ? document->root : NULL);
        }
    }
}

static void read_file(struct patch_reader *reader, const char *text)
{
    struct walker *walker = reader->walker;
    const char *path = manifest_path(walker->arena, reader->kustomization->folder, text);
    struct slice bytes = {"", 0};
    struct err ignored = {0};
    /* By the walk's tree: it notes who uses the file. */
    if (path && walker->walk->tree.read(walker->walk->tree.context, path, walker->arena, &bytes,
                                        &ignored)) {
        read_text(reader, path, bytes);
    }
}

/* An entry of patches or patchesJson6902, or a text of patchesStrategicMerge. */
static void read_entry(struct patch_reader *reader, const struct yaml_node *entry)
{
    const char *path = entry->kind == YAML_SCALAR ? entry->text : yaml_text(entry, "path");
    const char *inside = entry->kind == YAML_SCALAR ? entry->text : yaml_text(entry, "patch");
    bool is_file = path && (!inside || !strchr(inside, '\n'));
    reader->target = entry->kind == YAML_MAPPING ? yaml_get(entry, "target") : NULL;
    if (is_file) {
        read_file(reader, path);
    } else if (inside) {
        read_text(reader, NULL, slice_of(inside));
    }
}

static const struct patch *patches_of(struct walker *walker,
                                      const struct manifest_kustomization *kustomization)
{
    static const char *const fields[] = {"patchesStrategicMerge", "patches", "patchesJson6902"};
    void **known = table_place(&walker->patches, kustomization->file);
    if (*known || !kustomization->root) {
        return *known;
    }
    struct patch *first = NULL;
    struct patch_reader reader = {.walker = walker, .kustomization = kustomization, .tail = &first};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        const struct yaml_node *list = yaml_get(kustomization->root, fields[i]);
        for (size_t n = 0; list && list->kind == YAML_SEQUENCE && n < list->item_count &&
                           reader.count < PATCHES_MAX;
             n++) {
            read_entry(&reader, list->items[n]);
        }
    }
    *known = first;
    return first;
}

void walker_read_patches(struct walker *walker, const struct manifest_kustomization *kustomization)
{
    (void)patches_of(walker, kustomization);
}

/* ---- whom a patch is for ---- */

enum applies { APPLIES_NOT, APPLIES_MAYBE, APPLIES };

/* kustomize takes a target's words for regular expressions. */
static enum applies match(const char *wanted, const char *is)
{
    if (!wanted || !wanted[0]) {
        return APPLIES;
    }
    if (strpbrk(wanted, "*+?()[]{}|^$\\")) {
        return APPLIES_MAYBE;
    }
    return strcmp(wanted, is) == 0 ? APPLIES : APPLIES_NOT;
}

static enum applies weaker(enum applies a, enum applies b)
{
    return a < b ? a : b;
}

static enum applies applies_to_target(const struct yaml_node *target, const struct item *item)
{
    enum applies applies = weaker(match(yaml_text(target, "kind"), item->object->kind),
                                  match(yaml_text(target, "name"), item->name));
    bool is_by_label = yaml_get(target, "labelSelector") ||
                       yaml_get(target, "annotationSelector") || yaml_get(target, "namespace");
    return is_by_label ? weaker(applies, APPLIES_MAYBE) : applies;
}

/* Of "apps/v1" the length of "apps/"; the core's group has no name. */
static size_t group_length(const char *api_version)
{
    const char *slash = strchr(api_version, '/');
    return slash ? (size_t)(slash + 1 - api_version) : 0;
}

/* The version does not matter. */
static bool same_group(const char *a, const char *b)
{
    return group_length(a) == group_length(b) && memcmp(a, b, group_length(a)) == 0;
}

static enum applies applies_to(const struct patch *patch, const struct item *item)
{
    if (patch->target) {
        return applies_to_target(patch->target, item);
    }
    if (!patch->root) {
        return APPLIES_MAYBE;
    }
    const char *api_version = yaml_text(patch->root, "apiVersion");
    const char *kind = yaml_text(patch->root, "kind");
    const struct yaml_node *name = yaml_at(patch->root, "metadata.name");
    bool is_it = api_version && same_group(api_version, item->object->api_version) && kind &&
                 strcmp(kind, item->object->kind) == 0 && name && name->kind == YAML_SCALAR &&
                 strcmp(name->text, item->name) == 0;
    return is_it ? APPLIES : APPLIES_NOT;
}

/* ---- what it makes of an image ---- */

static void take_over(struct slot *slot, const struct patch *patch,
                      const struct manifest_kustomization *kustomization,
                      const struct locate_place *place)
{
    slot->said_in = kustomization;
    slot->last = (struct written){patch->file, patch->text, place};
    slot->name = place->image;
    slot->tag = place->tag;
    slot->digest = place->digest;
    slot->by = slot->suffixed_by = slot->patched_by = slot->renamed_by = NULL;
}

/* A merge replaces lists as a whole: those of an Application hold versions. */
static bool patches_list(const struct yaml_node *root)
{
    return yaml_at(root, "spec.sources") || yaml_at(root, "spec.source.helm.parameters") ||
           yaml_at(root, "spec.source.kustomize.images");
}

static void patch_slot(struct walker *walker, const struct patch *patch, enum applies applies,
                       const struct manifest_kustomization *kustomization, struct slot *slot)
{
    if (!patch->root || !slot->own.at) { /* what it does is not known */
        slot->patched_by = mentions_slot(patch->text, slot) ? kustomization : slot->patched_by;
        return;
    }
    const struct locate_place *place = locate_patched(slot->own.at, patch->root, walker->arena);
    bool is_replaced = patches_list(patch->root) &&
                       (slot_is_chart(slot) || slot->own.at->keys || slot->own.at->is_listed);
    /* Parameters have the word after values. */
    bool is_outdone = place && slot->last.at && slot->last.at->is_listed;
    if (place && !is_replaced && !is_outdone && applies == APPLIES && patch->file) {
        take_over(slot, patch, kustomization, place);
    } else if (place || is_replaced) {
        slot->patched_by = kustomization;
    }
}

static bool mentions_address(const struct patch *patch)
{
    static const char *const words[] = {"url"};
    return mentions(patch->text, words, COUNT_OF(words));
}

/* Which files of values its chart takes. */
static void patch_files(const struct patch *patch, enum applies applies,
                        const struct manifest_kustomization *kustomization, struct item *item)
{
    static const char *const words[] = {"valuesFiles", "valueFiles"};
    struct yaml_node *files = yaml_at(patch->root, "spec.chart.spec.valuesFiles");
    if (applies == APPLIES && files && item->kind == WORKLOAD_HELM_RELEASE) {
        item->values_files = files;
        item->values_files_by = NULL;
    } else if (applies != APPLIES_NOT && mentions(patch->text, words, COUNT_OF(words))) {
        item->values_files_by = kustomization;
    }
}

void walker_patch(struct walker *walker, const struct manifest_kustomization *kustomization,
                  struct item *item)
{
    for (const struct patch *patch = patches_of(walker, kustomization); patch;
         patch = patch->next) {
        enum applies applies = applies_to(patch, item);
        item->is_moved = item->is_moved || (applies != APPLIES_NOT && mentions_address(patch));
        patch_files(patch, applies, kustomization, item);
        for (size_t i = 0; applies != APPLIES_NOT && i < item->slot_count; i++) {
            patch_slot(walker, patch, applies, kustomization, &item->slots[i]);
        }
    }
}

/* ---- what it adds ---- */

static bool has_slot(const struct item *item, const char *container)
{
    for (size_t i = 0; i < item->slot_count; i++) {
        if (strcmp(item->slots[i].container, container) == 0) {
            return true;
        }
    }
    return false;
}

/* A chart's slot stays the last one. */
static void add_slot(struct walker *walker, struct item *item, const struct slot *slot)
{
    size_t count = item->slot_count;
    size_t at = count > 0 && slot_is_chart(&item->slots[count - 1]) ? count - 1 : count;
    /* One more, since a chart's version may stand in another object. */
    struct slot *slots = arena_alloc(walker->arena, count + 2, sizeof(*slots));
    for (size_t i = 0; i < count; i++) {
        slots[i + (i >= at)] = item->slots[i];
    }
    slots[at] = *slot;
    item->slots = slots;
    item->slot_count++;
}

static void add_values(struct walker *walker, const struct patch *patch,
                       const struct manifest_kustomization *kustomization, struct item *item)
{
    const struct locate_file file = {.path = patch->file, .text = patch->text};
    for (const struct locate_place *place = locate_workload(patch->root, &file, walker->arena);
         place; place = place->next) {
        if (place->form != LOCATE_VALUES || has_slot(item, place->container)) {
            continue;
        }
        const struct written said = {patch->file, patch->text, place};
        const struct slot slot = {.container = place->container,
                                  .field = place->whole ? place->whole : place->parent,
                                  .own = said,
                                  .last = said,
                                  .name = place->image,
                                  .tag = place->tag,
                                  .digest = place->digest,
                                  .said_in = kustomization};
        add_slot(walker, item, &slot);
    }
}

void walker_patch_in(struct walker *walker, const struct manifest_kustomization *kustomization,
                     struct item *item)
{
    const struct patch *patch = patches_of(walker, kustomization);
    for (; patch && item->kind == WORKLOAD_HELM_RELEASE; patch = patch->next) {
        if (patch->file && patch->root && applies_to(patch, item) == APPLIES) {
            add_values(walker, patch, kustomization, item);
        }
    }
}
