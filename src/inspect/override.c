/*
 * override: a version that several targets share, set for one of them.
 *
 * The shared file stays as it is.  The target's own kustomization gets an entry in images:, which
 * is how kustomize wants it.
 */
#include <string.h>

#include "inspect/changer.h"

static const char *other_user(const struct changer *changer, const struct inspect_file *file)
{
    for (size_t i = 0; changer->target && i < file->target_count; i++) {
        const struct inspect_target *user = &changer->inspection->targets[file->targets[i]];
        if (user != changer->target) {
            return user->name;
        }
    }
    return NULL;
}

bool override_is_needed(const struct changer *changer, const struct inspect_place *place)
{
    return other_user(changer, place->file) != NULL;
}

/* The kustomization in the target's folder, when only this target reads it. */
static const struct inspect_file *own_kustomization(const struct changer *changer)
{
    for (size_t n = 0; n < MANIFEST_KUSTOMIZATION_NAMES; n++) {
        const char *path = arena_printf(changer->arena, "%s/%s", changer->target->path,
                                        manifest_kustomization_names[n]);
        for (size_t i = 0; i < changer->inspection->file_count; i++) {
            const struct inspect_file *file = &changer->inspection->files[i];
            if (strcmp(file->path, path) == 0) {
                return other_user(changer, file) ? NULL : file;
            }
        }
    }
    return NULL;
}

static bool has_entry(const struct changer *changer, const struct inspect_file *file)
{
    for (size_t i = 0; i < changer->inspection->place_count; i++) {
        const struct inspect_place *place = &changer->inspection->places[i];
        if (place->file == file && place->at.form == LOCATE_KUSTOMIZE &&
            strcmp(place->at.container, changer->wish->image) == 0) {
            return true;
        }
    }
    return false;
}

const char *override_instead(struct changer *changer, const struct inspect_place *place)
{
    const char *other = other_user(changer, place->file);
    const struct inspect_file *own = own_kustomization(changer);
    if (own && has_entry(changer, own)) {
        return NULL; /* it has the last word, and is a place of its own */
    }
    bool is_possible = own && place->at.form == LOCATE_FIELD && !changer->wish->workload;
    if (is_possible) {
        changer->overlay = own;
        return NULL;
    }
    const char *remedy = "give the target a kustomization.yaml with an images: entry";
    if (place->at.form != LOCATE_FIELD) {
        remedy = "write the version in a file that only this target reads";
    } else if (own) {
        remedy = "an images: entry would change every workload with this image; patch this one by "
                 "hand";
    }
    return arena_printf(changer->arena, "%s uses the file, too; %s", other, remedy);
}

static struct yaml_amendment entry_of(const struct changer *changer, const struct yaml_node *root)
{
    const struct inspect_wish *wish = changer->wish;
    struct yaml_pair *pairs = arena_alloc(changer->arena, 3, sizeof(*pairs));
    size_t count = 0;
    pairs[count++] = (struct yaml_pair){"name", wish->image};
    pairs[count++] = (struct yaml_pair){"newTag", wish->tag};
    if (wish->digest[0]) {
        pairs[count++] = (struct yaml_pair){"digest", wish->digest};
    }
    const struct yaml_node *images = yaml_get(root, "images");
    bool is_list = images && images->kind == YAML_SEQUENCE;
    return (struct yaml_amendment){
        .kind = is_list ? YAML_AMEND_APPEND : YAML_AMEND_ADD,
        .in = is_list ? images : root,
        .key = "images",
        .pairs = pairs,
        .pair_count = count,
    };
}

bool override_add(struct changer *changer, struct err *err)
{
    const struct inspect_file *file = changer->overlay;
    struct yaml_document *document = NULL;
    struct slice text = {0};
    AUTO_STR(after, YAML_BYTES_MAX);
    if (!file) {
        return true;
    }
    if (!changer->tree->read(changer->tree->context, file->path, changer->arena, &text, err) ||
        !yaml_parse(changer->arena, text, &document, err)) {
        return err_wrap(err, "%s", file->path);
    }
    if (!document || !document->root || document->root->kind != YAML_MAPPING) {
        return err_set(err, ERR_REFUSED, "%s: a kustomization is one mapping", file->path);
    }
    struct yaml_amendment entry = entry_of(changer, document->root);
    if (!yaml_amend(text, document, &entry, 1, &after, err)) {
        return err_wrap(err, "%s", file->path);
    }
    struct inspect_edit *edit = VEC_ADD(&changer->edits);
    edit->file = file->path;
    edit->before = text;
    edit->after.bytes = arena_strndup(changer->arena, after.text, after.length);
    edit->after.length = after.length;
    return true;
}
