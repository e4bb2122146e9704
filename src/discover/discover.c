#include "discover/discover.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discover/internal.h"
#include "model/chart.h"
#include "policy/policy.h"

#define RETRY_MS_FIRST 1000
#define RETRY_DOUBLINGS_MAX 10 /* 1 s · 2^10 is more than DISCOVER_RETRY_MS_MAX */
#define LOOKUPS_MAX 1000       /* waiting at once; more are answered with ERR_BUSY */
/* A hundred pages and as many digests from the other side of the world take a minute. */
#define JOB_MS_DEFAULT (INT64_C(5) * 60000)

/* ---- making and freeing ---- */

static void host_free(struct host **host)
{
    if (*host) {
        registry_free(&(*host)->registry);
    }
    xfree(host);
}

static void repository_free(struct repository **repository)
{
    if (*repository) {
        known_done(&(*repository)->known);
        signatures_done(&(*repository)->signatures);
        rule_free(&(*repository)->rule);
    }
    xfree(repository);
}

bool discover_new(const struct discover_options *options, struct discover **out, struct err *err)
{
    assert(options->poll_ms > 0);
    /* Broken credentials should stop the start, not show up at the first poll. */
    AUTO(registry_free) struct registry *trial = NULL;
    if (!registry_new(&options->registry, &trial, err)) {
        return false;
    }
    *out = xcalloc(1, sizeof(**out));
    (*out)->options = *options;
    return true;
}

static void free_now(struct discover *discover)
{
    MAP_EACH (slot, &discover->repositories) {
        struct repository *repository = slot->value;
        repository_free(&repository);
    }
    MAP_EACH (slot, &discover->hosts) {
        struct host *host = slot->value;
        host_free(&host);
    }
    map_done(&discover->repositories);
    map_done(&discover->hosts);
    VEC_DONE(&discover->lookups);
    free(discover);
}

void discover_free(struct discover **discover)
{
    struct discover *dead = TAKE(*discover);
    if (!dead) {
        return;
    }
    loop_timer_stop(&dead->timer);
    dead->is_closed = true;
    if (dead->running == 0) {
        free_now(dead);
    }
}

/* ---- time ---- */

int64_t discover_now_mono_ms(const struct discover *discover)
{
    return env_now_mono_ms(discover->options.env);
}

static int64_t random_below(const struct discover *discover, int64_t limit)
{
    uint64_t random = 0;
    const struct env *env = discover->options.env;
    env->random(env->context, &random, sizeof(random));
    return limit > 0 ? (int64_t)(random % (uint64_t)limit) : 0;
}

/* A tenth around the interval, so that repositories do not march in step. */
static int64_t poll_delay_ms(const struct discover *discover)
{
    int64_t tenth = discover->options.poll_ms / 10;
    return discover->options.poll_ms - tenth + random_below(discover, 2 * tenth + 1);
}

/* Twice as long after each failure, half of it by chance. */
static int64_t back_off_ms(const struct discover *discover, unsigned failures)
{
    unsigned doublings = failures - 1;
    int64_t delay_ms = (int64_t)RETRY_MS_FIRST
                       << (doublings < RETRY_DOUBLINGS_MAX ? doublings : RETRY_DOUBLINGS_MAX);
    if (delay_ms > DISCOVER_RETRY_MS_MAX) {
        delay_ms = DISCOVER_RETRY_MS_MAX;
    }
    return delay_ms / 2 + random_below(discover, delay_ms / 2 + 1);
}

/* Never less than the registry asks. */
static int64_t retry_delay_ms(const struct discover *discover, const struct repository *repository,
                              const struct poll *poll)
{
    /* The registry works and says that there is nothing; it may come with the next push. */
    if (poll->err.kind == ERR_NOT_FOUND) {
        return poll_delay_ms(discover);
    }
    int64_t delay_ms = back_off_ms(discover, repository->failures);
    return delay_ms > poll->retry_ms ? delay_ms : poll->retry_ms;
}

int64_t discover_wall_ms(const struct discover *discover, int64_t mono_ms)
{
    return env_now_ms(discover->options.env) + (mono_ms - discover_now_mono_ms(discover));
}

/* ---- the budget ---- */

#define HOUR_US INT64_C(3600000000)

int64_t discover_budget(const struct discover *discover)
{
    int64_t wanted = discover->options.requests_per_hour;
    if (wanted > DISCOVER_REQUESTS_PER_HOUR_MAX) {
        return DISCOVER_REQUESTS_PER_HOUR_MAX;
    }
    return wanted > 0 ? wanted : DISCOVER_REQUESTS_PER_HOUR;
}

