/* The board and its cells. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"

/* Shown for a cell in place of the reported state where it says more. */
static const char *const shown_waiting = "waiting";
static const char *const shown_needs_approval = "needs_approval";
static const char *const shown_held = "held";
static const char *const shown_unreachable = "unreachable";

json_t *view_image(const struct image *image)
{
    return image_to_json(image);
}

bool is_reachable(const struct api *api, const struct cluster_view *cluster)
{
    return cluster && cluster->seen_ms > 0 &&
           env_now_ms(api->options.env) - cluster->seen_ms < API_SILENT_MS;
}

json_t *view_report_diagnosis(const struct diagnosis *diagnosis, int64_t since_ms)
{
    json_t *value = diagnosis_to_json(diagnosis);
    if (json_is_object(value)) {
        json_put_time(value, "since", since_ms);
    }
    return value;
}

static const struct target_view *next_target(const struct git_view *view, const char *stage,
                                             size_t *at)
{
    for (; view && *at < view->target_count; (*at)++) {
        if (strcmp(view->targets[*at].stage->name, stage) == 0) {
            return &view->targets[(*at)++];
        }
    }
    return NULL;
}

/* ---- one target of a cell ---- */

struct target_facts {
    const struct target_view *target;
    const struct scan_workload *workload;
    const struct cluster_view *cluster;
    const struct report_workload *report; /* NULL: nothing reported */
    enum workload_state state;
    bool is_reachable;
};

static bool gather(struct api *api, const struct target_view *target, const char *name,
                   struct target_facts *out)
{
    const struct scan_workload *workload = target->scan ? scan_find(target->scan, name) : NULL;
    if (!workload) {
        return false;
    }
    *out = (struct target_facts){.target = target, .workload = workload};
    out->cluster = promote_cluster(api->options.engine, target->target->cluster);
    out->report =
        out->cluster && out->cluster->has_report ? map_get(&out->cluster->by_workload, name) : NULL;
    out->state = out->report ? out->report->state : WORKLOAD_NO_DATA;
    out->is_reachable = is_reachable(api, out->cluster);
    return true;
}

static const struct image *git_image(const struct scan_workload *workload)
{
    static const struct image none;
    return workload->place_count ? &workload->places[0].image : &none;
}

/* Is the version that the board shows that of a chart?  Images come first. */
static bool shows_chart(const struct scan_workload *workload)
{
    return workload->place_count && workload->places[0].form == LOCATE_CHART;
}

static void put_is_chart(json_t *value, const struct scan_workload *workload)
{
    if (shows_chart(workload)) {
        json_put_bool(value, "isChart", true);
    }
}

/* The running image of the container that the board shows. */
static const struct image *running_image(const struct target_facts *facts)
{
    for (size_t i = 0;
         facts->report && facts->workload->place_count && i < facts->report->running_count; i++) {
        const struct workload_image *image = &facts->report->running_images[i];
        if (strcmp(image->container, facts->workload->places[0].container) == 0) {
            return &image->image;
        }
    }
    return NULL;
}

static json_t *view_target(const struct target_facts *facts)
{
    json_t *value = json_object();
    const struct image *image = git_image(facts->workload);
    const struct image *running = running_image(facts);
    json_put_text(value, "cluster", facts->target->target->cluster);
    json_put_text(value, "state", workload_state_name(facts->state));
    json_put_text(value, "version", image->tag);
    json_put_text(value, "digest", image->digest);
    json_put_text(value, "running", running ? running->tag : NULL);
    bool has_digest = running && (image->digest[0] || !shows_chart(facts->workload));
    json_put_text(value, "runningDigest", has_digest ? running->digest : NULL);
    put_is_chart(value, facts->workload);
    json_put_bool(value, "isReachable", facts->is_reachable);
    json_put_time(value, "reportedAt", facts->cluster ? facts->cluster->seen_ms : 0);
    if (facts->report) {
        json_put_time(value, "since", facts->report->since_ms);
        json_put_int(value, "ready", facts->report->ready);
        json_put_int(value, "wanted", facts->report->wanted);
        json_put_int(value, "oldReady", facts->report->old_ready);
        json_put(
            value, "diagnosis",
            view_report_diagnosis(&facts->report->diagnosis, facts->report->diagnosis_since_ms));
    } else {
        json_put(value, "diagnosis", json_null());
    }
    return value;
}

/* ---- the cell: its worst target, and what automation is doing with it ---- */

