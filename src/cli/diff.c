/* heddle diff: what a promotion would change, or what a release has changed. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/impact.h"
#include "cli/remote.h"

#define DIFF_BYTES_MAX ((size_t)16 << 20)
#define EXIT_DIFFERENT 1
#define EXIT_DIFF_ERROR 2

struct diff_options {
    const char *from, *to, *version;
    bool impact, rendered, stays;
};

/* Exact bytes to a pipe, so that `git apply` takes them. */
static void show(struct cli *cli, const char *diff)
{
    if (cli->out.is_terminal || cli->out.has_colour) {
        screen_diff(&cli->out, diff);
    } else {
        screen_raw(&cli->out, diff);
    }
    cli->exit_code = diff[0] ? EXIT_DIFFERENT : 0;
}

static bool diff_release(struct cli *cli, int64_t id, struct err *err)
{
    char path[64];
    AUTO_STR(diff, DIFF_BYTES_MAX);
    snprintf(path, sizeof(path), "/releases/%lld/diff", (long long)id);
    if (!remote_get_text(cli, path, &diff, err)) {
        return false;
    }
    show(cli, diff.text);
    return true;
}

static json_t *views_of(const struct diff_options *options)
{
    const struct {
        const char *name;
        bool is_wanted;
    } views[] = {
        {"impact", options->impact}, {"rendered", options->rendered}, {"stays", options->stays}};
    json_t *names = json_array();
    for (size_t i = 0; i < COUNT_OF(views); i++) {
        if (views[i].is_wanted) {
            json_array_append_new(names, json_string(views[i].name));
        }
    }
    return names;
}

/* The views that were asked for take the Git diff's place. */
static void show_plan(struct cli *cli, const struct diff_options *options, const json_t *plan)
{
    size_t count = json_array_size(json_array_at(plan, "items"));
    if (options->impact && count) {
        show_impact(cli, &cli->out, plan, 0);
    }
    if (options->stays && json_array_size(json_array_at(plan, "stays"))) {
        show_stays(&cli->out, plan, 0, SIZE_MAX);
    }
    if (options->rendered || !(options->impact || options->stays)) {
        show(cli, json_text_at(plan, options->rendered ? "rendered" : "diff", ""));
    }
    if (options->rendered && json_bool_at(plan, "isRenderedCut", false)) {
        screen_line(&cli->talk, STYLE_YELLOW, "It is too long, and was cut.");
    }
    cli->exit_code = count ? EXIT_DIFFERENT : 0;
}

static bool diff_plan(struct cli *cli, const struct diff_options *options, struct err *err)
{
    AUTO_JSON *plan = NULL;
    json_t *request = json_object();
    json_t *names = json_array();
    for (size_t i = 0; i < cli->words.count; i++) {
        json_array_append_new(names,
                              json_text_safe(cli->words.items[i], strlen(cli->words.items[i])));
    }
    json_put_text(request, "to", options->to);
    json_put_text(request, "from", options->from);
    json_put_text(request, "version", options->version);
    json_put(request, "workloads", names);
    json_put(request, "with", views_of(options));
    if (!remote_post(cli, "/plans", request, &plan, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, plan);
        cli->exit_code = json_array_size(json_array_at(plan, "items")) ? EXIT_DIFFERENT : 0;
    } else {
        show_plan(cli, options, plan);
        screen_line(&cli->talk, STYLE_DIM, "%s", json_text_at(plan, "summary", ""));
    }
    return true;
}

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct diff_options *options = given;
    cli->error_code_min = EXIT_DIFF_ERROR;
    int64_t id = cli->words.count == 1 && !options->to ? release_number(cli->words.items[0]) : 0;
    if (id) {
        return diff_release(cli, id, err);
    }
    if (!options->to) {
        return err_set(err, ERR_INVALID, "name a release (R-7), or say where to: --to STAGE");
    }
    return diff_plan(cli, options, err);
}

static const struct cli_flag flags[] = {
    {"to", 0, CLI_TEXT, offsetof(struct diff_options, to), "STAGE", "the stage to compare"},
    {"from", 0, CLI_TEXT, offsetof(struct diff_options, from), "SOURCE",
     "a stage, registry, or cluster:NAME; else the first source of the stage"},
    {"version", 0, CLI_TEXT, offsetof(struct diff_options, version), "TAG",
     "this version instead of the newest of the source"},
    {"rendered", 0, CLI_SWITCH, offsetof(struct diff_options, rendered), NULL,
     "the Kubernetes objects as they become, instead of the files"},
    {"impact", 0, CLI_SWITCH, offsetof(struct diff_options, impact), NULL,
     "what it asks of the nodes, and whether that fits"},
    {"stays", 0, CLI_SWITCH, offsetof(struct diff_options, stays), NULL,
     "settings that differ from the source's and do not travel"},
};

const struct cli_command command_diff = {
    .name = "diff",
    .usage = "[WORKLOAD...] --to STAGE [--from SOURCE] | RELEASE",
    .summary = "The Git diff of a promotion or a release",
    .text = "The exit code is 0 without differences, 1 with differences, 2 or more for errors.\n",
    .examples = "heddle diff cart --from staging --to prod\n"
                "heddle diff cart --to prod --rendered\n"
                "heddle diff R-7 | less\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct diff_options),
    .words_max = SIZE_MAX,
    .complete = "workload",
    .run = run,
};
