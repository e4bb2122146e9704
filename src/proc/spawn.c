#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proc/child.h"

#define OUTPUT_BYTES_DEFAULT ((size_t)16 << 20)
#define ERRORS_BYTES_MAX ((size_t)64 << 10)
#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SECRET_FD 3 /* as in PROC_SECRET_PATH */

enum end { OURS, ITS };

/* [OURS] stays here, [ITS] becomes its 0, 1, 2.  pipe(2) gives the reading end first: ours. */
struct streams {
    int input[2], output[2], errors[2];
    int secret; /* becomes its 3; -1: none */
};

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

static void streams_done(struct streams *streams)
{
    for (int i = 0; i < 2; i++) {
        close_fd(&streams->input[i]);
        close_fd(&streams->output[i]);
        close_fd(&streams->errors[i]);
    }
    close_fd(&streams->secret);
}

/* Memory with a descriptor, which can be read any number of times and never changed. */
static bool open_secret(struct slice secret, int *out, struct err *err)
{
    *out = memfd_create("secret", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool done =
        *out >= 0 && write(*out, secret.bytes, secret.length) == (ssize_t)secret.length &&
        fcntl(*out, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
    return done || err_set(err, ERR_INTERNAL, "cannot hand over a secret: %s", strerror(errno));
}

static bool streams_open(struct streams *streams, struct slice secret, struct err *err)
{
    *streams = (struct streams){{-1, -1}, {-1, -1}, {-1, -1}, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, streams->input) != 0 ||
        pipe2(streams->output, O_CLOEXEC) != 0 || pipe2(streams->errors, O_CLOEXEC) != 0) {
        return err_set(err, ERR_INTERNAL, "cannot make pipes: %s", strerror(errno));
    }
    const int ours[] = {streams->input[OURS], streams->output[OURS], streams->errors[OURS]};
    for (size_t i = 0; i < COUNT_OF(ours); i++) {
        if (fcntl(ours[i], F_SETFL, O_NONBLOCK) != 0) {
            return err_set(err, ERR_INTERNAL, "cannot set up pipes: %s", strerror(errno));
        }
    }
    return secret.length == 0 || open_secret(secret, &streams->secret, err);
}

static const char *env_value(const char *const *env, const char *name)
{
    size_t length = strlen(name);
    for (; *env; env++) {
        if (strncmp(*env, name, length) == 0 && (*env)[length] == '=') {
            return *env + length + 1;
        }
    }
    return NULL;
}

/* posix_spawnp() would search our own PATH, not the child's. */
static bool find_program(const char *name, const char *search, struct str *out, struct err *err)
{
    if (strchr(name, '/')) {
        str_add(out, name);
        return access(name, X_OK) == 0 ||
               err_set(err, ERR_NOT_FOUND, "there is no program %s", name);
    }
    while (*search) {
        size_t length = strcspn(search, ":");
        if (length > 0) {
            str_clear(out);
            str_add_bytes(out, search, length);
            str_addf(out, "/%s", name);
            if (!out->failed && access(out->text, X_OK) == 0) {
                return true;
            }
        }
        search += length + (search[length] == ':');
    }
    return err_set(err, ERR_NOT_FOUND, "the program \"%s\" is not installed", name);
}

/* Default signal actions, nothing blocked, a process group of its own. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setpgroup(attributes, 0);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETPGROUP);
}

static int set_actions(posix_spawn_file_actions_t *actions, const struct streams *streams,
                       const char *folder)
{
    const int its[] = {streams->input[ITS], streams->output[ITS], streams->errors[ITS],
                       streams->secret};
    int count = streams->secret >= 0 ? SECRET_FD + 1 : SECRET_FD;
    int failed = 0;
    for (int fd = 0; fd < count && !failed; fd++) {
        failed = posix_spawn_file_actions_adddup2(actions, its[fd], fd);
    }
    if (!failed && folder) {
        failed = posix_spawn_file_actions_addchdir_np(actions, folder);
    }
    /* Everything is opened close-on-exec; this holds for libraries' descriptors as well. */
    return failed ? failed : posix_spawn_file_actions_addclosefrom_np(actions, count);
}

