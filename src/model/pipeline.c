#include "model/pipeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/str.h"

#define CYCLE_TEXT_BYTES_MAX 400

const struct stage *pipeline_stage(const struct pipeline *pipeline, const char *name)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (strcmp(pipeline->stages[i].name, name) == 0) {
            return &pipeline->stages[i];
        }
    }
    return NULL;
}

const struct stage *pipeline_stage_of_cluster(const struct pipeline *pipeline, const char *cluster,
                                              const struct target **out_target)
{
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        for (size_t n = 0; n < stage->target_count; n++) {
            if (strcmp(stage->targets[n].cluster, cluster) == 0) {
                *out_target = &stage->targets[n];
                return stage;
            }
        }
    }
    *out_target = NULL;
    return NULL;
}

bool target_is_elsewhere(const struct target *target)
{
    return target->repository[0] || target->branch[0];
}

bool target_same_ref(const struct target *a, const struct target *b)
{
    return strcmp(a->repository, b->repository) == 0 && strcmp(a->branch, b->branch) == 0;
}

/* Who hears of errors. */
struct listener {
    pipeline_say_fn *say;
    void *context;
};

/* An error about a stage, or about the whole when that is NULL. */
static bool refuse(const struct stage *stage, const struct listener *listener, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static bool refuse(const struct stage *stage, const struct listener *listener, const char *fmt, ...)
{
    char text[sizeof(((struct err *)NULL)->text)];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    listener->say(listener->context, stage, text);
    return false;
}

static bool check_name(const struct stage *stage, const char *what, const char *name,
                       const struct listener *listener)
{
    struct err inner = {0};
    return name_check(what, name, &inner) || refuse(stage, listener, "%s", inner.text);
}

static bool check_stage_name(const struct stage *stage, const struct listener *listener)
{
    return check_name(stage, "stage name", stage->name, listener) &&
           (strcmp(stage->name, PIPELINE_REGISTRY_NAME) != 0 ||
            refuse(stage, listener,
                   "a stage cannot be called \"%s\": that is where versions come from; choose "
                   "another name",
                   stage->name));
}

static bool check_targets(const struct stage *stage, const struct listener *listener)
{
    if (stage->target_count == 0) {
        return refuse(stage, listener,
                      "stage \"%s\" has no targets; write targets: [{cluster: %s, path: "
                      "clusters/%s}]",
                      stage->name, stage->name, stage->name);
    }
    for (size_t i = 0; i < stage->target_count; i++) {
        struct err inner = {0};
        if (!check_name(stage, "cluster name", stage->targets[i].cluster, listener)) {
            return false;
        }
        if (!path_check("path", stage->targets[i].path, &inner)) {
            return refuse(stage, listener, "%s", inner.text);
        }
    }
    return true;
}

/* Every wave from 0 on must have a target, or a release would wait in an empty one. */
static bool check_waves(const struct stage *stage, const struct listener *listener)
{
    if (stage->wave_count == 0 || stage->wave_count > stage->target_count) {
        return refuse(stage, listener, "stage \"%s\" has %zu waves for %zu targets", stage->name,
                      stage->wave_count, stage->target_count);
    }
    bool is_used[PIPELINE_TARGETS_MAX] = {false};
    for (size_t i = 0; i < stage->target_count; i++) {
        if (stage->wave_of_target[i] >= stage->wave_count) {
            return refuse(stage, listener, "target \"%s\" of stage \"%s\" is in no wave",
                          stage->targets[i].cluster, stage->name);
        }
        is_used[stage->wave_of_target[i]] = true;
    }
    for (size_t wave = 0; wave < stage->wave_count; wave++) {
        if (!is_used[wave]) {
            return refuse(stage, listener, "wave %zu of stage \"%s\" has no target", wave + 1,
                          stage->name);
        }
    }
    return true;
}

static void name_ref(const struct target *target, char out[static NAME_BYTES + 100])
{
    snprintf(out, NAME_BYTES + 100, "%s%.80s%s%s%s", target->branch[0] ? "the branch " : "",
             target->branch[0] ? target->branch : "the server's branch",
             target->repository[0] ? " of \"" : "", target->repository,
             target->repository[0] ? "\"" : "");
}

/* A wave is one commit, and a commit is on one branch: nothing else is all there or not at all. */
static bool check_wave_refs(const struct stage *stage, const struct listener *listener)
{
    const struct target *first_of[PIPELINE_TARGETS_MAX] = {NULL};
    for (size_t i = 0; i < stage->target_count; i++) {
        const struct target *target = &stage->targets[i];
        const struct target **first = &first_of[stage->wave_of_target[i]];
        *first = *first ? *first : target;
        if (target_same_ref(*first, target)) {
            continue;
        }
        char one[NAME_BYTES + 100];
        char other[NAME_BYTES + 100];
        name_ref(*first, one);
        name_ref(target, other);
        return refuse(stage, listener,
                      "\"%s\" is on %s and \"%s\" on %s, and a wave is one commit on one branch; "
                      "write waves: [[%s], [%s]]",
                      (*first)->cluster, one, target->cluster, other, (*first)->cluster,
                      target->cluster);
    }
    return true;
}

static bool check_gates(const struct stage *stage, const struct listener *listener)
{
    if (stage->soak_ms < 0 || stage->soak_ms > PIPELINE_SOAK_MS_MAX) {
        return refuse(stage, listener, "stage \"%s\" soaks longer than 30 days, the longest soak",
                      stage->name);
    }
    if (stage->soak_ms > 0 && stage->from_count == 0) {
        return refuse(stage, listener,
                      "stage \"%s\" has a soak gate, but no stage before it where a version could "
                      "soak; remove the gate or add from:",
                      stage->name);
    }
    return stage->approvals <= PIPELINE_APPROVALS_MAX ||
           refuse(stage, listener, "stage \"%s\" asks for %u approvals; at most %d are possible",
                  stage->name, stage->approvals, PIPELINE_APPROVALS_MAX);
}

static bool refuse_unknown_from(const struct pipeline *pipeline, const struct stage *stage,
                                const char *from, const struct listener *listener)
{
    const char *names[PIPELINE_STAGES_MAX];
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        names[i] = pipeline->stages[i].name;
    }
    const char *near = text_nearest(from, names, pipeline->stage_count);
    return refuse(
        stage, listener, "stage \"%s\" comes from \"%.80s\", but no stage has that name%s%s%s",
        stage->name, from, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool is_named_before(const struct stage *stage, size_t count)
{
    size_t before = 0;
    while (strcmp(stage->from[before], stage->from[count]) != 0) {
        before++;
    }
    return before < count;
}

static bool check_from(const struct pipeline *pipeline, const struct stage *stage,
                       const struct listener *listener)
{
    if (stage->from_count > PIPELINE_STAGES_MAX) {
        return refuse(stage, listener, "stage \"%s\" comes from more than %d stages", stage->name,
                      PIPELINE_STAGES_MAX);
    }
    bool good = true;
    for (size_t i = 0; i < stage->from_count; i++) {
        if (!pipeline_stage(pipeline, stage->from[i])) {
            good = refuse_unknown_from(pipeline, stage, stage->from[i], listener);
        } else if (is_named_before(stage, i)) {
            good = refuse(stage, listener, "stage \"%s\" names \"%s\" twice in from", stage->name,
                          stage->from[i]);
        }
    }
    return good;
}

static bool check_stage(const struct pipeline *pipeline, const struct stage *stage,
                        const struct listener *listener)
{
    bool has_targets = check_stage_name(stage, listener) && check_targets(stage, listener) &&
                       check_waves(stage, listener) && check_wave_refs(stage, listener);
    bool has_gates = check_gates(stage, listener);
    return check_from(pipeline, stage, listener) && has_targets && has_gates;
}

static bool check_limits(const struct pipeline *pipeline, const struct listener *listener)
{
    if (pipeline->stage_count == 0) {
        return refuse(NULL, listener, "the pipeline has no stages");
    }
    if (pipeline->stage_count > PIPELINE_STAGES_MAX) {
        return refuse(NULL, listener, "the pipeline has %zu stages; at most %d are possible",
                      pipeline->stage_count, PIPELINE_STAGES_MAX);
    }
    size_t targets = 0;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        targets += pipeline->stages[i].target_count;
    }
    if (targets > PIPELINE_TARGETS_MAX) {
        return refuse(NULL, listener, "the pipeline has %zu targets; at most %d are possible",
                      targets, PIPELINE_TARGETS_MAX);
    }
    return pipeline->rule_count <= PIPELINE_RULES_MAX ||
           refuse(NULL, listener, "the pipeline has %zu version rules; at most %d are possible",
                  pipeline->rule_count, PIPELINE_RULES_MAX);
}

/* Is target number `count` of the stage the first with its cluster, and with its path on its
   branch?  One path for two clusters would move both with one edit, past their waves and gates. */
static bool check_target_is_alone(const struct pipeline *pipeline, const struct stage *stage,
                                  size_t count, const struct listener *listener)
{
    const struct target *target = &stage->targets[count];
    for (const struct stage *other = pipeline->stages; other <= stage; other++) {
        size_t end = other == stage ? count : other->target_count;
        for (size_t i = 0; i < end; i++) {
            if (strcmp(other->targets[i].cluster, target->cluster) == 0) {
                return refuse(stage, listener,
                              "cluster \"%s\" is a target of stage \"%s\" already; a cluster "
                              "belongs to one stage, once",
                              target->cluster, other->name);
            }
            if (strcmp(other->targets[i].path, target->path) == 0 &&
                target_same_ref(&other->targets[i], target)) {
                return refuse(stage, listener,
                              "path \"%.160s\" belongs to cluster \"%s\" already; give cluster "
                              "\"%s\" a path of its own",
                              target->path, other->targets[i].cluster, target->cluster);
            }
        }
    }
    return true;
}

static bool check_uniqueness(const struct pipeline *pipeline, const struct listener *listener)
{
    bool good = true;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        if (pipeline_stage(pipeline, stage->name) != stage) {
            good = refuse(stage, listener, "two stages are called \"%s\"; rename one", stage->name);
        }
        for (size_t n = 0; n < stage->target_count; n++) {
            good = check_target_is_alone(pipeline, stage, n, listener) && good;
        }
    }
    return good;
}

