/* Signatures, checked by the program cosign. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/file.h"
#include "model/chart.h"
#include "proc/proc.h"
#include "registry/exchange.h"

#define PROGRAM "cosign"
/* The key goes by the environment: no file has to be written, and no argument read as another. */
#define KEY_VARIABLE "HEDDLE_COSIGN_KEY"
#define OUTPUT_BYTES_MAX ((size_t)4 << 20) /* a few kilobytes for each signature */
#define CPU_S 60
/* A token, the signature's index, its manifest and its layer. */
#define REQUESTS 4
#define ARGUMENT_BYTES (SIGNATURE_NAME_BYTES_MAX + 64)
#define ARGUMENTS_MAX 12
#define PATH_BYTES_MAX 4096
#define LINE_BYTES_MAX ((size_t)4096)
#define SHOWN_BYTES 240 /* of a stranger's words, before escaping */
#define SHOWN_ESCAPED_BYTES 400

/* ---- what it is told ---- */

struct errand {
    struct place place;
    const struct signature_rule *rule;
    char image[IMAGE_TEXT_BYTES];
    char who[ARGUMENT_BYTES], issuer[ARGUMENT_BYTES];
    const char *argv[ARGUMENTS_MAX]; /* ends with NULL */
    size_t argument_count;
    char folder[PATH_BYTES_MAX]; /* of Docker's config.json, and of nothing else */
    int64_t wall_ms;
};

static void add_argument(struct errand *errand, const char *argument)
{
    assert(errand->argument_count < ARGUMENTS_MAX - 1);
    errand->argv[errand->argument_count++] = argument;
}

/* Values stand behind "=" in the same argument, so none can pass for an option. */
static void add_signer(struct errand *errand)
{
    const struct signature_rule *rule = errand->rule;
    if (rule->key[0]) {
        add_argument(errand, "--key=env://" KEY_VARIABLE);
        return;
    }
    if (rule->identity[0]) {
        snprintf(errand->who, sizeof(errand->who), "--certificate-identity=%s", rule->identity);
    } else {
        snprintf(errand->who, sizeof(errand->who), "--certificate-identity-regexp=^(?:%s)$",
                 rule->identity_pattern);
    }
    snprintf(errand->issuer, sizeof(errand->issuer), "--certificate-oidc-issuer=%s", rule->issuer);
    add_argument(errand, errand->who);
    add_argument(errand, errand->issuer);
}

static void write_arguments(struct errand *errand)
{
    add_argument(errand, PROGRAM);
    add_argument(errand, "verify");
    add_argument(errand, "--output=json");
    add_signer(errand);
    if (errand->rule->is_unlogged) {
        add_argument(errand, "--insecure-ignore-tlog=true");
    }
    if (errand->place.is_plain) {
        add_argument(errand, "--allow-http-registry=true");
    }
    add_argument(errand, "--");
    add_argument(errand, errand->image);
}

static bool begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Ours but for what is heddle's own; clouds' helpers find there who they are.  A folder, a key and
   NULL come last. */
static const char **environment_for(const char *folder, const char *key)
{
    size_t count = 0;
    size_t kept = 0;
    while (environ[count]) {
        count++;
    }
    const char **env = xcalloc(count + 3, sizeof(*env));
    for (size_t i = 0; i < count; i++) {
        if (!begins(environ[i], "HEDDLE_") && !begins(environ[i], "DOCKER_CONFIG=")) {
            env[kept++] = environ[i];
        }
    }
    env[kept++] = folder;
    env[kept] = key[0] ? key : NULL;
    return env;
}

/* ---- what it says ---- */

/* "Error: …", or its last line. */
static struct slice words_of(const char *text)
{
    struct slice last = {"", 0};
    while (*text) {
        struct slice line = {text, strcspn(text, "\r\n")};
        if (begins(text, "Error: ")) {
            return (struct slice){text + strlen("Error: "), line.length - strlen("Error: ")};
        }
        last = line.length > 0 ? line : last;
        text += line.length;
        text += strspn(text, "\r\n");
    }
    return last;
}

static void say(struct signature_verdict *out, enum signature_state state, const char *what,
                struct slice words)
{
    char cut[SHOWN_BYTES];
    AUTO_STR(line, LINE_BYTES_MAX);
    AUTO_STR(shown, SHOWN_ESCAPED_BYTES);
    str_add_bytes(&line, words.bytes,
                  words.length < LINE_BYTES_MAX ? words.length : LINE_BYTES_MAX);
    text_copy_cut(cut, sizeof(cut), line.text);
    escape_terminal(&shown, cut);
    out->state = state;
    if (shown.length && !shown.failed) {
        snprintf(out->why, sizeof(out->why), "%s (cosign: %s).", what, shown.text);
    } else {
        snprintf(out->why, sizeof(out->why), "%s.", what);
    }
}

/* By its exit code, which newer ones have for each outcome, or by its words. */
static void read_refusal(const struct proc_result *result, struct signature_verdict *out)
{
    static const struct {
        int exit_code; /* 0: by its words alone */
        const char *words;
        const char *what;
    } outcomes[] = {
        {10, "no signatures found", "It is not signed"},
        {12, "no matching signatures", "None of its signatures is the one that the rule asks for"},
        {13, "no certificate found on signature", "It is signed without a certificate"},
        {0, "none of the expected identities matched",
         "None of its signatures is the one that the rule asks for"},
    };
    struct slice words = words_of(result->errors.text);
    /* Of a log that cannot be asked it says "no matching signatures", too. */
    bool is_looked_up = !strstr(result->errors.text, "searching log query:");
    for (size_t i = 0; is_looked_up && i < COUNT_OF(outcomes); i++) {
        if (result->exit_code == outcomes[i].exit_code ||
            strstr(result->errors.text, outcomes[i].words)) {
            say(out, SIGNATURE_BAD, outcomes[i].what, words);
            return;
        }
    }
    say(out, SIGNATURE_UNCHECKED, "Its signature could not be checked", words);
}

