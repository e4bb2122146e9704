/*
 * json: jansson, with the few readers and writers everyone needs.
 *
 * Values are jansson's (`json_t`, reference counted); AUTO_JSON drops a local one.
 * Readers are total: a missing key or another type gives the fallback, never a
 * crash.  Paths are dotted keys ("spec.template.metadata"); a key that itself has a
 * dot is reached with json_object_get().
 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

#define JSON_DEPTH_MAX 64

void json_drop(json_t **value);
#define AUTO_JSON AUTO(json_drop) json_t

/* Parse untrusted bytes: depth, duplicate keys and trailing bytes are errors.  NULL and
   err when it is not JSON; the text names line and column.  The caller owns the result. */
json_t *json_parse(struct slice text, struct err *err) MUST_CHECK;
/* Compact text with sorted keys: equal values give equal bytes.  malloc'd. */
char *json_text(const json_t *value);
/* The same, indented for people. */
char *json_text_pretty(const json_t *value);

const json_t *json_at(const json_t *value, const char *path);
const char *json_text_at(const json_t *value, const char *path, const char *fallback);
int64_t json_int_at(const json_t *value, const char *path, int64_t fallback);
bool json_bool_at(const json_t *value, const char *path, bool fallback);
/* Empty array when it is missing or no array; borrowed, never NULL. */
const json_t *json_array_at(const json_t *value, const char *path);

/* Set a key; NULL text is left out, so optional fields stay absent. */
void json_put_text(json_t *object, const char *key, const char *text);
void json_put_int(json_t *object, const char *key, int64_t number);
void json_put_bool(json_t *object, const char *key, bool flag);
/* Takes the reference to `value`. */
void json_put(json_t *object, const char *key, json_t *value);
/* Milliseconds since 1970 as RFC 3339 text; left out when 0. */
void json_put_time(json_t *object, const char *key, int64_t time_ms);

/* Text that is surely valid UTF-8 without NUL, as jansson demands: other bytes become
   U+FFFD.  Use it for every text that strangers wrote. */
json_t *json_text_safe(const char *bytes, size_t length);
