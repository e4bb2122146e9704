/* custom: the fields that heddle.yaml names by kind and path. */
#include <string.h>

#include "locate/internal.h"

/* A whole reference, or a mapping like those of Helm values: {repository, tag, digest}.  What other
   shapes find there, too, stays theirs: see in_order(). */
static void add(struct finder *finder, struct yaml_node *node, const char *path)
{
    if (node->is_alias && node->kind != YAML_SCALAR) {
        return; /* it is found where it is written */
    }
    if (node->kind == YAML_MAPPING) {
        find_values_at(finder, node, LOCATE_CUSTOM, path);
        return;
    }
    struct locate_place *place = finder_add_whole(finder, LOCATE_CUSTOM, LOCATE_CERTAIN, node, 0);
    if (place) {
        place->container = path;
    }
}

/* One key of the path ("pools[]" goes through a list), then the rest. */
static void follow(struct finder *finder, struct yaml_node *node, const char *rest,
                   const char *path)
{
    size_t length = strcspn(rest, ".");
    bool is_list = length > 2 && rest[length - 2] == '[' && rest[length - 1] == ']';
    char *key = arena_strndup(finder->arena, rest, is_list ? length - 2 : length);
    struct yaml_node *value = yaml_get(node, key);
    rest += length + (rest[length] == '.');
    if (!value || (is_list && value->kind != YAML_SEQUENCE)) {
        return;
    }
    for (size_t i = 0; i < (is_list ? value->item_count : 1); i++) {
        struct yaml_node *next = is_list ? value->items[i] : value;
        if (rest[0]) {
            follow(finder, next, rest, path);
        } else {
            add(finder, next, path);
        }
    }
}

void find_custom(struct finder *finder, struct yaml_node *root)
{
    const struct locate_file *file = finder->file;
    for (size_t i = 0; i < file->field_count; i++) {
        if (strcmp(file->fields[i].kind, finder->kind) == 0) {
            follow(finder, root, file->fields[i].path, file->fields[i].path);
        }
    }
}
