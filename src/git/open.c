#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "git/mirror.h"

/* Says that the folder is ours to delete, and whose mirror it is. */
#define MARKER "heddle-mirror"
#define OPEN_FOLDERS_MAX 16

/* ---- what is asked for ---- */

static bool has_control_bytes(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "https://ada:secret@host/…": everybody who may see the settings would see the secret. */
static bool has_password(const char *url)
{
    const char *scheme_end = strstr(url, "://");
    if (!scheme_end) {
        return false;
    }
    const char *host = scheme_end + 3;
    const char *slash = host + strcspn(host, "/");
    const char *at = memchr(host, '@', (size_t)(slash - host));
    return at && memchr(host, ':', (size_t)(at - host));
}

static bool check_url(const char *url, struct err *err)
{
    static const char *const schemes[] = {"http://", "https://", "ssh://", "file://"};
    if (!url[0] || url[0] == '-' || strlen(url) >= 2048 || has_control_bytes(url)) {
        return err_set(err, ERR_INVALID,
                       "the repository's URL is empty, too long or begins "
                       "with \"-\"");
    }
    if (has_password(url)) {
        return err_set(err, ERR_INVALID,
                       "the repository's URL holds a password; put it in a "
                       "file and name that");
    }
    if (!strstr(url, "://")) {
        /* A path, or "git@host:path"; "ext::…" would run a program. */
        return !strstr(url, "::") ||
               err_set(err, ERR_INVALID, "the repository's URL \"%.200s\" is no URL or path", url);
    }
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (starts_with(url, schemes[i])) {
            return url[strlen(schemes[i])] != '-' ||
                   err_set(err, ERR_INVALID, "the repository's URL has no valid host");
        }
    }
    return err_set(err, ERR_INVALID,
                   "the repository's URL \"%.200s\" must be http, https, ssh or a path", url);
}

/* The rules of git check-ref-format for one branch. */
bool git_check_branch(const char *branch, struct err *err)
{
    static const char *const refused[] = {"..", "//", "/.", "@{", ".lock/", " ", "~",
                                          "^",  ":",  "?",  "*",  "[",      "\\"};
    size_t length = strlen(branch);
    bool is_valid = length > 0 && length < 256 && !has_control_bytes(branch) &&
                    !strchr("-./", branch[0]) && !strchr("./", branch[length - 1]) &&
                    strcmp(branch, "@") != 0 &&
                    (length < 5 || strcmp(branch + length - 5, ".lock") != 0);
    for (size_t i = 0; is_valid && i < COUNT_OF(refused); i++) {
        is_valid = !strstr(branch, refused[i]);
    }
    return is_valid || err_set(err, ERR_INVALID, "\"%.100s\" is not a branch name", branch);
}

static const char *keep(struct arena *arena, const char *text)
{
    return text ? arena_strdup(arena, text) : NULL;
}

static bool check_options(const struct git_options *options, struct err *err)
{
    const char *const texts[] = {options->folder,
                                 options->ssh_key_file,
                                 options->ssh_known_hosts_file,
                                 options->username,
                                 options->client_certificate_file,
                                 options->client_key_file,
                                 options->signing_key_file,
                                 options->openpgp_key,
                                 options->openpgp_folder,
                                 options->allowed_signers_file,
                                 options->committer_name,
                                 options->committer_email};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i] && (has_control_bytes(texts[i]) || strlen(texts[i]) >= 4096)) {
            return err_set(err, ERR_INVALID,
                           "a setting of the Git repository has control bytes "
                           "or is too long");
        }
    }
    return check_url(options->url, err) && git_check_branch(options->branch, err);
}

/* ---- the folder ---- */

/* A killed git leaves its locks, and nobody else works in this folder. */
static int remove_leftover(const char *path, const struct stat *what, int flag, struct FTW *where)
{
    (void)what;
    const char *name = path + where->base;
    size_t length = strlen(name);
    bool is_lock = length > 5 && strcmp(name + length - 5, ".lock") == 0;
    if (flag == FTW_F &&
        (is_lock || starts_with(name, "tmp_") || starts_with(name, "fast_import_crash_"))) {
        unlink(path);
    }
    return 0;
}

static bool is_empty_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) {
        return errno == ENOENT;
    }
    bool is_empty = true;
    for (struct dirent *entry = readdir(folder); entry && is_empty; entry = readdir(folder)) {
        is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    }
    closedir(folder);
    return is_empty;
}

enum mirror_state { MIRROR_NONE, MIRROR_OURS, MIRROR_OF_ANOTHER, MIRROR_NOT_OURS };

