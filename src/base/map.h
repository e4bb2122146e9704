/*
 * map: text to pointer, in no order that may be relied on.
 *
 * Keys are copied; values are the caller's, and map_done() does not touch them.
 * Hashing is seeded per process, so strangers cannot choose colliding keys.
 */
#pragma once

#include "base/base.h"

struct map_slot {
    char *key; /* NULL: empty */
    void *value;
};

struct map {
    struct map_slot *slots;
    size_t count;
    size_t capacity; /* a power of two, or 0 */
};

void map_done(struct map *map); /* a zeroed map is an empty map */
void *map_get(const struct map *map, const char *key);
bool map_has(const struct map *map, const char *key);
/* Set, and return the value that was there before, or NULL. */
void *map_set(struct map *map, const char *key, void *value);
/* Remove, and return the value, or NULL when there was none. */
void *map_remove(struct map *map, const char *key);

/* NOLINTBEGIN(bugprone-macro-parentheses): it declares the name that it is given. */
#define MAP_EACH(slot, map)                                                                        \
    for (struct map_slot *slot = (map)->slots; (slot) && (slot) < (map)->slots + (map)->capacity;  \
         (slot)++)                                                                                 \
        if ((slot)->key)
/* NOLINTEND(bugprone-macro-parentheses) */

/* 64-bit FNV-1a over bytes; pass the last result to go on.  For fingerprints and
   maps, never where an attacker gains from a collision: that is crypto's. */
#define HASH64_START UINT64_C(14695981039346656037)
uint64_t hash64(uint64_t so_far, const void *bytes, size_t length);
