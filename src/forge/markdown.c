/* Markdown that strangers' words cannot leave. */
#include <string.h>

#include "forge/forge.h"

static size_t longest_run(const char *text, char of)
{
    size_t longest = 0;
    size_t run = 0;
    for (; *text; text++) {
        run = *text == of ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void add_many(struct str *out, char c, size_t count)
{
    while (count-- > 0) {
        str_add_char(out, c);
    }
}

void forge_add_code(struct str *out, const char *text)
{
    if (!text[0]) {
        return;
    }
    size_t fence = longest_run(text, '`') + 1;
    add_many(out, '`', fence);
    /* A blank between: the text may begin or end with the fence's own sign. */
    str_add(out, fence > 1 ? " " : "");
    for (; *text; text++) {
        /* A bar would end a table's cell, and a line end the paragraph. */
        bool is_control = (unsigned char)*text < 0x20 || *text == 0x7F;
        str_add_char(out, is_control ? ' ' : *text == '|' ? '/' : *text);
    }
    str_add(out, fence > 1 ? " " : "");
    add_many(out, '`', fence);
}

void forge_add_block(struct str *out, const char *language, const char *text, size_t bytes_max)
{
    size_t length = strlen(text);
    bool is_cut = length > bytes_max;
    if (is_cut) {
        length = bytes_max;
        while (length > 0 && text[length - 1] != '\n') {
            length--;
        }
    }
    size_t fence = longest_run(text, '`') + 1;
    fence = fence < 3 ? 3 : fence;
    add_many(out, '`', fence);
    str_addf(out, "%s\n", language);
    str_add_bytes(out, text, length);
    str_add(out, length && text[length - 1] != '\n' ? "\n" : "");
    add_many(out, '`', fence);
    str_add(out, is_cut ? "\n\nThe rest is too long for this place.\n" : "\n");
}
