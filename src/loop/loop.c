#include "loop/loop.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop_internal.h"

struct post {
    void (*fire)(void *context);
    void *context;
    struct post *next;
};

struct queued_job {
    struct pool_task task;
    struct loop_queue *queue; /* or NULL */
    void (*done)(void *job, bool is_stopping);
    struct queued_job *next; /* in the queue */
    bool is_given;           /* to the pool */
};

struct loop_queue {
    struct loop *loop;
    struct queued_job *first; /* given to the pool; the others wait behind it */
    struct queued_job **end;
    size_t length;
};

/* Jobs. */

static void queue_give_first(struct loop_queue *queue)
{
    queue->first->is_given = true;
    pool_add(queue->loop->pool, &queue->first->task);
}

static void queue_add(struct loop_queue *queue, struct queued_job *job)
{
    *queue->end = job;
    queue->end = &job->next;
    queue->length++;
    if (queue->first == job) {
        queue_give_first(queue);
    }
}

/* The first job has ended: send the next one. */
static void queue_advance(struct loop_queue *queue)
{
    queue->first = queue->first->next;
    queue->length--;
    if (queue->first) {
        queue_give_first(queue);
    } else {
        queue->end = &queue->first;
    }
}

static void finish_jobs(struct loop *loop)
{
    struct pool_task *task = pool_take_ended(loop->pool);
    while (task) {
        struct pool_task *next = task->next;
        struct queued_job *job = task->owner;
        /* The queue first: `done` may free it. */
        if (job->queue) {
            queue_advance(job->queue);
        }
        job->done(task->job, loop->is_stopping);
        free(job);
        task = next;
    }
}

struct loop_queue *loop_queue_new(struct loop *loop)
{
    struct loop_queue *queue = xcalloc(1, sizeof(*queue));
    queue->loop = loop;
    queue->end = &queue->first;
    return queue;
}

void loop_queue_free(struct loop_queue **queue_pointer)
{
    struct loop_queue *queue = *queue_pointer;
    if (!queue) {
        return;
    }
    for (struct queued_job *job = queue->first; job; job = queue->first) {
        if (job->is_given) {
            pool_recall(queue->loop->pool, &job->task);
        }
        /* Not by queue_advance(): the next one must not begin. */
        queue->first = job->next;
        queue->end = job->next ? queue->end : &queue->first;
        queue->length--;
        job->done(job->task.job, true);
        free(job);
    }
    xfree(queue_pointer);
}

size_t loop_queue_length(const struct loop_queue *queue)
{
    return queue->length;
}

void loop_work(struct loop *loop, struct loop_queue *queue, void (*run)(void *job),
               void (*done)(void *job, bool is_stopping), void *job)
{
    struct queued_job *queued = xcalloc(1, sizeof(*queued));
    queued->task = (struct pool_task){.run = run, .job = job, .owner = queued};
    queued->queue = queue;
    queued->done = done;
    if (queue) {
        queue_add(queue, queued);
    } else {
        pool_add(loop->pool, &queued->task);
    }
}

/* Posts. */

static struct post *take_posts(struct loop *loop)
{
    uv_mutex_lock(&loop->posts_lock);
    struct post *first = loop->posts;
    loop->posts = NULL;
    loop->posts_end = &loop->posts;
    uv_mutex_unlock(&loop->posts_lock);
    return first;
}

/* True when there was any. */
static bool run_posts(struct loop *loop)
{
    struct post *post = take_posts(loop);
    bool had_any = post != NULL;
    while (post) {
        struct post *next = post->next;
        post->fire(post->context);
        free(post);
        post = next;
    }
    return had_any;
}

void loop_post(struct loop *loop, void (*fire)(void *context), void *context)
{
    struct post *post = xcalloc(1, sizeof(*post));
    post->fire = fire;
    post->context = context;
    uv_mutex_lock(&loop->posts_lock);
    *loop->posts_end = post;
    loop->posts_end = &post->next;
    uv_async_send(&loop->wake);
    uv_mutex_unlock(&loop->posts_lock);
}

/* The loop itself. */

static void woken(uv_async_t *wake)
{
    struct loop *loop = wake->data;
    finish_jobs(loop);
    run_posts(loop);
}

static void wake_loop(void *context)
{
    struct loop *loop = context;
    uv_async_send(&loop->wake);
}

struct loop *loop_new(void)
{
    /* A peer that has left must end one write, not the process. */
    signal(SIGPIPE, SIG_IGN);

    struct loop *loop = xcalloc(1, sizeof(*loop));
    loop->posts_end = &loop->posts;
    /* These fail only when the process is out of descriptors or memory at start. */
    if (uv_loop_init(&loop->uv) != 0 || uv_mutex_init(&loop->posts_lock) != 0 ||
        uv_async_init(&loop->uv, &loop->wake, woken) != 0) {
        abort();
    }
    loop->wake.data = loop;
    loop->pool = pool_new(LOOP_WORKERS_MAX, wake_loop, loop);
    return loop;
}

static void close_rest(uv_handle_t *handle, void *context)
{
    struct loop *loop = context;
    if (uv_is_closing(handle)) {
        return;
    }
    bool is_own = handle == (uv_handle_t *)&loop->wake ||
                  handle == (uv_handle_t *)&loop->signals[0] ||
                  handle == (uv_handle_t *)&loop->signals[1];
    uv_close(handle, is_own ? NULL : loop_free_handle);
}

void loop_free(struct loop **loop)
{
    struct loop *gone = *loop;
    if (!gone) {
        return;
    }
    gone->is_stopping = true;
    pool_stop(gone->pool);
    /* What ends may post or add once more; both end here, too. */
    do {
        finish_jobs(gone);
    } while (run_posts(gone) || pool_has_ended(gone->pool));
    pool_free(&gone->pool);

    uv_walk(&gone->uv, close_rest, gone);
    uv_run(&gone->uv, UV_RUN_DEFAULT);
    int result = uv_loop_close(&gone->uv);
    assert(result == 0);
    (void)result;
    uv_mutex_destroy(&gone->posts_lock);
    xfree(loop);
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

static void signal_came(uv_signal_t *uv, int number)
{
    (void)number;
    loop_stop(uv->data);
}

bool loop_stop_on_signals(struct loop *loop, struct err *err)
{
    static const int numbers[] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < COUNT_OF(numbers) && !loop->has_signals; i++) {
        uv_signal_t *uv = &loop->signals[i];
        uv_signal_init(&loop->uv, uv);
        uv->data = loop;
        int result = uv_signal_start(uv, signal_came, numbers[i]);
        if (result != 0) {
            return err_set(err, ERR_INTERNAL, "watch for %s: %s", strsignal(numbers[i]),
                           uv_strerror(result));
        }
    }
    loop->has_signals = true;
    return true;
}
