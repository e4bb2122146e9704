/*
 * loop: the one thread that owns state (libuv).
 *
 * Everything here is called on the loop's thread, except loop_post().  Callbacks run
 * on the loop's thread, except the `run` half of a job.  Blocking work (git, lookups,
 * rendering) goes to a worker as a value and comes back as a value: `run` must touch
 * nothing but its own job.
 */
#pragma once

#include "base/err.h"

struct loop;
struct loop_timer;
struct loop_watch;
struct loop_queue;

struct loop *loop_new(void);
/* Free a loop that loop_run() has left.  Jobs still running are waited for, those that wait never
   run, and the `done` of both is called with `is_stopping`.  What was posted still runs; timers and
   watches end. */
void loop_free(struct loop **loop);
void loop_run(struct loop *loop); /* until loop_stop() */
void loop_stop(struct loop *loop);
/* Call loop_stop() on SIGINT and SIGTERM. */
bool loop_stop_on_signals(struct loop *loop, struct err *err) MUST_CHECK;

/* Run `fire` after `delay_ms`, then every `repeat_ms` unless that is 0.  A one-shot timer
   ends itself after firing: its pointer is then dead.  NULL is never returned. */
struct loop_timer *loop_timer_start(struct loop *loop, int64_t delay_ms, int64_t repeat_ms,
                                    void (*fire)(void *context), void *context);
void loop_timer_stop(struct loop_timer **timer); /* accepts NULL; clears */

/* Watch a file descriptor that the caller owns and keeps open until loop_watch_stop(). */
enum loop_ready { LOOP_READABLE = 1, LOOP_WRITABLE = 2 };
struct loop_watch *loop_watch_start(struct loop *loop, int fd, unsigned ready,
                                    void (*fire)(void *context, int fd, unsigned ready),
                                    void *context);
void loop_watch_change(struct loop_watch *watch, unsigned ready);
void loop_watch_stop(struct loop_watch **watch);

/* Run `run(job)` on a worker, then `done(job, is_stopping)` on the loop.  Jobs of one queue run
   one after another, in order; NULL means: beside everything else.  The job is the
   caller's; `done` frees it.  The pool has at most LOOP_WORKERS_MAX threads. */
#define LOOP_WORKERS_MAX 8
struct loop_queue *loop_queue_new(struct loop *loop);
/* The job that runs is waited for, those behind it never run, and the `done` of all is called with
   `is_stopping`.  Not from a `done` of its own jobs, unless that was the last. */
void loop_queue_free(struct loop_queue **queue);
size_t loop_queue_length(const struct loop_queue *queue);
void loop_work(struct loop *loop, struct loop_queue *queue, void (*run)(void *job),
               void (*done)(void *job, bool is_stopping), void *job);

/* From any thread: run `fire(context)` on the loop soon. */
void loop_post(struct loop *loop, void (*fire)(void *context), void *context);
