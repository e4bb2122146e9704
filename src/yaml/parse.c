#include "yaml/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/map.h"
#include "base/vec.h"

/* Mappings up to this many pairs are searched for duplicates pair by pair; larger ones
   with a map, so that 100,000 keys do not cost their square. */
#define DUPLICATE_SEARCH_PAIRS_MAX 16
/* For each value, libyaml looks through all flow collections around it.  Ten levels around all
   values of the largest file are a fifth of this, which takes a second. */
#define FLOW_WORK_MAX 100000000

/* What aliases need to know about the node they stand for. */
struct anchor {
    struct yaml_node *node;
    size_t size;     /* nodes in it, aliases expanded */
    unsigned height; /* levels below it, aliases expanded */
    bool is_open;    /* its end was not read yet */
};

struct reading {
    yaml_parser_t parser;
    struct arena *arena;
    struct slice text;
    size_t bom;           /* bytes of a byte order mark, which the parser does not see */
    size_t seen_chars;    /* the place that byte_of() was last asked for … */
    size_t seen_bytes;    /* … and its byte */
    size_t node_count;    /* aliases expanded */
    size_t aliased_count; /* of these, those that aliases repeat */
    unsigned deepest;
    unsigned flow_depth;
    size_t flow_work;                /* flow collections around each value, summed up */
    struct map anchors;              /* of this document: name → struct anchor */
    VEC(struct yaml_node *) pending; /* items of the collections that are still open */
    struct err *err;
};

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0U) == 0x80U;
}

/* libyaml's marks count characters.  Walk from the last known place, in either direction. */
static size_t byte_of(struct reading *reading, size_t chars)
{
    const char *bytes = reading->text.bytes;
    size_t at = reading->seen_bytes;
    for (; reading->seen_chars < chars && at < reading->text.length; reading->seen_chars++) {
        do {
            at++;
        } while (at < reading->text.length && is_continuation(bytes[at]));
    }
    for (; reading->seen_chars > chars && at > reading->bom; reading->seen_chars--) {
        do {
            at--;
        } while (at > reading->bom && is_continuation(bytes[at]));
    }
    reading->seen_bytes = at;
    return at;
}

/* ---- errors ---- */

/* What usually helps, by libyaml's words. */
static const struct {
    const char *problem, *remedy;
} remedies[] = {
    {"mapping values are not allowed", "quote a text that holds \": \", or check the indentation"},
    {"did not find expected key", "check the indentation of this line and the lines above"},
    {"did not find expected '-' indicator", "check the indentation of this line"},
    {"could not find expected ':'", "a key needs \": \" after it; quote a text of several words"},
    {"did not find expected ',' or", "close the bracket, or quote a text that holds { or ["},
    {"did not find expected node content", "a value is missing, or a bracket above is not closed"},
    {"found unexpected end of stream", "close the quotes"},
    {"control characters are not allowed", "the file must be text"},
    {"invalid leading UTF-8", "save the file as UTF-8"},
    {"invalid trailing UTF-8", "save the file as UTF-8"},
};

static const char *remedy_for(const char *problem)
{
    for (size_t i = 0; i < COUNT_OF(remedies); i++) {
        if (strstr(problem, remedies[i].problem)) {
            return remedies[i].remedy;
        }
    }
    return NULL;
}

static bool fail_at(struct reading *reading, yaml_mark_t mark, const char *what)
{
    return err_set(reading->err, ERR_INVALID, "line %zu, column %zu: %s", mark.line + 1,
                   mark.column + 1, what);
}

/* The reader's errors (encoding, control bytes) have a byte offset and no mark. */
static yaml_mark_t mark_of_byte(const struct reading *reading, size_t offset)
{
    yaml_mark_t mark = {0};
    size_t end = offset + reading->bom;
    for (size_t i = reading->bom; i < end && i < reading->text.length; i++) {
        mark.column += !is_continuation(reading->text.bytes[i]);
        if (reading->text.bytes[i] == '\n') {
            mark = (yaml_mark_t){.line = mark.line + 1};
        }
    }
    return mark;
}

