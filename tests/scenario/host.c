/* The simulated Git host: branches of heddle's, pull requests, statuses. */
#include "world.h"

#include <stdio.h>

static struct world_pull *pull_of_branch(struct world *world, const char *branch)
{
    for (size_t i = 0; i < world->host->pull_count; i++) {
        if (strcmp(world->host->pulls[i].branch, branch) == 0) {
            return &world->host->pulls[i];
        }
    }
    return NULL;
}

struct world_pull *world_pull_of(struct world *world, int64_t release, int wave)
{
    char prefix[64];
    snprintf(prefix, sizeof(prefix), "heddle/R-%lld-%d-", (long long)release, wave);
    for (size_t i = world->host->pull_count; i-- > 0;) {
        if (strncmp(world->host->pulls[i].branch, prefix, strlen(prefix)) == 0) {
            return &world->host->pulls[i];
        }
    }
    fail_msg("there is no branch %s…", prefix);
    return NULL;
}

static const char *tip_of(const struct world *world, const struct world_pull *pull)
{
    return pull && pull->tip >= 0 ? world->commits[pull->tip].oid : "";
}

/* ---- merging ---- */

static bool changes(const struct world *world, const struct world_pull *pull, size_t cell)
{
    const struct world_commit *tip = &world->commits[pull->tip];
    return strcmp(tip->tags[cell], world->commits[tip->parent].tags[cell]) != 0;
}

static bool conflicts(const struct world *world, const struct world_pull *pull)
{
    if (pull->is_bad) {
        return true;
    }
    const struct world_commit *parent = &world->commits[world->commits[pull->tip].parent];
    for (size_t i = 0; i < world->cell_count; i++) {
        if (changes(world, pull, i) &&
            strcmp(world->commits[world->refs[pull->ref].head].tags[i], parent->tags[i]) != 0) {
            return true;
        }
    }
    return false;
}

bool world_merge(struct world *world, struct world_pull *pull, enum world_merge how)
{
    if (pull->tip < 0 || conflicts(world, pull)) {
        return false;
    }
    struct world_ref *ref = &world->refs[pull->ref];
    struct world_commit commit = world->commits[ref->head];
    commit.parent = ref->head;
    commit.ref = pull->ref;
    commit.is_foreign = how == WORLD_MERGE_COMMIT;
    for (size_t i = 0; i < world->cell_count; i++) {
        if (changes(world, pull, i)) {
            snprintf(commit.tags[i], sizeof(commit.tags[i]), "%s",
                     world->commits[pull->tip].tags[i]);
            /* As the world says which cell a person's commit touched. */
            snprintf(commit.message, sizeof(commit.message), "%s/%s", world->cells[i].cluster,
                     world->cells[i].workload);
        }
    }
    if (how == WORLD_SQUASH) {
        snprintf(commit.message, sizeof(commit.message), "%s", world->commits[pull->tip].message);
    }
    ref->head = pull->merged_as = world_add_commit(world, &commit, world->now_ms);
    pull->state = PULL_MERGED;
    snprintf(pull->who, sizeof(pull->who), "mia");
    return true;
}

void world_person_amends(struct world *world, struct world_pull *pull, const char *cluster,
                         const char *workload, const char *tag)
{
    struct world_commit commit = world->commits[pull->tip];
    snprintf(commit.tags[world_cell(world, cluster, workload)], 32, "%s", tag);
    pull->tip = world_add_commit(world, &commit, world->now_ms + 7);
}

/* ---- what the engine asks ---- */

static void push_branch(struct world *world, struct promote_act *act)
{
    struct world_host *host = world->host;
    struct world_pull *pull = pull_of_branch(world, act->pull.branch);
    int commit = world_find_commit(world, act->commit);
    assert_true(commit >= 0);
    snprintf(act->base, sizeof(act->base), "%s", world->commits[world->commits[commit].parent].oid);
    act->succeeded = true;
    if (strcmp(tip_of(world, pull), act->commit) == 0) {
        return;
    }
    if (strcmp(tip_of(world, pull), act->pull.tip) != 0) {
        act->succeeded = err_set(&act->err, ERR_CONFLICT, "the branch has moved");
        return;
    }
    if (!pull) {
        assert_true(host->pull_count < WORLD_PULLS_MAX);
        pull = &host->pulls[host->pull_count++];
        snprintf(pull->branch, sizeof(pull->branch), "%s", act->pull.branch);
        pull->ref = (size_t)(world_ref_of_act(world, act) - world->refs);
    }
    pull->tip = commit;
    pull->pushes++;
    pull->is_bad = false;
    pull->approvals = 0;
}

