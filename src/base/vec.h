/*
 * vec: the one growing array.
 *
 *   VEC(struct image) images = {0};
 *   struct image *slot = VEC_ADD(&images);      // zeroed; valid until the next add
 *   VEC_EACH(struct image, image, &images) { … }
 *   VEC_DONE(&images);
 *
 * Owned by whoever holds the struct; the items' own memory is the holder's too.
 */
#pragma once

#include <stdlib.h>

#include "base/base.h"

#define VEC(type)                                                                                  \
    struct {                                                                                       \
        type *items;                                                                               \
        size_t count;                                                                              \
        size_t capacity;                                                                           \
    }

#define VEC_ADD(vec)                                                                               \
    ((vec)->items =                                                                                \
         vec_grow_((vec)->items, (vec)->count, &(vec)->capacity, sizeof(*(vec)->items)),           \
     &(vec)->items[(vec)->count++])

/* NOLINTBEGIN(bugprone-macro-parentheses): it declares the name that it is given. */
#define VEC_EACH(type, item, vec)                                                                  \
    for (type *item = (vec)->items; (item) && (item) < (vec)->items + (vec)->count; (item)++)
/* NOLINTEND(bugprone-macro-parentheses) */

#define VEC_REMOVE(vec, index)                                                                     \
    vec_remove_((vec)->items, &(vec)->count, (index), sizeof(*(vec)->items))

#define VEC_CLEAR(vec) ((vec)->count = 0)

#define VEC_DONE(vec)                                                                              \
    do {                                                                                           \
        free((vec)->items);                                                                        \
        (vec)->items = NULL;                                                                       \
        (vec)->count = (vec)->capacity = 0;                                                        \
    } while (0)

void *vec_grow_(void *items, size_t count, size_t *capacity, size_t size);
void vec_remove_(void *items, size_t *count, size_t index, size_t size);

/* qsort(3), and nothing at all for no items; here so that pure modules need no <stdlib.h>. */
void sort_items(void *items, size_t count, size_t size, int (*compare)(const void *, const void *));
