#include "model/workload.h"

#include <string.h>

static const struct {
    const char *kind;
    const char *group; /* of apiVersion, with its slash */
} kinds[WORKLOAD_KIND_COUNT] = {
    [WORKLOAD_DEPLOYMENT] = {"Deployment", "apps/"},
    [WORKLOAD_STATEFUL_SET] = {"StatefulSet", "apps/"},
    [WORKLOAD_DAEMON_SET] = {"DaemonSet", "apps/"},
    [WORKLOAD_CRON_JOB] = {"CronJob", "batch/"},
    [WORKLOAD_JOB] = {"Job", "batch/"},
    [WORKLOAD_ROLLOUT] = {"Rollout", "argoproj.io/"},
    [WORKLOAD_KNATIVE_SERVICE] = {"Service", "serving.knative.dev/"},
    [WORKLOAD_HELM_RELEASE] = {"HelmRelease", "helm.toolkit.fluxcd.io/"},
    [WORKLOAD_APPLICATION] = {"Application", "argoproj.io/"},
    [WORKLOAD_CUSTOM] = {"Custom", ""},
};

static const char *const state_names[WORKLOAD_STATE_COUNT] = {
    [WORKLOAD_NO_DATA] = "no_data",         [WORKLOAD_MISSING] = "missing",
    [WORKLOAD_FAILED] = "failed",           [WORKLOAD_STUCK] = "stuck",
    [WORKLOAD_ROLLING_OUT] = "rolling_out", [WORKLOAD_HEALTHY] = "healthy",
};

const char *workload_kind_name(enum workload_kind kind)
{
    return kinds[kind].kind;
}

enum workload_kind workload_kind_named(const char *kind)
{
    size_t i = 0;
    while (i < WORKLOAD_KIND_COUNT && strcmp(kinds[i].kind, kind) != 0) {
        i++;
    }
    return (enum workload_kind)i;
}

enum workload_kind workload_kind_of(const char *api_version, const char *kind)
{
    enum workload_kind found = workload_kind_named(kind);
    if (found >= WORKLOAD_CUSTOM) {
        return WORKLOAD_KIND_COUNT;
    }
    const char *group = kinds[found].group;
    bool is_ours = strncmp(api_version, group, strlen(group)) == 0;
    return is_ours ? found : WORKLOAD_KIND_COUNT;
}

struct slice workload_name_in(enum workload_kind kind, const char *name, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? slash + 1 : path;
    size_t length = strlen(name);
    size_t cut = strlen(folder) + 1; /* with the "-" */
    bool can_be = kind == WORKLOAD_APPLICATION && folder[0] && length > cut;
    if (can_be && name[length - cut] == '-' && strcmp(name + length - cut + 1, folder) == 0) {
        return (struct slice){name, length - cut};
    }
    if (can_be && name[cut - 1] == '-' && strncmp(name, folder, cut - 1) == 0) {
        return (struct slice){name + cut, length - cut};
    }
    return (struct slice){name, length};
}

const char *workload_state_name(enum workload_state state)
{
    return state_names[state];
}

enum workload_state workload_state_of(const char *name)
{
    for (size_t i = 0; i < WORKLOAD_STATE_COUNT; i++) {
        if (strcmp(state_names[i], name) == 0) {
            return (enum workload_state)i;
        }
    }
    return WORKLOAD_NO_DATA;
}
