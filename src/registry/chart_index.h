/* chart_index: the versions of one chart, out of an index.yaml of any length.  Strangers' YAML. */
#pragma once

#include "registry/registry.h"
#include "yaml/yaml.h"

/* The versions in the index's order, in bounded memory.  ERR_NOT_FOUND: it has no such chart. */
bool chart_index_read(const struct yaml_source *source, const char *chart,
                      struct registry_charts *out, struct err *err) MUST_CHECK;
