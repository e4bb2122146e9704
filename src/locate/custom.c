/* custom: the fields that heddle.yaml names by kind and path. */
#include <string.h>

#include "locate/internal.h"

static bool is_known(const struct finder *finder, const struct yaml_node *node)
{
    for (const struct locate_place *place = finder->first; place; place = place->next) {
        if (place->whole == node || place->tag_node == node) {
            return true;
        }
    }
    return false;
}

static void add(struct finder *finder, struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR && !node->is_alias && !is_known(finder, node)) {
        finder_add_whole(finder, LOCATE_CUSTOM, LOCATE_CERTAIN, node, 0);
    }
}

/* One key of the path ("pools[]" goes through a list), then the rest. */
static void follow(struct finder *finder, struct yaml_node *node, const char *path)
{
    size_t length = strcspn(path, ".");
    bool is_list = length > 2 && path[length - 2] == '[' && path[length - 1] == ']';
    char *key = arena_strndup(finder->arena, path, is_list ? length - 2 : length);
    const char *rest = path[length] ? path + length + 1 : "";
    struct yaml_node *value = yaml_get(node, key);
    if (!value || (is_list && value->kind != YAML_SEQUENCE)) {
        return;
    }
    for (size_t i = 0; i < (is_list ? value->item_count : 1); i++) {
        struct yaml_node *next = is_list ? value->items[i] : value;
        if (rest[0]) {
            follow(finder, next, rest);
        } else {
            add(finder, next);
        }
    }
}

void find_custom(struct finder *finder, struct yaml_node *root)
{
    const struct locate_file *file = finder->file;
    for (size_t i = 0; i < file->rule_count; i++) {
        if (strcmp(file->rules[i].kind, finder->kind) == 0) {
            follow(finder, root, file->rules[i].path);
        }
    }
}
