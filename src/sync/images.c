/* images: which images an object wants that has no pod template of its own, as its values or
   named fields say it. */
#include <string.h>

#include "locate/locate.h"
#include "manifest/manifest.h"
#include "model/chart.h"
#include "sync/engine.h"
#include "yaml/yaml.h"

bool place_image(const struct locate_place *place, const char *container,
                 struct workload_image *out)
{
    struct err ignored = {0};
    AUTO_STR(text, IMAGE_TEXT_BYTES);
    /* A name without a version is no version of anything; see configrepo. */
    if (!(place->tag[0] || place->digest[0]) || !TEXT_COPY(out->container, container)) {
        return false;
    }
    if (place->form == LOCATE_CHART) {
        return chart_image(place->image, place->tag, place->digest, &out->image);
    }
    str_addf(&text, "%s%s%s%s%s", place->image, place->tag[0] ? ":" : "", place->tag,
             place->digest[0] ? "@" : "", place->digest);
    return !text.failed && image_parse(text.text, &out->image, &ignored);
}

/* Most objects are Services, ConfigMaps, roles: parsing each of them again would cost more than all
   the rest of a pass. */
static bool may_want_images(const struct sync *sync, const struct render_object *wanted)
{
    const struct revision *revision = sync->revision;
    for (size_t i = 0; revision && i < revision->field_count; i++) {
        if (strcmp(revision->fields[i].kind, wanted->kind) == 0) {
            return true;
        }
    }
    bool is_text = strcmp(wanted->kind, "ConfigMap") == 0 || strcmp(wanted->kind, "Secret") == 0 ||
                   strcmp(wanted->kind, "CustomResourceDefinition") == 0;
    return !is_text &&
           memmem(wanted->json, wanted->json_length, "mage\"", strlen("mage\"")) != NULL;
}

/* ---- the chart of a HelmRelease ---- */

static const char *namespace_of(const char *namespace)
{
    return namespace[0] ? namespace : "default";
}

const struct render_object *revision_find(const struct sync *sync, const struct render_object *from,
                                          const struct locate_reference *reference)
{
    const struct render_result *render = &sync->revision->render;
    const char *namespace = reference->namespace[0] ? reference->namespace : from->namespace;
    for (size_t i = 0; i < render->count; i++) {
        const struct render_object *object = &render->objects[i];
        if (strcmp(object->kind, reference->kind) == 0 &&
            strcmp(object->name, reference->name) == 0 &&
            strcmp(namespace_of(object->namespace), namespace_of(namespace)) == 0) {
            return object;
        }
    }
    return NULL;
}

/* JSON is YAML, and what is found shall have the same names as in Git. */
static struct yaml_node *read_root(const struct render_object *object, struct arena *arena)
{
    struct yaml_document *document = NULL;
    struct err ignored = {0};
    struct slice text = {object->json, object->json_length};
    return yaml_parse(arena, text, &document, &ignored) && document ? document->root : NULL;
}

/* Its version may stand in another object of the revision, and its address in a third. */
static bool find_chart(const struct sync *sync, const struct render_object *release,
                       struct yaml_node *root, struct arena *arena, struct image *out)
{
    struct locate_reference reference;
    const struct render_object *holder = release;
    const struct render_object *source = NULL;
    if (locate_chart_holder(root, &reference)) {
        holder = revision_find(sync, release, &reference);
        root = holder ? read_root(holder, arena) : NULL;
    }
    if (root && locate_chart_source(root, &reference)) {
        source = revision_find(sync, holder, &reference);
    }
    const struct locate_place *place =
        root ? locate_chart(root, source ? read_root(source, arena) : NULL, arena) : NULL;
    return place && chart_image(place->image, place->tag, place->digest, out);
}

/* ---- all of them ---- */

static size_t find_release_chart(const struct sync *sync, const struct render_object *wanted,
                                 struct yaml_node *root, struct arena *arena,
                                 struct workload_image *out)
{
    bool has_chart = sync->revision &&
                     workload_kind_of(wanted->api_version, wanted->kind) == WORKLOAD_HELM_RELEASE &&
                     find_chart(sync, wanted, root, arena, &out->image);
    if (has_chart) {
        TEXT_COPY_CUT(out->container, CHART_CONTAINER);
    }
    return has_chart;
}

size_t object_images(const struct sync *sync, const struct render_object *wanted,
                     struct workload_image out[static WORKLOAD_IMAGES_MAX])
{
    enum workload_kind kind = workload_kind_of(wanted->api_version, wanted->kind);
    bool has_template = kind < WORKLOAD_HELM_RELEASE;
    bool is_release = kind == WORKLOAD_HELM_RELEASE;
    bool is_application = kind == WORKLOAD_APPLICATION;
    if (has_template || (!is_release && !is_application && !may_want_images(sync, wanted))) {
        return 0;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct revision *revision = sync->revision;
    struct locate_file file = {.path = wanted->file,
                               .text = {wanted->json, wanted->json_length},
                               .fields = revision ? revision->fields : NULL,
                               .field_count = revision ? revision->field_count : 0};
    AUTO(xfree) char *completed = is_release ? release_with_values(sync, wanted) : NULL;
    struct render_object whole = *wanted;
    if (completed) {
        whole.json = completed;
        whole.json_length = strlen(completed);
        file.text = slice_of(completed);
    }
    struct yaml_node *root = read_root(&whole, arena);
    if (!root || manifest_pod_spec(root)) {
        return 0;
    }
    const struct locate_place *places = locate_workload(root, &file, arena);
    size_t count = is_application ? application_images(sync, wanted, root, arena, out)
                                  : find_release_chart(sync, wanted, root, arena, out);
    for (; places && count < WORKLOAD_IMAGES_MAX; places = places->next) {
        count += place_image(places, places->container, &out[count]);
    }
    return count;
}