static bool fail_parser(struct reading *reading)
{
    const yaml_parser_t *parser = &reading->parser;
    const char *problem = parser->problem ? parser->problem : "not YAML";
    bool by_reader = parser->error == YAML_READER_ERROR;
    yaml_mark_t mark =
        by_reader ? mark_of_byte(reading, parser->problem_offset) : parser->problem_mark;
    size_t at = byte_of(reading, mark.index);
    const char *remedy = remedy_for(problem);
    if (!by_reader && at < reading->text.length && reading->text.bytes[at] == '\t') {
        remedy = "indent with spaces, never with tabs";
    }
    fail_at(reading, mark, problem);
    if (remedy) {
        struct err inner = *reading->err;
        err_set(reading->err, ERR_INVALID, "%s (%s)", inner.text, remedy);
    }
    return false;
}

static bool next(struct reading *reading, yaml_event_t *event)
{
    return yaml_parser_parse(&reading->parser, event) || fail_parser(reading);
}

/* ---- places ---- */

static size_t skip_blanks_and_comments(struct slice text, size_t at, size_t end)
{
    bool in_comment = false;
    for (; at < end; at++) {
        char c = text.bytes[at];
        in_comment = (in_comment || c == '#') && c != '\n';
        if (!in_comment && !strchr(" \t\r\n", c)) {
            break;
        }
    }
    return at;
}

/* Past `count` anchors and tags, and what stands between them and the value. */
static size_t skip_properties(struct slice text, size_t at, size_t end, size_t count)
{
    for (; count > 0 && at < end && (text.bytes[at] == '&' || text.bytes[at] == '!'); count--) {
        while (at < end && !strchr(" \t\r\n", text.bytes[at])) {
            at++;
        }
        at = skip_blanks_and_comments(text, at, end);
    }
    return at;
}

static void set_place(struct reading *reading, struct yaml_node *node, const yaml_event_t *event)
{
    size_t from = byte_of(reading, event->start_mark.index);
    node->end = byte_of(reading, event->end_mark.index);
    node->start = from;
    node->line = (unsigned)event->start_mark.line + 1;
    node->column = (unsigned)event->start_mark.column + 1;
    if (event->type == YAML_ALIAS_EVENT) {
        return;
    }
    /* The start event of a block collection ends at its properties.  A block mapping may begin
       with the properties of its first key, so only its own are passed over; a scalar has no
       others (and a lone `!` is not reported as its tag). */
    bool is_scalar = event->type == YAML_SCALAR_EVENT;
    size_t limit = is_scalar ? node->end : reading->text.length;
    size_t count = is_scalar ? 2 : (size_t)(node->anchor != NULL) + (node->tag != NULL);
    node->start = skip_properties(reading->text, from, limit, count);
    for (size_t i = from; i < node->start; i++) {
        node->column += !is_continuation(reading->text.bytes[i]);
        if (reading->text.bytes[i] == '\n') {
            node->line++;
            node->column = 1;
        }
    }
}

/* ---- nodes ---- */

static bool read_node(struct reading *reading, const yaml_event_t *event, unsigned depth,
                      struct yaml_node **out);

static const char *copy_or_null(struct reading *reading, const yaml_char_t *text)
{
    return text ? arena_strdup(reading->arena, (const char *)text) : NULL;
}

static struct yaml_node *node_new(struct reading *reading, const yaml_event_t *event,
                                  const yaml_char_t *anchor, const yaml_char_t *tag)
{
    struct yaml_node *node = ARENA_NEW(reading->arena, struct yaml_node);
    node->anchor = copy_or_null(reading, anchor);
    node->tag = copy_or_null(reading, tag);
    set_place(reading, node, event);
    return node;
}

static struct anchor *anchor_begin(struct reading *reading, struct yaml_node *node)
{
    if (!node->anchor) {
        return NULL;
    }
    struct anchor *anchor = ARENA_NEW(reading->arena, struct anchor);
    *anchor = (struct anchor){.node = node, .is_open = true};
    /* A name may be given again; from here on it means this node. */
    map_set(&reading->anchors, node->anchor, anchor);
    return anchor;
}

