/* Plans, and the diffs that a worker makes for them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "api/plan_views.h"

/* A diff of a few hundred files; longer ones are cut, and say so. */
#define DIFF_BYTES_MAX (2U << 20)

/* A ref, before and after what is looked at. */
struct diff_side {
    const struct config_repository *repository;
    char first[GIT_OID_BYTES], last[GIT_OID_BYTES];
    bool is_made, is_drafted; /* a commit of the release is on it; one that is yet to be made */
};

struct draft {
    struct commit_request request;
    struct diff_side *side;
};

struct made {
    const char *commit;
    struct diff_side *side; /* NULL: the pipeline no longer says */
};

/* Work for the git queue: what would this plan, or what did this release, change? */
struct diff_job {
    struct api *api;
    struct http_exchange *exchange;
    struct arena *arena;
    json_t *plan;             /* answered with its diff; NULL: the diff alone is the answer */
    struct plan_views *views; /* of the plan; NULL: none are asked for */
    struct diff_side *sides;  /* one for each ref of the view */
    size_t side_count;
    struct draft *drafts; /* one per wave, each on the result of the one before on its ref */
    size_t draft_count;
    struct made *made; /* shown against their parents */
    size_t made_count;
    bool has_diff; /* else only the views are answered */
    struct str diff;
    bool succeeded;
    struct err err;
};

static bool add_diff(struct diff_job *job, struct git *git, const char *from, const char *to)
{
    return !job->has_diff || strcmp(from, to) == 0 ||
           git_diff(git, from, to, NULL, 0, &job->diff, &job->err);
}

/* Object ids are unique: the repository that has the commit is the one. */
static bool find_parent(struct diff_job *job, const char *commit, char out[static GIT_OID_BYTES],
                        struct git **out_git)
{
    const struct api_options *options = &job->api->options;
    bool found = false;
    AUTO_STR(revision, 128);
    str_addf(&revision, "%s^", commit);
    for (size_t i = 0; i < options->repository_count && !found; i++) {
        job->err = (struct err){0};
        *out_git = options->repositories[i].git;
        found = git_resolve(*out_git, revision.text, out, &job->err);
    }
    return found;
}

static bool run_draft(struct diff_job *job, struct draft *draft)
{
    struct diff_side *side = draft->side;
    struct draft_commit *commit = ARENA_NEW(job->arena, struct draft_commit);
    draft->request.base = arena_strdup(job->arena, side->last);
    if (!configrepo_commit(side->repository->git, side->repository->memory, &draft->request, commit,
                           &job->err) ||
        !add_diff(job, side->repository->git, draft->request.base, commit->oid)) {
        return false;
    }
    TEXT_COPY_CUT(side->last, commit->oid);
    side->is_drafted = true;
    return true;
}

static bool show_made(struct diff_job *job, const struct made *made)
{
    char parent[GIT_OID_BYTES];
    struct git *git = NULL;
    if (!find_parent(job, made->commit, parent, &git) ||
        !add_diff(job, git, parent, made->commit)) {
        return false;
    }
    struct diff_side *side = made->side;
    if (side && !side->is_made) {
        TEXT_COPY_CUT(side->first, parent);
        side->is_made = true;
    }
    if (side && !side->is_drafted) {
        TEXT_COPY_CUT(side->last, made->commit);
    }
    return true;
}

/* From before the first commit to behind the last one, made or drafted. */
static void run_views(struct diff_job *job)
{
    struct plan_side *sides = arena_alloc(job->arena, job->side_count, sizeof(*sides));
    for (size_t i = 0; i < job->side_count; i++) {
        const struct diff_side *side = &job->sides[i];
        sides[i] = (struct plan_side){side->repository->git, side->first, side->last};
    }
    plan_views_run(job->views, job->api->renders, sides, job->side_count);
}

static void run_diff(void *context)
{
    struct diff_job *job = context;
    job->succeeded = true;
    for (size_t i = 0; i < job->draft_count && job->succeeded; i++) {
        job->succeeded = run_draft(job, &job->drafts[i]);
    }
    for (size_t i = 0; i < job->made_count && job->succeeded; i++) {
        job->succeeded = show_made(job, &job->made[i]);
    }
    if (job->succeeded && job->views && (job->draft_count || job->made_count)) {
        run_views(job);
    }
}

