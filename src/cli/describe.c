/* heddle describe release: one release as a page. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/outcome.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "cli/words.h"

static void head(struct cli *cli, const json_t *release)
{
    char age[AGE_BYTES];
    const char *from = json_text_at(release, "from", "");
    age_of(cli, json_text_at(release, "createdAt", NULL), age);
    screen_text(&cli->out, STYLE_BOLD, "%s", json_text_at(release, "name", "?"));
    screen_line(&cli->out, STYLE_PLAIN, "  %s %s%s%s by %s, %s ago",
                json_text_at(release, "kind", ""), from, from[0] ? " -> " : "",
                json_text_at(release, "stage", ""), json_text_at(release, "actor", "?"), age);
}

static void field(struct cli *cli, const char *label, const char *value)
{
    if (value && value[0]) {
        screen_line(&cli->out, STYLE_PLAIN, "%-10s %s", label, value);
    }
}

static const char *phase_of(struct cli *cli, const json_t *release)
{
    char age[AGE_BYTES];
    age_of(cli, json_text_at(release, "phaseAt", NULL), age);
    return arena_printf(cli->arena, "%s, wave %lld of %lld, for %s",
                        words_of(cli, json_text_at(release, "phase", "?")),
                        (long long)json_int_at(release, "wave", 1),
                        (long long)json_int_at(release, "waves", 1), age);
}

static const char *release_at(struct cli *cli, const json_t *release, const char *key)
{
    int64_t id = json_int_at(release, key, 0);
    return id ? arena_printf(cli->arena, "R-%lld", (long long)id) : NULL;
}

/* "#12 open (wave 1): https://…"; a line for each wave that has one. */
static void pulls(struct cli *cli, const json_t *list)
{
    size_t i = 0;
    const json_t *pull = NULL;
    json_array_foreach (list, i, pull) {
        const char *who = json_text_at(pull, "who", "");
        field(cli, i ? "" : "Pull req.",
              arena_printf(cli->arena, "#%lld %s%s%s (wave %lld): %s",
                           (long long)json_int_at(pull, "number", 0),
                           json_text_at(pull, "state", "?"), who[0] ? " by " : "", who,
                           (long long)json_int_at(pull, "wave", 1), json_text_at(pull, "url", "")));
    }
}

static void fields(struct cli *cli, const json_t *release)
{
    field(cli, "Phase", phase_of(cli, release));
    field(cli, "Why", json_text_at(release, "why", ""));
    field(cli, "Reason", json_text_at(release, "reason", ""));
    field(cli, "Plan", json_text_at(release, "planDigest", ""));
    field(cli, "Commits", join(cli, json_array_at(release, "commits"), SIZE_MAX));
    pulls(cli, json_array_at(release, "pullRequests"));
    field(cli, "Rolls back", release_at(cli, release, "rollbackOf"));
    field(cli, "Superseded", release_at(cli, release, "supersededBy"));
}

/* A heading, when there is something below it. */
static bool heading(struct cli *cli, const json_t *list, const char *title)
{
    if (json_array_size(list) == 0) {
        return false;
    }
    screen_raw(&cli->out, "\n");
    screen_line(&cli->out, STYLE_BOLD, "%s", title);
    return true;
}

/* "usually 42 s", or "" where nothing is known. */
static const char *usual_of(struct cli *cli, const json_t *release, const json_t *item)
{
    size_t i = 0;
    const json_t *usual = NULL;
    json_array_foreach (json_array_at(release, "usual"), i, usual) {
        if (strcmp(json_text_at(usual, "workload", ""), json_text_at(item, "workload", "")) == 0 &&
            strcmp(json_text_at(usual, "target", ""), json_text_at(item, "target", "")) == 0) {
            char took[DURATION_TEXT_BYTES];
            duration_format(json_int_at(usual, "rolloutMs", 0), took);
            return arena_printf(cli->arena, "usually %s", took);
        }
    }
    return "";
}

