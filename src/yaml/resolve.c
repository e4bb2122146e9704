/* The types of plain scalars, as sigs.k8s.io/yaml (a copy of Go's yaml.v2) gives them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "yaml/internal.h"

/* Longer texts are never numbers: a 64-bit number in base 2 has 64 digits, and underscores
   between all of them double that. */
#define NUMBER_BYTES_MAX 160

/* JSON carries neither infinity nor NaN, so that one stands for all of them here. */
static const struct {
    const char *text;
    struct yaml_value value;
} words[] = {
    {"", {.type = YAML_TYPE_NULL}},
    {"~", {.type = YAML_TYPE_NULL}},
    {"null", {.type = YAML_TYPE_NULL}},
    {"Null", {.type = YAML_TYPE_NULL}},
    {"NULL", {.type = YAML_TYPE_NULL}},
    {"y", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"Y", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"yes", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"Yes", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"YES", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"true", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"True", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"TRUE", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"on", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"On", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"ON", {.type = YAML_TYPE_BOOL, .is_true = true}},
    {"n", {.type = YAML_TYPE_BOOL}},
    {"N", {.type = YAML_TYPE_BOOL}},
    {"no", {.type = YAML_TYPE_BOOL}},
    {"No", {.type = YAML_TYPE_BOOL}},
    {"NO", {.type = YAML_TYPE_BOOL}},
    {"false", {.type = YAML_TYPE_BOOL}},
    {"False", {.type = YAML_TYPE_BOOL}},
    {"FALSE", {.type = YAML_TYPE_BOOL}},
    {"off", {.type = YAML_TYPE_BOOL}},
    {"Off", {.type = YAML_TYPE_BOOL}},
    {"OFF", {.type = YAML_TYPE_BOOL}},
    {".nan", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {".NaN", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {".NAN", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {".inf", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {".Inf", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {".INF", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {"+.inf", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {"+.Inf", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {"+.INF", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {"-.inf", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {"-.Inf", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
    {"-.INF", {.type = YAML_TYPE_FLOAT, .real = HUGE_VAL}},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(const char *text, size_t at)
{
    while (is_digit(text[at])) {
        at++;
    }
    return at;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool looks_like_float(const char *text)
{
    size_t at = text[0] == '-' || text[0] == '+';
    size_t whole = skip_digits(text, at);
    bool has_whole = whole > at;
    at = whole;
    if (text[at] == '.') {
        size_t fraction = skip_digits(text, at + 1);
        if (!has_whole && fraction == at + 1) {
            return false;
        }
        at = fraction;
    } else if (!has_whole) {
        return false;
    }
    if (text[at] == 'e' || text[at] == 'E') {
        at++;
        at += text[at] == '-' || text[at] == '+';
        size_t exponent = skip_digits(text, at);
        if (exponent == at) {
            return false;
        }
        at = exponent;
    }
    return text[at] == '\0';
}

/* Go's base 0: 0x, 0o, 0b, and a leading 0 is octal.  The digits' place and their base. */
static const char *digits_of(const char *text, int *out_base)
{
    static const struct {
        char letter;
        int base;
    } prefixes[] = {{'x', 16}, {'o', 8}, {'b', 2}};

    *out_base = 10;
    if (text[0] != '0' || text[1] == '\0') {
        return text;
    }
    for (size_t i = 0; i < COUNT_OF(prefixes); i++) {
        if ((text[1] | 0x20) == prefixes[i].letter) {
            *out_base = prefixes[i].base;
            return text + 2;
        }
    }
    *out_base = 8;
    return text + 1;
}

static bool are_digits(const char *text, int base)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; text[i]; i++) {
        const char *found =
            strchr(digits, text[i] >= 'A' && text[i] <= 'F' ? text[i] | 0x20 : text[i]);
        if (!found || found - digits >= base) {
            return false;
        }
    }
    return text[0] != '\0';
}

static bool resolve_int(const char *text, struct yaml_value *out)
{
    bool is_negative = text[0] == '-';
    bool has_sign = is_negative || text[0] == '+';
    int base = 10;
    const char *digits = digits_of(text + has_sign, &base);
    if (!are_digits(digits, base)) {
        return false;
    }
    errno = 0;
    unsigned long long magnitude = strtoull(digits, NULL, base);
    if (errno != 0) {
        return false;
    }
    unsigned long long limit = (unsigned long long)INT64_MAX + is_negative;
    if (magnitude > limit && has_sign) {
        return false;
    }
    *out = (struct yaml_value){
        .type = YAML_TYPE_INT,
        .is_too_big = magnitude > limit,
        /* In unsigned arithmetic, because the least integer has no positive twin. */
        .integer = (int64_t)(is_negative ? 0 - magnitude : magnitude),
    };
    return true;
}

static bool resolve_float(const char *text, struct yaml_value *out)
{
    if (!looks_like_float(text)) {
        return false;
    }
    double real = strtod(text, NULL);
    if (isinf(real)) {
        return false; /* Go's parser calls that out of range, and the text stays a string */
    }
    *out = (struct yaml_value){.type = YAML_TYPE_FLOAT, .real = real};
    return true;
}

struct yaml_value yaml_resolve(const char *text)
{
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(words[i].text, text) == 0) {
            return words[i].value;
        }
    }
    struct yaml_value value = {.type = YAML_TYPE_STRING};
    size_t length = strlen(text);
    if (!(is_digit(text[0]) || strchr("+-.", text[0])) || length > NUMBER_BYTES_MAX) {
        return value;
    }
    char plain[NUMBER_BYTES_MAX + 1];
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '_' || text[0] == '.') {
            plain[used++] = text[i];
        }
    }
    plain[used] = '\0';
    if (!resolve_int(plain, &value)) {
        (void)resolve_float(plain, &value);
    }
    return value;
}

/* ---- would it stay a string? ---- */

/* YAML 1.1 has more words than Go knows, in more spellings than any reader agrees on. */
static bool is_word(const char *text)
{
    static const char *const reserved[] = {"y",    "n",     "yes",   "no",  "on", "off",
                                           "true", "false", "null",  "~",   "=",  "<<",
                                           ".inf", "+.inf", "-.inf", ".nan"};
    for (size_t i = 0; i < COUNT_OF(reserved); i++) {
        if (strcasecmp(text, reserved[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* 190:20:30 is a number to base 60 in YAML 1.1. */
static bool looks_like_base_60(const char *text)
{
    return strchr(text, ':') && text[strspn(text, "+-0123456789:._")] == '\0';
}

/* 2026-11-23, alone or followed by a time. */
static bool looks_like_date(const char *text)
{
    size_t year = skip_digits(text, 0);
    if (year != 4 || text[year] != '-') {
        return false;
    }
    size_t month = skip_digits(text, year + 1);
    if (month == year + 1 || month > year + 3 || text[month] != '-') {
        return false;
    }
    size_t day = skip_digits(text, month + 1);
    return day > month + 1 && day <= month + 3 && strchr("Tt \t", text[day]); /* or its end */
}

static bool has_only_printable(const char *text)
{
    while (*text) {
        uint32_t point = 0;
        size_t length = yaml_decode_char(text, &point);
        if (length == 0 || !yaml_is_printable(point)) {
            return false;
        }
        text += length;
    }
    return true;
}

/* Nothing that means something to YAML, in block or flow style. */
static bool is_plain_syntax(const char *text)
{
    size_t length = strlen(text);
    if (length == 0 || strchr("-?:,[]{}#&*!|>'\"%@` =", text[0]) ||
        strchr(": ", text[length - 1]) || strncmp(text, "...", 3) == 0) {
        return false;
    }
    return !strpbrk(text, ",[]{}") && !strstr(text, ": ") && !strstr(text, " #") &&
           has_only_printable(text);
}

bool yaml_plain_is_string(const char *text)
{
    return is_plain_syntax(text) && yaml_resolve(text).type == YAML_TYPE_STRING && !is_word(text) &&
           !looks_like_base_60(text) && !looks_like_date(text);
}
