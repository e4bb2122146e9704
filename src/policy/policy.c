#include "policy/policy.h"

#include <string.h>

#include "model/image.h"
#include "policy/range.h"
#include "policy/semver.h"
#include "policy/tags.h"

/* What holds where the pipeline says nothing. */
static const struct version_rule default_rule = {
    .images = "**",
    .policy = POLICY_SEMVER,
    .range = "",
    .tags = "",
};

/* A rule, read once for many tags. */
struct reading {
    const struct version_rule *rule;
    struct range range;
    struct tags_pattern *pattern;
};

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

static bool reading_init(struct reading *reading, const struct version_rule *rule, struct err *err)
{
    *reading = (struct reading){.rule = rule};
    return range_parse(text_or_none(rule->range), &reading->range, err) &&
           tags_pattern_new(text_or_none(rule->tags), &reading->pattern, err);
}

static void reading_done(struct reading *reading)
{
    tags_pattern_free(&reading->pattern);
}

const struct version_rule *policy_rule_for(const struct pipeline *pipeline, const char *repository)
{
    for (size_t i = 0; pipeline && i < pipeline->rule_count; i++) {
        if (policy_glob(pipeline->rules[i].images, repository)) {
            return &pipeline->rules[i];
        }
    }
    return &default_rule;
}

/* "sha256-<hex>", perhaps with an ending: signatures and attestations of an image, kept beside it.
 */
static bool is_attachment(const char *tag)
{
    static const char prefix[] = "sha256-";
    size_t length = strlen(prefix);
    return strncmp(tag, prefix, length) == 0 && strspn(tag + length, "0123456789abcdef") == 64;
}

static bool is_digits(const char *tag)
{
    return tag[0] && strspn(tag, "0123456789") == strlen(tag);
}

static bool admits(const struct reading *reading, const char *tag)
{
    struct semver version;
    if (!image_tag_is_valid(tag) || is_attachment(tag)) {
        return false;
    }
    if (reading->rule->policy == POLICY_SEMVER &&
        (!semver_parse(tag, &version) || !range_admits(&reading->range, &version))) {
        return false;
    }
    if (reading->rule->policy == POLICY_NUMERIC && !is_digits(tag)) {
        return false;
    }
    return tags_pattern_matches(reading->pattern, tag);
}

bool policy_admit_all(const struct version_rule *rule, const char *const *tags, size_t count,
                      bool *out_admitted)
{
    AUTO(reading_done) struct reading reading;
    struct err ignored = {0};
    bool is_readable = reading_init(&reading, rule, &ignored);
    for (size_t i = 0; i < count; i++) {
        out_admitted[i] = is_readable && admits(&reading, tags[i]);
    }
    return is_readable;
}

bool policy_admits(const struct version_rule *rule, const char *tag)
{
    bool is_admitted = false;
    return policy_admit_all(rule, &tag, 1, &is_admitted) && is_admitted;
}

static int compare_semver(const char *a, const char *b)
{
    struct semver left = {0};
    struct semver right = {0};
    bool both = semver_parse(a, &left) && semver_parse(b, &right);
    return both ? semver_compare(&left, &right) : strcmp(a, b);
}

/* Numbers of any length: without leading zeros the longer one is larger. */
static int compare_numeric(const char *a, const char *b)
{
    a += strspn(a, "0");
    b += strspn(b, "0");
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    return a_length != b_length ? (a_length < b_length ? -1 : 1) : strcmp(a, b);
}

int policy_compare(const struct version_rule *rule, const char *a, int64_t a_seen_ms, const char *b,
                   int64_t b_seen_ms)
{
    switch (rule->policy) {
    case POLICY_SEMVER:
        return compare_semver(a, b);
    case POLICY_NUMERIC:
        return compare_numeric(a, b);
    case POLICY_ALPHABETICAL:
        return strcmp(a, b);
    case POLICY_NEWEST:
        break;
    }
    return a_seen_ms < b_seen_ms ? -1 : a_seen_ms > b_seen_ms;
}

int64_t policy_newest(const struct version_rule *rule, const char *const *tags,
                      const int64_t *seen_ms, size_t count)
{
    AUTO(reading_done) struct reading reading;
    struct err ignored = {0};
    if (!reading_init(&reading, rule, &ignored)) {
        return -1;
    }
    int64_t best = -1;
    for (size_t i = 0; i < count; i++) {
        if (!admits(&reading, tags[i])) {
            continue;
        }
        int order = best < 0 ? 1
                             : policy_compare(rule, tags[i], seen_ms ? seen_ms[i] : 0, tags[best],
                                              seen_ms ? seen_ms[best] : 0);
        /* Tags of one rank are told apart by their names, so that the answer never depends on the
           order in which a registry lists them. */
        if (order > 0 || (order == 0 && strcmp(tags[i], tags[best]) > 0)) {
            best = (int64_t)i;
        }
    }
    return best;
}

static bool check_glob(const char *glob, struct err *err)
{
    size_t length = strlen(glob);
    if (length == 0) {
        return err_set(err, ERR_INVALID,
                       "images is empty; write a repository like \"ghcr.io/acme/*\"");
    }
    if (length >= IMAGE_REPOSITORY_BYTES) {
        return err_set(err, ERR_INVALID, "images \"%.60s…\" is longer than %d bytes", glob,
                       IMAGE_REPOSITORY_BYTES - 1);
    }
    for (const char *at = glob; *at; at++) {
        bool is_letter =
            (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9');
        if (!is_letter && !strchr("./_-:[]*", *at)) {
            return err_set(err, ERR_INVALID,
                           "images \"%.120s\" is not a repository with \"*\" or \"**\" in it; tags "
                           "and digests do not belong here",
                           glob);
        }
    }
    return !strstr(glob, "***") ||
           err_set(err, ERR_INVALID, "images \"%.120s\" has \"***\"; write \"*\" or \"**\"", glob);
}

bool policy_check_rule(const struct version_rule *rule, struct err *err)
{
    AUTO(reading_done) struct reading reading = {0};
    return check_glob(rule->images, err) && reading_init(&reading, rule, err);
}
