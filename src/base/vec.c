#include "base/vec.h"

#include <assert.h>
#include <string.h>

void *vec_grow_(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count == *capacity) {
        *capacity = count ? count * 2 : 8;
        items = xrealloc(items, *capacity, size);
    }
    memset((char *)items + count * size, 0, size);
    return items;
}

void vec_remove_(void *items, size_t *count, size_t index, size_t size)
{
    assert(index < *count);
    char *at = (char *)items + index * size;
    memmove(at, at + size, (*count - index - 1) * size);
    (*count)--;
}

void sort_items(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1) {
        qsort(items, count, size, compare);
    }
}
