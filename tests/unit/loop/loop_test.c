#include "../testing.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"

#define DEADLINE_MS 10000

static void took_too_long(void *context)
{
    (void)context;
    fail_msg("nothing happened in %d ms", DEADLINE_MS);
}

/* Run until somebody calls loop_stop(); fail when nobody does. */
static void run(struct loop *loop)
{
    struct loop_timer *deadline = loop_timer_start(loop, DEADLINE_MS, 0, took_too_long, NULL);
    loop_run(loop);
    loop_timer_stop(&deadline);
}

struct trace {
    struct loop *loop;
    struct loop_timer *timer;
    int count, stop_at;
};

static void count(void *context)
{
    struct trace *trace = context;
    if (++trace->count == trace->stop_at) {
        loop_stop(trace->loop);
    }
}

static void a_timer_fires_once_and_not_early(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    struct trace once = {.loop = loop};
    struct trace end = {.loop = loop, .stop_at = 1};
    struct timespec before, after;
    loop_timer_start(loop, 5, 0, count, &once);
    loop_timer_start(loop, 40, 0, count, &end);
    clock_gettime(CLOCK_MONOTONIC, &before);
    run(loop);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(once.count, 1);
    long passed_ms =
        (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    assert_true(passed_ms >= 38); /* libuv's clock has whole milliseconds */
}

static void a_repeating_timer_fires_until_it_is_stopped(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    struct trace ticks = {.loop = loop, .stop_at = 3};
    struct loop_timer *timer = loop_timer_start(loop, 1, 1, count, &ticks);
    run(loop);
    assert_int_equal(ticks.count, 3);
    loop_timer_stop(&timer);
    assert_null(timer);
    struct trace end = {.loop = loop, .stop_at = 1};
    loop_timer_start(loop, 20, 0, count, &end);
    run(loop);
    assert_int_equal(ticks.count, 3);
}

static void stop_own_timer(void *context)
{
    struct trace *trace = context;
    loop_timer_stop(&trace->timer);
    loop_stop(trace->loop);
}

static void a_timer_may_stop_itself_while_it_fires(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    struct trace trace = {.loop = loop};
    trace.timer = loop_timer_start(loop, 1, 0, stop_own_timer, &trace);
    run(loop);
    assert_null(trace.timer);
}

struct reader {
    struct loop *loop;
    struct loop_watch *watch;
    char got;
};

static void read_byte(void *context, int fd, unsigned ready)
{
    struct reader *reader = context;
    assert_int_equal(ready, LOOP_READABLE);
    assert_int_equal(read(fd, &reader->got, 1), 1);
    loop_watch_stop(&reader->watch);
    loop_stop(reader->loop);
}

static void a_watch_tells_when_a_descriptor_is_readable(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct reader reader = {.loop = loop};
    reader.watch = loop_watch_start(loop, ends[0], LOOP_READABLE, read_byte, &reader);
    assert_int_equal(write(ends[1], "x", 1), 1);
    run(loop);
    assert_int_equal(reader.got, 'x');
    close(ends[0]);
    close(ends[1]);
}

static void note_ready(void *context, int fd, unsigned ready)
{
    (void)fd;
    struct trace *trace = context;
    trace->count = (int)ready;
    loop_stop(trace->loop);
}

static void a_watch_can_be_changed_and_silenced(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct trace trace = {.loop = loop};
    struct loop_watch *watch = loop_watch_start(loop, ends[1], 0, note_ready, &trace);
    struct trace end = {.loop = loop, .stop_at = 1};
    loop_timer_start(loop, 10, 0, count, &end);
    run(loop);
    assert_int_equal(trace.count, 0);
    loop_watch_change(watch, LOOP_WRITABLE);
    run(loop);
    assert_int_equal(trace.count, LOOP_WRITABLE);
    loop_watch_stop(&watch);
    close(ends[0]);
    close(ends[1]);
}

static void a_watch_wakes_its_owner_when_the_other_end_is_gone(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    struct trace trace = {.loop = loop};
    struct loop_watch *watch = loop_watch_start(loop, ends[1], LOOP_WRITABLE, note_ready, &trace);
    run(loop); /* a pipe without a reader reports an error, which stops libuv's watch… */
    trace.count = 0;
    run(loop); /* …and ours goes on */
    assert_int_equal(trace.count, LOOP_WRITABLE);
    loop_watch_stop(&watch);
    close(ends[1]);
}

static void *post_many(void *context)
{
    struct trace *trace = context;
    for (int i = 0; i < trace->stop_at; i++) {
        loop_post(trace->loop, count, trace);
    }
    return NULL;
}

static void posts_from_another_thread_all_run_on_the_loop(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    struct trace trace = {.loop = loop, .stop_at = 5000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_many, &trace), 0);
    run(loop);
    pthread_join(thread, NULL);
    assert_int_equal(trace.count, 5000);
}

/* Jobs.  `log` is written by the loop's thread or, one job at a time, by a queue. */
struct job {
    struct loop *loop;
    struct job_log *log;
    int number;
};

struct job_log {
    int ran[64];
    atomic_int ran_count, running, running_max;
    int done_count, stopping_count, stop_at;
};

static void run_job(void *context)
{
    struct job *job = context;
    struct job_log *log = job->log;
    int running = atomic_fetch_add(&log->running, 1) + 1;
    if (running > atomic_load(&log->running_max)) {
        atomic_store(&log->running_max, running);
    }
    log->ran[atomic_fetch_add(&log->ran_count, 1) % 64] = job->number;
    usleep(200); /* long enough to overlap, if overlapping were possible */
    atomic_fetch_sub(&log->running, 1);
}

