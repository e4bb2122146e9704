/* impact: what a plan does beside its versions, as people read it.  Private to cli. */
#pragma once

#include "cli/command.h"

/* One line for each target: what is asked for now, then and between, and whether it fits. */
void show_impact(struct cli *cli, struct screen *screen, const json_t *plan, size_t indent);
/* Settings that no promotion carries; at most `max` of them, and how many more there are. */
void show_stays(struct screen *screen, const json_t *plan, size_t indent, size_t max);
