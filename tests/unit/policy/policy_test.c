#include "../testing.h"

#include <stdio.h>

#include "base/str.h"
#include "model/image.h"
#include "policy/policy.h"

static struct version_rule semver_rule(const char *range)
{
    return (struct version_rule){
        .images = "**", .policy = POLICY_SEMVER, .range = range, .tags = ""};
}

static void ranges_admit_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *range, *tag;
        bool admitted;
    } cases[] = {
        {"", "1.0.0", true},
        {"", "v1.0.0", true},
        {"", "1.0.0-rc.1", false},
        {"", "1.2", false},
        {"", "latest", false},
        {"", "01.2.3", false},
        {"", "1.2.3-", false},
        {"", "1.2.3-01", false},
        {">=1.0.0-0", "1.2.3-01", false},
        {">=1.0.0-0", "1.2.3-0a", true},
        {"", "1.2.3.4", false},
        {"", "1000000000000000000000000000000.0.0", false},
        {"*", "0.0.1", true},
        {">=1.0.0 <2", "1.9.9", true},
        {">=1.0.0 <2", "2.0.0", false},
        {">=1.0.0, <2", "0.9.9", false},
        {">= 1.0.0 < 2", "1.0.0", true},
        {">=1.0.0-0 <2", "2.0.0-rc.1", false},
        {">=1.0.0-0 <2", "1.5.0-rc.1", true},
        {"<2.0.0", "1.9.0-rc.1", false},
        {"^1.2", "1.2.0", true},
        {"^1.2", "1.99.0", true},
        {"^1.2", "1.1.9", false},
        {"^1.2", "2.0.0", false},
        {"^0.2.3", "0.2.9", true},
        {"^0.2.3", "0.3.0", false},
        {"^0.0.3", "0.0.3", true},
        {"^0.0.3", "0.0.4", false},
        {"^0", "0.9.0", true},
        {"^0", "1.0.0", false},
        {"^1.2.3-rc.2", "1.2.3-rc.3", true},
        {"^1.2.3-rc.2", "1.2.3-rc.1", false},
        {"^1.2.3-rc.2", "2.0.0-rc.1", false},
        {"~1.2.3", "1.2.9", true},
        {"~1.2.3", "1.3.0", false},
        {"~1.2", "1.2.0", true},
        {"~1", "1.9.0", true},
        {"~1", "2.0.0", false},
        {"1.x", "1.4.2", true},
        {"1.x", "2.0.0", false},
        {"1.2.*", "1.2.7", true},
        {"1.2.X", "1.3.0", false},
        {"1.2", "1.2.5", true},
        {"=1.2.3", "1.2.3", true},
        {"1.2.3", "1.2.4", false},
        {"v1.2.3", "1.2.3", true},
        {">1", "1.9.9", false},
        {">1", "2.0.0", true},
        {">1.2", "1.3.0", true},
        {"<=1.2", "1.2.9", true},
        {"<=1.2", "1.3.0", false},
        {">=1 !=1.5.0", "1.5.0", false},
        {">=1 !=1.5.0", "1.5.1", true},
        {"1.x || 3.x", "3.1.0", true},
        {"1.x || 3.x", "2.1.0", false},
        {"1.x||>=4.0.0-beta.2", "4.0.0-beta.11", true},
        {"1.x||>=4.0.0-beta.2", "1.0.1-beta.11", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct version_rule rule = semver_rule(cases[i].range);
        struct err err = {0};
        ASSERT_OK(policy_check_rule(&rule, &err), err);
        if (policy_admits(&rule, cases[i].tag) != cases[i].admitted) {
            fail_msg("range \"%s\", tag \"%s\"", cases[i].range, cases[i].tag);
        }
    }
}

