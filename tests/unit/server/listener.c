#include "listener.h"

#include <stdio.h>
#include <stdlib.h>

struct event {
    char *id, *type, *data;
};

struct listener {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char url[512], token[AUTH_TOKEN_BYTES], last_id[64];
    struct http_client *client;
    struct sse_parser *parser;
    VEC(struct event) events;
    bool must_end, has_ended;
    int status;
};

static void keep(void *context, const char *id, const char *type, const char *data)
{
    struct listener *listener = context;
    *VEC_ADD(&listener->events) =
        (struct event){xstrdup(id ? id : ""), xstrdup(type), xstrdup(data)};
}

static bool take(void *context, int status, struct slice bytes)
{
    struct listener *listener = context;
    pthread_mutex_lock(&listener->lock);
    listener->status = status;
    bool goes_on = status == 200 && sse_parser_feed(listener->parser, bytes) && !listener->must_end;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
    return goes_on;
}

static void *listen(void *context)
{
    struct listener *listener = context;
    int status = 0;
    struct err err = {0};
    const struct http_header header = {"Last-Event-ID", listener->last_id};
    const struct http_call call = {.method = "GET",
                                   .url = listener->url,
                                   .bearer = listener->token,
                                   .headers = &header,
                                   .header_count = listener->last_id[0] ? 1 : 0,
                                   .timeout_ms = (int64_t)2 * DEADLINE_MS};
    /* However it ends, what came before is what the test looks at. */
    bool was_whole = http_perform_stream(listener->client, &call, take, listener, &status, &err);
    pthread_mutex_lock(&listener->lock);
    listener->status = was_whole ? status : listener->status;
    listener->has_ended = true;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
    return NULL;
}

/* Wait for a change; the lock is held.  False at the deadline. */
static bool wait_until(struct listener *listener, const struct timespec *deadline)
{
    return pthread_cond_timedwait(&listener->changed, &listener->lock, deadline) == 0;
}

static struct timespec deadline_in(int64_t ms)
{
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += ms / 1000;
    return at;
}

struct listener *listener_open(struct house *house, const char *path, const char *token,
                               const char *last_id)
{
    struct listener *listener = xcalloc(1, sizeof(*listener));
    struct timespec deadline = deadline_in(DEADLINE_MS);
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->changed, NULL);
    house_url(house, path, listener->url);
    TEXT_COPY_CUT(listener->token, token);
    TEXT_COPY_CUT(listener->last_id, last_id ? last_id : "");
    listener->client = http_client_new("heddle-test");
    listener->parser = sse_parser_new(keep, listener);
    assert_int_equal(pthread_create(&listener->thread, NULL, listen, listener), 0);
    pthread_mutex_lock(&listener->lock);
    while (!listener->events.count && !listener->has_ended) {
        if (!wait_until(listener, &deadline)) {
            fail_msg("%s: nothing came", path);
        }
    }
    pthread_mutex_unlock(&listener->lock);
    return listener;
}

void listener_close(struct listener **listener_pointer)
{
    struct listener *listener = *listener_pointer;
    pthread_mutex_lock(&listener->lock);
    listener->must_end = true; /* seen with the next bytes: a heartbeat at the latest */
    pthread_mutex_unlock(&listener->lock);
    pthread_join(listener->thread, NULL);
    VEC_EACH (struct event, event, &listener->events) {
        free(event->id);
        free(event->type);
        free(event->data);
    }
    VEC_DONE(&listener->events);
    sse_parser_free(&listener->parser);
    http_client_free(&listener->client);
    pthread_cond_destroy(&listener->changed);
    pthread_mutex_destroy(&listener->lock);
    xfree(listener_pointer);
}

static const char *find(const struct listener *listener, size_t *from, const char *type,
                        const char *part)
{
    for (; *from < listener->events.count; (*from)++) {
        const struct event *event = &listener->events.items[*from];
        if (strcmp(event->type, type) == 0 && strstr(event->data, part)) {
            (*from)++;
            return event->data;
        }
    }
    return NULL;
}

const char *listener_await(struct listener *listener, size_t *from, const char *type,
                           const char *part)
{
    struct timespec deadline = deadline_in(DEADLINE_MS);
    pthread_mutex_lock(&listener->lock);
    const char *found = find(listener, from, type, part);
    while (!found && !listener->has_ended && wait_until(listener, &deadline)) {
        found = find(listener, from, type, part);
    }
    size_t count = listener->events.count;
    pthread_mutex_unlock(&listener->lock);
    if (!found) {
        fail_msg("none of %zu events is \"%s\" with \"%s\"", count, type, part);
    }
    return found;
}

int listener_await_end(struct listener *listener)
{
    struct timespec deadline = deadline_in(DEADLINE_MS);
    pthread_mutex_lock(&listener->lock);
    while (!listener->has_ended) {
        if (!wait_until(listener, &deadline)) {
            fail_msg("the stream does not end");
        }
    }
    pthread_mutex_unlock(&listener->lock);
    return listener->status;
}

bool listener_is_open(struct listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    bool is_open = !listener->has_ended;
    pthread_mutex_unlock(&listener->lock);
    return is_open;
}

size_t listener_count(struct listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    size_t count = listener->events.count;
    pthread_mutex_unlock(&listener->lock);
    return count;
}

static struct event event_of(struct listener *listener, size_t number)
{
    pthread_mutex_lock(&listener->lock);
    assert_true(number < listener->events.count);
    struct event event = listener->events.items[number]; /* its texts stay where they are */
    pthread_mutex_unlock(&listener->lock);
    return event;
}

const char *listener_type(struct listener *listener, size_t number)
{
    return event_of(listener, number).type;
}

const char *listener_data(struct listener *listener, size_t number)
{
    return event_of(listener, number).data;
}

const char *listener_id(struct listener *listener, size_t number)
{
    return event_of(listener, number).id;
}
