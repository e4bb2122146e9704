/* heddle get board: which version is where. */
#include <stddef.h>
#include <string.h>

#include "base/escape.h"
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/remote.h"
#include "cli/words.h"

struct board_options {
    struct cli_list stages, states;
};

static bool is_wanted(const struct cli_list *wanted, const char *name)
{
    for (size_t i = 0; i < wanted->count; i++) {
        if (strcmp(wanted->items[i], name) == 0) {
            return true;
        }
    }
    return wanted->count == 0;
}

static const json_t *cell_of(const json_t *workload, const char *stage)
{
    size_t i = 0;
    const json_t *cell = NULL;
    json_array_foreach (json_array_at(workload, "cells"), i, cell) {
        if (strcmp(json_text_at(cell, "stage", ""), stage) == 0) {
            return cell;
        }
    }
    return NULL;
}

/* A mark before the version and a word behind it: colour is never the only sign. */
static const struct {
    const char *state, *mark, *word;
} marks[] = {
    {"healthy", "", ""},         {"rolling_out", "~", "rolling out"},
    {"stuck", "!", "stuck"},     {"failed", "!", "failed"},
    {"missing", "!", "missing"}, {"needs_approval", "?", "needs approval"},
    {"waiting", "~", "waiting"}, {"held", "=", "held"},
    {"no_data", "", "no data"},  {"unreachable", "?", "unreachable"},
};

static size_t mark_of(const char *state)
{
    size_t i = 0;
    while (i + 1 < COUNT_OF(marks) && strcmp(marks[i].state, state) != 0) {
        i++;
    }
    return i;
}

static void add_notes(struct cli *cli, const json_t *cell, const char *state, struct str *text)
{
    int64_t behind = json_int_at(cell, "behind", 0);
    const char *version = json_text_at(cell, "version", "");
    const char *running = json_text_at(cell, "running", version);
    if (behind > 0) {
        str_addf(text, " (-%lld)", (long long)behind);
    }
    if (marks[mark_of(state)].word[0]) {
        str_addf(text, " %s", marks[mark_of(state)].word);
    }
    if (strcmp(state, "rolling_out") == 0) {
        str_addf(text, " %lld/%lld", (long long)json_int_at(cell, "ready", 0),
                 (long long)json_int_at(cell, "wanted", 0));
    }
    if (cli->output == OUTPUT_WIDE && strcmp(running, version) != 0) {
        str_addf(text, ", runs %s", running);
    }
}

static void add_cell(struct cli *cli, struct table *table, const json_t *cell)
{
    if (!cell) {
        table_cell(table, STYLE_DIM, "-");
        return;
    }
    AUTO_STR(text, 512);
    const char *state = json_text_at(cell, "state", "no_data");
    str_addf(&text, "%s%s", marks[mark_of(state)].mark, shown_version(cli, cell));
    add_notes(cli, cell, state, &text);
    table_cell(table, strcmp(state, "healthy") == 0 ? STYLE_PLAIN : style_of(state), "%s",
               text.text);
}

static bool has_state(const json_t *workload, const struct board_options *options)
{
    size_t i = 0;
    const json_t *cell = NULL;
    json_array_foreach (json_array_at(workload, "cells"), i, cell) {
        if (is_wanted(&options->states, json_text_at(cell, "state", "")) &&
            is_wanted(&options->stages, json_text_at(cell, "stage", ""))) {
            return true;
        }
    }
    return options->states.count == 0;
}

/* Stage names in capitals, as kubectl writes heads. */
static const char *head_of(struct cli *cli, const char *name)
{
    char *head = arena_strdup(cli->arena, name);
    for (char *at = head; *at; at++) {
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 'a' + 'A') : *at;
    }
    return head;
}

static size_t wanted_stages(struct cli *cli, const json_t *board,
                            const struct board_options *options, const char **out)
{
    const json_t *stages = json_array_at(board, "stages");
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(stages); i++) {
        const char *name = json_text_at(json_array_get(stages, i), "name", "?");
        if (is_wanted(&options->stages, name)) {
            out[count++] = arena_strdup(cli->arena, name);
        }
    }
    return count;
}

