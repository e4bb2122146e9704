#include <stdlib.h>
#include <string.h>

#include "proc/child.h"

#define LAST_WORDS_MAX 300

struct proc_pipe {
    struct child child;
    struct proc_limits limits;
    char *program;
    size_t read_to; /* how much of child.output was handed out */
};

bool proc_open(const struct proc_call *call, struct proc_pipe **out, struct err *err)
{
    struct proc_pipe *pipe = xcalloc(1, sizeof(*pipe));
    if (!child_start(call, &pipe->child, err)) {
        child_done(&pipe->child);
        free(pipe);
        return false;
    }
    pipe->limits = call->limits;
    pipe->program = xstrdup(call->argv[0]); /* the call need not outlive this function */
    pipe->child.program = pipe->program;
    *out = pipe;
    return true;
}

static bool is_gone(struct proc_pipe *pipe, struct err *err)
{
    child_drain(&pipe->child);
    const char *words = pipe->child.errors.text;
    return err_set(err, ERR_UNAVAILABLE, "%s ended unexpectedly%s%.*s", pipe->program,
                   words[0] ? ": " : "", (int)strnlen(words, LAST_WORDS_MAX), words);
}

/* A child that closed its output answers nothing more, even while its input still takes bytes. */
static bool hears_us(const struct child *child)
{
    return !child->has_ended && child->input_fd >= 0 && child->output_fd >= 0;
}

bool proc_write(struct proc_pipe *pipe, struct slice bytes, struct err *err)
{
    struct child *child = &pipe->child;
    int64_t deadline_ms = child_deadline(&pipe->limits);
    child->input = bytes;
    bool moved = true;
    while (moved && child->input.length > 0 && hears_us(child)) {
        moved = child_step(child, deadline_ms, err);
    }
    child->input.length = 0;
    return moved && (hears_us(child) || is_gone(pipe, err));
}

/* Forget what was handed out, once that is the larger part: the moves stay linear. */
static void drop_read(struct proc_pipe *pipe)
{
    struct str *output = &pipe->child.output;
    if (pipe->read_to * 2 < output->length) {
        return;
    }
    size_t left = output->length - pipe->read_to;
    memmove(output->text, output->text + pipe->read_to, left);
    output->length = left;
    output->text[left] = '\0';
    pipe->read_to = 0;
}

static struct slice unread(const struct proc_pipe *pipe)
{
    const struct str *output = &pipe->child.output;
    return (struct slice){output->text + pipe->read_to, output->length - pipe->read_to};
}

/* Let the child say more. */
static bool hear(struct proc_pipe *pipe, int64_t deadline_ms, struct err *err)
{
    if (pipe->child.output_fd < 0) {
        return is_gone(pipe, err);
    }
    drop_read(pipe);
    return child_step(&pipe->child, deadline_ms, err);
}

static bool hand_out(struct proc_pipe *pipe, size_t length, struct str *out, struct err *err)
{
    str_add_bytes(out, unread(pipe).bytes, length);
    pipe->read_to += length;
    return !out->failed || err_set(err, ERR_INVALID, "an answer of %s is longer than %zu bytes",
                                   pipe->program, out->max);
}

bool proc_read_line(struct proc_pipe *pipe, struct str *out, struct err *err)
{
    int64_t deadline_ms = child_deadline(&pipe->limits);
    for (;;) {
        struct slice text = unread(pipe);
        const char *end = memchr(text.bytes, '\n', text.length);
        if (end) {
            bool handed = hand_out(pipe, (size_t)(end - text.bytes), out, err);
            pipe->read_to++;
            return handed;
        }
        if (!hear(pipe, deadline_ms, err)) {
            return false;
        }
    }
}

bool proc_read_bytes(struct proc_pipe *pipe, size_t length, struct str *out, struct err *err)
{
    int64_t deadline_ms = child_deadline(&pipe->limits);
    while (unread(pipe).length < length) {
        if (!hear(pipe, deadline_ms, err)) {
            return false;
        }
    }
    return hand_out(pipe, length, out, err);
}

void proc_close(struct proc_pipe **pipe)
{
    if (!*pipe) {
        return;
    }
    child_done(&(*pipe)->child);
    free((*pipe)->program);
    xfree(pipe);
}
