/* unified: the difference of two texts, as git apply takes it. */
#pragma once

#include "base/str.h"

#define UNIFIED_BYTES_MAX ((size_t)64 << 20)

/* Append a unified diff of a file with three lines of context.  The texts differ in few places. */
void unified_diff(const char *file, struct slice before, struct slice after, struct str *out);
