/*
 * policy: which tag is the newest version?  Pure.
 */
#pragma once

#include "base/err.h"
#include "model/pipeline.h"

/* The rule for a repository, or the default (semver, any) when none matches; never NULL. */
const struct version_rule *policy_rule_for(const struct pipeline *pipeline, const char *repository);
/* Does the tag count at all under this rule?  Semver wants whole versions (1.2.3, v1.2.3), since
   "1.2" moves with each patch; numeric wants digits alone; signatures ("sha256-<hex>…") never
   count. */
bool policy_admits(const struct version_rule *rule, const char *tag);
/* The same for many tags, reading the rule once.  False when the rule cannot be read; then none is
   admitted. */
bool policy_admit_all(const struct version_rule *rule, const char *const *tags, size_t count,
                      bool *out_admitted);
/* Order of two admitted tags: <0, 0, >0 as a is older, equal, newer.  With POLICY_NEWEST the times
   decide (when each was first seen); 0 for unknown. */
int policy_compare(const struct version_rule *rule, const char *a, int64_t a_seen_ms, const char *b,
                   int64_t b_seen_ms);
/* Index of the newest admitted tag, or -1.  `seen_ms` may be NULL. */
int64_t policy_newest(const struct version_rule *rule, const char *const *tags,
                      const int64_t *seen_ms, size_t count);
/* Refuse a range, glob or expression that cannot be read; the error says what is wrong in it. */
bool policy_check_rule(const struct version_rule *rule, struct err *err) MUST_CHECK;
/* Glob as in version_rule.images. */
bool policy_glob(const char *pattern, const char *text);
