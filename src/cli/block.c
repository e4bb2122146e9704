#include "cli/block.h"

#include "cli/width.h"

size_t block_room(const struct block *block)
{
    size_t height = screen_height(block->screen);
    size_t room = height > 1 ? height - 1 : 1;
    return room < BLOCK_LINES_MAX ? room : BLOCK_LINES_MAX;
}

static void add_clear(const struct block *block, struct str *out)
{
    size_t columns = screen_width(block->screen);
    size_t rows = 0;
    for (size_t i = 0; i < block->count; i++) {
        size_t width = block->widths[i];
        rows += width <= columns ? 1 : (width + columns - 1) / columns;
    }
    str_add(out, "\r");
    if (rows) {
        str_addf(out, "\033[%zuA", rows);
    }
    str_add(out, "\033[J");
}

void block_draw(struct block *block, const struct block_line *lines, size_t count)
{
    AUTO_STR(out, (size_t)BLOCK_LINES_MAX * 2048);
    size_t columns = screen_width(block->screen);
    size_t room = block_room(block);
    add_clear(block, &out);
    block->count = count < room ? count : room;
    for (size_t i = 0; i < block->count; i++) {
        str_add(&out, style_begin(block->screen, lines[i].style));
        /* A full last column would leave the cursor where no two terminals agree. */
        block->widths[i] = width_cut(&out, lines[i].text, columns > 1 ? columns - 1 : 1);
        str_add(&out, style_end(block->screen, lines[i].style));
        str_add(&out, "\n");
    }
    screen_raw(block->screen, out.text);
    fflush(block->screen->file);
}

void block_clear(struct block *block)
{
    AUTO_STR(out, 64);
    if (block->count) {
        add_clear(block, &out);
        screen_raw(block->screen, out.text);
        fflush(block->screen->file);
        block->count = 0;
    }
}
