#include "server/acts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define DIFF_BYTES_MAX (256U << 10)
#define BODY_BYTES_MAX (512U << 10)
#define LINK_BYTES 512
#define STAGES_MAX 2
/* Hosts beyond so many share a queue, so that hosts that hang leave workers to everything else. */
#define HOST_QUEUES_MAX (LOOP_WORKERS_MAX / 2)

struct acts {
    struct acts_options options;
    /* A host that is slow keeps nobody from Git, nor from another host. */
    struct loop_queue *host_queues[HOST_QUEUES_MAX];
    size_t *queue_of; /* of each repository; those on one host have the same */
    bool is_stopping;
};

struct job {
    struct acts *acts;
    struct promote_act *act;
    const struct config_repository *repository; /* that the act is about */
    char *diff;                                 /* of the pull request, for its text; or NULL */
    size_t stage;
};

/* ---- on Git ---- */

static bool commit(struct job *job, struct draft_commit *out)
{
    const struct acts_options *options = &job->acts->options;
    job->act->request.charts = options->charts;
    return configrepo_commit(job->repository->git, job->repository->memory, &job->act->request, out,
                             &job->act->err);
}

static void make_commit(struct job *job)
{
    struct promote_act *act = job->act;
    struct draft_commit draft = {0};
    act->succeeded = commit(job, &draft);
    TEXT_COPY_CUT(act->commit, draft.oid);
}

static bool find_parent(struct git *git, const char *commit, char out[static GIT_OID_BYTES],
                        struct err *err)
{
    AUTO_STR(parent, 128);
    str_addf(&parent, "%s^", commit);
    return git_resolve(git, parent.text, out, err);
}

/* What the first stands on; the others each on the one before, unless a release in between has
   ended since. */
static bool find_base(struct git *git, struct promote_act *act)
{
    char parent[GIT_OID_BYTES];
    if (!find_parent(git, act->parts[0].commit, act->base, &act->err)) {
        return false;
    }
    for (size_t i = 1; i < act->part_count; i++) {
        const struct push_part *part = &act->parts[i];
        if (!find_parent(git, part->commit, parent, &act->err)) {
            return false;
        }
        if (strcmp(parent, act->parts[i - 1].commit) != 0) {
            return err_set(&act->err, ERR_CONFLICT,
                           "%.7s stands on a commit that is not wanted any more", part->commit);
        }
    }
    return true;
}

static void push(struct job *job)
{
    struct promote_act *act = job->act;
    struct git *git = job->repository->git;
    act->succeeded =
        find_base(git, act) && git_push(git, act->branch, act->commit, act->base, &act->err);
}

static void push_branch(struct job *job)
{
    struct promote_act *act = job->act;
    struct git *git = job->repository->git;
    act->succeeded = find_parent(git, act->commit, act->base, &act->err) &&
                     git_push_branch(git, act->pull.branch, act->commit, act->pull.tip, &act->err);
}

/* The merge that the host names, when it is in the branch; else the branch as it is: squashes and
   rebases have other names at some hosts. */
static bool choose_base(struct git *git, struct promote_act *act, bool *out_is_named)
{
    struct err ignored = {0};
    const char *named = act->request.base;
    char head[GIT_OID_BYTES];
    *out_is_named = false;
    if (!git_head(git, act->branch, head, &act->err)) {
        return false;
    }
    *out_is_named =
        named[0] && git_contains(git, head, named, out_is_named, &ignored) && *out_is_named;
    TEXT_COPY_CUT(act->base, *out_is_named ? named : head);
    act->request.base = arena_strdup(act->arena, act->base);
    return true;
}

/* Nothing would change: then all of it is there. */
static void check_merge(struct job *job)
{
    struct promote_act *act = job->act;
    struct draft_commit draft = {0};
    bool is_named = false;
    act->succeeded = choose_base(job->repository->git, act, &is_named) && commit(job, &draft);
    if (act->succeeded && strcmp(draft.oid, act->base) != 0) {
        /* Without a name the branch here may be older than the merge. */
        act->succeeded = err_set(
            &act->err, is_named ? ERR_REFUSED : ERR_CONFLICT,
            "Pull request #%lld was merged, but %s at %.7s does not say what R-%lld wants: "
            "somebody changed it on its way.",
            (long long)act->pull.facts.number, act->branch, act->base, (long long)act->release);
    }
}

static void drop_branch(struct job *job)
{
    struct promote_act *act = job->act;
    act->succeeded = !act->pull.tip[0] || git_drop_branch(job->repository->git, act->pull.branch,
                                                          act->pull.tip, &act->err);
}

/* A text without the difference is still one. */
static void read_diff(struct job *job)
{
    struct promote_act *act = job->act;
    struct err ignored = {0};
    act->succeeded = true;
    if (!act->text || !job->repository->forge) {
        return;
    }
    AUTO_STR(diff, DIFF_BYTES_MAX);
    if (git_diff(job->repository->git, act->pull.base, act->pull.tip, NULL, 0, &diff, &ignored)) {
        job->diff = str_take(&diff);
    }
}

