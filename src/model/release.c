#include "model/release.h"

#include <string.h>

static const char *const kind_names[RELEASE_KIND_COUNT] = {
    [RELEASE_PROMOTE] = "promote",
    [RELEASE_AUTO] = "auto",
    [RELEASE_ROLLBACK] = "rollback",
    [RELEASE_CONFIG] = "config",
};

static const char *const phase_names[RELEASE_PHASE_COUNT] = {
    [RELEASE_PLANNED] = "planned",         [RELEASE_NEEDS_APPROVAL] = "needs_approval",
    [RELEASE_QUEUED] = "queued",           [RELEASE_COMMITTING] = "committing",
    [RELEASE_SYNCING] = "syncing",         [RELEASE_ROLLING_OUT] = "rolling_out",
    [RELEASE_VERIFYING] = "verifying",     [RELEASE_DONE] = "done",
    [RELEASE_FAILED] = "failed",           [RELEASE_STOPPED] = "stopped",
    [RELEASE_ROLLED_BACK] = "rolled_back", [RELEASE_SUPERSEDED] = "superseded",
};

static const char *const state_names[ITEM_STATE_COUNT] = {
    [ITEM_WAITING] = "waiting", [ITEM_COMMITTED] = "committed",   [ITEM_SYNCED] = "synced",
    [ITEM_ROLLING] = "rolling", [ITEM_STUCK] = "stuck",           [ITEM_DONE] = "done",
    [ITEM_FAILED] = "failed",   [ITEM_SUPERSEDED] = "superseded", [ITEM_STOPPED] = "stopped",
};

/* The index of a name, or `count` when it is not in the list. */
static size_t index_of(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(names[i], name) != 0) {
        i++;
    }
    return i;
}

const char *release_kind_name(enum release_kind kind)
{
    return kind_names[kind];
}

enum release_kind release_kind_of(const char *name)
{
    return (enum release_kind)index_of(kind_names, RELEASE_KIND_COUNT, name);
}

const char *release_phase_name(enum release_phase phase)
{
    return phase_names[phase];
}

enum release_phase release_phase_of(const char *name)
{
    return (enum release_phase)index_of(phase_names, RELEASE_PHASE_COUNT, name);
}

bool release_is_over(enum release_phase phase)
{
    return phase >= RELEASE_DONE;
}

const char *item_state_name(enum item_state state)
{
    return state_names[state];
}

enum item_state item_state_of(const char *name)
{
    return (enum item_state)index_of(state_names, ITEM_STATE_COUNT, name);
}
