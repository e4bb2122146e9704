/*
 * override: a version that several targets share, set for one of them.
 *
 * The shared file stays as it is.  Where the target says the version instead, and in which words a
 * place is refused, configrepo decides, as it does for promotions.
 */
#include <assert.h>
#include <string.h>

#include "inspect/changer.h"
#include "inspect/layers.h"

/* ---- who reads what ---- */

/* Another target that reads the file: the first by path, so that words do not depend on order. */
static const struct inspect_target *other_target(const struct inspection *inspection,
                                                 const struct inspect_file *file,
                                                 const struct inspect_target *target)
{
    const struct inspect_target *other = NULL;
    for (size_t i = 0; i < file->target_count; i++) {
        const struct inspect_target *user = &inspection->targets[file->targets[i]];
        bool is_first = !other || strcmp(user->path, other->path) < 0;
        other = user != target && is_first ? user : other;
    }
    return other;
}

static const struct inspect_target *other_user(const struct changer *changer,
                                               const struct inspect_file *file)
{
    return changer->target ? other_target(changer->inspection, file, changer->target) : NULL;
}

bool override_is_needed(const struct changer *changer, const struct inspect_place *place)
{
    return other_user(changer, place->file) != NULL;
}

/* The kustomization that names the file for this target, or NULL. */
static const struct inspect_file *parent_of(const struct inspection *inspection,
                                            const struct inspect_file *file,
                                            const struct inspect_target *target)
{
    const char *parent = NULL;
    for (size_t i = 0; i < file->target_count; i++) {
        bool is_it = &inspection->targets[file->targets[i]] == target;
        parent = is_it ? file->parents[i] : parent;
    }
    return parent ? inspection_file(inspection, parent) : NULL;
}

/* The target's folder may hold only Flux's or Argo CD's objects. */
const struct inspect_file *own_kustomization(const struct inspection *inspection,
                                             const struct inspect_file *file,
                                             const struct inspect_target *target)
{
    const struct inspect_file *own = parent_of(inspection, file, target);
    for (int i = 0; i < INSPECT_DEPTH_MAX && own && other_target(inspection, own, target); i++) {
        own = parent_of(inspection, own, target);
    }
    return own && !other_target(inspection, own, target) ? own : NULL;
}

