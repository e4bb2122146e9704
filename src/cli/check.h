/* check: findings as other programs read them.  Private to cli. */
#pragma once

#include "inspect/inspect.h"

/* SARIF 2.1.0, for code scanning in Git hosts and editors.  New reference. */
json_t *sarif_of(const struct inspect_finding *findings, size_t count);
const char *inspect_level_name(enum inspect_level level); /* "error", as SARIF says it */
