/* changer: one wish being fulfilled.  Private to inspect. */
#pragma once

#include "inspect/internal.h"

struct changer {
    const struct manifest_tree *tree;
    const struct inspection *inspection;
    const struct inspect_wish *wish;
    const struct inspect_target *target; /* of the wish, or NULL */
    struct arena *arena;
    struct inspect_outcome *out;
    VEC(struct inspect_edit) edits;
    VEC(struct inspect_refusal) refusals;
    const struct inspect_file *overlay; /* that gets an entry of its own, or NULL */
};

/* Is the place written where other targets read it, too? */
bool override_is_needed(const struct changer *changer, const struct inspect_place *place);
/* Let the target's own kustomization say the version instead; the reason when it cannot. */
const char *override_instead(struct changer *changer, const struct inspect_place *place);
/* Add the entry that override_instead() asked for. */
bool override_add(struct changer *changer, struct err *err) MUST_CHECK;
