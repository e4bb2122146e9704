/* Commits that people make themselves: releases of kind config that follow the rollout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

static struct release *new_release(struct promote *engine, const struct git_view *view,
                                   const struct foreign_change *first, struct arena *arena)
{
    struct release *release = ARENA_NEW(arena, struct release);
    release->kind = RELEASE_CONFIG;
    TEXT_COPY_CUT(release->stage, first->stage);
    TEXT_COPY_CUT(release->actor, first->author);
    TEXT_COPY_CUT(release->reason, first->subject);
    TEXT_COPY_CUT(release->why, "A commit changed its configuration.");
    release->phase = RELEASE_SYNCING;
    release->created_ms = release->phase_ms = now_of(engine);
    release->wave_count = 1;
    TEXT_COPY_CUT(release->commits[0], first->commit);
    release->is_pushed = true;
    release->items = arena_alloc(arena, view->change_count, sizeof(*release->items));
    return release;
}

static void add_item(struct release *release, const struct foreign_change *change,
                     struct arena *arena)
{
    struct release_item *item = &release->items[release->item_count++];
    TEXT_COPY_CUT(item->workload, change->workload);
    TEXT_COPY_CUT(item->target, change->target);
    item->state = ITEM_COMMITTED;
    item->since_ms = release->created_ms;
    item->change_count = change->image_count;
    item->changes = arena_alloc(arena, change->image_count, sizeof(*item->changes));
    if (change->image_count) {
        memcpy(item->changes, change->images, change->image_count * sizeof(*item->changes));
    }
}

/* A stage's targets may be on several branches, and a commit is on one. */
static bool go_together(const struct foreign_change *a, const struct foreign_change *b)
{
    return strcmp(a->stage, b->stage) == 0 && strcmp(a->commit, b->commit) == 0;
}

static bool is_first(const struct git_view *view, const bool *is_claimed, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (!is_claimed[i] && go_together(&view->changes[i], &view->changes[index])) {
            return false;
        }
    }
    return true;
}

void config_releases(struct promote *engine, const struct git_view *before,
                     const struct git_view *view)
{
    AUTO(xfree) bool *is_claimed = xcalloc(view->change_count + 1, sizeof(*is_claimed));
    for (size_t i = 0; i < view->change_count; i++) {
        is_claimed[i] = pull_claims(engine, before, &view->changes[i]);
    }
    for (size_t i = 0; i < view->change_count; i++) {
        if (is_claimed[i] || !is_first(view, is_claimed, i)) {
            continue;
        }
        struct arena *arena = arena_new();
        struct release *release = new_release(engine, view, &view->changes[i], arena);
        for (size_t n = i; n < view->change_count; n++) {
            if (!is_claimed[n] && go_together(&view->changes[i], &view->changes[n])) {
                add_item(release, &view->changes[n], arena);
            }
        }
        /* The same commit seen twice, by a server that died in between, is one release. */
        char key[64];
        snprintf(key, sizeof(key), "config %.20s %.40s", view->changes[i].commit, release->stage);
        int64_t id = 0;
        struct err err = {0};
        if (!run_begin(engine, arena, release, NULL, key, &id, &err)) {
            engine->ports.fetch_soon(engine->ports.context);
        }
    }
}
