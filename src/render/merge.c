/* A strategic merge as kustomize does it (kyaml's merge2), step for step, so that its oddities come
   out as well.  What depends on how a value was quoted, which JSON does not say, is left to it. */
#include <string.h>

#include "render/merge.h"

#define DIRECTIVE "$patch"

/* ---- types ---- */

static int type_of_object(const json_t *object)
{
    const char *api_version = json_text_at(object, "apiVersion", "");
    const char *kind = json_text_at(object, "kind", "");
    for (size_t i = 0; kind[0] && i < merge_kind_count; i++) {
        if (strcmp(merge_kinds[i].kind, kind) == 0 &&
            strcmp(merge_kinds[i].api_version, api_version) == 0) {
            return merge_kinds[i].type;
        }
    }
    return MERGE_NOTHING;
}

/* What nobody has a type for may say its own. */
static int type_here(int type, const json_t *target, const json_t *patch)
{
    if (type == MERGE_NOTHING) {
        type = type_of_object(target);
    }
    return type == MERGE_NOTHING ? type_of_object(patch) : type;
}

static const struct merge_field *field_of(int type, const char *name)
{
    for (size_t i = 0; type != MERGE_NOTHING && i < merge_field_count; i++) {
        if (merge_fields[i].type == type && strcmp(merge_fields[i].name, name) == 0) {
            return &merge_fields[i];
        }
    }
    return NULL;
}

/* ---- directives ---- */

enum directive { DIRECTIVE_MERGE, DIRECTIVE_REPLACE, DIRECTIVE_DELETE };

static enum directive directive_of(struct merge *merge, const json_t *value)
{
    const char *word = json_is_string(value) ? json_string_value(value) : "";
    if (strcmp(word, "replace") == 0) {
        return DIRECTIVE_REPLACE;
    }
    if (strcmp(word, "delete") == 0) {
        return DIRECTIVE_DELETE;
    }
    merge->is_beyond |= strcmp(word, "merge") != 0;
    return DIRECTIVE_MERGE;
}

/* The directive of a map of the patch, which it loses. */
static enum directive take_directive(struct merge *merge, json_t *patch)
{
    const json_t *value = json_object_get(patch, DIRECTIVE);
    if (!value) {
        return DIRECTIVE_MERGE;
    }
    enum directive directive = directive_of(merge, value);
    json_object_del(patch, DIRECTIVE);
    return directive;
}

/* A list has a directive in an item of its own; one within an item is the item's. */
static enum directive take_list_directive(struct merge *merge, json_t *patch)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach (patch, i, item) {
        const json_t *value = json_object_get(item, DIRECTIVE);
        if (value && json_object_size(item) > 1) {
            return DIRECTIVE_MERGE;
        }
        if (value) {
            enum directive directive = directive_of(merge, value);
            json_array_remove(patch, i);
            return directive;
        }
    }
    return DIRECTIVE_MERGE;
}

/* ---- values ---- */

static bool is_missing(const json_t *value)
{
    return !value || json_is_null(value);
}

static json_t *merge_fields_of(struct merge *merge, int type, json_t *target, json_t *patch);

/* Both are maps, or one is and the other is missing. */
static json_t *merge_maps(struct merge *merge, int type, json_t *target, json_t *patch)
{
    if (is_missing(target)) {
        if (json_is_object(patch) && strcmp(json_text_at(patch, DIRECTIVE, ""), "delete") == 0) {
            return NULL;
        }
        if (!patch && target) { /* a null that the patch says nothing about */
            return merge->keeps_nulls ? json_incref(target) : NULL;
        }
        return json_is_object(patch) ? merge_fields_of(merge, type, patch, patch) : NULL;
    }
    if (json_is_null(patch)) {
        return NULL;
    }
    switch (take_directive(merge, patch)) {
    case DIRECTIVE_DELETE:
        return NULL;
    case DIRECTIVE_REPLACE:
        return merge_fields_of(merge, type, patch, patch);
    case DIRECTIVE_MERGE:
        break;
    }
    return merge_fields_of(merge, type, target, patch);
}

static void set_field(json_t *target, const char *key, json_t *value)
{
    if (is_missing(value) && !(value && value == json_object_get(target, key))) {
        json_object_del(target, key);
    } else {
        json_object_set(target, key, value);
    }
    json_decref(value);
}

