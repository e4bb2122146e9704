/* A list to tick, drawn in place. */
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "cli/ask.h"
#include "cli/block.h"

#define CTRL_C 0x03
#define ESCAPE 0x1B

/* Where an arrow key's three bytes ("ESC [ A") have come to; they may come in several reads. */
enum sequence { SEQUENCE_NONE, SEQUENCE_ESCAPE, SEQUENCE_BRACKET };

struct tick_list {
    const char *title;
    struct tick *ticks;
    size_t count, cursor;
    enum sequence sequence;
    struct block block;
    bool is_chosen;
};

static void draw(void *context)
{
    struct tick_list *list = context;
    AUTO(xfree) struct block_line *lines = xcalloc(BLOCK_LINES_MAX, sizeof(*lines));
    size_t room = block_room(&list->block);
    size_t shown = room > 2 ? room - 2 : 1; /* a title above, the keys below */
    shown = list->count < shown ? list->count : shown;
    size_t first = list->cursor >= shown ? list->cursor - shown + 1 : 0;
    size_t used = 0;
    lines[used].style = STYLE_BOLD;
    TEXT_COPY_CUT(lines[used].text, list->title);
    used++;
    for (size_t i = first; i < first + shown; i++) {
        const struct tick *tick = &list->ticks[i];
        AUTO_STR(safe, 8192);
        escape_terminal(&safe, tick->text);
        snprintf(lines[used].text, sizeof(lines[used].text), "%c [%c] %s",
                 i == list->cursor ? '>' : ' ', tick->is_ticked ? 'x' : ' ', safe.text);
        lines[used++].style = tick->is_closed     ? STYLE_DIM
                              : i == list->cursor ? STYLE_BOLD
                                                  : STYLE_PLAIN;
    }
    lines[used].style = STYLE_DIM;
    TEXT_COPY_CUT(lines[used].text, "space tick, a all, enter go on, q leave");
    used++;
    block_draw(&list->block, lines, used);
}

static void tick_all(struct tick_list *list)
{
    bool are_all = true;
    for (size_t i = 0; i < list->count; i++) {
        are_all = are_all && (list->ticks[i].is_closed || list->ticks[i].is_ticked);
    }
    for (size_t i = 0; i < list->count; i++) {
        list->ticks[i].is_ticked = !are_all && !list->ticks[i].is_closed;
    }
}

static void move(struct tick_list *list, bool down)
{
    if (down && list->cursor + 1 < list->count) {
        list->cursor++;
    } else if (!down && list->cursor > 0) {
        list->cursor--;
    }
}

/* One byte; false when the list is done with. */
static bool press(struct tick_list *list, char c)
{
    enum sequence before = list->sequence;
    list->sequence = SEQUENCE_NONE;
    if (c == ESCAPE) {
        list->sequence = SEQUENCE_ESCAPE;
    } else if (before == SEQUENCE_ESCAPE && (c == '[' || c == 'O')) {
        list->sequence = SEQUENCE_BRACKET;
    } else if (before == SEQUENCE_BRACKET) {
        if (c == 'A' || c == 'B') {
            move(list, c == 'B');
        }
    } else if (c == 'j' || c == 'k') {
        move(list, c == 'j');
    } else if (c == ' ') {
        struct tick *tick = &list->ticks[list->cursor];
        tick->is_ticked = !tick->is_ticked && !tick->is_closed;
    } else if (c == 'a') {
        tick_all(list);
    }
    list->is_chosen = c == '\r' || c == '\n';
    return !list->is_chosen && c != 'q' && c != CTRL_C;
}

static bool press_all(void *context, struct slice bytes)
{
    struct tick_list *list = context;
    for (size_t i = 0; i < bytes.length; i++) {
        if (!press(list, bytes.bytes[i])) {
            return false;
        }
    }
    draw(list);
    return true;
}

/* What was chosen stays on the screen as plain lines. */
static void leave_lines(struct tick_list *list)
{
    block_clear(&list->block);
    for (size_t i = 0; i < list->count; i++) {
        screen_line(list->block.screen, list->ticks[i].is_ticked ? STYLE_PLAIN : STYLE_DIM,
                    "  [%c] %s", list->ticks[i].is_ticked ? 'x' : ' ', list->ticks[i].text);
    }
}

bool ask_ticks(struct cli *cli, const char *title, struct tick *ticks, size_t count,
               bool *out_chosen, struct err *err)
{
    struct tick_list list = {
        .title = title, .ticks = ticks, .count = count, .block = {.screen = &cli->talk}};
    bool was_interrupted = false;
    *out_chosen = false;
    if (count == 0) {
        return true;
    }
    fflush(cli->out.file);
    draw(&list);
    if (!ask_keys(press_all, draw, &list, &was_interrupted, err)) {
        return false;
    }
    *out_chosen = list.is_chosen && !was_interrupted;
    leave_lines(&list);
    return true;
}
