/* follow: stay with a release until it is where it was asked to be.  Private to cli. */
#pragma once

#include "cli/command.h"

/* The flags that every command with a release at its end has. */
struct follow_options {
    bool no_wait;
    const char *wait; /* done, approved or committed */
    int64_t timeout_ms;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): offsetof() takes names. */
#define FOLLOW_FLAGS(type, member)                                                                 \
    {"no-wait",  0,                                                                                \
     CLI_SWITCH, offsetof(type, member.no_wait),                                                   \
     NULL,       "end as soon as the release exists"},                                             \
        {"wait",   0,                                                                              \
         CLI_TEXT, offsetof(type, member.wait),                                                    \
         "UNTIL",  "done, approved, or committed (which does not wait for a person: exit code 7)", \
         "done",   "done|approved|committed"},                                                     \
    {                                                                                              \
        "timeout", 0, CLI_DURATION, offsetof(type, member.timeout_ms), "TIME",                     \
            "stop watching after 10m, say: exit code 3, and the release goes on"                   \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

/* Watch it live, by the event stream; sets the exit code.  Fails when the server says no, or
   is away for too long. */
bool follow_release(struct cli *cli, int64_t id, const struct follow_options *options,
                    struct err *err) MUST_CHECK;

/* A release that was just made: its name, and then either follow it or, with --no-wait, end. */
bool follow_made(struct cli *cli, const json_t *release, const struct follow_options *options,
                 struct err *err) MUST_CHECK;
