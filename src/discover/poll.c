#include "discover/poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/chart.h"
#include "policy/policy.h"

/* ---- what is remembered ---- */

void known_free(struct known_tag *entry)
{
    if (entry) {
        free(entry->platforms);
        free(entry);
    }
}

void known_done(struct map *known)
{
    MAP_EACH (slot, known) {
        known_free(slot->value);
    }
    map_done(known);
    *known = (struct map){0};
}

struct known_tag *known_add(struct map *known, const char *tag, int64_t now_ms)
{
    struct known_tag *entry = xcalloc(1, sizeof(*entry));
    entry->seen_ms = now_ms;
    known_free(map_set(known, tag, entry));
    return entry;
}

static const char *text_or_none(const char *text)
{
    return text ? text : "";
}

void signatures_done(struct map *signatures)
{
    MAP_EACH (slot, signatures) {
        free(slot->value);
    }
    map_done(signatures);
    *signatures = (struct map){0};
}

struct known_signature *signatures_add(struct map *signatures, const char *digest)
{
    struct known_signature *entry = map_get(signatures, digest);
    if (!entry) {
        entry = xcalloc(1, sizeof(*entry));
        map_set(signatures, digest, entry);
    }
    return entry;
}

static struct signature_rule *signature_rule_copy(const struct signature_rule *rule)
{
    struct signature_rule *copy = rule ? xmemdup(rule, sizeof(*rule)) : NULL;
    if (copy) {
        copy->key = xstrdup(rule->key);
        copy->identity = xstrdup(rule->identity);
        copy->identity_pattern = xstrdup(rule->identity_pattern);
        copy->issuer = xstrdup(rule->issuer);
    }
    return copy;
}

static void signature_rule_free(const struct signature_rule **rule)
{
    if (*rule) {
        struct signature_rule dead = **rule;
        xfree(&dead.key);
        xfree(&dead.identity);
        xfree(&dead.identity_pattern);
        xfree(&dead.issuer);
    }
    xfree(rule);
}

bool rule_signs_equally(const struct version_rule *a, const struct version_rule *b)
{
    if (!a->signature || !b->signature) {
        return a->signature == b->signature;
    }
    char left[SHA256_HEX_BYTES];
    char right[SHA256_HEX_BYTES];
    policy_signature_id(a->signature, left);
    policy_signature_id(b->signature, right);
    return strcmp(left, right) == 0;
}

struct version_rule *rule_copy(const struct version_rule *rule)
{
    struct version_rule *copy = xmemdup(rule, sizeof(*rule));
    copy->images = xstrdup(text_or_none(rule->images));
    copy->range = xstrdup(text_or_none(rule->range));
    copy->tags = xstrdup(text_or_none(rule->tags));
    copy->ignore = xstrdup(text_or_none(rule->ignore));
    copy->platform = xstrdup(text_or_none(rule->platform));
    copy->signature = signature_rule_copy(rule->signature);
    return copy;
}

void rule_free(struct version_rule **rule)
{
    if (*rule) {
        xfree(&(*rule)->images);
        xfree(&(*rule)->range);
        xfree(&(*rule)->tags);
        xfree(&(*rule)->ignore);
        xfree(&(*rule)->platform);
        signature_rule_free(&(*rule)->signature);
    }
    xfree(rule);
}

bool rule_equals(const struct version_rule *a, const struct version_rule *b)
{
    return a->policy == b->policy && strcmp(text_or_none(a->range), text_or_none(b->range)) == 0 &&
           strcmp(text_or_none(a->tags), text_or_none(b->tags)) == 0 &&
           strcmp(text_or_none(a->ignore), text_or_none(b->ignore)) == 0 &&
           strcmp(text_or_none(a->platform), text_or_none(b->platform)) == 0 &&
           rule_signs_equally(a, b);
}

/* ---- the listing ---- */

/* Mark what is listed; new tags are seen now. */
static void note_listed(struct poll *poll, const struct registry_tags *tags)
{
    MAP_EACH (slot, &poll->known) {
        ((struct known_tag *)slot->value)->is_listed = false;
    }
    for (size_t i = 0; i < tags->count; i++) {
        struct known_tag *entry = map_get(&poll->known, tags->tags[i]);
        if (!entry) {
            entry = known_add(&poll->known, tags->tags[i], poll->now_ms);
            poll->has_changed = true;
        }
        entry->is_listed = true;
    }
}

