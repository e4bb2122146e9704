/* heddle watch: stay with a release. */
#include <stddef.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/follow.h"

struct watch_options {
    struct follow_options follow;
};

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct watch_options *options = given;
    int64_t id = 0;
    return release_word(cli->words.items[0], &id, err) &&
           follow_release(cli, id, &options->follow, err);
}

/* All but --no-wait, which would make it pointless. */
static const struct cli_flag flags[] = {
    {"wait", 0, CLI_TEXT, offsetof(struct watch_options, follow.wait), "UNTIL",
     "done, approved or committed", "done", "done|approved|committed"},
    {"timeout", 0, CLI_DURATION, offsetof(struct watch_options, follow.timeout_ms), "TIME",
     "stop watching after 10m, say: exit code 3, and the release goes on"},
};

const struct cli_command command_watch = {
    .name = "watch",
    .usage = "RELEASE [--timeout TIME]",
    .summary = "Follow a release live; the exit code tells how it ended",
    .examples = "heddle watch R-7\n"
                "heddle watch R-7 --timeout 5m\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct watch_options),
    .words_min = 1,
    .words_max = 1,
    .complete = "release",
    .run = run,
};
