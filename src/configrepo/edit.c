/*
 * edit: from "this container shall have that version" to a file's new bytes.
 *
 * An edit remembers where it belongs, not in which parse of the file: several targets may read the
 * file, each by a walk of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "configrepo/survey.h"

static const char *joined(const char *name, const char *tag, const char *digest,
                          struct arena *arena)
{
    return arena_printf(arena, "%s%s%s%s%s", name, tag[0] ? ":" : "", tag, digest[0] ? "@" : "",
                        digest);
}

/* ---- what to change ---- */

struct edit *edits_add(edit_vec *edits, enum edit_kind kind, const char *file, const char *tag,
                       const char *digest, struct arena *arena)
{
    struct edit *edit = VEC_ADD(edits);
    *edit = (struct edit){.kind = kind,
                          .file = file,
                          .name = "",
                          .tag = arena_strdup(arena, tag),
                          .digest = arena_strdup(arena, digest)};
    return edit;
}

/* The patch is a file of its own, and the kustomization must name it. */
static void add_patch(edit_vec *edits, const struct override_case *of,
                      const struct override *override, const char *tag, const char *digest,
                      struct arena *arena)
{
    struct edit *named = edits_add(edits, EDIT_PATCH_PATH, override->in->file, "", "", arena);
    size_t folder = strlen(override->in->folder);
    named->text = override->in->text;
    named->name = override->patch + folder + (folder > 0);
    struct edit *value = edits_add(edits, EDIT_PATCH_VALUE, override->patch, tag, digest, arena);
    value->of = of;
    value->at = of->at;
    value->name = of->at->form == LOCATE_CHART    ? ""
                  : of->at->form == LOCATE_ARGOCD ? of->at->keys
                                                  : of->at->container;
}

void edits_add_override(edit_vec *edits, const struct override_case *of,
                        const struct override *override, const char *tag, const char *digest,
                        struct arena *arena)
{
    if (override->kind == OVERRIDE_PATCH) {
        add_patch(edits, of, override, tag, digest, arena);
    } else if (override->kind == OVERRIDE_VALUE) {
        struct edit *edit = edits_add(edits, EDIT_VALUE, of->values_file, tag, digest, arena);
        edit->text = of->values_text;
        edit->at = of->at;
        edit->name = of->values_path;
    } else if (override->kind == OVERRIDE_ENTRY) {
        struct edit *edit = edits_add(edits, EDIT_ENTRY, override->in->file, tag, digest, arena);
        edit->text = override->in->text;
        edit->name = of->image;
    }
}

/* What the slot's last word is a patch of; NULL: it stands for itself. */
static const struct locate_place *patched_by(const struct slot *slot)
{
    const struct locate_place *at = slot->last.at;
    const struct chart_value *value = slot->origin ? slot->origin->value : NULL;
    if (value && at == value->said.at) {
        return value->base;
    }
    bool is_patch = at->form == slot->own.at->form && at != slot->own.at && !at->is_listed;
    return is_patch ? slot->own.at : NULL;
}

bool edit_slot(const struct walk *walk, const struct item *item, const struct slot *slot,
               const struct image *to, struct arena *arena, edit_vec *edits, struct err *err)
{
    struct override override = {0};
    const char *blocked = slot_blocked(walk, item, slot, &override, arena);
    if (blocked) {
        return err_set(err, ERR_REFUSED, "%s in %s cannot be changed: %s", item->name, walk->path,
                       blocked);
    }
    const struct override_case *shared = NULL;
    if (own_case(walk, item, slot, arena, &shared)) {
        edits_add_override(edits, shared, &override, to->tag, to->digest, arena);
    } else {
        struct edit *edit =
            edits_add(edits, EDIT_PLACE, slot->last.file, to->tag, to->digest, arena);
        edit->text = slot->last.text;
        edit->at = slot->last.at;
        edit->patched = patched_by(slot);
    }
    return true;
}

/* ---- together ---- */

static int by_place(const void *left, const void *right)
{
    const struct edit *a = left;
    const struct edit *b = right;
    int order = strcmp(a->file, b->file);
    order = order ? order : (int)a->kind - (int)b->kind;
    if (!order && a->at && b->at) {
        order = (a->at->line > b->at->line) - (a->at->line < b->at->line);
        order = order ? order : (a->at->column > b->at->column) - (a->at->column < b->at->column);
    }
    return order ? order : strcmp(a->name, b->name);
}

bool edits_merge(edit_vec *edits, struct err *err)
{
    size_t kept = 0;
    sort_items(edits->items, edits->count, sizeof(*edits->items), by_place);
    for (size_t i = 0; i < edits->count; i++) {
        const struct edit *edit = &edits->items[i];
        const struct edit *last = kept ? &edits->items[kept - 1] : NULL;
        if (!last || by_place(last, edit) != 0) {
            edits->items[kept++] = *edit;
        } else if (strcmp(last->tag, edit->tag) != 0 || strcmp(last->digest, edit->digest) != 0) {
            return err_set(err, ERR_REFUSED,
                           "%s holds one version for several workloads, and they want %.100s and "
                           "%.100s; promote them to the same version",
                           edit->file, last->tag[0] ? last->tag : last->digest,
                           edit->tag[0] ? edit->tag : edit->digest);
        }
    }
    edits->count = kept;
    return true;
}

