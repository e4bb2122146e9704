#include "policy/calendar.h"

#include <string.h>

#define DIGITS "0123456789"
#define SEPARATORS "._-"

static const char *skip_letter(const char *tag)
{
    return *tag == 'v' || *tag == 'V' ? tag + 1 : tag;
}

bool calendar_is_version(const char *tag)
{
    const char *at = skip_letter(tag);
    size_t year = strspn(at, DIGITS);
    size_t numbers = 0;
    while (*at) {
        size_t length = strspn(at, DIGITS);
        if (length == 0) {
            return false;
        }
        numbers++;
        at += length;
        if (*at && (!strchr(SEPARATORS, *at) || !at[1])) {
            return false;
        }
        at += *at != '\0';
    }
    return (year == 2 || year == 4) && numbers >= 2;
}

/* Of any length: without leading zeros the longer one is larger. */
static int compare_digits(const char *a, size_t a_length, const char *b, size_t b_length)
{
    for (; a_length > 0 && *a == '0'; a_length--) {
        a++;
    }
    for (; b_length > 0 && *b == '0'; b_length--) {
        b++;
    }
    if (a_length != b_length) {
        return a_length < b_length ? -1 : 1;
    }
    return memcmp(a, b, a_length);
}

/* "26" is 2026: as text, "20" stands before it. */
static int compare_years(const char *a, size_t a_length, const char *b, size_t b_length)
{
    char left[5] = "20";
    char right[5] = "20";
    memcpy(left + (a_length == 2 ? 2 : 0), a, a_length);
    memcpy(right + (b_length == 2 ? 2 : 0), b, b_length);
    return memcmp(left, right, 4);
}

int calendar_compare(const char *a, const char *b)
{
    a = skip_letter(a);
    b = skip_letter(b);
    for (bool is_year = true; *a && *b; is_year = false) {
        size_t a_length = strspn(a, DIGITS);
        size_t b_length = strspn(b, DIGITS);
        int order = is_year ? compare_years(a, a_length, b, b_length)
                            : compare_digits(a, a_length, b, b_length);
        if (order != 0) {
            return order;
        }
        a += a_length + (a[a_length] != '\0');
        b += b_length + (b[b_length] != '\0');
    }
    return (*a != '\0') - (*b != '\0');
}
