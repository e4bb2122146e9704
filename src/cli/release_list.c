#include "cli/release_list.h"

#include <stdio.h>

#include "cli/listing.h"
#include "cli/remote.h"
#include "cli/words.h"

#define PAGE_MAX 500
#define WORKLOADS_SHOWN 3

static void cell_name(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_BOLD, "%s", json_text_at(item, "name", "?"));
}

static void cell_kind(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "kind", "?"));
}

static void cell_stage(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "stage", "-"));
}

static void cell_phase(struct cli *cli, struct table *table, const json_t *item)
{
    const char *phase = json_text_at(item, "phase", "?");
    if (json_bool_at(item, "isStuck", false)) {
        table_cell(table, STYLE_RED, "! stuck");
    } else {
        table_cell(table, style_of(phase), "%s", words_of(cli, phase));
    }
}

static void cell_workloads(struct cli *cli, struct table *table, const json_t *item)
{
    table_cell(table, STYLE_PLAIN, "%s",
               join(cli, json_array_at(item, "workloads"), WORKLOADS_SHOWN));
}

static void cell_actor(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "actor", "-"));
}

static void cell_age(struct cli *cli, struct table *table, const json_t *item)
{
    char age[AGE_BYTES];
    age_of(cli, json_text_at(item, "createdAt", NULL), age);
    table_cell(table, STYLE_PLAIN, "%s", age);
}

static void cell_created(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "createdAt", ""));
}

static void cell_why(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "why", ""));
}

static void cell_reason(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "reason", ""));
}

static void cell_commits(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    AUTO_STR(text, 256);
    size_t i = 0;
    const json_t *commit = NULL;
    json_array_foreach (json_array_at(item, "commits"), i, commit) {
        const char *oid = json_string_value(commit);
        str_addf(&text, "%s%.*s", i ? " " : "", SHORT_DIGITS, oid ? oid : "");
    }
    table_cell(table, STYLE_PLAIN, "%s", text.text);
}

static const struct column now_columns[] = {
    {"RELEASE", false, cell_name},
    {"KIND", false, cell_kind},
    {"STAGE", false, cell_stage},
    {"PHASE", false, cell_phase},
    {"AGE", false, cell_age},
    {"BY", false, cell_actor},
    {"WORKLOADS", false, cell_workloads},
    {"COMMITS", true, cell_commits},
    {"WHY", true, cell_why},
};

static const struct column past_columns[] = {
    {"RELEASE", false, cell_name},        {"AT", false, cell_created},
    {"KIND", false, cell_kind},           {"STAGE", false, cell_stage},
    {"PHASE", false, cell_phase},         {"BY", false, cell_actor},
    {"WORKLOADS", false, cell_workloads}, {"COMMITS", true, cell_commits},
    {"REASON", false, cell_reason},
};

void release_list_show(struct cli *cli, const json_t *body)
{
    static const struct listing listing = {"release", "name", "No releases.", now_columns,
                                           COUNT_OF(now_columns)};
    listing_show(cli, &listing, body, json_array_at(body, "items"));
}

void release_history_show(struct cli *cli, const json_t *body)
{
    static const struct listing listing = {"release", "name", "Nothing has happened there.",
                                           past_columns, COUNT_OF(past_columns)};
    listing_show(cli, &listing, body, json_array_at(body, "items"));
}

static void build_path(const struct cli *cli, const struct release_filter *filter, int64_t before,
                       int64_t limit, struct str *path)
{
    char since[CLOCK_TEXT_BYTES];
    char number[24];
    clock_format(env_now_ms(cli->env) - filter->since_ms, since);
    str_add(path, "/releases");
    query_add(path, "stage", filter->stage);
    query_add(path, "workload", filter->workload);
    query_add(path, "kind", filter->kind);
    query_add(path, "actor", filter->actor);
    query_add(path, "state", filter->state);
    query_add(path, "text", filter->text);
    query_add(path, "since", filter->since_ms ? since : NULL);
    snprintf(number, sizeof(number), "%lld", (long long)before);
    query_add(path, "before", before ? number : NULL);
    snprintf(number, sizeof(number), "%lld", (long long)limit);
    query_add(path, "limit", number);
}

bool release_list_get(struct cli *cli, const struct release_filter *filter, json_t **out,
                      struct err *err)
{
    AUTO_JSON *all = json_array();
    int64_t left = filter->limit;
    int64_t before = 0;
    do {
        AUTO_STR(path, 4096);
        AUTO_JSON *page = NULL;
        build_path(cli, filter, before, left < PAGE_MAX ? left : PAGE_MAX, &path);
        if (!remote_get(cli, path.text, &page, err)) {
            return false;
        }
        const json_t *items = json_array_at(page, "items");
        size_t count = json_array_size(items);
        for (size_t i = 0; i < count && left > 0; i++, left--) {
            json_array_append(all, json_array_get(items, i));
        }
        before = count ? json_int_at(page, "next", 0) : 0;
    } while (before > 0 && left > 0);
    *out = json_object();
    json_put(*out, "items", TAKE(all));
    return true;
}
