#include "base/str.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STR_CAPACITY_FIRST 64

void str_init(struct str *str, size_t max)
{
    size_t first = max < STR_CAPACITY_FIRST ? max + 1 : STR_CAPACITY_FIRST;
    *str = (struct str){.text = xcalloc(1, first), .capacity = first, .max = max};
}

void str_done(struct str *str)
{
    free(str->text);
    *str = (struct str){0};
}

char *str_reserve(struct str *str, size_t length)
{
    assert(str->text);
    if (str->failed || length > str->max - str->length) {
        str->failed = true;
        return NULL;
    }
    size_t need = str->length + length + 1;
    if (need > str->capacity) {
        size_t capacity = str->capacity;
        while (capacity < need) {
            capacity *= 2;
        }
        str->text = xrealloc(str->text, capacity, 1);
        str->capacity = capacity;
    }
    return str->text + str->length;
}

void str_grew(struct str *str, size_t length)
{
    assert(str->length + length < str->capacity);
    str->length += length;
    str->text[str->length] = '\0';
}

void str_add_bytes(struct str *str, const void *bytes, size_t length)
{
    char *room = str_reserve(str, length);
    if (room && length > 0) {
        memcpy(room, bytes, length);
        str_grew(str, length);
    }
}

void str_add(struct str *str, const char *text)
{
    str_add_bytes(str, text, strlen(text));
}

void str_add_char(struct str *str, char c)
{
    str_add_bytes(str, &c, 1);
}

void str_addv(struct str *str, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, fmt, args);
    char *room = length >= 0 ? str_reserve(str, (size_t)length) : NULL;
    if (room) {
        vsnprintf(room, (size_t)length + 1, fmt, again);
        str_grew(str, (size_t)length);
    }
    va_end(again);
}

void str_addf(struct str *str, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    str_addv(str, fmt, args);
    va_end(args);
}

void str_clear(struct str *str)
{
    str->length = 0;
    str->failed = false;
    str->text[0] = '\0';
}

struct slice str_slice(const struct str *str)
{
    return (struct slice){str->text, str->length};
}

char *str_take(struct str *str)
{
    char *text = TAKE(str->text);
    *str = (struct str){0};
    return text;
}
