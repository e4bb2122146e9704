#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "yaml/internal.h"

/* A scalar of the old text, with what decides whether it may be edited. */
struct leaf {
    const struct yaml_node *node;
    bool is_key;
    const char *shared_by;        /* the outermost anchor around it that aliases repeat, or NULL */
    const struct yaml_edit *edit; /* that is planned for it, or NULL */
    size_t uses;                  /* aliases of it that shall get the same value */
};

struct leaves {
    struct leaf *items;
    size_t count, capacity;
};

static void leaves_done(struct leaves *leaves)
{
    VEC_DONE(leaves);
}

struct planned {
    const struct yaml_edit *edit;
    struct leaf *leaf;
    bool is_kept;      /* an alias whose anchor gets the value: nothing is written here */
    size_t start, end; /* the bytes that go */
};

struct change {
    struct slice text;
    struct leaves leaves;    /* in the order of the file; no aliases */
    struct planned *planned; /* in the order of the file */
    size_t count;
    struct arena *arena;
    const struct yaml_document *before;
};

/* ---- find ---- */

/* An alias is a leaf, too: a use that can get a value of its own. */
static void collect(struct leaves *leaves, const struct yaml_node *node, bool is_key,
                    const char *shared_by)
{
    if (!shared_by && node->alias_count > 0) {
        shared_by = node->anchor;
    }
    if (node->kind == YAML_SCALAR || node->is_alias) {
        *VEC_ADD(leaves) = (struct leaf){.node = node, .is_key = is_key, .shared_by = shared_by};
        return;
    }
    for (size_t i = 0; i < node->item_count; i++) {
        bool key = node->kind == YAML_MAPPING && i % 2 == 0;
        collect(leaves, node->items[i], key, shared_by);
    }
}

static int compare_planned(const void *left, const void *right)
{
    const struct planned *a = left;
    const struct planned *b = right;
    if (a->edit->start != b->edit->start) {
        return a->edit->start < b->edit->start ? -1 : 1;
    }
    return (a->edit->end > b->edit->end) - (a->edit->end < b->edit->end);
}

static unsigned line_of(struct slice text, size_t at)
{
    unsigned line = 1;
    for (size_t i = 0; i < at && i < text.length; i++) {
        line += text.bytes[i] == '\n';
    }
    return line;
}

/* Both lists are sorted by place, so one walk matches them. */
static bool match_leaves(struct change *change, struct err *err)
{
    size_t at = 0;
    for (size_t i = 0; i < change->count; i++) {
        const struct yaml_edit *edit = change->planned[i].edit;
        while (at < change->leaves.count && change->leaves.items[at].node->start < edit->start) {
            at++;
        }
        struct leaf *leaf = at < change->leaves.count ? &change->leaves.items[at] : NULL;
        if (!leaf || leaf->node->start != edit->start || leaf->node->end != edit->end) {
            return err_set(err, ERR_INVALID, "line %u: bytes %zu to %zu are not one value",
                           line_of(change->text, edit->start), edit->start, edit->end);
        }
        leaf->edit = edit;
        change->planned[i].leaf = leaf;
        at++;
    }
    return true;
}

/* ---- anchors ---- */

static int by_start(const void *start, const void *leaf)
{
    size_t left = *(const size_t *)start;
    size_t right = ((const struct leaf *)leaf)->node->start;
    return (left > right) - (left < right);
}

static struct leaf *target_of(const struct change *change, const struct leaf *leaf)
{
    const struct yaml_node *target = leaf->node->target;
    struct leaf *found = target ? bsearch(&target->start, change->leaves.items,
                                          change->leaves.count, sizeof(*found), by_start)
                                : NULL;
    return found && found->node == target ? found : NULL;
}

/* An alias is kept where its anchor gets the same value. */
static void count_uses(struct change *change)
{
    for (size_t i = 0; i < change->count; i++) {
        struct planned *planned = &change->planned[i];
        struct leaf *target =
            planned->leaf->node->is_alias ? target_of(change, planned->leaf) : NULL;
        if (target && target->edit && strcmp(target->edit->value, planned->edit->value) == 0) {
            planned->is_kept = true;
            target->uses++;
        }
    }
}

/* ---- refuse ---- */

static bool refuse(const struct yaml_node *node, struct err *err, const char *why)
{
    return err_set(err, ERR_REFUSED, "line %u, column %u: %s", node->line, node->column, why);
}

static bool check_uses(const struct leaf *leaf, struct err *err)
{
    const struct yaml_node *node = leaf->node;
    bool is_own = !node->is_alias && node->alias_count > 0 && leaf->shared_by == node->anchor;
    if (!leaf->shared_by || (is_own && leaf->uses == node->alias_count)) {
        return true;
    }
    return err_set(err, ERR_REFUSED,
                   "line %u, column %u: the value is under the anchor &%s, which aliases "
                   "repeat elsewhere in the file; write it out in each place first",
                   node->line, node->column, leaf->shared_by);
}

