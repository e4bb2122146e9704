/* heddle sync: look at Git now. */
#include "cli/commands.h"
#include "cli/remote.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    const char *cluster = cli->words.count ? cli->words.items[0] : "";
    AUTO_JSON *answer = NULL;
    json_t *body = json_object();
    json_put_text(body, "cluster", cluster);
    if (!remote_post(cli, "/sync", body, &answer, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, answer);
    } else {
        screen_line(&cli->out, STYLE_PLAIN, "Asked: the server and %s%s look at Git now.",
                    cluster[0] ? "the agent of " : "all agents", cluster);
    }
    return true;
}

const struct cli_command command_sync = {
    .name = "sync",
    .usage = "[CLUSTER]",
    .summary = "Look at Git now instead of at the next interval",
    .examples = "heddle sync\n"
                "heddle sync prod-eu\n",
    .words_max = 1,
    .complete = "cluster",
    .run = run,
};
