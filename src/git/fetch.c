#include <stdio.h>
#include <string.h>

#include "git/mirror.h"

#define FETCH_WALL_MS INT64_C(900000) /* a first fetch of a large repository */
#define SEEN_MAX 64

bool git_update_refs(struct git *git, struct slice lines, struct err *err)
{
    const char *const args[] = {"update-ref", "--stdin", NULL};
    struct git_call call = {.args = args, .input = lines};
    AUTO(proc_result_done) struct proc_result result = {0};
    return git_run_ok(git, &call, &result, err);
}

/* Those without an err, by one connection. */
static bool run_fetch(struct git *git, const struct git_branch *branches, size_t count,
                      struct proc_result *result, struct err *err)
{
    static const char *const head[] = {"fetch",
                                       "--quiet",
                                       "--no-tags",
                                       "--no-write-fetch-head",
                                       "--no-auto-maintenance",
                                       "--force",
                                       "--no-recurse-submodules"};
    AUTO(arena_free) struct arena *arena = arena_new();
    const char **args = arena_alloc(arena, COUNT_OF(head) + count + 4, sizeof(*args));
    size_t used = COUNT_OF(head);
    memcpy(args, head, sizeof(head));
    if (git->wants_everything) {
        args[used++] = "--no-filter";
    }
    args[used++] = "--end-of-options";
    args[used++] = git->options.url;
    for (size_t i = 0; i < count; i++) {
        if (branches[i].err.kind == ERR_NONE) {
            args[used++] = arena_printf(arena, "+" BRANCH_PREFIX "%s:" FETCHED_PREFIX "%s",
                                        branches[i].name, branches[i].name);
        }
    }
    args[used] = NULL;
    struct git_call call = {.args = args, .wall_ms = FETCH_WALL_MS, .reach = GIT_NETWORK};
    return git_run_ok(git, &call, result, err);
}

/* In our own words, not the remote's: a new mirror does not mend the other side. */
static bool said_here(const char *said, const char *words)
{
    static const char theirs[] = "remote: ";
    for (const char *at = strstr(said, words); at; at = strstr(at + 1, words)) {
        const char *line = at;
        while (line > said && line[-1] != '\n') {
            line--;
        }
        if (strncmp(line, theirs, strlen(theirs)) != 0) {
            return true;
        }
    }
    return false;
}

/* A mirror that cannot be fetched into, for a reason that a new one would not have. */
static bool cure_mirror(struct git *git, const struct proc_result *result, bool *out_cured,
                        struct err *err)
{
    static const struct {
        const char *words, *object_format;
    } ills[] = {
        {"client sha1; server sha256", "sha256"},
        {"client sha256; server sha1", "sha1"},
        {"is corrupt", "sha1"},
        {"is empty", "sha1"},
        {"bad object", "sha1"},
        {"unable to read tree", "sha1"},
        {"missing blob", "sha1"},
        {"unresolved deltas", "sha1"},
        {"did not send all necessary objects", "sha1"},
        {"exists; cannot create", "sha1"}, /* a branch "env" was, and "env/prod" is now */
    };
    *out_cured = false;
    for (size_t i = 0; result->errors.text && i < COUNT_OF(ills); i++) {
        if (said_here(result->errors.text, ills[i].words)) {
            *out_cured = true;
            return git_recreate(git, ills[i].object_format, err);
        }
    }
    return true;
}

/* A host that filters may still refuse this filter (uploadpackfilter.allow in git-config(1)). */
static bool refuses_filter(const struct proc_result *result)
{
    const char *at = result->errors.text ? strstr(result->errors.text, "filter '") : NULL;
    return at && strstr(at, "' not supported");
}

/* The same, whole where the remote does not filter, and into a new mirror where this one is broken.
 */
static bool fetch_or_cure(struct git *git, const struct git_branch *branches, size_t count,
                          struct err *err)
{
    AUTO(proc_result_done) struct proc_result first = {0};
    AUTO(proc_result_done) struct proc_result again = {0};
    if (run_fetch(git, branches, count, &first, err)) {
        return true;
    }
    if (!git->wants_everything && refuses_filter(&first)) {
        git->wants_everything = true;
        *err = (struct err){0};
        return run_fetch(git, branches, count, &again, err);
    }
    struct err other = {0};
    bool cured = false;
    if (!cure_mirror(git, &first, &cured, &other)) {
        *err = other;
        return err_wrap(err, "begin the mirror again");
    }
    return cured && run_fetch(git, branches, count, &again, err);
}

bool git_fetch_tip(struct git *git, const char *branch, char out[static GIT_OID_BYTES],
                   struct err *err)
{
    const struct git_branch one = {.name = branch};
    char ref[REF_BYTES];
    snprintf(ref, sizeof(ref), FETCHED_PREFIX "%s", branch);
    return (fetch_or_cure(git, &one, 1, err) || err_wrap(err, "fetch %.100s", branch)) &&
           git_ref(git, ref, out, err);
}

