#include "promote/promote.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

#define STUCK_MS_DEFAULT 60000
/* Kubernetes' own progressDeadlineSeconds is 600 s. */
#define ROLLOUT_MS_DEFAULT 600000
#define RETRY_MS_DEFAULT 1000
/* With reviews and checks a look is three or four questions; hosts allow some thousand an hour. */
#define PULL_MS_DEFAULT 15000
/* Each new commit begins the host's checks anew; a busy branch must leave them time to end. */
#define REBASE_MS_DEFAULT 300000

int64_t now_of(const struct promote *engine)
{
    return env_now_ms(engine->env);
}

static bool load_active(struct promote *engine, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release_list active;
    if (!store_release_active(engine->store, arena, &active, err)) {
        return false;
    }
    for (size_t i = 0; i < active.count; i++) {
        struct arena *own = arena_new();
        struct release *release = NULL;
        if (!store_release_get(engine->store, active.releases[i]->id, own, &release, err)) {
            arena_free(&own);
            return false;
        }
        run_adopt(engine, own, release);
    }
    return true;
}

static void set_patience(struct promote_patience *patience)
{
    const struct {
        int64_t *ms, otherwise;
    } rows[] = {{&patience->stuck_ms, STUCK_MS_DEFAULT},
                {&patience->rollout_ms, ROLLOUT_MS_DEFAULT},
                {&patience->retry_ms, RETRY_MS_DEFAULT},
                {&patience->pull_ms, PULL_MS_DEFAULT},
                {&patience->rebase_ms, REBASE_MS_DEFAULT}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        *rows[i].ms = *rows[i].ms ? *rows[i].ms : rows[i].otherwise;
    }
}

bool promote_open(struct store *store, const struct env *env, const struct promote_ports *ports,
                  const struct promote_patience *patience, struct promote **out, struct err *err)
{
    struct promote *engine = xcalloc(1, sizeof(*engine));
    engine->store = store;
    engine->env = env;
    engine->ports = *ports;
    engine->patience = *patience;
    set_patience(&engine->patience);
    if (!world_load(engine, err) || !holds_reload(engine, err) || !load_active(engine, err) ||
        !pulls_load(engine, err)) {
        promote_close(&engine);
        return err_wrap(err, "open the engine");
    }
    automatic_note_all(engine);
    engine->are_statuses_due = true;
    *out = engine;
    return true;
}

void promote_close(struct promote **engine)
{
    if (!*engine) {
        return;
    }
    for (size_t i = 0; i < (*engine)->runs.count; i++) {
        run_free(&(*engine)->runs.items[i]);
    }
    VEC_DONE(&(*engine)->runs);
    pulls_free(*engine);
    hosts_free(*engine);
    world_free(*engine);
    xfree(engine);
}

static void drop_finished(struct promote *engine)
{
    for (size_t i = engine->runs.count; i-- > 0;) {
        struct release_run *run = engine->runs.items[i];
        if (release_is_over(run->release->phase) && !run->act_in_flight && !run->is_unsaved) {
            run_free(&engine->runs.items[i]);
            VEC_REMOVE(&engine->runs, i);
        }
    }
}

/* Holds that have expired end by themselves. */
static void expire_holds(struct promote *engine)
{
    struct err err = {0};
    for (size_t i = 0; i < engine->holds.count; i++) {
        const struct hold *hold = &engine->holds.holds[i];
        if (hold->expires_ms > 0 && hold->expires_ms <= now_of(engine)) {
            automatic_note_all(engine);
            if (holds_reload(engine, &err)) {
                engine->ports.board_changed(engine->ports.context);
            }
            return;
        }
    }
}

void promote_tick(struct promote *engine)
{
    expire_holds(engine);
    if (engine->git) {
        automatic_evaluate(engine);
    }
    /* A run may begin others (a rollback on failure): those stand behind it. */
    for (size_t i = 0; i < engine->runs.count; i++) {
        run_advance(engine, engine->runs.items[i]);
    }
    queue_tick(engine);
    pulls_tick(engine);
    statuses_tick(engine);
    drop_finished(engine);
}

void promote_set_git(struct promote *engine, struct git_view *view)
{
    struct git_view *before = engine->git;
    engine->git = view;
    refs_reset(engine);
    config_releases(engine, before, view);
    git_view_free(&before);
    automatic_note_all(engine);
    engine->ports.board_changed(engine->ports.context);
}

/* These acts on Git belong to a step of a release that runs. */
static void git_act_done(struct promote *engine, const struct promote_act *act)
{
    static void (*const done[])(struct promote * engine, struct release_run * run,
                                const struct promote_act *act) = {
        [ACT_COMMIT] = step_commit_done,
        [ACT_BRANCH] = step_branch_done,
        [ACT_CHECK] = step_check_done,
    };
    struct release_run *run = run_find(engine, act->release);
    if (run && run->act_in_flight && run->release->wave == act->wave) {
        run->act_in_flight = false;
        done[act->kind](engine, run, act);
    }
}

void promote_act_done(struct promote *engine, struct promote_act *act)
{
    if (act->rest_ms > 0) {
        host_rest_until(host_of(engine, act->repository), now_of(engine) + act->rest_ms);
    }
    if (act->kind == ACT_PUSH) {
        queue_push_done(engine, act);
    } else if (act->kind < ACT_PULL) {
        git_act_done(engine, act);
    } else if (act->kind == ACT_STATUS) {
        status_act_done(engine, act);
    } else {
        pull_act_done(engine, act);
    }
    arena_free(&act->arena);
    free(act);
    promote_tick(engine);
}

const struct git_view *promote_git(const struct promote *engine)
{
    return engine->git;
}

const struct cluster_view *promote_cluster(const struct promote *engine, const char *name)
{
    return cluster_find(engine, name);
}

const struct release *promote_active(const struct promote *engine, int64_t id)
{
    const struct release_run *run = run_find(engine, id);
    return run ? run->release : NULL;
}

const struct release *promote_release_of(const struct promote *engine, const char *stage,
                                         const char *workload)
{
    for (size_t i = engine->runs.count; i-- > 0;) {
        const struct release *release = engine->runs.items[i]->release;
        if (strcmp(release->stage, stage) != 0 || release_is_over(release->phase)) {
            continue;
        }
        for (size_t n = 0; n < release->item_count; n++) {
            const struct release_item *item = &release->items[n];
            if (strcmp(item->workload, workload) == 0 && !item_is_over(item->state)) {
                return release;
            }
        }
    }
    return NULL;
}

const struct hold *promote_hold_of(const struct promote *engine, const char *stage,
                                   const char *workload)
{
    return hold_find(engine, stage, workload);
}