static void precedence_is_that_of_the_specification(void **state)
{
    (void)state;
    /* semver.org, item 11, with numbers that no machine word holds. */
    static const char *const rising[] = {
        "0.9.9",
        "1.0.0-1",
        "1.0.0-99999999999999999999999999",
        "1.0.0-100000000000000000000000000",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "v1.0.1",
        "1.2.0",
        "1.10.0",
        "2.0.0",
    };
    struct version_rule rule = semver_rule("");
    for (size_t a = 0; a < COUNT_OF(rising); a++) {
        for (size_t b = 0; b < COUNT_OF(rising); b++) {
            int order = policy_compare(&rule, rising[a], 0, rising[b], 0);
            if ((order < 0) != (a < b) || (order > 0) != (a > b)) {
                fail_msg("%s against %s gives %d", rising[a], rising[b], order);
            }
        }
    }
    assert_int_equal(policy_compare(&rule, "v1.0.0", 0, "1.0.0", 0), 0);
}

static void an_unreadable_rule_is_refused_with_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *images, *range, *tags, *says;
    } cases[] = {
        {"**", ">=1.0 <", "", "from \"<\" on"},
        {"**", "1.0.0 - 2.0.0", "", "from \"- 2.0.0\" on"},
        {"**", "1.2-rc.1", "", "cannot be read"},
        {"**", "latest", "", "cannot be read from \"latest\" on"},
        {"**", "1.x.3", "", "cannot be read"},
        {"**", "1 | 2", "", "single \"|\""},
        {"**", "!=1", "", "whole version"},
        {"**", ">*", "", "stands alone"},
        {"**", "", "v(", "at character 3"},
        {"**", "", "a\\C", "at character"},
        {"", "", "", "images is empty"},
        {"ghcr.io/acme/cart@sha256", "", "", "is not a repository"},
        {"a***", "", "", "has \"***\""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct version_rule rule = {
            .images = cases[i].images, .range = cases[i].range, .tags = cases[i].tags};
        struct err err = {0};
        ASSERT_FAILS(policy_check_rule(&rule, &err), err, ERR_INVALID, cases[i].says);
        bool has_good_range_and_tags = cases[i].range[0] == '\0' && cases[i].tags[0] == '\0';
        assert_int_equal(policy_admits(&rule, "1.0.0"), has_good_range_and_tags);
    }
}

static void a_range_has_a_ceiling(void **state)
{
    (void)state;
    AUTO_STR(range, 4096);
    for (int i = 0; i < 100; i++) {
        str_add(&range, ">=1 ");
    }
    struct version_rule rule = semver_rule(range.text);
    struct err err = {0};
    ASSERT_FAILS(policy_check_rule(&rule, &err), err, ERR_INVALID, "too many terms");
}

static void an_expression_must_match_the_whole_tag(void **state)
{
    (void)state;
    struct version_rule rule = {
        .images = "**", .policy = POLICY_ALPHABETICAL, .range = "", .tags = "main-[0-9]+"};
    assert_true(policy_admits(&rule, "main-12"));
    assert_false(policy_admits(&rule, "xmain-12"));
    assert_false(policy_admits(&rule, "main-12-debug"));
    rule.tags = "a|main-1";
    assert_true(policy_admits(&rule, "main-1"));
    assert_false(policy_admits(&rule, "main-12"));
}

static void an_expression_that_explodes_is_cut_short(void **state)
{
    (void)state;
    struct version_rule rule = {
        .images = "**", .policy = POLICY_ALPHABETICAL, .range = "", .tags = "(a+)+(b+)+c|a.*z"};
    char tag[128];
    memset(tag, 'a', sizeof(tag));
    tag[127] = '\0';
    assert_false(policy_admits(&rule, tag));
}

static void signatures_and_impossible_tags_never_count(void **state)
{
    (void)state;
    struct version_rule rule = {.images = "**", .policy = POLICY_NEWEST, .range = "", .tags = ""};
    assert_true(policy_admits(&rule, "latest"));
    assert_false(policy_admits(&rule, "../../x"));
    assert_false(policy_admits(&rule, "latest\n"));
    assert_false(policy_admits(
        &rule, "sha256-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.sig"));
}

