/* place: one place in the making. */
#include <string.h>

#include "locate/internal.h"
#include "model/image.h"

const char *node_text(const struct yaml_node *node)
{
    return node && node->kind == YAML_SCALAR ? node->text : "";
}

struct yaml_node *scalar_at(const struct yaml_node *mapping, const char *key)
{
    struct yaml_node *node = yaml_get(mapping, key);
    return node && node->kind == YAML_SCALAR ? node : NULL;
}

bool is_reference(const char *text)
{
    struct image ignored;
    struct err err = {0};
    return image_parse(text, &ignored, &err);
}

bool is_text(const struct yaml_node *node)
{
    return node->style != YAML_PLAIN || yaml_plain_is_string(node->text);
}

void locate_split(const char *text, struct arena *arena, const char **out_name,
                  const char **out_tag, const char **out_digest)
{
    const char *at = strchr(text, '@');
    size_t length = at ? (size_t)(at - text) : strlen(text);
    *out_digest = at ? arena_strdup(arena, at + 1) : "";
    /* A colon before the last slash belongs to the host's port. */
    size_t tag = length;
    while (tag > 0 && text[tag - 1] != ':' && text[tag - 1] != '/') {
        tag--;
    }
    bool has_tag = tag > 0 && text[tag - 1] == ':';
    *out_tag = has_tag ? arena_strndup(arena, text + tag, length - tag) : "";
    *out_name = arena_strndup(arena, text, has_tag ? tag - 1 : length);
}

struct locate_place *finder_add(struct finder *finder, enum locate_form form,
                                enum locate_confidence confidence)
{
    struct locate_place *place = ARENA_NEW(finder->arena, struct locate_place);
    place->form = form;
    place->confidence = confidence;
    place->document = finder->document;
    place->api_version = finder->api_version;
    place->kind = finder->kind;
    place->namespace = finder->namespace;
    place->name = finder->name;
    place->trouble = finder->trouble;
    place->container = place->container_type = "";
    place->image = place->tag = place->digest = place->value = "";
    *finder->tail = place;
    finder->tail = &place->next;
    return place;
}

struct locate_place *finder_add_whole(struct finder *finder, enum locate_form form,
                                      enum locate_confidence confidence, struct yaml_node *node,
                                      size_t skip)
{
    if (!node || node->kind != YAML_SCALAR || skip > node->text_length ||
        !is_reference(node->text + skip)) {
        return NULL;
    }
    struct locate_place *place = finder_add(finder, form, confidence);
    locate_split(node->text + skip, finder->arena, &place->image, &place->tag, &place->digest);
    place->whole = node;
    place->is_repeated = node->alias_count > 0;
    place->whole_skip = skip;
    place->value = node->text;
    place->line = node->line;
    place->column = node->column;
    return place;
}

/* "1.2.3@sha256:…" in a tag: both are there. */
static void read_tag(struct locate_place *place, struct arena *arena)
{
    const char *text = node_text(place->tag_node);
    const char *at = strchr(text, '@');
    place->tag = at ? arena_strndup(arena, text, (size_t)(at - text)) : text;
    if (at) {
        place->digest_node = place->tag_node;
        place->digest = at + 1;
    }
}

void place_read_split(struct locate_place *place, const char *name, const struct yaml_node *parent,
                      struct arena *arena)
{
    const struct yaml_node *shown = place->tag_node ? place->tag_node : place->digest_node;
    place->image = name;
    place->parent = parent;
    place->digest = node_text(place->digest_node);
    read_tag(place, arena);
    place->value = node_text(shown);
    place->is_repeated = (place->tag_node && place->tag_node->alias_count > 0) ||
                         (place->digest_node && place->digest_node->alias_count > 0);
    place->line = shown ? shown->line : parent->line;
    place->column = shown ? shown->column : parent->column;
}
