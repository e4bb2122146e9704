/* targets: what heddle.yaml names; without it, guesses. */
#include <string.h>

#include "configrepo/configrepo.h"
#include "inspect/internal.h"

static void take_pipeline(struct inspector *inspector, const struct pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        for (size_t n = 0; n < stage->target_count; n++) {
            *VEC_ADD(&inspector->targets) = (struct inspect_target){
                arena_strdup(inspector->arena, stage->targets[n].cluster),
                arena_strdup(inspector->arena, stage->name),
                arena_strdup(inspector->arena, stage->targets[n].path),
                arena_printf(inspector->arena, "%s:%u", INSPECT_PIPELINE_FILE, stage->line),
            };
        }
    }
}

static void take_fields(struct inspector *inspector, const struct pipeline *pipeline)
{
    size_t count = pipeline->image_field_count;
    struct image_field *fields = arena_alloc(inspector->arena, count + 1, sizeof(*fields));
    for (size_t i = 0; i < count; i++) {
        fields[i].kind = arena_strdup(inspector->arena, pipeline->image_fields[i].kind);
        fields[i].path = arena_strdup(inspector->arena, pipeline->image_fields[i].path);
    }
    inspector->result->fields = fields;
    inspector->result->field_count = count;
}

bool find_targets(struct inspector *inspector, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct slice text = {0};
    struct pipeline *pipeline = NULL;
    struct err why = {0};
    if (!inspector->tree->read(inspector->tree->context, INSPECT_PIPELINE_FILE, arena, &text,
                               &why)) {
        if (why.kind != ERR_NOT_FOUND) {
            *err = why;
            return err_wrap(err, INSPECT_PIPELINE_FILE);
        }
        inspector->result->is_guessed = true;
        guess_targets(inspector);
        return true;
    }
    if (!configrepo_pipeline(text, INSPECT_PIPELINE_FILE, arena, &pipeline, err)) {
        return false;
    }
    take_pipeline(inspector, pipeline);
    take_fields(inspector, pipeline);
    return true;
}
