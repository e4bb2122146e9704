/* heddle approve: say yes to exactly the plan that is shown. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/act.h"
#include "cli/commands.h"
#include "cli/outcome.h"
#include "cli/remote.h"
#include "cli/words.h"

static bool check_plan(const char *wanted, const json_t *release, struct err *err)
{
    const char *digest = json_text_at(release, "planDigest", "");
    return !wanted || (wanted[0] && strncmp(wanted, digest, strlen(wanted)) == 0) ||
           err_set(err, ERR_REFUSED,
                   "%s has the plan %.*s, not %.64s; look at it again: heddle diff %s",
                   json_text_at(release, "name", "?"), SHORT_DIGITS, digest, wanted,
                   json_text_at(release, "name", "?"));
}

/* The plan digest that was just read goes with the approval: were it another by then, the
   server refuses. */
static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct act_options *options = given;
    AUTO_JSON *release = NULL;
    AUTO_JSON *approved = NULL;
    char path[64];
    int64_t id = 0;
    if (!release_word(cli->words.items[0], &id, err)) {
        return false;
    }
    snprintf(path, sizeof(path), "/releases/%lld", (long long)id);
    if (!remote_get(cli, path, &release, err) || !check_plan(options->plan, release, err)) {
        return false;
    }
    if (cli_page(cli) == &cli->out) {
        show_items(cli, &cli->out, json_array_at(release, "items"), 2);
    }
    json_t *body = json_object();
    json_put_text(body, "planDigest", json_text_at(release, "planDigest", ""));
    json_put_text(body, "message", options->message);
    snprintf(path, sizeof(path), "/releases/%lld/approve", (long long)id);
    if (!remote_post(cli, path, body, &approved, err)) {
        return false;
    }
    outcome_print(cli, approved);
    return true;
}

static const struct cli_flag flags[] = {
    {"plan", 0, CLI_TEXT, offsetof(struct act_options, plan), "DIGEST",
     "only if its plan is still this one (exit code 6 when it is not)"},
    {"message", 'm', CLI_TEXT, offsetof(struct act_options, message), "TEXT", "kept with it"},
};

const struct cli_command command_approve = {
    .name = "approve",
    .usage = "RELEASE [--plan DIGEST] [-m TEXT]",
    .summary = "Approve a release that waits for it",
    .examples = "heddle diff R-7\n"
                "heddle approve R-7 --plan 7c1e90a -m ok\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct act_options),
    .words_min = 1,
    .words_max = 1,
    .complete = "release",
    .run = run,
};
