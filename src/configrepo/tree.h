/* tree: a commit as a manifest_tree that reads each folder and file once. */
#pragma once

#include "configrepo/configrepo.h"
#include "configrepo/table.h"

struct commit_tree {
    struct git *git;
    const char *commit;
    struct configrepo_memory *memory; /* or NULL */
    const char *root_oid;             /* NULL: not asked for yet */
    struct arena *arena;
    struct table folders; /* path → struct git_listing */
    struct table files;   /* object id → struct slice */
    /* The first failure that says nothing about the files: git is gone, or out of time.  What
       was read after it must not be taken for the truth. */
    struct err failure;
};

struct commit_tree *commit_tree_new(struct git *git, const char *commit,
                                    struct configrepo_memory *memory, struct arena *arena);
/* NULL when there is none. */
const struct git_entry *commit_tree_entry(struct commit_tree *tree, const char *path);
bool commit_tree_read(struct commit_tree *tree, const char *path, struct slice *out,
                      struct err *err) MUST_CHECK;
struct manifest_tree commit_tree_face(struct commit_tree *tree);

/* ---- memory.c ---- */

/* A commit that was made and proven before, by what was asked; NULL: not that. */
const struct draft_commit *memory_draft(const struct configrepo_memory *memory, const char *key);
void memory_keep_draft(struct configrepo_memory *memory, const char *key,
                       const struct draft_commit *draft);
/* NULL: not listed yet. */
struct git_listing *memory_listing(const struct configrepo_memory *memory, const char *oid,
                                   const char *path);
void memory_keep_listing(struct configrepo_memory *memory, const char *oid, const char *path,
                         struct git_listing *listing);
/* Where listings that are kept live. */
struct arena *memory_listings(struct configrepo_memory *memory);
struct manifest_memory *memory_files(struct configrepo_memory *memory);
