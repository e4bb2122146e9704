#include "proc/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define WALL_MS_DEFAULT INT64_C(60000)
#define READ_STEP ((size_t)65536)

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

int64_t child_deadline(const struct proc_limits *limits)
{
    int64_t wall_ms = limits->wall_ms > 0 ? limits->wall_ms : WALL_MS_DEFAULT;
    return env_now_mono_ms(env_system()) + wall_ms;
}

void child_close_input(struct child *child)
{
    close_fd(&child->input_fd);
    child->input.length = 0;
}

static void move_input(struct child *child)
{
    ssize_t put = send(child->input_fd, child->input.bytes, child->input.length, MSG_NOSIGNAL);
    if (put > 0) {
        child->input.bytes += put;
        child->input.length -= (size_t)put;
    } else if (put < 0 && errno != EAGAIN && errno != EINTR) {
        /* It reads no more; its exit code says whether that was wrong. */
        child_close_input(child);
    }
}

/* One read into a str; closes the descriptor at its end.  True when bytes came. */
static bool move_stream(int *fd, struct str *into)
{
    char block[READ_STEP];
    ssize_t got = read(*fd, block, sizeof(block));
    if (got > 0) {
        size_t room = into->max - into->length;
        str_add_bytes(into, block, (size_t)got < room ? (size_t)got : room);
        into->failed = (size_t)got > room;
        return true;
    }
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_fd(fd);
    }
    return false;
}

/* What standard error says beyond its ceiling is dropped: its first words are the cause. */
static bool move_errors(struct child *child)
{
    bool moved = move_stream(&child->errors_fd, &child->errors);
    child->errors.failed = false;
    return moved;
}

void child_drain(struct child *child)
{
    while (child->output_fd >= 0 && !child->output.failed &&
           move_stream(&child->output_fd, &child->output)) {
    }
    while (child->errors_fd >= 0 && child->errors.length < child->errors.max &&
           move_errors(child)) {
    }
    child->said_too_much = child->output.failed;
}

static bool too_late(const struct child *child, struct err *err)
{
    return err_set(err, ERR_TIMEOUT, "%s did not finish in time and was ended", child->program);
}

static bool too_much(struct child *child, struct err *err)
{
    child->said_too_much = true;
    return err_set(err, ERR_INVALID, "%s said more than %zu bytes", child->program,
                   child->output.max);
}

bool child_step(struct child *child, int64_t deadline_ms, struct err *err)
{
    int64_t left_ms = deadline_ms - env_now_mono_ms(env_system());
    if (left_ms <= 0) {
        return too_late(child, err);
    }
    /* poll() passes over negative descriptors. */
    struct pollfd fds[] = {
        {.fd = child->input.length > 0 ? child->input_fd : -1, .events = POLLOUT},
        {.fd = child->output_fd, .events = POLLIN},
        {.fd = child->errors_fd, .events = POLLIN},
        {.fd = child->has_ended ? -1 : child->process_fd, .events = POLLIN},
    };
    int ready = poll(fds, COUNT_OF(fds), left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
    if (ready < 0 && errno != EINTR) {
        return err_set(err, ERR_INTERNAL, "cannot wait for %s: %s", child->program,
                       strerror(errno));
    }
    if (ready <= 0) {
        return true; /* the next call looks at the clock */
    }
    if (fds[0].revents) {
        move_input(child);
    }
    if (fds[1].revents) {
        move_stream(&child->output_fd, &child->output);
    }
    if (fds[2].revents) {
        move_errors(child);
    }
    child->has_ended = child->has_ended || fds[3].revents;
    return !child->output.failed || too_much(child, err);
}

int child_end(struct child *child)
{
    int status = 0;
    if (child->pid > 0) {
        /* Before it is reaped: until then, nobody else can get its id or its group's. */
        kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
        }
        child->pid = 0;
    }
    close_fd(&child->process_fd);
    child_close_input(child);
    return status;
}

void child_done(struct child *child)
{
    child_end(child);
    close_fd(&child->output_fd);
    close_fd(&child->errors_fd);
    str_done(&child->output);
    str_done(&child->errors);
}
