/*
 * override: a version that several targets share, said for one of them alone.
 *
 * The shared file stays as it is.  A kustomization that only the target reads says the version, the
 * way that kustomize wants it: an entry of images: for a container's image, a patch for Helm
 * values, a value in the target's own file for those of a chart.  Promotions and `heddle set image
 * --target` choose alike.
 */
#include <string.h>

#include "configrepo/survey.h"

/* Is there room for one more item: a list, or nothing yet? */
static bool takes_items(const struct manifest_kustomization *kustomization, const char *key)
{
    const struct yaml_node *list = yaml_get(kustomization->root, key);
    return !list || (list->kind == YAML_SEQUENCE && !list->is_alias && list->alias_count == 0);
}

/* An empty "images:", or an alias. */
static const char *no_room(const struct override_case *wanted, const char *key, struct arena *arena)
{
    const struct yaml_node *list = yaml_get(wanted->in->root, key);
    return arena_printf(arena,
                        "%s, and in %s:%u \"%s\" is no list of its own; write it out, or remove "
                        "it when it is empty",
                        wanted->trouble, wanted->in->file, list->line, key);
}

void override_set_shared(struct override_case *out, const char *file, const char *other,
                         struct arena *arena)
{
    out->because = arena_printf(arena, "%s uses %s too", other, file);
    out->trouble =
        arena_printf(arena, "the version is written in %s, which %s uses too", file, other);
}

static bool is_chart(const struct override_case *wanted)
{
    return wanted->at && wanted->at->form == LOCATE_CHART;
}

/* Does a patch of the object's own keys say it? */
static bool is_patchable(const struct override_case *wanted)
{
    const struct locate_place *at = wanted->at;
    bool is_own =
        at && (is_chart(wanted) || at->form == LOCATE_VALUES || at->form == LOCATE_ARGOCD);
    /* Merges replace lists as a whole: an Application's parameters, and each of several sources. */
    return is_own && !at->is_listed && !(at->keys && strchr(at->keys, '['));
}

static const char *no_place(const struct override_case *wanted, struct arena *arena)
{
    const char *remedy = "write it in a file that only one of them reads";
    if (wanted->takes_entry) {
        remedy = arena_printf(arena,
                              "give each of them a kustomization.yaml of its own, with an images: "
                              "entry for %s",
                              wanted->image);
    } else if (is_patchable(wanted)) {
        remedy = "give each of them a kustomization.yaml of its own, which can patch it";
    }
    return arena_printf(arena, "%s; %s", wanted->trouble, remedy);
}

static const char *by_entry(const struct override_case *wanted, struct override *out,
                            struct arena *arena)
{
    /* kustomize takes the name for a regular expression. */
    if (strpbrk(wanted->image, "*+?()[]{}|^$\\")) {
        return no_place(wanted, arena);
    }
    if (!takes_items(out->in, "images")) {
        return no_room(wanted, "images", arena);
    }
    out->kind = OVERRIDE_ENTRY;
    out->note = arena_printf(arena, "%s gets an images: entry for %s, since %s", out->in->file,
                             wanted->image, wanted->because);
    return NULL;
}

/* "web-version.yaml": the name tells a reader what it is for.  A chart's version has a file of its
   own, since the release may have images, too.  NULL: something else has it. */
static const char *patch_file(const struct override_case *wanted, struct arena *arena)
{
    const char *path = manifest_path(
        arena, wanted->in->folder,
        arena_printf(arena, "%s%s-version.yaml", wanted->name, is_chart(wanted) ? "-chart" : ""));
    struct slice ignored = {0};
    struct err err = {0};
    bool is_free = path && !strchr(wanted->name, '/') &&
                   !wanted->tree->read(wanted->tree->context, path, arena, &ignored, &err) &&
                   err.kind == ERR_NOT_FOUND;
    return is_free ? path : NULL;
}

/* Of what the patch would have to say. */
static const char *keys_of(const struct override_case *wanted, struct arena *arena)
{
    const struct locate_place *at = wanted->at;
    return is_chart(wanted)
               ? arena_printf(arena, "%s.%s", locate_chart_path(wanted->kind), at->tag_key)
           : at->keys ? at->keys
                      : arena_printf(arena, "spec.values.%s", at->container);
}

static const char *by_patch(const struct override_case *wanted, struct override *out,
                            struct arena *arena)
{
    const struct locate_place *at = wanted->at;
    bool is_nameable = !strchr(at->container, '[') && (at->whole || at->tag_key);
    out->patch = patch_file(wanted, arena);
    if (!takes_items(out->in, "patches")) {
        return no_room(wanted, "patches", arena);
    }
    if (!out->patch || !is_nameable) {
        return arena_printf(arena, "%s; patch %s of %s in %s", wanted->trouble,
                            keys_of(wanted, arena), wanted->name, out->in->file);
    }
    out->kind = OVERRIDE_PATCH;
    out->note = arena_printf(arena, "%s is added as a patch to %s, since %s", out->patch,
                             out->in->file, wanted->because);
    return NULL;
}

