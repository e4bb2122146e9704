#include "policy/range.h"

#include <string.h>

/* What may stand before a version; a longer one stands before its own beginning. */
enum sign {
    SIGN_GE,
    SIGN_LE,
    SIGN_NE,
    SIGN_GT,
    SIGN_LT,
    SIGN_CARET,
    SIGN_TILDE,
    SIGN_EQ,
    SIGN_COUNT, /* none is written, which means the same as '=' */
};
static const char *const signs[SIGN_COUNT] = {">=", "<=", "!=", ">", "<", "^", "~", "="};

struct reader {
    const char *text; /* the whole range, for errors */
    const char *at;
    unsigned alternative;
    struct range *range;
    struct err *err;
};

static bool add(struct reader *reader, struct range_bound bound)
{
    struct range *range = reader->range;
    if (range->count == RANGE_BOUNDS_MAX) {
        return err_set(reader->err, ERR_INVALID, "the version range has too many terms");
    }
    bound.alternative = reader->alternative;
    range->bounds[range->count++] = bound;
    return true;
}

static bool add_bound(struct reader *reader, enum range_test test, struct semver version)
{
    return add(reader, (struct range_bound){.test = test, .version = version});
}

/* Everything before `version`, and before its prereleases too: "<2" must not let 2.0.0-rc.1 in. */
static bool add_edge(struct reader *reader, struct semver version)
{
    version.prerelease = slice_of("0");
    return add(reader, (struct range_bound){.test = RANGE_LT, .version = version, .is_edge = true});
}

/* The version with part `index` one higher and nothing after it. */
static struct semver next_after(struct semver version, size_t index)
{
    version.parts[index]++;
    for (size_t i = index + 1; i < SEMVER_PARTS; i++) {
        version.parts[i] = 0;
    }
    version.prerelease = (struct slice){0};
    return version;
}

static bool add_between(struct reader *reader, struct semver low, size_t bumped)
{
    return add_bound(reader, RANGE_GE, low) && add_edge(reader, next_after(low, bumped));
}

/* The part that '^' lets nobody change: the first that is not zero, or the last one written. */
static size_t caret_part(const struct semver *version)
{
    size_t i = 0;
    while (i + 1 < version->part_count && version->parts[i] == 0) {
        i++;
    }
    return i;
}

static bool add_partial(struct reader *reader, enum sign sign, struct semver version)
{
    size_t last = version.part_count - 1;
    struct semver after = next_after(version, last);
    switch (sign) {
    case SIGN_GT:
        return add_bound(reader, RANGE_GE, after);
    case SIGN_GE:
        return add_bound(reader, RANGE_GE, version);
    case SIGN_LT:
        return add_edge(reader, version);
    case SIGN_LE:
        return add_edge(reader, after);
    case SIGN_NE:
        return err_set(reader->err, ERR_INVALID,
                       "the version range \"%.120s\": after != a whole version is needed",
                       reader->text);
    case SIGN_CARET:
    case SIGN_TILDE:
    case SIGN_EQ:
    case SIGN_COUNT:
        break;
    }
    return add_between(reader, version, last);
}

static bool add_whole(struct reader *reader, enum sign sign, struct semver version)
{
    static const enum range_test tests[] = {
        [SIGN_GE] = RANGE_GE, [SIGN_LE] = RANGE_LE, [SIGN_NE] = RANGE_NE,    [SIGN_GT] = RANGE_GT,
        [SIGN_LT] = RANGE_LT, [SIGN_EQ] = RANGE_EQ, [SIGN_COUNT] = RANGE_EQ,
    };
    return add_bound(reader, tests[sign], version);
}

