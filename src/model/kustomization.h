/* kustomization: what its file may be called. */
#pragma once

#include <stdbool.h>

/* The first of them that is in a folder counts. */
#define KUSTOMIZATION_NAMES 3
extern const char *const kustomization_names[KUSTOMIZATION_NAMES];

/* Is it a kustomization by its name?  `path` may hold folders. */
bool kustomization_is_path(const char *path);
