#include <stdlib.h>
#include <string.h>

#include "configrepo/survey.h"

/* ---- what to change ---- */

static struct byte_edit *add_edit(edit_vec *edits, const char *file, struct slice text)
{
    struct byte_edit *edit = VEC_ADD(edits);
    edit->file = file;
    edit->text = text;
    return edit;
}

/* As it is written; of a block text the value alone. */
static const char *raw_text(struct slice text, const struct yaml_node *node, struct arena *arena)
{
    bool is_block = !node->is_alias && (node->style == YAML_LITERAL || node->style == YAML_FOLDED);
    return is_block ? arena_strdup(arena, node->text)
                    : arena_strndup(arena, text.bytes + node->start, node->end - node->start);
}

static void replace_scalar(edit_vec *edits, const char *file, struct slice text,
                           const struct yaml_node *node, const char *value, struct arena *arena)
{
    if (strcmp(node->text, value) == 0) {
        return;
    }
    struct byte_edit *edit = add_edit(edits, file, text);
    edit->start = node->start;
    edit->end = node->end;
    edit->value = arena_strdup(arena, value);
    edit->before = raw_text(text, node, arena);
    edit->after = edit->value;
}

static bool edit_field(const struct item *item, const struct slot *slot, const struct image *to,
                       struct arena *arena, edit_vec *edits)
{
    struct image wanted = *to;
    AUTO_STR(value, IMAGE_TEXT_BYTES);
    TEXT_COPY_CUT(wanted.repository, slot->name); /* it was parsed, so it fits */
    image_format(&wanted, &value);
    replace_scalar(edits, item->object->file, item->object->text, slot->field, value.text, arena);
    return true;
}

static const struct yaml_node *key_of(const struct yaml_node *mapping,
                                      const struct yaml_node *value)
{
    for (size_t i = 0; i + 1 < mapping->item_count; i += 2) {
        if (mapping->items[i + 1] == value) {
            return mapping->items[i];
        }
    }
    return NULL;
}

/* The line end of the line that ends at `end`; of the file's first line when that has none. */
static const char *line_end_at(struct slice text, size_t end)
{
    const char *newline =
        end < text.length ? text.bytes + end : memchr(text.bytes, '\n', text.length);
    bool is_crlf = newline && newline > text.bytes && newline[-1] == '\r';
    return is_crlf ? "\r\n" : "\n";
}

/* "  newTag: 1.0  # note" gets a line "  digest: …" below, with the same indentation. */
static void insert_line(struct byte_edit *edit, const struct yaml_node *key,
                        const struct yaml_node *after, struct arena *arena)
{
    struct slice text = edit->text;
    const char *newline = memchr(text.bytes + after->end, '\n', text.length - after->end);
    size_t end = newline ? (size_t)(newline - text.bytes) : text.length;
    const char *line_end = line_end_at(text, end);
    size_t at = newline && strcmp(line_end, "\r\n") == 0 ? end - 1 : end;

    AUTO_STR(line, 1024);
    str_addf(&line, "%s%*s%s: ", line_end, (int)key->column - 1, "", edit->key);
    yaml_write_scalar(&line, edit->key_value);
    edit->start = edit->end = at;
    edit->inserted = arena_strdup(arena, line.text);
}

/* In {name: x, newTag: y} the text is quoted: old parsers trip over a bare colon there. */
static void insert_in_flow(struct byte_edit *edit, const struct yaml_node *after,
                           struct arena *arena)
{
    edit->start = edit->end = after->end;
    edit->inserted = arena_printf(arena, ", %s: \"%s\"", edit->key, edit->key_value);
}

static bool insert_key(const struct slot *slot, const struct yaml_node *after, const char *key_name,
                       const char *value, struct arena *arena, edit_vec *edits)
{
    const struct yaml_node *entry = slot->entry->node;
    const struct yaml_node *key = key_of(entry, after);
    if (!after || !key || key->column == 0 || key->column > 512) {
        return false;
    }
    struct byte_edit *edit = add_edit(edits, slot->by->file, slot->by->text);
    edit->entry = entry;
    edit->key = key_name;
    edit->key_value = arena_strdup(arena, value);
    edit->before = "";
    edit->after = arena_printf(arena, "%s: %s", key_name, value);
    if (edit->text.bytes[entry->start] == '{') {
        insert_in_flow(edit, after, arena);
    } else {
        insert_line(edit, key, after, arena);
    }
    return true;
}

