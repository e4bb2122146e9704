#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "http/sse.h"

/* Of all events in the ring; the oldest leave earlier when they are large. */
#define RING_BYTES_MAX ((size_t)32 << 20)
/* A reader with this much in its queue waits in the ring instead. */
#define SLOW_BYTES ((size_t)64 << 10)
#define READER_BYTES_MAX ((size_t)1 << 20)
#define EVENT_BYTES_MAX ((size_t)512 << 10)
/* Silence is looked for this many times per heartbeat, so that not all readers get theirs at once.
 */
#define TICKS_PER_HEARTBEAT 15
#define BOOT_BYTES 17
#define ID_BYTES 48

struct event {
    char *type, *key, *text;
    size_t length;
    bool is_superseded; /* a newer event of its key is in the ring */
};

struct reader {
    struct sse_hub *hub; /* NULL: the hub is gone, and the stream is ending */
    struct http_body *body;
    uint64_t next_number;
    bool is_behind;
    int64_t last_write_mono_ms;
    bool (*filter)(void *context, const char *type, const char *key);
    void *context;
    struct reader *next, *previous;
};

struct sse_hub {
    struct loop *loop;
    char boot[BOOT_BYTES];
    struct event events[SSE_RING_EVENTS]; /* event n is at n % SSE_RING_EVENTS */
    uint64_t first_number, last_number;   /* empty: first is last + 1 */
    size_t bytes;
    struct map newest; /* key to number */
    struct loop_timer *flush, *heartbeat;
    int64_t heartbeat_ms;
    struct reader *readers;
    size_t reader_count;
};

struct sse_hub *sse_hub_new(struct loop *loop)
{
    struct sse_hub *hub = xcalloc(1, sizeof(*hub));
    uint64_t boot = 0;
    /* Numbers start again with the process, so ids of another one must not match. */
    env_system()->random(NULL, &boot, sizeof(boot));
    snprintf(hub->boot, sizeof(hub->boot), "%016" PRIx64, boot);
    hub->loop = loop;
    hub->first_number = 1;
    hub->heartbeat_ms = SSE_HEARTBEAT_MS;
    return hub;
}

static void format_id(const struct sse_hub *hub, uint64_t number, char out[static ID_BYTES])
{
    snprintf(out, ID_BYTES, "%s-%" PRIu64, hub->boot, number);
}

/* The ring. */

static struct event *event_at(struct sse_hub *hub, uint64_t number)
{
    return &hub->events[number % SSE_RING_EVENTS];
}

static void drop_oldest(struct sse_hub *hub)
{
    struct event *event = event_at(hub, hub->first_number++);
    if (event->key && !event->is_superseded) {
        map_remove(&hub->newest, event->key);
    }
    hub->bytes -= event->length;
    free(event->type);
    free(event->key);
    free(event->text);
    *event = (struct event){0};
}

static void make_room(struct sse_hub *hub, size_t length)
{
    while (hub->first_number <= hub->last_number &&
           (hub->last_number - hub->first_number + 1 == SSE_RING_EVENTS ||
            hub->bytes + length > RING_BYTES_MAX)) {
        drop_oldest(hub);
    }
}

static void supersede(struct sse_hub *hub, const char *key, uint64_t number)
{
    uint64_t before = (uintptr_t)map_set(&hub->newest, key, (void *)(uintptr_t)number);
    if (before != 0) {
        event_at(hub, before)->is_superseded = true;
    }
}

static void append(struct sse_hub *hub, const char *type, const char *key, struct str *text)
{
    make_room(hub, text->length);
    uint64_t number = ++hub->last_number;
    struct event *event = event_at(hub, number);
    event->type = xstrdup(type);
    event->key = key ? xstrdup(key) : NULL;
    event->length = text->length;
    event->text = str_take(text);
    hub->bytes += event->length;
    if (key) {
        supersede(hub, key, number);
    }
}

/* Readers. */

static void write_text(struct reader *reader, const char *text, size_t length)
{
    reader->last_write_mono_ms = env_now_mono_ms(env_system());
    /* A reader that cannot take it is closed by this, and comes back with its last id. */
    (void)http_body_write(reader->body, (struct slice){text, length});
}

