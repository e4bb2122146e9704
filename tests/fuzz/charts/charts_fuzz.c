/* An index of Helm charts, in pieces of the size that the first byte says: whatever comes out can
   be shown on one line, and memory does not grow beyond the limits. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "model/image.h"
#include "registry/chart_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

struct pieces {
    struct slice left;
    size_t size;
};

static bool read_piece(void *context, char *buffer, size_t size, size_t *out_length,
                       struct err *err)
{
    struct pieces *pieces = context;
    (void)err;
    size = size < pieces->size ? size : pieces->size;
    *out_length = pieces->left.length < size ? pieces->left.length : size;
    memcpy(buffer, pieces->left.bytes, *out_length);
    pieces->left.bytes += *out_length;
    pieces->left.length -= *out_length;
    return true;
}

static void check(const struct registry_charts *charts)
{
    for (size_t i = 0; i < charts->count; i++) {
        const struct registry_chart *chart = &charts->items[i];
        assert(chart->version && chart->version[0]);
        assert(strlen(chart->version) < IMAGE_TAG_BYTES);
        assert(!strpbrk(chart->version, " \t\r\n"));
        assert(!chart->digest[0] || image_digest_is_valid(chart->digest));
        assert(chart->created_ms >= 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length == 0) {
        return 0;
    }
    struct pieces pieces = {{(const char *)bytes + 1, length - 1}, (size_t)bytes[0] + 1};
    const struct yaml_source source = {read_piece, &pieces};
    struct registry_index_chart asked[] = {{.name = "podinfo"}, {.name = "redis"}};
    struct err err = {0};
    bool is_read = chart_index_read(&source, asked, COUNT_OF(asked), &err);
    assert(is_read || err.kind != ERR_NONE);
    for (size_t i = 0; i < COUNT_OF(asked); i++) {
        assert((is_read && asked[i].err.kind == ERR_NONE) || asked[i].versions.count == 0);
        check(&asked[i].versions);
        registry_charts_done(&asked[i].versions);
    }
    return 0;
}
