/* tags: does a tag match the rule's regular expression?  PCRE2, with limits. */
#pragma once

#include "base/err.h"

#define TAGS_PATTERN_BYTES_MAX 1000

struct tags_pattern;

/* An empty pattern gives NULL, which matches every tag. */
bool tags_pattern_new(const char *pattern, struct tags_pattern **out, struct err *err) MUST_CHECK;
void tags_pattern_free(struct tags_pattern **pattern);
/* The whole tag must match.  A match that passes the limits is none. */
bool tags_pattern_matches(const struct tags_pattern *pattern, const char *tag);
