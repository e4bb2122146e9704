#include "http/router.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"

/* In the order of their precedence. */
enum part_kind { PART_LITERAL, PART_VALUE, PART_REST };

struct part {
    enum part_kind kind;
    const char *text; /* the literal, or the value's name */
};

struct pattern {
    const struct http_route *route;
    struct part parts[PATH_SEGMENTS_MAX];
    size_t count;
};

struct router {
    struct arena *arena;
    struct pattern *patterns; /* most specific first */
    size_t count;
};

/* Paths. */

static bool is_valid_utf8(const char *text)
{
    json_t *probe = json_string(text);
    json_decref(probe);
    return probe != NULL;
}

static bool has_control_byte(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

/* "." or ".." between any two slashes, even those that came as %2F: a handler that joins
   segments must not be led upwards. */
static bool has_dots(const char *text)
{
    while (text) {
        size_t length = strcspn(text, "/\\");
        if (slice_equals((struct slice){text, length}, ".") ||
            slice_equals((struct slice){text, length}, "..")) {
            return true;
        }
        text = text[length] ? text + length + 1 : NULL;
    }
    return false;
}

static bool decode_segment(struct arena *arena, struct slice raw, const char **out, struct err *err)
{
    AUTO_STR(decoded, PATH_BYTES_MAX);
    if (!unescape_url(&decoded, raw) || has_control_byte(decoded.text) ||
        !is_valid_utf8(decoded.text) || has_dots(decoded.text)) {
        return err_set(err, ERR_INVALID, "the path is not well formed");
    }
    *out = arena_strdup(arena, decoded.text);
    return true;
}

static void join(struct arena *arena, const char *const *segments, size_t count, const char **out)
{
    AUTO_STR(text, PATH_BYTES_MAX + 1);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            str_add_char(&text, '/');
        }
        str_add(&text, segments[i]);
    }
    *out = arena_strdup(arena, text.text);
}

bool path_decode(struct arena *arena, const char *raw, struct path *out, struct err *err)
{
    struct path path = {0};
    if (raw[0] != '/' || strlen(raw) > PATH_BYTES_MAX) {
        return err_set(err, ERR_INVALID, "the path must begin with / and have at most %d bytes",
                       PATH_BYTES_MAX);
    }
    const char *at = raw + 1;
    while (at && !(path.count == 0 && *at == '\0')) {
        size_t length = strcspn(at, "/");
        bool is_last = at[length] == '\0';
        if ((length == 0 && !is_last) || path.count == PATH_SEGMENTS_MAX) {
            return err_set(err, ERR_INVALID, "the path has empty segments or more than %d",
                           PATH_SEGMENTS_MAX);
        }
        if (!decode_segment(arena, (struct slice){at, length}, &path.segments[path.count], err)) {
            return false;
        }
        path.count++;
        at = is_last ? NULL : at + length + 1;
    }
    const char *joined = NULL;
    join(arena, path.segments, path.count, &joined);
    path.text = arena_printf(arena, "/%s", joined);
    *out = path;
    return true;
}

/* Patterns. */

static bool compile_part(struct router *router, struct slice text, bool is_last, struct part *out,
                         struct err *err)
{
    out->kind = PART_LITERAL;
    if (text.length > 2 && text.bytes[0] == '{' && text.bytes[text.length - 1] == '}') {
        out->kind = PART_VALUE;
        text = (struct slice){text.bytes + 1, text.length - 2};
        if (text.length > 3 && memcmp(text.bytes + text.length - 3, "...", 3) == 0) {
            out->kind = PART_REST;
            text.length -= 3;
        }
    }
    out->text = arena_strndup(router->arena, text.bytes, text.length);
    if (strpbrk(out->text, "{}") || (out->kind == PART_REST && !is_last)) {
        return err_set(err, ERR_INVALID, "\"%s\" cannot stand there", out->text);
    }
    return true;
}

static bool compile(struct router *router, const struct http_route *route, struct pattern *out,
                    struct err *err)
{
    out->route = route;
    if (route->permission == 0 || !route->handle || route->path[0] != '/') {
        return err_set(err, ERR_INVALID, "it has no %s",
                       route->permission == 0 ? "permission"
                       : route->handle        ? "leading /"
                                              : "handler");
    }
    size_t value_count = 0;
    const char *at = route->path[1] ? route->path + 1 : NULL;
    while (at) {
        size_t length = strcspn(at, "/");
        bool is_last = at[length] == '\0';
        if (out->count == PATH_SEGMENTS_MAX) {
            return err_set(err, ERR_INVALID, "it has more than %d segments", PATH_SEGMENTS_MAX);
        }
        struct part *part = &out->parts[out->count++];
        if (!compile_part(router, (struct slice){at, length}, is_last, part, err)) {
            return false;
        }
        value_count += part->kind != PART_LITERAL;
        at = is_last ? NULL : at + length + 1;
    }
    if (value_count > ROUTE_VALUES_MAX) {
        return err_set(err, ERR_INVALID, "it has more than %d values", ROUTE_VALUES_MAX);
    }
    return true;
}

