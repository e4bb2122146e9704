/* images: new names, tags and digests for containers, wherever a list of containers stands. */
#include <string.h>

#include "render/internal.h"

/* "registry:5000/a/b:tag@digest" apart; tag and digest may be empty. */
struct reference {
    struct slice name, tag, digest;
};

static struct reference split(const char *text)
{
    struct reference reference = {0};
    const char *at = strchr(text, '@');
    size_t length = at ? (size_t)(at - text) : strlen(text);
    const char *slash = memrchr(text, '/', length);
    const char *from = slash ? slash : text;
    const char *colon = memchr(from, ':', length - (size_t)(from - text));
    reference.name = (struct slice){text, colon ? (size_t)(colon - text) : length};
    if (colon) {
        reference.tag = (struct slice){colon + 1, length - (size_t)(colon + 1 - text)};
    }
    if (at) {
        reference.digest = slice_of(at + 1);
    }
    return reference;
}

static const char *text_of(const struct yaml_node *node)
{
    return node && node->text_length ? node->text : NULL;
}

static void add_part(struct str *out, const char *before, struct slice part)
{
    if (part.length) {
        str_add(out, before);
        str_add_bytes(out, part.bytes, part.length);
    }
}

/* A new tag or digest replaces both of the old ones. */
static void write_image(const struct manifest_image *image, struct reference reference, struct str *out)
{
    const char *name = text_of(image->new_name);
    const char *tag = text_of(image->new_tag);
    const char *digest = text_of(image->digest);
    if (tag || digest) {
        reference.tag = slice_of(tag ? tag : "");
        reference.digest = slice_of(digest ? digest : "");
    }
    if (name) {
        str_add(out, name);
    } else {
        str_add_bytes(out, reference.name.bytes, reference.name.length);
    }
    add_part(out, ":", reference.tag);
    const char *suffix = text_of(image->tag_suffix);
    if (suffix && !tag && !digest) {
        str_addf(out, "%s%s", reference.tag.length ? "" : ":", suffix);
        return;
    }
    add_part(out, "@", reference.digest);
}

static void change_container(json_t *container, const struct manifest_image *image)
{
    const char *text = json_text_at(container, "image", NULL);
    struct reference reference = split(text ? text : "");
    if (!text || !slice_equals(reference.name, image->name)) {
        return;
    }
    AUTO_STR(changed, 1024);
    write_image(image, reference, &changed);
    json_object_set_new(container, "image", json_text_safe(changed.text, changed.length));
}

static bool holds_containers(const char *key)
{
    return strcmp(key, "containers") == 0 || strcmp(key, "initContainers") == 0;
}

/* Depth is bounded by the YAML that the value came from. */
static void change_all(json_t *value, const struct manifest_image *image)
{
    size_t i = 0;
    json_t *item = NULL;
    const char *key = NULL;
    json_t *member = NULL;
    json_array_foreach(value, i, item)
    {
        change_all(item, image);
    }
    json_object_foreach(value, key, member)
    {
        if (holds_containers(key)) {
            json_array_foreach(member, i, item)
            {
                change_container(item, image);
            }
        }
        change_all(member, image);
    }
}

void apply_images(const struct manifest_kustomization *kustomization, struct draft_list *list)
{
    for (const struct manifest_image *image = kustomization->images; image; image = image->next) {
        VEC_EACH(struct draft, draft, &list->all)
        {
            /* A CRD's schema may have a property called containers: it holds no images. */
            if (strcmp(json_text_at(draft->json, "kind", ""), "CustomResourceDefinition") != 0) {
                change_all(draft->json, image);
            }
        }
    }
}
