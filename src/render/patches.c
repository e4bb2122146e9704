/* patches, patchesStrategicMerge and patchesJson6902: from the kustomization or from files. */
#include <string.h>

#include "render/internal.h"

/* ---- loading ---- */

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

bool read_named_file(struct transformation *work, const struct yaml_node *at, const char *name,
                     struct slice *out, struct err *err)
{
    const struct manifest_kustomization *kustomization = work->kustomization;
    const char *path = name[0] ? manifest_path(work->arena, kustomization->folder, name) : NULL;
    if (manifest_is_remote(name)) {
        return err_set(err, ERR_REFUSED,
                       "line %u: %.120s lies outside of the repository; copy it into the "
                       "repository",
                       at->line, name);
    }
    if (!path) {
        return err_set(err, ERR_REFUSED, "line %u: \"%.120s\" is no path inside of the repository",
                       at->line, name);
    }
    return work->tree->read(work->tree->context, path, work->arena, out, err) ||
           err_wrap(err, "line %u", at->line);
}

/* A patch that is not written as we can read it is one for the program, or a mistake that it
   explains. */
static bool parse_patch(struct transformation *work, const char *field, const struct yaml_node *at,
                        struct slice text, struct yaml_document **out, struct err *err)
{
    *out = NULL;
    if (!yaml_parse(work->arena, text, out, err)) {
        return leave_to_program(work, field, at, err);
    }
    while (*out && !(*out)->root) {
        *out = (*out)->next;
    }
    return *out || leave_to_program(work, field, at, err);
}

/* ---- strategic merge ---- */

/* What kustomize turns into texts before it merges by a target: pairs must be texts already. */
static bool has_odd_pairs(json_t *patch)
{
    static const char *const fields[] = {"labels", "annotations"};
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        json_t *pairs = json_object_get(json_object_get(patch, "metadata"), fields[i]);
        const char *key = NULL;
        json_t *value = NULL;
        if (pairs && !json_is_object(pairs)) {
            return true;
        }
        json_object_foreach (pairs, key, value) {
            if (!json_is_string(value)) {
                return true;
            }
        }
    }
    return false;
}

/* kustomize keeps what it knows about an object in its annotations: a patch that throws all of them
   away makes it forget. */
static bool forgets(const json_t *patch)
{
    const json_t *metadata = json_object_get(patch, "metadata");
    const json_t *annotations = json_object_get(metadata, "annotations");
    return json_object_get(metadata, "$patch") || json_is_null(annotations) ||
           json_object_get(annotations, "$patch");
}

static json_t *read_merge_patch(const struct yaml_node *root, struct err *err)
{
    AUTO_JSON *patch = yaml_to_json_kustomize(root, err);
    const char *kind = json_text_at(patch, "kind", "");
    size_t length = strlen(kind);
    bool is_list = length >= 4 && strcmp(kind + length - 4, "List") == 0;
    bool is_whole = json_is_object(patch) && kind[0] && !is_list &&
                    json_text_at(patch, "apiVersion", "")[0] &&
                    json_text_at(patch, "metadata.name", "")[0] && !forgets(patch);
    return is_whole ? TAKE(patch) : NULL;
}

/* One patch at work on some drafts. */
struct merging {
    struct transformation *work;
    const char *field;
    const struct yaml_node *at;
    json_t *patch;
};

static bool merge_into(struct merging *merging, size_t *index, struct err *err)
{
    struct draft_list *list = merging->work->list;
    struct draft *draft = &list->all.items[*index];
    AUTO_JSON *copy = json_deep_copy(merging->patch);
    json_object_set_new(copy, "apiVersion",
                        json_string(json_text_at(draft->json, "apiVersion", "")));
    switch (merge_patch(draft, copy)) {
    case OUTCOME_BEYOND:
        return leave_to_program(merging->work, merging->field, merging->at, err);
    case OUTCOME_REMOVED:
        draft_remove(list, *index);
        (*index)--;
        break;
    case OUTCOME_DONE:
        break;
    }
    return true;
}

