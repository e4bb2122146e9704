/* internal: what the files of manifest/ share. */
#pragma once

#include "manifest/manifest.h"

/* Folders below one another: no repository is nested deeper on purpose. */
#define MANIFEST_DEPTH_MAX 32

void manifest_add_problem(struct arena *arena, struct manifest_problem **problems, const char *file,
                          unsigned line, const char *text);
/* The name of the kustomization file among the entries of a folder, or NULL. */
const char *kustomization_name(const struct manifest_entry *entries, size_t count);
