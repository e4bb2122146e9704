/* heddle.yaml comes from a repository: it is read whole, or refused with a place and a reason. */
#include <assert.h>
#include <string.h>

#include "configrepo/configrepo.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pipeline *pipeline = NULL;
    struct err err = {0};
    struct slice text = {(const char *)bytes, length};
    if (!configrepo_pipeline(text, "heddle.yaml", arena, &pipeline, &err)) {
        assert(strncmp(err.text, "heddle.yaml", strlen("heddle.yaml")) == 0);
        return 0;
    }
    assert(pipeline->stage_count <= PIPELINE_STAGES_MAX);
    assert(pipeline_check(pipeline, &err));
    return 0;
}
