/* objects: from manifests to workloads with their images. */
#include <string.h>

#include "configrepo/walker.h"

static struct locate_file file_of(const struct walker *walker, const struct manifest_object *object)
{
    const struct field_list *fields = &walker->walk->survey->fields;
    /* What charts make is counted to their kustomization, and is none. */
    const char *path = kustomization_is_path(object->file) ? "" : object->file;
    return (struct locate_file){
        .path = path, .text = object->text, .fields = fields->items, .field_count = fields->count};
}

/* ---- kinds with a pod template ---- */

static size_t count_containers(const struct yaml_node *pod, const char *list)
{
    const struct yaml_node *containers = yaml_get(pod, list);
    return containers && containers->kind == YAML_SEQUENCE ? containers->item_count : 0;
}

static bool is_shared(const struct yaml_node *node)
{
    return node->is_alias || node->alias_count > 0;
}

static const struct locate_place *place_at(const struct locate_place *places,
                                           const struct yaml_node *node)
{
    while (places && places->whole != node) {
        places = places->next;
    }
    return places;
}

static void add_containers(struct walker *walker, struct item *item, const struct yaml_node *pod,
                           const char *list, const struct locate_place *places)
{
    size_t count = count_containers(pod, list);
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *container = yaml_get(pod, list)->items[i];
        const struct yaml_node *field = yaml_get(container, "image");
        const char *name = yaml_text(container, "name");
        if (!name && item->kind == WORKLOAD_KNATIVE_SERVICE) {
            name = "user-container"; /* what Knative calls it */
        }
        if (!field || !name) {
            continue;
        }
        struct slot *slot = &item->slots[item->slot_count++];
        *slot = (struct slot){.container = name, .field = field, .is_field = true};
        slot->is_shared = is_shared(yaml_get(pod, list)) || is_shared(container);
        slot->own =
            (struct written){item->object->file, item->object->text, place_at(places, field)};
        slot->last = slot->own;
        slot_read_image(slot, walker->arena);
    }
}

static void add_pod(struct walker *walker, struct item *item, const struct yaml_node *pod)
{
    size_t room = count_containers(pod, "containers") + count_containers(pod, "initContainers");
    item->slots = arena_alloc(walker->arena, room + 1, sizeof(*item->slots));
    struct locate_file file = file_of(walker, item->object);
    struct yaml_document document = {.root = item->object->root};
    file.documents = &document;
    const struct locate_place *places = locate_places(&file, walker->arena);
    add_containers(walker, item, pod, "initContainers", places);
    add_containers(walker, item, pod, "containers", places);
}

/* ---- all other kinds ---- */

static const struct yaml_node *node_of(const struct locate_place *place)
{
    return place->whole ? place->whole : place->tag_node ? place->tag_node : place->parent;
}

static void add_places(struct walker *walker, struct item *item, const struct locate_place *places)
{
    size_t room = 1;
    for (const struct locate_place *place = places; place; place = place->next) {
        room++;
    }
    item->slots = arena_alloc(walker->arena, room, sizeof(*item->slots));
    for (const struct locate_place *place = places; place; place = place->next) {
        struct slot *slot = &item->slots[item->slot_count++];
        *slot = (struct slot){
            .container = place->container,
            .field = node_of(place),
            /* kustomize knows containers by the names of their lists, in any kind. */
            .is_field = place->form == LOCATE_FIELD,
            .is_shared = place->parent && is_shared(place->parent),
            .own = {item->object->file, item->object->text, place},
            .name = place->image,
            .tag = place->tag,
            .digest = place->digest,
        };
        slot->last = slot->own;
    }
}

/* ---- which are workloads ---- */

static void add_object(struct walker *walker, const struct manifest_object *object)
{
    enum workload_kind kind = workload_kind_of(object->api_version, object->kind);
    const struct yaml_node *pod = manifest_pod_spec(object->root);
    const struct locate_place *places = NULL;
    if (!pod) {
        struct locate_file file = file_of(walker, object);
        places = locate_workload(object->root, &file, walker->arena);
        kind = kind == WORKLOAD_KIND_COUNT && places ? WORKLOAD_CUSTOM : kind;
    }
    if (kind == WORKLOAD_KIND_COUNT || (!pod && !places)) {
        return;
    }
    if (!object->name[0]) {
        walker_problem(walker, object->file, object->line,
                       "a workload without metadata.name cannot be followed; give it one");
        return;
    }
    struct item *item = VEC_ADD(&walker->items);
    item->object = object;
    item->kind = kind;
    item->name = object->name;
    item->namespace = object->namespace;
    if (pod) {
        add_pod(walker, item, pod);
    } else {
        add_places(walker, item, places);
    }
    walker_add_file(walker, item, object->file);
}

void walker_add_objects(struct walker *walker, const struct manifest_object *objects)
{
    for (; objects; objects = objects->next) {
        add_object(walker, objects);
    }
}
