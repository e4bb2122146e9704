#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "git/mirror.h"

#define ANSWER_WALL_MS INT64_C(60000)
/* The largest object that is read, a folder's tree of 200,000 entries, and room for answers. */
#define CAT_BYTES_MAX ((size_t)64 << 20)
#define ANSWER_LINE_MAX (GIT_PATH_BYTES_MAX + 256)

bool git_check_oid(const char *oid, struct err *err)
{
    size_t length = strspn(oid, "0123456789abcdef");
    bool is_oid = oid[length] == '\0' && (length == 40 || length == 64);
    return is_oid || err_set(err, ERR_INVALID, "\"%.70s\" is not an object id", oid);
}

static bool part_is_safe(const char *part, size_t length)
{
    static const char *const refused[] = {"", ".", "..", ".git", "git~1"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (strlen(refused[i]) == length && strncasecmp(part, refused[i], length) == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

bool git_check_path(const char *path, struct err *err)
{
    size_t length = strlen(path);
    bool is_safe = length < GIT_PATH_BYTES_MAX;
    for (const char *at = path; is_safe && length > 0;) {
        size_t part = strcspn(at, "/");
        is_safe = part_is_safe(at, part);
        if (at[part] == '\0') {
            break;
        }
        at += part + 1;
    }
    return is_safe || err_set(err, ERR_INVALID,
                              "the path \"%.200s\" is not allowed: \"..\", \".git\" and control "
                              "bytes lead out of a repository",
                              path);
}

void git_forget_objects(struct git *git)
{
    proc_close(&git->cat);
    git->folder_oid[0] = '\0';
}

static bool open_cat(struct git *git, struct err *err)
{
    if (git->cat) {
        return true;
    }
    struct arena *arena = arena_new();
    const char *const argv[] = {"git", arena_printf(arena, "--git-dir=%s", git->options.folder),
                                "cat-file", "--batch-command", NULL};
    struct proc_call call = {
        .argv = argv,
        .env = git->local_env,
        .limits = {.wall_ms = ANSWER_WALL_MS, .output_bytes_max = CAT_BYTES_MAX},
    };
    bool opened = proc_open(&call, &git->cat, err);
    arena_free(&arena);
    return opened || err_wrap(err, "git cat-file");
}

/* A conversation that broke off cannot be taken up again: the next question starts a new one. */
static bool cat_failed(struct git *git, struct err *err)
{
    proc_close(&git->cat);
    return err_wrap(err, "git cat-file");
}

static bool take_word(const char **at, char *out, size_t size)
{
    size_t length = strcspn(*at, " ");
    if (length == 0 || length >= size || (*at)[length] != ' ') {
        return false;
    }
    memcpy(out, *at, length);
    out[length] = '\0';
    *at += length + 1;
    return true;
}

/* "<oid> <type> <size>" */
static bool parse_answer(const char *line, struct git_object *out)
{
    struct git_object object = {0};
    struct err err = {0};
    char *end = NULL;
    if (!take_word(&line, object.oid, sizeof(object.oid)) ||
        !take_word(&line, object.type, sizeof(object.type)) || !git_check_oid(object.oid, &err)) {
        return false;
    }
    object.size = strtoull(line, &end, 10);
    if (end == line || *end) {
        return false;
    }
    *out = object;
    return true;
}

static bool ends_with(const struct str *line, const char *end)
{
    size_t length = strlen(end);
    return line->length >= length && strcmp(line->text + line->length - length, end) == 0;
}

/* "<oid> <type> <size>" or "<what was asked> missing". */
static bool read_answer(struct git *git, struct git_object *out, struct err *err)
{
    AUTO_STR(line, ANSWER_LINE_MAX);
    *out = (struct git_object){0};
    if (!proc_read_line(git->cat, &line, err)) {
        return cat_failed(git, err);
    }
    if (ends_with(&line, " missing") || ends_with(&line, " ambiguous")) {
        return true;
    }
    if (!parse_answer(line.text, out)) {
        err_set(err, ERR_INTERNAL, "an answer was not understood: %.100s", line.text);
        return cat_failed(git, err);
    }
    return true;
}

static bool ask(struct git *git, const struct str *questions, struct err *err)
{
    if (questions->failed) {
        return err_set(err, ERR_INVALID, "a question to git is too long");
    }
    if (!open_cat(git, err)) {
        return false;
    }
    return proc_write(git->cat, str_slice(questions), err) || cat_failed(git, err);
}

bool git_object_info(struct git *git, const char *name, struct git_object *out, struct err *err)
{
    AUTO_STR(question, ANSWER_LINE_MAX);
    str_addf(&question, "info %s\n", name);
    return ask(git, &question, err) && read_answer(git, out, err);
}

bool git_object_read(struct git *git, const char *oid, size_t size, struct str *out,
                     struct err *err)
{
    struct git_object object;
    AUTO_STR(question, ANSWER_LINE_MAX);
    AUTO_STR(line_end, 1);
    str_addf(&question, "contents %s\n", oid);
    if (!ask(git, &question, err) || !read_answer(git, &object, err)) {
        return false;
    }
    if (!object.oid[0] || object.size != size) {
        err_set(err, ERR_INTERNAL, "the object %s changed or is gone", oid);
        return cat_failed(git, err);
    }
    if (!proc_read_bytes(git->cat, size, out, err) ||
        !proc_read_bytes(git->cat, 1, &line_end, err)) {
        return cat_failed(git, err);
    }
    return true;
}

bool git_path_info(struct git *git, const char *commit, const char *path, struct git_object *out,
                   struct err *err)
{
    if (!git_check_oid(commit, err) || !git_check_path(path, err)) {
        return false;
    }
    AUTO_STR(name, ANSWER_LINE_MAX);
    str_addf(&name, "%s:%s", commit, path);
    return git_object_info(git, name.text, out, err);
}

bool git_ref(struct git *git, const char *ref, char out[static GIT_OID_BYTES], struct err *err)
{
    struct git_object object;
    if (!git_object_info(git, ref, &object, err)) {
        return false;
    }
    memcpy(out, object.oid, GIT_OID_BYTES);
    return true;
}

bool git_resolve(struct git *git, const char *revision, char out[static GIT_OID_BYTES],
                 struct err *err)
{
    size_t length = strlen(revision);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)revision[i] <= 0x20 || revision[i] == 0x7f) {
            length = 0;
        }
    }
    if (length == 0 || length >= REF_BYTES || revision[0] == '-') {
        return err_set(err, ERR_INVALID, "\"%.100s\" is not a revision", revision);
    }
    struct git_object object;
    AUTO_STR(name, ANSWER_LINE_MAX);
    str_addf(&name, "%s^{commit}", revision);
    if (!git_object_info(git, name.text, &object, err)) {
        return false;
    }
    if (!object.oid[0]) {
        return err_set(err, ERR_NOT_FOUND, "the repository has no commit \"%.100s\"", revision);
    }
    memcpy(out, object.oid, GIT_OID_BYTES);
    return true;
}