/* Does one of them, up to the first, have an entry for the image? */
static bool has_entry(const struct changer *changer, const struct inspect_file *own)
{
    for (int i = 0; i < INSPECT_DEPTH_MAX && own;
         i++, own = parent_of(changer->inspection, own, changer->target)) {
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

/* ---- where it is said instead ---- */

/* What it names may lie outside of the repository; it takes an override all the same. */
static bool read_kustomization(const struct changer *changer, const struct manifest_tree *tree,
                               const struct inspect_file *file, struct override_case *out,
                               struct err *err)
{
    const char *slash = strrchr(file->path, '/');
    struct yaml_document *document = NULL;
    struct manifest_kustomization *found = ARENA_NEW(changer->arena, struct manifest_kustomization);
    *found = (struct manifest_kustomization){
        .file = file->path,
        .folder =
            slash ? arena_strndup(changer->arena, file->path, (size_t)(slash - file->path)) : ""};
    if (!tree->read(tree->context, file->path, changer->arena, &found->text, err) ||
        !yaml_parse(changer->arena, found->text, &document, err)) {
        return err_wrap(err, "%s", file->path);
    }
    found->root = document ? document->root : NULL;
    bool is_usable = found->root && found->root->kind == YAML_MAPPING && !document->next &&
                     !yaml_is_encrypted(found->root);
    out->in = is_usable ? found : NULL;
    return true;
}

static struct override_case *case_of(const struct changer *changer,
                                     const struct inspect_place *place,
                                     const struct locate_place *at)
{
    const struct inspect_target *other = other_user(changer, place->file);
    assert(other); /* only what somebody else reads, too, needs an override */
    bool is_same_path = strcmp(other->path, changer->target->path) == 0;
    struct override_case *found = ARENA_NEW(changer->arena, struct override_case);
    *found = (struct override_case){
        .tree = changer->tree,
        .at = at,
        .takes_entry = at->form == LOCATE_FIELD || at->form == LOCATE_KUSTOMIZE,
        .image = at->image,
        .api_version = at->api_version,
        .kind = at->kind,
        .name = at->name,
        .namespace = at->namespace,
    };
    override_set_shared(found, place->file->path, is_same_path ? other->name : other->path,
                        changer->arena);
    return found;
}

/* Does one of them, up to the first, patch the place already? */
static bool find_patch(const struct changer *changer, const struct inspect_file *own,
                       const struct override_case *wanted, struct override_patch *out)
{
    bool is_found = false;
    for (int i = 0; i < INSPECT_DEPTH_MAX && own && wanted->at->form == LOCATE_VALUES; i++) {
        struct override_case level = *wanted;
        struct err ignored = {0}; /* find_places() has said it */
        struct override_patch patch = {0};
        if (read_kustomization(changer, changer->tree, own, &level, &ignored) &&
            override_find_patch(&level, changer->arena, &patch)) {
            const struct inspect_file *file = inspection_file(changer->inspection, patch.file);
            is_found = true;
            *out = file && !other_user(changer, file) ? patch : (struct override_patch){0};
        }
        own = parent_of(changer->inspection, own, changer->target);
    }
    return is_found;
}

static void add_wish(struct changer *changer, const struct inspect_file *own,
                     const struct override_wish *wish)
{
    *VEC_ADD(&changer->overrides) = (struct override_made){own, *wish};
}

static const char *choose(struct changer *changer, const struct inspect_file *own,
                          struct override_case *wanted)
{
    const struct inspect_wish *asked = changer->wish;
    struct override_wish wish = {.of = wanted, .tag = asked->tag, .digest = asked->digest};
    struct err err = {0};
    if (own && !read_kustomization(changer, changer->tree, own, wanted, &err)) {
        return arena_strdup(changer->arena, err.text);
    }
    const char *reason = override_choose(wanted, &wish.by, changer->arena);
    if (!reason && wish.by.kind == OVERRIDE_ENTRY && asked->workload) {
        reason = arena_printf(changer->arena,
                              "%s; an images: entry would change every workload with this image; "
                              "patch this one by hand",
                              wanted->trouble);
    }
    if (!reason) {
        add_wish(changer, own, &wish);
    }
    return reason;
}

/* ---- values that stand in several files ---- */

static size_t layer_of(const struct values_chain *chain, const char *path)
{
    size_t at = 0;
    while (at < chain->count && strcmp(chain->layers[at].path, path) != 0) {
        at++;
    }
    return at;
}

/* Who says the place's version further up: `is_said`; else the uppermost file of the target's own
   that can say it. */
struct values_search {
    bool is_said;
    const char *file;
    struct slice text;
};

static void search_layer(struct changer *changer, const struct values_layer *layer,
                         const struct locate_place *at, const struct values_layer *of,
                         struct values_search *out)
{
    const struct inspect_file *file = inspection_file(changer->inspection, layer->path);
    struct yaml_node *root =
        file && !layer->prefix[0] ? values_view(&changer->reader, layer)->root : NULL;
    struct err ignored = {0}; /* values_view() could read it */
    if (!root) {
        return;
    }
    bool may_say = !out->file && !layer->release && !other_user(changer, file);
    const struct locate_place *wanted =
        values_named(at, of, layer->release ? root : NULL, changer->arena);
    out->is_said = out->is_said || locate_patched(wanted, root, changer->arena);
    if (may_say && override_takes_value(root, wanted, wanted->container, changer->arena) &&
        changer->tree->read(changer->tree->context, layer->path, changer->arena, &out->text,
                            &ignored)) {
        out->file = layer->path;
    }
}

static void search_above(struct changer *changer, const struct values_chain *chain, size_t below,
                         const struct locate_place *at, struct values_search *out)
{
    for (size_t i = chain->count; i > below + 1 && !out->is_said; i--) {
        search_layer(changer, &chain->layers[i - 1], at, &chain->layers[below], out);
    }
}

/* The HelmRelease whose values the chain's are, or NULL. */
static const struct values_layer *release_of(const struct values_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->layers[i].release) {
            return &chain->layers[i];
        }
    }
    return NULL;
}

static const char *choose_value(struct changer *changer, const struct inspect_place *place,
                                const struct locate_place *at, const struct values_chain *chain)
{
    struct values_search found = {0};
    size_t below = layer_of(chain, place->file->path);
    search_above(changer, chain, below, at, &found);
    if (found.is_said) {
        return NULL; /* it has the last word, and is a place of its own */
    }
    /* A kustomization that holds the HelmRelease can patch it: its own values have the last word.
     */
    const struct values_layer *release = found.file ? NULL : release_of(chain);
    const struct yaml_node *object = release ? values_view(&changer->reader, release)->root : NULL;
    const struct locate_place *named =
        values_named(at, &chain->layers[below], object, changer->arena);
    const struct inspect_file *held_by =
        object ? inspection_file(changer->inspection, release->path) : place->file;
    struct override_case *wanted = case_of(changer, place, named);
    wanted->takes_entry = chain->is_by_kustomize;
    wanted->values_path = named->container;
    wanted->values_file = found.file;
    wanted->values_text = found.text;
    return choose(changer, own_kustomization(changer->inspection, held_by, changer->target),
                  wanted);
}

static bool chain_has_own(const struct inspection *inspection, const struct values_chain *chain,
                          const struct inspect_file *file, const struct inspect_target *target)
{
    const struct values_layer *release = release_of(chain);
    const struct inspect_file *held_by =
        release ? inspection_file(inspection, release->path) : file;
    bool is_held = release || chain->is_by_kustomize;
    if (is_held && held_by && own_kustomization(inspection, held_by, target)) {
        return true;
    }
    for (size_t i = layer_of(chain, file->path) + 1; i < chain->count; i++) {
        const struct inspect_file *above = inspection_file(inspection, chain->layers[i].path);
        bool is_file = above && !chain->layers[i].release && !chain->layers[i].prefix[0];
        if (is_file && !other_target(inspection, above, target)) {
            return true;
        }
    }
    return false;
}

