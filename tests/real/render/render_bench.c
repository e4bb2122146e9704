/* How long the agent's look takes without its fetch: render_bench MIRROR URL BRANCH PATH.  Renders
   the tip of the branch, and again for each line of standard input; a line of JSON for each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "configrepo/configrepo.h"
#include "render/render.h"

#define STATUS_BYTES_MAX 65536

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* The most memory that this process ever had, in KiB. */
static long peak_kib(void)
{
    AUTO_STR(status, STATUS_BYTES_MAX);
    struct err err = {0};
    if (!file_read("/proc/self/status", &status, &err)) {
        return 0;
    }
    const char *line = strstr(status.text, "VmHWM:");
    return line ? strtol(line + strlen("VmHWM:"), NULL, 10) : 0;
}

static bool render_tip(struct git *git, struct render_cache *cache, const char *path,
                       struct err *err)
{
    char head[GIT_OID_BYTES];
    bool is_rewritten = false;
    if (!git_fetch(git, head, &is_rewritten, err)) {
        return false;
    }
    AUTO(render_result_done) struct render_result result = {0};
    AUTO(arena_free) struct arena *arena = arena_new();
    double began = now_ms();
    struct manifest_tree tree = configrepo_tree(git, head, arena);
    if (!render_target(cache, &tree, path, &result, err)) {
        return false;
    }
    double took = now_ms() - began;
    if (result.problems) {
        return err_set(err, ERR_INVALID, "%s: %s", result.problems->file, result.problems->text);
    }
    printf("{\"ms\": %.3f, \"objects\": %zu, \"read\": %zu, \"peak_kib\": %ld}\n", took,
           result.count, result.files_read, peak_kib());
    fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    struct err err = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: render_bench MIRROR URL BRANCH PATH\n");
        return 2;
    }
    const struct git_options options = {.folder = argv[1], .url = argv[2], .branch = argv[3]};
    struct git *git = NULL;
    struct render_cache *cache = render_cache_new();
    bool done = git_open(&options, &git, &err) && render_tip(git, cache, argv[4], &err);
    while (done && getchar() != EOF) {
        done = render_tip(git, cache, argv[4], &err);
    }
    if (!done) {
        fprintf(stderr, "%s\n", err.text);
    }
    render_cache_free(&cache);
    git_close(&git);
    return done ? 0 : 1;
}
