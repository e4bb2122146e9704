#include <stdio.h>
#include <string.h>

#include "git/mirror.h"

/* The mirror's branch goes forward with what the remote now has, and never back. */
static bool follow(struct git *git, const char *ref, const char *commit, struct err *err)
{
    char tip[GIT_OID_BYTES];
    bool is_newer = true;
    if (!git_ref(git, ref, tip, err)) {
        return false;
    }
    if (tip[0] && !git_contains(git, commit, tip, &is_newer, err)) {
        return false;
    }
    if (!is_newer) {
        return true;
    }
    AUTO_STR(line, REF_BYTES + GIT_OID_BYTES + 16);
    str_addf(&line, "update %s %s\n", ref, commit);
    return git_update_refs(git, str_slice(&line), err);
}

/*
 * A push that failed may have landed, or may land later: the remote's branch is the only
 * witness.  `push_err` holds what git said and becomes the answer when the branch stands still.
 */
static bool judge_failure(struct git *git, const char *branch, const char *commit,
                          const char *expected, struct err *push_err)
{
    char tip[GIT_OID_BYTES];
    struct err look_err = {0};
    bool has_landed = false;
    if (!git_fetch_tip(git, branch, tip, &look_err)) {
        /* The repository may be away for a moment; a branch that is gone is another tip. */
        return strstr(look_err.text, "couldn't find remote ref") &&
               err_set(push_err, ERR_CONFLICT, "the branch \"%.100s\" is gone", branch);
    }
    if (!git_contains(git, tip, commit, &has_landed, &look_err)) {
        return false;
    }
    if (has_landed) {
        *push_err = (struct err){0};
        return true;
    }
    if (strcmp(tip, expected) != 0) {
        return err_set(push_err, ERR_CONFLICT,
                       "the branch \"%.100s\" has moved to %.10s in the meantime", branch, tip);
    }
    return false;
}

static bool check_request(struct git *git, const char *commit, const char *expected,
                          struct err *err)
{
    bool descends = false;
    if (!git_check_oid(commit, err) || !git_check_oid(expected, err)) {
        return false;
    }
    struct git_object object;
    if (!git_object_info(git, commit, &object, err)) {
        return false;
    }
    if (!object.oid[0]) {
        return err_set(err, ERR_NOT_FOUND, "the mirror has no commit %s", commit);
    }
    /* A lease alone would also move a branch sideways; nothing here may rewrite history. */
    return git_contains(git, commit, expected, &descends, err) &&
           (descends ||
            err_set(err, ERR_CONFLICT, "%.10s does not stand on %.10s", commit, expected));
}

bool git_push(struct git *git, const char *branch, const char *commit, const char *expected,
              struct err *err)
{
    if (!git_check_branch(branch, err) || !check_request(git, commit, expected, err)) {
        return err_wrap(err, "push %.100s", branch);
    }
    char ref[REF_BYTES];
    char lease[REF_BYTES + GIT_OID_BYTES + 32];
    char refspec[REF_BYTES + GIT_OID_BYTES];
    snprintf(ref, sizeof(ref), BRANCH_PREFIX "%s", branch);
    snprintf(lease, sizeof(lease), "--force-with-lease=%s:%s", ref, expected);
    snprintf(refspec, sizeof(refspec), "%s:%s", commit, ref);
    const char *const args[] = {"push",           "--porcelain", "--no-verify",
                                "--no-progress",  lease,         "--end-of-options",
                                git->options.url, refspec,       NULL};
    struct git_call call = {.args = args, .wall_ms = PUSH_WALL_MS, .reach = GIT_NETWORK};
    AUTO(proc_result_done) struct proc_result result = {0};
    bool pushed = git_run_ok(git, &call, &result, err);
    if (!pushed && (err->kind == ERR_TIMEOUT || err->kind == ERR_NOT_FOUND)) {
        /* Neither says whether it landed; to the caller, "not found" means the commit. */
        err->kind = ERR_UNAVAILABLE;
    }
    pushed = pushed || judge_failure(git, branch, commit, expected, err);
    if (!pushed) {
        return err_wrap(err, "push %.100s", branch);
    }
    return follow(git, ref, commit, err);
}
