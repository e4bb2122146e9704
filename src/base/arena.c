#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Many arenas hold one small document: the first block is small, the next ones double. */
#define ARENA_BLOCK_BYTES_FIRST 512
#define ARENA_BLOCK_BYTES_MAX 16384

struct block {
    struct block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *blocks; /* the first one is being filled */
    size_t next_bytes;    /* of the next block */
    size_t bytes;
};

struct arena *arena_new(void)
{
    struct arena *arena = xcalloc(1, sizeof(*arena));
    arena->next_bytes = ARENA_BLOCK_BYTES_FIRST;
    return arena;
}

void arena_free(struct arena **arena)
{
    if (!*arena) {
        return;
    }
    struct block *block = (*arena)->blocks;
    while (block) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    xfree(arena);
}

static struct block *block_new(size_t size)
{
    struct block *block = xcalloc(1, sizeof(struct block) + size);
    block->size = size;
    return block;
}

static struct block *block_for(struct arena *arena, size_t size)
{
#ifdef __SANITIZE_ADDRESS__
    size_t own_block_from = 0;
#else
    size_t own_block_from = arena->next_bytes / 4;
#endif
    struct block *first = arena->blocks;
    if (first && first->size - first->used >= size) {
        return first;
    }
    if (size > own_block_from && first) {
        /* Keep filling the first block: a big allocation stands behind it. */
        struct block *block = block_new(size);
        block->next = first->next;
        first->next = block;
        return block;
    }
    struct block *block = block_new(size > own_block_from ? size : arena->next_bytes);
    if (arena->next_bytes < ARENA_BLOCK_BYTES_MAX) {
        arena->next_bytes *= 2;
    }
    block->next = first;
    arena->blocks = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t count, size_t size)
{
    size_t wanted = 0;
    if (__builtin_mul_overflow(count, size, &wanted) || wanted > SIZE_MAX / 2) {
        abort();
    }
    size_t step = alignof(max_align_t);
#ifdef __SANITIZE_ADDRESS__
    size_t rounded = wanted ? wanted : 1; /* exact, so that an overrun by one byte shows */
    (void)step;
#else
    size_t rounded = (wanted + step - 1) / step * step;
#endif
    struct block *block = block_for(arena, rounded);
    void *memory = block->bytes + block->used;
    block->used += rounded;
    arena->bytes += rounded;
    return memory;
}

char *arena_strndup(struct arena *arena, const char *bytes, size_t length)
{
    char *copy = arena_alloc(arena, length + 1, 1);
    memcpy(copy, bytes, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int length = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = arena_alloc(arena, (size_t)(length < 0 ? 0 : length) + 1, 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)(length < 0 ? 0 : length) + 1, fmt, args);
    va_end(args);
    return text;
}

size_t arena_bytes(const struct arena *arena)
{
    return arena->bytes;
}
