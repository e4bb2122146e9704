#include "base/base.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool text_copy(char *out, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) {
        out[0] = '\0';
        return false;
    }
    memcpy(out, text, length + 1);
    return true;
}

void text_copy_cut(char *out, size_t size, const char *text)
{
    size_t length = strnlen(text, size - 1);
    /* Never leave half a UTF-8 character behind. */
    while (length > 0 && text[length] != '\0' && ((unsigned char)text[length] & 0xC0U) == 0x80U) {
        length--;
    }
    memcpy(out, text, length);
    out[length] = '\0';
}

/* The length of a text's start that has this shape, in which # stands for digits; 0: it has not. */
static size_t fitting(const char *text, const char *shape)
{
    const char *at = text;
    for (; *shape; shape++) {
        size_t length = *shape == '#' ? strspn(at, "0123456789") : *at == *shape;
        if (length == 0) {
            return 0;
        }
        at += length;
    }
    return isalnum((unsigned char)*at) ? 0 : (size_t)(at - text);
}

/* As libcurl words them, in heddle and in git. */
static size_t amount_at(const char *text)
{
    static const char *const shapes[] = {" after # ms", " after # milliseconds",
                                         " with # bytes received",
                                         " with # out of # bytes received"};
    size_t length = 0;
    for (size_t i = 0; i < COUNT_OF(shapes) && length == 0; i++) {
        length = fitting(text, shapes[i]);
    }
    return length;
}

void text_drop_amounts(char *text)
{
    char *out = text;
    while (*text) {
        size_t skipped = amount_at(text);
        text += skipped;
        if (skipped == 0) {
            *out++ = *text++;
        }
    }
    *out = '\0';
}

struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

bool slice_equals(struct slice slice, const char *text)
{
    size_t length = strlen(text);
    return slice.length == length && memcmp(slice.bytes, text, length) == 0;
}

static void *or_die(void *block)
{
    if (!block) {
        fputs("heddle: out of memory\n", stderr);
        abort();
    }
    return block;
}

void *xcalloc(size_t count, size_t size)
{
    return or_die(calloc(count ? count : 1, size ? size : 1));
}

void *xrealloc(void *block, size_t count, size_t size)
{
    return or_die(reallocarray(block, count ? count : 1, size ? size : 1));
}

char *xstrdup(const char *text)
{
    return xmemdup(text, strlen(text) + 1);
}

void *xmemdup(const void *block, size_t size)
{
    void *copy = xcalloc(1, size);
    memcpy(copy, block, size);
    return copy;
}

void xfree(void *pointer_to_pointer)
{
    void **pointer = pointer_to_pointer;
    free(*pointer);
    *pointer = NULL;
}
