/* release_list: lists of releases, for `get releases` and `history`.  Private to cli. */
#pragma once

#include "cli/command.h"

struct release_filter {
    const char *stage, *workload, *kind, *actor, *state, *text;
    int64_t since_ms; /* only those of the last so many milliseconds; 0: all */
    int64_t limit;
};

/* All pages up to the limit, as {"items": […]}. */
bool release_list_get(struct cli *cli, const struct release_filter *filter, json_t **out,
                      struct err *err) MUST_CHECK;
/* What goes on now, and what went on with its reasons. */
void release_list_show(struct cli *cli, const json_t *body);
void release_history_show(struct cli *cli, const json_t *body);
