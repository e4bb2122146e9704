#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/vec.h"
#include "git/mirror.h"

#define LOG_MAX ((size_t)100000)
#define PATHS_MAX ((size_t)100000)
#define DIFF_CUT_LINE "(The rest is not shown: it is longer than this.)\n"

/* The usual question, which needs no process of its own: is it the commit, or its parent? */
static bool is_near(struct git *git, const char *commit, const char *ancestor, bool *out,
                    struct err *err)
{
    struct git_object parent;
    AUTO_STR(name, GIT_OID_BYTES + 2);
    str_addf(&name, "%s^", commit);
    *out = strcmp(commit, ancestor) == 0;
    if (*out) {
        return true;
    }
    if (!git_object_info(git, name.text, &parent, err)) {
        return false;
    }
    *out = strcmp(parent.oid, ancestor) == 0;
    return true;
}

bool git_contains(struct git *git, const char *commit, const char *ancestor, bool *out,
                  struct err *err)
{
    if (!git_check_oid(commit, err) || !git_check_oid(ancestor, err) ||
        !is_near(git, commit, ancestor, out, err)) {
        return false;
    }
    if (*out) {
        return true;
    }
    /* An ancestor that the mirror never saw is in no history of it. */
    struct git_object object;
    if (!git_object_info(git, ancestor, &object, err)) {
        return false;
    }
    if (!object.oid[0]) {
        *out = false;
        return true;
    }
    const char *const args[] = {"merge-base", "--is-ancestor", ancestor, commit, NULL};
    struct git_call call = {.args = args};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git_run(git, &call, &result, err)) {
        return err_wrap(err, "git merge-base");
    }
    *out = result.exit_code == 0;
    return result.exit_code == 0 || result.exit_code == 1 || git_failed(&result, false, err);
}

/* Cut at a line's end, so that the last line is whole and the note fits. */
static void keep_beginning(struct proc_result *result, struct str *out)
{
    size_t note = strlen(DIFF_CUT_LINE);
    size_t room = out->max - out->length;
    size_t keep = room > note ? room - note : 0;
    keep = keep < result->output.length ? keep : result->output.length;
    while (keep > 0 && result->output.text[keep - 1] != '\n') {
        keep--;
    }
    str_add_bytes(out, result->output.text, keep);
    str_add(out, DIFF_CUT_LINE);
    out->failed = false;
}

bool git_diff(struct git *git, const char *from, const char *to, const char *const *paths,
              size_t count, struct str *out, struct err *err)
{
    static const char *const fixed[] = {
        "diff-tree",       "-r",         "-p",           "--full-index",    "--no-ext-diff",
        "--no-textconv",   "--no-color", "--no-renames", "--src-prefix=a/", "--dst-prefix=b/",
        "--end-of-options"};
    if (!git_check_oid(from, err) || !git_check_oid(to, err)) {
        return false;
    }
    VEC(const char *) args = {0};
    for (size_t i = 0; i < COUNT_OF(fixed); i++) {
        *VEC_ADD(&args) = fixed[i];
    }
    *VEC_ADD(&args) = from;
    *VEC_ADD(&args) = to;
    *VEC_ADD(&args) = "--";
    for (size_t i = 0; i < count; i++) {
        *VEC_ADD(&args) = paths[i];
    }
    *VEC_ADD(&args) = NULL;

    size_t room = out->max - out->length;
    struct git_call call = {.args = args.items, .output_bytes_max = room > 0 ? room : 1};
    AUTO(proc_result_done) struct proc_result result = {0};
    bool done = git_run_ok(git, &call, &result, err);
    VEC_DONE(&args);
    if (!done && result.said_too_much) {
        keep_beginning(&result, out);
        return true;
    }
    if (done) {
        str_add_bytes(out, result.output.text, result.output.length);
    }
    return done || err_wrap(err, "compare %.10s with %.10s", from, to);
}

bool git_changed_paths(struct git *git, const char *from, const char *to, struct arena *arena,
                       const char ***out, size_t *out_count, struct err *err)
{
    if (!git_check_oid(from, err) || !git_check_oid(to, err)) {
        return false;
    }
    const char *const args[] = {"diff-tree",     "-r", "-z", "--name-only", "--no-renames",
                                "--no-ext-diff", from, to,   NULL};
    struct git_call call = {.args = args, .output_bytes_max = (size_t)64 << 20};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git_run_ok(git, &call, &result, err)) {
        return err_wrap(err, "compare %.10s with %.10s", from, to);
    }
    VEC(const char *) paths = {0};
    const char *end = result.output.text + result.output.length;
    for (const char *at = result.output.text; at < end && paths.count <= PATHS_MAX;
         at += strlen(at) + 1) {
        *VEC_ADD(&paths) = arena_strdup(arena, at);
    }
    bool fits = paths.count <= PATHS_MAX;
    if (fits) {
        *out = arena_alloc(arena, paths.count + 1, sizeof(**out));
        *out_count = paths.count;
        if (paths.count > 0) {
            memcpy(*out, paths.items, paths.count * sizeof(**out));
        }
    }
    VEC_DONE(&paths);
    return fits || err_set(err, ERR_INVALID, "more than %zu files differ", PATHS_MAX);
}