json_t *view_hold(const struct hold *hold)
{
    json_t *value = json_object();
    json_put_int(value, "id", hold->id);
    json_put_text(value, "stage", hold->stage);
    json_put_text(value, "workload", hold->workload);
    json_put_text(value, "owner", hold->owner);
    json_put_text(value, "reason", hold->reason);
    json_put_time(value, "createdAt", hold->created_ms);
    json_put_time(value, "expiresAt", hold->expires_ms);
    json_put(value, "rejected",
             hold->rejected.repository[0] ? view_image(&hold->rejected) : json_null());
    return value;
}

static const char *shown_state(const struct target_facts *worst, const struct hold *hold,
                               const struct release *release)
{
    bool is_quiet = worst->state == WORKLOAD_HEALTHY;
    if (!worst->is_reachable && worst->cluster && worst->cluster->seen_ms) {
        return shown_unreachable;
    }
    if (is_quiet && release && release->phase == RELEASE_NEEDS_APPROVAL) {
        return shown_needs_approval;
    }
    if (is_quiet && release && release->phase <= RELEASE_QUEUED) {
        return shown_waiting;
    }
    if (is_quiet && release) {
        return workload_state_name(WORKLOAD_ROLLING_OUT);
    }
    return is_quiet && hold ? shown_held : workload_state_name(worst->state);
}

static void summarise(const struct target_facts *worst, const struct hold *hold,
                      const struct release *release, struct str *out)
{
    const struct report_workload *report = worst->report;
    const char *cluster = worst->target->target->cluster;
    if (!worst->cluster || !worst->cluster->seen_ms) {
        str_addf(out, "The agent of %s has not reported yet.", cluster);
    } else if (!worst->is_reachable) {
        str_addf(out, "%s is silent; what it last said is shown.", cluster);
    } else if (report && report->diagnosis.code[0]) {
        str_add(out, report->diagnosis.what);
    } else if (release) {
        str_add(out, release->why);
    } else if (worst->state == WORKLOAD_ROLLING_OUT) {
        str_addf(out, "%d of %d new pods are ready.", report->ready, report->wanted);
    } else if (hold) {
        str_addf(out, "Held by %s: %s", hold->owner, hold->reason);
    } else if (worst->state == WORKLOAD_HEALTHY && report->wanted == 0 &&
               shows_chart(worst->workload)) {
        str_add(out, "Flux has installed its chart; it has no pods.");
    } else if (worst->state == WORKLOAD_HEALTHY) {
        str_addf(out, "%d of %d pods are ready.", report->ready, report->wanted);
    } else {
        str_addf(out, "It is in Git; %s has not made it yet.", cluster);
    }
}

/* When what shown_state() says began. */
static int64_t shown_since(const struct target_facts *worst, const struct release *release)
{
    bool is_quiet = worst->state == WORKLOAD_HEALTHY;
    return is_quiet && release ? release->phase_ms : worst->report->since_ms;
}

static void put_worst(struct api *api, json_t *cell, const struct target_facts *worst,
                      const char *stage, const char *name)
{
    const struct hold *hold = promote_hold_of(api->options.engine, stage, name);
    const struct release *release = promote_release_of(api->options.engine, stage, name);
    const struct image *image = git_image(worst->workload);
    const struct image *running = running_image(worst);
    json_put_text(cell, "state", shown_state(worst, hold, release));
    json_put_text(cell, "version", image->tag);
    json_put_text(cell, "digest", image->digest);
    json_put_text(cell, "running", running ? running->tag : NULL);
    put_is_chart(cell, worst->workload);
    json_put_int(cell, "behind", promote_behind(api->options.engine, image));
    json_put(cell, "hold", hold ? view_hold(hold) : json_null());
    json_put(cell, "release", release ? json_integer(release->id) : json_null());
    AUTO_STR(summary, REASON_BYTES);
    summarise(worst, hold, release, &summary);
    json_put_text(cell, "summary", summary.text);
    json_put(cell, "diagnosis",
             worst->report ? view_report_diagnosis(&worst->report->diagnosis,
                                                   worst->report->diagnosis_since_ms)
                           : json_null());
    if (worst->report) {
        json_put_time(cell, "since", shown_since(worst, release));
        json_put_int(cell, "ready", worst->report->ready);
        json_put_int(cell, "wanted", worst->report->wanted);
    }
}