/* A tenth of the hour's requests may go at once, so each of them is paid off at the pace of the
   other nine tenths: no hour ever sees more than all of them. */
static int64_t request_us(const struct discover *discover)
{
    return HOUR_US * 10 / (9 * discover_budget(discover));
}

static void pay(const struct discover *discover, struct host *host, uint64_t requests)
{
    int64_t now_us = discover_now_mono_ms(discover) * 1000;
    int64_t from_us = host->paid_mono_us > now_us ? host->paid_mono_us : now_us;
    host->requests += requests;
    host->paid_mono_us = from_us + (int64_t)requests * request_us(discover);
}

int64_t discover_affordable_mono_ms(const struct discover *discover, const struct host *host)
{
    int64_t at_once = discover_budget(discover) / 10;
    int64_t ahead_us = (at_once > 0 ? at_once - 1 : 0) * request_us(discover);
    return (host->paid_mono_us - ahead_us + 999) / 1000;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t discover_due_mono_ms(const struct discover *discover, const struct repository *repository)
{
    const struct host *host = repository->host;
    return later(repository->next_mono_ms,
                 later(host->not_before_mono_ms, discover_affordable_mono_ms(discover, host)));
}

/* ---- jobs ---- */

static struct host *host_of(struct discover *discover, const char *repository)
{
    char name[IMAGE_REPOSITORY_BYTES] = "";
    struct image image = {0};
    text_copy_cut(image.repository, sizeof(image.repository), repository);
    image_registry(&image, name, sizeof(name));
    struct host *host = map_get(&discover->hosts, name);
    if (!host) {
        host = xcalloc(1, sizeof(*host));
        memcpy(host->name, name, sizeof(name));
        map_set(&discover->hosts, name, host);
    }
    return host;
}

/* Images without a registry are those of Docker Hub. */
const char *discover_shown_host(const struct host *host)
{
    return host->name[0] ? host->name : "docker.io";
}

/* On a worker.  The client is made here, since that reads a file. */
static void run_job(void *context)
{
    struct job *job = context;
    struct poll *poll = &job->poll;
    const struct discover_options *options = &job->discover->options;
    if (poll->err.kind != ERR_NONE ||
        (!poll->registry && !registry_new(&options->registry, &poll->registry, &poll->err))) {
        return;
    }
    registry_give_time(poll->registry, options->job_ms ? options->job_ms : JOB_MS_DEFAULT);
    if (job->repository && chart_is_indexed(poll->repository)) {
        job_read_index(job);
    } else if (job->repository) {
        poll_run(poll);
    } else {
        poll->is_ok = registry_resolve(poll->registry, job->lookup.repository, job->lookup.tag,
                                       job->digest, &poll->retry_ms, &poll->err);
    }
}

/* A 429 that does not say how long to wait, or says nonsense, is one all the same. */
static void note_wait(const struct discover *discover, struct host *host, const struct poll *poll)
{
    int64_t wait_ms = poll->retry_ms;
    if (poll->err.kind == ERR_BUSY) {
        host->refused_ms =
            host->refusals_in_a_row ? host->refused_ms : env_now_ms(discover->options.env);
        host->refusals++;
        int64_t own_ms = back_off_ms(discover, ++host->refusals_in_a_row);
        wait_ms = wait_ms > own_ms ? wait_ms : own_ms;
    }
    if (wait_ms > 0) {
        host->not_before_mono_ms = discover_now_mono_ms(discover) + wait_ms;
    }
}

/* What a registry says about itself counts for all of its repositories. */
static void note_host(const struct discover *discover, struct host *host, struct poll *poll)
{
    uint64_t asked = poll->registry ? registry_take_asked(poll->registry) : 0;
    host->is_busy = false;
    host->registry = TAKE(poll->registry);
    pay(discover, host, asked);
    if (poll->is_ok) {
        host->refusals_in_a_row = 0;
    } else if (asked > 0) {
        note_wait(discover, host, poll);
    }
    /* The next client reads the credentials anew: they may have been replaced. */
    if (poll->err.kind == ERR_UNKNOWN_WHO || poll->err.kind == ERR_DENIED) {
        registry_free(&host->registry);
    }
}

/* Is there reason to look at the signature of a digest now?  A good one is told once more. */
static bool is_check_due(const struct discover *discover, const struct repository *repository,
                         const char *digest)
{
    const struct known_signature *known = map_get(&repository->signatures, digest);
    return repository->rule->signature && (!known || known->verdict.state == SIGNATURE_GOOD ||
                                           known->again_ms <= env_now_ms(discover->options.env));
}

/* As soon as hints may have it: now, or after the gap. */
static void plan_hinted(const struct discover *discover, struct repository *repository)
{
    int64_t now_ms = discover_now_mono_ms(discover);
    int64_t soonest_ms = repository->started_mono_ms + DISCOVER_HINT_GAP_MS;
    if (repository->started_mono_ms == 0 || soonest_ms < now_ms) {
        soonest_ms = now_ms;
    }
    if (repository->next_mono_ms > soonest_ms) {
        repository->next_mono_ms = soonest_ms;
    }
}

/* A signature is to be checked before the next poll would come: a poll then. */
static void plan_check(const struct discover *discover, struct repository *repository,
                       int64_t check_ms)
{
    int64_t wait_ms = check_ms - env_now_ms(discover->options.env);
    int64_t check_mono_ms = discover_now_mono_ms(discover) +
                            (wait_ms > DISCOVER_HINT_GAP_MS ? wait_ms : DISCOVER_HINT_GAP_MS);
    if (repository->next_mono_ms > check_mono_ms) {
        repository->next_mono_ms = check_mono_ms;
    }
}

static void plan_next(const struct discover *discover, struct repository *repository,
                      const struct poll *poll)
{
    int64_t delay_ms =
        poll->is_ok ? poll_delay_ms(discover) : retry_delay_ms(discover, repository, poll);
    /* Hints, however many, delay no poll. */
    if (!poll->is_ok || poll->scope != POLL_HINTED) {
        repository->list_mono_ms = discover_now_mono_ms(discover) + delay_ms;
    }
    repository->next_mono_ms = repository->list_mono_ms;
    if (poll->is_ok && poll->has_missed) {
        /* Some registries tell of a tag before they have it, or by another name. */
        repository->is_hinted = repository->wants_list = true;
    }
    if (repository->is_hinted) {
        plan_hinted(discover, repository);
    } else if (poll->is_ok && poll->check_again_ms > 0) {
        plan_check(discover, repository, poll->check_again_ms);
    }
}

/* The callbacks come last and use nothing of the repository, which they may remove. */
static void note_listing(struct discover *discover, struct repository *repository,
                         const struct poll *poll)
{
    bool is_news = !repository->is_reported;
    repository->failures = 0;
    repository->error = (struct err){0};
    repository->ok_ms = env_now_ms(discover->options.env);
    repository->tag_count = poll->row_count;
    repository->is_reported = true;
    repository->turn = poll->scope == POLL_BOTH ? 1 : repository->turn + 1;
    plan_next(discover, repository, poll);
    if (is_news) {
        discover->options.on_versions(discover->options.context, poll->repository, poll->rows,
                                      poll->row_count);
    }
}

static void note_failure(struct discover *discover, struct repository *repository,
                         const struct poll *poll)
{
    repository->failing_ms =
        repository->failures++ ? repository->failing_ms : env_now_ms(discover->options.env);
    repository->error = poll->err;
    plan_next(discover, repository, poll);
    discover->options.on_error(
        discover->options.context, poll->repository, &poll->err,
        discover_wall_ms(discover, discover_due_mono_ms(discover, repository)));
}

/* Of what was checked in a poll; it uses nothing of the repository. */
static void tell_signatures(const struct discover *discover, const struct poll *poll)
{
    char rule[SHA256_HEX_BYTES];
    const struct discover_options *options = &discover->options;
    if (!poll->rule->signature || !options->on_signature) {
        return;
    }
    policy_signature_id(poll->rule->signature, rule);
    VEC_EACH (const struct poll_news, news, &poll->news) {
        if (discover->is_closed) {
            return;
        }
        options->on_signature(options->context, poll->repository, news->digest, rule,
                              &news->verdict);
    }
}

/* What the rule of that time has found is nothing to another rule. */
static void take_signatures(struct repository *repository, struct poll *poll)
{
    bool is_too_much = poll->signatures.count > STORE_SIGNATURES_MAX;
    if (!is_too_much && rule_signs_equally(repository->rule, poll->rule)) {
        repository->signatures = poll->signatures;
        poll->signatures = (struct map){0};
    }
}

/* Those that were asked for while a poll ran, and that it has not answered. */
static void keep_unanswered(const struct discover *discover, struct repository *repository)
{
    size_t kept = 0;
    for (size_t i = 0; i < repository->wanted_count; i++) {
        if (is_check_due(discover, repository, repository->wanted[i])) {
            memmove(repository->wanted[kept++], repository->wanted[i], IMAGE_DIGEST_BYTES);
        }
    }
    repository->wanted_count = kept;
    repository->is_hinted = repository->is_hinted || kept > 0;
}

static void end_poll(struct discover *discover, struct repository *repository, struct poll *poll)
{
    repository->is_polling = repository->is_looking = false;
    repository->known = poll->known;
    repository->index = poll->index;
    poll->known = (struct map){0};
    take_signatures(repository, poll);
    keep_unanswered(discover, repository);
    repository->is_reported = repository->is_reported && !poll->has_changed;
    if (poll->is_ok) {
        note_listing(discover, repository, poll);
    } else {
        note_failure(discover, repository, poll);
    }
    tell_signatures(discover, poll);
}

static void end_lookup(const struct job *job)
{
    job->lookup.on_digest(job->lookup.context, job->poll.is_ok ? job->digest : "", &job->poll.err);
}

static void job_free(struct job **job)
{
    registry_free(&(*job)->poll.registry);
    poll_done(&(*job)->poll);
    VEC_EACH (struct companion, companion, &(*job)->companions) {
        poll_done(companion->poll);
        free(companion->poll);
    }
    VEC_DONE(&(*job)->companions);
    xfree(job);
}

/* Each callback may free the discover, which lives on while a job runs, or change its set. */
static void end_one(struct discover *discover, struct repository *repository, struct poll *poll,
                    bool is_stopping)
{
    if (!repository->is_wanted) {
        repository_free(&repository);
    } else if (!is_stopping && !discover->is_closed) {
        end_poll(discover, repository, poll);
    }
}

/* `running` falls only after the callbacks, so that discover_free() in one of them waits for us. */
static void end_job(void *context, bool is_stopping)
{
    AUTO(job_free) struct job *job = context;
    struct discover *discover = job->discover;
    note_host(discover, job->host, &job->poll);
    if (job->repository) {
        end_one(discover, job->repository, &job->poll, is_stopping);
    } else if (!is_stopping && !discover->is_closed) {
        end_lookup(job);
    }
    VEC_EACH (struct companion, companion, &job->companions) {
        end_one(discover, companion->repository, companion->poll, is_stopping);
    }
    discover->running--;
    if (discover->is_closed && discover->running == 0) {
        free_now(discover);
    } else if (!is_stopping && !discover->is_closed) {
        discover_run_due(discover);
    }
}

static void start_job(struct discover *discover, struct host *host, struct job *job)
{
    job->discover = discover;
    job->host = host;
    job->poll.registry = TAKE(host->registry);
    host->is_busy = true;
    discover->running++;
    loop_work(discover->options.loop, NULL, run_job, end_job, job);
}

static void start_poll(struct discover *discover, struct repository *repository)
{
    struct job *job = xcalloc(1, sizeof(*job));
    job->repository = repository;
    job_prepare(discover, repository, &job->poll);
    if (chart_is_indexed(repository->name)) {
        job_gather(discover, job);
    }
    start_job(discover, repository->host, job);
}

/* ---- what is due ---- */

/* All of a registry may be due at one time, when it or the budget has made them wait. */
static bool is_before(const struct discover *discover, const struct repository *a,
                      const struct repository *b)
{
    int64_t a_due_ms = discover_due_mono_ms(discover, a);
    int64_t b_due_ms = discover_due_mono_ms(discover, b);
    return a_due_ms != b_due_ms ? a_due_ms < b_due_ms : a->next_mono_ms < b->next_mono_ms;
}

/* The repository that has waited longest of those that could be polled now, or will be next. */
static struct repository *next_repository(const struct discover *discover)
{
    struct repository *first = NULL;
    MAP_EACH (slot, &discover->repositories) {
        struct repository *repository = slot->value;
        bool is_free = !repository->is_polling && !repository->host->is_busy;
        if (is_free && (!first || is_before(discover, repository, first))) {
            first = repository;
        }
    }
    return first;
}

/* A person is told at once, rather than after the hour that a registry may ask for. */
static void refuse_while_it_waits(const struct discover *discover, const struct host *host,
                                  struct job *job)
{
    int64_t wait_ms = host->not_before_mono_ms - discover_now_mono_ms(discover);
    if (wait_ms > 0) {
        err_set(&job->poll.err, ERR_BUSY,
                "%s has asked not to be asked for another %lld s; try again after that",
                discover_shown_host(host), (long long)(wait_ms + 999) / 1000);
    }
}

/* People wait for lookups, so they come before polls. */
static bool start_lookup(struct discover *discover)
{
    for (size_t i = 0; i < discover->lookups.count; i++) {
        struct host *host = host_of(discover, discover->lookups.items[i].repository);
        if (!host->is_busy) {
            struct job *job = xcalloc(1, sizeof(*job));
            job->lookup = discover->lookups.items[i];
            VEC_REMOVE(&discover->lookups, i);
            refuse_while_it_waits(discover, host, job);
            start_job(discover, host, job);
            return true;
        }
    }
    return false;
}

static void on_timer(void *context)
{
    struct discover *discover = context;
    discover->timer = NULL;
    discover_run_due(discover);
}

void discover_run_due(struct discover *discover)
{
    loop_timer_stop(&discover->timer);
    while (discover->running < DISCOVER_POLLS_MAX && start_lookup(discover)) {
    }
    while (discover->running < DISCOVER_POLLS_MAX) {
        struct repository *next = next_repository(discover);
        int64_t wait_ms =
            next ? discover_due_mono_ms(discover, next) - discover_now_mono_ms(discover) : 0;
        if (!next) {
            return; /* each job that ends comes here again */
        }
        if (wait_ms > 0) {
            discover->timer =
                loop_timer_start(discover->options.loop, wait_ms, 0, on_timer, discover);
            return;
        }
        start_poll(discover, next);
    }
}

/* Not within a call of the owner's. */
static void run_soon(struct discover *discover)
{
    loop_timer_stop(&discover->timer);
    discover->timer = loop_timer_start(discover->options.loop, 0, 0, on_timer, discover);
}

/* ---- the set ---- */

static void drop(struct repository *repository)
{
    repository->is_wanted = false;
    if (!repository->is_polling) {
        repository_free(&repository);
    }
}

static struct repository *repository_new(struct discover *discover, const char *name)
{
    struct repository *repository = xcalloc(1, sizeof(*repository));
    text_copy_cut(repository->name, sizeof(repository->name), name);
    repository->host = host_of(discover, name);
    return repository;
}

/* The one from before, or a new one; due at once when it is new or its rule is. */
static struct repository *keep_or_make(struct discover *discover, struct map *before,
                                       const struct discover_repository *wanted)
{
    struct repository *repository = map_remove(before, wanted->repository);
    if (!repository) {
        repository = repository_new(discover, wanted->repository);
    }
    if (!repository->rule || !rule_equals(repository->rule, wanted->rule)) {
        if (repository->rule && !rule_signs_equally(repository->rule, wanted->rule)) {
            signatures_done(&repository->signatures);
        }
        rule_free(&repository->rule);
        repository->rule = rule_copy(wanted->rule);
        repository->is_reported = false;
        repository->next_mono_ms = discover_now_mono_ms(discover);
        repository->is_hinted = true; /* a poll that runs now still has the old rule */
    }
    repository->is_wanted = true;
    return repository;
}

void discover_set_repositories(struct discover *discover,
                               const struct discover_repository *repositories, size_t count)
{
    struct map before = discover->repositories;
    discover->repositories = (struct map){0};
    for (size_t i = 0; i < count; i++) {
        if (!map_has(&discover->repositories, repositories[i].repository)) {
            map_set(&discover->repositories, repositories[i].repository,
                    keep_or_make(discover, &before, &repositories[i]));
        }
    }
    MAP_EACH (slot, &before) {
        drop(slot->value);
    }
    map_done(&before);
    /* Not before the caller had its chance to call discover_remember(). */
    run_soon(discover);
}

void discover_remember(struct discover *discover, const char *repository,
                       const struct version_row *rows, size_t count)
{
    struct repository *found = map_get(&discover->repositories, repository);
    if (!found || found->is_polling || found->ok_ms > 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].is_gone) {
            struct known_tag *entry = known_add(&found->known, rows[i].tag, rows[i].seen_ms);
            text_copy_cut(entry->digest, sizeof(entry->digest),
                          rows[i].digest ? rows[i].digest : "");
            entry->created_ms = rows[i].created_ms;
            entry->platforms = rows[i].platforms ? xstrdup(rows[i].platforms) : NULL;
        }
    }
}