/* Only after a whole listing: forget what is not in it. */
static void forget_unlisted(struct poll *poll)
{
    struct map kept = {0};
    MAP_EACH (slot, &poll->known) {
        struct known_tag *entry = slot->value;
        if (entry->is_listed) {
            map_set(&kept, slot->key, entry);
        } else {
            poll->has_changed = true;
            known_free(entry);
        }
    }
    map_done(&poll->known);
    poll->known = kept;
}

/* ---- digests ---- */

struct candidate {
    const char *tag;
    char key[IMAGE_TAG_BYTES]; /* what the policy compares */
    struct known_tag *known;
};

static int64_t time_of(const struct version_rule *rule, const struct known_tag *known)
{
    const struct policy_facts facts = {.seen_ms = known->seen_ms, .created_ms = known->created_ms};
    return policy_time(rule->policy, &facts);
}

static int newest_first(const void *left, const void *right, void *context)
{
    const struct candidate *a = left;
    const struct candidate *b = right;
    const struct version_rule *rule = context;
    int order = policy_compare_keys(rule->policy, b->key, time_of(rule, b->known), a->key,
                                    time_of(rule, a->known));
    return order != 0 ? order : strcmp(b->tag, a->tag);
}

static bool is_hinted(const struct poll *poll, const char *tag)
{
    for (size_t i = 0; i < poll->hint_count; i++) {
        if (strcmp(poll->hints[i], tag) == 0) {
            return true;
        }
    }
    return false;
}

static void set_facts(struct known_tag *known, int64_t created_ms, const char *platforms)
{
    char *copy = platforms && platforms[0] ? xstrdup(platforms) : NULL;
    free(known->platforms);
    known->platforms = copy;
    known->created_ms = created_ms;
}

static bool resolve(struct poll *poll, const struct candidate *candidate)
{
    char digest[IMAGE_DIGEST_BYTES];
    if (!registry_resolve(poll->registry, poll->repository, candidate->tag, digest, &poll->retry_ms,
                          &poll->err)) {
        /* Removed between the listing and now: it is simply not there. */
        candidate->known->is_listed = poll->err.kind != ERR_NOT_FOUND;
        return !candidate->known->is_listed;
    }
    if (strcmp(candidate->known->digest, digest) != 0) {
        memcpy(candidate->known->digest, digest, sizeof(digest));
        set_facts(candidate->known, 0, NULL);
        poll->has_changed = true;
    }
    return true;
}

/* Another tag of the same digest, of which the facts are known. */
static const struct known_tag *find_described(const struct poll *poll, const char *digest)
{
    MAP_EACH (slot, &poll->known) {
        const struct known_tag *known = slot->value;
        if (known->created_ms != 0 && strcmp(known->digest, digest) == 0) {
            return known;
        }
    }
    return NULL;
}

/* Once for each digest, ever: what is behind it never changes. */
static bool describe(struct poll *poll, struct known_tag *known)
{
    struct registry_facts facts;
    const struct known_tag *same = find_described(poll, known->digest);
    if (same) {
        set_facts(known, same->created_ms, same->platforms);
    } else if (registry_describe(poll->registry, poll->repository, known->digest, &facts,
                                 &poll->retry_ms, &poll->err)) {
        set_facts(known, facts.created_ms ? facts.created_ms : -1, facts.platforms);
    } else if (poll->err.kind == ERR_NOT_FOUND) {
        set_facts(known, -1, NULL); /* an image of which a part is missing */
    } else {
        return false;
    }
    poll->has_changed = true;
    return true;
}

static bool describe_if_needed(struct poll *poll, const struct candidate *candidate)
{
    struct known_tag *known = candidate->known;
    bool is_needed = known->is_listed && known->created_ms == 0 && policy_needs_facts(poll->rule);
    return !is_needed || describe(poll, known);
}

/* An index has said all that there is. */
static bool is_resolved(const struct poll *poll)
{
    return chart_is_indexed(poll->repository);
}