static void diff_done(void *context, bool is_stopping)
{
    struct diff_job *job = context;
    (void)is_stopping; /* the exchange must be answered all the same */
    if (!job->succeeded) {
        http_reply_error(job->exchange, &job->err);
    } else if (job->plan) {
        if (job->has_diff) {
            json_put(job->plan, "diff", json_text_safe(job->diff.text, job->diff.length));
        }
        if (job->views) {
            plan_views_put(job->views, job->plan);
        }
        http_reply_json(job->exchange, 200, TAKE(job->plan));
    } else {
        http_reply_bytes(job->exchange, 200, "text/x-diff; charset=utf-8", str_slice(&job->diff));
    }
    json_decref(job->plan);
    plan_views_drop(job->views);
    str_done(&job->diff);
    arena_free(&job->arena);
    free(job);
}

static struct diff_job *job_new(struct api *api, struct http_exchange *exchange)
{
    struct diff_job *job = xcalloc(1, sizeof(*job));
    job->api = api;
    job->exchange = exchange;
    job->arena = arena_new();
    job->has_diff = true;
    str_init(&job->diff, DIFF_BYTES_MAX);
    return job;
}

static void job_start(struct diff_job *job)
{
    http_exchange_keep(job->exchange);
    loop_work(job->api->options.loop, job->api->options.git_queue, run_diff, diff_done, job);
}

/* ---- changes of a wave ---- */

struct wave_changes {
    struct diff_side *side; /* of the first one */
    struct version_change *items;
    size_t count;
};

/* The side of a cluster's target, and its path; NULL: the pipeline has it no more, or nothing is
   known of its ref. */
static struct diff_side *side_of(const struct diff_job *job, const struct git_view *view,
                                 const char *cluster, const char **out_path)
{
    for (size_t i = 0; i < view->target_count; i++) {
        const struct target_view *target = &view->targets[i];
        if (strcmp(target->target->cluster, cluster) == 0 && target->ref->head[0]) {
            *out_path = target->target->path;
            return &job->sides[target->ref - view->refs];
        }
    }
    return NULL;
}

static void set_sides(struct diff_job *job, const struct git_view *view)
{
    const struct api_options *options = &job->api->options;
    job->side_count = view->ref_count;
    job->sides = arena_alloc(job->arena, view->ref_count, sizeof(*job->sides));
    for (size_t i = 0; i < view->ref_count; i++) {
        struct diff_side *side = &job->sides[i];
        side->repository = config_repository_find(options->repositories, options->repository_count,
                                                  view->refs[i].repository);
        TEXT_COPY_CUT(side->first, view->refs[i].head);
        TEXT_COPY_CUT(side->last, view->refs[i].head);
    }
}

/* A wave is on one ref: should the pipeline have changed in the meantime, the rest is not shown. */
static void add_change(struct wave_changes *wave, const struct diff_job *job,
                       const struct git_view *view, const char *cluster,
                       const struct version_change *change)
{
    const char *path = NULL;
    struct diff_side *side = side_of(job, view, cluster, &path);
    if (side && (!wave->side || wave->side == side)) {
        wave->side = side;
        struct version_change *own = &wave->items[wave->count++];
        *own = *change;
        own->path = arena_strdup(job->arena, path);
        own->workload = arena_strdup(job->arena, change->workload);
        own->container = arena_strdup(job->arena, change->container);
    }
}

/* Every path on the side: what no edit may leak into. */
static void add_paths(const struct diff_job *job, const struct git_view *view, struct draft *draft)
{
    const char **paths = arena_alloc(job->arena, view->target_count, sizeof(*paths));
    size_t count = 0;
    for (size_t i = 0; i < view->target_count; i++) {
        if (&job->sides[view->targets[i].ref - view->refs] == draft->side) {
            paths[count++] = arena_strdup(job->arena, view->targets[i].target->path);
        }
    }
    draft->request.all_paths = paths;
    draft->request.all_path_count = count;
}

static void set_drafts(struct diff_job *job, const struct git_view *view,
                       const struct wave_changes *waves, size_t count, int64_t now_ms)
{
    job->drafts = arena_alloc(job->arena, count, sizeof(*job->drafts));
    for (size_t i = 0; i < count; i++) {
        if (waves[i].count) {
            struct draft *draft = &job->drafts[job->draft_count++];
            *draft = (struct draft){.side = waves[i].side,
                                    .request = {
                                        .changes = waves[i].items,
                                        .change_count = waves[i].count,
                                        .message = "plan\n",
                                        .author = "heddle",
                                        .when_ms = now_ms,
                                        .charts = job->api->options.charts,
                                    }};
            add_paths(job, view, draft);
            commit_request_for(&draft->request, view->pipeline, job->arena);
        }
    }
}

