#include "discover/poll.h"

#include <stdlib.h>
#include <string.h>

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

struct version_rule *rule_copy(const struct version_rule *rule)
{
    struct version_rule *copy = xmemdup(rule, sizeof(*rule));
    copy->images = xstrdup(text_or_none(rule->images));
    copy->range = xstrdup(text_or_none(rule->range));
    copy->tags = xstrdup(text_or_none(rule->tags));
    copy->ignore = xstrdup(text_or_none(rule->ignore));
    copy->platform = xstrdup(text_or_none(rule->platform));
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
    }
    xfree(rule);
}

bool rule_equals(const struct version_rule *a, const struct version_rule *b)
{
    return a->policy == b->policy && strcmp(text_or_none(a->range), text_or_none(b->range)) == 0 &&
           strcmp(text_or_none(a->tags), text_or_none(b->tags)) == 0 &&
           strcmp(text_or_none(a->ignore), text_or_none(b->ignore)) == 0 &&
           strcmp(text_or_none(a->platform), text_or_none(b->platform)) == 0;
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
    const struct policy_facts facts = {known->seen_ms, known->created_ms, known->platforms};
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

/* To know which was built last, all must be asked. */
static bool check_count(struct poll *poll, size_t count)
{
    return poll->rule->policy != POLICY_CREATED || count <= DISCOVER_CREATED_MAX ||
           err_set(&poll->err, ERR_INVALID,
                   "%zu tags of %s count, and each has to be asked when it was built; that is done "
                   "for up to %d: narrow them by the rule's tags",
                   count, poll->repository, DISCOVER_CREATED_MAX);
}

/* Tags rarely move, so only new ones are asked for, those that a hint names, and the newest. */
static bool resolve_all(struct poll *poll, const struct candidate *candidates, size_t count)
{
    size_t max = poll->rule->policy == POLICY_CREATED ? DISCOVER_CREATED_MAX : DISCOVER_DIGESTS_MAX;
    for (size_t i = 0; i < count && i < max; i++) {
        bool is_unsure = (i == 0 && poll->scope != POLL_TAGS) || !candidates[i].known->digest[0] ||
                         is_hinted(poll, candidates[i].tag);
        if ((is_unsure && !resolve(poll, &candidates[i])) ||
            !describe_if_needed(poll, &candidates[i])) {
            return false;
        }
    }
    return true;
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

static bool look_at_list(struct poll *poll)
{
    size_t count = 0;
    return list(poll) && resolve_admitted(poll, &count);
}

void poll_run(struct poll *poll)
{
    if (!(poll->scope == POLL_NEWEST ? look_at_newest(poll) : look_at_list(poll))) {
        return;
    }
    forget_unlisted(poll);
    make_rows(poll);
    poll->err = (struct err){0};
    poll->is_ok = true;
}

void poll_done(struct poll *poll)
{
    known_done(&poll->known);
    rule_free(&poll->rule);
    free(poll->rows);
    *poll = (struct poll){0};
}
