/* heddle __complete: the words that could come next, for the scripts of `heddle completion`.  It
   never asks, never complains, and waits for the server no longer than a keystroke may take. */
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/remote.h"
#include "cli/settings.h"

#define ANSWER_MS 200
#define CACHE_S 30
#define CACHE_BYTES_MAX (8U << 20)

struct completing {
    struct cli *cli;
    const char *prefix;
};

static void offer(const struct completing *completing, const char *word, const char *about)
{
    struct screen *out = &completing->cli->out;
    if (word && strncmp(word, completing->prefix, strlen(completing->prefix)) == 0) {
        screen_text(out, STYLE_PLAIN, "%s", word);
        screen_raw(out, "\t");
        screen_line(out, STYLE_PLAIN, "%s", about ? about : "");
    }
}

/* ---- names from the server, remembered for a while ---- */

/* Where one question's answer is kept: beside the settings, readable by nobody else. */
static const char *cache_path(struct arena *arena, const char *name)
{
    const char *settings = settings_path(arena);
    return settings ? arena_printf(arena, "%s.%s.cache", settings, name) : NULL;
}

static json_t *read_cache(struct cli *cli, const char *path, const char *server)
{
    struct stat status;
    struct err err = {0};
    AUTO_STR(text, CACHE_BYTES_MAX);
    if (!path || stat(path, &status) != 0 ||
        env_now_ms(cli->env) / 1000 - status.st_mtime > CACHE_S || !file_read(path, &text, &err)) {
        return NULL;
    }
    AUTO_JSON *cached = json_parse(str_slice(&text), &err);
    bool is_same = strcmp(json_text_at(cached, "server", ""), server) == 0;
    return is_same ? json_incref(json_object_get(cached, "body")) : NULL;
}

static void write_cache(const char *path, const char *server, json_t *body)
{
    struct err ignored = {0};
    AUTO_JSON *cached = json_object();
    json_put_text(cached, "server", server);
    json_put(cached, "body", json_incref(body));
    AUTO(xfree) char *text = json_text(cached);
    /* Without a folder for it, the next key asks again. */
    if (path && !file_replace(path, slice_of(text), 0600, &ignored)) {
        return;
    }
}

static json_t *ask(struct cli *cli, const char *name, const char *path)
{
    AUTO(http_result_done) struct http_result result = {0};
    struct err err = {0};
    const char *server = remote_server(cli, &err);
    const char *cache = cache_path(cli->arena, name);
    json_t *body = server ? read_cache(cli, cache, server) : NULL;
    if (body || !server || !remote_probe(cli, path, ANSWER_MS, &result, &err) ||
        result.status != 200) {
        return body;
    }
    body = json_parse(str_slice(&result.body), &err);
    if (body) {
        write_cache(cache, server, body);
    }
    return body;
}

static const struct source {
    const char *kind, *cache, *path, *list, *name, *about;
} sources[] = {
    {"workload", "board", "/board", "workloads", "name", "kind"},
    {"stage", "board", "/board", "stages", "name", NULL},
    {"cluster", "clusters", "/clusters", "items", "name", "stage"},
    {"release", "releases", "/releases?limit=20", "items", "name", "phase"},
};

static void offer_names(const struct completing *completing, const char *kind)
{
    for (size_t i = 0; kind && i < COUNT_OF(sources); i++) {
        const struct source *source = &sources[i];
        if (strcmp(source->kind, kind) != 0) {
            continue;
        }
        AUTO_JSON *body = ask(completing->cli, source->cache, source->path);
        size_t n = 0;
        const json_t *item = NULL;
        json_array_foreach (json_array_at(body, source->list), n, item) {
            offer(completing, json_text_at(item, source->name, NULL),
                  source->about ? json_text_at(item, source->about, "") : "");
        }
    }
}

/* ---- flags ---- */

static const struct cli_flag *flag_in(const struct cli_flag *flags, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        bool is_long = strncmp(word, "--", 2) == 0 && strcmp(word + 2, flags[i].name) == 0;
        bool is_letter = word[0] == '-' && word[1] && word[1] == flags[i].letter && !word[2];
        if (is_long || is_letter) {
            return &flags[i];
        }
    }
    return NULL;
}

static const struct cli_flag *flag_named(const struct cli_command *command, const char *word)
{
    const struct cli_flag *flag =
        command ? flag_in(command->flags, command->flag_count, word) : NULL;
    return flag ? flag : flag_in(cli_global_flags, cli_global_flag_count, word);
}

static void offer_flags(const struct completing *completing, const struct cli_flag *flags,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        offer(completing, arena_printf(completing->cli->arena, "--%s", flags[i].name),
              flags[i].help);
    }
}

static void offer_value(const struct completing *completing, const struct cli_flag *flag)
{
    static const struct {
        const char *placeholder, *kind;
    } kinds[] = {
        {"STAGE", "stage"}, {"SOURCE", "stage"}, {"WORKLOAD", "workload"}, {"CLUSTER", "cluster"}};
    for (const char *at = flag->choices; at && *at;) {
        size_t length = strcspn(at, "|");
        offer(completing, arena_strndup(completing->cli->arena, at, length), NULL);
        at += length + (at[length] == '|');
    }
    for (size_t i = 0; flag->placeholder && i < COUNT_OF(kinds); i++) {
        if (strcmp(flag->placeholder, kinds[i].placeholder) == 0) {
            offer_names(completing, kinds[i].kind);
        }
    }
}

/* ---- commands ---- */

/* The next word of each command whose name begins with these words. */
static void offer_commands(const struct completing *completing, const struct cli_list *words)
{
    const struct cli_command *command = NULL;
    AUTO_STR(start, 256);
    for (size_t i = 0; i < words->count; i++) {
        str_addf(&start, "%s ", words->items[i]);
    }
    const char *last = "";
    for (size_t i = 0; (command = command_at(completing->cli->setup, i)) != NULL; i++) {
        if (command->is_hidden || strncmp(command->name, start.text, start.length) != 0) {
            continue;
        }
        const char *rest = command->name + start.length;
        size_t length = strcspn(rest, " ");
        char *word = arena_strndup(completing->cli->arena, rest, length);
        if (strcmp(word, last) != 0) {
            offer(completing, word, rest[length] ? "" : command->summary);
        }
        last = word;
    }
}

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    (void)err;
    if (cli->words.count == 0) {
        return true;
    }
    struct err ignored = {0};
    struct cli_list before = {cli->words.items, cli->words.count - 1};
    struct cli_list words = {0};
    struct completing completing = {cli, cli->words.items[before.count]};
    const char *previous = before.count ? before.items[before.count - 1] : "";
    size_t taken = 0;
    command_words(cli->setup, &before, cli->arena, &words);
    const struct cli_command *command =
        words.count ? command_find(cli->setup, &words, &taken, &ignored) : NULL;
    const struct cli_flag *flag = flag_named(command, previous);
    if (flag && flag->kind != CLI_SWITCH) {
        offer_value(&completing, flag);
    } else if (completing.prefix[0] == '-') {
        offer_flags(&completing, command ? command->flags : NULL,
                    command ? command->flag_count : 0);
        offer_flags(&completing, cli_global_flags,
                    command && command->is_role ? 0 : cli_global_flag_count);
    } else {
        offer_commands(&completing, &words);
        offer_names(&completing, command ? command->complete : NULL);
    }
    return true;
}

const struct cli_command command_complete = {
    .name = "__complete",
    .usage = "-- WORD...",
    .summary = "Words that could come next",
    .words_max = SIZE_MAX,
    .is_hidden = true,
    .run = run,
};
