/* report: what of all this people and the server should know. */
#include <stdio.h>
#include <string.h>

#include "sync/engine.h"

static struct report_problem *add(struct report *out)
{
    return out->problem_count < REPORT_PROBLEMS_MAX ? &out->problems[out->problem_count++] : NULL;
}

static void add_text(struct report *out, const char *file, unsigned line, const char *text)
{
    struct report_problem *problem = text && text[0] ? add(out) : NULL;
    if (problem) {
        TEXT_COPY_CUT(problem->file, file);
        problem->line = line;
        TEXT_COPY_CUT(problem->text, text);
    }
}

static void add_whole_troubles(const struct sync *sync, struct report *out)
{
    add_text(out, "", 0, sync->api_trouble);
    add_text(out, "", 0, sync->fetch_trouble);
    add_text(out, "", 0, sync->trust_trouble);
    add_text(out, "", 0, sync->history_trouble);
    add_text(out, "", 0, sync->render_trouble);
    add_text(out, "", 0, sync->prune_trouble);
    MAP_EACH (slot, &sync->feeds) {
        const struct feed *feed = slot->value;
        add_text(out, "", 0, feed->trouble);
    }
}

static void add_unknown_kinds(const struct sync *sync, struct report *out)
{
    const struct render_result *render = &sync->revision->render;
    for (size_t i = 0; i < render->count && sync->unknown_kinds > 0 && sync->types; i++) {
        const struct render_object *object = &render->objects[i];
        if (kube_type_find(sync->types, object->api_version, object->kind)) {
            continue;
        }
        char text[REASON_BYTES];
        snprintf(text, sizeof(text),
                 "%s %s: the cluster does not know %s of %s; is its CustomResourceDefinition "
                 "missing, or is another version served?",
                 object->kind, object->name, object->kind, object->api_version);
        add_text(out, object->file, object->line, text);
    }
}

static void add_fight(const struct object *object, struct report *out)
{
    char text[REASON_BYTES];
    const char *manager = object->drift->manager;
    snprintf(text, sizeof(text),
             "%.*s %s is changed again and again by %s, and was put back %d times; now once a "
             "minute.  Take the field out of Git, or stop the other writer.",
             (int)object_kind(object).length, object_kind(object).bytes, object->wanted->name,
             manager[0] ? manager : "somebody", object->drift->fixed);
    add_text(out, object->wanted->file, object->wanted->line, text);
}

static void add_object_troubles(const struct sync *sync, struct report *out)
{
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        const struct render_object *wanted = object->wanted;
        add_text(out, wanted ? wanted->file : "", wanted ? wanted->line : 0, object->trouble);
        if (wanted && object->drift && object->drift->is_fight) {
            add_fight(object, out);
        }
    }
}

static int by_place(const void *left, const void *right)
{
    const struct report_problem *a = left;
    const struct report_problem *b = right;
    int order = strcmp(a->file, b->file);
    if (order == 0) {
        order = (a->line > b->line) - (a->line < b->line);
    }
    return order ? order : strcmp(a->text, b->text);
}

static void fill_problems(const struct sync *sync, struct arena *arena, struct report *out)
{
    out->problems = arena_alloc(arena, REPORT_PROBLEMS_MAX, sizeof(*out->problems));
    out->problem_count = 0;
    add_whole_troubles(sync, out);
    if (sync->revision) {
        const struct manifest_problem *problem = sync->revision->render.problems;
        for (; problem; problem = problem->next) {
            add_text(out, problem->file, problem->line, problem->text);
        }
        add_unknown_kinds(sync, out);
    }
    add_object_troubles(sync, out);
    /* The map has no order; an equal report must look equal. */
    qsort(out->problems, out->problem_count, sizeof(*out->problems), by_place);
}

static void fill_workloads(struct sync *sync, struct arena *arena, struct report *out)
{
    out->workloads = arena_alloc(arena, sync->objects.count + 1, sizeof(*out->workloads));
    out->workload_count = 0;
    MAP_EACH (slot, &sync->objects) {
        const struct object *object = slot->value;
        struct workload *workload = object->workload;
        if (workload && workload->is_judged && (out->is_full || workload->is_changed) &&
            out->workload_count < REPORT_WORKLOADS_MAX) {
            out->workloads[out->workload_count++] = workload->row;
            workload->is_changed = false;
        }
    }
}

static uint64_t summary_of(const struct report *report)
{
    uint64_t hash = hash64(HASH64_START, report->applied_commit, strlen(report->applied_commit));
    hash = hash64(hash, report->seen_commit, strlen(report->seen_commit));
    hash = hash64(hash, &report->object_count, sizeof(report->object_count));
    for (size_t i = 0; i < report->problem_count; i++) {
        const struct report_problem *problem = &report->problems[i];
        hash = hash64(hash, problem->file, strlen(problem->file));
        hash = hash64(hash, &problem->line, sizeof(problem->line));
        hash = hash64(hash, problem->text, strlen(problem->text) + 1);
    }
    for (size_t i = 0; i < report->drift_count; i++) {
        hash = hash64(hash, &report->drifts[i].at_ms, sizeof(report->drifts[i].at_ms));
    }
    return hash;
}

static int count_wanted(const struct sync *sync)
{
    int count = 0;
    MAP_EACH (slot, &sync->objects) {
        count += ((const struct object *)slot->value)->wanted != NULL;
    }
    return count;
}

bool sync_report(struct sync *sync, bool is_full, struct arena *arena, struct report *out)
{
    out->is_full = is_full || sync->has_lost_workload;
    sync->has_lost_workload = false;
    TEXT_COPY_CUT(out->path, sync->options.path);
    TEXT_COPY_CUT(out->applied_commit, sync->applied_commit);
    TEXT_COPY_CUT(out->seen_commit, sync->seen_commit);
    out->applied_ms = sync->applied_ms;
    out->object_count = count_wanted(sync);
    fill_problems(sync, arena, out);
    fill_workloads(sync, arena, out);
    out->drifts = sync->drifts;
    out->drift_count = sync->drift_count;
    capacity_report(sync, arena, out);
    uint64_t summary = summary_of(out);
    bool is_new = out->is_full || out->workload_count > 0 || out->use_count > 0 || out->capacity ||
                  summary != sync->summary_hash;
    sync->summary_hash = summary;
    return is_new;
}
