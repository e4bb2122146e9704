#include "cli/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "configrepo/configrepo.h"

static bool is_url(const char *name)
{
    return strstr(name, "://") || strncmp(name, "git@", 4) == 0;
}

static bool fetch(struct cli *cli, const char *url, const char *branch, struct source *out,
                  struct err *err)
{
    const char *parent = getenv("TMPDIR");
    char *folder = arena_printf(cli->arena, "%s/heddle-scan-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(folder)) {
        return err_set(err, ERR_UNAVAILABLE, "cannot make the folder %s", folder);
    }
    out->mirror = xstrdup(folder);
    struct git_options options = {
        .folder = arena_printf(cli->arena, "%s/mirror.git", folder),
        .url = url,
        .branch = branch,
    };
    char head[GIT_OID_BYTES];
    bool is_rewritten = false;
    if (!git_open(&options, &out->git, err) || !git_fetch(out->git, head, &is_rewritten, err)) {
        return false;
    }
    out->tree = configrepo_tree(out->git, arena_strdup(cli->arena, head), cli->arena);
    return true;
}

bool source_open(struct cli *cli, const char *name, const char *branch, struct source *out,
                 struct err *err)
{
    if (is_url(name)) {
        return fetch(cli, name, branch, out, err);
    }
    out->folder = name;
    return inspect_folder(name, cli->arena, &out->tree, err);
}

void source_close(struct source *source)
{
    struct err ignored = {0};
    git_close(&source->git);
    /* What cannot be removed stays in the folder for temporary things. */
    if (source->mirror && file_remove_tree(source->mirror, &ignored)) {
        xfree(&source->mirror);
    }
    xfree(&source->mirror);
}
