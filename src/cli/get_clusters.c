/* heddle get clusters: which agents report, and how far they are. */
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/remote.h"
#include "cli/words.h"

static void cell_name(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_BOLD, "%s", json_text_at(item, "name", "?"));
}

static void cell_stage(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "stage", "-"));
}

static void cell_agent(struct cli *cli, struct table *table, const json_t *item)
{
    char age[AGE_BYTES];
    age_of(cli, json_text_at(item, "seenAt", NULL), age);
    if (json_bool_at(item, "isConnected", false)) {
        table_cell(table, STYLE_GREEN, "connected");
    } else if (age[0]) {
        table_cell(table, STYLE_YELLOW, "silent for %s", age);
    } else {
        table_cell(table, STYLE_YELLOW, "never seen");
    }
}

static void cell_commit(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%.*s", SHORT_DIGITS, json_text_at(item, "appliedCommit", "-"));
}

static void cell_behind(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    int64_t behind = json_int_at(item, "behind", -1);
    if (behind < 0) {
        table_cell(table, STYLE_DIM, "?");
    } else {
        table_cell(table, behind ? STYLE_YELLOW : STYLE_PLAIN, "%lld", (long long)behind);
    }
}

static void cell_objects(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%lld", (long long)json_int_at(item, "objects", 0));
}

static void cell_path(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "path", "-"));
}

static void cell_branch(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "branch", "-"));
}

static void cell_repository(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "repository", "-"));
}

static void cell_version(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "agentVersion", "-"));
}

static void cell_problems(struct cli *cli, struct table *table, const json_t *item)
{
    const json_t *problems = json_array_at(item, "problems");
    size_t count = json_array_size(problems);
    const char *first = count ? problem_of(cli, json_array_get(problems, 0)) : "";
    if (count > 1) {
        table_cell(table, STYLE_RED, "%s (and %zu more)", first, count - 1);
    } else {
        table_cell(table, STYLE_RED, "%s", first);
    }
}

static const struct column columns[] = {
    {"CLUSTER", false, cell_name},
    {"STAGE", false, cell_stage},
    {"AGENT", false, cell_agent},
    {"COMMIT", false, cell_commit},
    {"BEHIND", false, cell_behind},
    {"OBJECTS", false, cell_objects},
    {"PATH", true, cell_path},
    {"BRANCH", true, cell_branch},
    {"REPOSITORY", true, cell_repository},
    {"VERSION", true, cell_version},
    {"PROBLEMS", false, cell_problems},
};

static const struct listing clusters = {
    "cluster",         "name", "No clusters yet. Add one: heddle cluster add NAME", columns,
    COUNT_OF(columns),
};

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO_JSON *body = NULL;
    if (!remote_get(cli, "/clusters", &body, err)) {
        return false;
    }
    listing_show(cli, &clusters, body, json_array_at(body, "items"));
    return true;
}

const struct cli_command command_get_clusters = {
    .name = "get clusters",
    .usage = "",
    .summary = "Clusters, their agents and what they have applied",
    .examples = "heddle get clusters\n",
    .run = run,
};