/* To know which was built last, all must be asked. */
static bool check_count(struct poll *poll, size_t count)
{
    return poll->rule->policy != POLICY_CREATED || is_resolved(poll) ||
           count <= DISCOVER_CREATED_MAX ||
           err_set(&poll->err, ERR_INVALID,
                   "%zu tags of %s count, and each has to be asked when it was built; that is done "
                   "for up to %d: narrow them by the rule's tags",
                   count, poll->repository, DISCOVER_CREATED_MAX);
}

static bool asks_for_newest(const struct poll *poll)
{
    return poll->scope == POLL_BOTH || poll->scope == POLL_NEWEST;
}

/* Tags rarely move, so only new ones are asked for, those that a hint names, and the newest. */
static bool resolve_all(struct poll *poll, const struct candidate *candidates, size_t count)
{
    if (is_resolved(poll)) {
        return true;
    }
    size_t max = poll->rule->policy == POLICY_CREATED ? DISCOVER_CREATED_MAX : DISCOVER_DIGESTS_MAX;
    for (size_t i = 0; i < count && i < max; i++) {
        bool is_asked_for = poll->scope != POLL_HINTED && is_hinted(poll, candidates[i].tag);
        bool is_unsure =
            (i == 0 && asks_for_newest(poll)) || !candidates[i].known->digest[0] || is_asked_for;
        if ((is_unsure && !resolve(poll, &candidates[i])) ||
            !describe_if_needed(poll, &candidates[i])) {
            return false;
        }
    }
    return true;
}

/* ---- signatures ---- */

static int64_t check_delay_ms(unsigned tries)
{
    int64_t delay_ms = DISCOVER_CHECK_MS_FIRST;
    for (unsigned i = 1; i < tries && delay_ms < DISCOVER_CHECK_MS_MAX; i++) {
        delay_ms *= 2;
    }
    return delay_ms < DISCOVER_CHECK_MS_MAX ? delay_ms : DISCOVER_CHECK_MS_MAX;
}

static void add_news(struct poll *poll, const char *digest, const struct known_signature *entry)
{
    struct poll_news *news = VEC_ADD(&poll->news);
    text_copy_cut(news->digest, sizeof(news->digest), digest);
    news->verdict = entry->verdict;
}

static void check(struct poll *poll, const char *digest, struct known_signature *entry)
{
    registry_verify(poll->registry, poll->repository, digest, poll->rule->signature,
                    &entry->verdict);
    poll->checks++;
    add_news(poll, digest, entry);
    entry->tries = entry->verdict.state == SIGNATURE_GOOD ? 0 : entry->tries + 1;
    entry->again_ms = poll->now_ms + check_delay_ms(entry->tries);
}

/* A good signature of a digest stays one, so nothing else is ever asked again. */
static bool is_signed(struct poll *poll, const char *digest)
{
    struct known_signature *entry = signatures_add(&poll->signatures, digest);
    bool is_due = entry->verdict.state != SIGNATURE_GOOD && entry->again_ms <= poll->now_ms;
    if (is_due && poll->checks < DISCOVER_CHECKS_MAX) {
        check(poll, digest, entry);
    }
    bool is_good = entry->verdict.state == SIGNATURE_GOOD;
    if (!is_good && (poll->check_again_ms == 0 || entry->again_ms < poll->check_again_ms)) {
        poll->check_again_ms = entry->again_ms > 0 ? entry->again_ms : poll->now_ms;
    }
    return is_good;
}

static bool fits(const struct policy_reader *reader, const struct known_tag *known)
{
    const struct policy_facts facts = {.seen_ms = known->seen_ms,
                                       .created_ms = known->created_ms,
                                       .platforms = known->platforms,
                                       .signature = SIGNATURE_GOOD};
    return known->is_listed && known->digest[0] && policy_fits(reader, &facts);
}

/* From the newest on, to the one that will be offered. */
static void check_newest(struct poll *poll, const struct candidate *candidates, size_t count)
{
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err ignored = {0}; /* rules were checked when they were read */
    bool is_found = !policy_open(poll->rule, &reader, &ignored);
    for (size_t i = 0; i < count && !is_found; i++) {
        is_found =
            fits(reader, candidates[i].known) && is_signed(poll, candidates[i].known->digest);
    }
}

