#include "model/pull.h"

#include <string.h>

static const char *const state_names[PULL_STATE_COUNT] = {
    [PULL_NEW] = "new",
    [PULL_OPEN] = "open",
    [PULL_MERGED] = "merged",
    [PULL_CLOSED] = "closed",
};

static const char *const checks_names[PULL_CHECKS_COUNT] = {
    [PULL_CHECKS_NONE] = "none",
    [PULL_CHECKS_PENDING] = "pending",
    [PULL_CHECKS_PASSED] = "passed",
    [PULL_CHECKS_FAILED] = "failed",
};

const char *pull_state_name(enum pull_state state)
{
    return state_names[state];
}

enum pull_state pull_state_of(const char *name)
{
    size_t i = 0;
    while (i < PULL_STATE_COUNT && strcmp(state_names[i], name) != 0) {
        i++;
    }
    return (enum pull_state)i;
}

const char *pull_checks_name(enum pull_checks checks)
{
    return checks_names[checks];
}

enum pull_checks pull_checks_of(const char *name)
{
    size_t i = 0;
    while (i < PULL_CHECKS_COUNT && strcmp(checks_names[i], name) != 0) {
        i++;
    }
    return (enum pull_checks)i;
}
