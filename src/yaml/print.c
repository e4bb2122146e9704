/* print: JSON as YAML, for people to read. */
#include <string.h>

#include "yaml/yaml.h"

#define INDENT 2

static void print(struct str *out, const json_t *value, int depth);

static void add_indent(struct str *out, int depth)
{
    for (int i = 0; i < depth * INDENT; i++) {
        str_add_char(out, ' ');
    }
}

/* Lines that a block keeps as they are: the first one begins with a letter, and there is nothing
   that a terminal would not show. */
static bool is_block(const char *text)
{
    if (!strchr(text, '\n') || strchr(" \n\t", text[0])) {
        return false;
    }
    for (const char *at = text; *at; at++) {
        if (((unsigned char)*at < 0x20 && *at != '\n') || *at == 0x7F) {
            return false;
        }
    }
    return true;
}

static void print_block(struct str *out, const char *text, int depth)
{
    size_t length = strlen(text);
    str_add(out, text[length - 1] == '\n' ? "|\n" : "|-\n");
    while (*text) {
        size_t line = strcspn(text, "\n");
        if (line) {
            add_indent(out, depth);
        }
        str_add_bytes(out, text, line);
        str_add_char(out, '\n');
        text += line + (text[line] == '\n');
    }
}

static void print_scalar(struct str *out, const json_t *value, int depth)
{
    if (json_is_string(value) && is_block(json_string_value(value))) {
        print_block(out, json_string_value(value), depth);
        return;
    }
    if (json_is_string(value)) {
        yaml_write_scalar(out, json_string_value(value));
    } else {
        AUTO(xfree) char *text = json_text(value);
        str_add(out, text);
    }
    str_add_char(out, '\n');
}

static bool is_nested(const json_t *value)
{
    return (json_is_object(value) && json_object_size(value) > 0) ||
           (json_is_array(value) && json_array_size(value) > 0);
}

/* Behind "key:" or "-". */
static void print_below(struct str *out, const json_t *value, int depth)
{
    if (is_nested(value)) {
        str_add_char(out, '\n');
        print(out, value, depth);
    } else {
        str_add_char(out, ' ');
        print_scalar(out, value, depth);
    }
}

static void print_object(struct str *out, const json_t *object, int depth)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_t *loose = (json_t *)(uintptr_t)object;
    json_object_foreach (loose, key, value) {
        add_indent(out, depth);
        yaml_write_scalar(out, key);
        str_add_char(out, ':');
        print_below(out, value, depth + 1);
    }
}

/* "- " and the item, whose first line moves up beside it. */
static void print_array(struct str *out, const json_t *array, int depth)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (array, i, item) {
        size_t at = out->length;
        if (!json_is_object(item) || json_object_size(item) == 0) {
            add_indent(out, depth);
            str_add_char(out, '-');
            print_below(out, item, depth + 1);
            continue;
        }
        print_object(out, item, depth + 1);
        if (!out->failed) {
            out->text[at + (size_t)depth * INDENT] = '-';
        }
    }
}

static void print(struct str *out, const json_t *value, int depth)
{
    if (depth > JSON_DEPTH_MAX) {
        return;
    }
    if (json_is_object(value)) {
        print_object(out, value, depth);
    } else {
        print_array(out, value, depth);
    }
}

void yaml_print(struct str *out, const json_t *value)
{
    if (is_nested(value)) {
        print(out, value, 0);
    } else {
        print_scalar(out, value, 0);
    }
}
