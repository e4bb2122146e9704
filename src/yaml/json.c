#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "yaml/internal.h"

#define TAG_PREFIX "tag:yaml.org,2002:"
/* Below it every integral double is printed by Go without an exponent, and fits an int64. */
#define INTEGRAL_MAX 9.2e18

/* Whose words for truth values count. */
enum words { WORDS_KUBERNETES, WORDS_KUSTOMIZE };

static json_t *convert(const struct yaml_node *node, enum words words, struct err *err);

static json_t *fail(const struct yaml_node *node, struct err *err, const char *what)
{
    err_set(err, ERR_INVALID, "line %u, column %u: %s", node->line, node->column, what);
    return NULL;
}

/* Go prints 1.0 as 1, and an API field that wants an integer takes only that. */
static json_t *number_of(double real)
{
    if (real == floor(real) && fabs(real) < INTEGRAL_MAX && !(real == 0 && signbit(real))) {
        return json_integer((json_int_t)real);
    }
    return json_real(real);
}

/* ---- scalars ---- */

static json_t *value_of(const struct yaml_node *node, const struct yaml_value *value,
                        struct err *err)
{
    switch (value->type) {
    case YAML_TYPE_NULL:
        return json_null();
    case YAML_TYPE_BOOL:
        return json_boolean(value->is_true);
    case YAML_TYPE_INT:
        return value->is_too_big ? fail(node, err, "this number needs more than 63 bits; quote it")
                                 : json_integer(value->integer);
    case YAML_TYPE_FLOAT:
        return isfinite(value->real)
                   ? number_of(value->real)
                   : fail(node, err, "JSON has no such number; quote it if it is a text");
    case YAML_TYPE_STRING:
        break;
    }
    json_t *text = json_stringn(node->text, node->text_length);
    return text ? text : fail(node, err, "this text is not UTF-8");
}

/* The tags that sigs.k8s.io/yaml knows by name; a text with any other tag stays a text. */
static const struct {
    const char *tag;
    enum yaml_type type;
} tags[] = {
    {TAG_PREFIX "null", YAML_TYPE_NULL},
    {TAG_PREFIX "bool", YAML_TYPE_BOOL},
    {TAG_PREFIX "int", YAML_TYPE_INT},
    {TAG_PREFIX "float", YAML_TYPE_FLOAT},
};

static json_t *tagged(const struct yaml_node *node, struct err *err)
{
    if (strcmp(node->tag, TAG_PREFIX "binary") == 0) {
        return fail(node, err, "!!binary is not supported; write base64 text into binaryData");
    }
    struct yaml_value value = yaml_resolve(node->text);
    for (size_t i = 0; i < COUNT_OF(tags); i++) {
        if (strcmp(node->tag, tags[i].tag) == 0) {
            bool is_int_for_float = tags[i].type == YAML_TYPE_FLOAT && value.type == YAML_TYPE_INT;
            return value.type == tags[i].type || is_int_for_float
                       ? value_of(node, &value, err)
                       : fail(node, err, "the text does not fit its tag; remove the tag");
        }
    }
    value.type = YAML_TYPE_STRING;
    return value_of(node, &value, err);
}

/* The type of an untagged scalar. */
static struct yaml_value resolve(const struct yaml_node *node, enum words words)
{
    struct yaml_value value = {.type = YAML_TYPE_STRING};
    if (node->style == YAML_PLAIN) {
        value = yaml_resolve(node->text);
    }
    if (value.type == YAML_TYPE_BOOL && words == WORDS_KUSTOMIZE &&
        strcasecmp(node->text, "true") != 0 && strcasecmp(node->text, "false") != 0) {
        value.type = YAML_TYPE_STRING;
    }
    return value;
}

static json_t *scalar_to_json(const struct yaml_node *node, enum words words, struct err *err)
{
    if (node->tag) {
        return tagged(node, err);
    }
    struct yaml_value value = resolve(node, words);
    return value_of(node, &value, err);
}

/* ---- collections ---- */

