/* heddle cluster add: a token for a cluster's agent. */
#include <string.h>

#include "cli/commands.h"
#include "cli/remote.h"

/* A branch or a folder may have any name; what is copied into a shell stays one word. */
static void add_word(struct str *out, const char *value)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:@+=,";
    if (value[strspn(value, plain)] == '\0') {
        str_add(out, value);
        return;
    }
    str_add(out, "'");
    for (; *value; value++) {
        if (*value == '\'') {
            str_add(out, "'\\''");
        } else {
            str_add_char(out, *value);
        }
    }
    str_add(out, "'");
}

/* With all that is known of what the agent is to follow. */
static void add_command(const char *name, const json_t *target, struct str *out)
{
    static const char *const keys[] = {"repository", "branch", "path"};
    str_addf(out, "heddle agent manifest --cluster %s", name);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const char *value = json_text_at(target, keys[i], "");
        if (value[0]) {
            str_addf(out, " --%s ", keys[i]);
            add_word(out, value);
        }
    }
}

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
    AUTO_STR(command, 4096);
    add_command(name, json_object_get(answer, "target"), &command);
    screen_wrap(&cli->talk, 0,
                "The token of %s's agent, shown this once. Store it in a file for --token-file; "
                "`%s` prints what installs the agent.",
                name, command.text);
    screen_line(&cli->out, STYLE_PLAIN, "%s", json_text_at(answer, "token", ""));
    return true;
}

const struct cli_command command_cluster_add = {
    .name = "cluster add",
    .usage = "NAME",
    .summary = "Make the token for a cluster's agent",
    .text = "Only the token goes to standard output. To change it, revoke the old one first\n"
            "(`heddle token revoke 'agent NAME'`); the agent works on meanwhile.\n",
    .examples = "heddle cluster add dev > dev.token\n",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
