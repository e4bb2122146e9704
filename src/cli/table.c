#include "cli/table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/escape.h"
#include "base/vec.h"
#include "cli/width.h"

#define CELL_BYTES_MAX ((size_t)4096)
#define GAP 2
/* Narrower than this, a column says nothing: then the rows rather wrap. */
#define COLUMN_WIDTH_MIN 6

struct cell {
    const char *text;
    enum style style;
    size_t width;
};

struct table {
    struct arena *arena;
    size_t columns;
    VEC(struct cell) cells;
};

struct table *table_new(size_t columns)
{
    struct table *table = xcalloc(1, sizeof(*table));
    table->arena = arena_new();
    table->columns = columns;
    return table;
}

void table_free(struct table **table)
{
    if (*table) {
        VEC_DONE(&(*table)->cells);
        arena_free(&(*table)->arena);
        xfree(table);
    }
}

void table_cell(struct table *table, enum style style, const char *fmt, ...)
{
    AUTO_STR(text, CELL_BYTES_MAX);
    AUTO_STR(safe, CELL_BYTES_MAX * 4);
    va_list args;
    va_start(args, fmt);
    str_addv(&text, fmt, args);
    va_end(args);
    escape_terminal(&safe, text.text);
    struct cell *cell = VEC_ADD(&table->cells);
    *cell = (struct cell){arena_strdup(table->arena, safe.text), style, width_of(safe.text)};
}

static void measure(const struct table *table, size_t *widths)
{
    for (size_t i = 0; i < table->cells.count; i++) {
        size_t *width = &widths[i % table->columns];
        *width = table->cells.items[i].width > *width ? table->cells.items[i].width : *width;
    }
}

static void make_fit(size_t *widths, size_t columns, size_t room)
{
    size_t sum = GAP * (columns - 1);
    for (size_t i = 0; i < columns; i++) {
        sum += widths[i];
    }
    while (sum > room) {
        size_t widest = 0;
        for (size_t i = 1; i < columns; i++) {
            widest = widths[i] > widths[widest] ? i : widest;
        }
        if (widths[widest] <= COLUMN_WIDTH_MIN) {
            return;
        }
        widths[widest]--;
        sum--;
    }
}

static void print_cell(const struct cell *cell, struct screen *screen, size_t width, bool is_last)
{
    AUTO_STR(text, CELL_BYTES_MAX * 4);
    size_t used = width_cut(&text, cell->text, width);
    size_t padding = is_last ? 0 : width - used + GAP;
    fprintf(screen->file, "%s%s%s%*s", style_begin(screen, cell->style), text.text,
            style_end(screen, cell->style), (int)padding, "");
}

/* Empty cells at the end of a row leave no spaces behind. */
static size_t filled_columns(const struct cell *row, size_t columns)
{
    while (columns > 0 && row[columns - 1].width == 0) {
        columns--;
    }
    return columns;
}

void table_print(const struct table *table, struct screen *screen, size_t indent)
{
    assert(table->cells.count % table->columns == 0);
    AUTO(xfree) size_t *widths = xcalloc(table->columns, sizeof(*widths));
    size_t width = screen_width(screen);
    measure(table, widths);
    if (width) {
        make_fit(widths, table->columns, width > indent ? width - indent : 1);
    }
    for (size_t i = 0; i < table->cells.count; i += table->columns) {
        const struct cell *row = &table->cells.items[i];
        size_t columns = filled_columns(row, table->columns);
        fprintf(screen->file, "%*s", columns ? (int)indent : 0, "");
        for (size_t n = 0; n < columns; n++) {
            print_cell(&row[n], screen, widths[n], n + 1 == columns);
        }
        fputc('\n', screen->file);
    }
}
