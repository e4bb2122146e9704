#include <string.h>

#include "base/escape.h"
#include "base/vec.h"
#include "git/mirror.h"

#define LOCAL_WALL_MS INT64_C(120000)
#define WORDS_BYTES_MAX 360
#define SECRET_BYTES_MAX ((size_t)16384)

/* What git and the big hosts say, and what that means for the caller; the first match counts. */
static const struct {
    const char *words;
    enum err_kind kind;
} meanings[] = {
    {"couldn't find remote ref", ERR_NOT_FOUND},
    {"cannot lock ref", ERR_UNAVAILABLE},
    {"failed to update ref", ERR_UNAVAILABLE},
    {"incorrect old value provided", ERR_UNAVAILABLE},
    {"hook declined", ERR_REFUSED}, /* pre-receive, update */
    {"protected branch", ERR_REFUSED},
    {"Protected branch", ERR_REFUSED},
    {"GH006", ERR_REFUSED},
    {"GH013", ERR_REFUSED},
    {"branch is currently checked out", ERR_REFUSED},
    {"not allowed to push", ERR_REFUSED},
    {"Authentication failed", ERR_DENIED},
    {"could not read Username", ERR_DENIED},
    {"could not read Password", ERR_DENIED},
    {"unable to read askpass", ERR_DENIED},
    {"Permission denied", ERR_DENIED},
    {"Permission to ", ERR_DENIED},
    {"Host key verification failed", ERR_DENIED},
    {"returned error: 401", ERR_DENIED},
    {"returned error: 403", ERR_DENIED},
    {"returned error: 30", ERR_INVALID}, /* moved: the URL must be changed by a person */
    {"does not appear to be a git repository", ERR_NOT_FOUND},
    {"does not exist", ERR_NOT_FOUND},
    {"epository not found", ERR_NOT_FOUND},
    {"' not found", ERR_NOT_FOUND},
};

/* One line of them is for people: without git's prefixes, hints and decoration. */
static bool is_telling(struct slice line)
{
    static const char *const noise[] = {"hint:",
                                        "To ",
                                        "Done",
                                        "error: failed to push some refs",
                                        "Please make sure you have the correct access rights",
                                        "and the repository exists."};
    for (size_t i = 0; i < COUNT_OF(noise); i++) {
        size_t length = strlen(noise[i]);
        if (line.length >= length && memcmp(line.bytes, noise[i], length) == 0) {
            return false;
        }
    }
    return line.length > 0;
}

static struct slice trimmed(const char *from, size_t length)
{
    static const char *const prefixes[] = {"fatal: ", "error: ", "remote: "};
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        size_t prefix = strlen(prefixes[i]);
        if (length >= prefix && memcmp(from, prefixes[i], prefix) == 0) {
            from += prefix;
            length -= prefix;
        }
    }
    while (length > 0 && strchr(" \t\r", from[length - 1])) {
        length--;
    }
    while (length > 0 && strchr(" \t\r", *from)) {
        from++;
        length--;
    }
    return (struct slice){from, length};
}

static void telling_words(const char *said, struct str *out)
{
    while (*said) {
        size_t length = strcspn(said, "\n");
        struct slice whole = {said, length};
        struct slice line = trimmed(said, length);
        if (is_telling(whole) && line.length > 0) {
            str_add(out, out->length > 0 ? "; " : "");
            str_add_bytes(out, line.bytes, line.length);
        }
        said += length + (said[length] == '\n');
    }
}

bool git_failed(const struct proc_result *result, bool uses_network, struct err *err)
{
    if (result->signal) {
        return err_set(err, ERR_UNAVAILABLE,
                       "git was ended by signal %d (%s), maybe for want of memory", result->signal,
                       strsignal(result->signal));
    }
    enum err_kind kind = uses_network ? ERR_UNAVAILABLE : ERR_INTERNAL;
    for (size_t i = 0; uses_network && i < COUNT_OF(meanings); i++) {
        if (strstr(result->errors.text, meanings[i].words) ||
            strstr(result->output.text, meanings[i].words)) {
            kind = meanings[i].kind;
            break;
        }
    }
    AUTO_STR(words, (size_t)128 << 10);
    AUTO_STR(safe, (size_t)512 << 10);
    telling_words(result->errors.text, &words);
    text_drop_amounts(words.text);
    escape_terminal(&safe, words.text);
    if (safe.length == 0) {
        return err_set(err, kind, "git ended with exit code %d and said nothing",
                       result->exit_code);
    }
    return err_set(err, kind, "git: %.*s", WORDS_BYTES_MAX, safe.text);
}

bool git_run(struct git *git, const struct git_call *call, struct proc_result *out, struct err *err)
{
    struct arena *arena = arena_new();
    VEC(const char *) argv = {0};
    *VEC_ADD(&argv) = "git";
    *VEC_ADD(&argv) = arena_printf(arena, "--git-dir=%s", git->options.folder);
    for (const char *const *arg = call->args; *arg; arg++) {
        *VEC_ADD(&argv) = *arg;
    }
    *VEC_ADD(&argv) = NULL;

    const char *const *env = git->local_env;
    AUTO_STR(secret, SECRET_BYTES_MAX);
    bool is_plain = call->reach == GIT_LOCAL && call->env_count == 0;
    bool ran = is_plain || git_environment(&git->options, call->reach, call->env, call->env_count,
                                           arena, &env, &secret, err);
    if (ran && secret.failed) {
        ran = err_set(err, ERR_INVALID, "the Git password is too long");
    }
    if (ran) {
        struct proc_call child = {
            .argv = argv.items,
            .env = env,
            .input = call->input,
            .secret = str_slice(&secret),
            .limits = {.wall_ms = call->wall_ms > 0 ? call->wall_ms : LOCAL_WALL_MS,
                       .output_bytes_max = call->output_bytes_max},
        };
        ran = proc_run(&child, out, err);
    }
    VEC_DONE(&argv);
    arena_free(&arena);
    return ran;
}

bool git_run_ok(struct git *git, const struct git_call *call, struct proc_result *out,
                struct err *err)
{
    if (!git_run(git, call, out, err)) {
        return err_wrap(err, "git %s", call->args[0]);
    }
    return out->exit_code == 0 || git_failed(out, call->reach == GIT_NETWORK, err);
}

bool git_take_oid(struct proc_result *result, char out[static GIT_OID_BYTES], struct err *err)
{
    char *said = result->output.text;
    said[strcspn(said, "\n")] = '\0';
    if (!git_check_oid(said, err)) {
        return false;
    }
    memcpy(out, said, strlen(said) + 1);
    return true;
}
