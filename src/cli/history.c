/* heddle history: what has happened to a workload or a stage. */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/release_list.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    const struct release_filter *said = options;
    struct release_filter filter = *said;
    AUTO_JSON *body = NULL;
    filter.workload = cli->words.count ? cli->words.items[0] : NULL;
    if (!release_list_get(cli, &filter, &body, err)) {
        return false;
    }
    release_history_show(cli, body);
    return true;
}

static const struct cli_flag flags[] = {
    {"stage", 's', CLI_TEXT, offsetof(struct release_filter, stage), "STAGE", "only of this stage"},
    {"since", 0, CLI_DURATION, offsetof(struct release_filter, since_ms), "TIME",
     "only of the last 12h, 30d, …"},
    {"limit", 0, CLI_NUMBER, offsetof(struct release_filter, limit), "COUNT", "at most so many",
     "50"},
};

const struct cli_command command_history = {
    .name = "history",
    .usage = "[WORKLOAD] [-s STAGE] [--since 30d]",
    .summary = "What happened, by whom and why",
    .examples = "heddle history cart -s prod --since 30d\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct release_filter),
    .words_max = 1,
    .complete = "workload",
    .run = run,
};
