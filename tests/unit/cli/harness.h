/* harness: a scripted server in one process, the command line in another. */
#pragma once

#include "../testing.h"

#include <sys/types.h>

#include "base/clock.h"
#include "base/str.h"

/* An answer of the server.  Of the rows that match, the first unused one is given; the last one
   again and again. */
struct answer {
    const char *method, *path; /* with its query */
    int status;
    /* "{…": the body itself; "name.json": a file of tests/golden/cli/server; "name.events": an
       event stream of it, which sends its events one by one once the release has been asked
       for.  An event that is just "close" ends the stream.  "late name.json": the file, but only
       when the stream has sent all of its events. */
    const char *body;
};

#define OUTPUT_MAX (1U << 20)

struct stage {
    pid_t server;
    int port;
    char folder[64]; /* HOME of the command line */
    char requests[96];
};

/* Start a server with these answers (the last row is zeroed). */
void stage_begin(struct stage *stage, const struct answer *answers);
void stage_end(struct stage *stage);
/* What the server was asked: "POST /api/v1/plans key=… {body}", one per line. */
void stage_requests(const struct stage *stage, struct str *out);

struct run {
    const char *arguments; /* split at spaces; 'a b' is one */
    const char *input;     /* standard input; NULL: empty */
    const char *variables; /* "NAME=value", split at spaces, or NULL */
    bool is_anonymous;     /* no token file */
};
struct outcome_of_run {
    int code;
    struct str out, talk;
};
void stage_run(const struct stage *stage, const struct run *run, struct outcome_of_run *result);
void run_done(struct outcome_of_run *result);

/* In a child process: become the command line, with this HOME and server.  Never returns. */
void become_cli(const struct stage *stage, const struct run *run) __attribute__((noreturn));

/* Compare with tests/golden/cli/NAME.txt, or write it when UPDATE=1. */
void assert_golden(const struct stage *stage, const char *name, const struct run *run);

/* 2026-11-22T14:03:05Z, for ever; randomness that is none. */
extern const struct env frozen_env;
