#include <string.h>

#include "configrepo/survey.h"

const char *slot_file(const struct item *item, const struct slot *slot)
{
    return slot->by ? slot->by->file : item->object->file;
}

bool slot_image(const struct slot *slot, struct image *out)
{
    struct err err = {0};
    AUTO_STR(text, IMAGE_TEXT_BYTES);
    str_add(&text, slot->name);
    str_addf(&text, slot->tag[0] ? ":%s" : "%s", slot->tag);
    str_addf(&text, slot->digest[0] ? "@%s" : "%s", slot->digest);
    if (!text.failed && image_parse(text.text, out, &err)) {
        return true;
    }
    *out = (struct image){0};
    TEXT_COPY_CUT(out->repository, slot->name);
    return false;
}

/* What makes a scalar one that is not edited in place; NULL: nothing.  An alias gets a value of its
   own. */
static const char *scalar_trouble(const struct yaml_node *node, struct slice text)
{
    if (node->kind != YAML_SCALAR) {
        return "is not a text; a template must be changed by hand";
    }
    if (node->alias_count > 0) {
        return "has an anchor, so other values follow it";
    }
    return yaml_is_one_line(text, node) ? NULL : "stands on several lines";
}

static const char *blocked_scalar(const char *file, const char *what, const struct yaml_node *node,
                                  struct slice text, struct arena *arena)
{
    const char *trouble = node ? scalar_trouble(node, text) : NULL;
    return trouble ? arena_printf(arena, "%s:%u: %s %s; write it out on one line", file, node->line,
                                  what, trouble)
                   : NULL;
}

/* SOPS signs the whole file: any edit would break it. */
static bool is_encrypted(const struct yaml_node *root)
{
    const struct yaml_node *sops = yaml_get(root, "sops");
    return sops && sops->kind == YAML_MAPPING && yaml_get(sops, "mac");
}

static const char *blocked_shared(const struct walk *walk, const struct slot *slot,
                                  const char *file, struct arena *arena)
{
    const char *other = survey_other_user(walk->survey, file, walk->path);
    if (!other) {
        return NULL;
    }
    bool has_own = walk->root && (!slot->by || slot->by != walk->root) &&
                   !survey_other_user(walk->survey, walk->root->file, walk->path);
    if (has_own) {
        return arena_printf(arena,
                            "the version is written in %s, which %s uses too; add an images: entry "
                            "for %s to %s",
                            file, other, slot->name, walk->root->file);
    }
    return arena_printf(arena,
                        "the version is written in %s, which %s uses too; give each of them a "
                        "kustomization.yaml with its own images: entry for %s",
                        file, other, slot->name);
}

/* Something after the place changes what is written there. */
static const char *blocked_later(const struct slot *slot, struct arena *arena)
{
    if (slot->suffixed_by) {
        return arena_printf(arena, "%s:%u adds a tagSuffix to %s; write newTag and digest instead",
                            slot->suffixed_by->file, slot->suffixing->node->line, slot->name);
    }
    if (slot->patched_by) {
        return arena_printf(arena,
                            "%s may patch the image; add an images: entry for %s with newTag and "
                            "digest there",
                            slot->patched_by->file, slot->name);
    }
    if (!slot->by && slot->renamed_by) {
        return arena_printf(arena,
                            "%s:%u renames the image to %s without a version; add newTag and "
                            "digest there",
                            slot->renamed_by->file, slot->renaming->node->line, slot->name);
    }
    return NULL;
}

static bool is_block(const struct yaml_node *node)
{
    return node && !node->is_alias && (node->style == YAML_LITERAL || node->style == YAML_FOLDED);
}

static const char *blocked_entry(const struct slot *slot, struct arena *arena)
{
    const struct manifest_kustomization *by = slot->by;
    const struct yaml_node *node = slot->entry->node;
    if (is_encrypted(by->root)) {
        return arena_printf(arena, "%s is encrypted by SOPS; it is not edited", by->file);
    }
    if (node->is_alias || node->alias_count > 0) {
        return arena_printf(arena,
                            "%s:%u: the images: entry has aliases or is one; write "
                            "it out",
                            by->file, node->line);
    }
    if (is_block(slot->entry->new_tag) || is_block(slot->entry->digest)) {
        return arena_printf(arena,
                            "%s:%u: newTag and digest must not be on several lines; write them "
                            "behind their keys",
                            by->file, node->line); /* the other one might have to be added below */
    }
    const char *blocked = blocked_scalar(by->file, "newTag", slot->entry->new_tag, by->text, arena);
    return blocked ? blocked
                   : blocked_scalar(by->file, "digest", slot->entry->digest, by->text, arena);
}

static const char *blocked_field(const struct item *item, const struct slot *slot,
                                 struct arena *arena)
{
    const struct manifest_object *object = item->object;
    if (is_encrypted(object->root)) {
        return arena_printf(arena, "%s is encrypted by SOPS; it is not edited", object->file);
    }
    if (slot->is_shared) {
        return arena_printf(arena, "%s:%u: the container %s is used by aliases too; write it out",
                            object->file, slot->field->line, slot->container);
    }
    return blocked_scalar(object->file, "image", slot->field, object->text, arena);
}

const char *slot_blocked(const struct walk *walk, const struct item *item, const struct slot *slot,
                         struct arena *arena)
{
    struct image image;
    const char *file = slot_file(item, slot);
    const char *blocked = slot->by ? blocked_entry(slot, arena) : blocked_field(item, slot, arena);
    blocked = blocked ? blocked : blocked_later(slot, arena);
    blocked = blocked ? blocked : blocked_shared(walk, slot, file, arena);
    if (!blocked && !slot_image(slot, &image)) {
        blocked =
            arena_printf(arena,
                         "%s:%u: \"%s\" is no image reference; a template must be changed by "
                         "hand",
                         file, slot->by ? slot->entry->node->line : slot->field->line, slot->name);
    }
    return blocked;
}
