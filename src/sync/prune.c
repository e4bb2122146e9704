#include "sync/prune.h"

#include <stdio.h>

static bool is_too_many(const struct prune_facts *facts)
{
    return facts->leaving > PRUNE_ALWAYS_MAX && facts->leaving * 2 > facts->owned;
}

enum prune_verdict prune_judge(const struct prune_facts *facts,
                               char out_text[static PRUNE_TEXT_BYTES])
{
    out_text[0] = '\0';
    if (facts->leaving == 0) {
        return PRUNE_NOTHING;
    }
    if (facts->wanted == 0) {
        snprintf(out_text, PRUNE_TEXT_BYTES,
                 "The path has no objects any more.  Nothing is deleted: %zu objects stay in the "
                 "cluster.  If that is meant, delete them by hand.",
                 facts->leaving);
        return PRUNE_REFUSED;
    }
    if (facts->has_problems || facts->is_partial || facts->has_failures) {
        return PRUNE_LATER;
    }
    if (is_too_many(facts) && !facts->allow_all && facts->allowed < facts->leaving) {
        snprintf(out_text, PRUNE_TEXT_BYTES,
                 "%zu of %zu objects have left Git; so many are not deleted without a word.  To "
                 "allow it, put the annotation heddle.dev/allow-prune: \"%zu\" on any manifest "
                 "of this path, or start the agent with --allow-prune-all.",
                 facts->leaving, facts->owned, facts->leaving);
        return PRUNE_REFUSED;
    }
    return PRUNE_GO;
}
