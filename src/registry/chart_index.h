/* chart_index: the versions of some charts, out of an index.yaml of any length.  Strangers' YAML.
 */
#pragma once

#include "registry/registry.h"
#include "yaml/yaml.h"

/* The versions in the index's order, in bounded memory; each chart is asked for once.  On failure
   none has any. */
bool chart_index_read(const struct yaml_source *source, struct registry_index_chart *charts,
                      size_t count, struct err *err) MUST_CHECK;
