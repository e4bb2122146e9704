#include "base/escape.h"

#include <string.h>

static bool is_plain_url(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-._~", c));
}

/* Bytes of the well-formed UTF-8 character at `s`, and its code point; 0 when broken. */
static size_t utf8_at(const unsigned char *s, uint32_t *out_point)
{
    size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : s[0] >= 0xC2 ? 2 : 0;
    uint32_t point = length == 4 ? s[0] & 7U : length == 3 ? s[0] & 15U : s[0] & 31U;
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0U) != 0x80U) {
            return 0;
        }
        point = point << 6 | (s[i] & 63U);
    }
    *out_point = point;
    return length;
}

static bool turns_text_around(uint32_t point)
{
    return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0x200E || point == 0x200F || (point >= 0x80 && point < 0xA0);
}

void escape_terminal(struct str *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        uint32_t point = 0;
        size_t length = *at < 0x80 ? 1 : utf8_at(at, &point);
        if (*at == '\n') {
            str_add(out, "\\n");
        } else if (*at < 0x20 || *at == 0x7F || length == 0) {
            str_addf(out, "\\x%02x", *at);
        } else if (turns_text_around(point)) {
            str_addf(out, "\\u%04x", (unsigned)point);
        } else {
            str_add_bytes(out, at, length);
        }
        at += length ? length : 1;
    }
}

void escape_url(struct str *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (is_plain_url(*at)) {
            str_add_char(out, (char)*at);
        } else {
            str_addf(out, "%%%02X", *at);
        }
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool unescape_url(struct str *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.bytes[i];
        if (c == '%') {
            if (text.length - i < 3) {
                return false;
            }
            int first = hex_value(text.bytes[i + 1]);
            int second = hex_value(text.bytes[i + 2]);
            if (first < 0 || second < 0 || (first == 0 && second == 0)) {
                return false;
            }
            c = (char)(first * 16 + second);
            i += 2;
        }
        str_add_char(out, c);
    }
    return !out->failed;
}

#define DISTANCE_BYTES_MAX 64

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

size_t text_distance(const char *a, const char *b)
{
    size_t a_length = strnlen(a, DISTANCE_BYTES_MAX);
    size_t b_length = strnlen(b, DISTANCE_BYTES_MAX);
    size_t row[DISTANCE_BYTES_MAX + 1];
    for (size_t i = 0; i <= b_length; i++) {
        row[i] = i;
    }
    for (size_t i = 0; i < a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t n = 0; n < b_length; n++) {
            size_t above = row[n + 1];
            row[n + 1] = smallest(above + 1, row[n] + 1, diagonal + (a[i] != b[n]));
            diagonal = above;
        }
    }
    return row[b_length];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = text_distance(word, candidates[i]);
        if (distance <= best_distance && (!best || distance < best_distance)) {
            best = candidates[i];
            best_distance = distance;
        }
    }
    return best;
}
