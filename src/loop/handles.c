/* Timers and watched file descriptors.  Their memory is freed when libuv has closed them. */
#include "loop/loop_internal.h"

#include <assert.h>
#include <stdlib.h>

struct loop_timer {
    uv_timer_t uv;
    void (*fire)(void *context);
    void *context;
};

struct loop_watch {
    uv_poll_t uv;
    int fd;
    unsigned ready;
    void (*fire)(void *context, int fd, unsigned ready);
    void *context;
};

void loop_free_handle(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, loop_free_handle);
    }
}

static void timer_fired(uv_timer_t *uv)
{
    struct loop_timer *timer = uv->data;
    /* Closing first lets `fire` forget the pointer or stop it: the memory stays until later. */
    if (uv_timer_get_repeat(uv) == 0) {
        close_handle((uv_handle_t *)uv);
    }
    timer->fire(timer->context);
}

struct loop_timer *loop_timer_start(struct loop *loop, int64_t delay_ms, int64_t repeat_ms,
                                    void (*fire)(void *context), void *context)
{
    assert(delay_ms >= 0 && repeat_ms >= 0);

    struct loop_timer *timer = xcalloc(1, sizeof(*timer));
    timer->fire = fire;
    timer->context = context;
    uv_timer_init(&loop->uv, &timer->uv);
    timer->uv.data = timer;
    /* A long handler leaves libuv's idea of now behind, and the timer would fire early. */
    uv_update_time(&loop->uv);
    uv_timer_start(&timer->uv, timer_fired, (uint64_t)delay_ms, (uint64_t)repeat_ms);
    return timer;
}

void loop_timer_stop(struct loop_timer **timer)
{
    if (*timer) {
        close_handle((uv_handle_t *)&(*timer)->uv);
        *timer = NULL;
    }
}

static void watch_fired(uv_poll_t *uv, int status, int events);

static void watch_poll(struct loop_watch *watch)
{
    int events = (watch->ready & LOOP_READABLE ? UV_READABLE : 0) |
                 (watch->ready & LOOP_WRITABLE ? UV_WRITABLE : 0);
    int result = events ? uv_poll_start(&watch->uv, events, watch_fired) : uv_poll_stop(&watch->uv);
    assert(result == 0);
    (void)result;
}

static void watch_fired(uv_poll_t *uv, int status, int events)
{
    struct loop_watch *watch = uv->data;
    if (status == 0) {
        watch->fire(watch->context, watch->fd,
                    (events & UV_READABLE ? LOOP_READABLE : 0U) |
                        (events & UV_WRITABLE ? LOOP_WRITABLE : 0U));
        return;
    }
    /* The descriptor has an error: its owner finds it by using it.  libuv has stopped
       watching, which nobody asked for. */
    watch->fire(watch->context, watch->fd, watch->ready);
    if (!uv_is_closing((uv_handle_t *)uv)) {
        watch_poll(watch);
    }
}

struct loop_watch *loop_watch_start(struct loop *loop, int fd, unsigned ready,
                                    void (*fire)(void *context, int fd, unsigned ready),
                                    void *context)
{
    struct loop_watch *watch = xcalloc(1, sizeof(*watch));
    watch->fd = fd;
    watch->ready = ready;
    watch->fire = fire;
    watch->context = context;
    int result = uv_poll_init(&loop->uv, &watch->uv, fd);
    /* Only a descriptor that is closed, watched already or a plain file fails here. */
    assert(result == 0);
    (void)result;
    watch->uv.data = watch;
    watch_poll(watch);
    return watch;
}

void loop_watch_change(struct loop_watch *watch, unsigned ready)
{
    if (watch->ready != ready) {
        watch->ready = ready;
        watch_poll(watch);
    }
}

void loop_watch_stop(struct loop_watch **watch)
{
    if (*watch) {
        close_handle((uv_handle_t *)&(*watch)->uv);
        *watch = NULL;
    }
}
