#include "sandbox/fields.h"

#include <stdio.h>
#include <string.h>

#define PATH_TEXT_MAX 4096

/* Lists whose items are told apart by keys, by the list's name, as Kubernetes' own types declare
   them.  Of two rows with one name the first counts whose first key the item has. */
static const struct {
    const char *list;
    const char *keys[2];
} keyed_lists[] = {
    {"containers", {"name"}},
    {"initContainers", {"name"}},
    {"ephemeralContainers", {"name"}},
    {"env", {"name"}},
    {"volumes", {"name"}},
    {"volumeMounts", {"mountPath"}},
    {"volumeDevices", {"devicePath"}},
    {"imagePullSecrets", {"name"}},
    {"hostAliases", {"ip"}},
    {"topologySpreadConstraints", {"topologyKey", "whenUnsatisfiable"}},
    {"ports", {"containerPort", "protocol"}},
    {"ports", {"port", "protocol"}},
    {"conditions", {"type"}},
    {"ownerReferences", {"uid"}},
    {"secrets", {"name"}},
};

/* Objects that are one value, by their name. */
static const char *const atomic_maps[] = {
    "selector", "nodeSelector",     "secretKeyRef", "configMapKeyRef",
    "fieldRef", "resourceFieldRef", "roleRef",      "matchLabels",
};

/* Kept by the API server itself; nobody owns them. */
static const char *const system_fields[] = {
    "f:name",
    "f:namespace",
    "f:uid",
    "f:resourceVersion",
    "f:generation",
    "f:creationTimestamp",
    "f:managedFields",
    "f:selfLink",
    "f:deletionTimestamp",
    "f:generateName",
    "f:deletionGracePeriodSeconds",
};

static bool is_keyed_style(enum merge_style style)
{
    return style == MERGE_KEYED || style == MERGE_STRATEGIC;
}

static bool removes_nulls(enum merge_style style)
{
    return style == MERGE_PATCH || style == MERGE_STRATEGIC;
}

