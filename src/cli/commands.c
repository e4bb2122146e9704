/* The table of commands, and finding the one that was meant. */
#include "cli/commands.h"

#include <string.h>

#include "base/escape.h"
#include "cli/command.h"

const struct cli_command *const cli_commands[] = {
    &command_complete,
    &command_approve,
    &command_check,
    &command_cluster_add,
    &command_completion,
    &command_describe_cluster,
    &command_describe,
    &command_diff,
    &command_doctor,
    &command_get_board,
    &command_get_chart_versions,
    &command_get_clusters,
    &command_get_holds,
    &command_get_releases,
    &command_get_versions,
    &command_help,
    &command_history,
    &command_hold,
    &command_login,
    &command_logout,
    &command_promote,
    &command_reject,
    &command_resume,
    &command_retry,
    &command_rollback,
    &command_scan,
    &command_schema,
    &command_set_image,
    &command_stop,
    &command_sync,
    &command_token_create,
    &command_token_list,
    &command_token_revoke,
    &command_version,
    &command_watch,
    &command_whoami,
    &command_why,
};
const size_t cli_command_count = COUNT_OF(cli_commands);

#define COMMANDS_MAX 128

const struct cli_command *command_at(const struct cli_setup *setup, size_t index)
{
    if (index < cli_command_count) {
        return cli_commands[index];
    }
    index -= cli_command_count;
    return index < setup->role_count ? &setup->roles[index] : NULL;
}

/* How many of the words are the command's name; 0: it is another command. */
static size_t words_of_name(const char *name, const struct cli_list *words)
{
    size_t taken = 0;
    while (*name) {
        size_t length = strcspn(name, " ");
        if (taken == words->count ||
            !slice_equals((struct slice){name, length}, words->items[taken])) {
            return 0;
        }
        taken++;
        name += length + (name[length] == ' ');
    }
    return taken;
}

/* Names to choose the nearest from: first words, or second words behind `first`. */
static size_t candidates(const struct cli_setup *setup, const char *first, struct arena *arena,
                         const char **out)
{
    size_t count = 0;
    const struct cli_command *command = NULL;
    for (size_t i = 0; (command = command_at(setup, i)) != NULL && count < COMMANDS_MAX; i++) {
        size_t length = strcspn(command->name, " ");
        struct slice head = {command->name, length};
        if (!first && !command->is_hidden) {
            out[count++] = arena_strndup(arena, command->name, length);
        } else if (first && slice_equals(head, first) && command->name[length]) {
            out[count++] = command->name + length + 1;
        }
    }
    return count;
}

static bool unknown(const struct cli_setup *setup, const struct cli_list *words, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    const char *names[COMMANDS_MAX];
    const char *first = words->items[0];
    size_t count = candidates(setup, first, arena, names);
    if (count > 0) {
        AUTO_STR(list, 256);
        for (size_t i = 0; i < count; i++) {
            str_addf(&list, "%s%s", i ? ", " : "", names[i]);
        }
        const char *near = words->count > 1 ? text_nearest(words->items[1], names, count) : NULL;
        return near ? err_set(err, ERR_INVALID, "there is no \"%s %.60s\"; did you mean \"%s %s\"?",
                              first, words->items[1], first, near)
                    : err_set(err, ERR_INVALID, "%s what? It knows %s", first, list.text);
    }
    const char *near = text_nearest(first, names, candidates(setup, NULL, arena, names));
    return err_set(err, ERR_INVALID, "there is no command \"%.60s\"; %s%s%s", first,
                   near ? "did you mean \"" : "`heddle help` lists them", near ? near : "",
                   near ? "\"?" : "");
}

const struct cli_command *command_find(const struct cli_setup *setup, const struct cli_list *words,
                                       size_t *out_taken, struct err *err)
{
    const struct cli_command *best = NULL;
    const struct cli_command *command = NULL;
    *out_taken = 0;
    for (size_t i = 0; (command = command_at(setup, i)) != NULL; i++) {
        size_t taken = words_of_name(command->name, words);
        if (taken > *out_taken) {
            best = command;
            *out_taken = taken;
        }
    }
    if (!best) {
        unknown(setup, words, err);
    }
    return best;
}

/* ---- words before the command is known ---- */

/* Does this flag, of whichever command, take the next argument?  Flags of one name agree. */
static bool takes_value(const struct cli_flag *flags, size_t count, const char *argument)
{
    bool is_long = argument[1] == '-';
    for (size_t i = 0; i < count; i++) {
        bool is_it = is_long ? strcmp(argument + 2, flags[i].name) == 0
                             : flags[i].letter == argument[1] && argument[2] == '\0';
        if (is_it && flags[i].kind != CLI_SWITCH) {
            return true;
        }
    }
    return false;
}

static bool any_takes_value(const struct cli_setup *setup, const char *argument)
{
    const struct cli_command *command = NULL;
    bool takes = takes_value(cli_global_flags, cli_global_flag_count, argument);
    for (size_t i = 0; !takes && (command = command_at(setup, i)) != NULL; i++) {
        takes = takes_value(command->flags, command->flag_count, argument);
    }
    return takes;
}

void command_words(const struct cli_setup *setup, const struct cli_list *arguments,
                   struct arena *arena, struct cli_list *out_words)
{
    *out_words = (struct cli_list){arena_alloc(arena, arguments->count, sizeof(char *)), 0};
    for (size_t i = 0; i < arguments->count; i++) {
        const char *argument = arguments->items[i];
        if (strcmp(argument, "--") == 0) {
            return;
        }
        if (argument[0] != '-' || argument[1] == '\0') {
            out_words->items[out_words->count++] = argument;
        } else if (any_takes_value(setup, argument)) {
            i++;
        }
    }
}
