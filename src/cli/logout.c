/* heddle logout: forget the token. */
#include "cli/commands.h"
#include "cli/settings.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    bool existed = false;
    if (!settings_forget(cli, &existed, err)) {
        return false;
    }
    screen_line(&cli->talk, STYLE_PLAIN,
                existed ? "Signed out. The token itself stays valid: "
                          "`heddle token revoke` ends it."
                        : "You were not signed in.");
    return true;
}

const struct cli_command command_logout = {
    .name = "logout",
    .usage = "",
    .summary = "Forget the stored token",
    .examples = "heddle logout\n",
    .run = run,
};
