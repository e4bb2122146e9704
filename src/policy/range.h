/*
 * range: which versions somebody wants: ">=1.0.0 <2", "^1.2", "~1.2.3", "1.x || 3".
 *
 * Terms beside each other (spaces or commas between) must all hold; "||" separates alternatives.
 * Prereleases count only for an alternative that names one itself.
 */
#pragma once

#include "base/err.h"
#include "policy/semver.h"

#define RANGE_BOUNDS_MAX 64

enum range_test { RANGE_LT, RANGE_LE, RANGE_GT, RANGE_GE, RANGE_EQ, RANGE_NE };

struct range_bound {
    enum range_test test;
    struct semver version;
    unsigned alternative; /* from 0 */
    bool is_edge;         /* the end of "1.x", "^1" and the like, which names no prerelease */
};

struct range {
    struct range_bound bounds[RANGE_BOUNDS_MAX];
    size_t count; /* none: every version that is no prerelease */
};

/* Points into `text`.  An empty text is any version. */
bool range_parse(const char *text, struct range *out, struct err *err) MUST_CHECK;
bool range_admits(const struct range *range, const struct semver *version);
