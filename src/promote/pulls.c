/* Pull requests as the engine knows them: their rows, and what their host is asked and when.
 *
 * A row outlives its release: one that is over may have left a pull request that is to be closed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "promote/engine.h"

/* Looks that bring nothing new become rarer, down to this; a webhook makes the next one sooner. */
#define LOOK_MS_MAX 120000
#define RETRY_MS_MAX 300000
/* A look is up to four questions, and hosts count some thousand an hour: for each open pull request
   there is one look in this time, however many there are and however often hooks come. */
#define LOOK_SHARE_MS 4000

/* ---- rows ---- */

static struct pull *find(const struct promote *engine, int64_t release, int wave)
{
    for (size_t i = 0; i < engine->pulls.count; i++) {
        struct pull *pull = engine->pulls.items[i];
        if (pull->row.release == release && pull->row.wave == wave) {
            return pull;
        }
    }
    return NULL;
}

struct pull *pull_of(const struct promote *engine, const struct release *release)
{
    return find(engine, release->id, release->wave);
}

bool pull_save(struct promote *engine, const struct pull *pull)
{
    struct err err = {0};
    if (!store_pull_put(engine->store, &pull->row, &err)) {
        return false; /* what it says is asked for and written again */
    }
    const struct release_run *run = run_find(engine, pull->row.release);
    if (run) {
        engine->ports.release_changed(engine->ports.context, run->release);
    }
    return true;
}

bool pull_is_wanted(const struct promote *engine, const struct release *release)
{
    const struct stage *stage =
        pipeline_of(engine) ? pipeline_stage(pipeline_of(engine), release->stage) : NULL;
    return pull_of(engine, release) || (stage && stage->pull_mode != PULL_MODE_NONE);
}

/* No other pull request ever had this name, also not of a server that lost its store. */
static void name_branch(struct promote *engine, const struct release *release,
                        char out[static PULL_BRANCH_BYTES])
{
    int64_t now_ms = now_of(engine);
    uint64_t salt = hash64(HASH64_START, &release->created_ms, sizeof(release->created_ms));
    salt = hash64(salt, release->plan_digest, strlen(release->plan_digest));
    salt = hash64(salt, &now_ms, sizeof(now_ms));
    snprintf(out, PULL_BRANCH_BYTES, "heddle/R-%lld-%d-%06llx", (long long)release->id,
             release->wave + 1, (unsigned long long)(salt & 0xFFFFFF));
}

struct pull *pull_begin(struct promote *engine, const struct release *release,
                        const struct ref_view *ref)
{
    struct pull *pull = xcalloc(1, sizeof(*pull));
    pull->row.release = release->id;
    pull->row.wave = release->wave;
    TEXT_COPY_CUT(pull->row.repository, ref->repository);
    TEXT_COPY_CUT(pull->row.into, ref->branch);
    name_branch(engine, release, pull->row.branch);
    if (!pull_save(engine, pull)) {
        free(pull);
        return NULL;
    }
    *VEC_ADD(&engine->pulls) = pull;
    return pull;
}

bool pulls_load(struct promote *engine, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct pull_list list = {0};
    if (!store_pull_list(engine->store, 0, arena, &list, err)) {
        return false;
    }
    for (size_t i = 0; i < list.count; i++) {
        struct pull *pull = xcalloc(1, sizeof(*pull));
        pull->row = list.pulls[i];
        pull->wants_text = true; /* whether the last one arrived is not known */
        *VEC_ADD(&engine->pulls) = pull;
    }
    return true;
}

void pulls_free(struct promote *engine)
{
    for (size_t i = 0; i < engine->pulls.count; i++) {
        free(engine->pulls.items[i]);
    }
    VEC_DONE(&engine->pulls);
}

static void forget(struct promote *engine, struct pull *pull)
{
    for (size_t i = 0; i < engine->pulls.count; i++) {
        if (engine->pulls.items[i] == pull) {
            VEC_REMOVE(&engine->pulls, i);
            free(pull);
            return;
        }
    }
}

bool pull_renew(struct promote *engine, const struct release *release, struct err *err)
{
    struct pull *pull = pull_of(engine, release);
    if (!pull || pull->row.facts.state == PULL_MERGED) {
        return true;
    }
    if (!pull->row.is_settled) {
        return err_set(err, ERR_UNAVAILABLE,
                       "the pull request of R-%lld is just being closed; try again in a moment",
                       (long long)release->id);
    }
    forget(engine, pull); /* its row is replaced by the next one's */
    return true;
}

/* ---- what the engine asks ---- */

bool pull_waits(const struct promote *engine, const struct release *release)
{
    const struct pull *pull = release->is_pushed ? NULL : pull_of(engine, release);
    return pull && (pull->row.facts.state == PULL_NEW || pull->row.facts.state == PULL_OPEN);
}

/* Does the branch, as it was last read, have all that this item wants? */
static bool git_has(const struct promote *engine, const struct release_item *item)
{
    const struct target_view *target = target_find(engine, item->target);
    const struct scan_workload *workload =
        target && target->scan ? scan_find(target->scan, item->workload) : NULL;
    for (size_t i = 0; i < item->change_count; i++) {
        const struct place *place =
            workload ? place_of(workload, item->changes[i].container) : NULL;
        if (!place || !image_same_version(&place->image, &item->changes[i].to)) {
            return false;
        }
    }
    return item->change_count > 0;
}

