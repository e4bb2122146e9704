#include "base/log.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/str.h"

#define LOG_LINE_BYTES_MAX 4096
#define LOG_SECRETS_MAX 64
#define LOG_SECRET_BYTES_MIN 8

static enum log_level lowest = LOG_INFO;
static char role[64];
static char *secrets[LOG_SECRETS_MAX];
static size_t secret_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void log_setup(enum log_level level, const char *role_name)
{
    lowest = level;
    TEXT_COPY_CUT(role, role_name);
}

void log_secret(const char *secret)
{
    pthread_mutex_lock(&lock);
    if (strlen(secret) >= LOG_SECRET_BYTES_MIN && secret_count < LOG_SECRETS_MAX) {
        secrets[secret_count++] = xstrdup(secret);
    }
    pthread_mutex_unlock(&lock);
}

static void mask_secrets(char *line)
{
    for (size_t i = 0; i < secret_count; i++) {
        size_t length = strlen(secrets[i]);
        for (char *at = strstr(line, secrets[i]); at; at = strstr(at, secrets[i])) {
            memset(at, '*', length);
        }
    }
}

PRINTF_LIKE(3, 0)
static void write_line(enum log_level level, const char *event, const char *fmt, va_list args)
{
    static const char *const names[] = {"debug", "info ", "warn ", "error"};
    if (level < lowest) {
        return;
    }
    AUTO_STR(fields, LOG_LINE_BYTES_MAX);
    char whole[LOG_LINE_BYTES_MAX];
    vsnprintf(whole, sizeof(whole), fmt, args);
    escape_terminal(&fields, whole);

    char when[CLOCK_TEXT_BYTES];
    clock_format(env_now_ms(env_system()), when);
    AUTO_STR(line, (size_t)LOG_LINE_BYTES_MAX * 2);
    str_addf(&line, "%s %s %s%s%s %s\n", when, names[level], role, role[0] ? " " : "", event,
             fields.text);

    pthread_mutex_lock(&lock);
    mask_secrets(line.text);
    ssize_t ignored = write(STDERR_FILENO, line.text, line.length);
    (void)ignored; /* nobody is left to tell */
    pthread_mutex_unlock(&lock);
}

void log_debug(const char *event, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    write_line(LOG_DEBUG, event, fmt, args);
    va_end(args);
}

void log_info(const char *event, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    write_line(LOG_INFO, event, fmt, args);
    va_end(args);
}

void log_warn(const char *event, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    write_line(LOG_WARN, event, fmt, args);
    va_end(args);
}

void log_error(const char *event, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    write_line(LOG_ERROR, event, fmt, args);
    va_end(args);
}
