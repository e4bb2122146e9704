/* look_refs: the branches that a look is about: fetched, and what is known of their past. */
#pragma once

#include "server/look.h"

/* A ref of the view that is made, with what its look finds. */
struct look_ref {
    const struct config_repository *repository;
    struct ref_view *view;
    const struct ref_view *before; /* of the last look, or NULL */
    struct err err;                /* why it could not be fetched */
    const char *seen_head;         /* what people's commits are counted from; "" : from now on */
    bool is_astray; /* the branch does not continue what was seen before, accepted or not */
};

struct look_refs {
    struct arena *arena;
    struct look_ref *items; /* as view->refs */
    size_t count;
};

/* The branch with the pipeline file, and by the same connection what its repository had at the last
   look.  False when that branch cannot be had. */
bool look_refs_first(struct look *look, struct arena *arena, struct look_refs *out,
                     struct err *err) MUST_CHECK;
/* And those of the pipeline's targets; what was fetched and is not named any more goes. */
void look_refs_rest(struct look *look, const struct pipeline *pipeline, struct look_refs *refs);
/* The repository of a target, which must be known, and the whole name of its branch. */
const struct config_repository *look_repository_of(const struct look *look,
                                                   const struct target *target);
const char *look_branch_of(const struct look *look, const struct target *target);
bool look_refs_are_same(const struct look *look, const struct look_refs *refs);
/* What the next look counts from. */
void look_refs_note(struct look *look, const struct look_refs *refs, bool has_pipeline);
