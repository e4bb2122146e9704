/* table: text to pointer, wholly in an arena.  Nothing is removed; the first value stays. */
#pragma once

#include "base/arena.h"

#define TABLE_BUCKETS 1024 /* a power of two; some thousand names per commit are usual */

struct table_slot {
    const char *key;
    void *value;
    struct table_slot *next;
};

struct table {
    struct arena *arena;
    struct table_slot **buckets;
};

void table_init(struct table *table, struct arena *arena);
void *table_get(const struct table *table, const char *key);
/* The place of a key's value; NULL is written there when it is new. */
void **table_place(struct table *table, const char *key);
