/* internal: what the files of manifest/ share. */
#pragma once

#include "manifest/manifest.h"

/* Folders below one another: no repository is nested deeper on purpose. */
#define MANIFEST_DEPTH_MAX 32

void manifest_add_problem(struct arena *arena, struct manifest_problem **problems, const char *file,
                          unsigned line, const char *text);
/* ---- memory.c ---- */

/* What one file gave, in lists of its own. */
struct parsed_file {
    struct manifest_object *objects;
    struct manifest_problem *problems;
    bool is_manifest; /* something in it may be one */
};
/* Where what is remembered lives. */
struct arena *memory_arena(struct manifest_memory *memory);
/* NULL when it is new; `oid` "" is never remembered. */
void *memory_get(const struct manifest_memory *memory, const char *path, const char *oid);
void memory_keep(struct manifest_memory *memory, const char *path, const char *oid, void *value);

/* ---- kustomization.c ---- */

/* The name of the kustomization file among the entries of a folder, or NULL. */
const char *kustomization_name(const struct manifest_entry *entries, size_t count);