static void write_reset(struct reader *reader)
{
    char id[ID_BYTES];
    char text[ID_BYTES + 64];
    format_id(reader->hub, reader->hub->last_number, id);
    int length = snprintf(text, sizeof(text), "id: %s\nevent: reset\ndata: {}\n\n", id);
    write_text(reader, text, (size_t)length);
    reader->next_number = reader->hub->last_number + 1;
}

static void write_event(struct reader *reader, const struct event *event)
{
    /* One that waited gets the state, not the story. */
    bool is_skipped = reader->is_behind && event->is_superseded;
    if (!is_skipped &&
        (!reader->filter || reader->filter(reader->context, event->type, event->key))) {
        write_text(reader, event->text, event->length);
    }
}

/* Write what the reader has not had, until its queue is long. */
static void pump(struct reader *reader)
{
    struct sse_hub *hub = reader->hub;
    if (reader->next_number < hub->first_number) {
        write_reset(reader);
    }
    while (reader->next_number <= hub->last_number) {
        if (http_body_queued(reader->body) >= SLOW_BYTES) {
            reader->is_behind = true;
            return;
        }
        write_event(reader, event_at(hub, reader->next_number++));
    }
    reader->is_behind = false;
}

static void drained(void *context)
{
    struct reader *reader = context;
    if (reader->hub) {
        pump(reader);
    }
}

static void flush(void *context)
{
    struct sse_hub *hub = context;
    hub->flush = NULL;
    for (struct reader *reader = hub->readers; reader; reader = reader->next) {
        pump(reader);
    }
}

void sse_publish(struct sse_hub *hub, const char *type, const char *key, json_t *take_data)
{
    char id[ID_BYTES];
    struct str text;
    char *data = json_text(take_data);
    json_decref(take_data);
    str_init(&text, EVENT_BYTES_MAX);
    format_id(hub, hub->last_number + 1, id);
    str_addf(&text, "id: %s\nevent: %s\ndata: ", id, type);
    str_add(&text, data);
    str_add(&text, "\n\n");
    free(data);
    if (text.failed) {
        /* Too large to send: readers fetch it instead. */
        str_clear(&text);
        str_addf(&text, "id: %s\nevent: reset\ndata: {}\n\n", id);
    }
    append(hub, type, key, &text);
    if (!hub->flush) {
        /* Later, so that one change of state is one walk over the readers. */
        hub->flush = loop_timer_start(hub->loop, 0, 0, flush, hub);
    }
}

/* Heartbeats.  Each tells the id, too: a reader that may see little must not fall out of the
   ring because of what others get. */

static void beat(void *context)
{
    struct sse_hub *hub = context;
    int64_t now_ms = env_now_mono_ms(env_system());
    for (struct reader *reader = hub->readers; reader; reader = reader->next) {
        if (now_ms - reader->last_write_mono_ms >= hub->heartbeat_ms &&
            http_body_queued(reader->body) == 0) {
            char id[ID_BYTES];
            char text[ID_BYTES + 16];
            format_id(hub, reader->next_number - 1, id);
            int length = snprintf(text, sizeof(text), ":\nid: %s\n\n", id);
            write_text(reader, text, (size_t)length);
        }
    }
}

static void beat_while_read(struct sse_hub *hub)
{
    if (hub->reader_count == 0) {
        loop_timer_stop(&hub->heartbeat);
    } else if (!hub->heartbeat) {
        int64_t tick_ms = hub->heartbeat_ms / TICKS_PER_HEARTBEAT + 1;
        hub->heartbeat = loop_timer_start(hub->loop, tick_ms, tick_ms, beat, hub);
    }
}

void sse_hub_set_heartbeat(struct sse_hub *hub, int64_t every_ms)
{
    hub->heartbeat_ms = every_ms;
    loop_timer_stop(&hub->heartbeat);
    beat_while_read(hub);
}

/* Coming and going. */

