#include <string.h>

#include "git/mirror.h"

#define STREAM_BYTES_MAX ((size_t)256 << 20)
#define DRAFT_REF "refs/heddle/draft"

static void add_data(struct str *out, struct slice bytes)
{
    str_addf(out, "data %zu\n", bytes.length);
    str_add_bytes(out, bytes.bytes, bytes.length);
    str_add_char(out, '\n');
}

static void add_header(struct git *git, struct str *out, const struct git_commit *commit)
{
    long long when_s = (long long)(commit->when_ms / 1000);
    str_add(out, "commit " DRAFT_REF "\nmark :1\nauthor ");
    git_add_name(out, commit->author_name, GIT_COMMITTER_NAME);
    str_add(out, " <");
    git_add_name(out, commit->author_email, GIT_COMMITTER_EMAIL);
    str_addf(out, "> %lld +0000\ncommitter ", when_s);
    git_add_name(out, git->options.committer_name, GIT_COMMITTER_NAME);
    str_add(out, " <");
    git_add_name(out, git->options.committer_email, GIT_COMMITTER_EMAIL);
    str_addf(out, "> %lld +0000\n", when_s);

    size_t length = strlen(commit->message);
    bool ends_line = length > 0 && commit->message[length - 1] == '\n';
    str_addf(out, "data %zu\n%s%s\n", length + !ends_line, commit->message, ends_line ? "" : "\n");
    str_addf(out, "from %s\n", commit->parent);
}

/* A new file must not replace a link or file that stands where one of its folders would. */
static bool check_folders(struct git *git, const char *parent, const char *path, struct err *err)
{
    char folder[GIT_PATH_BYTES_MAX];
    text_copy_cut(folder, sizeof(folder), path);
    for (char *slash = strrchr(folder, '/'); slash; slash = strrchr(folder, '/')) {
        *slash = '\0';
        struct git_object object;
        if (!git_path_info(git, parent, folder, &object, err)) {
            return false;
        }
        if (object.oid[0]) {
            return strcmp(object.type, "tree") == 0 ||
                   err_set(err, ERR_REFUSED, "%.200s cannot be written: %.200s is not a folder",
                           path, folder);
        }
    }
    return true;
}

static bool file_mode(struct git *git, const char *parent, const struct git_change *change,
                      const char **out, struct err *err)
{
    const char *path = change->path;
    const struct git_entry *entry = change->known;
    if (!git_check_path(path, err) || (!entry && !git_entry_at(git, parent, path, &entry, err))) {
        return false;
    }
    *out = entry && entry->is_executable ? "100755" : "100644";
    if (!entry) {
        return check_folders(git, parent, path, err);
    }
    return entry->kind == GIT_FILE ||
           err_set(err, ERR_REFUSED, "%.200s cannot be written: it is not a plain file", path);
}

static void add_quoted_path(struct str *out, const char *path)
{
    str_add_char(out, '"');
    for (; *path; path++) {
        if (*path == '"' || *path == '\\') {
            str_add_char(out, '\\');
        }
        str_add_char(out, *path);
    }
    str_add_char(out, '"');
}

static bool add_changes(struct git *git, const struct git_commit *commit, struct str *out,
                        struct err *err)
{
    for (size_t i = 0; i < commit->change_count; i++) {
        const struct git_change *change = &commit->changes[i];
        const char *mode = NULL;
        if (!change->path[0]) {
            return err_set(err, ERR_INVALID, "a change without a path");
        }
        if (!file_mode(git, commit->parent, change, &mode, err)) {
            return false;
        }
        str_addf(out, "M %s inline ", mode);
        add_quoted_path(out, change->path);
        str_add_char(out, '\n');
        add_data(out, change->bytes);
    }
    return true;
}

/* The ref exists only inside the stream: it is taken back before fast-import writes refs. */
static void add_ending(struct str *out, size_t oid_length)
{
    str_add(out, "get-mark :1\nreset " DRAFT_REF "\nfrom ");
    for (size_t i = 0; i < oid_length; i++) {
        str_add_char(out, '0');
    }
    str_add(out, "\n\ndone\n");
}

static bool make_draft(struct git *git, struct slice stream, char out[static GIT_OID_BYTES],
                       struct err *err)
{
    const char *const args[] = {"fast-import", "--quiet", "--done", "--date-format=raw", NULL};
    struct git_call call = {.args = args, .input = stream};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git_run_ok(git, &call, &result, err)) {
        return err_wrap(err, "commit");
    }
    return git_take_oid(&result, out, err) || err_wrap(err, "git fast-import");
}

bool git_commit(struct git *git, const struct git_commit *commit, char out[static GIT_OID_BYTES],
                struct err *err)
{
    AUTO_STR(stream, STREAM_BYTES_MAX);
    if (!git_check_oid(commit->parent, err)) {
        return err_wrap(err, "commit");
    }
    if (commit->files_of) {
        return git_commit_files(git, commit, commit->files_of, out, err);
    }
    add_header(git, &stream, commit);
    if (!add_changes(git, commit, &stream, err)) {
        return err_wrap(err, "commit");
    }
    add_ending(&stream, strlen(commit->parent));
    if (stream.failed) {
        return err_set(err, ERR_INVALID, "the commit is larger than %zu MiB",
                       STREAM_BYTES_MAX >> 20);
    }
    return make_draft(git, str_slice(&stream), out, err) &&
           (!git_signs(&git->options) || git_commit_files(git, commit, out, out, err));
}
