/* trees: the trees of files that the suites of render read. */
#pragma once

#include "base/map.h"
#include "manifest/manifest.h"

/* A tree in memory; oid is a hash of the content.  Links and a broken store can be played. */
struct memory_tree {
    struct map files;   /* path → char * */
    struct map links;   /* path → anything: reading it is refused */
    size_t reads;       /* so far */
    const char *broken; /* reading this path fails as if the store were away; or NULL */
};
void memory_put(struct memory_tree *tree, const char *path, const char *text); /* NULL: remove */
void memory_done(struct memory_tree *tree);
struct manifest_tree memory_face(struct memory_tree *tree);

/* A folder of this machine; paths are below `root`, which must live as long. */
struct manifest_tree folder_face(const char *root);