static bool add_term(struct reader *reader, enum sign sign, struct semver version)
{
    bool keeps_all = sign == SIGN_EQ || sign == SIGN_COUNT || sign == SIGN_GE;
    if (version.part_count == 0) {
        return keeps_all
                   ? add_bound(reader, RANGE_GE, version)
                   : err_set(reader->err, ERR_INVALID,
                             "the version range \"%.120s\": \"*\" stands alone", reader->text);
    }
    if (sign == SIGN_CARET) {
        return add_between(reader, version, caret_part(&version));
    }
    if (sign == SIGN_TILDE) {
        return add_between(reader, version, version.part_count > 1 ? 1 : 0);
    }
    return version.part_count == SEMVER_PARTS ? add_whole(reader, sign, version)
                                              : add_partial(reader, sign, version);
}

static void skip(struct reader *reader, const char *bytes)
{
    reader->at += strspn(reader->at, bytes);
}

static bool ends_term(char c)
{
    return c == '\0' || strchr(" \t,|", c);
}

static bool read_term(struct reader *reader)
{
    size_t sign = 0;
    while (sign < SIGN_COUNT && strncmp(reader->at, signs[sign], strlen(signs[sign])) != 0) {
        sign++;
    }
    const char *term = reader->at;
    if (sign < SIGN_COUNT) {
        reader->at += strlen(signs[sign]);
        skip(reader, " \t");
    }
    struct semver version;
    if (!semver_parse_partial(&reader->at, &version) || !ends_term(*reader->at)) {
        return err_set(reader->err, ERR_INVALID,
                       "the version range \"%.120s\" cannot be read from \"%.40s\" on; write for "
                       "example \">=1.0.0 <2\", \"^1.2\" or \"1.x || 3.x\"",
                       reader->text, term);
    }
    return add_term(reader, (enum sign)sign, version);
}

/* The terms up to the next "||" or the end. */
static bool read_alternative(struct reader *reader)
{
    size_t before = reader->range->count;
    for (skip(reader, " \t,"); *reader->at && *reader->at != '|'; skip(reader, " \t,")) {
        if (!read_term(reader)) {
            return false;
        }
    }
    /* An empty alternative is any version, as "*" is. */
    return reader->range->count > before || add_bound(reader, RANGE_GE, (struct semver){0});
}

bool range_parse(const char *text, struct range *out, struct err *err)
{
    out->count = 0;
    struct reader reader = {.text = text, .at = text, .range = out, .err = err};
    for (;;) {
        if (!read_alternative(&reader)) {
            return false;
        }
        if (*reader.at == '\0') {
            return true;
        }
        if (strncmp(reader.at, "||", 2) != 0) {
            return err_set(err, ERR_INVALID,
                           "the version range \"%.120s\" has a single \"|\"; write \"||\"", text);
        }
        reader.at += 2;
        reader.alternative++;
    }
}

static bool bound_holds(const struct range_bound *bound, const struct semver *version)
{
    int order = semver_compare(version, &bound->version);
    switch (bound->test) {
    case RANGE_LT:
        return order < 0;
    case RANGE_LE:
        return order <= 0;
    case RANGE_GT:
        return order > 0;
    case RANGE_GE:
        return order >= 0;
    case RANGE_EQ:
        return order == 0;
    case RANGE_NE:
        return order != 0;
    }
    return false;
}

/* A prerelease that somebody wrote, not the one of our own upper edges. */
static bool names_prerelease(const struct range_bound *bound)
{
    return bound->version.prerelease.length > 0 && !bound->is_edge;
}

bool range_admits(const struct range *range, const struct semver *version)
{
    size_t i = 0;
    while (i < range->count) {
        unsigned alternative = range->bounds[i].alternative;
        bool holds = true;
        bool allows_prerelease = false;
        for (; i < range->count && range->bounds[i].alternative == alternative; i++) {
            holds = holds && bound_holds(&range->bounds[i], version);
            allows_prerelease = allows_prerelease || names_prerelease(&range->bounds[i]);
        }
        if (holds && (version->prerelease.length == 0 || allows_prerelease)) {
            return true;
        }
    }
    return range->count == 0 && version->prerelease.length == 0;
}