/* The one line of a block text: where its value stands.  False when it has more. */
static bool find_block_line(struct slice text, const struct yaml_node *node, size_t *out_start,
                            size_t *out_end)
{
    const char *end = text.bytes + node->end;
    const char *at = memchr(text.bytes + node->start, '\n', node->end - node->start);
    while (at && at < end && strchr(" \r\n", *at)) {
        at++;
    }
    size_t length = node->text_length;
    bool is_there = at && length > 0 && (size_t)(text.bytes + text.length - at) >= length &&
                    memcmp(at, node->text, length) == 0 && !memchr(node->text, '\n', length);
    *out_start = is_there ? (size_t)(at - text.bytes) : 0;
    *out_end = *out_start + length;
    return is_there;
}

static bool spans_lines(struct slice text, const struct yaml_node *node)
{
    size_t length = node->end - node->start;
    return memchr(text.bytes + node->start, '\n', length) ||
           memchr(text.bytes + node->start, '\r', length);
}

static bool is_block(const struct yaml_node *node)
{
    return !node->is_alias && (node->style == YAML_LITERAL || node->style == YAML_FOLDED);
}

bool yaml_is_one_line(struct slice text, const struct yaml_node *scalar)
{
    size_t start = 0;
    size_t end = 0;
    return is_block(scalar) ? find_block_line(text, scalar, &start, &end)
                            : !spans_lines(text, scalar);
}

static bool fits_block(const char *value)
{
    return value[0] && !strchr(" \t", value[0]) && !strpbrk(value, "\r\n");
}

static bool place_block(struct slice text, struct planned *planned, struct err *err)
{
    const struct yaml_node *node = planned->leaf->node;
    return (find_block_line(text, node, &planned->start, &planned->end) &&
            fits_block(planned->edit->value)) ||
           refuse(node, err,
                  "the value is a block text (| or >) that is not one line without an end (|- or "
                  ">-); put it behind the key first");
}

static bool check_editable(struct slice text, struct planned *planned, struct err *err)
{
    const struct leaf *leaf = planned->leaf;
    const struct yaml_node *node = leaf->node;
    planned->start = node->start;
    planned->end = node->end;
    if (leaf->is_key) {
        return refuse(node, err, "this is a key, not a value");
    }
    if (node->is_alias && node->kind != YAML_SCALAR) {
        return refuse(node, err, "this is an alias of more than one value");
    }
    if (!check_uses(leaf, err)) {
        return false;
    }
    if (is_block(node)) {
        return place_block(text, planned, err);
    }
    if (spans_lines(text, node)) {
        return refuse(node, err, "the value spans several lines; put it on one line first");
    }
    return true;
}

/* ---- write ---- */

static bool has_only_printable(const char *text)
{
    uint32_t point = 0;
    for (size_t length; *text; text += length) {
        length = yaml_decode_char(text, &point);
        if (length == 0 || !yaml_is_printable(point)) {
            return false;
        }
    }
    return true;
}

static void write_single_quoted(struct str *out, const char *value)
{
    str_add_char(out, '\'');
    for (; *value; value++) {
        if (*value == '\'') {
            str_add_char(out, '\'');
        }
        str_add_char(out, *value);
    }
    str_add_char(out, '\'');
}

static void write_value(struct str *out, const struct yaml_node *old, const char *value)
{
    if (is_block(old)) {
        str_add(out, value);
    } else if (old->is_alias || old->style == YAML_PLAIN) {
        yaml_write_scalar(out, value);
    } else if (old->style == YAML_SINGLE_QUOTED && has_only_printable(value)) {
        write_single_quoted(out, value);
    } else {
        yaml_write_quoted(out, value);
    }
}

/* Where there was nothing (`tag:`), the place is right behind the indicator. */
static bool wants_blank_before(struct slice text, const struct yaml_node *node)
{
    return node->start == node->end && node->start > 0 &&
           !strchr(" \t\r\n", text.bytes[node->start - 1]);
}

static void splice(const struct change *change, struct str *out)
{
    size_t at = 0;
    for (size_t i = 0; i < change->count; i++) {
        const struct planned *planned = &change->planned[i];
        if (planned->is_kept) {
            continue;
        }
        str_add_bytes(out, change->text.bytes + at, planned->start - at);
        if (wants_blank_before(change->text, planned->leaf->node)) {
            str_add_char(out, ' ');
        }
        write_value(out, planned->leaf->node, planned->edit->value);
        at = planned->end;
    }
    if (at < change->text.length) {
        str_add_bytes(out, change->text.bytes + at, change->text.length - at);
    }
}

/* ---- verify ---- */

struct comparison {
    const struct change *change;
    size_t seen; /* planned edits met so far */
};

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_string(const struct yaml_node *node)
{
    return node->style != YAML_PLAIN || yaml_plain_is_string(node->text);
}

static const struct planned *planned_for(struct comparison *comparison,
                                         const struct yaml_node *before)
{
    const struct change *change = comparison->change;
    bool is_next =
        comparison->seen < change->count && change->planned[comparison->seen].leaf->node == before;
    return is_next ? &change->planned[comparison->seen++] : NULL;
}

