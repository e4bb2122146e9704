/*
 * clock: time as a parameter.
 *
 * Code that decides takes `now_ms`; code that waits takes a struct env.  Wall time is
 * milliseconds since 1970 (UTC), for showing and storing; monotonic time is for
 * deadlines.  Only env_system() reads the machine's clocks.
 */
#pragma once

#include "base/err.h"

/* Clock and randomness of the process, or of a simulation. */
struct env {
    int64_t (*now_ms)(void *context);      /* wall, milliseconds since 1970 */
    int64_t (*now_mono_ms)(void *context); /* never steps back */
    void (*random)(void *context, void *out, size_t length);
    void *context;
};

/* The machine's own; lives for ever. */
const struct env *env_system(void);
int64_t env_now_ms(const struct env *env);
int64_t env_now_mono_ms(const struct env *env);

#define CLOCK_TEXT_BYTES 32
/* "2026-11-22T14:03:05Z"; 0 gives "". */
void clock_format(int64_t time_ms, char out[static CLOCK_TEXT_BYTES]);
/* Reads what clock_format() writes, and Kubernetes' variants with fractions or offsets.
   0 when it is not a time. */
int64_t clock_parse(const char *text);

/* "10s", "5m", "2h", "1h30m", "14d", "250ms" → milliseconds.  An error names the text and
   what would be right.  At most ten years. */
bool duration_parse(const char *text, int64_t *out_ms, struct err *err) MUST_CHECK;
/* For people, two units at most: "48 s", "2 min 5 s", "3 h", "4 d 2 h". */
#define DURATION_TEXT_BYTES 32
void duration_format(int64_t ms, char out[static DURATION_TEXT_BYTES]);
