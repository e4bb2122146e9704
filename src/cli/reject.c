/* heddle reject: say no to a release that waits for approval. */
#include <stddef.h>

#include "cli/act.h"
#include "cli/commands.h"

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct act_options *options = given;
    return act_on_release(cli, "reject", "message", options->message, err);
}

static const struct cli_flag flags[] = {
    {"message", 'm', CLI_TEXT, offsetof(struct act_options, message), "TEXT", "why not"},
};

const struct cli_command command_reject = {
    .name = "reject",
    .usage = "RELEASE [-m TEXT]",
    .summary = "Refuse a release that waits for approval; it stops",
    .examples = "heddle reject R-7 -m \"not on a Friday\"\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct act_options),
    .words_min = 1,
    .words_max = 1,
    .complete = "release",
    .run = run,
};
