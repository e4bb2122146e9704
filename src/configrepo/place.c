#include <string.h>

#include "configrepo/survey.h"
#include "model/chart.h"

bool slot_image(const struct slot *slot, struct image *out)
{
    struct err err = {0};
    if (slot_is_chart(slot)) {
        return chart_image(slot->name, slot->tag, slot->digest, out) &&
               (out->tag[0] || out->digest[0]);
    }
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

/* How many of the item's images stand in this scalar, by themselves or by an alias. */
static unsigned uses_of(const struct item *item, const struct yaml_node *node)
{
    unsigned uses = 0;
    for (size_t i = 0; i < item->slot_count; i++) {
        const struct locate_place *at = item->slots[i].last.at;
        const struct yaml_node *scalars[] = {at ? at->whole : NULL, at ? at->tag_node : NULL,
                                             at ? at->digest_node : NULL};
        for (size_t n = 0; n < COUNT_OF(scalars); n++) {
            bool is_again = n > 0 && scalars[n] == scalars[n - 1];
            uses += scalars[n] && !is_again && (scalars[n] == node || scalars[n]->target == node);
        }
    }
    return uses;
}

/* What makes a scalar one that is not edited in place; NULL: nothing.  An alias gets a value of its
   own, or changes with the anchor that it repeats. */
static const char *scalar_trouble(const struct item *item, const struct yaml_node *node,
                                  struct slice text)
{
    if (node->alias_count > 0 && uses_of(item, node) != node->alias_count + 1) {
        return "has an anchor, so other values follow it";
    }
    return yaml_is_one_line(text, node) ? NULL : "stands on several lines";
}

static const char *blocked_scalars(const struct item *item, const struct written *at,
                                   struct arena *arena)
{
    const struct yaml_node *scalars[] = {at->at->whole, at->at->tag_node, at->at->digest_node};
    for (size_t i = 0; i < COUNT_OF(scalars); i++) {
        const char *trouble = scalars[i] ? scalar_trouble(item, scalars[i], at->text) : NULL;
        if (trouble) {
            return arena_printf(arena, "%s:%u: the version %s; write it out on one line", at->file,
                                scalars[i]->line, trouble);
        }
    }
    return NULL;
}

/* Something after the place changes what is written there. */
static const char *blocked_later(const struct slot *slot, struct arena *arena)
{
    if (slot->suffixed_by) {
        return arena_printf(arena, "%s:%u adds a tagSuffix to %s; write newTag and digest instead",
                            slot->suffixed_by->file, slot->suffixing->node->line, slot->name);
    }
    if (slot->patched_by && slot_is_chart(slot)) {
        return arena_printf(arena,
                            "%s may patch the chart's version; write it in a file of its own that "
                            "patches: names",
                            slot->patched_by->file);
    }
    if (slot->patched_by && slot->own.at && slot->own.at->form == LOCATE_ARGOCD) {
        return arena_printf(arena,
                            "%s may patch the source of the Application; write the version in the "
                            "Application, or in a file of its own that patches: names",
                            slot->patched_by->file);
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
    if (yaml_is_encrypted(by->root)) {
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
    return NULL;
}

static const char *blocked_manifest(const struct item *item, const struct slot *slot,
                                    struct arena *arena)
{
    const struct manifest_object *object = slot->holder ? slot->holder->object : item->object;
    if (slot->last.file == object->file && yaml_is_encrypted(object->root)) {
        return arena_printf(arena, "%s is encrypted by SOPS; it is not edited", object->file);
    }
    if (slot->is_shared) {
        return arena_printf(arena, "%s:%u: the container %s is used by aliases too; write it out",
                            slot->own.file, slot->field->line, slot->container);
    }
    return slot->last.at && slot->last.at->trouble
               ? arena_printf(arena, "%s:%u: %s", slot->last.file, slot->last.at->line,
                              slot->last.at->trouble)
               : NULL;
}

static const char *blocked_unreadable(const struct slot *slot, struct arena *arena)
{
    struct image image;
    if (slot->last.at && slot_image(slot, &image)) {
        return NULL;
    }
    if (slot->field->kind == YAML_SCALAR && !yaml_is_one_line(slot->own.text, slot->field)) {
        return arena_printf(arena,
                            "%s:%u: the version stands on several lines; write it out on "
                            "one line",
                            slot->own.file, slot->field->line);
    }
    if (slot_is_chart(slot)) {
        return arena_printf(arena,
                            "%s:%u: %s:%s is not the version of a chart that can be promoted",
                            slot->last.file, slot_line(slot), slot->name, slot->tag);
    }
    return arena_printf(arena,
                        "%s:%u: \"%s\" is no image reference; a template must be changed by hand",
                        slot->last.file, slot_line(slot), slot->name);
}

unsigned slot_line(const struct slot *slot)
{
    return slot->last.at ? slot->last.at->line : slot->field->line;
}

const char *slot_blocked(const struct walk *walk, const struct item *item, const struct slot *slot,
                         struct override *out, struct arena *arena)
{
    const char *blocked =
        slot->by ? blocked_entry(slot, arena) : blocked_manifest(item, slot, arena);
    blocked = blocked ? blocked : blocked_unreadable(slot, arena);
    blocked = blocked ? blocked : blocked_later(slot, arena);
    const struct override_case *shared = NULL;
    *out = (struct override){0};
    if (!blocked && own_case(walk, item, slot, arena, &shared)) {
        blocked = override_choose(shared, out, arena);
    }
    if (!blocked && out->kind == OVERRIDE_NOT_NEEDED) {
        blocked = blocked_scalars(slot->holder ? slot->holder : item, &slot->last, arena);
    }
    return blocked;
}
