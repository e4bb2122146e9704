/*
 * render: from a tree of files to the objects a cluster should hold.
 *
 * Natively: plain YAML and kustomizations of the fields that manifest/ lists, object for object
 * what kustomize 5.8 gives (tests/golden/kustomize, tests/real/kustomize.py).  Anything else, and
 * what is found on the way to be known to kustomize alone, goes to the `kustomize` program in a
 * child with limits and without network, charts with the help of `helm`; if they are not installed,
 * the problem names the field, the file and the remedy.  Nothing outside of the tree is ever read.
 * Results are remembered by the identity of what was read, so a commit costs what it changed.
 *
 * Two things differ from kustomize on purpose: an unquoted date stays as it is written, and a label
 * that an outer kustomization puts on metadata alone does not reach pod templates (in kustomize it
 * does when an inner one had set it on both, and the selector no longer matches).
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "manifest/manifest.h"

struct render_object {
    const char *api_version, *kind, *namespace, *name; /* namespace "" when none is given */
    const char *json; /* compact, sorted keys; what is sent to the API server */
    size_t json_length;
    uint64_t hash;    /* of json */
    const char *file; /* where it came from */
    unsigned line;
};

struct render_result {
    struct render_object *objects; /* in file order; duplicates are a problem */
    size_t count;
    struct manifest_problem *problems; /* files and kustomizations that could not be read; the
                                          others are there.  Their objects are missing, not gone */
    size_t files_read;                 /* this time, not from memory */
    struct arena *arena;               /* owns all of the above */
};

/* Keeps what was rendered before; one thread at a time. */
struct render_cache;
struct render_cache *render_cache_new(void);
void render_cache_free(struct render_cache **cache);

/* Render one target's path.  False only when nothing at all can be said (the path is missing, the
   tree cannot be read); problems of single files are in the result.  The result is the caller's. */
bool render_target(struct render_cache *cache, const struct manifest_tree *tree, const char *path,
                   struct render_result *out, struct err *err) MUST_CHECK;
void render_result_done(struct render_result *result);

/* What the charts of a folder's kustomization make, as YAML in the arena, before the kustomization
   does anything to it.  `cache` is a render_cache of its own, which keeps what it has rendered.
   ERR_INVALID or ERR_REFUSED: what is wrong with the charts; ERR_UNAVAILABLE: what is missing to
   render them.  The shape is that of configrepo's chart_renderer. */
bool render_charts(void *cache, const struct manifest_tree *tree, const char *folder,
                   struct arena *arena, struct slice *out, struct err *err) MUST_CHECK;
