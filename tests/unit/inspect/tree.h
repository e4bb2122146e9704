/* tree: a repository of one file, and one image set in it. */
#pragma once

#include "../testing.h"

#include "inspect/inspect.h"

struct one_file {
    const char *path; /* below clusters/dev */
    struct slice text;
};

/* Set `image` to `tag` (and `digest`, or "") wherever the file has it; `workload` may be NULL. */
void set_in_file(const struct one_file *file, const struct inspect_wish *wish, struct arena *arena,
                 struct inspect_outcome *out);
