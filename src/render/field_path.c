#include "render/field_path.h"

#include <stdlib.h>
#include <string.h>

/* Longer integers have more than one way to be written once kustomize has patched them. */
#define SHORT_INTEGER_MAX 1000000
#define DIGITS_MAX 15

/* ---- plain values ---- */

const char *plain_text(struct arena *arena, const json_t *value)
{
    json_int_t number = json_integer_value(value);
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_boolean(value)) {
        return json_is_true(value) ? "true" : "false";
    }
    bool is_short = number < SHORT_INTEGER_MAX && number > -SHORT_INTEGER_MAX;
    return json_is_integer(value) && is_short ? arena_printf(arena, "%lld", (long long)number)
                                              : NULL;
}

json_t *guessed_value(const char *text)
{
    size_t length = strlen(text);
    if (yaml_plain_is_string(text)) {
        return json_string(text);
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        return json_boolean(text[0] == 't');
    }
    bool is_number = length > 0 && length <= DIGITS_MAX && strspn(text, "0123456789") == length &&
                     (text[0] != '0' || length == 1);
    return is_number ? json_integer(strtoll(text, NULL, 10)) : NULL;
}

/* ---- reading ---- */

/* The next part up to a dot that is not escaped, and not within brackets. */
static const char *read_part(struct arena *arena, const char **at)
{
    AUTO_STR(part, 1024);
    bool is_bracketed = **at == '[';
    for (; **at; (*at)++) {
        bool ends = **at == '.' && (!is_bracketed || (*at)[-1] == ']');
        if (ends) {
            break;
        }
        if (**at == '\\' && (*at)[1] == '.') {
            (*at)++;
        }
        str_add_char(&part, **at);
    }
    bool is_last = **at == '\0';
    *at += !is_last;
    bool has_end = !is_bracketed || (part.length > 2 && part.text[part.length - 1] == ']');
    bool is_odd = part.failed || part.length == 0 || !has_end || strchr(part.text, ' ') ||
                  strchr(part.text, '\\') || (!is_last && **at == '\0');
    if (is_odd) {
        return NULL;
    }
    /* A key in brackets is one that has dots. */
    if (is_bracketed && !strchr(part.text, '=')) {
        return strchr(part.text, '.') ? arena_strndup(arena, part.text + 1, part.length - 2) : NULL;
    }
    return arena_strdup(arena, part.text);
}

bool field_path_read(struct arena *arena, const char *text, struct field_path *out)
{
    *out = (struct field_path){0};
    for (const char *at = text; *at;) {
        const char *part = out->count < FIELD_PATH_PARTS_MAX ? read_part(arena, &at) : NULL;
        if (!part || strcmp(part, "-") == 0) {
            return false;
        }
        out->parts[out->count++] = part;
    }
    return out->count > 0;
}

bool field_path_is_notes(const struct field_path *path)
{
    return strcmp(path->parts[0], "metadata") == 0 &&
           (path->count == 1 || (path->count == 2 && strcmp(path->parts[1], "annotations") == 0) ||
            strcmp(path->parts[1], "*") == 0);
}

bool field_path_is_name(const struct field_path *path, const char *text)
{
    return path->count == 2 && strcmp(path->parts[0], "metadata") == 0 &&
           (strcmp(path->parts[1], "name") == 0 || strcmp(path->parts[1], "namespace") == 0) &&
           (!text || !yaml_plain_is_string(text));
}

static bool is_index(const char *part)
{
    return strspn(part, "0123456789") == strlen(part) && strlen(part) < 9;
}

/* "[name=main]" apart; false for a pattern. */
static bool read_match(const char *part, char key[static 256], char value[static 256])
{
    const char *sign = strchr(part, '=');
    size_t length = strlen(part);
    size_t key_length = sign ? (size_t)(sign - part - 1) : 0;
    size_t value_length = sign ? length - key_length - 3 : 0;
    if (key_length == 0 || value_length == 0 || key_length >= 256 || value_length >= 256) {
        return false;
    }
    memcpy(key, part + 1, key_length);
    memcpy(value, sign + 1, value_length);
    key[key_length] = value[value_length] = '\0';
    return strpbrk(value, ".*+?()[]{}|^$\\\"'") == NULL;
}

