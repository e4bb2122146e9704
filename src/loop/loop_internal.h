/* What the files of this module share about a loop. */
#pragma once

#include <uv.h>

#include "loop/loop.h"
#include "loop/pool.h"

struct post;

struct loop {
    uv_loop_t uv;
    uv_async_t wake; /* a post or a finished job waits; also keeps the loop alive */
    uv_signal_t signals[2];
    bool has_signals;
    bool is_stopping; /* loop_free() has begun */
    struct pool *pool;
    uv_mutex_t posts_lock;
    struct post *posts, **posts_end;
};

/* Frees a timer or watch that libuv has closed. */
void loop_free_handle(uv_handle_t *handle);
