/* images: which images an object wants that has no pod template of its own, as its values or
   named fields say it. */
#include <string.h>

#include "locate/locate.h"
#include "manifest/manifest.h"
#include "sync/engine.h"
#include "yaml/yaml.h"

static void add_image(const struct locate_place *place, struct workload_image *images,
                      size_t *count)
{
    struct workload_image *image = &images[*count];
    struct err ignored = {0};
    AUTO_STR(text, IMAGE_TEXT_BYTES);
    str_addf(&text, "%s%s%s%s%s", place->image, place->tag[0] ? ":" : "", place->tag,
             place->digest[0] ? "@" : "", place->digest);
    /* A name without a version is no version of anything; see configrepo. */
    bool has_version = place->tag[0] || place->digest[0];
    bool fits = has_version && TEXT_COPY(image->container, place->container) && !text.failed;
    *count += fits && image_parse(text.text, &image->image, &ignored);
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

size_t object_images(const struct sync *sync, const struct render_object *wanted,
                     struct workload_image out[static WORKLOAD_IMAGES_MAX])
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *document = NULL;
    struct err ignored = {0};
    const struct revision *revision = sync->revision;
    struct locate_file file = {.path = wanted->file,
                               .text = {wanted->json, wanted->json_length},
                               .fields = revision ? revision->fields : NULL,
                               .field_count = revision ? revision->field_count : 0};
    size_t count = 0;
    enum workload_kind kind = workload_kind_of(wanted->api_version, wanted->kind);
    bool has_template = kind < WORKLOAD_HELM_RELEASE;
    if (has_template || !may_want_images(sync, wanted)) {
        return 0;
    }
    /* JSON is YAML, and what is found shall have the same names as in Git. */
    if (!yaml_parse(arena, file.text, &document, &ignored) || !document ||
        manifest_pod_spec(document->root)) {
        return 0;
    }
    for (const struct locate_place *place = locate_workload(document->root, &file, arena);
         place && count < WORKLOAD_IMAGES_MAX; place = place->next) {
        add_image(place, out, &count);
    }
    return count;
}
