/* A HelmRelease and the sources of its chart, or an Application, one document each: what is found
   of the chart can be reported, and is set to another version or refused; doing it again changes
   nothing. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "locate/locate.h"
#include "model/chart.h"

#define DOCUMENTS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_image(const struct locate_place *place)
{
    struct image image;
    struct image again;
    if (chart_image(place->image, place->tag, place->digest, &image)) {
        AUTO_JSON *value = image_to_json(&image);
        assert(image_from_json(value, &again));
        assert(strcmp(again.repository, image.repository) == 0);
    }
    assert(!place->is_floating || place->trouble);
}

static struct locate_place *chart_at(const struct yaml_document *document, unsigned index,
                                     struct arena *arena)
{
    while (document && document->index != index) {
        document = document->next;
    }
    return document && document->root ? locate_chart(document->root, NULL, arena) : NULL;
}

/* Only what was meant has changed, and it says so. */
static void set_version(struct slice text, const struct yaml_document *documents, unsigned index,
                        const struct locate_place *place, struct arena *arena)
{
    locate_amendments amendments = {0};
    struct yaml_document *after = NULL;
    struct err err = {0};
    AUTO_STR(out, 100000);
    const char *trouble = locate_amend(place, "9.9.9", "", arena, &amendments);
    if (!trouble && yaml_amend(text, documents, amendments.items, amendments.count, &out, &err)) {
        assert(yaml_parse(arena, str_slice(&out), &after, &err));
        const struct locate_place *now = chart_at(after, index, arena);
        assert(now && strcmp(now->tag, "9.9.9") == 0 && !now->digest[0] && !now->is_floating);
    }
    VEC_DONE(&amendments);
}

/* ---- Applications ---- */

static struct yaml_node *root_at(const struct yaml_document *document, unsigned index)
{
    while (document && document->index != index) {
        document = document->next;
    }
    return document ? document->root : NULL;
}

struct source_at {
    struct slice text;
    const struct yaml_document *documents, *document;
    size_t source, nth;
};

/* The same place of the same source says the new version, and is found by its keys in a patch. */
static void set_in_source(const struct source_at *is, const struct locate_place *place,
                          struct arena *arena)
{
    locate_amendments amendments = {0};
    struct yaml_document *after = NULL;
    struct locate_source sources[LOCATE_SOURCES_MAX];
    struct err err = {0};
    AUTO_STR(out, 100000);
    const char *trouble = locate_amend(place, "9.9.9", "", arena, &amendments);
    (void)locate_patched(place, is->document->root, arena);
    if (!trouble && !place->is_repeated &&
        yaml_amend(is->text, is->documents, amendments.items, amendments.count, &out, &err) &&
        yaml_parse(arena, str_slice(&out), &after, &err)) {
        struct yaml_node *root = root_at(after, is->document->index);
        size_t count = root ? locate_sources(root, arena, sources) : 0;
        const struct locate_place *now =
            is->source < count ? locate_source_places(root, &sources[is->source], arena) : NULL;
        for (size_t i = 0; now && i < is->nth; i++) {
            now = now->next;
        }
        assert(now && strcmp(now->tag, "9.9.9") == 0 && !now->digest[0]);
    }
    VEC_DONE(&amendments);
}

static void check_application(struct source_at is, struct arena *arena)
{
    struct locate_source sources[LOCATE_SOURCES_MAX];
    size_t count = locate_sources(is.document->root, arena, sources);
    for (is.source = 0; is.source < count && is.source < DOCUMENTS_MAX; is.source++) {
        (void)locate_loose_parameter(&sources[is.source], arena);
        const struct locate_place *place =
            locate_source_places(is.document->root, &sources[is.source], arena);
        for (is.nth = 0; place && is.nth < DOCUMENTS_MAX; place = place->next, is.nth++) {
            assert(place->container && place->image && place->tag && place->digest);
            assert(!place->is_floating || place->trouble);
            set_in_source(&is, place, arena);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length > 20000) {
        return 0;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct slice text = {(const char *)bytes, length};
    struct yaml_document *documents = NULL;
    struct err err = {0};
    struct locate_reference reference;
    if (!yaml_parse(arena, text, &documents, &err)) {
        return 0;
    }
    size_t count = 0;
    for (const struct yaml_document *a = documents; a && count < DOCUMENTS_MAX; a = a->next) {
        struct locate_place *own = a->root ? locate_chart(a->root, NULL, arena) : NULL;
        bool refers = a->root && locate_chart_holder(a->root, &reference);
        assert(!refers || reference.name[0]);
        if (a->root) {
            check_application((struct source_at){text, documents, a, 0, 0}, arena);
        }
        if (own) {
            check_image(own);
            set_version(text, documents, a->index, own, arena);
        }
        for (const struct yaml_document *b = documents; own && b; b = b->next) {
            const struct locate_place *with =
                b->root ? locate_chart(a->root, b->root, arena) : NULL;
            const struct locate_place *patched =
                b->root ? locate_patched(own, b->root, arena) : NULL;
            if (with) {
                check_image(with);
            }
            assert(!patched || patched->form == LOCATE_CHART);
        }
        count++;
    }
    return 0;
}
