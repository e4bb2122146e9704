#include "configrepo/table.h"

#include <string.h>

#include "base/map.h"

void table_init(struct table *table, struct arena *arena)
{
    table->arena = arena;
    table->buckets = arena_alloc(arena, TABLE_BUCKETS, sizeof(struct table_slot *));
}

static struct table_slot **bucket_of(const struct table *table, const char *key)
{
    uint64_t hash = hash64(HASH64_START, key, strlen(key));
    return &table->buckets[hash & (TABLE_BUCKETS - 1)];
}

static struct table_slot *find(const struct table *table, const char *key)
{
    struct table_slot *slot = *bucket_of(table, key);
    while (slot && strcmp(slot->key, key) != 0) {
        slot = slot->next;
    }
    return slot;
}

void *table_get(const struct table *table, const char *key)
{
    const struct table_slot *slot = find(table, key);
    return slot ? slot->value : NULL;
}

void **table_place(struct table *table, const char *key)
{
    struct table_slot *slot = find(table, key);
    if (!slot) {
        struct table_slot **bucket = bucket_of(table, key);
        slot = ARENA_NEW(table->arena, struct table_slot);
        slot->key = arena_strdup(table->arena, key);
        slot->next = *bucket;
        *bucket = slot;
    }
    return &slot->value;
}
