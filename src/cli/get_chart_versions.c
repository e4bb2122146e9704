/* heddle get chart-versions: what a repository offers of a Helm chart; it needs no server. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/words.h"
#include "policy/policy.h"
#include "registry/registry.h"

struct chart_options {
    const char *repository, *range, *registry_config;
};

struct offer {
    const struct registry_chart *chart;
    bool counts;
    char key[IMAGE_TAG_BYTES]; /* what is compared */
};

static int newest_first(const void *left, const void *right)
{
    const struct offer *a = left;
    const struct offer *b = right;
    if (a->counts != b->counts) {
        return a->counts ? -1 : 1;
    }
    int order = policy_compare_keys(POLICY_SEMVER, b->key, 0, a->key, 0);
    return order ? order : strcmp(b->chart->version, a->chart->version);
}

/* A chart's version may have a "+", which no tag has, and which semver does not compare. */
static void judge(const struct policy_reader *reader, struct offer *offer)
{
    char tag[IMAGE_TAG_BYTES];
    text_copy_cut(tag, sizeof(tag), offer->chart->version);
    tag[strcspn(tag, "+")] = '\0';
    offer->counts = policy_admit(reader, tag, offer->key);
    if (!offer->counts) {
        TEXT_COPY_CUT(offer->key, tag);
    }
}

static json_t *view(const struct policy_reader *reader, const struct offer *offer)
{
    static const struct policy_facts nothing = {0};
    const struct registry_chart *chart = offer->chart;
    AUTO_STR(why, REASON_BYTES);
    json_t *value = json_object();
    json_put(value, "version", json_text_safe(chart->version, strlen(chart->version)));
    if (chart->app_version) {
        json_put(value, "appVersion",
                 json_text_safe(chart->app_version, strlen(chart->app_version)));
    }
    json_put_time(value, "createdAt", chart->created_ms);
    json_put_bool(value, "isDeprecated", chart->is_deprecated);
    policy_explain(reader, offer->key, &nothing, &why);
    json_put_text(value, "ignoredBecause", !offer->counts && why.length ? why.text : NULL);
    return value;
}

static json_t *view_all(const struct policy_reader *reader, const struct registry_charts *charts)
{
    struct offer *offers = xcalloc(charts->count, sizeof(*offers));
    json_t *items = json_array();
    for (size_t i = 0; i < charts->count; i++) {
        offers[i].chart = &charts->items[i];
        judge(reader, &offers[i]);
    }
    sort_items(offers, charts->count, sizeof(*offers), newest_first);
    for (size_t i = 0; i < charts->count; i++) {
        json_array_append_new(items, view(reader, &offers[i]));
    }
    free(offers);
    return items;
}

/* ---- the table ---- */

static void cell_version(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_BOLD, "%s", json_text_at(item, "version", "-"));
}

static void cell_app(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "appVersion", "-"));
}

static void cell_age(struct cli *cli, struct table *table, const json_t *item)
{
    char age[AGE_BYTES];
    age_of(cli, json_text_at(item, "createdAt", NULL), age);
    table_cell(table, STYLE_PLAIN, "%s", age);
}

static void cell_note(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    const char *why = json_text_at(item, "ignoredBecause", "");
    bool is_deprecated = json_bool_at(item, "isDeprecated", false);
    table_cell(table, STYLE_DIM, "%s%s%s", why, why[0] && is_deprecated ? " " : "",
               is_deprecated ? "It is deprecated." : "");
}

static const struct column columns[] = {
    {"VERSION", false, cell_version},
    {"APP", false, cell_app},
    {"CREATED", false, cell_age},
    {"DOES NOT COUNT", false, cell_note},
};

static const struct listing listing = {
    "chart-version", "version", "It has no versions.", columns, COUNT_OF(columns),
};

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct chart_options *options = given;
    const struct version_rule rule = {
        .images = "**", .policy = POLICY_SEMVER, .range = options->range};
    const struct registry_options registry_options = {.config_file = options->registry_config};
    AUTO(policy_close) struct policy_reader *reader = NULL;
    AUTO(registry_free) struct registry *registry = NULL;
    AUTO(registry_charts_done) struct registry_charts charts = {0};
    if (!options->repository) {
        return err_set(err, ERR_INVALID,
                       "--repo is needed: https://charts.example.org or oci://ghcr.io/acme/charts");
    }
    if (!policy_open(&rule, &reader, err) || !registry_new(&registry_options, &registry, err) ||
        !registry_list_charts(registry, options->repository, cli->words.items[0], &charts, err)) {
        return false;
    }
    AUTO_JSON *body = json_object();
    json_put(body, "items", view_all(reader, &charts));
    listing_show(cli, &listing, body, json_array_at(body, "items"));
    return true;
}

static const struct cli_flag flags[] = {
    {"repo", 0, CLI_TEXT, offsetof(struct chart_options, repository), "URL",
     "where the chart is: https://charts.example.org, or oci://ghcr.io/acme/charts"},
    {"range", 0, CLI_TEXT, offsetof(struct chart_options, range), "RANGE",
     "which versions count, like \">=6.0.0 <7\""},
    {"registry-config", 0, CLI_TEXT, offsetof(struct chart_options, registry_config), "FILE",
     "credentials, as in Docker's config.json"},
};

const struct cli_command command_get_chart_versions = {
    .name = "get chart-versions",
    .usage = "CHART --repo URL",
    .summary = "Versions of a Helm chart, asked of its repository, the newest first",
    .text =
        "Needs no server.  Of an https:// repository its index.yaml is read, of any length; of\n"
        "an oci:// one the tags are.  What does not count by --range says why; without it\n"
        "every version counts that is no pre-release.\n",
    .examples = "heddle get chart-versions podinfo --repo https://stefanprodan.github.io/podinfo\n"
                "heddle get chart-versions podinfo --repo oci://ghcr.io/stefanprodan/charts "
                "--range 6.x\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct chart_options),
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
