/*
 * amend: set, add and remove, and nothing else.
 *
 * What is added or removed is a splice of whole lines, or of a piece of a flow collection, in the
 * style of what stands around it.  The result is parsed, and must be the old documents but for the
 * amendments; only then are the scalars set.
 */
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "yaml/internal.h"

#define INDENT_MAX (4 * YAML_DEPTH_MAX)

struct splice {
    size_t start, end; /* bytes that go */
    const char *text;  /* comes instead */
    size_t order;      /* of splices at one place */
};

struct amend {
    struct slice text;
    const struct yaml_document *documents;
    const struct yaml_amendment *amendments;
    size_t count;
    struct arena *arena;
    VEC(struct splice) splices;
};

/* ---- where ---- */

/* The end of what is written last in a node.  A block collection's own end is behind comments. */
static size_t end_of(struct slice text, const struct yaml_node *node)
{
    bool is_flow = node->kind != YAML_SCALAR && node->end > node->start &&
                   strchr("]}", text.bytes[node->end - 1]) && strchr("[{", text.bytes[node->start]);
    bool is_leaf = node->kind == YAML_SCALAR || node->is_alias || node->item_count == 0;
    return is_flow || is_leaf ? node->end : end_of(text, node->items[node->item_count - 1]);
}

static bool is_flow(struct slice text, const struct yaml_node *node)
{
    return node->start < text.length && strchr("[{", text.bytes[node->start]) != NULL;
}

/* The line end of the line that ends at `end`; of the file's first line when that has none. */
static const char *line_end_at(struct slice text, size_t end)
{
    const char *newline =
        end < text.length ? text.bytes + end : memchr(text.bytes, '\n', text.length);
    bool is_crlf = newline && newline > text.bytes && newline[-1] == '\r';
    return is_crlf ? "\r\n" : "\n";
}

static void add_splice(struct amend *amend, size_t start, size_t end, const char *text)
{
    struct splice *splice = VEC_ADD(&amend->splices);
    *splice = (struct splice){start, end, text, amend->splices.count};
}

/* Whole lines below the line of `at`, indented. */
static bool add_lines(struct amend *amend, size_t at, unsigned column, const char *lines)
{
    struct slice text = amend->text;
    if (column == 0 || column > INDENT_MAX) {
        return false;
    }
    /* A block text ends where the next line begins. */
    bool is_at_line = at > 0 && text.bytes[at - 1] == '\n';
    const char *newline = is_at_line ? NULL : memchr(text.bytes + at, '\n', text.length - at);
    size_t end = is_at_line ? at - 1 : newline ? (size_t)(newline - text.bytes) : text.length;
    const char *line_end = line_end_at(text, end);
    bool is_before_cr = end < text.length && line_end[0] == '\r';

    AUTO_STR(out, YAML_BYTES_MAX);
    for (const char *line = lines; *line;) {
        size_t length = strcspn(line, "\n");
        str_addf(&out, "%s%*s%.*s", line_end, (int)column - 1, "", (int)length, line);
        line += length + (line[length] == '\n');
    }
    size_t place = is_before_cr ? end - 1 : end;
    add_splice(amend, place, place, arena_strdup(amend->arena, out.text));
    return true;
}

/* ---- what ---- */

static void write_pair(struct str *out, const struct yaml_pair *pair, bool in_flow)
{
    str_addf(out, "%s: ", pair->key);
    if (in_flow) {
        yaml_write_quoted(out, pair->value); /* old parsers trip over a bare colon there */
    } else {
        yaml_write_scalar(out, pair->value);
    }
}

/* "- name: x\n  newTag: y\n", or "{name: "x", newTag: "y"}". */
static void write_item(struct str *out, const struct yaml_item *item, bool in_flow, unsigned indent)
{
    str_add(out, in_flow ? "{" : "");
    for (size_t i = 0; i < item->count; i++) {
        if (in_flow) {
            str_add(out, i ? ", " : "");
            write_pair(out, &item->pairs[i], true);
        } else {
            str_addf(out, "%*s%s", (int)indent, "", i ? "  " : "- ");
            write_pair(out, &item->pairs[i], false);
            str_add(out, "\n");
        }
    }
    str_add(out, in_flow ? "}" : "");
}

static void write_items(struct str *out, const struct yaml_amendment *amendment, bool in_flow,
                        unsigned indent)
{
    for (size_t i = 0; i < amendment->item_count; i++) {
        str_add(out, in_flow && i ? ", " : "");
        write_item(out, &amendment->items[i], in_flow, indent);
    }
}