static void add_row(struct cli *cli, struct table *table, const json_t *workload,
                    const char *const *stages, size_t stage_count)
{
    table_cell(table, STYLE_BOLD, "%s", json_text_at(workload, "name", "?"));
    if (cli->output == OUTPUT_WIDE) {
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(workload, "kind", ""));
        table_cell(table, STYLE_PLAIN, "%s", json_text_at(workload, "namespace", ""));
        table_cell(table, STYLE_PLAIN, "%s", version_of(cli, json_at(workload, "newest")));
    }
    for (size_t i = 0; i < stage_count; i++) {
        add_cell(cli, table, cell_of(workload, stages[i]));
    }
}

static void show_board(struct cli *cli, const json_t *board, const struct board_options *options)
{
    static const char *const wide_heads[] = {"WORKLOAD", "KIND", "NAMESPACE", "NEWEST"};
    size_t all = json_array_size(json_array_at(board, "stages"));
    const char **stages = arena_alloc(cli->arena, all, sizeof(*stages));
    size_t stage_count = wanted_stages(cli, board, options, stages);
    size_t head_count = cli->output == OUTPUT_WIDE ? COUNT_OF(wide_heads) : 1;
    AUTO(table_free) struct table *table = table_new(head_count + stage_count);
    for (size_t i = 0; i < head_count; i++) {
        table_cell(table, STYLE_DIM, "%s", wide_heads[i]);
    }
    for (size_t i = 0; i < stage_count; i++) {
        table_cell(table, STYLE_DIM, "%s", head_of(cli, stages[i]));
    }
    size_t i = 0;
    const json_t *workload = NULL;
    json_array_foreach (json_array_at(board, "workloads"), i, workload) {
        if (has_state(workload, options)) {
            add_row(cli, table, workload, stages, stage_count);
        }
    }
    table_print(table, &cli->out, 0);
}

/* What is shown may be old.  Said beside the board, which is there in any case. */
static void show_outages(struct cli *cli)
{
    AUTO_JSON *outages = NULL;
    struct err ignored = {0};
    if (!remote_get(cli, "/outages", &outages, &ignored)) {
        return;
    }
    size_t i = 0;
    const json_t *outage = NULL;
    json_array_foreach (json_array_at(outages, "items"), i, outage) {
        screen_wrap(&cli->talk, 0, "%s", outage_of(cli, outage));
    }
}

#define STAGES_MAX 256

static bool check_stages(const json_t *board, const struct cli_list *wanted, struct err *err)
{
    const json_t *stages = json_array_at(board, "stages");
    const char *names[STAGES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(stages) && count < STAGES_MAX; i++) {
        names[count++] = json_text_at(json_array_get(stages, i), "name", "?");
    }
    for (size_t i = 0; i < wanted->count; i++) {
        size_t n = 0;
        while (n < count && strcmp(names[n], wanted->items[i]) != 0) {
            n++;
        }
        const char *near = text_nearest(wanted->items[i], names, count);
        if (n == count) {
            return err_set(err, ERR_NOT_FOUND, "there is no stage \"%.60s\"%s%s%s",
                           wanted->items[i], near ? "; did you mean \"" : "", near ? near : "",
                           near ? "\"?" : "");
        }
    }
    return true;
}

static bool run(struct cli *cli, const void *options, struct err *err)
{
    static const struct listing names = {.kind = "workload",
                                         .name_key = "name",
                                         .empty = "No workloads: the config repository has none, "
                                                  "or has not been read. `heddle doctor` tells."};
    const struct board_options *said = options;
    AUTO_JSON *board = NULL;
    if (!remote_get(cli, "/board", &board, err) || !check_stages(board, &said->stages, err)) {
        return false;
    }
    const json_t *workloads = json_array_at(board, "workloads");
    if (cli->output == OUTPUT_JSON || cli->output == OUTPUT_NAME ||
        json_array_size(workloads) == 0) {
        listing_show(cli, &names, board, workloads);
    } else {
        show_board(cli, board, options);
        show_outages(cli);
    }
    return true;
}

static const struct cli_flag flags[] = {
    {"stage", 's', CLI_LIST, offsetof(struct board_options, stages), "STAGE", "only these stages"},
    {"state", 0, CLI_LIST, offsetof(struct board_options, states), "STATE",
     "only workloads with a cell in this state: stuck,failed"},
};

const struct cli_command command_get_board = {
    .name = "get board",
    .usage = "[-s STAGE] [--state STATE]",
    .summary = "Which version is where",
    .text = "Each cell is the version in Git. ~ is on its way, ! needs a person, ? waits for one,\n"
            "= is held; (-3) means that its source offers three newer versions.\n",
    .examples = "heddle get board\n"
                "heddle get board --state stuck,failed\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct board_options),
    .run = run,
};
