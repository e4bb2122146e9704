/*
 * values: what Flux's HelmReleases take from files: those of a chart in the repository, and what
 * kustomizations make ConfigMaps of.
 *
 * Flux puts the chart's files on top of each other, then the sources of spec.valuesFrom, and the
 * release's own values on top of all.  A file is a file: the version that it says is read and
 * edited there.  Names of ConfigMaps are those before kustomize adds its hash.
 */
#include <string.h>

#include "configrepo/walker.h"

#define MADE_MAX 10000 /* of one target */
#define SECRET "it becomes a Secret, which heddle leaves alone; say versions in a ConfigMap"
#define NOT_FOLLOWED                                                                               \
    "Flux takes what a chart's files say only with another version of the chart; write "           \
    "\"reconcileStrategy: Revision\" beside the chart in the HelmRelease"

typedef VEC(struct values_source) source_vec;

/* ---- what generators make ---- */

static const char *name_of(struct arena *arena, const char *kind, const char *name, const char *key)
{
    return arena_printf(arena, "%s/%s/%s", kind ? kind : "", name ? name : "",
                        key && key[0] ? key : "values.yaml");
}

/* "key=path", or a path whose last part is the key. */
static void note_file(struct walker *walker, const struct manifest_kustomization *kustomization,
                      const char *kind, const char *name, const char *text)
{
    struct arena *arena = walker->arena;
    const struct manifest_tree *tree = &walker->walk->tree;
    const char *equals = strchr(text, '=');
    const char *slash = strrchr(text, '/');
    const char *key =
        equals ? arena_strndup(arena, text, (size_t)(equals - text)) : (slash ? slash + 1 : text);
    const char *path = manifest_path(arena, kustomization->folder, equals ? equals + 1 : text);
    if (!path || !manifest_is_file_name(path) || walker->made.count >= MADE_MAX) {
        return;
    }
    (void)tree->oid(tree->context, path, arena); /* who asks uses it */
    *VEC_ADD(&walker->made) =
        (struct made_file){kustomization, name_of(arena, kind, name, key), path};
}

static void note_generators(struct walker *walker,
                            const struct manifest_kustomization *kustomization, const char *field,
                            const char *kind)
{
    const struct yaml_node *list = yaml_get(kustomization->root, field);
    for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->item_count; i++) {
        const struct yaml_node *files = yaml_get(list->items[i], "files");
        const char *name = yaml_text(list->items[i], "name");
        for (size_t n = 0; files && files->kind == YAML_SEQUENCE && n < files->item_count; n++) {
            if (files->items[n]->kind == YAML_SCALAR) {
                note_file(walker, kustomization, kind, name, files->items[n]->text);
            }
        }
    }
}

void walker_note_made(struct walker *walker, const struct manifest_kustomization *kustomization)
{
    note_generators(walker, kustomization, "configMapGenerator", "ConfigMap");
    note_generators(walker, kustomization, "secretGenerator", "Secret");
}

/* ---- what a release takes ---- */

static bool goes_through(const struct item *item, const struct manifest_kustomization *by)
{
    const struct passage *passage = item->passages;
    while (passage && passage->through != by) {
        passage = passage->next;
    }
    return passage != NULL;
}

/* The last one counts: further up, a generator merges or replaces. */
static const char *file_of_source(const struct walker *walker, const struct item *item,
                                  const char *name)
{
    const char *path = NULL;
    VEC_EACH (struct made_file, made, &walker->made) {
        if (strcmp(made->name, name) == 0 && goes_through(item, made->by)) {
            path = made->path;
        }
    }
    return path;
}