/* How far the mapping's lists stand to the right of their keys. */
static unsigned list_indent(struct slice text, const struct yaml_node *mapping)
{
    for (size_t i = 0; i + 1 < mapping->item_count; i += 2) {
        const struct yaml_node *key = mapping->items[i];
        const struct yaml_node *value = mapping->items[i + 1];
        bool shows_it = value->kind == YAML_SEQUENCE && !value->is_alias && !is_flow(text, value) &&
                        value->column >= key->column && value->column - key->column <= INDENT_MAX;
        if (shows_it) {
            return value->column - key->column;
        }
    }
    return 0;
}

/* "key:\n  below: x\n", or `key: {"below": "x"}`. */
static void write_tree(struct str *out, const struct yaml_amendment *amendment, bool in_flow)
{
    if (in_flow) {
        AUTO(xfree) char *text = json_text(amendment->tree);
        str_addf(out, "%s: %s", amendment->key, text);
        return;
    }
    AUTO_JSON *whole = json_object();
    json_object_set_new(whole, amendment->key, json_deep_copy(amendment->tree));
    yaml_print(out, whole);
}

static const struct yaml_node *last_of(const struct yaml_node *collection)
{
    return collection->item_count ? collection->items[collection->item_count - 1] : NULL;
}

static bool plan_add(struct amend *amend, const struct yaml_amendment *amendment)
{
    const struct yaml_node *mapping = amendment->in;
    const struct yaml_node *after = amendment->at ? amendment->at : last_of(mapping);
    AUTO_STR(text, YAML_BYTES_MAX);
    if (!after) {
        return false; /* `{}`: nothing shows its style */
    }
    bool in_flow = is_flow(amend->text, mapping);
    str_add(&text, in_flow ? ", " : "");
    if (amendment->items) {
        str_addf(&text, in_flow ? "%s: [" : "%s:\n", amendment->key);
        write_items(&text, amendment, in_flow, list_indent(amend->text, mapping));
        str_add(&text, in_flow ? "]" : "");
    } else if (amendment->tree) {
        write_tree(&text, amendment, in_flow);
    } else {
        struct yaml_pair pair = {amendment->key, amendment->value};
        write_pair(&text, &pair, in_flow);
    }
    size_t end = end_of(amend->text, after);
    if (in_flow) {
        add_splice(amend, end, end, arena_strdup(amend->arena, text.text));
        return !text.failed;
    }
    return !text.failed && add_lines(amend, end, mapping->items[0]->column, text.text);
}

static bool plan_append(struct amend *amend, const struct yaml_amendment *amendment)
{
    const struct yaml_node *last = last_of(amendment->in);
    AUTO_STR(text, YAML_BYTES_MAX);
    bool in_flow = is_flow(amend->text, amendment->in);
    str_add(&text, in_flow && last ? ", " : "");
    write_items(&text, amendment, in_flow, 0);
    if (in_flow) {
        size_t at = last ? end_of(amend->text, last) : amendment->in->start + 1;
        add_splice(amend, at, at, arena_strdup(amend->arena, text.text));
        return !text.failed;
    }
    return last && !text.failed &&
           add_lines(amend, end_of(amend->text, last), amendment->in->column, text.text);
}

static size_t index_of(const struct yaml_node *mapping, const struct yaml_node *value)
{
    size_t at = 1;
    while (at < mapping->item_count && mapping->items[at] != value) {
        at += 2;
    }
    return at;
}

/* The lines of a pair that has its lines for itself. */
static bool remove_lines(struct amend *amend, const struct yaml_node *key, size_t end)
{
    struct slice text = amend->text;
    size_t start = key->start;
    while (start > 0 && text.bytes[start - 1] == ' ') {
        start--;
    }
    const char *newline = memchr(text.bytes + end, '\n', text.length - end);
    if (start > 0 && text.bytes[start - 1] != '\n') {
        return false; /* it stands behind a dash, or behind another key */
    }
    if (newline) {
        add_splice(amend, start, (size_t)(newline - text.bytes) + 1, "");
    } else {
        /* The last line of a file without a line end: the line before becomes it. */
        size_t before = start > 0 ? start - 1 : 0;
        before -= before > 0 && text.bytes[before - 1] == '\r';
        add_splice(amend, before, text.length, "");
    }
    return true;
}

