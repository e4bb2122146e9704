/* targets: what heddle.yaml names; without it, guesses. */
#include <string.h>

#include "inspect/internal.h"

static void take_pipeline(struct inspector *inspector, const struct pipeline *pipeline)
{
    inspector->result->pipeline = pipeline;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        for (size_t n = 0; n < stage->target_count; n++) {
            if (target_is_elsewhere(&stage->targets[n])) {
                inspector->result->elsewhere_count++;
                continue;
            }
            *VEC_ADD(&inspector->targets) = (struct inspect_target){
                .name = stage->targets[n].cluster,
                .stage = stage->name,
                .path = stage->targets[n].path,
                .evidence = arena_printf(inspector->arena, "%s:%u", PIPELINE_FILE, stage->line),
            };
        }
    }
}

static bool guess(struct inspector *inspector)
{
    inspector->result->is_guessed = true;
    guess_targets(inspector);
    return true;
}

bool find_targets(struct inspector *inspector, struct err *err)
{
    struct slice text = {0};
    struct pipeline *pipeline = NULL;
    struct err why = {0};
    if (!inspector->tree->read(inspector->tree->context, PIPELINE_FILE, inspector->arena, &text,
                               &why)) {
        if (why.kind == ERR_NOT_FOUND) {
            return guess(inspector);
        }
        *err = why;
        return err_wrap(err, PIPELINE_FILE);
    }
    if (!inspector->is_check) {
        bool is_read = configrepo_pipeline(text, PIPELINE_FILE, inspector->arena, &pipeline, err);
        if (is_read) {
            take_pipeline(inspector, pipeline);
        }
        return is_read;
    }
    struct pipeline_trouble *troubles = NULL;
    if (configrepo_pipeline_troubles(text, inspector->arena, &pipeline, &troubles,
                                     &inspector->result->pipeline_trouble_count)) {
        take_pipeline(inspector, pipeline);
        return true;
    }
    inspector->result->pipeline_troubles = troubles;
    return guess(inspector);
}
