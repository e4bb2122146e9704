/* merge: what merge.c and merge_lists.c share.  Private to render. */
#pragma once

#include "render/internal.h"
#include "render/merge_keys.h"

struct merge {
    bool keeps_nulls; /* of the target, where the patch says nothing */
    bool is_beyond;   /* only the program knows what comes out */
};

/* Merge a value of a field; either side may be NULL.  The target is changed in place; the result is
   a new reference, or NULL when the field goes away. */
json_t *merge_value(struct merge *merge, const struct merge_field *field, json_t *target,
                    json_t *patch);
/* Merge a list by its keys, of which there are some; both may be the same list. */
json_t *merge_items(struct merge *merge, const struct merge_field *field, json_t *target,
                    json_t *patch);
