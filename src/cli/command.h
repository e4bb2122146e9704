/* command: what every command is given.  Private to cli. */
#pragma once

#include "base/json.h"
#include "cli/cli.h"
#include "cli/screen.h"

enum output { OUTPUT_TABLE, OUTPUT_WIDE, OUTPUT_JSON, OUTPUT_NAME };

/* Flags of every command that asks a server. */
struct cli_globals {
    const char *server, *token_file, *ca_file;
    const char *output, *color;
};
extern const struct cli_flag cli_global_flags[];
extern const size_t cli_global_flag_count;

struct remote;

#define EXIT_FAILED 1
#define EXIT_REFUSED 6
#define EXIT_WAITS_FOR_PERSON 7
#define EXIT_ROLLED_BACK 8
#define EXIT_INTERRUPTED 130

struct cli {
    struct arena *arena; /* lives as long as the command */
    const struct env *env;
    struct cli_globals globals;
    enum output output;
    struct cli_list words; /* behind the command's name */
    struct screen out;     /* data */
    struct screen talk;    /* everything else */
    int exit_code;         /* of a command that did not fail */
    int error_code_min;    /* `diff` says 1 for differences, so its errors are 2 or more */
    struct remote *remote; /* made by the first call */
    const struct cli_setup *setup;
};

/* Progress and pages are data for people; with -o json or name they move out of the data's way. */
static inline struct screen *cli_page(struct cli *cli)
{
    return cli->output == OUTPUT_TABLE || cli->output == OUTPUT_WIDE ? &cli->out : &cli->talk;
}

/* Can a question be asked? */
bool cli_can_ask(const struct cli *cli);

/* ---- the tables ---- */

extern const struct cli_command *const cli_commands[]; /* sorted by name */
extern const size_t cli_command_count;

#define COMMAND_WORDS_MAX 2
/* The command that the first words name, and how many of them it took.  ERR_INVALID says what was
   probably meant. */
const struct cli_command *command_find(const struct cli_setup *setup, const struct cli_list *words,
                                       size_t *out_taken, struct err *err) MUST_CHECK;
/* The words among arguments whose command is not known yet. */
void command_words(const struct cli_setup *setup, const struct cli_list *arguments,
                   struct arena *arena, struct cli_list *out_words);
/* All commands, ours and the roles: NULL behind the last. */
const struct cli_command *command_at(const struct cli_setup *setup, size_t index);

void help_command(struct screen *screen, const struct cli_command *command);
void help_first(struct screen *screen);

/* ---- words that commands share ---- */

/* "R-7" or "7" → 7; 0 when it is neither. */
int64_t release_number(const char *word);
bool release_word(const char *word, int64_t *out_id, struct err *err) MUST_CHECK;