bool git_head(struct git *git, const char *branch, char out[static GIT_OID_BYTES], struct err *err)
{
    char oid[GIT_OID_BYTES];
    char ref[REF_BYTES];
    snprintf(ref, sizeof(ref), BRANCH_PREFIX "%s", branch);
    if (!git_ref(git, ref, oid, err)) {
        return false;
    }
    if (!oid[0]) {
        return err_set(err, ERR_NOT_FOUND, "the branch \"%.100s\" was not fetched yet", branch);
    }
    memcpy(out, oid, GIT_OID_BYTES);
    return true;
}

/* Questions and answers in portions, so that neither side's buffers grow with the count. */
#define OIDS_PORTION ((size_t)1024)

static bool portion_oids(struct git *git, const char *commit, const char *const *paths,
                         size_t count, char (*out)[GIT_OID_BYTES], struct err *err)
{
    AUTO_STR(questions, OIDS_PORTION * ANSWER_LINE_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!git_check_path(paths[i], err)) {
            return false;
        }
        str_addf(&questions, "info %s:%s\n", commit, paths[i]);
    }
    if (!ask(git, &questions, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct git_object object;
        if (!read_answer(git, &object, err)) {
            return false;
        }
        memcpy(out[i], object.oid, GIT_OID_BYTES);
    }
    return true;
}

bool git_oids(struct git *git, const char *commit, const char *const *paths, size_t count,
              char (*out)[GIT_OID_BYTES], struct err *err)
{
    if (!git_check_oid(commit, err)) {
        return false;
    }
    for (size_t at = 0; at < count; at += OIDS_PORTION) {
        size_t portion = count - at < OIDS_PORTION ? count - at : OIDS_PORTION;
        if (!portion_oids(git, commit, paths + at, portion, out + at, err)) {
            return false;
        }
    }
    return true;
}

bool git_read(struct git *git, const char *oid, struct str *out, struct err *err)
{
    struct git_object object;
    if (!git_check_oid(oid, err) || !git_object_info(git, oid, &object, err)) {
        return false;
    }
    if (!object.oid[0] && git_is_promised(&git->options)) {
        return err_set(err, ERR_INVALID,
                       "the file has more than %u bytes; larger ones are not read",
                       GIT_BLOB_BYTES_MAX);
    }
    if (strcmp(object.type, "blob") != 0) {
        return err_set(err, ERR_NOT_FOUND, "there is no file with the object id %s", oid);
    }
    if (object.size > GIT_BLOB_BYTES_MAX || object.size > out->max - out->length) {
        return err_set(err, ERR_INVALID, "the file has %zu bytes; at most %zu are read",
                       object.size,
                       out->max < GIT_BLOB_BYTES_MAX ? out->max : (size_t)GIT_BLOB_BYTES_MAX);
    }
    return git_object_read(git, oid, object.size, out, err);
}

bool git_read_path(struct git *git, const char *commit, const char *path, struct str *out,
                   struct err *err)
{
    const struct git_entry *entry = NULL;
    if (!git_entry_at(git, commit, path, &entry, err)) {
        return false;
    }
    if (!entry) {
        return err_set(err, ERR_NOT_FOUND, "%.200s does not exist", path);
    }
    if (entry->kind != GIT_FILE) {
        return err_set(err, ERR_REFUSED, "%.200s is a %s, not a file", path,
                       entry->kind == GIT_LINK     ? "link; links are not followed"
                       : entry->kind == GIT_FOLDER ? "folder"
                                                   : "submodule");
    }
    return git_read(git, entry->oid, out, err) || err_wrap(err, "%.200s", path);
}
