/*
 * override: a version that several targets share, set for one of them.
 *
 * The shared file stays as it is.  The nearest kustomization that only the target reads gets an
 * entry in images:, which is how kustomize wants it.
 */
#include <stdlib.h>
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

static int by_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct inspect_file *)file)->path);
}

/* The kustomization that names the file for this target, or NULL. */
static const struct inspect_file *parent_of(const struct changer *changer,
                                            const struct inspect_file *file)
{
    const struct inspection *inspection = changer->inspection;
    const char *parent = NULL;
    for (size_t i = 0; i < file->target_count; i++) {
        bool is_it = &inspection->targets[file->targets[i]] == changer->target;
        parent = is_it ? file->parents[i] : parent;
    }
    return parent
               ? bsearch(parent, inspection->files, inspection->file_count, sizeof(*file), by_path)
               : NULL;
}

/* The nearest kustomization above the file that only this target reads.  The target's folder may
   hold only Flux's or Argo CD's objects. */
static const struct inspect_file *own_kustomization(const struct changer *changer,
                                                    const struct inspect_file *file)
{
    const struct inspect_file *own = parent_of(changer, file);
    for (int i = 0; i < INSPECT_DEPTH_MAX && own && other_user(changer, own); i++) {
        own = parent_of(changer, own);
    }
    return own && !other_user(changer, own) ? own : NULL;
}

/* Does one of them, up to the first, have an entry for the image? */
static bool has_entry(const struct changer *changer, const struct inspect_file *own)
{
    for (int i = 0; i < INSPECT_DEPTH_MAX && own; i++, own = parent_of(changer, own)) {
        if (map_has(&changer->entries, own->path)) {
            return true;
        }
    }
    return false;
}

/* What a patch has in common with what it patches; of values, all files of one target are one. */
static const char *field_key(const struct changer *changer, const struct locate_place *at)
{
    return arena_printf(changer->arena, "%d %s/%s %s %s", (int)at->form, at->kind, at->name,
                        at->container, at->image);
}

/* Does a patch, or a file of values, that only this target reads say the version of the field? */
static bool is_patched(const struct changer *changer, const struct locate_place *at)
{
    return (at->name[0] || at->form == LOCATE_VALUES_FILE) &&
           map_has(&changer->patches, field_key(changer, at));
}

void override_note(struct changer *changer)
{
    const struct inspection *inspection = changer->inspection;
    for (size_t i = 0; changer->wish->image && i < inspection->place_count; i++) {
        const struct inspect_place *place = &inspection->places[i];
        const struct inspect_file *file = place->file;
        if (place->at.form == LOCATE_KUSTOMIZE &&
            strcmp(place->at.container, changer->wish->image) == 0) {
            map_set(&changer->entries, file->path, NULL);
        }
        if (changer->target && file->target_count == 1 && !other_user(changer, file) &&
            strcmp(place->at.image, changer->wish->image) == 0) {
            map_set(&changer->patches, field_key(changer, &place->at), NULL);
        }
    }
}

static void add_overlay(struct changer *changer, const struct inspect_file *overlay)
{
    bool is_there = false;
    VEC_EACH (const struct inspect_file *, other, &changer->overlays) {
        is_there = is_there || *other == overlay;
    }
    if (!is_there) {
        *VEC_ADD(&changer->overlays) = overlay;
    }
}

const char *override_instead(struct changer *changer, const struct inspect_place *place)
{
    const char *other = other_user(changer, place->file);
    const struct inspect_file *own = own_kustomization(changer, place->file);
    if ((own && has_entry(changer, own)) || is_patched(changer, &place->at)) {
        return NULL; /* it has the last word, and is a place of its own */
    }
    bool is_possible = own && place->at.form == LOCATE_FIELD && !changer->wish->workload;
    if (is_possible) {
        add_overlay(changer, own);
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
    struct yaml_item *item = ARENA_NEW(changer->arena, struct yaml_item);
    *item = (struct yaml_item){pairs, count};
    const struct yaml_node *images = yaml_get(root, "images");
    bool is_list = images && images->kind == YAML_SEQUENCE;
    return (struct yaml_amendment){
        .kind = is_list ? YAML_AMEND_APPEND : YAML_AMEND_ADD,
        .in = is_list ? images : root,
        .key = "images",
        .items = item,
        .item_count = 1,
    };
}

static bool add_entry(struct changer *changer, const struct inspect_file *file, struct err *err)
{
    struct yaml_document *document = NULL;
    struct slice text = {0};
    AUTO_STR(after, YAML_BYTES_MAX);
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

bool override_add(struct changer *changer, struct err *err)
{
    bool done = true;
    for (size_t i = 0; done && i < changer->overlays.count; i++) {
        done = add_entry(changer, changer->overlays.items[i], err);
    }
    return done;
}

void override_refuse_entries(struct changer *changer)
{
    const struct inspect_wish *wish = changer->wish;
    for (size_t i = 0; wish->workload && i < changer->inspection->place_count; i++) {
        const struct inspect_place *place = &changer->inspection->places[i];
        bool is_met = false;
        for (size_t n = 0; n < place->file->target_count; n++) {
            is_met = is_met || changer->is_user[place->file->targets[n]];
        }
        if (is_met && place->at.form == LOCATE_KUSTOMIZE &&
            strcmp(place->at.container, wish->image) == 0 &&
            (strcmp(place->at.tag, wish->tag) != 0 ||
             strcmp(place->at.digest, wish->digest) != 0)) {
            *VEC_ADD(&changer->refusals) = (struct inspect_refusal){
                place->file->path, place->at.line, place->at.column,
                "this entry gives every workload with the image its version, and has the last "
                "word; set the image without --workload"};
        }
    }
}
