/*
 * str: text that grows up to a stated ceiling.
 *
 * A str that hits its ceiling goes sticky-failed: further appends do nothing, so
 * a run of appends is checked once at the end.  `text` is always NUL-terminated.
 */
#pragma once

#include <stdarg.h>

#include "base/base.h"

struct str {
    char *text; /* never NULL after str_init() */
    size_t length;
    size_t capacity;
    size_t max; /* bytes, without the terminator */
    bool failed;
};

void str_init(struct str *str, size_t max);
void str_done(struct str *str); /* safe on a zeroed or a done str */

void str_add(struct str *str, const char *text);
void str_add_bytes(struct str *str, const void *bytes, size_t length);
void str_add_char(struct str *str, char c);
void str_addf(struct str *str, const char *fmt, ...) PRINTF_LIKE(2, 3);
void str_addv(struct str *str, const char *fmt, va_list args) PRINTF_LIKE(2, 0);
void str_clear(struct str *str); /* empty and usable again; keeps the memory */
/* Make room for `length` more bytes; NULL when that passes the ceiling.  The caller
   writes there and then calls str_grew(). */
char *str_reserve(struct str *str, size_t length);
void str_grew(struct str *str, size_t length);
struct slice str_slice(const struct str *str);
/* Hand over the malloc'd text and leave the str done. */
char *str_take(struct str *str);

#define AUTO_STR(name, max_bytes)                                                                  \
    AUTO(str_done) struct str name;                                                                \
    str_init(&(name), (max_bytes))