void discover_remember_signature(struct discover *discover, const struct signature_row *row)
{
    struct repository *found = map_get(&discover->repositories, row->repository);
    char rule[SHA256_HEX_BYTES];
    if (!found || found->is_polling || found->ok_ms > 0 || !found->rule->signature) {
        return;
    }
    policy_signature_id(found->rule->signature, rule);
    if (strcmp(rule, row->rule) == 0) {
        signatures_add(&found->signatures, row->digest)->verdict = row->verdict;
    }
}

void discover_want_signature(struct discover *discover, const char *repository, const char *digest)
{
    struct repository *found = map_get(&discover->repositories, repository);
    if (!found || !image_digest_is_valid(digest) ||
        (!found->is_polling && !is_check_due(discover, found, digest))) {
        return;
    }
    for (size_t i = 0; i < found->wanted_count; i++) {
        if (strcmp(found->wanted[i], digest) == 0) {
            return;
        }
    }
    if (found->wanted_count == POLL_WANTED_MAX) {
        return; /* whoever needs it asks again */
    }
    text_copy_cut(found->wanted[found->wanted_count++], IMAGE_DIGEST_BYTES, digest);
    if (!found->is_polling) {
        found->is_hinted = true;
        plan_hinted(discover, found);
        run_soon(discover);
    }
}

