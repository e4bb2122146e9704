/* heddle resume: end a hold. */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/remote.h"

struct resume_options {
    const char *stage;
};

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct resume_options *options = given;
    const char *workload = cli->words.count ? cli->words.items[0] : "";
    AUTO_JSON *answer = NULL;
    if (!options->stage) {
        return err_set(err, ERR_INVALID,
                       "say in which stage: -s STAGE. `heddle get holds` lists them");
    }
    json_t *body = json_object();
    json_put_text(body, "stage", options->stage);
    json_put_text(body, "workload", workload);
    if (!remote_post(cli, "/holds/end", body, &answer, err)) {
        return false;
    }
    int64_t ended = json_int_at(answer, "ended", 0);
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, answer);
    } else if (ended) {
        screen_line(&cli->out, STYLE_PLAIN, "Resumed: %s%s%s", options->stage,
                    workload[0] ? "/" : "", workload);
    } else {
        screen_line(&cli->out, STYLE_PLAIN, "It was not held.");
    }
    return true;
}

static const struct cli_flag flags[] = {
    {"stage", 's', CLI_TEXT, offsetof(struct resume_options, stage), "STAGE", "the stage"},
};

const struct cli_command command_resume = {
    .name = "resume",
    .usage = "[WORKLOAD] -s STAGE",
    .summary = "End a hold: automation goes on",
    .examples = "heddle resume cart -s prod\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct resume_options),
    .words_max = 1,
    .complete = "workload",
    .run = run,
};
