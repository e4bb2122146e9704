#include "policy/semver.h"

#include <string.h>

#define SEMVER_NUMBER_MAX UINT64_C(1000000000000000000)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_identifier_letter(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

static bool is_wildcard(char c)
{
    return c == 'x' || c == 'X' || c == '*';
}

/* A number without leading zeros. */
static bool read_number(const char **text, uint64_t *out)
{
    const char *at = *text;
    uint64_t number = 0;
    if (!is_digit(*at) || (at[0] == '0' && is_digit(at[1]))) {
        return false;
    }
    for (; is_digit(*at); at++) {
        number = number * 10 + (uint64_t)(*at - '0');
        if (number > SEMVER_NUMBER_MAX) {
            return false;
        }
    }
    *text = at;
    *out = number;
    return true;
}

static bool is_number(struct slice identifier)
{
    for (size_t i = 0; i < identifier.length; i++) {
        if (!is_digit(identifier.bytes[i])) {
            return false;
        }
    }
    return identifier.length > 0;
}

/* Dotted identifiers, none of them empty.  Numbers in a prerelease have no leading zeros. */
static bool read_identifiers(const char **text, bool is_prerelease, struct slice *out)
{
    const char *start = *text;
    const char *at = start;
    for (;;) {
        struct slice part = {at, 0};
        while (is_identifier_letter(at[part.length])) {
            part.length++;
        }
        bool has_leading_zero = part.length > 1 && part.bytes[0] == '0' && is_number(part);
        if (part.length == 0 || (is_prerelease && has_leading_zero)) {
            return false;
        }
        at += part.length;
        if (*at != '.') {
            break;
        }
        at++;
    }
    *out = (struct slice){start, (size_t)(at - start)};
    *text = at;
    return true;
}

/* Up to three numbers; a wildcard ends them, and only wildcards may follow it. */
static bool read_parts(const char **text, struct semver *out)
{
    bool is_open = false;
    for (size_t i = 0; i < SEMVER_PARTS; i++) {
        if (is_wildcard(**text)) {
            is_open = true;
            (*text)++;
        } else if (is_open || !read_number(text, &out->parts[i])) {
            return false;
        } else {
            out->part_count++;
        }
        bool goes_on = **text == '.' && i + 1 < SEMVER_PARTS;
        if (!goes_on) {
            return true;
        }
        (*text)++;
    }
    return true;
}

bool semver_parse_partial(const char **text, struct semver *out)
{
    struct semver version = {0};
    struct slice build = {0};
    const char *at = *text;
    if (*at == 'v') {
        at++;
    }
    if (!read_parts(&at, &version)) {
        return false;
    }
    bool is_whole = version.part_count == SEMVER_PARTS;
    if (*at == '-' && (!is_whole || (at++, !read_identifiers(&at, true, &version.prerelease)))) {
        return false;
    }
    if (*at == '+' && (!is_whole || (at++, !read_identifiers(&at, false, &build)))) {
        return false;
    }
    *text = at;
    *out = version;
    return true;
}

bool semver_parse(const char *text, struct semver *out)
{
    struct semver version;
    if (!semver_parse_partial(&text, &version) || *text != '\0' ||
        version.part_count != SEMVER_PARTS) {
        return false;
    }
    *out = version;
    return true;
}

static int order(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Cut the first identifier off a prerelease. */
static struct slice next_identifier(struct slice *rest)
{
    const char *dot = memchr(rest->bytes, '.', rest->length);
    struct slice part = {rest->bytes, dot ? (size_t)(dot - rest->bytes) : rest->length};
    size_t used = part.length + (dot ? 1 : 0);
    rest->bytes += used;
    rest->length -= used;
    return part;
}

static int compare_identifiers(struct slice a, struct slice b)
{
    bool a_is_number = is_number(a);
    bool b_is_number = is_number(b);
    if (a_is_number != b_is_number) {
        return a_is_number ? -1 : 1;
    }
    /* Without leading zeros the longer number is the larger one, however long it is. */
    if (a_is_number && a.length != b.length) {
        return order(a.length, b.length);
    }
    int bytes = memcmp(a.bytes, b.bytes, a.length < b.length ? a.length : b.length);
    return bytes != 0 ? bytes : order(a.length, b.length);
}

static int compare_prereleases(struct slice a, struct slice b)
{
    /* A version without a prerelease comes after all of its prereleases. */
    if (a.length == 0 || b.length == 0) {
        return order(a.length == 0, b.length == 0);
    }
    while (a.length > 0 && b.length > 0) {
        int result = compare_identifiers(next_identifier(&a), next_identifier(&b));
        if (result != 0) {
            return result;
        }
    }
    return order(a.length, b.length);
}

int semver_compare(const struct semver *a, const struct semver *b)
{
    for (size_t i = 0; i < SEMVER_PARTS; i++) {
        if (a->parts[i] != b->parts[i]) {
            return order(a->parts[i], b->parts[i]);
        }
    }
    return compare_prereleases(a->prerelease, b->prerelease);
}
