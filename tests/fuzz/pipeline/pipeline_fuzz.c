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
    struct pipeline_trouble *troubles = NULL;
    size_t count = 0;
    bool is_good = configrepo_pipeline_troubles(text, arena, &pipeline, &troubles, &count);
    assert(is_good == (count == 0) && count <= PIPELINE_TROUBLES_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(troubles[i].line >= 1 && troubles[i].column >= 1 && troubles[i].text[0]);
        assert(i == 0 || troubles[i - 1].line <= troubles[i].line);
    }
    if (!configrepo_pipeline(text, "heddle.yaml", arena, &pipeline, &err)) {
        assert(!is_good);
        assert(strncmp(err.text, "heddle.yaml", strlen("heddle.yaml")) == 0);
        return 0;
    }
    assert(pipeline->stage_count <= PIPELINE_STAGES_MAX);
    assert(pipeline_check(pipeline, &err));
    return 0;
}
