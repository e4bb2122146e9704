/* json_patch: RFC 6902 with add, replace, remove and test. */
#pragma once

#include "base/json.h"

/* Apply the operations to `document`, in place.  ERR_INVALID names the operation; a failed test is
   ERR_CONFLICT. */
bool json_patch_apply(json_t *document, const json_t *operations, struct err *err) MUST_CHECK;