/* ---- at the host ---- */

static bool has_forge(struct job *job)
{
    const char *name = job->repository->name;
    if (job->repository->forge) {
        return true;
    }
    return name[0] ? err_set(&job->act->err, ERR_INVALID,
                             "the server knows no Git host of the repository \"%s\": give it a "
                             "forge-token-file in the file of --repositories",
                             name)
                   : err_set(&job->act->err, ERR_INVALID,
                             "the server knows no Git host: start it with --forge-token-file");
}

static void link_to(const struct job *job, char out[static LINK_BYTES])
{
    const char *url = job->acts->options.public_url;
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/') {
        length--;
    }
    out[0] = '\0';
    if (length > 0 && length < LINK_BYTES - 40) {
        snprintf(out, LINK_BYTES, "%.*s/releases/%lld", (int)length, url,
                 (long long)job->act->release);
    }
}

static void add_body(const struct job *job, struct str *out)
{
    char link[LINK_BYTES];
    link_to(job, link);
    str_add(out, job->act->text);
    if (link[0]) {
        str_addf(out, "\n[R-%lld](%s)\n", (long long)job->act->release, link);
    }
    size_t room = forge_body_bytes_max(job->repository->forge);
    size_t rest = 400; /* heading, fences, and the word that it was cut */
    if (job->diff && job->diff[0] && out->length + 2 * rest < room) {
        str_add(out, "\n### Difference\n\n");
        forge_add_block(out, "diff", job->diff, room - out->length - rest);
    }
}

static bool open_or_read(struct job *job, const struct forge_proposal *proposal)
{
    struct promote_act *act = job->act;
    struct forge *forge = job->repository->forge;
    if (act->pull.facts.number == 0 &&
        !forge_pull_open(forge, proposal, &act->pull.facts, &act->err)) {
        return false;
    }
    return forge_pull_read(forge, act->pull.facts.number, &act->pull.facts, &act->err);
}

static void look(struct job *job)
{
    struct promote_act *act = job->act;
    AUTO_STR(body, BODY_BYTES_MAX);
    if (!has_forge(job)) {
        act->succeeded = false;
        return;
    }
    if (act->text) {
        add_body(job, &body);
    }
    struct forge_proposal proposal = {.branch = act->pull.branch,
                                      .base = act->branch,
                                      .title = act->title ? act->title : act->pull.branch,
                                      .body = body.text};
    bool was_there = act->pull.facts.number > 0;
    act->succeeded = open_or_read(job, &proposal);
    if (act->succeeded && was_there && act->text && act->pull.facts.state == PULL_OPEN) {
        act->succeeded = forge_pull_rewrite(job->repository->forge, act->pull.facts.number,
                                            &proposal, &act->err);
    }
}

/* Whether it may is the host's to say: reviews and checks that it wants are its rules. */
static void merge(struct job *job)
{
    struct promote_act *act = job->act;
    struct forge *forge = job->repository->forge;
    int64_t number = act->pull.facts.number;
    act->succeeded = has_forge(job) && forge_pull_merge(forge, number, act->pull.tip, &act->err) &&
                     forge_pull_read(forge, number, &act->pull.facts, &act->err);
}

static void close_pull(struct job *job)
{
    struct promote_act *act = job->act;
    struct forge *forge = job->repository->forge;
    struct pull_facts *facts = &act->pull.facts;
    act->succeeded = has_forge(job);
    /* The answer to its opening may have been lost. */
    if (act->succeeded && facts->number == 0 && act->pull.tip[0]) {
        act->succeeded = forge_pull_find(forge, act->pull.branch, act->branch, facts, &act->err) ||
                         act->err.kind == ERR_NOT_FOUND;
    }
    if (act->succeeded && facts->number > 0) {
        act->succeeded = forge_pull_close(forge, facts->number, act->text, facts, &act->err) ||
                         act->err.kind == ERR_NOT_FOUND;
    }
}

static void put_status(struct job *job)
{
    struct promote_act *act = job->act;
    char context[NAME_BYTES + 16];
    char link[LINK_BYTES];
    link_to(job, link);
    snprintf(context, sizeof(context), "heddle/%s", act->status.stage);
    struct forge_status status = {
        .state = strcmp(act->status.wanted, "pending") == 0   ? FORGE_PENDING
                 : strcmp(act->status.wanted, "success") == 0 ? FORGE_SUCCESS
                                                              : FORGE_FAILURE,
        .context = context,
        .description = act->text,
        .link = link,
    };
    act->succeeded = has_forge(job) &&
                     forge_status_put(job->repository->forge, act->status.oid, &status, &act->err);
}

/* ---- one after another ---- */

