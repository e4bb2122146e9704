/* router: from a path to a route.  Private to http. */
#pragma once

#include "base/arena.h"
#include "http/server.h"

#define PATH_SEGMENTS_MAX 32
#define PATH_BYTES_MAX 8192
#define ROUTE_VALUES_MAX 8

/* A path, split at the slashes that were slashes on the wire and then decoded, once. */
struct path {
    const char *text;
    const char *segments[PATH_SEGMENTS_MAX];
    size_t count;
};

/* ERR_INVALID: bad escape, control bytes, broken UTF-8, "." or "..", empty or too many segments. */
bool path_decode(struct arena *arena, const char *raw, struct path *out,
                 struct err *err) MUST_CHECK;

struct route_match {
    const struct http_route *route; /* NULL: none */
    unsigned methods; /* when none: bits of those methods that the path knows; 0: unknown path */
    struct {
        const char *name, *value;
    } values[ROUTE_VALUES_MAX];
    size_t value_count;
};

struct router;
/* ERR_INVALID: a route without permission, a bad pattern, or two that nothing tells apart. */
bool router_new(const struct http_route *routes, size_t count, struct router **out,
                struct err *err) MUST_CHECK;
void router_free(struct router **router);
/* Literal segments win over {name}, and {name} over {name...}.  HEAD falls back to GET.  What
   `out` holds lives in `arena`. */
void router_find(const struct router *router, enum http_method method, const struct path *path,
                 struct arena *arena, struct route_match *out);
