/*
 * layers: values of one chart that stand in several files.
 *
 * A stage's own file often says a tag alone, of an image that the chart's values name.  So the
 * files of one chart are known in their order, and what one of them leaves out another one has.
 * Flux takes them from ConfigMaps, too, which kustomizations make of files.
 */
#include "inspect/layers.h"

#include <string.h>

#define TRIALS_MAX 2000000 /* places of one layer seen in another, for a whole repository */

void values_notes_done(struct values_notes *notes)
{
    VEC_EACH (struct values_release, release, &notes->releases) {
        VEC_DONE(&release->sources);
    }
    VEC_DONE(&notes->layers);
    VEC_DONE(&notes->releases);
    VEC_DONE(&notes->made);
}

/* ---- the chart at hand ---- */

static void add_layer(struct values_notes *notes, const char *path, const char *prefix)
{
    if (notes->layers.count < LAYERS_MAX) {
        *VEC_ADD(&notes->layers) = (struct values_layer){.path = path, .prefix = prefix};
    }
}

void values_add_file(struct values_notes *notes, const char *path)
{
    add_layer(notes, path, "");
}

void values_add_chart(struct inspector *inspector, struct values_notes *notes, const char *folder,
                      bool is_replaced)
{
    const struct manifest_values *values =
        manifest_chart_values(inspector->tree, folder, inspector->arena);
    for (; values; values = values->next) {
        bool counts = values->prefix[0] || !is_replaced;
        if (counts && map_has(&inspector->by_path, values->path)) {
            add_layer(notes, values->path, values->prefix);
        }
    }
}

static const struct values_layer *copy_layers(struct inspector *inspector,
                                              const struct values_notes *notes)
{
    size_t count = notes->layers.count;
    struct values_layer *copy = arena_alloc(inspector->arena, count + 1, sizeof(*copy));
    if (count) {
        memcpy(copy, notes->layers.items, count * sizeof(*copy));
    }
    return copy;
}

void values_keep(struct inspector *inspector, struct values_notes *notes, size_t target,
                 bool is_by_kustomize)
{
    if (notes->layers.count > 1 || (is_by_kustomize && notes->layers.count)) {
        *VEC_ADD(&inspector->chains) = (struct values_chain){target, copy_layers(inspector, notes),
                                                             notes->layers.count, is_by_kustomize};
    }
    VEC_CLEAR(&notes->layers);
}

/* ---- HelmReleases ---- */

static const char *source_name(struct inspector *inspector, const char *kind, const char *name,
                               const char *key)
{
    return arena_printf(inspector->arena, "%s/%s/%s", kind, name, key[0] ? key : "values.yaml");
}

void values_note_made(struct inspector *inspector, struct values_notes *notes, const char *kind,
                      const char *name, const char *key, const char *path)
{
    *VEC_ADD(&notes->made) = (struct values_made){source_name(inspector, kind, name, key), path};
}

void values_note_release(struct inspector *inspector, struct values_notes *notes, const char *file,
                         const struct yaml_node *root)
{
    struct arena *arena = inspector->arena;
    const struct yaml_node *from = yaml_at(root, "spec.valuesFrom");
    struct values_release *release = VEC_ADD(&notes->releases);
    *release = (struct values_release){
        .at = {file, "", arena_strdup(arena, text_of(yaml_at(root, "metadata.name"))),
               arena_strdup(arena, text_of(yaml_at(root, "metadata.namespace")))},
        .below = copy_layers(inspector, notes),
        .below_count = notes->layers.count,
    };
    VEC_CLEAR(&notes->layers);
    for (size_t i = 0; from && from->kind == YAML_SEQUENCE && i < from->item_count; i++) {
        const struct yaml_node *source = from->items[i];
        if (!yaml_get(source, "targetPath")) { /* else it is one value, no file of them */
            *VEC_ADD(&release->sources) =
                (struct values_source){source_name(inspector, text_of(yaml_get(source, "kind")),
                                                   text_of(yaml_get(source, "name")),
                                                   text_of(yaml_get(source, "valuesKey"))),
                                       source->line};
        }
    }
}

/* A patch need not name the namespace. */
static bool is_same_release(const struct values_release *a, const struct values_release *b)
{
    bool is_apart =
        a->at.namespace[0] && b->at.namespace[0] && strcmp(a->at.namespace, b->at.namespace) != 0;
    return strcmp(a->at.release, b->at.release) == 0 && !is_apart;
}