static const struct act_row {
    const char *name;
    struct {
        void (*run)(struct job *job);
        bool is_at_host;
    } stages[STAGES_MAX];
} act_rows[] = {
    [ACT_COMMIT] = {"commit", {{make_commit, false}}},
    [ACT_PUSH] = {"push", {{push, false}}},
    [ACT_BRANCH] = {"push of a branch", {{push_branch, false}}},
    [ACT_CHECK] = {"check of a merge", {{check_merge, false}}},
    [ACT_PULL] = {"pull request", {{read_diff, false}, {look, true}}},
    [ACT_MERGE] = {"merge", {{merge, true}}},
    [ACT_SETTLE] = {"end of a pull request", {{close_pull, true}, {drop_branch, false}}},
    [ACT_STATUS] = {"status", {{put_status, true}}},
};

static void run_stage(void *context)
{
    struct job *job = context;
    const struct act_row *row = &act_rows[job->act->kind];
    bool is_at_host = row->stages[job->stage].is_at_host;
    if (!job->repository) {
        job->act->succeeded =
            err_set(&job->act->err, ERR_INVALID,
                    "the server knows no repository \"%s\" any more: name it in the file of "
                    "--repositories",
                    job->act->repository);
        return;
    }
    row->stages[job->stage].run(job);
    if (is_at_host && job->repository->forge) {
        job->act->rest_ms = forge_rest_ms(job->repository->forge);
    }
}

static void start_stage(struct job *job);

static void note(const struct promote_act *act)
{
    for (size_t i = 0; act->succeeded && i < act->part_count; i++) {
        log_info("git.pushed", "release=R-%lld commit=%.12s", (long long)act->parts[i].release,
                 act->parts[i].commit);
    }
    if (!act->succeeded) {
        log_warn("git.act", "release=R-%lld %s: %s", (long long)act->release,
                 act_rows[act->kind].name, act->err.text);
    } else if (act->kind == ACT_BRANCH) {
        log_info("git.pushed", "release=R-%lld commit=%.12s", (long long)act->release, act->commit);
    }
}

static void stage_done(void *context, bool is_stopping)
{
    struct job *job = context;
    struct acts *acts = job->acts;
    struct promote_act *act = job->act;
    bool is_last = job->stage + 1 == STAGES_MAX || !act_rows[act->kind].stages[job->stage + 1].run;
    if (!is_stopping && !acts->is_stopping && act->succeeded && !is_last) {
        job->stage++;
        start_stage(job);
        return;
    }
    free(job->diff);
    free(job);
    if (is_stopping || acts->is_stopping) {
        arena_free(&act->arena);
        free(act); /* the next start goes on from the store */
        return;
    }
    note(act);
    acts->options.on_done(acts->options.context, act);
}

static void start_stage(struct job *job)
{
    struct acts *acts = job->acts;
    const struct acts_options *options = &acts->options;
    bool is_at_host = act_rows[job->act->kind].stages[job->stage].is_at_host && job->repository;
    struct loop_queue *queue =
        is_at_host ? acts->host_queues[acts->queue_of[job->repository - options->repositories]]
                   : options->git_queue;
    loop_work(options->loop, queue, run_stage, stage_done, job);
}

void acts_start(struct acts *acts, struct promote_act *act)
{
    struct job *job = xcalloc(1, sizeof(*job));
    const struct acts_options *options = &acts->options;
    *job = (struct job){.acts = acts,
                        .act = act,
                        .repository = config_repository_find(
                            options->repositories, options->repository_count, act->repository)};
    if (!act->branch[0]) {
        TEXT_COPY_CUT(act->branch, options->repositories[0].branch);
    }
    start_stage(job);
}

static bool is_same_host(const struct config_repository *a, const struct config_repository *b)
{
    return a->forge && b->forge &&
           strcmp(forge_host_name(a->forge), forge_host_name(b->forge)) == 0;
}

static void give_queues(struct acts *acts)
{
    const struct acts_options *options = &acts->options;
    size_t hosts = 0;
    acts->queue_of = xcalloc(options->repository_count, sizeof(*acts->queue_of));
    for (size_t i = 0; i < options->repository_count; i++) {
        size_t first = 0;
        while (first < i &&
               !is_same_host(&options->repositories[first], &options->repositories[i])) {
            first++;
        }
        if (first < i) {
            acts->queue_of[i] = acts->queue_of[first];
        } else if (options->repositories[i].forge) {
            acts->queue_of[i] = hosts++ % HOST_QUEUES_MAX;
        }
    }
}

struct acts *acts_new(const struct acts_options *options)
{
    struct acts *acts = xcalloc(1, sizeof(*acts));
    acts->options = *options;
    for (size_t i = 0; i < HOST_QUEUES_MAX; i++) {
        acts->host_queues[i] = loop_queue_new(options->loop);
    }
    give_queues(acts);
    return acts;
}

void acts_stop(struct acts *acts)
{
    acts->is_stopping = true;
    for (size_t i = 0; i < HOST_QUEUES_MAX; i++) {
        loop_queue_free(&acts->host_queues[i]);
    }
}

void acts_free(struct acts **acts)
{
    if (*acts) {
        free((*acts)->queue_of);
        xfree(acts);
    }
}