static bool is_wanted(const struct planned *planned, const struct yaml_node *after)
{
    return after->kind == YAML_SCALAR && strcmp(after->text, planned->edit->value) == 0 &&
           is_string(after);
}

static bool same_scalar(struct comparison *comparison, const struct yaml_node *before,
                        const struct yaml_node *after)
{
    const struct planned *planned = planned_for(comparison, before);
    if (planned) {
        return is_wanted(planned, after);
    }
    return before->style == after->style && before->text_length == after->text_length &&
           memcmp(before->text, after->text, before->text_length) == 0;
}

/* By name; what it stands for is compared at its anchor. */
static bool same_alias(struct comparison *comparison, const struct yaml_node *before,
                       const struct yaml_node *after)
{
    const struct planned *planned = planned_for(comparison, before);
    if (planned && !planned->is_kept) {
        return !after->is_alias && !after->anchor && !after->tag && is_wanted(planned, after);
    }
    return after->is_alias && same_text(before->anchor, after->anchor) &&
           (!planned || is_wanted(planned, after));
}

static bool same_node(struct comparison *comparison, const struct yaml_node *before,
                      const struct yaml_node *after)
{
    if (before->is_alias) {
        return same_alias(comparison, before, after);
    }
    if (after->is_alias || !same_text(before->anchor, after->anchor) ||
        before->kind != after->kind || !same_text(before->tag, after->tag)) {
        return false;
    }
    if (before->kind == YAML_SCALAR) {
        return same_scalar(comparison, before, after);
    }
    bool same = before->item_count == after->item_count;
    for (size_t i = 0; same && i < before->item_count; i++) {
        same = same_node(comparison, before->items[i], after->items[i]);
    }
    return same;
}

static bool same_documents(struct comparison *comparison, const struct yaml_document *before,
                           const struct yaml_document *after)
{
    for (; before && after; before = before->next, after = after->next) {
        bool both = before->root && after->root;
        bool same =
            both ? same_node(comparison, before->root, after->root) : before->root == after->root;
        if (!same) {
            return false;
        }
    }
    return before == after; /* both at their end */
}

/* The new text must be the old one but for the meant values. */
static bool verify(const struct change *change, struct slice result, struct err *err)
{
    struct yaml_document *after = NULL;
    struct comparison comparison = {.change = change};
    unsigned line = change->planned[0].leaf->node->line;
    if (!yaml_parse(change->arena, result, &after, err)) {
        struct err why = *err;
        return err_set(err, ERR_REFUSED, "line %u: the file could not be read after the edit: %s",
                       line, why.text);
    }
    if (!same_documents(&comparison, change->before, after) || comparison.seen != change->count) {
        return err_set(err, ERR_REFUSED,
                       "line %u: the edit would have changed more than the value it was meant for",
                       line);
    }
    return true;
}

/* ---- all together ---- */

static bool prepare(struct change *change, const struct yaml_edit *edits, struct err *err)
{
    for (const struct yaml_document *document = change->before; document;
         document = document->next) {
        if (document->root) {
            collect(&change->leaves, document->root, false, NULL);
        }
    }
    change->planned = arena_alloc(change->arena, change->count, sizeof(*change->planned));
    for (size_t i = 0; i < change->count; i++) {
        change->planned[i].edit = &edits[i];
    }
    qsort(change->planned, change->count, sizeof(*change->planned), compare_planned);
    if (!match_leaves(change, err)) {
        return false;
    }
    count_uses(change);
    for (size_t i = 0; i < change->count; i++) {
        if (!check_editable(change->text, &change->planned[i], err)) {
            return false;
        }
    }
    return true;
}

static bool apply(struct change *change, const struct yaml_edit *edits, struct str *out,
                  struct err *err)
{
    AUTO_STR(result, YAML_BYTES_MAX);
    if (!prepare(change, edits, err)) {
        return false;
    }
    splice(change, &result);
    if (result.failed) {
        return err_set(err, ERR_INVALID, "the file would grow past %u MiB", YAML_BYTES_MAX >> 20);
    }
    if (change->count > 0 && !verify(change, str_slice(&result), err)) {
        return false;
    }
    size_t length_before = out->length;
    str_add_bytes(out, result.text, result.length);
    return out->length - length_before == result.length ||
           err_set(err, ERR_INVALID, "the file is larger than %zu bytes", out->max);
}

static void change_done(struct change *change)
{
    leaves_done(&change->leaves);
    arena_free(&change->arena);
}

bool yaml_edit_parsed(struct slice text, const struct yaml_document *documents,
                      const struct yaml_edit *edits, size_t count, struct str *out, struct err *err)
{
    AUTO(change_done)
    struct change change = {
        .text = text, .before = documents, .count = count, .arena = arena_new()};
    return apply(&change, edits, out, err);
}

bool yaml_edit(struct slice text, const struct yaml_edit *edits, size_t count, struct str *out,
               struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *documents = NULL;
    return yaml_parse(arena, text, &documents, err) &&
           yaml_edit_parsed(text, documents, edits, count, out, err);
}
