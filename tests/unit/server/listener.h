/* listener: an open event stream of a house, read by a thread of its own. */
#pragma once

#include "house.h"

struct listener;

/* Opens the stream; `last_id` or NULL.  Returns when its first event, or its refusal, has come. */
struct listener *listener_open(struct house *house, const char *path, const char *token,
                               const char *last_id);
/* Leaves, if the server has not ended it. */
void listener_close(struct listener **listener);

/* The data of the first event from number `*from` on of this type whose data holds `part`, and
   `*from` is set behind it; waits for it. */
const char *listener_await(struct listener *listener, size_t *from, const char *type,
                           const char *part);
/* Wait until the server ends the stream; the status it began with. */
int listener_await_end(struct listener *listener);
bool listener_is_open(struct listener *listener);
/* What came so far. */
size_t listener_count(struct listener *listener);
const char *listener_type(struct listener *listener, size_t number);
const char *listener_data(struct listener *listener, size_t number);
const char *listener_id(struct listener *listener, size_t number);
