/*
 * markers: scalars that Flux's image automation would write.
 *
 * A comment {"$imagepolicy": "namespace:name"} behind a scalar says that it is a whole reference;
 * with ":tag", ":name" or ":digest" behind the name, that it is only this part.  What we have found
 * by its shape becomes certain by it; what we have not is a place by it.
 */
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "locate/internal.h"

#define MARKER "{\"$imagepolicy\":"
/* What follows a scalar on its line.  Longer than any marker; a file may be one line. */
#define LINE_BYTES_MAX 1024

/* The places of one document, by the byte at which a scalar of theirs begins. */
struct marker_walk {
    struct finder *finder;
    struct map known;
};

static struct slice rest_of_line(const struct finder *finder, const struct yaml_node *node)
{
    struct slice text = finder->file->text;
    const char *from = text.bytes + node->end;
    size_t left = text.length - node->end;
    left = left < LINE_BYTES_MAX ? left : LINE_BYTES_MAX;
    const char *end = memchr(from, '\n', left);
    return (struct slice){from, end ? (size_t)(end - from) : left};
}

static bool has_suffix(struct slice line, const char *suffix)
{
    return memmem(line.bytes, line.length, suffix, strlen(suffix)) != NULL;
}

static void note(struct marker_walk *walk, const struct yaml_node *node, struct locate_place *place)
{
    char key[24];
    snprintf(key, sizeof(key), "%zu", node ? node->start : 0);
    if (node && !map_has(&walk->known, key)) {
        map_set(&walk->known, key, place);
    }
}

static void note_places(struct marker_walk *walk, struct locate_place *first)
{
    for (struct locate_place *place = first; place; place = place->next) {
        note(walk, place->whole, place);
        note(walk, place->tag_node, place);
        note(walk, place->digest_node, place);
    }
}

static struct locate_place *known(const struct marker_walk *walk, const struct yaml_node *node)
{
    char key[24];
    snprintf(key, sizeof(key), "%zu", node->start);
    return map_get(&walk->known, key);
}

static void look_at_scalar(struct marker_walk *walk, struct yaml_node *node,
                           const struct yaml_node *parent)
{
    struct finder *finder = walk->finder;
    struct slice line = rest_of_line(finder, node);
    if (!has_suffix(line, MARKER) || has_suffix(line, ":name\"")) {
        return;
    }
    struct locate_place *place = known(walk, node);
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

static void look(struct marker_walk *walk, struct yaml_node *node)
{
    for (size_t i = 0; !node->is_alias && i < node->item_count; i++) {
        struct yaml_node *child = node->items[i];
        bool is_key = node->kind == YAML_MAPPING && i % 2 == 0;
        if (child->kind != YAML_SCALAR) {
            look(walk, child);
        } else if (!is_key && !child->is_alias) {
            look_at_scalar(walk, child, node);
        }
    }
}

bool markers_are_in(struct slice text)
{
    return memmem(text.bytes, text.length, MARKER, strlen(MARKER)) != NULL;
}

void find_markers(struct finder *finder, struct yaml_node *root, struct locate_place *first)
{
    struct marker_walk walk = {.finder = finder};
    note_places(&walk, first);
    look(&walk, root);
    map_done(&walk.known);
}