/* A walk against the arrows, from a stage to those that it comes from. */
struct walk {
    const struct pipeline *pipeline;
    enum { STAGE_NEW, STAGE_ON_PATH, STAGE_FINISHED } marks[PIPELINE_STAGES_MAX];
    const struct stage *path[PIPELINE_STAGES_MAX];
    size_t depth;
};

static bool refuse_cycle(const struct walk *walk, const struct stage *again,
                         const struct listener *listener)
{
    AUTO_STR(text, CYCLE_TEXT_BYTES_MAX);
    str_add(&text, again->name);
    /* The path was walked against the arrows, so its end comes first. */
    for (size_t i = walk->depth; i > 0; i--) {
        str_addf(&text, " → %s", walk->path[i - 1]->name);
        if (walk->path[i - 1] == again) {
            break;
        }
    }
    return refuse(again, listener, "the stages go in a circle: %s; remove one from:", text.text);
}

/* Depth is bounded by the number of stages, since no stage is on the path twice. */
static bool walk_from(struct walk *walk, const struct stage *stage, const struct listener *listener)
{
    size_t index = (size_t)(stage - walk->pipeline->stages);
    if (walk->marks[index] == STAGE_ON_PATH) {
        return refuse_cycle(walk, stage, listener);
    }
    if (walk->marks[index] == STAGE_FINISHED) {
        return true;
    }
    walk->marks[index] = STAGE_ON_PATH;
    walk->path[walk->depth++] = stage;
    for (size_t i = 0; i < stage->from_count; i++) {
        if (!walk_from(walk, pipeline_stage(walk->pipeline, stage->from[i]), listener)) {
            return false;
        }
    }
    walk->depth--;
    walk->marks[index] = STAGE_FINISHED;
    return true;
}

