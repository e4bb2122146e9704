/* acts: what the engine wants done to Git and to its host, by workers. */
#pragma once

#include "forge/forge.h"
#include "git/git.h"
#include "loop/loop.h"
#include "promote/promote.h"

struct acts_options {
    struct loop *loop;
    struct loop_queue *git_queue; /* whoever is in it has the repositories to itself */
    const struct config_repository *repositories; /* the first one is the server's own */
    size_t repository_count;
    struct chart_renderer charts;                            /* used on the queue only */
    const char *public_url;                                  /* of this server, or "" */
    void (*on_done)(void *context, struct promote_act *act); /* takes the act */
    void *context;
};

struct acts;
struct acts *acts_new(const struct acts_options *options);
/* Let the acts that are at hosts end; then no act comes back any more.  To be called before the
   Git queue is freed. */
void acts_stop(struct acts *acts);
void acts_free(struct acts **acts);
void acts_start(struct acts *acts, struct promote_act *act); /* takes it */