/* A signature is pushed after its image, as "sha256-<hex>.sig" or, where a registry lists no
   referrers, without the ending. */
static void note_pushed_signatures(struct poll *poll)
{
    static const char prefix[] = "sha256-";
    char digest[IMAGE_DIGEST_BYTES];
    for (size_t i = 0; i < poll->hint_count; i++) {
        const char *tag = poll->hints[i];
        bool is_attached = strncmp(tag, prefix, strlen(prefix)) == 0;
        snprintf(digest, sizeof(digest), "sha256:%.64s", is_attached ? tag + strlen(prefix) : "");
        struct known_signature *entry = map_get(&poll->signatures, digest);
        if (entry) {
            entry->again_ms = 0;
            entry->tries = 0;
        }
    }
}

static void check_wanted(struct poll *poll)
{
    for (size_t i = 0; i < poll->wanted_count; i++) {
        const struct known_signature *known = map_get(&poll->signatures, poll->wanted[i]);
        if (known && known->verdict.state == SIGNATURE_GOOD) {
            add_news(poll, poll->wanted[i], known);
        } else {
            (void)is_signed(poll, poll->wanted[i]);
        }
    }
}

static size_t find_candidates(const struct poll *poll, struct candidate *out)
{
    AUTO(policy_close) struct policy_reader *reader = NULL;
    struct err ignored = {0}; /* rules were checked when they were read */
    size_t count = 0;
    if (!policy_open(poll->rule, &reader, &ignored)) {
        return 0;
    }
    MAP_EACH (slot, &poll->known) {
        struct known_tag *known = slot->value;
        if (known->is_listed && policy_admit(reader, slot->key, out[count].key)) {
            out[count].tag = slot->key;
            out[count++].known = known;
        }
    }
    return count;
}

static bool resolve_admitted(struct poll *poll, size_t *out_count)
{
    struct candidate *candidates = xcalloc(poll->known.count, sizeof(*candidates));
    size_t count = find_candidates(poll, candidates);
    qsort_r(candidates, count, sizeof(*candidates), newest_first, poll->rule);
    bool is_done = check_count(poll, count) && resolve_all(poll, candidates, count);
    if (is_done && poll->rule->signature) {
        check_newest(poll, candidates, count);
    }
    free(candidates);
    *out_count = count;
    return is_done;
}

/* ---- the whole ---- */

static void make_rows(struct poll *poll)
{
    poll->rows = xcalloc(poll->known.count, sizeof(*poll->rows));
    MAP_EACH (slot, &poll->known) {
        const struct known_tag *entry = slot->value;
        struct version_row *row = &poll->rows[poll->row_count++];
        row->repository = poll->repository;
        row->tag = slot->key;
        row->digest = entry->digest;
        row->seen_ms = entry->seen_ms;
        row->created_ms = entry->created_ms;
        row->platforms = entry->platforms;
    }
}

/* An empty list where there were tags is a broken registry more often than a clean one, and
   believing it would take every version away. */
static bool check_not_emptied(struct poll *poll, const struct registry_tags *tags)
{
    return tags->count > 0 || poll->known.count == 0 ||
           err_set(&poll->err, ERR_UNAVAILABLE,
                   "%s lists no tags at all, though %zu were known; they are kept until some are "
                   "listed again",
                   poll->repository, poll->known.count);
}

/* What was listed the last time still counts. */
static void keep_listed(struct poll *poll)
{
    MAP_EACH (slot, &poll->known) {
        ((struct known_tag *)slot->value)->is_listed = true;
    }
}

static bool list(struct poll *poll)
{
    AUTO(registry_tags_done) struct registry_tags tags = {0};
    if (!registry_list_tags(poll->registry, poll->repository, &tags, &poll->retry_ms, &poll->err) ||
        !check_not_emptied(poll, &tags)) {
        return false;
    }
    note_listed(poll, &tags);
    return true;
}

/* Without a tag that counts there is none to look at, so the list may have one now. */
static bool look_at_newest(struct poll *poll)
{
    size_t count = 0;
    keep_listed(poll);
    return resolve_admitted(poll, &count) &&
           (count > 0 || (list(poll) && resolve_admitted(poll, &count)));
}

