/* listing: a list of the API as a table, as names or as JSON.  Private to cli. */
#pragma once

#include "cli/command.h"
#include "cli/table.h"

struct column {
    const char *head;
    bool is_wide; /* only with -o wide */
    void (*cell)(struct cli *cli, struct table *table, const json_t *item);
};

struct listing {
    const char *kind;     /* of -o name: "release/R-7" */
    const char *name_key; /* the field with the name */
    const char *empty;    /* said when there is nothing */
    const struct column *columns;
    size_t column_count;
};

/* `body` is what -o json prints; `items` is the list in it. */
void listing_show(struct cli *cli, const struct listing *listing, const json_t *body,
                  const json_t *items);

/* Add "?key=value" or "&key=value" to a path; NULL adds nothing. */
void query_add(struct str *path, const char *key, const char *value);
