/* look: one look at the config repository, by a worker: fetch, read the pipeline, scan the targets.
 */
#pragma once

#include "promote/promote.h"

struct server;

/* A value that goes to a worker and comes back. */
struct look {
    struct server *server; /* whose look it is; not for the worker */
    struct git *git;
    struct configrepo_memory *memory; /* of what was read of it, or NULL */
    struct chart_renderer charts;
    const char *pipeline_file;
    bool has_forge;      /* stages may ask for pull requests */
    bool accept_rewrite; /* a person has looked at a rewritten history */
    const struct git_view
        *before; /* the last look's view, or NULL; only read, its scans are shared */
    /* In: what people's commits are counted from, "" : from now on.  Out: what the next look counts
       from; it stays while a rewritten history waits for a person, so that a restart does not
       forget that it does. */
    char last_head[OID_BYTES];
    char *good_pipeline; /* text of the last pipeline file that could be read; malloc'd, or NULL */
    /* out */
    struct git_view *view; /* NULL: nothing new, or it failed */
    bool has_failed;
    struct err err;
    bool is_astray; /* the branch does not continue what was seen before, accepted or not */
};

void look_run(void *context);
