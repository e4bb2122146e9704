#include "cli/amounts.h"

#include "model/resources.h"

const char *cpu_of(struct cli *cli, const json_t *amounts)
{
    AUTO_STR(text, 64);
    cpu_text(json_int_at(amounts, "cpuMilli", 0), &text);
    return amounts ? arena_strdup(cli->arena, text.text) : "-";
}

const char *memory_of(struct cli *cli, const json_t *amounts)
{
    AUTO_STR(text, 64);
    memory_text(json_int_at(amounts, "memoryBytes", 0), &text);
    return amounts ? arena_strdup(cli->arena, text.text) : "-";
}

const char *amounts_of(struct cli *cli, const json_t *amounts)
{
    return amounts
               ? arena_printf(cli->arena, "%s, %s", cpu_of(cli, amounts), memory_of(cli, amounts))
               : "-";
}
