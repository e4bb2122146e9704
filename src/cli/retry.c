/* heddle retry: let a failed or stopped release go on. */
#include <stddef.h>

#include "cli/act.h"
#include "cli/commands.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    return act_on_release(cli, "retry", "reason", NULL, err);
}

const struct cli_command command_retry = {
    .name = "retry",
    .usage = "RELEASE",
    .summary = "Let a failed or stopped release go on from where it ended",
    .examples = "heddle retry R-7\n",
    .words_min = 1,
    .words_max = 1,
    .complete = "release",
    .run = run,
};
