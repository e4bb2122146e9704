/* heddle scan: what heddle sees in a config repository; it needs no server. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/source.h"
#include "cli/table.h"

struct scan_options {
    const char *branch;
};

/* ---- as JSON ---- */

static json_t *target_names(const struct inspection *inspection, const struct inspect_place *place)
{
    json_t *names = json_array();
    for (size_t i = 0; i < place->file->target_count; i++) {
        const char *name = inspection->targets[place->file->targets[i]].name;
        json_array_append_new(names, json_text_safe(name, strlen(name)));
    }
    return names;
}

static json_t *place_to_json(const struct inspection *inspection, const struct inspect_place *place)
{
    json_t *value = json_object();
    const struct {
        const char *key, *text;
    } texts[] = {
        {"file", place->file->path},
        {"apiVersion", place->at.api_version},
        {"kind", place->at.kind},
        {"namespace", place->at.namespace},
        {"name", place->at.name},
        {"container", place->at.container},
        {"containerType", place->at.container_type},
        {"form", locate_form_name(place->at.form)},
        {"confidence", locate_confidence_name(place->at.confidence)},
        {"value", place->at.value},
        {"image", place->at.image},
        {"tag", place->at.tag},
        {"digest", place->at.digest},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        json_put_text(value, texts[i].key, texts[i].text);
    }
    json_put_int(value, "line", place->at.line);
    json_put_int(value, "column", place->at.column);
    json_put_int(value, "document", place->at.document);
    json_put(value, "targets", target_names(inspection, place));
    return value;
}

static json_t *target_to_json(const struct inspect_target *target)
{
    json_t *value = json_object();
    json_put_text(value, "name", target->name);
    json_put_text(value, "stage", target->stage);
    json_put_text(value, "path", target->path);
    json_put_text(value, "evidence", target->evidence);
    return value;
}

static json_t *problem_to_json(const struct manifest_problem *problem)
{
    json_t *value = json_object();
    json_put_text(value, "file", problem->file);
    json_put_int(value, "line", problem->line);
    json_put_text(value, "text", problem->text);
    return value;
}

static json_t *problems_to_json(const struct manifest_problem *problem)
{
    json_t *problems = json_array();
    for (; problem; problem = problem->next) {
        json_array_append_new(problems, problem_to_json(problem));
    }
    return problems;
}

static json_t *remotes_to_json(const struct inspection *inspection)
{
    json_t *remotes = json_array();
    for (const struct inspect_remote *remote = inspection->remotes; remote; remote = remote->next) {
        json_t *value = json_object();
        json_put_text(value, "file", remote->file);
        json_put_int(value, "line", remote->line);
        json_put(value, "url", json_text_safe(remote->url, strlen(remote->url)));
        json_array_append_new(remotes, value);
    }
    return remotes;
}

static json_t *inspection_to_json(const struct inspection *inspection)
{
    json_t *value = json_object();
    json_t *targets = json_array();
    json_t *items = json_array();
    json_t *problems = problems_to_json(inspection->problems);
    for (size_t i = 0; i < inspection->target_count; i++) {
        json_array_append_new(targets, target_to_json(&inspection->targets[i]));
    }
    for (size_t i = 0; i < inspection->place_count; i++) {
        json_array_append_new(items, place_to_json(inspection, &inspection->places[i]));
    }
    json_put(value, "targets", targets);
    json_put_bool(value, "isGuessed", inspection->is_guessed);
    json_put(value, "items", items);
    json_put(value, "problems", problems);
    json_put(value, "remotes", remotes_to_json(inspection));
    json_put(value, "unknowns", problems_to_json(inspection->unknowns));
    return value;
}

/* ---- for people ---- */

static void show_targets(struct cli *cli, const struct inspection *inspection)
{
    AUTO(table_free) struct table *table = table_new(4);
    static const char *const head[] = {"STAGE", "TARGET", "PATH", "BECAUSE"};
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        table_cell(table, STYLE_PLAIN, "%s", head[i]);
    }
    for (size_t i = 0; i < inspection->target_count; i++) {
        const struct inspect_target *target = &inspection->targets[i];
        table_cell(table, STYLE_BOLD, "%s", target->stage);
        table_cell(table, STYLE_PLAIN, "%s", target->name);
        table_cell(table, STYLE_PLAIN, "%s", target->path);
        table_cell(table, STYLE_PLAIN, "%s", target->evidence);
    }
    table_print(table, &cli->out, 0);
}

static const char *workload_of(struct cli *cli, const struct locate_place *at)
{
    const char *text = at->kind[0] ? at->kind : "-";
    if (at->kind[0] && at->name[0]) {
        text = arena_printf(cli->arena, "%s/%s", at->kind, at->name);
    }
    bool is_part = at->container[0] && strcmp(at->container, at->name) != 0;
    return is_part ? arena_printf(cli->arena, "%s %s", text, at->container) : text;
}

