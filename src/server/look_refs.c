#include "server/look_refs.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

const struct config_repository *look_repository_of(const struct look *look,
                                                   const struct target *target)
{
    return config_repository_find(look->repositories, look->repository_count, target->repository);
}

const char *look_branch_of(const struct look *look, const struct target *target)
{
    return target->branch[0] ? target->branch : look_repository_of(look, target)->branch;
}

static struct look_ref *find(const struct look_refs *refs,
                             const struct config_repository *repository, const char *branch)
{
    for (size_t i = 0; i < refs->count; i++) {
        if (refs->items[i].repository == repository &&
            strcmp(refs->items[i].view->branch, branch) == 0) {
            return &refs->items[i];
        }
    }
    return NULL;
}

static void add(const struct look *look, struct look_refs *refs,
                const struct config_repository *repository, const char *branch)
{
    if (refs->count == LOOK_REFS_MAX || find(refs, repository, branch)) {
        return;
    }
    struct look_ref *ref = &refs->items[refs->count++];
    *ref = (struct look_ref){.repository = repository};
    ref->view = ARENA_NEW(refs->arena, struct ref_view);
    TEXT_COPY_CUT(ref->view->repository, repository->name);
    TEXT_COPY_CUT(ref->view->branch, branch);
    ref->before = look->before ? git_view_ref(look->before, repository->name, branch) : NULL;
    ref->seen_head =
        arena_strdup(refs->arena, seen_heads_find(&look->seen, repository->name, branch));
}

/* ---- fetching ---- */

static void set_problem(struct look_ref *ref, const struct err *err)
{
    ref->err = *err;
    TEXT_COPY_CUT(ref->view->problem, err->text);
    ref->view->is_rewritten = ref->before && ref->before->is_rewritten;
    ref->is_astray = ref->view->is_rewritten;
}

/* A rewritten history is known by the fetch that brings it, and after a restart by the commit that
   is no longer in it.  Rewritten stays rewritten until a person has looked. */
static void take_branch(const struct look *look, struct look_ref *ref,
                        const struct git_branch *branch)
{
    struct err err = {0};
    bool goes_on = true;
    TEXT_COPY_CUT(ref->view->head, branch->head);
    if (branch->err.kind != ERR_NONE) {
        set_problem(ref, &branch->err);
        return;
    }
    if (ref->seen_head[0] &&
        !git_contains(ref->repository->git, branch->head, ref->seen_head, &goes_on, &err)) {
        set_problem(ref, &err);
        return;
    }
    ref->is_astray = branch->is_rewritten || !goes_on || (ref->before && ref->before->is_rewritten);
    ref->view->is_rewritten = ref->is_astray && !look->accept_rewrite;
}

/* A repository that cannot be reached: its branches are as they were known. */
static void take_nothing(struct look_ref *ref, const struct err *why)
{
    struct git_branch branch = {.name = ref->view->branch, .err = *why};
    struct err ignored = {0};
    if (!git_head(ref->repository->git, branch.name, branch.head, &ignored)) {
        branch.head[0] = '\0';
    }
    TEXT_COPY_CUT(ref->view->head, branch.head);
    set_problem(ref, why);
}

/* A host that is away may be waited for until a time-out, and everything else that needs Git waits
   meanwhile: so it is asked for a tenth of the time at most.  A person's wish is asked at once, and
   without the server's own there is nothing else to do. */
#define REST_FACTOR 10

static bool is_resting(const struct look *look, const struct config_repository *repository)
{
    return !look->accept_rewrite && repository != look->repositories &&
           env_now_mono_ms(look->env) < look->rest_until_ms[repository - look->repositories];
}

static bool ask(const struct look *look, const struct config_repository *repository,
                struct git_branch *branches, size_t count, struct err *err)
{
    int64_t *until_ms = &look->rest_until_ms[repository - look->repositories];
    int64_t began_ms = env_now_mono_ms(look->env);
    bool is_fetched = git_fetch_branches(repository->git, branches, count, err);
    int64_t now_ms = env_now_mono_ms(look->env);
    *until_ms = is_fetched ? 0 : now_ms + REST_FACTOR * (now_ms - began_ms);
    return is_fetched;
}

/* What was said when it was asked last. */
static void set_same_problem(const struct look_ref *ref, struct err *out)
{
    err_set(out, ERR_UNAVAILABLE, "%s",
            ref->before && ref->before->problem[0] ? ref->before->problem
                                                   : "the repository cannot be reached");
}