static bool read_alias(struct reading *reading, const yaml_event_t *event, unsigned depth,
                       struct yaml_node **out)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct anchor *anchor = map_get(&reading->anchors, name);
    if (!anchor || anchor->is_open) {
        return err_set(reading->err, ERR_INVALID, "line %zu, column %zu: *%s %s",
                       event->start_mark.line + 1, event->start_mark.column + 1, name,
                       anchor ? "stands inside of what it names"
                              : "has no anchor before it; define it with &, or quote the text");
    }
    reading->node_count += anchor->size;
    reading->aliased_count += anchor->size;
    unsigned bottom = depth + anchor->height;
    reading->deepest = bottom > reading->deepest ? bottom : reading->deepest;

    struct yaml_node *node = ARENA_NEW(reading->arena, struct yaml_node);
    *node = *anchor->node;
    node->is_alias = true;
    node->target = anchor->node;
    node->alias_count = 0;
    anchor->node->alias_count++;
    set_place(reading, node, event);
    *out = node;
    return true;
}

static enum yaml_style style_of(yaml_scalar_style_t style)
{
    static const enum yaml_style styles[] = {
        [YAML_ANY_SCALAR_STYLE] = YAML_PLAIN,
        [YAML_PLAIN_SCALAR_STYLE] = YAML_PLAIN,
        [YAML_SINGLE_QUOTED_SCALAR_STYLE] = YAML_SINGLE_QUOTED,
        [YAML_DOUBLE_QUOTED_SCALAR_STYLE] = YAML_DOUBLE_QUOTED,
        [YAML_LITERAL_SCALAR_STYLE] = YAML_LITERAL,
        [YAML_FOLDED_SCALAR_STYLE] = YAML_FOLDED,
    };
    return styles[style];
}

static bool read_scalar(struct reading *reading, const yaml_event_t *event, struct yaml_node **out)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(value, 0, length)) {
        return fail_at(reading, event->start_mark, "a text may not hold the character \\0");
    }
    struct yaml_node *node =
        node_new(reading, event, event->data.scalar.anchor, event->data.scalar.tag);
    node->kind = YAML_SCALAR;
    node->style = style_of(event->data.scalar.style);
    node->text = arena_strndup(reading->arena, value, length);
    node->text_length = length;
    *out = node;
    return true;
}

static bool fail_duplicate(struct reading *reading, const struct yaml_node *key,
                           const struct yaml_node *before)
{
    return err_set(reading->err, ERR_INVALID,
                   "line %u, column %u: the key \"%.80s\" stands here twice (first in line %u); "
                   "remove one",
                   key->line, key->column, key->text, before->line);
}

static bool is_unique_kind(const struct yaml_node *key)
{
    bool is_merge = key->style == YAML_PLAIN && strcmp(key->text ? key->text : "", "<<") == 0;
    return key->kind == YAML_SCALAR && !is_merge;
}

static bool check_small_mapping(struct reading *reading, const struct yaml_node *mapping)
{
    for (size_t i = 2; i < mapping->item_count; i += 2) {
        struct yaml_node *key = mapping->items[i];
        for (size_t k = 0; is_unique_kind(key) && k < i; k += 2) {
            struct yaml_node *before = mapping->items[k];
            if (is_unique_kind(before) && strcmp(before->text, key->text) == 0) {
                return fail_duplicate(reading, key, before);
            }
        }
    }
    return true;
}

static bool check_large_mapping(struct reading *reading, const struct yaml_node *mapping)
{
    AUTO(map_done) struct map seen = {0};
    for (size_t i = 0; i < mapping->item_count; i += 2) {
        struct yaml_node *key = mapping->items[i];
        struct yaml_node *before = is_unique_kind(key) ? map_set(&seen, key->text, key) : NULL;
        if (before) {
            return fail_duplicate(reading, key, before);
        }
    }
    return true;
}

static bool check_unique(struct reading *reading, const struct yaml_node *node)
{
    if (node->kind != YAML_MAPPING) {
        return true;
    }
    return node->item_count / 2 <= DUPLICATE_SEARCH_PAIRS_MAX ? check_small_mapping(reading, node)
                                                              : check_large_mapping(reading, node);
}

