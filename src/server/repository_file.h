/* repository_file: further config repositories, as the file of --repositories names them. */
#pragma once

#include "base/arena.h"
#include "forge/forge.h"
#include "git/git.h"

/* Enough for a pipeline of as many stages; each costs a fetch at every look at Git. */
#define REPOSITORIES_MAX 64U

struct repository_setting {
    const char *name;
    struct git_options git;     /* url, branch and credentials */
    struct forge_options forge; /* all NULL: no Git host is asked */
    struct forge_app app;       /* who gets what is missing of them; no id: nobody */
};
/* A mapping from names to settings, which are called as the server's own flags are.  In the arena.
   ERR_INVALID says where the file is wrong. */
bool repository_file_read(const char *path, struct arena *arena, struct repository_setting **out,
                          size_t *out_count, struct err *err) MUST_CHECK;
