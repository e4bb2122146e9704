/* width: columns that UTF-8 text takes on a terminal.  Private to cli. */
#pragma once

#include "base/str.h"

size_t width_of(const char *text);
/* Append what fits in `columns`; text that is longer ends in "…".  Returns the columns used. */
size_t width_cut(struct str *out, const char *text, size_t columns);
/* Bytes of `text` that make one line of at most `columns`, broken at a space where there is one;
   0 only for empty text. */
size_t width_break(const char *text, size_t columns);
