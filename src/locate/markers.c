/*
 * markers: scalars that Flux's image automation would write.
 *
 * A comment {"$imagepolicy": "namespace:name"} behind a scalar says that it is a whole reference;
 * with ":tag", ":name" or ":digest" behind the name, that it is only this part.  What we have found
 * by its shape becomes certain by it; what we have not is a place by it.
 */
#include <string.h>

#include "locate/internal.h"

#define MARKER "{\"$imagepolicy\":"

static struct slice rest_of_line(const struct finder *finder, const struct yaml_node *node)
{
    struct slice text = finder->file->text;
    const char *from = text.bytes + node->end;
    size_t left = text.length - node->end;
    const char *end = memchr(from, '\n', left);
    return (struct slice){from, end ? (size_t)(end - from) : left};
}

static bool has_suffix(struct slice line, const char *suffix)
{
    return memmem(line.bytes, line.length, suffix, strlen(suffix)) != NULL;
}

static struct locate_place *known(const struct finder *finder, const struct yaml_node *node)
{
    for (struct locate_place *place = finder->first; place; place = place->next) {
        if (place->whole == node || place->tag_node == node || place->digest_node == node) {
            return place;
        }
    }
    return NULL;
}

static void look_at_scalar(struct finder *finder, struct yaml_node *node,
                           const struct yaml_node *parent)
{
    struct slice line = rest_of_line(finder, node);
    if (!has_suffix(line, MARKER) || has_suffix(line, ":name\"")) {
        return;
    }
    struct locate_place *place = known(finder, node);
    if (place) {
        place->confidence = LOCATE_CERTAIN;
        return;
    }
    if (!has_suffix(line, ":tag\"") && !has_suffix(line, ":digest\"")) {
        finder_add_whole(finder, LOCATE_FIELD, LOCATE_CERTAIN, node, 0);
        return;
    }
    place = finder_add(finder, LOCATE_FIELD, LOCATE_CERTAIN);
    if (has_suffix(line, ":tag\"")) {
        place->tag_node = node;
    } else {
        place->digest_node = node;
    }
    place_read_split(place, "", parent, finder->arena);
}

static void look(struct finder *finder, struct yaml_node *node, int depth)
{
    for (size_t i = 0; depth <= LOCATE_DEPTH_MAX && !node->is_alias && i < node->item_count; i++) {
        struct yaml_node *child = node->items[i];
        bool is_key = node->kind == YAML_MAPPING && i % 2 == 0;
        if (child->kind != YAML_SCALAR) {
            look(finder, child, depth + 1);
        } else if (!is_key && !child->is_alias) {
            look_at_scalar(finder, child, node);
        }
    }
}

void find_markers(struct finder *finder, struct yaml_node *root)
{
    struct slice text = finder->file->text;
    if (memmem(text.bytes, text.length, MARKER, strlen(MARKER))) {
        look(finder, root, 0);
    }
}
