#include "yaml/internal.h"

#include <string.h>

size_t yaml_decode_char(const char *text, uint32_t *out)
{
    const unsigned char *byte = (const unsigned char *)text;
    if (byte[0] < 0x80) {
        *out = byte[0];
        return byte[0] != 0;
    }
    size_t length = byte[0] >= 0xF0 ? 4 : byte[0] >= 0xE0 ? 3 : 2;
    static const uint32_t least[] = {[2] = 0x80, [3] = 0x800, [4] = 0x10000};
    uint32_t point = byte[0] & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xC0U) != 0x80U) {
            return 0;
        }
        point = point << 6 | (byte[i] & 0x3FU);
    }
    bool is_surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (byte[0] < 0xC2 || byte[0] > 0xF4 || point < least[length] || is_surrogate ||
        point > 0x10FFFF) {
        return 0;
    }
    *out = point;
    return length;
}

bool yaml_is_printable(uint32_t point)
{
    bool is_control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    bool is_line_end = point == 0x2028 || point == 0x2029;
    return !is_control && !is_line_end && point != 0xFEFF && point != 0xFFFE && point != 0xFFFF;
}

static void write_escaped(struct str *out, uint32_t point)
{
    static const struct {
        uint32_t point;
        const char *escape;
    } short_escapes[] = {{'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}};

    for (size_t i = 0; i < COUNT_OF(short_escapes); i++) {
        if (short_escapes[i].point == point) {
            str_add(out, short_escapes[i].escape);
            return;
        }
    }
    str_addf(out, "\\u%04X", point);
}

void yaml_write_quoted(struct str *out, const char *text)
{
    str_add_char(out, '"');
    while (*text) {
        uint32_t point = 0xFFFD; /* stands for broken bytes */
        size_t length = yaml_decode_char(text, &point);
        if (length == 0) {
            str_add(out, "\xEF\xBF\xBD");
        } else if (point == '"' || point == '\\') {
            str_add_char(out, '\\');
            str_add_char(out, *text);
        } else if (yaml_is_printable(point)) {
            str_add_bytes(out, text, length);
        } else {
            write_escaped(out, point);
        }
        text += length ? length : 1;
    }
    str_add_char(out, '"');
}

void yaml_write_scalar(struct str *out, const char *text)
{
    if (yaml_plain_is_string(text)) {
        str_add(out, text);
    } else {
        yaml_write_quoted(out, text);
    }
}