static void note_unmade(struct inspector *inspector, const struct values_release *release,
                        const struct values_source *source)
{
    const char *key = strrchr(source->name, '/');
    inspector_unknown(
        inspector, release->at.path, source->line,
        arena_printf(inspector->arena,
                     "the values that HelmRelease/%s takes from %.*s are not seen, and never "
                     "edited: no configMapGenerator makes its %s of a file",
                     release->at.release, (int)(key - source->name), source->name, key + 1));
}

static void add_sources(struct inspector *inspector, struct values_notes *notes,
                        const struct values_release *release)
{
    VEC_EACH (struct values_source, source, &release->sources) {
        size_t before = notes->layers.count;
        VEC_EACH (struct values_made, made, &notes->made) {
            if (strcmp(made->name, source->name) == 0) {
                map_set(&inspector->values_files, made->path, NULL);
                values_add_file(notes, made->path);
            }
        }
        /* Secrets hold what is no version. */
        if (notes->layers.count == before && strncmp(source->name, "ConfigMap/", 10) == 0) {
            note_unmade(inspector, release, source);
        }
    }
}

/* Charts' values, then what it takes from elsewhere, then what it says itself. */
static void keep_release(struct inspector *inspector, struct values_notes *notes, size_t first,
                         size_t target)
{
    const struct values_release *releases = notes->releases.items;
    size_t count = notes->releases.count;
    for (size_t i = first; i < count; i++) {
        const struct values_release *release = &releases[i];
        for (size_t n = 0; is_same_release(&releases[first], release) && n < release->below_count;
             n++) {
            add_layer(notes, release->below[n].path, release->below[n].prefix);
        }
    }
    for (size_t i = first; i < count; i++) {
        if (is_same_release(&releases[first], &releases[i])) {
            add_sources(inspector, notes, &releases[i]);
        }
    }
    for (size_t i = first; i < count && notes->layers.count < LAYERS_MAX; i++) {
        if (is_same_release(&releases[first], &releases[i])) {
            *VEC_ADD(&notes->layers) = releases[i].at;
        }
    }
    values_keep(inspector, notes, target, false);
}

void values_keep_releases(struct inspector *inspector, struct values_notes *notes, size_t target)
{
    const struct values_release *releases = notes->releases.items;
    for (size_t i = 0; i < notes->releases.count; i++) {
        bool is_known = false;
        for (size_t n = 0; n < i; n++) {
            is_known = is_known || is_same_release(&releases[n], &releases[i]);
        }
        if (!is_known) {
            keep_release(inspector, notes, i, target);
        }
    }
}

/* ---- what they say ---- */

static bool is_release(const struct yaml_node *root, const struct values_layer *layer)
{
    const char *namespace = text_of(yaml_at(root, "metadata.namespace"));
    return strcmp(text_of(yaml_get(root, "kind")), "HelmRelease") == 0 &&
           strcmp(text_of(yaml_at(root, "metadata.name")), layer->release) == 0 &&
           strcmp(namespace, layer->namespace) == 0;
}

void values_reader_done(struct values_reader *reader)
{
    map_done(&reader->documents);
    map_done(&reader->views);
}

static struct yaml_document *documents_of(struct values_reader *reader, const char *path)
{
    struct yaml_document *documents = map_get(&reader->documents, path);
    struct slice text = {0};
    struct err ignored = {0}; /* find_places() says it */
    if (documents || map_has(&reader->documents, path)) {
        return documents;
    }
    if (!reader->tree->read(reader->tree->context, path, reader->arena, &text, &ignored) ||
        !yaml_parse(reader->arena, text, &documents, &ignored)) {
        documents = NULL;
    }
    map_set(&reader->documents, path, documents);
    return documents;
}

static struct yaml_node *root_of(struct values_reader *reader, const struct values_layer *layer)
{
    struct yaml_document *document = documents_of(reader, layer->path);
    while (document && layer->release && !(document->root && is_release(document->root, layer))) {
        document = document->next;
    }
    return document ? document->root : NULL;
}

const struct values_view *values_view(struct values_reader *reader,
                                      const struct values_layer *layer)
{
    const char *key =
        arena_printf(reader->arena, "%s\n%s\n%s", layer->path, layer->release ? layer->release : "",
                     layer->release ? layer->namespace : "");
    struct values_view *view = map_get(&reader->views, key);
    if (view) {
        return view;
    }
    view = ARENA_NEW(reader->arena, struct values_view);
    view->root = root_of(reader, layer);
    struct yaml_document document = {.root = view->root};
    const struct locate_file file = {
        .path = layer->path, .text = {"", 0}, .documents = &document, .is_values = !layer->release};
    view->places = view->root ? locate_places(&file, reader->arena) : NULL;
    map_set(&reader->views, key, view);
    return view;
}

