/* heddle stop: end a release where it is. */
#include <stddef.h>

#include "cli/act.h"
#include "cli/commands.h"

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct act_options *options = given;
    return act_on_release(cli, "stop", "reason", options->message, err);
}

static const struct cli_flag flags[] = {
    {"message", 'm', CLI_TEXT, offsetof(struct act_options, message), "TEXT", "why"},
};

const struct cli_command command_stop = {
    .name = "stop",
    .usage = "RELEASE [-m TEXT]",
    .summary = "End a release where it is; what is in Git stays there",
    .examples = "heddle stop R-7 -m \"wrong version\"\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct act_options),
    .words_min = 1,
    .words_max = 1,
    .complete = "release",
    .run = run,
};
