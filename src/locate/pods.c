/* pods: containers and image volumes.  Their shape says what they are, so an operator's own kinds
   are found like Kubernetes'. */
#include <string.h>

#include "locate/internal.h"

struct list_shape {
    const char *key;
    const char *type;
};

static const struct list_shape lists[] = {
    {"containers", "container"},
    {"initContainers", "initContainer"},
    {"ephemeralContainers", "ephemeralContainer"},
};

/* Groups whose pod templates we know; elsewhere the shape alone speaks for it. */
static enum locate_confidence confidence_of(const struct finder *finder)
{
    static const char *const groups[] = {"v1", "apps/", "batch/", "argoproj.io/",
                                         "serving.knative.dev/"};
    for (size_t i = 0; i < COUNT_OF(groups); i++) {
        size_t length = strlen(groups[i]);
        bool is_group = groups[i][length - 1] == '/';
        if (is_group ? strncmp(finder->api_version, groups[i], length) == 0
                     : strcmp(finder->api_version, groups[i]) == 0) {
            return LOCATE_CERTAIN;
        }
    }
    return LOCATE_LIKELY;
}

static void add_container(struct finder *finder, const struct yaml_node *container,
                          const char *type)
{
    struct locate_place *place = finder_add_whole(finder, LOCATE_FIELD, confidence_of(finder),
                                                  yaml_get(container, "image"), 0);
    if (place) {
        place->container = node_text(yaml_get(container, "name"));
        place->container_type = type;
    }
}

static void add_volume(struct finder *finder, const struct yaml_node *volume)
{
    struct locate_place *place =
        finder_add_whole(finder, LOCATE_FIELD, confidence_of(finder),
                         yaml_get(yaml_get(volume, "image"), "reference"), 0);
    if (place) {
        place->container = node_text(yaml_get(volume, "name"));
        place->container_type = "volume";
    }
}

static void look_at_item(struct finder *finder, const char *key, const struct yaml_node *item)
{
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (strcmp(key, lists[i].key) == 0) {
            add_container(finder, item, lists[i].type);
        }
    }
    if (strcmp(key, "volumes") == 0) {
        add_volume(finder, item);
    }
}

static void look_at_pair(struct finder *finder, const char *key, const struct yaml_node *value)
{
    for (size_t i = 0; value->kind == YAML_SEQUENCE && i < value->item_count; i++) {
        if (!value->items[i]->is_alias) {
            look_at_item(finder, key, value->items[i]);
        }
    }
}

static void look(struct finder *finder, const struct yaml_node *node)
{
    if (node->is_alias || node->kind == YAML_SCALAR) {
        return; /* what an alias repeats is found where it is written */
    }
    for (size_t i = 0; i < node->item_count; i++) {
        bool is_value = node->kind == YAML_MAPPING && i % 2 == 1;
        if (is_value && !node->items[i]->is_alias) {
            look_at_pair(finder, node_text(node->items[i - 1]), node->items[i]);
        }
        look(finder, node->items[i]);
    }
}

void find_pods(struct finder *finder, struct yaml_node *root)
{
    look(finder, root);
}