static void the_newest_is_found_under_each_policy(void **state)
{
    (void)state;
    static const char *const versions[] = {"1.9.0", "latest", "1.10.0", "2.0.0-rc.1"};
    struct version_rule rule = semver_rule("");
    assert_int_equal(policy_newest(&rule, versions, NULL, 4), 2);
    rule.range = "3.x";
    assert_int_equal(policy_newest(&rule, versions, NULL, 4), -1);

    static const char *const numbers[] = {"99", "0100", "build", "18446744073709551617"};
    rule = (struct version_rule){.images = "**", .policy = POLICY_NUMERIC};
    assert_int_equal(policy_newest(&rule, numbers, NULL, 3), 1);
    assert_int_equal(policy_newest(&rule, numbers, NULL, 4), 3);
    assert_true(policy_compare(&rule, "0099", 0, "100", 0) < 0);
    assert_true(policy_compare(&rule, "100", 0, "0099", 0) > 0);

    static const char *const dates[] = {"2026-02-01", "2026-11-01", "2026-10-01"};
    rule.policy = POLICY_ALPHABETICAL;
    assert_int_equal(policy_newest(&rule, dates, NULL, 3), 1);

    static const char *const commits[] = {"c0ffee", "a11ce", "beef"};
    static const int64_t seen[] = {50, 80, 0};
    rule.policy = POLICY_NEWEST;
    assert_int_equal(policy_newest(&rule, commits, seen, 3), 1);
}

/* Builds of a branch are told apart by their number, not by the commit before it. */
static void what_an_expression_captures_is_what_is_compared(void **state)
{
    (void)state;
    static const char *const builds[] = {"main-ffff-9", "main-0a1b-10", "dev-9999-11", "main--12"};
    struct version_rule rule = {
        .images = "**", .policy = POLICY_NUMERIC, .tags = "main-[0-9a-f]+-([0-9]+)"};
    assert_int_equal(policy_newest(&rule, builds, NULL, COUNT_OF(builds)), 1);
    assert_true(policy_compare(&rule, builds[0], 0, builds[1], 0) < 0);
    static const char *const images[] = {"v1.9.0-alpine", "v1.10.0-alpine", "v2.0.0"};
    rule = (struct version_rule){.images = "**", .range = "1.x", .tags = "(.*)-alpine"};
    assert_int_equal(policy_newest(&rule, images, NULL, COUNT_OF(images)), 1);
    /* A group that takes no part is no version. */
    rule = (struct version_rule){.images = "**", .policy = POLICY_NUMERIC, .tags = "b([0-9]+)|x"};
    assert_true(policy_admits(&rule, "b7"));
    assert_false(policy_admits(&rule, "x"));
}

static void what_is_ignored_never_counts(void **state)
{
    (void)state;
    struct version_rule rule = {.images = "**", .ignore = ".*-debug|1\\.2\\.3"};
    assert_true(policy_admits(&rule, "1.2.4"));
    assert_false(policy_admits(&rule, "1.2.3"));
    assert_false(policy_admits(&rule, "1.2.4-debug"));
    struct err err = {0};
    rule.ignore = "(";
    ASSERT_FAILS(policy_check_rule(&rule, &err), err, ERR_INVALID, "cannot be read");
}

