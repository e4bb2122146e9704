/*
 * look: one look at the config repositories, by a worker: fetch, read the pipeline, scan the
 * targets.
 */
#pragma once

#include "promote/promote.h"

struct server;

/* The newest commit of a ref whose changes the engine has taken in. */
struct seen_head {
    char repository[NAME_BYTES];
    char branch[BRANCH_BYTES];
    char head[OID_BYTES];
};
/* The server's branch, and one for each target. */
#define LOOK_REFS_MAX (PIPELINE_TARGETS_MAX + 1)
struct seen_heads {
    struct seen_head *items; /* malloc'd, LOOK_REFS_MAX at most */
    size_t count;
};
/* "" when it is not there. */
const char *seen_heads_find(const struct seen_heads *seen, const char *repository,
                            const char *branch);
void seen_heads_done(struct seen_heads *seen);
bool seen_heads_store(struct store *store, const struct seen_heads *seen,
                      struct err *err) MUST_CHECK;
/* `branch`: the server's, for a store of before there were several. */
void seen_heads_load(struct store *store, const char *branch, struct seen_heads *out);

/* A value that goes to a worker and comes back. */
struct look {
    struct server *server;                        /* whose look it is; not for the worker */
    const struct config_repository *repositories; /* the first one has the pipeline file */
    size_t repository_count;
    const struct env *env;
    /* Of each repository: not to be asked before this (monotonic), since it cannot be reached. */
    int64_t *rest_until_ms;
    struct chart_renderer charts;
    const char *pipeline_file;
    bool accept_rewrite; /* a person has looked at a rewritten history */
    const struct git_view
        *before; /* the last look's view, or NULL; only read, its scans are shared */
    /* In: what people's commits are counted from; a ref that is not there: from now on.  Out: what
       the next look counts from.  It stays while a rewritten history waits for a person, so that a
       restart does not forget that it does, and while a ref cannot be read. */
    struct seen_heads seen;
    char *good_pipeline; /* text of the last pipeline file that could be read; malloc'd, or NULL */
    /* out */
    struct git_view *view; /* NULL: nothing new, or it failed */
    bool has_failed;       /* the branch with the pipeline file cannot be read */
    struct err err;
};

void look_run(void *context);
