/* heddle describe cluster: one cluster as a page: its agent, room, problems, workloads. */
#include <string.h>

#include "base/escape.h"
#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "cli/words.h"

static void head(struct cli *cli, const json_t *cluster)
{
    char age[AGE_BYTES];
    const char *stage = json_text_at(cluster, "stage", NULL);
    age_of(cli, json_text_at(cluster, "seenAt", NULL), age);
    screen_text(&cli->out, STYLE_BOLD, "%s", json_text_at(cluster, "name", "?"));
    if (stage) {
        screen_text(&cli->out, STYLE_PLAIN, "  stage %s, %s of %s", stage,
                    json_text_at(cluster, "path", "?"), json_text_at(cluster, "branch", "?"));
    }
    if (json_bool_at(cluster, "isConnected", false)) {
        screen_line(&cli->out, STYLE_GREEN, "  agent %s connected",
                    json_text_at(cluster, "agentVersion", ""));
    } else {
        screen_line(&cli->out, STYLE_YELLOW, "  agent %s%s", age[0] ? "silent for " : "never seen",
                    age);
    }
}

static void revision(struct cli *cli, const json_t *cluster)
{
    char age[AGE_BYTES];
    int64_t behind = json_int_at(cluster, "behind", -1);
    const char *commit = json_text_at(cluster, "appliedCommit", "");
    age_of(cli, json_text_at(cluster, "appliedAt", NULL), age);
    if (!commit[0]) {
        screen_line(&cli->out, STYLE_YELLOW, "Applied   nothing yet");
        return;
    }
    screen_text(&cli->out, STYLE_PLAIN, "Applied   %.*s, %lld objects, %s ago", SHORT_DIGITS,
                commit, (long long)json_int_at(cluster, "objects", 0), age);
    if (behind > 0) {
        screen_text(&cli->out, STYLE_YELLOW, ", %lld commit%s behind", (long long)behind,
                    behind == 1 ? "" : "s");
    }
    screen_raw(&cli->out, "\n");
}

static void heading(struct cli *cli, const char *title)
{
    screen_raw(&cli->out, "\n");
    screen_line(&cli->out, STYLE_BOLD, "%s", title);
}

/* ---- capacity ---- */

static void amounts_row(struct cli *cli, struct table *table, const json_t *capacity,
                        const char *label, const char *(*text)(struct cli *, const json_t *))
{
    static const char *const keys[] = {"used", "requested", "allocatable"};
    table_cell(table, STYLE_PLAIN, "%s", label);
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        table_cell(table, STYLE_PLAIN, "%s", text(cli, json_at(capacity, keys[i])));
    }
}

static void pods_row(struct table *table, const json_t *capacity)
{
    table_cell(table, STYLE_PLAIN, "Pods");
    table_cell(table, STYLE_PLAIN, "-");
    table_cell(table, STYLE_PLAIN, "%lld", (long long)json_int_at(capacity, "requested.pods", 0));
    table_cell(table, STYLE_PLAIN, "%lld", (long long)json_int_at(capacity, "allocatable.pods", 0));
}

static void rooms(struct cli *cli, const json_t *capacity)
{
    const json_t *largest = json_array_get(json_array_at(capacity, "rooms"), 0);
    int64_t closed = json_int_at(capacity, "closedNodes", 0);
    int64_t nodes = json_int_at(capacity, "nodes", 0);
    screen_text(&cli->out, STYLE_PLAIN, "  %lld node%s", (long long)nodes, nodes == 1 ? "" : "s");
    if (closed) {
        screen_text(&cli->out, STYLE_PLAIN, ", and %lld closed to pods", (long long)closed);
    }
    if (largest) {
        screen_text(&cli->out, STYLE_PLAIN, "; most is free on %s: %s, %lld pods",
                    json_text_at(largest, "name", "?"), amounts_of(cli, largest),
                    (long long)json_int_at(largest, "pods", 0));
    }
    screen_raw(&cli->out, "\n");
}

static void capacity(struct cli *cli, const json_t *cluster)
{
    static const char *const heads[] = {"", "USED", "REQUESTED", "ALLOCATABLE"};
    const json_t *found = json_at(cluster, "capacity");
    const char *unknown = json_text_at(found, "unknown", found ? NULL : "Not measured yet.");
    const char *no_usage = json_text_at(found, "noUsage", NULL);
    heading(cli, "Capacity");
    if (unknown) {
        screen_wrap(&cli->out, 2, "%s", unknown);
        return;
    }
    AUTO(table_free) struct table *table = table_new(COUNT_OF(heads));
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        table_cell(table, STYLE_DIM, "%s", heads[i]);
    }
    amounts_row(cli, table, found, "CPU", cpu_of);
    amounts_row(cli, table, found, "Memory", memory_of);
    pods_row(table, found);
    table_print(table, &cli->out, 2);
    rooms(cli, found);
    if (no_usage) {
        screen_wrap(&cli->out, 2, "%s", no_usage);
    }
}