static void find_sources(struct walker *walker, const struct item *item, source_vec *out)
{
    const struct yaml_node *from = yaml_at(item->object->root, "spec.valuesFrom");
    for (size_t i = 0; from && from->kind == YAML_SEQUENCE && i < from->item_count; i++) {
        const struct yaml_node *source = from->items[i];
        const char *kind = yaml_text(source, "kind");
        const char *name =
            name_of(walker->arena, kind, yaml_text(source, "name"), yaml_text(source, "valuesKey"));
        /* With a targetPath it is one value, no file of them. */
        const char *path =
            yaml_get(source, "targetPath") ? NULL : file_of_source(walker, item, name);
        if (path) {
            bool is_secret = kind && strcmp(kind, "Secret") == 0;
            *VEC_ADD(out) = (struct values_source){path, "", is_secret ? SECRET : NULL};
        }
    }
}

/* ---- a chart in the repository ---- */

static void find_chart(struct walker *walker, struct item *item, source_vec *out)
{
    struct manifest_release_chart chart;
    if (!manifest_release_chart(&walker->walk->tree, item->object->root, item->values_files,
                                walker->arena, &chart)) {
        return;
    }
    if (item->values_files_by) {
        walker_problem(walker, item->values_files_by->file, 1,
                       arena_printf(walker->arena,
                                    "it may patch which valuesFiles %s takes, so versions in them "
                                    "are not seen; write the patch as a merge that names it",
                                    item->name));
        return;
    }
    for (const struct manifest_values *at = chart.values; at; at = at->next) {
        const char *trouble = chart.is_followed ? NULL : NOT_FOLLOWED;
        *VEC_ADD(out) = (struct values_source){at->path, at->prefix, trouble};
    }
    walker_add_file(walker, item, chart.folder);
}

/* ---- from values to slots ---- */

struct release_values {
    struct walker *walker;
    struct item *item;
    const struct values_source *sources;
    size_t source_count;
    const struct chart_file *files;
};

static struct locate_place *in_form(const struct locate_place *place, enum locate_form form,
                                    struct arena *arena)
{
    struct locate_place *copy = ARENA_NEW(arena, struct locate_place);
    *copy = *place;
    copy->form = form;
    copy->next = NULL;
    return copy;
}

/* What is wrong with changing a version in one of the files is wrong with its place there. */
static struct written said_in(const struct release_values *work, struct written said)
{
    struct locate_place *copy = ARENA_NEW(work->walker->arena, struct locate_place);
    *copy = *said.at;
    for (size_t i = 0; i < work->source_count; i++) {
        const struct values_source *source = &work->sources[i];
        if (!copy->trouble && source->trouble && strcmp(source->path, said.file) == 0) {
            copy->trouble = source->trouble;
        }
    }
    said.at = copy;
    return said;
}

static void say(const struct release_values *work, struct slot *slot, struct written said,
                const struct locate_place *base)
{
    struct chart_value *value = ARENA_NEW(work->walker->arena, struct chart_value);
    struct chart_origin *origin = ARENA_NEW(work->walker->arena, struct chart_origin);
    *value = (struct chart_value){slot->container, said, base, work->files};
    origin->value = value;
    slot->origin = origin;
    slot->last = said;
    slot->name = said.at->image;
    slot->tag = said.at->tag;
    slot->digest = said.at->digest;
}

/* The uppermost file that says the version of a place, if only by its tag. */
static bool find_said(const struct release_values *work, const struct locate_place *place,
                      struct slot *slot)
{
    const struct locate_place *base = in_form(place, LOCATE_VALUES_FILE, work->walker->arena);
    for (const struct chart_file *file = work->files; file; file = file->below) {
        const struct locate_place *found = locate_patched(base, file->root, work->walker->arena);
        if (found) {
            say(work, slot, said_in(work, (struct written){file->path, file->text, found}), base);
            return true;
        }
    }
    return false;
}

