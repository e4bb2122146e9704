/* Clusters, their agents, and the pipeline. */
#include <string.h>

#include "api/internal.h"

static json_t *view_problem(const char *file, unsigned line, const char *text)
{
    json_t *value = json_object();
    json_put_text(value, "file", file);
    json_put_int(value, "line", line);
    json_put_text(value, "text", text);
    return value;
}

static json_t *view_workload(const struct report_workload *workload)
{
    json_t *value = json_object();
    json_put_text(value, "name", workload->name);
    json_put_text(value, "namespace", workload->namespace);
    json_put_text(value, "kind", workload_kind_name(workload->kind));
    json_put_text(value, "state", workload_state_name(workload->state));
    json_put_time(value, "since", workload->since_ms);
    json_put_int(value, "ready", workload->ready);
    json_put_int(value, "wanted", workload->wanted);
    json_put_int(value, "driftFixed", workload->drift_fixed);
    json_put_time(value, "driftFixedAt", workload->drift_fixed_ms);
    json_put_text(value, "driftManager", workload->drift_manager);
    json_put(value, "diagnosis",
             view_report_diagnosis(&workload->diagnosis, workload->diagnosis_since_ms));
    if (workload->use.pods > 0) {
        json_put(value, "use", workload_use_to_json(&workload->use));
    }
    return value;
}

static int by_name(const void *left, const void *right)
{
    const struct report_workload *const *a = left;
    const struct report_workload *const *b = right;
    return strcmp((*a)->name, (*b)->name);
}

static json_t *view_workloads(const struct report *report)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    size_t count = report->workload_count;
    const struct report_workload **sorted =
        arena_alloc(arena, count, sizeof(struct report_workload *));
    json_t *workloads = json_array();
    for (size_t i = 0; i < count; i++) {
        sorted[i] = &report->workloads[i];
    }
    sort_items(sorted, count, sizeof(*sorted), by_name);
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(workloads, view_workload(sorted[i]));
    }
    return workloads;
}

static json_t *view_drifts(const struct report *report)
{
    json_t *drifts = json_array();
    for (size_t i = 0; i < report->drift_count; i++) {
        json_array_append_new(drifts, report_drift_to_json(&report->drifts[i]));
    }
    return drifts;
}

static void put_report(json_t *value, const struct report *report, bool with_workloads)
{
    json_put_text(value, "agentVersion", report->agent_version);
    json_put_text(value, "appliedCommit", report->applied_commit);
    json_put_text(value, "seenCommit", report->seen_commit);
    json_put_time(value, "appliedAt", report->applied_ms);
    json_put_int(value, "objects", report->object_count);
    json_t *problems = json_array();
    for (size_t i = 0; i < report->problem_count; i++) {
        const struct report_problem *problem = &report->problems[i];
        json_array_append_new(problems, view_problem(problem->file, problem->line, problem->text));
    }
    json_put(value, "problems", problems);
    if (report->capacity) {
        json_put(value, "capacity", capacity_to_json(report->capacity));
    }
    json_put(value, "drifts", view_drifts(report));
    if (with_workloads) {
        json_put(value, "workloads", view_workloads(report));
    }
}

