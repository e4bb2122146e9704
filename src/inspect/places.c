/* places: every version of every file. */
#include <stdlib.h>
#include <string.h>

#include "inspect/layers.h"

static void keep_text(struct inspector *inspector, const char **text)
{
    *text = arena_strdup(inspector->arena, *text);
}

/* The place without its nodes, which die with the file's arena. */
static void add_place(struct inspector *inspector, const struct inspect_file *file,
                      const struct locate_place *found)
{
    struct inspect_place *place = VEC_ADD(&inspector->places);
    place->file = file;
    place->at = *found;
    const char **texts[] = {&place->at.api_version, &place->at.kind,      &place->at.namespace,
                            &place->at.name,        &place->at.container, &place->at.image,
                            &place->at.tag,         &place->at.digest,    &place->at.value};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        keep_text(inspector, texts[i]);
    }
    place->at.whole = place->at.tag_node = place->at.digest_node = NULL;
    place->at.parent = NULL;
    place->at.next = NULL;
}

/* A marked tag whose image nobody could name is the same place. */
static struct inspect_place *nameless_at(struct inspector *inspector,
                                         const struct inspect_file *file,
                                         const struct locate_place *found)
{
    VEC_EACH (struct inspect_place, place, &inspector->places) {
        if (place->file == file && place->at.line == found->line &&
            place->at.column == found->column && !place->at.image[0]) {
            return place;
        }
    }
    return NULL;
}

void places_add_partial(struct inspector *inspector, const char *path,
                        const struct locate_place *found, const struct locate_place *base,
                        const char *base_file)
{
    const struct inspect_file *file = inspection_file(inspector->result, path);
    struct inspect_place *nameless = file ? nameless_at(inspector, file, found) : NULL;
    if (!file) {
        return;
    }
    add_place(inspector, file, found);
    struct inspect_place *added = &inspector->places.items[inspector->places.count - 1];
    added->base = base;
    added->base_file = base_file;
    if (nameless) {
        *nameless = *added;
        inspector->places.count--;
    }
}

static int by_file(const void *left, const void *right)
{
    const struct inspect_place *a = left;
    const struct inspect_place *b = right;
    if (a->file != b->file) {
        return a->file < b->file ? -1 : 1;
    }
    if (a->at.line != b->at.line) {
        return a->at.line < b->at.line ? -1 : 1;
    }
    if (a->at.column != b->at.column) {
        return a->at.column < b->at.column ? -1 : 1;
    }
    return (int)a->at.form - (int)b->at.form;
}

/* yaml's errors begin with "line N". */
static unsigned line_of(const char *text)
{
    static const char start[] = "line ";
    return strncmp(text, start, strlen(start)) == 0
               ? (unsigned)strtoul(text + strlen(start), NULL, 10)
               : 0;
}

struct locate_file file_to_locate(const struct inspection *inspection, const char *path,
                                  bool is_values)
{
    const struct pipeline *pipeline = inspection->pipeline;
    return (struct locate_file){
        .path = path,
        .is_values = is_values,
        .fields = pipeline ? pipeline->image_fields : NULL,
        .field_count = pipeline ? pipeline->image_field_count : 0,
    };
}

static void look(struct inspector *inspector, const struct inspect_file *file)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct yaml_document *documents = NULL;
    struct err err = {0};
    struct locate_file wanted = file_to_locate(inspector->result, file->path,
                                               map_has(&inspector->values_files, file->path));
    if (!inspector_parse(inspector, file->path, arena, &wanted.text, &documents, &err)) {
        inspector_problem(inspector, file->path, line_of(err.text), err.text);
        return;
    }
    wanted.documents = documents;
    for (const struct locate_place *place = locate_places(&wanted, arena); place;
         place = place->next) {
        add_place(inspector, file, place);
    }
}

/* The files as others may see them. */
static void hand_over_files(struct inspector *inspector)
{
    struct inspection *result = inspector->result;
    size_t count = inspector->files.count;
    result->files = arena_alloc(inspector->arena, count + 1, sizeof(*result->files));
    for (size_t i = 0; i < count; i++) {
        const struct found_file *found = inspector->files.items[i];
        size_t users = found->targets.count;
        size_t *targets = arena_alloc(inspector->arena, users + 1, sizeof(*targets));
        const char **parents = arena_alloc(inspector->arena, users + 1, sizeof(*parents));
        if (users) {
            memcpy(targets, found->targets.items, users * sizeof(*targets));
            memcpy(parents, found->parents.items, users * sizeof(*parents));
        }
        result->files[i] = (struct inspect_file){found->path, targets, parents, users};
    }
    result->file_count = count;
}

void find_places(struct inspector *inspector)
{
    hand_over_files(inspector);
    for (size_t i = 0; i < inspector->result->file_count; i++) {
        look(inspector, &inspector->result->files[i]);
    }
    size_t whole = inspector->places.count;
    find_partial_places(inspector);
    if (inspector->places.count > whole) {
        sort_items(inspector->places.items, inspector->places.count,
                   sizeof(*inspector->places.items), by_file);
    }
}