size_t edits_end(const edit_vec *edits, size_t at)
{
    size_t end = at + 1;
    while (end < edits->count && strcmp(edits->items[end].file, edits->items[at].file) == 0) {
        end++;
    }
    return end;
}

/* ---- one file ---- */

/* A file that gets its new bytes. */
struct editor {
    const struct edit *edits;
    size_t count;
    struct arena *arena;
    struct yaml_document *document;
    locate_amendments amendments;
};

/* A patch holds only what it changes, so its places are found by what they are patches of. */
static const struct locate_place *find_in_patch(const struct editor *editor,
                                                const struct edit *edit)
{
    for (const struct yaml_document *document = editor->document; document;
         document = document->next) {
        const struct locate_place *found =
            document->root ? locate_patched(edit->patched, document->root, editor->arena) : NULL;
        if (found && locate_is_same(found, edit->at)) {
            return found;
        }
    }
    return NULL;
}

static const struct locate_place *find_in(const struct locate_place *places,
                                          const struct locate_place *wanted)
{
    while (places && !locate_is_same(places, wanted)) {
        places = places->next;
    }
    return places;
}

/* Its name need not say that it holds values. */
static bool is_values(const struct editor *editor)
{
    bool is_one = false;
    for (size_t i = 0; i < editor->count; i++) {
        const struct edit *edit = &editor->edits[i];
        is_one = is_one || (edit->at && edit->at->form == LOCATE_VALUES_FILE);
    }
    return is_one;
}

static bool amend_places(struct editor *editor, const struct field_list *fields, struct err *err)
{
    struct locate_file file = {.path = editor->edits[0].file,
                               .text = editor->edits[0].text,
                               .documents = editor->document,
                               .is_values = is_values(editor),
                               .fields = fields->items,
                               .field_count = fields->count};
    const struct locate_place *places = locate_places(&file, editor->arena);
    for (size_t i = 0; i < editor->count; i++) {
        const struct edit *edit = &editor->edits[i];
        if (edit->kind != EDIT_PLACE) {
            continue;
        }
        const struct locate_place *at =
            edit->patched ? find_in_patch(editor, edit) : find_in(places, edit->at);
        const char *trouble =
            at ? locate_amend(at, edit->tag, edit->digest, editor->arena, &editor->amendments)
               : "it is not there any more";
        if (trouble) {
            return err_set(err, ERR_REFUSED, "%s:%u: %s", edit->file, edit->at->line, trouble);
        }
    }
    return true;
}

static struct yaml_item pair_item(struct editor *editor, const char *key, const char *value)
{
    struct yaml_pair *pairs = arena_alloc(editor->arena, 3, sizeof(*pairs));
    pairs[0] = (struct yaml_pair){key, value};
    return (struct yaml_item){pairs, 1};
}

static struct yaml_item entry_item(struct editor *editor, const struct edit *edit)
{
    struct yaml_item item = pair_item(editor, "name", edit->name);
    struct yaml_pair *pairs = (struct yaml_pair *)(uintptr_t)item.pairs;
    if (edit->tag[0]) {
        pairs[item.count++] = (struct yaml_pair){"newTag", edit->tag};
    }
    if (edit->digest[0]) {
        pairs[item.count++] = (struct yaml_pair){"digest", edit->digest};
    }
    return item;
}

/* All additions of one kind to the kustomization's list of that name. */
static void amend_list(struct editor *editor, enum edit_kind kind, const char *key)
{
    struct yaml_item *items = arena_alloc(editor->arena, editor->count + 1, sizeof(*items));
    size_t count = 0;
    for (size_t i = 0; i < editor->count; i++) {
        const struct edit *edit = &editor->edits[i];
        if (edit->kind == kind) {
            items[count++] = kind == EDIT_ENTRY ? entry_item(editor, edit)
                                                : pair_item(editor, "path", edit->name);
        }
    }
    if (count == 0) {
        return;
    }
    const struct yaml_node *root = editor->document->root;
    const struct yaml_node *list = yaml_get(root, key);
    bool is_list = list && list->kind == YAML_SEQUENCE;
    *VEC_ADD(&editor->amendments) =
        (struct yaml_amendment){.kind = is_list ? YAML_AMEND_APPEND : YAML_AMEND_ADD,
                                .in = is_list ? list : root,
                                .key = key,
                                .items = items,
                                .item_count = count};
}

/* ---- values that are not there yet ---- */

/* The object at a dotted path, made where it is missing. */
static json_t *object_at(json_t *object, const char *path)
{
    while (*path) {
        char key[PATH_BYTES];
        size_t length = strcspn(path, ".");
        text_copy_cut(key, length + 1 < sizeof(key) ? length + 1 : sizeof(key), path);
        json_t *next = json_object_get(object, key);
        if (!next) {
            next = json_object();
            json_object_set_new(object, key, next);
        }
        object = next;
        path += length + (path[length] == '.');
    }
    return object;
}

