/* Statuses of a release's commits on the Git host: what shall stand there is stored, and sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "promote/engine.h"

#define RETRY_MS_FIRST 5000
#define RETRY_MS_MAX 300000

static bool wave_is_done(const struct release *release, int wave)
{
    for (size_t i = 0; i < release->item_count; i++) {
        if (release->items[i].wave == wave && release->items[i].state != ITEM_DONE) {
            return false;
        }
    }
    return true;
}

static const char *wanted_of(const struct release *release, int wave)
{
    bool is_done = wave_is_done(release, wave);
    bool is_followed = wave == release->wave || (release->kind == RELEASE_ROLLBACK && !is_done);
    if (!release_is_over(release->phase) && is_followed) {
        return "pending";
    }
    return is_done ? "success" : "failure";
}

void statuses_note(struct promote *engine, const struct release *release)
{
    struct err err = {0};
    for (int wave = 0; wave <= release->wave; wave++) {
        const struct ref_view *ref = ref_of_wave(engine, release, wave);
        const char *repository = ref ? ref->repository : "";
        bool is_in_git = wave < release->wave || release->is_pushed;
        if (!is_in_git || !release->commits[wave][0] ||
            !engine->ports.host_of(engine->ports.context, repository)) {
            continue;
        }
        struct commit_status status = {.release = release->id, .wave = wave};
        TEXT_COPY_CUT(status.repository, repository);
        TEXT_COPY_CUT(status.oid, release->commits[wave]);
        TEXT_COPY_CUT(status.stage, release->stage);
        TEXT_COPY_CUT(status.wanted, wanted_of(release, wave));
        /* When the store refuses it, the next phase says it again. */
        engine->are_statuses_due |= store_status_want(engine->store, &status, &err);
    }
}

static const char *sentence_of(struct promote_act *act)
{
    static const struct {
        const char *wanted, *verb;
    } verbs[] = {
        {"pending", "is on its way to"}, {"success", "runs in"}, {"failure", "did not reach"}};
    size_t i = 0;
    while (i + 1 < COUNT_OF(verbs) && strcmp(verbs[i].wanted, act->status.wanted) != 0) {
        i++;
    }
    return arena_printf(act->arena, "R-%lld %s %s.", (long long)act->release, verbs[i].verb,
                        act->status.stage);
}

static void send(struct promote *engine, struct git_host *host, const struct commit_status *status)
{
    struct promote_act *act = xcalloc(1, sizeof(*act));
    act->kind = ACT_STATUS;
    act->release = status->release;
    act->wave = status->wave;
    act->arena = arena_new();
    act->status = *status;
    TEXT_COPY_CUT(act->repository, status->repository);
    act->text = sentence_of(act);
    host->is_status_in_flight = true;
    engine->ports.start_act(engine->ports.context, act);
}

/* One at a time for each host. */
void statuses_tick(struct promote *engine)
{
    AUTO(arena_free) struct arena *arena = NULL;
    struct commit_status_list waiting = {0};
    struct err err = {0};
    if (!engine->are_statuses_due) {
        return;
    }
    arena = arena_new();
    if (!store_status_list(engine->store, arena, &waiting, &err)) {
        return; /* they stay due */
    }
    engine->are_statuses_due = waiting.count > 0;
    for (size_t i = 0; i < waiting.count; i++) {
        struct git_host *host = host_of(engine, waiting.statuses[i].repository);
        if (host->is_status_in_flight) {
            continue;
        }
        if (now_of(engine) < host->rest_ms) {
            engine->ports.wake_at(engine->ports.context, host->rest_ms);
            continue;
        }
        send(engine, host, &waiting.statuses[i]);
    }
}

/* A host that is away is told later; one that refuses (no right, no such commit, the same state
   once more) will not change its mind for this commit, and the next one must not wait for it. */
void status_act_done(struct promote *engine, const struct promote_act *act)
{
    struct git_host *host = host_of(engine, act->repository);
    struct err err = {0};
    host->is_status_in_flight = false;
    if (!act->succeeded && err_is_retryable(act->err.kind)) {
        int64_t wait_ms = RETRY_MS_FIRST;
        for (unsigned i = 0; i < host->status_tries && wait_ms < RETRY_MS_MAX; i++) {
            wait_ms *= 2;
        }
        host->status_tries++;
        host_rest_until(host, now_of(engine) + (wait_ms < RETRY_MS_MAX ? wait_ms : RETRY_MS_MAX));
        return;
    }
    host->status_tries = 0;
    /* Not stored is sent once more: the host takes the same twice. */
    if (!store_status_sent(engine->store, &act->status, &err)) {
        engine->are_statuses_due = true;
    }
}
