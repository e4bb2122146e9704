/* progress: a release on its way, as a live block or as one line per change.  Private to cli. */
#pragma once

#include "cli/block.h"
#include "cli/command.h"

struct progress {
    struct cli *cli;
    struct block block;
    json_t *shown;       /* the release as it was last shown */
    const char *trouble; /* the connection is lost: why; or NULL */
};

void progress_begin(struct progress *progress, struct cli *cli);
void progress_done(struct progress *progress);

/* The release is like this now. */
void progress_show(struct progress *progress, const json_t *release);
/* Draw again: ages have grown, or the window has changed.  Nothing where lines are printed. */
void progress_tick(struct progress *progress);
/* The connection is lost (a text that stays valid), or is back (NULL). */
void progress_trouble(struct progress *progress, const char *why);
/* Take the block away and leave its last state as plain lines. */
void progress_end(struct progress *progress);