/* ---- walking ---- */

static json_t *find_item(json_t *list, const char *key, const char *value)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (list, i, item) {
        const json_t *have = json_object_get(item, key);
        if (json_is_string(have) && strcmp(json_string_value(have), value) == 0) {
            return item;
        }
    }
    return NULL;
}

bool field_path_get(const struct field_path *path, json_t *root, json_t **out)
{
    json_t *at = root;
    char key[256];
    char value[256];
    for (size_t i = 0; i < path->count && at; i++) {
        const char *part = path->parts[i];
        if (is_index(part) && json_is_array(at)) {
            at = json_array_get(at, (size_t)strtoul(part, NULL, 10));
        } else if (part[0] == '[' && json_is_array(at) && read_match(part, key, value)) {
            at = find_item(at, key, value);
        } else if (!is_index(part) && part[0] != '[' && strcmp(part, "*") != 0 &&
                   json_is_object(at)) {
            at = json_object_get(at, part);
        } else {
            return false;
        }
    }
    *out = at;
    return true;
}

struct walk {
    const struct field_path *path;
    bool creates;
    bool (*act)(void *context, const struct field *field);
    void *context;
};

static bool walk_from(const struct walk *walk, const struct field *field, size_t part);

static bool walk_key(const struct walk *walk, json_t *object, size_t part)
{
    const char *key = walk->path->parts[part];
    struct field child = {object, json_object_get(object, key), key, 0};
    bool is_last = part + 1 == walk->path->count;
    if (!json_is_object(object)) {
        return false;
    }
    if (child.value || (is_last && walk->creates)) {
        return walk_from(walk, &child, part + 1);
    }
    if (!walk->creates) {
        return true;
    }
    const char *next = walk->path->parts[part + 1];
    if (is_index(next) || next[0] == '[' || strcmp(next, "*") == 0) {
        return false;
    }
    child.value = json_object();
    json_object_set_new(object, key, child.value);
    return walk_from(walk, &child, part + 1);
}

/* kustomize takes the value for an expression that may fit anywhere in the text. */
static bool walk_matches(const struct walk *walk, json_t *list, size_t part)
{
    char key[256];
    char value[256];
    size_t found = 0;
    if (!json_is_array(list) || !read_match(walk->path->parts[part], key, value)) {
        return false;
    }
    struct field item = {.holder = list};
    for (; item.index < json_array_size(list); item.index++) {
        item.value = json_array_get(list, item.index);
        const json_t *have = json_object_get(item.value, key);
        if (have && (!json_is_string(have) || strchr(json_string_value(have), '\n'))) {
            return false;
        }
        if (have && strstr(json_string_value(have), value)) {
            found++;
            if (!walk_from(walk, &item, part + 1)) {
                return false;
            }
        }
    }
    return found > 0 || !walk->creates;
}

static bool walk_items(const struct walk *walk, json_t *list, size_t part)
{
    const char *text = walk->path->parts[part];
    size_t size = json_array_size(list);
    bool is_every = strcmp(text, "*") == 0;
    size_t from = is_every ? 0 : (size_t)strtoul(text, NULL, 10);
    size_t end = is_every ? size : from + 1;
    if (!json_is_array(list) || end > size) {
        return false;
    }
    for (struct field item = {.holder = list, .index = from}; item.index < end; item.index++) {
        item.value = json_array_get(list, item.index);
        if (!walk_from(walk, &item, part + 1)) {
            return false;
        }
    }
    return true;
}

static bool walk_from(const struct walk *walk, const struct field *field, size_t part)
{
    if (part == walk->path->count) {
        return walk->act(walk->context, field);
    }
    const char *text = walk->path->parts[part];
    if (is_index(text) || strcmp(text, "*") == 0) {
        return walk_items(walk, field->value, part);
    }
    return text[0] == '[' ? walk_matches(walk, field->value, part)
                          : walk_key(walk, field->value, part);
}

bool field_path_visit(const struct field_path *path, json_t *root, bool creates,
                      bool (*act)(void *context, const struct field *field), void *context)
{
    struct walk walk = {path, creates, act, context};
    struct field field = {.value = root};
    return walk_from(&walk, &field, 0);
}
