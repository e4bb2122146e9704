#include <stdlib.h>
#include <string.h>

#include "http/sse.h"

#define EVENT_BYTES_MAX ((size_t)1 << 20)
#define NAME_BYTES_MAX 1024

struct sse_parser {
    void (*on_event)(void *context, const char *id, const char *type, const char *data);
    void *context;
    struct str line, data, type, id;
    bool has_data, is_after_cr, has_begun;
};

struct sse_parser *sse_parser_new(void (*on_event)(void *context, const char *id, const char *type,
                                                   const char *data),
                                  void *context)
{
    struct sse_parser *parser = xcalloc(1, sizeof(*parser));
    parser->on_event = on_event;
    parser->context = context;
    str_init(&parser->line, EVENT_BYTES_MAX);
    str_init(&parser->data, EVENT_BYTES_MAX);
    str_init(&parser->type, NAME_BYTES_MAX);
    str_init(&parser->id, NAME_BYTES_MAX);
    return parser;
}

void sse_parser_free(struct sse_parser **parser)
{
    if (*parser) {
        str_done(&(*parser)->line);
        str_done(&(*parser)->data);
        str_done(&(*parser)->type);
        str_done(&(*parser)->id);
        xfree(parser);
    }
}

static void give_event(struct sse_parser *parser)
{
    if (parser->has_data) {
        const char *type = parser->type.length ? parser->type.text : "message";
        parser->on_event(parser->context, parser->id.text, type, parser->data.text);
    }
    parser->has_data = false;
    str_clear(&parser->data);
    str_clear(&parser->type);
}

static void replace(struct str *str, struct slice value)
{
    str_clear(str);
    str_add_bytes(str, value.bytes, value.length);
}

static void take_field(struct sse_parser *parser, struct slice name, struct slice value)
{
    if (slice_equals(name, "data")) {
        if (parser->has_data) {
            str_add_char(&parser->data, '\n');
        }
        str_add_bytes(&parser->data, value.bytes, value.length);
        parser->has_data = true;
    } else if (slice_equals(name, "event")) {
        replace(&parser->type, value);
    } else if (slice_equals(name, "id") && !memchr(value.bytes, '\0', value.length)) {
        replace(&parser->id, value);
    }
}

static void take_line(struct sse_parser *parser)
{
    struct slice line = str_slice(&parser->line);
    const char *colon = memchr(line.bytes, ':', line.length);
    if (line.length == 0) {
        give_event(parser);
        return;
    }
    if (colon == line.bytes) {
        return; /* a comment */
    }
    struct slice name = {line.bytes, colon ? (size_t)(colon - line.bytes) : line.length};
    struct slice value = {line.bytes + line.length, 0};
    if (colon) {
        value = (struct slice){colon + 1, line.length - name.length - 1};
        if (value.length > 0 && value.bytes[0] == ' ') {
            value = (struct slice){value.bytes + 1, value.length - 1};
        }
    }
    take_field(parser, name, value);
}

static void skip_byte_order_mark(struct sse_parser *parser)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (!parser->has_begun && parser->line.length >= 3 && memcmp(parser->line.text, mark, 3) == 0) {
        memmove(parser->line.text, parser->line.text + 3, parser->line.length - 3 + 1);
        parser->line.length -= 3;
    }
    parser->has_begun = true;
}

static bool has_failed(const struct sse_parser *parser)
{
    return parser->line.failed || parser->data.failed || parser->type.failed || parser->id.failed;
}

/* One run of bytes without a line end, or one line end. */
static size_t take_some(struct sse_parser *parser, struct slice bytes)
{
    if (bytes.bytes[0] == '\n' && parser->is_after_cr) {
        parser->is_after_cr = false; /* the second half of CR LF */
        return 1;
    }
    parser->is_after_cr = bytes.bytes[0] == '\r';
    if (bytes.bytes[0] == '\n' || bytes.bytes[0] == '\r') {
        skip_byte_order_mark(parser);
        take_line(parser);
        str_clear(&parser->line);
        return 1;
    }
    size_t length = 0;
    while (length < bytes.length && bytes.bytes[length] != '\n' && bytes.bytes[length] != '\r') {
        length++;
    }
    str_add_bytes(&parser->line, bytes.bytes, length);
    return length;
}

bool sse_parser_feed(struct sse_parser *parser, struct slice bytes)
{
    size_t at = 0;
    while (at < bytes.length && !has_failed(parser)) {
        at += take_some(parser, (struct slice){bytes.bytes + at, bytes.length - at});
    }
    return !has_failed(parser);
}
