/* heddle promote: move versions to a stage, seen before and followed after. */
#include <stddef.h>
#include <string.h>

#include "base/map.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/impact.h"
#include "cli/remote.h"
#include "cli/words.h"

/* A start of the plan's digest that is long enough to mean it. */
#define PLAN_DIGITS_MIN 7
/* Settings that stay behind, shown under a plan; `heddle diff --stays` has them all. */
#define STAYS_SHOWN 5

struct promote_options {
    const char *from, *to, *version, *message, *plan;
    bool all, interactive, dry_run, yes;
    struct follow_options follow;
};

static bool check(const struct cli *cli, const struct promote_options *options, struct err *err)
{
    if (!options->to) {
        return err_set(err, ERR_INVALID, "say where to: --to STAGE");
    }
    if (cli->words.count == 0 && !options->all && !options->interactive) {
        return err_set(err, ERR_INVALID,
                       "say what: names of workloads, --all, or -i to tick them in a list");
    }
    if (cli->words.count > 0 && options->all) {
        return err_set(err, ERR_INVALID, "say names or --all, not both");
    }
    if (options->interactive && !cli_can_ask(cli)) {
        return err_set(err, ERR_INVALID, "-i needs a terminal; name the workloads instead");
    }
    if (!options->yes && !options->dry_run && !cli_can_ask(cli)) {
        return err_set(err, ERR_INVALID,
                       "there is no terminal to ask on: look with --dry-run, then say -y (and "
                       "--plan DIGEST, to promote exactly what you saw)");
    }
    return true;
}

static json_t *request_of(const struct promote_options *options, const struct cli_list *workloads)
{
    json_t *request = json_object();
    json_t *names = json_array();
    for (size_t i = 0; i < workloads->count; i++) {
        json_array_append_new(names,
                              json_text_safe(workloads->items[i], strlen(workloads->items[i])));
    }
    json_put_text(request, "to", options->to);
    json_put_text(request, "from", options->from);
    json_put_text(request, "version", options->version);
    json_put(request, "workloads", names);
    return request;
}

static bool make_plan(struct cli *cli, const struct promote_options *options,
                      const struct cli_list *workloads, json_t **out, struct err *err)
{
    json_t *request = request_of(options, workloads);
    json_put(request, "with", json_pack("[ss]", "impact", "stays"));
    return remote_post(cli, "/plans", request, out, err);
}

/* ---- the tick list ---- */

struct choice {
    struct tick *ticks;
    const char **names;
    size_t count;
};

static void add_choice(struct choice *choice, struct map *seen, struct arena *arena,
                       const char *name, const char *text, bool is_closed)
{
    if (!map_has(seen, name)) {
        map_set(seen, name, NULL);
        choice->names[choice->count] = arena_strdup(arena, name);
        choice->ticks[choice->count++] = (struct tick){.text = text, .is_closed = is_closed};
    }
}

static struct choice choices_of(struct cli *cli, const json_t *plan)
{
    const json_t *items = json_array_at(plan, "items");
    const json_t *skipped = json_array_at(plan, "skipped");
    size_t max = json_array_size(items) + json_array_size(skipped);
    struct choice choice = {arena_alloc(cli->arena, max, sizeof(struct tick)),
                            arena_alloc(cli->arena, max, sizeof(char *)), 0};
    struct map seen = {0};
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (items, i, item) {
        const json_t *change = json_array_get(json_array_at(item, "changes"), 0);
        const char *name = json_text_at(item, "workload", "?");
        add_choice(&choice, &seen, cli->arena, name,
                   arena_printf(cli->arena, "%-24s %s -> %s", name, version_in(cli, change, "from"),
                                version_in(cli, change, "to")),
                   false);
    }
    json_array_foreach (skipped, i, item) {
        const char *name = json_text_at(item, "workload", "?");
        add_choice(&choice, &seen, cli->arena, name,
                   arena_printf(cli->arena, "%-24s %s", name, json_text_at(item, "reason", "")),
                   true);
    }
    map_done(&seen);
    return choice;
}

