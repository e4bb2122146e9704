/* Branches of our own in the remote, beside those that are watched. */
#include <stdio.h>
#include <string.h>

#include "git/mirror.h"

#define ASK_WALL_MS INT64_C(60000)

/* The tip of a ref among what ls-remote printed, "<oid>\t<ref>" a line; "" when it is not there.  A
   pattern also fits refs that only end like ours. */
static void find_tip(const char *line, const char *ref, char out[static GIT_OID_BYTES])
{
    out[0] = '\0';
    while (line && *line) {
        size_t length = strcspn(line, "\n");
        size_t oid = strspn(line, "0123456789abcdef");
        struct slice name = {line + oid + 1, length > oid ? length - oid - 1 : 0};
        if (oid < GIT_OID_BYTES && line[oid] == '\t' && slice_equals(name, ref)) {
            memcpy(out, line, oid);
            out[oid] = '\0';
        }
        line += length + (line[length] == '\n');
    }
}

/* Where the remote has it now; "" when it does not. */
static bool remote_tip(struct git *git, const char *ref, char out[static GIT_OID_BYTES],
                       struct err *err)
{
    const char *const args[] = {"ls-remote", "--end-of-options", git->options.url, ref, NULL};
    struct git_call call = {.args = args, .wall_ms = ASK_WALL_MS, .reach = GIT_NETWORK};
    AUTO(proc_result_done) struct proc_result result = {0};
    out[0] = '\0';
    if (!git_run_ok(git, &call, &result, err)) {
        return false;
    }
    find_tip(result.output.text, ref, out);
    return true;
}

bool git_note_missing(struct git *git, struct git_branch *branches, size_t count, struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    const char **args = arena_alloc(arena, count + 4, sizeof(*args));
    args[0] = "ls-remote";
    args[1] = "--end-of-options";
    args[2] = git->options.url;
    for (size_t i = 0; i < count; i++) {
        args[3 + i] = arena_printf(arena, BRANCH_PREFIX "%s", branches[i].name);
    }
    args[3 + count] = NULL;
    struct git_call call = {.args = args, .wall_ms = ASK_WALL_MS, .reach = GIT_NETWORK};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git_run_ok(git, &call, &result, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char tip[GIT_OID_BYTES];
        find_tip(result.output.text, args[3 + i], tip);
        if (!tip[0]) {
            err_set(&branches[i].err, ERR_NOT_FOUND, "the repository has no branch \"%.100s\"",
                    branches[i].name);
        }
    }
    return true;
}

static bool push_ref(struct git *git, const char *ref, const char *source, const char *expected,
                     struct err *err)
{
    char lease[REF_BYTES + GIT_OID_BYTES + 32];
    char refspec[REF_BYTES + GIT_OID_BYTES];
    snprintf(lease, sizeof(lease), "--force-with-lease=%s:%s", ref, expected);
    snprintf(refspec, sizeof(refspec), "%s:%s", source, ref);
    const char *const args[] = {"push",           "--porcelain", "--no-verify",
                                "--no-progress",  lease,         "--end-of-options",
                                git->options.url, refspec,       NULL};
    struct git_call call = {.args = args, .wall_ms = PUSH_WALL_MS, .reach = GIT_NETWORK};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (git_run_ok(git, &call, &result, err)) {
        return true;
    }
    if (err->kind == ERR_TIMEOUT || err->kind == ERR_NOT_FOUND) {
        err->kind = ERR_UNAVAILABLE; /* neither says whether it landed */
    }
    return false;
}

/* What the mirror follows is watched: only git_push() moves it. */
static bool check_own(struct git *git, const char *branch, char ref[static REF_BYTES],
                      struct err *err)
{
    char tip[GIT_OID_BYTES];
    snprintf(ref, REF_BYTES, BRANCH_PREFIX "%s", branch);
    return git_check_branch(branch, err) && git_ref(git, ref, tip, err) &&
           (!tip[0] || err_set(err, ERR_INVALID, "\"%s\" is a watched branch", branch));
}

static bool check_request(struct git *git, const char *branch, const char *commit,
                          char ref[static REF_BYTES], struct err *err)
{
    struct git_object object;
    if (!check_own(git, branch, ref, err)) {
        return false;
    }
    if (!git_check_oid(commit, err) || !git_object_info(git, commit, &object, err)) {
        return false;
    }
    return object.oid[0] || err_set(err, ERR_NOT_FOUND, "the mirror has no commit %s", commit);
}

bool git_push_branch(struct git *git, const char *branch, const char *commit, const char *expected,
                     struct err *err)
{
    char ref[REF_BYTES];
    char tip[GIT_OID_BYTES];
    struct err look_err = {0};
    if (!check_request(git, branch, commit, ref, err)) {
        return err_wrap(err, "push %s", branch);
    }
    if (push_ref(git, ref, commit, expected, err)) {
        return true;
    }
    /* The push may have landed, now or in an earlier life: the remote is the only witness. */
    if (!remote_tip(git, ref, tip, &look_err)) {
        return err_wrap(err, "push %s", branch);
    }
    if (strcmp(tip, commit) == 0) {
        *err = (struct err){0};
        return true;
    }
    if (strcmp(tip, expected) != 0) {
        err_set(err, ERR_CONFLICT, "the branch \"%s\" %s%.10s in the meantime", branch,
                tip[0] ? "has moved to " : "was deleted", tip);
    }
    return err_wrap(err, "push %s", branch);
}

bool git_drop_branch(struct git *git, const char *branch, const char *expected, struct err *err)
{
    char ref[REF_BYTES];
    char tip[GIT_OID_BYTES];
    struct err look_err = {0};
    if (!check_own(git, branch, ref, err)) {
        return err_wrap(err, "delete %.100s", branch);
    }
    if (push_ref(git, ref, "", expected, err)) {
        return true;
    }
    if (remote_tip(git, ref, tip, &look_err) && strcmp(tip, expected) != 0) {
        *err = (struct err){0};
        return true;
    }
    return err_wrap(err, "delete %s", branch);
}
