/* What people see of registries and repositories. */
#include <stdlib.h>
#include <string.h>

#include "discover/internal.h"

static int by_name(const void *left, const void *right)
{
    const struct discover_status *a = left;
    const struct discover_status *b = right;
    return strcmp(a->repository, b->repository);
}

size_t discover_state(const struct discover *discover, struct arena *arena,
                      struct discover_status **out)
{
    size_t count = 0;
    *out = arena_alloc(arena, discover->repositories.count, sizeof(**out));
    MAP_EACH (slot, &discover->repositories) {
        const struct repository *repository = slot->value;
        (*out)[count++] = (struct discover_status){
            .repository = arena_strdup(arena, repository->name),
            .ok_ms = repository->ok_ms,
            .next_ms = discover_wall_ms(discover, discover_due_mono_ms(discover, repository)),
            .is_polling = repository->is_polling,
            .failures = repository->failures,
            .error = repository->error,
            .tag_count = repository->tag_count,
        };
    }
    qsort(*out, count, sizeof(**out), by_name);
    return count;
}

static int by_host(const void *left, const void *right)
{
    const struct discover_host_status *a = left;
    const struct discover_host_status *b = right;
    return strcmp(a->host, b->host);
}

/* A repository that is not there, or whose answer makes no sense, says nothing of its host. */
static bool is_of_host(const struct err *error)
{
    return err_is_retryable(error->kind) || error->kind == ERR_DENIED ||
           error->kind == ERR_UNKNOWN_WHO;
}

/* One that was never asked knows nothing yet. */
static void add_outage(const struct discover *discover, const struct host *host,
                       struct discover_host_status *out)
{
    const struct repository *first = NULL;
    MAP_EACH (slot, &discover->repositories) {
        const struct repository *repository = slot->value;
        bool is_failing = repository->failures > 0 && is_of_host(&repository->error);
        if (repository->host != host || (!is_failing && repository->ok_ms == 0)) {
            continue;
        }
        if (!is_failing) {
            return;
        }
        if (!first || repository->failing_ms < first->failing_ms) {
            first = repository;
        }
    }
    if (first) {
        out->away_since_ms = first->failing_ms;
        out->away_error = first->error;
    }
}

size_t discover_hosts(const struct discover *discover, struct arena *arena,
                      struct discover_host_status **out)
{
    size_t count = 0;
    *out = arena_alloc(arena, discover->hosts.count, sizeof(**out));
    MAP_EACH (slot, &discover->hosts) {
        const struct host *host = slot->value;
        bool waits = host->not_before_mono_ms > discover_now_mono_ms(discover);
        (*out)[count++] = (struct discover_host_status){
            .host = arena_strdup(arena, discover_shown_host(host)),
            .requests = host->requests,
            .refusals = host->refusals,
            .waits_until_ms = waits ? discover_wall_ms(discover, host->not_before_mono_ms) : 0,
            .refused_since_ms = host->refusals_in_a_row ? host->refused_ms : 0,
            .requests_per_hour = discover_budget(discover),
            .is_spent =
                discover_affordable_mono_ms(discover, host) > discover_now_mono_ms(discover),
        };
        add_outage(discover, host, &(*out)[count - 1]);
    }
    qsort(*out, count, sizeof(**out), by_host);
    return count;
}