/* The items up to the end event, which is left in `event`. */
static bool read_items(struct reading *reading, yaml_event_t *event, unsigned depth)
{
    for (;;) {
        if (!next(reading, event)) {
            return false;
        }
        if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT) {
            return true;
        }
        struct yaml_node *item = NULL;
        if (!read_node(reading, event, depth + 1, &item)) {
            return false;
        }
        *VEC_ADD(&reading->pending) = item;
        yaml_event_delete(event);
        *event = (yaml_event_t){0};
    }
}

/* The end event of a block collection stands at the next token, behind blanks and
   comments; what belongs to the collection ends with its last item. */
static size_t end_of(struct reading *reading, const struct yaml_node *node, bool is_block,
                     const yaml_event_t *end)
{
    if (is_block && node->item_count > 0) {
        return node->items[node->item_count - 1]->end;
    }
    return byte_of(reading, end->end_mark.index);
}

static bool read_collection(struct reading *reading, const yaml_event_t *start, unsigned depth,
                            struct yaml_node **out)
{
    bool is_mapping = start->type == YAML_MAPPING_START_EVENT;
    bool is_block = is_mapping ? start->data.mapping_start.style == YAML_BLOCK_MAPPING_STYLE
                               : start->data.sequence_start.style == YAML_BLOCK_SEQUENCE_STYLE;
    struct yaml_node *node = is_mapping
                                 ? node_new(reading, start, start->data.mapping_start.anchor,
                                            start->data.mapping_start.tag)
                                 : node_new(reading, start, start->data.sequence_start.anchor,
                                            start->data.sequence_start.tag);
    node->kind = is_mapping ? YAML_MAPPING : YAML_SEQUENCE;
    struct anchor *anchor = anchor_begin(reading, node);
    size_t nodes_before = reading->node_count;
    unsigned deepest_before = reading->deepest;
    size_t first = reading->pending.count;
    reading->deepest = depth;
    reading->flow_depth += !is_block;

    AUTO(yaml_event_delete) yaml_event_t end = {0};
    if (!read_items(reading, &end, depth)) {
        return false;
    }
    reading->flow_depth -= !is_block;
    node->item_count = reading->pending.count - first;
    node->items = arena_alloc(reading->arena, node->item_count, sizeof(*node->items));
    if (node->item_count > 0) {
        memcpy(node->items, reading->pending.items + first,
               node->item_count * sizeof(*node->items));
    }
    reading->pending.count = first;
    node->end = end_of(reading, node, is_block, &end);
    if (anchor) {
        anchor->is_open = false;
        anchor->size = reading->node_count - nodes_before + 1;
        anchor->height = reading->deepest - depth;
    }
    reading->deepest = reading->deepest > deepest_before ? reading->deepest : deepest_before;
    *out = node;
    return check_unique(reading, node);
}

static bool check_limits(struct reading *reading, const yaml_event_t *event)
{
    if (reading->deepest > YAML_DEPTH_MAX) {
        return err_set(reading->err, ERR_INVALID, "line %zu: nested deeper than %d levels",
                       event->start_mark.line + 1, YAML_DEPTH_MAX);
    }
    if (reading->aliased_count > YAML_ALIASED_MAX) {
        return err_set(reading->err, ERR_INVALID,
                       "line %zu: aliases repeat more than %d values; write them out, or split the "
                       "file",
                       event->start_mark.line + 1, YAML_ALIASED_MAX);
    }
    if (reading->flow_work > FLOW_WORK_MAX) {
        return err_set(reading->err, ERR_INVALID,
                       "line %zu: too many values in brackets that are nested this deeply; write "
                       "them as lines with indentation",
                       event->start_mark.line + 1);
    }
    return reading->node_count - reading->aliased_count <= YAML_NODES_MAX ||
           err_set(reading->err, ERR_INVALID, "line %zu: more than %d values; split the file",
                   event->start_mark.line + 1, YAML_NODES_MAX);
}