/* Fields end with NUL, the one byte that git lets into none of them. */
enum log_field { LOG_OID, LOG_PARENTS, LOG_TIME, LOG_AUTHOR, LOG_SUBJECT, LOG_BODY, LOG_FIELDS };
#define LOG_FORMAT "--format=tformat:%H%x00%P%x00%ct%x00%an%x00%s%x00%b"

static bool next_log_entry(const char **at, const char *end, struct arena *arena,
                           struct git_log_entry *out)
{
    const char *fields[LOG_FIELDS];
    for (int i = 0; i < LOG_FIELDS; i++) {
        if (*at >= end) {
            return false;
        }
        fields[i] = *at;
        *at += strlen(*at) + 1;
    }
    text_copy_cut(out->oid, sizeof(out->oid), fields[LOG_OID]);
    char *first = arena_strndup(arena, fields[LOG_PARENTS], strcspn(fields[LOG_PARENTS], " "));
    text_copy_cut(out->parent, sizeof(out->parent), first);
    out->when_ms = strtoll(fields[LOG_TIME], NULL, 10) * 1000;
    out->author = arena_strdup(arena, fields[LOG_AUTHOR]);
    out->subject = arena_strdup(arena, fields[LOG_SUBJECT]);
    out->body = arena_strdup(arena, fields[LOG_BODY]);
    return true;
}

bool git_log(struct git *git, const char *from, const char *to, size_t max, struct arena *arena,
             struct git_log *out, struct err *err)
{
    if (!git_check_oid(to, err) || (from[0] && !git_check_oid(from, err))) {
        return false;
    }
    max = max < LOG_MAX ? max : LOG_MAX;
    const char *count = arena_printf(arena, "--max-count=%zu", max);
    const char *exclude = from[0] ? arena_printf(arena, "^%s", from) : NULL;
    const char *const args[] = {
        "log", "--first-parent", "--no-color", "--no-show-signature", "-z", count, LOG_FORMAT,
        to,    exclude,          NULL};
    struct git_call call = {.args = args, .output_bytes_max = (size_t)64 << 20};
    AUTO(proc_result_done) struct proc_result result = {0};
    if (!git_run_ok(git, &call, &result, err)) {
        return err_wrap(err, "read the history of %.10s", to);
    }
    VEC(struct git_log_entry) entries = {0};
    const char *at = result.output.text;
    const char *end = at + result.output.length;
    struct git_log_entry entry;
    while (next_log_entry(&at, end, arena, &entry)) {
        *VEC_ADD(&entries) = entry;
    }
    out->count = entries.count;
    out->entries = arena_alloc(arena, entries.count + 1, sizeof(*out->entries));
    if (entries.count > 0) {
        memcpy(out->entries, entries.items, entries.count * sizeof(*out->entries));
    }
    VEC_DONE(&entries);
    return true;
}

/* Trailers stand in the last paragraph; text above it that looks like one is only text. */
static const char *last_paragraph(const char *body)
{
    const char *start = body;
    const char *blank = body;
    while ((blank = strstr(blank, "\n\n")) != NULL) {
        while (*blank == '\n') {
            blank++;
        }
        if (*blank) {
            start = blank;
        }
    }
    return start;
}

const char *git_trailer(struct arena *arena, const char *body, const char *name)
{
    const char *found = NULL;
    size_t name_length = strlen(name);
    for (const char *line = last_paragraph(body); *line;) {
        size_t length = strcspn(line, "\n");
        if (length > name_length && line[name_length] == ':' &&
            strncasecmp(line, name, name_length) == 0) {
            const char *value = line + name_length + 1;
            const char *end = line + length;
            value += strspn(value, " \t") < (size_t)(end - value) ? strspn(value, " \t") : 0;
            while (end > value && strchr(" \t\r", end[-1])) {
                end--;
            }
            /* The last one counts: heddle writes its own at the end. */
            found = arena_strndup(arena, value, (size_t)(end - value));
        }
        line += length + (line[length] == '\n');
    }
    return found;
}
