/* The branches that releases commit to, as the engine believes them. */
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

const struct ref_view *git_view_ref(const struct git_view *view, const char *repository,
                                    const char *branch)
{
    for (size_t i = 0; i < view->ref_count; i++) {
        const struct ref_view *ref = &view->refs[i];
        if (strcmp(ref->repository, repository) == 0 && strcmp(ref->branch, branch) == 0) {
            return ref;
        }
    }
    return NULL;
}

const struct ref_view *ref_of(const struct promote *engine, const struct release *release)
{
    return ref_of_wave(engine, release, release->wave);
}

const struct ref_view *ref_of_wave(const struct promote *engine, const struct release *release,
                                   int wave)
{
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        const struct target_view *target =
            item->wave == wave ? target_find(engine, item->target) : NULL;
        if (target) {
            return target->ref;
        }
    }
    return NULL;
}

const char *ref_head(const struct promote *engine, const struct ref_view *ref)
{
    return engine->heads[ref - engine->git->refs];
}

void ref_pushed(struct promote *engine, const struct promote_act *act)
{
    const struct ref_view *ref =
        engine->git ? git_view_ref(engine->git, act->repository, act->branch) : NULL;
    if (ref) {
        TEXT_COPY_CUT(engine->heads[ref - engine->git->refs], act->commit);
    }
}

void refs_reset(struct promote *engine)
{
    free(engine->heads);
    engine->heads = xcalloc(engine->git->ref_count, sizeof(*engine->heads));
    for (size_t i = 0; i < engine->git->ref_count; i++) {
        TEXT_COPY_CUT(engine->heads[i], engine->git->refs[i].head);
    }
}

void ref_put(const struct ref_view *ref, struct promote_act *act)
{
    TEXT_COPY_CUT(act->repository, ref->repository);
    TEXT_COPY_CUT(act->branch, ref->branch);
}

static bool is_before(const struct stage *stage, const char *name)
{
    for (size_t i = 0; i < stage->from_count; i++) {
        if (strcmp(stage->from[i], name) == 0) {
            return true;
        }
    }
    return false;
}

const struct ref_view *promote_rewritten(const struct promote *engine, const struct stage *stage)
{
    const struct git_view *git = engine->git;
    if (git->refs[0].is_rewritten) {
        return &git->refs[0];
    }
    for (size_t i = 0; i < git->target_count; i++) {
        const struct target_view *target = &git->targets[i];
        bool concerns =
            strcmp(target->stage->name, stage->name) == 0 || is_before(stage, target->stage->name);
        if (concerns && target->ref->is_rewritten) {
            return target->ref;
        }
    }
    return NULL;
}
