/* heddle rollback: the version before, at once, and automation held. */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/remote.h"

struct rollback_options {
    const char *stage, *to, *message;
    struct follow_options follow;
};

static bool make_request(const struct cli *cli, const struct rollback_options *options,
                         json_t *request, struct err *err)
{
    const char *word = cli->words.items[0];
    int64_t id = options->stage ? 0 : release_number(word);
    if (!options->message || !options->message[0]) {
        return err_set(err, ERR_INVALID, "say why you roll back: -m \"…\". Others will ask");
    }
    if (!id && !options->stage) {
        return err_set(err, ERR_INVALID, "say in which stage: heddle rollback %.60s -s STAGE -m …",
                       word);
    }
    if (id) {
        json_put_int(request, "release", id);
    } else {
        json_put_text(request, "stage", options->stage);
        json_put_text(request, "workload", word);
    }
    json_put_text(request, "to", options->to);
    json_put_text(request, "reason", options->message);
    return true;
}

static void tell_hold(struct cli *cli, const struct rollback_options *options)
{
    const char *word = cli->words.items[0];
    if (options->stage) {
        screen_wrap(&cli->talk, 0,
                    "Automation of %s in %s is held until a newer version than the rejected one "
                    "comes, or: heddle resume %s -s %s",
                    word, options->stage, word, options->stage);
    } else {
        screen_wrap(&cli->talk, 0,
                    "Automation of its workloads is held until newer versions than the rejected "
                    "ones come, or someone resumes it: heddle get holds");
    }
}

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct rollback_options *options = given;
    AUTO_JSON *request = json_object();
    AUTO_JSON *release = NULL;
    if (!make_request(cli, options, request, err) ||
        !remote_post(cli, "/rollbacks", json_incref(request), &release, err)) {
        return false;
    }
    tell_hold(cli, options);
    return follow_made(cli, release, &options->follow, err);
}

static const struct cli_flag flags[] = {
    {"stage", 's', CLI_TEXT, offsetof(struct rollback_options, stage), "STAGE",
     "the stage of the workload"},
    {"to", 0, CLI_TEXT, offsetof(struct rollback_options, to), "TAG",
     "this version; else the one before"},
    {"message", 'm', CLI_TEXT, offsetof(struct rollback_options, message), "TEXT", "why; required"},
    FOLLOW_FLAGS(struct rollback_options, follow),
};

const struct cli_command command_rollback = {
    .name = "rollback",
    .usage = "WORKLOAD -s STAGE -m TEXT [--to TAG] | RELEASE -m TEXT",
    .summary = "Put the version before back, and hold automation",
    .examples = "heddle rollback cart -s prod -m \"crashes\"\n"
                "heddle rollback R-7 -m \"errors since 10:40\"\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct rollback_options),
    .words_min = 1,
    .words_max = 1,
    .complete = "workload",
    .run = run,
};