static bool is_map(const char *name, const json_t *value, enum merge_style style)
{
    if (!json_is_object(value)) {
        return false;
    }
    for (size_t i = 0; style == MERGE_KEYED && i < COUNT_OF(atomic_maps); i++) {
        if (strcmp(name, atomic_maps[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* The keys of a list, by its name and first item; NULL when it is one value. */
static const char *const *keys_of(const char *name, const json_t *list, enum merge_style style)
{
    if (!json_is_array(list) || !is_keyed_style(style)) {
        return NULL;
    }
    const json_t *first = json_array_get(list, 0);
    for (size_t i = 0; i < COUNT_OF(keyed_lists); i++) {
        bool fits = !first || json_object_get(first, keyed_lists[i].keys[0]);
        if (fits && strcmp(name, keyed_lists[i].list) == 0) {
            return keyed_lists[i].keys;
        }
    }
    return NULL;
}

/* "k:{"containerPort":80,"protocol":"TCP"}"; a missing protocol is TCP.  The caller frees it. */
static char *item_key(const json_t *item, const char *const *keys)
{
    AUTO_JSON *key = json_object();
    for (size_t i = 0; i < 2 && keys[i]; i++) {
        json_t *value = json_object_get(item, keys[i]);
        if (value) {
            json_object_set(key, keys[i], value);
        } else if (strcmp(keys[i], "protocol") == 0) {
            json_put_text(key, "protocol", "TCP");
        }
    }
    AUTO(xfree) char *text = json_text(key);
    AUTO_STR(out, PATH_TEXT_MAX);
    str_add(&out, "k:");
    str_add(&out, text);
    return str_take(&out);
}

static json_t *item_with_key(const json_t *list, const char *const *keys, const char *key)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        AUTO(xfree) char *have = item_key(json_array_get(list, i), keys);
        if (strcmp(have, key) == 0) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

static void put_field(json_t *set, const char *name, json_t *take_node)
{
    AUTO_STR(key, PATH_TEXT_MAX);
    str_addf(&key, "f:%s", name);
    json_put(set, key.text, take_node);
}

static json_t *set_of(const char *name, const json_t *value, enum merge_style style)
{
    json_t *set = json_object();
    const char *const *keys = keys_of(name, value, style);
    if (keys) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            const json_t *item = json_array_get(value, i);
            AUTO(xfree) char *key = item_key(item, keys);
            json_t *node = set_of("", item, style);
            json_put(node, ".", json_object());
            json_put(set, key, node);
        }
    } else if (is_map(name, value, style)) {
        const char *field;
        const json_t *part;
        json_object_foreach (json_loose(value), field, part) {
            if (!json_is_null(part)) {
                put_field(set, field, set_of(field, part, style));
            }
        }
    }
    return set;
}

static void strip_system(json_t *set)
{
    json_t *metadata = json_object_get(set, "f:metadata");
    json_object_del(set, "f:apiVersion");
    json_object_del(set, "f:kind");
    for (size_t i = 0; i < COUNT_OF(system_fields); i++) {
        json_object_del(metadata, system_fields[i]);
    }
    if (metadata && json_object_size(metadata) == 0) {
        json_object_del(set, "f:metadata");
    }
}

json_t *fields_of(const json_t *object, enum merge_style style)
{
    json_t *set = set_of("", object, style);
    strip_system(set);
    return set;
}

static void compare(const char *name, const json_t *before, const json_t *after,
                    enum merge_style style, json_t *sets[2]);

/* Compare two values under one key of the sets; either may be missing. */
static void compare_under(const char *key, const char *name, const json_t *before,
                          const json_t *after, enum merge_style style, json_t *sets[2])
{
    if (!before || !after) {
        json_t *whole = set_of(name, after ? after : before, style);
        if (key[0] == 'k') {
            json_put(whole, ".", json_object());
        }
        json_put(sets[after ? 0 : 1], key, whole);
        return;
    }
    bool are_maps = is_map(name, before, style) && is_map(name, after, style);
    bool are_lists = keys_of(name, before, style) && keys_of(name, after, style);
    if (!are_maps && !are_lists) {
        if (!json_equal(before, after)) {
            json_put(sets[0], key, json_object());
        }
        return;
    }
    json_t *parts[2] = {json_object(), json_object()};
    compare(name, before, after, style, parts);
    for (size_t i = 0; i < 2; i++) {
        if (json_object_size(parts[i]) > 0) {
            json_put(sets[i], key, parts[i]);
        } else {
            json_decref(parts[i]);
        }
    }
}

static void compare_lists(const char *const *keys, const json_t *before, const json_t *after,
                          enum merge_style style, json_t *sets[2])
{
    for (size_t i = 0; i < json_array_size(after); i++) {
        AUTO(xfree) char *key = item_key(json_array_get(after, i), keys);
        compare_under(key, "", item_with_key(before, keys, key), json_array_get(after, i), style,
                      sets);
    }
    for (size_t i = 0; i < json_array_size(before); i++) {
        AUTO(xfree) char *key = item_key(json_array_get(before, i), keys);
        if (!item_with_key(after, keys, key)) {
            compare_under(key, "", json_array_get(before, i), NULL, style, sets);
        }
    }
}

static void compare(const char *name, const json_t *before, const json_t *after,
                    enum merge_style style, json_t *sets[2])
{
    const json_t *fuller = json_array_size(after) > 0 ? after : before;
    const char *const *keys = keys_of(name, fuller, style);
    if (keys) {
        compare_lists(keys, before, after, style, sets);
        return;
    }
    const json_t *sides[2] = {after, before};
    for (size_t side = 0; side < 2; side++) {
        const char *field;
        json_t *value;
        json_object_foreach (json_loose(sides[side]), field, value) {
            if (side == 1 && json_object_get(after, field)) {
                continue; /* already compared */
            }
            AUTO_STR(key, PATH_TEXT_MAX);
            str_addf(&key, "f:%s", field);
            compare_under(key.text, field, json_object_get(before, field),
                          json_object_get(after, field), style, sets);
        }
    }
}

void fields_compare(const json_t *before, const json_t *after, enum merge_style style,
                    json_t **out_changed, json_t **out_removed)
{
    json_t *sets[2] = {json_object(), json_object()};
    compare("", before, after, style, sets);
    strip_system(sets[0]);
    strip_system(sets[1]);
    *out_changed = sets[0];
    *out_removed = sets[1];
}

static json_t *merge(const char *name, const json_t *live, const json_t *wanted,
                     enum merge_style style);

static json_t *merge_lists(const char *const *keys, const json_t *live, const json_t *wanted,
                           enum merge_style style)
{
    json_t *out = json_array();
    for (size_t i = 0; i < json_array_size(live); i++) {
        const json_t *item = json_array_get(live, i);
        AUTO(xfree) char *key = item_key(item, keys);
        const json_t *over = item_with_key(wanted, keys, key);
        json_array_append_new(out, over ? merge("", item, over, style) : json_deep_copy(item));
    }
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        AUTO(xfree) char *key = item_key(json_array_get(wanted, i), keys);
        if (!item_with_key(live, keys, key)) {
            json_array_append_new(out, json_deep_copy(json_array_get(wanted, i)));
        }
    }
    return out;
}

static json_t *merge_maps(const json_t *live, const json_t *wanted, enum merge_style style)
{
    json_t *out = json_is_object(live) ? json_deep_copy(live) : json_object();
    const char *field;
    const json_t *value;
    json_object_foreach (json_loose(wanted), field, value) {
        if (style == MERGE_STRATEGIC && field[0] == '$') {
            continue;
        }
        if (!json_is_null(value)) {
            json_put(out, field, merge(field, json_object_get(live, field), value, style));
        } else if (removes_nulls(style)) {
            json_object_del(out, field);
        }
    }
    return out;
}

static json_t *merge(const char *name, const json_t *live, const json_t *wanted,
                     enum merge_style style)
{
    const json_t *fuller = json_array_size(live) > 0 ? live : wanted;
    const char *const *keys = json_is_array(wanted) ? keys_of(name, fuller, style) : NULL;
    if (keys) {
        return merge_lists(keys, live, wanted, style);
    }
    if (is_map(name, wanted, style)) {
        return merge_maps(live, wanted, style);
    }
    return json_deep_copy(wanted);
}

json_t *fields_merge(const json_t *live, const json_t *wanted, enum merge_style style)
{
    return merge("", live, wanted, style);
}

static bool is_member(const json_t *node)
{
    return node && (json_object_size(node) == 0 || json_object_get(node, "."));
}

static void prune(const char *name, json_t *value, const json_t *const sets[3],
                  enum merge_style style);

/* Is this part of `value` to go?  Else its own parts are looked at. */
static bool prune_part(const char *name, json_t *part, const json_t *const nodes[3],
                       enum merge_style style)
{
    /* Who owns only a part of an item does not keep the item. */
    if (is_member(nodes[0]) && !is_member(nodes[1]) && !is_member(nodes[2])) {
        return true;
    }
    bool was_empty = json_object_size(part) == 0 && json_array_size(part) == 0;
    prune(name, part, nodes, style);
    bool is_container = json_is_object(part) || json_is_array(part);
    bool is_empty = json_object_size(part) == 0 && json_array_size(part) == 0;
    return is_container && is_empty && !was_empty && !nodes[1] && !nodes[2];
}

static void prune_list(const char *name, json_t *list, const json_t *const sets[3],
                       enum merge_style style)
{
    const char *const *keys = keys_of(name, list, style);
    for (size_t i = json_array_size(list); keys && i-- > 0;) {
        AUTO(xfree) char *key = item_key(json_array_get(list, i), keys);
        const json_t *nodes[3] = {json_object_get(sets[0], key), json_object_get(sets[1], key),
                                  json_object_get(sets[2], key)};
        if (nodes[0] && prune_part("", json_array_get(list, i), nodes, style)) {
            json_array_remove(list, i);
        }
    }
}

static void prune(const char *name, json_t *value, const json_t *const sets[3],
                  enum merge_style style)
{
    if (json_is_array(value)) {
        prune_list(name, value, sets, style);
        return;
    }
    const char *key;
    const json_t *node;
    json_object_foreach (json_loose(sets[0]), key, node) {
        json_t *part = key[0] == 'f' ? json_object_get(value, key + 2) : NULL;
        const json_t *nodes[3] = {node, json_object_get(sets[1], key),
                                  json_object_get(sets[2], key)};
        if (part && prune_part(key + 2, part, nodes, style)) {
            json_object_del(value, key + 2);
        }
    }
}

void fields_prune(json_t *object, const json_t *before, const json_t *now, const json_t *others,
                  enum merge_style style)
{
    const json_t *sets[3] = {before, now, others};
    prune("", object, sets, style);
}

void fields_add(json_t *set, const json_t *more)
{
    const char *key;
    json_t *node;
    json_object_foreach (json_loose(more), key, node) {
        json_t *have = json_object_get(set, key);
        if (!have) {
            json_put(set, key, json_deep_copy(node));
            continue;
        }
        /* Something without parts that gets some must go on being there itself. */
        bool is_both = is_member(have) || is_member(node);
        fields_add(have, node);
        if (is_both && json_object_size(have) > 0) {
            json_put(have, ".", json_object());
        }
    }
}

/* Take `less` out of the node; false when nothing is left of it. */
static bool subtract(json_t *node, const json_t *less)
{
    if (is_member(less)) {
        if (json_object_size(node) == 0) {
            return false;
        }
        json_object_del(node, ".");
    }
    fields_remove(node, less);
    return json_object_size(node) > 0;
}

void fields_remove(json_t *set, const json_t *less)
{
    const char *key;
    json_t *node;
    json_object_foreach (json_loose(less), key, node) {
        json_t *have = key[0] == '.' ? NULL : json_object_get(set, key);
        if (have && (json_object_size(have) > 0 ? !subtract(have, node) : is_member(node))) {
            json_object_del(set, key);
        }
    }
}

bool fields_is_empty(const json_t *set)
{
    return json_object_size(set) == 0;
}

json_t *fields_common(const json_t *a, const json_t *b)
{
    json_t *out = json_object();
    const char *key;
    const json_t *left;
    json_object_foreach (json_loose(a), key, left) {
        const json_t *right = json_object_get(b, key);
        if (!right || key[0] == '.') {
            continue;
        }
        json_t *common = fields_common(left, right);
        bool is_common = is_member(left) && is_member(right);
        if (is_common && json_object_size(common) > 0) {
            json_put(common, ".", json_object());
        }
        if (is_common || json_object_size(common) > 0) {
            json_put(out, key, common);
        } else {
            json_decref(common);
        }
    }
    return out;
}

static void add_step(struct str *path, const char *key)
{
    if (key[0] == 'f') {
        str_addf(path, ".%s", key + 2);
        return;
    }
    /* {"containerPort":80,"protocol":"TCP"} reads [containerPort=80,protocol="TCP"]. */
    struct err err;
    AUTO_JSON *item = json_parse(slice_of(key + 2), &err);
    const char *name;
    json_t *value;
    const char *before = "[";
    json_object_foreach (item, name, value) {
        AUTO(xfree) char *text = json_text(value);
        str_addf(path, "%s%s=%s", before, name, text);
        before = ",";
    }
    str_add(path, "]");
}

static void each_under(const json_t *set, struct str *path,
                       void (*each)(void *context, const char *path), void *context)
{
    const char *key;
    const json_t *node;
    json_object_foreach (json_loose(set), key, node) {
        if (key[0] == '.') {
            continue;
        }
        AUTO_STR(deeper, PATH_TEXT_MAX);
        str_add(&deeper, path->text);
        add_step(&deeper, key);
        if (is_member(node)) {
            each(context, deeper.text);
        }
        each_under(node, &deeper, each, context);
    }
}

void fields_each(const json_t *set, void (*each)(void *context, const char *path), void *context)
{
    AUTO_STR(path, 1);
    each_under(set, &path, each, context);
}

void fields_keep_status(json_t *set, bool is_status)
{
    json_t *status = json_incref(json_object_get(set, "f:status"));
    if (is_status) {
        json_object_clear(set);
        if (status) {
            json_object_set(set, "f:status", status);
        }
    } else {
        json_object_del(set, "f:status");
    }
    json_decref(status);
}