/* Commits of its branch that the cluster has not applied; -1 when that cannot be told. */
static int commits_behind(const struct target_view *target, const char *applied)
{
    for (size_t i = 0; target && i < target->ref->history_count; i++) {
        if (strcmp(target->ref->history[i], applied) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static const struct target_view *find_target(const struct git_view *view, const char *cluster)
{
    for (size_t i = 0; view && i < view->target_count; i++) {
        if (strcmp(view->targets[i].target->cluster, cluster) == 0) {
            return &view->targets[i];
        }
    }
    return NULL;
}

/* What its agent is to follow. */
static void put_place(const struct api *api, json_t *value, const struct target_view *target)
{
    const struct api_options *options = &api->options;
    const struct config_repository *repository =
        target ? config_repository_find(options->repositories, options->repository_count,
                                        target->ref->repository)
               : NULL;
    json_put_text(value, "repository", repository ? repository->url : NULL);
    json_put_text(value, "branch", target ? target->ref->branch : NULL);
    json_put_text(value, "path", target ? target->target->path : NULL);
}

json_t *view_place(const struct api *api, const char *cluster)
{
    const struct target_view *target = find_target(promote_git(api->options.engine), cluster);
    if (!target) {
        return NULL;
    }
    json_t *value = json_object();
    put_place(api, value, target);
    return value;
}

json_t *view_cluster(struct api *api, const char *name, bool with_workloads)
{
    const struct cluster_view *cluster = promote_cluster(api->options.engine, name);
    const struct git_view *view = promote_git(api->options.engine);
    const struct target_view *target = find_target(view, name);
    if (!cluster && !target) {
        return NULL;
    }
    json_t *value = json_object();
    json_put_text(value, "name", name);
    json_put_text(value, "stage", target ? target->stage->name : NULL);
    put_place(api, value, target);
    json_put_bool(value, "isConnected", is_reachable(api, cluster));
    json_put_time(value, "seenAt", cluster ? cluster->seen_ms : 0);
    if (cluster && cluster->has_report) {
        put_report(value, &cluster->report, with_workloads);
        json_put_int(value, "behind", commits_behind(target, cluster->report.applied_commit));
    } else {
        json_put(value, "problems", json_array());
    }
    const int64_t *doubled_ms = map_get(&api->doubles, name);
    if (doubled_ms && env_now_ms(api->options.env) - *doubled_ms < API_DOUBLE_MS) {
        json_array_append_new(json_object_get(value, "problems"),
                              view_problem("", 0,
                                           "Two agents report under this name; stop one of them, "
                                           "or give it a name of its own."));
    }
    return value;
}

/* ---- the pipeline ---- */

static json_t *view_targets(const struct api *api, const struct git_view *view,
                            const struct stage *stage)
{
    json_t *targets = json_array();
    for (size_t i = 0; i < view->target_count; i++) {
        if (view->targets[i].stage != stage) {
            continue;
        }
        json_t *target = json_object();
        json_put_text(target, "cluster", view->targets[i].target->cluster);
        put_place(api, target, &view->targets[i]);
        json_put_int(target, "wave", view->targets[i].wave + 1);
        json_array_append_new(targets, target);
    }
    return targets;
}

static json_t *view_stage(const struct api *api, const struct git_view *view,
                          const struct stage *stage)
{
    static const char *const on_failure[] = {"stop", "continue", "rollback"};
    json_t *value = json_object();
    json_put_text(value, "name", stage->name);
    json_t *from = json_array();
    for (size_t i = 0; i < stage->from_count; i++) {
        json_array_append_new(from, json_string(stage->from[i]));
    }
    json_put(value, "from", from);
    json_put_bool(value, "automatic", stage->automatic);
    json_put_bool(value, "pullRequest", stage->pull_mode != PULL_MODE_NONE);
    json_put_int(value, "soakMs", stage->soak_ms);
    json_put_int(value, "approvals", stage->approvals);
    json_put_text(value, "onFailure", on_failure[stage->on_failure]);
    json_put(value, "targets", view_targets(api, view, stage));
    return value;
}

static void add_scan_problems(json_t *problems, const struct target_view *target)
{
    if (target->problem[0]) {
        json_array_append_new(problems, view_problem(target->target->path, 0, target->problem));
    }
    for (const struct manifest_problem *problem = target->scan ? target->scan->problems : NULL;
         problem; problem = problem->next) {
        json_array_append_new(problems, view_problem(problem->file, problem->line, problem->text));
    }
}

static void add_ref_problems(json_t *problems, const struct ref_view *ref)
{
    AUTO_STR(text, REASON_BYTES + BRANCH_BYTES);
    if (ref->is_rewritten) {
        str_addf(&text,
                 "The history of the branch %s was rewritten; automation waits until someone runs "
                 "`heddle sync`.",
                 ref->branch);
        json_array_append_new(problems, view_problem("", 0, text.text));
    }
    if (ref->problem[0]) {
        json_array_append_new(problems, view_problem("", 0, ref->problem));
    }
}

json_t *view_pipeline(struct api *api)
{
    const struct git_view *view = promote_git(api->options.engine);
    json_t *value = json_object();
    json_t *stages = json_array();
    json_t *problems = json_array();
    json_put_text(value, "commit", view ? view->refs[0].head : NULL);
    if (view && view->pipeline_problem[0]) {
        json_array_append_new(problems, view_problem("", 0, view->pipeline_problem));
    }
    for (size_t i = 0; view && i < view->ref_count; i++) {
        add_ref_problems(problems, &view->refs[i]);
    }
    for (size_t i = 0; view && view->pipeline && i < view->pipeline->stage_count; i++) {
        json_array_append_new(stages, view_stage(api, view, &view->pipeline->stages[i]));
    }
    for (size_t i = 0; view && i < view->target_count; i++) {
        add_scan_problems(problems, &view->targets[i]);
    }
    json_put_text(value, "name", view && view->pipeline ? view->pipeline->name : NULL);
    json_put(value, "stages", stages);
    json_put(value, "problems", problems);
    return value;
}
