/*
 * values: what Flux's HelmReleases take from files: those of a chart in the repository, and what
 * kustomizations make ConfigMaps of.
 *
 * Flux puts the chart's files on top of each other, then the sources of spec.valuesFrom, and the
 * release's own values on top of all.  A file is a file: the version that it says is read and
 * edited there.  Names of ConfigMaps are those before kustomize adds its hash.  Argo CD's
 * Applications take files of the repository, too, below their values and parameters.
 */
#include <string.h>

#include "configrepo/walker.h"

#define MADE_MAX 10000 /* of one target */
#define SECRET "it becomes a Secret, which heddle leaves alone; say versions in a ConfigMap"
#define NOT_FOLLOWED                                                                               \
    "Flux takes what a chart's files say only with another version of the chart; write "           \
    "\"reconcileStrategy: Revision\" beside the chart in the HelmRelease"

#define PINNED                                                                                     \
    "the Application takes it from the targetRevision that it names, not from the branch; write "  \
    "the branch there"

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

static void note_patched(struct walker *walker, const struct item *item, const char *field)
{
    walker_problem(walker, item->values_files_by->file, 1,
                   arena_printf(walker->arena,
                                "it may patch which %s %s takes, so versions in them are not "
                                "seen; %s",
                                field, item->name,
                                item->kind == WORKLOAD_HELM_RELEASE
                                    ? "write the patch as a merge that names it"
                                    : "write them in the Application itself"));
}

