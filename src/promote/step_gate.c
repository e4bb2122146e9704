/* gate: wait until the stage's rules let the release in. */
#include <string.h>

#include "promote/engine.h"

static json_t *facts_to_json(const struct gate_facts *facts)
{
    json_t *value = json_object();
    json_put_int(value, "nowMs", facts->now_ms);
    json_put_bool(value, "hasSource", facts->has_source);
    json_put_int(value, "healthySinceMs", facts->healthy_since_ms);
    json_put_int(value, "soakMs", facts->soak_ms);
    json_put_int(value, "approvals", facts->approvals);
    json_put_int(value, "approvalsNeeded", facts->approvals_needed);
    json_put_bool(value, "isUrgent", facts->is_urgent);
    return value;
}

/* The facts on which the gate opened stay with the release, so the verdict can be recomputed. */
static bool store_facts(struct promote *engine, const struct release_run *run,
                        const struct gate_facts *facts)
{
    struct release_step row = {.release = run->release->id,
                               .wave = run->release->wave,
                               .name = "gate",
                               .outcome = "done",
                               .started_ms = facts->now_ms,
                               .finished_ms = facts->now_ms};
    AUTO_JSON *value = facts_to_json(facts);
    struct err err = {0};
    return store_step_put(engine->store, &row, value, &err);
}

static enum step_outcome run(struct promote *engine, struct release_run *run,
                             enum release_phase *phase, char why[static REASON_BYTES])
{
    if (run->release->kind == RELEASE_CONFIG) {
        return STEP_DONE; /* a person's commit is in Git already */
    }
    if (!pipeline_of(engine)) {
        text_copy_cut(why, REASON_BYTES, "Git has not been read yet.");
        return STEP_WAITING;
    }
    struct gate_facts facts;
    facts_gate(engine, run->release, &facts);
    struct gate_answer answers[GATE_RULE_COUNT];
    if (gate_evaluate(&facts, answers) == GATE_OPEN) {
        return store_facts(engine, run, &facts) ? STEP_DONE : STEP_WAITING;
    }
    *phase = answers[GATE_APPROVAL].verdict == GATE_OPEN ? RELEASE_QUEUED : RELEASE_NEEDS_APPROVAL;
    AUTO_STR(reasons, REASON_BYTES - 1);
    for (size_t i = 0; i < GATE_RULE_COUNT; i++) {
        if (answers[i].verdict != GATE_OPEN) {
            /* Status never ticks: a countdown is computed by who shows it, not stored each second.
             */
            const char *text = i == GATE_SOAK && answers[i].verdict == GATE_WAITING
                                   ? "It soaks in the stage before."
                                   : answers[i].reason;
            str_addf(&reasons, "%s%s", reasons.length ? " " : "", text);
        }
        if (answers[i].ask_again_ms) {
            engine->ports.wake_at(engine->ports.context, answers[i].ask_again_ms);
        }
    }
    text_copy_cut(why, REASON_BYTES, reasons.text);
    return STEP_WAITING;
}

const struct step step_gate = {.name = "gate", .run = run, .phase = RELEASE_QUEUED};