static bool brings(const struct promote *engine, const struct release *release,
                   const struct foreign_change *change)
{
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        if (item->wave == release->wave && strcmp(item->target, change->target) == 0 &&
            strcmp(item->workload, change->workload) == 0) {
            return git_has(engine, item);
        }
    }
    return false;
}

/* Did the last look bring this commit? */
static bool is_new(const struct git_view *view, const struct git_view *before, const char *commit)
{
    for (size_t i = 0; i < view->ref_count; i++) {
        const struct ref_view *ref = &view->refs[i];
        const struct ref_view *old =
            before ? git_view_ref(before, ref->repository, ref->branch) : NULL;
        const char *known = old ? old->head : "";
        for (size_t n = 0; n < ref->history_count && strcmp(ref->history[n], known) != 0; n++) {
            if (strcmp(ref->history[n], commit) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool pull_claims(struct promote *engine, const struct git_view *before,
                 const struct foreign_change *change)
{
    for (size_t i = 0; i < engine->runs.count; i++) {
        const struct release *release = engine->runs.items[i]->release;
        struct pull *pull = pull_of(engine, release);
        bool may_be =
            pull && !release_is_over(release->phase) &&
            (!release->is_pushed || is_new(engine->git, before, release->commits[release->wave]));
        if (may_be && brings(engine, release, change)) {
            pull_ask_now(engine, pull);
            return true;
        }
    }
    return false;
}

/* ---- asking the host ---- */

static int64_t share_of_all(const struct promote *engine)
{
    return LOOK_SHARE_MS * (int64_t)engine->pulls.count;
}

void pull_ask_now(struct promote *engine, struct pull *pull)
{
    pull->ask_at_ms = now_of(engine);
    pull->again = pull->in_flight;
    pull->tries = 0;
    pull->quiet = 0;
}

void promote_look_at_pulls(struct promote *engine)
{
    for (size_t i = 0; i < engine->pulls.count; i++) {
        struct pull *pull = engine->pulls.items[i];
        int64_t soonest_ms = pull->answered_ms + share_of_all(engine);
        pull_ask_now(engine, pull);
        pull->ask_at_ms = pull->ask_at_ms > soonest_ms ? pull->ask_at_ms : soonest_ms;
    }
    promote_tick(engine);
}

static int64_t doubled(int64_t ms, unsigned times, int64_t max)
{
    for (unsigned i = 0; i < times && ms < max; i++) {
        ms *= 2;
    }
    return ms < max ? ms : max;
}

/* A fifth more or less, so that many do not ask at the same moment. */
static int64_t jittered(struct promote *engine, int64_t ms)
{
    uint32_t random = 0;
    engine->env->random(engine->env->context, &random, sizeof(random));
    return ms - ms / 5 + (int64_t)((uint64_t)random % (uint64_t)(2 * ms / 5 + 1));
}

static void ask_later(struct promote *engine, struct pull *pull, int64_t ms)
{
    pull->ask_at_ms = now_of(engine) + (pull->again ? share_of_all(engine) : jittered(engine, ms));
    pull->again = false;
}

static bool may_merge(const struct promote *engine, const struct release *release,
                      const struct pull *pull)
{
    const struct pull_facts *facts = &pull->row.facts;
    const struct stage *stage =
        pipeline_of(engine) ? pipeline_stage(pipeline_of(engine), release->stage) : NULL;
    bool is_ours = !pull->row.is_left && strcmp(facts->head, pull->row.tip) == 0;
    bool is_good = facts->objections == 0 && !facts->has_conflict &&
                   (facts->checks == PULL_CHECKS_NONE || facts->checks == PULL_CHECKS_PASSED);
    /* Not at the first look: checks that have not begun yet are not told of. */
    return stage && stage->pull_mode == PULL_MODE_MERGE && facts->state == PULL_OPEN && is_ours &&
           is_good && !pull->wants_text && pull->quiet > 0;
}

static struct promote_act *act_new(const struct pull *pull, enum act_kind kind)
{
    struct promote_act *act = xcalloc(1, sizeof(*act));
    act->kind = kind;
    act->release = pull->row.release;
    act->wave = pull->row.wave;
    act->arena = arena_new();
    act->pull = pull->row;
    TEXT_COPY_CUT(act->repository, pull->row.repository);
    TEXT_COPY_CUT(act->branch, pull->row.into);
    return act;
}

/* Why is it closed?  What its release says. */
static void say_why(struct promote *engine, struct promote_act *act)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct release *release = NULL;
    struct err err = {0};
    AUTO_STR(word, 8192);
    str_addf(&word, "heddle closes this pull request of R-%lld", (long long)act->release);
    if (store_release_get(engine->store, act->release, arena, &release, &err) && release->why[0]) {
        str_add(&word,
                release_is_over(release->phase) ? ": " : ": nothing of it is left to do. Now: ");
        forge_add_code(&word, release->why);
    }
    act->text = arena_strdup(act->arena, word.text);
}

/* The release whose current wave it is for, or NULL. */
static const struct release *release_of(const struct promote *engine, const struct pull *pull)
{
    const struct release_run *run = run_find(engine, pull->row.release);
    bool is_current =
        run && !release_is_over(run->release->phase) && run->release->wave == pull->row.wave;
    return is_current ? run->release : NULL;
}

/* What is no longer wanted is closed at once, and not at the next look. */
static void note_end(struct promote *engine, struct pull *pull)
{
    const struct release *release = release_of(engine, pull);
    bool is_ending = !release || release->is_pushed;
    if (is_ending && !pull->is_ending) {
        pull_ask_now(engine, pull);
    }
    pull->is_ending = is_ending;
}

static struct promote_act *next_act(struct promote *engine, const struct pull *pull)
{
    const struct release *release = release_of(engine, pull);
    struct promote_act *act = NULL;
    if (pull->is_ending) {
        act = act_new(pull, ACT_SETTLE);
        say_why(engine, act);
    } else if (pull->row.tip[0] &&
               (pull->row.facts.state == PULL_NEW || pull->row.facts.state == PULL_OPEN)) {
        act = act_new(pull, may_merge(engine, release, pull) ? ACT_MERGE : ACT_PULL);
        if (pull->wants_text) {
            pull_text(engine, release, act);
        }
    }
    return act;
}

/* Settled ones are kept as long as a look at Git may bring their merge. */
static void forget_settled(struct promote *engine)
{
    for (size_t i = engine->pulls.count; i-- > 0;) {
        struct pull *pull = engine->pulls.items[i];
        if (pull->row.is_settled && !release_of(engine, pull)) {
            forget(engine, pull);
        }
    }
}

void pulls_tick(struct promote *engine)
{
    forget_settled(engine);
    for (size_t i = 0; i < engine->pulls.count; i++) {
        struct pull *pull = engine->pulls.items[i];
        note_end(engine, pull);
        int64_t rest_ms = host_of(engine, pull->row.repository)->rest_ms;
        int64_t due_ms = pull->ask_at_ms > rest_ms ? pull->ask_at_ms : rest_ms;
        if (pull->in_flight || pull->row.is_settled) {
            continue;
        }
        if (now_of(engine) < due_ms) {
            engine->ports.wake_at(engine->ports.context, due_ms);
            continue;
        }
        struct promote_act *act = next_act(engine, pull);
        if (act) {
            pull->in_flight = true;
            engine->ports.start_act(engine->ports.context, act);
        }
    }
}

/* ---- what the host answers ---- */

static bool same_facts(const struct pull_facts *a, const struct pull_facts *b)
{
    return a->number == b->number && a->state == b->state && a->approvals == b->approvals &&
           a->objections == b->objections && a->checks == b->checks &&
           a->has_conflict == b->has_conflict && strcmp(a->url, b->url) == 0 &&
           strcmp(a->head, b->head) == 0 && strcmp(a->merge_commit, b->merge_commit) == 0 &&
           strcmp(a->who, b->who) == 0;
}

static void take_facts(struct promote *engine, struct pull *pull, const struct promote_act *act)
{
    struct pull_request before = pull->row;
    pull->tries = 0;
    pull->wants_text = pull->wants_text && (!act->text || strcmp(act->pull.tip, before.tip) != 0);
    pull->row.facts = act->pull.facts;
    pull->row.problem[0] = '\0';
    pull->row.is_settled = act->kind == ACT_SETTLE;
    bool is_news =
        !same_facts(&before.facts, &pull->row.facts) || before.problem[0] || pull->row.is_settled;
    pull->quiet = is_news ? 0 : pull->quiet + 1;
    if (is_news && !pull_save(engine, pull)) {
        pull->row = before;
    }
}

/* A rule of the host, or a token with too few rights, does not end the release: people change both,
   and until then it says what is in the way. */
static void take_problem(struct promote *engine, struct pull *pull, const struct promote_act *act)
{
    bool is_news = strcmp(pull->row.problem, act->err.text) != 0;
    TEXT_COPY_CUT(pull->row.problem, act->err.text);
    bool was_seen = act->pull.facts.number > 0 && pull->row.facts.number == 0;
    if (was_seen) {
        pull->row.facts = act->pull.facts;
    }
    if (is_news || was_seen) {
        pull_save(engine, pull);
    }
    ask_later(engine, pull, doubled(engine->patience.pull_ms, pull->tries++, RETRY_MS_MAX));
}

void pull_act_done(struct promote *engine, const struct promote_act *act)
{
    struct pull *pull = find(engine, act->release, act->wave);
    if (!pull) {
        return;
    }
    pull->in_flight = false;
    pull->answered_ms = now_of(engine);
    if (!act->succeeded) {
        take_problem(engine, pull, act);
        return;
    }
    take_facts(engine, pull, act);
    int64_t wait_ms = doubled(engine->patience.pull_ms, pull->quiet, LOOK_MS_MAX);
    ask_later(engine, pull, wait_ms > share_of_all(engine) ? wait_ms : share_of_all(engine));
}
