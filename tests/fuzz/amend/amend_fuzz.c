/* One amendment of any kind, anywhere in any text: the values of the result are the old ones but
   for what was asked, or nothing is written. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "yaml/yaml.h"

#define TRIES_MAX 200
#define DUMP_BYTES_MAX (16U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const struct yaml_pair pairs[] = {{"name", "acme/x"}, {"newTag", "1.10"}};
static const struct yaml_item items[] = {{pairs, COUNT_OF(pairs)}, {pairs, 1}};

/* A line for each value with its depth, an alias with its name. */
struct dump {
    VEC(char *) lines;
};

static void dump_done(struct dump *dump)
{
    VEC_EACH (char *, line, &dump->lines) {
        free(*line);
    }
    VEC_DONE(&dump->lines);
}

static void dump_line(struct dump *dump, unsigned depth, const char *kind, const char *text)
{
    AUTO_STR(line, DUMP_BYTES_MAX);
    str_addf(&line, "%u %s %s", depth, kind, text);
    *VEC_ADD(&dump->lines) = xstrdup(line.text);
}

static void dump_node(struct dump *dump, const struct yaml_node *node, unsigned depth)
{
    static const char *const kinds[] = {"scalar", "sequence", "mapping"};
    if (node->is_alias) {
        dump_line(dump, depth, node->anchor, node->kind == YAML_SCALAR ? node->text : "");
        return;
    }
    dump_line(dump, depth, kinds[node->kind], node->kind == YAML_SCALAR ? node->text : "");
    for (size_t i = 0; i < node->item_count; i++) {
        dump_node(dump, node->items[i], depth + 1);
    }
}

static void dump_all(struct dump *dump, const struct yaml_document *document)
{
    for (; document; document = document->next) {
        dump_line(dump, 0, "document", "");
        if (document->root) {
            dump_node(dump, document->root, 1);
        }
    }
}

static size_t common_start(const struct dump *a, const struct dump *b)
{
    size_t count = 0;
    while (count < a->lines.count && count < b->lines.count &&
           strcmp(a->lines.items[count], b->lines.items[count]) == 0) {
        count++;
    }
    return count;
}

static size_t common_end(const struct dump *a, const struct dump *b, size_t start)
{
    size_t count = 0;
    while (count + start < a->lines.count && count + start < b->lines.count &&
           strcmp(a->lines.items[a->lines.count - 1 - count],
                  b->lines.items[b->lines.count - 1 - count]) == 0) {
        count++;
    }
    return count;
}

/* How many values one amendment may take away, and bring. */
static void check_difference(const struct yaml_amendment *amendment, const struct dump *before,
                             const struct dump *after)
{
    size_t start = common_start(before, after);
    size_t end = common_end(before, after, start);
    size_t gone = before->lines.count - start - end;
    size_t new = after->lines.count - start - end;
    switch (amendment->kind) {
    case YAML_AMEND_SET:
        assert(gone <= 1 && new == gone);
        assert(before->lines.count == after->lines.count);
        break;
    case YAML_AMEND_ADD:
        assert(gone == 0 && new == 2);
        break;
    case YAML_AMEND_APPEND:
        assert(gone == 0 && new == 8); /* a mapping of two pairs, and one of one */
        break;
    case YAML_AMEND_REMOVE:
        assert(new == 0 && gone >= 2);
        break;
    }
}

static void amend(struct slice text, const struct yaml_document *document,
                  const struct yaml_amendment *amendment)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    AUTO(dump_done) struct dump before = {0};
    AUTO(dump_done) struct dump after = {0};
    AUTO_STR(out, YAML_BYTES_MAX);
    struct err err = {0};
    struct yaml_document *changed = NULL;
    if (!yaml_amend(text, document, amendment, 1, &out, &err)) {
        assert(err.kind == ERR_REFUSED || err.kind == ERR_INVALID);
        assert(out.length == 0 && err.text[0]);
        return;
    }
    assert(yaml_parse(arena, str_slice(&out), &changed, &err));
    dump_all(&before, document);
    dump_all(&after, changed);
    check_difference(amendment, &before, &after);
}

struct search {
    struct slice text;
    const struct yaml_document *document;
    size_t tries;
};

static void try_one(struct search *search, struct yaml_amendment amendment)
{
    if (search->tries++ < TRIES_MAX) {
        amend(search->text, search->document, &amendment);
    }
}

static void try_mapping(struct search *search, const struct yaml_node *node)
{
    try_one(search, (struct yaml_amendment){
                        .kind = YAML_AMEND_ADD, .in = node, .key = "zzTag", .value = "1.10"});
    for (size_t i = 1; i < node->item_count; i += 2) {
        const struct yaml_node *value = node->items[i];
        try_one(
            search,
            (struct yaml_amendment){
                .kind = YAML_AMEND_ADD, .in = node, .at = value, .key = "zzTag", .value = "v1"});
        try_one(search,
                (struct yaml_amendment){.kind = YAML_AMEND_REMOVE, .in = node, .at = value});
    }
}

static void try_node(struct search *search, const struct yaml_node *node)
{
    if (search->tries > TRIES_MAX) {
        return;
    }
    if (node->kind == YAML_SCALAR) {
        try_one(search, (struct yaml_amendment){
                            .kind = YAML_AMEND_SET, .at = node, .value = "acme/a:1.0@sha256:00"});
        try_one(search,
                (struct yaml_amendment){.kind = YAML_AMEND_SET, .at = node, .value = "1.10"});
    }
    if (node->is_alias) {
        return;
    }
    if (node->kind == YAML_MAPPING) {
        try_mapping(search, node);
    } else if (node->kind == YAML_SEQUENCE) {
        try_one(search, (struct yaml_amendment){.kind = YAML_AMEND_APPEND,
                                                .in = node,
                                                .items = items,
                                                .item_count = COUNT_OF(items)});
    }
    for (size_t i = 0; i < node->item_count; i++) {
        try_node(search, node->items[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct search search = {.text = {(const char *)bytes, length}};
    struct yaml_document *first = NULL;
    struct err err = {0};
    if (length > 20000 || !yaml_parse(arena, search.text, &first, &err)) {
        return 0;
    }
    search.document = first;
    for (const struct yaml_document *document = first; document; document = document->next) {
        if (document->root) {
            try_node(&search, document->root);
        }
    }
    return 0;
}