static const char *version_of_place(struct cli *cli, const struct locate_place *at)
{
    if (!at->digest[0]) {
        return at->tag[0] ? at->tag : "(none)";
    }
    const char *hex = strchr(at->digest, ':');
    return arena_printf(cli->arena, "%s@%.7s", at->tag, hex ? hex + 1 : at->digest);
}

static const char *targets_text(struct cli *cli, const struct inspection *inspection,
                                const struct inspect_place *place)
{
    AUTO_STR(text, 4096);
    for (size_t i = 0; i < place->file->target_count; i++) {
        str_addf(&text, i ? " %s" : "%s", inspection->targets[place->file->targets[i]].name);
    }
    return text.length ? arena_strdup(cli->arena, text.text) : "-";
}

static void show_places(struct cli *cli, const struct inspection *inspection)
{
    AUTO(table_free) struct table *table = table_new(6);
    static const char *const head[] = {"FILE", "WORKLOAD", "IMAGE", "VERSION", "FORM", "TARGETS"};
    for (size_t i = 0; i < COUNT_OF(head); i++) {
        table_cell(table, STYLE_PLAIN, "%s", head[i]);
    }
    for (size_t i = 0; i < inspection->place_count; i++) {
        const struct inspect_place *place = &inspection->places[i];
        bool is_sure = place->at.confidence == LOCATE_CERTAIN;
        table_cell(table, STYLE_PLAIN, "%s:%u", place->file->path, place->at.line);
        table_cell(table, STYLE_PLAIN, "%s", workload_of(cli, &place->at));
        table_cell(table, STYLE_PLAIN, "%s", place->at.image);
        table_cell(table, STYLE_BOLD, "%s", version_of_place(cli, &place->at));
        table_cell(table, STYLE_PLAIN, "%s%s%s", locate_form_name(place->at.form),
                   is_sure ? "" : ", ",
                   is_sure ? "" : locate_confidence_name(place->at.confidence));
        table_cell(table, STYLE_PLAIN, "%s", targets_text(cli, inspection, place));
    }
    table_print(table, &cli->out, 0);
}

static void show_end(struct cli *cli, const struct inspection *inspection)
{
    size_t unread = 0;
    for (const struct inspect_remote *remote = inspection->remotes; remote; remote = remote->next) {
        screen_line(&cli->talk, STYLE_YELLOW,
                    "%s:%u: %s is not in this repository: its versions are not seen, and never "
                    "edited",
                    remote->file, remote->line, remote->url);
    }
    for (const struct manifest_problem *unknown = inspection->unknowns; unknown;
         unknown = unknown->next) {
        screen_line(&cli->talk, STYLE_YELLOW, "%s:%u: %s", unknown->file, unknown->line,
                    unknown->text);
    }
    for (const struct manifest_problem *problem = inspection->problems; problem;
         problem = problem->next) {
        screen_line(&cli->talk, STYLE_YELLOW, problem->line ? "%s:%u: %s" : "%s%.0u: %s",
                    problem->file, problem->line, problem->text);
        unread++;
    }
    screen_line(&cli->talk, STYLE_PLAIN, "%zu versions in %zu files, %zu targets%s%s",
                inspection->place_count, inspection->file_count, inspection->target_count,
                inspection->is_guessed ? " (guessed: there is no " PIPELINE_FILE ")" : "",
                unread ? arena_printf(cli->arena, "; %zu could not be read", unread) : "");
}

static void show(struct cli *cli, const struct inspection *inspection)
{
    if (inspection->target_count) {
        show_targets(cli, inspection);
        screen_raw(&cli->out, "\n");
    }
    if (inspection->place_count) {
        show_places(cli, inspection);
    }
    show_end(cli, inspection);
}

static bool run(struct cli *cli, const void *given, struct err *err)
{
    const struct scan_options *options = given;
    AUTO(source_close) struct source source = {0};
    struct inspection *inspection = NULL;
    const char *name = cli->words.count ? cli->words.items[0] : ".";
    if (!source_open(cli, name, options->branch, &source, err) ||
        !inspect_tree(&source.tree, cli->arena, &inspection, err)) {
        return false;
    }
    if (cli->output == OUTPUT_JSON) {
        AUTO_JSON *value = inspection_to_json(inspection);
        screen_json(&cli->out, value);
    } else {
        show(cli, inspection);
    }
    return true;
}

static const struct cli_flag flags[] = {
    {"branch", 0, CLI_TEXT, offsetof(struct scan_options, branch), "NAME", "of a URL", "main"},
};

const struct cli_command command_scan = {
    .name = "scan",
    .usage = "[FOLDER|URL]",
    .summary = "Versions in a config repository, without a server",
    .text = "Shows the targets, and every place that names a version: manifests of any kind,\n"
            "kustomizations, Helm values and charts, Argo CD's Applications.  Without heddle.yaml\n"
            "the targets are guessed, and the evidence is shown.  Nothing is changed.\n",
    .examples = "heddle scan\n"
                "heddle scan https://git.example.org/shop/config.git -o json\n",
    .flags = flags,
    .flag_count = COUNT_OF(flags),
    .options_bytes = sizeof(struct scan_options),
    .words_max = 1,
    .run = run,
};
