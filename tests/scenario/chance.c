/* What tests share that let chance kill, lose and refuse. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>

void world_each_seed(uint64_t count, void (*run)(uint64_t seed, struct world_tally *tally))
{
    const char *one = getenv("HEDDLE_SEED");
    uint64_t first = one ? strtoull(one, NULL, 10) : 1;
    uint64_t last = one ? first : count;
    struct world_tally tally = {0};
    for (uint64_t seed = first; seed <= last; seed++) {
        run(seed, &tally);
    }
    print_message("seeds %llu to %llu: %d kills, %d pushes, %zu pull requests, 0 lost, 0 doubled\n",
                  (unsigned long long)first, (unsigned long long)last, tally.kills, tally.pushes,
                  tally.pulls);
}

void world_survived(struct world *world, struct world_tally *tally)
{
    tally->kills += world->kills;
    tally->pushes += world->pushes;
    tally->pulls += world->host->pull_count;
    world_done(world);
}

int world_commits_of(const struct world *world, int64_t release)
{
    char line[64];
    snprintf(line, sizeof(line), "Heddle-Release: R-%lld", (long long)release);
    return world_count_trailer(world, line);
}

static void check_release(const struct world *world, const struct release *release, uint64_t seed)
{
    int commits = world_commits_of(world, release->id);
    bool is_whole = release->kind != RELEASE_CONFIG && release->phase == RELEASE_DONE;
    if (commits > release->wave_count || (is_whole && commits != release->wave_count)) {
        fail_msg("seed %llu: R-%lld (%s, %s) has %d commits for %d waves", (unsigned long long)seed,
                 (long long)release->id, release_kind_name(release->kind),
                 release_phase_name(release->phase), commits, release->wave_count);
    }
}

void world_check_history(struct world *world, uint64_t seed)
{
    for (int64_t id = 1;; id++) {
        AUTO(arena_free) struct arena *arena = arena_new();
        struct release *release = NULL;
        struct err err = {0};
        if (!store_release_get(world->store, id, arena, &release, &err)) {
            return;
        }
        check_release(world, release, seed);
    }
}