void discover_again(struct discover *discover, const char *repository)
{
    struct repository *found = map_get(&discover->repositories, repository);
    if (found) {
        found->is_reported = false;
    }
}

/* ---- hints and lookups ---- */

/* The repository without its registry. */
static const char *path_of(const char *repository)
{
    char host[IMAGE_REPOSITORY_BYTES];
    struct image image = {0};
    text_copy_cut(image.repository, sizeof(image.repository), repository);
    image_registry(&image, host, sizeof(host));
    if (chart_is_indexed(repository)) {
        return repository; /* no registry tells of it */
    }
    return host[0] ? repository + strlen(host) + 1 : repository;
}

static bool has_hint(const struct repository *repository, const char *tag)
{
    for (size_t i = 0; i < repository->hint_count; i++) {
        if (strcmp(repository->hints[i], tag) == 0) {
            return true;
        }
    }
    return false;
}

static void take_hint(const struct discover *discover, struct repository *repository,
                      const char *tag)
{
    if (has_hint(repository, tag)) {
        return;
    }
    if (tag[0] && repository->hint_count < POLL_HINTS_MAX &&
        TEXT_COPY(repository->hints[repository->hint_count], tag)) {
        repository->hint_count++;
    } else {
        repository->wants_list = true;
    }
    repository->is_hinted = true;
    if (!repository->is_polling) {
        plan_hinted(discover, repository);
    }
}