static json_t *sequence_to_json(const struct yaml_node *node, enum words words, struct err *err)
{
    AUTO_JSON *array = json_array();
    for (size_t i = 0; i < node->item_count; i++) {
        json_t *item = convert(node->items[i], words, err);
        if (!item) {
            return NULL;
        }
        json_array_append_new(array, item);
    }
    return TAKE(array);
}

#define KEY_BYTES 64 /* of a key that is a number */

/* Keys that are numbers or truth values become their text. */
static const char *key_text(const struct yaml_node *key, enum words words,
                            char buffer[static KEY_BYTES], struct err *err)
{
    if (key->kind != YAML_SCALAR) {
        fail(key, err, "a key must be a text; if this is a template, quote it");
        return NULL;
    }
    if (key->tag) {
        return key->text;
    }
    struct yaml_value value = resolve(key, words);
    if (value.type == YAML_TYPE_NULL) {
        fail(key, err, "a key may not be null; quote it");
        return NULL;
    }
    if (value.type == YAML_TYPE_INT && !value.is_too_big) {
        snprintf(buffer, KEY_BYTES, "%lld", (long long)value.integer);
        return buffer;
    }
    if (value.type == YAML_TYPE_FLOAT) {
        fail(key, err, "a key may not be a fraction; quote it");
        return NULL;
    }
    if (value.type == YAML_TYPE_BOOL) {
        return value.is_true ? "true" : "false";
    }
    return key->text;
}

static bool merge_mapping(json_t *object, const struct yaml_node *merged, enum words words,
                          struct err *err)
{
    AUTO_JSON *other = convert(merged, words, err);
    if (other) {
        json_object_update(object, other);
    }
    return other;
}

/* `<<` overwrites what stands before it and is overwritten by what follows, as in
   yaml.v2; of a list of mappings the first wins. */
static bool merge(json_t *object, const struct yaml_node *merged, enum words words, struct err *err)
{
    if (merged->kind == YAML_MAPPING) {
        return merge_mapping(object, merged, words, err);
    }
    bool good = merged->kind == YAML_SEQUENCE;
    for (size_t i = merged->item_count; good && i > 0; i--) {
        const struct yaml_node *item = merged->items[i - 1];
        good = item->kind == YAML_MAPPING;
        if (good && !merge_mapping(object, item, words, err)) {
            return false;
        }
    }
    return good || fail(merged, err, "<< wants a mapping, or a list of mappings");
}

static bool add_pair(json_t *object, const struct yaml_node *const pair[static 2], enum words words,
                     struct err *err)
{
    const struct yaml_node *key = pair[0];
    char buffer[KEY_BYTES];
    if (yaml_is_merge_key(key)) {
        return merge(object, pair[1], words, err);
    }
    const char *text = key_text(key, words, buffer, err);
    json_t *value = text ? convert(pair[1], words, err) : NULL;
    return value && (json_object_set_new(object, text, value) == 0 || fail(key, err, "not UTF-8"));
}

static json_t *mapping_to_json(const struct yaml_node *node, enum words words, struct err *err)
{
    AUTO_JSON *object = json_object();
    for (size_t i = 0; i + 1 < node->item_count; i += 2) {
        const struct yaml_node *const pair[] = {node->items[i], node->items[i + 1]};
        if (!add_pair(object, pair, words, err)) {
            return NULL;
        }
    }
    return TAKE(object);
}

static json_t *convert(const struct yaml_node *node, enum words words, struct err *err)
{
    static json_t *(*const converters[])(const struct yaml_node *, enum words, struct err *) = {
        [YAML_SCALAR] = scalar_to_json,
        [YAML_SEQUENCE] = sequence_to_json,
        [YAML_MAPPING] = mapping_to_json,
    };
    return converters[node->kind](node, words, err);
}

json_t *yaml_to_json(const struct yaml_node *node, struct err *err)
{
    return convert(node, WORDS_KUBERNETES, err);
}

json_t *yaml_to_json_kustomize(const struct yaml_node *node, struct err *err)
{
    return convert(node, WORDS_KUSTOMIZE, err);
}
