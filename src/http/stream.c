/* A long answer read on the loop.  Each stream has a multi handle of its own: they are few,
   and nothing is shared that could end together. */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "http/transfer.h"

struct http_stream {
    struct loop *loop;
    CURLM *multi;
    struct transfer transfer;
    struct loop_timer *library_timer, *idle_timer;
    int64_t idle_ms;
    struct http_stream_events events;
    void *context;
    struct err start_err; /* the call could not even be made */
    unsigned watch_count;
    bool is_in_library, is_closed;
};

static void free_stream(struct http_stream *stream)
{
    curl_multi_remove_handle(stream->multi, stream->transfer.easy);
    transfer_done(&stream->transfer);
    curl_multi_cleanup(stream->multi);
    assert(stream->watch_count == 0);
    /* Last, because taking it apart sets the library's timer again. */
    loop_timer_stop(&stream->library_timer);
    loop_timer_stop(&stream->idle_timer);
    free(stream);
}

static void end(struct http_stream *stream, const struct err *err)
{
    struct http_stream_events events = stream->events;
    void *context = stream->context;
    free_stream(stream);
    if (events.on_end) {
        events.on_end(context, err);
    }
}

/* The stream may be gone after this. */
static void act(struct http_stream *stream, curl_socket_t fd, int what)
{
    int running = 0;
    int left = 0;
    stream->is_in_library = true;
    curl_multi_socket_action(stream->multi, fd, what, &running);
    stream->is_in_library = false;
    if (stream->is_closed) {
        free_stream(stream);
        return;
    }
    CURLMsg *message = curl_multi_info_read(stream->multi, &left);
    if (message && message->msg == CURLMSG_DONE) {
        struct err err = {0};
        if (transfer_finish(&stream->transfer, message->data.result, &err)) {
            err.kind = ERR_NONE;
        }
        end(stream, &err);
    }
}

static void became_ready(void *context, int fd, unsigned ready)
{
    act(context, fd,
        (ready & LOOP_READABLE ? CURL_CSELECT_IN : 0) |
            (ready & LOOP_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *socket_context)
{
    (void)easy;
    struct http_stream *stream = context;
    struct loop_watch *watch = socket_context;
    unsigned ready = (what == CURL_POLL_IN || what == CURL_POLL_INOUT ? LOOP_READABLE : 0U) |
                     (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? LOOP_WRITABLE : 0U);
    if (what == CURL_POLL_REMOVE) {
        stream->watch_count -= watch != NULL;
        loop_watch_stop(&watch);
        curl_multi_assign(stream->multi, fd, NULL);
    } else if (watch) {
        loop_watch_change(watch, ready);
    } else {
        stream->watch_count++;
        watch = loop_watch_start(stream->loop, fd, ready, became_ready, stream);
        curl_multi_assign(stream->multi, fd, watch);
    }
    return 0;
}

static void timed_out(void *context)
{
    struct http_stream *stream = context;
    stream->library_timer = NULL;
    act(stream, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_stream *stream = context;
    loop_timer_stop(&stream->library_timer);
    if (timeout_ms >= 0) {
        stream->library_timer = loop_timer_start(stream->loop, timeout_ms, 0, timed_out, stream);
    }
    return 0;
}

static void check_silence(void *context)
{
    struct http_stream *stream = context;
    int64_t silent_ms = env_now_mono_ms(env_system()) - stream->transfer.last_byte_mono_ms;
    if (silent_ms < stream->idle_ms) {
        stream->idle_timer =
            loop_timer_start(stream->loop, stream->idle_ms - silent_ms, 0, check_silence, stream);
        return;
    }
    struct err err = {0};
    stream->idle_timer = NULL;
    err_set(&err, ERR_TIMEOUT, "%s %s: silent for %lld ms", stream->transfer.method,
            stream->transfer.url, (long long)silent_ms);
    end(stream, &err);
}

static void report_start_err(void *context)
{
    struct http_stream *stream = context;
    struct err err = stream->start_err;
    stream->library_timer = NULL;
    end(stream, &err);
}

static void give_status(void *context, int status)
{
    struct http_stream *stream = context;
    if (stream->events.on_status && !stream->is_closed) {
        stream->events.on_status(stream->context, status);
    }
    stream->transfer.was_ended = stream->is_closed;
}

static bool give_data(void *context, int status, struct slice bytes)
{
    (void)status;
    struct http_stream *stream = context;
    if (stream->events.on_data && !stream->is_closed) {
        stream->events.on_data(stream->context, bytes);
    }
    return !stream->is_closed;
}

static void start(struct http_stream *stream)
{
    stream->transfer.on_status = give_status;
    stream->transfer.on_data = give_data;
    stream->transfer.context = stream;
    curl_multi_setopt(stream->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(stream->multi, CURLMOPT_SOCKETDATA, stream);
    curl_multi_setopt(stream->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(stream->multi, CURLMOPT_TIMERDATA, stream);
    curl_easy_setopt(stream->transfer.easy, CURLOPT_USERAGENT, "heddle/" HEDDLE_VERSION);
    curl_multi_add_handle(stream->multi, stream->transfer.easy);
    if (stream->idle_ms > 0) {
        stream->idle_timer =
            loop_timer_start(stream->loop, stream->idle_ms, 0, check_silence, stream);
    }
}

struct http_stream *http_stream_open(struct loop *loop, const struct http_call *call,
                                     int64_t idle_ms, const struct http_stream_events *events,
                                     void *context)
{
    struct http_stream *stream = xcalloc(1, sizeof(*stream));
    stream->loop = loop;
    stream->idle_ms = idle_ms;
    stream->events = *events;
    stream->context = context;
    transfer_init(&stream->transfer);
    stream->multi = curl_multi_init();
    if (!stream->multi) {
        abort();
    }
    if (transfer_prepare(&stream->transfer, call, TRANSFER_STREAM, &stream->start_err)) {
        start(stream);
    } else {
        /* Not before the caller has its pointer. */
        stream->library_timer = loop_timer_start(loop, 0, 0, report_start_err, stream);
    }
    return stream;
}

void http_stream_close(struct http_stream **stream)
{
    struct http_stream *gone = *stream;
    if (!gone) {
        return;
    }
    *stream = NULL;
    if (gone->is_in_library) {
        gone->is_closed = true; /* freed when the library returns */
    } else {
        free_stream(gone);
    }
}
