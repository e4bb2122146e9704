/*
 * log: one line per event on standard error: time, level, event, fields.
 *
 *   log_info("release.done", "release=R-%lld stage=%s", id, stage);
 *
 * error: someone must act; warn: degraded, and the line says what happens next; info: a
 * state changed; debug: the rest.  Transitions, not polls.  Library modules do not log:
 * loops, handlers and commands do, once per failure.  Control bytes are escaped, and every
 * text given to log_secret() is printed as ***.
 */
#pragma once

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Messages below `level` are dropped.  `role` ("server", "agent dev") is part of each line.
   Call once, before threads start. */
void log_setup(enum log_level level, const char *role);
/* Never print this text; at most 64 of them, 8 bytes or longer. */
void log_secret(const char *secret);

void log_debug(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_info(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_error(const char *event, const char *fmt, ...) PRINTF_LIKE(2, 3);
