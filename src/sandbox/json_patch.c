#include "sandbox/json_patch.h"

#include <string.h>

#define OPERATIONS_MAX 1000

/* "~1" is '/' and "~0" is '~'. */
static char *unescape(const char *from, size_t length)
{
    char *out = xcalloc(length + 1, 1);
    size_t at = 0;
    for (size_t i = 0; i < length; i++) {
        bool is_escape =
            from[i] == '~' && i + 1 < length && (from[i + 1] == '0' || from[i + 1] == '1');
        out[at++] = is_escape ? (from[i + 1] == '1' ? '/' : '~') : from[i];
        i += is_escape;
    }
    return out;
}

static size_t index_of(const json_t *array, const char *key)
{
    return strcmp(key, "-") == 0 ? json_array_size(array) : (size_t)strtoul(key, NULL, 10);
}

static json_t *child(json_t *parent, const char *key)
{
    return json_is_array(parent) ? json_array_get(parent, index_of(parent, key))
                                 : json_object_get(parent, key);
}

/* The container that the pointer's last key is in, and that key; NULL when there is none. */
static json_t *find_parent(json_t *document, const char *pointer, char **out_key)
{
    json_t *at = document;
    *out_key = NULL;
    while (at && *pointer == '/') {
        size_t length = strcspn(pointer + 1, "/");
        char *key = unescape(pointer + 1, length);
        pointer += 1 + length;
        if (*pointer != '/') {
            *out_key = key;
            return at;
        }
        at = child(at, key);
        free(key);
    }
    return NULL;
}

static bool add(json_t *parent, const char *key, json_t *value)
{
    if (json_is_array(parent)) {
        return json_array_insert(parent, index_of(parent, key), value) == 0;
    }
    return json_object_set(parent, key, value) == 0;
}

static bool replace(json_t *parent, const char *key, json_t *value)
{
    if (json_is_array(parent)) {
        return json_array_set(parent, index_of(parent, key), value) == 0;
    }
    return json_object_get(parent, key) && json_object_set(parent, key, value) == 0;
}

static bool removed(json_t *parent, const char *key, json_t *value)
{
    (void)value;
    return json_is_array(parent) ? json_array_remove(parent, index_of(parent, key)) == 0
                                 : json_object_del(parent, key) == 0;
}

static bool test(json_t *parent, const char *key, json_t *value)
{
    json_t *have = child(parent, key);
    return have && json_equal(have, value);
}

static const struct {
    const char *name;
    bool (*run)(json_t *parent, const char *key, json_t *value);
    enum err_kind failure;
} operators[] = {
    {"add", add, ERR_INVALID},
    {"replace", replace, ERR_INVALID},
    {"remove", removed, ERR_INVALID},
    {"test", test, ERR_CONFLICT},
};

static bool apply_one(json_t *document, const json_t *operation, struct err *err)
{
    const char *name = json_text_at(operation, "op", "");
    const char *pointer = json_text_at(operation, "path", "");
    json_t *value = json_object_get(operation, "value");
    AUTO(xfree) char *key = NULL;
    json_t *parent = find_parent(document, pointer, &key);
    for (size_t i = 0; i < COUNT_OF(operators); i++) {
        if (strcmp(operators[i].name, name) != 0) {
            continue;
        }
        bool has_value = value || operators[i].run == removed;
        if (parent && has_value && operators[i].run(parent, key, value ? value : NULL)) {
            return true;
        }
        return err_set(err, operators[i].failure, "%s operation does not apply: %s", name, pointer);
    }
    return err_set(err, ERR_INVALID, "unexpected kind of operation: %s", name);
}

bool json_patch_apply(json_t *document, const json_t *operations, struct err *err)
{
    if (json_array_size(operations) > OPERATIONS_MAX) {
        return err_set(err, ERR_INVALID, "more than %d operations", OPERATIONS_MAX);
    }
    for (size_t i = 0; i < json_array_size(operations); i++) {
        AUTO_JSON *operation = json_deep_copy(json_array_get(operations, i));
        if (!apply_one(document, operation, err)) {
            return false;
        }
    }
    return true;
}
