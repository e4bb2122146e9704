#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "git/mirror.h"

#define FETCH_WALL_MS INT64_C(900000) /* a first fetch of a large repository */
#define MAINTAIN_WALL_MS INT64_C(900000)
#define SEEN_MAX 64
#define PACKS_MAX 50 /* as git's own gc.autoPackLimit */

bool git_update_refs(struct git *git, struct slice lines, struct err *err)
{
    const char *const args[] = {"update-ref", "--stdin", NULL};
    struct git_call call = {.args = args, .input = lines};
    AUTO(proc_result_done) struct proc_result result = {0};
    return git_run_ok(git, &call, &result, err);
}

static bool run_fetch(struct git *git, struct proc_result *result, struct err *err)
{
    char refspec[REF_BYTES + 64];
    snprintf(refspec, sizeof(refspec), "+%s:%s", git->branch_ref, INCOMING_REF);
    const char *const args[] = {"fetch",
                                "--quiet",
                                "--no-tags",
                                "--no-write-fetch-head",
                                "--no-auto-maintenance",
                                "--force",
                                "--no-recurse-submodules",
                                "--end-of-options",
                                git->options.url,
                                refspec,
                                NULL};
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

bool git_fetch_incoming(struct git *git, char out[static GIT_OID_BYTES], struct err *err)
{
    AUTO(proc_result_done) struct proc_result first = {0};
    AUTO(proc_result_done) struct proc_result again = {0};
    bool fetched = run_fetch(git, &first, err);
    if (!fetched) {
        struct err other = {0};
        bool cured = false;
        if (!cure_mirror(git, &first, &cured, &other)) {
            *err = other;
            return err_wrap(err, "begin the mirror again");
        }
        fetched = cured && run_fetch(git, &again, err);
    }
    if (!fetched) {
        return err_wrap(err, "fetch %s", git->options.branch);
    }
    return git_ref(git, INCOMING_REF, out, err);
}

static size_t count_packs(const struct git *git)
{
    AUTO_STR(path, GIT_PATH_BYTES_MAX + 32);
    str_addf(&path, "%s/objects/pack", git->options.folder);
    DIR *folder = opendir(path.text);
    size_t count = 0;
    for (struct dirent *entry = folder ? readdir(folder) : NULL; entry; entry = readdir(folder)) {
        const char *dot = strrchr(entry->d_name, '.');
        count += dot && strcmp(dot, ".pack") == 0;
    }
    if (folder) {
        closedir(folder);
    }
    return count;
}

/* Checked objects come as one pack per fetch.  Rolling up the small ones costs what they hold, not
   what the repository holds; when it fails, the next fetch tries again. */
static void pack_when_many(struct git *git)
{
    if (count_packs(git) <= PACKS_MAX) {
        return;
    }
    const char *const args[] = {"repack", "--quiet", "-d", "-l", "--geometric=2", NULL};
    struct git_call call = {.args = args, .wall_ms = MAINTAIN_WALL_MS};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct err ignored = {0};
    if (git_run_ok(git, &call, &result, &ignored)) {
        git_forget_objects(git);
    }
}

bool git_fetch(struct git *git, char out_head[static GIT_OID_BYTES], bool *out_rewritten,
               struct err *err)
{
    char new_tip[GIT_OID_BYTES];
    char old_tip[GIT_OID_BYTES];
    bool descends = true;
    *out_rewritten = false;
    if (!git_fetch_incoming(git, new_tip, err) || !git_ref(git, git->branch_ref, old_tip, err)) {
        return false;
    }
    if (!new_tip[0]) {
        return err_set(err, ERR_NOT_FOUND, "the branch \"%s\" has no commit", git->options.branch);
    }
    if (old_tip[0] && strcmp(old_tip, new_tip) != 0 &&
        !git_contains(git, new_tip, old_tip, &descends, err)) {
        return false;
    }
    if (strcmp(old_tip, new_tip) != 0) {
        AUTO_STR(lines, 4096);
        str_addf(&lines, "update %s %s\n", git->branch_ref, new_tip);
        if (!descends) {
            str_addf(&lines, "update " SEEN_PREFIX "%s %s\n", old_tip, old_tip);
        }
        if (!git_update_refs(git, str_slice(&lines), err)) {
            return false;
        }
    }
    pack_when_many(git);
    *out_rewritten = !descends;
    memcpy(out_head, new_tip, GIT_OID_BYTES);
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
    struct git_call call = {.args = args, .wall_ms = MAINTAIN_WALL_MS};
    AUTO(proc_result_done) struct proc_result result = {0};
    bool done = git_run_ok(git, &call, &result, err);
    git_forget_objects(git);
    return done || err_wrap(err, "maintain the mirror");
}
