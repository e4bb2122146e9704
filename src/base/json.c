#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void json_drop(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

static int depth_of(struct slice text)
{
    int depth = 0;
    int deepest = 0;
    bool in_text = false;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        if (in_text) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_text = false;
            }
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            depth++;
            deepest = depth > deepest ? depth : deepest;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return deepest;
}

json_t *json_parse(struct slice text, struct err *err)
{
    if (depth_of(text) > JSON_DEPTH_MAX) {
        err_set(err, ERR_INVALID, "the JSON is nested deeper than %d levels", JSON_DEPTH_MAX);
        return NULL;
    }
    json_error_t why;
    json_t *value = json_loadb(text.bytes, text.length, JSON_REJECT_DUPLICATES, &why);
    if (!value) {
        err_set(err, ERR_INVALID, "not valid JSON: line %d, column %d: %s", why.line, why.column,
                why.text);
    }
    return value;
}

static char *dump(const json_t *value, size_t flags)
{
    char *text = json_dumps(value, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY);
    return text ? text : xstrdup("null");
}

char *json_text(const json_t *value)
{
    return dump(value, JSON_COMPACT);
}

char *json_text_pretty(const json_t *value)
{
    return dump(value, JSON_INDENT(2));
}

const json_t *json_at(const json_t *value, const char *path)
{
    while (value && *path) {
        size_t length = strcspn(path, ".");
        value = json_object_getn(value, path, length);
        path += length + (path[length] == '.');
    }
    return value;
}

const char *json_text_at(const json_t *value, const char *path, const char *fallback)
{
    const json_t *found = json_at(value, path);
    return json_is_string(found) ? json_string_value(found) : fallback;
}

int64_t json_int_at(const json_t *value, const char *path, int64_t fallback)
{
    const json_t *found = json_at(value, path);
    return json_is_integer(found) ? json_integer_value(found) : fallback;
}

bool json_bool_at(const json_t *value, const char *path, bool fallback)
{
    const json_t *found = json_at(value, path);
    return json_is_boolean(found) ? json_is_true(found) : fallback;
}

const json_t *json_array_at(const json_t *value, const char *path)
{
    static json_t *empty;
    const json_t *found = json_at(value, path);
    if (json_is_array(found)) {
        return found;
    }
    if (!empty) {
        empty = json_array();
    }
    return empty;
}

void json_put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

void json_put_text(json_t *object, const char *key, const char *text)
{
    if (text) {
        json_put(object, key, json_text_safe(text, strlen(text)));
    }
}

void json_put_int(json_t *object, const char *key, int64_t number)
{
    json_put(object, key, json_integer(number));
}

void json_put_bool(json_t *object, const char *key, bool flag)
{
    json_put(object, key, json_boolean(flag));
}

void json_put_time(json_t *object, const char *key, int64_t time_ms)
{
    if (time_ms > 0) {
        char text[CLOCK_TEXT_BYTES];
        clock_format(time_ms, text);
        json_put_text(object, key, text);
    }
}

/* Length of the well-formed UTF-8 character at `s`, or 0 (RFC 3629, table 3-7 of Unicode). */
static size_t utf8_length(const unsigned char *s, size_t left)
{
    if (s[0] < 0x80) {
        return s[0] != 0;
    }
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || left < length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool too_big = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || too_big ? 0 : length;
}

json_t *json_text_safe(const char *bytes, size_t length)
{
    json_t *as_is = memchr(bytes, 0, length) ? NULL : json_stringn(bytes, length);
    if (as_is) {
        return as_is;
    }
    AUTO_STR(text, length * 3 + 1);
    for (size_t i = 0; i < length;) {
        size_t good = utf8_length((const unsigned char *)bytes + i, length - i);
        if (good) {
            str_add_bytes(&text, bytes + i, good);
        } else {
            str_add(&text, "\xEF\xBF\xBD");
        }
        i += good ? good : 1;
    }
    return json_stringn(text.text, text.length);
}
