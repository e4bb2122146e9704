/* heddle get releases: what is going on. */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/release_list.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    AUTO_JSON *body = NULL;
    if (!release_list_get(cli, options, &body, err)) {
        return false;
    }
    release_list_show(cli, body);
    return true;
}

static const struct cli_flag flags[] = {
    {"stage", 's', CLI_TEXT, offsetof(struct release_filter, stage), "STAGE", "only of this stage"},
    {"workload", 0, CLI_TEXT, offsetof(struct release_filter, workload), "WORKLOAD",
     "only with this workload"},
    {"kind", 0, CLI_TEXT, offsetof(struct release_filter, kind), "KIND",
     "promote, auto, rollback or config", NULL, "promote|auto|rollback|config"},
    {"actor", 0, CLI_TEXT, offsetof(struct release_filter, actor), "NAME", "only by this person"},
    {"state", 0, CLI_TEXT, offsetof(struct release_filter, state), "STATE",
     "active, over, stuck, or a phase: needs_approval, failed, …"},
    {"search", 0, CLI_TEXT, offsetof(struct release_filter, text), "TEXT",
     "in a workload's name, the reason or the person; or a version"},
    {"since", 0, CLI_DURATION, offsetof(struct release_filter, since_ms), "TIME",
     "only of the last 12h, 30d, …"},
    {"limit", 0, CLI_NUMBER, offsetof(struct release_filter, limit), "COUNT", "at most so many",
     "20"},
};

const struct cli_command command_get_releases = {
    .name = "get releases",
    .usage = "[-s STAGE] [--state STATE]",
    .summary = "Releases, newest first",
    .examples = "heddle get releases\n"
                "heddle get releases -s prod --state needs_approval\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct release_filter),
    .run = run,
};
