#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int http_status;
    int exit_code;
    bool retryable;
} kinds[] = {
    [ERR_NONE] = {"none", 200, 0, false},
    [ERR_INVALID] = {"invalid", 422, 2, false},
    [ERR_NOT_FOUND] = {"not_found", 404, 5, false},
    [ERR_CONFLICT] = {"conflict", 409, 1, true},
    [ERR_REFUSED] = {"refused", 409, 6, false},
    [ERR_UNKNOWN_WHO] = {"unauthenticated", 401, 4, false},
    [ERR_DENIED] = {"denied", 403, 4, false},
    [ERR_BUSY] = {"busy", 429, 1, true},
    [ERR_UNAVAILABLE] = {"unavailable", 503, 9, true},
    [ERR_TIMEOUT] = {"timeout", 504, 3, true},
    [ERR_INTERNAL] = {"internal", 500, 1, false},
};

bool(err_set)(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    assert(err && kind != ERR_NONE);

    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);
    err->kind = kind;
    return false;
}

bool(err_wrap)(struct err *err, const char *fmt, ...)
{
    assert(err && err->kind != ERR_NONE);

    char inner[sizeof(err->text)];
    memcpy(inner, err->text, sizeof(inner));

    va_list args;
    va_start(args, fmt);
    int used = vsnprintf(err->text, sizeof(err->text), fmt, args);
    va_end(args);

    if (used < 0 || (size_t)used >= sizeof(err->text)) {
        return false; /* the context alone filled it */
    }
    int room = (int)(sizeof(err->text) - (size_t)used);
    if (room > 3) { /* ": " and the terminator; a long chain loses its inner end */
        snprintf(err->text + used, (size_t)room, ": %.*s", room - 3, inner);
    }
    return false;
}

bool err_is_retryable(enum err_kind kind)
{
    return kinds[kind].retryable;
}

const char *err_name(enum err_kind kind)
{
    return kinds[kind].name;
}

enum err_kind err_kind_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return (enum err_kind)i;
        }
    }
    return ERR_INTERNAL;
}

int err_http_status(enum err_kind kind)
{
    return kinds[kind].http_status;
}

int err_exit_code(enum err_kind kind)
{
    return kinds[kind].exit_code;
}