json_t *view_cell(struct api *api, const char *stage, const char *workload)
{
    const struct git_view *view = promote_git(api->options.engine);
    struct target_facts worst = {0};
    json_t *targets = json_array();
    size_t at = 0;
    for (const struct target_view *target = next_target(view, stage, &at); target;
         target = next_target(view, stage, &at)) {
        struct target_facts facts;
        if (gather(api, target, workload, &facts)) {
            json_array_append_new(targets, view_target(&facts));
            if (!worst.target || facts.state < worst.state) {
                worst = facts;
            }
        }
    }
    if (!worst.target) {
        json_decref(targets);
        return NULL;
    }
    json_t *cell = json_object();
    json_put_text(cell, "stage", stage);
    put_worst(api, cell, &worst, stage, workload);
    json_put(cell, "targets", targets);
    return cell;
}

/* ---- the board ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Names of all workloads of all targets, sorted, in the arena. */
static const char **all_names(const struct git_view *view, struct arena *arena, size_t *out_count)
{
    struct map seen = {0};
    size_t room = 0;
    for (size_t i = 0; i < view->target_count; i++) {
        room += view->targets[i].scan ? view->targets[i].scan->workload_count : 0;
    }
    const char **names = arena_alloc(arena, room, sizeof(*names));
    *out_count = 0;
    for (size_t i = 0; i < view->target_count; i++) {
        const struct scan *scan = view->targets[i].scan;
        for (size_t n = 0; scan && n < scan->workload_count; n++) {
            if (!map_has(&seen, scan->workloads[n].name)) {
                map_set(&seen, scan->workloads[n].name, NULL);
                names[(*out_count)++] = scan->workloads[n].name;
            }
        }
    }
    map_done(&seen);
    if (*out_count) {
        qsort(names, *out_count, sizeof(*names), by_name);
    }
    return names;
}

static const struct scan_workload *first_of(const struct git_view *view, const char *name)
{
    for (size_t i = 0; i < view->target_count; i++) {
        const struct scan_workload *found =
            view->targets[i].scan ? scan_find(view->targets[i].scan, name) : NULL;
        if (found) {
            return found;
        }
    }
    return NULL;
}

static json_t *view_row(struct api *api, const struct git_view *view, const char *name)
{
    const struct scan_workload *any = first_of(view, name);
    json_t *row = json_object();
    json_put_text(row, "name", name);
    json_put_text(row, "kind", workload_kind_name(any->kind));
    json_put_text(row, "namespace", any->namespace);
    const struct version_row *newest =
        promote_newest(api->options.engine, git_image(any)->repository);
    json_t *image = json_null();
    if (newest) {
        image = json_object();
        json_put_text(image, "repository", newest->repository);
        json_put_text(image, "tag", newest->tag);
        json_put_text(image, "digest", newest->digest);
    }
    json_put(row, "newest", image);
    json_t *cells = json_array();
    for (size_t i = 0; i < view->pipeline->stage_count; i++) {
        json_t *cell = view_cell(api, view->pipeline->stages[i].name, name);
        if (cell) {
            json_array_append_new(cells, cell);
        }
    }
    json_put(row, "cells", cells);
    return row;
}

static json_t *view_stage_head(const struct stage *stage)
{
    json_t *value = json_object();
    json_put_text(value, "name", stage->name);
    json_put_bool(value, "automatic", stage->automatic);
    json_t *from = json_array();
    for (size_t i = 0; i < stage->from_count; i++) {
        json_array_append_new(from, json_string(stage->from[i]));
    }
    json_put(value, "from", from);
    json_t *targets = json_array();
    for (size_t i = 0; i < stage->target_count; i++) {
        json_array_append_new(targets, json_string(stage->targets[i].cluster));
    }
    json_put(value, "targets", targets);
    return value;
}

json_t *view_board(struct api *api)
{
    const struct git_view *view = promote_git(api->options.engine);
    json_t *board = json_object();
    json_t *stages = json_array();
    json_t *rows = json_array();
    json_put_text(board, "commit", view ? view->refs[0].head : NULL);
    json_put_time(board, "at", env_now_ms(api->options.env));
    if (view && view->pipeline) {
        AUTO(arena_free) struct arena *arena = arena_new();
        for (size_t i = 0; i < view->pipeline->stage_count; i++) {
            json_array_append_new(stages, view_stage_head(&view->pipeline->stages[i]));
        }
        size_t count = 0;
        const char **names = all_names(view, arena, &count);
        for (size_t i = 0; i < count; i++) {
            json_array_append_new(rows, view_row(api, view, names[i]));
        }
    }
    json_put(board, "stages", stages);
    json_put(board, "workloads", rows);
    return board;
}
