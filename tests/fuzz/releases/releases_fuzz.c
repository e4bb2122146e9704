/* A HelmRelease and the sources of its chart, one document each: what is found of the chart can be
   reported, and is set to another version or refused; doing it again changes nothing. */
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