static void dates_are_compared_number_by_number(void **state)
{
    (void)state;
    struct version_rule rule = {.images = "**", .policy = POLICY_CALENDAR};
    static const char *const rising[] = {"19.04",     "19.10",       "2019.10.1", "v20.4",
                                         "2020.04.1", "2020-04-1-2", "2020.4.10", "26_01",
                                         "2026.1.0",  "2026.11"};
    for (size_t i = 0; i + 1 < COUNT_OF(rising); i++) {
        assert_true(policy_admits(&rule, rising[i]));
        if (policy_compare(&rule, rising[i], 0, rising[i + 1], 0) >= 0 ||
            policy_compare(&rule, rising[i + 1], 0, rising[i], 0) <= 0) {
            fail_msg("%s is not before %s", rising[i], rising[i + 1]);
        }
    }
    assert_int_equal(policy_compare(&rule, "26.01", 0, "v2026.1", 0), 0);
    static const char *const others[] = {"2026",    "latest",    "1.2.3", "202.1",     "2026.",
                                         "2026..1", "2026.1-rc", "v",     "20261103.1"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (policy_admits(&rule, others[i])) {
            fail_msg("%s counts", others[i]);
        }
    }
}

static void a_moving_tag_is_the_only_one_that_counts(void **state)
{
    (void)state;
    struct version_rule rule = {.images = "**", .policy = POLICY_DIGEST, .range = "main"};
    assert_true(policy_admits(&rule, "main"));
    assert_false(policy_admits(&rule, "main2"));
    assert_false(policy_admits(&rule, "1.0.0"));
    struct err err = {0};
    assert_true(policy_check_rule(&rule, &err));
    rule.range = "";
    ASSERT_FAILS(policy_check_rule(&rule, &err), err, ERR_INVALID, "is not a tag");
    rule.range = "a b";
    ASSERT_FAILS(policy_check_rule(&rule, &err), err, ERR_INVALID, "is not a tag");
}

static void what_does_not_count_says_why(void **state)
{
    (void)state;
    static const struct {
        struct version_rule rule;
        const char *tag, *why;
    } cases[] = {
        {{.images = "**"}, "1.0.0", ""},
        {{.images = "**"}, "latest", "It is not a semantic version."},
        {{.images = "**"}, "1.0.0-rc.1", "It is a pre-release, and no range asks for one."},
        {{.images = "**", .range = "1.x"}, "2.0.0", "It is not in 1.x."},
        {{.images = "**", .range = "1.x"},
         "1.0.0-rc.1",
         "It is a pre-release, and the range names none that fits."},
        {{.images = "**", .tags = "v.*"}, "1.0.0", "It does not match v.*."},
        {{.images = "**", .ignore = "1\\.0.*"}, "1.0.0", "It is ignored by 1\\.0.*."},
        {{.images = "**", .policy = POLICY_NUMERIC}, "7a", "It is not a number."},
        {{.images = "**", .policy = POLICY_CALENDAR}, "7", "It is not a calendar version."},
        {{.images = "**", .policy = POLICY_DIGEST, .range = "main"},
         "dev",
         "Only the tag main is followed."},
        {{.images = "**", .policy = POLICY_NEWEST},
         "sha256-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.sig",
         "It is a signature or attestation, kept beside an image."},
        {{.images = "**"}, "a b", "It is no tag that a registry can have."},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(policy_close) struct policy_reader *reader = NULL;
        AUTO_STR(why, 1000);
        struct err err = {0};
        ASSERT_OK(policy_open(&cases[i].rule, &reader, &err), err);
        policy_explain(reader, cases[i].tag, &(struct policy_facts){0}, &why);
        assert_string_equal(why.length ? why.text : "", cases[i].why);
    }
}

