/* heddle version: of this program. */
#include "cli/command.h"
#include "cli/commands.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    (void)err;
    if (cli->output == OUTPUT_JSON) {
        AUTO_JSON *body = json_object();
        json_put_text(body, "version", HEDDLE_VERSION);
        screen_json(&cli->out, body);
    } else {
        screen_line(&cli->out, STYLE_PLAIN, "heddle %s", HEDDLE_VERSION);
    }
    return true;
}

const struct cli_command command_version = {
    .name = "version",
    .usage = "",
    .summary = "The version of this program",
    .text = "The server's is in `heddle whoami`.\n",
    .examples = "heddle version\n",
    .run = run,
};
