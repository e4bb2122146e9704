/* amounts: CPU and memory of the API's answers, as people read them.  Private to cli. */
#pragma once

#include "cli/command.h"

/* Of {"cpuMilli", "memoryBytes"}; both live in the arena, "-" for an amount that is missing. */
const char *cpu_of(struct cli *cli, const json_t *amounts);
const char *memory_of(struct cli *cli, const json_t *amounts);
/* "0.25 CPU, 64 MiB" */
const char *amounts_of(struct cli *cli, const json_t *amounts);
