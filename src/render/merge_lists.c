/* Lists that a strategic merge takes together by keys.  Items of the patch come first, then those
   of the target that it does not name.  A key may be absent, as a port's protocol mostly is. */
#include <stdio.h>
#include <string.h>

#include "render/merge.h"

/* No list of Kubernetes has more keys. */
#define KEYS_MAX 2
#define KEY_BYTES_MAX 32

/* The keys of a list, and how many count. */
struct keys {
    char names[KEYS_MAX][KEY_BYTES_MAX];
    size_t count;
};
/* One item's values of them; "" where it has none. */
struct values {
    const char *texts[KEYS_MAX];
    size_t count;
};
struct values_list {
    VEC(struct values) all;
};

struct items {
    struct merge *merge;
    const struct merge_field *field;
    struct arena *arena;
    struct keys keys;
    struct values_list values; /* of all items of both sides, each once */
    json_t *target, *patch;
};

static struct keys keys_of(const char *text)
{
    struct keys keys = {.count = 1};
    const char *comma = strchr(text, ',');
    snprintf(keys.names[0], KEY_BYTES_MAX, "%.*s", (int)strcspn(text, ","), text);
    if (comma) {
        snprintf(keys.names[1], KEY_BYTES_MAX, "%s", comma + 1);
        keys.count = 2;
    }
    return keys;
}

/* The text of a plain value, as YAML has it. */
static const char *text_of(struct items *items, const json_t *value)
{
    if (json_is_string(value)) {
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        return arena_printf(items->arena, "%lld", (long long)json_integer_value(value));
    }
    items->merge->is_beyond |= value && !json_is_null(value);
    return "";
}

/* ---- finding ---- */

/* An empty value fits whatever the item has, but it must have something. */
static bool fits_key(struct items *items, const json_t *item, const char *key, const char *value)
{
    if (!key[0]) {
        return strcmp(text_of(items, item), value) == 0;
    }
    const json_t *found = json_object_get(item, key);
    return found && (!value[0] || strcmp(text_of(items, found), value) == 0);
}

/* Where values are fewer than keys, the last one's verdict stands for the rest. */
static bool fits(struct items *items, const json_t *item, const struct keys *keys,
                 const struct values *values)
{
    for (size_t i = 0; i < keys->count && i < values->count; i++) {
        if (!fits_key(items, item, keys->names[i], values->texts[i])) {
            return false;
        }
    }
    return values->count > 0;
}

static bool is_nothing(const json_t *item)
{
    return !item || json_is_null(item) || (json_is_object(item) && json_object_size(item) == 0);
}

/* Put the item in the place of all that fit, or at the end; NULL only takes those out.  Items that
   are empty go, too. */
static void set_item(struct items *items, json_t *list, json_t *item, const struct keys *keys,
                     const struct values *values)
{
    AUTO_JSON *before = json_copy(list);
    size_t i = 0;
    json_t *old = NULL;
    bool is_found = false;
    json_array_clear(list);
    json_array_foreach (before, i, old) {
        if (is_nothing(old)) {
            continue;
        }
        bool is_it = fits(items, old, keys, values);
        is_found |= is_it;
        if (!is_it) {
            json_array_append(list, old);
        } else if (item) {
            json_array_append(list, item);
        }
    }
    if (item && !is_found) {
        json_array_append(list, item);
    }
}

/* The first item with these values; those that are "" do not count. */
static json_t *find_item(struct items *items, json_t *list, const struct keys *keys,
                         const struct values *values)
{
    struct keys known_keys = {0};
    struct values known = {0};
    for (size_t i = 0; i < keys->count; i++) {
        if (values->texts[i][0]) {
            memcpy(known_keys.names[known_keys.count++], keys->names[i], KEY_BYTES_MAX);
            known.texts[known.count++] = values->texts[i];
        }
    }
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (list, i, item) {
        if (fits(items, item, &known_keys, &known)) {
            return item;
        }
    }
    return NULL;
}

/* ---- the values ---- */

static bool has_values(const struct values_list *list, const struct values *values)
{
    VEC_EACH (struct values, other, &list->all) {
        bool are_equal = true;
        for (size_t i = 0; i < values->count; i++) {
            are_equal &= strcmp(other->texts[i], values->texts[i]) == 0;
        }
        if (are_equal) {
            return true;
        }
    }
    return false;
}