static void fill_facts(const struct world *world, const struct world_pull *pull,
                       struct pull_facts *out)
{
    *out = (struct pull_facts){.number = pull->number,
                               .state = pull->state,
                               .approvals = pull->approvals,
                               .objections = pull->objections,
                               .checks = pull->checks};
    snprintf(out->url, sizeof(out->url), "https://git.example.org/shop/config/pulls/%lld",
             (long long)pull->number);
    snprintf(out->head, sizeof(out->head), "%s", tip_of(world, pull));
    snprintf(out->who, sizeof(out->who), "%s", pull->who);
    if (pull->state == PULL_MERGED && !world->host->merges_unnamed) {
        snprintf(out->merge_commit, sizeof(out->merge_commit), "%s",
                 world->commits[pull->merged_as].oid);
    }
    out->has_conflict = pull->state == PULL_OPEN && pull->tip >= 0 && conflicts(world, pull);
}

static void look(struct world *world, struct promote_act *act)
{
    struct world_pull *pull = pull_of_branch(world, act->pull.branch);
    assert_non_null(pull);
    if (!pull->number) {
        pull->number = ++world->host->questions + 100;
        pull->state = PULL_OPEN;
    }
    if (act->text) {
        snprintf(pull->text, sizeof(pull->text), "%s\n%s", act->title, act->text);
    }
    fill_facts(world, pull, &act->pull.facts);
}

static void merge(struct world *world, struct promote_act *act)
{
    struct world_pull *pull = pull_of_branch(world, act->pull.branch);
    if (world->host->is_strict && pull->approvals == 0) {
        act->succeeded = err_set(&act->err, ERR_REFUSED, "Gitea answers 405: not enough approvals");
        return;
    }
    if (pull->state == PULL_OPEN && !world_merge(world, pull, WORLD_SQUASH)) {
        act->succeeded = err_set(&act->err, ERR_REFUSED, "Gitea answers 409: it conflicts");
        return;
    }
    fill_facts(world, pull, &act->pull.facts);
}

static void settle(struct world *world, struct promote_act *act)
{
    struct world_pull *pull = pull_of_branch(world, act->pull.branch);
    if (!pull) {
        return; /* its branch was never pushed */
    }
    if (pull->number && pull->state == PULL_OPEN) {
        pull->state = PULL_CLOSED;
        snprintf(pull->who, sizeof(pull->who), "heddle");
        snprintf(pull->word, sizeof(pull->word), "%s", act->text);
    }
    if (strcmp(tip_of(world, pull), act->pull.tip) == 0) {
        pull->tip = -1;
    }
    fill_facts(world, pull, &act->pull.facts);
}

static void put_status(struct world *world, struct promote_act *act)
{
    struct world_host *host = world->host;
    size_t i = 0;
    while (i < host->status_count && strcmp(host->statuses[i].oid, act->status.oid) != 0) {
        i++;
    }
    assert_true(i < COUNT_OF(host->statuses));
    if (i == host->status_count) {
        host->status_count++;
        snprintf(host->statuses[i].oid, sizeof(host->statuses[i].oid), "%s", act->status.oid);
    }
    char *states = host->statuses[i].states;
    size_t length = strlen(states);
    size_t wanted = strlen(act->status.wanted);
    bool is_again = length >= wanted && strcmp(states + length - wanted, act->status.wanted) == 0;
    if (!is_again) {
        snprintf(states + length, sizeof(host->statuses[i].states) - length, "%s%s",
                 length ? " " : "", act->status.wanted);
    }
}

const char *world_statuses(const struct world *world, const char *oid)
{
    for (size_t i = 0; i < world->host->status_count; i++) {
        if (strcmp(world->host->statuses[i].oid, oid) == 0) {
            return world->host->statuses[i].states;
        }
    }
    return "";
}

static bool is_busy(const struct world *world, const struct promote_act *act)
{
    const char *host = world->host->busy_host;
    return world->now_ms < world->host->busy_until_ms &&
           (!host || strcmp(host, act->repository) == 0);
}

void host_act(struct world *world, struct promote_act *act)
{
    act->succeeded = true;
    if (act->kind == ACT_BRANCH) {
        push_branch(world, act);
        return;
    }
    world->host->questions++;
    if (is_busy(world, act)) {
        act->rest_ms = world->host->busy_until_ms - world->now_ms;
        act->succeeded = err_set(&act->err, ERR_BUSY, "Gitea answers 429");
    } else if (act->kind == ACT_PULL) {
        look(world, act);
    } else if (act->kind == ACT_MERGE) {
        merge(world, act);
    } else if (act->kind == ACT_SETTLE) {
        settle(world, act);
    } else {
        put_status(world, act);
    }
}
