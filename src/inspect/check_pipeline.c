/* check_pipeline: heddle.yaml, and what it says about folders and stages. */
#include <string.h>

#include "inspect/checker.h"

/* ---- the file ---- */

static void check_itself(struct checker *checker)
{
    const struct inspection *inspection = checker->inspection;
    for (size_t i = 0; i < inspection->pipeline_trouble_count; i++) {
        const struct pipeline_trouble *trouble = &inspection->pipeline_troubles[i];
        struct spot spot = {PIPELINE_FILE, trouble->line, trouble->column};
        checker_add_text(checker, RULE_PIPELINE_INVALID, spot, trouble->text);
    }
}

/* ---- its folders ---- */

static void check_target(struct checker *checker, const struct target *target, bool has_files)
{
    struct manifest_entry *entries = NULL;
    size_t count = 0;
    struct err err = {0};
    struct spot spot = {PIPELINE_FILE, target->line, target->column};
    if (!checker->tree->list(checker->tree->context, path_in_tree(target->path), checker->arena,
                             &entries, &count, &err)) {
        bool is_absent = err.kind == ERR_NOT_FOUND;
        checker_add(checker, RULE_TARGET_MISSING, spot,
                    is_absent ? "create it, or correct the path" : "",
                    is_absent ? "the folder %s of target %s does not exist%.0s"
                              : "the folder %s of target %s cannot be used: %s",
                    target->path, target->cluster, err.text);
    } else if (!has_files) {
        checker_add(checker, RULE_TARGET_EMPTY, spot,
                    "put manifests or a kustomization.yaml into it, or correct the path",
                    "the folder %s of target %s holds no YAML file", target->path, target->cluster);
    }
}

/* The inspection has the targets that are here in the same order. */
static void check_targets(struct checker *checker, const struct pipeline *pipeline)
{
    const struct inspection *inspection = checker->inspection;
    bool *has_files = arena_alloc(checker->arena, inspection->target_count + 1, sizeof(bool));
    size_t number = 0;
    for (size_t i = 0; i < inspection->file_count; i++) {
        for (size_t n = 0; n < inspection->files[i].target_count; n++) {
            has_files[inspection->files[i].targets[n]] = true;
        }
    }
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        for (size_t n = 0; n < pipeline->stages[i].target_count; n++) {
            const struct target *target = &pipeline->stages[i].targets[n];
            if (!target_is_elsewhere(target)) {
                check_target(checker, target, has_files[number++]);
            }
        }
    }
}

/* ---- workloads that no version can come to ---- */

static uint64_t stage_bit(const struct pipeline *pipeline, const char *stage)
{
    size_t index = (size_t)(pipeline_stage(pipeline, stage) - pipeline->stages);
    return UINT64_C(1) << index;
}
_Static_assert(PIPELINE_STAGES_MAX <= 64, "a stage is a bit");

static uint64_t stages_of(const struct checker *checker, const struct inspect_file *file)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < file->target_count; i++) {
        bits |= stage_bit(checker->inspection->pipeline,
                          checker->inspection->targets[file->targets[i]].stage);
    }
    return bits;
}

/* Names alone tie workloads together: a CronJob in one stage may be a Job in another. */
static bool is_workload(const struct locate_place *at)
{
    bool has_form =
        at->form == LOCATE_FIELD || at->form == LOCATE_VALUES || at->form == LOCATE_CUSTOM;
    return has_form && at->kind[0] && at->name[0];
}

/* Name → bits of stages. */
static void note_presence(const struct checker *checker, struct map *presence)
{
    const struct inspection *inspection = checker->inspection;
    for (size_t i = 0; i < inspection->place_count; i++) {
        const struct inspect_place *place = &inspection->places[i];
        if (is_workload(&place->at)) {
            uint64_t *bits = map_get(presence, place->at.name);
            bits = bits ? bits : ARENA_NEW(checker->arena, uint64_t);
            *bits |= stages_of(checker, place->file);
            map_set(presence, place->at.name, bits);
        }
    }
}

/* Stages of which not all can be seen from here: they may have any workload. */
static uint64_t stages_elsewhere(const struct pipeline *pipeline)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        for (size_t n = 0; n < pipeline->stages[i].target_count; n++) {
            bits |= target_is_elsewhere(&pipeline->stages[i].targets[n]) ? UINT64_C(1) << i : 0;
        }
    }
    return bits;
}

/* The first stage that has it while none of those that it takes versions from does. */
static const struct stage *late_stage(const struct pipeline *pipeline, uint64_t bits)
{
    uint64_t before = bits | stages_elsewhere(pipeline);
    for (size_t i = 0; i < pipeline->stage_count; i++) {
        const struct stage *stage = &pipeline->stages[i];
        bool is_there = bits & (UINT64_C(1) << i);
        for (size_t n = 0; is_there && n < stage->from_count; n++) {
            is_there = !(before & stage_bit(pipeline, stage->from[n]));
        }
        if (is_there && stage->from_count > 0) {
            return stage;
        }
    }
    return NULL;
}

static void check_workload(struct checker *checker, const struct inspect_place *place,
                           uint64_t bits)
{
    const struct pipeline *pipeline = checker->inspection->pipeline;
    const struct stage *stage = late_stage(pipeline, bits);
    struct spot spot = {place->file->path, place->at.line, place->at.column};
    if (!stage || !(stages_of(checker, place->file) & stage_bit(pipeline, stage->name))) {
        return;
    }
    AUTO_STR(before, 512);
    for (size_t i = 0; i < stage->from_count; i++) {
        str_addf(&before, "%s%s", i ? " or " : "", stage->from[i]);
    }
    checker_add(checker, RULE_LATER_STAGE_ONLY, spot,
                arena_printf(checker->arena, "add it to %s, too", before.text),
                "%s/%s is in %s and not in %s, so no version can be promoted to it", place->at.kind,
                place->at.name, stage->name, before.text);
}

/* Each workload once, at its first version. */
static void check_workloads(struct checker *checker)
{
    const struct inspection *inspection = checker->inspection;
    AUTO(map_done) struct map presence = {0};
    AUTO(map_done) struct map seen = {0};
    note_presence(checker, &presence);
    for (size_t i = 0; i < inspection->place_count; i++) {
        const struct inspect_place *place = &inspection->places[i];
        if (!is_workload(&place->at) || map_has(&seen, place->at.name)) {
            continue;
        }
        size_t before = checker->findings.count;
        check_workload(checker, place, *(const uint64_t *)map_get(&presence, place->at.name));
        if (checker->findings.count > before) {
            map_set(&seen, place->at.name, NULL);
        }
    }
}

void check_pipeline(struct checker *checker)
{
    check_itself(checker);
    if (checker->inspection->pipeline) {
        check_targets(checker, checker->inspection->pipeline);
        check_workloads(checker);
    }
}
