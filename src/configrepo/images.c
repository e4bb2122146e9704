#include <string.h>

#include "configrepo/survey.h"

void slot_read_image(struct slot *slot, struct arena *arena)
{
    const char *text = slot->field->kind == YAML_SCALAR ? slot->field->text : "";
    locate_split(text, arena, &slot->name, &slot->tag, &slot->digest);
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
        slot->by = slot->said_in = kustomization;
        slot->entry = entry;
        slot->last = (struct written){kustomization->file, kustomization->text,
                                      locate_entry(entry->node, arena)};
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
    for (const struct manifest_image *entry = kustomization->images; slot->is_field && entry;
         entry = entry->next) {
        if (entry->name && strcmp(entry->name, slot->name) == 0) {
            apply_entry(slot, kustomization, entry, arena);
        }
    }
}