static struct wave_changes *waves_new(struct arena *arena, size_t wave_count, size_t change_count)
{
    struct wave_changes *waves = arena_alloc(arena, wave_count, sizeof(*waves));
    for (size_t i = 0; i < wave_count; i++) {
        waves[i].items = arena_alloc(arena, change_count, sizeof(*waves[i].items));
    }
    return waves;
}

static void drafts_of_plan(struct diff_job *job, const struct git_view *view,
                           const struct plan *plan)
{
    set_sides(job, view);
    size_t changes = 0;
    for (size_t i = 0; i < plan->item_count; i++) {
        changes += plan->items[i].change_count;
    }
    size_t count = (size_t)plan->wave_count;
    struct wave_changes *waves = waves_new(job->arena, count, changes);
    for (size_t i = 0; i < plan->item_count; i++) {
        const struct plan_item *item = &plan->items[i];
        for (size_t n = 0; n < item->change_count; n++) {
            struct version_change change = {.workload = item->workload,
                                            .container = item->changes[n].container,
                                            .from = item->changes[n].from,
                                            .to = item->changes[n].to};
            add_change(&waves[item->wave], job, view, item->target, &change);
        }
    }
    set_drafts(job, view, waves, count, env_now_ms(job->api->options.env));
}

/* What is still to be committed. */
static void drafts_of_release(struct diff_job *job, const struct git_view *view,
                              const struct release *release)
{
    size_t changes = 0;
    for (size_t i = 0; i < release->item_count; i++) {
        changes += release->items[i].change_count;
    }
    size_t count = (size_t)release->wave_count;
    struct wave_changes *waves = waves_new(job->arena, count, changes);
    for (size_t i = 0; i < release->item_count; i++) {
        const struct release_item *item = &release->items[i];
        for (size_t n = 0; item->state == ITEM_WAITING && n < item->change_count; n++) {
            struct version_change change = {.workload = item->workload,
                                            .container = item->changes[n].container,
                                            .from = item->changes[n].from,
                                            .to = item->changes[n].to};
            add_change(&waves[item->wave], job, view, item->target, &change);
        }
    }
    set_drafts(job, view, waves, count, release->created_ms);
}

/* ---- requests ---- */

bool read_promote_request(struct http_exchange *exchange, const json_t *body, struct arena *arena,
                          struct promote_request *out, struct err *err)
{
    *out = (struct promote_request){.actor = asking(exchange)->name};
    if (!TEXT_COPY(out->to, json_text_at(body, "to", "")) || !out->to[0]) {
        return err_set(err, ERR_INVALID, "say where to: \"to\" must name a stage");
    }
    if (!TEXT_COPY(out->from, json_text_at(body, "from", ""))) {
        return err_set(err, ERR_INVALID, "\"from\" is too long to be a stage or a cluster");
    }
    const json_t *workloads = json_array_at(body, "workloads");
    const char **names = arena_alloc(arena, json_array_size(workloads), sizeof(*names));
    size_t i = 0;
    const json_t *name = NULL;
    json_array_foreach (workloads, i, name) {
        if (!json_is_string(name)) {
            return err_set(err, ERR_INVALID, "\"workloads\" must be a list of names");
        }
        names[out->workload_count++] = arena_strdup(arena, json_string_value(name));
    }
    out->workloads = names;
    const char *version = json_text_at(body, "version", "");
    const char *digest = json_text_at(body, "planDigest", "");
    char key[REQUEST_KEY_BYTES];
    if (!read_request_key(exchange, key, err)) {
        return false;
    }
    out->version = version[0] ? arena_strdup(arena, version) : NULL;
    out->plan_digest = digest[0] ? arena_strdup(arena, digest) : NULL;
    out->reason = arena_strdup(arena, json_text_at(body, "reason", ""));
    out->request_key = arena_strdup(arena, key);
    return true;
}

/* The commit that the plan's first wave stands on. */
static const char *base_of(const struct git_view *view, const struct plan *plan)
{
    for (size_t i = 0; plan->item_count && i < view->target_count; i++) {
        if (strcmp(view->targets[i].target->cluster, plan->items[0].target) == 0) {
            return view->targets[i].ref->head;
        }
    }
    return view->refs[0].head;
}

static json_t *plan_body(struct api *api, const struct plan *plan)
{
    json_t *body = plan_to_json(plan);
    struct gate_answer answers[GATE_RULE_COUNT] = {0};
    bool applies[GATE_RULE_COUNT] = {false};
    if (plan->item_count) {
        promote_plan_gates(api->options.engine, plan, answers, applies);
    }
    json_put(body, "gates", view_gates(answers, applies));
    json_put_text(body, "base", base_of(promote_git(api->options.engine), plan));
    json_put_text(body, "diff", "");
    return body;
}

