/* JSON patches (RFC 6902), with the liberties of the library that kustomize uses: negative indices,
   and "replace" of a key that is not there.  Whatever does not succeed is the program's to say. */
#include <stdlib.h>
#include <string.h>

#include "render/internal.h"

#define POINTER_PARTS_MAX 64
#define PART_BYTES_MAX 512
/* kustomize reads the patched object's numbers as doubles. */
#define EXACT_MAX (INT64_C(1) << 53)

/* What a pointer leads to: a key of an object, or an index of a list. */
struct place {
    json_t *holder;
    char key[PART_BYTES_MAX];
};

/* One part of a pointer, up to the slash or the end. */
static bool read_part(const char **at, char out[static PART_BYTES_MAX])
{
    size_t length = 0;
    for (; **at && **at != '/'; (*at)++) {
        if (length + 1 >= PART_BYTES_MAX) {
            return false;
        }
        bool is_escape = **at == '~' && ((*at)[1] == '0' || (*at)[1] == '1');
        out[length++] = is_escape ? ((*at)[1] == '0' ? '~' : '/') : **at;
        *at += is_escape;
    }
    out[length] = '\0';
    return true;
}

/* "3", "-1"; false for what is no index.  What is negative counts from `end`. */
static bool read_index(const char *text, size_t end, size_t *out)
{
    char *rest = NULL;
    long index = strtol(text, &rest, 10);
    bool is_number = (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) && rest != text &&
                     *rest == '\0' && strlen(text) < 10;
    if (index < 0) {
        index += (long)end;
    }
    *out = index < 0 ? 0 : (size_t)index;
    return is_number && index >= 0;
}

static json_t *value_at(const struct place *place)
{
    size_t index = 0;
    if (json_is_object(place->holder)) {
        return json_object_get(place->holder, place->key);
    }
    return read_index(place->key, json_array_size(place->holder), &index)
               ? json_array_get(place->holder, index)
               : NULL;
}

static bool find_place(json_t *root, const char *pointer, struct place *out)
{
    const char *at = pointer;
    out->holder = root;
    for (int parts = 0; *at == '/' && parts < POINTER_PARTS_MAX; parts++) {
        at++;
        if (!read_part(&at, out->key)) {
            return false;
        }
        if (*at == '\0') {
            return json_is_object(out->holder) || json_is_array(out->holder);
        }
        out->holder = value_at(out);
    }
    return false;
}

static bool add(const struct place *place, json_t *value)
{
    size_t size = json_array_size(place->holder);
    size_t index = 0;
    if (json_is_object(place->holder)) {
        return json_object_set(place->holder, place->key, value) == 0;
    }
    if (strcmp(place->key, "-") == 0) {
        return json_array_append(place->holder, value) == 0;
    }
    return read_index(place->key, size + 1, &index) && index <= size &&
           json_array_insert(place->holder, index, value) == 0;
}

static bool take_out(const struct place *place)
{
    size_t size = json_array_size(place->holder);
    size_t index = 0;
    if (json_is_object(place->holder)) {
        return json_object_del(place->holder, place->key) == 0;
    }
    return read_index(place->key, size, &index) && json_array_remove(place->holder, index) == 0;
}

static bool replace(const struct place *place, json_t *value)
{
    size_t size = json_array_size(place->holder);
    size_t index = 0;
    if (json_is_object(place->holder)) {
        return json_object_set(place->holder, place->key, value) == 0;
    }
    return read_index(place->key, size, &index) && index < size &&
           json_array_set(place->holder, index, value) == 0;
}

/* ---- operations ---- */

static bool op_add(json_t *root, const struct place *place, const json_t *operation)
{
    (void)root;
    AUTO_JSON *value = json_deep_copy(json_object_get(operation, "value"));
    return value && add(place, value);
}

static bool op_remove(json_t *root, const struct place *place, const json_t *operation)
{
    (void)root;
    (void)operation;
    return take_out(place);
}

static bool op_replace(json_t *root, const struct place *place, const json_t *operation)
{
    (void)root;
    AUTO_JSON *value = json_deep_copy(json_object_get(operation, "value"));
    return value && replace(place, value);
}

static bool op_test(json_t *root, const struct place *place, const json_t *operation)
{
    (void)root;
    const json_t *value = json_object_get(operation, "value");
    const json_t *found = value_at(place);
    return found && value && !json_is_real(found) && json_equal(found, value);
}

static bool op_copy(json_t *root, const struct place *place, const json_t *operation)
{
    struct place from;
    AUTO_JSON *value = NULL;
    if (find_place(root, json_text_at(operation, "from", ""), &from)) {
        value = json_deep_copy(value_at(&from));
    }
    return value && add(place, value);
}

/* The place is looked for again: what is taken out may have stood before it. */
static bool op_move(json_t *root, const struct place *place, const json_t *operation)
{
    (void)place;
    struct place from;
    struct place to;
    if (!find_place(root, json_text_at(operation, "from", ""), &from)) {
        return false;
    }
    AUTO_JSON *value = json_incref(value_at(&from));
    return value && take_out(&from) && find_place(root, json_text_at(operation, "path", ""), &to) &&
           add(&to, value);
}

static const struct {
    const char *name;
    bool (*run)(json_t *root, const struct place *place, const json_t *operation);
} kinds[] = {
    {"add", op_add},   {"remove", op_remove}, {"replace", op_replace},
    {"test", op_test}, {"copy", op_copy},     {"move", op_move},
};

static bool run(json_t *root, const json_t *operation)
{
    struct place place;
    const char *name = json_text_at(operation, "op", "");
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return find_place(root, json_text_at(operation, "path", ""), &place) &&
                   kinds[i].run(root, &place, operation);
        }
    }
    return false;
}

/* Depth is bounded by the YAML that the value came from. */
static bool is_exact(json_t *value)
{
    size_t i = 0;
    json_t *item = NULL;
    const char *key = NULL;
    json_array_foreach (value, i, item) {
        if (!is_exact(item)) {
            return false;
        }
    }
    json_object_foreach (value, key, item) {
        if (!is_exact(item)) {
            return false;
        }
    }
    json_int_t number = json_integer_value(value);
    return number <= EXACT_MAX && number >= -EXACT_MAX;
}

enum outcome json_patch(json_t **object, const json_t *operations)
{
    AUTO_JSON *patched = json_deep_copy(*object);
    size_t i = 0;
    json_t *operation = NULL;
    json_array_foreach (operations, i, operation) {
        if (!run(patched, operation)) {
            return OUTCOME_BEYOND;
        }
    }
    if (!is_exact(patched) || !json_text_at(patched, "kind", "")[0] ||
        !json_text_at(patched, "metadata.name", "")[0]) {
        return OUTCOME_BEYOND;
    }
    json_decref(*object);
    *object = TAKE(patched);
    return OUTCOME_DONE;
}