/* All refs of one repository from `first` on, by one connection. */
static void fetch(const struct look *look, struct look_refs *refs, size_t first,
                  const struct config_repository *repository)
{
    struct git_branch *branches = arena_alloc(refs->arena, refs->count, sizeof(*branches));
    struct look_ref **wanted = arena_alloc(refs->arena, refs->count, sizeof(struct look_ref *));
    size_t count = 0;
    struct err err = {0};
    for (size_t i = first; i < refs->count; i++) {
        if (refs->items[i].repository == repository) {
            branches[count].name = refs->items[i].view->branch;
            wanted[count++] = &refs->items[i];
        }
    }
    bool rests = count > 0 && is_resting(look, repository);
    bool is_fetched = count > 0 && !rests && ask(look, repository, branches, count, &err);
    for (size_t i = 0; i < count; i++) {
        if (rests) {
            set_same_problem(wanted[i], &err);
        }
        if (is_fetched) {
            take_branch(look, wanted[i], &branches[i]);
        } else {
            take_nothing(wanted[i], &err);
        }
    }
}

bool look_refs_first(struct look *look, struct arena *arena, struct look_refs *out, struct err *err)
{
    const struct config_repository *repository = &look->repositories[0];
    *out = (struct look_refs){.arena = arena};
    out->items = arena_alloc(arena, LOOK_REFS_MAX, sizeof(*out->items));
    add(look, out, repository, repository->branch);
    for (size_t i = 0; i < look->seen.count; i++) {
        if (strcmp(look->seen.items[i].repository, repository->name) == 0) {
            add(look, out, repository, look->seen.items[i].branch);
        }
    }
    for (size_t i = 0; look->before && i < look->before->ref_count; i++) {
        if (strcmp(look->before->refs[i].repository, repository->name) == 0) {
            add(look, out, repository, look->before->refs[i].branch);
        }
    }
    fetch(look, out, 0, repository);
    *err = out->items[0].err;
    return err->kind == ERR_NONE;
}

static bool is_named(const struct look *look, const struct pipeline *pipeline,
                     const struct look_ref *ref)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        for (size_t n = 0; n < pipeline->stages[i].target_count; n++) {
            const struct target *target = &pipeline->stages[i].targets[n];
            if (look_repository_of(look, target) == ref->repository &&
                strcmp(look_branch_of(look, target), ref->view->branch) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void add_targets(const struct look *look, const struct pipeline *pipeline,
                        struct look_refs *refs)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        for (size_t n = 0; n < pipeline->stages[i].target_count; n++) {
            const struct target *target = &pipeline->stages[i].targets[n];
            add(look, refs, look_repository_of(look, target), look_branch_of(look, target));
        }
    }
}

void look_refs_rest(struct look *look, const struct pipeline *pipeline, struct look_refs *refs)
{
    size_t kept = 1;
    for (size_t i = 1; pipeline && i < refs->count; i++) {
        if (is_named(look, pipeline, &refs->items[i])) {
            refs->items[kept++] = refs->items[i];
        }
    }
    refs->count = kept;
    if (!pipeline) {
        return;
    }
    add_targets(look, pipeline, refs);
    for (size_t i = 0; i < look->repository_count; i++) {
        fetch(look, refs, kept, &look->repositories[i]);
    }
}

/* ---- comparing ---- */

static bool is_same(const struct ref_view *a, const struct ref_view *b)
{
    return strcmp(a->repository, b->repository) == 0 && strcmp(a->branch, b->branch) == 0 &&
           strcmp(a->head, b->head) == 0 && strcmp(a->problem, b->problem) == 0 &&
           a->is_rewritten == b->is_rewritten;
}

bool look_refs_are_same(const struct look *look, const struct look_refs *refs)
{
    bool same = look->before && look->before->ref_count == refs->count;
    for (size_t i = 0; same && i < refs->count; i++) {
        same = is_same(&look->before->refs[i], refs->items[i].view);
    }
    return same;
}

void look_refs_note(struct look *look, const struct look_refs *refs, bool has_pipeline)
{
    struct seen_heads next = {.items = xcalloc(LOOK_REFS_MAX, sizeof(*next.items))};
    for (size_t i = 0; i < refs->count; i++) {
        const struct look_ref *ref = &refs->items[i];
        bool is_taken = !ref->view->is_rewritten && !ref->view->problem[0];
        struct seen_head *item = &next.items[next.count];
        TEXT_COPY_CUT(item->repository, ref->view->repository);
        TEXT_COPY_CUT(item->branch, ref->view->branch);
        TEXT_COPY_CUT(item->head, is_taken ? ref->view->head : ref->seen_head);
        next.count += item->head[0] != '\0';
    }
    /* A pipeline that cannot be read names no branches; it will again. */
    for (size_t i = 0; !has_pipeline && i < look->seen.count && next.count < LOOK_REFS_MAX; i++) {
        const struct seen_head *old = &look->seen.items[i];
        if (!seen_heads_find(&next, old->repository, old->branch)[0]) {
            next.items[next.count++] = *old;
        }
    }
    seen_heads_done(&look->seen);
    look->seen = next;
}
