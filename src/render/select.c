/* Targets of patches and replacements. */
#include <string.h>

#include "render/internal.h"

/* ---- reading ---- */

/* "app=web,tier!=db,!old": words that need no more than commas and these signs. */
static bool are_plain_labels(const char *text)
{
    for (const char *at = text; *at; at++) {
        bool is_word = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                       (*at >= '0' && *at <= '9') || strchr("-_./", *at);
        bool is_sign = strchr("=!,", *at) != NULL;
        if (!is_word && !is_sign) {
            return false;
        }
    }
    return true;
}

static const struct {
    const char *name;
    size_t offset;
    bool is_pattern;
} parts[] = {
    {"group", offsetof(struct selector, group), true},
    {"version", offsetof(struct selector, version), true},
    {"kind", offsetof(struct selector, kind), true},
    {"name", offsetof(struct selector, name), true},
    {"namespace", offsetof(struct selector, namespace), true},
    {"labelSelector", offsetof(struct selector, labels), false},
    {"annotationSelector", offsetof(struct selector, annotations), false},
};

static bool read_part(struct selector *out, const char *key, const struct yaml_node *value)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        if (strcmp(parts[i].name, key) == 0) {
            const char *text = value->kind == YAML_SCALAR ? value->text : "[";
            if (value->text_length > 0) {
                *(const char **)((char *)out + parts[i].offset) = text;
            }
            return parts[i].is_pattern ? pattern_is_plain(text) : are_plain_labels(text);
        }
    }
    return false;
}

bool selector_read(struct transformation *work, const struct yaml_node *node, const char *field,
                   struct selector *out, struct err *err)
{
    *out = (struct selector){0};
    if (node->kind != YAML_MAPPING) {
        return leave_to_program(work, field, node, err);
    }
    for (size_t i = 0; i < node->item_count; i += 2) {
        const struct yaml_node *key = node->items[i];
        if (key->kind != YAML_SCALAR || !read_part(out, key->text, node->items[i + 1])) {
            return leave_to_program(work, field, node, err);
        }
    }
    return true;
}

/* ---- fitting ---- */

static bool fits(const char *pattern, const char *text)
{
    return !pattern || pattern_fits(pattern, text);
}

static bool fits_kind(const struct selector *selector, const struct identity *identity)
{
    const char *slash = strchr(identity->api_version, '/');
    char group[256];
    size_t length = group_of(identity->api_version).length;
    if (length >= sizeof(group)) {
        return false;
    }
    memcpy(group, identity->api_version, length);
    group[length] = '\0';
    return fits(selector->group, group) && fits(selector->kind, identity->kind) &&
           fits(selector->version, slash ? slash + 1 : identity->api_version);
}

bool selector_takes_identity(const struct selector *selector, const struct identity *identity)
{
    return fits_kind(selector, identity) && fits(selector->name, identity->name) &&
           fits(selector->namespace, identity->namespace);
}

/* One requirement: "key", "!key", "key=value", "key==value", "key!=value". */
static bool fits_requirement(const json_t *pairs, struct slice text)
{
    bool is_absent = text.length > 0 && text.bytes[0] == '!';
    const char *from = text.bytes + is_absent;
    const char *end = text.bytes + text.length;
    const char *sign = from;
    while (sign < end && *sign != '=' && *sign != '!') {
        sign++;
    }
    const json_t *found = json_object_getn(pairs, from, (size_t)(sign - from));
    if (sign == end) {
        return is_absent ? !found : found != NULL;
    }
    bool is_not = *sign == '!';
    const char *value = sign + (sign + 1 < end && sign[1] == '=' ? 2 : 1);
    const char *have = json_is_string(found) ? json_string_value(found) : NULL;
    bool is_equal = have && slice_equals((struct slice){value, (size_t)(end - value)}, have);
    return is_not ? !is_equal : is_equal;
}

static bool fits_pairs(const json_t *pairs, const char *selector)
{
    for (const char *at = selector; at && *at;) {
        size_t length = strcspn(at, ",");
        if (!fits_requirement(pairs, (struct slice){at, length})) {
            return false;
        }
        at += length;
        at += *at == ',';
    }
    return true;
}

bool selector_takes_labels(const struct selector *selector, const struct draft *draft)
{
    return fits_pairs(json_at(draft->json, "metadata.labels"), selector->labels) &&
           fits_pairs(json_at(draft->json, "metadata.annotations"), selector->annotations);
}

/* By what it is or by what it first was, each part for itself, as kustomize does. */
bool selector_takes(const struct selector *selector, const struct draft *draft)
{
    struct identity first = {0};
    struct identity now = identity_of(draft);
    (void)identity_at(draft, 0, &first);
    return (fits(selector->namespace, first.namespace) ||
            fits(selector->namespace, now.namespace)) &&
           (fits(selector->name, first.name) || fits(selector->name, now.name)) &&
           fits_kind(selector, &now) && selector_takes_labels(selector, draft);
}
