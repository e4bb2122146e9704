/*
 * gate: may this release enter this stage now?
 *
 * Pure decisions.  Nothing here reads a clock, the store or the network: the
 * caller gathers the facts and passes them in.  Every rule can therefore be
 * tested with a table of facts and verdicts, and replayed for an old release
 * from the facts we stored with it.
 */
#pragma once

#include "base/base.h"

/* Ordered from best to worst; gate_evaluate() keeps the worst. */
enum gate_verdict {
    GATE_OPEN,
    GATE_WAITING, /* time or an approval will open it */
    GATE_CLOSED,  /* stays shut until a fact changes */
};
const char *gate_verdict_name(enum gate_verdict verdict);

/* What the rules may look at.  promote/facts.c fills this in. */
struct gate_facts {
    int64_t now_ms;
    bool has_source;           /* false: from the registry, or a rollback: nothing to soak */
    int64_t healthy_since_ms;  /* all its versions, in the stage before; 0: not healthy there */
    int64_t soak_ms;           /* how long it must have been healthy; 0: no soak */
    unsigned approvals;        /* distinct people, never the requester */
    unsigned approvals_needed; /* 0: no approval asked for */
    bool is_urgent;            /* a rollback: safety does not wait for rules */
};

/* One rule's answer.  `reason` is a whole sentence, shown to people as it is. */
struct gate_answer {
    enum gate_verdict verdict;
    int64_t ask_again_ms; /* wall time; 0 when waiting longer will not help */
    char reason[160];
};

/* The rules, in the order they are shown.  To add one: write its judge and its
   row in gate.c, raise the count below, add its cases to gate_test.c. */
struct gate_rule {
    const char *name; /* stable: stored with releases, shown by the API */
    bool (*applies)(const struct gate_facts *facts); /* false: not shown at all */
    void (*judge)(const struct gate_facts *facts, struct gate_answer *answer);
};

#define GATE_RULE_COUNT 2
#define GATE_SOAK 0
#define GATE_APPROVAL 1
extern const struct gate_rule gate_rules[GATE_RULE_COUNT];

/*
 * Ask every rule, even after one has said no, so that people see all the
 * reasons at once.  Fills one answer per rule and returns the worst verdict.
 */
enum gate_verdict gate_evaluate(const struct gate_facts *facts,
                                struct gate_answer out_answers[static GATE_RULE_COUNT]);
