/* heddle schema: the JSON Schema of heddle.yaml; it needs no server. */
#include "cli/command.h"
#include "cli/commands.h"
#include "configrepo/configrepo.h"

static bool run(struct cli *cli, const void *options, struct err *err)
{
    (void)options;
    (void)err;
    screen_raw(&cli->out, configrepo_pipeline_schema);
    return true;
}

const struct cli_command command_schema = {
    .name = "schema",
    .usage = "",
    .summary = "The JSON Schema of heddle.yaml",
    .text = "Editors complete and check the file with it.  For those that use the YAML language\n"
            "server, write it beside the file and name it in the first line:\n"
            "\n"
            "  # yaml-language-server: $schema=heddle.schema.json\n",
    .examples = "heddle schema > heddle.schema.json\n",
    .run = run,
};
