/* patch: the same place in a patch, which may hold the tag alone. */
#include <string.h>

#include "locate/internal.h"

#define VALUES "spec.values."

struct locate_place *place_of_patch(const struct locate_place *place, const struct yaml_node *shown,
                                    struct arena *arena)
{
    struct locate_place *copy = ARENA_NEW(arena, struct locate_place);
    *copy = *place;
    copy->next = NULL;
    copy->whole = copy->tag_node = copy->digest_node = NULL;
    copy->parent = NULL;
    copy->tag = copy->digest = "";
    copy->trouble = NULL;
    copy->is_floating = false;
    copy->line = shown->line;
    copy->column = shown->column;
    return copy;
}

/* A whole reference behind one key. */
static struct locate_place *whole_of(const struct locate_place *place, struct yaml_node *node,
                                     struct arena *arena)
{
    if (!node || node->kind != YAML_SCALAR || !is_reference(node->text)) {
        return NULL;
    }
    struct locate_place *found = place_of_patch(place, node, arena);
    found->whole = node;
    found->whole_skip = 0;
    found->value = node->text;
    found->is_repeated = node->alias_count > 0;
    locate_split(node->text, arena, &found->image, &found->tag, &found->digest);
    return found;
}

/* Does the patch give the image another name than the one it has? */
static bool is_renamed(const struct locate_place *place, const struct yaml_node *mapping)
{
    static const char *const keys[] = {"registry", "repository", "repo"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        if (yaml_get(mapping, keys[i]) &&
            !strstr(place->image, node_text(yaml_get(mapping, keys[i])))) {
            return true;
        }
    }
    return false;
}

/* What the patch leaves out stays as it was: a new tag keeps an old digest. */
static struct locate_place *split_of(const struct locate_place *place, struct yaml_node *mapping,
                                     struct arena *arena)
{
    struct yaml_node *tag = place->tag_key ? scalar_at(mapping, place->tag_key) : NULL;
    struct yaml_node *digest = place->digest_key ? scalar_at(mapping, place->digest_key) : NULL;
    if (!tag && !digest) {
        return NULL;
    }
    struct locate_place *found = place_of_patch(place, tag ? tag : digest, arena);
    found->tag_node = tag;
    found->digest_node = digest;
    place_read_split(found, place->image, mapping, arena);
    if (!tag) {
        found->tag = place->tag;
    }
    if (!found->digest_node) {
        found->digest = place->digest;
    }
    if (is_renamed(place, mapping)) {
        found->trouble = "a patch gives the image another name; write it where the image is";
    } else if (!found->digest_node && place->digest[0]) {
        found->trouble = "the digest is written elsewhere; write tag and digest together";
    }
    return found;
}

static struct locate_place *container_of(const struct locate_place *place, struct yaml_node *root,
                                         struct arena *arena)
{
    struct yaml_document document = {.root = root};
    struct locate_file file = {.path = "", .text = {"", 0}, .documents = &document};
    for (struct locate_place *found = locate_places(&file, arena); found; found = found->next) {
        if (found->form == LOCATE_FIELD && strcmp(found->container, place->container) == 0 &&
            strcmp(found->container_type, place->container_type) == 0) {
            found->next = NULL;
            return found;
        }
    }
    return NULL;
}

/* The keys that lead to the image there; NULL: none do. */
static const char *path_in_patch(const struct locate_place *place, struct arena *arena)
{
    return place->form == LOCATE_VALUES        ? arena_printf(arena, VALUES "%s", place->container)
           : place->form == LOCATE_VALUES_FILE ? place->container
           : place->form == LOCATE_ARGOCD      ? place->keys
                                               : NULL;
}

struct locate_place *locate_patched(const struct locate_place *place, struct yaml_node *root,
                                    struct arena *arena)
{
    if (place->form == LOCATE_FIELD) {
        return container_of(place, root, arena);
    }
    if (place->form == LOCATE_CHART) {
        return chart_patched(place, root, arena);
    }
    const char *path = path_in_patch(place, arena);
    if (!path) {
        return NULL;
    }
    if (place->is_beside) {
        const char *dot = strrchr(path, '.');
        path = arena_strndup(arena, path, dot ? (size_t)(dot - path) : 0);
    }
    struct yaml_node *node = path[0] ? yaml_at(root, path) : root;
    return place->whole ? whole_of(place, node, arena) : node ? split_of(place, node, arena) : NULL;
}
