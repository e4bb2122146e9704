/* images: new names, tags and digests for containers, wherever a list of containers stands. */
#include <string.h>

#include "render/internal.h"

#define IMAGE_BYTES_MAX 2048

/* "registry:5000/a/b:tag@digest" apart; tag and digest may be empty. */
struct reference {
    struct slice name, tag, digest;
};

static struct reference split(const char *text)
{
    struct reference reference = {0};
    const char *slash = strchr(text, '/'); /* a colon before it is a registry's port */
    const char *at = strchr(slash ? slash : text, '@');
    const char *end = at ? at : text + strlen(text);
    const char *from = slash && slash < end ? slash : text;
    const char *colon = memchr(from, ':', (size_t)(end - from));
    reference.name = (struct slice){text, (size_t)((colon ? colon : end) - text)};
    if (colon) {
        reference.tag = (struct slice){colon + 1, (size_t)(end - colon - 1)};
    }
    if (at) {
        reference.digest = slice_of(at + 1);
    }
    return reference;
}

static const char *text_of(const struct yaml_node *node)
{
    return node && node->text_length > 0 ? node->text : NULL;
}

static void add_part(struct str *out, const char *before, struct slice part)
{
    if (part.length > 0) {
        str_add(out, before);
        str_add_bytes(out, part.bytes, part.length);
    }
}

/* A new tag or digest replaces both of the old ones. */
static void write_image(const struct manifest_image *image, struct reference reference,
                        struct str *out)
{
    const char *name = text_of(image->new_name);
    const char *tag = text_of(image->new_tag);
    const char *digest = text_of(image->digest);
    if (tag || digest) {
        reference.tag = slice_of(tag ? tag : "");
        reference.digest = slice_of(digest ? digest : "");
    }
    add_part(out, "", name ? slice_of(name) : reference.name);
    add_part(out, ":", reference.tag);
    add_part(out, "@", reference.digest);
}

static void change_reference(json_t *holder, const char *key, const struct manifest_image *image)
{
    const char *text = json_text_at(holder, key, "");
    struct reference reference = split(text);
    if (!text[0] || !slice_equals(reference.name, image->name)) {
        return;
    }
    AUTO_STR(changed, IMAGE_BYTES_MAX);
    write_image(image, reference, &changed);
    if (!changed.failed) {
        json_object_set_new(holder, key, json_text_safe(changed.text, changed.length));
    }
}

static bool holds_containers(const char *key)
{
    return strcmp(key, "containers") == 0 || strcmp(key, "initContainers") == 0;
}

/* Depth is bounded by the YAML that the value came from. */
static void change_containers(json_t *value, const struct manifest_image *image)
{
    size_t i = 0;
    json_t *item = NULL;
    const char *key = NULL;
    json_t *member = NULL;
    json_array_foreach (value, i, item) {
        change_containers(item, image);
    }
    json_object_foreach (value, key, member) {
        change_containers(member, image);
        if (holds_containers(key)) {
            json_array_foreach (member, i, item) {
                change_reference(item, "image", image);
            }
        }
    }
}

/* Volumes that are images, in pods and in pod templates. */
static void change_volumes(const json_t *object, const struct manifest_image *image)
{
    static const char *const paths[] = {"spec.volumes", "spec.template.spec.volumes"};
    for (size_t p = 0; p < COUNT_OF(paths); p++) {
        const json_t *volumes = json_array_at(object, paths[p]);
        for (size_t i = 0; i < json_array_size(volumes); i++) {
            change_reference(json_object_get(json_array_get(volumes, i), "image"), "reference",
                             image);
        }
    }
}

/* `newTag: 1.10` is a number; kustomize refuses it rather than guess. */
static bool check_texts(const struct manifest_image *image, struct err *err)
{
    const struct yaml_node *const nodes[] = {image->new_name, image->new_tag, image->digest};
    for (size_t i = 0; i < COUNT_OF(nodes); i++) {
        AUTO_JSON *value = nodes[i] ? yaml_to_json(nodes[i], err) : NULL;
        if (nodes[i] && !json_is_string(value) && !json_is_null(value)) {
            return err_set(err, ERR_INVALID, "line %u: %s is not a text here; quote it",
                           nodes[i]->line, nodes[i]->text);
        }
    }
    return true;
}

static void apply_image(const struct manifest_image *image, struct draft_list *list)
{
    VEC_EACH (struct draft, draft, &list->all) {
        /* A CRD's schema may have a property called containers: it holds no images. */
        const char *kind = json_text_at(draft->json, "kind", "");
        if (strcmp(kind, "CustomResourceDefinition") != 0) {
            change_containers(draft->json, image);
        }
        change_volumes(draft->json, image);
    }
}

bool apply_images(struct transformation *work, struct err *err)
{
    for (const struct manifest_image *image = work->kustomization->images; image;
         image = image->next) {
        if (!check_texts(image, err)) {
            return false;
        }
        apply_image(image, work->list);
    }
    return true;
}
