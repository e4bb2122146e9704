/* child: one started program with its three streams, moved by poll. */
#pragma once

#include <sys/types.h>

#include "proc/proc.h"

struct child {
    const char *program;
    pid_t pid;      /* also the id of its process group; 0: reaped or never started */
    int process_fd; /* readable when it has ended */
    int input_fd;   /* a socket, so that writing to a dead child is an error and no signal */
    int output_fd;
    int errors_fd;
    struct slice input; /* what is still to be written */
    struct str output;
    struct str errors;
    bool has_ended; /* it can be reaped */
    bool said_too_much;
};

/* spawn.c: start it.  On failure nothing is left open. */
bool child_start(const struct proc_call *call, struct child *out, struct err *err) MUST_CHECK;
/* SIGKILL to the whole group, reap, close.  The exit status as of waitpid(2). */
int child_end(struct child *child);
void child_done(struct child *child);

/* Wait until something can move, and move it: input out, output and errors in.  False with
   ERR_TIMEOUT at the deadline; ERR_INVALID when it said more than its ceiling. */
bool child_step(struct child *child, int64_t deadline_ms, struct err *err) MUST_CHECK;
void child_close_input(struct child *child);
/* Take in what is in the pipes after it ended, without waiting for more. */
void child_drain(struct child *child);

int64_t child_deadline(const struct proc_limits *limits);
