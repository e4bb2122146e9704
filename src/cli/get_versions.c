/* heddle get versions: what registries offer. */
#include <string.h>

#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/remote.h"
#include "cli/words.h"

/* All names of a pipeline's stages. */
#define STAGES_BYTES_MAX 8192

/* Like a branch of a tree: what some stage has stands out. */
static void cell_mark(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    bool is_used = json_array_size(json_array_at(item, "stages")) > 0;
    table_cell(table, STYLE_DIM, "%s", is_used ? "'->" : "|");
}

static void cell_repository(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_PLAIN, "%s", json_text_at(item, "repository", "?"));
}

static void cell_tag(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_BOLD, "%s%s", json_text_at(item, "tag", "-"),
               json_bool_at(item, "isGone", false) ? " (gone)" : "");
}

static void cell_digest(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    const char *digest = json_text_at(item, "digest", "-");
    const char *hex = strchr(digest, ':');
    if (cli->output == OUTPUT_WIDE || !hex) {
        table_cell(table, STYLE_PLAIN, "%s", digest);
    } else {
        table_cell(table, STYLE_PLAIN, "%.12s", hex + 1);
    }
}

static void cell_stages(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    AUTO_STR(names, STAGES_BYTES_MAX);
    size_t i = 0;
    const json_t *name = NULL;
    json_array_foreach (json_array_at(item, "stages"), i, name) {
        str_addf(&names, "%s%s", i ? ", " : "", json_string_value(name));
    }
    table_cell(table, STYLE_PLAIN, "%s", names.text);
}

static void cell_note(struct cli *cli, struct table *table, const json_t *item)
{
    (void)cli;
    table_cell(table, STYLE_DIM, "%s",
               json_text_at(item, "ignoredBecause", json_text_at(item, "waitsBecause", "")));
}

static void cell_age(struct cli *cli, struct table *table, const json_t *item)
{
    char age[AGE_BYTES];
    age_of(cli, json_text_at(item, "seenAt", NULL), age);
    table_cell(table, STYLE_PLAIN, "%s", age);
}

static const struct column columns[] = {
    {"REPOSITORY", false, cell_repository}, {"", false, cell_mark},    {"TAG", false, cell_tag},
    {"DIGEST", false, cell_digest},         {"SEEN", false, cell_age}, {"IN", false, cell_stages},
    {"NOT TAKEN", false, cell_note},
};

static const struct listing versions = {
    "version", "tag", "No versions have been found.", columns, COUNT_OF(columns),
};

/* A repository that cannot be asked makes the list a guess: say so. */
static void show_failing_sources(struct cli *cli, const json_t *sources)
{
    size_t i = 0;
    const json_t *source = NULL;
    json_array_foreach (sources, i, source) {
        const char *error = json_text_at(source, "error", "");
        if (error[0]) {
            screen_wrap(&cli->talk, 0, "%s cannot be read, so newer versions may be missing: %s",
                        json_text_at(source, "repository", "?"), error);
        }
    }
}

/* While a registry is not asked, what is listed is as old as its last answer. */
static void show_waiting_registries(struct cli *cli, const json_t *registries)
{
    size_t i = 0;
    const json_t *registry = NULL;
    json_array_foreach (registries, i, registry) {
        const char *wait = wait_of(cli, registry);
        if (wait) {
            screen_wrap(&cli->talk, 0, "%s", wait);
        }
    }
}

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    AUTO_STR(path, 1024);
    AUTO_JSON *body = NULL;
    str_add(&path, "/versions");
    /* No workload has a slash in its name, and every chart's repository has one. */
    const char *word = cli->words.count ? cli->words.items[0] : NULL;
    query_add(&path, word && strchr(word, '/') ? "repository" : "workload", word);
    if (!remote_get(cli, path.text, &body, err)) {
        return false;
    }
    listing_show(cli, &versions, body, json_array_at(body, "items"));
    show_failing_sources(cli, json_array_at(body, "sources"));
    show_waiting_registries(cli, json_array_at(body, "registries"));
    return true;
}

const struct cli_command command_get_versions = {
    .name = "get versions",
    .usage = "[WORKLOAD|REPOSITORY]",
    .summary = "Versions found in registries, the newest first",
    .text = "`'->` points at what some stage has in Git. A tag that does not count says why.\n"
            "A chart's repository is that of a registry, or the address of its index with its "
            "name.\n",
    .examples = "heddle get versions cart\n"
                "heddle get versions ghcr.io/acme/charts/cart\n"
                "heddle get versions https://charts.example.org/cart\n",
    .words_max = 1,
    .complete = "workload",
    .run = run,
};
