/*
 * pass: the one place that decides what to do next.
 *
 * There is no plan that could go stale: pump() looks at the state as it is, starts at most one job,
 * and is kicked again when that ends, when something was seen, or when a wait is over.
 */
#include <string.h>

#include "sync/engine.h"
#include "sync/prune.h"

#define DISCOVERY_AGE_MS INT64_C(600000)

bool object_needs_apply(const struct object *object)
{
    return object->wanted && object->path &&
           (object->applied_hash != object->wanted->hash ||
            object_has_drifted(&object->applied, &object->live));
}

/* ---- what the revision has come to ---- */

struct tally {
    size_t open;     /* differ, and will be sent */
    size_t failing;  /* were refused */
    size_t leaving;  /* ours, and no longer in Git */
    int64_t next_ms; /* when the first wait of an object ends; 0: nobody waits */
};

static void count_wait(struct tally *tally, int64_t at_ms, int64_t now)
{
    if (at_ms > now && (tally->next_ms == 0 || at_ms < tally->next_ms)) {
        tally->next_ms = at_ms;
    }
}

static bool is_to_leave(const struct object *object)
{
    bool is_kept =
        object->live.is_kept || (object_is_precious(object->key) && !object->live.may_go);
    return !object->wanted && object->live.exists && !is_kept;
}

static struct tally tally_of(struct sync *sync)
{
    struct tally tally = {0};
    int64_t now = now_mono_ms(sync);
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        bool is_open = object_needs_apply(object);
        bool is_leaving = is_to_leave(object);
        tally.failing += object->wanted && object->trouble;
        tally.open += is_open;
        tally.leaving += is_leaving;
        if (is_open || is_leaving) {
            count_wait(&tally, object->not_before_ms, now);
        }
    }
    return tally;
}

/* The number in the annotation that allows a mass deletion, on whichever manifest it stands. */
static size_t allowed_by_git(const struct sync *sync)
{
    size_t allowed = 0;
    const struct render_result *render = &sync->revision->render;
    for (size_t i = 0; i < render->count; i++) {
        const struct render_object *object = &render->objects[i];
        if (!memmem(object->json, object->json_length, SYNC_ALLOW_PRUNE_ANNOTATION,
                    strlen(SYNC_ALLOW_PRUNE_ANNOTATION))) {
            continue;
        }
        struct err ignored = {0};
        AUTO_JSON *json = json_parse((struct slice){object->json, object->json_length}, &ignored);
        const json_t *number =
            json_object_get(json_at(json, "metadata.annotations"), SYNC_ALLOW_PRUNE_ANNOTATION);
        size_t value =
            json_is_string(number) ? (size_t)strtoul(json_string_value(number), NULL, 10) : 0;
        allowed = value > allowed ? value : allowed;
    }
    return allowed;
}

bool pass_may_prune(struct sync *sync)
{
    struct tally tally = tally_of(sync);
    struct prune_facts facts = {
        .leaving = tally.leaving,
        .owned = sync->owned_before,
        .wanted = sync->revision->render.count,
        .allow_all = sync->options.allow_prune_all,
        .has_problems = sync->revision->render.problems || sync->unknown_kinds > 0,
        .is_partial = sync->types->is_partial || !sync->is_inventory_known,
        .has_failures = tally.open > 0 || tally.failing > 0,
    };
    if (facts.leaving > PRUNE_ALWAYS_MAX) {
        facts.allowed = allowed_by_git(sync);
    }
    char text[PRUNE_TEXT_BYTES];
    enum prune_verdict verdict = prune_judge(&facts, text);
    if (strcmp(text, sync->prune_trouble) != 0) {
        TEXT_COPY_CUT(sync->prune_trouble, text);
        report_change(sync);
    }
    return verdict == PRUNE_GO;
}

/* Everything of the revision is applied: say so. */
static void settle(struct sync *sync, const struct tally *tally)
{
    bool is_whole = tally->open == 0 && tally->failing == 0 && sync->unknown_kinds == 0 &&
                    !sync->revision->render.problems && !sync->next_revision;
    if (is_whole && strcmp(sync->applied_commit, sync->revision->commit) != 0) {
        TEXT_COPY_CUT(sync->applied_commit, sync->revision->commit);
        sync->applied_ms = now_ms(sync);
        report_change(sync);
    }
    if (tally->open == 0 && sync->is_state_dirty) {
        state_save(sync);
    }
}

/* ---- what to do next ---- */

static void take_revision(struct sync *sync)
{
    if (!sync->next_revision) {
        return;
    }
    struct revision *old = sync->revision;
    sync->revision = TAKE(sync->next_revision);
    sync->owned_before = 0;
    MAP_EACH (slot, &sync->objects) {
        struct object *object = slot->value;
        sync->owned_before += object->live.exists || object->applied.exists;
        object->not_before_ms = 0; /* the new commit may be the cure */
        object->failures = 0;
    }
    objects_bind(sync);
    revision_free(&old);
    report_change(sync);
}

static bool wants_discovery(const struct sync *sync)
{
    return (!sync->types || !sync->is_inventory_known || sync->is_discovery_due) &&
           now_mono_ms(sync) >= sync->discovery_not_before_ms;
}

static void wait_for_next(struct sync *sync, const struct tally *tally)
{
    int64_t now = now_mono_ms(sync);
    int64_t next = now + DISCOVERY_AGE_MS;
    if (tally->next_ms > 0 && tally->next_ms < next) {
        next = tally->next_ms;
    }
    bool is_waiting = !sync->types || !sync->is_inventory_known || sync->is_discovery_due;
    if (is_waiting && sync->discovery_not_before_ms < next) {
        next = sync->discovery_not_before_ms;
    }
    pass_kick(sync, next > now ? next - now : 1);
}

static void pump(void *context)
{
    struct sync *sync = context;
    sync->pump_timer = NULL;
    if (sync->types && now_mono_ms(sync) - sync->discovered_ms > DISCOVERY_AGE_MS) {
        sync->is_discovery_due = true;
    }
    if (sync->is_kube_busy) {
        return; /* the end of the job kicks again */
    }
    if (wants_discovery(sync)) {
        discover_begin(sync);
        return;
    }
    if (!sync->types) {
        wait_for_next(sync, &(struct tally){0});
        return;
    }
    take_revision(sync);
    if (!sync->revision) {
        wait_for_next(sync, &(struct tally){0});
        return;
    }
    feeds_ensure(sync);
    if (apply_begin(sync)) {
        return;
    }
    struct tally tally = tally_of(sync);
    settle(sync, &tally);
    if (pass_may_prune(sync) && delete_begin(sync)) {
        return;
    }
    wait_for_next(sync, &tally);
}

void pass_kick(struct sync *sync, int64_t delay_ms)
{
    int64_t at_ms = now_mono_ms(sync) + delay_ms;
    if (sync->pump_timer && sync->pump_at_ms <= at_ms) {
        return;
    }
    loop_timer_stop(&sync->pump_timer);
    sync->pump_at_ms = at_ms;
    sync->pump_timer = loop_timer_start(sync->options.loop, delay_ms, 0, pump, sync);
}
