/* escape: the writer chooses the escaping by the function it calls, never by memory. */
#pragma once

#include "base/str.h"

/* Control bytes, DEL and broken UTF-8 become \xNN, line ends \n: safe on a terminal and
   in a log line.  Direction marks (U+202A…202E, U+2066…2069) become \u…, too. */
void escape_terminal(struct str *out, const char *text);
/* One path segment or query value: everything but A-Z a-z 0-9 - . _ ~ is %XX. */
void escape_url(struct str *out, const char *text);
/* Undo %XX (and '+' in queries is left alone).  False on a bad escape or a NUL. */
bool unescape_url(struct str *out, struct slice text) MUST_CHECK;

/* Edit distance for "did you mean"; at most 64 bytes of each are looked at. */
size_t text_distance(const char *a, const char *b);
/* The candidate nearest to `word`, or NULL when none is near (a third of its length). */
const char *text_nearest(const char *word, const char *const *candidates, size_t count);
