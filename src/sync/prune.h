/* prune: may what has left Git be deleted?  Pure; private to sync. */
#pragma once

#include "base/base.h"

/* Fewer than this are deleted without asking, whatever share of all they are. */
#define PRUNE_ALWAYS_MAX 10

struct prune_facts {
    size_t leaving;    /* objects of ours that Git no longer has */
    size_t owned;      /* objects that were ours before this revision */
    size_t wanted;     /* objects in Git now */
    size_t allowed;    /* by the annotation heddle.dev/allow-prune in Git; 0: there is none */
    bool allow_all;    /* by the agent's flag */
    bool has_problems; /* a file could not be read: its objects only seem to have left */
    bool is_partial;   /* not all kinds of the cluster are known */
    bool has_failures; /* something of the new revision could not be applied yet */
};

enum prune_verdict {
    PRUNE_NOTHING, /* nothing has left */
    PRUNE_GO,
    PRUNE_LATER,   /* when the problems that are shown anyway have gone */
    PRUNE_REFUSED, /* a person must allow it; the text says how */
};

#define PRUNE_TEXT_BYTES 512
enum prune_verdict prune_judge(const struct prune_facts *facts,
                               char out_text[static PRUNE_TEXT_BYTES]);
