/* table: rows that line up.  Private to cli. */
#pragma once

#include "cli/screen.h"

struct table;
/* The first `columns` cells are the head. */
struct table *table_new(size_t columns);
void table_free(struct table **table);
/* The next cell, row after row; escaped. */
void table_cell(struct table *table, enum style style, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Print with `indent` spaces before each row.  Columns get narrower, the widest first, until the
   rows fit the screen. */
void table_print(const struct table *table, struct screen *screen, size_t indent);