static void an_image_counts_by_its_platform_and_when_it_was_built(void **state)
{
    (void)state;
    static const struct {
        enum policy_kind policy;
        const char *platform;
        struct policy_facts facts;
        const char *why;
    } cases[] = {
        {POLICY_SEMVER, "", {0}, ""},
        {POLICY_SEMVER, NULL, {.created_ms = -1}, ""},
        {POLICY_CREATED, "", {.created_ms = 5}, ""},
        {POLICY_CREATED, "", {.created_ms = -1}, "The image does not say when it was built."},
        {POLICY_CREATED,
         "",
         {.seen_ms = 5},
         "The registry was not asked about the image: newer ones come first."},
        {POLICY_SEMVER, "linux/arm64", {.created_ms = -1, .platforms = "linux/arm64"}, ""},
        {POLICY_SEMVER, "linux/arm64", {.created_ms = 5, .platforms = "a/b linux/arm64/v8"}, ""},
        {POLICY_SEMVER,
         "linux/arm",
         {.created_ms = 5, .platforms = "linux/arm/v7 linux/amd64"},
         ""},
        {POLICY_SEMVER,
         "linux/arm",
         {.created_ms = 5, .platforms = "linux/arm64/v8"},
         "It has no image for linux/arm, but linux/arm64/v8."},
        {POLICY_SEMVER,
         "linux/arm64/v8",
         {.created_ms = 5, .platforms = "linux/arm64"},
         "It has no image for linux/arm64/v8, but linux/arm64."},
        {POLICY_SEMVER,
         "linux/arm64",
         {.created_ms = -1},
         "It has no image for linux/arm64, but names no platform."},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(policy_close) struct policy_reader *reader = NULL;
        AUTO_STR(why, 1000);
        struct err err = {0};
        const struct version_rule rule = {
            .images = "**", .policy = cases[i].policy, .platform = cases[i].platform};
        ASSERT_OK(policy_open(&rule, &reader, &err), err);
        policy_explain(reader, "1.0.0", &cases[i].facts, &why);
        assert_string_equal(why.length ? why.text : "", cases[i].why);
        assert_int_equal(policy_fits(reader, &cases[i].facts), cases[i].why[0] == '\0');
    }
    const struct policy_facts facts = {.seen_ms = 3, .created_ms = 7};
    assert_int_equal(policy_time(POLICY_CREATED, &facts), 7);
    assert_int_equal(policy_time(POLICY_NEWEST, &facts), 3);
    assert_true(policy_compare_keys(POLICY_CREATED, "b", 1, "a", 2) < 0);
}

#define KEY                                                                                        \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8viYUqkgFZ2/x4gINf5CjAZFKDri\n"                           \
    "xXRw6aPiCwoTL3vlmElIZKPiYwNFzzkoVs6SxpFMl8s09MOUf2YYDIfsMQ==\n"                               \
    "-----END PUBLIC KEY-----\n"
#define ISSUER "https://token.actions.githubusercontent.com"

static void where_a_signature_is_needed_only_a_good_one_counts(void **state)
{
    (void)state;
    static const struct {
        struct policy_facts facts;
        const char *why;
    } cases[] = {
        {{.signature = SIGNATURE_GOOD}, ""},
        {{.signature = SIGNATURE_BAD, .signature_why = "It is not signed."}, "It is not signed."},
        {{.signature_why = "It could not be checked."}, "It could not be checked."},
        {{0}, "Its signature has not been checked yet: newer ones come first."},
    };
    const struct signature_rule by_key = {
        .key = KEY, .identity = "", .identity_pattern = "", .issuer = ""};
    const struct version_rule strict = {.images = "**", .signature = &by_key};
    const struct version_rule loose = {.images = "**"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        AUTO(policy_close) struct policy_reader *reader = NULL;
        AUTO(policy_close) struct policy_reader *other = NULL;
        AUTO_STR(why, 1000);
        struct err err = {0};
        ASSERT_OK(policy_open(&strict, &reader, &err), err);
        ASSERT_OK(policy_open(&loose, &other, &err), err);
        policy_explain(reader, "1.0.0", &cases[i].facts, &why);
        assert_string_equal(why.length ? why.text : "", cases[i].why);
        assert_int_equal(policy_fits(reader, &cases[i].facts), cases[i].why[0] == '\0');
        assert_true(policy_fits(other, &cases[i].facts));
    }
}