static void gather_values(struct items *items, const json_t *list)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (list, i, item) {
        struct values values = {.count = items->keys.count};
        bool is_empty = true;
        for (size_t k = 0; k < items->keys.count; k++) {
            const char *key = items->keys.names[k];
            values.texts[k] = arena_strdup(
                items->arena, text_of(items, key[0] ? json_object_get(item, key) : item));
            is_empty &= !values.texts[k][0];
        }
        items->merge->is_beyond |= is_empty; /* it would be taken for any other */
        if (!has_values(&items->values, &values)) {
            *VEC_ADD(&items->values.all) = values;
        }
    }
}

/* Two stand for one item when they share a value, and differ only where one has none. */
static bool join(struct values *left, struct values *right)
{
    struct values both = *left;
    bool share = false;
    for (size_t i = 0; i < left->count; i++) {
        const char *a = left->texts[i];
        const char *b = right->texts[i];
        if (strcmp(a, b) == 0) {
            share = true;
        } else if (a[0] && b[0]) {
            return false;
        } else {
            both.texts[i] = a[0] ? a : b;
        }
    }
    if (share) {
        *left = *right = both;
    }
    return share;
}

static void join_values(struct values_list *list)
{
    VEC_EACH (struct values, left, &list->all) {
        VEC_EACH (struct values, right, &list->all) {
            (void)join(left, right);
        }
    }
}

/* Only keys that some item has. */
static void drop_unused_keys(struct items *items)
{
    if (items->keys.count < 2) {
        return;
    }
    bool is_used[KEYS_MAX] = {false};
    VEC_EACH (struct values, values, &items->values.all) {
        for (size_t i = 0; i < values->count; i++) {
            is_used[i] |= values->texts[i][0] != '\0';
        }
    }
    size_t kept = is_used[0] ? 0 : 1;
    if (is_used[0] && is_used[1]) {
        return;
    }
    memmove(items->keys.names[0], items->keys.names[kept], KEY_BYTES_MAX);
    items->keys.count = 1;
    VEC_EACH (struct values, values, &items->values.all) {
        values->texts[0] = values->texts[kept];
        values->count = 1;
    }
}

/* ---- merging ---- */

/* An item that was found by a key it lacks gets it. */
static void complete(struct items *items, json_t *item, const struct values *values)
{
    for (size_t i = 0; i < items->keys.count; i++) {
        const char *key = items->keys.names[i];
        if (key[0] && values->texts[i][0] && !json_object_get(item, key)) {
            items->merge->is_beyond = true; /* its type would be guessed from the text */
        }
    }
}

/* What the items become that have these values; into `made`, or out of the target. */
static void merge_one(struct items *items, const struct values *values, json_t *made)
{
    struct merge_field below = {.below = items->field->below};
    AUTO_JSON *merged =
        merge_value(items->merge, &below, find_item(items, items->target, &items->keys, values),
                    find_item(items, items->patch, &items->keys, values));
    if (is_nothing(merged)) {
        set_item(items, items->target, NULL, &items->keys, values);
        return;
    }
    complete(items, merged, values);
    set_item(items, made, merged, &items->keys, values);
}

/* Append the items of the target, or put them where they already stand. */
static void append_target(struct items *items, json_t *made)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (items->target, i, item) {
        struct values values = {0};
        for (size_t k = 0; k < items->keys.count; k++) {
            const char *key = items->keys.names[k];
            const json_t *value = key[0] ? json_object_get(item, key) : item;
            if (value) {
                values.texts[values.count++] = text_of(items, value);
            } else {
                json_array_append(made, item);
            }
        }
        if (items->keys.count > 1) {
            set_item(items, made, NULL, &items->keys, &values);
        }
        set_item(items, made, item, &items->keys, &values);
    }
}

static json_t *merge_all(struct items *items)
{
    AUTO_JSON *made = json_array();
    gather_values(items, items->patch);
    gather_values(items, items->target);
    if (items->merge->is_beyond || items->values.all.count == 0) {
        return json_incref(items->target);
    }
    if (items->keys.count > 1) {
        join_values(&items->values);
    }
    drop_unused_keys(items);
    VEC_EACH (struct values, values, &items->values.all) {
        merge_one(items, values, made);
    }
    append_target(items, made);
    return TAKE(made);
}

json_t *merge_items(struct merge *merge, const struct merge_field *field, json_t *target,
                    json_t *patch)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct items items = {.merge = merge,
                          .field = field,
                          .arena = arena,
                          .keys = keys_of(field->keys),
                          .target = target,
                          .patch = patch};
    json_t *made = merge_all(&items);
    VEC_DONE(&items.values.all);
    return made;
}