static void states(struct cli *cli, const json_t *release)
{
    AUTO(table_free) struct table *table = table_new(5);
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (json_array_at(release, "items"), i, item) {
        const char *state = json_text_at(item, "state", "?");
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "workload", "?"));
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "target", ""));
        table_cell(table, style_of(state), "%s", words_of(cli, state));
        table_cell(table, STYLE_PLAIN, "%lld/%lld ready", (long long)json_int_at(item, "ready", 0),
                   (long long)json_int_at(item, "wanted", 0));
        table_cell(table, STYLE_DIM, "%s", usual_of(cli, release, item));
    }
    table_print(table, &cli->out, 2);
}

static void steps(struct cli *cli, const json_t *list)
{
    AUTO(table_free) struct table *table = table_new(6);
    size_t i = 0;
    const json_t *step = NULL;
    json_array_foreach (list, i, step) {
        const char *outcome = json_text_at(step, "outcome", "");
        char took[AGE_BYTES];
        span_of(json_text_at(step, "startedAt", NULL), json_text_at(step, "finishedAt", NULL),
                took);
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(step, "startedAt", ""));
        table_cell(table, STYLE_PLAIN, "wave %lld", (long long)json_int_at(step, "wave", 1));
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(step, "name", "?"));
        table_cell(table, style_of(outcome), "%s", outcome);
        table_cell(table, STYLE_PLAIN, "%s", took);
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(step, "text", ""));
    }
    table_print(table, &cli->out, 2);
}

static void approvals(struct cli *cli, const json_t *list)
{
    size_t i = 0;
    const json_t *approval = NULL;
    json_array_foreach (list, i, approval) {
        const char *message = json_text_at(approval, "message", "");
        screen_line(&cli->out, STYLE_PLAIN, "  %s %s at %s%s%s",
                    json_text_at(approval, "person", "?"),
                    json_bool_at(approval, "isRejection", false) ? "rejected" : "approved",
                    json_text_at(approval, "at", "?"), message[0] ? ": " : "", message);
    }
}

static void diagnoses(struct cli *cli, const json_t *items)
{
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach (items, i, item) {
        if (json_is_object(json_object_get(item, "diagnosis"))) {
            screen_raw(&cli->out, "\n");
            screen_line(&cli->out, STYLE_BOLD, "%s in %s", json_text_at(item, "workload", "?"),
                        json_text_at(item, "target", "?"));
            show_diagnosis(cli, &cli->out, json_at(item, "diagnosis"));
        }
    }
}

static void page(struct cli *cli, const json_t *release)
{
    static const struct {
        const char *key, *title;
        void (*show)(struct cli *cli, const json_t *list);
    } lists[] = {{"approvals", "Approvals", approvals}, {"steps", "Steps", steps}};
    head(cli, release);
    fields(cli, release);
    if (heading(cli, json_array_at(release, "items"), "Workloads")) {
        show_items(cli, &cli->out, json_array_at(release, "items"), 2);
        screen_raw(&cli->out, "\n");
        states(cli, release);
    }
    diagnoses(cli, json_array_at(release, "items"));
    if (heading(cli, json_array_at(release, "gates"), "Gates")) {
        show_gates(&cli->out, json_array_at(release, "gates"), 2);
    }
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (heading(cli, json_array_at(release, lists[i].key), lists[i].title)) {
            lists[i].show(cli, json_array_at(release, lists[i].key));
        }
    }
    if (heading(cli, json_array_at(release, "skipped"), "Skipped")) {
        show_skipped(&cli->out, json_array_at(release, "skipped"), 2);
    }
}

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO_JSON *release = NULL;
    char path[64];
    int64_t id = 0;
    if (!release_word(cli->words.items[0], &id, err)) {
        return false;
    }
    snprintf(path, sizeof(path), "/releases/%lld", (long long)id);
    if (!remote_get(cli, path, &release, err)) {
        return false;
    }
    if (cli_page(cli) == &cli->out) {
        page(cli, release);
    } else {
        outcome_print(cli, release);
    }
    return true;
}

const struct cli_command command_describe = {
    .name = "describe release",
    .usage = "RELEASE",
    .summary = "All about one release",
    .examples = "heddle describe release R-7\n",
    .words_min = 1,
    .words_max = 1,
    .complete = "release",
    .run = run,
};
