/*
 * proc: child processes, with limits.
 *
 * Arguments are arrays, never a shell; the environment is exactly what is given; every
 * descriptor but a secret's is close-on-exec; a child is ended with its whole process group.
 * Blocking: call on a worker, not on the loop.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct proc_limits {
    int64_t wall_ms;         /* then SIGKILL to its group; 0: 60 s.  Of a proc_pipe: per call */
    int64_t cpu_s;           /* 0: no limit */
    int64_t memory_bytes;    /* address space; 0: no limit */
    size_t output_bytes_max; /* of stdout; 0: 16 MiB.  More is an error, not a cut.  Of a
                                proc_pipe: of what was said and not yet read */
};

/* Where a child reads the `secret` of its call. */
#define PROC_SECRET_PATH "/proc/self/fd/3"

struct proc_call {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH of `env` */
    const char *const *env;  /* "NAME=value", NULL-terminated; NULL: PATH and LC_ALL=C only */
    const char *folder;      /* working directory, or NULL */
    struct slice input;      /* standard input */
    /* What it, and what it starts, may read and others never see: no argument, environment or file
       of a disk has it.  Empty: none. */
    struct slice secret;
    struct proc_limits limits;
};

struct proc_result {
    struct str output; /* standard output; after an error, as much as came */
    struct str errors; /* standard error, its first 64 KiB */
    int exit_code;     /* -1 when a signal ended it */
    int signal;        /* 0 when it ended by itself */
    bool timed_out;
    bool said_too_much;
};

/* False only when it could not be started (ERR_NOT_FOUND: no such program), ran past a limit
   (ERR_TIMEOUT) or said too much (ERR_INVALID).  An exit code other than 0 is a result.
   proc_result_done() is due in every case.  When the program ends, what it left running in its
   process group is ended too. */
bool proc_run(const struct proc_call *call, struct proc_result *out, struct err *err) MUST_CHECK;
void proc_result_done(struct proc_result *result); /* safe on zeroed memory */

/* A child that answers requests for a long time, over its stdin and stdout.  When this process
   dies, the child reads the end of its input.  Answers are taken in while requests are
   written, so neither side can block the other.  ERR_UNAVAILABLE: the child is gone, and the
   text has its last words. */
struct proc_pipe;
bool proc_open(const struct proc_call *call, struct proc_pipe **out, struct err *err) MUST_CHECK;
bool proc_write(struct proc_pipe *pipe, struct slice bytes, struct err *err) MUST_CHECK;
/* One line, without its LF; at most the ceiling of `out`. */
bool proc_read_line(struct proc_pipe *pipe, struct str *out, struct err *err) MUST_CHECK;
bool proc_read_bytes(struct proc_pipe *pipe, size_t length, struct str *out,
                     struct err *err) MUST_CHECK;
void proc_close(struct proc_pipe **pipe); /* ends the child */
