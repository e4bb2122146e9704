/* tags: does a tag match the rule's regular expression?  PCRE2, with limits. */
#pragma once

#include "base/err.h"
#include "model/image.h"

#define TAGS_PATTERN_BYTES_MAX 1000

struct tags_pattern;

/* An empty pattern gives NULL, which matches every tag. */
bool tags_pattern_new(const char *pattern, struct tags_pattern **out, struct err *err) MUST_CHECK;
void tags_pattern_free(struct tags_pattern **pattern);
/* The whole tag must match.  A match that passes the limits is none.  `out_part` (or NULL) becomes
   what the first group has captured, the whole tag when there is no group; a group that took no
   part is no match. */
bool tags_pattern_matches(const struct tags_pattern *pattern, const char *tag,
                          char out_part[IMAGE_TAG_BYTES]);