static bool plan_remove(struct amend *amend, const struct yaml_amendment *amendment)
{
    const struct yaml_node *mapping = amendment->in;
    size_t at = index_of(mapping, amendment->at);
    if (at >= mapping->item_count || mapping->item_count <= 2) {
        return false;
    }
    size_t end = end_of(amend->text, amendment->at);
    if (!is_flow(amend->text, mapping)) {
        return remove_lines(amend, mapping->items[at - 1], end);
    }
    bool is_first = at == 1;
    size_t start =
        is_first ? mapping->items[0]->start : end_of(amend->text, mapping->items[at - 2]);
    add_splice(amend, start, is_first ? mapping->items[2]->start : end, "");
    return true;
}

static bool plan_one(struct amend *amend, const struct yaml_amendment *amendment, struct err *err)
{
    bool done = true;
    switch (amendment->kind) {
    case YAML_AMEND_SET:
        break; /* yaml_edit() does it, and checks it */
    case YAML_AMEND_ADD:
        done = plan_add(amend, amendment);
        break;
    case YAML_AMEND_APPEND:
        done = plan_append(amend, amendment);
        break;
    case YAML_AMEND_REMOVE:
        done = plan_remove(amend, amendment);
        break;
    }
    const struct yaml_node *where = amendment->in ? amendment->in : amendment->at;
    return done || err_set(err, ERR_REFUSED,
                           "line %u: the way it is written leaves no place for "
                           "the change; write it out as one key on each line",
                           where->line);
}

/* ---- the new text ---- */

static int by_place(const void *left, const void *right)
{
    const struct splice *a = left;
    const struct splice *b = right;
    if (a->start != b->start) {
        return a->start < b->start ? -1 : 1;
    }
    return (a->order > b->order) - (a->order < b->order);
}

static bool apply_splices(struct amend *amend, struct str *out, struct err *err)
{
    size_t copied = 0;
    sort_items(amend->splices.items, amend->splices.count, sizeof(*amend->splices.items), by_place);
    VEC_EACH (struct splice, splice, &amend->splices) {
        if (splice->start < copied) {
            return err_set(err, ERR_REFUSED, "two changes meet at one place");
        }
        str_add_bytes(out, amend->text.bytes + copied, splice->start - copied);
        str_add(out, splice->text);
        copied = splice->end;
    }
    str_add_bytes(out, amend->text.bytes + copied, amend->text.length - copied);
    return !out->failed ||
           err_set(err, ERR_INVALID, "the file would grow past %u MiB", YAML_BYTES_MAX >> 20);
}

/* ---- is it what was meant? ---- */

struct counterpart {
    const struct yaml_node *before, *after;
};

struct review {
    const struct yaml_amendment **sorted; /* additions and removals, by where, in their order */
    size_t count;
    size_t seen;                      /* that were met */
    VEC(struct counterpart) anchored; /* nodes that were compared, in the file's order */
};

/* Those of one collection. */
struct range {
    const struct yaml_amendment **first;
    size_t count;
};

static bool same_node(struct review *review, const struct yaml_node *before,
                      const struct yaml_node *after);

static bool is_pair(const struct yaml_node *key, const struct yaml_node *value,
                    const char *want_key, const char *want_value)
{
    return key->kind == YAML_SCALAR && value->kind == YAML_SCALAR &&
           strcmp(key->text, want_key) == 0 && strcmp(value->text, want_value) == 0 &&
           (value->style != YAML_PLAIN || yaml_plain_is_string(value->text));
}

static bool is_item(const struct yaml_node *node, const struct yaml_item *item)
{
    bool is_it = node->kind == YAML_MAPPING && node->item_count == 2 * item->count;
    for (size_t i = 0; is_it && i < item->count; i++) {
        is_it = is_pair(node->items[2 * i], node->items[2 * i + 1], item->pairs[i].key,
                        item->pairs[i].value);
    }
    return is_it;
}

/* Does the sequence, from `first` on, hold the items and nothing else? */
static bool are_items(const struct yaml_node *sequence, size_t first,
                      const struct yaml_amendment *amendment)
{
    bool are_they = sequence->item_count == first + amendment->item_count;
    for (size_t i = 0; are_they && i < amendment->item_count; i++) {
        are_they = is_item(sequence->items[first + i], &amendment->items[i]);
    }
    return are_they;
}

static bool is_tree(const struct yaml_node *key, const struct yaml_node *value,
                    const struct yaml_amendment *amendment)
{
    struct err ignored = {0};
    AUTO_JSON *found = yaml_to_json(value, &ignored);
    return key->kind == YAML_SCALAR && strcmp(key->text, amendment->key) == 0 && found &&
           json_equal(found, amendment->tree);
}