/* A hint that names nothing leaves no trace. */
static bool look_at_hint(struct poll *poll, const char *tag)
{
    struct known_tag *known = map_get(&poll->known, tag);
    bool is_new = !known;
    bool had_changed = poll->has_changed;
    known = known ? known : known_add(&poll->known, tag, poll->now_ms);
    known->is_listed = true;
    bool is_done = resolve(poll, &(struct candidate){.tag = tag, .known = known});
    poll->has_missed = poll->has_missed || (is_done && !known->is_listed);
    if (is_new && (!is_done || !known->is_listed)) {
        known_free(map_remove(&poll->known, tag));
        poll->has_changed = had_changed;
    }
    return is_done;
}

/* The tags that were named, and nothing else: the rest is as it was. */
static bool look_at_hints(struct poll *poll)
{
    size_t count = 0;
    keep_listed(poll);
    for (size_t i = 0; i < poll->hint_count; i++) {
        if (!look_at_hint(poll, poll->hints[i])) {
            return false;
        }
    }
    return resolve_admitted(poll, &count);
}

static bool look_at_list(struct poll *poll)
{
    size_t count = 0;
    return list(poll) && resolve_admitted(poll, &count);
}

static void finish(struct poll *poll)
{
    if (poll->rule->signature) {
        check_wanted(poll);
    }
    forget_unlisted(poll);
    make_rows(poll);
    poll->err = (struct err){0};
    poll->is_ok = true;
}

void poll_run(struct poll *poll)
{
    note_pushed_signatures(poll);
    bool is_done = poll->scope == POLL_HINTED   ? look_at_hints(poll)
                   : poll->scope == POLL_NEWEST ? look_at_newest(poll)
                                                : look_at_list(poll);
    if (is_done) {
        finish(poll);
    }
}

/* ---- charts ---- */

static void note_version(struct poll *poll, const char *tag, const struct registry_chart *chart)
{
    struct known_tag *known = map_get(&poll->known, tag);
    int64_t created_ms = chart->created_ms ? chart->created_ms : -1;
    if (known && known->is_listed) {
        return; /* the first of two equal ones counts */
    }
    if (!known) {
        known = known_add(&poll->known, tag, poll->now_ms);
        poll->has_changed = true;
    }
    known->is_listed = true;
    if (strcmp(known->digest, chart->digest) != 0 || known->created_ms != created_ms) {
        TEXT_COPY_CUT(known->digest, chart->digest);
        set_facts(known, created_ms, NULL);
        poll->has_changed = true;
    }
}

static void note_versions(struct poll *poll, const struct registry_charts *charts)
{
    MAP_EACH (slot, &poll->known) {
        ((struct known_tag *)slot->value)->is_listed = false;
    }
    for (size_t i = 0; i < charts->count; i++) {
        char tag[IMAGE_TAG_BYTES];
        if (chart_tag_of_version(charts->items[i].version, tag)) {
            note_version(poll, tag, &charts->items[i]);
        }
    }
}

static bool read_versions(struct poll *poll, const struct registry_index_chart *chart)
{
    const struct registry_tags counted = {.count = chart->versions.count};
    poll->err = chart->err;
    poll->index.lacks_it = chart->err.kind == ERR_NOT_FOUND;
    if (chart->err.kind != ERR_NONE) {
        return false;
    }
    if (!check_not_emptied(poll, &counted)) {
        poll->index = (struct index_state){0}; /* to be read again */
        return false;
    }
    note_versions(poll, &chart->versions);
    return true;
}

void poll_take_chart(struct poll *poll, const struct registry_index_chart *chart, bool is_same)
{
    size_t count = 0;
    if (is_same && poll->index.lacks_it) {
        err_set(&poll->err, ERR_NOT_FOUND, "its index still has no chart \"%.100s\"", chart->name);
        return;
    }
    if (is_same) {
        keep_listed(poll);
    } else if (!read_versions(poll, chart)) {
        return;
    }
    if (resolve_admitted(poll, &count)) {
        finish(poll);
    }
}

void poll_done(struct poll *poll)
{
    known_done(&poll->known);
    signatures_done(&poll->signatures);
    rule_free(&poll->rule);
    free(poll->rows);
    VEC_DONE(&poll->news);
    *poll = (struct poll){0};
}
