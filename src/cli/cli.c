/* From arguments to a command, and from an error to an exit code. */
#include "cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/remote.h"

const struct cli_flag cli_global_flags[] = {
    {"server", 0, CLI_TEXT, offsetof(struct cli_globals, server), "URL",
     "the server; else the one that `heddle login` stored, else http://127.0.0.1:8080"},
    {"token-file", 0, CLI_TEXT, offsetof(struct cli_globals, token_file), "FILE",
     "a file with the token; else the one that `heddle login` stored for this server"},
    {"ca-file", 0, CLI_TEXT, offsetof(struct cli_globals, ca_file), "FILE",
     "certificates (PEM) to trust instead of the system's"},
    {"output", 'o', CLI_TEXT, offsetof(struct cli_globals, output), "FORMAT",
     "table, wide, json or name", "table", "table|wide|json|name"},
    {"color", 0, CLI_TEXT, offsetof(struct cli_globals, color), "WHEN",
     "auto, always or never; NO_COLOR counts too", "auto", "auto|always|never"},
};
const size_t cli_global_flag_count = COUNT_OF(cli_global_flags);

bool cli_can_ask(const struct cli *cli)
{
    return isatty(STDIN_FILENO) == 1 && cli->talk.is_terminal;
}

bool cli_write(struct cli *cli, const char *text, struct err *err)
{
    screen_raw(&cli->out, text);
    return fflush(cli->out.file) == 0 ||
           err_set(err, ERR_INTERNAL, "cannot write to standard output");
}

int64_t release_number(const char *word)
{
    const char *digits = (word[0] == 'R' || word[0] == 'r') && word[1] == '-' ? word + 2 : word;
    size_t length = strspn(digits, "0123456789");
    return length > 0 && length <= 18 && digits[length] == '\0' ? strtoll(digits, NULL, 10) : 0;
}

bool release_word(const char *word, int64_t *out_id, struct err *err)
{
    *out_id = release_number(word);
    return *out_id > 0 || err_set(err, ERR_INVALID,
                                  "\"%.60s\" is not a release; write R-7, say. `heddle get "
                                  "releases` lists them",
                                  word);
}

/* ---- one run ---- */

static enum output output_of(const char *name)
{
    static const char *const names[] = {"table", "wide", "json", "name"};
    for (size_t i = 0; name && i < COUNT_OF(names); i++) {
        if (strcmp(names[i], name) == 0) {
            return (enum output)i;
        }
    }
    return OUTPUT_TABLE;
}

static enum colour_choice colour_of(const char *name)
{
    return !name || strcmp(name, "auto") == 0 ? COLOUR_AUTO
           : strcmp(name, "always") == 0      ? COLOUR_ALWAYS
                                              : COLOUR_NEVER;
}

static bool check_words(const struct cli *cli, const struct cli_command *command, struct err *err)
{
    if (cli->words.count < command->words_min) {
        return err_set(err, ERR_INVALID, "%s needs more: heddle %s %s", command->name,
                       command->name, command->usage);
    }
    if (cli->words.count > command->words_max) {
        return err_set(err, ERR_INVALID, "\"%.60s\" is one word too many: heddle %s %s",
                       cli->words.items[command->words_max], command->name, command->usage);
    }
    return true;
}

static bool run_command(struct cli *cli, const struct cli_command *command,
                        struct cli_list arguments, size_t taken, struct err *err)
{
    void *options = arena_alloc(cli->arena, command->options_bytes + 1, 1);
    struct cli_flags sets[] = {
        {command->flags, command->flag_count, options},
        {cli_global_flags, cli_global_flag_count, &cli->globals},
    };
    bool parsed = cli_parse(sets, command->is_role ? 1 : COUNT_OF(sets), arguments, cli->arena,
                            &cli->words, err);
    cli->output = output_of(cli->globals.output);
    screen_set_colour(&cli->out, colour_of(cli->globals.color));
    screen_set_colour(&cli->talk, colour_of(cli->globals.color));
    if (!parsed) {
        return err_wrap(err, "%s", command->name);
    }
    cli->words.items += taken;
    cli->words.count -= taken;
    return check_words(cli, command, err) && command->run(cli, options, err);
}

static bool wants_help(const struct cli_list *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const char *argument = arguments->items[i];
        if (strcmp(argument, "--") == 0) {
            return false;
        }
        if (strcmp(argument, "-h") == 0 || strcmp(argument, "--help") == 0) {
            return true;
        }
    }
    return false;
}

static bool dispatch(struct cli *cli, struct cli_list arguments, struct err *err)
{
    struct cli_list words = {0};
    size_t taken = 0;
    if (arguments.count == 1 && strcmp(arguments.items[0], "--version") == 0) {
        arguments.items[0] = "version";
    }
    command_words(cli->setup, &arguments, cli->arena, &words);
    if (words.count == 0) {
        help_first(&cli->out);
        return arguments.count == 0 || wants_help(&arguments) ||
               err_set(err, ERR_INVALID, "which command? `heddle help` lists them");
    }
    const struct cli_command *command = command_find(cli->setup, &words, &taken, err);
    if (!command) {
        return false;
    }
    if (wants_help(&arguments)) {
        help_command(&cli->out, command);
        return true;
    }
    return run_command(cli, command, arguments, taken, err);
}

static void print_error(struct cli *cli, const struct err *err)
{
    if (cli->output == OUTPUT_JSON) {
        json_t *error = json_object();
        json_put_text(error, "code", err_name(err->kind));
        json_put(error, "message", json_text_safe(err->text, strlen(err->text)));
        AUTO_JSON *body = json_object();
        json_put(body, "error", error);
        screen_json(&cli->talk, body);
        return;
    }
    screen_wrap(&cli->talk, 0, "heddle: %s", err->text);
}

static int exit_code(const struct cli *cli, const struct err *err)
{
    int code = err->kind == ERR_NONE ? cli->exit_code : err_exit_code(err->kind);
    return err->kind != ERR_NONE && code < cli->error_code_min ? cli->error_code_min : code;
}

int cli_main(const struct cli_setup *setup, int argc, char *const *argv)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    struct cli cli = {.arena = arena, .env = setup->env, .setup = setup};
    struct err err = {0};
    struct cli_list arguments = {arena_alloc(arena, (size_t)argc + 1, sizeof(char *)), 0};
    for (int i = 1; i < argc; i++) {
        arguments.items[arguments.count++] = argv[i];
    }
    /* A reader that goes away (`| head`) shows as a failed write. */
    signal(SIGPIPE, SIG_IGN);
    /* Data and talk keep their order when both go to one place. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    screen_init(&cli.out, stdout);
    screen_init(&cli.talk, stderr);
    if (!dispatch(&cli, arguments, &err)) {
        fflush(cli.out.file);
        print_error(&cli, &err);
    }
    remote_free(&cli.remote);
    fflush(cli.out.file);
    return exit_code(&cli, &err);
}
