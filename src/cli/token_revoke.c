/* heddle token revoke: a token is no longer good. */
#include "base/escape.h"
#include "cli/commands.h"
#include "cli/remote.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO_STR(path, 1024);
    str_add(&path, "/tokens/");
    escape_url(&path, cli->words.items[0]);
    if (!remote_delete(cli, path.text, err)) {
        return false;
    }
    screen_line(cli_page(cli), STYLE_PLAIN, "Revoked: %s", cli->words.items[0]);
    return true;
}

const struct cli_command command_token_revoke = {
    .name = "token revoke",
    .usage = "NAME",
    .summary = "Make a token worthless",
    .examples = "heddle token revoke ci\n",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