/* Ask which; an empty list means that the person has left. */
static bool choose(struct cli *cli, const struct promote_options *options, const json_t *plan,
                   struct cli_list *out, struct err *err)
{
    struct choice choice = choices_of(cli, plan);
    bool is_chosen = false;
    const char *title = arena_printf(cli->arena, "Promote to %s:", options->to);
    *out = (struct cli_list){arena_alloc(cli->arena, choice.count, sizeof(char *)), 0};
    if (!ask_ticks(cli, title, choice.ticks, choice.count, &is_chosen, err)) {
        return false;
    }
    for (size_t i = 0; i < choice.count && is_chosen; i++) {
        if (choice.ticks[i].is_ticked) {
            out->items[out->count++] = choice.names[i];
        }
    }
    return true;
}

/* ---- the plan ---- */

static bool check_digest(const char *wanted, const json_t *plan, struct err *err)
{
    const char *digest = json_text_at(plan, "digest", "");
    size_t length = strlen(wanted);
    if (length < PLAN_DIGITS_MIN) {
        return err_set(err, ERR_INVALID, "--plan needs at least %d digits of the digest",
                       PLAN_DIGITS_MIN);
    }
    return strncmp(wanted, digest, length) == 0 ||
           err_set(err, ERR_REFUSED,
                   "the plan is now %.*s and not %.64s: something has changed since you looked. "
                   "Look again with --dry-run",
                   SHORT_DIGITS, digest, wanted);
}

static void show_plan(struct cli *cli, const json_t *plan)
{
    struct screen *page = cli_page(cli);
    const char *from = json_text_at(plan, "from", "");
    bool is_empty = json_array_size(json_array_at(plan, "items")) == 0;
    if (!is_empty) {
        screen_text(page, STYLE_BOLD, "Plan %.*s", SHORT_DIGITS, json_text_at(plan, "digest", ""));
        screen_text(page, STYLE_PLAIN, ": %s%s%s. ", from, from[0] ? " -> " : "to ",
                    json_text_at(plan, "to", "?"));
    }
    screen_line(page, STYLE_PLAIN, "%s", json_text_at(plan, "summary", ""));
    if (!is_empty) {
        screen_raw(page, "\n");
        show_items(cli, page, json_array_at(plan, "items"), 2);
        screen_raw(page, "\n");
        screen_diff(page, json_text_at(plan, "diff", ""));
    }
    if (json_array_size(json_array_at(plan, "skipped"))) {
        screen_raw(page, is_empty ? "" : "\n");
        screen_line(page, STYLE_BOLD, "Skipped");
        show_skipped(page, json_array_at(plan, "skipped"), 2);
    }
    if (json_array_size(json_array_at(plan, "impact"))) {
        screen_raw(page, "\n");
        screen_line(page, STYLE_BOLD, "Impact");
        show_impact(cli, page, plan, 2);
    }
    if (json_array_size(json_array_at(plan, "stays"))) {
        screen_raw(page, "\n");
        screen_line(page, STYLE_BOLD, "Does not travel");
        show_stays(page, plan, 2, STAYS_SHOWN);
    }
    if (json_array_size(json_array_at(plan, "gates"))) {
        screen_raw(page, "\n");
        screen_line(page, STYLE_BOLD, "Gates");
        show_gates(page, json_array_at(plan, "gates"), 2);
    }
}

/* A workload that was asked for by name stays behind without having the version. */
static bool is_refused(const struct cli_list *workloads, const json_t *plan)
{
    size_t i = 0;
    const json_t *skip = NULL;
    json_array_foreach (json_array_at(plan, "skipped"), i, skip) {
        if (workloads->count && !json_bool_at(skip, "hasIt", false)) {
            return true;
        }
    }
    return false;
}

static size_t count_workloads(const json_t *plan)
{
    struct map seen = {0};
    const json_t *items = json_array_at(plan, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        map_set(&seen, json_text_at(json_array_get(items, i), "workload", "?"), NULL);
    }
    size_t count = seen.count;
    map_done(&seen);
    return count;
}

static bool is_agreed(struct cli *cli, const struct promote_options *options, const json_t *plan)
{
    size_t count = count_workloads(plan);
    if (options->yes) {
        return true;
    }
    screen_raw(&cli->talk, "\n");
    return ask_yes(cli, arena_printf(cli->arena, "Promote %zu workload%s to %s?", count,
                                     count == 1 ? "" : "s", json_text_at(plan, "to", "?")));
}

/* ---- the run ---- */