static bool read_node(struct reading *reading, const yaml_event_t *event, unsigned depth,
                      struct yaml_node **out)
{
    reading->deepest = depth > reading->deepest ? depth : reading->deepest;
    reading->flow_work += reading->flow_depth;
    if (event->type == YAML_ALIAS_EVENT) {
        return read_alias(reading, event, depth, out) && check_limits(reading, event);
    }
    reading->node_count++;
    if (!check_limits(reading, event)) {
        return false;
    }
    if (event->type != YAML_SCALAR_EVENT) {
        return read_collection(reading, event, depth, out);
    }
    if (!read_scalar(reading, event, out)) {
        return false;
    }
    struct anchor *anchor = anchor_begin(reading, *out);
    if (anchor) {
        anchor->is_open = false;
        anchor->size = 1;
    }
    return true;
}

/* ---- documents ---- */

static bool read_root(struct reading *reading, struct yaml_node **out)
{
    AUTO(yaml_event_delete) yaml_event_t event = {0};
    map_done(&reading->anchors);
    reading->deepest = 0;
    return next(reading, &event) && read_node(reading, &event, 1, out);
}

static bool is_nothing(const struct yaml_node *root)
{
    return root->kind == YAML_SCALAR && root->start == root->end && !root->anchor && !root->tag;
}

static bool read_document(struct reading *reading, unsigned line, struct yaml_document ***tail)
{
    struct yaml_document *document = ARENA_NEW(reading->arena, struct yaml_document);
    if (!read_root(reading, &document->root)) {
        return false;
    }
    document->line = line;
    if (is_nothing(document->root)) {
        document->root = NULL;
    } else {
        document->line = document->root->line;
    }
    **tail = document;
    *tail = &document->next;
    return true;
}

static bool read_stream(struct reading *reading, struct yaml_document **out)
{
    unsigned index = 0;
    struct yaml_document **tail = out;
    for (bool at_end = false; !at_end;) {
        AUTO(yaml_event_delete) yaml_event_t event = {0};
        if (!next(reading, &event)) {
            return false;
        }
        at_end = event.type == YAML_STREAM_END_EVENT || event.type == YAML_NO_EVENT;
        if (event.type == YAML_DOCUMENT_START_EVENT) {
            struct yaml_document **slot = tail;
            if (!read_document(reading, (unsigned)event.start_mark.line + 1, &tail)) {
                return false;
            }
            (*slot)->index = index++;
        }
    }
    return true;
}

static bool starts_with(struct slice text, const char *bytes, size_t length)
{
    return text.length >= length && memcmp(text.bytes, bytes, length) == 0;
}

static bool check_text(struct slice text, struct err *err)
{
    if (text.length > YAML_BYTES_MAX) {
        return err_set(err, ERR_INVALID, "the file is larger than %u MiB; split it",
                       YAML_BYTES_MAX >> 20);
    }
    if (starts_with(text, "\xFF\xFE\0\0", 4) || starts_with(text, "\0\0\xFE\xFF", 4)) {
        return err_set(err, ERR_INVALID, "line 1: the file is UTF-32; save it as UTF-8");
    }
    if (starts_with(text, "\xFF\xFE", 2) || starts_with(text, "\xFE\xFF", 2)) {
        return err_set(err, ERR_INVALID, "line 1: the file is UTF-16; save it as UTF-8");
    }
    return true;
}

bool yaml_parse(struct arena *arena, struct slice text, struct yaml_document **out, struct err *err)
{
    if (!check_text(text, err)) {
        return false;
    }
    size_t bom = starts_with(text, "\xEF\xBB\xBF", 3) ? 3 : 0;
    struct reading reading = {
        .arena = arena, .text = text, .bom = bom, .seen_bytes = bom, .err = err};
    if (!yaml_parser_initialize(&reading.parser)) {
        return err_set(err, ERR_INTERNAL, "no memory for the YAML parser");
    }
    yaml_parser_set_encoding(&reading.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reading.parser,
                                 (const unsigned char *)(text.bytes ? text.bytes + bom : ""),
                                 text.length - bom);
    struct yaml_document *documents = NULL;
    bool done = read_stream(&reading, &documents);
    yaml_parser_delete(&reading.parser);
    map_done(&reading.anchors);
    VEC_DONE(&reading.pending);
    if (done) {
        *out = documents;
    }
    return done;
}
