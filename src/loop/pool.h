/* pool: worker threads of one loop.  Each loop has its own, so that the jobs of one role can
   wait for another role in the same process without taking its threads. */
#pragma once

#include "base/base.h"

struct pool;

struct pool_task {
    void (*run)(void *job);
    void *job;
    void *owner;
    struct pool_task *next;
};

/* `wake(context)` is called on a worker when a task has ended. */
struct pool *pool_new(unsigned threads_max, void (*wake)(void *context), void *context);
void pool_free(struct pool **pool); /* after pool_stop() */
void pool_add(struct pool *pool, struct pool_task *task);
/* All tasks that have ended, oldest first. */
struct pool_task *pool_take_ended(struct pool *pool);
bool pool_has_ended(struct pool *pool);
/* Take back a task that was added and is not taken yet: one that runs is waited for, one that waits
   never runs. */
void pool_recall(struct pool *pool, struct pool_task *task);
/* Wait for tasks that run; those that wait will not, and are ended too. */
void pool_stop(struct pool *pool);