static void find_chart(struct walker *walker, struct item *item, source_vec *out)
{
    struct manifest_release_chart chart;
    if (!manifest_release_chart(&walker->walk->tree, item->object->root, item->values_files,
                                walker->arena, &chart)) {
        return;
    }
    if (item->values_files_by) {
        note_patched(walker, item, "valuesFiles");
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
    const struct locate_source *source; /* of an Application; NULL: it is a HelmRelease */
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

/* The value of these keys as the object itself would say it. */
static struct locate_place *own_form(const struct release_values *work,
                                     const struct locate_place *place, const char *path)
{
    struct arena *arena = work->walker->arena;
    struct locate_place *copy = in_form(place, work->source ? LOCATE_ARGOCD : LOCATE_VALUES, arena);
    copy->container = path;
    if (work->source) {
        copy->keys = locate_source_keys(work->source, path, arena);
        copy->container = arena_printf(arena, "%s%s", path, work->source->suffix);
    }
    return copy;
}

/* The keys of a place of the object's own values; NULL: it is none of them. */
static const char *path_of(const struct release_values *work, const struct locate_place *at)
{
    if (!at) {
        return NULL;
    }
    return work->source                ? locate_source_path(work->source, at)
           : at->form == LOCATE_VALUES ? at->container
                                       : NULL;
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
    const char *path = path_of(work, slot->own.at);
    *value = (struct chart_value){path ? path : slot->container, said, base, work->files};
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
    struct locate_place *base = in_form(place, LOCATE_VALUES_FILE, work->walker->arena);
    base->container = path_of(work, place);
    for (const struct chart_file *file = work->files; file; file = file->below) {
        const struct locate_place *found = locate_patched(base, file->root, work->walker->arena);
        if (found) {
            say(work, slot, said_in(work, (struct written){file->path, file->text, found}), base);
            return true;
        }
    }
    return false;
}

/* YAML in YAML: it counts, and is not edited. */
static const struct locate_place *said_by_text(const struct release_values *work,
                                               const struct slot *slot)
{
    struct arena *arena = work->walker->arena;
    const struct yaml_node *text = yaml_at(work->source->node, "helm.values");
    struct yaml_document *document = NULL;
    struct err ignored = {0}; /* Argo CD says it */
    if (!text || text->kind != YAML_SCALAR || yaml_at(work->source->node, "helm.valuesObject") ||
        !yaml_parse(arena, (struct slice){text->text, text->text_length}, &document, &ignored) ||
        !document || !document->root) {
        return NULL;
    }
    struct locate_place *base = in_form(slot->last.at, LOCATE_VALUES_FILE, arena);
    base->container = path_of(work, slot->own.at);
    struct locate_place *found = locate_patched(base, document->root, arena);
    if (found) {
        found->line = text->line;
        found->column = text->column;
        found->trouble =
            "helm.values is a text, which is not edited; write it as helm.valuesObject";
    }
    return found;
}

/* What is found is completed by what the files say. */
static const struct locate_place *said_by_application(const struct release_values *work,
                                                      const struct slot *slot)
{
    struct arena *arena = work->walker->arena;
    const struct locate_place *own = locate_patched(slot->own.at, work->item->object->root, arena);
    own = own ? own : said_by_text(work, slot);
    struct locate_place *below = in_form(slot->own.at, LOCATE_ARGOCD, arena);
    below->image = own ? own->image : slot->name;
    below->tag = own ? own->tag : slot->tag;
    below->digest = own ? own->digest : slot->digest;
    const struct locate_place *last = locate_parameter(below, work->source, arena);
    return last ? last : own;
}

static const struct locate_place *said_by_object(const struct release_values *work,
                                                 const struct slot *slot)
{
    return work->source
               ? said_by_application(work, slot)
               : locate_patched(slot->own.at, work->item->object->root, work->walker->arena);
}

/* The release's own values, and patches of it, have the last word. */
static void let_release_speak(const struct release_values *work, struct slot *slot)
{
    struct walker *walker = work->walker;
    const struct manifest_object *object = work->item->object;
    const struct locate_place *own = said_by_object(work, slot);
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

static bool has_slot(const struct release_values *work, const char *path)
{
    bool is_there = false;
    for (size_t i = 0; i < work->item->slot_count; i++) {
        const char *its = path_of(work, work->item->slots[i].own.at);
        is_there = is_there || (its && strcmp(its, path) == 0);
    }
    return is_there;
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
    /* A subchart's own file knows nothing of what is above it. */
    struct locate_place *own = own_form(work, place, value->path);
    *slot = (struct slot){
        .container = own->container,
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

static void add_slots(struct release_values *work, const struct chart_value *values, size_t count,
                      bool of_subcharts)
{
    for (size_t i = 0; i < count; i++) {
        if (is_of_subchart(&values[i]) == of_subcharts && !has_slot(work, values[i].path)) {
            add_slot(work, &values[i]);
        }
    }
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
        if (path_of(work, slots[i].own.at) && !has_version(&slots[i])) {
            (void)find_said(work, slots[i].own.at, &slots[i]);
        }
    }
    /* What a chart says itself comes before its subcharts. */
    add_slots(work, values, count, false);
    add_slots(work, values, count, true);
}

static void take_sources(struct release_values *work, const source_vec *sources)
{
    struct walker *walker = work->walker;
    work->sources = sources->items;
    work->source_count = sources->count;
    if (sources->count > 0) {
        walker->has_named_files = true;
        size_t count = 0;
        const struct chart_value *values =
            walker_read_values(walker, sources->items, sources->count, &work->files, &count);
        take_values(work, values, count);
    }
    VEC_EACH (const struct values_source, source, sources) {
        walker_add_file(walker, work->item, source->path);
    }
}

static void take_by_release(struct walker *walker, struct item *item)
{
    source_vec sources = {0};
    struct release_values work = {.walker = walker, .item = item};
    find_chart(walker, item, &sources);
    find_sources(walker, item, &sources);
    take_sources(&work, &sources);
    VEC_DONE(&sources);
}

static void take_by_source(struct walker *walker, struct item *item,
                           const struct locate_source *source)
{
    source_vec sources = {0};
    struct release_values work = {.walker = walker, .item = item, .source = source};
    struct manifest_release_chart chart;
    if (!manifest_source_chart(&walker->walk->tree, item->object->root, source->node, walker->arena,
                               &chart)) {
        return;
    }
    for (const struct manifest_values *at = chart.values; at; at = at->next) {
        *VEC_ADD(&sources) =
            (struct values_source){at->path, at->prefix, at->is_pinned ? PINNED : NULL};
    }
    if (chart.folder) {
        walker_add_file(walker, item, chart.folder);
    }
    take_sources(&work, &sources);
    VEC_DONE(&sources);
}

static void take_by_application(struct walker *walker, struct item *item)
{
    struct locate_source sources[LOCATE_SOURCES_MAX];
    size_t count = locate_sources(item->object->root, walker->arena, sources);
    if (item->values_files_by) {
        note_patched(walker, item, "valueFiles");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        take_by_source(walker, item, &sources[i]);
    }
}

void walker_add_values(struct walker *walker)
{
    struct walk *walk = walker->walk;
    for (size_t i = 0; i < walk->item_count; i++) {
        if (walk->items[i].kind == WORKLOAD_HELM_RELEASE) {
            take_by_release(walker, &walk->items[i]);
        } else if (walk->items[i].kind == WORKLOAD_APPLICATION) {
            take_by_application(walker, &walk->items[i]);
        }
    }
}