/* Which is more specific?  0 when every path that fits one fits the other. */
static int compare_shapes(const struct pattern *a, const struct pattern *b)
{
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        if (a->parts[i].kind != b->parts[i].kind) {
            return (int)a->parts[i].kind - (int)b->parts[i].kind;
        }
        int order =
            a->parts[i].kind == PART_LITERAL ? strcmp(a->parts[i].text, b->parts[i].text) : 0;
        if (order != 0) {
            return order;
        }
    }
    /* The shorter one first: "/a/{rest...}" would take "/a", too. */
    return (a->count > b->count) - (a->count < b->count);
}

static int compare_patterns(const void *a, const void *b)
{
    const struct pattern *left = a;
    const struct pattern *right = b;
    int order = compare_shapes(left, right);
    return order != 0 ? order : (int)left->route->method - (int)right->route->method;
}

static bool check_distinct(const struct router *router, struct err *err)
{
    for (size_t i = 1; i < router->count; i++) {
        const struct pattern *pattern = &router->patterns[i];
        if (compare_patterns(pattern - 1, pattern) == 0) {
            return err_set(err, ERR_INVALID, "routes %s and %s cannot be told apart",
                           pattern[-1].route->path, pattern->route->path);
        }
    }
    return true;
}

bool router_new(const struct http_route *routes, size_t count, struct router **out, struct err *err)
{
    AUTO(router_free) struct router *router = xcalloc(1, sizeof(*router));
    router->arena = arena_new();
    router->patterns = xcalloc(count ? count : 1, sizeof(*router->patterns));
    for (size_t i = 0; i < count; i++) {
        if (!compile(router, &routes[i], &router->patterns[router->count++], err)) {
            return err_wrap(err, "route %s", routes[i].path);
        }
    }
    qsort(router->patterns, router->count, sizeof(*router->patterns), compare_patterns);
    if (!check_distinct(router, err)) {
        return false;
    }
    *out = TAKE(router);
    return true;
}

void router_free(struct router **router)
{
    if (*router) {
        arena_free(&(*router)->arena);
        free((*router)->patterns);
        xfree(router);
    }
}

/* Finding. */

static bool fits(const struct pattern *pattern, const struct path *path)
{
    for (size_t i = 0; i < pattern->count; i++) {
        const struct part *part = &pattern->parts[i];
        if (part->kind == PART_REST) {
            return true;
        }
        if (i == path->count) {
            return false;
        }
        bool fits_here = part->kind == PART_VALUE ? path->segments[i][0] != '\0'
                                                  : strcmp(part->text, path->segments[i]) == 0;
        if (!fits_here) {
            return false;
        }
    }
    return pattern->count == path->count;
}

static bool has_rest(const struct pattern *pattern)
{
    return pattern->count > 0 && pattern->parts[pattern->count - 1].kind == PART_REST;
}

static bool serves(const struct http_route *route, enum http_method method)
{
    return route->method == method || (method == HTTP_HEAD && route->method == HTTP_GET);
}

static void take_values(const struct pattern *pattern, const struct path *path, struct arena *arena,
                        struct route_match *out)
{
    out->route = pattern->route;
    for (size_t i = 0; i < pattern->count; i++) {
        const struct part *part = &pattern->parts[i];
        if (part->kind == PART_LITERAL) {
            continue;
        }
        size_t place = out->value_count++;
        /* The router may be gone before an exchange that was kept. */
        out->values[place].name = arena_strdup(arena, part->text);
        out->values[place].value = path->segments[i];
        if (part->kind == PART_REST) {
            join(arena, path->segments + i, path->count - i, &out->values[place].value);
        }
    }
}

void router_find(const struct router *router, enum http_method method, const struct path *path,
                 struct arena *arena, struct route_match *out)
{
    *out = (struct route_match){0};
    bool is_known = false;
    for (size_t i = 0; i < router->count; i++) {
        const struct pattern *pattern = &router->patterns[i];
        /* A {rest...} is for paths that nobody knows better, so that a wrong method on a
           known path is not answered by a catch-all page. */
        if (!fits(pattern, path) || (has_rest(pattern) && is_known)) {
            continue;
        }
        is_known = is_known || !has_rest(pattern);
        if (serves(pattern->route, method)) {
            take_values(pattern, path, arena, out);
            return;
        }
        out->methods |= 1U << pattern->route->method;
    }
}
