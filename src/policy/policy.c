#include "policy/policy.h"

#include <string.h>

#include "model/image.h"
#include "policy/calendar.h"
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

#define PLATFORM_BYTES_MAX 64

struct policy_reader {
    const struct version_rule *rule;
    struct range range;
    struct tags_pattern *tags, *ignore;
};

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

static bool read_range(struct policy_reader *reader, struct err *err)
{
    const char *range = text_or_none(reader->rule->range);
    if (reader->rule->policy != POLICY_DIGEST) {
        return range_parse(range, &reader->range, err);
    }
    return image_tag_is_valid(range) ||
           err_set(err, ERR_INVALID, "\"%.120s\" is not a tag; write for example {digest: main}",
                   range);
}

bool policy_open(const struct version_rule *rule, struct policy_reader **out, struct err *err)
{
    struct policy_reader *reader = xcalloc(1, sizeof(*reader));
    reader->rule = rule;
    if (!read_range(reader, err) ||
        !tags_pattern_new(text_or_none(rule->tags), &reader->tags, err) ||
        !tags_pattern_new(text_or_none(rule->ignore), &reader->ignore, err)) {
        policy_close(&reader);
        return false;
    }
    *out = reader;
    return true;
}

void policy_close(struct policy_reader **reader)
{
    if (*reader) {
        tags_pattern_free(&(*reader)->tags);
        tags_pattern_free(&(*reader)->ignore);
    }
    xfree(reader);
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

bool policy_is_leap(const struct version_rule *rule, const char *there, const char *tag)
{
    struct semver left = {0};
    struct semver right = {0};
    /* A build, "1.2.3_7", says nothing about that. */
    bool both = semver_parse_partial(&there, &left) && semver_parse_partial(&tag, &right);
    bool is_early = left.parts[0] == 0;
    return rule == &default_rule && both &&
           (left.parts[0] != right.parts[0] || (is_early && left.parts[1] != right.parts[1]));
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

enum verdict {
    COUNTS,
    IMPOSSIBLE,
    ATTACHMENT,
    UNMATCHED,
    IGNORED,
    NO_VERSION,
    OUT_OF_RANGE,
    PRERELEASE,
    OTHER_TAG,
    NOT_ASKED,
    UNDATED,
    OTHER_PLATFORM,
    UNSIGNED,
};

static enum verdict judge_semver(const struct policy_reader *reader, const char *key)
{
    struct semver version;
    if (!semver_parse(key, &version)) {
        return NO_VERSION;
    }
    if (range_admits(&reader->range, &version)) {
        return COUNTS;
    }
    return version.prerelease.length > 0 ? PRERELEASE : OUT_OF_RANGE;
}

/* Is the part of the tag that counts a version of this kind? */
static enum verdict judge_key(const struct policy_reader *reader, const char *tag, const char *key)
{
    switch (reader->rule->policy) {
    case POLICY_SEMVER:
        return judge_semver(reader, key);
    case POLICY_NUMERIC:
        return is_digits(key) ? COUNTS : NO_VERSION;
    case POLICY_CALENDAR:
        return calendar_is_version(key) ? COUNTS : NO_VERSION;
    case POLICY_DIGEST:
        return strcmp(tag, reader->rule->range) == 0 ? COUNTS : OTHER_TAG;
    case POLICY_ALPHABETICAL:
    case POLICY_NEWEST:
    case POLICY_CREATED:
        break;
    }
    return COUNTS;
}

static enum verdict judge(const struct policy_reader *reader, const char *tag,
                          char out_key[static IMAGE_TAG_BYTES])
{
    if (!image_tag_is_valid(tag)) {
        return IMPOSSIBLE;
    }
    if (is_attachment(tag)) {
        return ATTACHMENT;
    }
    if (!tags_pattern_matches(reader->tags, tag, out_key)) {
        return UNMATCHED;
    }
    if (reader->ignore && tags_pattern_matches(reader->ignore, tag, NULL)) {
        return IGNORED;
    }
    return judge_key(reader, tag, out_key);
}

/* ---- by what the image says ---- */

bool policy_needs_facts(const struct version_rule *rule)
{
    return rule->policy == POLICY_CREATED || text_or_none(rule->platform)[0];
}

static bool has_platform(const char *platforms, const char *wanted)
{
    size_t length = strlen(wanted);
    for (const char *at = platforms; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        bool begins = word >= length && strncmp(at, wanted, length) == 0;
        if (begins && (word == length || at[length] == '/')) {
            return true;
        }
        at += word;
    }
    return false;
}

static enum verdict judge_facts(const struct policy_reader *reader,
                                const struct policy_facts *facts)
{
    const struct version_rule *rule = reader->rule;
    if (policy_needs_facts(rule) && facts->created_ms == 0) {
        return NOT_ASKED;
    }
    if (rule->policy == POLICY_CREATED && facts->created_ms < 0) {
        return UNDATED;
    }
    if (text_or_none(rule->platform)[0] &&
        !has_platform(text_or_none(facts->platforms), rule->platform)) {
        return OTHER_PLATFORM;
    }
    return !rule->signature || facts->signature == SIGNATURE_GOOD ? COUNTS : UNSIGNED;
}

bool policy_fits(const struct policy_reader *reader, const struct policy_facts *facts)
{
    return judge_facts(reader, facts) == COUNTS;
}

int64_t policy_time(enum policy_kind policy, const struct policy_facts *facts)
{
    return policy == POLICY_CREATED ? facts->created_ms : facts->seen_ms;
}

bool policy_admit(const struct policy_reader *reader, const char *tag,
                  char out_key[static IMAGE_TAG_BYTES])
{
    return judge(reader, tag, out_key) == COUNTS;
}

static enum verdict judge_all(const struct policy_reader *reader, const char *tag,
                              const struct policy_facts *facts)
{
    char key[IMAGE_TAG_BYTES] = "";
    enum verdict verdict = judge(reader, tag, key);
    return verdict == COUNTS ? judge_facts(reader, facts) : verdict;
}

void policy_explain(const struct policy_reader *reader, const char *tag,
                    const struct policy_facts *facts, struct str *out)
{
    static const char *const kinds[] = {
        [POLICY_SEMVER] = "a semantic version",
        [POLICY_NUMERIC] = "a number",
        [POLICY_CALENDAR] = "a calendar version",
    };
    const struct version_rule *rule = reader->rule;
    const char *platforms = text_or_none(facts->platforms);
    switch (judge_all(reader, tag, facts)) {
    case COUNTS:
        break;
    case IMPOSSIBLE:
        str_add(out, "It is no tag that a registry can have.");
        break;
    case ATTACHMENT:
        str_add(out, "It is a signature or attestation, kept beside an image.");
        break;
    case UNMATCHED:
        str_addf(out, "It does not match %s.", rule->tags);
        break;
    case IGNORED:
        str_addf(out, "It is ignored by %s.", rule->ignore);
        break;
    case NO_VERSION:
        str_addf(out, "It is not %s.", kinds[rule->policy]);
        break;
    case OUT_OF_RANGE:
        str_addf(out, "It is not in %s.", rule->range);
        break;
    case PRERELEASE:
        str_addf(out, "It is a pre-release, and %s.",
                 rule->range && rule->range[0] ? "the range names none that fits"
                                               : "no range asks for one");
        break;
    case OTHER_TAG:
        str_addf(out, "Only the tag %s is followed.", rule->range);
        break;
    case NOT_ASKED:
        str_add(out, "The registry was not asked about the image: newer ones come first.");
        break;
    case UNDATED:
        str_add(out, "The image does not say when it was built.");
        break;
    case OTHER_PLATFORM:
        str_addf(out, "It has no image for %s, but %s.", rule->platform,
                 platforms[0] ? platforms : "names no platform");
        break;
    case UNSIGNED:
        str_add(out, text_or_none(facts->signature_why)[0]
                         ? facts->signature_why
                         : "Its signature has not been checked yet: newer ones come first.");
        break;
    }
}

bool policy_admits(const struct version_rule *rule, const char *tag)
{
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err ignored = {0};
    char key[IMAGE_TAG_BYTES];
    return policy_open(rule, &reader, &ignored) && policy_admit(reader, tag, key);
}

static int compare_semver(const char *a, const char *b)
{
    struct semver left = {0};
    struct semver right = {0};
    bool both = semver_parse(a, &left) && semver_parse(b, &right);
    return both ? semver_compare(&left, &right) : strcmp(a, b);
}

static int compare_calendar(const char *a, const char *b)
{
    bool both = calendar_is_version(a) && calendar_is_version(b);
    return both ? calendar_compare(a, b) : strcmp(a, b);
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

int policy_compare_keys(enum policy_kind policy, const char *a, int64_t a_ms, const char *b,
                        int64_t b_ms)
{
    switch (policy) {
    case POLICY_SEMVER:
        return compare_semver(a, b);
    case POLICY_NUMERIC:
        return compare_numeric(a, b);
    case POLICY_ALPHABETICAL:
        return strcmp(a, b);
    case POLICY_CALENDAR:
        return compare_calendar(a, b);
    case POLICY_NEWEST:
    case POLICY_DIGEST:
    case POLICY_CREATED:
        break;
    }
    return a_ms < b_ms ? -1 : a_ms > b_ms;
}

int policy_compare(const struct version_rule *rule, const char *a, int64_t a_seen_ms, const char *b,
                   int64_t b_seen_ms)
{
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err ignored = {0};
    char left[IMAGE_TAG_BYTES];
    char right[IMAGE_TAG_BYTES];
    bool is_readable = policy_open(rule, &reader, &ignored);
    bool has_left = is_readable && policy_admit(reader, a, left);
    bool has_right = is_readable && policy_admit(reader, b, right);
    return policy_compare_keys(rule->policy, has_left ? left : a, a_seen_ms, has_right ? right : b,
                               b_seen_ms);
}

int64_t policy_newest(const struct version_rule *rule, const char *const *tags,
                      const int64_t *seen_ms, size_t count)
{
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err ignored = {0};
    char key[IMAGE_TAG_BYTES];
    char best_key[IMAGE_TAG_BYTES];
    int64_t best = -1;
    bool is_readable = policy_open(rule, &reader, &ignored);
    for (size_t i = 0; is_readable && i < count; i++) {
        if (!policy_admit(reader, tags[i], key)) {
            continue;
        }
        int order = best < 0 ? 1
                             : policy_compare_keys(rule->policy, key, seen_ms ? seen_ms[i] : 0,
                                                   best_key, seen_ms ? seen_ms[best] : 0);
        /* Tags of one rank are told apart by their names, so that the answer never depends on the
           order in which a registry lists them. */
        if (order > 0 || (order == 0 && strcmp(tags[i], tags[best]) > 0)) {
            best = (int64_t)i;
            TEXT_COPY_CUT(best_key, key);
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

static bool check_platform(const char *platform, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t system = strspn(platform, letters);
    size_t rest = platform[system] == '/' ? strspn(platform + system + 1, letters) : 0;
    const char *end = platform + system + 1 + rest;
    bool is_whole = system > 0 && rest > 0 &&
                    (*end == '\0' || (*end == '/' && end[1] && !end[1 + strspn(end + 1, letters)]));
    return platform[0] == '\0' || (is_whole && strlen(platform) < PLATFORM_BYTES_MAX) ||
           err_set(err, ERR_INVALID, "\"%.60s\" is not a platform; write for example linux/arm64",
                   platform);
}

/* ---- signatures ---- */

void policy_signature_id(const struct signature_rule *rule, char out[static SHA256_HEX_BYTES])
{
    AUTO_STR(text, SIGNATURE_KEY_BYTES_MAX + 4 * SIGNATURE_NAME_BYTES_MAX);
    /* No part has a line end in it but the key, which comes last. */
    str_addf(&text, "%s\n%s\n%s\n%d\n%s", rule->identity, rule->identity_pattern, rule->issuer,
             rule->is_unlogged, rule->key);
    crypto_sha256_hex(str_slice(&text), out);
}

/* What goes to a program as an argument: one line that can be shown. */
static bool is_name(const char *text)
{
    size_t length = 0;
    while (text[length] > 0x20 && text[length] < 0x7F) {
        length++;
    }
    return text[length] == '\0' && length <= SIGNATURE_NAME_BYTES_MAX;
}

static bool check_key(const struct signature_rule *rule, struct err *err)
{
    if (rule->identity[0] || rule->identity_pattern[0] || rule->issuer[0]) {
        return err_set(err, ERR_INVALID,
                       "a signature is by a key, or by a certificate with identity and issuer; "
                       "remove the one or the others");
    }
    return (strlen(rule->key) <= SIGNATURE_KEY_BYTES_MAX &&
            crypto_is_public_key(slice_of(rule->key))) ||
           err_set(err, ERR_INVALID,
                   "the key is not a public key in PEM; write what `cosign public-key` prints, "
                   "from \"-----BEGIN PUBLIC KEY-----\" on, as a block: key: |");
}

static bool check_certificate(const struct signature_rule *rule, struct err *err)
{
    struct tags_pattern *pattern = NULL;
    if (!is_name(rule->identity) || !is_name(rule->identity_pattern) || !is_name(rule->issuer)) {
        return err_set(err, ERR_INVALID,
                       "identity, identityPattern and issuer are single words of up to %d visible "
                       "characters",
                       SIGNATURE_NAME_BYTES_MAX);
    }
    if (!rule->identity[0] == !rule->identity_pattern[0] ||
        strncmp(rule->issuer, "https://", 8) != 0 || !rule->issuer[8]) {
        return err_set(err, ERR_INVALID,
                       "a certificate needs an identity, or an identityPattern, and the issuer's "
                       "https:// address; or give a key");
    }
    bool is_readable = tags_pattern_new(rule->identity_pattern, &pattern, err);
    tags_pattern_free(&pattern);
    return is_readable;
}

static bool check_signature(const struct signature_rule *rule, struct err *err)
{
    return !rule || (rule->key[0] ? check_key(rule, err) : check_certificate(rule, err));
}

bool policy_check_rule(const struct version_rule *rule, struct err *err)
{
    AUTO(policy_close) struct policy_reader *reader = NULL;
    return check_glob(rule->images, err) && check_platform(text_or_none(rule->platform), err) &&
           check_signature(rule->signature, err) && policy_open(rule, &reader, err);
}