static bool is_added(const struct yaml_amendment *amendment, const struct yaml_node *key,
                     const struct yaml_node *value)
{
    if (amendment->tree) {
        return is_tree(key, value, amendment);
    }
    if (!amendment->items) {
        return is_pair(key, value, amendment->key, amendment->value);
    }
    return key->kind == YAML_SCALAR && strcmp(key->text, amendment->key) == 0 &&
           value->kind == YAML_SEQUENCE && are_items(value, 0, amendment);
}

static int by_where(const void *left, const void *right)
{
    const struct yaml_amendment *a = *(const struct yaml_amendment *const *)left;
    const struct yaml_amendment *b = *(const struct yaml_amendment *const *)right;
    if (a->in != b->in) {
        return (uintptr_t)a->in < (uintptr_t)b->in ? -1 : 1;
    }
    return a < b ? -1 : a > b; /* they stand in one array */
}

static struct range range_of(const struct review *review, const struct yaml_node *in)
{
    size_t low = 0;
    size_t high = review->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool is_before = (uintptr_t)review->sorted[middle]->in < (uintptr_t)in;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    struct range range = {review->sorted + low, 0};
    while (low + range.count < review->count && range.first[range.count]->in == in) {
        range.count++;
    }
    return range;
}

static const struct yaml_amendment *
amendment_of(const struct range *range, enum yaml_amend_kind kind, const struct yaml_node *at)
{
    for (size_t i = 0; i < range->count; i++) {
        if (range->first[i]->kind == kind && (!at || range->first[i]->at == at)) {
            return range->first[i];
        }
    }
    return NULL;
}

/* What was added behind a pair, in the order of the amendments. */
static bool skip_added(struct review *review, const struct range *range,
                       const struct yaml_node *before, const struct yaml_node *at,
                       const struct yaml_node *after, size_t *next)
{
    for (size_t i = 0; i < range->count; i++) {
        const struct yaml_amendment *amendment = range->first[i];
        bool is_here = amendment->kind == YAML_AMEND_ADD &&
                       (amendment->at ? amendment->at : last_of(before)) == at;
        if (!is_here) {
            continue;
        }
        if (*next + 1 >= after->item_count ||
            !is_added(amendment, after->items[*next], after->items[*next + 1])) {
            return false;
        }
        *next += 2;
        review->seen++;
    }
    return true;
}

static bool same_mapping(struct review *review, const struct yaml_node *before,
                         const struct yaml_node *after)
{
    struct range range = range_of(review, before);
    size_t next = 0;
    for (size_t i = 0; i + 1 < before->item_count; i += 2) {
        const struct yaml_node *value = before->items[i + 1];
        if (amendment_of(&range, YAML_AMEND_REMOVE, value)) {
            review->seen++;
        } else if (next + 1 >= after->item_count ||
                   !same_node(review, before->items[i], after->items[next]) ||
                   !same_node(review, value, after->items[next + 1])) {
            return false;
        } else {
            next += 2;
        }
        if (!skip_added(review, &range, before, value, after, &next)) {
            return false;
        }
    }
    return next == after->item_count;
}

static bool same_sequence(struct review *review, const struct yaml_node *before,
                          const struct yaml_node *after)
{
    struct range range = range_of(review, before);
    const struct yaml_amendment *more = amendment_of(&range, YAML_AMEND_APPEND, NULL);
    if (after->item_count != before->item_count + (more ? more->item_count : 0)) {
        return false;
    }
    for (size_t i = 0; i < before->item_count; i++) {
        if (!same_node(review, before->items[i], after->items[i])) {
            return false;
        }
    }
    review->seen += more != NULL;
    return !more || are_items(after, before->item_count, more);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* An anchor may be defined again: without the second one, its aliases would stand for the first. */
static bool are_counterparts(const struct review *review, const struct yaml_node *before,
                             const struct yaml_node *after)
{
    size_t low = 0;
    size_t high = review->anchored.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool is_before = review->anchored.items[middle].before->start < before->start;
        low = is_before ? middle + 1 : low;
        high = is_before ? high : middle;
    }
    for (; low < review->anchored.count; low++) {
        const struct counterpart *found = &review->anchored.items[low];
        if (found->before == before || found->before->start > before->start) {
            return found->before == before && found->after == after;
        }
    }
    return false;
}

