/* act: one POST on a release, and its answer shown.  Private to cli. */
#pragma once

#include "cli/command.h"

struct act_options {
    const char *message, *plan;
};

/* POST /releases/{id}/VERB with {KEY: message}; prints the release as it now is. */
bool act_on_release(struct cli *cli, const char *verb, const char *key, const char *message,
                    struct err *err) MUST_CHECK;
