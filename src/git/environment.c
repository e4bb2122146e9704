#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/vec.h"
#include "crypto/crypto.h"
#include "git/mirror.h"

/* Taken over from our own environment: how to reach the network, nothing of the user's taste. */
static const char *const inherited[] = {
    "PATH",         "TMPDIR",         "http_proxy",    "https_proxy", "HTTPS_PROXY",
    "all_proxy",    "ALL_PROXY",      "no_proxy",      "NO_PROXY",    "SSL_CERT_FILE",
    "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SSH_AUTH_SOCK",
};

static const char *const fixed[] = {
    "LC_ALL=C",
    "HOME=/nonexistent", /* curl would read ~/.netrc */
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_ATTR_NOSYSTEM=1",
    "GIT_TERMINAL_PROMPT=0",
    "GIT_ASKPASS=/bin/false",
    "GIT_OPTIONAL_LOCKS=0",
    "GIT_LITERAL_PATHSPECS=1",
    "GIT_NO_REPLACE_OBJECTS=1",
    "GIT_NO_LAZY_FETCH=1", /* since git 2.44; before it, see add_promise() */
    "GIT_ALLOW_PROTOCOL=file:http:https:ssh",
};

/* Settings of every call.  They come by the environment, which a repository cannot overrule. */
static const struct {
    const char *key, *value;
} settings[] = {
    {"core.hooksPath", "/dev/null"},
    {"core.attributesFile", "/dev/null"},
    {"core.fsmonitor", "false"},
    {"safe.bareRepository", "explicit"},
    {"gc.auto", "0"},
    {"maintenance.auto", "false"},
    {"credential.helper", ""},
    {"transfer.fsckObjects", "true"},
    {"transfer.bundleURI", "false"},
    {"transfer.credentialsInUrl", "die"},
    {"submodule.recurse", "false"},
    {"fetch.recurseSubmodules", "false"},
    {"push.recurseSubmodules", "no"},
    {"push.gpgSign", "false"},
    /* Old repositories have these three in their history; none of them can do harm. */
    {"fetch.fsck.zeroPaddedFilemode", "ignore"},
    {"fetch.fsck.badTimezone", "ignore"},
    {"fetch.fsck.missingSpaceBeforeDate", "ignore"},
    /* A moved repository is a person's decision: credentials do not follow a redirection. */
    {"http.followRedirects", "false"},
    /* A connection that gives less than 1 byte/s for a minute is dead. */
    {"http.lowSpeedLimit", "1"},
    {"http.lowSpeedTime", "60"},
};

struct environment {
    struct arena *arena;
    struct str *secret; /* settings that the environment must not show */
    VEC(const char *) lines;
    unsigned setting_count;
};

static void add_line(struct environment *env, const char *line)
{
    *VEC_ADD(&env->lines) = line;
}

static void add_setting(struct environment *env, const char *key, const char *value)
{
    add_line(env, arena_printf(env->arena, "GIT_CONFIG_KEY_%u=%s", env->setting_count, key));
    add_line(env, arena_printf(env->arena, "GIT_CONFIG_VALUE_%u=%s", env->setting_count, value));
    env->setting_count++;
}

static void add_common(struct environment *env)
{
    for (size_t i = 0; i < COUNT_OF(fixed); i++) {
        add_line(env, fixed[i]);
    }
    for (size_t i = 0; i < COUNT_OF(inherited); i++) {
        const char *value = getenv(inherited[i]);
        if (value) {
            add_line(env, arena_printf(env->arena, "%s=%s", inherited[i], value));
        }
    }
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        add_setting(env, settings[i].key, settings[i].value);
    }
}

/* git hands GIT_SSH_COMMAND to a shell; in single quotes only the quote itself is special. */
static void add_quoted(struct str *out, const char *text)
{
    str_add_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'') {
            str_add(out, "'\\''");
        } else {
            str_add_char(out, *text);
        }
    }
    str_add_char(out, '\'');
}

/* The user's own ssh settings count only where none are given. */
static void add_ssh(struct environment *env, const struct git_options *options)
{
    AUTO_STR(command, 16384);
    str_add(&command, "GIT_SSH_COMMAND=ssh -oBatchMode=yes -oStrictHostKeyChecking=yes "
                      "-oConnectTimeout=20 -oServerAliveInterval=15 -oServerAliveCountMax=4");
    if (options->ssh_key_file || options->ssh_known_hosts_file) {
        str_add(&command, " -F /dev/null");
    }
    if (options->ssh_key_file) {
        str_add(&command, " -oIdentitiesOnly=yes -oIdentityAgent=none -i ");
        add_quoted(&command, options->ssh_key_file);
    }
    if (options->ssh_known_hosts_file) {
        str_add(&command, " -oUserKnownHostsFile=");
        add_quoted(&command, options->ssh_known_hosts_file);
        str_add(&command, " -oGlobalKnownHostsFile=/dev/null");
    }
    add_line(env, arena_strdup(env->arena, command.text));
}

