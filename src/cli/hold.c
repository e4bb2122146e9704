/* heddle hold: automation off, for a workload in a stage or for a whole stage. */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/remote.h"

struct hold_options {
    const char *stage, *message;
    int64_t for_ms;
};

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct hold_options *options = given;
    const char *workload = cli->words.count ? cli->words.items[0] : "";
    AUTO_JSON *hold = NULL;
    if (!options->stage) {
        return err_set(err, ERR_INVALID, "say in which stage: -s STAGE");
    }
    if (!options->message || !options->message[0]) {
        return err_set(err, ERR_INVALID, "say why it is held: -m \"…\". Others will ask");
    }
    json_t *body = json_object();
    json_put_text(body, "stage", options->stage);
    json_put_text(body, "workload", workload);
    json_put_text(body, "reason", options->message);
    if (options->for_ms) {
        json_put_int(body, "forMs", options->for_ms);
    }
    if (!remote_post(cli, "/holds", body, &hold, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, hold);
        return true;
    }
    const char *until = json_text_at(hold, "expiresAt", NULL);
    screen_line(&cli->out, STYLE_PLAIN, "Held: %s%s%s%s%s", options->stage, workload[0] ? "/" : "",
                workload, until ? " until " : "", until ? until : "");
    screen_line(&cli->talk, STYLE_PLAIN, "End it: heddle resume %s%s-s %s", workload,
                workload[0] ? " " : "", options->stage);
    return true;
}

static const struct cli_flag flags[] = {
    {"stage", 's', CLI_TEXT, offsetof(struct hold_options, stage), "STAGE", "the stage"},
    {"message", 'm', CLI_TEXT, offsetof(struct hold_options, message), "TEXT", "why; required"},
    {"for", 0, CLI_DURATION, offsetof(struct hold_options, for_ms), "TIME",
     "end by itself after 2h, 3d, …; else someone resumes"},
};

const struct cli_command command_hold = {
    .name = "hold",
    .usage = "[WORKLOAD] -s STAGE -m TEXT [--for TIME]",
    .summary = "Switch automation off for a workload or a stage",
    .examples = "heddle hold cart -s prod -m \"load test\" --for 2h\n"
                "heddle hold -s prod -m \"audit\"\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct hold_options),
    .words_max = 1,
    .complete = "workload",
    .run = run,
};
