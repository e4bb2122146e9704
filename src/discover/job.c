/* job: what a worker is given, and the repositories that one job answers for. */
#include <stdlib.h>
#include <string.h>

#include "discover/internal.h"
#include "model/chart.h"

/* Whatever is new or unsure gets both questions; a hint that names tags, only those. */
static enum poll_scope scope_of(const struct discover *discover,
                                const struct repository *repository)
{
    bool is_due = repository->list_mono_ms <= discover_now_mono_ms(discover);
    if (repository->is_hinted && !repository->wants_list && repository->hint_count > 0 && !is_due &&
        repository->is_reported && repository->failures == 0 && !repository->rule->signature) {
        return POLL_HINTED;
    }
    if (repository->is_hinted || !repository->is_reported || repository->failures > 0) {
        return POLL_BOTH;
    }
    bool is_other_turn = repository->turn % DISCOVER_TURNS == 0;
    bool follows_one = repository->rule->policy == POLICY_DIGEST;
    return is_other_turn != follows_one ? POLL_NEWEST : POLL_TAGS;
}

void job_prepare(struct discover *discover, struct repository *repository, struct poll *poll)
{
    memcpy(poll->repository, repository->name, sizeof(poll->repository));
    memcpy(poll->hints, repository->hints, sizeof(poll->hints));
    poll->hint_count = repository->hint_count;
    poll->rule = rule_copy(repository->rule);
    poll->known = repository->known;
    poll->signatures = repository->signatures;
    memcpy(poll->wanted, repository->wanted, sizeof(poll->wanted));
    poll->wanted_count = repository->wanted_count;
    poll->now_ms = env_now_ms(discover->options.env);
    poll->scope = scope_of(discover, repository);
    repository->known = (struct map){0};
    repository->signatures = (struct map){0};
    repository->hint_count = 0;
    repository->wanted_count = 0;
    repository->is_looking = repository->is_hinted;
    repository->is_hinted = repository->wants_list = false;
    repository->is_polling = true;
    repository->started_mono_ms = discover_now_mono_ms(discover);
    poll->index = repository->index;
}

/* ---- charts of one index ---- */

static bool is_of_index(const struct repository *repository, const char *name)
{
    size_t length = chart_index_length(name);
    return chart_index_length(repository->name) == length &&
           strncmp(repository->name, name, length) == 0;
}

void job_gather(struct discover *discover, struct job *job)
{
    MAP_EACH (slot, &discover->repositories) {
        struct repository *repository = slot->value;
        if (!repository->is_polling && is_of_index(repository, job->repository->name)) {
            struct companion *companion = VEC_ADD(&job->companions);
            companion->repository = repository;
            companion->poll = xcalloc(1, sizeof(*companion->poll));
            job_prepare(discover, repository, companion->poll);
        }
    }
}

static struct poll *poll_at(struct job *job, size_t at)
{
    return at == 0 ? &job->poll : job->companions.items[at - 1].poll;
}

/* What the index was when all of them were read from it, if that was one time. */
static struct registry_validators common_validators(struct job *job)
{
    const struct registry_validators none = {0};
    const struct registry_validators *first = &job->poll.index.validators;
    for (size_t i = 1; i <= job->companions.count; i++) {
        const struct registry_validators *other = &poll_at(job, i)->index.validators;
        if (strcmp(first->etag, other->etag) != 0 ||
            strcmp(first->modified, other->modified) != 0) {
            return none;
        }
    }
    return *first;
}

static void fail_all(struct job *job, int64_t retry_ms, const struct err *err)
{
    for (size_t i = 0; i <= job->companions.count; i++) {
        poll_at(job, i)->err = *err;
        poll_at(job, i)->retry_ms = retry_ms;
    }
}

static void give_all(struct job *job, const struct registry_index *index)
{
    for (size_t i = 0; i <= job->companions.count; i++) {
        struct poll *poll = poll_at(job, i);
        poll->registry = job->poll.registry; /* for the signatures, which no index has */
        poll->index.validators = index->validators;
        poll_take_chart(poll, &index->charts[i], index->is_same);
        if (!poll->is_ok) {
            err_wrap(&poll->err, "the charts of %s", index->address);
        }
    }
    for (size_t i = 1; i <= job->companions.count; i++) {
        poll_at(job, i)->registry = NULL;
    }
}

void job_read_index(struct job *job)
{
    size_t count = job->companions.count + 1;
    size_t length = chart_index_length(job->poll.repository);
    char address[IMAGE_REPOSITORY_BYTES];
    struct registry_index_chart *charts = xcalloc(count, sizeof(*charts));
    struct err err = {0};
    int64_t retry_ms = 0;
    text_copy_cut(address, length + 1, job->poll.repository);
    for (size_t i = 0; i < count; i++) {
        charts[i].name = poll_at(job, i)->repository + length + 1;
    }
    struct registry_index index = {
        .address = address, .charts = charts, .count = count, .validators = common_validators(job)};
    if (registry_read_index(job->poll.registry, &index, &retry_ms, &err)) {
        give_all(job, &index);
    } else {
        err_wrap(&err, "the charts of %s", address);
        fail_all(job, retry_ms, &err);
    }
    for (size_t i = 0; i < count; i++) {
        registry_charts_done(&charts[i].versions);
    }
    free(charts);
}
