#include "base/unified.h"

#include <string.h>

#include "base/vec.h"

#define CONTEXT 3
/* How far ahead a line is looked for: edits add or remove few lines at one place. */
#define AHEAD_MAX 64

typedef VEC(struct slice) line_vec;

static void split(struct slice text, line_vec *lines)
{
    size_t at = 0;
    while (at < text.length) {
        const char *newline = memchr(text.bytes + at, '\n', text.length - at);
        size_t end = newline ? (size_t)(newline - text.bytes) + 1 : text.length;
        *VEC_ADD(lines) = (struct slice){text.bytes + at, end - at};
        at = end;
    }
}

static bool same(struct slice a, struct slice b)
{
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

/* Lines [a, a_end) became [b, b_end). */
struct change {
    size_t a, a_end, b, b_end;
};
typedef VEC(struct change) change_vec;

/* How many lines go and come until both texts are in step again: the fewest in all. */
static void step(const line_vec *a, const line_vec *b, struct change *change)
{
    for (size_t sum = 1; sum <= (size_t)2 * AHEAD_MAX; sum++) {
        for (size_t gone = 0; gone <= sum; gone++) {
            size_t next_a = change->a + gone;
            size_t next_b = change->b + sum - gone;
            bool is_end = next_a == a->count && next_b == b->count;
            bool is_step =
                next_a < a->count && next_b < b->count && same(a->items[next_a], b->items[next_b]);
            if (is_end || is_step) {
                change->a_end = next_a;
                change->b_end = next_b;
                return;
            }
        }
    }
    change->a_end = a->count;
    change->b_end = b->count;
}

static void compare(const line_vec *a, const line_vec *b, change_vec *out)
{
    size_t at_a = 0;
    size_t at_b = 0;
    while (at_a < a->count || at_b < b->count) {
        if (at_a < a->count && at_b < b->count && same(a->items[at_a], b->items[at_b])) {
            at_a++;
            at_b++;
            continue;
        }
        struct change *change = VEC_ADD(out);
        change->a = at_a;
        change->b = at_b;
        step(a, b, change);
        at_a = change->a_end;
        at_b = change->b_end;
    }
}

static void write_lines(struct str *out, char mark, const line_vec *lines, size_t from, size_t to)
{
    for (size_t i = from; lines->items && i < to; i++) {
        struct slice line = lines->items[i];
        str_add_char(out, mark);
        str_add_bytes(out, line.bytes, line.length);
        if (line.length == 0 || line.bytes[line.length - 1] != '\n') {
            str_add(out, "\n\\ No newline at end of file\n");
        }
    }
}

/* "12,3"; an empty range names the line before it. */
static void write_range(struct str *out, size_t from, size_t to)
{
    str_addf(out, "%zu,%zu", to > from ? from + 1 : from, to - from);
}

/* Changes that are near to one another make one hunk. */
static size_t write_hunk(struct str *out, const line_vec *a, const line_vec *b,
                         const change_vec *changes, size_t first)
{
    size_t last = first;
    while (last + 1 < changes->count &&
           changes->items[last + 1].a - changes->items[last].a_end <= (size_t)2 * CONTEXT) {
        last++;
    }
    const struct change *begin = &changes->items[first];
    const struct change *end = &changes->items[last];
    size_t before = begin->a < CONTEXT ? begin->a : CONTEXT;
    size_t left = a->count - end->a_end;
    size_t behind = left < CONTEXT ? left : CONTEXT;
    str_add(out, "@@ -");
    write_range(out, begin->a - before, end->a_end + behind);
    str_add(out, " +");
    write_range(out, begin->b - before, end->b_end + behind);
    str_add(out, " @@\n");
    size_t at = begin->a - before;
    for (size_t i = first; i <= last; i++) {
        const struct change *change = &changes->items[i];
        write_lines(out, ' ', a, at, change->a);
        write_lines(out, '-', a, change->a, change->a_end);
        write_lines(out, '+', b, change->b, change->b_end);
        at = change->a_end;
    }
    write_lines(out, ' ', a, at, end->a_end + behind);
    return last + 1;
}

void unified_diff(const char *file, struct slice before, struct slice after, struct str *out)
{
    line_vec a = {0};
    line_vec b = {0};
    change_vec changes = {0};
    split(before, &a);
    split(after, &b);
    compare(&a, &b, &changes);
    if (changes.count) {
        str_addf(out, "--- a/%s\n+++ b/%s\n", file, file);
    }
    for (size_t at = 0; at < changes.count;) {
        at = write_hunk(out, &a, &b, &changes, at);
    }
    VEC_DONE(&a);
    VEC_DONE(&b);
    VEC_DONE(&changes);
}