static void drop_reader(struct reader *reader)
{
    struct sse_hub *hub = reader->hub;
    if (reader->next) {
        reader->next->previous = reader->previous;
    }
    if (reader->previous) {
        reader->previous->next = reader->next;
    } else {
        hub->readers = reader->next;
    }
    hub->reader_count--;
    beat_while_read(hub);
}

static void reader_left(void *context)
{
    struct reader *reader = context;
    if (reader->hub) {
        drop_reader(reader);
    }
    free(reader);
}

static void add_reader(struct sse_hub *hub, struct reader *reader)
{
    reader->next = hub->readers;
    if (reader->next) {
        reader->next->previous = reader;
    }
    hub->readers = reader;
    hub->reader_count++;
    beat_while_read(hub);
}

/* The number in an id of ours; false when it is another's.  One that has left the ring is found
   when the reader is given what it missed. */
static bool parse_id(const struct sse_hub *hub, const char *id, uint64_t *out)
{
    size_t boot_length = strlen(hub->boot);
    if (strncmp(id, hub->boot, boot_length) != 0 || id[boot_length] != '-') {
        return false;
    }
    const char *digits = id + boot_length + 1;
    char *end = NULL;
    uint64_t number = strtoull(digits, &end, 10);
    if (*digits < '0' || *digits > '9' || *end != '\0' || number > hub->last_number) {
        return false;
    }
    *out = number;
    return true;
}

static void write_hello(struct reader *reader)
{
    char position[ID_BYTES];
    char current[ID_BYTES];
    char text[2 * ID_BYTES + 80];
    /* The line tells where this reader is, so that one that is cut off now misses nothing; the
       text tells where the hub is. */
    format_id(reader->hub, reader->next_number - 1, position);
    format_id(reader->hub, reader->hub->last_number, current);
    int length =
        snprintf(text, sizeof(text), "retry: 1000\nid: %s\nevent: hello\ndata: {\"id\":\"%s\"}\n\n",
                 position, current);
    write_text(reader, text, (size_t)length);
}

void sse_subscribe(struct sse_hub *hub, struct http_exchange *exchange,
                   bool (*filter)(void *context, const char *type, const char *key), void *context)
{
    struct reader *reader = xcalloc(1, sizeof(*reader));
    const char *last_id = http_request_header(exchange, "Last-Event-ID");
    uint64_t number = hub->last_number;
    /* A new EventSource cannot set headers, so a page that takes over another's stream asks
       by query. */
    last_id = last_id ? last_id : http_query(exchange, "lastEventId");
    bool is_lost = last_id && *last_id && !parse_id(hub, last_id, &number);
    reader->hub = hub;
    reader->next_number = number + 1;
    reader->filter = filter;
    reader->context = context;
    http_reply_header(exchange, "X-Accel-Buffering", "no");
    reader->body = http_reply_stream(exchange, 200, "text/event-stream", READER_BYTES_MAX,
                                     reader_left, reader);
    http_body_on_drained(reader->body, drained);
    add_reader(hub, reader);
    write_hello(reader);
    if (is_lost) {
        write_reset(reader);
    }
    pump(reader);
}

void sse_hub_end(struct sse_hub *hub, bool (*is_over)(void *context, const void *reader),
                 void *context)
{
    for (struct reader *reader = hub->readers, *next = NULL; reader; reader = next) {
        next = reader->next;
        if (is_over(context, reader->context)) {
            drop_reader(reader);
            reader->hub = NULL;
            http_body_end(reader->body);
        }
    }
}

size_t sse_reader_count(const struct sse_hub *hub)
{
    return hub->reader_count;
}

void sse_hub_free(struct sse_hub **hub)
{
    struct sse_hub *gone = *hub;
    if (!gone) {
        return;
    }
    for (struct reader *reader = gone->readers; reader; reader = reader->next) {
        reader->hub = NULL;
        http_body_end(reader->body);
    }
    loop_timer_stop(&gone->flush);
    loop_timer_stop(&gone->heartbeat);
    while (gone->first_number <= gone->last_number) {
        drop_oldest(gone);
    }
    map_done(&gone->newest);
    xfree(hub);
}
