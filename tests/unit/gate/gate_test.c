#include "../testing.h"

#include "gate/gate.h"

/* Each case names what it protects.  Facts not given are zero. */
static const struct {
    const char *name;
    struct gate_facts facts;
    enum gate_verdict want;
    const char *want_reason; /* of the first rule that is not open */
} cases[] = {
    {"no rules asked for: open", {.now_ms = 100000}, GATE_OPEN, NULL},
    {"soak opens exactly at its end",
     {.now_ms = 160000, .has_source = true, .healthy_since_ms = 100000, .soak_ms = 60000},
     GATE_OPEN,
     NULL},
    {"soak waits one millisecond before its end, and says a whole second",
     {.now_ms = 159999, .has_source = true, .healthy_since_ms = 100000, .soak_ms = 60000},
     GATE_WAITING,
     "It must stay healthy in the stage before for another 1 s."},
    {"a clock that stepped back lengthens the wait",
     {.now_ms = 90000, .has_source = true, .healthy_since_ms = 100000, .soak_ms = 60000},
     GATE_WAITING,
     "It must stay healthy in the stage before for another 70 s."},
    {"from the registry there is nothing to soak",
     {.now_ms = 90000, .soak_ms = 60000},
     GATE_OPEN,
     NULL},
    {"a missing approval waits",
     {.now_ms = 100000, .approvals = 1, .approvals_needed = 2},
     GATE_WAITING,
     "It has 1 of 2 approvals; who asked for it cannot give one."},
    {"before the first approval it says what is needed",
     {.now_ms = 100000, .approvals_needed = 1},
     GATE_WAITING,
     "It needs 1 approval, not by the person who asks for it."},
    {"closed beats waiting",
     {.now_ms = 100000, .has_source = true, .soak_ms = 60000, .approvals_needed = 1},
     GATE_CLOSED,
     "It is not healthy in the stage before."},
    {"a rollback waits for nothing",
     {.now_ms = 100000,
      .has_source = true,
      .soak_ms = 60000,
      .approvals_needed = 1,
      .is_urgent = true},
     GATE_OPEN,
     NULL},
};

static void every_verdict_has_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct gate_answer answers[GATE_RULE_COUNT];
        enum gate_verdict got = gate_evaluate(&cases[i].facts, answers);
        const char *reason = NULL;
        for (size_t r = 0; r < GATE_RULE_COUNT && !reason; r++) {
            reason = answers[r].verdict == GATE_OPEN ? NULL : answers[r].reason;
        }
        bool same = (!reason && !cases[i].want_reason) ||
                    (reason && cases[i].want_reason && strcmp(reason, cases[i].want_reason) == 0);
        if (got != cases[i].want || !same) {
            fail_msg("%s: got %s \"%s\"", cases[i].name, gate_verdict_name(got),
                     reason ? reason : "");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_verdict_has_its_reason)};
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}
