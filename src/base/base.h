/* base: the vocabulary every other module may use.  It knows nothing about
   images, stages or clusters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* AUTO(free_fn) runs free_fn(&variable) when the variable leaves scope.
   Every x_free() takes a pointer to the pointer, accepts NULL, and clears it. */
#define AUTO(free_fn) __attribute__((cleanup(free_fn)))
#define MUST_CHECK __attribute__((warn_unused_result))
/* args 0: they come as a va_list. */
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Hand the pointer to a new owner and forget it here. */
#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) taken_ = (pointer);                                                    \
        (pointer) = NULL;                                                                          \
        taken_;                                                                                    \
    })

/* Bytes that somebody else owns; never NUL-terminated by promise. */
struct slice {
    const char *bytes;
    size_t length;
};

/* Copy text into a fixed array.  False, and an empty array, when it does not fit:
   a cut name would be another name. */
bool text_copy(char *out, size_t size, const char *text) MUST_CHECK;
/* The same for text that is only shown: cuts instead of refusing. */
void text_copy_cut(char *out, size_t size, const char *text);
#define TEXT_COPY(array, text) text_copy((array), sizeof(array), (text))
#define TEXT_COPY_CUT(array, text) text_copy_cut((array), sizeof(array), (text))

/* Takes out of words about the network what differs at each try, how long it took and how much had
   come ("Failed to connect to host port 443 after 3 ms: …"), so that the same trouble has the same
   text: what is told when it changes is then told once.  In place. */
void text_drop_amounts(char *text);

struct slice slice_of(const char *text);
bool slice_equals(struct slice slice, const char *text);

/* Allocation never returns NULL: out of memory ends the process, and every step
   is repeatable, so a restart is the recovery.  Sizes that come from outside are
   bounded before they arrive here. */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *block, size_t count, size_t size);
char *xstrdup(const char *text);
void *xmemdup(const void *block, size_t size);
/* free(*pointer) and clear it; for AUTO(xfree). */
void xfree(void *pointer_to_pointer);