/* The file is read for each call, so a rotated password needs no restart. */
static bool add_password(struct environment *env, const struct git_options *options,
                         struct err *err)
{
    AUTO_STR(pair, 8192);
    /* Git hosts that take tokens accept any name beside them. */
    str_addf(&pair, "%s:", options->username ? options->username : "git");
    if (!file_read_secret(options->password_file, &pair, err)) {
        return err_wrap(err, "read the Git password");
    }
    str_add(env->secret, "[http]\n\textraHeader = Authorization: Basic ");
    crypto_base64(str_slice(&pair), env->secret);
    str_add(env->secret, "\n");
    return true;
}

/*
 * A partial clone (gitremote-helpers(7), partial-clone in git's technical documentation): what is
 * never read is not brought, and the remote promises to have it.  Only calls that fetch or keep
 * house know of the promise.  For all others such a file is missing, and they do not wait for git
 * to go and get it.  A remote that cannot filter sends everything.
 */
static void add_promise(struct environment *env, const struct git_options *options)
{
    const char *url = options->url;
    if (!git_is_promised(options)) {
        return;
    }
    add_setting(env, arena_printf(env->arena, "remote.%s.promisor", url), "true");
    add_setting(env, arena_printf(env->arena, "remote.%s.partialCloneFilter", url),
                arena_printf(env->arena, "blob:limit=%u", GIT_BLOB_BYTES_MAX + 1));
}

/* A host that asks for a certificate gets ours. */
static void add_certificate(struct environment *env, const struct git_options *options)
{
    if (options->client_certificate_file) {
        add_setting(env, "http.sslCert", options->client_certificate_file);
    }
    if (options->client_key_file) {
        add_setting(env, "http.sslKey", options->client_key_file);
    }
}

/* Nobody is allowed to sign unless a file or a folder of keys says so. */
static void add_keys(struct environment *env, const struct git_options *options)
{
    bool is_openpgp = options->openpgp_key != NULL;
    const char *key = is_openpgp ? options->openpgp_key : options->signing_key_file;
    const char *signers = options->allowed_signers_file;
    const char *folder = options->openpgp_folder;
    add_setting(env, "gpg.format", is_openpgp ? "openpgp" : "ssh");
    if (key) {
        add_setting(env, "user.signingKey", key);
    }
    add_setting(env, "gpg.ssh.allowedSignersFile", signers ? signers : "/dev/null");
    add_line(env, arena_printf(env->arena, "GNUPGHOME=%s", folder ? folder : "/nonexistent"));
}

/* git takes no path for the name of a remote that promises. */
bool git_is_promised(const struct git_options *options)
{
    return options->url[0] != '/';
}

bool git_environment(const struct git_options *options, enum git_reach reach,
                     const char *const *more, size_t more_count, struct arena *arena,
                     const char *const **out, struct str *secret, struct err *err)
{
    struct environment env = {.arena = arena, .secret = secret};
    add_common(&env);
    bool added = true;
    for (size_t i = 0; i < more_count; i++) {
        add_line(&env, more[i]);
    }
    if (reach == GIT_KEYS) {
        add_keys(&env, options);
    }
    if (reach == GIT_NETWORK || reach == GIT_PROMISED) {
        add_promise(&env, options);
    }
    if (reach == GIT_NETWORK) {
        add_ssh(&env, options);
        add_certificate(&env, options);
        added = !options->password_file || add_password(&env, options, err);
    }
    add_line(&env, secret->length > 0 ? "GIT_CONFIG_GLOBAL=" PROC_SECRET_PATH
                                      : "GIT_CONFIG_GLOBAL=/dev/null");
    add_line(&env, arena_printf(arena, "GIT_CONFIG_COUNT=%u", env.setting_count));

    const char **lines = arena_alloc(arena, env.lines.count + 1, sizeof(*lines));
    memcpy(lines, env.lines.items, env.lines.count * sizeof(*lines));
    VEC_DONE(&env.lines);
    *out = lines;
    return added;
}
