/* semver: one version as semver.org 2.0.0 says, with a leading 'v' allowed. */
#pragma once

#include "base/base.h"

#define SEMVER_PARTS 3

struct semver {
    uint64_t parts[SEMVER_PARTS]; /* major, minor, patch; those not written are 0 */
    size_t part_count;            /* as written: 1.2 has two; x and * end them */
    struct slice prerelease;      /* of the text that was read; empty when there is none */
};

/* A whole version, and nothing after it.  Numbers above 10^18 are no versions. */
bool semver_parse(const char *text, struct semver *out) MUST_CHECK;
/* As much of `*text` as is a version or a partial one ("1", "1.2", "1.x", "*"); moves behind it. */
bool semver_parse_partial(const char **text, struct semver *out) MUST_CHECK;
/* Precedence: <0, 0, >0.  Build metadata does not count. */
int semver_compare(const struct semver *a, const struct semver *b);