/* The release's own values, and patches of it, have the last word. */
static void let_release_speak(const struct release_values *work, struct slot *slot)
{
    struct walker *walker = work->walker;
    const struct manifest_object *object = work->item->object;
    const struct locate_place *own = locate_patched(slot->own.at, object->root, walker->arena);
    struct item alone = *work->item;
    alone.slots = slot;
    alone.slot_count = 1;
    if (own) {
        slot->last = (struct written){object->file, object->text, own};
        slot->name = own->image;
        slot->tag = own->tag;
        slot->digest = own->digest;
    }
    const struct passage *above = NULL;
    while (above != work->item->passages) {
        const struct passage *at = work->item->passages;
        while (at->next != above) {
            at = at->next;
        }
        alone.name = at->name;
        alone.namespace = at->namespace;
        walker_patch(walker, at->through, &alone);
        struct hidden hidden = {0};
        walker_read_hidden(walker, at->through, &hidden);
        slot->patched_by = hidden.images ? at->through : slot->patched_by;
        above = at;
    }
}

static struct slot *slot_at(const struct item *item, const char *container)
{
    for (size_t i = 0; i < item->slot_count; i++) {
        if (strcmp(item->slots[i].container, container) == 0) {
            return &item->slots[i];
        }
    }
    return NULL;
}

static bool has_version(const struct slot *slot)
{
    return slot->tag[0] || slot->digest[0];
}

/* A value that the release itself does not name. */
static void add_slot(const struct release_values *work, const struct chart_value *value)
{
    struct item *item = work->item;
    const struct locate_place *place = value->base ? value->base : value->said.at;
    const struct yaml_node *parent = value->said.at->parent;
    struct slot *slot = &item->slots[item->slot_count++];
    struct locate_place *own = in_form(place, LOCATE_VALUES, work->walker->arena);
    own->container = value->path; /* a subchart's own file knows nothing of what is above it */
    *slot = (struct slot){
        .container = value->path,
        .field = value->said.at->whole ? value->said.at->whole : parent,
        .is_shared = parent && (parent->is_alias || parent->alias_count > 0),
        .own = {value->said.file, value->said.text, own},
    };
    say(work, slot, said_in(work, value->said), value->base);
    let_release_speak(work, slot);
}

static bool is_of_subchart(const struct chart_value *value)
{
    return strcmp(value->said.at->container, value->path) != 0;
}

static void take_values(struct release_values *work, const struct chart_value *values, size_t count)
{
    struct item *item = work->item;
    struct slot *slots =
        arena_alloc(work->walker->arena, item->slot_count + count + 1, sizeof(*slots));
    size_t own_count = item->slot_count;
    if (own_count) {
        memcpy(slots, item->slots, own_count * sizeof(*slots));
    }
    item->slots = slots;
    for (size_t i = 0; i < own_count; i++) {
        bool is_value = slots[i].own.at && slots[i].own.at->form == LOCATE_VALUES;
        if (is_value && !has_version(&slots[i])) {
            (void)find_said(work, slots[i].own.at, &slots[i]);
        }
    }
    /* What a chart says itself comes before its subcharts. */
    for (size_t i = 0; i < 2 * count; i++) {
        const struct chart_value *value = &values[i % count];
        if (is_of_subchart(value) == (i >= count) && !slot_at(item, value->path)) {
            add_slot(work, value);
        }
    }
}

static void take_sources(struct walker *walker, struct item *item)
{
    source_vec sources = {0};
    struct release_values work = {.walker = walker, .item = item};
    find_chart(walker, item, &sources);
    find_sources(walker, item, &sources);
    work.sources = sources.items;
    work.source_count = sources.count;
    if (sources.count > 0) {
        walker->has_named_files = true;
        size_t count = 0;
        const struct chart_value *values =
            walker_read_values(walker, sources.items, sources.count, &work.files, &count);
        take_values(&work, values, count);
    }
    VEC_EACH (struct values_source, source, &sources) {
        walker_add_file(walker, item, source->path);
    }
    VEC_DONE(&sources);
}

void walker_add_values(struct walker *walker)
{
    struct walk *walk = walker->walk;
    for (size_t i = 0; i < walk->item_count; i++) {
        if (walk->items[i].kind == WORKLOAD_HELM_RELEASE) {
            take_sources(walker, &walk->items[i]);
        }
    }
}
