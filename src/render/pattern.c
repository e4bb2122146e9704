/* Regular expressions as targets use them.  Only the plain sort, in time that grows with pattern
   times text; others are the program's. */
#include <string.h>

#include "render/internal.h"

/* Longer ones are nobody's names. */
#define PATTERN_BYTES_MAX 256

/* One character of a pattern, and how often it may come. */
struct step {
    char letter;
    bool is_any;     /* any character */
    bool may_miss;   /* '?' or '*' */
    bool may_repeat; /* '*' or '+' */
};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_/:=,@ ", c));
}

static bool is_mark(char c)
{
    return c == '*' || c == '+' || c == '?';
}

/* One step of an alternative that ends at `end`; false at its end. */
static bool next_step(const char **at, const char *end, struct step *out)
{
    if (*at >= end) {
        return false;
    }
    bool is_escaped = **at == '\\' && *at + 1 < end;
    *at += is_escaped;
    *out = (struct step){.letter = **at, .is_any = !is_escaped && **at == '.'};
    (*at)++;
    if (*at < end && is_mark(**at)) {
        out->may_miss = **at != '+';
        out->may_repeat = **at != '?';
        (*at)++;
    }
    return true;
}

bool pattern_is_plain(const char *pattern)
{
    bool is_first = true;
    if (strlen(pattern) > PATTERN_BYTES_MAX) {
        return false;
    }
    for (const char *at = pattern; *at; at++) {
        bool ends = at[1] == '\0' || at[1] == '|';
        bool is_anchor = (*at == '^' && is_first && !is_mark(at[1])) || (*at == '$' && ends);
        if (*at == '|') {
            is_first = true;
            continue;
        }
        if (!is_anchor) {
            bool is_escape = *at == '\\' && strchr(".-*+?|^$()[]{}", at[1]) && at[1];
            at += is_escape;
            if (!is_escape && *at != '.' && !is_letter(*at)) {
                return false;
            }
            at += is_mark(at[1]);
            if (*at && is_mark(*at) && is_mark(at[1])) {
                return false; /* lazy ones, which are the same, and mistakes, which are not */
            }
        }
        is_first = false;
    }
    return true;
}

/* Does what may be missing carry us from each state to the next? */
static void skip(const struct step *steps, size_t count, bool *states)
{
    for (size_t i = 0; i < count; i++) {
        states[i + 1] |= states[i] && steps[i].may_miss;
    }
}

static bool alternative_fits(const char *from, const char *end, const char *text)
{
    struct step steps[PATTERN_BYTES_MAX];
    bool states[PATTERN_BYTES_MAX + 1] = {true};
    size_t count = 0;
    from += from < end && *from == '^';
    end -= end > from && end[-1] == '$' && !(end - from > 1 && end[-2] == '\\');
    while (count < PATTERN_BYTES_MAX && next_step(&from, end, &steps[count])) {
        count++;
    }
    skip(steps, count, states);
    for (; *text; text++) {
        bool next[PATTERN_BYTES_MAX + 1] = {false};
        for (size_t i = 0; i < count; i++) {
            bool takes = states[i] && (steps[i].is_any ? *text != '\n' : steps[i].letter == *text);
            next[i] |= takes && steps[i].may_repeat;
            next[i + 1] |= takes;
        }
        memcpy(states, next, sizeof(states));
        skip(steps, count, states);
    }
    return states[count];
}

bool pattern_fits(const char *pattern, const char *text)
{
    const char *from = pattern;
    for (const char *at = pattern;; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        } else if (*at == '|' || *at == '\0') {
            if (alternative_fits(from, at, text)) {
                return true;
            }
            if (*at == '\0') {
                return false;
            }
            from = at + 1;
        }
    }
}
