/* heddle cluster add: a token for a cluster's agent. */
#include "cli/commands.h"
#include "cli/remote.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    const char *name = cli->words.items[0];
    AUTO_JSON *answer = NULL;
    json_t *body = json_object();
    json_put_text(body, "name", name);
    if (!remote_post(cli, "/clusters", body, &answer, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, answer);
        return true;
    }
    if (cli->output == OUTPUT_NAME) {
        screen_line(&cli->out, STYLE_PLAIN, "cluster/%s", name);
        return true;
    }
    screen_wrap(&cli->talk, 0,
                "The token of %s's agent, shown this once. Store it in a file for --token-file; "
                "`heddle agent manifest --cluster %s` prints what installs the agent.",
                name, name);
    screen_line(&cli->out, STYLE_PLAIN, "%s", json_text_at(answer, "token", ""));
    return true;
}

const struct cli_command command_cluster_add = {
    .name = "cluster add",
    .usage = "NAME",
    .summary = "Make the token for a cluster's agent",
    .text = "Only the token goes to standard output. A second one for the same cluster is fine:\n"
            "that is how tokens are changed.\n",
    .examples = "heddle cluster add dev > dev.token\n",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
