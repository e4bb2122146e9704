/* kustomize: the entries of images. */
#include <string.h>

#include "locate/internal.h"

static void add_entry(struct finder *finder, struct yaml_node *entry)
{
    const char *name = node_text(yaml_get(entry, "name"));
    const char *new_name = node_text(yaml_get(entry, "newName"));
    if (entry->kind != YAML_MAPPING || !name[0]) {
        return;
    }
    struct locate_place *place = finder_add(finder, LOCATE_KUSTOMIZE, LOCATE_CERTAIN);
    place->tag_node = scalar_at(entry, "newTag");
    place->digest_node = scalar_at(entry, "digest");
    place->tag_key = "newTag";
    place->digest_key = "digest";
    place->container = name;
    place_read_split(place, new_name[0] ? new_name : name, entry, finder->arena);
}

struct locate_place *locate_entry(struct yaml_node *entry, struct arena *arena)
{
    struct finder finder = {
        .arena = arena, .api_version = "", .kind = "", .namespace = "", .name = ""};
    finder.tail = &finder.first;
    add_entry(&finder, entry);
    return finder.first;
}

void find_kustomize(struct finder *finder, struct yaml_node *root)
{
    const struct yaml_node *images = yaml_get(root, "images");
    for (size_t i = 0; images && images->kind == YAML_SEQUENCE && i < images->item_count; i++) {
        add_entry(finder, images->items[i]);
    }
}
