/* name_places: where objects name others.  Private to render. */
#pragma once

#include "base/base.h"

/* What is named. */
struct name_target {
    const char *kind;
    const char *group, *version; /* NULL: any */
};

/* Where: of a kind, at a path as fields_visit() takes it. */
struct name_place {
    struct name_target target;
    const char *kind;
    const char *group, *version; /* NULL: any */
    const char *path;
};
extern const struct name_place name_places[];
extern const size_t name_place_count;

/* What pods name, at paths within their spec; and where each kind has such a spec. */
enum pod_names {
    POD_NAMES_CONFIG = 1,  /* ConfigMaps and Secrets */
    POD_NAMES_ACCOUNT = 2, /* accounts, claims and priority classes */
};
struct pod_place {
    struct name_target target;
    enum pod_names names;
    const char *path;
};
extern const struct pod_place pod_places[];
extern const size_t pod_place_count;
struct pod_holder {
    const char *kind;
    const char *path;
    unsigned names;
};
extern const struct pod_holder pod_holders[];
extern const size_t pod_holder_count;
