/* heddle why: why is it as it is, and who can do something about it? */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/remote.h"
#include "cli/words.h"

struct why_options {
    const char *stage;
};

static void show_hold(struct cli *cli, const json_t *hold)
{
    char age[AGE_BYTES];
    if (!json_is_object(hold)) {
        return;
    }
    const char *workload = json_text_at(hold, "workload", "");
    age_of(cli, json_text_at(hold, "createdAt", NULL), age);
    screen_wrap(&cli->out, 0, "Held by %s for %s: %s", json_text_at(hold, "owner", "?"), age,
                json_text_at(hold, "reason", ""));
    screen_line(&cli->out, STYLE_PLAIN, "  heddle resume %s%s-s %s", workload,
                workload[0] ? " " : "", json_text_at(hold, "stage", "?"));
}

static void show_gate_list(struct cli *cli, const json_t *gates)
{
    if (json_array_size(gates)) {
        screen_line(&cli->out, STYLE_BOLD, "Gates");
        show_gates(&cli->out, gates, 2);
    }
}

static void show_next(struct cli *cli, const json_t *cell)
{
    const json_t *next = json_at(cell, "next");
    if (!json_is_object(next)) {
        return;
    }
    const char *blocked = json_text_at(next, "blockedBy", "Nothing is in its way.");
    bool is_known = strstr(json_text_at(cell, "explanation", ""), blocked) != NULL;
    screen_wrap(&cli->out, 0, "Next: %s%s from %s.%s%s",
                json_bool_at(next, "isChart", false) ? "chart " : "",
                version_of(cli, json_at(next, "image")), json_text_at(next, "from", "?"),
                is_known ? "" : " ", is_known ? "" : blocked);
}

/* The diagnosis and the hold say it with more: nothing is said twice. */
static void show_explanation(struct cli *cli, const json_t *cell)
{
    const char *explanation = json_text_at(cell, "explanation", "");
    bool is_held = strcmp(json_text_at(cell, "state", ""), "held") == 0;
    if (!is_held && strcmp(explanation, json_text_at(cell, "diagnosis.what", "")) != 0) {
        screen_wrap(&cli->out, 0, "%s", explanation);
    }
}

static void show_cell_diagnosis(struct cli *cli, const json_t *cell)
{
    const json_t *diagnosis = json_at(cell, "diagnosis");
    const char *running = json_text_at(cell, "running", NULL);
    if (json_is_object(diagnosis)) {
        screen_line(&cli->out, STYLE_PLAIN, "In Git: %s.%s%s%s", shown_version(cli, cell),
                    running ? " Running: " : "", running ? running : "", running ? "." : "");
        show_diagnosis(cli, &cli->out, diagnosis);
    }
}

static void show_cell(struct cli *cli, const json_t *cell, const char *workload)
{
    const char *state = json_text_at(cell, "state", "?");
    char age[AGE_BYTES];
    age_of(cli, json_text_at(cell, "since", NULL), age);
    screen_text(&cli->out, STYLE_BOLD, "%s in %s", workload, json_text_at(cell, "stage", "?"));
    screen_raw(&cli->out, ": ");
    screen_text(&cli->out, style_of(state), "%s", words_of(cli, state));
    screen_line(&cli->out, STYLE_PLAIN, "%s%s", age[0] ? ", for " : "", age);
    show_explanation(cli, cell);
    show_cell_diagnosis(cli, cell);
    show_hold(cli, json_at(cell, "hold"));
    show_next(cli, cell);
    show_gate_list(cli, json_array_at(cell, "gates"));
    int64_t release = json_int_at(cell, "release", 0);
    if (release) {
        screen_line(&cli->out, STYLE_PLAIN, "Release: R-%lld. heddle watch R-%lld",
                    (long long)release, (long long)release);
    }
}

static bool why_cell(struct cli *cli, const char *stage, const char *workload, struct err *err)
{
    AUTO_STR(path, 2048);
    AUTO_JSON *cell = NULL;
    str_add(&path, "/cells/");
    escape_url(&path, stage);
    str_add_char(&path, '/');
    escape_url(&path, workload);
    if (!remote_get(cli, path.text, &cell, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, cell);
    } else {
        show_cell(cli, cell, workload);
    }
    return true;
}

static void show_release(struct cli *cli, const json_t *release)
{
    const char *phase = json_text_at(release, "phase", "?");
    bool is_stuck = json_bool_at(release, "isStuck", false);
    char age[AGE_BYTES];
    age_of(cli, json_text_at(release, "phaseAt", NULL), age);
    screen_text(&cli->out, STYLE_BOLD, "%s to %s", json_text_at(release, "name", "?"),
                json_text_at(release, "stage", "?"));
    screen_raw(&cli->out, ": ");
    screen_text(&cli->out, is_stuck ? STYLE_RED : style_of(phase), "%s%s", words_of(cli, phase),
                is_stuck ? " and stuck" : "");
    screen_line(&cli->out, STYLE_PLAIN, ", for %s", age);
    screen_wrap(&cli->out, 0, "%s", json_text_at(release, "why", ""));
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(release, "items"), i, item) {
        if (json_is_object(json_object_get(item, "diagnosis"))) {
            screen_line(&cli->out, STYLE_BOLD, "%s in %s", json_text_at(item, "workload", "?"),
                        json_text_at(item, "target", "?"));
            show_diagnosis(cli, &cli->out, json_at(item, "diagnosis"));
        }
    }
    show_gate_list(cli, json_array_at(release, "gates"));
    if (strcmp(phase, "needs_approval") == 0) {
        screen_line(&cli->out, STYLE_PLAIN, "  heddle approve %s",
                    json_text_at(release, "name", "?"));
    }
}

static bool why_release(struct cli *cli, int64_t id, struct err *err)
{
    char path[64];
    AUTO_JSON *release = NULL;
    snprintf(path, sizeof(path), "/releases/%lld", (long long)id);
    if (!remote_get(cli, path, &release, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, release);
    } else {
        show_release(cli, release);
    }
    return true;
}

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct why_options *options = given;
    const char *word = cli->words.items[0];
    int64_t id = options->stage ? 0 : release_number(word);
    if (id) {
        return why_release(cli, id, err);
    }
    if (!options->stage) {
        return err_set(err, ERR_INVALID, "say in which stage: heddle why %.60s -s STAGE", word);
    }
    return why_cell(cli, options->stage, word, err);
}

static const struct cli_flag flags[] = {
    {"stage", 's', CLI_TEXT, offsetof(struct why_options, stage), "STAGE",
     "the stage of the workload"},
};

const struct cli_command command_why = {
    .name = "why",
    .usage = "WORKLOAD -s STAGE | RELEASE",
    .summary = "Why it is as it is, since when, and what to do",
    .examples = "heddle why cart -s prod\n"
                "heddle why R-7\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct why_options),
    .words_min = 1,
    .words_max = 1,
    .complete = "workload",
    .run = run,
};