static bool merge_into_selected(struct merging *merging, const struct selector *selector,
                                struct err *err)
{
    struct draft_list *list = merging->work->list;
    if (has_odd_pairs(merging->patch)) {
        return leave_to_program(merging->work, merging->field, merging->at, err);
    }
    for (size_t i = 0; i < list->all.count; i++) {
        if (selector_takes(selector, &list->all.items[i]) && !merge_into(merging, &i, err)) {
            return false;
        }
    }
    return true;
}

/* The one object that is or was called as the patch is. */
static bool merge_into_named(struct merging *merging, struct err *err)
{
    struct draft_list *list = merging->work->list;
    struct draft named = {.json = merging->patch};
    struct identity identity = identity_of(&named);
    size_t found = list->all.count;
    for (size_t i = 0; i < list->all.count; i++) {
        if (was_ever(&list->all.items[i], &identity)) {
            if (found < list->all.count) {
                return leave_to_program(merging->work, merging->field, merging->at, err);
            }
            found = i;
        }
    }
    if (found == list->all.count) {
        return err_set(err, ERR_INVALID,
                       "line %u: the patch is for %s %.80s, which is not there; name one that is, "
                       "with its apiVersion and namespace",
                       merging->at->line, identity.kind, identity.name);
    }
    return merge_into(merging, &found, err);
}

/* All documents of a patch; with a target there may be one. */
static bool apply_documents(struct merging *merging, const struct yaml_document *documents,
                            const struct selector *selector, struct err *err)
{
    size_t count = 0;
    for (const struct yaml_document *document = documents; document; document = document->next) {
        if (!document->root) {
            continue;
        }
        AUTO_JSON *patch = read_merge_patch(document->root, err);
        if (!patch || (selector && count++ > 0)) {
            return leave_to_program(merging->work, merging->field, merging->at, err);
        }
        merging->patch = patch;
        if (!(selector ? merge_into_selected(merging, selector, err)
                       : merge_into_named(merging, err))) {
            return false;
        }
    }
    return true;
}

/* ---- JSON patches ---- */

/* Annotations are always there while `patches` is at work: kustomize notes names in them. */
static enum outcome patch_object(struct draft *draft, const json_t *operations, bool notes)
{
    json_t *metadata = json_object_get(draft->json, "metadata");
    bool has_notes =
        notes || draft->formers || draft->prefixes || draft->suffixes || draft->is_generated;
    if (has_notes && !json_object_get(metadata, "annotations")) {
        json_object_set_new(metadata, "annotations", json_object());
    }
    enum outcome outcome = json_patch(&draft->json, operations);
    draft->nulls = NULLS_WRITTEN;
    metadata = json_object_get(draft->json, "metadata");
    json_t *annotations = json_object_get(metadata, "annotations");
    if (annotations && json_object_size(annotations) == 0) {
        json_object_del(metadata, "annotations");
    }
    return outcome;
}

/* What begins with a bracket must be JSON through and through. */
static json_t *read_operations(const struct yaml_document *document, struct slice text,
                               struct err *err)
{
    size_t blank = 0;
    while (blank < text.length && strchr(" \t\r\n", text.bytes[blank])) {
        blank++;
    }
    bool is_json = blank < text.length && text.bytes[blank] == '[';
    return is_json ? json_parse(text, err) : yaml_to_json(document->root, err);
}

static bool apply_operations(struct merging *merging, const struct yaml_document *document,
                             struct slice text, const struct selector *selector, struct err *err)
{
    struct draft_list *list = merging->work->list;
    bool notes = strcmp(merging->field, "patches") == 0;
    AUTO_JSON *operations = read_operations(document, text, err);
    if (!operations || document->next || json_array_size(operations) == 0 || !selector) {
        return leave_to_program(merging->work, merging->field, merging->at, err);
    }
    VEC_EACH (struct draft, draft, &list->all) {
        if (!selector_takes(selector, draft)) {
            continue;
        }
        if (notes) {
            remember_identity(merging->work->arena, draft);
        }
        if (patch_object(draft, operations, notes) != OUTCOME_DONE) {
            return leave_to_program(merging->work, merging->field, merging->at, err);
        }
    }
    return true;
}

