/* A webhook's body is anybody's: it gives hints with good names, or none. */
#include <assert.h>
#include <string.h>

#include "registry/registry.h"

#define HINTS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct registry_hint hints[HINTS_MAX];
    size_t count = registry_hints((struct slice){(const char *)bytes, length}, hints, HINTS_MAX);
    assert(count <= HINTS_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(hints[i].repository[0]);
        assert(!hints[i].tag[0] || image_tag_is_valid(hints[i].tag));
    }
    return 0;
}
