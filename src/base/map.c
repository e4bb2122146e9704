#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

uint64_t hash64(uint64_t so_far, const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < length; i++) {
        so_far = (so_far ^ byte[i]) * UINT64_C(1099511628211);
    }
    return so_far;
}

static uint64_t seed(void)
{
    static uint64_t value;
    if (value == 0 && getrandom(&value, sizeof(value), GRND_NONBLOCK) != (ssize_t)sizeof(value)) {
        value = HASH64_START;
    }
    return value;
}

static size_t find(const struct map *map, const char *key)
{
    size_t mask = map->capacity - 1;
    size_t at = (size_t)hash64(seed(), key, strlen(key)) & mask;
    while (map->slots[at].key && strcmp(map->slots[at].key, key) != 0) {
        at = (at + 1) & mask;
    }
    return at;
}

static void grow(struct map *map)
{
    struct map old = *map;
    map->capacity = old.capacity ? old.capacity * 2 : 16;
    map->slots = xcalloc(map->capacity, sizeof(*map->slots));
    MAP_EACH (slot, &old) {
        map->slots[find(map, slot->key)] = *slot;
    }
    free(old.slots);
}

void map_done(struct map *map)
{
    MAP_EACH (slot, map) {
        free(slot->key);
    }
    free(map->slots);
    *map = (struct map){0};
}

void *map_get(const struct map *map, const char *key)
{
    return map->capacity ? map->slots[find(map, key)].value : NULL;
}

bool map_has(const struct map *map, const char *key)
{
    return map->capacity && map->slots[find(map, key)].key;
}

void *map_set(struct map *map, const char *key, void *value)
{
    if (map->count * 4 >= map->capacity * 3) {
        grow(map);
    }
    struct map_slot *slot = &map->slots[find(map, key)];
    void *before = slot->value;
    if (!slot->key) {
        slot->key = xstrdup(key);
        map->count++;
    }
    slot->value = value;
    return before;
}

void *map_remove(struct map *map, const char *key)
{
    if (!map_has(map, key)) {
        return NULL;
    }
    size_t mask = map->capacity - 1;
    size_t hole = find(map, key);
    void *value = map->slots[hole].value;
    free(map->slots[hole].key);
    map->slots[hole] = (struct map_slot){0};
    map->count--;
    /* Re-seat the run behind the hole, so that no key is cut off from its place. */
    for (size_t at = (hole + 1) & mask; map->slots[at].key; at = (at + 1) & mask) {
        struct map_slot moved = map->slots[at];
        map->slots[at] = (struct map_slot){0};
        map->slots[find(map, moved.key)] = moved;
    }
    return value;
}
