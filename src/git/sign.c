/* Who made a commit, in a way that can be checked: git has ssh-keygen or gpg do it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "git/mirror.h"

#define NAME_BYTES_MAX 200
/* The newest commit that was found signed, and all before it that were checked. */
#define SIGNED_REF "refs/heddle/signed"

/* git takes "..." for no name at all. */
static bool is_name(const char *name)
{
    size_t at = 0;
    while (name && name[at] && !isalnum((unsigned char)name[at]) &&
           (unsigned char)name[at] < 0x80) {
        at++;
    }
    return name && name[at] && at < NAME_BYTES_MAX;
}

void git_add_name(struct str *out, const char *name, const char *otherwise)
{
    const char *from = is_name(name) ? name : otherwise;
    for (size_t i = 0; from[i] && i < NAME_BYTES_MAX; i++) {
        unsigned char c = (unsigned char)from[i];
        if (c >= 0x20 && c != 0x7f && c != '<' && c != '>') {
            str_add_char(out, from[i]);
        }
    }
}

/* ---- ours ---- */

bool git_signs(const struct git_options *options)
{
    return options->signing_key_file || options->openpgp_key;
}

static const char *name_line(struct arena *arena, const char *variable, const char *name,
                             const char *otherwise)
{
    AUTO_STR(line, 1024);
    str_addf(&line, "%s=", variable);
    git_add_name(&line, name, otherwise);
    return arena_strdup(arena, line.text);
}

static bool run_commit_tree(struct git *git, const struct git_commit *commit, const char *files_of,
                            char out[static GIT_OID_BYTES], struct err *err)
{
    AUTO(arena_free) struct arena *arena = arena_new();
    const struct git_options *options = &git->options;
    const char *tree = arena_printf(arena, "%s^{tree}", files_of);
    long long when_s = (long long)(commit->when_ms / 1000);
    const char *const env[] = {
        name_line(arena, "GIT_AUTHOR_NAME", commit->author_name, GIT_COMMITTER_NAME),
        name_line(arena, "GIT_AUTHOR_EMAIL", commit->author_email, GIT_COMMITTER_EMAIL),
        name_line(arena, "GIT_COMMITTER_NAME", options->committer_name, GIT_COMMITTER_NAME),
        name_line(arena, "GIT_COMMITTER_EMAIL", options->committer_email, GIT_COMMITTER_EMAIL),
        arena_printf(arena, "GIT_AUTHOR_DATE=@%lld +0000", when_s),
        arena_printf(arena, "GIT_COMMITTER_DATE=@%lld +0000", when_s),
    };
    const char *sign = git_signs(options) ? "-S" : "--no-gpg-sign";
    const char *const args[] = {"commit-tree", sign, "-p", commit->parent, tree, NULL};
    struct git_call call = {.args = args,
                            .input = slice_of(commit->message),
                            .reach = GIT_KEYS,
                            .env = env,
                            .env_count = COUNT_OF(env)};
    AUTO(proc_result_done) struct proc_result result = {0};
    return git_run_ok(git, &call, &result, err) && git_take_oid(&result, out, err);
}

bool git_commit_files(struct git *git, const struct git_commit *commit, const char *files_of,
                      char out[static GIT_OID_BYTES], struct err *err)
{
    const struct git_options *options = &git->options;
    if (run_commit_tree(git, commit, files_of, out, err)) {
        return true;
    }
    if (!git_signs(options)) {
        return err_wrap(err, "commit");
    }
    err->kind = err->kind == ERR_INTERNAL ? ERR_DENIED : err->kind;
    return err_wrap(err, "sign the commit with %s",
                    options->openpgp_key ? options->openpgp_key : options->signing_key_file);
}

/* ---- those of others ---- */

/* The letters of git's %G?. */
static const char *words_of(char letter)
{
    switch (letter) {
    case 'N':
        return "it has no signature";
    case 'B':
        return "its signature is wrong";
    case 'U':
        return "the key of its signature is not among those that are allowed";
    case 'X':
    case 'Y':
        return "its signature or the key of it has expired";
    case 'R':
        return "the key of its signature was revoked";
    default:
        return "its signature cannot be checked: the key of it is not known here";
    }
}

/* "<letter> <oid>" lines. */
static bool judge_lines(const char *said, struct err *err)
{
    for (const char *line = said; *line;) {
        size_t length = strcspn(line, "\n");
        if (line[0] != 'G') {
            return err_set(err, ERR_REFUSED, "the commit %.*s is not applied: %s",
                           (int)(length > 2 ? length - 2 : 0), line + 2, words_of(line[0]));
        }
        line += length + (line[length] == '\n');
    }
    return true;
}

/* Where the last look ended; "" when that is not in the history of `head`. */
static bool find_checked(struct git *git, const char *head, char out[static GIT_OID_BYTES],
                         struct err *err)
{
    bool is_before = false;
    if (!git_ref(git, SIGNED_REF, out, err) ||
        (out[0] && !git_contains(git, head, out, &is_before, err))) {
        return false;
    }
    out[0] = is_before ? out[0] : '\0';
    return true;
}

bool git_check_signed(struct git *git, const char *head, struct err *err)
{
    char checked[GIT_OID_BYTES];
    if (!git_check_oid(head, err) || !find_checked(git, head, checked, err)) {
        return false;
    }
    if (strcmp(checked, head) == 0) {
        return true;
    }
    char range[GIT_OID_BYTES * 2 + 4];
    snprintf(range, sizeof(range), "%s%s%s", checked, checked[0] ? ".." : "", head);
    const char *count = checked[0] ? "--max-count=-1" : "--max-count=1";
    const char *const args[] = {
        "log", "--first-parent", "--format=%G? %h", count, "--end-of-options", range, NULL};
    struct git_call call = {.args = args, .reach = GIT_KEYS};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git_run_ok(git, &call, &result, err)) {
        return err_wrap(err, "check who signed %.10s", head);
    }
    AUTO_STR(line, REF_BYTES + GIT_OID_BYTES);
    str_addf(&line, "update " SIGNED_REF " %s\n", head);
    return judge_lines(result.output.text, err) && git_update_refs(git, str_slice(&line), err);
}

bool git_signed_head(struct git *git, char out[static GIT_OID_BYTES], struct err *err)
{
    return git_ref(git, SIGNED_REF, out, err);
}
