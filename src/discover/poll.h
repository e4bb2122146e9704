/*
 * poll: the half of discovering that runs on a worker: ask the registry, value in, value out.
 */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "discover/discover.h"

#define POLL_HINTS_MAX 8
#define POLL_WANTED_MAX 16 /* digests whose signature somebody needs to know */

/* What is remembered of one tag. */
struct known_tag {
    char digest[IMAGE_DIGEST_BYTES]; /* "" when it was never resolved */
    int64_t seen_ms;
    bool is_listed;     /* in the listing that is being read */
    int64_t created_ms; /* as in struct policy_facts; 0 until it was asked */
    char *platforms;    /* NULL: none */
};

void known_done(struct map *known);
void known_free(struct known_tag *entry);
struct known_tag *known_add(struct map *known, const char *tag, int64_t now_ms);

struct version_rule *rule_copy(const struct version_rule *rule);
void rule_free(struct version_rule **rule);
bool rule_equals(const struct version_rule *a, const struct version_rule *b);

/* What is remembered of the signature of a digest, by the rule that holds. */
struct known_signature {
    struct signature_verdict verdict;
    unsigned tries;   /* checks in a row that found no good one */
    int64_t again_ms; /* not checked before; of one that is not good */
};
void signatures_done(struct map *signatures);
struct known_signature *signatures_add(struct map *signatures, const char *digest);
/* Does a rule ask for the same signature as another, or both for none? */
bool rule_signs_equally(const struct version_rule *a, const struct version_rule *b);

struct poll_news {
    char digest[IMAGE_DIGEST_BYTES];
    struct signature_verdict verdict;
};

/* Of a chart: the index that `known` was read from. */
struct index_state {
    struct registry_validators validators;
    bool lacks_it; /* it had no such chart */
};

enum poll_scope { POLL_BOTH, POLL_TAGS, POLL_NEWEST, POLL_HINTED };

struct poll {
    /* in */
    enum poll_scope scope;
    struct registry *registry; /* this job's alone while it runs */
    char repository[IMAGE_REPOSITORY_BYTES];
    struct version_rule *rule;
    char hints[POLL_HINTS_MAX][IMAGE_TAG_BYTES]; /* tags that may have moved */
    size_t hint_count;
    char wanted[POLL_WANTED_MAX][IMAGE_DIGEST_BYTES];
    size_t wanted_count;
    int64_t now_ms;
    /* in and out: keeps what was resolved even when the poll fails later */
    struct map known;
    struct map signatures; /* digest → struct known_signature */
    struct index_state index;
    /* out */
    size_t checks;          /* of signatures that were made */
    int64_t check_again_ms; /* when the next one is due; 0: none */
    bool is_ok;
    bool has_changed; /* anything of `known` */
    bool has_missed;  /* a tag that was hinted at is not there */
    int64_t retry_ms; /* what the registry asks for; 0: nothing */
    struct err err;
    struct version_row *rows; /* their texts are those of `known`, wherever that is now */
    size_t row_count;
    VEC(struct poll_news) news; /* about signatures */
};

void poll_run(struct poll *poll);
/* Instead of it, of a chart: what its index says, or that the index is what it was. */
void poll_take_chart(struct poll *poll, const struct registry_index_chart *chart, bool is_same);
void poll_done(struct poll *poll);
