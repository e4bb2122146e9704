/*
 * sse: one stream of events to many readers.
 *
 * Events sit in a ring of the last SSE_RING_EVENTS; a reader has a place in it.  A reader that
 * comes back with Last-Event-ID goes on where it was, or gets "reset" when that is gone: read all
 * again.  A reader that is slow is given only the newest event of each key.  A heartbeat comment
 * every 15 s finds readers that have left.
 */
#pragma once

#include "http/server.h"

#define SSE_RING_EVENTS 8192
#define SSE_HEARTBEAT_MS 15000

struct sse_hub;
struct sse_hub *sse_hub_new(struct loop *loop);
void sse_hub_free(struct sse_hub **hub); /* ends all readers */

/* A silent reader gets a heartbeat after this long; SSE_HEARTBEAT_MS unless told. */
void sse_hub_set_heartbeat(struct sse_hub *hub, int64_t every_ms);

/* Append an event: "event: type", "data: json".  `key` groups events of which only the last
   counts ("release/482").  Takes `data`. */
void sse_publish(struct sse_hub *hub, const char *type, const char *key, json_t *take_data);
/* Turn the exchange into a reader, from its Last-Event-ID (or ?lastEventId=) on.  The first event
   is "hello" with the current id.  `filter` (or NULL) decides for each event whether this reader
   may see it; `context` must live as long as the exchange, as what is attached to it does. */
void sse_subscribe(struct sse_hub *hub, struct http_exchange *exchange,
                   bool (*filter)(void *context, const char *type, const char *key), void *context);
/* End the streams of those readers that `is_over` says so of; `reader` is the context that they
   subscribed with. */
void sse_hub_end(struct sse_hub *hub, bool (*is_over)(void *context, const void *reader),
                 void *context);
size_t sse_reader_count(const struct sse_hub *hub);

/* The other side: feed bytes of an event stream, get whole events. */
struct sse_parser;
struct sse_parser *sse_parser_new(void (*on_event)(void *context, const char *id, const char *type,
                                                   const char *data),
                                  void *context);
void sse_parser_free(struct sse_parser **parser);
/* False when one event is larger than 1 MiB. */
bool sse_parser_feed(struct sse_parser *parser, struct slice bytes);
