#include <signal.h>
#include <sys/wait.h>

#include "proc/child.h"

/* Until it has ended, or closed everything and is about to. */
static bool run_to_end(struct child *child, int64_t deadline_ms, struct err *err)
{
    while (!child->has_ended) {
        if (child->input.length == 0) {
            child_close_input(child);
        }
        if (!child_step(child, deadline_ms, err)) {
            return false;
        }
    }
    return true;
}

static bool check_limits(const struct proc_call *call, const struct proc_result *result,
                         struct err *err)
{
    if (result->said_too_much) {
        return err_set(err, ERR_INVALID, "%s said more than %zu bytes", call->argv[0],
                       result->output.max);
    }
    if (result->signal == SIGXCPU && call->limits.cpu_s > 0) {
        return err_set(err, ERR_TIMEOUT, "%s used more than %lld s of processor time",
                       call->argv[0], (long long)call->limits.cpu_s);
    }
    return true;
}

bool proc_run(const struct proc_call *call, struct proc_result *out, struct err *err)
{
    struct child child;
    bool done = child_start(call, &child, err);
    bool started = done;
    done = done && run_to_end(&child, child_deadline(&call->limits), err);

    int status = child_end(&child);
    if (started) {
        child_drain(&child);
    }
    *out = (struct proc_result){
        .output = child.output,
        .errors = child.errors,
        .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
        .timed_out = started && !done && err->kind == ERR_TIMEOUT,
        .said_too_much = child.said_too_much,
    };
    child.output = child.errors = (struct str){0};
    child_done(&child);
    return done && check_limits(call, out, err);
}

void proc_result_done(struct proc_result *result)
{
    str_done(&result->output);
    str_done(&result->errors);
}