static bool entry_lacks(const struct slot *slot, const char *key, struct err *err)
{
    return err_set(err, ERR_REFUSED,
                   "%s:%u: the images: entry has a %s and the version has none; remove it from the "
                   "entry",
                   slot->by->file, slot->entry->node->line, key);
}

static bool edit_entry(const struct slot *slot, const struct image *to, struct arena *arena,
                       edit_vec *edits, struct err *err)
{
    const struct manifest_kustomization *by = slot->by;
    const struct yaml_node *tag = slot->entry->new_tag;
    const struct yaml_node *digest = slot->entry->digest;
    if (tag && !to->tag[0]) {
        return entry_lacks(slot, "newTag", err);
    }
    if (digest && !to->digest[0]) {
        return entry_lacks(slot, "digest", err);
    }
    bool done = true;
    if (tag) {
        replace_scalar(edits, by->file, by->text, tag, to->tag, arena);
    } else if (to->tag[0]) {
        done = insert_key(slot, digest, "newTag", to->tag, arena, edits);
    }
    if (digest) {
        replace_scalar(edits, by->file, by->text, digest, to->digest, arena);
    } else if (to->digest[0]) {
        done = done && insert_key(slot, tag, "digest", to->digest, arena, edits);
    }
    return done || err_set(err, ERR_REFUSED,
                           "%s:%u: the images: entry cannot be extended; write newTag and digest "
                           "into it",
                           by->file, slot->entry->node->line);
}

bool edit_slot(const struct item *item, const struct slot *slot, const struct image *to,
               struct arena *arena, edit_vec *edits, struct err *err)
{
    if (strcmp(slot->tag, to->tag) == 0 && strcmp(slot->digest, to->digest) == 0) {
        return true;
    }
    return slot->by ? edit_entry(slot, to, arena, edits, err)
                    : edit_field(item, slot, to, arena, edits);
}

/* ---- change it ---- */

/* An insertion must have added its key to its entry, and nothing else. */
struct comparison {
    const struct byte_edit *edits;
    size_t count;
    size_t found;
};

static bool is_expected(struct comparison *comparison, const struct yaml_node *entry,
                        const struct yaml_node *key, const struct yaml_node *value)
{
    for (size_t i = 0; i < comparison->count; i++) {
        const struct byte_edit *edit = &comparison->edits[i];
        if (edit->inserted && edit->entry->start == entry->start &&
            edit->entry->line == entry->line && key->kind == YAML_SCALAR &&
            strcmp(key->text, edit->key) == 0 && value->kind == YAML_SCALAR &&
            strcmp(value->text, edit->key_value) == 0) {
            comparison->found++;
            return true;
        }
    }
    return false;
}

static bool same_node(struct comparison *comparison, const struct yaml_node *a,
                      const struct yaml_node *b);

/* Pairs in order; `b` may have one more, which must be expected in the mapping `a`. */
static bool same_mapping(struct comparison *comparison, const struct yaml_node *a,
                         const struct yaml_node *b)
{
    bool may_have_more = b->item_count == a->item_count + 2;
    size_t skipped = 0;
    for (size_t i = 0; i + 1 < b->item_count; i += 2) {
        const struct yaml_node *key = b->items[i];
        const struct yaml_node *value = b->items[i + 1];
        size_t at = i - skipped;
        if (at + 1 < a->item_count && same_node(comparison, a->items[at], key)) {
            if (!same_node(comparison, a->items[at + 1], value)) {
                return false;
            }
        } else if (may_have_more && skipped == 0 && is_expected(comparison, a, key, value)) {
            skipped = 2;
        } else {
            return false;
        }
    }
    return b->item_count == a->item_count + skipped;
}

