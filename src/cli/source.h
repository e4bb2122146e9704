/* source: the config repository that an offline command looks at.  Private to cli. */
#pragma once

#include "cli/command.h"
#include "inspect/inspect.h"

struct source {
    struct manifest_tree tree;
    const char *folder; /* NULL: it is a URL */
    struct git *git;
    char *mirror; /* a temporary folder, or NULL */
};

/* A folder, or a repository's URL, of which the branch is fetched. */
bool source_open(struct cli *cli, const char *name, const char *branch, struct source *out,
                 struct err *err) MUST_CHECK;
void source_close(struct source *source);