static void a_rule_on_signatures_names_a_key_or_a_certificate_whole(void **state)
{
    (void)state;
    static const struct {
        struct signature_rule rule; /* key, identity, identity_pattern, issuer */
        const char *says;           /* NULL: it is good */
    } cases[] = {
        {{KEY, "", "", "", false}, NULL},
        {{KEY, "", "", "", true}, NULL},
        {{"", "ci@example.org", "", ISSUER, false}, NULL},
        {{"", "", "https://github[.]com/acme/.*", ISSUER, false}, NULL},
        {{"", "", "", "", false}, "a certificate needs an identity"},
        {{"", "ci@example.org", "", "", false}, "the issuer's https:// address"},
        {{"", "ci@example.org", "", "https://", false}, "the issuer's https:// address"},
        {{"", "ci@example.org", "", "http://example.org", false}, "the issuer's https://"},
        {{"", "a", "b", ISSUER, false}, "a certificate needs an identity, or an identityPattern"},
        {{"", "", "(", ISSUER, false}, "cannot be read at character"},
        {{"", "a\n--key=b", "", ISSUER, false}, "single words of up to 1000 visible characters"},
        {{KEY, "", "", ISSUER, false}, "remove the one or the others"},
        {{"cosign.pub", "", "", "", false}, "is not a public key in PEM"},
    };
    char ids[COUNT_OF(cases)][SHA256_HEX_BYTES];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct version_rule rule = {.images = "**", .signature = &cases[i].rule};
        struct err err = {0};
        if (cases[i].says) {
            ASSERT_FAILS(policy_check_rule(&rule, &err), err, ERR_INVALID, cases[i].says);
        } else {
            ASSERT_OK(policy_check_rule(&rule, &err), err);
        }
        policy_signature_id(&cases[i].rule, ids[i]);
        for (size_t n = 0; n < i; n++) {
            assert_string_not_equal(ids[n], ids[i]);
        }
    }
}

static void a_platform_has_two_or_three_parts(void **state)
{
    (void)state;
    static const char *const good[] = {"", "linux/arm64", "linux/arm/v7", "windows/amd64"};
    static const char *const bad[] = {"arm64",   "linux/",       "/arm64",         "linux/arm/",
                                      "a/b/c/d", "linux /arm64", "linux/arm64 x/y"};
    struct err err = {0};
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct version_rule rule = {.images = "**", .platform = good[i]};
        ASSERT_OK(policy_check_rule(&rule, &err), err);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct version_rule rule = {.images = "**", .platform = bad[i]};
        ASSERT_FAILS(policy_check_rule(&rule, &err), err, ERR_INVALID,
                     "write for example linux/arm64");
    }
}

static void tags_seen_at_once_are_not_newer_than_each_other(void **state)
{
    (void)state;
    struct version_rule rule = {.images = "**", .policy = POLICY_NEWEST};
    assert_int_equal(policy_compare(&rule, "a", 5, "b", 5), 0);
    /* Whatever the order of the listing, the same one is called newest. */
    static const char *const one_way[] = {"a", "b"};
    static const char *const other_way[] = {"b", "a"};
    assert_int_equal(policy_newest(&rule, one_way, NULL, 2), 1);
    assert_int_equal(policy_newest(&rule, other_way, NULL, 2), 0);
}

static void a_leap_is_another_major_version_where_no_rule_says_what_counts(void **state)
{
    (void)state;
    static const struct {
        const char *there, *tag;
        bool is_leap;
    } cases[] = {
        {"1.2.3", "1.9.0", false},  {"1.2.3", "2.0.0", true},   {"2.0.0", "1.9.0", true},
        {"0.3.1", "0.3.9", false},  {"0.3.1", "0.4.0", true},   {"0.9.0", "1.0.0", true},
        {"v1.2.3", "1.3.0", false}, {"1.2.3_7", "2.0.0", true}, {"1.2.3_7", "1.2.4", false},
        {"latest", "2.0.0", false}, {"1.2.3", "stable", false},
    };
    struct version_rule rule = {.images = "**"};
    struct pipeline pipeline = {.rules = &rule, .rule_count = 1};
    const struct version_rule *none = policy_rule_for(NULL, "charts.test/web");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (policy_is_leap(none, cases[i].there, cases[i].tag) != cases[i].is_leap) {
            fail_msg("%s to %s", cases[i].there, cases[i].tag);
        }
        assert_false(policy_is_leap(policy_rule_for(&pipeline, "charts.test/web"), cases[i].there,
                                    cases[i].tag));
    }
}

