#include "policy/policy.h"

#include <string.h>

#include "model/image.h"

/* `reached[n]`: the pattern so far fits the first n bytes of the text. */
static void step_over_literal(bool *reached, const char *text, size_t length, char wanted)
{
    for (size_t n = length; n > 0; n--) {
        reached[n] = reached[n - 1] && text[n - 1] == wanted;
    }
    reached[0] = false;
}

static void step_over_star(bool *reached, const char *text, size_t length, bool crosses_slash)
{
    for (size_t n = 1; n <= length; n++) {
        bool may_go_on = reached[n - 1] && (crosses_slash || text[n - 1] != '/');
        reached[n] = reached[n] || may_go_on;
    }
}

/* All ways are walked at once, so no pattern can make it slow. */
bool policy_glob(const char *pattern, const char *text)
{
    bool reached[IMAGE_REPOSITORY_BYTES] = {true};
    size_t length = strlen(text);
    if (length >= IMAGE_REPOSITORY_BYTES) {
        return false;
    }
    for (const char *at = pattern; *at; at++) {
        if (*at != '*') {
            step_over_literal(reached, text, length, *at);
            continue;
        }
        bool is_double = at[1] == '*';
        step_over_star(reached, text, length, is_double);
        at += is_double ? 1 : 0;
    }
    return reached[length];
}