static int spawn(const struct proc_call *call, const char *program, const char *const *env,
                 const struct streams *streams, pid_t *out_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    int failed = set_actions(&actions, streams, call->folder);
    failed = failed ? failed : set_attributes(&attributes);
    /* POSIX takes char *const[] for history's sake and changes neither array. */
    char **argv = (char **)(uintptr_t)call->argv;
    char **envp = (char **)(uintptr_t)env;
    failed = failed ? failed : posix_spawn(out_pid, program, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/*
 * posix_spawn() has no limits among its attributes, so they arrive a moment after the program
 * began.  What it could start in that moment is still under the wall clock and the group kill.
 */
static bool set_limits(pid_t pid, const struct proc_limits *limits, struct err *err)
{
    struct rlimit none = {0, 0}; /* a crash of a child must not fill the disk */
    struct rlimit cpu = {(rlim_t)limits->cpu_s, (rlim_t)limits->cpu_s + 1};
    struct rlimit memory = {(rlim_t)limits->memory_bytes, (rlim_t)limits->memory_bytes};
    bool set = prlimit(pid, RLIMIT_CORE, &none, NULL) == 0 &&
               (limits->cpu_s <= 0 || prlimit(pid, RLIMIT_CPU, &cpu, NULL) == 0) &&
               (limits->memory_bytes <= 0 || prlimit(pid, RLIMIT_AS, &memory, NULL) == 0);
    return set || err_set(err, ERR_INTERNAL, "cannot limit a child: %s", strerror(errno));
}

static bool start(const struct proc_call *call, const char *const *env, struct child *out,
                  struct err *err)
{
    AUTO_STR(program, 4096);
    const char *search = env_value(env, "PATH");
    if (!find_program(call->argv[0], search ? search : PATH_DEFAULT, &program, err)) {
        return false;
    }
    AUTO(streams_done) struct streams streams;
    if (!streams_open(&streams, call->secret, err)) {
        return false;
    }
    int failed = spawn(call, program.text, env, &streams, &out->pid);
    if (failed) {
        out->pid = 0;
        return err_set(err, failed == ENOENT ? ERR_NOT_FOUND : ERR_INTERNAL, "cannot start %s: %s",
                       program.text, strerror(failed));
    }
    out->process_fd = pidfd_open(out->pid, 0); /* close-on-exec by itself */
    out->input_fd = take_fd(&streams.input[OURS]);
    out->output_fd = take_fd(&streams.output[OURS]);
    out->errors_fd = take_fd(&streams.errors[OURS]);
    if (out->process_fd < 0) {
        return err_set(err, ERR_INTERNAL, "cannot watch %s: %s", program.text, strerror(errno));
    }
    return set_limits(out->pid, &call->limits, err);
}

bool child_start(const struct proc_call *call, struct child *out, struct err *err)
{
    AUTO_STR(path, 4096);
    const char *own = getenv("PATH");
    str_addf(&path, "PATH=%s", own ? own : PATH_DEFAULT);
    const char *const plain[] = {path.text, "LC_ALL=C", NULL};

    *out = (struct child){
        .program = call->argv[0],
        .process_fd = -1,
        .input_fd = -1,
        .output_fd = -1,
        .errors_fd = -1,
        .input = call->input,
    };
    size_t ceiling = call->limits.output_bytes_max;
    str_init(&out->output, ceiling ? ceiling : OUTPUT_BYTES_DEFAULT);
    str_init(&out->errors, ERRORS_BYTES_MAX);
    bool started = start(call, call->env ? call->env : plain, out, err);
    if (!started) {
        child_end(out);
    }
    return started;
}