static bool same_items(struct comparison *comparison, const struct yaml_node *a,
                       const struct yaml_node *b)
{
    for (size_t i = 0; i < a->item_count; i++) {
        if (i >= b->item_count || !same_node(comparison, a->items[i], b->items[i])) {
            return false;
        }
    }
    return a->item_count == b->item_count;
}

static bool same_node(struct comparison *comparison, const struct yaml_node *a,
                      const struct yaml_node *b)
{
    if (a->kind != b->kind || a->is_alias != b->is_alias) {
        return false;
    }
    if (a->is_alias) {
        return true; /* what it stands for is compared where it stands */
    }
    if (a->kind == YAML_SCALAR) {
        return a->style == b->style && a->text_length == b->text_length &&
               memcmp(a->text, b->text, a->text_length) == 0;
    }
    return a->kind == YAML_MAPPING ? same_mapping(comparison, a, b) : same_items(comparison, a, b);
}

static bool same_documents(struct comparison *comparison, const struct yaml_document *a,
                           const struct yaml_document *b)
{
    for (; a && b; a = a->next, b = b->next) {
        if (!a->root != !b->root || (a->root && !same_node(comparison, a->root, b->root))) {
            return false;
        }
    }
    return !a && !b;
}

static bool check_insertions(const struct byte_edit *edits, size_t count, struct slice now,
                             struct arena *arena, struct err *err)
{
    struct comparison comparison = {edits, count, 0};
    size_t wanted = 0;
    for (size_t i = 0; i < count; i++) {
        wanted += edits[i].inserted != NULL;
    }
    struct yaml_document *before = NULL;
    struct yaml_document *after = NULL;
    if (wanted == 0) {
        return true;
    }
    if (!yaml_parse(arena, edits[0].text, &before, err) || !yaml_parse(arena, now, &after, err)) {
        return err_wrap(err, "%s", edits[0].file);
    }
    return (same_documents(&comparison, before, after) && comparison.found == wanted) ||
           err_set(err, ERR_REFUSED,
                   "%s: adding %s would change more than that; write newTag and digest by hand",
                   edits[0].file, edits[0].key ? edits[0].key : "a key");
}

/* Copy the text with its insertions, and say where each scalar stands then. */
static void insert_all(const struct byte_edit *edits, size_t count, struct str *out,
                       struct yaml_edit *scalars, size_t *scalar_count)
{
    struct slice text = edits[0].text;
    size_t copied = 0;
    size_t shift = 0;
    for (size_t i = 0; i < count; i++) {
        if (!edits[i].inserted) {
            scalars[(*scalar_count)++] =
                (struct yaml_edit){edits[i].start + shift, edits[i].end + shift, edits[i].value};
            continue;
        }
        str_add_bytes(out, text.bytes + copied, edits[i].start - copied);
        str_add(out, edits[i].inserted);
        copied = edits[i].start;
        shift += strlen(edits[i].inserted);
    }
    str_add_bytes(out, text.bytes + copied, text.length - copied);
}

bool edit_file(const struct byte_edit *edits, size_t count, struct arena *arena, struct slice *out,
               struct err *err)
{
    AUTO_STR(inserted, YAML_BYTES_MAX);
    AUTO_STR(edited, YAML_BYTES_MAX);
    struct yaml_edit *scalars = arena_alloc(arena, count, sizeof(*scalars));
    size_t scalar_count = 0;
    insert_all(edits, count, &inserted, scalars, &scalar_count);
    if (inserted.failed) {
        return err_set(err, ERR_INVALID, "%s is too large", edits[0].file);
    }
    if (!check_insertions(edits, count, str_slice(&inserted), arena, err)) {
        return false;
    }
    if (scalar_count == 0) {
        str_add_bytes(&edited, inserted.text, inserted.length);
    } else if (!yaml_edit(str_slice(&inserted), scalars, scalar_count, &edited, err)) {
        return err_wrap(err, "%s", edits[0].file);
    }
    out->bytes = arena_strndup(arena, edited.text, edited.length);
    out->length = edited.length;
    return true;
}
