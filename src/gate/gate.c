#include "gate/gate.h"

#include <assert.h>
#include <stdio.h>

const char *gate_verdict_name(enum gate_verdict verdict)
{
    static const char *const names[] = {"open", "waiting", "closed"};
    return names[verdict];
}

static bool soak_applies(const struct gate_facts *facts)
{
    return facts->soak_ms > 0 && facts->has_source && !facts->is_urgent;
}

static void judge_soak(const struct gate_facts *facts, struct gate_answer *answer)
{
    if (facts->healthy_since_ms == 0) {
        answer->verdict = GATE_CLOSED;
        snprintf(answer->reason, sizeof(answer->reason), "It is not healthy in the stage before.");
        return;
    }
    int64_t opens_ms = facts->healthy_since_ms + facts->soak_ms;
    if (facts->now_ms >= opens_ms) {
        return;
    }
    answer->verdict = GATE_WAITING;
    answer->ask_again_ms = opens_ms;
    /* Seconds round up: "another 0 s" would promise what has not come yet. */
    snprintf(answer->reason, sizeof(answer->reason),
             "It must stay healthy in the stage before for another %lld s.",
             (long long)((opens_ms - facts->now_ms + 999) / 1000));
}

static bool approval_applies(const struct gate_facts *facts)
{
    return facts->approvals_needed > 0 && !facts->is_urgent;
}

static void judge_approval(const struct gate_facts *facts, struct gate_answer *answer)
{
    if (facts->approvals >= facts->approvals_needed) {
        return;
    }
    answer->verdict = GATE_WAITING;
    if (facts->approvals == 0) {
        snprintf(answer->reason, sizeof(answer->reason),
                 "It needs %u approval%s, not by the person who asks for it.",
                 facts->approvals_needed, facts->approvals_needed == 1 ? "" : "s");
        return;
    }
    snprintf(answer->reason, sizeof(answer->reason),
             "It has %u of %u approvals; who asked for it cannot give one.", facts->approvals,
             facts->approvals_needed);
}

const struct gate_rule gate_rules[GATE_RULE_COUNT] = {
    [GATE_SOAK] = {"soak", soak_applies, judge_soak},
    [GATE_APPROVAL] = {"approval", approval_applies, judge_approval},
};

enum gate_verdict gate_evaluate(const struct gate_facts *facts,
                                struct gate_answer out_answers[static GATE_RULE_COUNT])
{
    assert(facts->now_ms > 0 && facts->soak_ms >= 0);

    enum gate_verdict worst = GATE_OPEN;
    for (size_t i = 0; i < GATE_RULE_COUNT; i++) {
        struct gate_answer *answer = &out_answers[i];
        *answer = (struct gate_answer){.verdict = GATE_OPEN};
        if (gate_rules[i].applies(facts)) {
            gate_rules[i].judge(facts, answer);
        }
        /* A shut gate without a reason would leave people speechless. */
        assert(answer->verdict == GATE_OPEN || answer->reason[0] != '\0');
        if (answer->verdict > worst) {
            worst = answer->verdict;
        }
    }
    return worst;
}
