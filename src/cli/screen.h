/*
 * screen: where a command writes.  Private to cli.
 *
 * Text goes out line by line through screen_line() and friends, which escape whatever could move a
 * cursor or change a title: a text from the server cannot reach a terminal unescaped.
 */
#pragma once

#include <stdio.h>

#include "base/json.h"
#include "base/str.h"

/* As long as any line is looked at; longer ones are cut. */
#define LINE_BYTES_MAX ((size_t)64 << 10)

enum style {
    STYLE_PLAIN,
    STYLE_BOLD,
    STYLE_DIM,
    STYLE_RED,
    STYLE_GREEN,
    STYLE_YELLOW,
    STYLE_BLUE,
    STYLE_CYAN
};

struct screen {
    FILE *file;
    bool is_terminal;
    bool has_colour;
    bool can_move; /* a terminal that knows cursor movements */
};

enum colour_choice { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };
void screen_init(struct screen *screen, FILE *file);
void screen_set_colour(struct screen *screen, enum colour_choice choice);

/* Size now; a screen that is no terminal has no width (0) unless COLUMNS says one. */
size_t screen_width(const struct screen *screen);
size_t screen_height(const struct screen *screen);

/* One line of this style, escaped. */
void screen_line(struct screen *screen, enum style style, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The same without a line end, to go on behind it. */
void screen_text(struct screen *screen, enum style style, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A paragraph, wrapped at the width (or 100 columns); later lines are indented like the first. */
void screen_wrap(struct screen *screen, size_t indent, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Many lines of our own, such as help. */
void screen_raw(struct screen *screen, const char *text);

/* JSON: exact to a pipe, escaped to a terminal. */
void screen_json(struct screen *screen, const json_t *value);
/* A Git diff, coloured where there is colour; its tabs stay. */
void screen_diff(struct screen *screen, const char *diff);

/* Sequences for a style; empty without colour. */
const char *style_begin(const struct screen *screen, enum style style);
const char *style_end(const struct screen *screen, enum style style);
