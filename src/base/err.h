/*
 * err: why something failed, and what the caller should do about it.
 *
 * A struct err lives on the caller's stack and never allocates, so the failure
 * path cannot itself fail or leak.  Functions that can fail return bool, take
 * the err last, and write to it only when they return false.
 */
#pragma once

#include "base/base.h"

/* One table in err.c maps each kind to a name, an HTTP status and a CLI exit code.
   Add a kind only when a caller must act differently. */
enum err_kind {
    ERR_NONE = 0,
    ERR_INVALID,     /* a person must change the request or the manifest */
    ERR_NOT_FOUND,   /* the named thing does not exist */
    ERR_CONFLICT,    /* someone else changed it first: re-read, then retry */
    ERR_REFUSED,     /* a rule says no: hold, gate, changed plan; a person decides */
    ERR_UNKNOWN_WHO, /* no credentials, or they are not known */
    ERR_DENIED,      /* known, but not allowed */
    ERR_BUSY,        /* asked too often: wait as long as the text says */
    ERR_UNAVAILABLE, /* the other side is down or slow: retry with back-off */
    ERR_TIMEOUT,     /* still running; this does not mean it failed */
    ERR_INTERNAL,    /* our own bug, or this machine is out of something */
};

struct err {
    enum err_kind kind;
    char text[512]; /* "commit web to staging: push main: remote hung up" */
};

/* Both return false, so a failing function can end in one statement. */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
#ifdef __clang_analyzer__ /* it cannot look into err.c, and would follow paths that are none */
#define err_set(...) (err_set(__VA_ARGS__), false)
#define err_wrap(...) (err_wrap(__VA_ARGS__), false)
#endif

/* Would trying the same thing again, unchanged, ever help? */
bool err_is_retryable(enum err_kind kind);

/* Stable word for the API and logs: "invalid", "not_found", … */
const char *err_name(enum err_kind kind);
/* The kind behind a word of err_name(); ERR_INTERNAL when it is not one. */
enum err_kind err_kind_of(const char *name);
int err_http_status(enum err_kind kind);
/* The CLI's exit code, as documented under `heddle help exit-codes`. */
int err_exit_code(enum err_kind kind);
