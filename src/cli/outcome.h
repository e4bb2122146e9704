/* outcome: how watching a release has ended, what is said of it, and the exit code.  Private to
   cli. */
#pragma once

#include "cli/command.h"

/* How many of its commits are in Git for sure: the last one is listed before it is pushed. */
size_t outcome_pushed(const json_t *release);

enum outcome_wait { WAIT_DONE, WAIT_APPROVED, WAIT_COMMITTED };
enum outcome_wait outcome_wait_of(const char *name); /* NULL: WAIT_DONE */

enum outcome {
    OUTCOME_GOING_ON,
    OUTCOME_REACHED, /* what was waited for */
    OUTCOME_ENDED,   /* over, in another way */
    OUTCOME_STUCK,
    OUTCOME_WAITS_FOR_PERSON,
    OUTCOME_TIMED_OUT,
    OUTCOME_INTERRUPTED,
};

/* Pure: is the watch over with the release like this? */
enum outcome outcome_of(const json_t *release, enum outcome_wait wait);

/* Say it, print the release where data is asked for, and set the exit code.  `release` may be
   NULL: it was never seen. */
void outcome_show(struct cli *cli, int64_t id, const json_t *release, enum outcome outcome,
                  int64_t timeout_ms);
/* The release as data: its JSON, or its name. */
void outcome_print(struct cli *cli, const json_t *release);
