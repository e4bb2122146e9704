/*
 * override: a version that several targets share, said for one of them alone.
 *
 * The shared file stays as it is.  The target's own kustomization says the version, the way that
 * kustomize wants it: an entry of images: for a container's image, a patch for Helm values.
 */
#include <string.h>

#include "configrepo/survey.h"

/* The kustomization of the target's path, when this target alone reads it. */
static const struct manifest_kustomization *own_kustomization(const struct walk *walk,
                                                              const struct slot *slot)
{
    const struct manifest_kustomization *root = walk->root;
    bool is_own = root && slot->by != root && !yaml_get(root->root, "sops") &&
                  !survey_other_user(walk->survey, root->file, walk->path);
    return is_own ? root : NULL;
}

/* Is there room for one more item: a list, or nothing yet? */
static bool takes_items(const struct manifest_kustomization *kustomization, const char *key)
{
    const struct yaml_node *list = yaml_get(kustomization->root, key);
    return !list || (list->kind == YAML_SEQUENCE && !list->is_alias && list->alias_count == 0);
}

static const char *no_place(const struct slot *slot, const char *other, struct arena *arena)
{
    return arena_printf(arena,
                        "the version is written in %s, which %s uses too; give each of them a "
                        "kustomization.yaml of its own, with an images: entry for %s",
                        slot->last.file, other, slot->name);
}

static const char *by_entry(const struct slot *slot, const char *other, struct override *out,
                            struct arena *arena)
{
    /* kustomize takes the name for a regular expression. */
    if (strpbrk(slot->name, "*+?()[]{}|^$\\") || !takes_items(out->in, "images")) {
        return no_place(slot, other, arena);
    }
    out->kind = OVERRIDE_ENTRY;
    out->note = arena_printf(arena, "%s gets an images: entry for %s, since %s uses %s too",
                             out->in->file, slot->name, other, slot->last.file);
    return NULL;
}

/* "web-version.yaml": the name tells a reader what it is for. */
static const char *patch_file(const struct walk *walk, const struct item *item, struct arena *arena)
{
    const char *path =
        arena_printf(arena, "%s/%s-version.yaml", walk->root->folder, item->object->name);
    return commit_tree_entry(walk->survey->tree, path) ? NULL : path;
}

static const char *by_patch(const struct walk *walk, const struct item *item,
                            const struct slot *slot, const char *other, struct override *out,
                            struct arena *arena)
{
    bool is_nameable =
        !strchr(slot->container, '[') && (slot->own.at->whole || slot->own.at->tag_key);
    out->patch = patch_file(walk, item, arena);
    if (!out->patch || !is_nameable || !takes_items(out->in, "patches")) {
        return arena_printf(arena,
                            "the version is written in %s, which %s uses too; patch spec.values.%s "
                            "of %s in %s",
                            slot->last.file, other, slot->container, item->object->name,
                            out->in->file);
    }
    out->kind = OVERRIDE_PATCH;
    out->note = arena_printf(arena, "%s is added as a patch to %s, since %s uses %s too",
                             out->patch, out->in->file, other, slot->last.file);
    return NULL;
}

const char *override_of(const struct walk *walk, const struct item *item, const struct slot *slot,
                        struct override *out, struct arena *arena)
{
    const char *other = survey_other_user(walk->survey, slot->last.file, walk->path);
    *out = (struct override){.in = own_kustomization(walk, slot)};
    if (!other) {
        return NULL;
    }
    if (out->in && slot->is_field) {
        return by_entry(slot, other, out, arena);
    }
    if (out->in && slot->own.at->form == LOCATE_VALUES) {
        return by_patch(walk, item, slot, other, out, arena);
    }
    return no_place(slot, other, arena);
}
