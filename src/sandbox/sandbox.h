/*
 * sandbox: heddle with everything around it, in one process: for a first look and for scripts.
 *
 * The server, the agents and the Git repository are the real ones; the registry and the clusters
 * are simulated, and speak the same HTTP as real ones.  All of it lives in a temporary folder and
 * is gone afterwards.
 */
#pragma once

#include "base/err.h"

struct demo_options {
    bool script;        /* play the story by itself; an error when a step does not hold */
    double speed;       /* pods and soaks are this much faster; 0: 1 */
    const char *listen; /* NULL: 127.0.0.1 and a free port */
    int64_t workloads;  /* in all; 0: the twelve of the shop */
};

/* `heddle demo`: start, print what to try, and serve until a signal; or play the story and end. */
bool sandbox_demo(const struct demo_options *options, struct err *err) MUST_CHECK;
