#include "agent/agent.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "agent/reporter.h"
#include "base/file.h"
#include "base/log.h"

#define CA_BYTES_MAX (1U << 20)
#define DATA_ROOT "/var/lib/heddle-agent"
/* After a pass most of what it took is free but not given back. */
#define TRIM_MS 10000
/* Each worker would keep a heap of its own, with holes; what they allocate is short-lived. */
#define HEAPS_MAX 1

struct agent {
    char *cluster;
    struct sync *sync;
    struct reporter *reporter;
    struct loop_timer *trim_timer;
    char applied[OID_BYTES]; /* what was logged last */
    size_t problem_count;
};

/* ---- between sync and reporter ---- */

static void log_news(struct agent *agent, const struct report *report)
{
    if (strcmp(agent->applied, report->applied_commit) != 0) {
        TEXT_COPY_CUT(agent->applied, report->applied_commit);
        log_info("agent.applied", "commit=%.12s objects=%d", agent->applied, report->object_count);
    }
    if (report->problem_count != agent->problem_count) {
        agent->problem_count = report->problem_count;
        for (size_t i = 0; i < report->problem_count; i++) {
            const struct report_problem *problem = &report->problems[i];
            log_warn("agent.problem", "file=%s line=%u reason=\"%s\"", problem->file, problem->line,
                     problem->text);
        }
    }
}

static bool collect(void *context, bool is_full, struct arena *arena, struct report *out)
{
    struct agent *agent = context;
    bool is_new = sync_report(agent->sync, is_full, arena, out);
    log_news(agent, out);
    return is_new;
}

static void on_change(void *context)
{
    struct agent *agent = context;
    if (agent->reporter) {
        reporter_wake(agent->reporter);
    }
}

static void on_sync(void *context)
{
    struct agent *agent = context;
    sync_look(agent->sync);
}

static void trim(void *context)
{
    (void)context;
    malloc_trim(0);
}

/* ---- life ---- */

static bool check_options(const struct agent_options *options, struct err *err)
{
    const struct {
        const char *flag, *value;
    } required[] = {
        {"--server", options->server},
        {"--cluster", options->cluster},
        {"--token-file", options->token_file},
        {"--repository", options->repository},
        {"--path", options->path},
    };
    for (size_t i = 0; i < COUNT_OF(required); i++) {
        if (!required[i].value || !required[i].value[0]) {
            return err_set(err, ERR_INVALID, "%s is missing", required[i].flag);
        }
    }
    if (strncmp(options->server, "http://", 7) != 0 &&
        strncmp(options->server, "https://", 8) != 0) {
        return err_set(err, ERR_INVALID, "--server \"%s\" should begin with https:// or http://",
                       options->server);
    }
    return name_check("cluster", options->cluster, err) && path_check("path", options->path, err);
}

static void sync_options_of(const struct agent_options *options, struct str *folder,
                            struct sync_options *out)
{
    if (options->data) {
        str_add(folder, options->data);
    } else {
        str_addf(folder, DATA_ROOT "/%s", options->cluster);
    }
    *out = (struct sync_options){
        .env = options->env ? options->env : env_system(),
        .cluster = options->cluster,
        .path = options->path,
        .pipeline_file = options->pipeline_file,
        .folder = folder->text,
        .git = options->git,
        .kube = {.kubeconfig = options->kubeconfig, .context = options->context},
        .interval_ms = options->interval_ms,
        .capacity_ms = options->capacity_ms,
        .allow_prune_all = options->allow_prune_all,
        .on_change = on_change,
    };
    out->git.url = options->repository;
    out->git.branch = options->branch ? options->branch : "main";
}

static bool read_files(const struct agent_options *options, struct str *out_ca, struct err *err)
{
    AUTO_STR(token, 4096);
    /* The reporter reads it again; here only so that a wrong name is told at once. */
    if (!file_read_secret(options->token_file, &token, err)) {
        return err_wrap(err, "--token-file");
    }
    if (options->ca_file && !file_read(options->ca_file, out_ca, err)) {
        return err_wrap(err, "--ca-file");
    }
    return true;
}

bool agent_start(struct loop *loop, const struct agent_options *options, struct agent **out,
                 struct err *err)
{
    AUTO_STR(ca_pem, CA_BYTES_MAX);
    AUTO_STR(folder, 4096);
    if (!check_options(options, err) || !read_files(options, &ca_pem, err)) {
        return false;
    }
    struct agent *agent = xcalloc(1, sizeof(*agent));
    agent->cluster = xstrdup(options->cluster);
    struct sync_options sync_options;
    sync_options_of(options, &folder, &sync_options);
    sync_options.loop = loop;
    sync_options.context = agent;
    if (!sync_start(&sync_options, &agent->sync, err)) {
        agent_stop(&agent);
        return false;
    }
    struct reporter_options reporter_options = {
        .loop = loop,
        .env = sync_options.env,
        .server = options->server,
        .cluster = options->cluster,
        .token_file = options->token_file,
        .ca_pem = options->ca_file ? ca_pem.text : NULL,
        .collect = collect,
        .on_sync = on_sync,
        .context = agent,
    };
    agent->reporter = reporter_new(&reporter_options);
    agent->trim_timer = loop_timer_start(loop, TRIM_MS, TRIM_MS, trim, agent);
    *out = agent;
    return true;
}

void agent_stop(struct agent **agent)
{
    struct agent *gone = TAKE(*agent);
    if (!gone) {
        return;
    }
    loop_timer_stop(&gone->trim_timer);
    reporter_free(&gone->reporter);
    sync_stop(&gone->sync);
    free(gone->cluster);
    free(gone);
}

bool agent_run(const struct agent_options *options, struct err *err)
{
    mallopt(M_ARENA_MAX, HEAPS_MAX);
    AUTO(loop_free) struct loop *loop = loop_new();
    struct agent *agent = NULL;
    if (!loop_stop_on_signals(loop, err) || !agent_start(loop, options, &agent, err)) {
        return false;
    }
    log_info("agent.start", "cluster=%s path=%s server=%s", options->cluster, options->path,
             options->server);
    loop_run(loop);
    agent_stop(&agent);
    log_info("agent.stop", "cluster=%s", options->cluster);
    return true;
}
