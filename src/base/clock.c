#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define DURATION_MS_MAX (INT64_C(3653) * 86400000)

static int64_t read_clock_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_now_ms(void *context)
{
    (void)context;
    return read_clock_ms(CLOCK_REALTIME);
}

static int64_t system_now_mono_ms(void *context)
{
    (void)context;
    return read_clock_ms(CLOCK_MONOTONIC);
}

static void system_random(void *context, void *out, size_t length)
{
    (void)context;
    char *at = out;
    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0) {
            abort(); /* no fallback: a guessable token is worse than no server */
        }
        at += got;
        length -= (size_t)got;
    }
}

const struct env *env_system(void)
{
    static const struct env machine = {system_now_ms, system_now_mono_ms, system_random, NULL};
    return &machine;
}

int64_t env_now_ms(const struct env *env)
{
    return env->now_ms(env->context);
}

int64_t env_now_mono_ms(const struct env *env)
{
    return env->now_mono_ms(env->context);
}

void clock_format(int64_t time_ms, char out[static CLOCK_TEXT_BYTES])
{
    out[0] = '\0';
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    if (time_ms > 0 && gmtime_r(&seconds, &parts)) {
        strftime(out, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
}

/* "05:30" and nothing after it. */
static bool parse_hours_minutes(const char *text, int *out_minutes)
{
    if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789") != 2 ||
        strspn(text + 3, "0123456789") != 2) {
        return false;
    }
    int hours = (text[0] - '0') * 10 + (text[1] - '0');
    *out_minutes = hours * 60 + (text[3] - '0') * 10 + (text[4] - '0');
    return true;
}

/* The fraction and the offset that follow the seconds: ".123456Z", "+01:00". */
static bool parse_tail(const char *tail, int64_t *add_ms)
{
    if (*tail == '.') {
        int64_t unit_ms = 100;
        for (tail++; *tail >= '0' && *tail <= '9'; tail++) {
            *add_ms += (*tail - '0') * unit_ms;
            unit_ms /= 10;
        }
    }
    if (strcmp(tail, "Z") == 0 || *tail == '\0') {
        return true;
    }
    int minutes = 0;
    if ((*tail != '+' && *tail != '-') || !parse_hours_minutes(tail + 1, &minutes)) {
        return false;
    }
    int64_t offset_ms = minutes * INT64_C(60000);
    *add_ms += *tail == '+' ? -offset_ms : offset_ms;
    return true;
}

int64_t clock_parse(const char *text)
{
    struct tm parts = {0};
    const char *tail = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    int64_t add_ms = 0;
    if (!tail || !parse_tail(tail, &add_ms)) {
        return 0;
    }
    return (int64_t)timegm(&parts) * 1000 + add_ms;
}

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

static int64_t unit_ms(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        if (slice_equals((struct slice){name, length}, units[i].name)) {
            return units[i].ms;
        }
    }
    return 0;
}

bool duration_parse(const char *text, int64_t *out_ms, struct err *err)
{
    int64_t sum_ms = 0;
    const char *at = text;
    while (*at >= '0' && *at <= '9') {
        char *end = NULL;
        long long number = strtoll(at, &end, 10);
        size_t length = strspn(end, "msdh");
        length = length > 1 && strncmp(end, "ms", 2) != 0 ? 1 : length > 2 ? 2 : length;
        int64_t each_ms = unit_ms(end, length);
        int64_t part_ms = 0;
        if (each_ms == 0 || __builtin_mul_overflow((int64_t)number, each_ms, &part_ms) ||
            __builtin_add_overflow(sum_ms, part_ms, &sum_ms) || sum_ms > DURATION_MS_MAX) {
            break;
        }
        at = end + length;
    }
    if (*at != '\0' || at == text) {
        return err_set(err, ERR_INVALID,
                       "\"%.40s\" is not a duration; write a number and a unit, such as 30s, 10m, "
                       "2h or 1h30m",
                       text);
    }
    *out_ms = sum_ms;
    return true;
}

void duration_format(int64_t ms, char out[static DURATION_TEXT_BYTES])
{
    static const struct {
        const char *big, *small;
        int64_t big_s, small_s;
    } rows[] = {{"d", "h", 86400, 3600}, {"h", "min", 3600, 60}, {"min", "s", 60, 1}};

    int64_t seconds = ms / 1000;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (seconds >= rows[i].big_s) {
            long long big = seconds / rows[i].big_s;
            long long small = seconds % rows[i].big_s / rows[i].small_s;
            if (small) {
                snprintf(out, DURATION_TEXT_BYTES, "%lld %s %lld %s", big, rows[i].big, small,
                         rows[i].small);
            } else {
                snprintf(out, DURATION_TEXT_BYTES, "%lld %s", big, rows[i].big);
            }
            return;
        }
    }
    snprintf(out, DURATION_TEXT_BYTES, "%lld s", (long long)(seconds > 0 ? seconds : 0));
}