const struct locate_place *values_named(const struct locate_place *place,
                                        const struct values_layer *layer,
                                        const struct yaml_node *object, struct arena *arena)
{
    struct locate_place *copy = ARENA_NEW(arena, struct locate_place);
    *copy = *place;
    copy->next = NULL;
    copy->form = object ? LOCATE_VALUES : LOCATE_VALUES_FILE;
    copy->container = arena_printf(arena, "%s%s", layer->prefix, place->container);
    if (object) {
        copy->api_version = text_of(yaml_get(object, "apiVersion"));
        copy->kind = text_of(yaml_get(object, "kind"));
        copy->name = text_of(yaml_at(object, "metadata.name"));
        copy->namespace = text_of(yaml_at(object, "metadata.namespace"));
    }
    return copy;
}

/* ---- tags alone ---- */

struct layer_work {
    struct inspector *inspector;
    const struct values_chain *chain;
    const struct values_view **views; /* of its layers */
    struct map *known;                /* "file:line:column" of partial places */
};

static bool is_value(const struct values_layer *layer, const struct locate_place *place)
{
    return place->form == (layer->release ? LOCATE_VALUES : LOCATE_VALUES_FILE);
}

static bool says_itself(struct layer_work *work, size_t at, const struct locate_place *found)
{
    const struct values_layer *layer = &work->chain->layers[at];
    for (const struct locate_place *own = work->views[at]->places; own; own = own->next) {
        if (is_value(layer, own) && own->line == found->line && own->column == found->column) {
            return true;
        }
    }
    return false;
}

static void add_partial(struct layer_work *work, const struct values_layer *layer,
                        const struct locate_place *found, const struct locate_place *base,
                        const char *base_file)
{
    struct inspector *inspector = work->inspector;
    const char *key =
        arena_printf(inspector->arena, "%s:%u:%u", layer->path, found->line, found->column);
    if (!map_set(work->known, key, (void *)1)) {
        places_add_partial(inspector, layer->path, found, base, base_file);
    }
}

/* Below a layer that says the whole image, nobody hears another one.  The objects of a release are
   in no order: which of them patches the other is not known here. */
static bool is_heard(const struct layer_work *work, size_t at, size_t of,
                     const struct locate_place *place)
{
    const struct values_layer *layer = &work->chain->layers[at];
    bool has_version = place->tag[0] || place->digest[0];
    bool is_object = layer->release && work->chain->layers[of].release;
    return !layer->prefix[0] && strcmp(layer->path, work->chain->layers[of].path) != 0 &&
           (at > of || is_object || !has_version);
}

static void find_in_layer(struct layer_work *work, size_t at, const struct values_layer *of,
                          const struct locate_place *place)
{
    struct inspector *inspector = work->inspector;
    const struct values_layer *layer = &work->chain->layers[at];
    if (++inspector->layer_trials > TRIALS_MAX) {
        return;
    }
    struct yaml_node *root = work->views[at]->root;
    const struct locate_place *base =
        values_named(place, of, layer->release ? root : NULL, inspector->arena);
    const struct locate_place *found = root ? locate_patched(base, root, inspector->arena) : NULL;
    if (found && found->image[0] && !says_itself(work, at, found)) {
        add_partial(work, layer, found, base, of->path);
    }
}

static void find_of_layer(struct layer_work *work, size_t of)
{
    const struct values_chain *chain = work->chain;
    for (const struct locate_place *place = work->views[of]->places; place; place = place->next) {
        for (size_t at = 0; is_value(&chain->layers[of], place) && at < chain->count; at++) {
            if (is_heard(work, at, of, place)) {
                find_in_layer(work, at, &chain->layers[of], place);
            }
        }
    }
}

static void find_in_chain(struct inspector *inspector, struct values_reader *reader,
                          const struct values_chain *chain, struct map *known)
{
    struct layer_work work = {
        .inspector = inspector,
        .chain = chain,
        .views = arena_alloc(inspector->arena, chain->count + 1, sizeof(*work.views)),
        .known = known,
    };
    for (size_t i = 0; i < chain->count; i++) {
        work.views[i] = values_view(reader, &chain->layers[i]);
    }
    for (size_t of = 0; of < chain->count; of++) {
        find_of_layer(&work, of);
    }
}

void find_partial_places(struct inspector *inspector)
{
    AUTO(map_done) struct map known = {0};
    AUTO(values_reader_done)
    struct values_reader reader = {.tree = inspector->tree, .arena = inspector->arena};
    VEC_EACH (struct values_chain, chain, &inspector->chains) {
        if (chain->count > 1) {
            find_in_chain(inspector, &reader, chain, &known);
        }
    }
}
