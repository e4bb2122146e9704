#include "kube/splitter.h"

#include <string.h>

#include "kube/connection.h"

/* Around the items stand a few names and a token for the next page. */
#define REST_BYTES_MAX (64U << 10)
#define KEY_BYTES_MAX (64U << 10)
/* The list's object is at depth 1, its array of items at 2, an item's inside at 3. */
#define ITEMS_DEPTH 2

void list_splitter_init(struct list_splitter *splitter,
                        void (*on_item)(void *context, struct slice item), void *context)
{
    *splitter = (struct list_splitter){.on_item = on_item, .context = context};
    str_init(&splitter->item, KUBE_OBJECT_BYTES_MAX);
    str_init(&splitter->rest, REST_BYTES_MAX);
    str_init(&splitter->key, KEY_BYTES_MAX);
}

void list_splitter_done(struct list_splitter *splitter)
{
    str_done(&splitter->item);
    str_done(&splitter->rest);
    str_done(&splitter->key);
}

/* Inside of a text nothing counts but its end. */
static void read_text(struct list_splitter *splitter, char c)
{
    if (splitter->is_escaped) {
        splitter->is_escaped = false;
    } else if (c == '\\') {
        splitter->is_escaped = true;
    } else if (c == '"') {
        splitter->in_text = false;
        return;
    }
    if (splitter->depth == 1) {
        str_add_char(&splitter->key, c);
    }
}

static void read_mark(struct list_splitter *splitter, char c)
{
    if (c == '"') {
        splitter->in_text = true;
        if (splitter->depth == 1) {
            str_clear(&splitter->key);
        }
    } else if (c == '{' || c == '[') {
        splitter->depth++;
        if (c == '[' && splitter->depth == ITEMS_DEPTH) {
            splitter->in_items = strcmp(splitter->key.text, "items") == 0;
        }
    } else if (c == '}' || c == ']') {
        splitter->depth--;
    }
}

static void read_byte(struct list_splitter *splitter, char c)
{
    bool was_inside = splitter->in_items && splitter->depth > ITEMS_DEPTH;
    if (splitter->in_text) {
        read_text(splitter, c);
    } else {
        read_mark(splitter, c);
    }
    bool is_inside = splitter->in_items && splitter->depth > ITEMS_DEPTH;
    if (was_inside || is_inside) {
        str_add_char(&splitter->item, c);
    } else if (!splitter->in_items || splitter->depth < ITEMS_DEPTH || c == '[') {
        str_add_char(&splitter->rest, c);
        splitter->in_items = splitter->in_items && splitter->depth >= ITEMS_DEPTH;
    }
    if (was_inside && !is_inside) {
        splitter->on_item(splitter->context, str_slice(&splitter->item));
        str_clear(&splitter->item);
    }
}

bool list_splitter_feed(struct list_splitter *splitter, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        read_byte(splitter, bytes.bytes[i]);
        if (splitter->item.failed || splitter->rest.failed || splitter->key.failed) {
            return false;
        }
    }
    return true;
}

void line_splitter_init(struct line_splitter *splitter,
                        void (*on_line)(void *context, struct slice line), void *context)
{
    *splitter = (struct line_splitter){.on_line = on_line, .context = context};
    str_init(&splitter->line, KUBE_OBJECT_BYTES_MAX);
}

void line_splitter_done(struct line_splitter *splitter)
{
    str_done(&splitter->line);
}

bool line_splitter_feed(struct line_splitter *splitter, struct slice bytes)
{
    while (bytes.length > 0) {
        const char *end = memchr(bytes.bytes, '\n', bytes.length);
        size_t length = end ? (size_t)(end - bytes.bytes) : bytes.length;
        str_add_bytes(&splitter->line, bytes.bytes, length);
        if (splitter->line.failed) {
            return false;
        }
        if (end) {
            if (splitter->line.length > 0) {
                splitter->on_line(splitter->context, str_slice(&splitter->line));
            }
            str_clear(&splitter->line);
            length++;
        }
        bytes.bytes += length;
        bytes.length -= length;
    }
    return true;
}
