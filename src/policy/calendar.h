/* calendar: versions that are dates: "2026.11.3", "26.04", "v2026.11-2". */
#pragma once

#include "base/base.h"

/* Numbers between dots, dashes or underscores, the year first: four digits, or two for 2000 on.  At
   least two numbers. */
bool calendar_is_version(const char *tag);
/* Number by number; what has more of them is newer.  Both must be versions. */
int calendar_compare(const char *a, const char *b);
