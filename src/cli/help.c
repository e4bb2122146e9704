/* heddle help: the commands, one command, and topics. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/width.h"

#define HELP_COLUMNS 100
#define FLAG_COLUMNS 30
#define COMMAND_COLUMNS 20
#define TEXT_COLUMNS_MIN 30

void help_first(struct screen *screen)
{
    screen_raw(
        screen,
        "heddle promotes workloads from stage to stage, by commits to Git.\n"
        "\n"
        "  heddle get board                        which version is where\n"
        "  heddle why cart -s prod                 why it is as it is, and what to do\n"
        "  heddle promote cart --to prod           see the diff, agree, watch\n"
        "  heddle approve R-7                      let a release go on\n"
        "  heddle rollback cart -s prod -m \"…\"     the version before, at once\n"
        "\n"
        "New here? `heddle demo` shows it all in a minute. `heddle help` lists every command.\n");
}

/* A name on the left and its text beside it, wrapped. */
static void row(struct screen *screen, const char *left, const char *text, size_t columns)
{
    size_t width = screen_width(screen);
    width = width && width < HELP_COLUMNS ? width : HELP_COLUMNS;
    size_t room = width > columns + TEXT_COLUMNS_MIN ? width - columns : TEXT_COLUMNS_MIN;
    size_t used = width_of(left);
    fputs(left, screen->file);
    if (used + 1 > columns) {
        fputc('\n', screen->file);
        used = 0;
    }
    do {
        size_t length = width_break(text, room);
        fprintf(screen->file, "%*s%.*s\n", (int)(columns - used), "", (int)length, text);
        text += length;
        text += strspn(text, " ");
        used = 0;
    } while (*text);
}

static void help_flags(struct screen *screen, const char *title, const struct cli_flag *flags,
                       size_t count)
{
    if (count == 0) {
        return;
    }
    screen_raw(screen, "\n");
    screen_line(screen, STYLE_BOLD, "%s", title);
    for (size_t i = 0; i < count; i++) {
        AUTO_STR(left, 256);
        AUTO_STR(text, 1024);
        str_addf(&left, flags[i].letter ? "  -%c, " : "      ", flags[i].letter);
        str_addf(&left, "--%s%s%s", flags[i].name, flags[i].placeholder ? " " : "",
                 flags[i].placeholder ? flags[i].placeholder : "");
        str_add(&text, flags[i].help);
        if (flags[i].fallback) {
            str_addf(&text, " (default: %s)", flags[i].fallback);
        }
        row(screen, left.text, text.text, FLAG_COLUMNS);
    }
}

/* Lines of our own, indented. */
static void indented(struct screen *screen, const char *lines)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");
        fprintf(screen->file, "%s%.*s\n", length ? "  " : "", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
}

void help_command(struct screen *screen, const struct cli_command *command)
{
    if (command->examples) {
        indented(screen, command->examples);
        screen_raw(screen, "\n");
    }
    screen_line(screen, STYLE_PLAIN, "%s.", command->summary);
    if (command->text) {
        screen_raw(screen, command->text);
    }
    screen_raw(screen, "\n");
    screen_line(screen, STYLE_PLAIN, "Usage: heddle %s%s%s", command->name,
                command->usage[0] ? " " : "", command->usage);
    help_flags(screen, "Flags", command->flags, command->flag_count);
    if (!command->is_role) {
        help_flags(screen, "Flags of every command", cli_global_flags, cli_global_flag_count);
    }
    screen_raw(screen, "\nA flag --some-name is also the variable HEDDLE_SOME_NAME.\n");
}

static void help_all(struct cli *cli)
{
    const struct cli_command *command = NULL;
    for (size_t i = 0; (command = command_at(cli->setup, i)) != NULL; i++) {
        if (!command->is_hidden) {
            char left[64];
            snprintf(left, sizeof(left), "  %s", command->name);
            row(&cli->out, left, command->summary, COMMAND_COLUMNS + 2);
        }
    }
    screen_raw(&cli->out,
               "\n`heddle help COMMAND` tells more, and so do `heddle help exit-codes` and "
               "`heddle help output`.\n");
}

static const char exit_codes[] = "  0    what was asked for is done, or accepted with --no-wait\n"
                                 "  1    it failed or is stuck; `diff`: there are differences\n"
                                 "  2    wrong usage; `diff`: an error\n"
                                 "  3    --timeout passed; the release goes on\n"
                                 "  4    not signed in, or not allowed\n"
                                 "  5    not found\n"
                                 "  6    refused: a hold, a gate, or the plan has changed\n"
                                 "  7    it waits for a person, and --wait committed does not\n"
                                 "  8    it ended by rolling back\n"
                                 "  9    the server cannot be reached\n"
                                 "  130  interrupted; the release goes on\n";

static const char output_text[] =
    "Data goes to standard output, everything else to standard error.\n"
    "\n"
    "  -o table   for people; fits the terminal (the default)\n"
    "  -o wide    more columns\n"
    "  -o json    the API's answer as it is; fields are only added within version 1\n"
    "  -o name    one name per line: release/R-7, workload/cart\n"
    "\n"
    "With -o json, errors are {\"error\": {\"code\", \"message\"}} on standard error. A release "
    "that is\n"
    "followed is drawn in place on a terminal, and is one line per change elsewhere. Colour is "
    "only\n"
    "for terminals; NO_COLOR, TERM=dumb and --color never switch it off. COLUMNS limits the width "
    "of\n"
    "tables that do not go to a terminal.\n";

static const struct {
    const char *name, *text;
} topics[] = {{"exit-codes", exit_codes}, {"output", output_text}};

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    if (cli->words.count == 0) {
        help_all(cli);
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(topics); i++) {
        if (strcmp(topics[i].name, cli->words.items[0]) == 0) {
            screen_raw(&cli->out, topics[i].text);
            return true;
        }
    }
    size_t taken = 0;
    const struct cli_command *command = command_find(cli->setup, &cli->words, &taken, err);
    if (command) {
        help_command(&cli->out, command);
    }
    return command != NULL;
}

const struct cli_command command_help = {
    .name = "help",
    .usage = "[COMMAND | exit-codes | output]",
    .summary = "This help",
    .examples = "heddle help promote\n"
                "heddle help exit-codes\n",
    .words_max = COMMAND_WORDS_MAX,
    .run = run,
};