static void read_result(bool has_run, const struct proc_result *result, const struct err *why,
                        struct signature_verdict *out)
{
    if (!has_run && why->kind == ERR_NOT_FOUND) {
        say(out, SIGNATURE_UNCHECKED,
            "Its signature cannot be checked: there is no program cosign in the server's PATH; "
            "install it there",
            (struct slice){"", 0});
    } else if (!has_run) {
        say(out, SIGNATURE_UNCHECKED, "Its signature could not be checked", slice_of(why->text));
    } else if (result->exit_code == 0) {
        *out = (struct signature_verdict){.state = SIGNATURE_GOOD};
    } else {
        read_refusal(result, out);
    }
}

/* ---- the errand ---- */

static bool make_folder(const struct registry *registry, struct errand *errand, struct err *err)
{
    const char *temporary = getenv("TMPDIR");
    char link[PATH_BYTES_MAX + 16];
    int length = snprintf(errand->folder, sizeof(errand->folder), "%s/heddle-cosign-XXXXXX",
                          temporary && temporary[0] ? temporary : "/tmp");
    if (length >= (int)sizeof(errand->folder) || !mkdtemp(errand->folder)) {
        errand->folder[0] = '\0';
        return err_set(err, ERR_UNAVAILABLE, "a temporary folder cannot be made: %s",
                       strerror(errno));
    }
    if (!registry->credentials.file) {
        return true;
    }
    char *config = realpath(registry->credentials.file, NULL);
    snprintf(link, sizeof(link), "%s/config.json", errand->folder);
    bool is_linked = config && symlink(config, link) == 0;
    free(config);
    return is_linked || err_set(err, ERR_UNAVAILABLE, "%s cannot be given to it: %s",
                                registry->credentials.file, strerror(errno));
}

static bool prepare(const struct registry *registry, const char *repository, const char *digest,
                    struct errand *errand, struct err *err)
{
    if (!image_digest_is_valid(digest)) {
        return err_set(err, ERR_INVALID, "\"%.80s\" is not a digest", digest);
    }
    if (chart_is_indexed(repository)) {
        return err_set(err, ERR_INVALID,
                       "cosign signs what is in a registry, and %.200s comes from an index.yaml; "
                       "keep the chart in a registry, or give it a rule of its own",
                       repository);
    }
    if (!place_find(registry, repository, &errand->place, err) ||
        !registry_find_time(registry, &errand->place, &errand->wall_ms, err)) {
        return false;
    }
    int length = snprintf(errand->image, sizeof(errand->image), "%s/%s@%s", errand->place.known_as,
                          errand->place.name, digest);
    return length < (int)sizeof(errand->image) ||
           err_set(err, ERR_INVALID, "the repository is too long");
}

static bool run_cosign(const struct errand *errand, struct proc_result *result, struct err *err)
{
    AUTO_STR(folder, PATH_BYTES_MAX + 32);
    AUTO_STR(key, SIGNATURE_KEY_BYTES_MAX + 64);
    str_addf(&folder, "DOCKER_CONFIG=%s", errand->folder);
    if (errand->rule->key[0]) {
        str_addf(&key, KEY_VARIABLE "=%s", errand->rule->key);
    }
    const char **env = environment_for(folder.text, key.text);
    const struct proc_call call = {
        .argv = errand->argv,
        .env = env,
        .limits = {.wall_ms = errand->wall_ms,
                   .cpu_s = CPU_S,
                   .output_bytes_max = OUTPUT_BYTES_MAX},
    };
    bool has_run = proc_run(&call, result, err);
    free(env);
    return has_run;
}

void registry_verify(struct registry *registry, const char *repository, const char *digest,
                     const struct signature_rule *rule, struct signature_verdict *out)
{
    struct errand errand = {.rule = rule};
    AUTO(proc_result_done) struct proc_result result = {0};
    struct err err = {0};
    struct err ignored = {0}; /* a folder that cannot be removed is only litter */
    bool has_run = false;
    *out = (struct signature_verdict){0};
    if (prepare(registry, repository, digest, &errand, &err) &&
        make_folder(registry, &errand, &err)) {
        write_arguments(&errand);
        registry->asked += REQUESTS;
        has_run = run_cosign(&errand, &result, &err);
    } else {
        err.kind = ERR_UNAVAILABLE; /* "not found" would be the program */
    }
    read_result(has_run, &result, &err, out);
    if (errand.folder[0]) {
        bool is_removed = file_remove_tree(errand.folder, &ignored);
        (void)is_removed;
    }
}

bool registry_has_cosign(void)
{
    const char *at = getenv("PATH");
    while (at && *at) {
        char file[PATH_BYTES_MAX];
        size_t length = strcspn(at, ":");
        int written = snprintf(file, sizeof(file), "%.*s/" PROGRAM, (int)length, at);
        if (length > 0 && written < (int)sizeof(file) && access(file, X_OK) == 0) {
            return true;
        }
        at += length;
        at += *at == ':';
    }
    return false;
}