static size_t count_left(const struct git_branch *branches, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        left += branches[i].err.kind == ERR_NONE;
    }
    return left;
}

/* git fetches all or nothing, and names the first that is missing: then it is asked which are
   there. */
static bool fetch_tips(struct git *git, struct git_branch *branches, size_t count, struct err *err)
{
    if (fetch_or_cure(git, branches, count, err)) {
        return true;
    }
    if (err->kind != ERR_NOT_FOUND || count == 1) {
        return err_wrap(err, "fetch %.100s", branches[0].name);
    }
    struct err first = *err;
    *err = (struct err){0};
    if (!git_note_missing(git, branches, count, err)) {
        return err_wrap(err, "fetch %.100s", branches[0].name);
    }
    size_t left = count_left(branches, count);
    if (left == 0 || left == count) {
        *err = first;
        return err_wrap(err, "fetch %.100s", branches[0].name);
    }
    return fetch_or_cure(git, branches, count, err) ||
           err_wrap(err, "fetch %.100s", branches[0].name);
}

/* Let the mirror's branch follow what was fetched. */
static bool take_tip(struct git *git, struct git_branch *branch, struct err *err)
{
    char fetched_ref[REF_BYTES];
    char ref[REF_BYTES];
    char old_tip[GIT_OID_BYTES];
    bool descends = true;
    snprintf(fetched_ref, sizeof(fetched_ref), FETCHED_PREFIX "%s", branch->name);
    snprintf(ref, sizeof(ref), BRANCH_PREFIX "%s", branch->name);
    if (!git_ref(git, fetched_ref, branch->head, err) || !git_ref(git, ref, old_tip, err)) {
        return false;
    }
    if (!branch->head[0]) {
        return err_set(err, ERR_NOT_FOUND, "the branch \"%.100s\" has no commit", branch->name);
    }
    if (strcmp(old_tip, branch->head) == 0) {
        return true;
    }
    if (old_tip[0] && !git_contains(git, branch->head, old_tip, &descends, err)) {
        return false;
    }
    branch->is_rewritten = !descends;
    AUTO_STR(lines, 4096);
    str_addf(&lines, "update %s %s\n", ref, branch->head);
    if (!descends) {
        str_addf(&lines, "update " SEEN_PREFIX "%s %s\n", old_tip, old_tip);
    }
    return git_update_refs(git, str_slice(&lines), err);
}

bool git_fetch_branches(struct git *git, struct git_branch *branches, size_t count, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        branches[i] = (struct git_branch){.name = branches[i].name};
    }
    if (count == 0) {
        return true;
    }
    if (!fetch_tips(git, branches, count, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct git_branch *branch = &branches[i];
        struct err ignored = {0};
        if (branch->err.kind == ERR_NONE && !take_tip(git, branch, &branch->err)) {
            branch->head[0] = '\0';
        }
        if (branch->err.kind != ERR_NONE && !git_head(git, branch->name, branch->head, &ignored)) {
            branch->head[0] = '\0';
        }
    }
    git_gather_packs(git);
    return true;
}

bool git_fetch(struct git *git, char out_head[static GIT_OID_BYTES], bool *out_rewritten,
               struct err *err)
{
    struct git_branch branch = {.name = git->options.branch};
    *out_rewritten = false;
    if (!git_fetch_branches(git, &branch, 1, err)) {
        return false;
    }
    if (branch.err.kind != ERR_NONE) {
        *err = branch.err;
        return false;
    }
    *out_rewritten = branch.is_rewritten;
    memcpy(out_head, branch.head, GIT_OID_BYTES);
    return true;
}

/* Histories that were rewritten away are kept for people to look at, but not without end. */
static bool forget_old_seen(struct git *git, struct err *err)
{
    const char *const args[] = {"for-each-ref", "--sort=-committerdate",
                                "--format=delete %(refname)", SEEN_PREFIX, NULL};
    struct git_call call = {.args = args};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git_run_ok(git, &call, &result, err)) {
        return false;
    }
    const char *at = result.output.text;
    for (int kept = 0; kept < SEEN_MAX && *at; kept++) {
        size_t length = strcspn(at, "\n");
        at += length + (at[length] == '\n');
    }
    return !*at || git_update_refs(git, slice_of(at), err);
}

bool git_maintain(struct git *git, struct err *err)
{
    if (!forget_old_seen(git, err)) {
        return err_wrap(err, "maintain the mirror");
    }
    /* Commits that wait for their push hang on no ref; two weeks are more than any push waits. */
    const char *const args[] = {"gc", "--quiet", "--prune=2.weeks.ago", NULL};
    struct git_call call = {.args = args, .wall_ms = GIT_MAINTAIN_WALL_MS, .reach = GIT_PROMISED};
    AUTO(proc_result_done) struct proc_result result = {0};
    bool done = git_run_ok(git, &call, &result, err);
    git_forget_objects(git);
    return done || err_wrap(err, "maintain the mirror");
}