static void globs_know_slashes(void **state)
{
    (void)state;
    static const struct {
        const char *glob, *text;
        bool matches;
    } cases[] = {
        {"ghcr.io/acme/*", "ghcr.io/acme/web", true},
        {"ghcr.io/acme/*", "ghcr.io/acme/a/b", false},
        {"ghcr.io/acme/**", "ghcr.io/acme/a/b", true},
        {"ghcr.io/**/web", "ghcr.io/a/b/web", true},
        {"*/web", "web", false},
        {"*web*", "my-web-app", true},
        {"web", "web", true},
        {"web", "webs", false},
        {"**", "", true},
        {"", "", true},
        {"", "a", false},
        {"a*b*c", "a-b-b-c", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (policy_glob(cases[i].glob, cases[i].text) != cases[i].matches) {
            fail_msg("\"%s\" on \"%s\"", cases[i].glob, cases[i].text);
        }
    }
    char text[IMAGE_REPOSITORY_BYTES];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_false(policy_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

static void the_first_rule_that_fits_wins_and_there_is_always_one(void **state)
{
    (void)state;
    struct version_rule rules[] = {{.images = "r.io/acme/web", .policy = POLICY_NEWEST},
                                   {.images = "r.io/**", .policy = POLICY_NUMERIC}};
    struct pipeline pipeline = {.rules = rules, .rule_count = 2};
    assert_ptr_equal(policy_rule_for(&pipeline, "r.io/acme/web"), &rules[0]);
    assert_ptr_equal(policy_rule_for(&pipeline, "r.io/acme/cart"), &rules[1]);
    assert_int_equal(policy_rule_for(&pipeline, "nginx")->policy, POLICY_SEMVER);
    assert_int_equal(policy_rule_for(NULL, "nginx")->policy, POLICY_SEMVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_admit_what_they_say),
        cmocka_unit_test(precedence_is_that_of_the_specification),
        cmocka_unit_test(an_unreadable_rule_is_refused_with_the_place),
        cmocka_unit_test(a_range_has_a_ceiling),
        cmocka_unit_test(an_expression_must_match_the_whole_tag),
        cmocka_unit_test(an_expression_that_explodes_is_cut_short),
        cmocka_unit_test(signatures_and_impossible_tags_never_count),
        cmocka_unit_test(the_newest_is_found_under_each_policy),
        cmocka_unit_test(what_an_expression_captures_is_what_is_compared),
        cmocka_unit_test(what_is_ignored_never_counts),
        cmocka_unit_test(dates_are_compared_number_by_number),
        cmocka_unit_test(a_moving_tag_is_the_only_one_that_counts),
        cmocka_unit_test(what_does_not_count_says_why),
        cmocka_unit_test(an_image_counts_by_its_platform_and_when_it_was_built),
        cmocka_unit_test(where_a_signature_is_needed_only_a_good_one_counts),
        cmocka_unit_test(a_rule_on_signatures_names_a_key_or_a_certificate_whole),
        cmocka_unit_test(a_platform_has_two_or_three_parts),
        cmocka_unit_test(tags_seen_at_once_are_not_newer_than_each_other),
        cmocka_unit_test(a_leap_is_another_major_version_where_no_rule_says_what_counts),
        cmocka_unit_test(globs_know_slashes),
        cmocka_unit_test(the_first_rule_that_fits_wins_and_there_is_always_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