void discover_hint(struct discover *discover, const char *repository, const char *tag)
{
    const char *path = path_of(repository);
    MAP_EACH (slot, &discover->repositories) {
        if (strcmp(path_of(slot->key), path) == 0) {
            take_hint(discover, slot->value, tag);
            discover->hinted_mono_ms = discover_now_mono_ms(discover);
        }
    }
    discover_run_due(discover);
}

int64_t discover_expects_until(const struct discover *discover)
{
    int64_t now_ms = discover_now_mono_ms(discover);
    int64_t quiet_ms = now_ms + DISCOVER_QUIET_MS;
    if (discover->hinted_mono_ms == 0) {
        return 0;
    }
    MAP_EACH (slot, &discover->repositories) {
        const struct repository *repository = slot->value;
        if (repository->is_looking ||
            (repository->is_hinted && discover_due_mono_ms(discover, repository) <= quiet_ms)) {
            return discover_wall_ms(discover, quiet_ms);
        }
    }
    return discover_wall_ms(discover, discover->hinted_mono_ms + DISCOVER_QUIET_MS);
}

bool discover_resolve(struct discover *discover, const char *repository, const char *tag,
                      void (*on_digest)(void *context, const char *digest, const struct err *err),
                      void *context, struct err *err)
{
    struct lookup lookup = {.on_digest = on_digest, .context = context};
    if (discover->lookups.count >= LOOKUPS_MAX) {
        return err_set(err, ERR_BUSY,
                       "too many questions to registries wait; try again in a minute");
    }
    if (!TEXT_COPY(lookup.repository, repository) || !TEXT_COPY(lookup.tag, tag)) {
        return err_set(err, ERR_INVALID, "the image \"%.80s…\" is too long", repository);
    }
    *VEC_ADD(&discover->lookups) = lookup;
    discover_run_due(discover);
    return true;
}
