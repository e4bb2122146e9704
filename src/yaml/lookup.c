#include "yaml/internal.h"

#include <stdlib.h>
#include <string.h>

bool yaml_is_merge_key(const struct yaml_node *key)
{
    return key->kind == YAML_SCALAR && key->style == YAML_PLAIN && !key->tag &&
           strcmp(key->text, "<<") == 0;
}

static struct yaml_node *get(const struct yaml_node *mapping, const char *key, size_t length);

/* What `<<` brings: a mapping, or a list of mappings of which the first wins. */
static struct yaml_node *get_merged(const struct yaml_node *merged, const char *key, size_t length)
{
    if (merged->kind == YAML_MAPPING) {
        return get(merged, key, length);
    }
    struct yaml_node *found = NULL;
    for (size_t i = 0; merged->kind == YAML_SEQUENCE && !found && i < merged->item_count; i++) {
        found = get(merged->items[i], key, length);
    }
    return found;
}

/* A merge counts at the place where it stands, so the last pair that has the key wins. */
static struct yaml_node *get(const struct yaml_node *mapping, const char *key, size_t length)
{
    if (!mapping || mapping->kind != YAML_MAPPING) {
        return NULL;
    }
    struct yaml_node *found = NULL;
    for (size_t i = 0; i + 1 < mapping->item_count; i += 2) {
        const struct yaml_node *candidate = mapping->items[i];
        struct yaml_node *value = mapping->items[i + 1];
        if (yaml_is_merge_key(candidate)) {
            struct yaml_node *merged = get_merged(value, key, length);
            found = merged ? merged : found;
        } else if (candidate->kind == YAML_SCALAR && candidate->text_length == length &&
                   memcmp(candidate->text, key, length) == 0) {
            found = value;
        }
    }
    return found;
}

struct yaml_node *yaml_get(const struct yaml_node *mapping, const char *key)
{
    return get(mapping, key, strlen(key));
}

/* "[12]" at *path; moves behind it. */
static struct yaml_node *get_item(const struct yaml_node *node, const char **path)
{
    char *end = NULL;
    unsigned long index = strtoul(*path + 1, &end, 10);
    if (end == *path + 1 || *end != ']') {
        return NULL;
    }
    *path = end + 1;
    return node->kind == YAML_SEQUENCE && index < node->item_count ? node->items[index] : NULL;
}

/* One key or index of the path, and the dot behind it. */
static struct yaml_node *step(const struct yaml_node *node, const char **path)
{
    struct yaml_node *found = NULL;
    if (**path == '[') {
        found = get_item(node, path);
    } else {
        size_t length = strcspn(*path, ".[");
        found = get(node, *path, length);
        *path += length;
    }
    *path += **path == '.';
    return found;
}

struct yaml_node *yaml_at(const struct yaml_node *node, const char *path)
{
    struct yaml_node *at = node ? step(node, &path) : NULL;
    while (at && *path) {
        at = step(at, &path);
    }
    return at;
}

const char *yaml_text(const struct yaml_node *mapping, const char *key)
{
    const struct yaml_node *value = yaml_get(mapping, key);
    if (!value || value->kind != YAML_SCALAR) {
        return NULL;
    }
    bool is_null = value->style == YAML_PLAIN && !value->tag &&
                   yaml_resolve(value->text).type == YAML_TYPE_NULL;
    return is_null ? NULL : value->text;
}

bool yaml_is_encrypted(const struct yaml_node *root)
{
    const struct yaml_node *sops = yaml_get(root, "sops");
    return sops && sops->kind == YAML_MAPPING && yaml_get(sops, "mac");
}