static bool same_node(struct review *review, const struct yaml_node *before,
                      const struct yaml_node *after)
{
    if (before->is_alias != after->is_alias || before->kind != after->kind ||
        !same_text(before->anchor, after->anchor) || !same_text(before->tag, after->tag)) {
        return false;
    }
    if (before->is_alias) {
        return are_counterparts(review, before->target, after->target);
    }
    if (before->anchor) {
        *VEC_ADD(&review->anchored) = (struct counterpart){before, after};
    }
    if (before->kind == YAML_SCALAR) {
        return before->style == after->style && before->text_length == after->text_length &&
               memcmp(before->text, after->text, before->text_length) == 0;
    }
    return before->kind == YAML_MAPPING ? same_mapping(review, before, after)
                                        : same_sequence(review, before, after);
}

/* `after`: the parse of the new text. */
static bool check(const struct amend *amend, const struct yaml_document *after, struct err *err)
{
    struct review review = {
        .sorted = arena_alloc(amend->arena, amend->count + 1, sizeof(struct yaml_amendment *))};
    for (size_t i = 0; i < amend->count; i++) {
        if (amend->amendments[i].kind != YAML_AMEND_SET) {
            review.sorted[review.count++] = &amend->amendments[i];
        }
    }
    sort_items(review.sorted, review.count, sizeof(struct yaml_amendment *), by_where);
    const struct yaml_document *before = amend->documents;
    bool same = true;
    for (; same && before && after; before = before->next, after = after->next) {
        same = !before->root == !after->root &&
               (!before->root || same_node(&review, before->root, after->root));
    }
    VEC_DONE(&review.anchored);
    return (same && !before && !after && review.seen == review.count) ||
           err_set(err, ERR_REFUSED, "the change would have changed more than it was meant for");
}

/* ---- all together ---- */

static int by_start(const void *left, const void *right)
{
    const struct yaml_edit *a = left;
    const struct yaml_edit *b = right;
    return a->start < b->start ? -1 : a->start > b->start;
}

/* Bytes of the old text become bytes of the new one.  Both lists are sorted by place. */
static void move_edits(const struct amend *amend, struct yaml_edit *edits, size_t count)
{
    const struct splice *splice = amend->splices.items;
    const struct splice *end = splice + amend->splices.count;
    size_t added = 0;
    size_t removed = 0;
    for (size_t i = 0; i < count; i++) {
        for (; splice < end && splice->end <= edits[i].start; splice++) {
            added += strlen(splice->text);
            removed += splice->end - splice->start;
        }
        edits[i].start = edits[i].start + added - removed;
        edits[i].end = edits[i].end + added - removed;
    }
}

/* In `now`, whose parse is `documents`. */
static bool set_scalars(const struct amend *amend, struct slice now,
                        const struct yaml_document *documents, struct str *out, struct err *err)
{
    struct yaml_edit *edits = arena_alloc(amend->arena, amend->count + 1, sizeof(*edits));
    size_t count = 0;
    for (size_t i = 0; i < amend->count; i++) {
        const struct yaml_amendment *amendment = &amend->amendments[i];
        if (amendment->kind == YAML_AMEND_SET) {
            edits[count++] =
                (struct yaml_edit){amendment->at->start, amendment->at->end, amendment->value};
        }
    }
    sort_items(edits, count, sizeof(*edits), by_start);
    move_edits(amend, edits, count);
    if (count > 0) {
        return yaml_edit_parsed(now, documents, edits, count, out, err);
    }
    str_add_bytes(out, now.bytes, now.length);
    return !out->failed || err_set(err, ERR_INVALID, "the file is larger than %zu bytes", out->max);
}

/* Whole lines come and go first; the scalars are set in the new text. */
static bool restructure(struct amend *amend, struct str *out, struct err *err)
{
    AUTO_STR(result, YAML_BYTES_MAX);
    struct yaml_document *after = NULL;
    if (!apply_splices(amend, &result, err)) {
        return false;
    }
    if (!yaml_parse(amend->arena, str_slice(&result), &after, err)) {
        return err_wrap(err, "the file could not be read after the change");
    }
    return check(amend, after, err) && set_scalars(amend, str_slice(&result), after, out, err);
}

static void amend_done(struct amend *amend)
{
    VEC_DONE(&amend->splices);
    arena_free(&amend->arena);
}

bool yaml_amend(struct slice text, const struct yaml_document *documents,
                const struct yaml_amendment *amendments, size_t count, struct str *out,
                struct err *err)
{
    AUTO(amend_done)
    struct amend amend = {
        .text = text,
        .documents = documents,
        .amendments = amendments,
        .count = count,
        .arena = arena_new(),
    };
    for (size_t i = 0; i < count; i++) {
        if (!plan_one(&amend, &amendments[i], err)) {
            return false;
        }
    }
    return amend.splices.count > 0 ? restructure(&amend, out, err)
                                   : set_scalars(&amend, text, documents, out, err);
}
