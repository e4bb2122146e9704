/* heddle token create: a token for a person or a program. */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/remote.h"

struct token_options {
    const char *role;
    int64_t for_ms;
};

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct token_options *options = given;
    AUTO_JSON *answer = NULL;
    json_t *body = json_object();
    json_put_text(body, "name", cli->words.items[0]);
    json_put_text(body, "role", options->role);
    if (options->for_ms) {
        json_put_int(body, "forMs", options->for_ms);
    }
    if (!remote_post(cli, "/tokens", body, &answer, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, answer);
        return true;
    }
    screen_line(&cli->talk, STYLE_PLAIN, "The token %s (%s), shown this once:", cli->words.items[0],
                json_text_at(answer, "role", "?"));
    screen_line(&cli->out, STYLE_PLAIN, "%s", json_text_at(answer, "token", ""));
    return true;
}

static const struct cli_flag flags[] = {
    {"role", 0, CLI_TEXT, offsetof(struct token_options, role), "ROLE",
     "read, promote, approve or admin", "read", "read|promote|approve|admin"},
    {"for", 0, CLI_DURATION, offsetof(struct token_options, for_ms), "TIME",
     "valid for 12h, 90d, …; else for 90 days"},
};

const struct cli_command command_token_create = {
    .name = "token create",
    .usage = "NAME [--role ROLE]",
    .summary = "Make a token",
    .examples = "heddle token create mia --role approve\n"
                "heddle token create ci --role promote --for 90d > ci.token\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct token_options),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
