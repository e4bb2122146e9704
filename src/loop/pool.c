#include "loop/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <uv.h>

struct task_list {
    struct pool_task *first, **end;
};

struct pool {
    uv_mutex_t lock;
    uv_cond_t work_came, work_ended;
    struct task_list waiting, ended;
    unsigned waiting_count, idle_count;
    bool is_stopping;
    void (*wake)(void *context);
    void *context;
    unsigned thread_count, threads_max;
    uv_thread_t threads[];
};

static void list_init(struct task_list *list)
{
    *list = (struct task_list){NULL, NULL};
    list->end = &list->first;
}

static void list_add(struct task_list *list, struct pool_task *task)
{
    task->next = NULL;
    *list->end = task;
    list->end = &task->next;
}

static struct pool_task *list_take_first(struct task_list *list)
{
    struct pool_task *task = list->first;
    if (task) {
        list->first = task->next;
        if (!list->first) {
            list->end = &list->first;
        }
    }
    return task;
}

static bool list_remove(struct task_list *list, const struct pool_task *task)
{
    for (struct pool_task **at = &list->first; *at; at = &(*at)->next) {
        if (*at == task) {
            *at = task->next;
            if (!*at) {
                list->end = at;
            }
            return true;
        }
    }
    return false;
}

struct pool *pool_new(unsigned threads_max, void (*wake)(void *context), void *context)
{
    struct pool *pool = xcalloc(1, sizeof(*pool) + threads_max * sizeof(uv_thread_t));
    pool->threads_max = threads_max;
    pool->wake = wake;
    pool->context = context;
    list_init(&pool->waiting);
    list_init(&pool->ended);
    if (uv_mutex_init(&pool->lock) != 0 || uv_cond_init(&pool->work_came) != 0 ||
        uv_cond_init(&pool->work_ended) != 0) {
        abort();
    }
    return pool;
}

void pool_free(struct pool **pool)
{
    if (!*pool) {
        return;
    }
    assert((*pool)->thread_count == 0 && !(*pool)->ended.first);
    uv_mutex_destroy(&(*pool)->lock);
    uv_cond_destroy(&(*pool)->work_came);
    uv_cond_destroy(&(*pool)->work_ended);
    xfree(pool);
}

/* Wait for a task; NULL when the pool stops.  The lock is held. */
static struct pool_task *wait_for_task(struct pool *pool)
{
    while (!pool->waiting.first && !pool->is_stopping) {
        pool->idle_count++;
        uv_cond_wait(&pool->work_came, &pool->lock);
        pool->idle_count--;
    }
    if (pool->is_stopping) {
        return NULL;
    }
    pool->waiting_count--;
    return list_take_first(&pool->waiting);
}

static void work(void *context)
{
    struct pool *pool = context;
    struct pool_task *task = NULL;
    uv_mutex_lock(&pool->lock);
    while ((task = wait_for_task(pool)) != NULL) {
        uv_mutex_unlock(&pool->lock);
        task->run(task->job);
        uv_mutex_lock(&pool->lock);
        list_add(&pool->ended, task);
        uv_cond_broadcast(&pool->work_ended);
        pool->wake(pool->context);
    }
    uv_mutex_unlock(&pool->lock);
}

/* Threads are started when they are first needed: most commands need none. */
static void start_thread_if_short(struct pool *pool)
{
    if (pool->waiting_count <= pool->idle_count || pool->thread_count == pool->threads_max) {
        return;
    }
    if (uv_thread_create(&pool->threads[pool->thread_count], work, pool) == 0) {
        pool->thread_count++;
    } else if (pool->thread_count == 0) {
        abort(); /* without a single worker nothing would ever end */
    }
}

void pool_add(struct pool *pool, struct pool_task *task)
{
    uv_mutex_lock(&pool->lock);
    if (pool->is_stopping) {
        list_add(&pool->ended, task);
    } else {
        list_add(&pool->waiting, task);
        pool->waiting_count++;
        start_thread_if_short(pool);
        uv_cond_signal(&pool->work_came);
    }
    uv_mutex_unlock(&pool->lock);
}

struct pool_task *pool_take_ended(struct pool *pool)
{
    uv_mutex_lock(&pool->lock);
    struct pool_task *first = pool->ended.first;
    list_init(&pool->ended);
    uv_mutex_unlock(&pool->lock);
    return first;
}

bool pool_has_ended(struct pool *pool)
{
    uv_mutex_lock(&pool->lock);
    bool has_ended = pool->ended.first != NULL;
    uv_mutex_unlock(&pool->lock);
    return has_ended;
}

void pool_recall(struct pool *pool, struct pool_task *task)
{
    uv_mutex_lock(&pool->lock);
    if (list_remove(&pool->waiting, task)) {
        pool->waiting_count--;
    } else {
        while (!list_remove(&pool->ended, task)) {
            uv_cond_wait(&pool->work_ended, &pool->lock);
        }
    }
    uv_mutex_unlock(&pool->lock);
}

void pool_stop(struct pool *pool)
{
    uv_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    uv_cond_broadcast(&pool->work_came);
    uv_mutex_unlock(&pool->lock);

    for (unsigned i = 0; i < pool->thread_count; i++) {
        uv_thread_join(&pool->threads[i]);
    }
    pool->thread_count = 0;
    struct pool_task *task = NULL;
    while ((task = list_take_first(&pool->waiting)) != NULL) {
        list_add(&pool->ended, task);
    }
    pool->waiting_count = 0;
}
