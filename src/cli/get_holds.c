/* heddle get holds: where automation is off, and why. */
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/remote.h"
#include "cli/words.h"

static void cell_stage(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "stage", "?"));
}

static void cell_workload(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    const char *workload = json_text_at(item, "workload", "");
    table_cell(table, STYLE_BOLD, "%s", workload[0] ? workload : "(all)");
}

static void cell_owner(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "owner", "?"));
}

static void cell_age(struct cli *cli, struct table *table, const json_t *item)
{
    char age[AGE_BYTES];
    age_of(cli, json_text_at(item, "createdAt", NULL), age);
    table_cell(table, STYLE_PLAIN, "%s", age);
}

static void cell_expires(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "expiresAt", "never"));
}

static void cell_rejected(struct cli *cli, struct table *table, const json_t *item)
{
    table_cell(table, STYLE_PLAIN, "%s", version_of(cli, json_at(item, "rejected")));
}

static void cell_reason(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "reason", ""));
}

static const struct column columns[] = {
    {"STAGE", false, cell_stage},   {"WORKLOAD", false, cell_workload},
    {"BY", false, cell_owner},      {"SINCE", false, cell_age},
    {"UNTIL", false, cell_expires}, {"REJECTED", true, cell_rejected},
    {"REASON", false, cell_reason},
};

static const struct listing holds = {
    "hold", "id", "Nothing is held.", columns, COUNT_OF(columns),
};

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO_JSON *body = NULL;
    if (!remote_get(cli, "/holds", &body, err)) {
        return false;
    }
    const json_t *items = json_array_at(body, "items");
    if (cli->output != OUTPUT_NAME) {
        listing_show(cli, &holds, body, items);
        return true;
    }
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *hold = json_array_get(items, i);
        const char *workload = json_text_at(hold, "workload", "");
        screen_line(&cli->out, STYLE_PLAIN, "hold/%s%s%s", json_text_at(hold, "stage", "?"),
                    workload[0] ? "/" : "", workload);
    }
    return true;
}

const struct cli_command command_get_holds = {
    .name = "get holds",
    .usage = "",
    .summary = "Where automation is held, by whom and why",
    .examples = "heddle get holds\n",
    .run = run,
};
