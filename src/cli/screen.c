#include "cli/screen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/escape.h"
#include "cli/width.h"

#define WRAP_COLUMNS 100
#define WRAP_COLUMNS_MIN 20
#define COLUMNS_MAX 1000

static const char *const begins[] = {
    [STYLE_PLAIN] = "",        [STYLE_BOLD] = "\033[1m",   [STYLE_DIM] = "\033[2m",
    [STYLE_RED] = "\033[31m",  [STYLE_GREEN] = "\033[32m", [STYLE_YELLOW] = "\033[33m",
    [STYLE_BLUE] = "\033[34m", [STYLE_CYAN] = "\033[36m",
};

void screen_init(struct screen *screen, FILE *file)
{
    const char *term = getenv("TERM");
    bool is_dumb = !term || !term[0] || strcmp(term, "dumb") == 0;
    *screen = (struct screen){.file = file, .is_terminal = isatty(fileno(file)) == 1};
    screen->can_move = screen->is_terminal && !is_dumb;
    screen_set_colour(screen, COLOUR_AUTO);
}

void screen_set_colour(struct screen *screen, enum colour_choice choice)
{
    const char *refused = getenv("NO_COLOR");
    bool is_welcome = screen->can_move && !(refused && refused[0]);
    screen->has_colour = choice == COLOUR_ALWAYS || (choice == COLOUR_AUTO && is_welcome);
}

const char *style_begin(const struct screen *screen, enum style style)
{
    return screen->has_colour ? begins[style] : "";
}

const char *style_end(const struct screen *screen, enum style style)
{
    return screen->has_colour && style != STYLE_PLAIN ? "\033[0m" : "";
}

static size_t size_variable(const char *name)
{
    const char *text = getenv(name);
    long number = text ? strtol(text, NULL, 10) : 0;
    return number > 0 && number <= COLUMNS_MAX ? (size_t)number : 0;
}

size_t screen_width(const struct screen *screen)
{
    struct winsize size;
    if (screen->is_terminal && ioctl(fileno(screen->file), TIOCGWINSZ, &size) == 0 && size.ws_col) {
        return size.ws_col;
    }
    size_t said = size_variable("COLUMNS");
    return said ? said : screen->is_terminal ? 80 : 0;
}

size_t screen_height(const struct screen *screen)
{
    struct winsize size;
    if (screen->is_terminal && ioctl(fileno(screen->file), TIOCGWINSZ, &size) == 0 && size.ws_row) {
        return size.ws_row;
    }
    size_t said = size_variable("LINES");
    return said ? said : 24;
}

static void put(struct screen *screen, enum style style, const char *text, const char *end)
{
    fprintf(screen->file, "%s%s%s%s", style_begin(screen, style), text, style_end(screen, style),
            end);
}

PRINTF_LIKE(2, 0)
static void format_escaped(struct str *out, const char *fmt, va_list args)
{
    AUTO_STR(text, LINE_BYTES_MAX);
    str_addv(&text, fmt, args);
    escape_terminal(out, text.text);
}

void screen_line(struct screen *screen, enum style style, const char *fmt, ...)
{
    AUTO_STR(safe, LINE_BYTES_MAX * 4);
    va_list args;
    va_start(args, fmt);
    format_escaped(&safe, fmt, args);
    va_end(args);
    put(screen, style, safe.text, "\n");
}

void screen_text(struct screen *screen, enum style style, const char *fmt, ...)
{
    AUTO_STR(safe, LINE_BYTES_MAX * 4);
    va_list args;
    va_start(args, fmt);
    format_escaped(&safe, fmt, args);
    va_end(args);
    put(screen, style, safe.text, "");
}

void screen_wrap(struct screen *screen, size_t indent, const char *fmt, ...)
{
    AUTO_STR(safe, LINE_BYTES_MAX * 4);
    va_list args;
    va_start(args, fmt);
    format_escaped(&safe, fmt, args);
    va_end(args);
    size_t width = screen_width(screen);
    width = width ? width : WRAP_COLUMNS;
    size_t columns = width > indent + WRAP_COLUMNS_MIN ? width - indent : WRAP_COLUMNS_MIN;
    const char *at = safe.text;
    do {
        size_t length = width_break(at, columns);
        fprintf(screen->file, "%*s%.*s\n", (int)indent, "", (int)length, at);
        at += length;
        at += strspn(at, " ");
    } while (*at);
}

void screen_raw(struct screen *screen, const char *text)
{
    fputs(text, screen->file);
}

/* Lines of a longer text, one after another; NULL behind the last. */
static const char *next_line(const char *text, size_t *out_length)
{
    *out_length = strcspn(text, "\n");
    return text[0] ? text : NULL;
}

/* Escaped but for its tabs, which a diff is full of. */
static void add_line_safe(struct str *out, const char *line, size_t length)
{
    AUTO_STR(part, LINE_BYTES_MAX);
    for (size_t i = 0; i <= length; i++) {
        if (i == length || line[i] == '\t') {
            escape_terminal(out, part.text);
            str_clear(&part);
            str_add(out, i == length ? "" : "\t");
        } else {
            str_add_char(&part, line[i]);
        }
    }
}

void screen_json(struct screen *screen, const json_t *value)
{
    char *text = json_text_pretty(value);
    size_t length = 0;
    for (const char *at = text; (at = next_line(at, &length)) != NULL; at += length) {
        if (screen->is_terminal) {
            AUTO_STR(safe, LINE_BYTES_MAX * 4);
            add_line_safe(&safe, at, length);
            fputs(safe.text, screen->file);
        } else {
            fwrite(at, 1, length, screen->file);
        }
        fputc('\n', screen->file);
        at += at[length] == '\n';
    }
    free(text);
}

static enum style style_of_diff(const char *line)
{
    static const struct {
        const char *start;
        enum style style;
    } starts[] = {
        {"diff ", STYLE_BOLD}, {"index ", STYLE_BOLD}, {"--- ", STYLE_BOLD}, {"+++ ", STYLE_BOLD},
        {"@@", STYLE_CYAN},    {"+", STYLE_GREEN},     {"-", STYLE_RED},
    };
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        if (strncmp(line, starts[i].start, strlen(starts[i].start)) == 0) {
            return starts[i].style;
        }
    }
    return STYLE_PLAIN;
}

void screen_diff(struct screen *screen, const char *diff)
{
    size_t length = 0;
    for (const char *at = diff; (at = next_line(at, &length)) != NULL; at += length) {
        AUTO_STR(safe, LINE_BYTES_MAX * 4);
        add_line_safe(&safe, at, length);
        put(screen, style_of_diff(at), safe.text, "\n");
        at += at[length] == '\n';
    }
}