/* Each field of either; the target is changed and given back. */
static json_t *merge_fields_of(struct merge *merge, int type, json_t *target, json_t *patch)
{
    json_t *sources[] = {target, target == patch ? NULL : patch};
    AUTO_JSON *keys = json_object();
    const char *key = NULL;
    json_t *value = NULL;
    if (target == patch) {
        (void)take_directive(merge, patch);
    }
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        json_object_foreach (sources[i], key, value) {
            json_object_set_new(keys, key, json_true());
        }
    }
    json_object_foreach (keys, key, value) {
        const struct merge_field *field = field_of(type, key);
        struct merge_field none = {.below = MERGE_NOTHING};
        set_field(target, key,
                  merge_value(merge, field ? field : &none, json_object_get(target, key),
                              json_object_get(patch, key)));
    }
    return json_incref(target);
}

/* A quoted text stays quoted in kustomize when a number takes its place, and so becomes a text;
   whether it was quoted we do not know. */
static json_t *merge_scalars(struct merge *merge, json_t *target, json_t *patch)
{
    if (json_is_string(target) && patch && !json_is_string(patch) && !json_is_null(patch)) {
        merge->is_beyond = true;
    }
    return json_incref(patch ? patch : target);
}

static json_t *merge_lists(struct merge *merge, const struct merge_field *field, json_t *target,
                           json_t *patch)
{
    if (!field->keys) {
        return json_incref(patch ? patch : target);
    }
    if (is_missing(target)) {
        return merge_items(merge, field, patch, patch);
    }
    if (json_is_null(patch)) {
        return NULL;
    }
    switch (take_list_directive(merge, patch)) {
    case DIRECTIVE_DELETE:
        return NULL;
    case DIRECTIVE_REPLACE:
        return merge_items(merge, field, patch, patch);
    case DIRECTIVE_MERGE:
        break;
    }
    return merge_items(merge, field, target, patch);
}

json_t *merge_value(struct merge *merge, const struct merge_field *field, json_t *target,
                    json_t *patch)
{
    const json_t *first = is_missing(target) ? patch : target;
    bool are_alike = is_missing(patch) || json_typeof(first) == json_typeof(patch) ||
                     (!json_is_object(first) && !json_is_array(first) && !json_is_object(patch) &&
                      !json_is_array(patch));
    if (!are_alike) {
        merge->is_beyond = true; /* kustomize fails, in its own words */
        return NULL;
    }
    if (is_missing(first) || json_is_object(first)) {
        return merge_maps(merge, type_here(field->below, target, patch), target, patch);
    }
    return json_is_array(first) ? merge_lists(merge, field, target, patch)
                                : merge_scalars(merge, target, patch);
}

/* ---- objects ---- */

/* What a patch must not change, unless it is asked to by options, which are the program's. */
static void keep_identity(json_t *object, const char *kind, const char *name, const char *namespace)
{
    json_t *metadata = json_object_get(object, "metadata");
    json_object_set_new(object, "kind", json_string(kind));
    json_object_set_new(metadata, "name", json_string(name));
    if (namespace[0]) {
        json_object_set_new(metadata, "namespace", json_string(namespace));
    } else {
        json_object_del(metadata, "namespace");
    }
}

enum outcome merge_patch(struct draft *draft, json_t *patch)
{
    AUTO(xfree) char *kind = xstrdup(json_text_at(draft->json, "kind", ""));
    AUTO(xfree) char *name = xstrdup(json_text_at(draft->json, "metadata.name", ""));
    AUTO(xfree) char *namespace = xstrdup(json_text_at(draft->json, "metadata.namespace", ""));
    struct merge merge = {.keeps_nulls = draft->nulls != NULLS_BLANK,
                          .is_beyond = draft->nulls == (NULLS_BLANK | NULLS_WRITTEN)};
    const struct merge_field root = {.below = MERGE_NOTHING};
    json_t *merged = merge_value(&merge, &root, draft->json, patch);
    if (merge.is_beyond || (merged && !json_is_object(json_object_get(merged, "metadata")))) {
        json_decref(merged);
        return OUTCOME_BEYOND;
    }
    if (!merged || json_object_size(merged) == 0) {
        json_decref(merged);
        return OUTCOME_REMOVED;
    }
    json_decref(draft->json);
    draft->json = merged;
    keep_identity(merged, kind, name, namespace);
    return OUTCOME_DONE;
}
