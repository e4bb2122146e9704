/* changer: one wish being fulfilled.  Private to inspect. */
#pragma once

#include "inspect/layers.h"

/* A version that the target's own kustomization, or a patch of it, says instead. */
struct override_made {
    const struct inspect_file *own;
    struct override_wish wish;
};

struct changer {
    const struct manifest_tree *tree;
    const struct inspection *inspection;
    const struct inspect_wish *wish;
    const struct inspect_target *target; /* of the wish, or NULL */
    struct arena *arena;
    struct inspect_outcome *out;
    VEC(struct inspect_edit) edits;
    VEC(struct inspect_refusal) refusals;
    bool is_user[INSPECT_TARGETS_MAX]; /* a target that a wanted place is for */
    struct map entries;                /* kustomizations with an images: entry for the image */
    struct map completed; /* names without a version, "file:line:column": other files say it */
    struct map patches;   /* fields whose version is said where only the target reads it */
    VEC(struct override_made) overrides;
    struct values_reader reader;
};

/* Note who says versions, before the first place is looked at. */
void override_note(struct changer *changer);
/* Is the place written where other targets read it, too? */
bool override_is_needed(const struct changer *changer, const struct inspect_place *place);
/* Let the target's own kustomization say the version instead; the reason when it cannot.  `at`: the
   place, with its nodes. */
const char *override_instead(struct changer *changer, const struct inspect_place *place,
                             const struct locate_place *at);
/* Make what override_instead() chose. */
bool override_add(struct changer *changer, struct err *err) MUST_CHECK;
/* With a workload in the wish: entries that give the image another version for all workloads. */
void override_refuse_entries(struct changer *changer);