/* ---- the fields ---- */

/* The text of an entry: of its `patch`, or of the file at its `path`. */
static bool entry_text(struct transformation *work, const struct yaml_node *entry,
                       const char *field, struct slice *out, struct err *err)
{
    const char *text = yaml_text(entry, "patch");
    const char *path = yaml_text(entry, "path");
    bool has_text = text && !is_blank(text);
    bool has_path = path && path[0];
    if (has_text == has_path) {
        return leave_to_program(work, field, entry, err);
    }
    if (has_path) {
        return read_named_file(work, entry, path, out, err);
    }
    *out = slice_of(text);
    return true;
}

static bool apply_entry(struct transformation *work, const struct yaml_node *entry,
                        const char *field, bool only_json, struct err *err)
{
    static const char *const keys[] = {"patch", "path", "target"};
    const struct yaml_node *target = yaml_get(entry, "target");
    struct merging merging = {work, field, entry, NULL};
    struct selector selector;
    struct slice text = {0};
    struct yaml_document *document = NULL;
    const char *name = yaml_text(target ? target : entry, "name");
    if (!has_only_keys(entry, keys, COUNT_OF(keys)) ||
        (only_json && !(target && name && name[0]))) {
        return leave_to_program(work, field, entry, err);
    }
    if ((target && !selector_read(work, target, field, &selector, err)) ||
        !entry_text(work, entry, field, &text, err) ||
        !parse_patch(work, field, entry, text, &document, err)) {
        return false;
    }
    if (document->root->kind == YAML_SEQUENCE) {
        return apply_operations(&merging, document, text, target ? &selector : NULL, err);
    }
    return only_json ? leave_to_program(work, field, entry, err)
                     : apply_documents(&merging, document, target ? &selector : NULL, err);
}

static bool apply_entries(struct transformation *work, const char *field, bool only_json,
                          struct err *err)
{
    const struct yaml_node *list = yaml_get(work->kustomization->root, field);
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        if (!apply_entry(work, list->items[i], field, only_json, err)) {
            return false;
        }
    }
    return true;
}

bool apply_patches(struct transformation *work, struct err *err)
{
    return apply_entries(work, "patches", false, err);
}

bool apply_json_patches(struct transformation *work, struct err *err)
{
    return apply_entries(work, "patchesJson6902", true, err);
}

/* An item is a patch itself, or the name of a file of patches. */
static bool apply_merge_item(struct transformation *work, const struct yaml_node *item,
                             struct err *err)
{
    static const char field[] = "patchesStrategicMerge";
    struct merging merging = {work, field, item, NULL};
    struct slice text = {item->text, item->text_length};
    struct yaml_document *document = NULL;
    if (item->kind != YAML_SCALAR || item->text[0] == '{') {
        return leave_to_program(work, field, item, err);
    }
    if (!strchr(item->text, '\n') && !read_named_file(work, item, item->text, &text, err)) {
        return false;
    }
    if (!parse_patch(work, field, item, text, &document, err)) {
        return false;
    }
    for (const struct yaml_document *each = document; each; each = each->next) {
        AUTO_JSON *patch = each->root ? read_merge_patch(each->root, err) : NULL;
        if (each->root && (!patch || has_odd_pairs(patch))) {
            return leave_to_program(work, field, item, err);
        }
    }
    return apply_documents(&merging, document, NULL, err);
}

bool apply_merge_patches(struct transformation *work, struct err *err)
{
    const struct yaml_node *list = yaml_get(work->kustomization->root, "patchesStrategicMerge");
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        if (!apply_merge_item(work, list->items[i], err)) {
            return false;
        }
    }
    return true;
}