static enum mirror_state state_of(const struct git *git, const char *marker)
{
    AUTO_STR(url, 4096);
    struct err err = {0};
    if (!file_read(marker, &url, &err)) {
        return is_empty_folder(git->options.folder) ? MIRROR_NONE : MIRROR_NOT_OURS;
    }
    return strcmp(url.text, git->options.url) == 0 ? MIRROR_OURS : MIRROR_OF_ANOTHER;
}

bool git_recreate(struct git *git, const char *object_format, struct err *err)
{
    git_forget_objects(git);
    const char *folder = git->options.folder;
    const char *marker = arena_printf(git->arena, "%s/" MARKER, folder);
    const char *format = arena_printf(git->arena, "--object-format=%s", object_format);
    const char *const args[] = {
        "init", "--bare", "--quiet", "--template=", "--initial-branch=heddle", format, NULL};
    struct git_call call = {.args = args};
    AUTO(proc_result_done) struct proc_result result = {0};
    /* The marker is there before anything else, so a folder that was left half made is known. */
    return file_remove_tree(folder, err) && file_make_folder(folder, err) &&
           file_replace(marker, slice_of(git->options.url), 0600, err) &&
           git_run_ok(git, &call, &result, err);
}

/* Every ref can be read, and the branches' tips have all of their files but those that the remote
   keeps. */
static bool is_sound(struct git *git)
{
    struct err err = {0};
    const char *const refs_args[] = {"for-each-ref", "--format=%(objectname)", NULL};
    struct git_call refs = {.args = refs_args};
    AUTO(proc_result_done) struct proc_result listed = {0};
    if (!git_run_ok(git, &refs, &listed, &err) || listed.errors.length > 0) {
        return false;
    }
    const char *const tips_args[] = {
        "rev-list",   "--objects", "--quiet", "--no-walk", "--missing=allow-promisor",
        "--branches", NULL};
    struct git_call walk = {.args = tips_args, .reach = GIT_PROMISED};
    AUTO(proc_result_done) struct proc_result walked = {0};
    return git_run_ok(git, &walk, &walked, &err);
}

static bool prepare_folder(struct git *git, struct err *err)
{
    const char *folder = git->options.folder;
    switch (state_of(git, arena_printf(git->arena, "%s/" MARKER, folder))) {
    case MIRROR_OURS:
        if (nftw(folder, remove_leftover, OPEN_FOLDERS_MAX, FTW_PHYS) == 0 && is_sound(git)) {
            return true;
        }
        return git_recreate(git, "sha1", err);
    case MIRROR_NONE:
    case MIRROR_OF_ANOTHER:
        return git_recreate(git, "sha1", err);
    case MIRROR_NOT_OURS:
        break;
    }
    return err_set(err, ERR_INVALID,
                   "the folder %.300s holds other files; a mirror needs one of its own", folder);
}

bool git_open(const struct git_options *options, struct git **out, struct err *err)
{
    if (!check_options(options, err)) {
        return false;
    }
    AUTO(git_close) struct git *git = xcalloc(1, sizeof(*git));
    git->arena = arena_new();
    git->options = (struct git_options){
        .folder = keep(git->arena, options->folder),
        .url = keep(git->arena, options->url),
        .branch = keep(git->arena, options->branch),
        .username = keep(git->arena, options->username),
        .password_file = keep(git->arena, options->password_file),
        .ssh_key_file = keep(git->arena, options->ssh_key_file),
        .ssh_known_hosts_file = keep(git->arena, options->ssh_known_hosts_file),
        .client_certificate_file = keep(git->arena, options->client_certificate_file),
        .client_key_file = keep(git->arena, options->client_key_file),
        .signing_key_file = keep(git->arena, options->signing_key_file),
        .openpgp_key = keep(git->arena, options->openpgp_key),
        .openpgp_folder = keep(git->arena, options->openpgp_folder),
        .allowed_signers_file = keep(git->arena, options->allowed_signers_file),
        .committer_name = keep(git->arena, options->committer_name),
        .committer_email = keep(git->arena, options->committer_email),
    };
    assert(git->options.folder && git->options.url); /* check_options() */
    AUTO_STR(none, 1); /* what stays on this machine needs no password */
    if (!git_environment(&git->options, GIT_LOCAL, NULL, 0, git->arena, &git->local_env, &none,
                         err) ||
        !prepare_folder(git, err)) {
        return err_wrap(err, "open the mirror of %.200s", options->url);
    }
    *out = TAKE(git);
    return true;
}

void git_close(struct git **git)
{
    if (!*git) {
        return;
    }
    proc_close(&(*git)->cat);
    arena_free(&(*git)->folder_arena);
    arena_free(&(*git)->arena);
    xfree(git);
}
