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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length == 0) {
        return 0;
    }
    struct pieces pieces = {{(const char *)bytes + 1, length - 1}, (size_t)bytes[0] + 1};
    const struct yaml_source source = {read_piece, &pieces};
    struct registry_charts charts = {0};
    struct err err = {0};
    if (chart_index_read(&source, "podinfo", &charts, &err)) {
        for (size_t i = 0; i < charts.count; i++) {
            assert(charts.items[i].version && charts.items[i].version[0]);
            assert(strlen(charts.items[i].version) < IMAGE_TAG_BYTES);
            assert(!strpbrk(charts.items[i].version, " \t\r\n"));
            assert(charts.items[i].created_ms >= 0);
        }
    } else {
        assert(err.kind != ERR_NONE && charts.count == 0);
    }
    registry_charts_done(&charts);
    return 0;
}
