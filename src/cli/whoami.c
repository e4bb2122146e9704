/* heddle whoami: who am I to this server, and what may I do? */
#include "cli/commands.h"
#include "cli/remote.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO_JSON *who = NULL;
    if (!remote_get(cli, "/whoami", &who, err)) {
        return false;
    }
    const char *server = remote_server(cli, err);
    if (!server) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, who);
    } else if (cli->output == OUTPUT_NAME) {
        screen_line(&cli->out, STYLE_PLAIN, "%s", json_text_at(who, "name", "?"));
    } else {
        screen_line(&cli->out, STYLE_PLAIN, "%s (%s) on %s, which runs %s and watches %s of %s",
                    json_text_at(who, "name", "?"), json_text_at(who, "role", "?"), server,
                    json_text_at(who, "server.version", "?"),
                    json_text_at(who, "server.branch", "?"),
                    json_text_at(who, "server.repository", "?"));
    }
    return true;
}

const struct cli_command command_whoami = {
    .name = "whoami",
    .usage = "",
    .summary = "Who you are to the server, and your role",
    .examples = "heddle whoami\n",
    .run = run,
};