/* Below `root`, which stands for what is above the first key. */
static void set_value(json_t *root, const struct edit *edit, struct arena *arena)
{
    const struct locate_place *at = edit->at;
    const char *path = edit->name;
    const char *dot = strrchr(path, '.');
    const char *parent = arena_strndup(arena, path, dot ? (size_t)(dot - path) : 0);
    if (at->whole) {
        const char *value = joined(at->image, edit->tag, edit->digest, arena);
        json_object_set_new(object_at(root, parent), dot ? dot + 1 : path, json_string(value));
        return;
    }
    json_t *mapping = object_at(root, at->is_beside ? parent : path);
    bool is_apart = edit->digest[0] && at->digest_key;
    const char *tag =
        edit->digest[0] && !is_apart ? joined(edit->tag, "", edit->digest, arena) : edit->tag;
    json_object_set_new(mapping, at->tag_key, json_string(tag));
    if (is_apart) {
        json_object_set_new(mapping, at->digest_key, json_string(edit->digest));
    }
}

/* What the file lacks of the tree.  Whoever chose the file has seen that there is room. */
static bool add_missing(struct editor *editor, const struct yaml_node *mapping, json_t *tree)
{
    const char *key = NULL;
    json_t *value = NULL;
    bool done = true;
    json_object_foreach (tree, key, value) {
        const struct yaml_node *there = yaml_get(mapping, key);
        if (there && json_is_object(value) && there->kind == YAML_MAPPING) {
            done = done && add_missing(editor, there, value);
            continue;
        }
        done = done && !there;
        *VEC_ADD(&editor->amendments) =
            (struct yaml_amendment){.kind = YAML_AMEND_ADD,
                                    .in = mapping,
                                    .key = key,
                                    .value = json_string_value(value),
                                    .tree = json_is_object(value) ? value : NULL};
    }
    return done;
}

/* `tree` holds the values until the file is amended. */
static bool amend_values(struct editor *editor, json_t *tree, struct err *err)
{
    for (size_t i = 0; i < editor->count; i++) {
        if (editor->edits[i].kind == EDIT_VALUE) {
            set_value(tree, &editor->edits[i], editor->arena);
        }
    }
    return add_missing(editor, editor->document->root, tree) ||
           err_set(err, ERR_REFUSED, "%s has another value there", editor->edits[0].file);
}

static bool amend_file(struct editor *editor, const struct field_list *fields, struct str *out,
                       struct err *err)
{
    struct slice text = editor->edits[0].text;
    if (!yaml_parse(editor->arena, text, &editor->document, err)) {
        return err_wrap(err, "%s", editor->edits[0].file);
    }
    AUTO_JSON *values = json_object();
    if (!amend_places(editor, fields, err) || !amend_values(editor, values, err)) {
        return false;
    }
    amend_list(editor, EDIT_ENTRY, "images");
    amend_list(editor, EDIT_PATCH_PATH, "patches");
    return yaml_amend(text, editor->document, editor->amendments.items, editor->amendments.count,
                      out, err) ||
           err_wrap(err, "%s", editor->edits[0].file);
}

/* ---- a new patch ---- */

static const char *patched_path(const struct override_case *of)
{
    return of->at->form == LOCATE_CHART    ? locate_chart_path(of->kind)
           : of->at->form == LOCATE_ARGOCD ? ""
                                           : "spec.values";
}

static bool write_patch(const struct edit *edits, size_t count, struct arena *arena,
                        struct str *out, struct err *err)
{
    const struct override_case *of = edits[0].of;
    AUTO_JSON *root = json_pack("{s:s, s:s, s:{s:s}}", "apiVersion", of->api_version, "kind",
                                of->kind, "metadata", "name", of->name);
    if (of->namespace[0]) {
        json_object_set_new(json_object_get(root, "metadata"), "namespace",
                            json_string(of->namespace));
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(edits[i].of->namespace, of->namespace) != 0) {
            return err_set(err, ERR_REFUSED,
                           "two objects are called %s, in %s and in %s; patch them by hand",
                           of->name, of->namespace, edits[i].of->namespace);
        }
        set_value(object_at(root, patched_path(of)), &edits[i], arena);
    }
    yaml_print(out, root);
    return true;
}

bool edit_file(const struct edit *edits, size_t count, const struct field_list *fields,
               struct arena *arena, struct slice *out, struct err *err)
{
    AUTO_STR(bytes, YAML_BYTES_MAX);
    struct editor editor = {.edits = edits, .count = count, .arena = arena};
    bool done = edits[0].kind == EDIT_PATCH_VALUE ? write_patch(edits, count, arena, &bytes, err)
                                                  : amend_file(&editor, fields, &bytes, err);
    VEC_DONE(&editor.amendments);
    if (done && bytes.failed) {
        return err_set(err, ERR_INVALID, "%s is too large", edits[0].file);
    }
    out->bytes = arena_strndup(arena, bytes.text, bytes.length);
    out->length = bytes.length;
    return done;
}
