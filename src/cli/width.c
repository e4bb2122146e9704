/* The ranges follow Unicode's East Asian Width (W, F) and its combining and format characters,
   coarsened to blocks: a wrong guess costs a crooked table, nothing more. */
#include "cli/width.h"

#include <string.h>

struct range {
    uint32_t first, last;
};

static const struct range none[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},   {0x0610, 0x061A}, {0x064B, 0x065F},
    {0x06D6, 0x06DC}, {0x0900, 0x0902}, {0x093A, 0x093A},   {0x093C, 0x093C}, {0x0941, 0x0948},
    {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F},   {0x20D0, 0x20FF}, {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
};

static const struct range wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},
    {0x26A1, 0x26A1},   {0x2705, 0x2705},   {0x274C, 0x274C},   {0x2753, 0x2757},
    {0x2795, 0x2797},   {0x2B50, 0x2B50},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},
    {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7EB},
    {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
};

static bool is_in(const struct range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count && ranges[i].first <= point; i++) {
        if (point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* One character: its bytes, never past the terminator, and its columns. */
static size_t read_character(const char *text, size_t *out_columns)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t wanted = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : at[0] >= 0xC2 ? 2 : 1;
    uint32_t point = wanted == 1 ? at[0] : at[0] & (0xFFU >> (wanted + 1));
    size_t length = 1;
    while (length < wanted && (at[length] & 0xC0U) == 0x80U) {
        point = point << 6 | (at[length++] & 0x3FU);
    }
    *out_columns = is_in(none, COUNT_OF(none), point)   ? 0
                   : is_in(wide, COUNT_OF(wide), point) ? 2
                                                        : 1;
    return length;
}

size_t width_of(const char *text)
{
    size_t sum = 0;
    while (*text) {
        size_t columns = 0;
        text += read_character(text, &columns);
        sum += columns;
    }
    return sum;
}

/* Bytes that fit, and their columns. */
static size_t fitting(const char *text, size_t columns, size_t *out_used)
{
    size_t length = 0;
    *out_used = 0;
    while (text[length]) {
        size_t each = 0;
        size_t bytes = read_character(text + length, &each);
        if (*out_used + each > columns) {
            break;
        }
        *out_used += each;
        length += bytes;
    }
    return length;
}

size_t width_cut(struct str *out, const char *text, size_t columns)
{
    size_t used = 0;
    size_t length = fitting(text, columns, &used);
    if (text[length] == '\0') {
        str_add_bytes(out, text, length);
        return used;
    }
    if (columns == 0) {
        return 0;
    }
    length = fitting(text, columns - 1, &used);
    str_add_bytes(out, text, length);
    str_add(out, "…");
    return used + 1;
}

size_t width_break(const char *text, size_t columns)
{
    size_t used = 0;
    size_t length = fitting(text, columns, &used);
    if (text[length] == '\0' || text[length] == ' ') {
        return length;
    }
    for (size_t i = length; i > 0; i--) {
        if (text[i - 1] == ' ') {
            return i - 1 > 0 ? i - 1 : length;
        }
    }
    size_t columns_of_first = 0;
    return length ? length : read_character(text, &columns_of_first);
}