void make_plan(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    const json_t *body = read_body(api, exchange);
    if (!body) {
        return;
    }
    AUTO(arena_free) struct arena *arena = arena_new();
    struct promote_request request;
    struct plan plan;
    struct err err = {0};
    if (!read_promote_request(exchange, body, arena, &request, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    if (resolve_first(api, exchange, &request, make_plan)) {
        return;
    }
    if (!promote_plan(api->options.engine, &request, arena, &plan, &err)) {
        http_reply_error(exchange, &err);
        return;
    }
    json_t *answer = plan_body(api, &plan);
    remember_plan(api, plan.digest, answer);
    if (plan.item_count == 0) {
        http_reply_json(exchange, 200, answer);
        return;
    }
    struct diff_job *job = job_new(api, exchange);
    job->plan = answer;
    drafts_of_plan(job, promote_git(api->options.engine), &plan);
    unsigned wanted = plan_views_wanted(body);
    job->views = wanted ? plan_views_new(api, &plan, wanted, job->arena) : NULL;
    job_start(job);
}

/* A wave's ref is that of its targets. */
static struct diff_side *side_of_wave(const struct diff_job *job, const struct git_view *view,
                                      const struct release *release, int wave)
{
    struct diff_side *side = NULL;
    const char *ignored = NULL;
    for (size_t i = 0; view && i < release->item_count && !side; i++) {
        if (release->items[i].wave == wave) {
            side = side_of(job, view, release->items[i].target, &ignored);
        }
    }
    return side;
}

static void made_of_release(struct diff_job *job, const struct git_view *view,
                            const struct release *release)
{
    job->made = arena_alloc(job->arena, RELEASE_WAVES_MAX, sizeof(*job->made));
    for (int i = 0; i < release->wave_count && i < RELEASE_WAVES_MAX; i++) {
        if (release->commits[i][0]) {
            job->made[job->made_count++] = (struct made){
                arena_strdup(job->arena, release->commits[i]), side_of_wave(job, view, release, i)};
        }
    }
}

/* What is committed, and what would be while it is under way; NULL: the error was answered. */
static struct diff_job *job_of_release(struct api *api, struct http_exchange *exchange,
                                       struct release **out)
{
    struct diff_job *job = job_new(api, exchange);
    int64_t id = release_id_of(exchange);
    if (!store_release_get(api->options.store, id, job->arena, out, &job->err)) {
        http_reply_error(exchange, &job->err);
        str_done(&job->diff);
        arena_free(&job->arena);
        free(job);
        return NULL;
    }
    const struct git_view *view = promote_git(api->options.engine);
    if (view) {
        set_sides(job, view);
    }
    made_of_release(job, view, *out);
    if (view && view->pipeline && !release_is_over((*out)->phase)) {
        drafts_of_release(job, view, *out);
    }
    return job;
}

void show_release_diff(struct http_exchange *exchange, void *context)
{
    struct release *release = NULL;
    struct diff_job *job = job_of_release(context, exchange, &release);
    if (job) {
        job_start(job);
    }
}

/* A release as the plan that it was, as far as views need it. */
static void plan_of_release(const struct release *release, struct arena *arena, struct plan *out)
{
    *out = (struct plan){0};
    TEXT_COPY_CUT(out->to, release->stage);
    TEXT_COPY_CUT(out->from, release->from);
    out->items = arena_alloc(arena, release->item_count, sizeof(*out->items));
    for (size_t i = 0; i < release->item_count; i++) {
        struct plan_item *item = &out->items[out->item_count++];
        TEXT_COPY_CUT(item->workload, release->items[i].workload);
        TEXT_COPY_CUT(item->target, release->items[i].target);
    }
}

void show_release_impact(struct http_exchange *exchange, void *context)
{
    struct api *api = context;
    struct release *release = NULL;
    struct diff_job *job = job_of_release(api, exchange, &release);
    if (!job) {
        return;
    }
    struct plan plan;
    plan_of_release(release, job->arena, &plan);
    job->has_diff = false;
    job->plan = json_object();
    const struct git_view *view = promote_git(api->options.engine);
    bool is_in_git = view && view->pipeline && (job->made_count || job->draft_count);
    if (!is_in_git) {
        json_put(job->plan, "impact", json_array()); /* nothing was or will be changed */
    } else {
        job->views = plan_views_new(api, &plan, PLAN_IMPACT, job->arena);
    }
    job_start(job);
}
