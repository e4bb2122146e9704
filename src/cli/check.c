/* heddle check: what is wrong with a config repository, or will be; it needs no server. */
#include "cli/check.h"

#include <stddef.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/source.h"

struct check_options {
    const char *branch, *output;
};

struct found {
    const struct inspect_finding *items;
    size_t count;
};

static json_t *finding_to_json(const struct inspect_finding *finding)
{
    json_t *value = json_object();
    const struct {
        const char *key, *text;
    } texts[] = {
        {"file", finding->file},
        {"rule", finding->rule->id},
        {"level", inspect_level_name(finding->rule->level)},
        {"message", finding->message},
        {"remedy", finding->remedy},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        json_put(value, texts[i].key, json_text_safe(texts[i].text, strlen(texts[i].text)));
    }
    json_put_int(value, "line", finding->line);
    json_put_int(value, "column", finding->column);
    return value;
}

static json_t *findings_to_json(const struct found *found)
{
    json_t *value = json_object();
    json_t *list = json_array();
    for (size_t i = 0; i < found->count; i++) {
        json_array_append_new(list, finding_to_json(&found->items[i]));
    }
    json_put(value, "findings", list);
    return value;
}

/* "file:line:column: message; remedy", as compilers do, so that editors find the place. */
static void show(struct cli *cli, const struct inspection *inspection, const struct found *found)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct inspect_finding *finding = &found->items[i];
        enum style style = finding->rule->level == INSPECT_ERROR ? STYLE_RED : STYLE_YELLOW;
        screen_line(&cli->out, style, "%s:%u:%u: %s%s%s", finding->file,
                    finding->line ? finding->line : 1, finding->column ? finding->column : 1,
                    finding->message, finding->remedy[0] ? "; " : "", finding->remedy);
    }
    screen_line(&cli->talk, STYLE_PLAIN, "%zu findings in %zu files, %zu targets%s", found->count,
                inspection->file_count, inspection->target_count,
                inspection->is_guessed && inspection->pipeline_trouble_count == 0
                    ? " (guessed: there is no " PIPELINE_FILE ")"
                    : "");
    if (inspection->elsewhere_count) {
        screen_line(&cli->talk, STYLE_PLAIN,
                    "%zu more targets are on other branches or in other repositories, and are not "
                    "seen from here",
                    inspection->elsewhere_count);
    }
}

static void write_out(struct cli *cli, const char *output, const struct inspection *inspection,
                      const struct found *found)
{
    if (strcmp(output, "sarif") == 0) {
        AUTO_JSON *value = sarif_of(found->items, found->count);
        screen_json(&cli->out, value);
    } else if (cli->output == OUTPUT_JSON) {
        AUTO_JSON *value = findings_to_json(found);
        screen_json(&cli->out, value);
    } else {
        show(cli, inspection, found);
    }
}

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct check_options *options = given;
    AUTO(source_close) struct source source = {0};
    struct inspection *inspection = NULL;
    struct inspect_finding *findings = NULL;
    struct found found = {0};
    const char *name = cli->words.count ? cli->words.items[0] : ".";
    cli->output = strcmp(options->output, "text") == 0 ? OUTPUT_TABLE : OUTPUT_JSON;
    if (!source_open(cli, name, options->branch, &source, err) ||
        !inspect_check(&source.tree, cli->arena, &inspection, &findings, &found.count, err)) {
        return false;
    }
    found.items = findings;
    write_out(cli, options->output, inspection, &found);
    cli->exit_code = found.count ? EXIT_FAILED : 0;
    return true;
}

static const struct cli_flag flags[] = {
    {"branch", 0, CLI_TEXT, offsetof(struct check_options, branch), "NAME", "of a URL", "main"},
    {"output", 'o', CLI_TEXT, offsetof(struct check_options, output), "FORMAT",
     "text, json, or sarif for code scanning; in place of the flag below", "text",
     "text|json|sarif"},
};

const struct cli_command command_check = {
    .name = "check",
    .usage = "[FOLDER|URL]",
    .summary = "What is wrong in heddle.yaml and the manifests, without a server",
    .text = "Looks through heddle.yaml and the files that its targets use, and says for each\n"
            "finding where it is, what it means and what to do: a pipeline that cannot be used,\n"
            "folders that are missing or empty, files that are not YAML, keys that stand twice,\n"
            "kustomizations that need the kustomize program, versions that several targets\n"
            "share, tags that move, workloads that no version can come to, and places that\n"
            "cannot be changed.  The exit code is 0 when nothing is found, 1 when something is.\n",
    .examples = "heddle check\n"
                "heddle check . -o sarif > heddle.sarif\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct check_options),
    .words_max = 1,
    .run = run,
};