bool values_have_own(const struct inspection *inspection, const struct inspect_file *file,
                     const struct inspect_target *target)
{
    bool has_own = false;
    for (size_t i = 0; i < inspection->chain_count; i++) {
        const struct values_chain *chain = &inspection->chains[i];
        bool is_it = &inspection->targets[chain->target] == target &&
                     layer_of(chain, file->path) < chain->count;
        if (is_it && !chain_has_own(inspection, chain, file, target)) {
            return false;
        }
        has_own = has_own || is_it;
    }
    return has_own;
}

/* Each chart that reads the file gets the version.  False: none is known to. */
static bool choose_values(struct changer *changer, const struct inspect_place *place,
                          const struct locate_place *at, const char **out_reason)
{
    bool is_known = false;
    *out_reason = NULL;
    for (size_t i = 0; i < changer->inspection->chain_count && !*out_reason; i++) {
        const struct values_chain *chain = &changer->inspection->chains[i];
        bool is_it = &changer->inspection->targets[chain->target] == changer->target &&
                     layer_of(chain, place->file->path) < chain->count;
        is_known = is_known || is_it;
        *out_reason = is_it ? choose_value(changer, place, at, chain) : NULL;
    }
    return is_known;
}

const char *override_instead(struct changer *changer, const struct inspect_place *place,
                             const struct locate_place *at)
{
    const char *reason = NULL;
    const struct inspect_file *own =
        own_kustomization(changer->inspection, place->file, changer->target);
    if (own && has_entry(changer, own)) {
        return NULL; /* it has the last word, and is a place of its own */
    }
    if (at->form == LOCATE_VALUES_FILE && choose_values(changer, place, at, &reason)) {
        return reason;
    }
    if (is_patched(changer, &place->at)) {
        return NULL;
    }
    struct override_case *wanted = case_of(changer, place, at);
    struct override_wish wish = {
        .of = wanted, .tag = changer->wish->tag, .digest = changer->wish->digest};
    if (!find_patch(changer, own, wanted, &wish.patch)) {
        return choose(changer, own, wanted);
    }
    if (wish.patch.at) {
        add_wish(changer, own, &wish);
        return wish.patch.at->trouble;
    }
    return "a patch that other targets read, too, has the last word; patch it where only this "
           "target does";
}

/* ---- the new bytes ---- */

/* The tree as the edits so far leave it. */
static bool read_changed(void *context, const char *path, struct arena *arena, struct slice *out,
                         struct err *err)
{
    const struct changer *changer = context;
    VEC_EACH (struct inspect_edit, edit, &changer->edits) {
        if (strcmp(edit->file, path) == 0) {
            *out = edit->after;
            return true;
        }
    }
    return changer->tree->read(changer->tree->context, path, arena, out, err);
}

static bool list_changed(void *context, const char *folder, struct arena *arena,
                         struct manifest_entry **out, size_t *out_count, struct err *err)
{
    const struct changer *changer = context;
    return changer->tree->list(changer->tree->context, folder, arena, out, out_count, err);
}

static void take_edit(struct changer *changer, const struct file_edit *made)
{
    VEC_EACH (struct inspect_edit, edit, &changer->edits) {
        if (strcmp(edit->file, made->file) == 0) {
            edit->after = made->after;
            return;
        }
    }
    *VEC_ADD(&changer->edits) = (struct inspect_edit){made->file, made->before, made->after};
}

/* What was chosen, seen in the tree as it is now. */
static bool see_again(struct changer *changer, const struct manifest_tree *tree,
                      const struct override_made *made, struct override_wish *out, struct err *err)
{
    struct override_case *of = ARENA_NEW(changer->arena, struct override_case);
    *of = *made->wish.of;
    of->tree = tree;
    *out = made->wish;
    out->of = of;
    if (out->patch.at) {
        return true;
    }
    if (out->by.kind == OVERRIDE_VALUE) {
        return tree->read(tree->context, of->values_file, changer->arena, &of->values_text, err);
    }
    bool is_read = read_kustomization(changer, tree, made->own, of, err);
    out->by.in = of->in;
    return is_read;
}

bool override_add(struct changer *changer, struct err *err)
{
    const struct manifest_tree tree = {
        .read = read_changed, .list = list_changed, .oid = changer->tree->oid, .context = changer};
    size_t count = changer->overrides.count;
    struct override_wish *wishes = arena_alloc(changer->arena, count + 1, sizeof(*wishes));
    struct file_edit *files = NULL;
    size_t file_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!see_again(changer, &tree, &changer->overrides.items[i], &wishes[i], err)) {
            return false;
        }
    }
    if (!override_write(wishes, count, changer->arena, &files, &file_count, err)) {
        return false;
    }
    for (size_t i = 0; i < file_count; i++) {
        take_edit(changer, &files[i]);
    }
    return true;
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
