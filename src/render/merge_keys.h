/* merge_keys: which lists of Kubernetes' own kinds a strategic merge takes together.  Private to
   render. */
#pragma once

#include "base/base.h"

#define MERGE_NOTHING 0 /* no list below is merged: a patch's list replaces the other */

struct merge_kind {
    const char *api_version, *kind;
    int type;
};
extern const struct merge_kind merge_kinds[];
extern const size_t merge_kind_count;

/* A field of a type: a merged list, or one that leads to some. */
struct merge_field {
    int type;
    const char *name;
    const char *keys; /* "name", "port,protocol"; "" of a list of plain values; NULL: not merged */
    int below;        /* the type of the value, or of each item of a list or map */
};
extern const struct merge_field merge_fields[];
extern const size_t merge_field_count;