static bool check_no_cycle(const struct pipeline *pipeline, const struct listener *listener)
{
    struct walk walk = {.pipeline = pipeline};
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        if (!walk_from(&walk, &pipeline->stages[i], listener)) {
            return false;
        }
    }
    return true;
}

bool pipeline_check_all(const struct pipeline *pipeline, pipeline_say_fn *say, void *context)
{
    const struct listener listener = {say, context};
    struct err why = {0};
    if (!check_limits(pipeline, &listener)) {
        return false;
    }
    bool good = name_check("pipeline name", pipeline->name, &why) ||
                refuse(NULL, &listener, "%s", why.text);
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        good = check_stage(pipeline, &pipeline->stages[i], &listener) && good;
    }
    good = check_uniqueness(pipeline, &listener) && good;
    return good && check_no_cycle(pipeline, &listener);
}

/* Keep the first one, with its place when it stands in a file. */
static void keep_first(void *context, const struct stage *stage, const char *text)
{
    struct err *err = context;
    if (err->text[0]) {
        return;
    }
    if (stage && stage->line > 0) {
        err_set(err, ERR_INVALID, "%u:%u: %.480s", stage->line, stage->column, text);
    } else {
        err_set(err, ERR_INVALID, "%.480s", text);
    }
}

bool pipeline_check(const struct pipeline *pipeline, struct err *err)
{
    struct err first = {0};
    bool good = pipeline_check_all(pipeline, keep_first, &first);
    *err = good ? *err : first;
    return good;
}
