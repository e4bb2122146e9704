/*
 * block: lines at the end of the terminal that are drawn again in place.  Private to cli.
 *
 * Before each drawing the cursor goes up over what is there now: when the window has become
 * narrower, lines have wrapped, and that is counted.
 */
#pragma once

#include "cli/screen.h"

/* No window is drawn higher than this. */
#define BLOCK_LINES_MAX 200

struct block_line {
    enum style style;
    char text[1024]; /* escaped already */
};

struct block {
    struct screen *screen;
    size_t widths[BLOCK_LINES_MAX]; /* of the lines on the screen */
    size_t count;
};

/* Replace what is drawn.  Lines are cut to the window; what is more than the window's height minus
   one is left out, so callers choose before. */
void block_draw(struct block *block, const struct block_line *lines, size_t count);
/* Remove it: the cursor is where the block began. */
void block_clear(struct block *block);
/* How many lines may be drawn now. */
size_t block_room(const struct block *block);