static void end_job(void *context, bool is_stopping)
{
    struct job *job = context;
    job->log->stopping_count += is_stopping;
    if (++job->log->done_count == job->log->stop_at) {
        loop_stop(job->loop);
    }
    free(job);
}

static void add_job(struct loop *loop, struct loop_queue *queue, struct job_log *log, int number)
{
    struct job *job = calloc(1, sizeof(*job));
    *job = (struct job){.loop = loop, .log = log, .number = number};
    loop_work(loop, queue, run_job, end_job, job);
}

static void jobs_of_one_queue_run_one_after_another_in_order(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    AUTO(loop_queue_free) struct loop_queue *queue = loop_queue_new(loop);
    struct job_log log = {.stop_at = 50};
    for (int i = 0; i < 50; i++) {
        add_job(loop, queue, &log, i);
    }
    assert_int_equal(loop_queue_length(queue), 50);
    run(loop);
    assert_int_equal(loop_queue_length(queue), 0);
    assert_int_equal(log.running_max, 1);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(log.ran[i], i);
    }
}

static atomic_int barrier_waits;

/* Ends only when all workers are in it at once. */
static void meet_the_others(void *context)
{
    (void)context;
    atomic_fetch_add(&barrier_waits, 1);
    for (int i = 0; i < DEADLINE_MS && atomic_load(&barrier_waits) < LOOP_WORKERS_MAX; i++) {
        usleep(1000);
    }
}

static void end_meeting(void *context, bool is_stopping)
{
    (void)is_stopping;
    count(context);
}

static void jobs_without_a_queue_run_beside_each_other(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    struct trace trace = {.loop = loop, .stop_at = LOOP_WORKERS_MAX};
    for (int i = 0; i < LOOP_WORKERS_MAX; i++) {
        loop_work(loop, NULL, meet_the_others, end_meeting, &trace);
    }
    run(loop);
    assert_int_equal(atomic_load(&barrier_waits), LOOP_WORKERS_MAX);
}

static void jobs_left_at_the_end_are_told_so_and_none_is_lost(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct loop_queue *queue = loop_queue_new(loop);
    struct job_log log = {0};
    for (int i = 0; i < 20; i++) {
        add_job(loop, queue, &log, i);
        add_job(loop, NULL, &log, i);
    }
    loop_free(&loop);
    assert_int_equal(log.done_count, 40);
    assert_int_equal(log.stopping_count, 40);
    assert_int_equal(log.running, 0);
    loop_queue_free(&queue);
}

static void a_queue_that_is_freed_ends_its_jobs(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct loop_queue *queue = loop_queue_new(loop);
    struct job_log log = {0};
    for (int i = 0; i < 20; i++) {
        add_job(loop, queue, &log, i);
    }
    while (atomic_load(&log.ran_count) == 0) {
        usleep(1000); /* until the first one runs */
    }
    loop_queue_free(&queue);
    assert_null(queue);
    assert_int_equal(log.ran_count, 1);
    assert_int_equal(log.done_count, 20);
    assert_int_equal(log.stopping_count, 20);
    assert_int_equal(log.running, 0);
    loop_free(&loop);
    assert_int_equal(log.done_count, 20);
}

static void post_once_more(void *context)
{
    struct trace *trace = context;
    if (++trace->count < 3) {
        loop_post(trace->loop, post_once_more, trace);
    }
}

static void posts_that_wait_at_the_end_still_run(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    struct trace trace = {.loop = loop};
    loop_post(loop, post_once_more, &trace);
    loop_free(&loop);
    assert_int_equal(trace.count, 3);
}

static void a_loop_with_open_timers_and_watches_is_freed(void **state)
{
    (void)state;
    struct loop *loop = loop_new();
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    loop_timer_start(loop, 1000, 1000, count, NULL);
    loop_watch_start(loop, ends[0], LOOP_READABLE, note_ready, NULL);
    loop_free(&loop);
    assert_null(loop);
    close(ends[0]);
    close(ends[1]);
}

static void raise_term(void *context)
{
    (void)context;
    raise(SIGTERM);
}

static void a_termination_signal_stops_the_loop(void **state)
{
    (void)state;
    AUTO(loop_free) struct loop *loop = loop_new();
    struct err err = {0};
    ASSERT_OK(loop_stop_on_signals(loop, &err), err);
    loop_post(loop, raise_term, NULL);
    run(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_and_not_early),
        cmocka_unit_test(a_repeating_timer_fires_until_it_is_stopped),
        cmocka_unit_test(a_timer_may_stop_itself_while_it_fires),
        cmocka_unit_test(a_watch_tells_when_a_descriptor_is_readable),
        cmocka_unit_test(a_watch_can_be_changed_and_silenced),
        cmocka_unit_test(a_watch_wakes_its_owner_when_the_other_end_is_gone),
        cmocka_unit_test(posts_from_another_thread_all_run_on_the_loop),
        cmocka_unit_test(jobs_of_one_queue_run_one_after_another_in_order),
        cmocka_unit_test(jobs_without_a_queue_run_beside_each_other),
        cmocka_unit_test(jobs_left_at_the_end_are_told_so_and_none_is_lost),
        cmocka_unit_test(a_queue_that_is_freed_ends_its_jobs),
        cmocka_unit_test(posts_that_wait_at_the_end_still_run),
        cmocka_unit_test(a_loop_with_open_timers_and_watches_is_freed),
        cmocka_unit_test(a_termination_signal_stops_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