static bool release(struct cli *cli, const struct promote_options *options,
                    const struct cli_list *workloads, const json_t *plan, struct err *err)
{
    AUTO_JSON *made = NULL;
    json_t *body = request_of(options, workloads);
    json_put_text(body, "planDigest", json_text_at(plan, "digest", ""));
    json_put_text(body, "reason", options->message);
    return remote_post(cli, "/releases", body, &made, err) &&
           follow_made(cli, made, &options->follow, err);
}

static bool leave(struct cli *cli, int exit_code)
{
    screen_line(&cli->talk, STYLE_PLAIN, "Nothing was promoted.");
    cli->exit_code = exit_code;
    return true;
}

static bool promote_plan(struct cli *cli, const struct promote_options *options,
                         const struct cli_list *workloads, struct err *err)
{
    AUTO_JSON *plan = NULL;
    if (!make_plan(cli, options, workloads, &plan, err) ||
        (options->plan && !check_digest(options->plan, plan, err))) {
        return false;
    }
    bool is_empty = json_array_size(json_array_at(plan, "items")) == 0;
    bool is_end = options->dry_run || is_empty;
    if (cli->output == OUTPUT_JSON && is_end) {
        screen_json(&cli->out, plan);
    } else if (cli_page(cli) == &cli->out || !options->yes) {
        show_plan(cli, plan);
    }
    if (is_end) {
        cli->exit_code = is_empty && is_refused(workloads, plan) ? EXIT_REFUSED : EXIT_SUCCESS;
        return true;
    }
    return is_agreed(cli, options, plan) ? release(cli, options, workloads, plan, err)
                                         : leave(cli, EXIT_FAILED);
}

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct promote_options *options = given;
    struct cli_list workloads = cli->words;
    if (!check(cli, options, err)) {
        return false;
    }
    if (options->interactive) {
        AUTO_JSON *plan = NULL;
        if (!make_plan(cli, options, &cli->words, &plan, err) ||
            !choose(cli, options, plan, &workloads, err)) {
            return false;
        }
        if (workloads.count == 0) {
            return leave(cli, EXIT_INTERRUPTED);
        }
    }
    return promote_plan(cli, options, &workloads, err);
}

static const struct cli_flag flags[] = {
    {"to", 0, CLI_TEXT, offsetof(struct promote_options, to), "STAGE", "the stage to promote to"},
    {"from", 0, CLI_TEXT, offsetof(struct promote_options, from), "SOURCE",
     "a stage, registry, or cluster:NAME; else the first source of the stage"},
    {"all", 0, CLI_SWITCH, offsetof(struct promote_options, all), NULL,
     "every workload that differs"},
    {"interactive", 'i', CLI_SWITCH, offsetof(struct promote_options, interactive), NULL,
     "tick workloads in a list"},
    {"version", 0, CLI_TEXT, offsetof(struct promote_options, version), "TAG",
     "this version instead of the newest of the source"},
    {"message", 'm', CLI_TEXT, offsetof(struct promote_options, message), "TEXT",
     "why; it is kept with the release"},
    {"dry-run", 'n', CLI_SWITCH, offsetof(struct promote_options, dry_run), NULL,
     "show the plan, change nothing"},
    {"plan", 0, CLI_TEXT, offsetof(struct promote_options, plan), "DIGEST",
     "only if the plan is still this one (exit code 6 when it is not)"},
    {"yes", 'y', CLI_SWITCH, offsetof(struct promote_options, yes), NULL, "do not ask"},
    FOLLOW_FLAGS(struct promote_options, follow),
};

const struct cli_command command_promote = {
    .name = "promote",
    .usage = "WORKLOAD... --to STAGE [--from SOURCE]",
    .summary = "Move versions to a stage: see the diff, agree, watch",
    .text =
        "Shows the exact Git diff, what is skipped and why, and the gates in the way; asks; and\n"
        "then follows the release until the new pods run and are ready.\n",
    .examples = "heddle promote cart orders web --from staging --to prod\n"
                "heddle promote -i --to prod\n"
                "heddle promote --all --from registry --to dev --dry-run\n"
                "heddle promote cart --to prod --plan 7c1e90a -y --wait committed\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct promote_options),
    .words_max = SIZE_MAX,
    .complete = "workload",
    .run = run,
};
