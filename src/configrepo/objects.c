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
    size_t room = 2; /* a chart's version may stand in another object */
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

static struct item *add_item(struct walker *walker, const struct manifest_object *object,
                             enum workload_kind kind)
{
    struct item *item = VEC_ADD(&walker->items);
    item->object = object;
    item->kind = kind;
    item->name = object->name;
    item->namespace = object->namespace;
    walker_add_file(walker, item, object->file);
    return item;
}

static bool is_source(const struct manifest_object *object)
{
    static const char *const kinds[] = {"HelmRepository", "HelmChart", "OCIRepository"};
    static const char group[] = "source.toolkit.fluxcd.io/";
    bool is_one = false;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        is_one = is_one || strcmp(kinds[i], object->kind) == 0;
    }
    return is_one && object->name[0] && strncmp(object->api_version, group, strlen(group)) == 0;
}

/* Charts come last: people look for the images first. */
static struct locate_place *with_chart(struct walker *walker, const struct manifest_object *object,
                                       struct locate_place *places)
{
    struct locate_place **end = &places;
    while (*end) {
        end = &(*end)->next;
    }
    *end = locate_chart(object->root, NULL, walker->arena);
    return places;
}

static void add_source(struct walker *walker, const struct manifest_object *object)
{
    struct item *item = add_item(walker, object, WORKLOAD_KIND_COUNT);
    item->is_source = true;
    add_places(walker, item, with_chart(walker, object, NULL));
}

/* ---- Argo CD ---- */

static bool is_of_argo_cd(const struct manifest_object *object, const char *kind)
{
    return strcmp(object->kind, kind) == 0 &&
           strncmp(object->api_version, "argoproj.io/", strlen("argoproj.io/")) == 0;
}

static void note_set(struct walker *walker, const struct manifest_object *object)
{
    walker_problem(walker, object->file, object->line,
                   arena_printf(walker->arena,
                                "the Applications that the ApplicationSet %s makes are not "
                                "followed, and their versions not promoted; to promote them, "
                                "commit an Application for each stage",
                                object->name));
}

static void note_loose(struct walker *walker, const struct manifest_object *object,
                       const struct locate_source *source)
{
    const char *path = locate_loose_parameter(source, walker->arena);
    const char *keys = path ? locate_source_keys(source, path, walker->arena) : NULL;
    struct manifest_release_chart ignored;
    bool is_named = keys && yaml_at(object->root, keys);
    if (keys && !is_named &&
        !manifest_source_chart(&walker->walk->tree, object->root, source->node, walker->arena,
                               &ignored)) {
        walker_problem(walker, object->file, object->line,
                       arena_printf(walker->arena,
                                    "the parameter %s.tag of %s is the version of an image that "
                                    "nothing here names; to promote it, add the parameter "
                                    "%s.repository",
                                    path, object->name, path));
    }
}

/* A folder of manifests, or of a kustomization, of this repository: what Argo CD applies of it is
   seen by the images that the Application names. */
static void note_folder(struct walker *walker, const struct manifest_object *object,
                        const struct locate_source *source)
{
    const char *path = yaml_text(source->node, "path");
    const char *folder = path && path[0] != '/' ? manifest_path(walker->arena, "", path) : NULL;
    const struct git_entry *entry =
        folder && folder[0] ? commit_tree_entry(walker->walk->survey->tree, folder) : NULL;
    bool is_chart =
        folder && commit_tree_entry(walker->walk->survey->tree,
                                    arena_printf(walker->arena, "%s/Chart.yaml", folder));
    if (entry && entry->kind == GIT_FOLDER && !is_chart &&
        !yaml_at(source->node, "kustomize.images")) {
        walker_problem(walker, object->file, object->line,
                       arena_printf(walker->arena,
                                    "the versions in %s, which the Application %s applies, are not "
                                    "followed; to promote them, name the images in "
                                    "source.kustomize.images",
                                    folder, object->name));
    }
}

/* Images first, charts last: people look for the images. */
static struct locate_place *add_sources(struct walker *walker, const struct manifest_object *object,
                                        struct locate_place *places)
{
    struct locate_source sources[LOCATE_SOURCES_MAX];
    struct locate_place *charts = NULL;
    struct locate_place **chart_end = &charts;
    struct locate_place **end = &places;
    size_t count = locate_sources(object->root, walker->arena, sources);
    while (*end) {
        end = &(*end)->next;
    }
    for (size_t i = 0; i < count; i++) {
        struct locate_place *place = locate_source_places(object->root, &sources[i], walker->arena);
        for (struct locate_place *next = NULL; place; place = next) {
            struct locate_place ***to = place->form == LOCATE_CHART ? &chart_end : &end;
            next = place->next;
            place->next = NULL;
            **to = place;
            *to = &place->next;
        }
        note_loose(walker, object, &sources[i]);
        note_folder(walker, object, &sources[i]);
    }
    *end = charts;
    return places;
}

static void add_object(struct walker *walker, const struct manifest_object *object)
{
    if (is_source(object)) {
        add_source(walker, object);
        return;
    }
    if (is_of_argo_cd(object, "ApplicationSet")) {
        note_set(walker, object);
    }
    enum workload_kind kind = workload_kind_of(object->api_version, object->kind);
    const struct yaml_node *pod = manifest_pod_spec(object->root);
    struct locate_place *places = NULL;
    if (!pod) {
        struct locate_file file = file_of(walker, object);
        places = locate_workload(object->root, &file, walker->arena);
        kind = kind == WORKLOAD_KIND_COUNT && places ? WORKLOAD_CUSTOM : kind;
    }
    bool is_release = kind == WORKLOAD_HELM_RELEASE || kind == WORKLOAD_APPLICATION;
    places = kind == WORKLOAD_HELM_RELEASE  ? with_chart(walker, object, places)
             : kind == WORKLOAD_APPLICATION ? add_sources(walker, object, places)
                                            : places;
    if (kind == WORKLOAD_KIND_COUNT || (!pod && !places && !is_release)) {
        return;
    }
    if (!object->name[0]) {
        walker_problem(walker, object->file, object->line,
                       "a workload without metadata.name cannot be followed; give it one");
        return;
    }
    struct item *item = add_item(walker, object, kind);
    if (pod) {
        add_pod(walker, item, pod);
    } else {
        add_places(walker, item, places);
    }
}

void walker_add_objects(struct walker *walker, const struct manifest_object *objects)
{
    for (; objects; objects = objects->next) {
        add_object(walker, objects);
    }
}
