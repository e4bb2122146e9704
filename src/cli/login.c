/* heddle login: try a token, and keep it. */
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/remote.h"
#include "cli/settings.h"
#include "http/client.h"

#define TOKEN_BYTES_MAX 4096

static bool check_token(struct cli *cli, const struct settings *settings, const char *token,
                        json_t **out_who, struct err *err)
{
    AUTO(http_result_done) struct http_result result = {0};
    struct http_call call;
    if (!remote_prepare(cli, "/whoami", &call, err)) {
        return false;
    }
    AUTO(http_client_free) struct http_client *client = http_client_new("heddle/" HEDDLE_VERSION);
    call.bearer = token;
    if (!http_perform(client, &call, &result, err)) {
        return err_wrap(err, "cannot reach %s", settings->server);
    }
    if (result.status == 401) {
        return err_set(err, ERR_UNKNOWN_WHO, "%s does not know this token; nothing was stored",
                       settings->server);
    }
    if (result.status != 200) {
        return remote_problem(cli, result.status, str_slice(&result.body), err);
    }
    *out_who = json_parse(str_slice(&result.body), err);
    return *out_who != NULL;
}

static bool get_token(struct cli *cli, const struct settings *settings, struct str *out,
                      struct err *err)
{
    if (cli->globals.token_file) {
        str_add(out, settings->token);
        return true;
    }
    const char *prompt = arena_printf(cli->arena, "Token for %s: ", settings->server);
    if (!ask_secret(cli, prompt, out, err)) {
        return false;
    }
    return out->length > 0 || err_set(err, ERR_INVALID, "the token is empty");
}

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    struct settings settings;
    AUTO_STR(token, TOKEN_BYTES_MAX);
    AUTO_JSON *who = NULL;
    if (!settings_read(cli, &settings, err) || !get_token(cli, &settings, &token, err) ||
        !check_token(cli, &settings, token.text, &who, err) ||
        !settings_store(cli, settings.server, token.text, err)) {
        return false;
    }
    screen_line(&cli->talk, STYLE_PLAIN, "Signed in to %s as %s (%s). The token is in %s.",
                settings.server, json_text_at(who, "name", "?"), json_text_at(who, "role", "?"),
                settings_path(cli->arena));
    return true;
}

const struct cli_command command_login = {
    .name = "login",
    .usage = "[--server URL]",
    .summary = "Store a token for a server",
    .text =
        "Asks for the token without showing it, or reads it from standard input or --token-file.\n"
        "It is tried, and then kept in ~/.config/heddle/config, which only you can read.\n",
    .examples = "heddle login --server https://heddle.example.org\n"
                "heddle login < admin.token\n",
    .run = run,
};