/* ---- lists ---- */

static void problems(struct cli *cli, const json_t *cluster)
{
    const json_t *list = json_array_at(cluster, "problems");
    if (json_array_size(list)) {
        heading(cli, "Problems");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        screen_wrap(&cli->out, 2, "%s", problem_of(cli, json_array_get(list, i)));
    }
}

static const char *what_changed(const json_t *drift)
{
    const char *field = json_text_at(drift, "field", "");
    if (json_bool_at(drift, "wasDeleted", false)) {
        return "was deleted";
    }
    return field[0] ? field : "a field that Git leaves open";
}

static void drifts(struct cli *cli, const json_t *cluster)
{
    const json_t *list = json_array_at(cluster, "drifts");
    if (json_array_size(list) == 0) {
        return;
    }
    heading(cli, "Changed by others, and put back");
    AUTO(table_free) struct table *table = table_new(4);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *drift = json_array_get(list, i);
        const char *manager = json_text_at(drift, "manager", "");
        char age[AGE_BYTES];
        age_of(cli, json_text_at(drift, "at", NULL), age);
        table_cell(table, STYLE_PLAIN, "%s ago", age);
        table_cell(table, STYLE_PLAIN, "%s %s", json_text_at(drift, "kind", "?"),
                   json_text_at(drift, "name", "?"));
        table_cell(table, STYLE_PLAIN, "%s", what_changed(drift));
        table_cell(table, STYLE_PLAIN, "%s%s", manager[0] ? "by " : "", manager);
    }
    table_print(table, &cli->out, 2);
}

static void workload_row(struct cli *cli, struct table *table, const json_t *workload)
{
    const char *state = json_text_at(workload, "state", "?");
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(workload, "name", "?"));
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(workload, "kind", "?"));
    table_cell(table, style_of(state), "%s", words_of(cli, state));
    table_cell(table, STYLE_PLAIN, "%lld/%lld", (long long)json_int_at(workload, "ready", 0),
               (long long)json_int_at(workload, "wanted", 0));
    table_cell(table, STYLE_PLAIN, "%s", amounts_of(cli, json_at(workload, "use.perPod")));
    table_cell(table, STYLE_PLAIN, "%s", amounts_of(cli, json_at(workload, "use.used")));
}

static void workloads(struct cli *cli, const json_t *cluster)
{
    static const char *const heads[] = {"WORKLOAD", "KIND",          "STATE",
                                        "READY",    "REQUESTS EACH", "USED IN ALL"};
    const json_t *list = json_array_at(cluster, "workloads");
    if (json_array_size(list) == 0) {
        return;
    }
    heading(cli, "Workloads");
    AUTO(table_free) struct table *table = table_new(COUNT_OF(heads));
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        table_cell(table, STYLE_DIM, "%s", heads[i]);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        workload_row(cli, table, json_array_get(list, i));
    }
    table_print(table, &cli->out, 2);
}

static void page(struct cli *cli, const json_t *cluster)
{
    head(cli, cluster);
    revision(cli, cluster);
    capacity(cli, cluster);
    problems(cli, cluster);
    drifts(cli, cluster);
    workloads(cli, cluster);
}

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO_JSON *cluster = NULL;
    AUTO_STR(path, 4096);
    str_add(&path, "/clusters/");
    escape_url(&path, cli->words.items[0]);
    if (!remote_get(cli, path.text, &cluster, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        screen_json(&cli->out, cluster);
    } else if (cli->output == OUTPUT_NAME) {
        screen_line(&cli->out, STYLE_PLAIN, "cluster/%s", json_text_at(cluster, "name", "?"));
    } else {
        page(cli, cluster);
    }
    return true;
}

const struct cli_command command_describe_cluster = {
    .name = "describe cluster",
    .usage = "CLUSTER",
    .summary = "All about one cluster: its agent, room and workloads",
    .examples = "heddle describe cluster prod-eu\n",
    .words_min = 1,
    .words_max = 1,
    .complete = "cluster",
    .run = run,
};
