/*
 * policy: which tag is the newest version?  Pure.
 */
#pragma once

#include "base/err.h"
#include "crypto/crypto.h"
#include "model/image.h"
#include "model/pipeline.h"

/* The rule for a repository, or the default (semver, any) when none matches; never NULL. */
const struct version_rule *policy_rule_for(const struct pipeline *pipeline, const char *repository);
/* Of charts that no rule is about, automation takes what a person need not read about first: is
   `tag` of another major version than what is there, or of 0.x another minor one?  False when one
   of them is no version. */
bool policy_is_leap(const struct version_rule *rule, const char *there, const char *tag);
#define POLICY_LEAP_TEXT "It is another major version: promote it by hand, or set a policy."
/* A rule read once, for many tags.  ERR_INVALID says what is wrong in it. */
struct policy_reader;
bool policy_open(const struct version_rule *rule, struct policy_reader **out,
                 struct err *err) MUST_CHECK;
void policy_close(struct policy_reader **reader);
/* Does the tag count at all?  Semver wants whole versions (1.2.3, v1.2.3), since "1.2" moves with
   each patch; numeric wants digits alone; signatures ("sha256-<hex>…") never count.  `out_key`
   becomes what is compared: the tag, or the part that the rule's expression captures. */
bool policy_admit(const struct policy_reader *reader, const char *tag,
                  char out_key[static IMAGE_TAG_BYTES]);
/* What a rule may want to know of the image, too. */
struct policy_facts {
    int64_t seen_ms;       /* when its tag was first seen */
    int64_t created_ms;    /* when it was built; 0: not asked yet, < 0: it does not say */
    const char *platforms; /* "linux/amd64 linux/arm64/v8"; NULL or "": not asked, or none */
    /* By the rule's own signature_rule; what was found by another one is unchecked. */
    enum signature_state signature;
    const char *signature_why; /* NULL or "": not asked yet */
};
/* Does the rule need more than tags and digests? */
bool policy_needs_facts(const struct version_rule *rule);
/* Does an image count by its facts, when its tag does?  "linux/arm" is any of its variants. */
bool policy_fits(const struct policy_reader *reader, const struct policy_facts *facts);
/* The time by which a policy compares. */
int64_t policy_time(enum policy_kind policy, const struct policy_facts *facts);
/* Why it does not count, in a sentence; nothing is added when it does. */
void policy_explain(const struct policy_reader *reader, const char *tag,
                    const struct policy_facts *facts, struct str *out);
/* Order of two keys: <0, 0, >0 as a is older, equal, newer.  With POLICY_NEWEST, POLICY_DIGEST and
   POLICY_CREATED the times decide, which are those of policy_time(); 0 for unknown. */
int policy_compare_keys(enum policy_kind policy, const char *a, int64_t a_ms, const char *b,
                        int64_t b_ms);

/* The same for one tag, or two; one that does not count is compared as a whole. */
bool policy_admits(const struct version_rule *rule, const char *tag);
int policy_compare(const struct version_rule *rule, const char *a, int64_t a_seen_ms, const char *b,
                   int64_t b_seen_ms);
/* Index of the newest admitted tag, or -1.  `seen_ms` may be NULL. */
int64_t policy_newest(const struct version_rule *rule, const char *const *tags,
                      const int64_t *seen_ms, size_t count);
/* Refuse a range, glob or expression that cannot be read; the error says what is wrong in it. */
bool policy_check_rule(const struct version_rule *rule, struct err *err) MUST_CHECK;
/* A name for what a signature must show: the same for equal rules, another for others. */
void policy_signature_id(const struct signature_rule *rule, char out[static SHA256_HEX_BYTES]);
/* Glob as in version_rule.images. */
bool policy_glob(const char *pattern, const char *text);
