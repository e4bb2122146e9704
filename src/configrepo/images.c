#include <string.h>

#include "configrepo/survey.h"

void slot_read_image(struct slot *slot, struct arena *arena)
{
    const char *text = slot->field->kind == YAML_SCALAR ? slot->field->text : "";
    const char *at = strchr(text, '@');
    size_t length = at ? (size_t)(at - text) : strlen(text);
    slot->digest = at ? arena_strdup(arena, at + 1) : "";

    /* A colon before the last slash belongs to the host's port. */
    size_t tag = length;
    while (tag > 0 && text[tag - 1] != ':' && text[tag - 1] != '/') {
        tag--;
    }
    bool has_tag = tag > 0 && text[tag - 1] == ':';
    slot->tag = has_tag ? arena_strndup(arena, text + tag, length - tag) : "";
    slot->name = arena_strndup(arena, text, has_tag ? tag - 1 : length);
}

static const char *text_of(const struct yaml_node *node)
{
    return node && node->kind == YAML_SCALAR ? node->text : "";
}

/* A version that an entry gives replaces tag and digest together, never one of them. */
static void apply_entry(struct slot *slot, const struct manifest_kustomization *kustomization,
                        const struct manifest_image *entry, struct arena *arena)
{
    const char *tag = text_of(entry->new_tag);
    const char *digest = text_of(entry->digest);
    const char *suffix = text_of(entry->tag_suffix);
    if (text_of(entry->new_name)[0]) {
        slot->name = entry->new_name->text;
        slot->renamed_by = kustomization;
        slot->renaming = entry;
    }
    if (tag[0] || digest[0]) {
        slot->tag = tag;
        slot->digest = digest;
        slot->by = kustomization;
        slot->entry = entry;
        slot->suffixed_by = slot->patched_by = NULL;
    } else if (suffix[0]) {
        slot->tag = arena_printf(arena, "%s%s", slot->tag, suffix);
        slot->digest = "";
        slot->suffixed_by = kustomization;
        slot->suffixing = entry;
    }
}

void slot_apply_images(struct slot *slot, const struct manifest_kustomization *kustomization,
                       struct arena *arena)
{
    for (const struct manifest_image *entry = kustomization->images; entry; entry = entry->next) {
        if (entry->name && strcmp(entry->name, slot->name) == 0) {
            apply_entry(slot, kustomization, entry, arena);
        }
    }
}
