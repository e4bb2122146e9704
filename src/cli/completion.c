/* heddle completion: what a shell needs to complete heddle's words. */
#include <string.h>

#include "cli/command.h"
#include "cli/commands.h"

static const char bash_script[] =
    "# heddle completion bash: put `source <(heddle completion bash)` into ~/.bashrc\n"
    "_heddle() {\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY=($(heddle __complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null | cut "
    "-f1))\n"
    "}\n"
    "complete -o default -F _heddle heddle\n";

static const char zsh_script[] =
    "#compdef heddle\n"
    "# heddle completion zsh: put `source <(heddle completion zsh)` into ~/.zshrc\n"
    "_heddle() {\n"
    "    local line\n"
    "    local -a items\n"
    "    for line in \"${(@f)$(heddle __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\"; "
    "do\n"
    "        [[ -n $line ]] && items+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
    "    done\n"
    "    _describe heddle items\n"
    "}\n"
    "compdef _heddle heddle\n";

static const char fish_script[] =
    "# heddle completion fish: put it into ~/.config/fish/completions/heddle.fish\n"
    "complete -c heddle -f -a '(heddle __complete -- (commandline -opc)[2..-1] (commandline "
    "-ct))'\n";

static const struct {
    const char *shell, *script;
} scripts[] = {{"bash", bash_script}, {"fish", fish_script}, {"zsh", zsh_script}};

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        if (strcmp(scripts[i].shell, cli->words.items[0]) == 0) {
            screen_raw(&cli->out, scripts[i].script);
            return true;
        }
    }
    return err_set(err, ERR_INVALID, "\"%.40s\" is not a shell it knows: bash, zsh or fish",
                   cli->words.items[0]);
}

const struct cli_command command_completion = {
    .name = "completion",
    .usage = "bash|zsh|fish",
    .summary = "A script that completes commands, flags and names",
    .examples = "source <(heddle completion bash)\n",
    .words_min = 1,
    .words_max = 1,
    .run = run,
};
