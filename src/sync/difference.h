/* difference: where an object in the cluster is not what Git says.  Pure; private to sync. */
#pragma once

#include "base/json.h"

/* Append the path of the first field that `wanted` sets and `live` has otherwise:
   "spec.template.spec.containers[main].image".  Nothing when there is none.  No value is told. */
void difference_find(const json_t *wanted, const json_t *live, struct str *out);