const char *override_choose(const struct override_case *wanted, struct override *out,
                            struct arena *arena)
{
    *out = (struct override){.in = wanted->in};
    if (wanted->values_file) {
        out->kind = OVERRIDE_VALUE;
        out->note = arena_printf(arena, "%s gets a value for %s, since %s", wanted->values_file,
                                 wanted->values_path, wanted->because);
        return NULL;
    }
    if (wanted->in && wanted->takes_entry) {
        return by_entry(wanted, out, arena);
    }
    if (wanted->in && is_patchable(wanted)) {
        return by_patch(wanted, out, arena);
    }
    return no_place(wanted, arena);
}

/* ---- patches that are there ---- */

static bool is_for(const struct override_case *wanted, const struct yaml_node *patch)
{
    const char *kind = yaml_text(patch, "kind");
    const char *name = yaml_text(yaml_get(patch, "metadata"), "name");
    return kind && name && strcmp(kind, wanted->kind) == 0 && strcmp(name, wanted->name) == 0;
}

static bool find_in_file(const struct override_case *wanted, const char *text, struct arena *arena,
                         struct override_patch *out)
{
    const struct manifest_tree *tree = wanted->tree;
    const char *path = strchr(text, '\n') ? NULL : manifest_path(arena, wanted->in->folder, text);
    struct yaml_document *document = NULL;
    struct slice bytes = {0};
    struct err ignored = {0}; /* whoever renders it says so */
    if (!path || !tree->read(tree->context, path, arena, &bytes, &ignored) ||
        !yaml_parse(arena, bytes, &document, &ignored)) {
        return false;
    }
    for (; document; document = document->next) {
        const struct locate_place *at = document->root && is_for(wanted, document->root)
                                            ? locate_patched(wanted->at, document->root, arena)
                                            : NULL;
        if (at) {
            *out = (struct override_patch){path, at};
            return true;
        }
    }
    return false;
}

bool override_find_patch(const struct override_case *wanted, struct arena *arena,
                         struct override_patch *out)
{
    static const char *const fields[] = {"patchesStrategicMerge", "patches"};
    bool is_found = false;
    for (size_t i = 0; wanted->in && i < COUNT_OF(fields); i++) {
        const struct yaml_node *list = yaml_get(wanted->in->root, fields[i]);
        size_t count = list && list->kind == YAML_SEQUENCE ? list->item_count : 0;
        for (size_t n = 0; n < count; n++) {
            const struct yaml_node *entry = list->items[n];
            const char *path = entry->kind == YAML_SCALAR ? entry->text : yaml_text(entry, "path");
            bool is_selected = yaml_get(entry, "target") != NULL;
            /* The last one has the last word. */
            is_found = (path && !is_selected && find_in_file(wanted, path, arena, out)) || is_found;
        }
    }
    return is_found;
}

/* ---- all of them ---- */

static bool add_wish(const struct override_wish *wish, struct arena *arena, edit_vec *edits,
                     struct err *err)
{
    const struct manifest_tree *tree = wish->of->tree;
    if (!wish->patch.at) {
        edits_add_override(edits, wish->of, &wish->by, wish->tag, wish->digest, arena);
        return true;
    }
    struct edit *edit =
        edits_add(edits, EDIT_PLACE, wish->patch.file, wish->tag, wish->digest, arena);
    edit->at = wish->patch.at;
    edit->patched = wish->of->at;
    return tree->read(tree->context, edit->file, arena, &edit->text, err) ||
           err_wrap(err, "%s", edit->file);
}

static bool write_files(const edit_vec *edits, struct arena *arena, struct file_edit *out,
                        size_t *out_count, struct err *err)
{
    static const struct field_list no_fields = {0};
    for (size_t at = 0; at < edits->count;) {
        size_t end = edits_end(edits, at);
        struct file_edit *file = &out[(*out_count)++];
        *file = (struct file_edit){.file = edits->items[at].file, .before = edits->items[at].text};
        if (!edit_file(&edits->items[at], end - at, &no_fields, arena, &file->after, err)) {
            return false;
        }
        at = end;
    }
    return true;
}

bool override_write(const struct override_wish *wishes, size_t count, struct arena *arena,
                    struct file_edit **out, size_t *out_count, struct err *err)
{
    edit_vec edits = {0};
    bool done = true;
    for (size_t i = 0; done && i < count; i++) {
        done = add_wish(&wishes[i], arena, &edits, err);
    }
    done = done && edits_merge(&edits, err);
    *out = arena_alloc(arena, edits.count + 1, sizeof(**out));
    *out_count = 0;
    done = done && write_files(&edits, arena, *out, out_count, err);
    VEC_DONE(&edits);
    return done;
}
