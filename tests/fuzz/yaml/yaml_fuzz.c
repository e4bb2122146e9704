/* What is read must lie where it says it lies; what is edited must come out as it was meant; and
   what is printed must be readable again. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/yaml.h"

#define EDITS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const char *const new_values[] = {"ghcr.io/a/b:1.2.3@sha256:00", "1.10", "it's", "a: \"b\"",
                                         ""};

static void try_edit(struct slice text, const struct yaml_node *node)
{
    for (size_t i = 0; i < COUNT_OF(new_values); i++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        AUTO_STR(out, YAML_BYTES_MAX);
        struct err err = {0};
        struct yaml_document *document = NULL;
        const struct yaml_edit edit = {node->start, node->end, new_values[i]};
        if (yaml_edit(text, &edit, 1, &out, &err)) {
            /* Nothing but the value may have changed. */
            size_t tail = text.length - node->end;
            assert(memcmp(out.text, text.bytes, node->start) == 0);
            assert(memcmp(out.text + out.length - tail, text.bytes + node->end, tail) == 0);
            assert(yaml_parse(arena, str_slice(&out), &document, &err));
        } else {
            assert(err.kind == ERR_REFUSED || err.kind == ERR_INVALID);
            assert(out.length == 0 && err.text[0]);
        }
    }
}

static void check_node(struct slice text, const struct yaml_node *node, size_t *edits)
{
    assert(node->start <= node->end && node->end <= text.length);
    assert(node->line >= 1 && node->column >= 1);
    if (node->is_alias) {
        assert(text.bytes[node->start] == '*');
        return;
    }
    if (node->kind == YAML_SCALAR) {
        assert(strlen(node->text) == node->text_length);
        if (node->style == YAML_DOUBLE_QUOTED) {
            assert(text.bytes[node->start] == '"' && text.bytes[node->end - 1] == '"');
        }
        if ((*edits)++ < EDITS_MAX) {
            try_edit(text, node);
        }
    }
    for (size_t i = 0; i < node->item_count; i++) {
        check_node(text, node->items[i], edits);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct slice text = {(const char *)bytes, length};
    struct yaml_document *document = NULL;
    struct err err = {0};
    size_t edits = 0;
    if (!yaml_parse(arena, text, &document, &err)) {
        assert(err.kind == ERR_INVALID && err.text[0]);
        return 0;
    }
    for (; document; document = document->next) {
        if (!document->root) {
            continue;
        }
        check_node(text, document->root, &edits);
        AUTO_JSON *json = yaml_to_json(document->root, &err);
        assert(json || err.text[0]);
        if (json) {
            free(json_text(json));
        }
    }
    return 0;
}
