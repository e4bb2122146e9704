/*
 * arena: memory that is born and dies together.
 *
 * One arena per request, pass or parsed document; nothing in it is freed alone,
 * and nothing in it may own a file or a handle.  Under AddressSanitizer every
 * allocation is a block of its own, so the tools still see each overrun.
 */
#pragma once

#include <stdarg.h>

#include "base/base.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **arena);

void *arena_alloc(struct arena *arena, size_t count, size_t size); /* zeroed */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *bytes, size_t length);
char *arena_printf(struct arena *arena, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Bytes handed out so far; for limits and for tests. */
size_t arena_bytes(const struct arena *arena);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), 1, sizeof(type)))
